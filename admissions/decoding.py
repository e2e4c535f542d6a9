"""A solved round back in the office's words: who was admitted where, and what became of every application."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.compiling.applications import Level
from admissions.compiling.round import NO_CLASS, NO_POOL, NOT_ELIGIBLE, CompiledRound
from admissions.district.district import District
from admissions.market import NO_CUTOFF, BoolArray, Int32Array, Int64Array, Matching
from admissions.records import (
    ADMITTED,
    INELIGIBLE,
    NOT_NEEDED,
    REFUSED,
    WITHOUT_CLASS,
    WITHOUT_POOL,
    RoundRecord,
    names_a_child,
    value_column,
    words_at,
)

ROUTES = ("none", "choice", "zone", "coordinated")
NONE, CHOICE, ZONE, COORDINATED = range(len(ROUTES))

REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")
"""Why a child has no seat, each going further than the one before."""
NO_ROUND, REFUSED_ENTRY, NO_LIST, CLASSLESS, POOLLESS, OUTRANKED, RAN_OUT = range(len(REASONS))
PLACED = len(REASONS)


@dataclass(frozen=True, slots=True, repr=False)
class Placements:
    """What a round did to each student of the district.

    Attributes
    ----------
    programme : (n,) int32
        Programme the round gave, or -1.
    pool : (n,) int16
        Pool of the round's rule it came from, or -1.
    choice_rank : (n,) int64
        Rank the family gave the programme, or -1.
    route, reason : (n,) int8
        Places in `ROUTES` and `REASONS`.
    considered : (n,) bool
        Whether the round considered the student.
    """

    programme: Int32Array
    pool: npt.NDArray[np.int16]
    choice_rank: Int64Array
    route: npt.NDArray[np.int8]
    reason: npt.NDArray[np.int8]
    considered: BoolArray


def place_students(
    compiled: CompiledRound,
    matching: Matching,
    coordinated: Int32Array,
    covered: BoolArray,
    district: District,
    applicants: Applicants,
) -> Placements:
    """Return what a round did to each student.

    Parameters
    ----------
    compiled : CompiledRound
        The round.
    matching : Matching
        Of its market.
    coordinated : (a,) int32
        Programme the guarantee gave each applicant of the market, or -1.
    covered : (a,) bool
        Whom the guarantee covers.
    district, applicants
        As the round had them.
    """
    pools, a = len(compiled.rule.pools), len(compiled.applicant)
    held = matching.choice >= 0
    edges = matching.choice[held]
    market_pool = compiled.market.pool[edges]
    row = edge_rows(compiled)[edges]
    choice = compiled.lists.choice[compiled.row_application[row]]
    programme = coordinated.copy()
    programme[held] = compiled.programme[market_pool // pools]
    pool = np.full(a, -1, dtype=np.int16)
    pool[held] = market_pool % pools
    rank = np.full(a, -1, dtype=np.int64)
    if len(district.choices):
        rank[held] = np.where(choice >= 0, district.choices["rank"].to_numpy()[choice], -1)
    route = np.where(programme >= 0, COORDINATED, NONE).astype(np.int8)
    route[held] = np.where(choice >= 0, CHOICE, ZONE)
    reason, considered = furthest_reasons(compiled, covered)
    reason[programme >= 0] = PLACED
    return spread_to_students(compiled, applicants, Placements(programme, pool, rank, route, reason, considered))


def furthest_reasons(compiled: CompiledRound, covered: BoolArray) -> tuple[npt.NDArray[np.int8], BoolArray]:
    """Return how far each applicant of the round got, and whom the round considered."""
    code = np.full(len(compiled.row_pool), OUTRANKED, dtype=np.int8)
    code[compiled.row_pool == NO_POOL] = POOLLESS
    code[compiled.row_class == NO_CLASS] = CLASSLESS
    code[compiled.row_class == NOT_ELIGIBLE] = REFUSED_ENTRY
    listed = compiled.lists.applicant[compiled.row_application]
    starts = np.flatnonzero(np.diff(listed, prepend=-1))
    furthest = np.full(len(compiled.applicant), -1, dtype=np.int8)
    if len(starts):
        furthest[np.searchsorted(compiled.applicant, listed[starts])] = np.maximum.reduceat(code, starts)
    reason = np.where(furthest >= 0, furthest, NO_LIST)
    considered = (furthest > REFUSED_ENTRY) | covered
    return np.where(covered, np.int8(RAN_OUT), reason).astype(np.int8), considered


def spread_to_students(compiled: CompiledRound, applicants: Applicants, placed: Placements) -> Placements:
    """Return placements a student from placements an applicant of the round."""
    place = np.full(len(applicants.first), -1, dtype=np.int64)
    place[compiled.applicant] = np.arange(len(compiled.applicant))
    at = place[applicants.of_student]
    absent = Placements(
        *(np.full(len(at), value, dtype=getattr(placed, name).dtype) for name, value in _ABSENT.items())
    )
    here = at >= 0
    for name in _ABSENT:
        getattr(absent, name)[here] = getattr(placed, name)[at[here]]
    return absent


_ABSENT = {"programme": -1, "pool": -1, "choice_rank": -1, "route": NONE, "reason": NO_ROUND, "considered": False}


def edge_rows(compiled: CompiledRound) -> Int64Array:
    """Return the recorded row of each choice of the market."""
    return np.flatnonzero(compiled.row_pool >= 0)


def record_round(
    compiled: CompiledRound, matching: Matching, district: District, applicants: Applicants
) -> RoundRecord:
    """Return what became of every application of a round; a bundle's stand under each of its children."""
    row_applicant = compiled.lists.applicant[compiled.row_application]
    speaker = applicants.first[row_applicant]
    key = np.full(len(compiled.row_pool), -1, dtype=np.int64)
    key[edge_rows(compiled)] = compiled.market.key
    row: Int64Array | slice = slice(None)
    student = speaker
    if applicants.size.max(initial=1) > 1:
        row, student = spread_bundles(applicants, row_applicant)
    application = compiled.row_application[row]
    programme = compiled.lists.programme[application]
    index: dict[Level, npt.NDArray[Any]] = {
        "student": speaker[row],
        "programme": programme,
        "application": application,
    }
    return RoundRecord(
        rule=compiled.rule,
        student_ids=district.students["student_id"],
        programme_ids=district.programmes["programme_id"],
        student=student,
        programme=programme,
        pool=compiled.row_pool[row],
        class_place=compiled.row_class[row],
        rank=compiled.lists.place[application],
        key=key[row],
        outcome=_outcomes(compiled, matching)[row],
        values={name: (index[level], series) for name, (level, series) in compiled.values.items()},
        bundle_ids=_bundles(district),
    )


