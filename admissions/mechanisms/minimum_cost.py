"""Minimum-cost matching: as many children placed as there can be, at the least sum of ranks or of costs."""

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError
from admissions.market import Int64Array, Market, Matching


def run(market: Market, cost: npt.ArrayLike | None = None) -> Matching:
    """Return the matching of most applicants at the least cost that serves them in the order of the market.

    As many applicants as possible are placed; of those matchings the sum of costs is least (Ford and Fulkerson 1962;
    Ahuja, Magnanti and Orlin 1993). Where several remain, the first applicant has its earliest choice in any of them,
    then the second given that, and so on. Priorities play no part: for comparison, not for admission.

    Parameters
    ----------
    market : Market
        Any market. Applicants of several children take their seats before the others: larger ones first, then by index,
        each the first choice on its list with room for all its children. What remains is optimal for applicants of
        size 1.
    cost : (e,) array of int, optional
        Cost of each choice, negative ones too; the rank where absent.

    Raises
    ------
    MarketError
        If the costs are no whole numbers, not one a choice, or too large to be added up in 64 bits: with n applicants
        and p pools a cost is at most 2**60 / (n + p + 2) either way.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north", "south"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'north', 'bob': 'south'}
    >>> run(market, cost=[900, 200, 400, 500]).to_dict()
    {'ann': 'south', 'bob': 'north'}
    """
    from admissions.mechanisms.levels import best_by_levels

    costs = _checked(market, market.rank if cost is None else cost)
    left = np.insert(np.zeros_like(costs), market.indptr[1:], 1)
    return best_by_levels(market, (left, np.insert(costs, market.indptr[1:], 0)))


def _checked(market: Market, cost: npt.ArrayLike) -> Int64Array:
    """Return the costs as int64; refuse what is no cost."""
    from admissions.solvers.assignments import refuse_costs

    try:
        array = np.asarray(cost)
    except (ValueError, OverflowError) as error:
        raise MarketError(f"minimum_cost: cost: one whole number a choice is needed; {error}") from error
    if array.shape != market.pool.shape:
        raise MarketError(
            f"minimum_cost: cost: one number a choice is needed, {len(market.pool)} in all; the array found has shape "
            f"{array.shape}"
        )
    if array.size and array.dtype.kind not in "iu":
        raise MarketError(
            f"minimum_cost: cost: whole numbers are needed, {array.dtype} found; round to a unit small enough, such as "
            "metres"
        )
    refuse_costs(array, market.applicants + len(market.seats) + 2)
    return array.astype(np.int64)
