"""Assertions for the tests of an office's own rules: each says who, at which pool, and by what."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from admissions.allocation import Allocation
from admissions.audit import Violations, audit_market, justified_envy, stable_improvements
from admissions.market import Market, Matching
from admissions.policy.policy import Margin
from admissions.simulation.misreports import misreport
from admissions.testing.relations import Rule

TABLES = ("students", "applications", "cutoffs", "targets", "shortfall", "rounds")


def assert_no_envy(market: Market, matching: Matching) -> None:
    """Raise where somebody prefers a pool that admitted somebody of lower priority.

    Parameters
    ----------
    market, matching
        What to look at.

    Raises
    ------
    AssertionError
        Naming the first applicants by their place in the market.

    Examples
    --------
    >>> market = Market.from_preferences({"ann": ["n"], "bob": ["n"]}, {"n": ["ann", "bob"]}, {"n": 1})
    >>> assert_no_envy(market, market.matching({"ann": "n"}))
    >>> assert_no_envy(market, market.matching({"bob": "n"}))
    Traceback (most recent call last):
        ...
    AssertionError: justified envy, 1 in all: applicant 0 prefers pool 0, which admitted applicant 1 of lower priority
    """
    _refuse("justified envy", justified_envy(market, matching), market)


def assert_stable(market: Market, matching: Matching, margin: Margin = "last applicant") -> None:
    """Raise where a matching is infeasible, wastes a seat or leaves justified envy.

    Parameters
    ----------
    market, matching
        What to look at.
    margin : str
        By whom a pool may end over its seats, as of `admissions.audit.overfull_pools`.

    Raises
    ------
    AssertionError
        Naming the first applicants and pools.

    Examples
    --------
    >>> market = Market.from_preferences({"ann": ["n"]}, {"n": ["ann"]}, {"n": 1})
    >>> assert_stable(market, market.matching({}))
    Traceback (most recent call last):
        ...
    AssertionError: wasted seat, 1 in all: applicant 0 prefers pool 0, which has a seat left
    """
    names = {"P1": "seats counted twice", "P2": "seat off the list", "P3": "pool above its seats"}
    names |= {"P4": "justified envy", "P5": "wasted seat"}
    for code, violations in audit_market(market, matching, margin).items():
        _refuse(names[code], violations, market)


def assert_best_stable(market: Market, matching: Matching, margin: Margin = "last applicant") -> None:
    """Raise where a matching is not stable, or another stable one is better for some applicant.

    Parameters
    ----------
    market, matching, margin
        As of `assert_stable`.

    Raises
    ------
    AssertionError
        Naming the pools along which seats could be passed, or an applicant with a better seat.

    Examples
    --------
    >>> import admissions as adm
    >>> lists = {"ann": ["n", "s"], "bob": ["s", "n"]}
    >>> market = Market.from_preferences(lists, {"n": ["bob", "ann"], "s": ["ann", "bob"]}, {"n": 1, "s": 1})
    >>> assert_best_stable(market, adm.match(market, "deferred_acceptance"))
    >>> assert_best_stable(market, adm.match(market, "deferred_acceptance", proposing="programmes"))
    Traceback (most recent call last):
        ...
    AssertionError: better stable seats, 1 in all: along pools 0, 1 everybody can move up
    """
    assert_stable(market, matching, margin)
    _refuse("better stable seats", stable_improvements(market, matching, margin == "last tie"), market)


def assert_strategy_proof(rule: Rule, market: Market, lists: int = 400, **parameters: Any) -> None:
    """Raise where an applicant gains by another list made of the own programmes.

    Parameters
    ----------
    rule : str or callable
        A name in `MECHANISMS`, or a function from market to matching.
    market : Market
        With the true lists.
    lists : int
        Lists tried of one applicant: with 400 all that five programmes allow, and of longer lists as many drawn ones.
    **parameters
        Of the rule.

    Raises
    ------
    AssertionError
        Naming the first applicant who gains by its place in the market, and both lists.

    Examples
    --------
    >>> lists = {"ann": ["n", "s"], "bob": ["s"], "eve": ["n"]}
    >>> market = Market.from_preferences(lists, {"n": ["eve", "ann"], "s": ["ann", "bob"]}, {"n": 1, "s": 1})
    >>> assert_strategy_proof("deferred_acceptance", market)
    >>> assert_strategy_proof("immediate_acceptance", market)
    Traceback (most recent call last):
        ...
    AssertionError: gain by a false list, 1 in all: applicant 0 lists ('s',) for ('n', 's') and gains 1 rank
    """
    found = misreport(market, rule, lists=lists, **parameters)
    if found.examples:
        first = found.examples[0]
        applicant = first.student if market.labels is None else market.labels.applicants.index(first.student)
        raise AssertionError(
            f"gain by a false list, {found.gainers} in all: applicant {applicant} lists {first.false_list} for "
            f"{first.true_list} and gains {first.gain} rank{'s' if first.gain > 1 else ''}"
        )


def assert_allocation_equal(one: Allocation, other: Allocation) -> None:
    """Raise where two allocations differ, naming table, row and column of the first difference.

    Parameters
    ----------
    one, other : Allocation
        Their tables are compared: students, applications, cutoffs, targets, shortfall and rounds.

    Raises
    ------
    AssertionError
        Naming no child and no mark.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> one, other = adm.allocate(district, policy, seed="a"), adm.allocate(district, policy, seed="b")
    >>> assert_allocation_equal(one, one)
    >>> assert_allocation_equal(one, other)
    Traceback (most recent call last):
        ...
    AssertionError: applications: row 0 differs in lottery
    """
    for table in TABLES:
        _refuse_difference(table, getattr(one, table), getattr(other, table))


def _refuse_difference(table: str, one: pl.DataFrame, other: pl.DataFrame) -> None:
    if one.columns != other.columns:
        odd = sorted({*one.columns} ^ {*other.columns})
        raise AssertionError(
            f"{table}: " + (f"only one has the column {odd[0]}" if odd else "the columns change places")
        )
    rows = min(len(one), len(other))
    unequal = {name: one[name][:rows].ne_missing(other[name][:rows]) for name in one.columns}
    first = {name: int(where.arg_max() or 0) for name, where in unequal.items() if where.any()}
    if first:
        row = min(first.values())
        columns = ", ".join(name for name, at in first.items() if at == row)
        raise AssertionError(f"{table}: row {row} differs in {columns}")
    if len(one) != len(other):
        raise AssertionError(f"{table}: {len(one)} rows and {len(other)}")


def _refuse(what: str, violations: Violations, market: Market) -> None:
    if not violations.count:
        return
    told = "; ".join(_said(witness, market) for witness in violations.witnesses[:3])
    raise AssertionError(f"{what}, {violations.count} in all" + (f": {told}" if told else ""))


def _said(witness: Mapping[str, Any], market: Market) -> str:
    """Return a witness of the audit in words."""
    match dict(witness):
        case {"applicant": applicant, "choice": choice, "displaces": other}:
            pool = market.pool[choice]
            return f"applicant {applicant} prefers pool {pool}, which admitted applicant {other} of lower priority"
        case {"applicant": applicant, "best": best}:
            return f"applicant {applicant} has a better seat, at pool {market.pool[best]}, in the best stable matching"
        case {"applicant": applicant, "choice": choice} if 0 <= choice < len(market.pool):
            inside = market.indptr[applicant] <= choice < market.indptr[applicant + 1]
            words = "prefers pool {}, which has a seat left" if inside else "holds a choice of another, of pool {}"
            return f"applicant {applicant} {words.format(market.pool[choice])}"
        case {"pool": pool, "seats": seats, "admitted": admitted}:
            return f"pool {pool} has {seats} seats and {admitted} children"
        case {"pools": pools}:
            return f"along pools {', '.join(map(str, pools))} everybody can move up"
    return ", ".join(f"{name} {value}" for name, value in witness.items())
