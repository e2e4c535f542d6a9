"""The district of a year ahead: made-up children, each like one of the tables, and the programmes of that year."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.district.district import District
from admissions.district.schema import STAGES
from admissions.market import BoolArray, Int64Array
from admissions.planning.chances import Chances
from admissions.planning.outset import Outset

PLACES = ("lon", "lat", "x", "y")


@dataclass(frozen=True, slots=True, repr=False)
class Entrants:
    """Who enters in a year.

    Attributes
    ----------
    row : (n,) int64
        Student of the tables each is like: attributes, marks and list.
    zone : (n,) int64
        Where each lives, -1 where nobody says.
    own : (n,) bool
        Whether each is the district's own.
    """

    row: Int64Array
    zone: Int64Array
    own: BoolArray


def own_intake(outset: Outset) -> Entrants:
    """Return the intake of the tables."""
    return Entrants(np.arange(len(outset.own)), outset.district.links.student_zone.astype(np.int64), outset.own)


def gather_entrants(outset: Outset, homes: dict[str, Int64Array], graduates: int, chances: Chances) -> Entrants:
    """Return who enters in a year after the first.

    Parameters
    ----------
    outset : Outset
        What the projection starts from.
    homes : dict of str to (Z,) int64
        Children of each zone who enter primary and junior school. A child is like one of its zone and stage in the
        tables, or like any of its stage where the zone has none, and then lives where the zone's first child does.
    graduates : int
        Children who apply to the high schools from the district's own junior schools, each like one of its applicants.
    chances : Chances
        Picks whom each is like.

    Notes
    -----
    Applicants who are not the district's own, and children without a zone, are those of the tables again.
    """
    zone_of = outset.district.links.student_zone
    rows, zones, own = [], [], []
    for code, stage in enumerate(STAGES):
        mine = outset.of_stage == code
        again = np.flatnonzero(mine & ~outset.own)
        rows.append(again)
        zones.append(zone_of[again].astype(np.int64))
        own.append(np.zeros(len(again), dtype=np.bool_))
        alike = np.flatnonzero(mine & outset.own)
        if stage == "senior":
            picked = alike[chances.pick("like:senior", graduates, len(alike))] if graduates else alike[:0]
            rows.append(picked)
            zones.append(zone_of[picked].astype(np.int64))
            own.append(np.ones(graduates, dtype=np.bool_))
            continue
        for zone, count in enumerate(homes[stage].tolist()):
            if count:
                here = alike[zone_of[alike] == zone]
                here = here if len(here) else alike
                rows.append(here[chances.pick(f"like:{stage}:{outset.zones[zone]}", count, len(here))])
                zones.append(np.full(count, zone))
                own.append(np.ones(count, dtype=np.bool_))
    return Entrants(np.concatenate(rows), np.concatenate(zones), np.concatenate(own))


def build_district(outset: Outset, place: int, entrants: Entrants) -> District:
    """Return the tables of a year ahead.

    Parameters
    ----------
    outset : Outset
        What the projection starts from.
    place : int
        Of the year.
    entrants : Entrants
        Its intake. Made-up children are named by year and number, in the order given; twins are not made up.
    """
    district, year = outset.district, outset.years[place]
    if place == 0 and not outset.assumptions.stated.intake:
        return district
    frames = {name: frame for name, frame in district.tables().items() if name != "control_totals"}
    frames["programmes"] = outset.programmes[place]
    if place == 0:
        return District.from_frames(**frames)
    names = pl.Series("student_id", [f"{year}-{number:08d}" for number in range(1, len(entrants.row) + 1)])
    frames["students"] = _students(outset, entrants, names)
    frames |= _told_of_children(district, entrants.row, names)
    return District.from_frames(**{name: frame for name, frame in frames.items() if len(frame) or name == "students"})


def _students(outset: Outset, entrants: Entrants, names: pl.Series) -> pl.DataFrame:
    district = outset.district
    students = district.students[entrants.row].with_columns(names)
    if "bundle_id" in students.columns:
        students = students.with_columns(bundle_id=pl.lit(None, dtype=pl.String))
    if "zone_id" not in students.columns:
        return students
    zone = pl.Series(entrants.zone)
    students = students.with_columns(zone_id=district.links.zone_ids.gather(zone.set(zone < 0, None)))
    moved = (entrants.zone != district.links.student_zone[entrants.row]) & (entrants.zone >= 0)
    if not moved.any():
        return students
    places = [name for name in PLACES if name in students.columns]
    homes = district.students.unique("zone_id", keep="first", maintain_order=True).select("zone_id", *places)
    there = students.select("zone_id").join(homes, on="zone_id", how="left", maintain_order="left")
    return students.with_columns(
        pl.when(pl.Series(moved)).then(there[name]).otherwise(pl.col(name)).alias(name) for name in places
    )


def _told_of_children(district: District, row: Int64Array, names: pl.Series) -> dict[str, pl.DataFrame]:
    """Return the lists and the distances of whom the children are like, under the children's own names."""
    found = {}
    if len(district.choices):
        upto = np.searchsorted(district.links.choice_student, np.arange(len(district.students) + 1))
        begin, count = upto[row], upto[row + 1] - upto[row]
        offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        listed = district.choices[np.repeat(begin, count) + offset]
        found["choices"] = listed.with_columns(names.gather(np.repeat(np.arange(len(row)), count)).alias("student_id"))
    distances = district.distances
    if len(distances) and distances["student_id"].null_count() < len(distances):
        like = pl.DataFrame({"student_id": district.students["student_id"].gather(row), "name": names})
        own = distances.drop_nulls("student_id").join(like, on="student_id", maintain_order="left")
        own = own.with_columns(student_id=pl.col("name")).select(distances.columns)
        found["distances"] = pl.concat([distances.filter(pl.col("student_id").is_null()), own])
    return found
