"""Rank-maximal matching: as many first choices as there can be, then as many second choices, and so on."""

import numpy as np

from admissions.market import Market, Matching


def run(market: Market) -> Matching:
    """Return the rank-maximal matching that serves applicants in the order of the market.

    As many applicants as possible are at rank 1; of those matchings as many as possible at rank 2; and so on (Irving,
    Kavitha, Mehlhorn, Michail and Paluch 2006). Where several remain, the first applicant has its earliest choice in
    any of them, then the second given that, and so on. Priorities play no part: for comparison, not for admission.

    Parameters
    ----------
    market : Market
        Any market; pools of one programme share its rank. Applicants of several children take their seats before the
        others: larger ones first, then by index, each the first choice with room for all its children. What remains is
        rank-maximal for applicants of size 1.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'south', 'bob': 'north'}
    """
    from admissions.mechanisms.levels import best_by_levels

    at_rank = np.insert(market.rank, market.indptr[1:], 0)
    return best_by_levels(market, (np.where(at_rank == rank, -1, 0) for rank in np.unique(market.rank)))
