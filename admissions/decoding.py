"""A solved round back in the office's words: who was admitted where, and what became of every application."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.compiling.round import NO_CLASS, NO_POOL, NOT_ELIGIBLE, CompiledRound
from admissions.district.district import District
from admissions.market import NO_CUTOFF, BoolArray, Int32Array, Int64Array, Matching
from admissions.policy.expressions import LOTTERY

OUTCOMES = ("admitted", "refused", "not needed", "no class", "no pool", "not eligible")
ADMITTED, REFUSED, NOT_NEEDED, WITHOUT_CLASS, WITHOUT_POOL, INELIGIBLE = range(len(OUTCOMES))

ROUTES = ("none", "choice", "zone", "coordinated")
NONE, CHOICE, ZONE, COORDINATED = range(len(ROUTES))

REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")
"""Why a child has no seat, each going further than the one before."""
NO_ROUND, REFUSED_ENTRY, NO_LIST, CLASSLESS, POOLLESS, OUTRANKED, RAN_OUT = range(len(REASONS))
PLACED = len(REASONS)

FIXED_COLUMNS = (
    "student_id",
    "round",
    "programme_id",
    "pool",
    "rank",
    "class",
    "lottery",
    "key",
    "outcome",
    "bundle_id",
)
NEVER_PUBLISHED = ("student_id",)


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
    row = _edge_rows(compiled)[edges]
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
    reason, considered = _reasons(compiled, covered)
    reason[programme >= 0] = PLACED
    return _to_students(compiled, applicants, Placements(programme, pool, rank, route, reason, considered))


def _reasons(compiled: CompiledRound, covered: BoolArray) -> tuple[npt.NDArray[np.int8], BoolArray]:
    """Return how far each applicant of the round got, and whom the round considered."""
    a = len(compiled.applicant)
    owner = np.searchsorted(compiled.applicant, compiled.lists.applicant[compiled.row_application])
    code = np.select(
        [compiled.row_class == NOT_ELIGIBLE, compiled.row_class == NO_CLASS, compiled.row_pool == NO_POOL],
        [REFUSED_ENTRY, CLASSLESS, POOLLESS],
        OUTRANKED,
    ).astype(np.int8)
    reason = np.full(a, NO_LIST, dtype=np.int8)
    furthest = np.full(a, -1, dtype=np.int8)
    np.maximum.at(furthest, owner, code)
    reason = np.where(furthest >= 0, furthest, reason)
    considered = (furthest > REFUSED_ENTRY) | covered
    return np.where(covered, np.int8(RAN_OUT), reason).astype(np.int8), considered


def _to_students(compiled: CompiledRound, applicants: Applicants, placed: Placements) -> Placements:
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


def _edge_rows(compiled: CompiledRound) -> Int64Array:
    """Return the recorded row of each choice of the market."""
    return np.flatnonzero(compiled.row_pool >= 0)


def tabulate_applications(
    compiled: CompiledRound, matching: Matching, district: District, applicants: Applicants
) -> pl.DataFrame:
    """Return every application the round considered, one row a pool it tried, in order of student.

    A bundle's applications stand under each of its children.
    """
    row_applicant = compiled.lists.applicant[compiled.row_application]
    student = applicants.first[row_applicant]
    row = np.arange(len(student))
    if applicants.size.max(initial=1) > 1:
        row, student = _spread_bundles(applicants, row_applicant)
    application = compiled.row_application[row]
    programme, classes = compiled.lists.programme[application], compiled.row_class[row]
    key = np.full(len(compiled.row_pool), -1, dtype=np.int64)
    key[_edge_rows(compiled)] = compiled.market.key
    keys = pl.Series(key[row])
    rule = compiled.rule
    head = {
        "student_id": district.students["student_id"].gather(student),
        "round": pl.Series([rule.name]).new_from_index(0, len(row)),
        "programme_id": district.programmes["programme_id"].gather(programme),
        "pool": words_at([pool.name for pool in rule.pools], compiled.row_pool[row]),
        "rank": pl.Series(compiled.lists.place[application]),
        "class": words_at([priority.name for priority in rule.classes], classes),
    }
    tail = {
        "lottery": _values(compiled, LOTTERY, application, applicants),
        "key": keys.set(keys < 0, None),
        "outcome": words_at(OUTCOMES, _outcomes(compiled, matching)[row]),
        "bundle_id": _bundles(district, student),
    }
    values = {
        value_column(name): _values(compiled, name, application, applicants)
        for name in compiled.values
        if name != LOTTERY and name not in NEVER_PUBLISHED
    }
    return pl.DataFrame({**head, **values, **tail})


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
    row = _edge_rows(compiled)[np.maximum(last, 0)] if len(edges) else np.zeros(len(last), dtype=np.int64)
    known = full & (last >= 0)
    pools = len(rule.pools)
    frame = {
        "round": pl.Series([rule.name]).new_from_index(0, len(last)),
        "programme_id": district.programmes["programme_id"].gather(np.repeat(compiled.programme, pools)),
        "pool": pl.Series([pool.name for pool in rule.pools] * len(compiled.programme), dtype=pl.String),
        "seats": pl.Series(market.seats),
        "admitted": pl.Series(admitted),
        "cutoff_key": cutoff.set(pl.Series(~full), None),
    }
    if known.any():
        application = compiled.row_application[row]
        classes = np.where(known, compiled.row_class[row], -1).astype(np.int16)
        frame["cutoff_class"] = words_at([priority.name for priority in rule.classes], classes)
        for name in compiled.values:
            if name not in NEVER_PUBLISHED:
                values = _values(compiled, name, application, applicants)
                frame[value_column(name)] = (
                    values.to_frame().select(pl.when(pl.Series(known)).then(pl.first())).to_series()
                )
    else:
        frame["cutoff_class"] = pl.Series([None], dtype=pl.String).new_from_index(0, len(last))
    return pl.DataFrame(frame)


def value_column(name: str) -> str:
    """Return the column that records what an order compared; one that clashes gets an underscore."""
    clash = (*FIXED_COLUMNS, "seats", "admitted", "cutoff_key", "cutoff_class")
    return f"{name}_" if name in clash and name != LOTTERY else name


def _outcomes(compiled: CompiledRound, matching: Matching) -> npt.NDArray[np.int8]:
    """Return the outcome of each recorded row."""
    market = compiled.market
    edge = np.arange(len(market.pool))
    choice = matching.choice[market.owners()]
    of_edge = np.where(choice == edge, ADMITTED, np.where((choice >= 0) & (choice < edge), NOT_NEEDED, REFUSED))
    outcome = np.select(
        [compiled.row_class == NOT_ELIGIBLE, compiled.row_class == NO_CLASS],
        [INELIGIBLE, WITHOUT_CLASS],
        WITHOUT_POOL,
    ).astype(np.int8)
    outcome[_edge_rows(compiled)] = of_edge
    return outcome


def _spread_bundles(applicants: Applicants, row_applicant: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Return each recorded row once a child behind it, and the child; in order of child."""
    children = np.argsort(applicants.of_student, kind="stable").astype(np.int32)
    start = np.cumsum(applicants.size) - applicants.size
    size = applicants.size[row_applicant]
    row = np.repeat(np.arange(len(row_applicant)), size)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    student = children[start[row_applicant[row]] + nth]
    order = np.argsort(student, kind="stable")
    return row[order], student[order]


def words_at(words: Sequence[str] | pl.Series, places: npt.NDArray[np.integer]) -> pl.Series:
    """Return the word of each place, null for a place below 0."""
    index = pl.Series(places.astype(np.int32))
    return pl.Series(words, dtype=pl.String).gather(index.set(index < 0, None))


def _values(compiled: CompiledRound, name: str, application: Int64Array, applicants: Applicants) -> pl.Series:
    """Return what an order compared for each application, null where the round has no such term."""
    if name not in compiled.values:
        return pl.Series([None], dtype=pl.String).new_from_index(0, len(application))
    level, values = compiled.values[name]
    if level == "student":
        return values.gather(applicants.first[compiled.lists.applicant[application]])
    return values.gather(compiled.lists.programme[application] if level == "programme" else application)


def _bundles(district: District, student: Int32Array) -> pl.Series:
    if "bundle_id" in district.students.columns:
        return district.students["bundle_id"].gather(student)
    return pl.Series([None], dtype=pl.String).new_from_index(0, len(student))
