"""Each child hears what decided: the class, the mark or the lottery number, and by how much."""

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest

import admissions as adm
from admissions.engine import allocate
from admissions.errors import AdmissionsError
from admissions.explanation.findings import CODES
from admissions.explanation.sentences import ENGLISH
from admissions.mechanisms import MECHANISMS
from tests.offices import children, office, one_round
from tests.strategies import NEEDED

MARKS = {"order": ["mark desc", "lottery"]}


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


def test_the_cutoff_and_the_childs_own_are_told_in_the_terms_of_the_office(allocation):
    own, last = (adm.explain(allocation, student).steps[0] for student in ("S2", "S1"))
    assert f"cutoff (seats: 1): class 1 'local', mark 9.5, lottery {last.own['lottery'][:12]}…" in said(
        allocation, "S2"
    )
    assert f"the child: class 1 'local', mark 8.0, lottery {own.own['lottery'][:12]}…" in said(allocation, "S2")
    assert own.cutoff == last.own
    assert (own.class_name, own.cutoff_class, own.own["mark"]) == ("local", "local", Decimal("8.0"))


def test_a_lottery_number_that_was_missed_is_told_with_both(allocation):
    loser = next(s for s in ("S2", "S3") if "lottery number" in said(allocation, s))
    rows = allocation.applications.filter(pl.col("student_id") == loser, pl.col("programme_id") == "B")
    own, last = (row["lottery"][0][:12] for row in (rows, allocation.cutoffs.filter(pl.col("programme_id") == "B")))
    assert f"lottery number {own}…; the last admitted drew {last}…" in said(allocation, loser)


def test_a_class_that_was_missed_is_told_with_both(allocation):
    assert "filled with class 'local' or better; this application is of class 'others'" in said(allocation, "S5")


def test_a_missing_mark_is_told(allocation):
    assert "this application is of class 'others'" in said(allocation, "S4")
    assert "the child: class 2 'others', mark not known" in said(allocation, "S4")
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


def test_an_unknown_language_is_told(allocation):
    with pytest.raises(AdmissionsError, match="no language 'fr'; there are en, zh"):
        adm.explain(allocation, "S1").words("fr")


def run(rows, seats, choices, **clause):
    return allocate(office(rows, seats, choices), one_round(**clause), seed="s")


def by_marks(marks, seats=1, **clause):
    """Return a run in which A, B … with these marks want school X."""
    ids = " ".join("ABCDEF"[: len(marks)])
    return run(children(ids, mark=marks), {"X": seats}, [f"{one}: X" for one in ids.split()], **(MARKS | clause))


def held():
    """B comes to X when C is refused elsewhere, A having been refused for the twins who then no longer fit."""
    rows = children("A B C T1 T2", mark=[1, 9, 8, 5, 5], bundle_id=[None, None, None, "t", "t"])
    choices = ["A: X", "B: Y", "C: Y X", "T1: X", "T2: X"]
    return run(rows, {"X": 2, "Y": 1}, choices, parameters={"bundles": "skip"}, **MARKS)


def together():
    rows = children("A T1 T2", mark=[9, 8, 8], bundle_id=[None, "t", "t"])
    return run(rows, {"X": 2}, ["A: X", "T1: X", "T2: X"], parameters={"bundles": "skip"}, **MARKS)


def reserved(**pool):
    """Return a run in which a seat goes to a member of a reserve, who goes before B with the better mark."""
    pools = [{"name": "reserve", "members": "rural", "others": "after members", **pool}]
    rows = children("A B", mark=[1, 9], rural=[True, False])
    return run(rows, {"X": 1}, ["A: X", "B: X"], pool=pools, **MARKS)


def without_tables(allocation):
    return replace(allocation, district=None)


def contradicted():
    """Return a run whose table of cutoffs says that a full pool has a seat left."""
    told = by_marks([9, 8])
    return replace(told, cutoffs=told.cutoffs.with_columns(cutoff_key=pl.lit(None, dtype=pl.Int64)))


def reserved_by_mark():
    rows = children("A B", mark=[9, 1], rural=[True, False])
    pools = [{"name": "reserve", "members": "rural", "others": "after members"}]
    return run(rows, {"X": 1}, ["A: X", "B: X"], pool=pools, **MARKS)


