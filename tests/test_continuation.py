"""One change of a market, resolved from its outcome: exactly what a full run of the changed market gives."""

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.kernels import chains, rejections, standing, vacancies
from admissions.market import Market, Matching
from admissions.mechanisms import deferred_acceptance, match
from admissions.mechanisms.continuation import continue_from
from admissions.testing import markets
from tests.naive import deferred_acceptance as naive
from tests.strategies import market_of, parts, random_market, small_market

ordinary = settings(max_examples=300, deadline=None, derandomize=True)


def needs_a_cycle(**changed):
    """Return a market where the chain that a second seat of north starts ends in a matching that ann and bob improve."""
    return Market.from_preferences(
        **{
            "preferences": {"ann": ["north", "south"], "bob": ["south", "north"], "cem": ["north"]},
            "priorities": {"north": ["cem", "bob", "ann"], "south": ["ann", "bob"]},
            "seats": {"north": 1, "south": 1},
            **changed,
        }
    )


def from_outcome(market):
    return continue_from(deferred_acceptance.run(market))


def asked_and_changed(market, state, kind, rng):
    """Return what is asked of a market's state, and the changed market, made of plain lists; None where it cannot be."""
    lists, keys, seats, sizes, ranks = parts(market)
    if kind in ("seat added", "seat removed"):
        pool, more = int(rng.integers(len(seats))), 1 if kind == "seat added" else -1
        if seats[pool] + more < 0:
            return None
        seats[pool] += more
        ask = state.seat_added if more > 0 else state.seat_removed
        return ask(pool), market_of(lists, keys, seats, sizes, ranks)
    wanted = rng.permutation(len(seats))[: rng.integers(len(seats) + 1)].tolist()
    own = rng.choice([0, 1, 2, 3, 2**40], size=len(wanted)).tolist()
    places = np.sort(rng.integers(1, 4, size=len(wanted))).tolist()
    if kind == "child added":
        lists, keys, sizes, ranks = [*lists, wanted], [*keys, own], [*sizes, 1], [*ranks, places]
        return state.child_added(wanted, own, places), market_of(lists, keys, seats, sizes, ranks)
    if not lists:
        return None
    who = int(rng.integers(len(lists)))
    if kind == "child withdrawn":
        lists[who], keys[who], ranks[who] = [], [], []
        return state.child_withdrawn(who), market_of(lists, keys, seats, sizes, ranks)
    lists[who], keys[who], ranks[who] = wanted, own, places
    return state.list_changed(who, wanted, own, places), market_of(lists, keys, seats, sizes, ranks)


KINDS = ("seat added", "seat removed", "child added", "child withdrawn", "list changed")


def seats_of(market, choice):
    return [(-1, 0) if c < 0 else (int(market.pool[c]), int(market.rank[c])) for c in choice]


def assert_is(difference, before, changed, outcome):
    """Assert that a difference says what the outcome of the changed market says, and nothing else."""
    whole = difference.matching()
    for name in ("indptr", "pool", "key", "rank", "seats", "size"):
        assert np.array_equal(getattr(whole.market, name), getattr(changed, name)), name
    assert whole.choice.tolist() == outcome.choice.tolist()
    assert whole.cutoff.tolist() == outcome.cutoff.tolist()
    old = seats_of(before.market, before.choice) + [(-1, 0)] * (changed.applicants - before.market.applicants)
    new = seats_of(changed, outcome.choice)
    names = ("applicant", "before", "rank_before", "after", "rank_after")
    told = list(zip(*(getattr(difference, name).tolist() for name in names), strict=True))
    assert told == [(i, *old[i], *new[i]) for i in range(len(new)) if old[i] != new[i]]


def assert_equals_a_full_run(market, rng, kinds=KINDS, state=None):
    state = state or from_outcome(market)
    for kind in kinds:
        if found := asked_and_changed(market, state, kind, rng):
            difference, changed = found
            assert_is(difference, state.outcome, changed, deferred_acceptance.run(changed))


@ordinary
@given(markets(applicants=7, pools=5), st.integers(0, 2**32 - 1))
def test_every_change_is_resolved_as_gale_and_shapley_tell_of_the_changed_market(market, seed):
    rng, state = np.random.default_rng(seed), from_outcome(market)
    for kind in KINDS:
        if found := asked_and_changed(market, state, kind, rng):
            difference, changed = found
            told = naive.deferred_acceptance(changed)
            assert_is(difference, state.outcome, changed, Matching.of(changed, np.array(told, dtype=np.int64)))


@ordinary
@given(markets(applicants=12, pools=6, seats=4, strict=True), st.integers(0, 2**32 - 1))
def test_every_change_is_exact_where_priorities_are_strict(market, seed):
    assert_equals_a_full_run(market, np.random.default_rng(seed))


