"""Efficiency-adjusted deferred acceptance: what applicants lose to priorities that help nobody is given back."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.market import BoolArray, Int32Array, Int64Array, Market, Matching
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.keys import frozen, in_order_of_priority, marked_applicants, narrowed, refuse_ties

NO_CLAIM = np.int64(np.iinfo(np.int64).max)
"""Everybody goes before it."""


def run(
    market: Market,
    consent: Collection[Any] | npt.ArrayLike | None = None,
    ties: str | None = None,
) -> Matching:
    """Return Kesten's efficiency-adjusted outcome, by the simplified form of Tang and Yu.

    Nobody is worse off than under deferred acceptance, and whoever consents to a priority being passed over loses
    nothing by it (Kesten 2010, Theorem 1). With the consent of all the outcome is efficient. It is not strategy-proof.

    Parameters
    ----------
    market : Market
        Any market whose pools rank applicants strictly.
    consent : collection of applicants, or (n,) mask, optional
        Who consents; by default everybody.
    ties : {'lottery'}, optional
        Of equal keys the smaller index goes first. Where nothing is said about ties, a tie is refused.

    Raises
    ------
    MarketError
        If pools rank applicants equal and nothing is said about ties, or the consent fits no applicants.

    Notes
    -----
    Tang and Yu (2014) settle the pools nobody desires, remove them with those they hold, and run deferred acceptance
    anew. Where every applicant is one child no run is needed: what remains after their rounds are the cycles of
    applicants each of whom takes the seat of the next, with no objection of anybody who has a better claim to it. An
    applicant of several children can leave a pool with a seat over its number, so then the rounds are run in full.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["south", "north"], "bob": ["north", "south"], "eve": ["north", "east"]},
    ...     priorities={"north": ["ann", "eve", "bob"], "south": ["bob", "ann"], "east": ["eve"]},
    ...     seats={"north": 1, "south": 1, "east": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'south', 'bob': 'north', 'eve': 'east'}
    >>> run(market, consent=["ann", "bob"]).to_dict()
    {'ann': 'north', 'bob': 'south', 'eve': 'east'}
    """
    consents = (
        np.ones(market.applicants, dtype=np.bool_)
        if consent is None
        else marked_applicants(market, consent, "efficiency_adjusted: consent")
    )
    several = market.size.max(initial=1) > 1
    return Matching.of(market, (_in_rounds if several else _along_cycles)(market, consents, ties))


def _along_cycles(market: Market, consents: BoolArray, ties: str | None) -> Int64Array:
    """Return the choice of each applicant after the exchanges nobody objects to."""
    from admissions.kernels.improvement_cycles import trade_up

    start, entries, owner = _strict_lines(market, ties)
    choice = deferred_acceptance.run(market).choice
    stays, settled = np.zeros(market.applicants, dtype=np.bool_), np.zeros(len(market.seats), dtype=np.bool_)
    trade_up(start, entries, owner, market.pool, stays, consents, False, settled, choice)
    return choice


def _strict_lines(market: Market, ties: str | None) -> tuple[Int64Array, Int64Array, Int32Array]:
    """Return each pool's line of choices, and the applicant of each choice; refuse ties unless they are settled."""
    owner = market.owners()
    start, entries = in_order_of_priority(market.pool, market.key, len(market.seats))
    refuse_ties(market, "efficiency_adjusted", ties, (start, entries), owner)
    return start, entries, owner


def _in_rounds(market: Market, consents: BoolArray, ties: str | None) -> Int64Array:
    """Return the choice of each applicant after the rounds of Tang and Yu, deferred acceptance run in each."""
    from admissions.kernels.deferred_acceptance import Work, defer_acceptance

    _strict_lines(market, ties)
    n, work, cutoff = market.applicants, Work.of(market), np.empty(len(market.seats), dtype=np.int64)
    (key, highest, _), indptr, pool = narrowed(market.key), market.indptr, market.pool
    place = _places(indptr)
    final, active = np.full(n, -1, dtype=np.int64), np.ones(n, dtype=np.bool_)
    while len(pool):
        held = np.empty(n, dtype=np.int64)
        defer_acceptance(indptr, pool, key, highest, market.seats, market.size, work, held, cutoff)
        desires = _preferred(indptr, held)
        desired = np.zeros(len(market.seats), dtype=np.bool_)
        desired[pool[desires]] = True
        settles = active & ((held < 0) | ~desired[pool[held]])
        if not settles.any():
            settles = active
        placed = np.flatnonzero(settles & (held >= 0))
        final[placed] = market.indptr[placed] + place[held[placed]]
        active = active & ~settles
        kept = _open_choices(indptr, pool, key, active, desires & np.repeat(settles & ~consents, np.diff(indptr)))
        indptr = frozen(np.searchsorted(np.flatnonzero(kept), indptr))
        pool = frozen(pool[kept])
        key = frozen(key[kept])
        place = place[kept]
    return final


def _places(indptr: Int64Array) -> Int32Array:
    """Return the place of each choice on the own list, from 0, (e,) int32."""
    place = np.arange(indptr[-1])
    place -= np.repeat(indptr[:-1], np.diff(indptr))
    return place.astype(np.int32)


def _preferred(indptr: Int64Array, held: Int64Array) -> BoolArray:
    """Return which choices their applicant likes better than the one it holds, (e,) bool."""
    end = np.where(held >= 0, held, indptr[1:])
    lengths = np.stack([end - indptr[:-1], indptr[1:] - end], axis=1).ravel()
    return np.repeat(np.tile([True, False], len(held)), lengths)


def _open_choices(
    indptr: Int64Array, pool: Int32Array, key: Int64Array, active: BoolArray, claims: BoolArray
) -> BoolArray:
    """Return which choices of active applicants go before every claim to their pool, (e,) bool."""
    owner = np.repeat(np.arange(len(active), dtype=np.int32), np.diff(indptr))
    claim, rows = np.full(pool.max() + 1, NO_CLAIM), np.flatnonzero(claims)
    np.minimum.at(claim, pool[rows], key[rows] << 32 | owner[rows])
    rows = np.flatnonzero((claim < NO_CLAIM)[pool])
    open_choice = active[owner]
    open_choice[rows] &= (key[rows] << 32 | owner[rows]) < claim[pool[rows]]
    return open_choice
