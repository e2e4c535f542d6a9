"""Reforms over many lotteries: who gains and who loses against the first scenario, in pairs of draws of one seed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.district.district import District
from admissions.errors import PolicyError, did_you_mean
from admissions.market import Int64Array
from admissions.policy.policy import Policy
from admissions.records import words_at
from admissions.simulation.blocks import Block, blocks_of, on_executor, on_threads
from admissions.simulation.comparison import NOTHING, UNLISTED
from admissions.simulation.draws import Played, Works, play_draw, tabulate_draw
from admissions.simulation.intervals import exact_interval
from admissions.simulation.laboratory import Laboratory, compile_policy
from admissions.simulation.odds import without_papers
from admissions.simulation.scenarios import Scenario, checked_scenarios
from admissions.simulation.seeds import derived_seed
from admissions.simulation.stopping import Until
from admissions.targets import PLACES, measure_targets

KINDS = ("gained", "lost", "moved")
NORMAL = 1.959964
"""Standard errors on either side of a mean in a 95 % interval (Student 1908: of 30 draws or more)."""
FEWEST = 30


@dataclass(frozen=True, eq=False, repr=False)
class Reforms:
    """What scenarios change, over draws of the same seeds.

    Attributes
    ----------
    draws : int
        How many: 1 to `draws`.
    groups : polars.DataFrame
        Each scenario but the first, and each group: scenario, the group's columns, children, change (``gained``,
        ``lost``, ``moved``), mean number a draw, low and high (95 % interval of the mean; empty below 30 draws).
    children : polars.DataFrame
        Each scenario but the first, and each child: scenario, student_id, change, share of draws, low, high; children
        whom no draw touches are left out.
    targets : polars.DataFrame
        Each scenario but the first, and each target: scenario, name, before and after (means), difference, low, high.
    """

    draws: int
    groups: pl.DataFrame
    children: pl.DataFrame
    targets: pl.DataFrame

    def __repr__(self) -> str:
        return f"Reforms({self.groups['scenario'].n_unique()} against the first scenario, {self.draws:,} draws)"


def compare_scenarios(
    scenarios: Sequence[tuple[str, District, Policy]],
    draws: int = 1000,
    seed: str | None = None,
    by: Sequence[str] = ("stage",),
    workers: int | None = None,
    executor: Executor | None = None,
    tell: Callable[[int, int | None], Any] | None = None,
) -> Reforms:
    """Return who gains and who loses in each scenario against the first, over the same lotteries.

    Parameters
    ----------
    scenarios : sequence of (name, District, Policy)
        Two or more; `read_scenarios` reads them from a file. A child is known by its id in all of them.
    draws : int
        How many lotteries.
    seed : str, optional
        Public text that the seeds of the draws are derived from, the same in every scenario.
    by : sequence of str
        Columns of the first scenario's students whose values make groups.
    workers, executor, tell
        As `simulate` has them.

    Raises
    ------
    PolicyError, DataError, RunError
        As `simulate`; and for a column of `by` that there is not.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> boston = policy.replace({"rounds.primary.mechanism": "immediate_acceptance"})
    >>> compare_scenarios([("today", district, policy), ("Boston", district, boston)], draws=5, seed="s").draws
    5
    """
    worlds = checked_scenarios(scenarios)
    until = Until(draws=draws)
    if not seed and any(world.policy.needs_lottery for world in worlds):
        raise PolicyError("these policies rank by lottery: give a seed, a public text fixed before the draw")
    students = worlds[0].district.students
    if unknown := [name for name in by if name not in students.columns]:
        near = did_you_mean(unknown[0], students.columns)
        raise PolicyError(f"by: no column '{unknown[0]}' in students{near}")
    sent = [Scenario(one.name, without_papers(one.district), one.policy) for one in worlds], seed or "", tuple(by)
    made: Iterator[tuple[Block, _Paired]]
    if executor is None:
        shared = prepare_worlds(sent)
        made = on_threads(lambda block: work_pairs(shared, block), blocks_of(1, until.draws), workers)
    else:
        made = on_executor(executor, prepare_worlds, work_pairs, sent, blocks_of(1, until.draws))
    total: _Paired | None = None
    for _, paired in made:
        total = paired if total is None else total.plus(paired)
        if tell is not None:
            tell(total.draws, until.draws)
    if total is None:
        raise PolicyError("no draws")
    return _tabulate(worlds, by, total)


@dataclass(frozen=True, slots=True, repr=False)
class _World:
    """A scenario compiled, with its students and programmes as the first scenario counts them (-1: not there)."""

    laboratory: Laboratory
    student: Int64Array
    programme: Int64Array


@dataclass(frozen=True, slots=True, repr=False)
class _Paired:
    """Sums over draws, in whole numbers, of each scenario but the first.

    Attributes
    ----------
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

    def plus(self, other: "_Paired") -> "_Paired":
        return _Paired(
            self.draws + other.draws,
            self.children + other.children,
            self.groups + other.groups,
            self.squares + other.squares,
            self.targets + other.targets,
        )


Shared = tuple[list[_World], str, Int64Array, list[str]]


