"""The reasons of a whole district: a row a child, with the best programme it missed, in every language."""

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.explanation.findings import find_reasons
from admissions.explanation.sentences import SENTENCES
from admissions.explanation.wording import word_answers, word_cutoffs, word_findings, word_own
from admissions.market import Int64Array
from admissions.records import ADMITTED, NOT_NEEDED, RoundRecord


def explain_all(allocation: Allocation) -> pl.DataFrame:
    """Return the reasons of all children, in the words of `explain`.

    Parameters
    ----------
    allocation : Allocation
        The result, in memory, or read back from a run folder.

    Returns
    -------
    polars.DataFrame
        One row a child, in order of id: student_id, programme_id of its seat, missed_round, missed_programme_id and
        missed_pool of the best programme it did not get, and in each language (``_en``, ``_zh``) answer, missing (what
        decided against it there), cutoff and own.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> explain_all(allocation).select("student_id", "missing_en", "missing_zh").shape
    (60, 3)
    """
    students = allocation.students
    parts = [_missed(allocation, record) for record in allocation.records]
    missed = pl.concat(parts).unique("student_id", keep="first", maintain_order=True)
    answers = {f"answer_{language}": word_answers(students, language) for language in SENTENCES}
    joined = students.select("student_id", "programme_id", **answers).join(
        missed, on="student_id", how="left", maintain_order="left"
    )
    words = [f"{name}_{language}" for language in SENTENCES for name in ("answer", "missing", "cutoff", "own")]
    return joined.select("student_id", "programme_id", "missed_round", "missed_programme_id", "missed_pool", *words)


def _missed(allocation: Allocation, record: RoundRecord) -> pl.DataFrame:
    """Return the best programme that each child of a round did not get in it."""
    rows = _best_missed(record)
    findings = find_reasons(allocation, record, rows)
    pools = pl.Series([*(pool.name for pool in record.rule.pools), None], dtype=pl.String)
    columns = {
        "student_id": record.student_ids.gather(record.student[rows]),
        "missed_round": pl.Series([record.rule.name], dtype=pl.String).new_from_index(0, len(rows)),
        "missed_programme_id": record.programme_ids.gather(record.programme[rows]),
        "missed_pool": pools.gather(np.where(record.pool[rows] >= 0, record.pool[rows], len(pools) - 1)),
    }
    for language in SENTENCES:
        columns[f"missing_{language}"] = word_findings(findings, language)
        columns[f"cutoff_{language}"] = word_cutoffs(findings, language)
        columns[f"own_{language}"] = word_own(findings, language)
    return pl.DataFrame(columns)


def _best_missed(record: RoundRecord) -> Int64Array:
    """Return each child's first row at a programme it did not get, in order of child."""
    given = np.zeros(len(record.student_ids), dtype=np.int64)
    admitted = np.flatnonzero(record.outcome == ADMITTED)
    given[record.student[admitted]] = record.rank[admitted]
    missed = (record.outcome != ADMITTED) & (record.outcome != NOT_NEEDED)
    missed &= record.rank != given[record.student]
    rows = np.flatnonzero(missed)
    student = record.student[rows]
    return rows[np.flatnonzero(np.diff(student, prepend=-1))]
