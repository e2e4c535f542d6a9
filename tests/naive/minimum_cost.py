"""Minimum-cost matching by looking at all matchings there are."""

from tests.naive.rank_maximal import all_matchings, seat_bundles, served


def minimum_cost(market, cost):
    """Return the choices of the matching with the most placed, then the least cost, then the best for them in order."""
    seated, left = seat_bundles(market)

    def rating(choice):
        held = [c for i, c in enumerate(choice) if c >= 0 and i not in seated]
        return -len(held), sum(int(cost[c]) for c in held), served(choice)

    return min(all_matchings(market, seated, left), key=rating)