@pytest.mark.compiled
@pytest.mark.parametrize("keys", [3, 50, 2**31, 2**62])
def test_every_change_is_exact_in_markets_of_two_hundred(keys):
    rng = np.random.default_rng(keys % 97)
    for _ in range(60):
        market = random_market(rng, 200, int(rng.integers(3, 25)), int(rng.integers(1, 20)), 8, keys=keys)
        state = from_outcome(market)
        for _ in range(3):
            assert_equals_a_full_run(market, rng, state=state)


@pytest.mark.exhaustive
@pytest.mark.compiled
def test_every_change_is_exact_in_twenty_thousand_drawn_markets():
    dice, rng = random.Random(9), np.random.default_rng(9)
    for _ in range(20_000):
        assert_equals_a_full_run(small_market(dice), rng)


def test_every_change_is_exact_where_a_list_names_a_pool_twice():
    rng = np.random.default_rng(2)
    for _ in range(300):
        pools = int(rng.integers(1, 4))
        lists = [rng.integers(0, pools, size=rng.integers(0, 5)).tolist() for _ in range(rng.integers(1, 7))]
        keys = [rng.integers(0, 4, size=len(wanted)).tolist() for wanted in lists]
        ranks = [np.sort(rng.integers(1, 4, size=len(wanted))).tolist() for wanted in lists]
        market = market_of(lists, keys, rng.integers(0, 3, size=pools), ranks=ranks)
        state = from_outcome(market)
        assert_equals_a_full_run(market, rng, state=state)
        assert_marginal_seats_are_those_of_full_runs(market, state)


@ordinary
@given(markets(applicants=6, pools=4), st.lists(st.sampled_from(KINDS), min_size=2, max_size=8), st.integers(0, 999))
def test_a_sequence_of_changes_ends_where_a_full_run_does(market, kinds, seed):
    rng, state = np.random.default_rng(seed), from_outcome(market)
    for kind in kinds:
        if found := asked_and_changed(market, state, kind, rng):
            difference, market = found
            state = continue_from(difference.matching())
    assert state.outcome.choice.tolist() == naive.deferred_acceptance(market)


@ordinary
@given(markets(applicants=7, pools=5), st.integers(0, 2**32 - 1))
def test_nothing_is_kept_of_a_question(market, seed):
    used = from_outcome(market)
    first, second = (asked_twice(market, used, seed) for _ in range(2))
    assert first == second == asked_twice(market, from_outcome(market), seed)


def asked_twice(market, state, seed):
    rng = np.random.default_rng(seed)
    state.marginal_seats()
    asked = [asked_and_changed(market, state, kind, rng) for kind in (*KINDS, *reversed(KINDS))]
    return [found and found[0].matching().choice.tolist() for found in asked]


@ordinary
@given(markets(applicants=9, pools=6))
def test_marginal_seats_are_what_one_full_run_a_pool_gives(market):
    assert_marginal_seats_are_those_of_full_runs(market, from_outcome(market))


@ordinary
@given(markets(applicants=6, pools=4, sizes=3), st.integers(0, 2**32 - 1))
def test_where_children_come_in_twos_every_question_is_a_full_run_if_asked_for(market, seed):
    state = continue_from(deferred_acceptance.run(market), rerun=True)
    assert_equals_a_full_run(market, np.random.default_rng(seed), state=state)
    assert_marginal_seats_are_those_of_full_runs(market, state)


def assert_marginal_seats_are_those_of_full_runs(market, state):
    found = state.marginal_seats()
    before = seats_of(market, state.outcome.choice)
    lists, keys, seats, sizes, ranks = parts(market)
    for pool in range(len(seats)):
        more = [number + (place == pool) for place, number in enumerate(seats)]
        larger = market_of(lists, keys, more, sizes, ranks)
        after = seats_of(larger, deferred_acceptance.run(larger).choice)
        moves = [(b, a, size) for b, a, size in zip(before, after, sizes, strict=True) if a != b]
        rises = [(b[1] - a[1], size) for b, a, size in moves if b[0] >= 0 and a[0] >= 0 and b[1] > a[1]]
        told = [int(getattr(found, name)[pool]) for name in ("moved", "placed", "improved", "ranks")]
        assert told == [
            sum(size for _, _, size in moves),
            sum(size for b, _, size in moves if b[0] < 0),
            sum(size for _, size in rises),
            sum(gain * size for gain, size in rises),
        ]


def test_a_seat_can_move_more_than_its_vacancy_chain_does():
    moves = from_outcome(needs_a_cycle()).seat_added("north")
    assert moves.to_dict() == {"ann": ("south", "north"), "bob": (None, "south")}


def _only_the_first(s):
    if s.counts[standing.TOUCHED]:
        vacancies._follow(s, s.touched[0])


