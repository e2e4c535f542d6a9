"""What happens to how many children: drawn from a seed, or as expected to the nearest whole child.

Every number has a stream of its own, named by the seed, the year, what happens and where. So the same child has the
same luck whatever else is assumed, and two sets of assumptions differ by what they assume.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Protocol

import numpy as np

from admissions.compiling.seats import apportion
from admissions.district.dice import Dice
from admissions.market import Int64Array


class Chances(Protocol):
    """Answers three questions about numbers of children."""

    def share(self, what: str, names: Sequence[str], counts: Int64Array, upto: Sequence[Fraction]) -> Int64Array:
        """Return of each count how many children fall below each share, (k, c); the shares rise."""

    def divide(self, what: str, count: int, weights: Int64Array) -> Int64Array:
        """Return how many of a count of children go to each place, in proportion to weights, (w,)."""

    def pick(self, what: str, count: int, number: int) -> Int64Array:
        """Return for each of a count of children which of a number of others it is like, (count,)."""


class Drawn:
    """Chances drawn from a seed: each child by itself, the same on any machine.

    Parameters
    ----------
    seed : str
        Of the draw and the year.

    Examples
    --------
    >>> Drawn("s").share("dropout", ["P1"], np.array([100]), [Fraction(1, 10), Fraction(1)]).tolist()
    [[11], [100]]
    """

    def __init__(self, seed: str) -> None:
        self._seed = seed

    def share(self, what: str, names: Sequence[str], counts: Int64Array, upto: Sequence[Fraction]) -> Int64Array:
        """Return of each count how many children fall below each share: binomial, and nested from share to share."""
        fallen = np.zeros((len(upto), len(counts)), dtype=np.int64)
        bounds = np.array([float(share) for share in upto])
        if not bounds.any():
            return fallen
        for cell, count in enumerate(counts.tolist()):
            if count:
                luck = self._dice(f"{what}:{names[cell]}").uniform(count)
                fallen[:, cell] = (luck < bounds[:, None]).sum(axis=1)
        return fallen

    def divide(self, what: str, count: int, weights: Int64Array) -> Int64Array:
        """Return how many children go to each place: multinomial."""
        reached = np.cumsum(weights)
        if not count or not reached[-1]:
            return np.zeros(len(weights), dtype=np.int64)
        drawn = self._dice(what).below(int(reached[-1]), count)
        return np.bincount(np.searchsorted(reached, drawn, side="right"), minlength=len(weights)).astype(np.int64)

    def pick(self, what: str, count: int, number: int) -> Int64Array:
        """Return which of the others each child is like: any, with equal chance."""
        return self._dice(what).below(number, count)

    def _dice(self, name: str) -> Dice:
        return Dice(f"{self._seed}:{name}")


class Expected:
    """What is expected, in whole children: totals rounded half up, and apportioned by largest remainder.

    Examples
    --------
    >>> Expected().share("dropout", ["P1", "P2"], np.array([600, 600]), [Fraction(1, 200), Fraction(1, 20)]).tolist()
    [[3, 3], [30, 30]]
    """

    def share(self, what: str, names: Sequence[str], counts: Int64Array, upto: Sequence[Fraction]) -> Int64Array:
        """Return the share of all counts together, apportioned to them."""
        fallen = np.zeros((len(upto), len(counts)), dtype=np.int64)
        room, total = counts.astype(np.int64), int(counts.sum())
        for place in reversed(range(len(upto))):
            room = apportion(int(total * upto[place] + Fraction(1, 2)), counts, room)
            fallen[place] = room
        return fallen

    def divide(self, what: str, count: int, weights: Int64Array) -> Int64Array:
        """Return a count apportioned by weights."""
        return apportion(count, weights, np.full(len(weights), count, dtype=np.int64))

    def pick(self, what: str, count: int, number: int) -> Int64Array:
        """Return the others evenly: each as often as any other, or nearly."""
        return np.arange(count, dtype=np.int64) * number // max(count, 1)
