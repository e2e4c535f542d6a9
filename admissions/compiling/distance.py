"""How far a child lives from a school: the office's own distance, else the one between their coordinates."""

import numpy as np
import polars as pl

from admissions.district.distances import great_circle_metres, straight_metres
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.market import Int32Array, Int64Array


def distances_between(district: District, student: Int32Array, school: Int32Array) -> Int64Array:
    """Return the whole metres between students and schools, -1 where nobody knows.

    Parameters
    ----------
    district : District
        Its `distances` go first, a child's own row before its zone's; then x and y, then lon and lat.
    student, school : int32 arrays that broadcast
        Rows of the two tables.

    Returns
    -------
    int64 array of the broadcast shape
    """
    student, school = np.broadcast_arrays(student, school)
    metres = np.full(student.shape, -1, dtype=np.int64)
    for first, second, measure in (("lon", "lat", great_circle_metres), ("x", "y", straight_metres)):
        if all({first, second} <= set(frame.columns) for frame in (district.students, district.schools)):
            home = [_floats(district.students, name)[student] for name in (first, second)]
            there = [_floats(district.schools, name)[school] for name in (first, second)]
            known = measure(*home, *there)
            metres = np.where(known >= 0, known, metres)
    zones = district.links.student_zone[student].astype(np.int64)
    for column, owner in (("zone_id", zones), ("student_id", student.astype(np.int64))):
        stated = _stated(district, column, owner, school)
        metres = np.where(stated >= 0, stated, metres)
    return metres


def _floats(frame: pl.DataFrame, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return frame[name].cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _stated(district: District, column: str, owner: Int64Array, school: Int32Array) -> Int64Array:
    """Return the distances the office's table states for a zone or a student, -1 where it is silent."""
    rows = district.distances.filter(pl.col(column).is_not_null())
    if not len(rows):
        return np.full(owner.shape, -1, dtype=np.int64)
    ids = district.links.zone_ids if column == "zone_id" else district.students["student_id"]
    schools = district.schools["school_id"]
    pair = row_numbers(rows[column], ids).astype(np.int64) * len(schools) + row_numbers(rows["school_id"], schools)
    order = np.argsort(pair)
    wanted = owner * len(schools) + school
    place = np.minimum(np.searchsorted(pair[order], wanted), len(pair) - 1)
    found = (pair[order][place] == wanted) & (owner >= 0)
    return np.where(found, rows["metres"].to_numpy()[order][place], -1)
