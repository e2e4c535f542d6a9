"""The two small languages of a policy: conditions (`when`) and ranking terms (`order`).

A condition is an SQL condition over one application, read by polars. It sees one row and nothing else: no aggregate,
no window, no subquery. A ranking term is a column, or an SQL expression, and a direction.
"""

import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from operator import add, and_, eq, ge, gt, le, lt, mul, ne, or_, sub
from typing import Any

import polars as pl

from admissions.errors import PolicyError

LOTTERY = "lottery"
_BEYOND_THE_ROW = ("Agg", "Over", "SubPlan", "Len", "Correlation")
_QUOTED = r"'[^']*'|\"[^\"]*\""
_COMMENT = re.compile(rf"({_QUOTED})|--[^\n]*|/\*.*?\*/", re.DOTALL)
_LIKE = re.compile(r"LIKE\s+('[^']*')+\s*\Z", re.IGNORECASE)
_IS_TRUTH = re.compile(rf"({_QUOTED})|\bIS\s+(NOT\s+)?(TRUE|FALSE)\b", re.IGNORECASE)
_JOINS: dict[int, tuple[Callable[..., pl.Expr], ...]] = {
    2: tuple(
        lambda right, left, join=join: join(left, right) for join in (or_, and_, gt, ge, lt, le, eq, ne, add, sub, mul)
    ),
    3: (lambda when, otherwise, then: pl.when(when).then(then).otherwise(otherwise),),
}
"""How the parts of an expression, as polars hands them out, are put together again."""
_TERM = re.compile(r"^(?P<what>.+?)(?:\s+(?P<direction>asc|desc))?$", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Expression:
    """An SQL expression over one application.

    Attributes
    ----------
    text : str
        As the policy has it.
    columns : tuple of str
        The columns it reads, in order of name.
    """

    text: str
    columns: tuple[str, ...]

    def polars(self) -> pl.Expr:
        """Return it as a polars expression, with the truth that SQL knows: see `parse_expression`."""
        return _read(self.text)

    def failure_on(self, frame: pl.DataFrame) -> str:
        """Return why it cannot be computed on a frame, in words that hold no value of the frame."""
        try:
            frame.clear().with_columns(value=self.polars())
        except pl.exceptions.PolarsError as error:
            return str(error).splitlines()[0]
        return f"has no result for some value of {', '.join(self.columns)}"


@dataclass(frozen=True, slots=True)
class Term:
    """One criterion of an order: what is compared, and whether the larger value goes first."""

    expression: Expression
    descending: bool

    @property
    def name(self) -> str:
        """Name of the column that records its values: its text."""
        return self.expression.text.strip('"')

    @property
    def is_lottery(self) -> bool:
        """Whether it is the lottery number."""
        return self.expression.text == LOTTERY


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """Return an SQL expression over one application.

    Raises
    ------
    PolicyError
        If it is no SQL expression, looks beyond its own row, or is nested too deeply to be divided in.

    Notes
    -----
    As in SQL, and other than in polars, what is divided by 0 is not known, and ``IS TRUE``, ``IS FALSE`` and their
    ``NOT`` know of an empty cell that it is neither.

    Examples
    --------
    >>> parse_expression("hukou = 'migrant' AND distance < 2000").columns
    ('distance', 'hukou')
    >>> parse_expression("AVG(total) > 400")
    Traceback (most recent call last):
        ...
    admissions.errors.PolicyError: 'AVG(total) > 400' looks beyond one application; use columns of the row alone
    """
    try:
        expression = _read(text)
        columns = tuple(sorted(set(expression.meta.root_names())))
        alone = not any(f'"{mark}"' in expression.meta.serialize(format="json") for mark in _BEYOND_THE_ROW)
        alone = alone and (not columns or _keeps_rows(expression))
    except pl.exceptions.PolarsError as error:
        raise PolicyError(f"'{text}' is no SQL expression: {str(error).splitlines()[0]}") from None
    if not alone:
        raise PolicyError(f"'{text}' looks beyond one application; use columns of the row alone")
    return Expression(text, columns)


def parse_term(text: str) -> Term:
    """Return a ranking term.

    Raises
    ------
    PolicyError
        If it is no column or SQL expression with an optional ``asc`` or ``desc``.

    Examples
    --------
    >>> term = parse_term("total desc")
    >>> term.name, term.descending
    ('total', True)
    """
    match = _TERM.match(text.strip())
    if match is None:
        raise PolicyError("an empty text ranks nobody; name a column, or 'lottery'")
    what = match["what"].strip()
    descending = (match["direction"] or "asc").lower() == "desc"
    if what == LOTTERY and descending:
        raise PolicyError("the lottery has one direction: the smallest number goes first")
    return Term(parse_expression(what), descending)


@lru_cache(maxsize=1024)
def _read(text: str) -> pl.Expr:
    plain = _COMMENT.sub(lambda found: found[1] or " ", text)
    return _with_known_divisors(pl.sql_expr(_IS_TRUTH.sub(_is_truth, plain)))


def _is_truth(found: re.Match[str]) -> str:
    """Return ``IS TRUE`` as a comparison that knows of an empty cell; after LIKE, which that would part, as it is."""
    if found[1] or _LIKE.search(found.string[: found.start()]):
        return found[0]
    return f"<=> {found[3]}{' = FALSE' if found[2] else ''}"


def _with_known_divisors(expression: pl.Expr) -> pl.Expr:
    """Return an expression in which a divisor of 0 is unknown: polars makes infinity of it.

    Its tree can be changed as JSON alone, which may not be deep: what can be joined again is changed part by part.
    """
    tree = expression.meta.serialize(format="json")
    if '"Sql":{"Binary":"Div"}' not in tree:
        return expression
    parts = expression.meta.pop()
    for join in _JOINS.get(len(parts), ()):
        if join(*parts).meta.eq(expression):
            return join(*map(_with_known_divisors, parts))
    try:
        return _expression(_change_divisors(json.loads(tree)))
    except (pl.exceptions.ComputeError, RecursionError):
        raise PolicyError("what divides is nested too deeply to be read; divide in a shorter expression") from None


def _expression(tree: Any) -> pl.Expr:
    return pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json")


def _change_divisors(tree: Any) -> Any:
    if isinstance(tree, list):
        return [_change_divisors(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {name: _change_divisors(part) for name, part in tree.items()}
    match tree:
        case {"Function": {"input": [dividend, divisor], "function": {"Sql": {"Binary": "Div"}} as divide}}:
            under = _expression(divisor)
            known = pl.when(under != 0).then(under).meta.serialize(format="json")
            return {"Function": {**tree["Function"], "input": [dividend, json.loads(known)], "function": divide}}
    return tree


def _keeps_rows(expression: pl.Expr) -> bool:
    try:
        return expression.meta.is_length_preserving()
    except pl.exceptions.ColumnNotFoundError:
        return True
