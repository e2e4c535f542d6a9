"""What a change of a market comes to: whom it moves, and what the next seat of each pool would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int32Array, Int64Array, Matching

Seats = tuple[Int64Array, Int64Array]
"""Pool and rank, -1 and 0 for no seat."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Difference:
    """Whom one change moves, from where to where.

    Attributes
    ----------
    applicant : (k,) int64
        Whose pool or rank changes, in order; a new applicant has the number after the last.
    before, after : (k,) int64
        Pool of the seat, -1 for none.
    rank_before, rank_after : (k,) int64
        Place of its programme on the applicant's list, 0 for none.
    """

    applicant: Int64Array
    before: Int64Array
    after: Int64Array
    rank_before: Int64Array
    rank_after: Int64Array
    _matching: Callable[[], Matching] = field(repr=False)

    def __repr__(self) -> str:
        return f"Difference({len(self.applicant)} applicants move)"

    @classmethod
    def of(cls, applicant: Int64Array, before: Seats, after: Seats, matching: Callable[[], Matching]) -> Self:
        """Return what seats before and after come to, applicant by applicant, and how the whole outcome is found."""
        changed = (before[0] != after[0]) | (before[1] != after[1])
        pools, ranks = ([array[changed] for array in pair] for pair in zip(before, after, strict=True))
        return cls(applicant[changed], pools[0], pools[1], ranks[0], ranks[1], matching)

    def matching(self) -> Matching:
        """Return the whole outcome of the changed market; who withdrew stays in it without choices.

        Another `continue_from` goes on from it.
        """
        return self._matching()

    def to_dict(self) -> dict[Any, tuple[Any, Any]]:
        """Return the programmes before and after of each applicant who moves, by name, None for none.

        Raises
        ------
        MarketError
            If the market was not made from names.
        """
        labels = self.matching().market.labels
        if labels is None:
            raise MarketError("this market has no names: make it with Market.from_preferences")
        names = [*labels.pools, None]
        moves = zip(self.applicant.tolist(), self.before.tolist(), self.after.tolist(), strict=True)
        return {labels.applicants[i]: (names[before], names[after]) for i, before, after in moves}


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class MarginalSeats:
    """What one more seat would change, for each pool by itself.

    Attributes
    ----------
    moved : (p,) int64
        Applicants who would have another seat; where there is none, the seat would stay empty.
    placed : (p,) int64
        Of these, those who have none.
    improved : (p,) int64
        Those who have a seat and would have one of better rank.
    ranks : (p,) int64
        Ranks that the latter would gain together.
    """

    moved: Int64Array
    placed: Int64Array
    improved: Int64Array
    ranks: Int64Array

    def __repr__(self) -> str:
        return f"MarginalSeats({len(self.placed)} pools, the next seat of {int(self.placed.sum())} places a child)"


def seats_of(pool: Int32Array, rank: Int32Array, choice: Int64Array) -> Seats:
    """Return pool and rank of choices, -1 and 0 for none.

    Examples
    --------
    >>> pool, rank = seats_of(np.array([4, 5]), np.array([1, 2]), np.array([1, -1]))
    >>> pool.tolist(), rank.tolist()
    ([5, -1], [2, 0])
    """
    pools, ranks = np.full(len(choice), -1, dtype=np.int64), np.zeros(len(choice), dtype=np.int64)
    held = choice >= 0
    pools[held], ranks[held] = pool[choice[held]], rank[choice[held]]
    return pools, ranks
