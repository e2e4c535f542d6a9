"""P6, and the seats of coordinated children: is everybody placed who was promised a place, while there is a seat?"""

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.evidence import Evidence
from admissions.audit.findings import Violations
from admissions.audit.holding import covered_students, progress_before
from admissions.compiling.applications import Applications
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.market import BoolArray, Int32Array
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Round
from admissions.records import INELIGIBLE

PAIRS_AT_ONCE = 4_000_000


def programme_fill(allocation: Allocation, evidence: Evidence) -> pl.DataFrame:
    """Return each programme of a round with its seats, those its pools had left, and the children coordinated to it."""
    pools = evidence.pools.with_columns(left=(pl.col("seats") - pl.col("admitted")).clip(0))
    by_programme = pools.group_by("programme_id", maintain_order=True).agg(pl.col("left").sum())
    coordinated = allocation.students.filter(
        (pl.col("round") == evidence.record.rule.name) & (pl.col("route") == "coordinated")
    )
    given = coordinated.group_by("programme_id").agg(coordinated=pl.len().cast(pl.Int64))
    joined = by_programme.join(given, on="programme_id", how="left", maintain_order="left")
    return joined.with_columns(pl.col("coordinated").fill_null(0))


def overfull_programmes(allocation: Allocation, evidence: Evidence) -> Violations:
    """Return the programmes with more coordinated children than seats left, and the pools whose count is not true.

    A bundle that took the last seat may run over by its size less one.
    """
    fill = programme_fill(allocation, evidence)
    largest = _largest_bundles(allocation, evidence.record.rule)
    fill = fill.join(largest, on="programme_id", how="left", maintain_order="left").with_columns(
        pl.col("size").fill_null(1)
    )
    over = fill.filter(
        (pl.col("coordinated") > pl.col("left")) & (pl.col("coordinated") - pl.col("size") >= pl.col("left"))
    )
    counted = (
        allocation.students.filter((pl.col("round") == evidence.record.rule.name) & pl.col("pool").is_not_null())
        .group_by("programme_id", "pool")
        .agg(counted=pl.len().cast(pl.Int64))
    )
    published = evidence.pools.join(counted, on=["programme_id", "pool"], how="left", maintain_order="left")
    misstated = published.filter(pl.col("admitted") != pl.col("counted").fill_null(0))
    witnesses = [
        *over.select("programme_id", "left", "coordinated").iter_rows(named=True),
        *misstated.select("programme_id", "pool", "admitted", "counted").iter_rows(named=True),
    ]
    return Violations.of(len(fill), len(over) + len(misstated), witnesses)


def broken_guarantees(allocation: Allocation, evidence: Evidence) -> Violations:
    """Return the children a round's guarantee covers who have no seat while one they may take is free.

    Parameters
    ----------
    allocation : Allocation
        Where it has no district, whom the guarantee covers is read from the reason recorded.
    evidence : Evidence
        The round.
    """
    guarantee, district = evidence.record.rule.guarantee, allocation.district
    if guarantee is None:
        return Violations(0)
    students = allocation.students
    without = (students["programme_id"].is_null() & (students["stage"] == evidence.record.rule.stage)).fill_null(False)
    if district is None:
        covered = _covered_by_record(allocation, evidence)
        checked = int(students.filter(students["round"] == evidence.record.rule.name).height + covered.sum())
    else:
        covered = pl.Series(_covered(allocation, evidence, district))
        checked = int(covered.sum())
    ids = district.students["student_id"] if district is not None else students["student_id"]
    covered_ids = ids.filter(covered.fill_null(False)).implode()
    left = students.filter(without & students["student_id"].is_in(covered_ids))["student_id"]
    free = programme_fill(allocation, evidence).filter(pl.col("left") > pl.col("coordinated"))["programme_id"]
    if not len(left) or not len(free):
        return Violations(checked)
    if district is None:
        broken = left if guarantee.where == "TRUE" else left.clear()
    else:
        broken = left.filter(pl.Series(_may_take(allocation, evidence.record.rule, district, left, free)))
    return Violations.of(checked, len(broken), ({"student_id": student} for student in broken))


def _covered(allocation: Allocation, evidence: Evidence, district: District) -> BoolArray:
    rule = evidence.record.rule
    return covered_students(rule, district, progress_before(allocation, rule, district))


def _covered_by_record(allocation: Allocation, evidence: Evidence) -> pl.Series:
    """Return whom the guarantee covers as far as the run's own tables tell."""
    students, record = allocation.students, evidence.record
    ran_out = (students["reason"] == "seats ran out").fill_null(False)
    if record.rule.guarantee is None or record.rule.guarantee.who != "TRUE":
        return ran_out
    took_part = np.unique(record.student[(record.outcome != INELIGIBLE) & (record.student >= 0)])
    return ran_out | students["student_id"].is_in(record.student_ids.gather(took_part).implode())


def _may_take(allocation: Allocation, rule: Round, district: District, left: pl.Series, free: pl.Series) -> BoolArray:
    """Return which of the children left may take any of the free programmes."""
    student = row_numbers(left, district.students["student_id"])
    programme = row_numbers(free, district.programmes["programme_id"])
    progress, where = progress_before(allocation, rule, district), f"round '{rule.name}' › guarantee › where"
    expression = parse_expression(rule.guarantee.where if rule.guarantee else "FALSE")
    may = np.zeros(len(student), dtype=np.bool_)
    step = max(1, PAIRS_AT_ONCE // len(programme))
    for start in range(0, len(student), step):
        some: Int32Array = student[start : start + step]
        who, what = np.repeat(some, len(programme)), np.tile(programme, len(some))
        pairs = Applications(district, progress, who, what, np.full(len(who), -1, dtype=np.int32))
        may[start : start + step] = pairs.condition(expression, where).reshape(len(some), -1).any(axis=1)
    return may


def _largest_bundles(allocation: Allocation, rule: Round) -> pl.DataFrame:
    """Return the size of the largest bundle coordinated to each programme."""
    empty = pl.DataFrame(schema={"programme_id": pl.String, "size": pl.Int64})
    bundles = _bundles(allocation)
    if bundles is None:
        return empty
    given = allocation.students.filter((pl.col("round") == rule.name) & (pl.col("route") == "coordinated"))
    together = given.select("student_id", "programme_id").join(bundles, on="student_id", how="inner")
    sizes = together.group_by("programme_id", "bundle_id").agg(size=pl.len().cast(pl.Int64))
    return sizes.group_by("programme_id").agg(pl.col("size").max()) if len(sizes) else empty


def _bundles(allocation: Allocation) -> pl.DataFrame | None:
    """Return each bundled student with its bundle, from the office's table or from the applications."""
    if allocation.district is not None:
        if "bundle_id" not in allocation.district.students.columns:
            return None
        return allocation.district.students.select("student_id", "bundle_id").drop_nulls()
    record = allocation.records[0]
    return pl.DataFrame({"student_id": record.student_ids, "bundle_id": record.bundle_ids}).drop_nulls()
