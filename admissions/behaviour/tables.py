"""A district with other choices, or with fewer students: the rest of its tables as they are."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from admissions.district.district import District, Hashes
from admissions.district.links import resolve
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int32Array, Int64Array

OWN = ("student_id", "rank", "programme_id")


def with_choices(district: District, student: Int32Array, programme: Int32Array, rank: Int64Array) -> District:
    """Return the district in which the families hand in these lists.

    Parameters
    ----------
    district : District
        With the lists handed in so far.
    student, programme : (m,) int32
        Rows of the two tables.
    rank : (m,) int64
        Places on the lists.

    Raises
    ------
    AdmissionsError
        If the choices say more than the rank, and an application is new.

    Notes
    -----
    What the office knows of an application goes with it.
    """
    order = np.lexsort((rank, student))
    listed = pl.DataFrame(
        {
            "student_id": district.students["student_id"].gather(student[order]),
            "rank": rank[order],
            "programme_id": district.programmes["programme_id"].gather(programme[order]),
        }
    )
    more = [name for name in district.choices.columns if name not in OWN]
    if more:
        pair = ["student_id", "programme_id"]
        known = district.choices.select(*pair, *more, pl.lit(True).alias("made before"))
        listed = listed.join(known, on=pair, how="left", maintain_order="left")
        if new := listed["made before"].null_count():
            raise AdmissionsError(
                f"choices: '{more[0]}' is not known of {new:,} applications that were not made before; take the column "
                "out of the table, or state it for students or programmes"
            )
    return _with(district, choices=listed.select(district.choices.columns))


def without_students(district: District, gone: BoolArray) -> District:
    """Return the district without some of its students, and whatever its tables say of them.

    Parameters
    ----------
    district : District
        The tables.
    gone : (n,) bool
        Who is left out.
    """
    left_out = district.students["student_id"].filter(pl.Series(gone)).implode()
    stays = ~pl.col("student_id").is_in(left_out)
    return _with(
        district,
        students=district.students.filter(~pl.Series(gone)),
        choices=district.choices.filter(stays),
        distances=district.distances.filter(pl.col("student_id").is_null() | stays),
    )


def _with(district: District, **given: pl.DataFrame) -> District:
    """Return the district with other tables; what was said of their sums holds no longer."""
    totals = district.control_totals
    given["control_totals"] = totals.filter(~pl.col("table").is_in(list(given)))
    changed: dict[str, Any] = {name: one for name, one in given.items() if not one.equals(getattr(district, name))}
    sources: dict[str, str | pl.DataFrame] = {
        name: one for name, one in district.sources.items() if name not in changed
    }
    made = {name: frame for name, frame in changed.items() if len(frame) or name in district.sources}
    links = resolve({**{name: getattr(district, name) for name in FRAMES}, **changed}, {})
    return replace(district, **changed, links=links, sources=Hashes({**sources, **made}))


FRAMES = ("students", "schools", "programmes", "zones", "choices", "seat_plan", "distances", "figures")
