"""Seats against last year's and against demand: a waiting list's length, or a number typed twice, is no capacity."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.compiling.seats import programme_seats
from admissions.district.district import District
from admissions.policy.policy import Policy
from admissions.readiness.concerns import Concern
from admissions.readiness.rehearsal import Rehearsal

SEATS_FACTOR = 2
"""Twice last year's seats, or half of them, stops a run. A number entered twice is never less; a school that opens a
second class beside its first is rare enough to be acknowledged."""

DEMAND_FACTOR = 3
"""Three times as many seats as children who could want them are told: unpopular programmes have twice as many."""

LEAST_CHANGE = 10
"""A difference of fewer seats than this is let pass: small programmes double easily."""

SHOWN_PROGRAMMES = 5


def seats_of_year(last_year: District | Allocation, policy: Policy) -> dict[str, int]:
    """Return the seats of each programme in another year, by programme_id.

    Parameters
    ----------
    last_year : District or Allocation
        The year's tables, or the result of its run: then the seats its pools opened, those that the guarantee filled
        included.
    policy : Policy
        Gives the class size where the tables state none.

    Raises
    ------
    TypeError
        If it is neither.
    """
    if isinstance(last_year, District):
        seats = programme_seats(last_year, policy).tolist()
        return dict(zip(last_year.programmes["programme_id"], seats, strict=True))
    if not isinstance(last_year, Allocation):
        raise TypeError(f"last_year: a District or an Allocation is needed, {type(last_year).__name__} found")
    opened: dict[str, int] = {}
    taken: dict[str, int] = {}
    for rule in last_year.policy.rounds:
        here = last_year.cutoffs.filter(round=rule.name).group_by("programme_id").agg(pl.col("seats").sum())
        for programme, seats in here.iter_rows():
            opened[programme] = max(opened.get(programme, 0), taken.get(programme, 0) + seats)
        placed = last_year.students.filter(round=rule.name)["programme_id"].value_counts()
        for programme, children in placed.iter_rows():
            taken[programme] = taken.get(programme, 0) + children
    return opened


def changed_seats(now: Mapping[str, int], before: Mapping[str, int]) -> Iterator[Concern]:
    """Yield each programme whose seats at least doubled or halved, and which programmes could not be compared."""
    if not now.keys() & before.keys():
        message = "no programme has the id of one of last year: nothing was compared"
        yield Concern("stops", "seats", "all", message)
        return
    for programme in sorted(now.keys() & before.keys()):
        less, more = sorted((now[programme], before[programme]))
        if more >= SEATS_FACTOR * less and more - less >= LEAST_CHANGE:
            message = f"programme '{programme}' has {now[programme]} seats, and {before[programme]} last year"
            yield Concern("stops", "seats", programme, message)
    for what, others in (("new", now.keys() - before.keys()), ("gone", before.keys() - now.keys())):
        if others:
            message = f"{what} since last year, and held against nothing: {_some(sorted(others))}"
            yield Concern("tells", "seats", what, message)


def seats_without_demand(rehearsals: Sequence[Rehearsal], now: Mapping[str, int]) -> Iterator[Concern]:
    """Yield the programmes with far more seats than children who could want them, the most extreme first."""
    seats = np.array(list(now.values()), dtype=np.int64)
    wanting = np.zeros_like(seats)
    for rehearsal in rehearsals:
        wanting = np.maximum(wanting, _wanting(rehearsal))
    used = np.any([rehearsal.programmes for rehearsal in rehearsals], axis=0)
    idle = np.flatnonzero(used & (seats >= DEMAND_FACTOR * wanting) & (seats - wanting >= LEAST_CHANGE))
    idle = idle[np.argsort(wanting[idle] - seats[idle], kind="stable")]
    if idle.size:
        names = list(now)
        named = _some([f"{names[p]} ({seats[p]} seats, {wanting[p]} children)" for p in idle])
        message = (
            f"at least {DEMAND_FACTOR} times as many seats as children who could want them: {named}; "
            "is a number the length of a waiting list?"
        )
        yield Concern("tells", "demand", "all", message)


def _wanting(rehearsal: Rehearsal) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return how many children a round can bring to each programme: who lists it, or all where it places the rest."""
    width = len(rehearsal.programmes)
    if rehearsal.rule.guarantee is not None:
        everybody = int(rehearsal.applicants.size[rehearsal.taking_part].sum())
        return np.where(rehearsal.programmes, everybody, 0)
    lists = rehearsal.lists
    size = rehearsal.applicants.size[lists.applicant]
    return np.bincount(lists.programme, weights=size, minlength=width).astype(np.int64)


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN_PROGRAMMES
    return ", ".join(names[:SHOWN_PROGRAMMES]) + (f" and {more} more" if more > 0 else "")
