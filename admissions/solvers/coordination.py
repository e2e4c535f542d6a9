"""Coordinated placement: applicants to seats by minimum-cost flow, everybody placeable placed, one answer.

Applicants of one node have the same costs. The flow runs from nodes to programmes, its costs in levels each of which
goes before all the next. Of all optimal answers the one is taken in which the first applicant in order has the best
programme it has in any, then the second, and so on: which optimal flow the solver happens to return plays no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

import numpy as np

from admissions.errors import MarketError
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.solvers.flows import NEVER, prices, solve_flow
from admissions.solvers.rerouting import Rerouting

LARGEST_COST = 1 << 50


@dataclass(frozen=True, slots=True, eq=False)
class Coordination:
    """Who is placed where, and where seats ran out.

    Attributes
    ----------
    placed : (m,) int32
        Programme of each applicant, or -1.
    tight_nodes, tight_programmes : int32 arrays
        Where somebody is left: nodes whose children together reach only these programmes, all of them full. Empty where
        everybody is placed.
    """

    placed: Int32Array
    tight_nodes: Int32Array
    tight_programmes: Int32Array


def coordinate(
    costs: Sequence[Int64Array],
    allowed: BoolArray,
    node: Int32Array,
    order: Int64Array,
    size: Int32Array,
    seats: Int64Array,
) -> Coordination:
    """Place applicants at the least cost.

    Parameters
    ----------
    costs : sequence of (v, s) int64
        Cost of a programme to a node, 0 or more; each level goes before all the next.
    allowed : (v, s) bool
        Which programmes a node may use.
    node : (m,) int32
        Node of each applicant.
    order : (m,) int64
        Who goes first, all different, smaller first.
    size : (m,) int32
        Children behind each applicant; those of one applicant stay together.
    seats : (s,) int64
        Seats of each programme.

    Returns
    -------
    Coordination

    Raises
    ------
    MarketError
        If the costs are too large to be added up in 64 bits.

    Notes
    -----
    Applicants of size 1: the most are placed, then at the least sum of costs, level by level (Ahuja, Magnanti and
    Orlin 1993, chapters 9 to 11), then the best in order. Larger ones are seated before them, in order: whole at a
    programme where the best flow has all their children; else where the most children keep a seat, then at the least
    cost, then the smaller index. At a single seat left, which then runs over, they are seated at the end, where nothing
    else is left. Where there are none, the answer is optimal and the only one; where there are, it is so given their
    seats. The tight set is the source side of a minimum cut (Ford and Fulkerson 1956).

    Examples
    --------
    >>> metres = np.array([[100, 900], [200, 300]])
    >>> everywhere = np.ones((2, 2), dtype=bool)
    >>> one = np.array([1, 1])
    >>> coordinate([metres], everywhere, np.array([0, 1]), np.array([0, 1]), one, one).placed.tolist()
    [0, 1]
    """
    cost, kind_of_node = np.unique(_merged(costs, allowed), axis=0, return_inverse=True)
    kind = kind_of_node.ravel()[node].astype(np.int32)
    placed = np.full(len(node), -1, dtype=np.int32)
    supply = np.bincount(kind, weights=size, minlength=len(cost)).astype(np.int64)
    left = np.append(seats.astype(np.int64), supply.sum() + 1)
    flow = solve_flow(cost, supply, left)
    ranked = np.argsort(order)
    for i in ranked[size[ranked] > 1]:
        flow, placed[i] = _seat_whole(cost, supply, left, flow, int(kind[i]), int(size[i]))
    singles = ranked[size[ranked] == 1]
    placed[singles] = Rerouting(cost, flow, left).assign(kind[singles])
    placed[placed == len(seats)] = -1
    _seat_at_the_last(cost, placed, kind, size, seats, ranked)
    return Coordination(placed, *_tight_set(cost, kind_of_node.ravel(), node, placed))


def _merged(costs: Sequence[Int64Array], allowed: BoolArray) -> Int64Array:
    """Return all levels as one cost, (v, s + 1): the last column is being left, dearer than anything else.

    A better flow differs from another by cycles that pass each programme once, so a level outweighs the next when
    one of its units is more than all a cycle can save below.
    """
    steps = 2 * (allowed.shape[1] + 1)
    merged = np.zeros(allowed.shape, dtype=np.int64)
    below = 0
    for level in reversed(costs):
        weight = steps * below + 1
        below = weight * int(level.max(initial=0)) + below
        if below * steps >= LARGEST_COST:
            raise MarketError("coordinated placement: costs too large to be added up exactly; use smaller units")
        merged += weight * np.asarray(level, dtype=np.int64)
    merged = np.where(allowed, merged, NEVER)
    return np.hstack([merged, np.full((len(merged), 1), steps * below + 1)])


def _seat_whole(
    cost: Int64Array, supply: Int64Array, left: Int64Array, flow: Int64Array, kind: int, size: int
) -> tuple[Int64Array, int]:
    """Seat an applicant of several children whole; return the best flow of the rest, and the programme.

    `supply` and `left` lose what it takes.
    """
    choices = [c for c in np.argsort(cost[kind], kind="stable").tolist() if cost[kind, c] < NEVER and left[c] >= size]
    if not choices:
        raise MarketError("coordinated placement: no column has room for an applicant")
    whole = [c for c in choices if flow[kind, c] >= size]
    if whole:
        after, column = flow.copy(), whole[0]
        after[kind, column] -= size
    else:
        after, column = _cheapest(cost, supply, left, flow, kind, size, choices)
    supply[kind] -= size
    left[column] -= size
    return after, column


def _cheapest(
    cost: Int64Array, supply: Int64Array, left: Int64Array, flow: Int64Array, kind: int, size: int, choices: list[int]
) -> tuple[Int64Array, int]:
    """Return the best flow of the rest and the programme at which it and the applicant cost least, the first of equals.

    A programme costs at least what the prices of the flow there is say: those that cannot be cheaper are not tried.
    """
    total = cost[kind] + prices(cost, flow, left)
    least = _spent(cost, flow) - size * int(total.min())
    bound = {column: least + size * int(total[column]) for column in choices}
    best, best_flow = (inf, 0), flow
    for column in sorted(choices, key=bound.__getitem__):
        if bound[column] > best[0]:
            break
        rest, room = supply.copy(), left.copy()
        rest[kind] -= size
        room[column] -= size
        after = solve_flow(cost, rest, room)
        spent = _spent(cost, after) + size * int(cost[kind, column]), choices.index(column)
        if spent < best:
            best, best_flow = spent, after
    return best_flow, choices[best[1]]


def _spent(cost: Int64Array, flow: Int64Array) -> int:
    used = flow > 0
    return sum(units * price for units, price in zip(flow[used].tolist(), cost[used].tolist(), strict=True))


def _seat_at_the_last(
    cost: Int64Array, placed: Int32Array, kind: Int32Array, size: Int32Array, seats: Int64Array, ranked: Int64Array
) -> None:
    """Seat those of several children who are left where a programme has a seat left, which then runs over."""
    left = seats - np.bincount(placed[placed >= 0], weights=size[placed >= 0], minlength=len(seats)).astype(np.int64)
    for i in ranked[(size[ranked] > 1) & (placed[ranked] < 0)]:
        row = np.where(left > 0, cost[kind[i], :-1], NEVER)
        if len(row) and row.min() < NEVER:
            placed[i] = row.argmin()
            left[placed[i]] -= size[i]


def _tight_set(
    cost: Int64Array, kind_of_node: Int64Array, node: Int32Array, placed: Int32Array
) -> tuple[Int32Array, Int32Array]:
    """Return the nodes that compete for the seats somebody is left without, and those seats' programmes."""
    reach = cost[kind_of_node, :-1] < NEVER
    nodes, programmes = np.zeros(len(reach), dtype=np.bool_), np.zeros(reach.shape[1], dtype=np.bool_)
    nodes[node[placed < 0]] = True
    holders = np.zeros(reach.shape, dtype=np.bool_)
    holders[node[placed >= 0], placed[placed >= 0]] = True
    while nodes.any():
        reached: BoolArray = np.logical_or.reduce(reach[nodes], axis=0)
        more: BoolArray = nodes | np.logical_or.reduce(holders[:, reached], axis=1)
        if (reached == programmes).all() and (more == nodes).all():
            break
        nodes, programmes = more, reached
    return np.flatnonzero(nodes).astype(np.int32), np.flatnonzero(programmes).astype(np.int32)
