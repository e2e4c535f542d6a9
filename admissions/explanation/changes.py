"""The smallest change that alone would have been enough, found and proved by running the rounds again."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from admissions.compiling.applications import COMPUTED
from admissions.compiling.supposition import Supposition
from admissions.district.schema import TABLES
from admissions.explanation.findings import CODES, Findings
from admissions.explanation.rerun import Cell, Rerun, Seat
from admissions.explanation.scales import Scale, make_scale
from admissions.explanation.steps import Change
from admissions.explanation.wording import COMPARED
from admissions.policy.expressions import Term
from admissions.records import REFUSED, WITHOUT_CLASS

STANDING = tuple(name for name in COMPUTED if name != "distance")
"""Columns that are nothing of the child's own: they say where an application stands."""


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """One application that was not admitted, and what is known of it.

    Attributes
    ----------
    rerun : Rerun
        The rounds.
    findings : Findings
        Of the child's applications in one round.
    place : int
        Of the round.
    at : int
        Which of the applications.
    """

    rerun: Rerun
    findings: Findings
    place: int
    at: int

    @property
    def row(self) -> int:
        """Row of the record."""
        return int(self.findings.rows[self.at])

    @property
    def programme(self) -> int:
        """Row of the programme."""
        record = self.findings.record
        name = record.programme_ids[int(record.programme[self.row])]
        return int(np.flatnonzero(self.rerun.district.programmes["programme_id"] == name)[0])

    def given(self, seat: Seat | None) -> str:
        """Return the programme of a seat that is as good as the one asked for; else the empty text."""
        if seat is None or seat[:2] > (self.place, int(self.findings.record.rank[self.row])):
            return ""
        return self.rerun.district.programmes["programme_id"][seat[2]]

    def given_by(self, otherwise: Cell | Supposition) -> str:
        """Return the same of the seat that the child would have had if something were otherwise."""
        return self.given(self.rerun.seat(self.place, otherwise))


def find_changes(asked: Asked) -> tuple[Change, ...]:
    """Return what alone would have been enough for an application: its programme, or one the child likes better.

    Parameters
    ----------
    asked : Asked
        The application.

    Notes
    -----
    A better value of what ranks the child, for each criterion up to the one that decided; a better class, if that
    decided; membership, if that did; one seat more in the pool. Each was run. Of a value it is the least, and of a
    class the weakest, where a better one never makes a child worse off; of a value the one just worse was run, too,
    and was not enough.
    """
    findings, record, pool = asked.findings, asked.findings.record, int(asked.findings.record.pool[asked.row])
    outcome, weaker = record.outcome[asked.row], findings.weaker[asked.at]
    why = CODES[weaker] if weaker >= 0 else ""
    about = partial(Supposition, asked.rerun.student, asked.programme)
    changes = []
    if why in (*COMPARED, "id") or (CODES[findings.code[asked.at]] == "mechanism" and not why):
        changes += [change for term in _deciding(asked) if (change := _better_value(asked, term))]
    own_class = len(record.rule.classes) if outcome == WITHOUT_CLASS else int(record.class_place[asked.row])
    for place in reversed(range(own_class if why == "class" or outcome == WITHOUT_CLASS else 0)):
        if gives := asked.given_by(about(class_place=place)):
            changes.append(Change("class", gives, record.rule.classes[place].name, place + 1))
            break
    if why == "members" and (gives := asked.given_by(about(member_of=pool))):
        changes.append(Change("member", gives))
    if outcome == REFUSED and (
        gives := asked.given(asked.rerun.seat_with_one_more(asked.place, asked.programme, pool))
    ):
        changes.append(Change("seat", gives))
    return tuple(changes)


def least_enough(
    is_enough: Callable[[int], bool], own: int, guess: int, best: int, tried: Iterable[int] = ()
) -> int | None:
    """Return the least position above one's own that is enough, or None.

    Parameters
    ----------
    is_enough : callable
        Whether a position is enough; a greater one never is less so.
    own, guess, best : int
        A position that is not enough; one that may be the least; the greatest there is.
    tried : iterable of int
        Positions for which it costs nothing to ask.

    Examples
    --------
    >>> least_enough(lambda position: position >= 7, own=0, guess=5, best=100)
    7
    """
    low, high = own, best + 1
    for probe in (*tried, guess, guess - 1, guess + 1, best):
        if low < probe < high:
            low, high = (low, probe) if is_enough(probe) else (probe, high)
    while low < high - 1 and high <= best:
        probe = (low + high) // 2
        low, high = (low, probe) if is_enough(probe) else (probe, high)
    return high if high <= best else None


def _deciding(asked: Asked) -> tuple[Term, ...]:
    """Return the criteria of the application's order up to the one that decided; all of them where none did."""
    findings = asked.findings
    ((_, terms),) = (cell for cell in findings.cells(findings.record.class_place[findings.rows]) if cell[0][asked.at])
    decided = int(findings.term[asked.at])
    return terms if decided < 0 else terms[: decided + 1]


def _better_value(asked: Asked, term: Term) -> Change | None:
    """Return the least better value of a criterion that is enough, or None."""
    otherwise, scale = _otherwise(asked, term), _scale(asked, term)
    if otherwise is None or scale is None:
        return None

    same = asked.rerun.tried.setdefault((asked.place, otherwise(None)), set())
    tried = set[int]() if term.is_lottery else same

    def supposed(position: int) -> str:
        tried.add(position)
        return asked.given_by(otherwise(scale.supposed(position)))

    name = "" if term.is_lottery else term.name
    if not scale.known and (gives := supposed(scale.own)):
        return Change("known", gives, name, scale.value(scale.own))
    least = least_enough(lambda at: bool(supposed(at)), scale.own, scale.guess, scale.best, sorted(tried))
    if least is None:
        return None
    return Change(scale.kind, supposed(least), name, scale.value(least), scale.difference(least))


def _scale(asked: Asked, term: Term) -> Scale | None:
    findings, record = asked.findings, asked.findings.record
    here = np.arange(len(findings.rows)) == asked.at
    others = record.value(term.name, np.flatnonzero(record.key >= 0))
    return make_scale(term, findings.own(term, here)[0], findings.last(term, here)[0], others)


def _otherwise(asked: Asked, term: Term) -> Callable[[Any], Cell | Supposition] | None:
    """Return how a value of a criterion is supposed: in the office's table where it stands there as it is compared."""
    rerun, district = asked.rerun, asked.rerun.district
    compiled = rerun.held[asked.place].compiled
    level, _ = compiled.values[term.name]
    if level == "programme" or term.name in STANDING:
        return None
    lists = compiled.lists
    listed = lists.choice[(lists.applicant == rerun.applicant) & (lists.programme == asked.programme)]
    for table, owner, row in (("students", "student", rerun.student), ("choices", "choice", int(listed[0]))):
        for column in (term.name, term.name.removeprefix(f"{owner}_")):
            if column in getattr(district, table).columns and term.name not in COMPUTED:
                own = TABLES[table].column(column) is None
                return partial(Cell, table, column, row) if own and row >= 0 else None
    return partial(Supposition, rerun.student, asked.programme, term.name)
