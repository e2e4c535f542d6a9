"""Reforms: who gains and who loses between two allocations, and between scenarios over the same lotteries."""

import json
import tomllib

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.audit.suppression import withheld_cells
from admissions.district.reading import write_district
from admissions.simulation import reforms as module
from admissions.simulation.comparison import CHANGES, Comparison
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


def frames_of(reforms):
    return [getattr(reforms, name) for name in ("groups", "published", "children", "targets")]


def are_equal(one, other):
    return all(a.equals(b) for a, b in zip(frames_of(one), frames_of(other), strict=True))


@pytest.fixture(scope="module")
def pair(town):
    """One round by lot, and by zone: a draw is quick, and how a comparison stops and goes on is the same."""
    by_lot = adm.Policy.from_dict(tomllib.loads(POLICY))
    return [("today", town[0], by_lot), ("by zone", town[0], by_lot.replace(BY_ZONE))]


@pytest.mark.compiled
def test_a_comparison_goes_on_from_its_journal_to_the_same_reforms(pair, tmp_path):
    whole = adm.compare_scenarios(pair, draws=60, seed="x")
    journal = tmp_path / "journal"
    adm.compare_scenarios(pair, draws=25, seed="x", journal=journal)
    told = []
    resumed = adm.compare_scenarios(pair, draws=60, seed="x", journal=journal, tell=lambda *now: told.append(now))
    assert told == [(50, 60), (60, 60)]
    assert resumed.complete and are_equal(whole, resumed) and len(whole.targets)
    for other in ({"seed": "y"}, {"by": ["hukou"]}, {"scenarios": pair[::-1]}):
        with pytest.raises(adm.RunError, match="journal of another simulation"):
            adm.compare_scenarios(**{"scenarios": pair, "draws": 60, "seed": "x", "journal": journal, **other})


@pytest.mark.compiled
def test_a_comparison_does_not_take_the_journal_of_a_simulation(pair, tmp_path):
    adm.simulate(*pair[0][1:], draws=25, seed="x", journal=tmp_path / "journal")
    with pytest.raises(adm.RunError, match="journal of another simulation"):
        adm.compare_scenarios(pair, draws=25, seed="x", journal=tmp_path / "journal")


@pytest.mark.compiled
def test_interrupting_a_comparison_keeps_the_finished_draws(pair):
    def interrupt(done, total):
        if done == 50:
            raise KeyboardInterrupt

    reforms = adm.compare_scenarios(pair, draws=200, seed="x", tell=interrupt)
    assert (reforms.draws, reforms.complete) == (50, False)
    assert are_equal(reforms, adm.compare_scenarios(pair, draws=50, seed="x"))


def test_a_comparison_interrupted_before_any_draw_ends(pair, monkeypatch):
    def interrupt(shared, block):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "work_pairs", interrupt)
    with pytest.raises(KeyboardInterrupt):
        adm.compare_scenarios(pair, draws=50, seed="x", workers=1)


@pytest.mark.compiled
def test_a_comparison_ends_when_its_time_is_over_or_its_intervals_are_short_enough(pair, tmp_path):
    assert adm.compare_scenarios(pair, draws=adm.Until(seconds=0.001), seed="x", workers=1).draws == 25
    until = adm.Until(half_width=0.11, draws=5000)
    narrow = adm.compare_scenarios(pair, draws=until, seed="x", journal=tmp_path / "journal")
    assert narrow.complete and narrow.draws < 5000
    assert narrow.children.select((pl.col("high") - pl.col("low")).max()).item() <= 0.22
    before = adm.compare_scenarios(pair, draws=narrow.draws - 25, seed="x")
    assert before.children.select((pl.col("high") - pl.col("low")).max()).item() > 0.22
    assert adm.compare_scenarios(pair, draws=until, seed="x", journal=tmp_path / "journal").draws == narrow.draws


def test_policies_without_a_lottery_are_compared_exactly_by_one_run_of_each():
    district = office(children("S1 S2 S3", mark=[3, 2, 1]), {"A": 1, "B": 1}, ["S1: A B", "S2: A B", "S3: A B"])
    best, worst = (one_round(order=[f"mark {way}", "student_id"]) for way in ("desc", "asc"))
    reforms = adm.compare_scenarios([("best first", district, best), ("worst first", district, worst)])
    assert (reforms.exact, reforms.draws, reforms.complete) == (True, 1, True)
    assert reforms.groups.select("change", "mean", "low", "high").rows() == [
        ("gained", 1.0, 1.0, 1.0), ("lost", 1.0, 1.0, 1.0), ("moved", 0.0, 0.0, 0.0)
    ]  # fmt: skip
    assert reforms.children.select("student_id", "change", "low", "high").rows() == [
        ("S1", "lost", 1.0, 1.0), ("S3", "gained", 1.0, 1.0)
    ]  # fmt: skip
    assert repr(reforms) == "Reforms(1 against 'best first', exact: no lottery)"


