"""Is a stable matching the best one for the students?

Without bundles: a stable matching is the best for all students exactly when it has no stable improvement cycle (Erdil
and Ergin 2008, Theorem 1). Pool points to pool if, of those who prefer the first, one of highest priority sits in the
second; a cycle could be traded along. With bundles, or where tied groups enter whole, that theorem fails, and the best
outcome is made again, from simultaneous proposals in plain numpy, and compared.
"""

from collections import deque
from collections.abc import Iterable

import numpy as np

from admissions.audit.findings import Violations
from admissions.audit.matchings import preferred
from admissions.market import Int64Array, Market, Matching


def stable_improvements(market: Market, matching: Matching, tied: bool = False) -> Violations:
    """Return what could be improved for students without anybody's justified envy.

    Parameters
    ----------
    market : Market
        The market.
    matching : Matching
        A matching of it without justified envy or wasted seats.
    tied : bool
        Whether all who are tied with the last admitted enter together.

    Returns
    -------
    Violations
        Without bundles and tied groups a cycle of pools; with them the applicants who do better in the best stable
        outcome.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     {"ann": ["north", "south"], "bob": ["south", "north"]},
    ...     {"north": ["bob", "ann"], "south": ["ann", "bob"]},
    ...     {"north": 1, "south": 1},
    ... )
    >>> stable_improvements(market, market.matching({"ann": "south", "bob": "north"})).count
    1
    >>> stable_improvements(market, market.matching({"ann": "north", "bob": "south"})).count
    0
    """
    if (market.size == 1).all() and not tied:
        return _cycles(market, matching)
    best = best_stable_choice(market, matching.choice, tied)
    bad = np.flatnonzero(best != matching.choice)
    witnesses = ({"applicant": int(i), "choice": int(matching.choice[i]), "best": int(best[i])} for i in bad)
    return Violations.of(market.applicants, len(bad), witnesses)


def _cycles(market: Market, matching: Matching) -> Violations:
    """Return a cycle in the graph of pools, one witness where there is one."""
    edges = np.flatnonzero(preferred(market, matching.choice))
    highest = np.full(len(market.seats), np.iinfo(np.int64).max)
    np.minimum.at(highest, market.pool[edges], market.key[edges])
    edges = edges[market.key[edges] == highest[market.pool[edges]]]
    choice = matching.choice[np.searchsorted(market.indptr, edges, side="right") - 1]
    wanted, sits = market.pool[edges[choice >= 0]], market.pool[choice[choice >= 0]]
    arrows = _on_cycles(set(zip(wanted.tolist(), sits.tolist(), strict=True)))
    if not arrows:
        return Violations(len(market.seats))
    import networkx as nx

    cycle = nx.find_cycle(nx.DiGraph(sorted(arrows)))
    return Violations.of(len(market.seats), 1, [{"pools": [pool for pool, _ in cycle]}])


def _on_cycles(arrows: Iterable[tuple[int, int]]) -> set[tuple[int, int]]:
    """Return the arrows left when those are taken off, again and again, to whose start no arrow leads."""
    ahead: dict[int, list[int]] = {}
    arriving: dict[int, int] = {}
    for start, end in arrows:
        ahead.setdefault(start, []).append(end)
        arriving[end] = arriving.get(end, 0) + 1
    ends = deque(start for start in ahead if not arriving.get(start))
    while ends:
        for end in ahead.pop(ends.popleft(), ()):
            arriving[end] -= 1
            if not arriving[end]:
                ends.append(end)
    return {(start, end) for start, others in ahead.items() for end in others}


def best_stable_choice(market: Market, seat: Int64Array, tied: bool = False) -> Int64Array:
    """Return the best stable outcome for students, (n,) int64, from lists cut at a stable outcome's seats.

    Parameters
    ----------
    market : Market
        The market.
    seat : (n,) int64
        Choices of a matching without envy or waste; nothing below them is looked at, since nobody does worse in the
        best outcome than in any stable one.
    tied : bool
        Whether all who are tied with the last admitted enter together.

    Notes
    -----
    All who have no seat propose at once; every pool keeps its best while a seat is left (Gale and Shapley 1962).
    """
    nobody = np.int64(np.iinfo(np.int64).max)
    proposes_to = market.indptr[:-1].copy()
    end = np.where(seat >= 0, seat + 1, market.indptr[1:])
    threshold = np.where(market.seats > 0, nobody, np.int64(-1))
    holds = np.full(market.applicants, -1, dtype=np.int64)
    active = np.arange(market.applicants)
    while len(active):
        active = active[proposes_to[active] < end[active]]
        edge = proposes_to[active]
        passes = market.key[edge] <= threshold[market.pool[edge]]
        proposes_to[active[~passes]] += 1
        holds[active[passes]] = edge[passes]
        dropped = _dropped(market, holds, market.pool[edge[passes]], threshold, tied)
        holds[dropped] = -1
        proposes_to[dropped] += 1
        active = np.concatenate([active[~passes], dropped])
    return holds


def _dropped(market: Market, holds: Int64Array, touched: np.ndarray, threshold: Int64Array, tied: bool) -> Int64Array:
    """Return whom the touched pools drop, and note their new thresholds."""
    here = np.zeros(len(market.seats), dtype=np.bool_)
    here[touched] = True
    holders = np.flatnonzero(holds >= 0)
    holders = holders[here[market.pool[holds[holders]]]]
    pool, key = market.pool[holds[holders]], market.key[holds[holders]]
    order = np.lexsort((holders, key, pool))
    holders, pool, key = holders[order], pool[order], key[order]
    size = market.size[holders].astype(np.int64)
    before = np.cumsum(size) - size
    first = np.searchsorted(pool, pool)
    before -= before[first]
    begins = before
    if tied:
        new = (np.diff(pool, prepend=-1) != 0) | (np.diff(key, prepend=-1) != 0)
        begins = before[np.maximum.accumulate(np.where(new, np.arange(len(new)), 0))]
    stays = begins < market.seats[pool]
    full = stays & (before + size >= market.seats[pool])
    threshold[pool[full]] = key[full]
    return holders[~stays]
