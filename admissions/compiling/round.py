"""One round of the policy over the district, compiled to a Market."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.compiling.applications import Applications, Level, condition_of
from admissions.compiling.lists import Lists, build_lists
from admissions.compiling.parameters import Rows, compile_parameters
from admissions.compiling.priorities import Entries
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw, Ranking
from admissions.compiling.seats import divide_seats
from admissions.compiling.supposition import Supposition
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Market
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Round

NO_CLASS, NO_POOL, NOT_ELIGIBLE = -1, -2, -3
"""Why an application enters no pool, in place of its class or pool."""


@dataclass(frozen=True, slots=True, repr=False)
class CompiledRound:
    """A round as arrays, and the way back from them to the district.

    Attributes
    ----------
    rule : Round
        The clause it comes from.
    market : Market
        Its applicants are `applicant`, its pools programme by programme in the order of law.
    applicant : (a,) int32
        Applicant of each row of the market.
    programme : (q,) int32
        Programmes of the round; pool ``k`` of the rule at ``programme[j]`` is the market's ``j * pools + k``.
    lists : Lists
        All applications, those that enter no pool too.
    row_application : (r,) int32
        Application of each recorded row: one a pool it enters, or one where it enters none.
    row_class : (r,) int16
        Class of each row, or `NO_CLASS`, or `NOT_ELIGIBLE`.
    row_pool : (r,) int16
        Pool of the rule, or `NO_POOL` where it enters none.
    values : mapping of str to (Level, Series)
        What the orders compared, a value a student, programme or application.
    settled_by_id : int
        Applications that nothing but the student's id tells from another at the same pool.
    parameters : mapping of str to object
        What the mechanism is called with.
    """

    rule: Round
    market: Market
    applicant: Int32Array
    programme: Int32Array
    lists: Lists
    row_application: Int32Array
    row_class: np.ndarray[tuple[int], np.dtype[np.int16]]
    row_pool: np.ndarray[tuple[int], np.dtype[np.int16]]
    values: dict[str, tuple[Level, pl.Series]]
    settled_by_id: int
    parameters: Mapping[str, Any]


def compile_round(
    rule: Round,
    district: District,
    applicants: Applicants,
    progress: Progress,
    draw: Draw,
    supposition: Supposition | None = None,
) -> CompiledRound:
    """Return a round compiled to a Market.

    Parameters
    ----------
    rule : Round
        The clause.
    district : District
        The tables.
    applicants : Applicants
        Who applies.
    progress : Progress
        What earlier rounds left.
    draw : Draw
        The lottery.
    supposition : Supposition, optional
        How one application stands otherwise, to ask what would follow.

    Raises
    ------
    PolicyError, DataError
        If the clause does not fit the tables.
    """
    return compile_entries(rule, district, applicants, progress, draw, supposition)[0]


def compile_entries(
    rule: Round,
    district: District,
    applicants: Applicants,
    progress: Progress,
    draw: Draw,
    supposition: Supposition | None = None,
) -> tuple[CompiledRound, Entries]:
    """Return a round compiled to a Market, and the entries its keys come from, for whoever draws them again.

    Parameters and errors are those of `compile_round`.
    """
    programmes = select_programmes(rule, district, progress)
    taking_part = select_applicants(rule, district, applicants, progress)
    lists = build_lists(rule, district, applicants, taking_part, programmes)
    applications = Applications(district, progress, applicants.first[lists.applicant], lists.programme, lists.choice)
    eligible = applications.condition(parse_expression(rule.students), f"round '{rule.name}' › students")
    classes = _classify(rule, applications, eligible)
    members = _members(rule, applications)
    if supposition is not None:
        _suppose(supposition, applications, classes, members)
    entry = (classes >= 0)[:, None] & (members | [pool.others == "after members" for pool in rule.pools])
    row_application, row_pool = _rows(entry)
    row_class = classes[row_application]
    inside = row_pool >= 0
    enters = slice(None) if inside.all() else inside
    edge, pool = row_application[enters], row_pool[enters]
    outsider = None
    if any(seat_pool.others == "after members" for seat_pool in rule.pools):
        outsider = ~members[edge, pool]
    ranking = Ranking(applications, draw, supposition)
    who = np.flatnonzero(taking_part).astype(np.int32)
    listed = np.flatnonzero(programmes).astype(np.int32)
    indptr = np.searchsorted(lists.applicant[edge], np.append(who, len(applicants.first))).astype(np.int64)
    local = (np.cumsum(programmes) - 1).astype(np.int32)
    market_pool = (local[lists.programme[edge]] * len(rule.pools) + pool).astype(np.int32)
    entries = Entries(rule, ranking, edge, pool, row_class[enters], outsider)
    owner = np.repeat(np.arange(len(who), dtype=np.int32), np.diff(indptr))
    compiled = compile_parameters(entries, Rows(applicants.first[who], owner, market_pool, listed))
    shares = divide_seats(rule, district, programmes, progress.seats, np.maximum(progress.left, 0))
    market = Market(
        indptr=indptr,
        pool=market_pool,
        key=compiled.key,
        rank=lists.place[edge],
        seats=shares[programmes].ravel(),
        size=applicants.size[who],
    )
    round_compiled = CompiledRound(
        rule,
        market,
        who,
        listed,
        lists,
        row_application,
        row_class,
        row_pool,
        ranking.values,
        compiled.settled_by_id,
        compiled.parameters,
    )
    return round_compiled, entries


def select_programmes(rule: Round, district: District, progress: Progress) -> BoolArray:
    """Return the programmes of a round, (p,) bool."""
    where = f"round '{rule.name}' › programmes"
    chosen = condition_of("programme", district, progress, parse_expression(rule.programmes), where)
    return chosen & (district.programmes["stage"] == rule.stage).to_numpy()


def select_applicants(rule: Round, district: District, applicants: Applicants, progress: Progress) -> BoolArray:
    """Return the applicants of a round, (a,) bool: its stage, without a seat, for whom `students` can hold."""
    first = applicants.first
    here = (district.students["stage"] == rule.stage).to_numpy()[first] & ~progress.placed[first]
    if reads_students_alone(rule.students, district):
        where = f"round '{rule.name}' › students"
        here &= condition_of("student", district, progress, parse_expression(rule.students), where)[first]
    return here


def reads_students_alone(condition: str, district: District) -> bool:
    """Return whether a condition is about students, and not about single applications."""
    return set(parse_expression(condition).columns) <= {*district.students.columns, "placed", "left_by"}


def _classify(
    rule: Round, applications: Applications, eligible: BoolArray
) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    """Return the first class whose `when` holds for each application."""
    classes = np.where(eligible, NO_CLASS, NOT_ELIGIBLE).astype(np.int16)
    for place, priority in enumerate(rule.classes):
        open_still = classes == NO_CLASS
        where = f"round '{rule.name}' › priority '{priority.name}' › when"
        classes[open_still & applications.condition(parse_expression(priority.when), where)] = place
    return classes


def _members(rule: Round, applications: Applications) -> BoolArray:
    """Return of which pools each application is a member, (m, k)."""
    members = np.empty((len(applications), len(rule.pools)), dtype=np.bool_)
    for k, pool in enumerate(rule.pools):
        where = f"round '{rule.name}' › pool '{pool.name}' › members"
        members[:, k] = applications.condition(parse_expression(pool.members), where)
    return members


def _suppose(
    supposition: Supposition,
    applications: Applications,
    classes: np.ndarray[tuple[int], np.dtype[np.int16]],
    members: BoolArray,
) -> None:
    """Put the class and the membership supposed in place of those found."""
    about = supposition.about(applications)
    if supposition.class_place is not None:
        classes[about] = supposition.class_place
    if supposition.member_of is not None:
        members[about, supposition.member_of] = True


def _rows(entry: BoolArray) -> tuple[Int32Array, np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """Return application and pool of each recorded row: one a pool entered, or one without a pool."""
    counts = np.zeros(len(entry), dtype=np.int8)
    for column in entry.T:
        counts += column
    application = np.repeat(np.arange(len(entry), dtype=np.int32), np.maximum(counts, 1))
    pool = np.full(len(application), NO_POOL, dtype=np.int16)
    pool[np.repeat(counts > 0, np.maximum(counts, 1))] = np.nonzero(entry)[1]
    return application, pool
