"""Children who agree in everything but their id, their name included: one entered twice would draw twice."""

from collections.abc import Iterator

from admissions.district.district import District
from admissions.readiness.concerns import Concern

NAMES = ("name", "student_name", "full_name", "姓名")
"""Columns that name a child. Without one, children of one home may well agree in all there is."""


def repeated_children(district: District) -> Iterator[Concern]:
    """Yield how many children agree with another in every column but their id, where the table names them."""
    students = district.students
    names = [name for name in NAMES if name in students.columns]
    if not names:
        return
    same = students.drop("student_id").is_duplicated() & students[names[0]].is_not_null()
    if same.any():
        groups = students.filter(same).drop("student_id").n_unique()
        yield Concern(
            "tells", "twice", "students",
            f"rows of students that agree with another in all but the id, '{names[0]}' included: {int(same.sum())}, of "
            f"as few as {groups} children; a child entered twice takes part twice",
        )  # fmt: skip
