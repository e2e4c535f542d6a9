"""One course of the years ahead: who leaves and comes, whom the policy's rounds admit, and all rolls by grade.

A school year begins with its intake and ends with those who leave in it. No child is lost: who is on a roll is in the
next grade a year later, has left, or has finished the stage.
"""

import itertools
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import polars as pl

from admissions.district.links import row_numbers
from admissions.district.schema import STAGES
from admissions.engine import allocate
from admissions.market import Int64Array
from admissions.planning.assumptions import FIRST, GRADES, LAST
from admissions.planning.chances import Chances, Drawn, Expected
from admissions.planning.intakes import Entrants, build_district, gather_entrants, own_intake
from admissions.planning.outset import Outset
from admissions.simulation.seeds import derived_seed

FLOWS = ("entered", "beyond_seats", "new_housing", "dropped_out", "moved_away", "moved_in")
ENTRY = ("applicants", "entered", "without_seat")
ONWARD = ("graduates", "applied", "entered", "elsewhere")
OTHERS, DIVERTED = 0, 1


@dataclass(frozen=True, slots=True, repr=False)
class Course:
    """What one course comes to, in whole children.

    Attributes
    ----------
    rolls : (Y + 1, 2, S, 12) int32
        Rolls when a year has begun, from the year before the intake on; diverted children apart.
    flows : (6, Y + 1, S, 12) int64
        Of each roll: who entered by the policy's rounds, and beyond the seats; who came with new housing; then who
        dropped out, moved away and moved in in the course of the year.
    entry : (Y, 3, 3) int64
        Of each intake and stage: applicants, those with a seat, those without.
    onward : (Y, 2, 4) int64
        Of those who finished the stage before junior and senior: how many there were, how many applied here, entered
        here, and entered elsewhere.
    """

    rolls: np.ndarray
    flows: Int64Array
    entry: Int64Array
    onward: Int64Array


@dataclass(frozen=True, slots=True, repr=False)
class _Admitted:
    """Seats of an intake: rolls it adds, by group; children of each zone at each school, and those left, by stage."""

    rolls: Int64Array
    taught: Int64Array
    left: Int64Array
    entry: Int64Array
    own: Int64Array


def run_course(outset: Outset, seed: str, number: int) -> Course:
    """Return a course of the years ahead.

    Parameters
    ----------
    outset : Outset
        What all courses share.
    seed : str
        Of the projection.
    number : int
        Of the draw, from 1; 0 for what is expected, of the children who leave and come: then only the lottery is drawn.

    Notes
    -----
    The lottery of a year is drawn from ``derived_seed(derived_seed(seed, number), year)``, and so is what happens to
    each child in it.
    """
    years, schools = len(outset.years), len(outset.schools)
    rolls = np.zeros((years + 1, 2, schools, GRADES), dtype=np.int64)
    flows = np.zeros((len(FLOWS), years + 1, schools, GRADES), dtype=np.int64)
    entry, onward = np.zeros((years, 3, len(ENTRY)), dtype=np.int64), np.zeros((years, 2, len(ONWARD)), dtype=np.int64)
    rolls[0] = outset.rolls
    source = derived_seed(seed, number) if number else seed
    first: _Admitted | None = None
    stay = _leave(outset, rolls[0], flows[:, 0], outset.years[0] - 1, _chances(source, outset.years[0] - 1, number))
    for place, year in enumerate(outset.years):
        chances = _chances(source, year, number)
        entrants = _entrants(outset, place, stay, first, onward[place], chances)
        admitted = _admit(outset, place, entrants, derived_seed(source, year))
        first = first or admitted
        rolls[place + 1, :, :, 1:] = stay[:, :, :-1]
        for grade in (FIRST["junior"], FIRST["senior"]):
            rolls[place + 1, :, :, grade] = 0
        rolls[place + 1] += admitted.rolls
        flows[0, place + 1] = admitted.rolls.sum(axis=0)
        _seat_beyond(outset, place, admitted, flows[1, place + 1], chances)
        _move_in(outset, place, admitted, flows[2, place + 1], chances)
        rolls[place + 1, OTHERS] += flows[1:3, place + 1].sum(axis=0)
        entry[place] = admitted.entry
        onward[place, :, 2] += admitted.own[1:]
        onward[place, 0, 2] += admitted.left[1].sum()
        stay = _leave(outset, rolls[place + 1], flows[:, place + 1], year, chances)
    return Course(rolls.astype(np.int32), flows, entry, onward)


