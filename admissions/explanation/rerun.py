"""The rounds of one child's stage run again: as they were, or with one thing about the child otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from admissions.allocation import Allocation
from admissions.compiling.applicants import Applicants
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw
from admissions.compiling.round import CompiledRound, compile_round, select_applicants
from admissions.compiling.supposition import Supposition, with_value
from admissions.district.district import District
from admissions.engine import begin, match_round, place_round
from admissions.errors import AdmissionsError, PolicyError
from admissions.explanation.findings import rows_of
from admissions.explanation.members import OTHER_TABLES
from admissions.market import Matching
from admissions.policy.policy import Policy
from admissions.records import ADMITTED, RoundRecord

Seat = tuple[int, int, int]
"""Place of a round, rank on its list, and row of the programme: the smaller, the better."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the office's tables that says something else."""

    table: str
    column: str
    row: int = field(repr=False)
    value: Any = field(repr=False)

    def written(self, district: District) -> District:
        """Return the tables with it; nothing is checked but that the column can hold it."""
        frame = getattr(district, self.table)
        changed = with_value(frame[self.column], [self.row], self.value)
        return replace(district, **{self.table: frame.with_columns(changed)})


@dataclass(frozen=True, slots=True, repr=False)
class Held:
    """A round as it was held: what it began with, its market and its outcome."""

    progress: Progress
    compiled: CompiledRound
    matching: Matching


@dataclass(frozen=True, slots=True, repr=False)
class Rerun:
    """The rounds of one child's stage, to be run again.

    Attributes
    ----------
    policy : Policy
        The rules.
    district : District
        The tables.
    applicants, draw, start
        What the rounds begin with.
    student : int
        Row of the child who speaks for the application.
    applicant : int
        Its applicant.
    places : tuple of int
        Places of the stage's rounds in the policy.
    held : dict of int to Held
        The rounds as they were, by place.
    seats : dict
        What `seat` found so far.
    tried : dict
        For each round and thing that was seen otherwise, the positions of its scale for which that is known.
    """

    policy: Policy
    district: District
    applicants: Applicants
    draw: Draw
    start: Progress
    student: int
    applicant: int
    places: tuple[int, ...]
    held: dict[int, Held] = field(default_factory=dict)
    seats: dict[tuple[int, Cell | Supposition], Seat | None] = field(default_factory=dict)
    tried: dict[tuple[int, Cell | Supposition], set[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, allocation: Allocation, district: District, student: str, last: int) -> "Rerun":
        """Return the rounds of a child's stage up to one, run again as they were.

        Parameters
        ----------
        allocation : Allocation
            The result.
        district : District
            The tables it was made from.
        student : str
            The child's id.
        last : int
            Place of the round.

        Raises
        ------
        AdmissionsError
            If the tables do not give what the allocation has of the child.
        """
        rows = (district.students["student_id"] == student).arg_true()
        if not len(rows):
            raise AdmissionsError(f"{OTHER_TABLES}: they do not have the child")
        applicants, draw, start = begin(district, allocation.policy, allocation.seed)
        applicant, stage = int(applicants.of_student[rows[0]]), district.students["stage"][rows[0]]
        places = tuple(place for place, rule in enumerate(allocation.policy.rounds) if rule.stage == stage)
        if last not in places:
            raise AdmissionsError(f"{OTHER_TABLES}: they have the child in another stage")
        speaker = int(applicants.first[applicant])
        rerun = cls(allocation.policy, district, applicants, draw, start, speaker, applicant, places)
        for place, held in rerun._rounds(last, None):
            rerun.held[place] = held
            _refuse_other_tables(held, applicant, allocation.records[place], student)
        return rerun

    def seat(self, last: int, otherwise: Cell | Supposition) -> Seat | None:
        """Return the seat the child gets by list in the rounds up to one, None for none.

        Parameters
        ----------
        last : int
            Place of the round.
        otherwise : Cell or Supposition
            What is otherwise: one thing. A class or membership is so in that round alone.
        """
        key = last, otherwise
        if key not in self.seats:
            try:
                found = (self._seat_in(place, held.compiled, held.matching) for place, held in self._rounds(*key))
                self.seats[key] = next((seat for seat in found if seat is not None), None)
            except PolicyError:
                self.seats[key] = None
        return self.seats[key]

    def seat_with_one_more(self, place: int, programme: int, pool: int) -> Seat | None:
        """Return the seat the child gets when a pool of a programme has one seat more in a round, None for none."""
        compiled = self.held[place].compiled
        seats = compiled.market.seats.copy()
        seats[np.searchsorted(compiled.programme, programme) * len(compiled.rule.pools) + pool] += 1
        larger = replace(compiled, market=replace(compiled.market, seats=seats))
        try:
            return self._seat_in(place, larger, match_round(larger))
        except PolicyError:
            return None

    def _rounds(self, last: int, otherwise: Cell | Supposition | None) -> Iterator[tuple[int, Held]]:
        """Run the rounds of the stage up to one, those in which something can move, and yield each with its place."""
        district = otherwise.written(self.district) if isinstance(otherwise, Cell) else self.district
        progress, places = self.start, [place for place in self.places if place <= last]
        for place, following in zip_longest(places, places[1:], fillvalue=-1):
            rule = self.policy.rounds[place]
            if following >= 0 and self._is_apart(place, district, progress, otherwise):
                progress = self.held[following].progress
                continue
            supposed = otherwise if isinstance(otherwise, Supposition) else None
            compiled = compile_round(rule, district, self.applicants, progress, self.draw, supposed)
            matching = match_round(compiled)
            yield place, Held(progress, compiled, matching)
            if following >= 0:
                placed, _ = place_round(compiled, matching, district, self.applicants, progress)
                progress = progress.after(rule.name, placed.considered, placed.programme)

    def _is_apart(
        self, place: int, district: District, progress: Progress, otherwise: Cell | Supposition | None
    ) -> bool:
        """Return whether an earlier round stays as it was: nothing is otherwise in it, or the child never applies."""
        if otherwise is None or progress is not self.held[place].progress:
            return False
        if isinstance(otherwise, Supposition) and not otherwise.term:
            return True
        held, rule = self.held[place], self.policy.rounds[place]
        if self.applicant in held.compiled.applicant:
            return rule.guarantee is None and self.applicant not in held.compiled.lists.applicant
        return not select_applicants(rule, district, self.applicants, progress)[self.applicant]

    def _seat_in(self, place: int, compiled: CompiledRound, matching: Matching) -> Seat | None:
        held = matching.choice[compiled.applicant == self.applicant]
        if not len(held) or held[0] < 0:
            return None
        market, pools = compiled.market, len(compiled.rule.pools)
        return place, int(market.rank[held[0]]), int(compiled.programme[market.pool[held[0]] // pools])


def _refuse_other_tables(held: Held, applicant: int, record: RoundRecord, student: str) -> None:
    """Refuse tables from which a round does not come out for the child as it is recorded."""
    compiled = held.compiled
    owner = np.repeat(compiled.applicant, np.diff(compiled.market.indptr))
    edges = np.flatnonzero(owner == applicant)
    rows = rows_of(record, student)
    rows = rows[record.key[rows] >= 0]
    same = np.array_equal(compiled.market.key[edges], record.key[rows])
    if not same or not np.array_equal(np.isin(edges, held.matching.choice), record.outcome[rows] == ADMITTED):
        raise AdmissionsError(f"{OTHER_TABLES}: they give the child another place; name the folder that the run read")