SITUATIONS = {
    "admitted": (lambda: by_marks([9, 8]), "A", "X: admitted"),
    "not needed": (
        lambda: run(children("A"), {"X": 1, "Y": 1}, ["A: Y X"]),
        "A",
        "X: not needed: a better choice was given",
    ),
    "no class": (lambda: by_marks([9, 8], priority=[{"class": "a", "when": "mark > 8"}]), "B", "no priority class"),
    "no pool": (
        lambda: by_marks([9, 8], pool=[{"name": "a", "members": "mark > 8"}]),
        "B",
        "no seat pool takes this child",
    ),
    "not eligible": (
        lambda: by_marks([9, 8], students="mark > 8 AND choice_rank = 1"),
        "B",
        "the round's condition on students does not hold",
    ),
    "no seats": (lambda: by_marks([9], seats=0), "A", "this pool has no seats here"),
    "mechanism": (
        lambda: by_marks([9, 8], mechanism="immediate_acceptance"),
        "B",
        "full before this rank of the list was asked, or filled in it by applications that go before",
    ),
    "not together": (together, "T1", "not all children of the application would have found a seat"),
    "held": (held, "A", "its seats were held by applications that go before, and not all of them stayed"),
    "members": (reserved, "B", "filled with members of the pool, who go before others"),
    "members or others": (lambda: without_tables(reserved_by_mark()), "B", "the office's tables tell"),
    "class": (
        lambda: by_marks([9, 8], priority=[{"class": "a", "when": "mark > 8"}, {"class": "b"}]),
        "B",
        "filled with class 'a' or better; this application is of class 'b'",
    ),
    "lottery": (lambda: by_marks([8, 8]), "B", "lottery number"),
    "number": (lambda: by_marks([9, 8]), "B", "mark 8; the last admitted had 9 (missed by 1)"),
    "value": (
        lambda: run(children("A B", since=["2009-03-01", "2010-01-01"]), {"X": 1}, ["A: X", "B: X"], order=["since"]),
        "B",
        "since 2010-01-01; the last admitted had 2009-03-01",
    ),
    "unknown": (lambda: by_marks([9, None]), "B", "mark is not known; the last admitted had 9"),
    "id": (lambda: by_marks([8, 8], order=["mark"]), "B", "equal in all that is compared, and settled by id"),
    "unexplained": (contradicted, "B", "refused, and the cutoff does not say why"),
}


@pytest.mark.parametrize("code", SITUATIONS)
def test_whatever_decides_is_told(code):
    make, student, words = SITUATIONS[code]
    explanation = adm.explain(make(), student)
    (step,) = (step for step in explanation.steps if step.code == code)
    assert words in str(explanation)
    assert words in step.lines("en")[0]


def test_there_is_a_situation_for_everything_that_can_decide():
    assert set(SITUATIONS) == set(CODES) - {"refused"}
    assert {f"finding {code}" for code in set(CODES) - {"refused", "mechanism"}} <= set(ENGLISH)


@pytest.mark.parametrize("mechanism", [name for name, row in MECHANISMS.items() if row.refusal])
def test_a_mechanism_that_refuses_for_other_reasons_says_them_in_every_language(mechanism):
    needed = {**NEEDED.get(mechanism, {}), **({"cap": 1} if mechanism == "regional" else {})}
    told = by_marks([9, 8], mechanism=mechanism, parameters=needed)
    loser = told.students.filter(pl.col("programme_id").is_null())["student_id"][0]
    explanation = adm.explain(told, loser)
    assert MECHANISMS[mechanism].refusal in explanation.words("en")
    assert MECHANISMS[mechanism].refusal_zh in explanation.words("zh")


def seatless(reason):
    """Return a run in which child A has no seat for a reason."""
    clauses = {
        "no round": {"stage": "junior"},
        "not eligible": {"students": "mark > 8 AND choice_rank = 1"},
        "no list": {"choices": []},
        "no class": {"priority": [{"class": "a", "when": "mark > 8"}]},
        "no pool": {"pool": [{"name": "a", "members": "mark > 8"}]},
        "outranked": {},
        "seats ran out": {"guarantee": {}},
    }
    clause = dict(clauses[reason])
    choices = clause.pop("choices", ["A: X", "B: X"])
    return run(children("A B", mark=[1, 9], zone_id=["east", None]), {"X": 1}, choices, **MARKS, **clause)


REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_for_having_no_seat_is_told(reason):
    told = seatless(reason)
    assert told.students["reason"][0] == reason
    assert said(told, "A").startswith(f"A has no seat: {ENGLISH[f'reason {reason}']}")


def test_there_is_a_case_for_every_reason():
    assert set(REASONS) == {key.removeprefix("reason ") for key in ENGLISH if key.startswith("reason ")}


