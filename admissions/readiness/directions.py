"""Raising a mark must never lower a result: orders in which the smaller number goes first where a larger is better."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from admissions.compiling.applications import Applications
from admissions.market import BoolArray
from admissions.policy.expressions import Term, parse_expression
from admissions.readiness.concerns import Concern
from admissions.readiness.floors import has_floor
from admissions.readiness.rehearsal import FAR, Order, Rehearsal

MARK_WORDS = {"mark", "marks", "score", "scores", "point", "points", "total", "exam", "grade", "grades", "gpa"}
"""Words of a column's name that speak of a mark."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where raising a number moves an application in one term of an order: up, down, or some up and others down."""

    order: str
    term: str
    number: str
    up: bool
    down: bool


def lowered_by_a_higher_mark(rehearsal: Rehearsal) -> Iterator[Concern]:
    """Yield each order in which a child with a higher number goes later although a higher one seems to be better.

    It stops a run where the round itself says that higher is better: by a floor below which nobody enters, or by an
    order in which the higher goes first. Where only the column's name speaks of a mark it is told.
    """
    ways = list(_ways(rehearsal))
    for way in ways:
        if not way.down:
            continue
        said = f"'{way.term}' of {way.order} lets a child with a higher '{way.number}' go later"
        sooner = [other for other in ways if other.number == way.number and other.up]
        if sooner:
            where = "other children" if sooner[0] == way else f"'{sooner[0].term}' of {sooner[0].order}"
            yield Concern("stops", "direction", way.order, f"{said}, and {where} sooner; which is meant?")
        elif any(has_floor(rehearsal, way.number, k) for k in range(len(rehearsal.rule.pools))):
            yield Concern(
                "stops", "direction", way.order,
                f"{said}, and nobody enters whose '{way.number}' is too low: is '{way.number} desc' meant?",
            )  # fmt: skip
        elif MARK_WORDS & set(way.number.lower().split("_")):
            yield Concern(
                "tells", "mark", way.order,
                f"{said}: if a higher one is better, '{way.number} desc' is meant; see the worked examples",
            )  # fmt: skip


def _ways(rehearsal: Rehearsal) -> Iterator[_Way]:
    """Yield where raising each number of a child moves it in each term that reads the number."""
    for order in rehearsal.orders():
        for term in order.terms:
            said = f"{term.expression.text} {'desc' if term.descending else 'asc'}"
            for number in rehearsal.numbers(term.expression):
                if term.name == number:
                    up, down = term.descending, not term.descending
                else:
                    up, down = _moves(rehearsal, order, term, number)
                yield _Way(order.name, said, number, up, down)


def _moves(rehearsal: Rehearsal, order: Order, term: Term, number: str) -> tuple[bool, bool]:
    """Return whether raising a number from far below to what it is, and on to far above, moves anybody up or down."""
    applications, where = rehearsal.applications, f"'{order.name}'"
    level, own = applications.evaluate(parse_expression(f'"{number}"'), where)
    known = rehearsal.ranked_by(order) & applications.spread(level, own.is_not_null().to_numpy())
    low, now, high = (
        _values(state, term, where, known)
        for state in (rehearsal.with_all_at(number, -FAR), applications, rehearsal.with_all_at(number, FAR))
    )
    up = _any_later(low, now, term) or _any_later(now, high, term)
    down = _any_later(now, low, term) or _any_later(high, now, term)
    return up, down


def _values(applications: Applications, term: Term, where: str, rows: BoolArray) -> pl.Series:
    """Return a term's values for some applications."""
    return applications.spread_series(*applications.evaluate(term.expression, where)).filter(pl.Series(rows))


def _any_later(one: pl.Series, other: pl.Series, term: Term) -> bool:
    """Return whether any value goes after its other in a term, a missing one last."""
    after = (one < other) if term.descending else (one > other)
    return bool((after.fill_null(False) | (one.is_null() & other.is_not_null())).any())
