"""What earlier rounds left: who is placed, who was left by whom, which seats are free."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from admissions.market import BoolArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True, repr=False)
class Progress:
    """The state between two rounds.

    Attributes
    ----------
    placed : (n,) bool
        Students an earlier round gave a seat.
    left_by : (n,) String
        The last earlier round that considered the student and gave no seat.
    seats : (p,) int64
        Seats of each programme.
    left : (p,) int64
        Seats nobody holds yet; below 0 where a bundle took the last one.
    """

    placed: BoolArray
    left_by: pl.Series
    seats: Int64Array
    left: Int64Array

    @classmethod
    def start(cls, students: int, seats: Int64Array) -> Self:
        """Return the state before the first round."""
        nobody = pl.Series([None], dtype=pl.String).new_from_index(0, students)
        return cls(np.zeros(students, dtype=np.bool_), nobody, seats, seats)

    def after(self, name: str, considered: BoolArray, programme: Int32Array) -> Self:
        """Return the state after a round that considered some and placed those with a programme.

        Parameters
        ----------
        name : str
            Of the round.
        considered : (n,) bool
            Students it considered.
        programme : (n,) int32
            Programme the round gave each student, or -1.
        """
        now = programme >= 0
        left_by = self.left_by.zip_with(~pl.Series(considered & ~now), pl.Series([name]).new_from_index(0, len(now)))
        taken = np.bincount(programme[now], minlength=len(self.left))
        return replace(self, placed=self.placed | now, left_by=left_by, left=self.left - taken)
