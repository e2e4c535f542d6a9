"""A list of children who have a seat elsewhere: each is known here, and none takes part in any round."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl

from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.district.schema import Column, Table
from admissions.district.tables import RawTable, raw_from_frame, typed_frame
from admissions.errors import DataError, masked
from admissions.market import BoolArray
from admissions.readiness.concerns import Concern
from admissions.readiness.rehearsal import Rehearsal

EXCLUDED = Table(
    "excluded",
    "Children who have a seat elsewhere, one row each",
    (Column("student_id", "id", "the child", required=True),),
    key=("student_id",),
)


def unreconciled_exclusions(rehearsals: Sequence[Rehearsal], district: District, given: Any) -> Iterator[Concern]:
    """Yield what does not reconcile between a list of children who have a seat elsewhere, the tables and the rounds.

    Parameters
    ----------
    rehearsals : sequence of Rehearsal
        The rounds.
    district : District
        The tables.
    given : RawTable or data frame
        The list: a column ``student_id``.

    Raises
    ------
    DataError
        If the list is no table of ids, each there once.
    """
    raw = given if isinstance(given, RawTable) else raw_from_frame("excluded", given)
    frame, findings = typed_frame(raw, EXCLUDED)
    if findings.problems:
        raise DataError(findings.problems)
    ids = frame["student_id"]
    student = row_numbers(ids, district.students["student_id"])
    if (unknown := student < 0).any():
        yield Concern(
            "stops", "excluded", "unknown",
            f"not in students: {int(unknown.sum())} of the {len(ids)} ids on the list {raw.label} "
            f"({_first(ids, unknown, raw)}); leave these children in students and let the policy's condition keep them "
            "out, so that a mistyped id cannot pass for a child taken out",
        )  # fmt: skip
    for rehearsal in rehearsals:
        takes_part = np.isin(student, np.flatnonzero(_taking_part(rehearsal)))
        if takes_part.any():
            rule = rehearsal.rule
            yield Concern(
                "stops", "excluded", rule.name,
                f"in round '{rule.name}' all the same: {int(takes_part.sum())} of the {len(ids)} children on the list "
                f"{raw.label} ({_first(ids, takes_part, raw)}); keep them out by its condition on students",
            )  # fmt: skip


def _taking_part(rehearsal: Rehearsal) -> BoolArray:
    """Return which students a round would consider, (n,) bool."""
    considered = np.zeros(len(rehearsal.applicants.first), dtype=np.bool_)
    considered[rehearsal.lists.applicant[rehearsal.let_in]] = True
    if rehearsal.rule.guarantee is not None:
        considered |= rehearsal.taking_part
    return considered[rehearsal.applicants.of_student]


def _first(ids: pl.Series, which: BoolArray, raw: RawTable) -> str:
    row = int(np.flatnonzero(which)[0])
    return f"row {row + raw.first_row}, '{masked(ids[row])}', is the first"
