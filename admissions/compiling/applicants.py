"""Who applies: a child, or the children of one bundle as one."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.district.district import District
from admissions.errors import DataError, Problem, masked
from admissions.market import BoolArray, Int32Array


@dataclass(frozen=True, slots=True, repr=False)
class Applicants:
    """The applicants of a district, in order of their first child's id.

    Attributes
    ----------
    first : (a,) int32
        Row of the first child, whose columns speak for all.
    size : (a,) int32
        Children.
    of_student : (n,) int32
        Applicant of each student.
    lottery_id : (a,) String
        Id that draws the lottery number: the bundle's, or the child's.
    lists : (m,) bool
        Which rows of `choices` count: all but the repeated lists of a bundle's other children.
    """

    first: Int32Array
    size: Int32Array
    of_student: Int32Array
    lottery_id: pl.Series
    lists: BoolArray


def gather_applicants(district: District, columns: Iterable[str]) -> Applicants:
    """Return the applicants of a district, whose bundles agree in all columns a policy reads.

    Parameters
    ----------
    district : District
        The office's tables.
    columns : iterable of str
        Names of columns the policy's expressions use.

    Raises
    ------
    DataError
        If children of one bundle differ in such a column, or hand in different lists.
    """
    students = district.students
    n, listed = len(students), len(district.choices)
    ids = students["student_id"]
    if "bundle_id" not in students.columns or students["bundle_id"].null_count() == n:
        rows = np.arange(n, dtype=np.int32)
        return Applicants(rows, np.ones(n, dtype=np.int32), rows, ids, np.ones(listed, dtype=np.bool_))
    names = students.select(pl.coalesce("bundle_id", "student_id")).to_series()
    _refuse_differences(students, set(columns) - {"student_id", "bundle_id"})
    first_place = names.is_first_distinct().to_numpy()
    first = np.flatnonzero(first_place).astype(np.int32)
    place = pl.DataFrame({"name": names.gather(first), "place": np.arange(len(first), dtype=np.int32)})
    of_student = names.alias("name").to_frame().join(place, on="name", how="left", maintain_order="left")["place"]
    owner = of_student.to_numpy()
    size = np.bincount(owner, minlength=len(first)).astype(np.int32)
    return Applicants(first, size, owner, names.gather(first), _counted_lists(district, owner, size))


def _refuse_differences(students: pl.DataFrame, columns: set[str]) -> None:
    problems = []
    for column in sorted(columns & set(students.columns)):
        differs = students.filter(pl.col("bundle_id").is_not_null() & (pl.col(column).n_unique().over("bundle_id") > 1))
        for student, bundle in differs.select("student_id", "bundle_id").head(20).iter_rows():
            message = f"child {masked(student)} differs from its bundle in '{column}', which the policy reads"
            problems.append(Problem("students", None, "bundle_id", masked(bundle), message))
    if problems:
        raise DataError(problems)


def _counted_lists(district: District, owner: Int32Array, size: Int32Array) -> BoolArray:
    """Return which choices count: of a bundle those of its first child that lists, if the others agree."""
    student, programme = district.links.choice_student, district.links.choice_programme
    counted = np.ones(len(student), dtype=np.bool_)
    bundled = np.flatnonzero(size[owner[student]] > 1)
    lists: dict[int, dict[int, list[int]]] = {}
    for row in bundled.tolist():
        lists.setdefault(int(owner[student[row]]), {}).setdefault(int(student[row]), []).append(row)
    problems = []
    for children in lists.values():
        first, *others = [children[child] for child in sorted(children)]
        for other in others:
            counted[other] = False
            if not np.array_equal(programme[first], programme[other]):
                child = masked(district.choices["student_id"][other[0]])
                message = "hands in another list than its bundle; they apply as one"
                problems.append(Problem("choices", None, "student_id", child, message))
    if problems:
        raise DataError(problems)
    return counted
