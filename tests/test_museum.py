"""The museum of faults: each documented incident that hurt families, and what stops it here.

Every test plants the fault in a small office, sees it refused with a message that names the cause, and sees the same
office without the fault go through. Numbers of children are those of the published accounts.
"""

import re
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from random import Random

import polars as pl
import pytest

import admissions as adm
from admissions import runs
from admissions.errors import DataError, PreflightError
from tests.offices import children, listed, office, one_round, seats_of
from tests.test_audit import admitted_twice, changed

MARKS = one_round(students="total >= 60", order=["total desc", "lottery"])


def test_every_incident_on_the_page_has_its_test_and_every_test_its_incident():
    page = (Path(__file__).parent.parent / "docs" / "reference" / "museum.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)`", page)
    mine = {name for name in globals() if name.startswith("test_") and "incident" not in name}
    assert sorted(named) == sorted(mine)


def stopped(district, policy, **given):
    """Return the message a preflight stops with."""
    with pytest.raises(PreflightError) as caught:
        adm.preflight(district, policy, **given).raise_if_stopped()
    return str(caught.value)


def passes(district, policy, **given):
    adm.preflight(district, policy, **given).raise_if_stopped()
    return True


def test_the_two_weakest_subjects_instead_of_the_two_best_are_refused_before_the_run():
    """Ireland 2020: one line took the weakest results; 6,100 pupils were given too low a mark."""
    district = office(children("S1 S2 S3", total=[90, 75, 60]), {"A": 1}, ["S1: A", "S2: A", "S3: A"])
    wrong = one_round(students="total >= 60", order=["total asc", "lottery"])
    message = stopped(district, wrong)
    assert "'total asc' of primary lets a child with a higher 'total' go later" in message
    assert "nobody enters whose 'total' is too low" in message
    assert passes(district, MARKS)
    shown = str(next(clause for clause in adm.worked_examples(district, wrong) if "order" in clause.clause))
    assert "goes before: S3 at A: total 60" in shown and "goes after: S2 at A: total 75" in shown


def test_raising_a_mark_never_lowers_a_result():
    """Ireland 2020: the check that would have seen it, on 60 offices: one child gains marks, its seat is no worse."""
    dice = Random(2020)
    for _ in range(60):
        ids = [f"S{i}" for i in range(8)]
        totals = [dice.randrange(60, 75) for _ in ids]
        lists = {one: dice.sample("ABC", dice.randrange(1, 4)) for one in ids}
        seats = {school: dice.randrange(3) for school in "ABC"}
        raised = dice.randrange(8)
        better = [total + dice.randrange(1, 15) * (i == raised) for i, total in enumerate(totals)]
        ranks = []
        for marks in (totals, better):
            lines = [f"{one}: {' '.join(lists[one])}" for one in ids]
            allocation = adm.allocate(office(children(" ".join(ids), total=marks), seats, lines), MARKS, seed="2020")
            rank = allocation.students.filter(student_id=ids[raised])["choice_rank"][0]
            ranks.append(rank or 99)
        assert ranks[1] <= ranks[0]


def test_the_length_of_a_waiting_list_entered_as_capacity_is_refused():
    """France 2019: 400 programmes entered their waiting list as seats; 67,000 offers were withdrawn."""
    pupils = children(" ".join(f"S{i}" for i in range(40)))
    lines = [f"{pupil['student_id']}: A B" for pupil in pupils]
    now, last_year = office(pupils, {"A": 400, "B": 30}, lines), office(pupils, {"A": 35, "B": 28}, lines)
    assert "programme 'A' has 400 seats, and 35 last year" in stopped(now, one_round(), last_year=last_year)
    assert passes(last_year, one_round(), last_year=last_year)
    demand = next(concern for concern in adm.preflight(now, one_round()).tells if concern.code == "demand")
    assert "A (400 seats, 40 children)" in demand.message and "waiting list" in demand.message


