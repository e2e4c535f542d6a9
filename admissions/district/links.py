"""Which row of one table points to which row of another: every reference between tables, resolved once."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.district.tables import Findings
from admissions.market import Int32Array


@dataclass(frozen=True, slots=True, repr=False)
class Links:
    """Row numbers behind the ids, -1 where there is none.

    Attributes
    ----------
    choice_student, choice_programme : (m,) int32
        Student and programme of each row of `choices`.
    programme_school : (p,) int32
        School of each programme.
    student_zone : (n,) int32
        Zone of each student, as a place in `zone_ids`.
    zone_ids : (z,) String
        Every zone, in order of id.
    zone_of_pair, school_of_pair : (k,) int32
        The rows of `zones`, in order of zone and school.
    """

    choice_student: Int32Array
    choice_programme: Int32Array
    programme_school: Int32Array
    student_zone: Int32Array
    zone_ids: pl.Series
    zone_of_pair: Int32Array
    school_of_pair: Int32Array


def row_numbers(values: pl.Series, ids: pl.Series) -> Int32Array:
    """Return the place of each value in `ids`, -1 where it is not there; runs of one value are looked up once."""
    if not len(values) or not len(ids):
        return np.full(len(values), -1, dtype=np.int32)
    starts = (values != values.shift(1)).fill_null(True).arg_true()
    if len(starts) > len(values) // 2:
        return _lookup(values, ids)
    lengths = np.diff(starts.to_numpy(), append=len(values))
    return np.repeat(_lookup(values.gather(starts), ids), lengths)


def _lookup(values: pl.Series, ids: pl.Series) -> Int32Array:
    distinct = ids.drop_nulls().unique(maintain_order=True)
    if len(distinct) == len(ids):
        found = values.cast(pl.Enum(ids), strict=False).to_physical().cast(pl.Int32)
    else:
        known = pl.DataFrame({"id": ids, "row": np.arange(len(ids), dtype=np.int32)}).unique("id", keep="first")
        found = values.alias("id").to_frame().join(known, on="id", how="left", maintain_order="left")["row"]
    return found.fill_null(-1).to_numpy()


def resolve(frames: Mapping[str, pl.DataFrame], findings: Mapping[str, Findings]) -> Links:
    """Return the links between tables whose rows stand in order of id; report references to nothing."""

    def refer(table: str, column: str, ids: pl.Series) -> Int32Array:
        frame = frames[table]
        if column not in frame.columns:
            return np.full(len(frame), -1, dtype=np.int32)
        rows = row_numbers(frame[column], ids)
        dangling = (rows < 0) & frame[column].is_not_null().to_numpy()
        if dangling.any():
            secret = column == "student_id"
            near = () if secret else ids.drop_nulls().to_list()
            findings[table].add(np.flatnonzero(dangling), column, frame[column], _NOBODY[column], near)
        return rows

    students, schools, programmes = (frames[name] for name in ("students", "schools", "programmes"))
    zone_ids = frames["zones"]["zone_id"].unique().sort()
    has_zones = len(zone_ids) > 0
    if not has_zones and "zone_id" in students.columns:
        zone_ids = students["zone_id"].drop_nulls().unique().sort()
    refer("distances", "zone_id", zone_ids)
    refer("distances", "student_id", students["student_id"])
    refer("distances", "school_id", schools["school_id"])
    refer("seat_plan", "programme_id", programmes["programme_id"])
    return Links(
        choice_student=refer("choices", "student_id", students["student_id"]),
        choice_programme=refer("choices", "programme_id", programmes["programme_id"]),
        programme_school=refer("programmes", "school_id", schools["school_id"]),
        student_zone=refer("students", "zone_id", zone_ids),
        zone_ids=zone_ids,
        zone_of_pair=refer("zones", "zone_id", zone_ids),
        school_of_pair=refer("zones", "school_id", schools["school_id"]),
    )


_NOBODY = {
    "student_id": "no such student",
    "school_id": "no such school",
    "programme_id": "no such programme",
    "zone_id": "no such zone in zones",
}
