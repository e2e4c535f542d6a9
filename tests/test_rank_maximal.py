"""Rank-maximal matching: the definition, one answer, and what it does not promise."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from admissions.mechanisms import deferred_acceptance, minimum_cost, rank_maximal
from admissions.testing import markets
from tests.naive import rank_maximal as naive
from tests.strategies import market_of, parts, random_market

ordinary = settings(max_examples=150, deadline=None, derandomize=True)


def signature(market, choice, ranks):
    """Return how many applicants are at each of the first so many ranks."""
    return np.bincount(market.rank[choice[choice >= 0]], minlength=ranks + 1)[1:].tolist()


@ordinary
@given(markets(applicants=6, pools=4, seats=2))
def test_the_matching_is_the_one_that_looking_at_all_of_them_finds(market):
    assert rank_maximal.run(market).choice.tolist() == naive.rank_maximal(market)


@ordinary
@given(markets(applicants=6, pools=3, seats=5, sizes=3))
def test_applicants_of_several_children_go_first_and_whole(market):
    assert rank_maximal.run(market).choice.tolist() == naive.rank_maximal(market)


def test_two_thousand_drawn_markets_come_out_as_their_twin_says():
    rng = np.random.default_rng(1)
    for _ in range(2_000):
        market = random_market(rng, applicants=7, pools=int(rng.integers(1, 6)), seats=2, choices=4)
        assert rank_maximal.run(market).choice.tolist() == naive.rank_maximal(market)


@pytest.mark.exhaustive
def test_a_hundred_thousand_drawn_markets_come_out_as_their_twin_says():
    rng = np.random.default_rng(2)
    for _ in range(100_000):
        shape = {"applicants": int(rng.integers(1, 8)), "pools": int(rng.integers(1, 7)), "choices": 4}
        market = random_market(rng, **shape, seats=int(rng.integers(1, 4)), sizes=int(rng.integers(1, 3)))
        assert rank_maximal.run(market).choice.tolist() == naive.rank_maximal(market)


@ordinary
@given(market=markets(applicants=6), data=st.data())
def test_priorities_play_no_part(market, data):
    lists, keys, seats, sizes, ranks = parts(market)
    others = [data.draw(st.permutations(own)) for own in keys]
    changed = market_of(lists, others, seats, sizes, ranks)
    assert rank_maximal.run(changed).choice.tolist() == rank_maximal.run(market).choice.tolist()


@ordinary
@given(market=markets(applicants=8, pools=5), data=st.data())
def test_the_names_of_pools_do_not_matter(market, data):
    lists, keys, seats, sizes, ranks = parts(market)
    names = data.draw(st.permutations(range(len(seats))))
    renamed = market_of(
        [[names[p] for p in own] for own in lists],
        keys,
        [seats[names.index(p)] for p in range(len(seats))],
        sizes,
        ranks,
    )
    assert rank_maximal.run(renamed).choice.tolist() == rank_maximal.run(market).choice.tolist()


@ordinary
@given(market=markets(applicants=8, pools=5), data=st.data())
def test_the_order_of_applicants_decides_only_among_matchings_of_equal_ranks(market, data):
    lists, keys, seats, sizes, ranks = parts(market)
    rows = data.draw(st.permutations(range(len(lists))))
    moved = market_of(*([part[i] for i in rows] for part in (lists, keys)), seats, sizes, [ranks[i] for i in rows])
    found, other = rank_maximal.run(market), rank_maximal.run(moved)
    assert signature(market, found.choice, 5) == signature(moved, other.choice, 5)


@pytest.mark.parametrize("seed", range(3))
def test_on_larger_markets_the_ranks_are_no_worse_than_those_of_any_other_mechanism(seed):
    market = random_market(np.random.default_rng(seed), applicants=2_000, pools=40, seats=60, choices=8)
    best = signature(market, rank_maximal.run(market).choice, 8)
    for other in (deferred_acceptance, minimum_cost):
        assert best >= signature(market, other.run(market).choice, 8)


def test_forty_ranks_are_compared_without_adding_them_up():
    """One seat more at an early rank outweighs any number at later ranks, however many ranks there are."""
    rng = np.random.default_rng(5)
    lists = [rng.permutation(40).tolist() for _ in range(30)]
    market = market_of(lists, [[0] * 40] * 30, [1] * 40)
    found = rank_maximal.run(market)
    weight = [-(1 << (6 * (40 - rank))) for rank in range(1, 41)]
    assert len({int(p) for p in market.pool[found.choice]}) == 30
    score = sum(weight[r - 1] for r in market.rank[found.choice].tolist())
    assert score == least_cost_by_networkx(market, [weight[r - 1] for r in market.rank.tolist()])


def least_cost_by_networkx(market, cost):
    """Return the least cost in integers of any length: NetworkX knows no 64 bits."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_node("all", demand=market.applicants)
    for i in range(market.applicants):
        graph.add_node(("applicant", i), demand=-1)
        graph.add_edge(("applicant", i), "all", weight=0)
        for c in range(int(market.indptr[i]), int(market.indptr[i + 1])):
            graph.add_edge(("applicant", i), ("pool", int(market.pool[c])), weight=cost[c])
    for p, seats in enumerate(market.seats.tolist()):
        graph.add_edge(("pool", p), "all", weight=0, capacity=seats)
    return nx.network_simplex(graph)[0]


