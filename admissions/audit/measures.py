"""What an allocation means for each child, as whole numbers: what groups of children are compared by."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.evidence import read_round
from admissions.audit.matchings import envied_choices
from admissions.compiling.distance import distances_between
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.market import BoolArray, Int64Array

MEASURES = {
    "placed": "share of all children who have a seat",
    "first_choice": "share of those who handed in a list whose seat is their first choice",
    "mean_rank": "mean rank of the seat on the own list, among those whose seat is on it",
    "distance": "mean metres from home to the school of the seat, where both places are known",
    "envy": "share of all children with justified envy in some round",
}
"""Each measure is a sum over the children it counts, divided by their number."""


@dataclass(frozen=True, slots=True, repr=False)
class Measured:
    """One measure of every child.

    Attributes
    ----------
    counted : (n,) bool
        Whom the measure counts.
    amount : (n,) int64
        What it adds up, 0 where it does not count.
    """

    counted: BoolArray
    amount: Int64Array

    @classmethod
    def of(cls, counted: BoolArray, amount: BoolArray | Int64Array) -> "Measured":
        """Return a measure from the amounts of those it counts."""
        return cls(counted, np.where(counted, amount, 0).astype(np.int64))


def measure_children(allocation: Allocation, district: District) -> dict[str, Measured]:
    """Return each of `MEASURES` for every student of a district, in the order of its table.

    Parameters
    ----------
    allocation : Allocation
        Of that district, in memory or read back.
    district : District
        Its lists, places and students.
    """
    ids = district.students["student_id"]
    row = pl.Series(row_numbers(ids, allocation.students["student_id"]))
    seats = allocation.students.select("programme_id", "choice_rank")[row.set(row < 0, None)]
    everybody = np.ones(len(ids), dtype=np.bool_)
    rank = seats["choice_rank"].fill_null(0).to_numpy()
    metres = _metres(district, seats["programme_id"])
    return {
        "placed": Measured.of(everybody, seats["programme_id"].is_not_null().to_numpy()),
        "first_choice": Measured.of(_listing(district), rank == 1),
        "mean_rank": Measured.of(rank > 0, rank),
        "distance": Measured.of(metres >= 0, metres),
        "envy": Measured.of(everybody, _envious(allocation, ids)),
    }


def _metres(district: District, programmes: pl.Series) -> Int64Array:
    """Return how far from home each student's seat is, -1 without a seat or a known place."""
    programme = row_numbers(programmes, district.programmes["programme_id"])
    metres = np.full(len(programme), -1, dtype=np.int64)
    seated = np.flatnonzero(programme >= 0).astype(np.int32)
    metres[seated] = distances_between(district, seated, district.links.programme_school[programme[seated]])
    return metres


def _listing(district: District) -> BoolArray:
    """Return whose family handed in a list, be it under the name of another child of the bundle."""
    listing = np.zeros(len(district.students), dtype=np.bool_)
    listing[district.links.choice_student] = True
    bundles = district.students["bundle_id"] if "bundle_id" in district.students.columns else None
    return listing if bundles is None else _of_the_bundle(listing, district.students["student_id"], bundles)


def _envious(allocation: Allocation, ids: pl.Series) -> BoolArray:
    """Return who in any round prefers a pool to the own seat that admitted somebody of lower priority."""
    envious = np.zeros(len(ids), dtype=np.bool_)
    for record in allocation.records:
        evidence = read_round(allocation, record)
        edges = envied_choices(evidence.market, evidence.matching, record.rule.margin == "last tie")
        here = np.zeros(len(record.student_ids), dtype=np.bool_)
        here[evidence.student[evidence.market.owners()[edges]]] = True
        here = _of_the_bundle(here, record.student_ids, record.bundle_ids)
        envious |= pl.Series(ids.is_in(record.student_ids.filter(pl.Series(here)).implode())).to_numpy()
    return envious


def _of_the_bundle(holds: BoolArray, ids: pl.Series, bundles: pl.Series) -> BoolArray:
    """Return for which children something holds that holds for any child of their bundle."""
    if bundles.null_count() == len(bundles):
        return holds
    frame = pl.DataFrame({"id": ids, "bundle": bundles, "holds": holds})
    return frame.select(pl.col("holds").any().over(pl.coalesce("bundle", "id"))).to_series().to_numpy()
