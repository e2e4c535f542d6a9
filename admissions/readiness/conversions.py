"""A conversion must cover every value there is: a CASE without ELSE leaves the others as if nothing were known."""

import re
from collections.abc import Iterator

import numpy as np
import polars as pl

from admissions.compiling.applications import Applications
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
    rule, applications = rehearsal.rule, rehearsal.applications
    for order in rehearsal.orders():
        for term in order.terms:
            if _is_open(term.expression):
                rows = rehearsal.ranked_by(order)
                yield from _uncovered(rehearsal, term.expression, order.name, applications, rows, "ranks last")
    conditions = [(rule.name, rule.students, rehearsal.on_students())]
    conditions += [(f"{rule.name}/{c.name}", c.when, applications) for c in rule.classes]
    conditions += [(f"{rule.name}/{p.name}", p.members, applications) for p in rule.pools]
    for name, text, looked_at in conditions:
        if _is_open(parse_expression(text)):
            everybody = np.ones(len(looked_at), dtype=np.bool_)
            yield from _uncovered(rehearsal, parse_expression(text), name, looked_at, everybody, "does not hold")


def _is_open(expression: Expression) -> bool:
    """Return whether an expression has a CASE that states no ELSE."""
    plain = _TEXT.sub("", expression.text)
    case, other = (len(word.findall(plain)) for word in _WORDS.values())
    return case > other


def _uncovered(
    rehearsal: Rehearsal, expression: Expression, name: str, applications: Applications, rows: BoolArray, then: str
) -> Iterator[Concern]:
    if not expression.columns:
        return
    level, values = applications.evaluate(expression, f"'{name}'")
    rows = rows & applications.spread(level, values.is_null().to_numpy())
    read = [applications.column(name) for name in expression.columns]
    for column in read:
        rows &= column.is_not_null().to_numpy()
    if not rows.any():
        return
    found = read[0].filter(pl.Series(rows)).unique().sort() if len(read) == 1 else read[0].clear()
    shown = [masked(str(value)) for value in found[:SHOWN_VALUES]] + ["…"] * (len(found) > SHOWN_VALUES)
    yield Concern(
        "stops", "conversion", name,
        f"'{expression.text}' of {name} says nothing of what is known (children concerned: "
        f"{rehearsal.children(applications.student[rows])}{'; values: ' * bool(shown)}{', '.join(shown)}), so that it "
        f"{then}; cover every value, or write ELSE NULL if that is meant",
    )  # fmt: skip
