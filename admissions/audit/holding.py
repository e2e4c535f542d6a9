"""P2 against the office's own tables: is the seat really on the child's list, and may the child hold it?"""

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.evidence import Evidence, admitted_rows
from admissions.audit.findings import Violations
from admissions.compiling.applications import Applications, condition_of, in_zone
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.market import BoolArray, Int32Array
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Round
from admissions.records import INELIGIBLE


def seats_not_to_be_held(allocation: Allocation, evidence: Evidence) -> Violations:
    """Return who holds a seat of a round that the clauses do not give, as far as the tables at hand tell.

    Parameters
    ----------
    allocation : Allocation
        Where it has no district, the records alone are looked at.
    evidence : Evidence
        The round.

    Notes
    -----
    Of each seat taken up by list: the programme stands on the family's list, serves the zone, or the round lists the
    nearest; the round's conditions hold; the class recorded is the first whose condition holds; and the pool takes the
    child. Of each coordinated seat: the round has a guarantee, the programme is one of its own and allowed.
    """
    rule, district = evidence.record.rule, allocation.district
    seated = allocation.students.filter(pl.col("round") == rule.name)
    coordinated = seated["route"] == "coordinated"
    if district is None:
        known = evidence.pools["programme_id"].unique().implode()
        wrong = coordinated & ((rule.guarantee is None) | ~seated["programme_id"].is_in(known))
        return _violations(seated, wrong)
    listed, placed = seated.filter(~coordinated), seated.filter(coordinated)
    return _violations(listed, pl.Series(_wrongly_listed(allocation, evidence, district, listed))) + _violations(
        placed, pl.Series(_wrongly_coordinated(allocation, rule, district, placed))
    )


def _violations(seated: pl.DataFrame, wrong: pl.Series) -> Violations:
    bad = seated.filter(wrong)
    rows = bad.select("student_id", "programme_id", "pool").iter_rows(named=True)
    return Violations.of(len(seated), len(bad), rows)


def _pairs(district: District, allocation: Allocation, rule: Round, seated: pl.DataFrame) -> Applications:
    """Return the seats of a table as applications, as they stood when the round began."""
    student = row_numbers(seated["student_id"], district.students["student_id"])
    programme = row_numbers(seated["programme_id"], district.programmes["programme_id"])
    first = np.where(student >= 0, _first_children(district)[student], -1)
    return Applications(
        district,
        progress_before(allocation, rule, district),
        first,
        programme,
        _choice_rows(district, student, programme),
    )


def progress_before(allocation: Allocation, rule: Round, district: District) -> Progress:
    """Return who of the district had a seat before a round, and who had been left by whom, from the tables."""
    if allocation.policy.rounds[0].name == rule.name:
        return Progress.start(len(district.students), np.zeros(0, dtype=np.int64))
    rounds = allocation.students.select("student_id", "round").unique("student_id", keep="first")
    students = district.students.select("student_id").join(rounds, on="student_id", how="left", maintain_order="left")
    nothing = np.zeros(0, dtype=np.int64)
    progress = Progress.start(len(students), nothing)
    for record in allocation.records:
        earlier = record.rule
        if earlier.name == rule.name:
            break
        considered = covered_students(earlier, district, progress)
        rows = record.student[(record.outcome != INELIGIBLE) & (record.student >= 0)]
        considered[row_numbers(record.student_ids.gather(np.unique(rows)), district.students["student_id"])] = True
        seated = (students["round"] == earlier.name).fill_null(False).to_numpy()
        progress = progress.after(earlier.name, considered, np.where(seated, 0, -1).astype(np.int32))
    return progress


def covered_students(rule: Round, district: District, progress: Progress) -> BoolArray:
    """Return whom the guarantee of a round covers among those who come into it without a seat, (n,) bool."""
    here = (district.students["stage"] == rule.stage).to_numpy() & ~progress.placed
    if rule.guarantee is None:
        return np.zeros_like(here)
    for key, text in (("students", rule.students), ("guarantee › who", rule.guarantee.who)):
        if reads_students_alone(text, district):
            here &= condition_of("student", district, progress, parse_expression(text), f"round '{rule.name}' › {key}")
    return here


def _first_children(district: District) -> Int32Array:
    """Return the row of the child who speaks for each student: the first of its bundle, or itself."""
    students = district.students
    rows = np.arange(len(students), dtype=np.int32)
    if "bundle_id" not in students.columns:
        return rows
    whole = students.select("bundle_id").with_columns(row=rows)
    first = whole.select(
        pl.when(pl.col("bundle_id").is_null()).then("row").otherwise(pl.col("row").min().over("bundle_id"))
    )
    return first.to_series().to_numpy()