def test_one_college_with_double_its_seats_is_refused_and_the_seats_of_a_run_are_frozen_by_hash(tmp_path):
    """India 2025: one college was entered with double its seats, and the whole country's round was run again."""
    pupils = children(" ".join(f"S{i}" for i in range(9)))
    now, last_year = office(pupils, {"A": 100, "B": 90}), office(pupils, {"A": 50, "B": 90})
    assert "programme 'A' has 100 seats, and 50 last year" in stopped(now, one_round(), last_year=last_year)
    assert passes(now, one_round(), last_year=last_year, acknowledged=["seats:A"])
    before = adm.allocate(last_year, one_round(), seed="x")
    assert "programme 'A' has 100 seats, and 50 last year" in stopped(now, one_round(), last_year=before)
    adm.write_run(tmp_path / "out", before, adm.audit(before))
    frozen = runs.read_manifest(tmp_path / "out")["inputs"]["programmes"]
    assert frozen == last_year.sources["programmes"] != now.sources["programmes"]


def test_one_pupil_with_several_seats_is_refused_by_the_audit():
    """Nashville 2015: 539 pupils held several seats, and others none."""
    district = office(
        children("S1 S2 S3 S4 S5", mark=[9, 8, 7, 6, 5]), {"A": 2, "B": 2}, ["S1: A B", "S2: A", "S3: B", "S4: B A"]
    )
    allocation = adm.allocate(district, one_round(order=["mark desc"]))
    assert allocation.students["student_id"].to_list() == district.students["student_id"].to_list()
    assert adm.audit(allocation)["P1"].verdict == "holds"
    assert [finding.code for finding in adm.audit(admitted_twice(allocation)).failed] == ["P1"]


def test_a_zone_priority_set_the_wrong_way_round_is_seen_in_the_worked_examples():
    """Chatham County 2018: the vendor set the zone priority wrong; 1,600 families were told so after the lottery."""
    zones = pl.DataFrame({"zone_id": ["east", "west"], "school_id": ["E", "W"]})
    lines = ["S1: E W", "S2: W E", "S3: E"]
    district = office(children("S1 S2 S3", zone_id=["east", "west", "west"]), {"E": 1, "W": 1}, lines, zones=zones)

    def shown(when):
        policy = one_round(priority=[{"class": "home in the zone", "when": when}, {"class": "others"}])
        return str(adm.worked_examples(district, policy)[0])

    wrong, right = shown("NOT in_zone"), shown("in_zone")
    assert "caught: S1 at W: in_zone no" in wrong and "not caught: S1 at E: in_zone yes" in wrong
    assert "caught: S1 at E: in_zone yes" in right and "not caught: S1 at W: in_zone no" in right
    typed_wrong = one_round(priority=[{"class": "zone", "when": "zone_id = 'Ost'"}, {"class": "others"}])
    told = [concern.message for concern in adm.preflight(district, typed_wrong).tells]
    assert "class 'zone' of round 'primary' catches no application" in told


def test_starting_an_application_again_does_not_draw_again():
    """New York 2022: 163 families restarted their application and were given a new lottery number."""
    pupils = children("S1 S2 S3")
    first = adm.allocate(office(pupils, {"A": 1, "B": 1}, ["S1: A", "S2: A", "S3: A"]), one_round(), seed="2022")
    again = adm.allocate(office(pupils[1:], {"A": 1, "B": 1}, ["S2: B A", "S3: A"]), one_round(), seed="2022")
    number = sha256(b"2022:S2").hexdigest()
    for allocation in (first, again):
        assert set(allocation.applications.filter(student_id="S2")["lottery"]) == {number}
    rows = first.applications
    forged = replace(first.records[0], values={"lottery": (None, rows["lottery"].reverse())})
    assert [finding.code for finding in adm.audit(replace(first, records=(forged,))).failed] == ["P8"]


CONVERSION = "CASE grade WHEN 'A' THEN 12 WHEN 'B' THEN 9 WHEN 'C' THEN 6 END"


