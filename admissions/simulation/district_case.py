"""One family's list changed in a district: the rounds of the child's stage run again.

A round is compiled once with all true lists, and another list is another order of the family's own rows in its market.
Where the list is more than that (a class or an order reads the rank, the zone's schools stand after the list, or a
line depends on who applies) the round is compiled anew from changed tables. A later round is compiled anew where an
earlier one left anything different.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

import numpy as np
import polars as pl

from admissions.compiling.applicants import gather_applicants
from admissions.compiling.checking import columns_of_round, columns_read
from admissions.compiling.guarantee import compile_guarantee, covered
from admissions.compiling.progress import Progress
from admissions.compiling.round import NOT_ELIGIBLE, CompiledRound, compile_round
from admissions.decoding import place_students
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.engine import allocate, begin, coordinate_left, match_round
from admissions.errors import AdmissionsError, PolicyError
from admissions.market import BoolArray, Int32Array, Matching
from admissions.policy.policy import Policy, Round
from admissions.simulation.listings import Listing
from admissions.simulation.relisting import lists_of, relist, relisted, with_list

RANK = {"choice_rank", "rank"}
KEPT = 64
"""Rounds that are kept compiled."""

Way = Literal["not at all", "by moving rows", "by compiling"]
"""How another list comes into a round."""


@dataclass(frozen=True, slots=True, repr=False)
class _Opened:
    """A round, compiled and matched with all true lists.

    Attributes
    ----------
    progress : Progress
        What it started from.
    compiled, matching
        Its market and the outcome.
    programme : (a,) int32
        Programme that each applicant of the market got, by list or by the guarantee, or -1.
    covers : (a,) bool
        Whom its guarantee covers.
    considered : (n,) bool
        Students it considered.
    """

    progress: Progress
    compiled: CompiledRound
    matching: Matching
    programme: Int32Array
    covers: BoolArray
    considered: BoolArray


class DistrictCase:
    """Families of a district under a policy.

    Parameters
    ----------
    district, policy, seed
        As `allocate` takes them, and what it raises is raised.
    """

    def __init__(self, district: District, policy: Policy, seed: str | None) -> None:
        self.allocation = allocate(district, policy, seed)
        self.district, self.policy, self.seed = district, policy, seed
        self._columns = columns_read(policy)
        self._applicants, self._draw, self._progress = begin(district, policy, seed)
        rows = np.flatnonzero(self._applicants.lists)
        owner = self._applicants.of_student[district.links.choice_student[rows]]
        order = np.argsort(owner, kind="stable")
        self._rows = rows[order]
        self._starts = np.searchsorted(owner[order], np.arange(len(self._applicants.first) + 1))
        seats = self.allocation.students["programme_id"]
        self._seat = row_numbers(seats, district.programmes["programme_id"])
        self._opened: dict[bytes, _Opened] = {}

    def applicants(self) -> list[int]:
        """Return who hands in a list."""
        return np.flatnonzero(np.diff(self._starts)).tolist()

    def name(self, applicant: int) -> Any:
        """Return the id of the child, or of the first who apply together."""
        return self.district.students["student_id"][int(self._applicants.first[applicant])]

    def applicant_of(self, name: Any) -> int:
        """Return the applicant a child belongs to."""
        place = self.district.students["student_id"].index_of(name)
        if place is None:
            raise AdmissionsError("students: no student of that id in these tables")
        return int(self._applicants.of_student[place])

    def listing(self, applicant: int) -> Listing:
        """Return the programmes of a family's list."""
        wanted = self._wanted(applicant)
        before = self._rank_of(applicant, int(self._seat[self._applicants.first[applicant]]))
        names = self.district.programmes["programme_id"].gather(wanted)
        return Listing(tuple(names), tuple(range(1, len(wanted) + 1)), before)

    def rank_with(self, applicant: int, wanted: Sequence[int]) -> int | None:
        """Return the rank on the true list of what another list gets; None where the mechanism refuses it."""
        stage = self.district.students["stage"][int(self._applicants.first[applicant])]
        rules = [rule for rule in self.policy.rounds if rule.stage == stage]
        key, progress = str(stage).encode(), self._progress
        for place, rule in enumerate(rules):
            opened = self._open(key, rule, progress)
            try:
                compiled, matching = self._with_list(opened, applicant, wanted)
            except PolicyError:
                return None
            row = self._row(compiled, applicant)
            if row is not None and matching.choice[row] >= 0:
                pool = compiled.market.pool[matching.choice[row]]
                return self._rank_of(applicant, int(compiled.programme[pool // len(rule.pools)]))
            if place == len(rules) - 1 and rule.guarantee is None:
                break
            programme = opened.programme
            if compiled is not opened.compiled:
                programme = self._programmes(compiled, matching, progress)
            if row is not None and programme[row] >= 0:
                return self._rank_of(applicant, int(programme[row]))
            considered = opened.considered.copy()
            if row is not None:
                children = self._applicants.of_student == applicant
                considered[children] = opened.covers[row] or self._eligible(compiled, applicant, wanted)
            key = sha256(key + programme.tobytes() + considered.tobytes()).digest()
            progress = progress.after(rule.name, considered, self._of_students(compiled, programme))
        return len(self._wanted(applicant)) + 1

    def replay(self, applicant: int, wanted: Sequence[int]) -> tuple[Any, Any]:
        """Return the seats by the true list and by another one, the second allocated from changed tables."""
        name, programmes = self.name(applicant), self.listing(applicant).programmes
        other = with_list(self.district, name, [programmes[place] for place in wanted])
        runs = self.allocation, allocate(other, self.policy, self.seed)
        before, after = (run.students.filter(pl.col("student_id") == name)["programme_id"][0] for run in runs)
        return before, after

    def _wanted(self, applicant: int) -> Int32Array:
        """Return the programmes on a family's list."""
        rows = self._rows[self._starts[applicant] : self._starts[applicant + 1]]
        return self.district.links.choice_programme[rows]

    def _rank_of(self, applicant: int, programme: int) -> int:
        wanted = self._wanted(applicant)
        found = np.flatnonzero(wanted == programme)
        return int(found[0]) + 1 if len(found) else len(wanted) + 1

    def _row(self, compiled: CompiledRound, applicant: int) -> int | None:
        """Return the row of an applicant in a round's market, None for who takes no part."""
        row = int(np.searchsorted(compiled.applicant, applicant))
        return row if _holds(compiled.applicant, applicant) else None

    def _open(self, key: bytes, rule: Round, progress: Progress) -> _Opened:
        """Return a round with all true lists, kept where it was opened before from the same start."""
        if key not in self._opened:
            if len(self._opened) >= KEPT:
                self._opened.clear()
            compiled = compile_round(rule, self.district, self._applicants, progress, self._draw)
            matching = match_round(compiled)
            programme = self._programmes(compiled, matching, progress)
            covers = covered(compiled, self.district, self._applicants, progress)
            placed = place_students(compiled, matching, programme, covers, self.district, self._applicants)
            self._opened[key] = _Opened(progress, compiled, matching, programme, covers, placed.considered)
        return self._opened[key]

    def _with_list(self, opened: _Opened, applicant: int, wanted: Sequence[int]) -> tuple[CompiledRound, Matching]:
        """Return a round in which one family hands in another list; the opened one where that changes nothing."""
        row, way = self._row(opened.compiled, applicant), self._way(opened.compiled.rule)
        if row is None or way == "not at all":
            return opened.compiled, opened.matching
        if way == "by moving rows":
            compiled = self._moved(opened.compiled, row, self._wanted(applicant)[list(wanted)])
        else:
            changed = relisted(self.district, lists_of(self.district, self.name(applicant)), wanted)
            applicants = gather_applicants(changed, self._columns)
            compiled = compile_round(opened.compiled.rule, changed, applicants, opened.progress, self._draw)
        return compiled, match_round(compiled)

    def _way(self, rule: Round) -> Way:
        """Return how another list comes into a round."""
        columns = columns_of_round(rule)
        of_choices = set(self.district.choices.columns) - {"student_id", "programme_id"} | RANK
        if "choices" not in rule.lists:
            return "by compiling" if {name.removeprefix("choice_") for name in columns} & of_choices else "not at all"
        drawn_line = rule.mechanism == "score_bands" and "first_line" not in rule.parameters
        return "by compiling" if columns & RANK or len(rule.lists) > 1 or drawn_line else "by moving rows"

    def _moved(self, compiled: CompiledRound, row: int, wanted: Int32Array) -> CompiledRound:
        """Return a round with other rows of one applicant in its market: its own, in the order of another list."""
        market, listed = compiled.market, [programme for programme in wanted if _holds(compiled.programme, programme)]
        start, stop = market.indptr[row : row + 2]
        of_choice = compiled.programme[market.pool[start:stop] // len(compiled.rule.pools)]
        place, choice = np.nonzero(np.array(listed, dtype=np.int32)[:, None] == of_choice)
        other, parameters = relist(market, row, start + choice, place + 1, compiled.parameters)
        return replace(compiled, market=other, parameters=parameters)

    def _programmes(self, compiled: CompiledRound, matching: Matching, progress: Progress) -> Int32Array:
        """Return the programme each applicant of a round gets by list or by the guarantee, or -1."""
        left = compile_guarantee(compiled, matching.choice, self.district, self._applicants, progress)
        programme, _ = coordinate_left(compiled, left, self.district)
        held = matching.choice >= 0
        pools = compiled.market.pool[matching.choice[held]]
        programme[held] = compiled.programme[pools // len(compiled.rule.pools)]
        return programme

    def _eligible(self, compiled: CompiledRound, applicant: int, wanted: Sequence[int]) -> bool:
        """Return whether a round takes any application of an applicant's other list into account."""
        whose = compiled.lists.applicant[compiled.row_application]
        rows = slice(*np.searchsorted(whose, [applicant, applicant + 1]))
        programme = compiled.lists.programme[compiled.row_application[rows]]
        programme = programme[compiled.row_class[rows] != NOT_ELIGIBLE]
        if self._way(compiled.rule) == "by moving rows":
            programme = programme[np.isin(programme, self._wanted(applicant)[list(wanted)])]
        return bool(len(programme))

    def _of_students(self, compiled: CompiledRound, programme: Int32Array) -> Int32Array:
        """Return the programme of each student from that of each applicant of a round."""
        whole = np.full(len(self._applicants.first), -1, dtype=np.int32)
        whole[compiled.applicant] = programme
        return whole[self._applicants.of_student]


def _holds(rising: Int32Array, value: int) -> bool:
    """Return whether an array in rising order holds a value."""
    place = np.searchsorted(rising, value)
    return bool(place < len(rising) and rising[place] == value)
