"""A round with one application seen otherwise is the round of tables and rules that say so."""

import numpy as np
import pytest

from admissions.compiling.round import compile_round
from admissions.compiling.supposition import Supposition
from admissions.engine import begin, match_round
from tests.offices import children, listed, office, one_round

A, B, C = range(3)
X, Y = range(2)


def compiled(supposition=None, by="student", **clause):
    """Return the round of three children at two schools, ranked by a mark of the child or of the application."""
    choices = listed(["A: X Y", "B: X Y", "C: X Y"]).with_columns(talk=np.array([9, 9, 8, 8, 7, 7]))
    district = office(children("A B C", mark=[9, 8, 7], rural=[True, True, False]), {"X": 1, "Y": 1}, choices)
    order = ["mark desc", "lottery"] if by == "student" else ["talk desc", "lottery"]
    policy = one_round(**{"order": order, **clause})
    applicants, draw, progress = begin(district, policy, "s")
    return compile_round(policy.rounds[0], district, applicants, progress, draw, supposition)


def holder(made, programme):
    """Return the child that deferred acceptance gives the one seat of a programme."""
    choice = match_round(made).choice
    held = made.market.pool[choice] // len(made.rule.pools)
    return int(np.flatnonzero((choice >= 0) & (held == programme))[0])


def test_nothing_supposed_changes_nothing():
    market, plain = compiled(Supposition(C, X)).market, compiled().market
    assert all(
        np.array_equal(getattr(market, name), getattr(plain, name)) for name in ("key", "pool", "indptr", "seats")
    )


@pytest.mark.parametrize(("by", "term", "at_y"), [("student", "mark", True), ("application", "talk", False)])
def test_a_value_of_the_child_holds_at_all_its_programmes_and_one_of_the_application_there_alone(by, term, at_y):
    made = compiled(Supposition(C, X, term, 10), by)
    assert holder(made, X) == C
    before = compiled(by=by).market.key.reshape(3, 2)
    after = made.market.key.reshape(3, 2)
    assert (after[C, X] < after[A, X]) and (before[C, X] > before[B, X])
    assert (after[C, Y] < after[A, Y]) == at_y
    assert compiled(by=by).values[term][1].to_list() != made.values[term][1].to_list()


def test_a_lottery_number_can_be_supposed():
    order = ["lottery"]
    last = int(np.argmax(compiled(order=order).market.key.reshape(3, 2)[:, X]))
    assert holder(compiled(Supposition(last, X, "lottery", "0" * 64), order=order), X) == last


def test_a_class_can_be_supposed_even_for_an_application_that_has_none():
    classes = [{"class": "rural", "when": "rural"}, {"class": "high", "when": "mark > 7"}]
    assert compiled(priority=classes).market.indptr.tolist() == [0, 2, 4, 4]
    made = compiled(Supposition(C, X, class_place=1), priority=classes)
    assert made.market.indptr.tolist() == [0, 2, 4, 5]
    assert holder(made, X) == A


def test_membership_of_a_pool_can_be_supposed():
    pools = [{"name": "rural", "members": "rural", "seats": 1, "others": "after members"}, {"name": "open"}]
    order = ["mark", "lottery"]
    assert holder(compiled(pool=pools, order=order), X) == B
    assert holder(compiled(Supposition(C, X, member_of=0), pool=pools, order=order), X) == C
