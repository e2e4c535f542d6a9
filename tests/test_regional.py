"""Flexible deferred acceptance: against its slow twin, and what it promises under caps over groups of pools."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.kernels.flexible_deferred_acceptance import defer_acceptance_under_caps, propose_in_days_under_caps
from admissions.market import NO_CUTOFF, Market
from admissions.mechanisms import deferred_acceptance, regional
from admissions.testing import markets
from tests.naive import regional as naive
from tests.strategies import market_of, parts, random_market

ordinary = settings(max_examples=150, deadline=None, derandomize=True)


@st.composite
def caps(draw, market, most=8):
    """Draw groups nested at most two deep around each pool, as pairs of pools and cap."""
    pools = len(market.seats)
    outer = draw(st.lists(st.integers(0, 2), min_size=pools, max_size=pools))
    inner = draw(st.lists(st.integers(0, 2), min_size=pools, max_size=pools))
    everything = draw(st.booleans())
    groups = {tuple(range(pools)) if everything else ()}
    groups |= {tuple(p for p in range(pools) if outer[p] == g) for g in (0, 1)}
    groups |= {tuple(p for p in range(pools) if (outer[p], inner[p]) == (g, h)) for g in (0, 1) for h in (0, 1)}
    pairs = [(group, draw(st.integers(0, most))) for group in sorted(groups - {()})]
    return draw(st.permutations(pairs))


@st.composite
def feasible_targets(draw, market, groups):
    """Draw targets that can all be met."""
    target = [0] * len(market.seats)
    for p in draw(st.permutations(range(len(target)))):
        room = [cap - sum(target[q] for q in group) for group, cap in groups if p in group]
        target[p] = draw(st.integers(0, min([int(market.seats[p]), *room])))
    return target


def random_caps(rng, market, most):
    """Return groups nested three deep: all, halves by a random draw, and halves of these."""
    pools = len(market.seats)
    side = rng.integers(0, 4, size=pools)
    groups = {tuple(range(pools)), *(tuple(np.flatnonzero(side // 2 == g).tolist()) for g in (0, 1))}
    groups |= {tuple(np.flatnonzero(side == g).tolist()) for g in (0, 1, 3)}
    return [(group, int(rng.integers(0, most + 1))) for group in sorted(groups - {()})]


def assert_equals_its_twin(market, groups, targets=None):
    matching = regional.run(market, groups, targets=targets)
    told = naive.default_targets(market.seats.tolist(), groups) if targets is None else targets
    assert matching.choice.tolist() == naive.regional(market, groups, told)
    expected = naive.cutoffs(market, matching.choice.tolist(), groups, told)
    assert [None if c == NO_CUTOFF else c for c in matching.cutoff.tolist()] == expected


def outcome(market, choice):
    """Return each applicant's place on the own list, smaller is better, the length of the list for none."""
    return np.where(choice >= 0, choice, market.indptr[1:]) - market.indptr[:-1]


@settings(ordinary, max_examples=400)
@given(data=st.data())
def test_regional_is_what_kamada_and_kojima_tell(data):
    market = data.draw(markets(applicants=8, pools=5, seats=4))
    groups = data.draw(caps(market))
    assert_equals_its_twin(market, groups)
    assert_equals_its_twin(market, groups, data.draw(feasible_targets(market, groups)))


@settings(ordinary, max_examples=400)
@given(data=st.data())
def test_regional_is_what_the_days_tell_when_applicants_are_twins(data):
    market = data.draw(markets(applicants=8, pools=5, seats=5, sizes=3))
    groups = data.draw(caps(market))
    assert_equals_its_twin(market, groups)
    assert_equals_its_twin(market, groups, data.draw(feasible_targets(market, groups)))


def drawn_markets(count, seed):
    rng = np.random.default_rng(seed)
    for k in range(count):
        shape = {"applicants": int(rng.integers(0, 40)), "pools": int(rng.integers(1, 12)), "choices": 6}
        seats, keys = int(rng.integers(1, 9)), int(rng.choice([1, 5, 1000, 2**62]))
        market = random_market(rng, **shape, seats=seats, sizes=1 + k % 2, keys=keys)
        yield market, random_caps(rng, market, most=int(rng.integers(1, 40)))


