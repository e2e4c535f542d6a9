"""One table from what the office gave to what the library holds: columns in their types, rows counted and named."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from admissions.district.columns import HIDDEN, inferred, is_mixed, typed
from admissions.district.schema import TABLES, Column, Table
from admissions.errors import Problem, did_you_mean, masked
from admissions.market import Int64Array

REPORTED_ROWS = 200
HINTED_ROWS = 20
PUBLIC_COLUMNS = {
    "students": {"stage", "zone_id"},
    "choices": {"rank", "programme_id"},
    "distances": {"zone_id", "school_id"},
    "control_totals": {"table", "column", "count", "where_column"},
}
"""Columns of the tables about children whose values an error may show whole."""


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as given: its name in messages, its rows, the number a person gives the first one, and its hash."""

    label: str
    frame: pl.DataFrame = field(repr=False)
    first_row: int
    sha256: str = ""


@dataclass(slots=True)
class Findings:
    """What is wrong with one table, and which text columns mix numbers and words.

    `order` says where each row stood in the office's table once the rows have been sorted.
    """

    table: Table
    label: str
    first_row: int
    order: Int64Array | None = None
    problems: list[Problem] = field(default_factory=list)
    mixed: dict[str, Problem] = field(default_factory=dict)

    def shown(self, column: str, value: object) -> str | None:
        """Return a value as an error may show it."""
        if value is None:
            return None
        public = PUBLIC_COLUMNS.get(self.table.name)
        childs = column == "student_id" or column == "bundle_id" or (public is not None and column not in public)
        return masked(str(value)) if childs else str(value)

    def problem(self, index: int, column: str, value: object, message: str) -> Problem:
        """Return one problem at a row of the table as it now stands, counted from 0."""
        given = index if self.order is None else int(self.order[index])
        return Problem(self.label, given + self.first_row, column, self.shown(column, value), message)

    def add(
        self, rows: Iterable[int] | Int64Array, column: str, values: pl.Series, message: str, near: Iterable[str] = ()
    ) -> None:
        """Note a problem for each row; beyond `REPORTED_ROWS` only their number."""
        rows, near = np.asarray(rows, dtype=np.int64), list(near)
        for place, index in enumerate(rows[:REPORTED_ROWS].tolist()):
            hint = did_you_mean(str(values[index]), near) if place < HINTED_ROWS else ""
            self.problems.append(self.problem(index, column, values[index], message + hint))
        if len(rows) > REPORTED_ROWS:
            self.add_whole(column, f"{message}: {len(rows) - REPORTED_ROWS} more rows")

    def add_whole(self, column: str, message: str) -> None:
        """Note a problem of the whole table."""
        self.problems.append(Problem(self.label, None, column, None, message))


def empty_frame(table: Table) -> pl.DataFrame:
    """Return the table without rows, its required columns there."""
    dtypes = {"count": pl.Int64, "rank": pl.Int64, "metres": pl.Int64, "number": pl.Int64}
    needed = [column for column in table.columns if column.required or column.name in table.key]
    return pl.DataFrame(schema={column.name: dtypes.get(column.kind, pl.String) for column in needed})


def typed_frame(raw: RawTable, table: Table) -> tuple[pl.DataFrame, Findings]:
    """Return the table with its columns in their types, and everything found wrong in it."""
    findings = Findings(table, raw.label, raw.first_row)
    for column in table.columns:
        if column.required and column.name not in raw.frame.columns:
            near = did_you_mean(column.name, raw.frame.columns)
            findings.add_whole(column.name, f"this column is missing{near}: {column.meaning}")
    frame = pl.DataFrame([_column(series, table.column(series.name), findings) for series in raw.frame])
    for column in table.columns:
        if column.name in table.key and column.name not in frame.columns:
            frame = frame.with_columns(pl.lit(None, dtype=pl.String).alias(column.name))
    _find_hidden_characters(frame, findings)
    _find_duplicates(frame, findings)
    return frame, findings


def _column(series: pl.Series, column: Column | None, findings: Findings) -> pl.Series:
    def report(rows: pl.Series, message: str) -> None:
        findings.add(rows.fill_null(False).arg_true().to_list(), series.name, series, message)

    if column is not None:
        return typed(series, column, report)
    result = inferred(series, report)
    mixed = is_mixed(result)
    if len(mixed):
        first = int(mixed.fill_null(False).arg_max() or 0)
        findings.mixed[series.name] = findings.problem(first, series.name, series[first], "is no number")
    return result


def _find_hidden_characters(frame: pl.DataFrame, findings: Findings) -> None:
    """Report ids that a person cannot tell from others, where the table is the one that defines them."""
    for column in findings.table.columns:
        if column.kind == "id" and not column.references and column.name in frame.columns:
            hidden = frame[column.name].str.contains(HIDDEN).fill_null(False)
            message = "has an invisible character, or a space at an end; take it out"
            findings.add(hidden.arg_true().to_list(), column.name, frame[column.name], message)


def _find_duplicates(frame: pl.DataFrame, findings: Findings) -> None:
    key = list(findings.table.key)
    if findings.problems or findings.table.name == "choices":
        return
    again = ~frame.select(pl.struct(key).is_first_distinct()).to_series()
    if again.any():
        what = "is there twice" if len(key) == 1 else f"stands twice with the same {' and '.join(key[1:])}"
        findings.add(again.arg_true().to_list(), key[0], frame[key[0]], what)


def raw_from_frame(name: str, frame: object) -> RawTable:
    """Return a data frame (polars, pandas, anything that speaks Arrow) as a table.

    Raises
    ------
    TypeError
        If it is no data frame.
    """
    if isinstance(frame, pl.LazyFrame):
        frame = frame.collect()
    if isinstance(frame, pl.DataFrame):
        return RawTable(name, frame, 0)
    if type(frame).__module__.partition(".")[0] == "pandas":
        return RawTable(name, pl.from_pandas(frame), 0)
    if hasattr(frame, "__arrow_c_stream__"):
        return RawTable(name, pl.DataFrame(frame), 0)
    raise TypeError(f"{name}: a data frame is needed, {type(frame).__name__} found")


def table_named(name: str) -> Table:
    """Return the table of that name.

    Raises
    ------
    TypeError
        If there is none.
    """
    if name not in TABLES:
        raise TypeError(f"no table {name!r}{did_you_mean(name, TABLES)}")
    return TABLES[name]
