"""What is said to have been enough is enough, and one unit less is not: tried in the office's own tables and rules."""

from dataclasses import replace
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import event, given, settings

import admissions as adm
from admissions.errors import AdmissionsError
from admissions.explanation.changes import least_enough
from tests.offices import children, office, one_round
from tests.what_if import Drawn, offices, worse

MARKS = {"order": ["mark desc", "lottery"]}


def trials(one, student, step, change, place):
    """Make a change in the tables, the rules or the draw, and one unit less of it; give what each leads to, and should."""

    def given(changed):
        seat = changed.seat(student)
        return seat[2] if seat is not None and seat[:2] <= (place, step.rank) else None

    match change.kind:
        case "lottery":
            who = "twins" if len(one.family(student)) > 1 else student
            number = int(change.value, 16)
            for other, said in ((number - 1, change.gives), (number + 1, None)):
                with Drawn(who, f"{other:064x}"):
                    yield given(one), said
        case "class":
            classes = [priority["class"] for priority in one.policy["round"][place]["priority"]]
            yield given(one.with_clause(student, step, "priority", change.name, "when")), change.gives
            for weaker in classes[change.value : classes.index(step.class_name) if step.class_name else None]:
                yield given(one.with_clause(student, step, "priority", weaker, "when")), None
        case "member":
            yield given(one.with_clause(student, step, "pool", step.pool, "members")), change.gives
        case "seat":
            if "pool" not in one.policy["round"][place] and place == 0:
                yield given(one.with_seat(step.programme_id)), change.gives
        case _ if " " not in change.name:
            yield given(one.with_cell(student, step.programme_id, change.name, change.value)), change.gives
            if change.kind not in ("value", "known"):
                yield given(one.with_cell(student, step.programme_id, change.name, worse(change))), None


def untrue(one):
    """Return what is said of any child of an office, and does not come true."""
    allocation = one.run()
    places = {rule.name: place for place, rule in enumerate(allocation.policy.rounds)}
    wrong = []
    for student in allocation.students["student_id"]:
        for step in adm.explain(allocation, student).steps:
            for change in step.changes or ():
                event(change.kind)
                tried = trials(one, student, step, change, places[step.round])
                wrong += [(change, found) for found, said in tried if found != said]
    return wrong


@pytest.mark.compiled
@settings(max_examples=25, deadline=None, derandomize=True)
@given(offices())
def test_what_is_said_to_have_been_enough_gives_the_seat_and_one_unit_less_does_not(one):
    assert untrue(one) == []


@pytest.mark.exhaustive
@settings(max_examples=3_000, deadline=None, derandomize=True)
@given(offices())
def test_what_is_said_to_have_been_enough_gives_the_seat_in_thousands_of_offices(one):
    assert untrue(one) == []


def changes(allocation, student, programme, pool=None):
    """Return what is said to have been enough for an application, as kind and value."""
    steps = adm.explain(allocation, student).steps
    (step,) = (s for s in steps if s.programme_id == programme and pool in (None, s.pool))
    return [(change.kind, change.value) for change in step.changes]


def run(rows, seats, choices, **clause):
    return adm.allocate(office(rows, seats, choices), one_round(**clause), seed="s")


def test_beating_the_last_admitted_is_not_enough_where_that_comes_back_on_the_child():
    """J, displaced from P, displaces K from Q, who goes before the child at P."""
    talks = {("I", "P"): 3, ("J", "P"): 5, ("J", "Q"): 6, ("K", "Q"): 5, ("K", "P"): 7}
    choices = pl.DataFrame(
        [
            {"student_id": who, "rank": rank, "programme_id": p, "talk": talks[who, p]}
            for who, wanted in (("I", "P"), ("J", "PQ"), ("K", "QP"))
            for rank, p in enumerate(wanted, start=1)
        ]
    )
    told = run(children("I J K"), {"P": 1, "Q": 1}, choices, order=["talk desc", "student_id desc"])
    assert "talk 3; the last admitted had 5 (missed by 2)" in str(adm.explain(told, "I"))
    assert changes(told, "I", "P") == [("more", 8), ("seat", None)]


def test_a_condition_that_reads_the_mark_is_asked_again_with_the_better_mark():
    """The cutoff of the pool that refused C is 9; from 5 it is let into another, where a seat is left."""
    pools = [{"name": "open", "seats": 1}, {"name": "floor", "members": "mark >= 5"}]
    rows = children("A C", mark=[9, 3])
    told = run(rows, {"X": 2}, ["A: X", "C: X"], pool=pools, **MARKS)
    assert "1. X, pool 'open': mark 3; the last admitted had 9 (missed by 6)" in str(adm.explain(told, "C"))
    assert [value for kind, value in changes(told, "C", "X") if kind == "more"] == [5]


