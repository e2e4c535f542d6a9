"""Assignments of least cost among those of an earlier level, through OR-Tools.

A level's optima are again the assignments of a smaller graph: the arcs that the potentials leave tight, and pools that
have to be full (complementary slackness; Ahuja, Magnanti and Orlin 1993, chapter 9). Costs of any number of levels,
each of which goes before all the next, therefore need no common unit.
"""

from dataclasses import dataclass

import numpy as np
from ortools.graph.python import min_cost_flow

from admissions.errors import MarketError
from admissions.market import BoolArray, Int64Array

LARGEST_TOTAL = 1 << 60
"""Largest cost times nodes at which nothing in the solver or in the potentials exceeds 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Graph:
    """Whom the assignments of a level may give which arcs.

    Attributes
    ----------
    first : (n + 1,) int64
        Arcs of applicant ``i`` are ``first[i]:first[i + 1]``; everybody holds one.
    owner, pool : (a,) int64
        Applicant and pool of each arc.
    seats : (p,) int64
        Seats of each pool.
    allowed : (a,) bool
        Arcs that may be held.
    full : (p,) bool
        Pools that have to be full.
    """

    first: Int64Array
    owner: Int64Array
    pool: Int64Array
    seats: Int64Array
    allowed: BoolArray
    full: BoolArray

    def used(self, held: Int64Array) -> Int64Array:
        """Return the holders of each pool."""
        return np.bincount(self.pool[held], minlength=len(self.seats))


def assign_at_least_cost(graph: Graph, held: Int64Array, cost: Int64Array) -> Int64Array:
    """Return an assignment of least cost, the arc of each applicant, (n,) int64.

    Parameters
    ----------
    graph : Graph
        Which assignments there are.
    held : (n,) int64
        One of them.
    cost : (a,) int64
        Cost of each arc.

    Raises
    ------
    MarketError
        If the costs are too large to be added up in 64 bits.

    Examples
    --------
    >>> two, one = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    >>> graph = Graph(np.array([0, 2, 4]), two, one, np.array([1, 2]), one >= 0, np.array([False, False]))
    >>> assign_at_least_cost(graph, np.array([1, 3]), np.array([5, 9, 5, 8])).tolist()
    [0, 3]
    """
    options = np.bincount(graph.owner[graph.allowed], minlength=len(held))
    arcs = np.flatnonzero(graph.allowed & (options > 1)[graph.owner])
    if (cost[arcs] == cost[held[graph.owner[arcs]]]).all():
        return held
    choosing = np.flatnonzero(options > 1)
    sink = len(choosing) + len(graph.seats)
    refuse_costs(cost[arcs], sink + 1)
    place = np.cumsum(options > 1) - 1
    left = graph.seats - graph.used(held[options == 1])
    solver = min_cost_flow.SimpleMinCostFlow()
    tail, head = place[graph.owner[arcs]].astype(np.int32), (len(choosing) + graph.pool[arcs]).astype(np.int32)
    made = solver.add_arcs_with_capacity_and_unit_cost(tail, head, np.ones_like(arcs), cost[arcs])
    free = np.flatnonzero(~graph.full)
    solver.add_arcs_with_capacity_and_unit_cost(
        (len(choosing) + free).astype(np.int32), np.full(len(free), sink, np.int32), left[free], np.zeros_like(free)
    )
    supply = np.concatenate([np.ones(len(choosing), np.int64), -np.where(graph.full, left, 0), [0]])
    supply[sink] = -supply.sum()
    solver.set_nodes_supplies(np.arange(sink + 1, dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise MarketError(f"the flow has no optimal answer ({status.name}); use smaller costs")
    better = held.copy()
    taken = arcs[solver.flows(made) > 0]
    better[graph.owner[taken]] = taken
    return better


def refuse_costs(cost: Int64Array, nodes: int) -> None:
    """Refuse costs that could not be added up.

    Raises
    ------
    MarketError
        Stating the bound.
    """
    bound = LARGEST_TOTAL // nodes
    if cost.size and not (-bound <= int(cost.min()) and int(cost.max()) <= bound):
        raise MarketError(
            f"costs too large to be added up exactly: with so many applicants and pools a cost may be at most {bound} "
            "either way; use larger units, such as metres for millimetres"
        )
