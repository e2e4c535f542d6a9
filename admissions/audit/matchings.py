"""The properties of a matching in its market, in plain numpy: no code of the mechanisms is used to check them.

A pool may end over its seats by what its margin says, and exactly that is let pass: by default the last applicant, who
entered while a seat was left and is of a size that runs over.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from admissions.audit.findings import Violations
from admissions.market import BoolArray, Int64Array, Market, Matching
from admissions.policy.policy import Margin

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


def overfull_pools(market: Market, matching: Matching, margin: Margin = "last applicant") -> Violations:
    """Return the pools that hold more than their seats and what their margin lets pass.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it.
    margin : {'last applicant', 'any applicant', 'last tie', 'any tie', 'nobody'}
        Without whom a pool over its seats must have one left: its worst applicant, for mechanisms that admit in order
        of priority; any one, for others; all of one key, the worst or any, where everybody tied with the last admitted
        enters; or nobody, and no pool is over its seats.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     {"twins": ["north"], "eve": ["north"]}, {"north": ["twins", "eve"]}, {"north": 1}, size={"twins": 2}
    ... )
    >>> both, twins = market.matching({"twins": "north", "eve": "north"}), market.matching({"twins": "north"})
    >>> overfull_pools(market, both).count, overfull_pools(market, twins).count
    (1, 0)
    >>> overfull_pools(market, twins, margin="nobody").count
    1
    """
    held, pool, key = _held(market, matching)
    size = market.size[held].astype(np.int64)
    filled = np.bincount(pool, weights=size, minlength=len(market.seats)).astype(np.int64)
    above = filled > market.seats
    if not above.any():
        return Violations(len(market.seats))
    order = np.lexsort((held, key, pool))
    pool, key, size = pool[order], key[order], size[order]
    if margin in ("last tie", "any tie"):
        begins = np.flatnonzero((np.diff(pool, prepend=-1) != 0) | (np.diff(key, prepend=-1) != 0))
        pool, size = pool[begins], np.add.reduceat(size, begins)
    spared = np.zeros(len(market.seats), dtype=np.int64)
    if margin in ("last applicant", "last tie"):
        spared[pool] = size
    elif margin != "nobody":
        np.maximum.at(spared, pool, size)
    bad = np.flatnonzero(above & ((filled - spared >= market.seats) | (margin == "nobody")))
    witnesses = ({"pool": int(p), "seats": int(market.seats[p]), "admitted": int(filled[p])} for p in bad)
    return Violations.of(len(market.seats), len(bad), witnesses)


def justified_envy(market: Market, matching: Matching, tied: bool = False) -> Violations:
    """Return who prefers a pool that admitted somebody of lower priority.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it.
    tied : bool
        Whether somebody of equal priority is enough, because all who are tied enter together.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     {"ann": ["north"], "bob": ["north"]}, {"north": ["ann", "bob"]}, {"north": 1}
    ... )
    >>> justified_envy(market, market.matching({"bob": "north"})).witnesses
    ({'applicant': 0, 'choice': 0, 'displaces': 1},)
    """
    edges = envied_choices(market, matching, tied)
    return Violations.of(len(market.pool), len(edges), _envy_witnesses(market, matching, edges))


def envied_choices(market: Market, matching: Matching, tied: bool = False) -> Int64Array:
    """Return the choices that their applicant prefers to the own seat and that admitted somebody of lower priority.

    Parameters
    ----------
    market, matching, tied
        As of `justified_envy`, which counts them and names the first.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     {"ann": ["north"], "bob": ["north"]}, {"north": ["ann", "bob"]}, {"north": 1}
    ... )
    >>> envied_choices(market, market.matching({"bob": "north"})).tolist()
    [0]
    """
    worst, filled = _worst_and_filled(market, matching)
    return _better(market, matching, worst + tied, filled, envy=True)


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


def audit_market(market: Market, matching: Matching, margin: Margin = "last applicant") -> dict[str, Violations]:
    """Return P1 to P5 of a matching; P6 to P9 concern a district.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it.
    margin : str
        By whom a pool may end over its seats, as of `overfull_pools`.

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
    tied = margin == "last tie"
    threshold = np.where(filled < market.seats, EVERY_KEY, worst + tied)
    clean = not (preferred(market, matching.choice) & (market.key < threshold[market.pool])).any()
    return {
        "P1": Violations(market.applicants, one_seat),
        "P2": foreign_seats(market, matching),
        "P3": overfull_pools(market, matching, margin),
        "P4": Violations(len(market.pool)) if clean else justified_envy(market, matching, tied),
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
