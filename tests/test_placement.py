"""A child the guarantee placed hears what was nearer and full; one without a seat hears where seats ran out."""

from dataclasses import replace

import polars as pl
import pytest

import admissions as adm
from admissions.errors import AdmissionsError
from admissions.explanation.placement import Placement, Shortage
from tests.offices import children, office, one_round, seats_of

PLACES = {"A": 0, "B": 100, "C": 200, "D": 900}
ZONES = pl.DataFrame({"zone_id": ["east"], "school_id": ["A"]})


def placed(students, seats, choices=(), groups=None, **clause):
    """Return a run in which the schools of `PLACES` stand in a row, and whoever is left goes to the nearest."""
    district = office(students, seats, choices, zones=ZONES)
    schools = {"school_id": list(seats), "x": [PLACES[one] for one in seats], "y": 0}
    schools |= {"group_id": [groups.get(one) for one in seats]} if groups else {}
    tables = district.tables() | {"schools": pl.DataFrame(schools)}
    rule = {"order": ["mark desc", "lottery"], "guarantee": {"prefer": ["distance"]}, **clause}
    return adm.allocate(adm.District.from_frames(**tables), one_round(**rule), seed="s")


def lined_up(**columns):
    return children("S1 S2 S3 S4", mark=[9, 8, 7, 6], x=[0, 0, 0, 0], y=0, zone_id="east", **columns)


