"""Worked examples of every clause on the office's own rows: whom it catches, who just misses it, and who goes first.

They name children, for the office's own screen; nothing of them is written down.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
import polars as pl

from admissions.compiling.applications import Applications
from admissions.compiling.checking import check_policy
from admissions.compiling.ranking import Draw, Ranking
from admissions.district.district import District
from admissions.market import BoolArray, Int64Array
from admissions.policy.expressions import Term, parse_expression
from admissions.policy.policy import Policy
from admissions.readiness.rehearsal import NO_CLASS, Order, Rehearsal, rehearse

SHOWN = 3
"""Applications shown of each kind."""

UNLIKE = 3
"""In how many columns at most an application that is missed is unlike one that is caught, to be called near."""

CONVERSIONS = 30
"""Values of a converted column shown."""

_ORDINALS = {1: "first", 2: "second", 3: "third"}

Kind = Literal["caught", "missed", "before", "after", "last"]


@dataclass(frozen=True, slots=True)
class Example:
    """One application, and what a clause makes of it.

    Attributes
    ----------
    kind : {"caught", "missed", "before", "after", "last"}
        Whether the clause catches it; or, in an order, whether it goes before the next one, after the one before, or
        last because nothing is known.
    student_id : str
        Who applies.
    programme_id : str or None
        Where; None for a condition on students alone.
    values : mapping of str to value
        What the clause reads of it.
    differs : tuple of str
        In which columns alone a missed application is unlike one that is caught.
    """

    kind: Kind
    student_id: str = field(repr=False)
    programme_id: str | None = field(repr=False)
    values: Mapping[str, Any] = field(repr=False)
    differs: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the example as a line."""
        said = ", ".join(f"{name} {_said(value)}" for name, value in self.values.items())
        words = {"missed": "not caught", "before": "goes before", "after": "goes after", "last": "goes last"}
        where = "" if self.programme_id is None else f" at {self.programme_id}"
        line = f"{words.get(self.kind, self.kind)}: {self.student_id}{where}: {said}"
        return f"{line}  (unlike one that is caught in {' and '.join(self.differs)} alone)" if self.differs else line


@dataclass(frozen=True, slots=True)
class WorkedClause:
    """One clause with its examples.

    Attributes
    ----------
    round, clause, text : str
        Where it stands, and what it says.
    caught, looked_at : int
        Applications it catches, of those no earlier class has caught; or that an order ranks.
    examples : tuple of Example
        A few of those it catches and the nearest that it does not; of an order two that it tells apart, and one of
        whom it knows nothing.
    conversion : tuple of (value, result)
        What an order's expression makes of each value of its one column, where these are few.
    """

    round: str
    clause: str
    text: str
    caught: int
    looked_at: int
    examples: tuple[Example, ...]
    conversion: tuple[tuple[Any, Any], ...] = field(default=(), repr=False)

    def __str__(self) -> str:
        """Return the clause and its examples, a line each."""
        head = f"{self.clause}: {self.text}  [{self.caught:,} of {self.looked_at:,}]"
        lines = [f"    {example}" for example in self.examples]
        lines += [f"    {_said(value)} counts as {_said(result)}" for value, result in self.conversion]
        return "\n".join([head, *lines])


def worked_examples(district: District, policy: Policy) -> tuple[WorkedClause, ...]:
    """Return worked examples of each priority class, seat pool and order of a policy on the office's own rows.

    Parameters
    ----------
    district : District
        The tables.
    policy : Policy
        The rules. A round is shown as it would begin if the earlier ones had given nobody a seat.

    Raises
    ------
    PolicyError, DataError
        If the policy does not fit the tables.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> worked = adm.worked_examples(district, policy)
    >>> [clause.caught for clause in worked if clause.clause == "class 'migrant family'"]
    [6, 2]
    """
    check_policy(district, policy)
    return tuple(clause for rehearsal in rehearse(district, policy) for clause in _of_round(rehearsal))


def _of_round(rehearsal: Rehearsal) -> Iterator[WorkedClause]:
    rule, applications = rehearsal.rule, rehearsal.applications
    if rule.students != "TRUE":
        on_students = rehearsal.on_students()
        caught = on_students.condition(parse_expression(rule.students), f"round '{rule.name}' › students")
        yield _worked(rule.name, "students", rule.students, on_students, (caught, np.ones_like(caught)))
    for place, priority in enumerate(rule.priority):
        still_open = rehearsal.let_in & ((rehearsal.classes >= place) | (rehearsal.classes == NO_CLASS))
        caught = rehearsal.classes == place
        yield _worked(rule.name, f"class '{priority.name}'", priority.when, applications, (caught, still_open))
    for place, pool in enumerate(rule.pool):
        rows = rehearsal.members[:, place], rehearsal.classes != NO_CLASS
        yield _worked(rule.name, f"pool '{pool.name}'", pool.members, applications, rows)
    ranking = Ranking(applications, Draw("", False, rehearsal.applicants.lottery_id))
    for order in rehearsal.orders():
        for place, term in enumerate(order.terms):
            if term.is_lottery:
                break
            yield _ranked(rehearsal, ranking, order, place)


