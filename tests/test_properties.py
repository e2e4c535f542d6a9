"""Whatever the office and its rules: everybody has a seat or a reason, and the audit finds what was promised to hold."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.audit import audit_allocation
from admissions.testing import districts, policies


@pytest.mark.compiled
@settings(max_examples=300, deadline=None)
@given(districts(), policies())
def test_every_allocation_passes_its_audit_with_the_tables_and_without(district, policy):
    allocation = adm.allocate(district, policy, seed="x")
    assert [finding.code for finding in audit_allocation(allocation).failed] == []
    assert [finding.code for finding in audit_allocation(replace(allocation, district=None)).failed] == []


@pytest.mark.compiled
@settings(max_examples=100, deadline=None)
@given(districts(), policies())
def test_every_student_has_a_seat_or_a_reason(district, policy):
    rows = adm.allocate(district, policy, seed="x").students
    assert rows["student_id"].equals(district.students["student_id"])
    assert (rows["programme_id"].is_null() == rows["reason"].is_not_null()).all()
    assert (rows["programme_id"].is_null() == (rows["route"] == "none")).all()


@pytest.mark.compiled
@settings(max_examples=100, deadline=None)
@given(districts(), policies(), st.data())
def test_one_student_fewer_in_the_tables_and_the_lottery_of_the_others_stays(district, policy, data):
    allocation = adm.allocate(district, policy, seed="x")
    if "lottery" not in allocation.applications.columns or district.students["bundle_id"].drop_nulls().len():
        return
    gone = data.draw(st.sampled_from(district.students["student_id"].to_list()))
    others = {
        name: frame.filter(pl.col("student_id") != gone) if "student_id" in frame.columns else frame
        for name, frame in district.tables().items()
    }
    if not len(others["students"]):
        return
    again = adm.allocate(adm.District.from_frames(**others), policy, seed="x").applications
    if "lottery" not in again.columns:
        return
    key = ["student_id", "programme_id", "pool"]
    both = allocation.applications.join(again, on=key, nulls_equal=True)
    assert (both["lottery"] == both["lottery_right"]).all()


@pytest.mark.compiled
@settings(max_examples=60, deadline=None)
@given(districts(), policies())
def test_every_explanation_can_be_said(district, policy):
    allocation = adm.allocate(district, policy, seed="x")
    for student in district.students["student_id"]:
        assert str(adm.explain(allocation, student)).startswith(student)
