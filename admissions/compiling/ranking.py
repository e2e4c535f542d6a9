"""Who goes before whom: classes and orders compiled to dense integer keys. No float ever ranks a child."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.compiling.applications import Applications, Level
from admissions.compiling.lottery import lottery_numbers
from admissions.compiling.supposition import Supposition
from admissions.errors import DataError, PolicyError, Problem
from admissions.market import Int64Array
from admissions.policy.expressions import Term

KEY_BITS = 62


@dataclass(frozen=True, slots=True, repr=False)
class Draw:
    """The lottery of a run: its seed, whether each programme draws anew, and the ids that draw.

    `ids` has one entry a student: the bundle's id where there is one.
    """

    seed: str
    by_programme: bool
    ids: pl.Series

    def numbers(self, applications: Applications) -> tuple[Level, pl.Series]:
        """Return the lottery numbers of the applications, one a student or one an application."""
        if not self.by_programme:
            taking_part = np.zeros(len(self.ids), dtype=np.bool_)
            taking_part[applications.student] = True
            if taking_part.all():
                return "student", lottery_numbers(self.seed, self.ids)
            rows = np.flatnonzero(taking_part)
            whole = pl.Series("lottery", [None], dtype=pl.String).new_from_index(0, len(self.ids))
            return "student", whole.scatter(rows, lottery_numbers(self.seed, self.ids.gather(rows)))
        programmes = applications.district.programmes["programme_id"].gather(applications.programme)
        pairs = zip(programmes, self.ids.gather(applications.student), strict=True)
        return "application", lottery_numbers(self.seed, (f"{programme}:{one}" for programme, one in pairs))


class Ranking:
    """The orders of a round over its applications, each term evaluated once.

    Parameters
    ----------
    applications : Applications
        What is ranked.
    draw : Draw
        The lottery.
    supposition : Supposition, optional
        How one application stands otherwise.
    """

    def __init__(self, applications: Applications, draw: Draw, supposition: Supposition | None = None) -> None:
        self.applications = applications
        self.draw = draw
        self.supposition = supposition
        self.values: dict[str, tuple[Level, pl.Series]] = {}
        self._codes: dict[tuple[str, bool], tuple[Level, Int64Array]] = {}

    def place(self, terms: Sequence[Term], where: str, by_id: bool = True) -> Int64Array:
        """Return the place of each application in an order, (m,) int64, smaller is better.

        Parameters
        ----------
        terms : sequence of Term
            First criterion first.
        where : str
            The clause, for errors.
        by_id : bool
            Whether the student's id settles what the terms leave equal.
        """
        columns = [self._coded(term, where) for term in terms]
        if by_id:
            columns.append(("student", np.arange(len(self.applications.district.students), dtype=np.int64)))
        level: Level = "student" if all(own == "student" for own, _ in columns) else "application"
        spread = [codes if own == level else self.applications.spread(own, codes) for own, codes in columns]
        places = _packed(spread)
        if level == "student":  # those who apply for nothing here take no place
            applies = np.zeros(len(places), dtype=np.bool_)
            applies[self.applications.student] = True
            dense_places = np.zeros(len(places), dtype=np.int64)
            dense_places[applies] = dense(places[applies])
            return self.applications.spread(level, dense_places)
        return dense(places)

    def _coded(self, term: Term, where: str) -> tuple[Level, Int64Array]:
        """Return a term's values as dense codes, smaller goes first, missing values last."""
        name = (term.expression.text, term.descending)
        if name not in self._codes:
            level, values = self._valued(term, where)
            self._codes[name] = level, _codes(values, term.descending)
        return self._codes[name]

    def _valued(self, term: Term, where: str) -> tuple[Level, pl.Series]:
        if term.name not in self.values:
            if term.is_lottery:
                level, values = self.draw.numbers(self.applications)
            else:
                level, values = self.applications.evaluate(term.expression, where)
                self._refuse_unrankable(term, values, where)
            if self.supposition is not None:
                values = self.supposition.revised(self.applications, term.name, level, values)
            self.values[term.name] = level, values
        return self.values[term.name]

    def _refuse_unrankable(self, term: Term, values: pl.Series, where: str) -> None:
        if values.dtype.is_float():
            raise PolicyError(
                f"{where}: '{term.expression.text}' gives floating-point numbers, which round; "
                "rank by whole numbers or exact decimals (dividing whole numbers gives floats)"
            )
        if values.dtype != pl.String:
            return
        for name in term.expression.columns:
            for table in ("students", "choices", "programmes", "schools"):
                if problem := self.applications.district.mixed.get(f"{table}.{name}"):
                    message = f"is no number, and {where} ranks by this column"
                    raise DataError([Problem(problem.table, problem.row, problem.column, problem.value, message)])


def dense(values: Int64Array) -> Int64Array:
    """Return the values as 0, 1, 2 … in their order, equal ones equal.

    Examples
    --------
    >>> dense(np.array([70, 10, 70, 30])).tolist()
    [2, 0, 2, 1]
    """
    if not len(values):
        return values.astype(np.int64)
    low, high = int(values.min()), int(values.max())
    if high - low <= 4 * len(values) + 1024:
        present = np.zeros(high - low + 1, dtype=np.bool_)
        present[values - low] = True
        return (np.cumsum(present) - 1)[values - low]
    return pl.Series(values).rank("dense").to_numpy().astype(np.int64) - 1


def _codes(values: pl.Series, descending: bool) -> Int64Array:
    """Return the values as 0, 1, 2 … in their order, missing ones last in either direction."""
    if values.dtype == pl.String:
        values = _short(values)
    codes = values.rank("dense", descending=descending)
    ranks = codes.fill_null(0).to_numpy().astype(np.int64)
    return np.where(ranks == 0, ranks.max(initial=0) + 1, ranks) - 1


def _short(values: pl.Series) -> pl.Series:
    """Return hexadecimal text as the numbers it begins with where these tell all values apart; else the text itself."""
    if not values.str.contains("^[0-9a-f]{64}$").all():
        return values
    begins = values.str.slice(0, 15).str.to_integer(base=16)
    return begins if begins.n_unique() == values.n_unique() else values


def _packed(columns: Sequence[Int64Array]) -> Int64Array:
    """Return one number a row whose order is the lexicographic order of the columns."""
    packed = columns[0]
    for column in columns[1:]:
        bits = int(column.max(initial=0)).bit_length()
        if int(packed.max(initial=0)).bit_length() + bits > KEY_BITS:
            packed = dense(packed)
        packed = (packed << bits) | column
    return packed
