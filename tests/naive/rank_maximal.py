"""Rank-maximal matching by looking at all matchings there are, and what an applicant of several children takes first."""


def seat_bundles(market):
    """Return the choices of applicants of several children and the seats they leave.

    Larger ones first, then by index: each takes the first choice with room for all its children.
    """
    left = [int(s) for s in market.seats]
    choice = {}
    for i in sorted(range(market.applicants), key=lambda i: (-int(market.size[i]), i)):
        if market.size[i] > 1:
            choice[i] = -1
            for c in range(int(market.indptr[i]), int(market.indptr[i + 1])):
                if left[market.pool[c]] >= market.size[i]:
                    choice[i] = c
                    left[market.pool[c]] -= int(market.size[i])
                    break
    return choice, left


def all_matchings(market, seated, left):
    """Yield every matching, a list of choices or -1, in which these are seated and the others share the seats left."""

    def extend(choice, left):
        i = len(choice)
        if i == market.applicants:
            yield choice
            return
        if i in seated:
            yield from extend([*choice, seated[i]], left)
            return
        for c in range(int(market.indptr[i]), int(market.indptr[i + 1])):
            pool = int(market.pool[c])
            if left[pool] > 0:
                yield from extend([*choice, c], [s - (j == pool) for j, s in enumerate(left)])
        yield from extend([*choice, -1], left)

    return extend([], left)


def served(choice):
    """Return how well applicants are served in order: smaller is better, being left is worst."""
    return [c if c >= 0 else float("inf") for c in choice]


def rank_maximal(market):
    """Return the choices of the matching with the most at rank 1, then 2, …, then the best for applicants in order."""
    seated, left = seat_bundles(market)
    ranks = range(1, int(market.rank.max(initial=0)) + 1)

    def rating(choice):
        held = [int(market.rank[c]) for i, c in enumerate(choice) if c >= 0 and i not in seated]
        return [-held.count(rank) for rank in ranks], served(choice)

    return min(all_matchings(market, seated, left), key=rating)