def counted(rows):
    """A comparison of groups with so many children of each change."""
    numbers = np.array(list(rows.values()), dtype=np.int64).reshape(-1, len(CHANGES))
    columns = {change: numbers[:, place] for place, change in enumerate(CHANGES)}
    return Comparison(pl.DataFrame(), pl.DataFrame({"of": list(rows), "children": numbers.sum(axis=1), **columns}))


def test_small_groups_and_small_numbers_are_withheld_from_what_is_published():
    """Group b has 3 children, so 83 in all less those of the others would say so, were c not withheld, too."""
    found = counted({"a": (10, 0, 0, 20), "b": (2, 0, 0, 1), "c": (9, 7, 0, 8), "d": (3, 8, 6, 9)})
    assert found.published.rows() == [
        ("a", 30, 10, 0, 0, 20),
        ("b", None, None, 0, 0, None),
        ("c", None, 9, None, 0, None),
        ("d", 26, None, 8, None, 9),
    ]


def test_a_number_is_withheld_that_would_give_another_away():
    """Of 20 children 3 gained: 20 less the 17 who stayed would say so."""
    found = counted({"a": (3, 0, 0, 17), "b": (40, 0, 0, 50)})
    assert found.groups.row(0) == ("a", 20, 3, 0, 0, 17)
    assert found.published.rows() == [("a", 20, None, 0, 0, None), ("b", 90, None, 0, 0, None)]


ROW = st.tuples(*[st.sampled_from([0, 0, 1, 3, 5, 8, 20])] * 4)


def test_a_number_that_only_several_sums_together_give_away_is_withheld():
    """Of 33 children 22 are of group a, so 11 of b and c, who all moved; 12 moved in all, so 1 of a, were 22 shown."""
    found = counted({"a": (1, 20, 1, 0), "b": (0, 0, 3, 0), "c": (0, 0, 8, 0)})
    assert found.published.rows() == [
        ("a", None, None, None, None, 0),
        ("b", None, 0, 0, None, 0),
        ("c", None, 0, 0, None, 0),
    ]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(ROW, min_size=1, max_size=6))
def test_no_small_number_follows_from_all_sums_of_groups_and_changes_together(rows):
    """What is withheld solves the equations of rows and columns; a number they fix is one that no solution changes."""
    table = np.array(rows, dtype=np.int64)
    hidden = withheld_cells(table)
    sums = np.block([[table, table.sum(axis=1, keepdims=True)], [table.sum(axis=0), table.sum()]])
    assert not ((sums > 0) & (sums < 5) & ~hidden).any()
    unknown = np.argwhere(hidden)
    equations = np.zeros((sum(sums.shape), len(unknown)))
    for place, (row, column) in enumerate(unknown):
        equations[row, place] = 1 if column < table.shape[1] else -1
        equations[len(sums) + column, place] = 1 if row < len(table) else -1
    rank = np.linalg.matrix_rank(equations) if len(unknown) else 0
    for place, (row, column) in enumerate(unknown):
        if 0 < sums[row, column] < 5:
            fixed = np.vstack([equations, np.eye(1, len(unknown), place)])
            assert np.linalg.matrix_rank(fixed) == rank + 1


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(ROW, max_size=6))
def test_nobody_works_out_a_small_number_of_a_group_or_of_all_from_what_is_published(rows):
    found = counted({f"{place}": row for place, row in enumerate(rows)})
    shown = found.published.drop("of", "children").to_numpy().reshape(-1, len(CHANGES))
    exact = found.groups.drop("of", "children").to_numpy().reshape(-1, len(CHANGES))
    sizes = found.published["children"].to_list()
    hidden = np.isnan(shown.astype(float))
    assert not ((exact > 0) & (exact < 5) & ~hidden).any()
    assert not any(size is not None and 0 < size < 5 for size in sizes)
    away = np.array([size is None for size in sizes], dtype=bool)
    for group, own in enumerate(hidden):
        if own.any() and not away[group]:
            assert own.sum() >= 2 and exact[group][own].sum() >= 5
    if away.any() and exact.sum() >= 5:
        assert exact[away].sum() >= 5
    assert (shown[~hidden] == exact[~hidden]).all()