FAULTS = {
    "no cycles": (chains, "trade", lambda s: None),
    "cycles from the pool asked about alone": (chains, "trade", _only_the_first),
    "the seat of who withdraws stays empty": (vacancies, "fill", lambda s, p: None),
    "who moves up still waits": (vacancies, "_wait_no_longer", lambda s, first, stop: None),
    "whoever is displaced is lost": (chains, "go_down", lambda s, i, c, guest: s.held.__setitem__(i, standing.NO_SEAT)),
    "the last admitted is forgotten": (rejections, "last_before", lambda s, p, place: -1),
    "nothing is put back": (chains, "put_back", lambda s: s.counts.fill(0)),
}


def in_plain_python(monkeypatch):
    """Run the kernels as they are written, so that a part of one can be exchanged."""
    for module in (standing, vacancies, rejections, chains):
        for name, kernel in list(vars(module).items()):
            monkeypatch.setattr(module, name, getattr(kernel, "py_func", kernel))


def find_a_wrong_answer():
    """Look among the stored market and drawn ones for a change not resolved as a full run does; return how many."""
    rng = np.random.default_rng(8)
    drawn = [random_market(rng, 16, 6, 2, 6, keys=100) for _ in range(80)]
    for market in (needs_a_cycle(), *drawn):
        nameless = Market(market.indptr, market.pool, market.key, market.rank, market.seats, market.size)
        state = from_outcome(nameless)
        assert_equals_a_full_run(nameless, rng, kinds=KINDS * 4, state=state)
        assert_marginal_seats_are_those_of_full_runs(nameless, state)
    return 1 + len(drawn)


def test_the_search_for_a_wrong_answer_finds_none_in_the_kernels_as_they_are(monkeypatch):
    in_plain_python(monkeypatch)
    assert find_a_wrong_answer() == 81


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found(fault, monkeypatch):
    in_plain_python(monkeypatch)
    monkeypatch.setattr(*FAULTS[fault])
    with pytest.raises((AssertionError, IndexError)):
        find_a_wrong_answer()


def test_the_stored_market_tells_a_chain_without_cycles_from_the_outcome(monkeypatch):
    in_plain_python(monkeypatch)
    monkeypatch.setattr(*FAULTS["no cycles"])
    moves = from_outcome(needs_a_cycle()).seat_added("north")
    assert moves.to_dict() == {"bob": (None, "north")}
    changed = needs_a_cycle(seats={"north": 2, "south": 1})
    with pytest.raises(AssertionError):
        assert_is(moves, deferred_acceptance.run(needs_a_cycle()), changed, deferred_acceptance.run(changed))


@pytest.mark.compiled
def test_threads_that_ask_at_once_are_answered_as_one_after_the_other():
    market = random_market(np.random.default_rng(6), 3000, 40, 60, 8)
    state = from_outcome(market)
    alone = [state.seat_added(pool).matching().choice for pool in range(40)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda pool: state.seat_added(pool).matching().choice, range(40)))
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_each_kernel_is_compiled_once_whatever_the_change():
    for market in (needs_a_cycle(), market_of([], [], []), random_market(np.random.default_rng(0), 20, 5, 3, 4)):
        state = from_outcome(market)
        state.marginal_seats()
        if market.labels is None and len(market.seats):
            assert_equals_a_full_run(market, np.random.default_rng(1), state=state)
    for module in (standing, vacancies, rejections, chains):
        for name, kernel in vars(module).items():
            assert len(getattr(kernel, "signatures", [0])) <= 1, name


def test_a_market_with_names_is_asked_by_name():
    state = from_outcome(needs_a_cycle())
    assert state.seat_removed("north").to_dict() == {"cem": ("north", None)}
    assert state.child_withdrawn("cem").to_dict() == {
        "ann": ("south", "north"),
        "bob": (None, "south"),
        "cem": ("north", None),
    }
    assert state.child_added(["south"], [0], name="dan").to_dict() == {}
    assert state.child_added(["north"], [0], name="dan").to_dict() == {}
    first = continue_from(state.child_withdrawn("ann").matching()).list_changed("cem", [])
    assert first.to_dict() == {"cem": ("north", None)}
    assert repr(first) == "Difference(1 applicants move)"
    assert repr(state) == "Continuation(Market(3 applicants, 5 choices, 2 pools, 2 seats))"
    assert repr(state.marginal_seats()) == "MarginalSeats(2 pools, the next seat of 2 places a child)"


def test_a_priority_at_a_pool_not_listed_is_known_to_a_market_with_names():
    market = needs_a_cycle(priorities={"north": ["cem", "bob", "ann"], "south": ["ann", "cem", "bob"]})
    moves = from_outcome(market).list_changed("cem", ["south"])
    assert moves.to_dict() == {"bob": (None, "north"), "cem": ("north", None)}


