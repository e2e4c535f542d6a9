"""The audit of an allocation: P1 to P9, from its own tables and, where it has them, the office's."""

from collections.abc import Mapping

import polars as pl

from admissions.allocation import Allocation
from admissions.audit.findings import PROPERTIES, Audit, Finding, Violations
from admissions.audit.guarantees import broken_guarantees, overfull_programmes
from admissions.audit.holding import seats_not_to_be_held
from admissions.audit.improvement import stable_improvements
from admissions.audit.lotteries import numbers_that_differ
from admissions.audit.matchings import audit_market
from admissions.audit.records import RoundRecord, read_round


def audit_allocation(allocation: Allocation) -> Audit:
    """Return the audit of an allocation; shares no code with what allocated.

    Parameters
    ----------
    allocation : Allocation
        In memory with its district, or read back from a run folder without.

    Returns
    -------
    Audit
        P1 to P9. P4, P5 and P7 are claimed in the rounds whose mechanism claims them, the others everywhere.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> adm.audit(allocation).failed
    ()
    """
    found: dict[str, dict[str, Violations]] = {code: {} for code in PROPERTIES}
    for rule in allocation.policy.rounds:
        record = read_round(allocation, rule)
        for code, violations in audit_market(record.market, record.matching).items():
            found[code][rule.name] = _named(record, violations)
        found["P1"][rule.name] = _double_seats(allocation, rule.name)
        found["P2"][rule.name] += record.unlisted + seats_not_to_be_held(allocation, record)
        found["P3"][rule.name] += overfull_programmes(allocation, record)
        found["P6"][rule.name] = broken_guarantees(allocation, record)
        found["P7"][rule.name] = _named(record, stable_improvements(record.market, record.matching))
        found["P8"][rule.name] = numbers_that_differ(allocation, rule)
    found["P9"]["all rounds"] = _lost_students(allocation)
    return Audit(tuple(Finding(code, _claiming(allocation, code, rounds), rounds) for code, rounds in found.items()))


def _claiming(allocation: Allocation, code: str, rounds: Mapping[str, Violations]) -> tuple[str, ...]:
    """Return the rounds that claim a property: all, but where it depends on the mechanism."""
    if code not in ("P4", "P5", "P7"):
        return tuple(rounds)
    return tuple(rule.name for rule in allocation.policy.rounds if code in rule.claims)


def _named(record: RoundRecord, violations: Violations) -> Violations:
    """Return violations whose witnesses are students and pools of the tables instead of rows of arrays."""
    ids, rows, pools = record.applicants["student_id"], record.rows, record.pools

    def name(key: str, value: object) -> dict[str, object]:
        if key in ("applicant", "displaces") and isinstance(value, int):
            return {"student_id" if key == "applicant" else key: ids[value]}
        if key in ("choice", "best") and isinstance(value, int):
            return (
                {f"{key}_programme_id": rows["programme_id"][value], f"{key}_pool": rows["pool"][value]}
                if value >= 0
                else {}
            )
        if key == "pool" and isinstance(value, int):
            return {"programme_id": pools["programme_id"][value], "pool": pools["pool"][value]}
        if key == "pools" and isinstance(value, list):
            return {"pools": [[pools["programme_id"][p], pools["pool"][p]] for p in value]}
        return {key: value}

    witnesses = [{k: v for key, value in w.items() for k, v in name(key, value).items()} for w in violations.witnesses]
    return Violations(violations.checked, violations.count, tuple(witnesses))


def _double_seats(allocation: Allocation, name: str) -> Violations:
    """Return who was admitted twice, stands twice in the table, or whose table row is not the admitted application."""
    admitted = allocation.applications.filter((pl.col("outcome") == "admitted") & (pl.col("round") == name))
    twice = admitted.filter(admitted["student_id"].is_duplicated())["student_id"].unique()
    rows = allocation.students.filter(pl.col("round") == name)
    repeated = rows.filter(rows["student_id"].is_duplicated())["student_id"].unique()
    key = ["student_id", "programme_id", "pool"]
    listed = rows.filter(pl.col("route") != "coordinated").select(key)
    other = pl.concat(
        [admitted.select(key).join(listed, on=key, how="anti"), listed.join(admitted.select(key), on=key, how="anti")]
    )["student_id"]
    bad = pl.concat([twice, repeated, other]).unique().sort()
    return Violations.of(len(rows), len(bad), ({"student_id": student} for student in bad))


def _lost_students(allocation: Allocation) -> Violations:
    """Return the students who went in and did not come out, or came out without having gone in."""
    students = allocation.students
    out = students["student_id"]
    seat = students["programme_id"].is_not_null()
    unexplained = out.filter(seat == students["reason"].is_not_null())
    halves = [students[name].is_not_null() != seat for name in ("round", "school_id")]
    unexplained = pl.concat([unexplained, out.filter(halves[0] | halves[1] | (seat == (students["route"] == "none")))])
    if allocation.district is not None:
        went_in = allocation.district.students["student_id"]
        missing = went_in.filter(~went_in.is_in(out.implode()))
        strangers = out.filter(~out.is_in(went_in.implode()) | out.is_duplicated())
    else:
        missing = out.clear()
        applied = allocation.applications["student_id"]
        strangers = pl.concat([applied.filter(~applied.is_in(out.implode())).unique(), out.filter(out.is_duplicated())])
    bad = pl.concat([missing, strangers, unexplained]).unique().sort()
    return Violations.of(len(out), len(bad), ({"student_id": student} for student in bad))