def test_a_better_mark_counts_in_earlier_rounds_too():
    rounds = [
        {
            "name": "first",
            "stage": "primary",
            "programmes": "programme_id = 'X'",
            "students": "mark >= 8",
            "order": ["mark"],
        },
        {"name": "second", "stage": "primary", "programmes": "programme_id = 'Y'", "order": ["mark desc"]},
    ]
    district = office(children("A B C", mark=[8, 9, 5]), {"X": 2, "Y": 1}, ["A: X Y", "B: Y", "C: Y X"])
    told = adm.allocate(district, adm.Policy.from_dict({"title": "t", "round": rounds}))
    (step,) = adm.explain(told, "C").steps
    assert (step.round, step.programme_id) == ("second", "Y")
    assert [(change.kind, change.value, change.gives) for change in step.changes] == [
        ("more", 8, "X"),
        ("seat", None, "Y"),
    ]


def test_where_fewer_are_better_nothing_below_zero_is_asked_for():
    told = run(children("A B", points=[0, 0]), {"X": 1}, ["A: X", "B: X"], order=["points", "lottery"])
    loser = told.students.filter(pl.col("programme_id").is_null())["student_id"][0]
    assert [kind for kind, _ in changes(told, loser, "X")] == ["lottery", "seat"]
    rows, choices = children("A B C", points=[0, 0, -1]), ["A: X", "B: X", "C: Y"]
    below = run(rows, {"X": 1, "Y": 1}, choices, order=["points", "lottery"])
    assert ("less", -1) in changes(below, loser, "X")


def test_what_is_no_property_of_the_child_is_not_to_be_changed():
    rows = children("A B", zone_id=["east", "east"])
    zones = pl.DataFrame({"zone_id": ["east"], "school_id": ["X"]})
    district = office(rows, {"Y": 0, "X": 1}, ["A: X", "B: Y X"], zones=zones)
    told = adm.allocate(district, one_round(order=["in_zone desc", "choice_rank", "zone_id", "LENGTH(programme_id)"]))
    assert "rank on the list 2; the last admitted had 1" in str(adm.explain(told, "B"))
    assert changes(told, "B", "X") == [("seat", None)]


def test_a_distance_is_changed_at_that_school_alone():
    rows = children("A B", x=[10, 50], y=0)
    tables = office(rows, {"X": 1}, ["A: X", "B: X"]).tables()
    tables["schools"] = pl.DataFrame({"school_id": ["X"], "x": [0], "y": [0]})
    told = adm.allocate(adm.District.from_frames(**tables), one_round(order=["distance", "lottery"]), seed="s")
    kind, value = changes(told, "B", "X")[0]
    assert (kind, value in (9, 10)) == ("less", True)


def test_text_that_is_no_day_has_no_steps_and_days_end_where_the_calendar_does():
    told = run(children("A B", street=["Elm", "Oak"]), {"X": 1}, ["A: X", "B: X"], order=["street"])
    assert changes(told, "B", "X") == [("seat", None)]
    told = run(children("A B", since=["0001-01-01"] * 2), {"X": 1}, ["A: X", "B: X"], order=["since", "lottery"])
    loser = told.students.filter(pl.col("programme_id").is_null())["student_id"][0]
    assert [kind for kind, _ in changes(told, loser, "X")] == ["lottery", "seat"]
    told = run(children("A B", since=["2009-02-30", "2010-01-01"]), {"X": 1}, ["A: X", "B: X"], order=["since"])
    assert changes(told, "B", "X") == [("seat", None)]


def test_a_truth_is_turned_and_a_missing_mark_only_has_to_be_known():
    told = run(
        children("A B", sibling=[True, False]), {"X": 1}, ["A: X", "B: X"], order=["sibling desc", "student_id desc"]
    )
    assert changes(told, "B", "X") == [("value", True), ("seat", None)]
    assert "would have been enough for X: sibling yes" in str(adm.explain(told, "B"))
    rows = children("A B C", mark=[None, None, 3])
    told = run(rows, {"X": 1, "Y": 1}, ["A: X", "B: X", "C: Y"], **MARKS)
    loser = told.students.filter(pl.col("programme_id").is_null())["student_id"][0]
    assert changes(told, loser, "X")[0][0] == "known"
    assert "would have been enough for X: mark known, even the worst of all" in str(adm.explain(told, loser))


