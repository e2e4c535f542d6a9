"""The steps in which a value that ranks a child can change: units of a number, days, yes or no, places in the draw.

A position counts from worse to better: who has the greater one goes first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import inf
from typing import Any, Literal

import polars as pl

from admissions.policy.expressions import Term

DATE = "%Y-%m-%d"
"""Dates as text, which sort as days do."""

Kind = Literal["more", "less", "later", "earlier", "value", "lottery"]


@dataclass(frozen=True, slots=True, repr=False)
class Scale:
    """The values of a criterion as whole numbers, the greater the better.

    Attributes
    ----------
    kind : str
        What a better value is.
    own : int
        Position of the child; where it has no value, the one below everybody who has.
    guess : int
        Position that ties with the last one admitted, or the next above the child's; in the draw, just before the last.
    best : int
        Position that goes before everybody in the round.
    value : callable
        What the tables have at a position; in the draw, the number that has to be gone below.
    known : bool
        Whether the child has a value.
    """

    kind: Kind
    own: int
    guess: int
    best: int
    value: Callable[[int], Any]
    known: bool = True

    def supposed(self, position: int) -> Any:
        """Return a value that stands at a position; in the draw, the last number below the one there."""
        value = self.value(position)
        return f"{int(value, 16) - 1:0{len(value)}x}" if self.kind == "lottery" else value

    def difference(self, position: int) -> Any:
        """Return how far a position is from the child's, in units or days; None where it is no number."""
        if not self.known or self.kind in ("value", "lottery"):
            return None
        if self.kind in ("later", "earlier"):
            return position - self.own
        return abs(self.value(position) - self.value(self.own))


def make_scale(term: Term, own: Any, last: Any, others: pl.Series) -> Scale | None:
    """Return the scale of a criterion; None where there are no steps on the way to a better value.

    Parameters
    ----------
    term : Term
        The criterion.
    own, last : value or None
        Of the child, and of the last one admitted.
    others : Series
        Of everybody in the round.

    Examples
    --------
    >>> from admissions.policy.expressions import parse_term
    >>> marks = pl.Series([Decimal("7.5"), Decimal("9.0"), Decimal("9.5")], dtype=pl.Decimal(10, 1))
    >>> scale = make_scale(parse_term("mark desc"), Decimal("7.5"), Decimal("9.0"), marks)
    >>> scale.kind, scale.guess - scale.own, scale.value(scale.own + 1)
    ('more', 15, Decimal('7.6'))
    """
    known = others.drop_nulls().unique()
    if not len(known):
        return None
    if term.is_lottery:
        return _draw(own, last, known)
    values, descending = (own, last, known.to_list()), term.descending
    if known.dtype == pl.Boolean:
        return _scale("value", descending, values, (int, bool), (0, 1) if descending else (-1, 0))
    if known.dtype.is_integer() or isinstance(known.dtype, pl.Decimal):
        digits = known.dtype.scale if isinstance(known.dtype, pl.Decimal) else None
        most = 0 if not descending and (known >= 0).all() else inf
        return _scale("more" if descending else "less", descending, values, _units(digits), (-inf, most))
    days = known.str.to_date(DATE, strict=False) if known.dtype == pl.String else known.clear()
    if len(days) and days.dt.to_string(DATE).eq_missing(known).all():
        first, last_of_all = date.min.toordinal(), date.max.toordinal()
        limits = (first, last_of_all) if descending else (-last_of_all, -first)
        return _scale("later" if descending else "earlier", descending, values, (_ordinal, _day), limits)
    return None


def _scale(
    kind: Kind,
    descending: bool,
    values: tuple[Any, Any, list[Any]],
    units: tuple[Callable[[Any], int], Callable[[int], Any]],
    limits: tuple[float, float],
) -> Scale | None:
    """Return the scale of values counted in units.

    Parameters
    ----------
    kind, descending
        What a better value is, and whether it is the larger one.
    values : tuple of value, value, list of values
        The child's, the last one's, and everybody's.
    units : tuple of callables
        From a value to its number of units, and back.
    limits : tuple of float
        The least and the greatest position that a value can have.
    """
    own, last, others = values
    count, value = units
    sign = 1 if descending else -1
    positions = [count(one) * sign for one in others]
    mine = int(max(min(positions) - 1, limits[0])) if own is None else count(own) * sign
    guess = mine + 1 if last is None else max(count(last) * sign, mine + 1)
    best = int(min(max(positions) + 1, limits[1]))
    if guess > best:
        return None
    return Scale(kind, mine, guess, best, lambda position: value(position * sign), own is not None)


def _units(digits: int | None) -> tuple[Callable[[Any], int], Callable[[int], Any]]:
    """Return how whole numbers, or decimals of so many digits, are counted in units of the last digit, and back."""
    if digits is None:
        return int, int
    return lambda mark: int(mark.scaleb(digits)), lambda units: Decimal(units).scaleb(-digits)


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _day(ordinal: int) -> str:
    return date.fromordinal(ordinal).isoformat()


def _draw(own: str, last: str | None, known: pl.Series) -> Scale | None:
    """Return the scale of lottery numbers: a position for each number below the child's, the nearest first."""
    better = known.filter(known < own).sort(descending=True).to_list()
    if not better:
        return None
    guess = better.index(last) if last in better else 0
    return Scale("lottery", -1, guess, len(better) - 1, lambda position: better[position])
