"""Which groups are too small to be published, and which more must be withheld so that nobody works those out.

A count of four children can be told from the total where every other group is there, or from a town where its other
zones are. So what is left of a known number after the groups inside it are taken off is looked at, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.market import BoolArray, Int64Array

FEWEST = 5
"""Children of the smallest group that is published."""


def withheld_groups(groupings: Sequence[Int64Array], counted: BoolArray) -> list[BoolArray]:
    """Return for all children together, and then for each grouping, which groups must not be published.

    Parameters
    ----------
    groupings : sequence of (n,) int64
        Group of each child, 0 or more and none left out; one array a grouping.
    counted : (n,) bool
        Whom the measure counts.

    Returns
    -------
    list of bool arrays
        First one value for all children, then one a group of each grouping.

    Notes
    -----
    Withheld are groups of one to four children, whomever the measure counts, and groups in which it counts one to four;
    and, the smallest first, as many more as it takes until no number known, less the published groups of one grouping
    that lie wholly inside it, leaves one to four children or exactly one withheld group of any. Known are all children
    together, each published group, and what all withheld groups of one grouping hold together. Sums over groups of
    several groupings at once are not followed.

    Examples
    --------
    >>> [hidden.tolist() for hidden in withheld_groups([np.repeat([0, 1, 2], [9, 6, 3])], np.ones(18, bool))]
    [[False], [False, True, True]]
    """
    names = [f"grouping {place}" for place in range(len(groupings))]
    frame = pl.DataFrame({**dict(zip(names, groupings, strict=True)), "counted": counted})
    sums = (pl.len().cast(pl.Int64).alias("children"), pl.col("counted").cast(pl.Int64).sum())
    cells = frame.group_by(names).agg(*sums).sort(names)
    parts = [*(cells[name].to_numpy() for name in names), np.zeros(len(cells), dtype=np.int64)]
    everybody = cells["children"].to_numpy()
    nobody_yet = [np.zeros(int(part.max(initial=0)) + 1, dtype=np.bool_) for part in parts]
    small = _withheld(parts, everybody, everybody, nobody_yet)
    hidden = _withheld(parts, everybody, cells["counted"].to_numpy(), small)
    return [hidden[-1], *hidden[:-1]]


def withheld_cells(table: Int64Array) -> BoolArray:
    """Return which numbers of a table of children, and which of its sums, must not be published.

    Parameters
    ----------
    table : (g, k) int64
        Children of each group, of one kind each.

    Returns
    -------
    (g + 1, k + 1) bool
        The table with its sums last: of each group, of each kind, and of all.

    Notes
    -----
    Withheld is what `withheld_groups` withholds of groups, kinds and both at once. Then, as long as some number from
    one to four follows from all that is published together, the smallest other number of its group goes, too, or of
    its kind. A withheld number follows from the sums of its rows and columns exactly if it is a bridge of the graph
    whose edges are the withheld numbers, from their rows to their columns (Gusfield 1988).

    Examples
    --------
    >>> withheld_cells(np.array([[10, 0, 20], [3, 6, 9]])).tolist()
    [[False, False, False, False], [True, True, False, False], [True, True, False, False]]
    """
    groups, kinds = table.shape
    hidden = np.zeros((groups + 1, kinds + 1), dtype=np.bool_)
    if not table.any():
        return hidden
    cell = np.repeat(np.arange(table.size), table.ravel())
    everybody = np.ones(len(cell), dtype=np.bool_)
    whole, group, kind, cells = withheld_groups([cell // kinds, cell % kinds, cell], everybody)
    hidden[: len(group), kinds], hidden[groups, : len(kind)], hidden[groups, kinds] = group, kind, whole[0]
    inner = np.zeros(table.size, dtype=np.bool_)
    inner[: len(cells)] = cells
    hidden[:groups, :kinds] = inner.reshape(groups, kinds)
    sums = np.block([[table, table.sum(axis=1, keepdims=True)], [table.sum(axis=0), table.sum()]])
    while len(exposed := _following(sums, hidden)):
        for row in np.unique(exposed[:, 0]):
            column = int(exposed[exposed[:, 0] == row][0, 1])
            if not _hide_smallest(sums[row], hidden[row]) and not _hide_smallest(sums[:, column], hidden[:, column]):
                return np.ones_like(hidden)
    return hidden


def _following(sums: Int64Array, hidden: BoolArray) -> Int64Array:
    """Return the withheld numbers from one to four that follow from what is published, (f, 2)."""
    import networkx

    graph = networkx.Graph()
    graph.add_edges_from((("row", row), ("column", column)) for row, column in np.argwhere(hidden).tolist())
    ends = (sorted(bridge, reverse=True) for bridge in networkx.bridges(graph))
    pairs = sorted((row, column) for (_, row), (_, column) in ends if 0 < sums[row, column] < FEWEST)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _hide_smallest(sums: Int64Array, hidden: BoolArray) -> bool:
    """Withhold the smallest number that is published, zeros last, and return whether there was one."""
    shown = np.flatnonzero(~hidden)
    if len(shown):
        hidden[shown[np.lexsort((sums[shown], sums[shown] == 0))[0]]] = True
    return len(shown) > 0


def _withheld(
    parts: Sequence[Int64Array], children: Int64Array, counted: Int64Array, hidden: Sequence[BoolArray]
) -> list[BoolArray]:
    """Return the groups to withhold, given some that are withheld anyway."""
    sizes, numbers = ([_by_group(part, amount) for part in parts] for amount in (children, counted))
    hidden = [away | ((number > 0) & (number < FEWEST)) for number, away in zip(numbers, hidden, strict=True)]
    table = _Table(parts, children, counted, sizes, hidden)
    while (exposing := table.first_exposing()) is not None:
        grouping, group = exposing
        hidden[grouping][group] = True
    return hidden


def _by_group(part: Int64Array, amount: Int64Array) -> Int64Array:
    return np.bincount(part, weights=amount).astype(np.int64)


@dataclass(frozen=True, slots=True)
class _Table:
    """Children by the groups of every grouping at once; the last grouping is all of them together.

    Attributes
    ----------
    parts : sequence of (c,) int64
        Group of each cell, one array a grouping.
    children, counted : (c,) int64
        Children of each cell, and how many of them the measure counts.
    sizes, hidden
        Children of each group, and whether it is withheld; one array a grouping.
    """

    parts: Sequence[Int64Array]
    children: Int64Array
    counted: Int64Array
    sizes: Sequence[Int64Array]
    hidden: Sequence[BoolArray]

    def first_exposing(self) -> tuple[int, int] | None:
        """Return grouping and group to withhold because some number known tells too much; all children come last."""
        groupings = range(len(self.parts) - 1)
        for outer in range(len(self.parts)):
            for inner in groupings:
                if inner != outer and (exposing := self._exposing(outer, inner)) is not None:
                    return exposing
        return None

    def _exposing(self, outer: int, inner: int) -> tuple[int, int] | None:
        """Return what to withhold because groups of one grouping, taken off a number of another, leave too little."""
        pooled = len(self.sizes[outer])
        number = np.where(self.hidden[outer][self.parts[outer]], pooled, self.parts[outer])
        pair, place = np.unique(number * len(self.sizes[inner]) + self.parts[inner], return_inverse=True)
        whole = (_by_group(place, self.children) == self.sizes[inner][pair % len(self.sizes[inner])])[place]
        inside = whole & ~self.hidden[inner][self.parts[inner]]
        taken_off = np.bincount(number[inside], minlength=pooled + 1) > 0
        left = np.bincount(number[~inside], weights=self.counted[~inside], minlength=pooled + 1)
        too_few = taken_off & (left > 0) & (left < FEWEST)
        for exposed in np.flatnonzero(too_few | self._secret(outer, number, ~inside)):
            here = np.unique(self.parts[inner][inside & (number == exposed)])
            if len(here):
                return inner, _smallest(self.sizes[inner], here)
            if exposed < pooled and outer < len(self.parts) - 1:
                return outer, int(exposed)
            if exposed == pooled and len(rest := np.flatnonzero(~self.hidden[outer] & (self.sizes[outer] > 0))):
                return outer, _smallest(self.sizes[outer], rest)
        return None

    def _secret(self, outer: int, number: Int64Array, left: BoolArray) -> BoolArray:
        """Return of which numbers of a grouping exactly one withheld group of another is left."""
        pooled = len(self.sizes[outer])
        secret = np.zeros(pooled + 1, dtype=np.bool_)
        for other in range(len(self.parts) - 1):
            if other == outer:
                continue
            part, size, hidden = self.parts[other], self.sizes[other], self.hidden[other]
            pair, place = np.unique(number[left] * len(size) + part[left], return_inverse=True)
            of_number, group = pair // len(size), pair % len(size)
            alone = np.bincount(of_number, minlength=pooled + 1)[of_number] == 1
            same = hidden[group] & (_by_group(place, self.children[left]) == size[group])
            secret[of_number[alone & same]] = True
        return secret


def _smallest(size: Int64Array, groups: Int64Array) -> int:
    return int(groups[np.argmin(size[groups])])