def test_priorities_at_pools_not_listed_stay_known_from_change_to_change():
    market = needs_a_cycle(priorities={"north": ["cem", "bob", "ann"], "south": ["ann", "cem", "bob"]})
    state = from_outcome(market)
    for change in (
        state.seat_added("south"),
        state.child_withdrawn("cem"),
        state.list_changed("cem", ["south"]),
        state.child_added(["south"], [9], name="dan"),
    ):
        after = continue_from(change.matching())
        assert_is_known(after.outcome.market, {"cem": {"north": 0, "south": 1}, "ann": {"north": 2, "south": 0}})
        other = after.list_changed("cem", ["south", "north"]).matching()
        assert other.market.key[other.market.indptr[2] : other.market.indptr[3]].tolist() == [1, 0]
        assert other.choice.tolist() == deferred_acceptance.run(other.market).choice.tolist()


def assert_is_known(market, priorities):
    """Assert which priorities a market has of some applicants, at all pools, each once."""
    for name, known in priorities.items():
        row = market.labels.applicants.index(name)
        listed = slice(*market.indptr[[row, row + 1]])
        mine = [*zip(market.pool[listed].tolist(), market.key[listed].tolist(), strict=True)]
        if (others := market.unlisted) is not None:
            own = others.applicant == row
            mine += zip(others.pool[own].tolist(), others.key[own].tolist(), strict=True)
        assert sorted(mine) == sorted((market.labels.pools.index(pool), key) for pool, key in known.items())


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda s: s.seat_added("nort"), r"no programme 'nort' in this market \(did you mean 'north'\?\)"),
        (lambda s: s.child_withdrawn("zoe"), "no applicant of that name"),
        (lambda s: s.child_added(["north"], [0]), "name: a market with names needs one"),
        (lambda s: s.child_added(["north"], [0], name="ann"), "name: a market with names needs one"),
        (lambda s: s.child_added(["north", "north"], [0, 1], name="dan"), "names a pool twice"),
        (lambda s: s.child_added(["north"], [0, 1], name="dan"), "keys: 1 whole numbers are needed"),
        (lambda s: s.child_added(["north"], [0.5], name="dan"), "keys: 1 whole numbers are needed"),
        (lambda s: s.child_added(["north"], [-1], name="dan"), "keys run from 0"),
        (lambda s: s.child_added(["north"], [0], [0], name="dan"), "ranks start at 1"),
        (lambda s: s.child_added(["north", "south"], [0, 0], [2, 1], name="dan"), "ranks start at 1"),
        (lambda s: s.list_changed("cem", ["south"]), "pool 'south': the market has no priority of this applicant"),
    ],
)
def test_a_question_that_does_not_fit_the_market_is_refused_in_words(ask, words):
    with pytest.raises(MarketError, match=words) as refused:
        ask(from_outcome(needs_a_cycle()))
    assert "zoe" not in str(refused.value)


def test_a_market_without_names_is_asked_by_number():
    state = from_outcome(market_of([[0]], [[0]], [0]))
    for ask in (lambda: state.seat_added(1), lambda: state.seat_added("north"), lambda: state.seat_added(-1)):
        with pytest.raises(MarketError, match="pools are numbered from 0 to 0"):
            ask()
    with pytest.raises(MarketError, match="numbered from 0 to 0"):
        state.child_withdrawn(1)
    with pytest.raises(MarketError, match="pool 0 has no seat to take away"):
        state.seat_removed(0)
    with pytest.raises(MarketError, match="no names"):
        state.seat_added(0).to_dict()


def test_children_who_come_in_twos_are_refused_with_the_way_out():
    twins = match(market_of([[0], [0]], [[0], [1]], [2], sizes=[2, 1]), "deferred_acceptance")
    with pytest.raises(MarketError, match="applicants of several children: 1.*rerun=True"):
        continue_from(twins)


@pytest.mark.parametrize(
    ("mechanism", "parameters", "market"),
    [
        ("immediate_acceptance", {}, market_of([[0, 1], [0, 1], [1]], [[0, 0], [1, 0], [1]], [1, 1])),
        ("top_trading_cycles", {}, market_of([[0, 1], [1, 0], [0]], [[2, 0], [1, 0], [1]], [1, 1])),
        ("deferred_acceptance", {"proposing": "programmes"}, market_of([[0, 1], [1, 0]], [[1, 0], [1, 0]], [1, 1])),
        ("deferred_acceptance", {"ties": "admit_all"}, market_of([[0], [0]], [[0], [0]], [1])),
    ],
)
def test_another_matching_than_that_of_deferred_acceptance_is_refused(mechanism, parameters, market):
    with pytest.raises(MarketError, match="not the one that deferred_acceptance makes.*run its own"):
        continue_from(match(market, mechanism, **parameters))
