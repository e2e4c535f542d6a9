"""What a change of a market comes to: whom it moves, and what the next seat of each pool would."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from admissions.errors import MarketError
from admissions.market import Int64Array, Matching


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
    _matching: Callable[[], Matching]

    def __repr__(self) -> str:
        return f"Difference({len(self.applicant)} applicants move)"

    @classmethod
    def of(cls, moves: Int64Array, matching: Callable[[], Matching]) -> Self:
        """Return what some moves come to: rows of the attributes, in order, of which those are left that change."""
        changed = (moves[1] != moves[2]) | (moves[3] != moves[4])
        applicant, before, after, rank_before, rank_after = moves[:, changed]
        return cls(applicant, before, after, rank_before, rank_after, matching)

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
