"""The matching that is best in levels of cost, each of which goes before all the next, and first for who stands first.

`rank_maximal` and `minimum_cost` are two lists of levels.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int64Array, Market, Matching

if TYPE_CHECKING:
    from admissions.solvers.assignments import Graph


def best_by_levels(market: Market, levels: Iterable[Int64Array]) -> Matching:
    """Return the one matching of least cost, level by level, in which applicants are served in order.

    Parameters
    ----------
    market : Market
        Any market. Applicants of several children take their seats before the others: larger ones first, then by index,
        each the first choice that has room for all its children.
    levels : iterable of (e + n,) int64
        Cost of each of `arcs_of`: the choices of an applicant and, after them, being left without a seat.

    Raises
    ------
    MarketError
        If costs are too large to be added up in 64 bits.

    Examples
    --------
    >>> market = Market.from_preferences({"a": ["n", "s"], "b": ["n"]}, {"n": ["a", "b"], "s": ["a"]}, {"n": 1, "s": 1})
    >>> best_by_levels(market, [np.array([0, 0, 1, 0, 1])]).to_dict()
    {'a': 's', 'b': 'n'}
    """
    from admissions.kernels.optimal_assignments import serve_in_order
    from admissions.solvers.assignments import Graph

    choice, left = _seat_bundles(market)
    first, owner, pool = arcs_of(market)
    last = first[1:] - 1
    allowed = (market.size == 1)[owner]
    allowed[last] = True
    graph = Graph(first, owner, pool, np.append(left, market.applicants), allowed, np.zeros(len(left) + 1, np.bool_))
    held = last
    for cost in levels:
        graph, held = _narrowed(graph, held, cost)
    held = held.copy()
    arcs = np.flatnonzero(graph.allowed)
    arcs = arcs[np.argsort(pool[arcs], kind="stable")]
    start = np.searchsorted(pool[arcs], np.arange(len(left) + 2))
    spare = graph.seats - graph.used(held)
    serve_in_order(first, owner, pool, graph.allowed, start, arcs, graph.full, spare, held)
    placed = held < last
    choice[placed] = (held - np.arange(market.applicants))[placed]
    return Matching.of(market, choice)


def arcs_of(market: Market) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Return the first arc of each applicant, and applicant and pool of each arc.

    The arcs of an applicant are its choices and being left, which is a pool after the last.

    Examples
    --------
    >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    >>> [array.tolist() for array in arcs_of(market)]
    [[0, 3, 5], [0, 0, 0, 1, 1], [0, 1, 2, 0, 2]]
    """
    applicants = np.arange(market.applicants)
    first = market.indptr + np.arange(market.applicants + 1)
    owner = np.repeat(applicants, np.diff(first))
    return first, owner, np.insert(market.pool.astype(np.int64), market.indptr[1:], len(market.seats))


def _narrowed(graph: "Graph", held: Int64Array, cost: Int64Array) -> tuple["Graph", Int64Array]:
    """Return the graph of the assignments that are best at one level more, and one of them."""
    from admissions.kernels.optimal_assignments import find_potentials
    from admissions.solvers.assignments import assign_at_least_cost

    held = assign_at_least_cost(graph, held, cost)
    potential = np.zeros(len(graph.seats) + 1, dtype=np.int64)
    if not find_potentials(
        graph.first, graph.pool, graph.allowed, cost, held, graph.used(held), graph.seats, graph.full, potential
    ):
        raise MarketError("the flow is not of least cost: a defect of the solver; please report the market")
    total = cost + potential[graph.pool]
    tight = graph.allowed & (total == total[held][graph.owner])
    return replace(graph, allowed=tight, full=graph.full | (potential[:-1] != potential[-1])), held


def _seat_bundles(market: Market) -> tuple[Int64Array, Int64Array]:
    """Return the choices of applicants of several children, -1 for all others, and the seats they leave."""
    choice = np.full(market.applicants, -1, dtype=np.int64)
    left = np.minimum(market.seats, market.size.sum(dtype=np.int64))
    bundles = np.flatnonzero(market.size > 1)
    for i in bundles[np.argsort(-market.size[bundles], kind="stable")]:
        own = np.arange(market.indptr[i], market.indptr[i + 1])
        roomy = own[left[market.pool[own]] >= market.size[i]]
        if roomy.size:
            choice[i] = roomy[0]
            left[market.pool[roomy[0]]] -= market.size[i]
    return choice, left
