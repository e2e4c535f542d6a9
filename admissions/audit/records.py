"""An allocation's own tables read as evidence: each round as a market and a matching, from nothing but the records."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.findings import Violations
from admissions.market import Int64Array, Market, Matching
from admissions.policy.policy import Round


@dataclass(frozen=True, slots=True, repr=False)
class RoundRecord:
    """One round as recorded.

    Attributes
    ----------
    rule : Round
        Its clause.
    applicants : polars.DataFrame
        One row an applicant of the market: `applicant` (bundle or student), `student_id` of its first child, `size`.
    rows : polars.DataFrame
        The market's choices as recorded, in its order.
    pools : polars.DataFrame
        The round's rows of the cutoffs, in order of pool.
    market, matching
        The same as arrays.
    unlisted : Violations
        Children whose seat in this round is no application of theirs.
    """

    rule: Round
    applicants: pl.DataFrame
    rows: pl.DataFrame
    pools: pl.DataFrame
    market: Market
    matching: Matching
    unlisted: Violations


def read_round(allocation: Allocation, rule: Round) -> RoundRecord:
    """Return one round of an allocation, made again from its tables.

    Parameters
    ----------
    allocation : Allocation
        Its `applications`, `cutoffs` and `students` are read.
    rule : Round
        Which round.
    """
    law = {pool.name: place for place, pool in enumerate(rule.pools)}
    pools = allocation.cutoffs.filter(pl.col("round") == rule.name)
    rows = allocation.applications.filter((pl.col("round") == rule.name) & pl.col("key").is_not_null())
    rows = _of_first_child(rows)
    rows = rows.with_columns(law=pl.col("pool").replace_strict(law, default=len(law), return_dtype=pl.Int32))
    if not _in_order(rows):
        rows = rows.sort("student_id", "rank", "law", maintain_order=True)
    runs = rows["student_id"].rle_id().to_numpy()
    starts = np.flatnonzero(np.diff(runs, prepend=-1, append=len(runs)))
    applicants = _applicants(allocation, rows, starts[:-1])
    pool = _pool_index(rows, pools)
    market = Market(
        indptr=starts,
        pool=pool.astype(np.int32),
        key=rows["key"].to_numpy(),
        rank=rows["rank"].to_numpy(),
        seats=pools["seats"].to_numpy(),
        size=applicants["size"].to_numpy(),
    )
    choice, unlisted = _choices(allocation, rule, rows, applicants, starts)
    return RoundRecord(rule, applicants, rows, pools, market, Matching.of(market, choice), unlisted)


def _of_first_child(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the rows without those of a bundle's other children."""
    if rows["bundle_id"].null_count() == len(rows):
        return rows
    first = pl.col("student_id") == pl.col("student_id").min().over("bundle_id")
    return rows.filter(pl.col("bundle_id").is_null() | first)


def _in_order(rows: pl.DataFrame) -> bool:
    ids, rank, law = rows["student_id"], rows["rank"].to_numpy().astype(np.int64), rows["law"].to_numpy()
    within = rank * (int(law.max(initial=0)) + 1) + law
    same = (ids == ids.shift(1)).fill_null(False).to_numpy()
    return ids.is_sorted() and not (same[1:] & (within[1:] <= within[:-1])).any()


def _applicants(allocation: Allocation, rows: pl.DataFrame, starts: Int64Array) -> pl.DataFrame:
    first = rows.select("student_id", "bundle_id")[starts]
    bundled = allocation.applications.filter(pl.col("bundle_id").is_not_null())
    sizes = bundled.group_by("bundle_id").agg(size=pl.col("student_id").n_unique().cast(pl.Int32))
    return first.join(sizes, on="bundle_id", how="left", maintain_order="left").with_columns(
        pl.col("size").fill_null(1)
    )


def _pool_index(rows: pl.DataFrame, pools: pl.DataFrame) -> Int64Array:
    """Return the row of `pools` that each choice names."""
    codes = [pl.Enum(pools[name].unique().sort()) for name in ("programme_id", "pool")]
    width = len(codes[1].categories)
    place = np.full(len(codes[0].categories) * width, -1, dtype=np.int64)

    def cell(frame: pl.DataFrame) -> Int64Array:
        programme, pool = (
            frame[name].cast(code).to_physical().to_numpy().astype(np.int64)
            for name, code in zip(("programme_id", "pool"), codes, strict=True)
        )
        return programme * width + pool

    place[cell(pools)] = np.arange(len(pools))
    return place[cell(rows)]


def _choices(
    allocation: Allocation, rule: Round, rows: pl.DataFrame, applicants: pl.DataFrame, starts: Int64Array
) -> tuple[Int64Array, Violations]:
    """Return the choice each applicant holds by the published table, and the seats that no application explains."""
    seated = allocation.students.filter((pl.col("round") == rule.name) & (pl.col("route") != "coordinated"))
    seated = seated.select("student_id", held="programme_id", held_pool="pool")
    mine = applicants.select("student_id").with_row_index("applicant")
    held = mine.join(seated, on="student_id", how="left", maintain_order="left")
    owner = np.repeat(np.arange(len(applicants)), np.diff(starts))
    wanted = held.select("held", "held_pool")[owner]
    match = (rows["programme_id"] == wanted["held"]) & (rows["pool"] == wanted["held_pool"])
    found = match.fill_null(False).arg_true().to_numpy()
    choice = np.full(len(applicants), -1, dtype=np.int64)
    choice[owner[found]] = found
    children = seated.join(allocation.applications.filter(pl.col("round") == rule.name), on="student_id", how="left")
    explained = children.filter(
        pl.col("key").is_not_null()
        & (pl.col("programme_id") == pl.col("held"))
        & (pl.col("pool") == pl.col("held_pool"))
    )
    lost = seated.filter(~pl.col("student_id").is_in(explained["student_id"].implode()))
    witnesses = ({"student_id": row[0], "programme_id": row[1], "pool": row[2]} for row in lost.iter_rows())
    return choice, Violations.of(len(seated), len(lost), witnesses)
