"""Efficiency-adjusted deferred acceptance: what applicants lose to priorities that help nobody is given back."""

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.market import BoolArray, Int64Array, Market, Matching
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.keys import in_order_of_priority, marked_applicants, narrowed, refuse_ties


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
    n, pools = market.applicants, len(market.seats)
    consents = (
        np.ones(n, dtype=np.bool_)
        if consent is None
        else marked_applicants(market, consent, "efficiency_adjusted: consent")
    )
    owner = market.owners()
    start, entries = in_order_of_priority(market.pool, market.key, pools)
    refuse_ties(market, "efficiency_adjusted", ties, (start, entries), owner)
    if market.size.max(initial=1) > 1:
        return Matching.of(market, _in_rounds(market, consents))
    from admissions.kernels.improvement_cycles import trade_up

    choice = deferred_acceptance.run(market).choice
    nobody, settled = np.zeros(n, dtype=np.bool_), np.zeros(pools, dtype=np.bool_)
    trade_up(start, entries, owner, market.pool, nobody, consents, False, settled, choice)
    return Matching.of(market, choice)


def _in_rounds(market: Market, consents: BoolArray) -> Int64Array:
    """Return the choice of each applicant after the rounds of Tang and Yu, deferred acceptance run in each."""
    owner, pool, n = market.owners(), market.pool, market.applicants
    key, _, _ = narrowed(market.key)
    place = key << 32 | owner
    final = np.full(n, -1, dtype=np.int64)
    active, open_choice = np.ones(n, dtype=np.bool_), np.ones(len(pool), dtype=np.bool_)
    while active.any() and len(pool):
        held = _defer(market, key, open_choice)
        got = np.where(held >= 0, held, market.indptr[1:])
        desires = open_choice & (np.arange(len(pool)) < got[owner])
        desired = np.zeros(len(market.seats), dtype=np.bool_)
        desired[pool[desires]] = True
        settles = active & ((held < 0) | ~desired[pool[held]])
        if not settles.any():
            settles = active.copy()
        final[settles] = held[settles]
        active &= ~settles
        claims = desires & settles[owner] & ~consents[owner]
        claim = np.full(len(market.seats), np.iinfo(np.int64).max, dtype=np.int64)
        np.minimum.at(claim, pool[claims], place[claims])
        open_choice &= active[owner] & (place < claim[pool])
    return final


def _defer(market: Market, key: Int64Array, open_choice: BoolArray) -> Int64Array:
    """Return what deferred acceptance gives over the open choices alone, as indices of the market's choices."""
    kept = np.flatnonzero(open_choice)
    before = np.concatenate([[0], np.cumsum(open_choice)])
    part = Market(
        indptr=before[market.indptr],
        pool=market.pool[kept],
        key=key[kept],
        rank=market.rank[kept],
        seats=market.seats,
        size=market.size,
    )
    choice = deferred_acceptance.run(part).choice
    choice[choice >= 0] = kept[choice[choice >= 0]]
    return choice
