"""What if one application stood otherwise: another value in an order, another class, membership of a pool."""

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
        rows = [self.student] if level == "student" else np.flatnonzero(self.about(applications))
        return values.clone().scatter(rows, self.value) if len(rows) else values
