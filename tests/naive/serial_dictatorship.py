"""Serial dictatorship in as few words as it has, and the order all pools share, by trying out who can be first."""


def serial_dictatorship(market, order, whole=False):
    """Return the index of each applicant's choice, or -1, when they choose in this order."""
    left = [int(s) for s in market.seats]
    choice = [-1] * market.applicants
    for i in order:
        for c in range(int(market.indptr[i]), int(market.indptr[i + 1])):
            if left[market.pool[c]] >= (int(market.size[i]) if whole else 1):
                left[market.pool[c]] -= int(market.size[i])
                choice[i] = c
                break
    return choice


def common_order(market):
    """Return an order of the applicants that agrees with every pool's, or None where there is none.

    Whoever stands at the head of every pool's order it stands in goes next.
    """
    orders = []
    for pool in range(len(market.seats)):
        ranked = []
        for i in range(market.applicants):
            for c in range(int(market.indptr[i]), int(market.indptr[i + 1])):
                if market.pool[c] == pool:
                    ranked.append((int(market.key[c]), i))
        orders.append([i for _, i in sorted(ranked)])
    waiting, result = list(range(market.applicants)), []
    while waiting:
        for i in waiting:
            if all(set(order[: order.count(i)]) <= {i} for order in orders):
                break
        else:
            return None
        waiting.remove(i)
        result.append(i)
        orders = [[j for j in order if j != i] for order in orders]
    return result
