"""What if one application stood otherwise: another value in an order, another class, membership of a pool."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from admissions.compiling.applications import Applications, Level
from admissions.market import BoolArray


@dataclass(frozen=True, slots=True, repr=False)
class Supposition:
    """One child's application, seen otherwise than the tables and the lottery have it.

    Attributes
    ----------
    student : int
        Row of the child who speaks for the applicant.
    programme : int
        Row of the programme.
    term : str
        Name of a criterion of the orders; the empty text for none.
    value : value
        What is compared there. Where the value is the child's it is so at all programmes, where it is the application's
        at this one alone.
    class_place : int, optional
        Class of the application.
    member_of : int, optional
        Pool of the rule that it is a member of.
    """

    student: int
    programme: int
    term: str = ""
    value: Any = None
    class_place: int | None = None
    member_of: int | None = None

    def about(self, applications: Applications) -> BoolArray:
        """Return which applications are the one supposed, (m,) bool."""
        return (applications.student == self.student) & (applications.programme == self.programme)

    def revised(self, applications: Applications, term: str, level: Level, values: pl.Series) -> pl.Series:
        """Return the values of a criterion as supposed."""
        if term != self.term or level == "programme":
            return values
        rows = [self.student] if level == "student" else np.flatnonzero(self.about(applications)).tolist()
        return with_value(values, rows, self.value) if len(rows) else values


def with_value(values: pl.Series, rows: Iterable[int], value: Any) -> pl.Series:
    """Return a column that has a value in some rows, whole numbers and decimals as wide as they get.

    Examples
    --------
    >>> with_value(pl.Series([1, 2], dtype=pl.Int8), [0], 300).to_list()
    [300, 2]
    """
    if values.dtype.is_integer():
        values = values.cast(pl.Int64)
    elif isinstance(values.dtype, pl.Decimal):
        values = values.cast(pl.Decimal(38, values.dtype.scale))
    return values.clone().scatter(rows, value)
