"""One round of the policy over the district, compiled to a Market."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.compiling.applications import Applications, Level, condition_of
from admissions.compiling.lists import Lists, build_lists
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw, Ranking, dense
from admissions.compiling.seats import divide_seats
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Int64Array, Market
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


def compile_round(
    rule: Round, district: District, applicants: Applicants, progress: Progress, draw: Draw
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

    Raises
    ------
    PolicyError, DataError
        If the clause does not fit the tables.
    """
    programmes = select_programmes(rule, district, progress)
    taking_part = select_applicants(rule, district, applicants, progress)
    lists = build_lists(rule, district, applicants, taking_part, programmes)
    applications = Applications(district, progress, applicants.first[lists.applicant], lists.programme, lists.choice)
    eligible = applications.condition(parse_expression(rule.students), f"round '{rule.name}' › students")
    classes = _classify(rule, applications, eligible)
    entry, members = _enter_pools(rule, applications, classes >= 0)
    row_application, row_pool = _rows(entry)
    row_class = classes[row_application]
    inside = row_pool >= 0
    enters = slice(None) if inside.all() else inside
    edge, pool = row_application[enters], row_pool[enters]
    outsider = None
    if any(seat_pool.others == "after members" for seat_pool in rule.pools):
        outsider = ~members[edge, pool]
    ranking = Ranking(applications, draw)
    key, settled = _keys(rule, ranking, edge, pool, row_class[enters], outsider, lists.programme)
    who = np.flatnonzero(taking_part).astype(np.int32)
    local = (np.cumsum(programmes) - 1).astype(np.int32)
    shares = divide_seats(rule, district, programmes, progress.seats, np.maximum(progress.left, 0))
    market = Market(
        indptr=np.searchsorted(lists.applicant[edge], np.append(who, len(applicants.first))).astype(np.int64),
        pool=(local[lists.programme[edge]] * len(rule.pools) + pool).astype(np.int32),
        key=key,
        rank=lists.place[edge],
        seats=shares[programmes].ravel(),
        size=applicants.size[who],
    )
    listed = np.flatnonzero(programmes).astype(np.int32)
    return CompiledRound(
        rule, market, who, listed, lists, row_application, row_class, row_pool, ranking.values, settled
    )


def select_programmes(rule: Round, district: District, progress: Progress) -> BoolArray:
    """Return the programmes of a round, (p,) bool."""
    where = f"round '{rule.name}' › programmes"
    chosen = condition_of("programme", district, progress, parse_expression(rule.programmes), where)
    return chosen & (district.programmes["stage"] == rule.stage).to_numpy()


def select_applicants(rule: Round, district: District, applicants: Applicants, progress: Progress) -> BoolArray:
    """Return the applicants of a round, (a,) bool: its stage, without a seat, for whom `students` can hold."""
    first = applicants.first
    here = (district.students["stage"] == rule.stage).to_numpy()[first] & ~progress.placed[first]
    expression = parse_expression(rule.students)
    if set(expression.columns) <= {*district.students.columns, "placed", "left_by"}:
        where = f"round '{rule.name}' › students"
        here &= condition_of("student", district, progress, expression, where)[first]
    return here


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


def _enter_pools(rule: Round, applications: Applications, admissible: BoolArray) -> tuple[BoolArray, BoolArray]:
    """Return which pools each application enters, (m, k), and of which it is a member, (m, k)."""
    members = np.empty((len(applications), len(rule.pools)), dtype=np.bool_)
    entry = np.empty_like(members)
    for k, pool in enumerate(rule.pools):
        where = f"round '{rule.name}' › pool '{pool.name}' › members"
        members[:, k] = applications.condition(parse_expression(pool.members), where)
        entry[:, k] = admissible & (members[:, k] | (pool.others == "after members"))
    return entry, members


def _rows(entry: BoolArray) -> tuple[Int32Array, np.ndarray[tuple[int], np.dtype[np.int16]]]:
    """Return application and pool of each recorded row: one a pool entered, or one without a pool."""
    counts = np.zeros(len(entry), dtype=np.int8)
    for column in entry.T:
        counts += column
    application = np.repeat(np.arange(len(entry), dtype=np.int32), np.maximum(counts, 1))
    pool = np.full(len(application), NO_POOL, dtype=np.int16)
    pool[np.repeat(counts > 0, np.maximum(counts, 1))] = np.nonzero(entry)[1]
    return application, pool


def _keys(
    rule: Round,
    ranking: Ranking,
    edge: Int32Array,
    pool: np.ndarray[tuple[int], np.dtype[np.int16]],
    classes: np.ndarray[tuple[int], np.dtype[np.int16]],
    outsider: BoolArray | None,
    programme: Int32Array,
) -> tuple[Int64Array, int]:
    """Return the key of each edge, and how many nothing but the id tells from another at their pool.

    The key orders by membership of the pool, then class, then the class's order, then id.
    """
    orders: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for c, priority in enumerate(rule.classes):
        for k, seat_pool in enumerate(rule.pools):
            texts = tuple(f"{t.expression.text} {t.descending}" for t in rule.terms(priority, seat_pool))
            orders.setdefault(texts, []).append((c, k))
    group = classes if outsider is None else outsider * np.int64(len(rule.classes)) + classes
    place = np.zeros(len(edge), dtype=np.int64)
    settled = 0
    one_each = len(orders) == 1 and len(edge) == len(programme)
    for cells in orders.values():
        priority, seat_pool = rule.classes[cells[0][0]], rule.pools[cells[0][1]]
        terms = rule.terms(priority, seat_pool)
        where = f"round '{rule.name}' › " + (f"priority '{priority.name}' › order" if rule.priority else "order")
        inside = np.zeros((len(rule.classes), len(rule.pools)), dtype=np.bool_)
        inside[tuple(zip(*cells, strict=True))] = True
        mine = slice(None) if inside.all() else inside[classes, pool]
        placed = ranking.place(terms, where)
        place[mine] = placed if one_each else placed[edge[mine]]
        if not any(term.is_lottery or term.expression.text == "student_id" for term in terms):
            loose = ranking.place(terms, where, by_id=False)[edge[mine]]
            at = programme[edge[mine]] * np.int64(len(rule.pools)) + pool[mine]
            at = at * (int(group.max(initial=0)) + 1) + group[mine]
            settled += int(pl.DataFrame({"at": at, "place": loose}).is_duplicated().sum())
    if len(orders) == 1 and not group.any():
        return dense(place), settled
    bits = int(place.max(initial=0)).bit_length()
    return dense((group.astype(np.int64) << bits) | place), settled
