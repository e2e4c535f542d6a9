"""Minimum-cost flow from nodes to programmes through OR-Tools, and the prices that prove it."""

import numpy as np
from ortools.graph.python import min_cost_flow

from admissions.errors import MarketError
from admissions.market import BoolArray, Int64Array

NEVER = np.int64(1) << 60
"""Cost of what is not allowed; no arc is made for it."""


def solve_flow(cost: Int64Array, supply: Int64Array, seats: Int64Array) -> Int64Array:
    """Return a flow of least cost that sends all supply, (v, s) int64.

    Parameters
    ----------
    cost : (v, s) int64
        Cost a unit, `NEVER` where there is no arc. Some column has room for everybody.
    supply : (v,) int64
        Units of each node.
    seats : (s,) int64
        Room of each column.

    Examples
    --------
    >>> solve_flow(np.array([[1, 9], [2, 9]]), np.array([1, 1]), np.array([1, 5])).tolist()
    [[1, 0], [0, 1]]
    """
    nodes, columns = cost.shape
    tail, head = np.nonzero((cost < NEVER) & (supply[:, None] > 0) & (seats[None, :] > 0))
    solver = min_cost_flow.SimpleMinCostFlow()
    capacity = np.minimum(supply[tail], seats[head])
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        tail.astype(np.int32), (nodes + head).astype(np.int32), capacity, cost[tail, head]
    )
    solver.set_nodes_supplies(np.arange(nodes, dtype=np.int32), supply)
    solver.set_nodes_supplies(np.arange(nodes, nodes + columns, dtype=np.int32), -seats)
    status = solver.solve_max_flow_with_min_cost()
    if status != solver.OPTIMAL:
        raise MarketError(f"coordinated placement: the flow has no optimal answer ({status})")
    flow = np.zeros(cost.shape, dtype=np.int64)
    flow[tail, head] = solver.flows(arcs)
    return flow


def prices(cost: Int64Array, flow: Int64Array, seats: Int64Array) -> Int64Array:
    """Return the price of a seat of each column, (s,) int64: 0 where one is left, `NEVER` where there is none at all.

    A unit of every node goes where cost plus price is least: what makes the flow one of least cost.

    Parameters
    ----------
    cost, flow, seats
        As of `solve_flow`.

    Examples
    --------
    >>> cost, seats = np.array([[1, 9], [2, 9]]), np.array([1, 5])
    >>> prices(cost, solve_flow(cost, np.array([1, 1]), seats), seats).tolist()
    [8, 0]
    """
    moving = np.full((len(seats), len(seats)), NEVER)
    for column in range(len(seats)):
        users = np.flatnonzero(flow[:, column])
        if users.size:
            gain = np.where(cost[users] < NEVER, cost[users] - cost[users, column][:, None], NEVER)
            moving[column] = gain.min(axis=0)
    price = np.where(flow.sum(axis=0) < seats, 0, NEVER)
    for _ in range(len(seats)):
        least = np.minimum(price, (moving + price[None, :]).min(axis=1))
        if (least == price).all():
            break
        price = least
    return np.minimum(price, NEVER)


def tight_arcs(cost: Int64Array, price: Int64Array) -> BoolArray:
    """Return the arcs that an optimal flow may use, (v, s) bool."""
    total = np.where((cost < NEVER) & (price < NEVER), cost + np.minimum(price, NEVER - 1), NEVER)
    return total == total.min(axis=1, keepdims=True)
