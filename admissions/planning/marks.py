"""Numbers of all courses side by side: the middle, and how far they go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from admissions.market import Int64Array
from admissions.planning.courses import Course
from admissions.simulation.intervals import exact_interval

LOW, HIGH = (1, 20), (19, 20)
"""Shares of the courses at or below the ends of what is told."""


@dataclass(frozen=True, slots=True, repr=False)
class Courses:
    """All courses of a projection, one after the other; flows are summed.

    Attributes
    ----------
    rolls : (D, Y + 1, 2, S, 12) int32
    flows : (6, Y + 1, S, 12) int64
    entry : (D, Y, 3, 3) int64
    onward : (D, Y, 2, 4) int64
    """

    rolls: np.ndarray
    flows: Int64Array
    entry: Int64Array
    onward: Int64Array

    @classmethod
    def of(cls, courses: Sequence[Course]) -> "Courses":
        """Return courses in their order."""
        rolls, entry, onward = (np.stack([getattr(c, name) for c in courses]) for name in ("rolls", "entry", "onward"))
        return cls(rolls, np.sum([course.flows for course in courses], axis=0), entry, onward)


class Marks(NamedTuple):
    """Mean of numbers over the courses, and the marks at or below which 5 %, half and 95 % of the courses lie."""

    mean: np.ndarray
    low: np.ndarray
    median: np.ndarray
    high: np.ndarray


def marks_of(values: np.ndarray) -> Marks:
    """Return the marks of numbers along their first axis, the courses; none in between is made up.

    Examples
    --------
    >>> [float(mark) for mark in marks_of(np.arange(1, 101))]
    [50.5, 5.0, 50.0, 95.0]
    """
    ordered, draws = np.sort(values, axis=0), len(values)
    places = [max(-(-draws * top // bottom), 1) - 1 for top, bottom in (LOW, (1, 2), HIGH)]
    return Marks(values.mean(axis=0), *(ordered[place] for place in places))


def share_interval(counts: Int64Array, draws: int, drawn: bool) -> tuple[list[float | None], list[float | None]]:
    """Return the 95 % interval of shares of the draws; none where nothing was drawn."""
    if not drawn:
        return [None] * len(counts), [None] * len(counts)
    low, high = exact_interval(counts, draws)
    return low.tolist(), high.tolist()


def named_marks(name: str, marks: Marks) -> dict[str, np.ndarray]:
    """Return the marks as columns of a name."""
    return {f"{name}_{mark}" if name else mark: values for mark, values in marks._asdict().items()}


def where_known(values: Int64Array) -> pl.Series:
    """Return numbers as a column, empty where they are below 0."""
    series = pl.Series(values).cast(pl.Int64)
    return series.set(series < 0, None)
