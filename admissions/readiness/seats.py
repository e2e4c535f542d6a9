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
"""Twice last year's seats, or half of them, stops a run: a school that opens a second class beside its first is rare
enough to be acknowledged, and a number entered twice is never less."""

DEMAND_FACTOR = 3
"""Three times as many seats as children who could want them is told: no school plans for that."""

LEAST_CHANGE = 10
"""Fewer seats than this, more or less, are let pass: small programmes double by chance."""

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
    """
    if isinstance(last_year, District):
        seats = programme_seats(last_year, policy).tolist()
        return dict(zip(last_year.programmes["programme_id"], seats, strict=True))
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
            message = (
                f"{len(others)} programmes are {what} since last year and were not compared: {_some(sorted(others))}"
            )
            yield Concern("tells", "seats", what, message)


def seats_without_demand(rehearsals: Sequence[Rehearsal], now: Mapping[str, int]) -> Iterator[Concern]:
    """Yield the programmes with far more seats than children who could want them, the most extreme first."""
    children = np.zeros(len(now), dtype=np.int64)
    used = np.zeros(len(now), dtype=np.bool_)
    for rehearsal in rehearsals:
        children = np.maximum(children, _wanting(rehearsal))
        used |= rehearsal.programmes
    idle = [
        (seats, int(want), programme)
        for (programme, seats), want, open_ in zip(now.items(), children, used, strict=True)
        if open_ and seats >= DEMAND_FACTOR * want and seats - want >= LEAST_CHANGE
    ]
    if idle:
        idle.sort(key=lambda one: (one[1] - one[0], one[2]))
        named = _some([f"{programme} ({seats} seats, {want} children)" for seats, want, programme in idle])
        message = (
            f"{len(idle)} programmes have at least {DEMAND_FACTOR} times as many seats as children who could want them"
            f": {named}; is a number the length of a waiting list?"
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
    return ", ".join([*names[:SHOWN_PROGRAMMES], *["…"] * (len(names) > SHOWN_PROGRAMMES)])
