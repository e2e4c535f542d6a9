"""The properties of a matching in its market, in plain numpy: no code of the mechanisms is used to check them.

A pool admits in order of key while a seat is left. An applicant of size 2 may take the last one, so a pool may end one
over, and exactly that is let pass.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from admissions.audit.findings import Violations
from admissions.market import BoolArray, Int64Array, Market, Matching

NOBODY = np.int64(-1)
EVERY_KEY = np.int64(np.iinfo(np.int64).max)


def foreign_seats(market: Market, matching: Matching) -> Violations:
    """Return the applicants whose seat is not on their own list.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it.
    """
    choice = matching.choice
    outside = (choice >= 0) & ((choice < market.indptr[:-1]) | (choice >= market.indptr[1:])) | (choice < -1)
    bad = np.flatnonzero(outside)
    return Violations.of(len(choice), len(bad), ({"applicant": int(i), "choice": int(choice[i])} for i in bad))


def overfull_pools(market: Market, matching: Matching) -> Violations:
    """Return the pools that hold more than their seats, but for the last admitted being of a size that runs over."""
    held, pool, key = _held(market, matching)
    size = market.size[held]
    filled = np.bincount(pool, weights=size, minlength=len(market.seats)).astype(np.int64)
    above = filled > market.seats
    if not above.any():
        return Violations(len(market.seats))
    order = np.lexsort((held, key, pool))
    last_size = np.zeros(len(market.seats), dtype=np.int64)
    last_size[pool[order]] = size[order]
    bad = np.flatnonzero(above & (filled - last_size >= market.seats))
    witnesses = ({"pool": int(p), "seats": int(market.seats[p]), "admitted": int(filled[p])} for p in bad)
    return Violations.of(len(market.seats), len(bad), witnesses)


def justified_envy(market: Market, matching: Matching) -> Violations:
    """Return who prefers a pool that admitted somebody of lower priority.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     {"ann": ["north"], "bob": ["north"]}, {"north": ["ann", "bob"]}, {"north": 1}
    ... )
    >>> justified_envy(market, market.matching({"bob": "north"})).witnesses
    ({'applicant': 0, 'choice': 0, 'displaces': 1},)
    """
    edges = _better(market, matching, *_worst_and_filled(market, matching), envy=True)
    return Violations.of(len(market.pool), len(edges), _envy_witnesses(market, matching, edges))


def wasted_seats(market: Market, matching: Matching) -> Violations:
    """Return who prefers a pool that has a seat left."""
    edges = _better(market, matching, *_worst_and_filled(market, matching), envy=False)
    owners = np.searchsorted(market.indptr, edges, side="right") - 1
    witnesses = ({"applicant": int(i), "choice": int(e)} for i, e in zip(owners, edges, strict=True))
    return Violations.of(len(market.pool), len(edges), witnesses)


def preferred(market: Market, choice: Int64Array) -> BoolArray:
    """Return which choices their applicant prefers to the seat it holds, (e,) bool."""
    start, stop = market.indptr[:-1], market.indptr[1:]
    end = np.where(choice >= 0, np.clip(choice, start, stop), stop)
    lengths = np.empty(2 * len(choice), dtype=np.int64)
    lengths[0::2], lengths[1::2] = end - start, stop - end
    return np.repeat(np.tile([True, False], len(choice)), lengths)


def audit_market(market: Market, matching: Matching) -> dict[str, Violations]:
    """Return P1 to P5 of a matching; P6 to P9 concern a district.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it.

    Returns
    -------
    dict of str to Violations

    Examples
    --------
    >>> market = Market.from_preferences({"ann": ["north"]}, {"north": ["ann"]}, {"north": 1})
    >>> [code for code, found in audit_market(market, market.matching({})).items() if found.count]
    ['P5']
    """
    one_seat = abs(len(matching.choice) - market.applicants)
    worst, filled = _worst_and_filled(market, matching)
    threshold = np.where(filled < market.seats, EVERY_KEY, worst)
    clean = not (preferred(market, matching.choice) & (market.key < threshold[market.pool])).any()
    return {
        "P1": Violations(market.applicants, one_seat),
        "P2": foreign_seats(market, matching),
        "P3": overfull_pools(market, matching),
        "P4": Violations(len(market.pool)) if clean else justified_envy(market, matching),
        "P5": Violations(len(market.pool)) if clean else wasted_seats(market, matching),
    }


def _held(market: Market, matching: Matching) -> tuple[Int64Array, Any, Int64Array]:
    """Return who holds a seat, in which pool, with which key."""
    held = np.flatnonzero(matching.choice >= 0)
    edges = matching.choice[held]
    return held, market.pool[edges], market.key[edges]


def _worst_and_filled(market: Market, matching: Matching) -> tuple[Int64Array, Int64Array]:
    held, pool, key = _held(market, matching)
    worst = np.full(len(market.seats), NOBODY)
    np.maximum.at(worst, pool, key)
    return worst, np.bincount(pool, weights=market.size[held], minlength=len(market.seats)).astype(np.int64)


def _better(market: Market, matching: Matching, worst: Int64Array, filled: Int64Array, envy: bool) -> Int64Array:
    """Return the choices an applicant prefers and has a claim to: by priority, or because a seat is left."""
    claim = market.key < worst[market.pool] if envy else (filled < market.seats)[market.pool]
    return np.flatnonzero(claim & preferred(market, matching.choice))


def _envy_witnesses(market: Market, matching: Matching, edges: Int64Array) -> Iterator[dict[str, int]]:
    held, pool, key = _held(market, matching)
    for edge in edges:
        here = pool == market.pool[edge]
        displaced = held[here][np.argmax(key[here])]
        owner = np.searchsorted(market.indptr, edge, side="right") - 1
        yield {"applicant": int(owner), "choice": int(edge), "displaces": int(displaced)}