def _worked(
    round_name: str, clause: str, text: str, applications: Applications, rows: tuple[BoolArray, BoolArray]
) -> WorkedClause:
    """Return a condition with some that it catches, from first to last, and the nearest that it does not.

    `rows` are those it catches and those that are looked at.
    """
    caught, looked_at = rows
    columns = _columns(applications, parse_expression(text).columns)
    inside = np.flatnonzero(caught)
    examples: list[Example] = []
    if columns.width:
        spaced = np.unique(np.linspace(0, len(inside) - 1, SHOWN).astype(np.int64)) if len(inside) else inside
        missed = _nearest(columns, inside, np.flatnonzero(looked_at & ~caught))
        shown: dict[int, tuple[str, ...] | None] = {**dict.fromkeys(inside[spaced].tolist()), **missed}
        for row, differs in shown.items():
            kind: Kind = "caught" if differs is None else "missed"
            examples.append(_example(applications, kind, row, columns.row(row, named=True), differs or ()))
    return WorkedClause(round_name, clause, text, len(inside), int(looked_at.sum()), tuple(examples))


def _nearest(columns: pl.DataFrame, caught: Int64Array, missed: Int64Array) -> dict[int, tuple[str, ...]]:
    """Return rows that are missed and differ from one that is caught in as few columns as possible, and in which.

    Where all differ in more than `UNLIKE`, just the first of them.
    """
    names = columns.columns
    inside = columns[pl.Series(caught)].unique()
    outside = columns[pl.Series(missed)].with_columns(row=missed).unique(names, keep="first", maintain_order=True)
    found: dict[int, tuple[str, ...]] = {}
    for size in range(1, min(len(names), UNLIKE) + 1):
        for differs in combinations(names, size):
            if (row := _like(inside, outside, differs)) is not None:
                found.setdefault(row, differs)
        if found:
            return dict(list(found.items())[:SHOWN])
    return dict.fromkeys(outside["row"][:SHOWN].to_list(), ())


def _like(inside: pl.DataFrame, outside: pl.DataFrame, differs: tuple[str, ...]) -> int | None:
    """Return the row outside that is like one inside but for some columns; by a number the nearest to those inside."""
    same = [name for name in inside.columns if name not in differs]
    number = len(differs) == 1 and inside.schema[differs[0]].is_numeric()
    bounds = [pl.col(differs[0]).min().alias("low"), pl.col(differs[0]).max().alias("high")] if number else []
    if same:
        like = outside.join(inside.group_by(same).agg(bounds), on=same, nulls_equal=True)
    else:
        like = outside.join(inside.select(bounds), how="cross") if number else outside.head(len(inside))
    if not len(like):
        return None
    if number:
        value = pl.col(differs[0])
        gap = pl.max_horizontal(pl.col("low") - value, value - pl.col("high")).cast(pl.Float64)
        like = like.sort(gap, "row", nulls_last=True)
    else:
        like = like.sort("row")
    return int(like["row"][0])


def _ranked(rehearsal: Rehearsal, ranking: Ranking, order: Order, place: int) -> WorkedClause:
    """Return one term of an order with two at one programme that it tells apart, and one of whom nothing is known."""
    term, where = order.terms[place], f"'{order.name}'"
    c, k = max(order.cells, key=lambda cell: ((rehearsal.classes == cell[0]) & rehearsal.members[:, cell[1]]).sum())
    rows = np.flatnonzero((rehearsal.classes == c) & rehearsal.members[:, k])
    now = ranking.place(order.terms[: place + 1], where, by_id=False)
    before = ranking.place(order.terms[:place], where, by_id=False) if place else np.zeros_like(now)
    programme = rehearsal.applications.programme
    rows = rows[np.lexsort((rows, now[rows], programme[rows]))]
    values = rehearsal.applications.spread_series(*ranking.values[term.name])
    known = values.is_not_null().to_numpy()
    one, other = rows[:-1], rows[1:]
    apart = (programme[one] == programme[other]) & (before[one] == before[other]) & (now[one] < now[other])
    first = np.flatnonzero(apart & known[other])[:1]
    chosen: list[tuple[Kind, int]] = [("before", int(one[at])) for at in first]
    chosen += [("after", int(other[at])) for at in first]
    chosen += [("last", int(row)) for row in rows[~known[rows]][:1]]
    text = f"{term.expression.text} {'desc' if term.descending else 'asc'}"
    return WorkedClause(
        rehearsal.rule.name, f"order of '{order.name}', {_ORDINALS.get(place + 1, f'{place + 1}th')}", text,
        len(rows), len(rows),
        tuple(_example(rehearsal.applications, kind, row, {term.name: values[row]}) for kind, row in chosen),
        _conversion(rehearsal, term, values, rows),
    )  # fmt: skip


def _conversion(rehearsal: Rehearsal, term: Term, values: pl.Series, rows: Int64Array) -> tuple[tuple[Any, Any], ...]:
    """Return what an expression of one column makes of each of its values, where these are few."""
    names = term.expression.columns
    if len(names) != 1 or term.name == names[0]:
        return ()
    pairs = _columns(rehearsal.applications, names).with_columns(result=values)[pl.Series(rows)].unique()
    return tuple(pairs.sort(pl.all()).rows()) if len(pairs) <= CONVERSIONS else ()


def _columns(applications: Applications, names: Sequence[str]) -> pl.DataFrame:
    """Return columns as the applications see them."""
    return pl.DataFrame([applications.column(name).alias(name) for name in names])


def _example(
    applications: Applications, kind: Kind, row: int, values: Mapping[str, Any], differs: tuple[str, ...] = ()
) -> Example:
    student, programme = int(applications.student[row]), int(applications.programme[row])
    names = applications.district.students["student_id"], applications.district.programmes["programme_id"]
    return Example(kind, names[0][student], names[1][programme] if programme >= 0 else None, values, differs)


def _said(value: Any) -> str:
    if value is None:
        return "is not known"
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)
