"""Minimum-cost matching: the definition, one answer, and which costs are refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.mechanisms import minimum_cost
from admissions.testing import markets
from tests.naive import minimum_cost as naive
from tests.strategies import market_of, random_market
from tests.test_rank_maximal import least_cost_by_networkx

ordinary = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def markets_with_costs(draw, **shape):
    market = draw(markets(**shape))
    largest = draw(st.sampled_from([0, 1, 3, 1000, 2**50]))
    cells = st.integers(-largest, largest) if draw(st.booleans()) else st.integers(0, largest)
    return market, np.array(draw(st.lists(cells, min_size=len(market.pool), max_size=len(market.pool))), dtype=np.int64)


@ordinary
@given(markets(applicants=6, pools=4, seats=2))
def test_without_costs_the_sum_of_ranks_is_least(market):
    assert minimum_cost.run(market).choice.tolist() == naive.minimum_cost(market, market.rank)


@ordinary
@given(markets_with_costs(applicants=6, pools=4, seats=2))
def test_the_matching_is_the_one_that_looking_at_all_of_them_finds(problem):
    market, cost = problem
    assert minimum_cost.run(market, cost=cost).choice.tolist() == naive.minimum_cost(market, cost)


@ordinary
@given(markets_with_costs(applicants=6, pools=3, seats=5, sizes=3))
def test_applicants_of_several_children_go_first_and_whole(problem):
    market, cost = problem
    assert minimum_cost.run(market, cost=cost).choice.tolist() == naive.minimum_cost(market, cost)


def test_two_thousand_drawn_markets_come_out_as_their_twin_says():
    rng = np.random.default_rng(1)
    for _ in range(2_000):
        market = random_market(rng, applicants=7, pools=int(rng.integers(1, 6)), seats=2, choices=4)
        cost = rng.integers(-2, 3, size=len(market.pool))
        assert minimum_cost.run(market, cost=cost).choice.tolist() == naive.minimum_cost(market, cost)


@pytest.mark.exhaustive
def test_a_hundred_thousand_drawn_markets_come_out_as_their_twin_says():
    rng = np.random.default_rng(2)
    for _ in range(100_000):
        shape = {"applicants": int(rng.integers(1, 8)), "pools": int(rng.integers(1, 7)), "choices": 4}
        market = random_market(rng, **shape, seats=int(rng.integers(1, 4)), sizes=int(rng.integers(1, 3)))
        cost = rng.integers(-1, 2, size=len(market.pool))
        assert minimum_cost.run(market, cost=cost).choice.tolist() == naive.minimum_cost(market, cost)


@pytest.mark.parametrize("largest", [0, 1, 6, 5_000])
def test_larger_markets_cost_what_network_simplex_says_and_serve_in_order(largest):
    """That nobody can be served better, those before staying as they are, is checked for some by asking for the seat."""
    rng = np.random.default_rng(largest)
    market = random_market(rng, applicants=200, pools=12, seats=20, choices=6)
    cost = rng.integers(0, largest + 1, size=len(market.pool))
    choice = minimum_cost.run(market, cost=cost).choice
    for_nobody_left = cost - 10**7
    least = least_cost_by_networkx(market, for_nobody_left.tolist())
    assert for_nobody_left[choice[choice >= 0]].sum() == least
    for i in range(0, 60, 7):
        for c in range(int(market.indptr[i]), int(choice[i] if choice[i] >= 0 else market.indptr[i + 1])):
            dearer = for_nobody_left.copy()
            for j in range(i + 1):
                wanted = c if j == i else int(choice[j])
                if wanted >= 0:
                    dearer[wanted] -= 10**9
                else:
                    dearer[market.indptr[j] : market.indptr[j + 1]] += 10**9
            fixed = sum(j == i or int(choice[j]) >= 0 for j in range(i + 1))
            assert least_cost_by_networkx(market, dearer.tolist()) > least - fixed * 10**9


def test_more_children_placed_go_before_any_cost():
    market = market_of([[0, 1], [0]], [[0, 0], [0]], [1, 1])
    assert minimum_cost.run(market, cost=[-(10**9), 10**9, 10**9]).choice.tolist() == [1, 2]


def test_who_names_fewer_schools_may_gain():
    """Strategy-proof it is not: the first applicant gains by leaving out the second choice."""
    true = market_of([[0, 1], [0]], [[0, 0], [0]], [1, 1])
    assert minimum_cost.run(true).choice.tolist() == [1, 2]
    feigned = market_of([[0], [0]], [[0], [0]], [1, 1])
    assert minimum_cost.run(feigned).choice.tolist() == [0, -1]


def test_a_cost_that_rises_for_everybody_alike_changes_nothing():
    rng = np.random.default_rng(7)
    market = random_market(rng, applicants=300, pools=10, seats=20, choices=5)
    cost = rng.integers(0, 4, size=len(market.pool))
    shifted = minimum_cost.run(market, cost=cost - 10**6)
    assert shifted.choice.tolist() == minimum_cost.run(market, cost=cost).choice.tolist()


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        ([1.0, 2.0, 3.0], "whole numbers"),
        ([1, 2, 0.5], "whole numbers"),
        ([1, 2, float("nan")], "whole numbers"),
        ([1, 2, -float("inf")], "whole numbers"),
        ([1, 2, None], "whole numbers"),
        ([True, True, False], "whole numbers"),
        (["1", "2", "3"], "whole numbers"),
        ([1, 2], "3 in all"),
        ([[1, 2, 3]], "3 in all"),
        ([[1], [2, 3], 4], "one whole number a choice"),
        (7, "3 in all"),
        ([1, 2, 2**60], "at most 192153584101141162 either way"),
        ([1, 2, -(2**63)], "at most"),
        (np.array([1, 2, 2**64 - 1], dtype=np.uint64), "at most"),
        ([1, 2, 2**70], "whole numbers"),
    ],
)
def test_what_is_no_cost_is_refused(cost, words):
    market = market_of([[0, 1], [0]], [[0, 0], [0]], [1, 1])
    with pytest.raises(MarketError, match=words):
        minimum_cost.run(market, cost=cost)


@pytest.mark.parametrize("seed", range(5))
def test_costs_as_large_as_can_be_are_added_up_exactly(seed):
    rng = np.random.default_rng(seed)
    market = random_market(rng, applicants=150, pools=10, seats=12, choices=6)
    bound = 2**60 // (market.applicants + len(market.seats) + 2)
    cost = rng.choice([bound, bound - 1, -bound, 1 - bound], size=len(market.pool))
    choice = minimum_cost.run(market, cost=cost).choice
    for_nobody_left = [c - 2**70 for c in cost.tolist()]
    held = choice[choice >= 0].tolist()
    assert sum(for_nobody_left[c] for c in held) == least_cost_by_networkx(market, for_nobody_left)
    with pytest.raises(MarketError, match="too large"):
        minimum_cost.run(market, cost=np.full(len(market.pool), bound + 1))


def test_unsigned_and_short_integers_are_costs():
    market = market_of([[0, 1], [0, 1]], [[0, 0], [0, 0]], [1, 1])
    for dtype in (np.uint8, np.int16, np.uint64):
        cost = np.array([9, 2, 4, 5], dtype=dtype)
        assert minimum_cost.run(market, cost=cost).choice.tolist() == [1, 2]


def test_a_market_without_applicants_is_no_trouble():
    assert minimum_cost.run(market_of([], [], []), cost=[]).choice.tolist() == []
