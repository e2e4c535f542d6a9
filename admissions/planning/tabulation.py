"""The courses of a projection as tables: the middle, how far it may go, how likely a limit is passed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from admissions.district.schema import STAGES
from admissions.market import BoolArray, Int64Array
from admissions.planning.assumptions import FIRST, GRADES, LAST
from admissions.planning.courses import DIVERTED, ENTRY, FLOWS, ONWARD, OTHERS, Course
from admissions.planning.outset import UNKNOWN, Outset
from admissions.simulation.intervals import exact_interval

LOW, HIGH = (1, 20), (19, 20)
"""Shares of the courses at or below the ends of what is told."""
STAGE_OF = [stage for stage in STAGES for _ in range(FIRST[stage], LAST[stage] + 1)]
WAYS = ("as vocational", "as moved out of general", "as general")
"""How the diverted may be counted: in vocational stock; also as moved there out of general stock; in general stock."""


@dataclass(frozen=True, slots=True, repr=False)
class Courses:
    """All courses of a projection, one after the other; flows are summed.

    Attributes
    ----------
    rolls : (D, Y + 1, 2, S, 12) int32
    flows : (6, Y + 1, S, 12) int64
    entry : (D, Y, 3, 3) int64
    onward : (D, Y, 2, 4) int64
    """

    rolls: np.ndarray
    flows: Int64Array
    entry: Int64Array
    onward: Int64Array

    @classmethod
    def of(cls, courses: Sequence[Course]) -> "Courses":
        """Return courses in their order."""
        rolls, entry, onward = (np.stack([getattr(c, name) for c in courses]) for name in ("rolls", "entry", "onward"))
        return cls(rolls, np.sum([course.flows for course in courses], axis=0), entry, onward)


class Marks(NamedTuple):
    """Mean of numbers over the courses, and the marks at or below which 5 %, half and 95 % of the courses lie."""

    mean: np.ndarray
    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def marks_of(values: np.ndarray) -> Marks:
    """Return the marks of numbers along their first axis, the courses; none in between is made up.

    Examples
    --------
    >>> [float(mark) for mark in marks_of(np.arange(1, 101))]
    [50.5, 5.0, 50.0, 95.0]
    """
    ordered, draws = np.sort(values, axis=0), len(values)
    places = [max(-(-draws * top // bottom), 1) - 1 for top, bottom in (LOW, (1, 2), HIGH)]
    return Marks(values.mean(axis=0), *(ordered[place] for place in places))


def classes_needed(children: np.ndarray, cap: Int64Array) -> np.ndarray:
    """Return the classes that children fill, none above the cap; -1 where nobody states one.

    Examples
    --------
    >>> classes_needed(np.array([0, 45, 46, 91]), np.array([45])).tolist()
    [0, 1, 2, 3]
    """
    return np.where(cap > 0, -(-children // np.maximum(cap, 1)), UNKNOWN)


def largest_class(children: np.ndarray, classes: Int64Array) -> np.ndarray:
    """Return the children of the largest class, as even as they divide; -1 where the classes are not known or none.

    Examples
    --------
    >>> largest_class(np.array([90, 91]), np.array([2])).tolist()
    [45, 46]
    """
    return np.where(classes > 0, -(-children // np.maximum(classes, 1)), UNKNOWN)


def tabulate_enrolment(outset: Outset, courses: Courses) -> pl.DataFrame:
    """Return each year, school and grade that has children or classes."""
    children = courses.rolls[:, 1:].sum(axis=2, dtype=np.int64)
    year, school, grade = np.nonzero(children.any(axis=0) | (outset.classes > 0))
    marks = Marks(*(mark[year, school, grade] for mark in marks_of(children)))
    classes, cap = outset.classes[year, school, grade], outset.cap[school, grade]
    size = largest_class(marks.median, classes)
    return pl.DataFrame(
        {
            "year": np.array(outset.years)[year],
            "school_id": pl.Series(outset.schools, dtype=pl.String).gather(school),
            "stage": pl.Series(STAGE_OF).gather(grade),
            "grade": grade + 1,
            **_marks("", marks),
            "classes": _known(classes),
            "class_size": _known(size),
            "level": _levels(outset, size, cap),
            "classes_needed": _known(classes_needed(marks.median, cap)),
            "classes_needed_high": _known(classes_needed(marks.high, cap)),
        }
    )


def _levels(outset: Outset, size: Int64Array, cap: Int64Array) -> pl.Series:
    """Return the name of the highest limit each class size passes; empty where it passes none."""
    names = [name for name, _ in limits_of(outset)]
    passed = [np.where(least > 0, size >= least, False) for least in (np.where(cap > 0, cap + 1, 0),
              *(np.full_like(cap, least) for _, least in limits_of(outset)[1:]))]  # fmt: skip
    place = np.stack(passed).sum(axis=0) - 1
    return pl.Series(names, dtype=pl.String).gather(pl.Series(place).set(pl.Series(place < 0), None))


def limits_of(outset: Outset) -> tuple[tuple[str, int], ...]:
    """Return the limits of a class, lowest first, and how many children pass each; the cap is each school's own."""
    limits = outset.assumptions.stated.class_limits
    return (("above the cap", UNKNOWN), ("large", limits.large), ("super-large", limits.super_large))


