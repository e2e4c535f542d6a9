"""The tools for testing rules: each assertion lets the right thing pass and refuses the wrong one in words."""

import subprocess
import sys
from dataclasses import replace
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions import testing
from admissions.errors import MarketError
from admissions.testing import (
    assert_allocation_equal,
    assert_best_stable,
    assert_no_envy,
    assert_stable,
    assert_strategy_proof,
    check_choice_rule,
    check_relation,
    choice_rules,
    districts,
    find_violation,
    markets,
    policies,
    stored_counterexample,
)
from admissions.testing.cases import Case, envied, stable_outcomes, wasted
from tests.strategies import market_of

ordinary = settings(max_examples=100, deadline=None, derandomize=True)
contested = market_of([[0, 1], [0, 1]], [[0, 0], [1, 1]], [1, 1])


def holding(*choice, market=contested):
    return market, adm.Matching.of(market, np.array(choice))


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ((1, 2), "justified envy, 1 in all: applicant 0 prefers pool 0, which admitted applicant 1 of lower priority"),
        ((0, -1), "wasted seat, 1 in all: applicant 1 prefers pool 1, which has a seat left"),
        ((0, 2), "pool above its seats, 1 in all: pool 0 has 1 seats and 2 children"),
        ((2, 3), "seat off the list, 1 in all: applicant 0 holds a choice of another, of pool 0"),
    ],
)
def test_a_matching_that_is_not_stable_is_refused_by_name(choice, words):
    assert_stable(*holding(0, 3))
    with pytest.raises(AssertionError, match=words):
        assert_stable(*holding(*choice))
    with pytest.raises(AssertionError):
        assert_best_stable(*holding(*choice))


def test_envy_alone_is_what_assert_no_envy_looks_for():
    assert_no_envy(*holding(-1, -1))
    with pytest.raises(AssertionError, match="applicant 0 prefers pool 0"):
        assert_no_envy(*holding(-1, 2))


def test_the_programmes_end_of_the_lattice_is_stable_and_not_the_best():
    market = market_of([[0, 1], [1, 0]], [[1, 0], [1, 0]], [1, 1])
    worst = adm.match(market, "deferred_acceptance", proposing="programmes")
    assert_stable(market, worst)
    with pytest.raises(AssertionError, match="better stable seats, 1 in all: along pools 0, 1 everybody can move up"):
        assert_best_stable(market, worst)
    twins = market_of([[0, 1], [1, 0], []], [[1, 0], [1, 0], []], [1, 1], sizes=[1, 1, 2])
    with pytest.raises(AssertionError, match="applicant 0 has a better seat, at pool 0, in the best stable matching"):
        assert_best_stable(twins, adm.Matching.of(twins, np.array([1, 3, -1])))


def test_what_one_margin_lets_pass_another_refuses():
    market = market_of([[0]], [[0]], [1], sizes=[2])
    assert_stable(*holding(0, market=market))
    with pytest.raises(AssertionError, match="pool 0 has 1 seats and 2 children"):
        assert_stable(*holding(0, market=market), margin="nobody")


def shortest_first(market):
    length = market.indptr[1:] - market.indptr[:-1]
    key = [int(length[i]) for i in market.owners()]
    changed = adm.Market(market.indptr, market.pool, key, market.rank, market.seats, market.size)
    return adm.Matching.of(market, adm.match(changed, "deferred_acceptance").choice)


@ordinary
@given(markets(applicants=5, strict=True))
def test_nobody_gains_by_a_false_list_under_trading_cycles(market):
    assert_strategy_proof("top_trading_cycles", market)


def test_who_gains_by_a_false_list_is_named_with_both_lists():
    market = market_of([[0, 1], [1]], [[0, 0], [0]], [0, 1])
    assert_strategy_proof("deferred_acceptance", market)
    with pytest.raises(
        AssertionError, match=r"2 in all|1 in all: applicant 0 lists \(1,\) for \(0, 1\) and gains 1 rank"
    ):
        assert_strategy_proof(shortest_first, market_of([[0, 1], [1]], [[0, 0], [1]], [0, 1]))
    with pytest.raises(AssertionError, match="gain by a false list"):
        assert_strategy_proof("parallel", market_of([[0, 1], [0], [1]], [[1, 0], [0], [1]], [1, 1]), band=1)


@pytest.fixture(scope="module")
def run():
    return adm.allocate(adm.generate_district("testing", size=60), adm.read_policy("district_2016"), seed="s")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.with_columns(route=pl.lit("zone")), r"students: row \d+ differs in route"),
        (lambda t: t.head(-1), "students: 59 rows and 60|students: .* rows and"),
        (lambda t: t.drop("pool"), "students: only one has the column pool"),
        (lambda t: t.select(reversed(t.columns)), "students: the columns change places"),
    ],
)
def test_the_first_difference_between_two_allocations_is_named_and_no_child(run, change, words):
    assert_allocation_equal(run, replace(run))
    with pytest.raises(AssertionError, match=words) as caught:
        assert_allocation_equal(replace(run, students=change(run.students)), run)
    assert not any(student in str(caught.value) for student in run.students["student_id"])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: check_relation("deferred_aceptance", "swap"), "no mechanism 'deferred_aceptance' .did you mean"),
        (lambda: check_relation("parallel", "swop"), "no relation 'swop' .did you mean 'swap'"),
        (lambda: check_relation("parallel", "swap", markets=0), "markets = 0; at least one is needed"),
        (lambda: stored_counterexample("parallel", "swop"), "no relation 'swop'"),
        (lambda: stored_counterexample("paralel", "swap"), "no mechanism 'paralel'"),
        (lambda: check_choice_rule(list, 15), "15 applicants make too many sets; at most 14"),
    ],
)
def test_a_name_nobody_knows_is_refused_with_the_nearest(call, words):
    with pytest.raises(MarketError, match=words):
        call()


