"""Immediate acceptance (Boston): first choices first, and what is given is final."""

from admissions.market import Market, Matching
from admissions.mechanisms.keys import Bundles, Ties
from admissions.mechanisms.steps import admit_by_step


def run(market: Market, ties: Ties = "lottery", bundles: Bundles = "exceed") -> Matching:
    """Return the matching of immediate acceptance: in step k the k-th choices compete for the seats left.

    Efficient for the preferences as listed, but whoever lists a sought-after programme first and misses it may find the
    second choice full: it pays to list with care, and priorities are not respected (Abdulkadiroğlu and Sönmez 2003).

    Parameters
    ----------
    market : Market
        Any market. A step is a value of ``rank``, so the pools of one programme belong to one step, in which they are
        tried in order.
    ties : {'lottery', 'admit_all'}
        Of equal keys the smaller index goes first; or everybody tied with the last admitted enters.
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one.

    Raises
    ------
    MarketError
        If a parameter has no such value.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south"], "eve": ["north"]},
    ...     priorities={"north": ["eve", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': None, 'bob': 'south', 'eve': 'north'}
    """
    return admit_by_step(market, "immediate_acceptance", market.rank, ties, bundles)
