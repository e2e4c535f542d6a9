"""Control totals: tables agree with what whoever made them says, or are refused with the row that does not."""

import polars as pl
import pytest

from admissions.errors import DataError
from tests.offices import children, office

PUPILS = children("S1 S2 S3", mark=["600.5", "3", None], school=["x", "y", "x"], spare=None, level=[1, 2, 2])


def held_to(*rows):
    names = ("table", "column", "count", "sum", "where_column", "where_value")
    totals = pl.DataFrame([dict(zip(names, row, strict=True)) for row in rows], infer_schema_length=None)
    return office(PUPILS, {"A": 1}, control_totals=totals)


def test_totals_that_agree_are_let_pass_however_they_are_written():
    district = held_to(
        ("students", "mark", 2, "603.50", None, None),
        ("students", "mark", 1, "600.5", "school", "x"),
        ("students", "mark", 1, None, "level", "2"),
        ("students", "spare", 0, "0", None, None),
        ("students", "school", 3, None, None, None),
        ("programmes", "seats", 1, "1", None, None),
    )
    assert len(district.control_totals) == 6
    assert "control_totals" in district.sources


WRONG = {
    "one too many": (("students", "mark", 3, "603.5", None, None), "count '3'  students.mark has 2 here"),
    "more": (("students", "mark", 2, "603.4", None, None), "sum '6…'  students.mark adds up to more"),
    "less": (("students", "mark", 1, "4", "school", "y"), "sum '4…'  students.mark adds up to less"),
    "no table": (("student", "mark", 2, None, None, None), "table 'student'  no such table (did you mean 'students'?)"),
    "no column": (("students", "marks", 2, None, None, None), "no such column in students (did you mean 'mark'?)"),
    "no place": (("students", "mark", 2, None, "shool", "x"), "no such column in students (did you mean 'school'?)"),
    "half a place": (("students", "mark", 2, None, "school", None), "where_column and where_value go together"),
    "words": (
        ("students", "school", 3, "3", None, None),
        "students.school is String; whole numbers and exact decimals",
    ),
    "no number": (("students", "mark", 2, "much", None, None), "sum 'm…'  is no number"),
}


@pytest.mark.parametrize(("row", "words"), WRONG.values(), ids=WRONG)
def test_a_total_that_does_not_agree_is_named_with_its_row(row, words):
    with pytest.raises(DataError) as caught:
        held_to(row)
    assert words in str(caught.value)
    assert caught.value.rows == (0,)


def test_sums_are_exact_beyond_what_a_float_or_a_decimal_context_holds():
    long = ["0.00000000000000000000000000000001", "99999.99999999999999999999999999999999"]
    pupils = children("S1 S2", mark=long)
    totals = {"table": ["students"], "column": ["mark"], "count": [2], "sum": ["100000"]}
    assert office(pupils, {"A": 1}, control_totals=pl.DataFrame(totals))
    with pytest.raises(DataError, match="adds up to less"):
        office(
            pupils, {"A": 1}, control_totals=pl.DataFrame(totals | {"sum": ["100000.00000000000000000000000000000001"]})
        )


def test_a_table_that_is_wrong_itself_is_not_added_up():
    totals = pl.DataFrame({"table": ["students"], "column": ["mark"], "count": [9], "sum": [None]})
    with pytest.raises(DataError) as caught:
        office(children("S1 S1", mark=[1, 2]), {"A": 1}, control_totals=totals)
    assert {problem.table for problem in caught.value.problems} == {"students"}
