"""Draws of several scenarios side by side: which children each changes, counted in whole numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.district.district import District
from admissions.market import Int64Array
from admissions.simulation.blocks import Block
from admissions.simulation.comparison import NOTHING, UNLISTED
from admissions.simulation.drawing import Counted
from admissions.simulation.draws import Played, Works, play_draw, tabulate_draw
from admissions.simulation.intervals import widest_interval
from admissions.simulation.laboratory import Laboratory, compile_policy
from admissions.simulation.scenarios import Scenario
from admissions.simulation.seeds import derived_seed
from admissions.targets import PLACES, measure_targets

KINDS = ("gained", "lost", "moved")
SUMS = 4


@dataclass(frozen=True, slots=True, repr=False)
class Pairs:
    """Sums over draws, in whole numbers, of each scenario but the first.

    Attributes
    ----------
    draws : int
        How many.
    children : (s, 3, n) int64
        Draws in which each child gained, lost, moved.
    groups, squares : (s, 3, g) int64
        Children of each group that did, and their squares draw by draw.
    targets : (s, t, 4) object
        Of each target in millionths: draws, before, after, and the squares of the differences, as whole numbers.
    """

    draws: int
    children: Int64Array
    groups: Int64Array
    squares: Int64Array
    targets: npt.NDArray[np.object_]

    @classmethod
    def none(cls, others: int, group: Int64Array, targets: int) -> "Pairs":
        """Return the sums of no draws, of scenarios beside the first, children of groups, (n,) int64, and targets."""
        groups = int(group.max(initial=-1)) + 1
        children = np.zeros((others, len(KINDS), len(group)), dtype=np.int64)
        sums, squares = (np.zeros((others, len(KINDS), groups), dtype=np.int64) for _ in range(2))
        return cls(0, children, sums, squares, np.zeros((others, targets, SUMS), dtype=object))

    def plus(self, other: "Pairs") -> "Pairs":
        """Return these sums and those of other draws together."""
        children, groups, squares = (a + b for a, b in zip(self.arrays(), other.arrays(), strict=True))
        return Pairs(self.draws + other.draws, children, groups, squares, self.targets + other.targets)

    def arrays(self) -> tuple[Int64Array, ...]:
        """Return the sums over children."""
        return self.children, self.groups, self.squares

    def others(self) -> list[Any]:
        """Return the sums of the targets, of any size."""
        return list(self.targets.tolist())

    def restored(self, draws: int, arrays: Sequence[Counted], others: list[Any]) -> "Pairs":
        """Return the sums of which `arrays` and `others` once returned these."""
        children, groups, squares = arrays
        return Pairs(draws, children, groups, squares, np.array(others, dtype=object).reshape(self.targets.shape))

    def widest(self) -> float:
        """Return the width of the widest interval of the share of draws in which a change touches a child."""
        return widest_interval(self.children.ravel(), self.draws)


@dataclass(frozen=True, slots=True, repr=False)
class World:
    """A scenario compiled, with its students and programmes as the first scenario counts them (-1: not there)."""

    laboratory: Laboratory
    student: Int64Array
    programme: Int64Array


Shared = tuple[list[World], str, Int64Array, list[str]]


def prepare_worlds(sent: tuple[Sequence[Scenario], str, tuple[str, ...]]) -> Shared:
    """Return what all blocks share: the scenarios compiled, the seed, the group of each child, the common targets."""
    scenarios, seed, by = sent
    first = scenarios[0].district
    worlds = [
        World(
            compile_policy(one.district, one.policy),
            _places(first.students["student_id"], one.district.students["student_id"]),
            _places(one.district.programmes["programme_id"], first.programmes["programme_id"], others=True),
        )
        for one in scenarios
    ]
    return worlds, seed, group_students(first, by)[0], list(common_targets(scenarios))


def common_targets(scenarios: Sequence[Scenario]) -> tuple[str, ...]:
    """Return the names of the targets that every scenario has, in order of the first."""
    names = [{target.name for target in one.policy.targets} for one in scenarios]
    return tuple(target.name for target in scenarios[0].policy.targets if all(target.name in own for own in names))


def _places(names: pl.Series, among: pl.Series, others: bool = False) -> Int64Array:
    """Return where each name stands among others; a name that does not is -1, or a number of its own."""
    known = {name: place for place, name in enumerate(among)}
    return np.array(
        [known.get(name, len(known) + place if others else -1) for place, name in enumerate(names)], dtype=np.int64
    )


def group_students(district: District, by: Sequence[str]) -> tuple[Int64Array, pl.DataFrame]:
    """Return the group of each student, and the groups in order of their values."""
    students = district.students
    if not by:
        return np.zeros(len(students), dtype=np.int64), pl.DataFrame({"children": [len(students)]})
    groups = students.group_by(by).len("children").sort(by).with_row_index("group")
    joined = students.select(by).join(groups, on=by, how="left", nulls_equal=True, maintain_order="left")
    return joined["group"].to_numpy().astype(np.int64), groups.drop("group").cast({"children": pl.Int64})


def work_pairs(shared: Shared, block: Block) -> Pairs:
    """Return the sums of a block of draws."""
    worlds, seed, group, common = shared
    total = Pairs.none(len(worlds) - 1, group, len(common))
    children, sums, squares, targets = *total.arrays(), total.targets
    groups, others = sums.shape[-1], len(worlds) - 1
    works: list[Works] = [{} for _ in worlds]
    for number in range(block[0], block[1] + 1):
        own = derived_seed(seed, number)
        drawn = [play_draw(w.laboratory, own, kept) for w, kept in zip(worlds, works, strict=True)]
        seats = [_seats(world, rounds) for world, rounds in zip(worlds, drawn, strict=True)]
        measured = [_measured(world, rounds, common) for world, rounds in zip(worlds, drawn, strict=True)]
        for s in range(others):
            for kind, touched in enumerate(_changes(seats[0], seats[s + 1])):
                children[s, kind] += touched
                count = np.bincount(group[touched], minlength=groups)
                sums[s, kind] += count
                squares[s, kind] += count * count
            for t, (before, after) in enumerate(zip(measured[0], measured[s + 1], strict=True)):
                if before is not None and after is not None:
                    targets[s, t] += np.array([1, before, after, (after - before) ** 2], dtype=object)
    return replace(total, draws=block[1] - block[0] + 1)


def _seats(world: World, rounds: Sequence[Played]) -> tuple[Int64Array, Int64Array]:
    """Return the programme each child of the first scenario has, and how the family values it; -1 where it is not."""
    n = len(world.laboratory.district.students)
    programme, value = np.full(n, -1, dtype=np.int64), np.full(n, NOTHING, dtype=np.int64)
    for played in rounds:
        placed = played.placements
        if placed is not None:
            now = placed.programme >= 0
            programme[now] = world.programme[placed.programme[now]]
            value[now] = np.where(placed.choice_rank[now] >= 0, placed.choice_rank[now], UNLISTED)
    here = world.student >= 0
    return np.where(here, programme[world.student], -1), np.where(here, value[world.student], -1)


def _changes(
    before: tuple[Int64Array, Int64Array], after: tuple[Int64Array, Int64Array]
) -> tuple[npt.NDArray[np.bool_], ...]:
    """Return who gained, lost, and moved."""
    there = after[1] >= 0
    same = after[1] == before[1]
    moved = there & same & (after[0] != before[0])
    return there & (after[1] < before[1]), there & (after[1] > before[1]), moved


def _measured(world: World, rounds: tuple[Played, ...], common: Sequence[str]) -> list[int | None]:
    """Return the value of each common target, in millionths."""
    laboratory = world.laboratory
    if not common:
        return []
    measured = measure_targets(laboratory.policy.targets, laboratory.district, tabulate_draw(laboratory, rounds))
    values = dict(measured.select("name", "value").iter_rows())
    return [None if values[name] is None else int(Fraction(values[name]) * 10**PLACES) for name in common]