def test_regional_equals_its_twin_on_drawn_markets_with_groups_nested_three_deep():
    for market, groups in drawn_markets(1_000, seed=1):
        assert_equals_its_twin(market, groups)
        assert_equals_its_twin(market, groups, targets=[0] * len(market.seats))


@pytest.mark.exhaustive
def test_regional_equals_its_twin_on_a_hundred_thousand_drawn_markets():
    for market, groups in drawn_markets(100_000, seed=2):
        assert_equals_its_twin(market, groups)
        assert_equals_its_twin(market, groups, targets=[0] * len(market.seats))


@pytest.mark.parametrize("sizes", [1, 3])
def test_regional_equals_its_twin_where_pools_are_large(sizes):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        market = random_market(
            rng, applicants=300, pools=6, choices=6, seats=80, sizes=sizes, keys=(5, 2**31)[seed % 2]
        )
        assert_equals_its_twin(market, random_caps(rng, market, most=150))


@ordinary
@given(data=st.data())
def test_everyone_gets_the_best_of_all_matchings_that_are_stable_for_the_common_choice_of_the_pools(data):
    market = data.draw(markets(applicants=4, pools=3, seats=2))
    groups = data.draw(caps(market, most=4))
    target = data.draw(feasible_targets(market, groups))
    stable = [m for m in naive.matchings(market) if naive.is_stable(market, m, groups, target)]
    found = regional.run(market, groups, targets=target).choice
    assert tuple(found.tolist()) in stable
    best = np.min([outcome(market, np.array(m)) for m in stable], axis=0, initial=99) if market.applicants else []
    assert outcome(market, found).tolist() == list(best)


@ordinary
@given(data=st.data())
def test_caps_hold_nobody_envies_within_a_pool_and_no_seat_the_caps_allow_is_wasted(data):
    market = data.draw(markets(applicants=9, pools=5))
    groups = data.draw(caps(market))
    choice = regional.run(market, groups).choice.tolist()
    assert naive.is_weakly_stable(market, choice, groups)


def test_the_check_of_weak_stability_sees_envy_waste_and_a_broken_cap():
    market = market_of([[0], [0]], [[0], [1]], [2])
    assert naive.is_weakly_stable(market, [0, -1], [((0,), 1)])
    assert not naive.is_weakly_stable(market, [-1, 1], [((0,), 1)])
    assert not naive.is_weakly_stable(market, [-1, -1], [((0,), 1)])
    assert not naive.is_weakly_stable(market, [0, 1], [((0,), 1)])


@ordinary
@given(data=st.data())
def test_no_list_serves_an_applicant_better_than_the_true_one(data):
    market = data.draw(markets(applicants=4, pools=3, seats=2))
    assume(market.applicants)
    groups = data.draw(caps(market, most=3))
    target = data.draw(feasible_targets(market, groups))
    lists, keys, seats, _, _ = parts(market)
    i = data.draw(st.integers(0, market.applicants - 1))
    own = dict(zip(lists[i], keys[i], strict=True))
    truth = lists[i]

    def seat(claimed):
        stated = [claimed if j == i else lists[j] for j in range(len(lists))]
        stated_keys = [[own[p] for p in claimed] if j == i else keys[j] for j in range(len(lists))]
        changed = market_of(stated, stated_keys, seats)
        c = regional.run(changed, groups, targets=target).choice[i]
        return truth.index(changed.pool[c]) if c >= 0 else len(truth)

    honest = seat(truth)
    for length in range(len(truth) + 1):
        for claimed in permutations(truth, length):
            assert honest <= seat(list(claimed))


@ordinary
@given(data=st.data())
def test_the_order_of_rows_does_not_matter(data):
    market = data.draw(markets(applicants=8, pools=5, strict=True))
    groups = data.draw(caps(market))
    lists, keys, seats, _, ranks = parts(market)
    rows = data.draw(st.permutations(range(len(lists))))
    moved = market_of([lists[i] for i in rows], [keys[i] for i in rows], seats, ranks=[ranks[i] for i in rows])
    before, after = (outcome(m, regional.run(m, groups).choice) for m in (market, moved))
    assert after.tolist() == before[list(rows)].tolist()


