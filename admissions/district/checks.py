"""What must hold across columns and tables, each violation with its row."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from admissions.district.links import Links
from admissions.district.tables import Findings
from admissions.district.totals import check_totals
from admissions.market import Int32Array, Int64Array


def check_tables(
    frames: Mapping[str, pl.DataFrame],
    links: Links,
    findings: Mapping[str, Findings],
    outlines: Mapping[str, Any],
) -> None:
    """Note in the findings whatever contradicts itself across columns or tables."""
    for name in ("students", "schools"):
        _check_places(frames[name], findings[name])
    if not findings["programmes"].problems:
        _check_seats(frames["programmes"], findings["programmes"])
    _check_bundles(frames["students"], findings["students"])
    _check_distances(frames["distances"], findings["distances"])
    _check_choices(frames, links, findings["choices"])
    check_totals(frames, findings)
    for zone in sorted(set(outlines) - set(links.zone_ids)):
        findings["zones"].add_whole("zone_id", f"zones.geojson outlines a zone '{zone}' that no row of zones names")


def _check_places(frame: pl.DataFrame, findings: Findings) -> None:
    for first, second in (("lon", "lat"), ("x", "y")):
        here = [name for name in (first, second) if name in frame.columns]
        if len(here) == 1:
            findings.add_whole(here[0], f"this column needs its partner: {first} and {second} go together")
        if len(here) == 2:
            half = (frame[first].is_null() != frame[second].is_null()).arg_true()
            findings.add(half.to_list(), first, frame[first], f"{first} and {second} go together; one is empty")
    for name, bound in (("lon", 180.0), ("lat", 90.0)):
        if name in frame.columns:
            outside = (frame[name].abs() > bound).fill_null(False).arg_true()
            findings.add(outside.to_list(), name, frame[name], f"lies outside -{bound:.0f} … {bound:.0f} degrees")


def _check_seats(programmes: pl.DataFrame, findings: Findings) -> None:
    columns = [pl.col(name).is_not_null() for name in ("seats", "classes") if name in programmes.columns]
    if not columns:
        findings.add_whole("seats", "this column is missing: give seats, or classes and class_size")
        return
    without = programmes.select(~pl.any_horizontal(columns)).to_series().arg_true()
    findings.add(without.to_list(), "programme_id", programmes["programme_id"], "has neither seats nor classes")


def _check_bundles(students: pl.DataFrame, findings: Findings) -> None:
    if "bundle_id" not in students.columns:
        return
    for column in ("stage", "zone_id"):
        if column in students.columns:
            differs = students.select(
                pl.col("bundle_id").is_not_null() & (pl.col(column).n_unique().over("bundle_id") > 1)
            ).to_series()
            message = f"children of one bundle apply as one, and these differ in {column}"
            findings.add(differs.arg_true().to_list(), "bundle_id", students["bundle_id"], message)
    names = students["student_id"].implode()
    clash = students.select(
        (pl.col("bundle_id").is_in(names) & (pl.col("bundle_id") != pl.col("student_id"))).fill_null(False)
    ).to_series()
    message = "is also the id of a student; bundles need names of their own"
    findings.add(clash.arg_true().to_list(), "bundle_id", students["bundle_id"], message)


def _check_distances(distances: pl.DataFrame, findings: Findings) -> None:
    unclear = (distances["zone_id"].is_null() == distances["student_id"].is_null()).arg_true()
    message = "each row starts from a zone_id or from a student_id, and from one of them only"
    findings.add(unclear.to_list(), "school_id", distances["school_id"], message)


def _check_choices(frames: Mapping[str, pl.DataFrame], links: Links, findings: Findings) -> None:
    choices = frames["choices"]
    if not len(choices):
        return
    student, programme = links.choice_student, links.choice_programme
    rank = choices["rank"].fill_null(-1).to_numpy()
    same_rank = np.flatnonzero((student[1:] == student[:-1]) & (rank[1:] == rank[:-1]) & (student[1:] >= 0)) + 1
    for row in same_rank[:1000]:
        findings.add([int(row)], "student_id", choices["student_id"], f"listed twice at rank {rank[row]}")
    again = _listed_before(student, programme)
    findings.add(again, "programme_id", choices["programme_id"], "stands twice on one child's list")
    stages = frames["students"]["stage"], frames["programmes"]["stage"]
    codes = pl.Enum(pl.concat(stages).drop_nulls().unique().sort())
    of_student, of_programme = (stage.cast(codes).to_physical().fill_null(255).to_numpy() for stage in stages)
    other = (of_student[student] != of_programme[programme]) & (student >= 0) & (programme >= 0)
    message = "is of another stage than the child who lists it"
    findings.add(np.flatnonzero(other), "programme_id", choices["programme_id"], message)


def _listed_before(student: Int32Array, programme: Int32Array) -> Int64Array:
    """Return the rows of a list, in order of student, whose programme stands on it before."""
    again = np.zeros(len(student), dtype=np.bool_)
    for back in range(1, len(student)):
        same_list = (student[back:] == student[:-back]) & (student[back:] >= 0)
        if not same_list.any():
            break
        again[back:] |= same_list & (programme[back:] == programme[:-back]) & (programme[back:] >= 0)
    return np.flatnonzero(again)
