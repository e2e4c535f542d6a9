"""Two real districts. The data lie outside the project: found through ADMISSIONS_REAL_DATA, skipped where absent."""

import os
from pathlib import Path

import networkx as nx
import numpy as np
import polars as pl
import pytest

import admissions as adm
from admissions.mechanisms import MECHANISMS

pytestmark = pytest.mark.compiled

PARAMETERS = {
    "parallel": {"band": 2},
    "score_bands": {"width": 1_000},
    "regional": {"cap": 9_000},
    "minimum_cost": {"cost": "rank * rank"},
}
"""What each mechanism is run with on the Czech admission, beside its defaults."""

REAL = Path(os.environ.get("ADMISSIONS_REAL_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))


def district_of(name):
    if not (REAL / name).is_dir():
        pytest.skip(f"the real data of {name} are not here")
    return adm.read_district(REAL / name)


def policy_of(stage, **clause):
    return adm.Policy.from_dict({"title": "real", "round": [{"name": "round", "stage": stage, **clause}]})


@pytest.fixture(scope="module")
def chiayi():
    policy = policy_of("primary", lists=["zone"], order=["distance asc", "lottery"], guarantee={})
    return adm.allocate(district_of("chiayi"), policy, seed="2024")


def test_every_child_of_chiayi_has_a_seat_and_no_school_has_one_too_many(chiayi):
    assert len(chiayi.students) == 2103
    assert chiayi.students["programme_id"].null_count() == 0
    programmes = chiayi.district.programmes.select("programme_id", seats=pl.col("classes") * pl.col("class_size"))
    admitted = chiayi.students.group_by("programme_id").len("admitted").join(programmes, on="programme_id")
    assert (admitted["admitted"] <= admitted["seats"]).all()
    assert not adm.audit(chiayi).failed


def test_the_summed_distance_of_the_coordinated_children_is_the_minimum(chiayi):
    """Against NetworkX: one source a village, one sink a school with the seats that the zones left."""
    from admissions.compiling.distance import distances_between

    district = chiayi.district
    rows = chiayi.students.with_row_index("row").filter(pl.col("route") == "coordinated")
    assert len(rows) > 100
    schools = np.arange(len(district.schools), dtype=np.int32)
    metres = distances_between(district, rows["row"].to_numpy().astype(np.int32)[:, None], schools[None, :])
    left = chiayi.cutoffs.with_columns(left=pl.col("seats") - pl.col("admitted"))
    programmes = district.programmes["programme_id"].to_list()
    school_of = dict(zip(programmes, district.links.programme_school.tolist(), strict=True))
    graph = nx.DiGraph()
    graph.add_node("all", demand=len(rows))
    villages, first, supply = np.unique(metres, axis=0, return_index=True, return_counts=True)
    for village, (row, children) in enumerate(zip(first, supply, strict=True)):
        graph.add_node(("village", village), demand=-int(children))
        for programme in programmes:
            graph.add_edge(("village", village), programme, weight=int(metres[row, school_of[programme]]))
    for programme, seats in left.select("programme_id", "left").iter_rows():
        graph.add_edge(programme, "all", capacity=seats)
    least = nx.network_simplex(graph)[0]
    given = [metres[i, school_of[programme]] for i, programme in enumerate(rows["programme_id"])]
    assert sum(given) == least
    assert len(villages) < len(rows)


@pytest.mark.parametrize(
    "clause", [{"students": "eligible"}, {"priority": [{"class": "eligible", "when": "eligible"}]}]
)
def test_the_official_seat_of_the_czech_admission_comes_out(clause):
    district = district_of("czech_2024")
    policy = policy_of("senior", lists=["choices"], order=["decision_tier asc", "student_id asc"], **clause)
    allocation = adm.allocate(district, policy)
    official = pl.read_csv(REAL / "czech_2024" / "official.csv", infer_schema=False).rename(
        {"programme_id": "official"}
    )
    both = allocation.students.join(official, on="student_id", how="left", maintain_order="left")
    assert len(both) == 12_365
    assert both.select(pl.col("programme_id").eq_missing(pl.col("official")).mean()).item() >= 0.995
    assert not adm.audit(allocation).failed


def test_the_czech_admission_runs_by_exam_with_those_who_sat_none_last(capsys):
    district = district_of("czech_2024")
    allocation = adm.allocate(district, policy_of("senior", order=["exam desc", "lottery"]), seed="2024")
    rows = allocation.applications.filter(pl.col("key").is_not_null())
    sat, not_sat = (rows.filter(pl.col("exam").is_null() == null) for null in (False, True))
    assert sat["key"].max() < not_sat["key"].min()
    ranks = allocation.students["choice_rank"].value_counts(sort=False).sort("choice_rank", nulls_last=True)
    with capsys.disabled():
        print("\nczech_2024 by exam, rank of the seat:", dict(ranks.iter_rows()))
    assert ranks["count"].sum() == 12_365
    assert not adm.audit(allocation).failed


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_czech_admission_runs_under_every_mechanism(mechanism, capsys):
    clause = {"mechanism": mechanism, "parameters": PARAMETERS.get(mechanism, {}), "order": ["exam desc", "lottery"]}
    allocation = adm.allocate(district_of("czech_2024"), policy_of("senior", **clause), seed="2024")
    ranks = allocation.students["choice_rank"]
    with capsys.disabled():
        placed = len(ranks) - ranks.null_count()
        print(
            f"\nczech_2024, {mechanism}: {placed} placed, {(ranks == 1).sum()} first choices, mean rank {ranks.mean():.3f}"
        )
    assert len(ranks) == 12_365
    assert 8_000 < ranks.count() <= 12_365
    assert not adm.audit(allocation).failed


@pytest.mark.parametrize("mechanism", ["deferred_acceptance", "serial_dictatorship", "top_trading_cycles"])
def test_no_czech_applicant_looked_at_gains_by_another_list_where_the_mechanism_is_strategy_proof(mechanism):
    clause = {"mechanism": mechanism, "order": ["exam desc", "lottery"]}
    found = adm.misreport(district_of("czech_2024"), policy_of("senior", **clause), seed="2024", students=200)
    assert (found.students, found.gainers) == (200, 0)
    assert found.lists > 400


def test_czech_applicants_gain_by_other_lists_under_immediate_acceptance(capsys):
    clause = {"mechanism": "immediate_acceptance", "order": ["exam desc", "lottery"]}
    found = adm.misreport(district_of("czech_2024"), policy_of("senior", **clause), seed="2024", students=500)
    with capsys.disabled():
        print(f"\nczech_2024, immediate_acceptance: {found.gainers} of {found.students} looked at gain by another list")
    assert 0.04 < found.share < 0.12
    for example in found.examples[:3]:
        assert found.replay(example) == (example.before, example.after)


def test_one_lottery_is_ahead_at_sought_after_schools_and_the_lines_cross_at_the_others(capsys):
    """Ashlagi and Nikzad 2020, on the lists of the Czech admission with lotteries in place of marks."""
    district = district_of("czech_2024")
    first = district.choices.filter(pl.col("rank") == 1).group_by("programme_id").len("first")
    programmes = district.programmes.join(first, on="programme_id")
    sought = programmes.filter(pl.col("first") >= pl.col("seats"))["programme_id"].implode()
    lines = {}
    for scope in ("single", "programme"):
        policy = adm.Policy.from_dict(
            {"title": "lots", "lottery": {"scope": scope}, "round": [{"name": "round", "stage": "senior"}]}
        )
        odds = adm.simulate(district, policy, draws=50, seed="czech").applications
        given = odds.group_by(pl.col("programme_id").is_in(sought).alias("sought"), "rank").agg(pl.col("odds").sum())
        for group in (True, False):
            lines[scope, group] = given.filter(sought=group).sort("rank")["odds"].cum_sum().to_list()
    with capsys.disabled():
        print("\nczech_2024 by lot, seats by rank:", {key: [round(x) for x in line] for key, line in lines.items()})
    ahead = zip(lines["single", True][:3], lines["programme", True][:3], strict=True)
    assert all(one > other for one, other in ahead)
    assert lines["single", False][0] > lines["programme", False][0]
    assert lines["single", False][1] < lines["programme", False][1]


@pytest.mark.parametrize("scope", ["single", "programme"])
def test_what_one_seat_and_one_child_would_change_in_the_czech_admission_is_what_full_runs_give(scope, capsys):
    """With a lottery a programme the orders differ, so that chains end in cycles; each answer against the kernel."""
    rules = {"title": "lots", "lottery": {"scope": scope}, "round": [{"name": "round", "stage": "senior"}]}
    allocation = adm.allocate(district_of("czech_2024"), adm.Policy.from_dict(rules), seed="czech")
    by_chains, by_runs = adm.what_if(allocation), adm.what_if(allocation, rerun=True)
    table = by_chains.marginal_seats()
    assert table.equals(by_runs.marginal_seats())
    with capsys.disabled():
        told = table.select(pl.len(), pl.col("stays_empty").sum(), pl.col("placed").sum(), pl.col("moved").max())
        print(f"\nczech_2024, {scope} lottery, next seats:", told.row(0, named=True))
    admitted = allocation.students.filter(pl.col("programme_id").is_not_null())["student_id"]
    for student in admitted.gather_every(len(admitted) // 100):
        one, other = by_chains.child_withdrawn(student), by_runs.child_withdrawn(student)
        assert one.moves.equals(other.moves)