def test_a_verdict_says_what_was_looked_at_or_shows_the_market():
    assert str(check_relation("deferred_acceptance", "feasible", markets=30)) == "feasible: kept in 30 markets"
    verdict = check_relation(lambda m: adm.match(m, "immediate_acceptance"), "no justified envy", markets=300)
    assert str(verdict).splitlines()[1:] == [
        f"  lists {verdict.counterexample.case.lists}",
        f"  orders {verdict.counterexample.case.orders}",
        f"  seats {verdict.counterexample.case.seats}",
    ]
    assert find_violation("immediate_acceptance", "no justified envy", verdict.counterexample.case)


def test_a_rule_of_ones_own_is_looked_at_like_a_mechanism():
    rule = adm.match
    own = check_relation(lambda m: rule(m, "top_trading_cycles"), "student leaves", markets=300)
    assert own == check_relation("top_trading_cycles", "student leaves", markets=300)
    alike = check_relation(lambda m: rule(m, "top_trading_cycles"), "no justified envy", markets=300, common=True)
    assert alike.holds


@ordinary
@given(st.integers(0, 10**6))
def test_the_oracle_of_stable_outcomes_knows_what_deferred_acceptance_finds(number):
    case = Case.drawn(Random(number), students=3)
    matching = adm.match(case.market, "deferred_acceptance")
    outcome = tuple(matching.to_dict().values())
    assert outcome in stable_outcomes(case)
    assert_best_stable(case.market, matching)
    assert not [*wasted(case, outcome), *envied(case, outcome)]


@ordinary
@given(choice_rules(applicants=4))
def test_pools_tried_in_turn_are_substitutable_consistent_and_take_no_fewer_of_more(rule):
    assert check_choice_rule(rule, 4).holds


def at_least_three(applying):
    return applying if len(applying) >= 3 else frozenset()


def twins_need_both(applying):
    return sorted(applying)[:2] if {"t1", "t2"} <= applying else sorted(applying - {"t1", "t2"})[:2]


def as_many_boys_as_girls(applying):
    boys, girls = (sorted(one for one in applying if one[0] == kind) for kind in "bg")
    return [*boys[: len(girls)], *girls[: len(boys)]]


def the_best_unless_crowded(applying):
    return sorted(applying)[: 2 if len(applying) < 4 else 1]


def whoever_is_second(applying):
    return sorted(applying)[1:2]


@pytest.mark.parametrize(
    ("rule", "people", "broken", "words"),
    [
        (at_least_three, 3, "substitutability", "0 is refused among {0, 1} and taken among {0, 1, 2}"),
        (twins_need_both, ["t1", "t2", "x"], "substitutability", "t1 is refused among {'t1'} and taken among"),
        (as_many_boys_as_girls, ["b1", "g1"], "substitutability", "b1 is refused among {'b1'} and taken among"),
        (the_best_unless_crowded, 4, "aggregate_demand", "takes 2, and of {0, 1, 2, 3} 1"),
        (whoever_is_second, 2, "consistency", "refuses 0, and without 0 it takes {} instead of {1}"),
        (lambda applying: {"stranger"}, ["a"], "selection", "of {} the rule takes {'stranger'}"),
    ],
)
def test_what_breaks_the_theory_is_shown_with_its_witness(rule, people, broken, words):
    verdict = check_choice_rule(rule, people)
    assert words in getattr(verdict, broken)
    assert not verdict.holds
    assert f"{broken.replace('_', ' ')}: {getattr(verdict, broken)}" in str(verdict)


def test_the_strategies_draw_what_breaks_programs():
    assert find(markets(), lambda m: m.applicants and not m.seats.any() and len(m.pool))
    assert find(markets(sizes=2), lambda m: (m.size == 2).any())
    assert find(markets(), lambda m: len(m.pool) > 1 and (m.rank[1:] == m.rank[:-1]).any())
    assert find(districts(), lambda d: d.students["bundle_id"].drop_nulls().len())
    assert find(districts(), lambda d: d.students["mark"].null_count())
    assert find(policies(), lambda p: p.rounds[0].guarantee and len(p.rounds[0].pool) > 1 and p.rounds[0].priority)
    assert find(choice_rules(), lambda rule: len(rule.pools) > 1 and rule(frozenset(range(4)))).pools


@ordinary
@given(markets(strict=True))
def test_strict_markets_have_no_ties_at_a_pool(market):
    pairs = list(zip(market.pool.tolist(), market.key.tolist(), strict=True))
    assert len(set(pairs)) == len(pairs)


@ordinary
@given(markets(common=True))
def test_common_markets_have_one_key_an_applicant(market):
    assert len({*zip(market.owners().tolist(), market.key.tolist(), strict=True)}) == len({*market.owners().tolist()})


@settings(max_examples=20, deadline=None, derandomize=True)
@given(districts(), policies("parallel", band=2))
def test_policies_of_any_mechanism_fit_the_districts(district, policy):
    assert not adm.audit(adm.allocate(district, policy, seed="s")).failed


def test_everything_public_is_documented():
    for name in testing.__all__:
        assert getattr(testing, name).__doc__, name


def test_without_hypothesis_the_way_out_is_named():
    code = "import sys; sys.modules['hypothesis'] = None; import admissions.testing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode and "install admissions[testing]" in done.stderr.splitlines()[-1]


def test_importing_admissions_does_not_load_the_testing_tools():
    code = "import sys, admissions; sys.exit('hypothesis' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
