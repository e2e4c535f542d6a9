"""The audit of an allocation: P1 to P9, from its own tables and, where it has them, the office's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.caps import overfull_groups
from admissions.audit.comparing import compare_groups
from admissions.audit.evidence import Evidence, admitted_rows, read_round
from admissions.audit.findings import PROPERTIES, Audit, Finding, Violations
from admissions.audit.guarantees import broken_guarantees, overfull_programmes
from admissions.audit.holding import seats_not_to_be_held
from admissions.audit.improvement import stable_improvements
from admissions.audit.lotteries import numbers_that_differ
from admissions.audit.matchings import audit_market


def audit_allocation(allocation: Allocation, by: str | Sequence[str] = (), redraws: Iterable[Allocation] = ()) -> Audit:
    """Return the audit of an allocation; shares no code with what allocated.

    Parameters
    ----------
    allocation : Allocation
        In memory with its district, or read back from a run folder without.
    by : str or sequence of str, optional
        Columns of students, or SQL expressions over them, to compare groups of children by, as of `compare_groups`;
        this needs the district.
    redraws : iterable of Allocation, optional
        The same district and policy under other seeds, such as `admissions.redraw` makes; they give the intervals.

    Returns
    -------
    Audit
        P1 to P9. P4, P5 and P7 are claimed in the rounds whose mechanism claims them, the others everywhere. Groups
        are its `groups`.

    Raises
    ------
    AdmissionsError
        If groups cannot be made or redraws do not belong to the allocation.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> adm.audit(allocation).failed
    ()
    >>> adm.audit(allocation, by="stage").groups["stage", "mean_rank"]["senior"].value
    Fraction(37, 25)
    """
    groups = compare_groups(allocation, by, redraws)
    found: dict[str, dict[str, Violations]] = {code: {} for code in PROPERTIES}
    claims: dict[str, tuple[str, ...]] = {}
    for record in allocation.records:
        name, evidence = record.rule.name, read_round(allocation, record)
        claims[name] = record.rule.claims(evidence.market)
        margin = record.rule.margin
        for code, violations in audit_market(evidence.market, evidence.matching, margin).items():
            found[code][name] = _named(evidence, violations)
        found["P1"][name] = _double_seats(allocation, evidence)
        found["P2"][name] += evidence.unlisted + seats_not_to_be_held(allocation, evidence)
        found["P3"][name] += overfull_programmes(allocation, evidence) + overfull_groups(allocation, evidence)
        found["P6"][name] = broken_guarantees(allocation, evidence)
        found["P7"][name] = _named(
            evidence, stable_improvements(evidence.market, evidence.matching, margin == "last tie")
        )
        found["P8"][name] = numbers_that_differ(allocation, record)
    found["P9"]["all rounds"] = _lost_students(allocation)
    findings = (Finding(code, _claiming(claims, code, rounds), rounds) for code, rounds in found.items())
    return Audit(tuple(findings), groups)


def _claiming(claims: Mapping[str, tuple[str, ...]], code: str, rounds: Mapping[str, Violations]) -> tuple[str, ...]:
    """Return the rounds that claim a property: all, but where it depends on the mechanism."""
    if code not in ("P4", "P5", "P7"):
        return tuple(rounds)
    return tuple(name for name in rounds if code in claims[name])


def _named(evidence: Evidence, violations: Violations) -> Violations:
    """Return violations whose witnesses are students and pools of the tables instead of rows of arrays."""
    record, pools = evidence.record, evidence.pools

    def place(pool: int) -> dict[str, str]:
        return {"programme_id": pools["programme_id"][pool], "pool": pools["pool"][pool]}

    def name(key: str, value: Any) -> dict[str, Any]:
        match key:
            case "applicant":
                return {"student_id": record.student_ids[int(evidence.student[value])]}
            case "displaces":
                return {"displaces": record.student_ids[int(evidence.student[value])]}
            case "choice":
                return place(int(evidence.market.pool[value])) if value >= 0 else {}
            case "best":
                return {"better": place(int(evidence.market.pool[value]))} if value >= 0 else {}
            case "pool":
                return place(value)
            case "pools":
                return {"cycle": [place(pool) for pool in value]}
        return {key: value}

    witnesses = ({k: v for key, value in w.items() for k, v in name(key, value).items()} for w in violations.witnesses)
    return Violations.of(violations.checked, violations.count, witnesses)


def _double_seats(allocation: Allocation, evidence: Evidence) -> Violations:
    """Return who was admitted twice, stands twice in the table, or whose table row is not the admitted application."""
    record, seats = evidence.record, evidence.seats
    rows = admitted_rows(record)
    n = len(record.student_ids)
    times = np.bincount(record.student[rows], minlength=n)
    programme, pool = np.full(n, -1), np.full(n, -1)
    programme[record.student[rows]], pool[record.student[rows]] = record.programme[rows], record.pool[rows]
    other = (programme != seats.programme) | (pool != seats.pool)
    bad = record.student_ids.filter(pl.Series((times > 1) | other))
    table = allocation.students.filter(pl.col("round") == record.rule.name)["student_id"]
    bad = pl.concat([bad, table.filter(table.is_duplicated())]).unique().sort()
    return Violations.of(len(table), len(bad), ({"student_id": student} for student in bad))


def _lost_students(allocation: Allocation) -> Violations:
    """Return the students who went in and did not come out, or came out without having gone in."""
    students = allocation.students
    out = students["student_id"]
    seat = students["programme_id"].is_not_null()
    unexplained = out.filter(seat == students["reason"].is_not_null())
    halves = [students[name].is_not_null() != seat for name in ("round", "school_id")]
    unexplained = pl.concat([unexplained, out.filter(halves[0] | halves[1] | (seat == (students["route"] == "none")))])
    if allocation.district is not None and out.equals(allocation.district.students["student_id"]):
        missing = strangers = out.clear()
    elif allocation.district is not None:
        went_in = allocation.district.students["student_id"]
        missing = went_in.filter(~went_in.is_in(out.implode()))
        strangers = out.filter(~out.is_in(went_in.implode()) | out.is_duplicated())
    else:
        missing = out.clear()
        unknown = [record.student for record in allocation.records if (record.student < 0).any()]
        strangers = pl.concat(
            [out.filter(out.is_duplicated()), pl.Series(["of an application alone"] * len(unknown), dtype=pl.String)]
        )
    bad = pl.concat([missing, strangers, unexplained]).unique().sort()
    return Violations.of(len(out), len(bad), ({"student_id": student} for student in bad))