@ordinary
@given(data=st.data())
def test_caps_that_do_not_bind_leave_deferred_acceptance(data):
    market = data.draw(markets(applicants=8, pools=5, sizes=2))
    total = int(market.seats.sum()) + 2 * market.applicants
    groups = [(group, total) for group, _ in data.draw(caps(market))]
    for cap in (total, groups, []):
        free, capped = deferred_acceptance.run(market), regional.run(market, cap)
        assert capped.choice.tolist() == free.choice.tolist()
        assert capped.cutoff.tolist() == free.cutoff.tolist()


@ordinary
@given(markets(applicants=8, pools=5))
def test_a_cap_of_all_the_seats_leaves_deferred_acceptance(market):
    free, capped = deferred_acceptance.run(market), regional.run(market, int(market.seats.sum()))
    assert capped.choice.tolist() == free.choice.tolist()


@ordinary
@given(markets(applicants=8, pools=5, sizes=2))
def test_under_a_cap_of_no_seats_nobody_is_placed(market):
    matching = regional.run(market, 0)
    assert (matching.choice == -1).all()
    assert (matching.cutoff == -1).all()


@ordinary
@given(data=st.data())
def test_a_group_exceeds_its_cap_by_less_than_its_largest_bundle(data):
    market = data.draw(markets(applicants=8, pools=5, sizes=3))
    groups = data.draw(caps(market))
    choice = regional.run(market, groups).choice
    taken = np.zeros(len(market.seats), dtype=int)
    np.add.at(taken, market.pool[choice[choice >= 0]], market.size[choice >= 0])
    assert (taken <= np.where(market.seats > 0, market.seats + market.size.max(initial=1) - 1, 0)).all()
    for group, cap in groups:
        assert taken[list(group)].sum() <= (cap + market.size.max(initial=1) - 1 if cap else 0)


@ordinary
@given(data=st.data())
def test_default_targets_use_what_a_cap_allows_and_stay_within_seats_and_all_caps(data):
    market = data.draw(markets(applicants=0, pools=6, seats=9))
    groups = data.draw(caps(market, most=30))
    seats = market.seats.tolist()
    target = regional._default_targets(market, regional._groups(market, groups)).tolist()
    assert target == naive.default_targets(seats, groups)
    assert all(0 <= t <= s for t, s in zip(target, seats, strict=True))
    assert all(sum(target[p] for p in group) <= cap for group, cap in groups)
    if len(groups) == 1:
        ((group, cap),) = groups
        assert sum(target[p] for p in group) == min(cap, sum(seats[p] for p in group))


def test_a_cap_is_divided_by_largest_remainder_and_what_an_inner_cap_refuses_goes_to_the_others():
    market = market_of([], [], [10, 10, 10, 7])
    assert regional._default_targets(market, regional._groups(market, [((0, 1, 2), 11)])).tolist() == [4, 4, 3, 7]
    groups = regional._groups(market, [((0, 1, 2), 12), ((0, 1), 3)])
    assert regional._default_targets(market, groups).tolist() == [2, 1, 9, 7]


def test_a_target_keeps_seats_for_a_pool_whose_applicants_come_late():
    lists, keys = [[0], [0], [1, 0], [1]], [[0], [1], [1, 2], [0]]
    market = market_of(lists, keys, [3, 3])
    by_target = {targets: regional.run(market, 3, targets=targets).choice.tolist() for targets in ((2, 1), (0, 3))}
    assert by_target == {(2, 1): [0, 1, -1, 4], (0, 3): [0, -1, 2, 4]}


def test_twins_who_take_the_last_seat_of_a_group_and_lose_it_again_can_leave_it_empty():
    lists, keys = [[1], [0], [1, 0], [0]], [[3], [2], [0, 0], [3]]
    market = market_of(lists, keys, [1, 1], sizes=[1, 2, 1, 2])
    assert regional.run(market, 2, targets=(0, 0)).choice.tolist() == [-1, -1, 3, -1]
    alone = market_of(lists, keys, [1, 1])
    assert regional.run(alone, 2, targets=(0, 0)).choice.tolist() == [-1, 1, 2, -1]


def test_a_market_may_be_large_in_seats_and_keys_and_name_a_pool_twice():
    market = market_of([[0, 0, 1], [0], [0]], [[2**62, 0, 0], [1], [2]], [10**18, 2**62])
    assert_equals_its_twin(market, [((0, 1), 2)])
    assert regional.run(market, 10**30).choice.tolist() == [0, 3, 4]


