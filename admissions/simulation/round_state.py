"""A round of an allocation at its outcome, asked in the office's words what one change of it would move."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.audit.evidence import Evidence
from admissions.errors import AdmissionsError, did_you_mean
from admissions.mechanisms.continuation import Continuation
from admissions.mechanisms.differences import Difference
from admissions.simulation.moves import RoundDifference, tabulate_marginal_seats, tabulate_moves
from admissions.simulation.recorded_lists import recorded_list, reordered_list


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RoundState:
    """A round at its outcome, to ask of one change at a time what it would move; nothing is kept of a question.

    Each answer is exactly what the round gives with that change and everything else as it is: the same children, the
    same classes, orders and lots, the same seats in all other pools. It speaks of seats by list; what the round's
    guarantee and later rounds would make of it is named and not run.

    Attributes
    ----------
    round : str
        Its name.
    """

    round: str
    _evidence: Evidence
    _state: Continuation
    _follows: tuple[str, ...]

    def __repr__(self) -> str:
        return f"RoundState('{self.round}', {self._evidence.market!r})"

    def seat_added(self, programme_id: str, pool: str | None = None) -> RoundDifference:
        """Return whom one seat more in a pool of a programme moves.

        Parameters
        ----------
        programme_id, pool : str
            Which; the pool can be left out where the round has one alone.

        Raises
        ------
        AdmissionsError
            If the round has no such programme or pool.
        """
        return self._answer(self._state.seat_added(self._pool(programme_id, pool)))

    def seat_removed(self, programme_id: str, pool: str | None = None) -> RoundDifference:
        """Return whom one seat fewer moves; parameters and errors are those of `seat_added`, and no seat to remove."""
        place = self._pool(programme_id, pool)
        if self._evidence.market.seats[place] == 0:
            raise AdmissionsError(f"programme '{programme_id}' has no seat to take away in this pool")
        return self._answer(self._state.seat_removed(place))

    def child_withdrawn(self, student_id: str) -> RoundDifference:
        """Return whom the withdrawal of a child from the round moves, and of those who apply with it as one.

        Raises
        ------
        AdmissionsError
            If the allocation has no such child, or the child no application in the round that entered a pool.
        """
        return self._answer(self._state.child_withdrawn(self._applicant(student_id)))

    def child_added(self, like: str, programmes: Sequence[str] | None = None) -> RoundDifference:
        """Return whom one child more moves, who stands everywhere directly behind a child there is.

        Parameters
        ----------
        like : str
            Id of that child: the newcomer has its class, and in every order comes next after it.
        programmes : sequence of str, optional
            The newcomer's list, made of programmes on that child's; by default the same one.

        Raises
        ------
        AdmissionsError
            As of `list_changed`.
        """
        applicant = self._applicant(like)
        if programmes is None:
            listing = recorded_list(self._evidence, applicant)
        else:
            listing = reordered_list(self._evidence, applicant, programmes)
        return self._answer(self._state.child_added(*listing))

    def list_changed(self, student_id: str, programmes: Sequence[str]) -> RoundDifference:
        """Return whom another list of a child moves.

        Parameters
        ----------
        student_id : str
            Who hands it in.
        programmes : sequence of str
            The other list, best first, made of programmes on the one handed in.

        Raises
        ------
        AdmissionsError
            If the allocation has no such child, the child no application in the round, a programme is not on its list
            or there twice, or the list alone does not say how the child stands: a class or an order reads the rank, or
            the zone's schools follow it.
        """
        applicant = self._applicant(student_id)
        difference = self._state.list_changed(applicant, *reordered_list(self._evidence, applicant, programmes))
        held = self._state.outcome.choice[applicant] >= 0
        if (mine := np.flatnonzero(difference.applicant == applicant)).size:
            held &= difference.after[mine[0]] >= 0
        return self._answer(difference, settled=bool(held))

    def marginal_seats(self) -> pl.DataFrame:
        """Return what the next seat of every programme and pool would change, each by itself.

        Returns
        -------
        polars.DataFrame
            round, programme_id, pool, seats, admitted; children whom one more seat would move, those of them it would
            place who have no seat by list, those it would improve and by how many ranks together; and whether it would
            stay empty.
        """
        return tabulate_marginal_seats(self._evidence, self._state)

    def _answer(self, difference: Difference, settled: bool = False) -> RoundDifference:
        """Return a difference in words; ``settled`` where the change itself leaves nothing else for later."""
        moves = tabulate_moves(self._evidence, difference)
        return RoundDifference.of(self.round, moves, self._follows, settled)

    def _pool(self, programme_id: str, pool: str | None) -> int:
        """Return the market's number of a pool."""
        pools = self._evidence.pools
        ids, names = pools["programme_id"].to_list(), pools["pool"].to_list()
        mine = {names[place]: place for place, one in enumerate(ids) if one == programme_id}
        if not mine:
            hint = did_you_mean(str(programme_id), dict.fromkeys(ids))
            raise AdmissionsError(f"round '{self.round}' has no programme '{programme_id}'{hint}")
        if pool is None and len(mine) > 1:
            raise AdmissionsError(f"programme '{programme_id}' has several pools; name one of {', '.join(mine)}")
        if pool is not None and pool not in mine:
            hint = did_you_mean(str(pool), mine)
            raise AdmissionsError(
                f"programme '{programme_id}' has no pool '{pool}'{hint}; there {'are' if len(mine) > 1 else 'is'} "
                f"{', '.join(mine)}"
            )
        return next(iter(mine.values())) if pool is None else mine[pool]

    def _applicant(self, student_id: str) -> int:
        """Return the market's number of who applies for a child."""
        record, speakers = self._evidence.record, self._evidence.student
        place = record.student_ids.index_of(student_id) if isinstance(student_id, str) else None
        if place is None:
            raise AdmissionsError("no student of that id in this allocation")
        bundle = record.bundle_ids[place]
        speaker = place if bundle is None else int(np.flatnonzero(record.bundle_ids == bundle)[0])
        row = int(np.searchsorted(speakers, speaker))
        if row == len(speakers) or speakers[row] != speaker:
            raise AdmissionsError(f"the child has no application in round '{self.round}' that entered a pool")
        return row
