"""Tools to property-test the rules of an office: strategies that draw inputs, assertions, relations between runs.

They are what tests the mechanisms here. Hypothesis comes with the extra ``testing``.
"""

try:
    import hypothesis as _hypothesis
except ImportError as error:
    raise ImportError("admissions.testing needs hypothesis: install admissions[testing]") from error

from admissions.mechanisms.relations import RELATIONS
from admissions.testing.assertions import (
    assert_allocation_equal,
    assert_best_stable,
    assert_no_envy,
    assert_stable,
    assert_strategy_proof,
)
from admissions.testing.cases import Case
from admissions.testing.choosing import ChoiceVerdict, PoolRule, check_choice_rule
from admissions.testing.relations import Counterexample, Verdict, check_relation, find_violation, stored_counterexample
from admissions.testing.strategies import choice_rules, districts, markets, policies

__all__ = [
    "RELATIONS",
    "Case",
    "ChoiceVerdict",
    "Counterexample",
    "PoolRule",
    "Verdict",
    "assert_allocation_equal",
    "assert_best_stable",
    "assert_no_envy",
    "assert_stable",
    "assert_strategy_proof",
    "check_choice_rule",
    "check_relation",
    "choice_rules",
    "districts",
    "find_violation",
    "markets",
    "policies",
    "stored_counterexample",
]

del _hypothesis