def prepare_worlds(sent: tuple[Sequence[Scenario], str, tuple[str, ...]]) -> Shared:
    """Return what all blocks share: the scenarios compiled, the seed, the group of each child, the common targets."""
    scenarios, seed, by = sent
    first = scenarios[0].district
    worlds = [
        _World(
            compile_policy(one.district, one.policy),
            _places(first.students["student_id"], one.district.students["student_id"]),
            _places(one.district.programmes["programme_id"], first.programmes["programme_id"], others=True),
        )
        for one in scenarios
    ]
    names = [{target.name for target in one.policy.targets} for one in scenarios]
    common = [target.name for target in scenarios[0].policy.targets if all(target.name in own for own in names)]
    return worlds, seed, _group_of(first, by)[0], common


def _places(names: pl.Series, among: pl.Series, others: bool = False) -> Int64Array:
    """Return where each name stands among others; a name that does not is -1, or a number of its own."""
    known = {name: place for place, name in enumerate(among)}
    return np.array(
        [known.get(name, len(known) + place if others else -1) for place, name in enumerate(names)], dtype=np.int64
    )


def _group_of(district: District, by: Sequence[str]) -> tuple[Int64Array, pl.DataFrame]:
    """Return the group of each student, and the groups in order of their values."""
    students = district.students
    if not by:
        return np.zeros(len(students), dtype=np.int64), pl.DataFrame({"children": [len(students)]})
    groups = students.group_by(by).len("children").sort(by).with_row_index("group")
    joined = students.select(by).join(groups, on=by, how="left", nulls_equal=True, maintain_order="left")
    return joined["group"].to_numpy().astype(np.int64), groups.drop("group").cast({"children": pl.Int64})


def work_pairs(shared: Shared, block: Block) -> _Paired:
    """Return the sums of a block of draws."""
    worlds, seed, group, common = shared
    n, groups, others = len(group), int(group.max(initial=-1)) + 1, len(worlds) - 1
    children = np.zeros((others, len(KINDS), n), dtype=np.int64)
    sums, squares = (np.zeros((others, len(KINDS), groups), dtype=np.int64) for _ in range(2))
    targets = np.zeros((others, len(common), 4), dtype=object)
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
    return _Paired(block[1] - block[0] + 1, children, sums, squares, targets)


def _seats(world: _World, rounds: Sequence[Played]) -> tuple[Int64Array, Int64Array]:
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


def _measured(world: _World, rounds: tuple[Played, ...], common: Sequence[str]) -> list[int | None]:
    """Return the value of each common target, in millionths."""
    laboratory = world.laboratory
    if not common:
        return []
    measured = measure_targets(laboratory.policy.targets, laboratory.district, tabulate_draw(laboratory, rounds))
    values = dict(measured.select("name", "value").iter_rows())
    return [None if values[name] is None else int(Fraction(values[name]) * 10**PLACES) for name in common]


def _tabulate(worlds: Sequence[Scenario], by: Sequence[str], total: _Paired) -> Reforms:
    _, named = _group_of(worlds[0].district, by)
    ids = worlds[0].district.students["student_id"]
    common = [t for t in worlds[0].policy.targets if all(t.name in [o.name for o in w.policy.targets] for w in worlds)]
    groups, children, targets = [], [], []
    for s, world in enumerate(worlds[1:]):
        name = pl.lit(world.name).alias("scenario")
        for kind, change in enumerate(KINDS):
            ends = [
                _mean(total.draws, a, b) for a, b in zip(total.groups[s, kind], total.squares[s, kind], strict=True)
            ]
            marks = pl.DataFrame(ends, schema=dict.fromkeys(("mean", "low", "high"), pl.Float64), orient="row")
            groups.append(named.select(name, *named.columns, pl.lit(change).alias("change")).hstack(marks))
            touched = np.flatnonzero(total.children[s, kind])
            counts = total.children[s, kind][touched]
            low, high = exact_interval(counts, total.draws)
            frame = {
                "student_id": ids.gather(touched),
                "change": words_at([change], np.zeros(len(touched), dtype=np.int8)),
            }
            shares = {"share": counts / total.draws, "low": low, "high": high}
            children.append(pl.DataFrame({**frame, **shares}).select(name, *frame, *shares))
        for target, (count, before, after, square) in zip(common, total.targets[s].tolist(), strict=True):
            if count:
                unit = 10**PLACES
                difference = [None if mark is None else mark / unit for mark in _mean(count, after - before, square)]
                targets.append((world.name, target.name, before / count / unit, after / count / unit, *difference))
    schema = {"scenario": pl.String, "name": pl.String}
    marks_of = ("before", "after", "difference", "low", "high")
    return Reforms(
        total.draws,
        pl.concat(groups),
        pl.concat(children).sort("scenario", "student_id", "change", maintain_order=True),
        pl.DataFrame(targets, schema={**schema, **dict.fromkeys(marks_of, pl.Float64)}, orient="row"),
    )


def _mean(draws: int, total: int, squares: int) -> tuple[float, float | None, float | None]:
    """Return a mean a draw with its 95 % interval, from a sum and the sum of the squares."""
    mean = int(total) / draws
    if draws < FEWEST:
        return mean, None, None
    spread = Fraction(int(squares) * draws - int(total) ** 2, draws * (draws - 1))
    error = NORMAL * sqrt(spread / draws)
    return mean, mean - error, mean + error
