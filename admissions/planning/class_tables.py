"""Rolls and classes of a projection as tables: school by school, and where classes pass their limits."""

import numpy as np
import polars as pl

from admissions.district.schema import STAGES
from admissions.market import Int64Array
from admissions.planning.assumptions import FIRST, LAST
from admissions.planning.marks import Courses, Marks, marks_of, named_marks, share_interval, where_known
from admissions.planning.outset import UNKNOWN, Outset

STAGE_OF = [stage for stage in STAGES for _ in range(FIRST[stage], LAST[stage] + 1)]


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
            **named_marks("", marks),
            "classes": where_known(classes),
            "class_size": where_known(size),
            "level": _levels(outset, size, cap),
            "classes_needed": where_known(classes_needed(marks.median, cap)),
            "classes_needed_high": where_known(classes_needed(marks.high, cap)),
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
            low, high = share_interval(odds, draws, drawn)
            for place in np.flatnonzero(odds).tolist():
                rows.append(
                    (outset.schools[school], STAGE_OF[grade], int(grade) + 1, name, pupils, outset.years[place],
                     int(odds[place]) / draws, low[place], high[place], int(new[place]) / draws)
                )  # fmt: skip
    words, numbers = ("school_id", "stage", "grade", "limit", "pupils", "year"), ("odds", "low", "high", "first")
    types = [pl.String, pl.String, pl.Int64, pl.String, pl.Int64, pl.Int64]
    schema = {**dict(zip(words, types, strict=True)), **dict.fromkeys(numbers, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row").sort("school_id", "grade", "pupils", "year")


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
                    **named_marks("", totals[""]),
                    "classes": np.maximum(classes, 0).sum(axis=(1, 2)),
                    "classes_needed": where_known(np.where(known, totals["needed"].median, UNKNOWN)),
                    "classes_needed_high": where_known(np.where(known, totals["needed"].high, UNKNOWN)),
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
