"""What must hold between runs of a rule, looked for in textbook markets; a case for each that is known to fail."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from random import Random
from typing import Any

from admissions.errors import MarketError, did_you_mean
from admissions.market import Market, Matching
from admissions.mechanisms import MECHANISMS
from admissions.mechanisms.relations import RELATIONS
from admissions.testing import changes, outcomes
from admissions.testing.cases import Case, Outcome, Solve

Rule = str | Callable[[Market], Matching]
"""A name in `MECHANISMS`, or a function of one's own from market to matching."""

CHECKS: dict[str, Callable[[Case, Solve, Random], Iterator[str]]] = {
    "row order": changes.row_order,
    "school names": changes.school_names,
    "feasible": outcomes.feasible,
    "non-wasteful": outcomes.non_wasteful,
    "no justified envy": outcomes.no_justified_envy,
    "best stable": outcomes.best_stable,
    "cutoffs": outcomes.cutoffs,
    "efficient": outcomes.efficient,
    "weakly efficient": outcomes.weakly_efficient,
    "strategy-proof": changes.strategy_proof,
    "pairs": changes.pairs,
    "non-bossy": changes.non_bossy,
    "cut below": changes.cut_below,
    "list one": changes.list_one,
    "seat added": changes.seat_added,
    "number with a seat added": changes.seat_added_number,
    "student leaves": changes.student_leaves,
    "raised": changes.raised,
    "leaves with the seat": changes.leaves_with_the_seat,
    "newcomer last": changes.newcomer_last,
    "better everywhere": changes.better_everywhere,
    "two markets": changes.two_markets,
    "nothing added": changes.nothing_added,
    "split school": changes.split_school,
    "all list one": changes.all_list_one,
    "rural hospitals": outcomes.rural_hospitals,
    "swap": changes.swap,
    "append": changes.append,
    "append for others": changes.append_for_others,
}
"""The relations of `admissions.mechanisms.relations`, each as a search for violations in one case."""


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A textbook market in which a relation is violated.

    Attributes
    ----------
    relation : str
        Which.
    case : Case
        The market.
    words : str
        Who loses or gains by what.
    """

    relation: str
    case: Case
    words: str

    def __str__(self) -> str:
        """Return what happens in which market."""
        case = self.case
        return f"{self.relation}: {self.words}\n  lists {case.lists}\n  orders {case.orders}\n  seats {case.seats}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a relation was kept.

    Attributes
    ----------
    relation : str
        Which.
    checked : int
        Textbook markets looked at.
    counterexample : Counterexample or None
        The first market that violates it.
    """

    relation: str
    checked: int
    counterexample: Counterexample | None

    @property
    def holds(self) -> bool:
        """Whether no market violated it; no proof, but evidence."""
        return self.counterexample is None

    def __str__(self) -> str:
        """Return the verdict in words."""
        if self.counterexample is None:
            return f"{self.relation}: kept in {self.checked:,} markets"
        return f"{self.counterexample}"


def check_relation(rule: Rule, name: str, markets: int = 2_000, common: bool = False, seed: str = "") -> Verdict:
    """Return whether a rule keeps a relation between runs, with the first counterexample.

    Parameters
    ----------
    rule : str or callable
        A mechanism by name, looked at in the markets its row speaks of; or a function from `Market` to `Matching`.
    name : str
        A key of `RELATIONS`.
    markets : int
        Markets to look at: four students, three schools, lists cut, none to two seats.
    common : bool
        Whether all schools rank alike. For a mechanism that needs it they do.
    seed : str
        Text the markets are drawn from; the same text gives the same markets on any machine.

    Raises
    ------
    MarketError
        For a name nobody knows, or no markets.

    Examples
    --------
    >>> import admissions as adm
    >>> check_relation("deferred_acceptance", "strategy-proof", markets=50).holds
    True
    >>> def first_come(market):
    ...     return adm.match(market, "immediate_acceptance")
    >>> print(check_relation(first_come, "no justified envy").counterexample.words)
    student 2 prefers school 1, which admitted student 0 of lower priority
    """
    _refuse_unknown(name, RELATIONS, "relation")
    if markets < 1:
        raise MarketError(f"markets = {markets}; at least one is needed")
    if isinstance(rule, str):
        _refuse_unknown(rule, MECHANISMS, "mechanism")
        common = common or MECHANISMS[rule].one_order
    for number in range(markets):
        case = Case.drawn(Random(f"{seed}:{number}"), common=common)
        words = find_violation(rule, name, case)
        if words:
            return Verdict(name, number + 1, Counterexample(name, case, words))
    return Verdict(name, markets, None)


def find_violation(rule: Rule, name: str, case: Case) -> str:
    """Return how a rule violates a relation in one case, in words, or the empty string.

    Parameters
    ----------
    rule, name
        As of `check_relation`.
    case : Case
        The market; what has to be drawn beside it is drawn from the case, so that the answer is always the same.

    Examples
    --------
    >>> case = Case(lists=((0,), (0, 1)), orders=((1, 0), (0, 1)), seats=(1, 0))
    >>> find_violation("deferred_acceptance", "no justified envy", case)
    ''
    """
    return next(CHECKS[name](case, solving(rule), Random(f"{name}:{case}")), "")


def stored_counterexample(mechanism: str, name: str) -> Counterexample | None:
    """Return the case kept for a relation that a mechanism is known to fail; None where it holds.

    Examples
    --------
    >>> known = stored_counterexample("top_trading_cycles", "no justified envy")
    >>> find_violation("top_trading_cycles", "no justified envy", known.case) == known.words
    True
    >>> stored_counterexample("deferred_acceptance", "no justified envy") is None
    True
    """
    _refuse_unknown(name, RELATIONS, "relation")
    _refuse_unknown(mechanism, MECHANISMS, "mechanism")
    stored = _stored().get(mechanism, {}).get(name)
    return None if stored is None else Counterexample(name, Case.from_dict(stored), stored["words"])


def solving(rule: Rule) -> Solve:
    """Return the rule as a function from case to the school of each student.

    Examples
    --------
    >>> solving("deferred_acceptance")(Case(lists=((0,), (0,)), orders=((1, 0),), seats=(1,)))
    (None, 0)
    """
    if isinstance(rule, str):
        row = MECHANISMS[rule]
        return lambda case: _schools(row.run(case.market, **row.judged_with))
    return lambda case: _schools(rule(case.market))


def _schools(matching: Matching) -> Outcome:
    pool = matching.market.pool
    return tuple(int(pool[choice]) if choice >= 0 else None for choice in matching.choice)


@cache
def _stored() -> dict[str, Any]:
    return json.loads(files("admissions.testing").joinpath("counterexamples.json").read_text(encoding="utf-8"))


def _refuse_unknown(name: str, known: Any, what: str) -> None:
    if name not in known:
        raise MarketError(f"no {what} '{name}'{did_you_mean(str(name), known)}; there are {', '.join(known)}")
