"""The two small languages of a policy: conditions (`when`) and ranking terms (`order`).

A condition is an SQL condition over one application, read by polars. It sees one row and nothing else: no aggregate,
no window, no subquery. A ranking term is a column, or an SQL expression, and a direction.
"""

import io
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import polars as pl

from admissions.errors import PolicyError

LOTTERY = "lottery"
_BEYOND_THE_ROW = ("Agg", "Over", "SubPlan", "Len", "Correlation")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_NOT_A_TRUTH = re.compile(r"\bIS\s+NOT\s+(TRUE|FALSE)\b", re.IGNORECASE)
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
        """Return it as a polars expression, in which what is divided by 0 is unknown."""
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
        If it is no SQL expression, looks beyond its own row, or asks ``IS NOT TRUE`` or ``IS NOT FALSE``: of an empty
        cell both hold in SQL, and neither in polars.

    Examples
    --------
    >>> parse_expression("hukou = 'migrant' AND distance < 2000").columns
    ('distance', 'hukou')
    >>> parse_expression("AVG(total) > 400")
    Traceback (most recent call last):
        ...
    admissions.errors.PolicyError: 'AVG(total) > 400' looks beyond one application; use columns of the row alone
    """
    if asked := _NOT_A_TRUTH.search(_QUOTED.sub("''", text)):
        other = "FALSE" if asked[1].upper() == "TRUE" else "TRUE"
        way_out = f"say '= {other}', and 'OR … IS NULL' if an empty cell is to count"
        raise PolicyError(f"'{text}' leaves open what {asked[0]} says of an empty cell; {way_out}")
    try:
        expression = pl.sql_expr(text)
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


def _read(text: str) -> pl.Expr:
    expression = pl.sql_expr(text)
    if "/" not in text:
        return expression
    return _expression(_with_known_divisors(json.loads(expression.meta.serialize(format="json"))))


def _expression(tree: Any) -> pl.Expr:
    return pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json")


def _with_known_divisors(tree: Any) -> Any:
    """Return the tree of an expression in which a divisor of 0 is unknown: polars makes infinity of it."""
    if isinstance(tree, list):
        return [_with_known_divisors(part) for part in tree]
    if not isinstance(tree, dict):
        return tree
    tree = {name: _with_known_divisors(part) for name, part in tree.items()}
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
