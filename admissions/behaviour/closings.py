"""How programmes filled under immediate acceptance last year, and what that says of this year's applications.

A pool that filled in step k admits whoever lists it before place k, at place k whoever goes before the last one it
admitted then, and nobody later. A pool with seats left admits everybody.
"""

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.market import BoolArray, Int64Array
from admissions.policy.expressions import Term
from admissions.records import ADMITTED, RoundRecord

ALWAYS = 2**31 - 1
"""Last place at which a pool with seats left admits, or one that last year was not there."""
PAIR = ["programme_id", "pool"]

Rows = npt.NDArray[np.int64]


def last_places(now: RoundRecord, last: RoundRecord, cutoffs: pl.DataFrame) -> Int64Array:
    """Return the last place on the list at which each row of this year's record would be admitted, 0 for none.

    Parameters
    ----------
    now, last : RoundRecord
        The round this year and last year.
    cutoffs : polars.DataFrame
        Last year's; those with a key are of full pools.
    """
    closed = _closings(last, cutoffs.filter(pl.col("round") == last.rule.name))
    rows = np.flatnonzero(now.pool >= 0)
    found = _pairs(now, rows).join(closed, on=PAIR, how="left", maintain_order="left")
    step = found["step"].fill_null(ALWAYS + 1).to_numpy().astype(np.int64)
    against = found["row"].fill_null(-1).to_numpy().astype(np.int64)
    places = np.zeros(len(now.student), dtype=np.int64)
    places[rows] = np.maximum(step - 1, 0)
    met = against >= 0
    places[rows[met]] += _goes_before(now, rows[met], last, against[met])
    return places


def _closings(record: RoundRecord, cutoffs: pl.DataFrame) -> pl.DataFrame:
    """Return the step in which each full pool filled, and the row it admitted last: of a bundle its first child."""
    admitted = np.flatnonzero(record.outcome == ADMITTED)
    admitted = admitted[np.lexsort((-record.student[admitted], record.key[admitted], record.rank[admitted]))]
    weakest = (
        _pairs(record, admitted)
        .with_columns(step=record.rank[admitted].astype(np.int64), row=admitted)
        .unique(PAIR, keep="last", maintain_order=True)
    )
    full = cutoffs.filter(pl.col("cutoff_key").is_not_null()).select(PAIR)
    return full.join(weakest, on=PAIR, how="left").with_columns(pl.col("step").fill_null(0))


def _pairs(record: RoundRecord, rows: Rows) -> pl.DataFrame:
    pools = pl.Series([pool.name for pool in record.rule.pools], dtype=pl.String)
    return pl.DataFrame(
        {
            "programme_id": record.programme_ids.gather(record.programme[rows]),
            "pool": pools.gather(record.pool[rows].astype(np.int32)),
        }
    )


def _goes_before(now: RoundRecord, rows: Rows, last: RoundRecord, others: Rows) -> BoolArray:
    """Return which rows of this year go before the rows of last year beside them, or are the same child's."""
    mine, theirs = now.class_place[rows], last.class_place[others]
    before = mine < theirs
    rule = now.rule
    for place, priority in enumerate(rule.classes):
        for number, pool in enumerate(rule.pools):
            equal = np.flatnonzero((mine == place) & (theirs == place) & (now.pool[rows] == number))
            if len(equal):
                here, there = rows[equal], others[equal]
                before[equal] = _is_better(now, here, last, there, rule.terms(priority, pool))
    return before


def _is_better(now: RoundRecord, rows: Rows, last: RoundRecord, others: Rows, terms: tuple[Term, ...]) -> BoolArray:
    """Return which rows come first in the order of a class, missing values last, the id at the end; a child ties with
    itself, where last year's tables are this year's, and is as good as it was.
    """
    better, open_still = np.zeros(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
    columns = [(now.value(term.name, rows), last.value(term.name, others), term.descending) for term in terms]
    for mine, theirs, descending in [*columns, (_first_ids(now, rows), _first_ids(last, others), False)]:
        first = (mine > theirs) if descending else (mine < theirs)
        first = first.fill_null(False) | (mine.is_not_null() & theirs.is_null())
        better |= open_still & first.to_numpy()
        open_still &= mine.eq_missing(theirs).to_numpy()
    return better | open_still


def _first_ids(record: RoundRecord, rows: Rows) -> pl.Series:
    """Return the id that settles what an order leaves equal: of children who apply as one the first."""
    whole = pl.DataFrame({"student_id": record.student_ids, "bundle_id": record.bundle_ids})
    first = pl.col("student_id").min().over(pl.coalesce("bundle_id", "student_id"))
    return whole.select(first)["student_id"].gather(record.student[rows])
