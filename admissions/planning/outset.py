"""What a projection starts from: rolls, classes, seats and children by zone as arrays; everything checked once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from admissions.compiling.seats import programme_seats
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.district.schema import STAGES
from admissions.errors import DataError, PolicyError, Problem, did_you_mean
from admissions.market import BoolArray, Int64Array
from admissions.planning.assumptions import ENTRY_AGE, FIRST, GRADES, LAST, Assumptions
from admissions.planning.rates import YearRate, onward_of, rate_of
from admissions.planning.requirements import check_assumptions, column_of, refuse_unplanned
from admissions.planning.statements import STREAMS, Onward, Stream
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Policy

UNKNOWN = -1


@dataclass(frozen=True, slots=True, repr=False)
class Outset:
    """What all draws share.

    Attributes
    ----------
    district, policy, assumptions
        As given; the policy without its targets, which no year ahead is asked.
    years : tuple of int
        The years ahead; the first is that of the tables' own intake.
    stages : tuple of str
        Those the district has programmes for.
    zones, schools : list of str
        Ids.
    programmes : tuple of DataFrame
        The programmes of each year, with what opens and closes.
    streams : list of (Stream, int, int64 array)
        Every stream and grade with the schools it has there: whoever leaves at one rate.
    rolls : (2, S, 12) int64
        Children of each school and grade in the year before: diverted ones apart.
    classes : (Y, S, 12) int64
        Classes of each year; -1 where nobody states them.
    cap : (S, 12) int64
        Children of a full class, as planned; -1 where nobody states it.
    seats : (Y, S, 3) int64
        Seats of each stage.
    counted, lives : (Y, Z) int64
        Children counted in each zone who enter in each year, and the years between; the first year has none.
    rates : dict of (Stream, int) to YearRate
        Of each stream in each year, the one before the intake among them.
    onward : dict of (str, int) to Onward
        Of each stage and year.
    of_stage, own : (n,) int64, (n,) bool
        The tables' students: their stage, and whether they are the district's own.
    """

    district: District
    policy: Policy
    assumptions: Assumptions
    years: tuple[int, ...]
    stages: tuple[str, ...]
    zones: list[str]
    schools: list[str]
    programmes: tuple[pl.DataFrame, ...]
    streams: list[tuple[Stream, int, Int64Array]]
    rolls: Int64Array
    classes: Int64Array
    cap: Int64Array
    seats: Int64Array
    counted: Int64Array
    lives: Int64Array
    rates: dict[tuple[Stream, int], YearRate]
    onward: dict[tuple[str, int], Onward]
    of_stage: Int64Array
    own: BoolArray


def prepare_outset(district: District, policy: Policy, assumptions: Assumptions, years: int) -> Outset:
    """Return what a projection starts from.

    Raises
    ------
    DataError, PolicyError
        If the tables, the policy and the assumptions do not fit each other, or something is missing.
    """
    stated = assumptions.stated
    span = tuple(range(stated.year, stated.year + years))
    stages = tuple(stage for stage in STAGES if (district.programmes["stage"] == stage).any())
    schools, zones = district.schools["school_id"].to_list(), district.links.zone_ids.to_list()
    check_assumptions(district, policy, assumptions, stages, span)
    programmes = tuple(_programmes_of(district.programmes, assumptions, year) for year in span)
    refuse_unplanned(district, policy, programmes, span)
    rolls, classes = _enrolled(assumptions, schools)
    counted, lives = _children_by_year(assumptions, zones, span)
    of_stage = district.students["stage"].replace_strict(STAGES, range(len(STAGES)), return_dtype=pl.Int64).to_numpy()
    own = (district.links.student_zone >= 0) & (of_stage < STAGES.index("senior"))
    own |= _graduates(district, stated.in_district) & (of_stage == STAGES.index("senior"))
    _refuse_nobody_alike(stages, of_stage, own, years)
    streams = _streams(district, rolls)
    present = dict.fromkeys(stream for stream, _, _ in streams)
    rates = {(one, year): rate_of(one, year, district, assumptions)
             for one in present for year in (span[0] - 1, *span)}  # fmt: skip
    onward = {(stage, year): onward_of(stage, year, assumptions)
              for before, stage in itertools.pairwise(STAGES) if before in present and stage in stages
              for year in span}  # fmt: skip
    return Outset(
        district, policy.model_copy(update={"targets": ()}), assumptions, span, stages, zones, schools, programmes,
        streams, rolls, _classes_ahead(district, programmes, classes),
        _caps(district, policy), _seats(district, policy, programmes), counted, lives,
        rates, onward, of_stage, own,
    )  # fmt: skip


def _refuse_nobody_alike(stages: Sequence[str], of_stage: Int64Array, own: BoolArray, years: int) -> None:
    """Raise where later years need children like those of the tables, and there are none."""
    message = "nobody of stage '{}' is the district's own (with a zone; of the high schools, by in_district): children "
    message += "of later years are made like them"
    alone = [stage for stage in stages if not (own & (of_stage == STAGES.index(stage))).any()]
    if years > 1 and alone:
        raise DataError(Problem("students", None, "stage", None, message.format(stage)) for stage in alone)


def _graduates(district: District, text: str) -> BoolArray:
    """Return which students a condition holds of."""
    students, expression = district.students, parse_expression(text)
    if "zone_id" not in students.columns:
        students = students.with_columns(zone_id=pl.lit(None, dtype=pl.String))
    for name in expression.columns:
        if name not in students.columns:
            near = did_you_mean(name, students.columns)
            raise PolicyError(f"assumptions › in_district: no column '{name}' in students{near}")
    try:
        holds = students.select(expression.polars().alias("holds"))["holds"]
    except pl.exceptions.PolarsError:
        raise PolicyError(f"assumptions › in_district: '{text}': {expression.failure_on(students)}") from None
    if holds.dtype not in (pl.Boolean, pl.Null):
        raise PolicyError(f"assumptions › in_district: '{text}' is {holds.dtype}, and a condition is true or false")
    held = holds.cast(pl.Boolean).fill_null(False).to_numpy()
    return np.broadcast_to(held, len(students)).astype(np.bool_)


def _programmes_of(programmes: pl.DataFrame, assumptions: Assumptions, year: int) -> pl.DataFrame:
    """Return the programmes with the classes and seats of a year."""
    for name in ("seats", "classes"):
        programmes = programmes.with_columns(column_of(programmes, name))
    changes = sorted((one for one in assumptions.stated.intake if one.year <= year), key=lambda one: one.year)
    for one in changes:
        here = pl.col("programme_id") == one.programme_id
        new: dict[str, Any] = {"classes": one.classes, "seats": None} if one.seats is None else {"seats": one.seats}
        programmes = programmes.with_columns(
            pl.when(here).then(pl.lit(value, dtype=pl.Int64)).otherwise(pl.col(name)).alias(name)
            for name, value in new.items()
        )
    return programmes


def _enrolled(assumptions: Assumptions, schools: Sequence[str]) -> tuple[Int64Array, Int64Array]:
    """Return the rolls of the year before, and their classes."""
    table = assumptions.enrolment
    rolls = np.zeros((2, len(schools), GRADES), dtype=np.int64)
    classes = np.where(rolls[0] == 0, 0, UNKNOWN)
    at = row_numbers(table["school_id"], pl.Series(schools)), table["grade"].to_numpy() - 1
    diverted = column_of(table, "diverted").fill_null(0).to_numpy()
    rolls[(0, *at)], rolls[(1, *at)] = table["children"].to_numpy() - diverted, diverted
    classes[at] = column_of(table, "classes").fill_null(UNKNOWN).to_numpy()
    return rolls, classes


def _children_by_year(
    assumptions: Assumptions, zones: Sequence[str], years: Sequence[int]
) -> tuple[Int64Array, Int64Array]:
    """Return the children counted who enter in each year from each zone, and the years until then."""
    counted = np.zeros((len(years), len(zones)), dtype=np.int64)
    lives = np.zeros_like(counted)
    zone_row, first = {name: place for place, name in enumerate(zones)}, years[0]
    born = assumptions.births.select("zone_id", "year", "children").iter_rows()
    aged = assumptions.children.select("zone_id", "age", "children").iter_rows()
    rows = [(zone, year + ENTRY_AGE, ENTRY_AGE, children) for zone, year, children in born]
    rows += [(zone, first + ENTRY_AGE - age, ENTRY_AGE - age, children) for zone, age, children in aged]
    for zone, year, between, children in rows:
        if first < year <= years[-1]:
            counted[year - first, zone_row[zone]], lives[year - first, zone_row[zone]] = children, between
    return counted, lives


def _streams(district: District, rolls: Int64Array) -> list[tuple[Stream, int, Int64Array]]:
    """Return the schools that each stream has in each grade: those with a roll or a programme of the stage."""
    kinds = column_of(district.schools, "kind").fill_null("").to_numpy()
    school = district.links.programme_school
    found = []
    for stream in STREAMS:
        stage = stream if stream in FIRST else "senior"
        offers = np.zeros(len(kinds), dtype=np.bool_)
        offers[school[(district.programmes["stage"] == stage).to_numpy()]] = True
        offers |= rolls[:, :, FIRST[stage] : LAST[stage] + 1].any(axis=(0, 2))
        if stage == "senior":
            offers &= kinds == stream
        if offers.any():
            found += [(stream, grade, np.flatnonzero(offers)) for grade in range(FIRST[stage], LAST[stage] + 1)]
    return found


def _classes_ahead(district: District, programmes: Sequence[pl.DataFrame], before: Int64Array) -> Int64Array:
    """Return the classes of each year: those a grade had the year before it, and what each intake opens."""
    ahead = np.zeros((len(programmes), *before.shape), dtype=np.int64)
    for place, frame in enumerate(programmes):
        ahead[place, :, 1:] = (before if place == 0 else ahead[place - 1])[:, :-1]
        for stage, grade in FIRST.items():
            ahead[place, :, grade] = _summed(district, frame, stage, frame["classes"].fill_null(UNKNOWN).to_numpy())
    return ahead


def _summed(district: District, programmes: pl.DataFrame, stage: str, values: Int64Array) -> Int64Array:
    """Return a number of each school's programmes of a stage, -1 where one of them is not known."""
    here = (programmes["stage"] == stage).to_numpy()
    school, own = district.links.programme_school[here], values[here]
    total = np.zeros(len(district.schools), dtype=np.int64)
    np.add.at(total, school, own)
    total[school[own < 0]] = UNKNOWN
    return total