def test_huge_and_fine_marks_are_exact():
    big = 10**17
    told = run(
        children("A B", mark=[big + 1, big - 1]), {"X": 1}, ["A: X", "B: X"], order=["mark desc", "student_id desc"]
    )
    assert changes(told, "B", "X")[0] == ("more", big + 1)
    fine = [Decimal("0.0000002"), Decimal("0.0000001")]
    told = run(children("A B", mark=fine), {"X": 1}, ["A: X", "B: X"], order=["mark desc", "student_id"])
    assert changes(told, "B", "X")[0] == ("more", Decimal("0.0000003"))
    (change, _) = adm.explain(told, "B").steps[0].changes
    assert change.difference == Decimal("0.0000002")


@pytest.mark.parametrize("own", [0, 3])
@pytest.mark.parametrize("guess", [4, 9, 20])
@pytest.mark.parametrize("needed", [4, 5, 8, 10, 19, 20, 21])
def test_the_least_that_is_enough_is_found_and_the_one_below_was_asked(own, guess, needed):
    asked = []

    def is_enough(position):
        asked.append(position)
        return position >= needed

    found = least_enough(is_enough, own, guess, best=20)
    assert found == (needed if needed <= 20 else None)
    assert len(asked) == len(set(asked))
    assert own not in asked
    if found is not None and found - 1 > own:
        assert {found, found - 1} <= set(asked)


def test_what_was_tried_before_is_asked_first():
    asked = []
    least_enough(lambda position: bool(asked.append(position)) or position >= 7, 0, 50, 100, tried=[6, 7])
    assert asked == [6, 7]


def test_tables_without_a_child_of_the_run_are_refused_where_members_are_asked_for():
    pools = [{"name": "reserve", "members": "rural", "others": "after members"}]
    rows = children("A B", mark=[9, 8], rural=[True, False])
    told = run(rows, {"X": 1}, ["A: X", "B: X"], pool=pools, **MARKS)
    other = office(rows[1:], {"X": 1}, ["B: X"])
    with pytest.raises(AdmissionsError, match="do not have all its children"):
        adm.explain_all(replace(told, district=other))


def test_what_is_missing_is_supposed_inside_what_there_can_be():
    rows, choices = children("A B C", sibling=[None, None, True]), ["A: X", "B: X", "C: Y"]
    told = run(rows, {"X": 1, "Y": 1}, choices, order=["sibling desc", "lottery"])
    loser = told.students.filter(pl.col("programme_id").is_null())["student_id"][0]
    assert changes(told, loser, "X")[0] == ("known", False)
    for order, edge in ((["since desc", "lottery"], "0001-01-01"), (["since", "lottery"], "9999-12-31")):
        told = run(children("A B C", since=[None, None, edge]), {"X": 1, "Y": 1}, choices, order=order)
        assert changes(told, loser, "X")[0] == ("known", edge)


@pytest.fixture(scope="module")
def city():
    return adm.allocate(adm.generate_district("changes"), adm.read_policy("district_2016"), seed="s")


@pytest.mark.parametrize("column", ["hukou_since", "points", "total"])
def test_in_a_whole_city_of_seven_rounds_what_is_said_comes_true_in_the_tables(city, column):
    told = adm.explain_all(city)
    student = told.filter(pl.col("missing_en").str.starts_with(column))["student_id"][-1]
    places = {rule.name: place for place, rule in enumerate(city.policy.rounds)}
    tried = 0
    for step in adm.explain(city, student).steps:
        for change in [one for one in step.changes or () if one.name == column][:1]:
            for value, enough in ((change.value, True), (worse(change), False)):
                students = city.district.students
                cell = pl.when(pl.col("student_id") == student).then(pl.lit(value)).otherwise(pl.col(column))
                students = students.with_columns(cell.cast(students.schema[column]).alias(column))
                changed = adm.District.from_frames(**{**city.district.tables(), "students": students})
                rows = adm.allocate(changed, city.policy, seed="s").applications
                rows = rows.filter(student_id=student, outcome="admitted")
                seat = (places[rows["round"][0]], rows["rank"][0]) if len(rows) else None
                assert (seat is not None and seat <= (places[step.round], step.rank)) == enough
                assert not enough or rows["programme_id"][0] == change.gives
                tried += 1
    assert tried
