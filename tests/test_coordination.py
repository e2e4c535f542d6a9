"""Coordinated placement: everybody placeable, at the least cost, one answer, and the tight set when seats run out."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.solvers.coordination import _cheapest, coordinate
from admissions.solvers.flows import NEVER, prices, solve_flow
from tests.naive import coordination as naive


@st.composite
def problems(draw, largest=3, sizes=(1,)):
    nodes, programmes, applicants = draw(st.integers(1, 4)), draw(st.integers(1, 4)), draw(st.integers(1, 6))
    table = st.lists(
        st.lists(st.integers(0, largest), min_size=programmes, max_size=programmes), min_size=nodes, max_size=nodes
    )
    costs = [np.array(draw(table)) for _ in range(draw(st.integers(1, 2)))]
    allowed = np.array(draw(table)) > 0 if draw(st.booleans()) else np.ones((nodes, programmes), dtype=bool)
    node = np.array(draw(st.lists(st.integers(0, nodes - 1), min_size=applicants, max_size=applicants)), dtype=np.int32)
    order = np.array(draw(st.permutations(range(applicants))))
    size = np.array(draw(st.lists(st.sampled_from(sizes), min_size=applicants, max_size=applicants)), dtype=np.int32)
    seats = np.array(draw(st.lists(st.integers(0, 3), min_size=programmes, max_size=programmes)))
    return costs, allowed, node, order, size, seats


@settings(max_examples=400, deadline=None)
@given(problems())
def test_the_answer_is_the_one_that_trying_every_assignment_finds(problem):
    costs, allowed, node, order, _, seats = problem
    lists = [level.tolist() for level in costs]
    expected = naive.coordinate(lists, allowed.tolist(), node.tolist(), order.tolist(), seats.tolist())
    assert coordinate(*problem).placed.tolist() == expected


@settings(max_examples=200, deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_nodes_does_not_matter(problem, shuffler):
    costs, allowed, node, order, size, seats = problem
    rows, nodes = list(range(len(node))), list(range(len(allowed)))
    shuffler.shuffle(rows)
    shuffler.shuffle(nodes)
    renamed = np.argsort(nodes)[node]
    moved = coordinate([c[nodes] for c in costs], allowed[nodes], renamed[rows], order[rows], size[rows], seats)
    assert moved.placed.tolist() == coordinate(*problem).placed[rows].tolist()


@settings(max_examples=300, deadline=None)
@given(problems())
def test_when_seats_run_out_the_tight_set_accounts_for_everybody_left(problem):
    _, allowed, node, _, _, seats = problem
    result = coordinate(*problem)
    left = int((result.placed < 0).sum())
    assert bool(left) == bool(len(result.tight_nodes))
    inside = np.isin(node, result.tight_nodes)
    assert allowed[result.tight_nodes].any(axis=0).nonzero()[0].tolist() == result.tight_programmes.tolist()
    assert inside.sum() - seats[result.tight_programmes].sum() == left
    assert inside[result.placed < 0].all()


@settings(max_examples=300, deadline=None)
@given(problems(sizes=(1, 1, 2)))
def test_twins_stay_together_and_take_a_single_last_seat_only(problem):
    _, allowed, node, _, size, seats = problem
    result = coordinate(*problem)
    held = result.placed >= 0
    assert allowed[node[held], result.placed[held]].all()
    filled = np.bincount(result.placed[held], weights=size[held], minlength=len(seats))
    last = [size[held & (result.placed == p)].max(initial=0) for p in range(len(seats))]
    assert all(f <= s or (twins == 2 and f == s + 1) for f, s, twins in zip(filled, seats, last, strict=True))
    spare = filled < seats
    assert not (allowed[node[~held]] & spare).any()


def test_twins_go_whole_where_the_best_flow_would_part_them():
    metres = np.array([[100, 100]])
    one_seat_each = np.array([1, 1])
    result = coordinate(
        [metres], metres > 0, np.zeros(1, np.int32), np.zeros(1, np.int64), np.array([2]), one_seat_each
    )
    assert result.placed.tolist() == [0]
    wide = coordinate([metres], metres > 0, np.zeros(2, np.int32), np.arange(2), np.array([1, 2]), np.array([2, 2]))
    assert wide.placed.tolist() == [1, 0]


@settings(max_examples=300, deadline=None)
@given(problems(largest=9), st.integers(2, 3))
def test_twins_whom_the_best_flow_parts_go_where_trying_every_programme_would_have_them(problem, size):
    costs, allowed, node, _, _, seats = problem
    cost = np.hstack([np.where(allowed, costs[0], NEVER), np.full((len(allowed), 1), 1000)])
    supply, left = np.bincount(node, minlength=len(cost)), np.append(seats, len(node) + 2 * size)
    supply[0] += size
    choices = [c for c in np.argsort(cost[0], kind="stable").tolist() if cost[0, c] < NEVER and left[c] >= size]
    after, column = _cheapest(cost, supply, left, solve_flow(cost, supply, left), 0, size, choices)

    def spent(flow, column):
        return int(flow[flow > 0] @ cost[flow > 0]) + size * int(cost[0, column])

    tried = []
    for choice in choices:
        rest, room = supply.copy(), left.copy()
        rest[0] -= size
        room[choice] -= size
        tried.append(spent(solve_flow(cost, rest, room), choice))
    assert spent(after, column) == min(tried)
    assert column == choices[tried.index(min(tried))]


@pytest.mark.parametrize("short", [0, 25])
def test_the_sum_of_costs_is_that_of_network_simplex(short):
    random = np.random.default_rng(1)
    cost = random.integers(0, 5000, (30, 12))
    supply = random.integers(0, 9, 30)
    seats = random.multinomial(int(supply.sum()) - short, np.full(12, 1 / 12))
    node = np.repeat(np.arange(30), supply).astype(np.int32)
    result = coordinate([cost], cost >= 0, node, random.permutation(len(node)), np.ones(len(node), np.int32), seats)
    graph = nx.DiGraph()
    graph.add_node("left", demand=short)
    for v in range(30):
        graph.add_node(("node", v), demand=-int(supply[v]))
        graph.add_edge(("node", v), "left", weight=10**7)
        for s in range(12):
            graph.add_edge(("node", v), s, weight=int(cost[v, s]))
    for s in range(12):
        graph.add_node(s, demand=int(seats[s]))
    held = result.placed >= 0
    spent = int(cost[node[held], result.placed[held]].sum()) + 10**7 * int((~held).sum())
    assert spent == nx.network_simplex(graph)[0]


def test_a_group_goes_before_any_distance():
    other_group, metres = np.array([[1, 0]]), np.array([[1, 10**6]])
    result = coordinate(
        [other_group, metres],
        metres > 0,
        np.zeros(1, np.int32),
        np.zeros(1, np.int64),
        np.ones(1, np.int32),
        np.ones(2, np.int64),
    )
    assert result.placed.tolist() == [1]


def test_costs_too_large_to_add_up_are_refused():
    cost = np.array([[1 << 55]])
    with pytest.raises(MarketError, match="too large to be added up exactly"):
        coordinate(
            [cost], cost > 0, np.zeros(1, np.int32), np.zeros(1, np.int64), np.ones(1, np.int32), np.ones(1, np.int64)
        )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_prices_prove_a_flow_to_be_of_least_cost(data):
    nodes, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 5))
    cell = st.one_of(st.integers(0, 9), st.just(int(NEVER)))
    cost = np.array([[data.draw(cell) for _ in range(columns)] + [100] for _ in range(nodes)])
    supply = np.array([data.draw(st.integers(0, 4)) for _ in range(nodes)])
    seats = np.array([data.draw(st.integers(0, 4)) for _ in range(columns)] + [supply.sum() + 1])
    flow = solve_flow(cost, supply, seats)
    price = prices(cost, flow, seats)
    assert (flow.sum(axis=1) == supply).all()
    assert (flow.sum(axis=0) <= seats).all()
    assert (price >= 0).all()
    assert (price[flow.sum(axis=0) < seats] == 0).all()
    total = np.where((cost < NEVER) & (price < NEVER), cost + price, NEVER)
    assert ((flow == 0) | (total == total.min(axis=1, keepdims=True))).all()
