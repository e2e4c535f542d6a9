"""The kernels against their slow twins, and what holds for any kernel."""

import importlib
import random
from pkgutil import iter_modules

import numba
import numpy as np
import pytest
from hypothesis import given, settings

from admissions import kernels
from admissions.kernels.deferred_acceptance import Work, defer_acceptance
from admissions.kernels.serial_dictatorship import choose_in_turn, sort_topologically
from admissions.market import NO_CUTOFF, Matching
from admissions.mechanisms import MECHANISMS, deferred_acceptance, serial_dictatorship
from admissions.testing import markets
from tests.naive import deferred_acceptance as naive
from tests.naive import serial_dictatorship as naive_in_turn
from tests.strategies import NEEDED, market_of, random_market, small_market

ordinary = settings(max_examples=500, deadline=None, derandomize=True)


def assert_equals_its_twin(market):
    matching = deferred_acceptance.run(market)
    assert matching.choice.tolist() == naive.deferred_acceptance(market)
    told = [None if cutoff == NO_CUTOFF else cutoff for cutoff in matching.cutoff.tolist()]
    assert told == naive.cutoffs(market, matching.choice)
    assert told == [None if c == NO_CUTOFF else c for c in Matching.of(market, matching.choice).cutoff.tolist()]


def drawn_markets(count, seed):
    rng = np.random.default_rng(seed)
    for _ in range(count):
        shape = {"applicants": int(rng.integers(0, 12)), "pools": int(rng.integers(1, 6)), "choices": 5}
        seats, keys = int(rng.integers(0, 6)), int(rng.choice([1, 2, 5, 1000, 2**62]))
        yield random_market(rng, **shape, seats=seats, sizes=int(rng.integers(1, 4)), keys=keys)


@ordinary
@given(markets(applicants=7, pools=5))
def test_deferred_acceptance_is_what_gale_and_shapley_tell(market):
    assert_equals_its_twin(market)


@ordinary
@given(markets(applicants=7, pools=4, seats=5, sizes=4))
def test_deferred_acceptance_is_what_gale_and_shapley_tell_when_applicants_are_twins(market):
    assert_equals_its_twin(market)


def test_deferred_acceptance_equals_its_twin_on_a_thousand_drawn_markets():
    for market in drawn_markets(1_000, seed=1):
        assert_equals_its_twin(market)


@pytest.mark.exhaustive
def test_deferred_acceptance_equals_its_twin_on_a_hundred_thousand_drawn_markets():
    for market in drawn_markets(100_000, seed=2):
        assert_equals_its_twin(market)


@pytest.mark.parametrize("sizes", [1, 3])
@pytest.mark.parametrize(("pools", "seats"), [(1, 150), (5, 40), (12, 30)])
def test_deferred_acceptance_equals_its_twin_where_pools_are_large(pools, seats, sizes):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        for keys in (5, 2**31):
            shape = {"applicants": 300, "pools": pools, "choices": 6}
            assert_equals_its_twin(random_market(rng, **shape, seats=seats, sizes=sizes, keys=keys))


@pytest.mark.parametrize("seats", [1, 2, 7, 100, 399, 400, 10**15])
@pytest.mark.parametrize(
    "arrive",
    [lambda i: i, lambda i: 400 - i, lambda i: min(i, 400 - i), lambda i: i % 7, lambda i: i * 7919 % 400, lambda i: 0],
    ids=["best first", "worst first", "middle last", "in teeth", "shuffled", "all equal"],
)
def test_one_pool_admits_the_best_in_whatever_order_they_arrive(arrive, seats):
    keys = [arrive(i) for i in range(400)]
    matching = deferred_acceptance.run(market_of([[0]] * 400, [[k] for k in keys], [seats]))
    best = set(sorted(range(400), key=lambda i: (keys[i], i))[:seats])
    assert set(np.flatnonzero(matching.choice >= 0).tolist()) == best


@ordinary
@given(markets(applicants=7, pools=5, sizes=3))
def test_serial_dictatorship_runs_exactly_where_the_pools_share_an_order_and_equals_its_twin(market):
    order = naive_in_turn.common_order(market)
    if order is None:
        with pytest.raises(serial_dictatorship.MarketError, match="applicants differently"):
            serial_dictatorship.run(market)
    else:
        assert serial_dictatorship.run(market).choice.tolist() == naive_in_turn.serial_dictatorship(market, order)


@ordinary
@given(markets(applicants=8, pools=5, sizes=3, common=True))
def test_serial_dictatorship_by_one_mark_equals_its_twin(market):
    order = naive_in_turn.common_order(market)
    assert serial_dictatorship.run(market).choice.tolist() == naive_in_turn.serial_dictatorship(market, order)


def test_a_list_may_name_a_pool_twice():
    market = market_of([[0, 0, 1], [0], [0]], [[3, 0, 0], [1], [2]], [1, 1])
    assert_equals_its_twin(market)


def test_a_kernel_is_compiled_once_whatever_the_market():
    for market in drawn_markets(20, seed=3):
        deferred_acceptance.run(market)
        deferred_acceptance.run(market, work=Work.of(market))
    for keys in ([[5, 5], [1]], [[0, 2], [1]]):
        serial_dictatorship.run(market_of([[0, 1], [0]], keys, [1, 1]))
    serial_dictatorship.run(market_of([], [], []))
    for kernel in (defer_acceptance, choose_in_turn, sort_topologically):
        if hasattr(kernel, "signatures"):
            assert len(kernel.signatures) == 1, kernel


def test_no_kernel_is_compiled_twice_whatever_the_mechanism_and_its_parameters():
    rng = random.Random(5)
    for _ in range(30):
        market = small_market(rng, sizes=rng.choice([1, 2]), common=True)
        for mechanism, row in MECHANISMS.items():
            for options in ({}, {"ties": "admit_all"}, {"bundles": "skip"}, {"proposing": "programmes"}):
                if set(options) <= set(row.parameters) and not (row.needs_strict_priorities and "ties" in options):
                    row.run(market, **{**NEEDED.get(mechanism, {}), **options})
    modules = [importlib.import_module(f"admissions.kernels.{found.name}") for found in iter_modules(kernels.__path__)]
    compiled = {
        f"{module.__name__}.{name}": len(kernel.signatures)
        for module in modules
        for name, kernel in vars(module).items()
        if hasattr(kernel, "signatures")
    }
    assert {name: count for name, count in compiled.items() if count > 1} == {}
    assert len(compiled) > 20 or numba.config.DISABLE_JIT


def test_work_arrays_used_a_second_time_remember_nothing():
    rng = np.random.default_rng(4)
    lists = [rng.permutation(4)[:3].tolist() for _ in range(60)]
    work = None
    for _ in range(20):
        market = market_of(lists, rng.integers(0, 9, size=(60, 3)).tolist(), [5, 0, 7, 3])
        work = work or Work.of(market)
        assert deferred_acceptance.run(market, work=work).choice.tolist() == naive.deferred_acceptance(market)


def test_work_arrays_of_another_market_are_refused():
    small, large = market_of([[0]], [[0]], [1]), market_of([[0], [0]], [[0], [1]], [1])
    with pytest.raises(deferred_acceptance.MarketError, match="work"):
        deferred_acceptance.run(large, work=Work.of(small))
    with pytest.raises(deferred_acceptance.MarketError, match="work"):
        deferred_acceptance.run(large, work=Work.of(market_of([[0], [0]], [[0], [1]], [2])))
