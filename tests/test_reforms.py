"""Reforms: who gains and who loses between two allocations, and between scenarios over the same lotteries."""

import json

import polars as pl
import pytest

import admissions as adm
from admissions.district.reading import write_district
from admissions.simulation.seeds import derived_seed
from tests.offices import children, office, one_round
from tests.test_cli import command

__all__ = ["command"]

BY_ZONE = {"rounds.primary.lists": ["zone"]}
SCENARIOS = """
data = "data"
policy = "policy.toml"
[[scenario]]
name = "today"
[[scenario]]
name = "Boston"
changes = { "rounds.primary.mechanism" = "immediate_acceptance" }
"""
POLICY = """
title = "By lot"
class_size = { primary = 45, junior = 50 }
[[round]]
name = "primary"
stage = "primary"
[[target]]
name = "placed"
measure = "count"
of = "placed"
"""


@pytest.fixture(scope="module")
def town():
    return adm.generate_district("reforms", size=300), adm.read_policy("district_2016")


@pytest.fixture
def folder(tmp_path):
    write_district(adm.generate_district("reforms", size=100), tmp_path / "data")
    (tmp_path / "policy.toml").write_text(POLICY)
    (tmp_path / "scenarios.toml").write_text(SCENARIOS)
    return tmp_path


def test_a_child_gains_by_rank_loses_by_rank_and_moves_between_schools_it_did_not_list():
    rule = one_round(order=["mark desc"], lists=["choices", "zone"])
    zones = pl.DataFrame({"zone_id": ["Z", "Z"], "school_id": ["C", "D"]})
    pupils = children("S1 S2 S3 S4 S5", mark=[5, 4, 3, 2, 1], zone_id=["Z"] * 5, sex=["f", "f", "m", "m", "m"])
    wanted = ["S1: A B", "S2: A B", "S5: A"]
    before = adm.allocate(office(pupils, {"A": 1, "B": 1, "C": 1, "D": 1}, wanted, zones=zones), rule)
    turned = [{**pupil, "mark": mark} for pupil, mark in zip(pupils, [4, 5, 2, 3, 1], strict=True)]
    after = adm.allocate(office(turned, {"A": 1, "B": 1, "C": 1, "D": 1}, wanted, zones=zones), rule)
    found = adm.compare(before, after, by=["sex"])
    assert found.children["change"].to_list() == ["lost", "gained", "moved", "moved", "same"]
    assert found.groups.rows() == [("f", 2, 1, 1, 0, 0), ("m", 3, 0, 0, 2, 1)]
    assert repr(found) == "Comparison(1 gained, 1 lost, 2 moved, 1 same)"


def test_a_child_of_one_allocation_alone_is_named_so_and_counted_in_no_group():
    rule = one_round(order=["student_id"])
    one, other = (adm.allocate(office(children(ids), {"A": 3}, [f"{i}: A" for i in ids.split()]), rule)
                  for ids in ("S1 S2", "S2 S3"))  # fmt: skip
    found = adm.compare(one, other)
    assert found.children["change"].to_list() == ["only before", "same", "only after"]
    assert found.groups["children"].to_list() == [1]


@pytest.mark.compiled
def test_scenarios_are_compared_as_their_allocations_are_draw_by_draw(town):
    district, policy = town
    by_zone = policy.replace(BY_ZONE)
    reforms = adm.compare_scenarios(
        [("today", *town), ("by zone", district, by_zone)], draws=30, seed="x", by=["hukou"]
    )
    count, touched = {}, {}
    for number in range(1, 31):
        pair = [adm.allocate(district, rules, seed=derived_seed("x", number)) for rules in (policy, by_zone)]
        found = adm.compare(*pair, by=["hukou"])
        for group in found.groups.iter_rows(named=True):
            for kind in ("gained", "lost", "moved"):
                count.setdefault((group["hukou"], kind), []).append(group[kind])
        for child, change in found.children.select("student_id", "change").iter_rows():
            touched[child, change] = touched.get((child, change), 0) + 1
    for row in reforms.groups.iter_rows(named=True):
        own = pl.Series(count[row["hukou"], row["change"]])
        assert row["mean"] == pytest.approx(own.mean())
        error = 1.959964 * own.std() / 30**0.5
        assert (row["low"], row["high"]) == pytest.approx((own.mean() - error, own.mean() + error))
    for row in reforms.children.iter_rows(named=True):
        assert row["share"] == touched[row["student_id"], row["change"]] / 30
    assert len(reforms.children) == sum(change != "same" for _, change in touched)
    assert len(reforms.children) > 0


