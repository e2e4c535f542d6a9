"""Student-proposing deferred acceptance: of all matchings without envy or waste, the one best for every applicant."""

from typing import TYPE_CHECKING

import numpy as np

from admissions.errors import MarketError
from admissions.market import NO_CUTOFF, Int64Array, Market, Matching

if TYPE_CHECKING:
    from admissions.kernels.deferred_acceptance import Work


def run(market: Market, work: "Work | None" = None) -> Matching:
    """Return the matching that is stable and best for every applicant.

    No applicant can gain by listing anything but the true preferences (Roth 1982; Dubins and Freedman 1981). Over
    lists of seat pools this is the outcome of slot-specific priorities (Kominers and Sönmez 2016, Theorem 1).

    Parameters
    ----------
    market : Market
        Any market.
    work : Work, optional
        Arrays made by ``Work.of`` for this market or one of the same shape, to save making them a thousand times.

    Raises
    ------
    MarketError
        If the work arrays were made for a market of another shape.

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
    from admissions.kernels.deferred_acceptance import LARGEST_KEY, Work, defer_acceptance

    if work is None:
        work = Work.of(market)
    elif not work.fits(market):
        raise MarketError("work: the arrays were made for a market with other applicants, choices or seats")
    key, meaning, highest = market.key, None, int(market.key.max(initial=0))
    if highest > LARGEST_KEY:
        meaning, key = _numbered(key)
        highest = len(meaning) - 1
    choice = np.empty(market.applicants, dtype=np.int64)
    cutoff = np.empty(len(market.seats), dtype=np.int64)
    defer_acceptance(market.indptr, market.pool, key, highest, market.seats, market.size, work, choice, cutoff)
    if meaning is not None:
        binding = (cutoff >= 0) & (cutoff < NO_CUTOFF)
        cutoff[binding] = meaning[cutoff[binding]]
    return Matching(choice, cutoff, market)


def _numbered(key: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return the distinct keys in order, and the place of each key among them; both arrays read-only, as a market's."""
    distinct, place = np.unique(key, return_inverse=True)
    place = place.astype(np.int64, copy=False)
    place.flags.writeable = False
    return distinct, place