def _caps(district: District, policy: Policy) -> Int64Array:
    """Return the planned size of a class: the smallest a school's programmes of the stage state, or the policy's."""
    caps = np.full((len(district.schools), GRADES), UNKNOWN, dtype=np.int64)
    own = column_of(district.programmes, "class_size").to_list()
    for stage, first in FIRST.items():
        grades = slice(first, LAST[stage] + 1)
        caps[:, grades] = policy.class_size.get(stage, UNKNOWN)  # type: ignore[call-overload]
        sizes: dict[int, int] = {}
        rows = zip(district.links.programme_school.tolist(), district.programmes["stage"], own, strict=True)
        for school, of, size in rows:
            if of == stage and size:
                sizes[school] = min(size, sizes.get(school, size))
        for school, size in sizes.items():
            caps[school, grades] = size
    special = (column_of(district.schools, "kind") == "special").fill_null(False).to_numpy()
    stated = {school for school, size in zip(district.links.programme_school.tolist(), own, strict=True) if size}
    caps[[school for school in np.flatnonzero(special).tolist() if school not in stated]] = UNKNOWN
    return caps


def _seats(district: District, policy: Policy, programmes: Sequence[pl.DataFrame]) -> Int64Array:
    seats = np.zeros((len(programmes), len(district.schools), len(STAGES)), dtype=np.int64)
    for place, frame in enumerate(programmes):
        own = programme_seats(replace(district, programmes=frame), policy)
        for column, stage in enumerate(STAGES):
            seats[place, :, column] = _summed(district, frame, stage, own)
    return seats