def _chances(source: str, year: int, number: int) -> Chances:
    return Drawn(derived_seed(source, year)) if number else Expected()


def _leave(outset: Outset, rolls: Int64Array, flows: Int64Array, year: int, chances: Chances) -> Int64Array:
    """Return the rolls at the end of a year, (2, S, 12), and note who left and who came."""
    stay = rolls.copy()
    for stream, grade, schools in outset.streams:
        rate = outset.rates[stream, year]
        names = [outset.schools[school] for school in schools.tolist()]
        for group in (OTHERS, DIVERTED):
            there = rolls[group, schools, grade]
            if there.any():
                upto = (rate.dropout, rate.attrition)
                dropped, left = chances.share(f"leave:{grade + 1}:{group}", names, there, upto)
                flows[3, schools, grade] += dropped
                flows[4, schools, grade] += left - dropped
                stay[group, schools, grade] -= left
        there = rolls[:, schools, grade].sum(axis=0)
        (come,) = chances.share(f"come:{grade + 1}", names, there, (rate.coming,))
        flows[5, schools, grade] = come
        stay[OTHERS, schools, grade] += come
    return stay


def _entrants(
    outset: Outset, place: int, stay: Int64Array, first: _Admitted | None, onward: Int64Array, chances: Chances
) -> Entrants:
    """Return who enters in a year, and note who finished the stage before and goes on elsewhere.

    Children of new dwellings finished elsewhere: what they add to those who enter is taken off beforehand.
    """
    year, assumptions = outset.years[place], outset.assumptions
    applied = {}
    for row, (before, stage) in enumerate(itertools.pairwise(STAGES)):
        finished = stay[:, :, LAST[before]].sum(axis=0)
        onward[row, 0] = finished.sum()
        if (stage, year) not in outset.onward:
            applied[stage] = np.zeros_like(finished)
            continue
        share = outset.onward[stage, year]
        upto = [Fraction(share.apply), Fraction(share.apply + share.elsewhere)]
        applied[stage], onwards = chances.share(f"onward:{stage}", outset.schools, finished, upto)
        onward[row, 1], onward[row, 3] = applied[stage].sum(), (onwards - applied[stage]).sum()
    if first is None:
        for code in (1, 2):
            onward[code - 1, 1] = (outset.own & (outset.of_stage == code)).sum()
        return own_intake(outset)
    homes = {"primary": _of_age(outset, place, chances), "junior": _homes(outset, applied["junior"], first, chances)}
    for which, one in enumerate(assumptions.stated.housing):
        zone = outset.zones.index(one.zone_id)
        if one.year <= year:
            homes["primary"][zone] += _children_of(one.dwellings, one.primary, 6, f"housing:{which}:1", chances)
        if one.year == year:
            come = _children_of(one.dwellings, one.junior, 3, f"housing:{which}:7", chances)
            homes["junior"][zone] += come
            onward[0, 2] -= come
    return gather_entrants(outset, homes, int(applied["senior"].sum()), chances)


def _of_age(outset: Outset, place: int, chances: Chances) -> Int64Array:
    """Return the children of each zone who enter primary school: those counted, less who leave, and who come."""
    counted, lives = outset.counted[place], outset.lives[place]
    before = outset.assumptions.stated.before_school
    entering = counted.copy()
    for between in np.unique(lives[counted > 0]).tolist():
        here = np.flatnonzero((lives == between) & (counted > 0))
        names = [outset.zones[zone] for zone in here.tolist()]
        gone = 1 - (1 - Fraction(before.leaving)) ** between
        (left,) = chances.share("leave:0", names, counted[here], (gone,))
        (come,) = chances.share("come:0", names, counted[here] * between, (Fraction(before.coming),))
        entering[here] += come - left
    return entering


def _children_of(dwellings: int, each: Decimal, grades: int, what: str, chances: Chances) -> int:
    """Return the children of one grade who live in new dwellings."""
    return int(chances.share(what, [""], np.array([dwellings]), (Fraction(each) / grades,))[0, 0])


