"""From an allocation to the explanation of one child."""

from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.errors import AdmissionsError
from admissions.explanation.changes import Asked, find_changes
from admissions.explanation.explained import Explanation
from admissions.explanation.findings import CODES, Findings, find_reasons, last_classes, rows_of
from admissions.explanation.placement import find_placement, find_shortages
from admissions.explanation.rerun import Rerun
from admissions.explanation.sentences import SENTENCES
from admissions.explanation.steps import Step
from admissions.explanation.wording import word_cutoffs, word_findings, word_own
from admissions.records import ADMITTED, OUTCOMES, REFUSED, WITHOUT_CLASS, value_column


def explain(allocation: Allocation, student: str, tell: Callable[[str], None] | None = None) -> Explanation:
    """Return why a child has this seat and no better one.

    Parameters
    ----------
    allocation : Allocation
        The result, in memory, or read back from a run folder. With its district the rounds of the child's stage are run
        again to find what would have been enough; without it, the explanation says that it could not be.
    student : str
        The child's id.
    tell : callable, optional
        Called with the name of each phase as it begins.

    Raises
    ------
    AdmissionsError
        If there is no such student, or the district is not the one the allocation was made from.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> student = allocation.students["student_id"][0]
    >>> str(explain(allocation, student)).startswith(student)
    True
    """
    tell = tell or (lambda phase: None)
    seats = allocation.students.filter(pl.col("student_id") == student).to_dicts()
    if not seats:
        raise AdmissionsError("no student of that id in this run; ids count to the letter")
    seat = seats[0]
    rows = {place: rows_of(record, student) for place, record in enumerate(allocation.records)}
    tried = [place for place in rows if len(rows[place])]
    names = [rule.name for rule in allocation.policy.rounds]
    coordinated = names.index(seat["round"]) if seat["route"] == "coordinated" else None
    rerun = None
    if allocation.district is not None and (tried or coordinated is not None):
        tell("rounds")
        last = max(*tried, -1, -1 if coordinated is None else coordinated)
        rerun = Rerun.of(allocation, allocation.district, student, last)
    steps: list[Step] = []
    for place in tried:
        tell(f"{names[place]}: what would have been enough")
        steps += _steps(find_reasons(allocation, allocation.records[place], rows[place]), place, rerun)
    placement = None
    if rerun is not None and coordinated is not None:
        tell("nearer programmes")
        placement = find_placement(allocation, rerun, coordinated, seat["programme_id"])
    shortages = find_shortages(allocation, seat["stage"]) if seat["reason"] == "seats ran out" else ()
    return Explanation(student, seat, tuple(steps), placement, shortages, allocation.district is not None)


def _steps(findings: Findings, place: int, rerun: Rerun | None) -> list[Step]:
    """Return the steps of a round; of those that would have been better than its seat, what would have been enough."""
    record, rows = findings.record, findings.rows
    said = {
        name: {language: word(findings, language).to_list() for language in SENTENCES}
        for name, word in (("finding", word_findings), ("cutoff_words", word_cutoffs), ("own_words", word_own))
    }
    own, cutoff = (_values(findings, of_last) for of_last in (False, True))
    classes = [*(priority.name for priority in record.rule.classes), None]
    pools = [*(pool.name for pool in record.rule.pools), None]
    last, rank = last_classes(findings), record.rank[rows]
    given = rank[record.outcome[rows] == ADMITTED]
    searched = np.isin(record.outcome[rows], (REFUSED, WITHOUT_CLASS)) & ~np.isin(rank, given)
    return [
        Step(
            round=record.rule.name,
            rank=int(rank[at]),
            programme_id=record.programme_ids[int(record.programme[row])],
            pool=pools[max(int(record.pool[row]), -1)],
            class_name=classes[max(int(record.class_place[row]), -1)],
            outcome=OUTCOMES[record.outcome[row]],
            code=CODES[findings.code[at]],
            own=own[at],
            cutoff_class=classes[int(last[at])],
            cutoff=cutoff[at],
            changes=find_changes(Asked(rerun, findings, place, at)) if rerun is not None and searched[at] else None,
            **{name: {language: words[at] for language, words in both.items()} for name, both in said.items()},
        )
        for at, row in enumerate(rows.tolist())
    ]


def _values(findings: Findings, of_last: bool) -> list[dict[str, Any]]:
    """Return what the orders compare of each application, or of the last one admitted at its pool."""
    classes = last_classes(findings) if of_last else findings.record.class_place[findings.rows]
    values: list[dict[str, Any]] = [{} for _ in findings.rows]
    for some, terms in findings.cells(classes):
        for term in terms:
            column = (findings.last if of_last else findings.own)(term, some).to_list()
            for at, value in zip(np.flatnonzero(some).tolist(), column, strict=True):
                values[at][value_column(term.name)] = value
    return values