def test_a_mark_that_the_conversion_does_not_cover_is_refused():
    """Boston 2019 and 2023: after a change of the database some marks were converted wrongly; 62 pupils were refused."""
    pupils = children("S1 S2 S3 S4", grade=["A", "B", "A+", None])
    district = office(pupils, {"A": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    message = stopped(district, one_round(order=[f"{CONVERSION} desc", "lottery"]))
    assert "says nothing of what is known (children concerned: 1; values: A…), so that it ranks last" in message
    covered = CONVERSION.replace("END", "WHEN 'A+' THEN 13 END")
    assert passes(district, one_round(order=[f"{covered} desc", "lottery"]))
    assert passes(district, one_round(order=[CONVERSION.replace("END", "ELSE NULL END") + " desc", "lottery"]))
    on_students = one_round(students=f"{CONVERSION} > 8")
    assert "so that it does not hold" in stopped(district, on_students)
    in_a_class = one_round(priority=[{"class": "good", "when": f"{CONVERSION} > 8"}, {"class": "others"}])
    assert "so that it does not hold" in stopped(district, in_a_class)
    shown = str(adm.worked_examples(district, one_round(order=[f"{covered} desc", "lottery"]))[0])
    assert "A+ counts as 13" in shown and "B counts as 9" in shown


def test_marks_shifted_by_a_row_disagree_with_the_control_totals():
    """United Kingdom 2018: marks slipped a row between two spreadsheets; 1,500 offers were wrong."""
    pupils = children("S1 S2 S3 S4", mark=[90, 70, 60, 50], school=["x", "x", "y", "y"])
    totals = pl.DataFrame({"table": "students", "column": "mark", "count": [4, 2, 2], "sum": [270, 160, 110],
                           "where_column": [None, "school", "school"], "where_value": [None, "x", "y"]})  # fmt: skip
    assert office(pupils, {"A": 1}, control_totals=totals)
    shifted = [pupil | {"mark": mark} for pupil, mark in zip(pupils, [50, 90, 70, 60], strict=True)]
    with pytest.raises(DataError) as caught:
        office(shifted, {"A": 1}, control_totals=totals)
    assert {(p.table, p.row, p.column) for p in caught.value.problems} == {
        ("control_totals", 1, "sum"), ("control_totals", 2, "sum")
    }  # fmt: skip
    assert "students.mark adds up to less" in str(caught.value)
    slipped = [pupil | {"mark": mark} for pupil, mark in zip(pupils, [None, 90, 70, 60], strict=True)]
    with pytest.raises(DataError, match=r"students\.mark has 3 here"):
        office(slipped, {"A": 1}, control_totals=totals)


def test_marks_are_joined_by_id_whatever_the_order_of_rows():
    """United Kingdom 2018: nothing here joins by the place of a row."""
    pupils = children("S1 S2 S3 S4", mark=[90, 70, 60, 50])
    choices = listed(["S1: A", "S2: A", "S3: A", "S4: A"]).with_columns(interview=pl.Series([1, 2, 3, 4]))
    policy = one_round(order=["mark + interview desc", "lottery"])
    whole = adm.allocate(office(pupils, {"A": 2}, choices), policy, seed="2018")
    for rows in ([3, 1, 0, 2], [1, 2, 3, 0]):
        moved = office([pupils[row] for row in rows], {"A": 2}, choices[rows[::-1]])
        assert adm.allocate(moved, policy, seed="2018").applications.equals(whole.applications)


def test_children_already_admitted_elsewhere_and_left_in_the_pool_are_refused():
    """Sejong 2019: 109 pupils who had a place already stayed in the draw; 2,775 were drawn again."""
    pupils = children("S1 S2 S3 S4", elsewhere=[True, True, None, None])
    district = office(pupils, {"A": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"])
    excluded = pl.DataFrame({"student_id": ["S2", "S1"]})
    message = stopped(district, one_round(), excluded=excluded)
    assert (
        "in round 'primary' all the same: 2 of the 2 children on the list excluded (row 0, 'S…', is the first)"
        in message
    )
    kept_out = one_round(students="elsewhere IS NULL")
    assert passes(district, kept_out, excluded=excluded)
    mistyped = pl.DataFrame({"student_id": ["S1", "S22"]})
    message = stopped(district, kept_out, excluded=mistyped)
    assert "not in students: 1 of the 2 ids on the list excluded (row 1, 'S…', is the first)" in message
    with pytest.raises(DataError, match="is there twice"):
        adm.preflight(district, kept_out, excluded=pl.DataFrame({"student_id": ["S1", "S1"]}))


def test_a_run_broken_off_and_begun_again_gives_the_same_result(tmp_path, monkeypatch):
    """Puning 2023: a power cut in mid-draw, and a second draw with new randomness; 569 children lost a seat."""
    district = office(children("S1 S2 S3 S4"), {"A": 2}, ["S1: A", "S2: A", "S3: A", "S4: A"])

    def run(out):
        allocation = adm.allocate(district, one_round(), seed="2023-07-01 09:00")
        adm.write_run(out, allocation, adm.audit(allocation))
        return {path.name: path.read_bytes() for path in out.iterdir() if path.name != "timings.json"}

    whole, written = run(tmp_path / "whole"), runs._write_synced

    def power_cut(path, content):
        written(path, content[:10])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(runs, "_write_synced", power_cut)
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path / "again")
    assert not (tmp_path / "again").exists()
    assert run(tmp_path / "again") == whole
    with pytest.raises(adm.PolicyError, match="give a seed, a public text fixed before the draw"):
        adm.allocate(district, one_round())


def test_a_pool_without_the_floor_that_its_siblings_have_is_refused():
    """Taiwan 2013: the minimum score was never set for one group; 113 pupils were admitted and then not."""
    pupils = children("S1 S2 S3 S4 S5 S6", track=["art", "music", "dance"] * 2, score=[80, 75, 20, 70, 65, 50])
    district = office(pupils, {"A": 6}, [f"S{i}: A" for i in range(1, 7)])

    def pools(dance):
        rules = {"art": "track = 'art' AND score >= 60", "music": "track = 'music' AND score >= 60", "dance": dance}
        clauses = [{"name": name, "members": members, "seats": 2} for name, members in rules.items()]
        return one_round(pool=clauses, order=["score desc", "lottery"])

    message = stopped(district, pools("track = 'dance'"))
    assert "pool 'dance' of round 'primary' has no floor on 'score', and pool 'art' has one" in message
    assert passes(district, pools("track = 'dance' AND score >= 40"))
    assert passes(district, pools("track = 'dance' AND (score IS NULL OR score >= 0)"))
    cutoffs = adm.allocate(district, pools("track = 'dance' AND score >= 40"), seed="x").cutoffs
    assert cutoffs.select("pool", "admitted").rows() == [("art", 2), ("music", 2), ("dance", 1)]


def test_a_name_twice_in_the_pool_is_refused_by_its_id_and_told_by_all_else():
    """Fanghe 2022: seven names stood twice in the pool; 210 children were drawn again."""
    with pytest.raises(DataError, match=r"row 2  student_id 'S…'  is there twice"):
        office(children("S1 S2 S1"), {"A": 1})
    twice = office(children("S1 S2 S3", name=["Li", "Li", "Wu"], born="2015-05-01"), {"A": 1})
    told = [concern for concern in adm.preflight(twice, one_round()).tells if concern.code == "twice"]
    assert "'name' included: 2, of as few as 1 children" in told[0].message
    assert "Li" not in told[0].message
    other = office(children("S1 S2", name="Li", born=["2015-05-01", "2015-06-01"]), {"A": 1})
    assert not [concern for concern in adm.preflight(other, one_round()).tells if concern.code == "twice"]


def test_a_lower_score_with_the_nearer_post_is_refused_and_everybody_has_a_reason():
    """Italy 2016: lower scores took the nearer posts; for 100,000 teachers nobody could say why."""
    district = office(children("S1 S2", score=[90, 80]), {"near": 1, "far": 1}, ["S1: near far", "S2: near far"])
    allocation = adm.allocate(district, one_round(order=["score desc"]))
    assert seats_of(allocation) == {"S1": "near", "S2": "far"}
    swapped = changed(changed(allocation, "S1", programme_id="far", school_id="far", choice_rank=2), "S2",
                      programme_id="near", school_id="near", choice_rank=1)  # fmt: skip
    assert "P4" in {finding.code for finding in adm.audit(swapped).failed}
    assert "score 80; the last admitted had 90 (missed by 10)" in str(adm.explain(allocation, "S2"))
