"""Whatever the office and its rules: everybody has a seat or a reason, and the audit finds what was promised to hold."""

from dataclasses import replace

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.audit import audit_allocation
from tests.offices import office, one_round

CONDITIONS = ["TRUE", "local", "NOT local", "in_zone", "choice_rank = 1", "mark >= 3", "distance < 4", "mark IS NULL"]
TERMS = ["mark desc", "mark asc", "distance asc", "choice_rank asc", "lottery"]
MEMBERS = ["TRUE", "local", "NOT local", "mark >= 2"]


@st.composite
def offices(draw):
    schools = [f"P{i}" for i in range(draw(st.integers(1, 4)))]
    zones = ["Z1", "Z2"]
    number = draw(st.integers(1, 9))
    students = [
        {
            "student_id": f"S{i}",
            "zone_id": draw(st.sampled_from([*zones, None])),
            "local": draw(st.booleans()),
            "mark": draw(st.sampled_from([None, 1, 2, 3, 4])),
            "x": draw(st.integers(0, 9)),
            "y": 0,
            "bundle_id": None,
        }
        for i in range(number)
    ]
    for first in range(0, number - 1, 2):
        if draw(st.integers(0, 4)) == 0:
            students[first]["bundle_id"] = f"B{first}"
            students[first + 1] = {**students[first], "student_id": f"S{first + 1}"}
    choices = []
    for student in students:
        wanted = draw(st.permutations(schools))[: draw(st.integers(0, len(schools)))]
        if student["bundle_id"] in (None, f"B{student['student_id'][1:]}"):
            choices.append(f"{student['student_id']}: {' '.join(wanted)}")
    return office(
        students,
        {school: draw(st.integers(0, 3)) for school in schools},
        choices,
        schools=pl.DataFrame(
            {
                "school_id": schools,
                "x": range(len(schools)),
                "y": 0,
                "group_id": [draw(st.sampled_from("GH")) for _ in schools],
            }
        ),
        zones=pl.DataFrame({"zone_id": zones, "school_id": [draw(st.sampled_from(schools)) for _ in zones]}),
    )


@st.composite
def policies(draw):
    order = st.lists(st.sampled_from(TERMS), min_size=1, max_size=2, unique=True)
    clause = {
        "lists": draw(st.lists(st.sampled_from(["choices", "zone", "nearest"]), min_size=1, max_size=2, unique=True))
    }
    if draw(st.booleans()):
        clause["order"] = draw(order)
    classes = [
        {
            "class": f"c{i}",
            "when": draw(st.sampled_from(CONDITIONS)),
            **({"order": draw(order)} if draw(st.booleans()) else {}),
        }
        for i in range(draw(st.integers(0, 3)))
    ]
    pools = [
        {"name": f"p{i}", "members": draw(st.sampled_from(MEMBERS)), "seats": 0 if i else "rest",
         "others": draw(st.sampled_from(["never", "after members"]))}
        for i in range(draw(st.integers(0, 2)))
    ]  # fmt: skip
    if draw(st.booleans()):
        clause["guarantee"] = {
            "who": draw(st.sampled_from(["TRUE", "local"])),
            "where": draw(st.sampled_from(["TRUE", "distance < 6"])),
        }
    if draw(st.booleans()):
        clause["students"] = draw(st.sampled_from(["TRUE", "mark IS NOT NULL", "choice_rank IS NOT NULL"]))
    return one_round(priority=classes, pool=pools, **clause)


@settings(max_examples=300, deadline=None)
@given(offices(), policies())
def test_every_allocation_passes_its_audit_with_the_tables_and_without(district, policy):
    allocation = adm.allocate(district, policy, seed="x")
    assert [finding.code for finding in audit_allocation(allocation).failed] == []
    assert [finding.code for finding in audit_allocation(replace(allocation, district=None)).failed] == []


@settings(max_examples=100, deadline=None)
@given(offices(), policies())
def test_every_student_has_a_seat_or_a_reason(district, policy):
    rows = adm.allocate(district, policy, seed="x").students
    assert rows["student_id"].equals(district.students["student_id"])
    assert (rows["programme_id"].is_null() == rows["reason"].is_not_null()).all()
    assert (rows["programme_id"].is_null() == (rows["route"] == "none")).all()


@settings(max_examples=100, deadline=None)
@given(offices(), policies(), st.data())
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


@settings(max_examples=60, deadline=None)
@given(offices(), policies())
def test_every_explanation_can_be_said(district, policy):
    allocation = adm.allocate(district, policy, seed="x")
    for student in district.students["student_id"]:
        assert str(adm.explain(allocation, student)).startswith(student)
