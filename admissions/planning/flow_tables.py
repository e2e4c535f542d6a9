"""Who enters and goes on in a projection as tables: intakes, accounts, stock of high schools, progression."""

from collections.abc import Iterator

import numpy as np
import polars as pl

from admissions.district.schema import STAGES
from admissions.market import BoolArray, Int64Array
from admissions.planning.assumptions import FIRST, GRADES
from admissions.planning.courses import DIVERTED, ENTRY, FLOWS, ONWARD, OTHERS
from admissions.planning.marks import Courses, marks_of, named_marks, share_interval
from admissions.planning.outset import Outset

WAYS = ("as vocational", "as moved out of general", "as general")
"""How the diverted may be counted: in vocational stock; also as moved there out of general stock; in general stock."""


def tabulate_entry(outset: Outset, courses: Courses, drawn: bool) -> pl.DataFrame:
    """Return each intake: applicants, seats, who the policy's rounds leave without one, and the odds of any."""
    frames = []
    for code, stage in enumerate(STAGES):
        if stage not in outset.stages:
            continue
        entry = courses.entry[:, :, code]
        without = entry[:, :, ENTRY.index("without_seat")]
        any_left = (without > 0).sum(axis=0)
        low, high = share_interval(any_left, len(without), drawn)
        frames.append(
            pl.DataFrame(
                {
                    "year": outset.years,
                    "stage": [stage] * len(outset.years),
                    "seats": np.maximum(outset.seats[:, :, code], 0).sum(axis=1),
                    **named_marks("applicants", marks_of(entry[:, :, ENTRY.index("applicants")])),
                    **named_marks("without_seat", marks_of(without)),
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
