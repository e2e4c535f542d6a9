"""The one optimal flow in which applicants, in order, have the best programme they can."""

from itertools import pairwise

import networkx as nx
import numpy as np

from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.solvers.flows import prices, tight_arcs


class Rerouting:
    """An optimal flow whose units are handed out one by one, rerouted at no cost where that serves who is in turn.

    A unit moves from column to column along tight arcs; a place after the last column stands for the seats left, which
    a unit may take up, and give back where a seat has no price. What cannot be rerouted once can never be: every unit
    handed out leaves fewer ways.

    Parameters
    ----------
    cost, flow : (v, s) int64
        An optimal flow of `solve_flow`, and its costs.
    seats : (s,) int64
        Room of each column.
    """

    def __init__(self, cost: Int64Array, flow: Int64Array, seats: Int64Array) -> None:
        price = prices(cost, flow, seats)
        self.free = flow.copy()
        self.spare = seats - flow.sum(axis=0)
        self.tight: BoolArray = tight_arcs(cost, price)
        self.pile = len(seats)
        self.moves = np.zeros((self.pile + 1, self.pile + 1), dtype=np.bool_)
        self.moves[self.pile, :-1] = price == 0
        for column in range(self.pile):
            self._find_moves(column)
        self.options = [self._best_first(cost[node], node) for node in range(len(cost))]
        self.group = self._groups()

    def assign(self, nodes: Int32Array) -> Int32Array:
        """Return the column of each applicant, (m,) int32, given their nodes in the order of applicants."""
        given = np.empty(len(nodes), dtype=np.int32)
        for turn, node in enumerate(nodes.tolist()):
            options = self.options[node]
            while not (self.free[node, options[0]] or self._reroute(node, options[0])):
                del options[0]
            given[turn] = options[0]
            self.free[node, options[0]] -= 1
        return given

    def _best_first(self, cost: Int64Array, node: int) -> list[int]:
        columns = np.flatnonzero(self.tight[node])
        best: list[int] = columns[np.argsort(cost[columns], kind="stable")].tolist()
        return best

    def _find_moves(self, at: int) -> None:
        """Note where a unit that is still free at a column may go on to at no cost."""
        self.moves[at, :-1] = self.tight[self.free[:, at] > 0].any(axis=0)
        self.moves[at, self.pile] = self.spare[at] > 0

    def _groups(self) -> Int64Array:
        """Return a label a column; what can be rerouted at all stays among columns of one label."""
        label = np.empty(self.pile + 1, dtype=np.int64)
        graph = nx.from_numpy_array(self.moves, create_using=nx.DiGraph)
        for name, members in enumerate(nx.strongly_connected_components(graph)):
            label[list(members)] = name
        return label

    def _reroute(self, node: int, column: int) -> bool:
        """Make one unit of a node free at a column by a cycle of moves at no cost; say whether it could be.

        Moves noted are looked at first; where a step of the way is noted but gone, its column is looked at anew.
        """
        inside = self.group == self.group[column]
        held = np.append(self.free[node] > 0, False) & inside
        while held.any():
            way = self._way(column, held, inside)
            if not way:
                return False
            movers = [self._mover(at, to) for at, to in pairwise(way)]
            if all(mover is not None for mover in movers):
                self._push(way, movers)
                self._shift(node, way[-1], column)
                return True
            for at, mover in zip(way, movers, strict=False):
                if mover is None:
                    self._find_moves(at)
        return False

    def _way(self, column: int, held: BoolArray, inside: BoolArray) -> list[int]:
        """Return a shortest way of moves noted from a column to one of those held, or nothing."""
        levels = [np.arange(self.pile + 1) == column]
        seen = ~inside | levels[0]
        while not (levels[-1] & held).any():
            after = self.moves[levels[-1]].any(axis=0) & ~seen
            if not after.any():
                return []
            seen |= after
            levels.append(after)
        way = [int((levels[-1] & held).argmax())]
        for level in reversed(levels[:-1]):
            way.append(int((level & self.moves[:, way[-1]]).argmax()))
        return way[::-1]

    def _mover(self, at: int, to: int) -> int | None:
        """Return a node with a unit free to move, the place after the nodes for a seat left, or None."""
        if at == self.pile:
            return len(self.free)
        if to == self.pile:
            return len(self.free) if self.spare[at] > 0 else None
        movers = (self.free[:, at] > 0) & self.tight[:, to]
        return int(movers.argmax()) if movers.any() else None

    def _push(self, way: list[int], movers: list[int | None]) -> None:
        """Move one unit along each step of a way."""
        for (at, to), mover in zip(pairwise(way), movers, strict=True):
            if to == self.pile:
                self.spare[at] -= 1
            elif at == self.pile:
                self.spare[to] += 1
                self.moves[to, self.pile] = True
            elif mover is not None:
                self._shift(mover, at, to)

    def _shift(self, node: int, at: int, to: int) -> None:
        self.free[node, at] -= 1
        self.free[node, to] += 1
        self.moves[to, :-1] |= self.tight[node]