def tabulate_crossings(outset: Outset, courses: Courses, drawn: bool) -> pl.DataFrame:
    """Return each school, grade and limit of a class that any course passes, year by year, with its odds."""
    children = courses.rolls[:, 1:].sum(axis=2, dtype=np.int64)
    size, draws = largest_class(children, outset.classes), len(children)
    rows = []
    for name, least in limits_of(outset):
        bound = np.where(outset.cap > 0, outset.cap + 1, np.iinfo(np.int64).max) if least == UNKNOWN else least
        passed = size >= bound
        first = passed & (np.cumsum(passed, axis=1) == 1)
        for school, grade in zip(*np.nonzero(passed.any(axis=(0, 1))), strict=True):
            odds, new = (mask[:, :, school, grade].sum(axis=0) for mask in (passed, first))
            pupils = int(bound if least != UNKNOWN else outset.cap[school, grade] + 1)
            low, high = _interval(odds, draws, drawn)
            for place in np.flatnonzero(odds).tolist():
                rows.append(
                    (outset.schools[school], STAGE_OF[grade], int(grade) + 1, name, pupils, outset.years[place],
                     int(odds[place]) / draws, low[place], high[place], int(new[place]) / draws)
                )  # fmt: skip
    words, numbers = ("school_id", "stage", "grade", "limit", "pupils", "year"), ("odds", "low", "high", "first")
    types = [pl.String, pl.String, pl.Int64, pl.String, pl.Int64, pl.Int64]
    schema = {**dict(zip(words, types, strict=True)), **dict.fromkeys(numbers, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("school_id", "grade", "pupils", "year")


def _interval(counts: Int64Array, draws: int, drawn: bool) -> tuple[list[float | None], list[float | None]]:
    """Return the 95 % interval of shares of the draws; none where nothing was drawn."""
    if not drawn:
        return [None] * len(counts), [None] * len(counts)
    low, high = exact_interval(counts, draws)
    return low.tolist(), high.tolist()


def tabulate_stages(outset: Outset, courses: Courses) -> pl.DataFrame:
    """Return each year and stage: children, classes, classes needed, and classes that are large."""
    children = courses.rolls[:, 1:].sum(axis=2, dtype=np.int64)
    need = np.maximum(classes_needed(children, outset.cap), 0)
    large = _large_classes(children, outset.classes, outset.assumptions.stated.class_limits.large)
    frames = []
    for stage in outset.stages:
        grades = slice(FIRST[stage], LAST[stage] + 1)
        totals = {name: marks_of(one[:, :, :, grades].sum(axis=(2, 3)))
                  for name, one in (("", children), ("needed", need), ("large", large))}  # fmt: skip
        classes, known = outset.classes[:, :, grades], (outset.cap[:, grades] > 0).any()
        frames.append(
            pl.DataFrame(
                {
                    "year": outset.years,
                    "stage": [stage] * len(outset.years),
                    **_marks("", totals[""]),
                    "classes": np.maximum(classes, 0).sum(axis=(1, 2)),
                    "classes_needed": _known(np.where(known, totals["needed"].median, UNKNOWN)),
                    "classes_needed_high": _known(np.where(known, totals["needed"].high, UNKNOWN)),
                    "large_classes": totals["large"].median,
                    "large_classes_high": totals["large"].high,
                }
            )
        )
    return pl.concat(frames)


def _large_classes(children: np.ndarray, classes: Int64Array, least: int) -> np.ndarray:
    """Return how many classes of each grade have so many children or more, as even as they divide."""
    known = np.maximum(classes, 1)
    base, more = children // known, children % known
    return np.where(classes > 0, np.where(base >= least, known, np.where(base + 1 >= least, more, 0)), 0)


def tabulate_entry(outset: Outset, courses: Courses, drawn: bool) -> pl.DataFrame:
    """Return each intake: applicants, seats, who the policy's rounds leave without one, and the odds of any."""
    frames = []
    for code, stage in enumerate(STAGES):
        if stage not in outset.stages:
            continue
        entry = courses.entry[:, :, code]
        without = entry[:, :, ENTRY.index("without_seat")]
        any_left = (without > 0).sum(axis=0)
        low, high = _interval(any_left, len(without), drawn)
        frames.append(
            pl.DataFrame(
                {
                    "year": outset.years,
                    "stage": [stage] * len(outset.years),
                    "seats": np.maximum(outset.seats[:, :, code], 0).sum(axis=1),
                    **_marks("applicants", marks_of(entry[:, :, ENTRY.index("applicants")])),
                    **_marks("without_seat", marks_of(without)),
                    "odds": any_left / len(without),
                    "odds_low": pl.Series(low, dtype=pl.Float64),
                    "odds_high": pl.Series(high, dtype=pl.Float64),
                }
            )
        )
    return pl.concat(frames)


def tabulate_flows(outset: Outset, courses: Courses) -> pl.DataFrame:
    """Return the accounts of each year, school and grade, means over the courses."""
    draws = len(courses.rolls)
    rolls = courses.rolls.sum(axis=(0, 2), dtype=np.int64)
    year, school, grade = np.nonzero(rolls | courses.flows.any(axis=0))
    flows = {name: courses.flows[place, year, school, grade] / draws for place, name in enumerate(FLOWS)}
    roll = rolls[year, school, grade] / draws
    return pl.DataFrame(
        {
            "year": year + outset.years[0] - 1,
            "school_id": pl.Series(outset.schools, dtype=pl.String).gather(school),
            "grade": grade + 1,
            **{name: flows[name] for name in FLOWS[:3]},
            "roll": roll,
            **{name: flows[name] for name in FLOWS[3:]},
            "onward": (
                rolls - courses.flows[3] - courses.flows[4] + courses.flows[5]
            )[year, school, grade] / draws,
        }
    )  # fmt: skip


def tabulate_ratio(outset: Outset, courses: Courses) -> pl.DataFrame:
    """Return the general and the vocational stock of each year, with the diverted counted in each of three ways."""
    if "senior" not in outset.stages:
        return pl.DataFrame(schema={"year": pl.Int64, "diverted_counted": pl.String})
    stock = courses.rolls[:, 1:, :, :, FIRST["senior"] : GRADES].sum(axis=4, dtype=np.int64)
    general = np.zeros(len(outset.schools), dtype=np.bool_)
    for stream, _, schools in outset.streams:
        general[schools] |= stream == "general"
    here, there = stock[:, :, :, general].sum(axis=(2, 3)), stock[:, :, OTHERS, ~general].sum(axis=2)
    diverted = stock[:, :, DIVERTED, ~general].sum(axis=2)
    sides = ((here, there + diverted), (here - diverted, there + diverted), (here + diverted, there))
    goal, frames = outset.assumptions.stated.goals.ratio, []
    for place, (way, (g, v)) in enumerate(zip(WAYS, sides, strict=True)):
        some = (v > 0).all(axis=0)
        ratio = marks_of(g / np.where(v > 0, v, 1))
        met = None if goal is None else (ten_parts(g, v) == round(100 * float(goal / (1 + goal)))).mean(axis=0)
        frames.append(
            pl.DataFrame(
                {
                    "year": outset.years,
                    "diverted_counted": [way] * len(outset.years),
                    "general": g.mean(axis=0),
                    "vocational": v.mean(axis=0),
                    "diverted": diverted.mean(axis=0),
                    **{name: pl.Series(mark).set(pl.Series(~some), None) for name, mark in ratio._asdict().items()},
                    "goal": pl.Series([None if goal is None else float(goal)] * len(outset.years), dtype=pl.Float64),
                    "met": pl.Series([None] * len(outset.years) if met is None else met, dtype=pl.Float64),
                    "place": [place] * len(outset.years),
                }
            )
        )
    return pl.concat(frames).sort("year", "place").drop("place")


def ten_parts(general: Int64Array, vocational: Int64Array) -> Int64Array:
    """Return the general tenths of a stock of ten parts, as a plan writes 5.0 : 5.0, rounded half up.

    Examples
    --------
    >>> ten_parts(np.array([800, 800]), np.array([800, 700])).tolist()
    [50, 53]
    """
    whole = np.maximum(general + vocational, 1)
    return (200 * general + whole) // (2 * whole)


def tabulate_progression(outset: Outset, courses: Courses) -> pl.DataFrame:
    """Return who of those who finish a stage goes on, against the plan's share."""
    rows = list(_progressions(outset, courses))
    names = ("graduates", "applied", "entered", "elsewhere", "mean", "low", "median", "high", "goal", "met")
    schema = {"year": pl.Int64, "to": pl.String, **dict.fromkeys(names, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("year", maintain_order=True)


def _progressions(outset: Outset, courses: Courses) -> Iterator[tuple[object, ...]]:
    for row, stage in enumerate(("junior", "senior")):
        goal = getattr(outset.assumptions.stated.goals, stage)
        for place, year in enumerate(outset.years):
            if (stage, year) not in outset.onward:
                continue
            counts = dict(zip(ONWARD, courses.onward[:, place, row].T, strict=True))
            some: BoolArray = counts["graduates"] > 0
            onwards = counts["entered"] + counts["elsewhere"]
            shares: tuple[float | None, ...] = (None,) * 4
            if some.all():
                shares = tuple(float(mark) for mark in marks_of(onwards / counts["graduates"]))
            met = None
            if goal is not None and some.all():
                top, bottom = goal.as_integer_ratio()
                met = float((onwards * bottom >= counts["graduates"] * top).mean())
            yield (year, stage, *(float(counts[name].mean()) for name in ONWARD), *shares,
                   None if goal is None else float(goal), met)  # fmt: skip


def _marks(name: str, marks: Marks) -> dict[str, np.ndarray]:
    return {f"{name}_{mark}" if name else mark: values for mark, values in marks._asdict().items()}


def _known(values: Int64Array) -> pl.Series:
    series = pl.Series(values).cast(pl.Int64)
    return series.set(series < 0, None)
