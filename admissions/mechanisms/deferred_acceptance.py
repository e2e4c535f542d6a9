"""Deferred acceptance: the matchings without envy or waste that are best for every applicant, or for the programmes."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from admissions.errors import MarketError
from admissions.market import NO_CUTOFF, Int64Array, Market, Matching
from admissions.mechanisms.keys import Bundles, Ties, chosen, frozen, margin_rule, narrowed

if TYPE_CHECKING:
    from admissions.kernels.deferred_acceptance import Work


def run(
    market: Market,
    ties: Ties = "lottery",
    proposing: Literal["students", "programmes"] = "students",
    bundles: Bundles = "exceed",
    work: "Work | None" = None,
) -> Matching:
    """Return the matching that is stable and best for every applicant, or best for the programmes.

    When students propose, no applicant can gain by listing anything but the true preferences (Roth 1982; Dubins and
    Freedman 1981). Over lists of seat pools this is the outcome of slot-specific priorities (Kominers and Sönmez 2016,
    Theorem 1).

    Parameters
    ----------
    market : Market
        Any market.
    ties : {'lottery', 'admit_all'}
        Of equal keys the smaller index goes first; or everybody tied with the last admitted enters, and the pool
        exceeds its seats by that group only (Biró and Kiselgof 2015).
    proposing : {'students', 'programmes'}
        Whom of all stable matchings the one returned is best for (Gale and Shapley 1962; Roth and Sotomayor 1990).
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one, and others
        pass. The second can leave no matching without envy: the outcome is then that of days on which all apply.
    work : Work, optional
        Arrays made by ``Work.of`` for this market or one of the same shape, to save making them a thousand times.

    Raises
    ------
    MarketError
        If a parameter has no such value, two of them do not go together, or the work arrays were made for a market of
        another shape.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south", "north"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'north', 'bob': 'south'}
    >>> run(market, proposing="programmes").to_dict()
    {'ann': 'south', 'bob': 'north'}
    """
    from admissions.kernels.days import LOTTERY_AND_EXCEED
    from admissions.kernels.deferred_acceptance import Work, defer_acceptance

    chosen("deferred_acceptance", "proposing", proposing, ("students", "programmes"))
    rule = margin_rule(market, "deferred_acceptance", ties, bundles)
    if work is not None and not work.fits(market):
        raise MarketError("work: the arrays were made for a market with other applicants, choices or seats")
    if proposing == "programmes":
        if ties == "admit_all" or bundles == "skip":
            raise MarketError(
                "deferred_acceptance: programmes propose seat by seat, so proposing='programmes' goes with "
                "ties='lottery' and bundles='exceed' alone"
            )
        return _offers(market)
    if rule != LOTTERY_AND_EXCEED:
        return _days(market, rule)
    key, highest, meaning = narrowed(market.key)
    choice = np.empty(market.applicants, dtype=np.int64)
    cutoff = np.empty(len(market.seats), dtype=np.int64)
    work = work or Work.of(market)
    defer_acceptance(market.indptr, market.pool, key, highest, market.seats, market.size, work, choice, cutoff)
    if meaning is not None:
        binding = (cutoff >= 0) & (cutoff < NO_CUTOFF)
        cutoff[binding] = meaning[cutoff[binding]]
    return Matching(choice, cutoff, market)


def run_again(market: Market, key: Int64Array, highest: int, work: "Work") -> Int64Array:
    """Return the choices, (n,) int64, that `run` gives a market with other keys, without checking it again.

    Parameters
    ----------
    market : Market
        Its lists, seats and sizes.
    key : (e,) int64
        Its keys this time.
    highest : int
        A bound no key exceeds, below 2 ** 31.
    work : Work
        Arrays made by ``Work.of`` for the market; they tell afterwards whom each pool admitted.

    Examples
    --------
    >>> from admissions.kernels.deferred_acceptance import Work
    >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[0, 1], rank=[1, 1], seats=[1], size=[1, 1])
    >>> run_again(market, np.array([1, 0]), 1, Work.of(market)).tolist()
    [-1, 1]
    """
    from admissions.kernels.deferred_acceptance import defer_acceptance

    choice = np.empty(market.applicants, dtype=np.int64)
    cutoff = np.empty(len(market.seats), dtype=np.int64)
    defer_acceptance(market.indptr, market.pool, frozen(key), highest, market.seats, market.size, work, choice, cutoff)
    return choice


def _offers(market: Market) -> Matching:
    from admissions.kernels.offers import offer_seats
    from admissions.mechanisms.keys import in_order_of_priority

    start, entries = in_order_of_priority(market.pool, market.key, len(market.seats))
    choice = np.empty(market.applicants, dtype=np.int64)
    offer_seats(start, entries, market.owners(), market.pool, market.seats, market.size, choice)
    return Matching.of(market, choice)


def _days(market: Market, rule: int) -> Matching:
    from admissions.kernels.days import defer_acceptance_in_days
    from admissions.kernels.deferred_acceptance import Work

    choice: Int64Array = np.empty(market.applicants, dtype=np.int64)
    key, _, _ = narrowed(market.key)
    work = Work.roomy(market)
    defer_acceptance_in_days(market.indptr, market.pool, key, market.seats, market.size, rule, work, choice)
    return Matching.of(market, choice)
