"""Each mechanism keeps the relations its row says it keeps, and fails those it says it fails: a stored case each."""

from random import Random

import numpy as np
import pytest

from admissions.market import Market, Matching
from admissions.mechanisms import MECHANISMS, match
from admissions.mechanisms.relations import RELATIONS
from admissions.testing import Case, check_relation, find_violation, stored_counterexample
from admissions.testing.cases import below, shuffled
from admissions.testing.relations import CHECKS

COSTLY = ("strategy-proof", "pairs", "non-bossy")
MARKETS = 9_000

judged = [name for name, row in MECHANISMS.items() if row.judged]
kept = [(name, relation) for name in judged for relation in MECHANISMS[name].holds]
failed = [(name, relation) for name in judged for relation in MECHANISMS[name].fails]


def test_every_relation_has_a_check_and_every_row_speaks_of_relations_there_are():
    assert list(CHECKS) == list(RELATIONS)
    for row in MECHANISMS.values():
        assert set(row.judged) <= set(RELATIONS) and set(row.fails) <= set(row.judged), row.name


@pytest.mark.parametrize(("mechanism", "relation"), kept)
def test_what_a_mechanism_keeps_is_not_refuted(mechanism, relation):
    assert not check_relation(mechanism, relation, markets=12 if relation in COSTLY else 60).counterexample


@pytest.mark.exhaustive
@pytest.mark.parametrize(("mechanism", "relation"), kept)
def test_what_a_mechanism_keeps_is_not_refuted_in_thousands_of_markets(mechanism, relation):
    assert not check_relation(mechanism, relation, markets=MARKETS).counterexample


@pytest.mark.parametrize(("mechanism", "relation"), failed)
def test_what_a_mechanism_fails_has_a_counterexample(mechanism, relation):
    stored = stored_counterexample(mechanism, relation)
    assert find_violation(mechanism, relation, stored.case) == stored.words


@pytest.mark.parametrize("mechanism", judged)
def test_nothing_is_stored_against_a_relation_that_is_kept(mechanism):
    against = [name for name in RELATIONS if stored_counterexample(mechanism, name)]
    assert against == [name for name in RELATIONS if name in MECHANISMS[mechanism].fails]


REFUTED = {
    "deferred_acceptance": "efficient, non-bossy, leaves with the seat, append for others",
    "serial_dictatorship": "append for others",
    "top_trading_cycles": "no justified envy, best stable, cutoffs, seat added, number with a seat added, "
    "student leaves, leaves with the seat, append for others",
    "immediate_acceptance": "no justified envy, best stable, cutoffs, strategy-proof, pairs, newcomer last, "
    "nothing added, split school, swap, append for others",
    "parallel": "no justified envy, best stable, cutoffs, efficient, strategy-proof, pairs, non-bossy, "
    "leaves with the seat, newcomer last, nothing added, split school, swap, append for others",
}
"""Refuted on 9,000 random markets by an independent program, every other relation never; rural hospitals apart."""


@pytest.mark.parametrize("mechanism", REFUTED)
def test_the_table_agrees_in_kind_with_an_independent_count(mechanism):
    refuted = {relation.strip() for relation in REFUTED[mechanism].split(",")}
    assert refuted == set(MECHANISMS[mechanism].fails) - {"rural hospitals"}


def careless(market: Market) -> Matching:
    """Deferred acceptance, but the last applicant goes home where the number of choices is a multiple of three."""
    choice = match(market, "deferred_acceptance").choice.copy()
    if len(market.pool) % 3 == 0:
        choice[-1:] = -1
    return Matching.of(market, choice)


def crowded(market: Market) -> Matching:
    """Everybody has the first choice."""
    return Matching.of(market, np.where(np.diff(market.indptr) > 0, market.indptr[:-1], -1))


never_failed = [name for name in RELATIONS if not any(name in row.fails for row in MECHANISMS.values())]


@pytest.mark.parametrize("relation", never_failed)
def test_a_relation_that_every_mechanism_keeps_has_a_rule_that_it_refuses(relation):
    assert any(check_relation(rule, relation, markets=200).counterexample for rule in (careless, crowded)), relation


def test_drawn_cases_repeat_and_have_full_and_cut_lists_empty_schools_and_one_order_where_asked():
    cases = [Case.drawn(Random(f"seed:{n}")) for n in range(300)]
    assert cases == [Case.drawn(Random(f"seed:{n}")) for n in range(300)]
    assert {len(own) for case in cases for own in case.lists} == {0, 1, 2, 3}
    assert {seats for case in cases for seats in case.seats} == {0, 1, 2}
    assert all(Case.drawn(Random(str(n)), common=True).has_one_order for n in range(20))
    assert not all(case.has_one_order for case in cases)
    assert shuffled(Random("any"), 5) == (1, 0, 3, 2, 4)
    assert [below(Random("any"), 10), below(Random("some"), 10)] == [3, 8]
