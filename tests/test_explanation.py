"""Each child hears what decided: the class, the mark or the lottery number, and by how much."""

import polars as pl
import pytest

import admissions as adm
from admissions.engine import allocate
from admissions.errors import AdmissionsError
from tests.offices import children, office, one_round


@pytest.fixture(scope="module")
def allocation():
    students = children(
        "S1 S2 S3 S4 S5 S6", mark=["9.5", "8", "8", None, "7", "1"], local=[True] * 3 + [False] * 2 + [None]
    )
    district = office(students, {"A": 1, "B": 1, "C": 0}, ["S1: A", "S2: A B", "S3: A C B", "S4: B", "S5: B", "S6: A"])
    classes = [{"class": "local", "when": "local"}, {"class": "others", "when": "NOT local"}]
    return allocate(district, one_round(priority=classes, order=["mark desc", "lottery"]), seed="x")


def said(allocation, student):
    return str(adm.explain(allocation, student))


def test_a_mark_that_was_missed_is_told_with_both_marks_and_the_difference(allocation):
    assert "1. A: mark 8.0; the last admitted had 9.5 (missed by 1.5)" in said(allocation, "S2")


def test_a_lottery_number_that_was_missed_is_told_with_both(allocation):
    loser = next(s for s in ("S2", "S3") if "lottery number" in said(allocation, s))
    rows = allocation.applications.filter(pl.col("student_id") == loser, pl.col("programme_id") == "B")
    own, last = (row["lottery"][0][:12] for row in (rows, allocation.cutoffs.filter(pl.col("programme_id") == "B")))
    assert f"lottery number {own}…; the last admitted drew {last}…" in said(allocation, loser)


def test_a_class_that_was_missed_is_told_with_both(allocation):
    assert "filled with class 'local' or better; this application is of class 'others'" in said(allocation, "S5")


def test_a_missing_mark_is_told(allocation):
    assert "this application is of class 'others'" in said(allocation, "S4")
    assert "S4 has no seat: every programme on its list was filled" in said(allocation, "S4")


def test_no_seats_and_no_class_are_told(allocation):
    assert "2. C: this pool has no seats here" in said(allocation, "S3")
    assert "no priority class admits this application" in said(allocation, "S6")


def test_who_has_the_first_choice_hears_so(allocation):
    assert said(allocation, "S1").startswith("S1 has a seat at A: a programme the family listed")
    assert "1. A: admitted" in said(allocation, "S1")


def test_an_explanation_shows_nobody_in_its_repr(allocation):
    explanation = adm.explain(allocation, "S2")
    assert "S2" not in repr(explanation)
    assert "9.5" not in repr(explanation)


def test_an_unknown_student_is_told(allocation):
    with pytest.raises(AdmissionsError, match="no student of that id"):
        adm.explain(allocation, "S99")