def test_every_route_to_a_seat_is_told():
    zones = pl.DataFrame({"zone_id": ["east"], "school_id": ["X"]})
    rows = children("A B C", zone_id=[None, "east", None], mark=[9, 8, 7])
    district = office(rows, {"X": 2, "Y": 1}, ["A: X"], zones=zones)
    told = allocate(district, one_round(lists=["choices", "zone"], guarantee={}, **MARKS), seed="s")
    assert said(told, "A").startswith("A has a seat at X: a programme the family listed")
    assert said(told, "B").startswith("B has a seat at X: a programme of the zone's list")
    assert said(told, "C").startswith("C has a seat at Y: placed by the guarantee")


def test_a_pool_is_named_where_a_programme_has_several():
    pools = [{"name": "reserve", "members": "mark > 8", "seats": 1}, {"name": "open"}]
    told = by_marks([9, 8], seats=2, pool=pools)
    assert said(told, "A").startswith("A has a seat at X, pool 'reserve': a programme the family listed")
    assert "1. X, pool 'open': admitted" in said(told, "B")


def test_of_an_application_at_two_pools_of_one_programme_each_is_told_and_only_a_better_programme_is_missed():
    pools = [{"name": "reserve", "members": "TRUE", "seats": 1}, {"name": "open"}]
    steps = adm.explain(by_marks([9, 8], seats=2, pool=pools), "B").steps
    assert [(step.pool, step.outcome) for step in steps] == [("reserve", "refused"), ("open", "admitted")]
    assert steps[0].changes is None


def test_a_column_of_the_library_has_a_word_and_a_truth_is_told_as_one():
    zones = pl.DataFrame({"zone_id": ["east"], "school_id": ["X"]})
    rows = children("A B", zone_id=["east", None])
    told = allocate(office(rows, {"X": 1}, ["A: X", "B: X"], zones=zones), one_round(order=["in_zone desc"]), seed="s")
    assert "in the zone no; the last admitted had yes" in said(told, "B")
    assert "在学区内 为 否；最后一名录取者为 是" in adm.explain(told, "B").words("zh")


def test_an_order_by_id_is_told_as_such_and_shows_nobody_elses():
    told = by_marks([8, 8], order=["student_id"])
    assert "equal in all that is compared, and settled by id" in said(told, "B")
    assert "cutoff (seats: 1)" not in said(told, "B")
    assert "seats: 1, all taken" in said(told, "B")
    assert "A" not in said(told, "B")
    digits = by_marks([8, 8], order=["LENGTH(student_id) desc", "student_id"])
    assert "LENGTH" not in said(digits, "B")


def test_a_member_and_a_better_mark_are_told_apart_where_the_tables_are_at_hand():
    assert "mark 1; the last admitted had 9" not in said(reserved_by_mark(), "B")
    assert [change.kind for change in adm.explain(reserved_by_mark(), "B").steps[0].changes] == ["seat"]
    assert [change.kind for change in adm.explain(reserved(), "B").steps[0].changes] == ["member", "seat"]
    same = run(
        children("A B", mark=[9, 1], rural=True), {"X": 1}, ["A: X", "B: X"],
        pool=[{"name": "reserve", "members": "rural", "others": "after members"}], **MARKS,
    )  # fmt: skip
    assert "mark 1; the last admitted had 9 (missed by 8)" in said(same, "B")
    assert "filled with members of the pool, who go before others" in said(without_tables(reserved()), "B")


def test_who_is_a_member_is_asked_of_the_child_who_speaks_for_a_bundle():
    pools = [{"name": "reserve", "members": "choice_rank = 1", "others": "after members"}]
    rows = children("A B1 B2", mark=[9, 5, 5], bundle_id=[None, "b", "b"])
    told = run(rows, {"X": 1, "Y": 0}, ["A: X", "B1: Y X", "B2: Y X"], pool=pools, **MARKS)
    for twin in ("B1", "B2"):
        assert "X, pool 'reserve': filled with members of the pool" in said(told, twin)
    other = allocate(office(rows, {"X": 1, "Y": 0}, ["A: X", "B1: X Y", "B2: X Y"]), told.policy, seed="s")
    for twin in ("B1", "B2"):
        assert "X, pool 'reserve': mark 5; the last admitted had 9" in said(other, twin)


def test_without_the_tables_it_is_told_that_they_are_needed(allocation):
    note = "What would have been enough, and what is nearer, can be found with the office's tables at hand."
    assert note in said(without_tables(allocation), "S2")
    assert note not in said(without_tables(allocation), "S1")
    assert note not in said(allocation, "S2")