def test_what_is_nearer_is_told_with_where_its_seats_went():
    told = placed(lined_up(), {"A": 1, "B": 1, "C": 1, "D": 1}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    assert seats_of(told) == {"S1": "A", "S2": "B", "S3": "C", "S4": "D"}
    explanation = adm.explain(told, "S4")
    nearer = [
        (one.programme_id, one.metres, one.listed, one.coordinated, one.left) for one in explanation.placement.nearer
    ]
    assert nearer == [("A", 0, 1, 0, 0), ("B", 100, 0, 1, 0), ("C", 200, 0, 1, 0)]
    words = str(explanation)
    assert "What goes before it under the guarantee (the nearest first), and where its seats are:" in words
    assert "B, 100 m: seats 1, taken by list 0, by the guarantee 1" in words
    assert "B，100 米：学位 1 个，按志愿名单录取 0 个，统筹安排 1 个" in explanation.words("zh")
    assert "S2" not in words and "S3" not in words


def test_nothing_is_nearer_than_the_nearest():
    told = placed(lined_up(), {"A": 1, "B": 3}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    assert [one.programme_id for one in adm.explain(told, "S4").placement.nearer] == ["A"]
    told = placed(lined_up(), {"A": 4}, ["S1: A"])
    assert adm.explain(told, "S4").placement == Placement(("distance",), ())
    assert "The guarantee allows no programme that goes before it." in str(adm.explain(told, "S4"))


def test_the_own_group_goes_before_what_is_nearer_where_the_guarantee_has_it_so():
    groups = {"A": "g", "D": "g"}
    guarantee = {"prefer": ["same_group", "distance"]}
    seats = {"A": 1, "B": 1, "C": 2, "D": 1}
    told = placed(lined_up(), seats, ["S1: A", "S2: A", "S3: A", "S4: A"], groups, guarantee=guarantee)
    assert seats_of(told) == {"S1": "A", "S2": "D", "S3": "B", "S4": "C"}
    explanation = adm.explain(told, "S4")
    assert [(one.programme_id, one.same_group) for one in explanation.placement.nearer] == [
        ("A", True),
        ("D", True),
        ("B", False),
    ]
    assert "D, 900 m, same group: seats 1" in str(explanation)
    assert "(same group first, the nearest first)" in str(explanation)


def test_what_the_guarantee_does_not_allow_is_not_nearer():
    told = placed(
        lined_up(),
        {"A": 1, "B": 3, "C": 3},
        ["S1: A"],
        guarantee={"where": "programme_id = 'C'", "prefer": ["distance"]},
    )
    assert adm.explain(told, "S4").placement.nearer == ()


def test_a_distance_nobody_knows_is_told_as_such():
    rows = lined_up()
    rows[3] |= {"x": None, "y": None}
    told = placed(rows, {"A": 2, "B": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    assert seats_of(told)["S4"] == "B"
    assert adm.explain(told, "S4").placement.nearer == ()
    by_group = placed(
        rows, {"A": 2, "B": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"], {"A": "g"}, guarantee={"prefer": ["same_group"]}
    )
    assert "A, distance not known, same group: seats 2" in str(adm.explain(by_group, "S4"))


def test_children_who_apply_together_hear_of_a_single_seat_left():
    rows = lined_up(bundle_id=[None, None, "t", "t"])
    rows[3] |= {"mark": 7}
    told = placed(rows, {"A": 2, "B": 1, "C": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    assert seats_of(told)["S3"] == "C"
    assert (
        "B, 100 m: seats 1, taken by list 0, by the guarantee 0, left 1, too few for children who apply together"
        in str(adm.explain(told, "S3"))
    )


def test_of_many_that_are_nearer_ten_are_told_and_the_others_counted():
    places = {f"P{i:02d}": 10 * i for i in range(13)}
    students = children(" ".join(f"S{i:02d}" for i in range(13)), x=0, y=0, mark=list(range(13, 0, -1)))
    district = office(students, dict.fromkeys(places, 1))
    tables = district.tables() | {
        "schools": pl.DataFrame({"school_id": list(places), "x": list(places.values()), "y": 0})
    }
    rule = one_round(order=["mark desc"], guarantee={"prefer": ["distance"]})
    told = adm.allocate(adm.District.from_frames(**tables), rule)
    last = told.students.filter(programme_id="P12")["student_id"][0]
    explanation = adm.explain(told, last)
    assert len(explanation.placement.nearer) == 12
    assert str(explanation).count("taken by list") == 10
    assert "and 2 more" in str(explanation)


def test_where_seats_ran_out_the_zones_and_programmes_are_told():
    rows = lined_up(stage="primary")
    rows[3] |= {"zone_id": None}
    told = placed(rows, {"A": 1, "B": 1}, ["S1: A"])
    explanation = adm.explain(told, "S4")
    assert explanation.shortages == (Shortage(3, 1, {None: 1, "east": 2}, {"A": 0, "B": 1}),)
    words = str(explanation)
    assert words.startswith("S4 has no seat: the guarantee covers the child, but no seat it may take was left")
    assert "These zones' children (3) could go only to these programmes (seats left: 1):" in words
    assert "zones: no zone (1), east (2)" in words
    assert "programmes: A (0), B (1)" in words
    assert "学区：无学区（1），east（2）" in explanation.words("zh")


def test_a_shortage_is_told_from_the_run_alone_and_what_is_nearer_needs_the_tables():
    told = placed(lined_up(), {"A": 1, "B": 1}, ["S1: A", "S2: A", "S3: A"])
    alone = replace(told, district=None)
    assert adm.explain(alone, "S3").shortages == adm.explain(told, "S3").shortages != ()
    assert adm.explain(alone, "S2").placement is None
    assert "found with the office's tables at hand" in str(adm.explain(alone, "S2"))
    assert adm.explain(told, "S2").placement is not None


def test_other_tables_than_those_of_the_run_are_refused():
    told = placed(lined_up(), {"A": 1, "B": 1, "C": 1, "D": 1}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    refused = "the tables at hand are not those this run was made from"
    others = {
        "without the child": (lined_up()[:3], {"A": 1, "B": 1, "C": 1, "D": 1}),
        "another mark": (
            [{**child, "mark": 10 - child["mark"]} for child in lined_up()],
            {"A": 1, "B": 1, "C": 1, "D": 1},
        ),
        "no list": (lined_up(), {"A": 1, "B": 1, "C": 1, "D": 1}),
        "a seat more": (lined_up(), {"A": 2, "B": 1, "C": 1, "D": 1}),
        "another home": ([{**child, "x": 900} for child in lined_up()], {"A": 1, "B": 1, "C": 1, "D": 1}),
    }
    for name, (rows, seats) in others.items():
        choices = [] if name == "no list" else ["S1: A", "S2: A", "S3: A", "S4: A"][: len(rows)]
        other = placed(rows, seats, choices).district
        if name == "another home":
            assert adm.explain(replace(told, district=other), "S4").placement.nearer == ()
            continue
        with pytest.raises(AdmissionsError, match=refused):
            adm.explain(replace(told, district=other), "S4" if name != "a seat more" else "S2")