@pytest.mark.compiled
def test_a_scenario_equal_to_the_first_changes_nothing_since_the_lotteries_are_the_same(town):
    reforms = adm.compare_scenarios([("today", *town), ("the same", *town)], draws=30, seed="x")
    assert reforms.groups["mean"].sum() == 0
    assert not len(reforms.children)
    assert reforms.targets["difference"].sum() == 0


@pytest.mark.compiled
def test_reforms_are_the_same_for_any_number_of_workers(town):
    pair = [("today", *town), ("by zone", town[0], town[1].replace(BY_ZONE))]
    one, two = (adm.compare_scenarios(pair, draws=60, seed="x", workers=workers) for workers in (1, 3))
    assert all(getattr(one, name).equals(getattr(two, name)) for name in ("groups", "children", "targets"))


def test_the_command_line_compares_scenarios_and_runs(command, folder):
    code, printed, told = command("compare", folder / "scenarios.toml", "--draws", 30, "--seed", "x", "--by", "hukou")
    assert code == 0, told
    assert "against 'today', over 30 draws" in printed
    code, printed, _ = command("compare", folder / "scenarios.toml", "--draws", 30, "--seed", "x", "--json")
    assert {row["scenario"] for row in json.loads(printed)["groups"]} == {"Boston"}
    for seed in ("a", "b"):
        arguments = ("--policy", folder / "policy.toml", "--seed", seed, "--out", folder / seed)
        assert command("run", folder / "data", *arguments)[0] == 0
    code, printed, _ = command("compare", folder / "a", folder / "b", "--json")
    assert code == 0
    assert set(json.loads(printed)["groups"][0]) == {"stage", "children", "gained", "lost", "moved", "same"}
    assert command("compare", folder / "a", folder / "b", "--data", folder / "data", "--by", "hukou")[0] == 0
    code, _, complaint = command("compare", folder / "a", folder / "b", "--by", "hukou")
    assert code == 2
    assert "no column 'hukou' in students; a run folder alone knows stages" in complaint
    assert command("compare", folder / "a")[0] == 2


@pytest.mark.parametrize(
    ("wrong", "right", "words"),
    [
        ('"rounds.primary.mechanism"', '"rounds.primry.mechanism"', "did you mean 'primary'?"),
        ('"rounds.primary.mechanism"', '"rounds.primary.mechanisms"', "did you mean 'mechanism'?"),
        ("changes", "chances", "unknown key 'chances' (did you mean 'changes'?)"),
        ('policy = "policy.toml"', 'polcy = "policy.toml"', "did you mean 'policy'?"),
        ('name = "Boston"', 'name = "today"', "two are named 'today'"),
        ('name = "Boston"', "", "scenario 2: 'name' is missing"),
        ('data = "data"', "", "'data' is missing"),
        ("[[scenario]]\nname = \"today\"", "", "two scenarios or more"),
        ("[[scenario]]", "[[scenario", "no valid TOML"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_file_of_scenarios_is_named(folder, wrong, right, words):
    (folder / "scenarios.toml").write_text(SCENARIOS.replace(wrong, right))
    with pytest.raises(adm.PolicyError) as error:
        adm.read_scenarios(folder / "scenarios.toml")
    assert words in str(error.value)


def test_scenarios_that_cannot_be_compared_are_refused(town):
    with pytest.raises(adm.PolicyError, match="two or more"):
        adm.compare_scenarios([("today", *town)], seed="x")
    with pytest.raises(adm.PolicyError, match="give a seed"):
        adm.compare_scenarios([("a", *town), ("b", *town)])
    with pytest.raises(adm.PolicyError, match=r"no column 'huku' in students \(did you mean 'hukou'\?\)"):
        adm.compare_scenarios([("a", *town), ("b", *town)], seed="x", by=["huku"])
    with pytest.raises(adm.AdmissionsError, match="at least one draw"):
        adm.compare_scenarios([("a", *town), ("b", *town)], seed="x", draws=0)
