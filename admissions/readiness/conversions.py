"""A conversion must cover every value there is: a CASE without ELSE leaves the others as if nothing were known."""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from admissions.compiling.applications import Level
from admissions.errors import masked
from admissions.market import BoolArray
from admissions.policy.expressions import Expression, parse_expression
from admissions.readiness.concerns import Concern
from admissions.readiness.rehearsal import Rehearsal

SHOWN_VALUES = 5
_TEXT = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_WORDS = {word: re.compile(rf"\b{word}\b", re.IGNORECASE) for word in ("case", "else")}


def uncovered_values(rehearsal: Rehearsal) -> Iterator[Concern]:
    """Yield each clause with a CASE without ELSE that makes nothing of what is known of some children.

    A value that nobody converts ranks last in an order, and in a condition it does not hold: a mark entered in a new
    way then counts as no mark.
    """
    rule = rehearsal.rule
    for order in rehearsal.orders():
        for term in order.terms:
            if _is_open(term.expression):
                yield from _uncovered(rehearsal, term.expression, order.name, rehearsal.ranked_by(order), "ranks last")
    conditions = [(rule.name, rule.students)]
    conditions += [(f"{rule.name}/{c.name}", c.when) for c in rule.classes]
    conditions += [(f"{rule.name}/{p.name}", p.members) for p in rule.pools]
    for name, text in conditions:
        if _is_open(parse_expression(text)):
            everybody = np.ones(len(rehearsal.applications), dtype=np.bool_)
            yield from _uncovered(rehearsal, parse_expression(text), name, everybody, "does not hold")


def _is_open(expression: Expression) -> bool:
    """Return whether an expression has a CASE that states no ELSE."""
    plain = _TEXT.sub("", expression.text)
    case, other = (len(word.findall(plain)) for word in _WORDS.values())
    return case > other


def _uncovered(
    rehearsal: Rehearsal, expression: Expression, name: str, rows: BoolArray, then: str
) -> Iterator[Concern]:
    applications, where = rehearsal.applications, f"'{name}'"
    level, values = applications.evaluate(expression, where)
    rows = rows & applications.spread(level, values.is_null().to_numpy())
    read = [applications.evaluate(parse_expression(f'"{column}"'), where) for column in expression.columns]
    for own, column in read:
        rows &= applications.spread(own, column.is_not_null().to_numpy())
    if not rows.any():
        return
    yield Concern(
        "stops", "conversion", name,
        f"'{expression.text}' of {name} says nothing of what is known (children concerned: {rehearsal.children(rows)}"
        f"{_values(rehearsal, read, rows)}), so that it {then}; cover every value, or write ELSE NULL if that is meant",
    )  # fmt: skip


def _values(rehearsal: Rehearsal, read: Sequence[tuple[Level, pl.Series]], rows: BoolArray) -> str:
    """Return the values that an expression of one column leaves out, as they may be shown."""
    if len(read) != 1:
        return ""
    (level, column), applications = read[0], rehearsal.applications
    found = applications.spread_series(level, column).filter(pl.Series(rows)).unique().sort()
    shown = [masked(str(value)) for value in found[:SHOWN_VALUES]] + ["…"] * (len(found) > SHOWN_VALUES)
    return f"; values: {', '.join(shown)}"
