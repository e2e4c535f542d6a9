"""What the guarantee did for a child: the programmes it prefers to the one given, or the seats that ran out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.compiling.distance import distances_between
from admissions.compiling.guarantee import compile_guarantee
from admissions.errors import AdmissionsError
from admissions.explanation.members import OTHER_TABLES
from admissions.explanation.rerun import Rerun
from admissions.explanation.sentences import sentence

SHOWN = 10
"""Programmes and zones that are said; all are in the object."""


@dataclass(frozen=True, slots=True)
class Nearer:
    """A programme that the guarantee prefers for a child to the one it gave, and who has its seats.

    Attributes
    ----------
    programme_id : str
        The programme.
    metres : int or None
        From the child's home; None where nobody knows.
    same_group : bool or None
        Whether its school is of the group of a school of the child's zone; None where that is not preferred.
    seats, listed, coordinated, left : int
        Seats in the round, children admitted by list, children the guarantee placed, and seats nobody took: too few for
        children who apply together.
    """

    programme_id: str
    metres: int | None = field(repr=False)
    same_group: bool | None = field(repr=False)
    seats: int
    listed: int
    coordinated: int
    left: int

    def words(self, language: str = "en") -> str:
        """Return where it is and where its seats went, in words."""
        known = "metres" if self.metres is not None else "metres unknown"
        place = sentence(language, known, programme=self.programme_id, metres=self.metres)
        if self.same_group:
            place = sentence(language, "in group", programme=place)
        counts = {"seats": self.seats, "listed": self.listed, "coordinated": self.coordinated}
        said = sentence(language, "taken", programme=place, **counts)
        return sentence(language, "left", taken=said, left=self.left) if self.left else said


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the guarantee placed a child, and what it prefers to that.

    Attributes
    ----------
    prefer : tuple of str
        What the guarantee prefers, first level first.
    nearer : tuple of Nearer
        All that goes before the programme given, best first.
    """

    prefer: tuple[str, ...]
    nearer: tuple[Nearer, ...] = field(repr=False)

    def lines(self, language: str) -> list[str]:
        """Return the placement in words."""
        if not self.nearer:
            return [sentence(language, "nearest")]
        order = sentence(language, "between").join(sentence(language, f"prefer {one}") for one in self.prefer)
        lines = [sentence(language, "nearer", order=order)]
        lines += [f"  {one.words(language)}" for one in self.nearer[:SHOWN]]
        return lines + _and_more(len(self.nearer), language)


@dataclass(frozen=True, slots=True)
class Shortage:
    """Where seats ran out: children of some zones who could go only to some programmes.

    Attributes
    ----------
    children, seats : int
        Of the zones together, and of the programmes.
    zones : mapping of str or None to int
        Children of each zone.
    programmes : mapping of str to int
        Seats of each programme that were left.
    """

    children: int
    seats: int
    zones: Mapping[str | None, int] = field(repr=False)
    programmes: Mapping[str, int] = field(repr=False)

    def lines(self, language: str) -> list[str]:
        """Return the shortage in words."""
        lines = [sentence(language, "shortage", children=self.children, seats=self.seats)]
        for key, counts in (("shortage zones", self.zones), ("shortage programmes", self.programmes)):
            said = [
                sentence(language, "counted", name=name or sentence(language, "no zone"), count=count)
                for name, count in list(counts.items())[:SHOWN]
            ]
            lines.append("  " + sentence(language, key, names=sentence(language, "between").join(said)))
            lines += _and_more(len(counts), language)
        return lines


def _and_more(number: int, language: str) -> list[str]:
    return [f"  {sentence(language, 'and more', count=number - SHOWN)}"] if number > SHOWN else []


def find_placement(allocation: Allocation, rerun: Rerun, place: int, programme_id: str) -> Placement:
    """Return what a guarantee prefers for a child to the programme it gave.

    Parameters
    ----------
    allocation : Allocation
        The result.
    rerun : Rerun
        The rounds.
    place : int
        Of the round that placed the child.
    programme_id : str
        Where.

    Raises
    ------
    AdmissionsError
        If by the tables at hand the guarantee would not have placed the child there.
    """
    held, guarantee = rerun.held[place], rerun.policy.rounds[place].guarantee
    compiled, district = held.compiled, rerun.district
    work = compile_guarantee(compiled, held.matching.choice, district, rerun.applicants, held.progress)
    ids = district.programmes["programme_id"].gather(compiled.programme)
    if guarantee is None or work is None or rerun.applicant not in compiled.applicant[work.applicant]:
        raise AdmissionsError(f"{OTHER_TABLES}: the guarantee does not place the child")
    me = int(np.flatnonzero(compiled.applicant[work.applicant] == rerun.applicant)[0])
    given, node = ids.to_list().index(programme_id), int(work.node[me])
    costs = np.stack([level[node] for level in work.costs])
    before = [q for q in np.lexsort(costs[::-1]).tolist() if tuple(costs[:, q]) < tuple(costs[:, given])]
    better = [q for q in before if work.allowed[node, q]]
    home = np.array([rerun.student], dtype=np.int32)
    metres = distances_between(district, home, district.links.programme_school[compiled.programme[better]])
    groups = costs[guarantee.prefer.index("same_group")] == 0 if "same_group" in guarantee.prefer else None
    filled = _filled(allocation, compiled.rule.name)
    nearer = []
    for q, far in zip(better, metres.tolist(), strict=True):
        seats, listed, coordinated = filled[ids[q]]
        left = max(int(work.seats[q]) - coordinated, 0)
        if left and work.size[me] == 1:
            raise AdmissionsError(f"{OTHER_TABLES}: a seat that the guarantee prefers for the child is free")
        group = None if groups is None else bool(groups[q])
        nearer.append(Nearer(ids[q], far if far >= 0 else None, group, seats, listed, coordinated, left))
    return Placement(guarantee.prefer, tuple(nearer))


def find_shortages(allocation: Allocation, stage: str) -> tuple[Shortage, ...]:
    """Return where seats ran out in the rounds of a stage, a shortage a round."""
    found = []
    for rule in allocation.policy.rounds:
        rows = allocation.shortfall.filter(pl.col("round") == rule.name)
        if rule.stage == stage and len(rows):
            zones = dict(rows.filter(pl.col("side") == "zone").select("id", "children").iter_rows())
            programmes = dict(rows.filter(pl.col("side") == "programme").select("id", "seats").iter_rows())
            found.append(Shortage(sum(zones.values()), sum(programmes.values()), zones, programmes))
    return tuple(found)


def _filled(allocation: Allocation, name: str) -> dict[str, tuple[int, int, int]]:
    """Return the seats of each programme of a round, those taken by list, and those the guarantee gave."""
    pools = allocation.cutoffs.filter(pl.col("round") == name)
    by_list = pools.group_by("programme_id", maintain_order=True).agg(pl.col("seats", "admitted").sum())
    given = allocation.students.filter((pl.col("round") == name) & (pl.col("route") == "coordinated"))
    coordinated = dict(given["programme_id"].value_counts().iter_rows())
    return {one: (seats, listed, coordinated.get(one, 0)) for one, seats, listed in by_list.iter_rows()}
