"""The kernels behind matchings by levels of cost: the proof, and the one answer whichever optimum they start from."""

from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.kernels.optimal_assignments import find_potentials, serve_in_order
from admissions.mechanisms import minimum_cost, rank_maximal
from admissions.mechanisms.levels import arcs_of
from admissions.solvers import assignments
from admissions.testing import markets
from tests.strategies import market_of, random_market

ordinary = settings(max_examples=150, deadline=None, derandomize=True)
SCALE = 1 << 20


@pytest.fixture
def other_optima(monkeypatch):
    """Return a function that lets the solver prefer, of equal costs, what a generator draws, and notes what it found."""
    true = assignments.assign_at_least_cost

    def prefer(seed, found):
        rng = np.random.default_rng(seed)

        def assign(graph, held, cost):
            noise = rng.integers(0, 1 + SCALE // (2 * len(held) + 2), size=len(cost))
            found.append(true(graph, held, cost * SCALE + noise))
            return found[-1]

        monkeypatch.setattr(assignments, "assign_at_least_cost", assign)

    return prefer


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("seats", [12, 30, 70])
def test_the_matching_is_the_same_whichever_optimum_the_solver_finds(other_optima, seed, seats):
    rng = np.random.default_rng(seed)
    market = random_market(rng, applicants=300, pools=12, seats=seats, choices=6, sizes=1 + seed % 2)
    cost = rng.integers(-1, 2, size=len(market.pool))
    ways = (
        lambda: rank_maximal.run(market),
        lambda: minimum_cost.run(market),
        lambda: minimum_cost.run(market, cost=cost),
        lambda: minimum_cost.run(market, cost=np.zeros_like(cost)),
    )
    expected = [way().choice.tolist() for way in ways]
    optima = set()
    for other in range(5):
        found = []
        other_optima(other, found)
        assert [way().choice.tolist() for way in ways] == expected
        optima.add(b"".join(held.tobytes() for held in found))
    assert len(optima) == 5


def proven(market, held, cost):
    """Return whether potentials prove that these arcs, none of a pool above its seats, are of least cost."""
    first, _, pool = arcs_of(market)
    seats = np.append(market.seats, market.applicants)
    used = np.bincount(pool[held], minlength=len(seats))
    none_full, all_allowed = np.zeros(len(seats), np.bool_), np.ones(len(pool), np.bool_)
    potential = np.zeros(len(seats) + 1, np.int64)
    return find_potentials(first, pool, all_allowed, cost, held, used, seats, none_full, potential)


@ordinary
@given(market=markets(applicants=5, pools=3, seats=2), data=st.data())
def test_potentials_prove_exactly_the_assignments_of_least_cost(market, data):
    first, _, pool = arcs_of(market)
    cost = np.array(data.draw(st.lists(st.integers(-2, 2), min_size=len(pool), max_size=len(pool))), dtype=np.int64)
    seats = [*market.seats.tolist(), market.applicants]
    lists = [range(int(a), int(b)) for a, b in pairwise(first)]
    taken = (np.array(arcs, dtype=np.int64) for arcs in product(*lists))
    feasible = [
        held
        for held in taken
        if all(np.bincount(pool[held], minlength=len(seats))[p] <= s for p, s in enumerate(seats))
    ]
    least = min(int(cost[held].sum()) for held in feasible)
    for held in feasible[:: 1 + len(feasible) // 20]:
        assert proven(market, held, cost) == (cost[held].sum() == least)


def test_an_assignment_that_is_not_of_least_cost_is_not_published(monkeypatch):
    monkeypatch.setattr(assignments, "assign_at_least_cost", lambda graph, held, cost: held)
    with pytest.raises(MarketError, match="not of least cost"):
        minimum_cost.run(market_of([[0]], [[0]], [1]))


def test_each_kernel_is_compiled_once_whatever_the_market():
    rng = np.random.default_rng(0)
    for _ in range(10):
        market = random_market(rng, applicants=20, pools=4, seats=6, choices=3, sizes=2)
        rank_maximal.run(market)
        minimum_cost.run(market, cost=np.zeros(len(market.pool), dtype=np.uint8))
    minimum_cost.run(market_of([], [], []))
    for kernel in (find_potentials, serve_in_order):
        if hasattr(kernel, "signatures"):
            assert len(kernel.signatures) == 1, kernel