def test_one_more_at_rank_one_outweighs_a_child_without_a_seat():
    market = market_of([[0, 1], [0], [1]], [[0, 0], [0], [0]], [1, 1])
    assert rank_maximal.run(market).choice.tolist() == [0, -1, 3]


def test_who_hides_a_wish_may_gain():
    """Strategy-proof it is not: the second applicant gains by not listing the first choice first."""
    true = market_of([[0, 1, 2], [0, 1, 2], [1, 0, 2]], [[0] * 3] * 3, [1, 1, 1])
    assert [int(true.pool[c]) for c in rank_maximal.run(true).choice] == [0, 2, 1]
    feigned = market_of([[0, 1, 2], [1, 0, 2], [1, 0, 2]], [[0] * 3] * 3, [1, 1, 1])
    assert int(feigned.pool[rank_maximal.run(feigned).choice[1]]) == 1


@ordinary
@given(market=markets(applicants=6, pools=4, seats=2), data=st.data())
def test_who_changes_the_list_and_keeps_the_seat_moves_nobody(market, data):
    """Non-bossy: of the matchings in which one applicant holds one seat, its own list does not say which is best."""
    lists, keys, seats, sizes, _ = parts(market)
    assume(lists)
    i = data.draw(st.integers(0, len(lists) - 1))
    new = data.draw(st.permutations(range(len(seats))))[: data.draw(st.integers(0, len(seats)))]
    for mechanism in (rank_maximal, minimum_cost):
        held = []
        for own in (lists[i], list(new)):
            changed = market_of(
                [*lists[:i], own, *lists[i + 1 :]], [*keys[:i], [0] * len(own), *keys[i + 1 :]], seats, sizes
            )
            choice = mechanism.run(changed).choice
            held.append([int(changed.pool[c]) if c >= 0 else None for c in choice])
        assert held[0] == held[1] or held[0][i] != held[1][i]


@ordinary
@given(market=markets(applicants=5, pools=4, seats=2))
def test_no_matching_is_better_for_some_and_worse_for_none_and_no_seat_wished_for_is_left(market):
    for mechanism in (rank_maximal, minimum_cost):
        choice = mechanism.run(market).choice
        found = naive.served(choice.tolist())
        for other in naive.all_matchings(market, {}, market.seats.tolist()):
            better = naive.served(other)
            assert better == found or any(b > f for b, f in zip(better, found, strict=True))
        left = market.seats - np.bincount(market.pool[choice[choice >= 0]], minlength=len(market.seats))
        for i, held in enumerate(choice):
            wished = market.pool[market.indptr[i] : held if held >= 0 else market.indptr[i + 1]]
            assert (left[wished] == 0).all()


@ordinary
@given(market=markets(applicants=9, pools=5))
def test_equal_markets_have_equal_matchings_byte_by_byte(market):
    first, second = rank_maximal.run(market), rank_maximal.run(market)
    assert first.choice.tobytes() == second.choice.tobytes()
    assert first.cutoff.tobytes() == second.cutoff.tobytes()


def test_a_market_without_applicants_choices_or_seats_is_no_trouble():
    assert rank_maximal.run(market_of([], [], [])).choice.tolist() == []
    assert rank_maximal.run(market_of([[], [0]], [[], [0]], [0])).choice.tolist() == [-1, -1]
    assert rank_maximal.run(market_of([[0]], [[0]], [2**62])).choice.tolist() == [0]


def test_a_pool_listed_twice_is_taken_at_the_better_place():
    market = market_of([[0, 0], [0]], [[0, 0], [0]], [2])
    assert rank_maximal.run(market).choice.tolist() == [0, 2]
