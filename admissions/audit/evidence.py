"""An allocation's own records read as evidence: each round as a market and a matching.

The market comes from the applications and the pools' seats, the matching from the published table of students.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.findings import Violations
from admissions.district.links import row_numbers
from admissions.market import BoolArray, Int32Array, Int64Array, Market, Matching
from admissions.records import ADMITTED, RoundRecord


@dataclass(frozen=True, slots=True, repr=False)
class Seats:
    """What the table of students says of one round.

    Attributes
    ----------
    student : (t,) int32
        Student of each row of the table, -1 for one the record lacks.
    programme : (n,) int32
        Programme of a seat taken up by list in this round, -1 without one.
    pool : (n,) int16
        Its pool.
    """

    student: Int32Array
    programme: Int32Array
    pool: npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """One round as recorded.

    Attributes
    ----------
    record : RoundRecord
        Every application of the round.
    seats : Seats
        The published seats.
    student : (a,) int32
        Student behind each applicant of the market: of a bundle the first child.
    pools : polars.DataFrame
        The round's rows of the cutoffs, in order of pool.
    market, matching
        The same as arrays.
    unlisted : Violations
        Seats of this round that no application explains, and applications to a pool there is not.
    """

    record: RoundRecord
    seats: Seats
    student: Int32Array
    pools: pl.DataFrame
    market: Market
    matching: Matching
    unlisted: Violations


def read_round(allocation: Allocation, record: RoundRecord) -> Evidence:
    """Return one round of an allocation as evidence.

    Parameters
    ----------
    allocation : Allocation
        Its cutoffs and students are read.
    record : RoundRecord
        Which round.
    """
    seats = published_seats(allocation, record)
    pools = allocation.cutoffs.filter(pl.col("round") == record.rule.name)
    pool = _pool_index(record, pools)
    speaks, size = _bundles(record)
    inside = (record.key >= 0) & (pool >= 0)
    if not speaks.all():
        inside &= speaks[record.student]
    rows = slice(None) if inside.all() else np.flatnonzero(inside)
    student = record.student[rows]
    starts = np.flatnonzero(np.diff(student, prepend=-1, append=len(record.student_ids)))
    applicants = student[starts[:-1]]
    market = Market(
        indptr=starts,
        pool=pool[rows],
        key=record.key[rows],
        rank=record.rank[rows],
        seats=pools["seats"].to_numpy(),
        size=size[applicants],
    )
    taken = _taken(record, seats)
    choice = np.full(len(applicants), -1, dtype=np.int64)
    found = np.flatnonzero(taken[rows])
    choice[np.searchsorted(applicants, student[found])] = found
    explained = np.zeros(len(record.student_ids), dtype=np.bool_)
    explained[record.student[taken]] = True
    lost = np.flatnonzero((seats.programme != -1) & ~explained)
    astray = record.student[(record.key >= 0) & (pool < 0)]
    bad = np.unique(np.concatenate([lost, astray]))
    witnesses = ({"student_id": record.student_ids[int(i)]} for i in bad)
    unlisted = Violations.of(int((seats.programme != -1).sum()), len(bad), witnesses)
    return Evidence(record, seats, applicants, pools, market, Matching.of(market, choice), unlisted)


def published_seats(allocation: Allocation, record: RoundRecord) -> Seats:
    """Return the seats the table of students gives in a round, by list."""
    students = allocation.students
    n = len(record.student_ids)
    if students["student_id"].equals(record.student_ids):
        at = np.arange(n, dtype=np.int32)
    else:
        at = row_numbers(students["student_id"], record.student_ids)
    here = (students["round"] == record.rule.name).fill_null(False) & (students["route"] != "coordinated")
    mine = here.to_numpy() & (at >= 0)
    programme, pool = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int16)
    names = {seat_pool.name: k for k, seat_pool in enumerate(record.rule.pools)}
    known = row_numbers(students["programme_id"], record.programme_ids)
    programme[at[mine]] = np.where(known[mine] >= 0, known[mine], -2)
    places = students["pool"].replace_strict(names, default=-2, return_dtype=pl.Int16).fill_null(-2).to_numpy()
    pool[at[mine]] = places[mine]
    return Seats(at, programme, pool)


def admitted_rows(record: RoundRecord) -> Int64Array:
    """Return the rows of a record that were admitted."""
    return np.flatnonzero(record.outcome == ADMITTED)


def _taken(record: RoundRecord, seats: Seats) -> BoolArray:
    """Return the rows of a record whose programme and pool the child's published seat names."""
    same = seats.programme[record.student] == record.programme
    return same & (seats.pool[record.student] == record.pool) & (record.key >= 0)


def _bundles(record: RoundRecord) -> tuple[BoolArray, Int32Array]:
    """Return which students speak for their applicant, and how many children it has."""
    n = len(record.student_ids)
    if record.bundle_ids.null_count() == n:
        return np.ones(n, dtype=np.bool_), np.ones(n, dtype=np.int32)
    names = pl.DataFrame({"bundle": record.bundle_ids, "student": np.arange(n, dtype=np.int32)})
    alone = pl.col("bundle").is_null()
    first = pl.col("student").min().over("bundle") == pl.col("student")
    columns = names.select(
        speaks=alone | first,
        size=pl.when(alone).then(1).otherwise(pl.len().over("bundle")).cast(pl.Int32),
    )
    return columns["speaks"].to_numpy(), columns["size"].to_numpy()


def _pool_index(record: RoundRecord, pools: pl.DataFrame) -> Int32Array:
    """Return the row of `pools` that each row of the record names, -1 where there is none."""
    width = len(record.rule.pools)
    names = {pool.name: k for k, pool in enumerate(record.rule.pools)}
    place = np.full(len(record.programme_ids) * width, -1, dtype=np.int32)
    programme = row_numbers(pools["programme_id"], record.programme_ids)
    pool = pools["pool"].replace_strict(names, default=-1, return_dtype=pl.Int32).to_numpy()
    known = (programme >= 0) & (pool >= 0)
    place[programme[known] * width + pool[known]] = np.flatnonzero(known)
    inside = (record.programme >= 0) & (record.pool >= 0)
    return np.where(inside, place[np.where(inside, record.programme * width + record.pool, 0)], -1).astype(np.int32)
