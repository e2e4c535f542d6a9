"""Deferred acceptance as Gale and Shapley (1962) tell it, day by day."""


def chosen(applications, seats):
    """Return whom a pool keeps of (key, applicant, size): the best first, while a seat is left."""
    kept = []
    for key, applicant, size in sorted(applications):
        if seats > 0:
            kept.append((key, applicant, size))
            seats -= size
    return kept


def deferred_acceptance(market):
    """Return the index of each applicant's choice, or -1.

    Every day each applicant applies to the best choice that has not refused it; every pool looks at all of today's
    applications and refuses those it does not keep; when nobody is refused the day's applications stand.
    """
    at = [int(start) for start in market.indptr[:-1]]
    end = [int(stop) for stop in market.indptr[1:]]
    while True:
        applications = {pool: [] for pool in range(len(market.seats))}
        for i in range(market.applicants):
            if at[i] < end[i]:
                c = at[i]
                applications[int(market.pool[c])].append((int(market.key[c]), i, int(market.size[i])))
        refused = []
        for pool, received in applications.items():
            kept = chosen(received, int(market.seats[pool]))
            refused += [applicant for _, applicant, _ in set(received) - set(kept)]
        if not refused:
            return [at[i] if at[i] < end[i] else -1 for i in range(market.applicants)]
        for i in refused:
            at[i] += 1


def is_stable(market, choice):
    """Return whether nobody would rather have a choice where a seat is free or held by somebody worse.

    For applicants of size 1: the definition of Gale and Shapley (1962), with "pool" for "college".
    """
    holders = {pool: [] for pool in range(len(market.seats))}
    for i, c in enumerate(choice):
        if c >= 0:
            holders[int(market.pool[c])].append((int(market.key[c]), i))
    if any(len(held) > market.seats[pool] for pool, held in holders.items()):
        return False
    for i, held in enumerate(choice):
        better_than = held if held >= 0 else int(market.indptr[i + 1])
        for c in range(int(market.indptr[i]), better_than):
            pool = int(market.pool[c])
            if len(holders[pool]) < market.seats[pool] or any((int(market.key[c]), i) < h for h in holders[pool]):
                return False
    return True


def stable_matchings(market):
    """Return every stable matching, by looking at all matchings there are."""
    lists = [[*range(int(a), int(b)), -1] for a, b in zip(market.indptr[:-1], market.indptr[1:], strict=True)]
    found = []

    def extend(choice, left):
        if len(choice) == len(lists):
            if is_stable(market, choice):
                found.append(tuple(choice))
            return
        for c in lists[len(choice)]:
            pool = int(market.pool[c]) if c >= 0 else None
            if pool is None:
                extend([*choice, c], left)
            elif left[pool] > 0:
                extend([*choice, c], [s - (j == pool) for j, s in enumerate(left)])

    extend([], [int(s) for s in market.seats])
    return found


def cutoffs(market, choice):
    """Return the worst key each full pool admitted; None where a seat is left, -1 where there is no seat at all."""
    result = []
    for pool, seats in enumerate(market.seats):
        held = [
            (int(market.key[c]), int(market.size[i])) for i, c in enumerate(choice) if c >= 0 and market.pool[c] == pool
        ]
        if seats == 0:
            result.append(-1)
        elif sum(size for _, size in held) >= seats:
            result.append(max(key for key, _ in held))
        else:
            result.append(None)
    return result