def tabulate_cutoffs(
    compiled: CompiledRound, matching: Matching, district: District, applicants: Applicants
) -> pl.DataFrame:
    """Return each pool of the round: its seats, the children admitted, and the last one admitted where it is full."""
    market, rule = compiled.market, compiled.rule
    held = matching.choice >= 0
    edges = matching.choice[held]
    admitted = np.bincount(market.pool[edges], weights=market.size[held], minlength=len(market.seats)).astype(np.int64)
    last = np.full(len(market.seats), -1, dtype=np.int64)
    order = edges[np.argsort(market.key[edges], kind="stable")]
    last[market.pool[order]] = order
    cutoff = pl.Series(matching.cutoff)
    full = matching.cutoff != NO_CUTOFF
    known = full & (last >= 0)
    pools = len(rule.pools)
    classes = np.full(len(last), -1, dtype=np.int16)
    row = edge_rows(compiled)[last[known]]
    classes[known] = compiled.row_class[row]
    frame = {
        "round": pl.Series([rule.name]).new_from_index(0, len(last)),
        "programme_id": district.programmes["programme_id"].gather(np.repeat(compiled.programme, pools)),
        "pool": pl.Series([pool.name for pool in rule.pools] * len(compiled.programme), dtype=pl.String),
        "seats": pl.Series(market.seats),
        "admitted": pl.Series(admitted),
        "cutoff_key": cutoff.set(pl.Series(~full), None),
        "cutoff_class": words_at([priority.name for priority in rule.classes], classes),
    }
    application = compiled.row_application[row]
    index = {"application": application, "programme": compiled.lists.programme[application],
             "student": applicants.first[compiled.lists.applicant[application]]}  # fmt: skip
    for name, (level, series) in compiled.values.items():
        if not names_a_child(name):
            at = np.full(len(last), -1, dtype=np.int64)
            at[known] = index[level]
            frame[value_column(name)] = series.gather(pl.Series(at).set(pl.Series(~known), None))
    return pl.DataFrame(frame)


def _outcomes(compiled: CompiledRound, matching: Matching) -> npt.NDArray[np.int8]:
    """Return the outcome of each recorded row."""
    start, stop = compiled.market.indptr[:-1], compiled.market.indptr[1:]
    held = matching.choice >= 0
    upto = np.where(held, matching.choice, stop)
    lengths = np.stack([upto - start, stop - upto], axis=1).ravel()
    of_edge = np.repeat(np.tile(np.array([REFUSED, NOT_NEEDED], dtype=np.int8), len(start)), lengths)
    of_edge[matching.choice[held]] = ADMITTED
    outcome = np.select(
        [compiled.row_class == NOT_ELIGIBLE, compiled.row_class == NO_CLASS],
        [INELIGIBLE, WITHOUT_CLASS],
        WITHOUT_POOL,
    ).astype(np.int8)
    outcome[edge_rows(compiled)] = of_edge
    return outcome


def spread_bundles(applicants: Applicants, row_applicant: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Return each recorded row once a child behind it, and the child; in order of child."""
    children = np.argsort(applicants.of_student, kind="stable").astype(np.int32)
    start = np.cumsum(applicants.size) - applicants.size
    size = applicants.size[row_applicant]
    row = np.repeat(np.arange(len(row_applicant)), size)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    student = children[start[row_applicant[row]] + nth]
    order = np.argsort(student, kind="stable")
    return row[order], student[order]


def _bundles(district: District) -> pl.Series:
    if "bundle_id" in district.students.columns:
        return district.students["bundle_id"]
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(district.students))
