"""A whole district's reasons are each child's own, in the same words."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import pytest
from hypothesis import given, settings

import admissions as adm
from admissions.explanation.sentences import SENTENCES
from tests.offices import children, office, one_round
from tests.what_if import offices


@pytest.fixture(scope="module")
def allocation():
    return adm.allocate(adm.generate_district("reasons", size=700), adm.read_policy("district_2016"), seed="s")


@pytest.fixture(scope="module")
def read_back(allocation, tmp_path_factory):
    out = tmp_path_factory.mktemp("run") / "out"
    adm.write_run(out, allocation, adm.audit(allocation))
    return adm.read_run(out)


def missed_step(explanation):
    """Return the first step at a programme the child did not get."""
    given = {(step.round, step.rank) for step in explanation.steps if step.outcome == "admitted"}
    steps = (
        s for s in explanation.steps if s.outcome not in ("admitted", "not needed") and (s.round, s.rank) not in given
    )
    return next(steps, None)


def assert_told_alike(allocation, students):
    rows = {row["student_id"]: row for row in adm.explain_all(allocation).iter_rows(named=True)}
    assert list(rows) == allocation.students["student_id"].to_list()
    for student in students:
        row, explanation = rows[student], adm.explain(allocation, student)
        step = missed_step(explanation)
        assert row["programme_id"] == explanation.seat["programme_id"]
        missed = (None, None, None) if step is None else (step.round, step.programme_id, step.pool)
        assert (row["missed_round"], row["missed_programme_id"], row["missed_pool"]) == missed
        for language in SENTENCES:
            assert explanation.words(language).splitlines()[0] == row[f"answer_{language}"]
            said = {"missing": "finding", "cutoff": "cutoff_words", "own": "own_words"}
            for name, words in said.items():
                assert row[f"{name}_{language}"] == (None if step is None else getattr(step, words)[language])


def test_the_reasons_of_all_are_the_words_of_each(allocation):
    alone = replace(allocation, district=None)
    told = adm.explain_all(alone)
    missed = told.filter(pl.col("missing_en").is_not_null())["student_id"]
    assert_told_alike(alone, [*missed[::4], *alone.students["student_id"][::20]])


def test_the_reasons_are_the_same_from_the_run_folder(allocation, read_back):
    assert adm.explain_all(read_back).equals(adm.explain_all(allocation))
    missed = adm.explain_all(read_back).filter(pl.col("missing_en").is_not_null())["student_id"]
    for student in missed[::20]:
        assert adm.explain(read_back, student) == adm.explain(replace(allocation, district=None), student)
        with_tables = replace(read_back, district=allocation.district)
        assert adm.explain(with_tables, student) == adm.explain(allocation, student)


def test_the_reasons_are_in_order_of_id_a_row_a_child_whatever_the_order_of_the_tables(allocation):
    told = adm.explain_all(allocation)
    assert told["student_id"].is_sorted()
    assert told["student_id"].n_unique() == len(told) == len(allocation.students)


def test_who_has_the_first_choice_missed_nothing():
    district = office(children("A B", mark=[9, 8]), {"X": 1, "Y": 1}, ["A: X", "B: X Y"])
    told = adm.explain_all(adm.allocate(district, one_round(order=["mark desc"])))
    assert told["missed_programme_id"].to_list() == [None, "X"]
    assert told["missing_en"].to_list() == [None, "mark 8; the last admitted had 9 (missed by 1)"]
    assert told["answer_zh"].to_list() == ["A 已被 X 录取：家庭填报的志愿", "B 已被 Y 录取：家庭填报的志愿"]


def test_a_refusal_in_one_pool_of_the_programme_that_was_given_is_nothing_missed():
    pools = [{"name": "reserve", "seats": 1}, {"name": "open"}]
    district = office(children("A B", mark=[9, 8]), {"X": 2}, ["A: X", "B: X"])
    told = adm.explain_all(adm.allocate(district, one_round(order=["mark desc"], pool=pools)))
    assert told["missed_programme_id"].to_list() == [None, None]


def test_a_district_without_applications_has_reasons_all_the_same():
    told = adm.explain_all(adm.allocate(office(children("A B"), {"X": 1}), one_round(), seed="s"))
    assert told["answer_en"].to_list() == [f"{one} has no seat: the child has no programme on its list" for one in "AB"]
    assert told["missing_en"].null_count() == 2


@pytest.mark.compiled
@settings(max_examples=8, deadline=None, derandomize=True)
@given(offices())
def test_the_words_of_any_office_are_the_same_all_at_once_and_read_back(one):
    allocation = one.run()
    students = allocation.students["student_id"]
    assert_told_alike(allocation, students)
    with TemporaryDirectory() as folder:
        adm.write_run(Path(folder) / "out", allocation, adm.audit(allocation))
        read_back = adm.read_run(Path(folder) / "out")
        for student in students:
            assert adm.explain(read_back, student) == adm.explain(replace(allocation, district=None), student)
            assert adm.explain(replace(read_back, district=allocation.district), student) == adm.explain(
                allocation, student
            )
