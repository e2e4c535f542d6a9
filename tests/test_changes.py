"""What is said to have been enough is enough, and one unit less is not: tried in the office's own tables and rules."""

from collections import Counter

import pytest
from hypothesis import given, settings

import admissions as adm
from tests.what_if import Drawn, offices, worse

MARKS = {"order": ["mark desc", "lottery"]}


def try_change(one, student, step, change, place):
    """Make a change in the tables, the rules or the draw: it gives what was said, and one unit less gives less."""

    def given(changed):
        seat = changed.seat(student)
        return seat[2] if seat is not None and seat[:2] <= (place, step.rank) else None

    match change.kind:
        case "lottery":
            who = "twins" if len(one.family(student)) > 1 else student
            number = int(change.value, 16)
            with Drawn(who, f"{number - 1:064x}"):
                assert given(one) == change.gives
            with Drawn(who, f"{number + 1:064x}"):
                assert given(one) is None
        case "class":
            classes = [priority["class"] for priority in one.policy["round"][place]["priority"]]
            assert given(one.with_clause(student, step, "priority", change.name, "when")) == change.gives
            for weaker in classes[change.value : classes.index(step.class_name) if step.class_name else None]:
                assert given(one.with_clause(student, step, "priority", weaker, "when")) is None
        case "member":
            assert given(one.with_clause(student, step, "pool", step.pool, "members")) == change.gives
        case "seat":
            if "pool" not in one.policy["round"][place] and place == 0:
                assert given(one.with_seat(step.programme_id)) == change.gives
        case _ if " " not in change.name:
            assert given(one.with_cell(student, step.programme_id, change.name, change.value)) == change.gives
            if change.kind not in ("value", "known"):
                assert given(one.with_cell(student, step.programme_id, change.name, worse(change))) is None


def try_changes(one, tried):
    """Try every change that is said to any child of an office."""
    allocation = one.run()
    places = {rule.name: place for place, rule in enumerate(allocation.policy.rounds)}
    for student in allocation.students["student_id"]:
        for step in adm.explain(allocation, student).steps:
            for change in step.changes or ():
                try_change(one, student, step, change, places[step.round])
                tried[change.kind] += 1


tried = Counter()


@settings(max_examples=25, deadline=None, derandomize=True)
@given(offices())
def test_what_is_said_to_have_been_enough_gives_the_seat_and_one_unit_less_does_not(one):
    try_changes(one, tried)


@pytest.mark.exhaustive
@settings(max_examples=3_000, deadline=None, derandomize=True)
@given(offices())
def test_what_is_said_to_have_been_enough_gives_the_seat_in_thousands_of_offices(one):
    try_changes(one, tried)
