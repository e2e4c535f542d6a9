"""Each mechanism keeps the relations its row says it keeps, and fails those it says it fails: a stored case each."""

import random

import pytest

from admissions.mechanisms import MECHANISMS
from admissions.mechanisms.relations import RELATIONS
from tests.relations import CHECKS, Case

PARAMETERS = {"parallel": {"band": 2}, "score_bands": {"width": 2}}
ONE_ORDER = ("serial_dictatorship", "score_bands")
COSTLY = ("strategy-proof", "pairs", "non-bossy")

COUNTEREXAMPLES = {
    "deferred_acceptance": {"efficient": 248, "non-bossy": 107, "leaves with the seat": 248, "append for others": 2},
    "immediate_acceptance": {
        "no justified envy": 0,
        "best stable": 0,
        "cutoffs": 0,
        "strategy-proof": 0,
        "pairs": 38,
        "newcomer last": 0,
        "nothing added": 13,
        "split school": 695,
        "rural hospitals": 18,
        "swap": 0,
        "append for others": 2,
    },
    "parallel": {
        "no justified envy": 33,
        "best stable": 33,
        "cutoffs": 33,
        "efficient": 380,
        "strategy-proof": 33,
        "pairs": 0,
        "non-bossy": 307,
        "leaves with the seat": 380,
        "newcomer last": 4,
        "nothing added": 0,
        "split school": 21,
        "rural hospitals": 33,
        "swap": 33,
        "append for others": 2,
    },
    "score_bands": {},
    "serial_dictatorship": {"append for others": 0},
    "top_trading_cycles": {
        "no justified envy": 0,
        "best stable": 0,
        "cutoffs": 0,
        "seat added": 36,
        "number with a seat added": 261,
        "student leaves": 0,
        "leaves with the seat": 0,
        "rural hospitals": 13,
        "append for others": 2,
    },
    "efficiency_adjusted": {},
    "stable_improvement": {},
    "probabilistic_serial": {},
}
"""The seed of a case in which the relation is violated."""

judged = [name for name, row in MECHANISMS.items() if row.judged]


def kept(mechanism, relation, seed):
    """Return whether the case of a seed keeps a relation under a mechanism."""

    def solve(case):
        market = case.market
        choice = MECHANISMS[mechanism].run(market, **PARAMETERS.get(mechanism, {})).choice.tolist()
        return tuple(int(market.pool[c]) if c >= 0 else None for c in choice)

    rng = random.Random(seed)
    return CHECKS[relation](Case.random(rng, common=mechanism in ONE_ORDER), solve, rng)


def test_every_relation_has_a_check():
    assert list(CHECKS) == list(RELATIONS)


@pytest.mark.parametrize("mechanism", judged)
def test_what_a_mechanism_keeps_is_not_refuted(mechanism):
    for relation in MECHANISMS[mechanism].holds:
        for seed in range(12 if relation in COSTLY else 60):
            assert kept(mechanism, relation, seed), f"{relation}, seed {seed}"


@pytest.mark.exhaustive
@pytest.mark.parametrize("mechanism", judged)
def test_what_a_mechanism_keeps_is_not_refuted_on_thousands_of_markets(mechanism):
    for relation in MECHANISMS[mechanism].holds:
        for seed in range(9_000):
            assert kept(mechanism, relation, seed), f"{relation}, seed {seed}"


@pytest.mark.parametrize("mechanism", judged)
def test_what_a_mechanism_fails_has_a_counterexample(mechanism):
    stored = COUNTEREXAMPLES[mechanism]
    assert set(stored) == set(MECHANISMS[mechanism].fails)
    for relation, seed in stored.items():
        assert not kept(mechanism, relation, seed), relation