@pytest.mark.compiled
def test_means_of_small_groups_and_of_few_children_are_withheld():
    ids = [f"S{i:02}" for i in range(40)]
    pupils = children(" ".join(ids), of=["a"] * 20 + ["b"] * 17 + ["c"] * 3)
    district = office(pupils, {"A": 12, "B": 8}, [f"{one}: A B" for one in ids])
    other = one_round(order=["lottery"], priority=[{"class": "c", "when": "of = 'c'"}, {"class": "others"}])
    reforms = adm.compare_scenarios(
        [("today", district, one_round(order=["lottery"])), ("c first", district, other)], 40, "x", by=["of"]
    )
    assert reforms.groups["children"].to_list() == [20, 17, 3] * 3 and reforms.groups["mean"].null_count() == 0
    assert reforms.published.filter(of="c").select("children", "mean", "low", "high").unique().rows() == [(None,) * 4]
    assert reforms.published.filter(of="b")["children"].null_count() == 3
    lost = pl.col("of") == "a", pl.col("change") == "lost"
    assert reforms.published.filter(*lost).equals(reforms.groups.filter(*lost))
    few = reforms.children.filter(change="gained")["student_id"].n_unique()
    assert few == 3 and reforms.published.filter(change="gained")["mean"].null_count() == 3


def test_the_command_line_withholds_small_numbers(command, folder):
    (folder / "by_zone.toml").write_text(POLICY.replace('stage = "primary"', 'stage = "primary"\nlists = ["zone"]'))
    for name, out in (("policy.toml", "a"), ("by_zone.toml", "b")):
        arguments = ("--policy", folder / name, "--seed", "x", "--out", folder / out)
        assert command("run", folder / "data", *arguments)[0] == 0
    asked = ("compare", folder / "a", folder / "b", "--data", folder / "data", "--by", "zone_id")
    printed, rows = command(*asked)[1], json.loads(command(*asked, "--json")[1])["groups"]
    assert "withheld: a number of fewer than 5 children" in printed
    numbers = [row[name] for row in rows for name in ("children", *CHANGES)]
    assert None in numbers and not any(number is not None and 0 < number < 5 for number in numbers)


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
    for arguments in (("--json",), ()):
        assert command("compare", folder / "a", folder / "b", "--out", folder / "c", *arguments)[0] == 2
    assert set(json.loads(printed)["groups"][0]) == {"stage", "children", "gained", "lost", "moved", "same"}
    assert command("compare", folder / "a", folder / "b", "--data", folder / "data", "--by", "hukou")[0] == 0
    code, _, complaint = command("compare", folder / "a", folder / "b", "--by", "hukou")
    assert code == 2
    assert "no column 'hukou' in students; a run folder alone knows stages" in complaint
    assert command("compare", folder / "a")[0] == 2


def content_of(out):
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.mark.compiled
def test_what_scenarios_change_is_written_and_a_killed_comparison_goes_on_to_the_same_bytes(command, folder):
    asked = ("compare", folder / "scenarios.toml", "--draws", 60, "--seed", "x", "--by", "hukou", "--out")
    code, printed, _ = command(*asked, folder / "whole")
    assert code == 0
    assert f"The tables are in {folder / 'whole'}" in printed
    assert set(content_of(folder / "whole")) == {"groups.csv", "children.parquet", "targets.csv", "run.json"}
    scenarios = adm.read_scenarios(folder / "scenarios.toml")
    adm.compare_scenarios(scenarios, 25, "x", ("hukou",), journal=folder / ".resumed.journal")
    assert command(*asked, folder / "resumed", "--workers", 2)[0] == 0
    assert content_of(folder / "resumed") == content_of(folder / "whole")
    assert not list(folder.glob(".*"))
    code, _, complaint = command(*asked, folder / "whole")
    assert (code, "--force" in complaint) == (2, True)
    assert command(*asked, folder / "whole", "--force")[0] == 0


@pytest.mark.compiled
def test_an_interrupted_comparison_is_written_says_how_many_and_goes_on(command, folder, monkeypatch):
    drawn = []

    def interrupt(shared, block, work=module.work_pairs):
        drawn.append(block)
        if len(drawn) == 2:
            raise KeyboardInterrupt
        return work(shared, block)

    asked = ("compare", folder / "scenarios.toml", "--draws", 60, "--seed", "x", "--out")
    with monkeypatch.context() as patch:
        patch.setattr(module, "work_pairs", interrupt)
        code, printed, _ = command(*asked, folder / "out", "--workers", 1)
    assert code == 0
    assert "Interrupted: 25 of 60 draws were finished, and are written; the same command goes on from them." in printed
    assert json.loads((folder / "out" / "run.json").read_text())["draws"] == 25
    assert (folder / ".out.journal").exists()
    assert command(*asked, folder / "out")[0] == command(*asked, folder / "whole")[0] == 0
    assert content_of(folder / "out") == content_of(folder / "whole")
    assert not list(folder.glob(".*"))


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