def test_groups_may_be_stated_by_name_by_index_or_as_one_number():
    market = Market.from_preferences(
        {"a": ["n", "s"], "b": ["n"], "c": ["s", "n"]},
        {"n": ["c", "b", "a"], "s": ["a", "b", "c"]},
        {"n": 2, "s": 2},
    )
    stated = [2, {("n", "s"): 2}, [(["s", "n"], 2)], [((0, 1), np.int64(2))], ((np.array([0, 1]), 2),)]
    assert len({tuple(regional.run(market, cap).to_dict().items()) for cap in stated}) == 1
    by_name, by_index = (regional.run(market, 2, targets=t) for t in ({"s": 2}, (0, 2)))
    assert by_name.to_dict() == by_index.to_dict()


def test_where_programmes_are_called_by_numbers_a_number_is_a_name():
    market = Market.from_preferences({"a": [1], "b": [2]}, {1: ["a"], 2: ["b"]}, {1: 1, 2: 1})
    assert regional.run(market, [((1,), 0)]).to_dict() == {"a": None, "b": 2}
    with pytest.raises(MarketError, match="no pool 0"):
        regional.run(market, [((0,), 0)])


NAMED = Market.from_preferences(
    {"a": ["north", "south"]}, {"north": ["a"], "south": ["a"], "west": []}, {"north": 2, "south": 2, "west": 1}
)


@pytest.mark.parametrize(
    ("cap", "message"),
    [
        ({("north", "south"): 2, ("south", "west"): 2}, r"\('north', 'south'\) and \('south', 'west'\) cross"),
        ([(("north", "south", "west"), 3), (("south", "west"), 2), (("west", "north"), 2)], "cross"),
        ({("nort",): 2}, "no pool 'nort'.*did you mean 'north'"),
        ([((0, 3), 2)], "no pool 3"),
        ([((0, -1), 2)], "no pool -1"),
        ([((True, 0), 2)], "no pool True"),
        ([((1.0, 0), 2)], "no pool 1.0"),
        ([(([0], 1), 2)], r"no pool \[0\]"),
        ({(): 2}, "without pools"),
        ({("north", "north"): 2}, "'north' stands twice"),
        ([(("north", 0), 2)], "stands twice"),
        ([(("north", "south"), 2), (("south", "north"), 3)], r"\('north', 'south'\) stands twice"),
        ({("north",): -1}, r"cap of \('north'\).*-1 is no count"),
        ({("north",): 1.5}, "1.5 is no count"),
        ({("north",): True}, "True is no count"),
        ({"north": 2}, r"\('north',\) for a group of one"),
        ([("north", 2)], r"\('north',\) for a group of one"),
        ([("north",)], "no pair"),
        (["no"], "no pair"),
        (-1, "-1 is no count"),
        (True, "True is no count"),
        (2.0, "is needed"),
        ("north", "is needed"),
        (None, "is needed"),
    ],
)
def test_a_cap_that_cannot_be_meant_is_refused_in_words(cap, message):
    with pytest.raises(MarketError, match=message):
        regional.run(NAMED, cap)


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        ({"nort": 1}, "no pool 'nort'.*did you mean 'north'"),
        ({"north": 3}, "has 2 seats, its target is 3"),
        ((2, 1, 1), r"\('north', 'south', 'west'\) sum to 4, its cap is 3"),
        ((1, 1), "3 counts"),
        ((1, 0.5, 0), "0.5 is no count"),
        ((1, -1, 0), "-1 is no count"),
        (1, "is needed"),
        ("abc", "is needed"),
    ],
)
def test_targets_that_cannot_be_met_are_refused_in_words(targets, message):
    with pytest.raises(MarketError, match=message):
        regional.run(NAMED, 3, targets=targets)


def test_a_kernel_is_compiled_once_whatever_the_market_and_says_the_same_twice():
    for market, groups in drawn_markets(20, seed=3):
        first, second = regional.run(market, groups), regional.run(market, groups)
        assert first.choice.tobytes() == second.choice.tobytes()
        assert first.cutoff.tobytes() == second.cutoff.tobytes()
    regional.run(market_of([], [], []), 3)
    regional.run(market_of([[0]], [[2**40]], [1]), [])
    for kernel in (defer_acceptance_under_caps, propose_in_days_under_caps):
        if hasattr(kernel, "signatures"):
            assert len(kernel.signatures) == 1, kernel
