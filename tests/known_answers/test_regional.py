"""A published example of flexible deferred acceptance with a regional cap that binds."""

import pytest

from admissions.market import Market
from admissions.mechanisms import regional
from tests.naive.regional import is_stable, is_weakly_stable

PREFERENCES = {"1": ["E", "W"], "2": ["E", "W"], "3": ["W", "E"], "4": ["W", "E"]}
PRIORITIES = {"E": ["1", "2", "3", "4"], "W": ["3", "4", "1", "2"]}
MARKET = Market.from_preferences(PREFERENCES, PRIORITIES, {"E": 3, "W": 3})


@pytest.mark.parametrize("targets", [{"E": 1, "W": 1}, None])
def test_ka12_two_hospitals_of_a_region_share_its_cap(targets):
    """Two hospitals of three seats and a region that may fill two: itokohei0/MarketDesignStudy on GitHub, example 2 of
    fda_algorithm_exec.py (a Python study of Kamada and Kojima 2015)."""
    matching = regional.run(MARKET, cap={("E", "W"): 2}, targets=targets)
    assert matching.to_dict() == {"1": "E", "2": None, "3": "W", "4": None}
    assert matching.cutoff.tolist() == [0, 0]


def test_ka12_the_outcome_is_weakly_stable_though_four_pairs_would_rather_have_a_seat_that_is_free():
    matching = regional.run(MARKET, cap=2)
    region = [((0, 1), 2)]
    choice = matching.choice.tolist()
    assert is_weakly_stable(MARKET, choice, region)
    assert is_stable(MARKET, choice, region, target=[1, 1])
    seat = matching.to_dict()
    wishing = {
        (a, h) for a, wanted in PREFERENCES.items() for h in wanted[: wanted.index(seat[a]) if seat[a] else len(wanted)]
    }
    assert wishing == {("2", "E"), ("2", "W"), ("4", "E"), ("4", "W")}