def _choice_rows(district: District, student: Int32Array, programme: Int32Array) -> Int32Array:
    """Return the row of `choices` where a child, or a child of its bundle, lists the programme; -1 where none does."""
    first = _first_children(district)
    seat, row = np.full(len(first), -1, dtype=np.int32), np.full(len(first), -1, dtype=np.int32)
    seat[first[student]] = programme
    lister = first[district.links.choice_student]
    listed = np.flatnonzero(district.links.choice_programme == seat[lister])
    row[lister[listed]] = listed
    return row[first[student]]


def _wrongly_listed(allocation: Allocation, evidence: Evidence, district: District, seated: pl.DataFrame) -> BoolArray:
    rule = evidence.record.rule
    pairs = _pairs(district, allocation, rule, seated)
    on_list = np.zeros(len(pairs), dtype=np.bool_)
    if "choices" in rule.lists:
        on_list |= pairs.choice >= 0
    if "zone" in rule.lists:
        on_list |= in_zone(pairs)
    if "nearest" in rule.lists:
        on_list[:] = True
    here = f"round '{rule.name}'"
    first_class = np.full(len(pairs), -1)
    for place, priority in enumerate(rule.classes):
        holds = pairs.condition(parse_expression(priority.when), f"{here} › priority '{priority.name}' › when")
        first_class[(first_class < 0) & holds] = place
    right_class = first_class == _recorded_class(evidence, seated)
    entered = np.zeros(len(pairs), dtype=np.bool_)
    for pool in rule.pools:
        member = pairs.condition(parse_expression(pool.members), f"{here} › pool '{pool.name}' › members")
        mine = (seated["pool"] == pool.name).fill_null(False).to_numpy()
        entered |= mine & (member | (pool.others == "after members"))
    return ~(on_list & _eligible(pairs, rule, True) & right_class & entered) | _unknown(pairs)


def _recorded_class(evidence: Evidence, seated: pl.DataFrame) -> Int32Array:
    """Return the class of the admitted application behind each seat, -2 where there is none."""
    record, rows = evidence.record, admitted_rows(evidence.record)
    classes = np.full(len(record.student_ids) + 1, -2, dtype=np.int32)
    classes[record.student[rows]] = record.class_place[rows]
    classes[-1] = -2
    return classes[row_numbers(seated["student_id"], record.student_ids)]


def reads_students_alone(condition: str, district: District) -> bool:
    """Return whether a condition is about students, and not about single applications."""
    return set(parse_expression(condition).columns) <= {*district.students.columns, "placed", "left_by"}


def _eligible(pairs: Applications, rule: Round, of_the_list: bool) -> BoolArray:
    """Return whether stage and the round's conditions on students and programmes hold, and no earlier seat is held.

    A condition on single applications concerns those of the list and no coordinated seat.
    """
    district, here = pairs.district, f"round '{rule.name}'"
    stage = (district.students["stage"] == rule.stage).to_numpy()[pairs.student]
    stage &= (district.programmes["stage"] == rule.stage).to_numpy()[pairs.programme]
    students = np.ones(len(pairs), dtype=np.bool_)
    if of_the_list or reads_students_alone(rule.students, district):
        students = pairs.condition(parse_expression(rule.students), f"{here} › students")
    programmes = pairs.condition(parse_expression(rule.programmes), f"{here} › programmes")
    return stage & students & programmes & ~pairs.progress.placed[pairs.student]


def _wrongly_coordinated(allocation: Allocation, rule: Round, district: District, seated: pl.DataFrame) -> BoolArray:
    if rule.guarantee is None:
        return np.ones(len(seated), dtype=np.bool_)
    pairs = _pairs(district, allocation, rule, seated)
    where = f"round '{rule.name}' › guarantee"
    covers = pairs.condition(parse_expression(rule.guarantee.who), f"{where} › who")
    allows = pairs.condition(parse_expression(rule.guarantee.where), f"{where} › where")
    return ~(covers & allows & _eligible(pairs, rule, False)) | _unknown(pairs)


def _unknown(pairs: Applications) -> BoolArray:
    """Return which seats name a student or a programme that the district does not have."""
    return (pairs.student < 0) | (pairs.programme < 0)
