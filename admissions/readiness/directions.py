"""Raising a mark must never lower a result: orders in which the smaller number goes first where a larger is better."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from admissions.compiling.applications import Applications
from admissions.market import BoolArray
from admissions.policy.expressions import Term
from admissions.readiness.concerns import Concern
from admissions.readiness.floors import has_floor
from admissions.readiness.rehearsal import FAR, Order, Rehearsal

MARK_WORDS = {"mark", "marks", "score", "scores", "point", "points", "total", "exam", "grade", "grades", "gpa",
              "分数", "总分", "积分", "成绩"}  # fmt: skip
"""Words of a column's name that speak of a mark."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where raising a number moves applications in an order: some sooner, some later, or both.

    `term` is the criterion that puts them later, or else the one that puts them sooner.
    """

    order: str
    term: str
    number: str
    sooner: bool
    later: bool


def lowered_by_a_higher_mark(rehearsal: Rehearsal) -> Iterator[Concern]:
    """Yield each order in which a child with a higher number goes later although a higher one seems to be better.

    It stops a run where the round itself says that higher is better: by a floor below which nobody enters, or by an
    order in which the higher goes first. Where only the column's name speaks of a mark it is told.
    """
    ways = [_way(rehearsal, order, number) for order in rehearsal.orders() for number in _numbers(rehearsal, order)]
    for way in ways:
        if not way.later:
            continue
        said = f"'{way.term}' of {way.order} lets a child with a higher '{way.number}' go later"
        better = [other for other in ways if other.number == way.number and other.sooner]
        if better:
            where = "others" if way.sooner else f"'{better[0].term}' of {better[0].order}"
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


def _numbers(rehearsal: Rehearsal, order: Order) -> dict[str, None]:
    """Return the numbers of a child that an order reads, each once."""
    return {number: None for term in order.terms for number in rehearsal.numbers(term.expression)}


def _way(rehearsal: Rehearsal, order: Order, number: str) -> _Way:
    """Return where raising a number moves applications, by the first term that it changes."""
    reading = [term for term in order.terms if number in term.expression.columns]
    if reading[0].name == number:
        down = not reading[0].descending
        return _Way(order.name, _said(reading[0]), number, sooner=not down, later=down)
    known = rehearsal.ranked_by(order) & rehearsal.applications.column(number).is_not_null().to_numpy()
    low, now, high = rehearsal.with_all_at(number, -FAR), rehearsal.applications, rehearsal.with_all_at(number, FAR)
    sooner: Term | None = None
    later: Term | None = None
    for before, after in ((low, now), (now, high)):
        equal = known
        for term in reading:
            one, other = (_values(state, term, f"'{order.name}'") for state in (before, after))
            falls, rises = equal & _goes_after(other, one, term), equal & _goes_after(one, other, term)
            sooner, later = sooner or (term if rises.any() else None), later or (term if falls.any() else None)
            equal = equal & ~falls & ~rises
    return _Way(order.name, _said(later or sooner or reading[0]), number, sooner is not None, later is not None)


def _said(term: Term) -> str:
    return f"{term.expression.text} {'desc' if term.descending else 'asc'}"


def _values(applications: Applications, term: Term, where: str) -> pl.Series:
    return applications.spread_series(*applications.evaluate(term.expression, where))


def _goes_after(one: pl.Series, other: pl.Series, term: Term) -> BoolArray:
    """Return where a value goes after its other in a term, a missing one last."""
    after = (one < other) if term.descending else (one > other)
    return (after.fill_null(False) | (one.is_null() & other.is_not_null())).to_numpy()