def _homes(outset: Outset, applied: Int64Array, first: _Admitted, chances: Chances) -> Int64Array:
    """Return the zones that junior applicants live in: those of the children whom their school took in the first year.

    A school that took nobody is one of the zones it serves; one that serves none, of any zone.
    """
    links = outset.district.links
    homes = np.zeros(len(outset.zones), dtype=np.int64)
    for school in np.flatnonzero(applied).tolist():
        weights = first.taught[0, :, school]
        if not weights.any():
            weights = np.bincount(links.zone_of_pair[links.school_of_pair == school], minlength=len(homes))
        if not weights.any():
            weights = np.ones_like(homes)
        homes += chances.divide(f"home:{outset.schools[school]}", int(applied[school]), weights)
    return homes


def _admit(outset: Outset, place: int, entrants: Entrants, seed: str) -> _Admitted:
    """Return what the policy's rounds make of an intake."""
    zones, schools = len(outset.zones), len(outset.schools)
    rolls = np.zeros((2, schools, GRADES), dtype=np.int64)
    taught, left = np.zeros((3, zones, schools), dtype=np.int64), np.zeros((3, zones), dtype=np.int64)
    entry, own = np.zeros((3, len(ENTRY)), dtype=np.int64), np.zeros(3, dtype=np.int64)
    if not len(entrants.row):
        return _Admitted(rolls, taught, left, entry, own)
    students = allocate(build_district(outset, place, entrants), outset.policy, seed).students
    school = row_numbers(students["school_id"], pl.Series(outset.schools))
    diverted = (students["round"] == (outset.assumptions.stated.diverted_round or "")).fill_null(False).to_numpy()
    stage = outset.of_stage[entrants.row]
    for code, name in enumerate(STAGES):
        here, placed = stage == code, (stage == code) & (school >= 0)
        np.add.at(rolls, (diverted[placed].astype(np.int64), school[placed], FIRST[name]), 1)
        with_zone = placed & (entrants.zone >= 0)
        np.add.at(taught[code], (entrants.zone[with_zone], school[with_zone]), 1)
        entry[code] = here.sum(), placed.sum(), here.sum() - placed.sum()
        own[code] = (placed & entrants.own).sum()
        if name != "senior":
            without = here & (school < 0) & (entrants.zone >= 0)
            left[code] = np.bincount(entrants.zone[without], minlength=zones)
    return _Admitted(rolls, taught, left, entry, own)


def _seat_beyond(outset: Outset, place: int, admitted: _Admitted, rolls: Int64Array, chances: Chances) -> None:
    """Put children whom the rounds of compulsory stages left without a seat into schools of their zone."""
    for code, stage in enumerate(STAGES[:2]):
        for zone in np.flatnonzero(admitted.left[code]).tolist():
            weights = _served(outset, place, code, zone, admitted)
            name = f"beyond:{stage}:{outset.zones[zone]}"
            rolls[:, FIRST[stage]] += chances.divide(name, int(admitted.left[code, zone]), weights)


def _move_in(outset: Outset, place: int, admitted: _Admitted, rolls: Int64Array, chances: Chances) -> None:
    """Put the children of new dwellings into the grades above the first, at schools of their zone."""
    for which, one in enumerate(outset.assumptions.stated.housing):
        if one.year != outset.years[place]:
            continue
        zone = outset.zones.index(one.zone_id)
        for code, (stage, each) in enumerate((("primary", one.primary), ("junior", one.junior))):
            if stage not in outset.stages:
                continue
            weights = _served(outset, place, code, zone, admitted)
            grades = range(FIRST[stage] + 1, LAST[stage] + 1)
            for grade in grades:
                what = f"housing:{which}:{grade + 1}"
                come = _children_of(one.dwellings, each, len(grades) + 1, what, chances)
                rolls[:, grade] += chances.divide(f"{what}:school", come, weights)


def _served(outset: Outset, place: int, code: int, zone: int, admitted: _Admitted) -> Int64Array:
    """Return how much of a zone each school takes: its children in the year's allocation.

    Where nobody of the zone entered: the schools with seats that serve it alike; where none does, all, by their seats.
    """
    links, seats = outset.district.links, outset.seats[place, :, code]
    weights = admitted.taught[code, zone]
    if not weights.any():
        serve = np.bincount(links.school_of_pair[links.zone_of_pair == zone], minlength=len(seats))
        weights = np.where(seats > 0, serve, 0)
    if not weights.any():
        weights = seats
    return weights if weights.any() else np.ones_like(seats)
