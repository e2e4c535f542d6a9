"""Two-sided examples: the outcome of deferred acceptance, and all stable matchings where their number is known."""

import pytest

from admissions.market import Market
from admissions.mechanisms import match
from tests.naive.deferred_acceptance import stable_matchings


def market_of_names(preferences, priorities, seats=None):
    """Return the market of lists written as words, ``"A B C"``; one seat a pool unless stated."""
    return Market.from_preferences(
        preferences={name: wanted.split() for name, wanted in preferences.items()},
        priorities={name: order.split() for name, order in priorities.items()},
        seats={name: (seats or {}).get(name, 1) for name in priorities},
    )


def held(market, choice):
    """Return who holds which pool: ``{"ann": "north"}``, without those who hold none."""
    pools = [market.labels.pools[market.pool[c]] if c >= 0 else None for c in choice]
    return {name: pool for name, pool in zip(market.labels.applicants, pools, strict=True) if pool}


def deferred_acceptance(market):
    return held(market, match(market, "deferred_acceptance").choice)


def test_ka01_gale_and_shapley_1962_example_1_has_three_stable_matchings():
    market = market_of_names({"α": "A B C", "β": "B C A", "γ": "C A B"}, {"A": "β γ α", "B": "γ α β", "C": "α β γ"})
    assert deferred_acceptance(market) == {"α": "A", "β": "B", "γ": "C"}
    assert [held(market, choice) for choice in stable_matchings(market)] == [
        {"α": "A", "β": "B", "γ": "C"},
        {"α": "B", "β": "C", "γ": "A"},
        {"α": "C", "β": "A", "γ": "B"},
    ]


def test_ka02_gale_and_shapley_1962_example_2_has_one_stable_matching():
    market = market_of_names(
        {"m0": "w0 w1 w2 w3", "m1": "w0 w3 w2 w1", "m2": "w1 w0 w2 w3", "m3": "w3 w1 w2 w0"},
        {"w0": "m3 m2 m0 m1", "w1": "m1 m3 m0 m2", "w2": "m3 m0 m1 m2", "w3": "m2 m1 m0 m3"},
    )
    expected = {"m0": "w2", "m1": "w3", "m2": "w0", "m3": "w1"}
    assert deferred_acceptance(market) == expected
    assert [held(market, choice) for choice in stable_matchings(market)] == [expected]


def test_ka03_roth_1982_the_stable_outcome_need_not_be_efficient():
    market = market_of_names(
        {"i1": "s2 s1 s3", "i2": "s1 s2 s3", "i3": "s1 s2 s3"},
        {"s1": "i1 i3 i2", "s2": "i2 i1 i3", "s3": "i2 i1 i3"},
    )
    assert deferred_acceptance(market) == {"i1": "s1", "i2": "s2", "i3": "s3"}
    assert len(stable_matchings(market)) == 1


def test_ka05_roth_and_sotomayor_1990_page_16_college_admissions_have_four_stable_matchings():
    market = market_of_names(
        {
            "1": "C5 C1",
            "2": "C2 C5 C1",
            "3": "C3 C1",
            "4": "C4 C1",
            "5": "C1 C2",
            "6": "C1 C3",
            "7": "C1 C3 C4",
        },
        {"C1": "1 2 3 4 5 6 7", "C2": "5 2", "C3": "6 7 3", "C4": "7 4", "C5": "2 1"},
        {"C1": 3},
    )
    in_order = ["C5 C2 C3 C4 C1 C1 C1", "C5 C2 C1 C4 C1 C1 C3", "C5 C2 C1 C1 C1 C3 C4", "C1 C5 C1 C1 C2 C3 C4"]
    expected = [dict(zip("1234567", colleges.split(), strict=True)) for colleges in in_order]
    assert deferred_acceptance(market) == expected[0]
    found = [held(market, choice) for choice in stable_matchings(market)]
    assert len(found) == 4
    assert all(matching in found for matching in expected)


def test_ka07_roth_and_sotomayor_1990_example_2_17_after_knuth_has_ten_stable_matchings():
    market = market_of_names(
        {"m1": "w1 w2 w3 w4", "m2": "w2 w1 w4 w3", "m3": "w3 w4 w1 w2", "m4": "w4 w3 w2 w1"},
        {"w1": "m4 m3 m2 m1", "w2": "m3 m4 m1 m2", "w3": "m2 m1 m4 m3", "w4": "m1 m2 m3 m4"},
    )
    assert deferred_acceptance(market) == {"m1": "w1", "m2": "w2", "m3": "w3", "m4": "w4"}
    found = [held(market, choice) for choice in stable_matchings(market)]
    assert len(found) == 10
    assert {"m1": "w4", "m2": "w3", "m3": "w2", "m4": "w1"} in found


def test_ka09_the_idea_studys_example_1_has_no_envy_under_deferred_acceptance():
    market = market_of_names(
        {"1": "A B C", "2": "A B D", "3": "A C D", "4": "B C D"},
        {"A": "1 2 3", "B": "1 2 4", "C": "1 3 4", "D": "2 3 4"},
    )
    assert deferred_acceptance(market) == {"1": "A", "2": "B", "3": "C", "4": "D"}


def test_ka10_kojima_and_unver_where_immediate_acceptance_would_cause_envy():
    market = market_of_names(
        {"1": "s1 s2 s3", "2": "s1 s2 s3", "3": "s1 s2 s3", "4": "s2 s1 s3", "5": "s2 s1 s3"},
        {"s1": "1 4 2 3 5", "s2": "5 2 3 4 1", "s3": "1 2 3 4 5"},
        {"s1": 2, "s2": 2},
    )
    assert deferred_acceptance(market) == {"1": "s1", "2": "s2", "3": "s3", "4": "s1", "5": "s2"}


def test_ka26_the_readme_of_the_matching_library():
    market = market_of_names(
        {"A": "C", "S": "C M", "D": "C M G", "J": "C G M", "L": "M C G"},
        {"M": "D L S J", "C": "D A S L J", "G": "D J L"},
        {"M": 2, "C": 2, "G": 2},
    )
    assert deferred_acceptance(market) == {"A": "C", "S": "M", "D": "C", "J": "G", "L": "M"}


@pytest.mark.parametrize("mechanism", ["deferred_acceptance", "serial_dictatorship"])
def test_ka23_parallel_preferences_serve_by_score(mechanism):
    order = "甲 乙 丙 丁"
    market = market_of_names({"甲": "A B", "乙": "A B", "丙": "A C", "丁": "B C"}, {"A": order, "B": order, "C": order})
    assert match(market, mechanism).to_dict() == {"甲": "A", "乙": "B", "丙": "C", "丁": None}
