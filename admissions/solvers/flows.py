"""Minimum-cost flow from rows to columns through OR-Tools, and the prices that prove it to be the least.

A balanced transport: the rows' supply fills the columns' room exactly. The last row may fill any column and the last
column takes any row, so there always is a flow.
"""

import numpy as np
from ortools.graph.python import min_cost_flow

from admissions.errors import MarketError
from admissions.market import BoolArray, Int64Array

NEVER = np.int64(1) << 61
"""Cost of what is not allowed; no arc is made for it."""

NEAREST = 20


def solve_flow(cost: Int64Array, supply: Int64Array, room: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return a flow of least cost, (v, s) int64, and its prices, (s,) int64.

    Begins with each row's cheapest columns and adds those that the prices show to be missing until there are none
    (Ahuja, Magnanti and Orlin 1993, section 9.4 for the proof by prices): a hundredth of the arcs gives the same cost.

    Parameters
    ----------
    cost : (v, s) int64
        Cost a unit, `NEVER` where there is no arc; the last row and the last column are allowed throughout.
    supply : (v,) int64
        Units of each row.
    room : (s,) int64
        Units of each column; as many in all as the supply. The last row and column can exchange everything.

    Raises
    ------
    MarketError
        If the solver finds the costs beyond what it can add up in 64 bits.

    Examples
    --------
    >>> cost = np.array([[1, 5, 90], [2, 9, 90], [0, 0, 0]])
    >>> flow, price = solve_flow(cost, supply=np.array([1, 1, 2]), room=np.array([1, 1, 2]))
    >>> flow.tolist()
    [[0, 1, 0], [1, 0, 0], [0, 0, 2]]
    """
    inside = _cheapest(cost)
    while True:
        row, column = np.nonzero(inside)
        flow = np.zeros(cost.shape, dtype=np.int64)
        flow[row, column] = _solve(row, column, cost[row, column], supply, room)
        price = prices(np.where(inside, cost, NEVER), flow)
        total = cost + price
        missing = total < np.where(inside, total, NEVER).min(axis=1, keepdims=True)
        if not missing.any():
            return flow, price
        inside |= missing


def moving_costs(cost: Int64Array, flow: Int64Array) -> Int64Array:
    """Return what it costs at least to move a unit from a column to another, (s, s) int64.

    `NEVER` or nearly so where no unit can move; below 0 where the move saves.
    """
    columns = cost.shape[1]
    column, row = np.nonzero(flow.T)
    ends = np.searchsorted(column, np.arange(columns + 1))
    least = np.full((columns, columns), NEVER)
    for c in range(columns):
        users = row[ends[c] : ends[c + 1]]
        if users.size:
            least[c] = (cost[users] - cost[users, c][:, None]).min(axis=0)
    return least


def prices(cost: Int64Array, flow: Int64Array) -> Int64Array:
    """Return prices that prove a flow of least cost, (s,) int64: no row has a unit where cost and price are not least.

    Examples
    --------
    >>> prices(np.array([[1, 5, 90], [2, 9, 90], [0, 0, 0]]), np.array([[0, 1, 0], [1, 0, 0], [0, 0, 2]])).tolist()
    [0, -4, -4]
    """
    moving = moving_costs(cost, flow)
    price = np.zeros(len(moving), dtype=np.int64)
    while True:
        least = np.minimum(price, (moving + price).min(axis=1))
        if (least == price).all():
            return price
        price = least


def _cheapest(cost: Int64Array) -> BoolArray:
    """Return the arcs to begin with: the cheapest of each row, the last row and the last column."""
    inside = np.zeros(cost.shape, dtype=np.bool_)
    few = min(NEAREST, cost.shape[1])
    np.put_along_axis(inside, np.argpartition(cost, few - 1, axis=1)[:, :few], values=True, axis=1)
    inside[-1], inside[:, -1] = True, True
    return inside & (cost < NEVER)


def _solve(row: Int64Array, column: Int64Array, cost: Int64Array, supply: Int64Array, room: Int64Array) -> Int64Array:
    rows, columns = len(supply), len(room)
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        row.astype(np.int32), (rows + column).astype(np.int32), np.minimum(supply[row], room[column]), cost
    )
    solver.set_nodes_supplies(np.arange(rows + columns, dtype=np.int32), np.concatenate([supply, -room]))
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise MarketError(f"coordinated placement: the solver gives no optimal flow for these costs ({status.name})")
    flows: Int64Array = solver.flows(arcs)
    return flows
