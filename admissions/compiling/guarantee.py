"""Whoever a round's guarantee covers and the round left, compiled to a minimum-cost flow."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.compiling.applications import Applications, condition_of, student_column
from admissions.compiling.distance import distances_between
from admissions.compiling.progress import Progress
from admissions.compiling.round import CompiledRound
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.expressions import parse_expression

HOME = ("zone_id", "lon", "lat", "x", "y")


@dataclass(frozen=True, slots=True, repr=False)
class Coordinating:
    """Applicants to place and the seats left for them.

    Attributes
    ----------
    applicant : (m,) int32
        Place in the round's market of each applicant to be placed.
    node : (m,) int32
        Applicants of one node have the same home and may go to the same programmes.
    zone : (v,) int32
        Zone of each node, -1 for none.
    costs : tuple of (v, s) int64
        What is preferred, first level first: 0 in the same group and 1 elsewhere; metres.
    allowed : (v, s) bool
        Which programmes of the round a node may go to.
    order : (m,) int64
        Who goes first: by best key in the round, then id.
    size : (m,) int32
        Children.
    seats : (s,) int64
        Seats that the round's pools have left at each of its programmes.
    """

    applicant: Int32Array
    node: Int32Array
    zone: Int32Array
    costs: tuple[Int64Array, ...]
    allowed: BoolArray
    order: Int64Array
    size: Int32Array
    seats: Int64Array


def compile_guarantee(
    compiled: CompiledRound, choice: Int64Array, district: District, applicants: Applicants, progress: Progress
) -> Coordinating | None:
    """Return the coordination a round needs after its mechanism; None where nobody is left or nothing is guaranteed.

    Parameters
    ----------
    compiled : CompiledRound
        The round.
    choice : (a,) int64
        What its mechanism gave each applicant.
    district, applicants, progress
        As `compile_round` had them.
    """
    guarantee = compiled.rule.guarantee
    if guarantee is None:
        return None
    left = np.flatnonzero((choice < 0) & covered(compiled, district, applicants, progress)).astype(np.int32)
    if not len(left):
        return None
    first = applicants.first[compiled.applicant[left]]
    where = parse_expression(guarantee.where)
    node, at = _nodes(district, progress, first, where.columns)
    return Coordinating(
        applicant=left,
        node=node,
        zone=district.links.student_zone[at],
        costs=tuple(_cost(preference, district, at, compiled.programme) for preference in guarantee.prefer),
        allowed=_allowed(compiled, district, progress, at),
        order=_order(compiled, left),
        size=compiled.market.size[left],
        seats=_seats_left(compiled, choice),
    )


def covered(compiled: CompiledRound, district: District, applicants: Applicants, progress: Progress) -> BoolArray:
    """Return whom the round's guarantee covers among its applicants, (a,) bool."""
    guarantee = compiled.rule.guarantee
    if guarantee is None:
        return np.zeros(len(compiled.applicant), dtype=np.bool_)
    where = f"round '{compiled.rule.name}' › guarantee › who"
    who = condition_of("student", district, progress, parse_expression(guarantee.who), where)
    return who[applicants.first[compiled.applicant]]


def _nodes(
    district: District, progress: Progress, student: Int32Array, columns: tuple[str, ...]
) -> tuple[Int32Array, Int32Array]:
    """Return the node of each student, and one student of each node; nodes in order of their first student.

    Students of one node have the same home, and are the same in all that `columns` tell of a student.
    """
    told = {name: student_column(name, district, progress) for name in columns}
    told |= {name: district.students[name] for name in HOME if name in district.students.columns}
    own_distance = (
        len(district.distances)
        and "student_id" in district.distances.columns
        and district.distances["student_id"].null_count() < len(district.distances)
    )
    if own_distance:
        told["student_id"] = district.students["student_id"]
    keys = pl.DataFrame({name: series for name, series in told.items() if series is not None})
    if not keys.width:
        return np.zeros(len(student), dtype=np.int32), student[:1]
    keys = keys[pl.Series(student)]
    groups = keys.with_row_index("row").group_by(keys.columns, maintain_order=True).agg(pl.col("row"))
    node = np.empty(len(student), dtype=np.int32)
    rows = groups["row"].explode().to_numpy()
    node[rows] = np.repeat(np.arange(len(groups), dtype=np.int32), groups["row"].list.len().to_numpy())
    return node, student[groups["row"].list.first().to_numpy()]


def _cost(preference: str, district: District, at: Int32Array, programme: Int32Array) -> Int64Array:
    school = district.links.programme_school[programme]
    if preference == "distance":
        metres = distances_between(district, at[:, None], school[None, :])
        return np.where(metres < 0, metres.max(initial=0) + 1, metres)
    return (~_same_group(district, at, school)).astype(np.int64)


def _same_group(district: District, at: Int32Array, school: Int32Array) -> BoolArray:
    """Return whether a school belongs to the group of a school that serves the student's zone, (v, s) bool."""
    if "group_id" not in district.schools.columns:
        return np.zeros((len(at), len(school)), dtype=np.bool_)
    group = district.schools["group_id"].rank("dense").fill_null(0).to_numpy().astype(np.int64)
    links = district.links
    serves = np.zeros((len(links.zone_ids) + 1, int(group.max(initial=0)) + 1), dtype=np.bool_)
    serves[links.zone_of_pair, group[links.school_of_pair]] = True
    serves[:, 0] = False
    return serves[links.student_zone[at][:, None], group[school][None, :]]


def _allowed(compiled: CompiledRound, district: District, progress: Progress, at: Int32Array) -> BoolArray:
    guarantee, programmes = compiled.rule.guarantee, compiled.programme
    shape = len(at), len(programmes)
    if guarantee is None or guarantee.where == "TRUE":
        return np.ones(shape, dtype=np.bool_)
    student, programme = np.repeat(at, shape[1]), np.tile(programmes, shape[0])
    pairs = Applications(district, progress, student, programme, np.full(len(student), -1, dtype=np.int32))
    where = f"round '{compiled.rule.name}' › guarantee › where"
    return pairs.condition(parse_expression(guarantee.where), where).reshape(shape)


def _seats_left(compiled: CompiledRound, choice: Int64Array) -> Int64Array:
    """Return the seats that the round's pools have left at each programme."""
    market, held = compiled.market, choice >= 0
    taken = np.bincount(market.pool[choice[held]], weights=market.size[held], minlength=len(market.seats))
    left = np.maximum(market.seats - taken.astype(np.int64), 0)
    return left.reshape(-1, len(compiled.rule.pools)).sum(axis=1)


def _order(compiled: CompiledRound, left: Int32Array) -> Int64Array:
    """Return who goes first among the applicants left: by best key in the round, then by id."""
    market = compiled.market
    best = np.full(market.applicants, np.iinfo(np.int64).max)
    np.minimum.at(best, market.owners(), market.key)
    order = np.empty(len(left), dtype=np.int64)
    order[np.lexsort((left, best[left]))] = np.arange(len(left))
    return order
