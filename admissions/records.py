"""The record of a round: every application at every pool it tried, as codes; words only when somebody reads them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.district.links import row_numbers
from admissions.market import Int32Array, Int64Array
from admissions.policy.expressions import LOTTERY
from admissions.policy.policy import Round

OUTCOMES = ("admitted", "refused", "not needed", "no class", "no pool", "not eligible")
ADMITTED, REFUSED, NOT_NEEDED, WITHOUT_CLASS, WITHOUT_POOL, INELIGIBLE = range(len(OUTCOMES))

HEAD = ("student_id", "round", "programme_id", "pool", "rank", "class")
TAIL = ("lottery", "key", "outcome", "bundle_id")
CUTOFF_COLUMNS = ("seats", "admitted", "cutoff_key", "cutoff_class")
_ID_OF_CHILDREN = re.compile(r"(student|bundle)_id\b")


@dataclass(frozen=True, slots=True, repr=False)
class RoundRecord:
    """Every application of one round, one row a child and pool tried, in order of child, rank and the order of law.

    Attributes
    ----------
    rule : Round
        The clause.
    programme_ids : (p,) String
        What `programme` counts.
    student_ids : (n,) String
        What `student` counts: every student once.
    student : (r,) int32
        The child.
    programme : (r,) int32
        The programme applied to.
    pool, class_place : (r,) int16
        Pool and class of the rule, below 0 where there is none.
    rank : (r,) int32
        Place on the list.
    key : (r,) int64
        Priority at the pool, -1 where it entered none.
    outcome : (r,) int8
        Place in `OUTCOMES`.
    values : mapping of str to (index, Series)
        What the orders compared: the value of row ``i`` is at ``index[i]`` of the series, or at ``i`` without an index.
    bundle_ids : (n,) String
        Bundle of each student, null for none.
    """

    rule: Round
    student_ids: pl.Series
    programme_ids: pl.Series
    student: Int32Array
    programme: Int32Array
    pool: npt.NDArray[np.int16]
    class_place: npt.NDArray[np.int16]
    rank: Int32Array
    key: Int64Array
    outcome: npt.NDArray[np.int8]
    values: Mapping[str, tuple[npt.NDArray[np.integer] | None, pl.Series]]
    bundle_ids: pl.Series

    def value(self, name: str, rows: npt.NDArray[np.integer] | None = None) -> pl.Series:
        """Return what the orders compared under a name, of all rows or of some."""
        index, series = self.values[name]
        if index is not None:
            return series.gather(index if rows is None else index[rows])
        return series if rows is None else series.gather(rows)

    def to_frame(self) -> pl.DataFrame:
        """Return the record in words, with the columns of ``applications.parquet``."""
        rule = self.rule
        columns = {
            "student_id": _at(self.student_ids, self.student),
            "round": pl.repeat(rule.name, len(self.student), dtype=pl.String),
            "programme_id": _at(self.programme_ids, self.programme),
            "pool": _at([pool.name for pool in rule.pools], self.pool),
            "rank": pl.lit(pl.Series(self.rank)),
            "class": _at([priority.name for priority in rule.classes], self.class_place),
        }
        values = {value_column(name): self.values[name] for name in self.published if name != LOTTERY}
        if LOTTERY in self.values:
            values[LOTTERY] = self.values[LOTTERY]
        for name, (index, series) in values.items():
            columns[name] = pl.lit(series) if index is None else _at(series, index)
        key = pl.lit(pl.Series(self.key))
        has_bundles = self.bundle_ids.null_count() < len(self.bundle_ids)
        nobody = pl.repeat(None, len(self.student), dtype=pl.String)
        columns |= {
            "key": pl.when(key >= 0).then(key),
            "outcome": _at(OUTCOMES, self.outcome),
            "bundle_id": _at(self.bundle_ids, self.student) if has_bundles else nobody,
        }
        return pl.select(expression.alias(name) for name, expression in columns.items())

    @property
    def published(self) -> tuple[str, ...]:
        """Names of the values that are written down: all but the id, which every row has anyway."""
        return tuple(name for name in self.values if name != "student_id")

    @classmethod
    def from_frame(
        cls, rule: Round, rows: pl.DataFrame, student_ids: pl.Series, programme_ids: pl.Series
    ) -> "RoundRecord":
        """Return the record of a round from its rows of ``applications.parquet``, put in order.

        A student, programme, pool, class or outcome that nobody knows becomes -1.
        """
        pools = {pool.name: place for place, pool in enumerate(rule.pools)}
        classes = {priority.name: place for place, priority in enumerate(rule.classes)}
        outcomes = {name: place for place, name in enumerate(OUTCOMES)}
        student = row_numbers(rows["student_id"], student_ids)
        pool = _places(rows["pool"], pools).astype(np.int16)
        order = np.lexsort((pool, rows["rank"].to_numpy(), student))
        rows, student, pool = rows[pl.Series(order)], student[order], pool[order]
        own = [name for name in rows.columns if name not in (*HEAD, *TAIL) or name == LOTTERY]
        bundles = pl.DataFrame({"student": student, "bundle": rows["bundle_id"]}).drop_nulls().unique("student")
        bundle_ids = pl.Series([None], dtype=pl.String).new_from_index(0, len(student_ids))
        return cls(
            rule=rule,
            student_ids=student_ids,
            programme_ids=programme_ids,
            student=student,
            programme=row_numbers(rows["programme_id"], programme_ids),
            pool=pool,
            class_place=_places(rows["class"], classes).astype(np.int16),
            rank=rows["rank"].to_numpy().astype(np.int32),
            key=rows["key"].fill_null(-1).to_numpy().astype(np.int64),
            outcome=_places(rows["outcome"], outcomes).astype(np.int8),
            values={_value_name(rule, name): (None, rows[name]) for name in own},
            bundle_ids=bundle_ids.scatter(bundles["student"], bundles["bundle"]) if len(bundles) else bundle_ids,
        )


def names_a_child(term: str) -> bool:
    """Return whether what an order compares is made of a child's id, and must not stand where no child is named.

    Examples
    --------
    >>> names_a_child("SUBSTR(student_id, 5)"), names_a_child("total")
    (True, False)
    """
    return bool(_ID_OF_CHILDREN.search(term))


def applications_frame(records: Sequence[RoundRecord]) -> pl.DataFrame:
    """Return every application of every round, in order of student, round, rank and the order of law."""
    frames = [record.to_frame() for record in records]
    whole = pl.concat(frames, how="diagonal_relaxed")
    values = [name for name in whole.columns if name not in (*HEAD, *TAIL)]
    whole = whole.select([*HEAD, *values, *(name for name in TAIL if name in whole.columns)])
    student = np.concatenate([record.student for record in records])
    if (student[1:] >= student[:-1]).all():
        return whole
    return whole[pl.Series(np.argsort(student, kind="stable"))]


def records_of_frame(
    rules: Sequence[Round], applications: pl.DataFrame, student_ids: pl.Series, programme_ids: pl.Series
) -> tuple[RoundRecord, ...]:
    """Return the records of all rounds from the table `applications_frame` makes."""
    rounds = [applications.filter(pl.col("round") == rule.name) for rule in rules]
    return tuple(
        RoundRecord.from_frame(rule, rows, student_ids, programme_ids) for rule, rows in zip(rules, rounds, strict=True)
    )


def value_column(name: str) -> str:
    """Return the column that records what an order compared; one that clashes gets an underscore."""
    clash = {*HEAD, *TAIL, *CUTOFF_COLUMNS} - {LOTTERY}
    return f"{name}_" if name in clash else name


def words_at(words: Sequence[str] | pl.Series, places: npt.NDArray[np.integer]) -> pl.Series:
    """Return the word of each place, null for a place below 0."""
    index = pl.Series(places.astype(np.int32, copy=False))
    series = pl.Series(words, dtype=pl.String)
    if len(places) and places.min() >= 0:
        return series.gather(index)
    return series.gather(index.set(index < 0, None))


def _at(words: Sequence[str] | pl.Series, places: npt.NDArray[np.integer]) -> pl.Expr:
    """Return an expression for the word of each place, null for a place below 0: columns are made in parallel."""
    series = words if isinstance(words, pl.Series) else pl.Series(words, dtype=pl.String)
    index = pl.lit(pl.Series(places.astype(np.int32, copy=False)))
    if len(places) and places.min() < 0:
        index = pl.when(index >= 0).then(index)
    return pl.lit(series).gather(index)


def _places(words: pl.Series, known: Mapping[str, int]) -> npt.NDArray[np.int32]:
    return words.replace_strict(known, default=-1, return_dtype=pl.Int32).fill_null(-1).to_numpy()


def _value_name(rule: Round, column: str) -> str:
    """Return the name of the value a column records."""
    names = {t.name for priority in rule.classes for pool in rule.pools for t in rule.terms(priority, pool)}
    return next((name for name in names if value_column(name) == column), column)
