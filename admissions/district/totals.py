"""Control totals: a column counts and adds up to what whoever made it says, or the tables are refused.

They catch a value lost, doubled or moved to another group of rows. What they cannot see is two children of one group
with each other's marks: tables are joined by id alone, and no row's place means anything.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, localcontext
from typing import Any

import polars as pl

from admissions.district.tables import Findings
from admissions.errors import did_you_mean

DIGITS = 60
"""Enough for the sum of any column of exact decimals."""


def check_totals(frames: Mapping[str, pl.DataFrame], findings: Mapping[str, Findings]) -> None:
    """Note every control total that does not agree with its table, where the table itself is in order."""
    stated, mine = frames["control_totals"], findings["control_totals"]
    for row, total in enumerate(stated.iter_rows(named=True)):
        if total["table"] in findings and findings[total["table"]].problems:
            continue
        for column, message in _disagreements(total, frames):
            mine.add([row], column, stated[column], message)


def _disagreements(total: Mapping[str, Any], frames: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, str]]:
    """Yield the column of a control total that does not hold, and why."""
    table, column, where = total["table"], total["column"], total["where_column"]
    if table not in frames:
        yield "table", f"no such table{did_you_mean(str(table), frames)}"
        return
    frame = frames[table]
    for key, name in (("column", column), ("where_column", where)):
        if name is not None and name not in frame.columns:
            yield key, f"no such column in {table}{did_you_mean(name, frame.columns)}"
            return
    if (where is None) != (total["where_value"] is None):
        yield "where_column", "where_column and where_value go together; one is empty"
        return
    if column is None or total["count"] is None:
        return
    if where is not None:
        frame = frame.filter(pl.col(where).cast(pl.String) == total["where_value"])
    values = frame[column].drop_nulls()
    if len(values) != total["count"]:
        yield "count", f"{table}.{column} has {len(values)} here: a row is missing, too many, or empty"
    if total.get("sum") is None:
        return
    if len(values) and not (values.dtype.is_integer() or values.dtype.is_decimal()):
        yield "sum", f"{table}.{column} is {values.dtype}; whole numbers and exact decimals add up, nothing else does"
    elif (found := _sum(values)) != total["sum"]:
        more = "more" if found > total["sum"] else "less"
        yield "sum", f"{table}.{column} adds up to {more}: compare it with its source, child by child"


def _sum(values: pl.Series) -> int | Decimal:
    with localcontext(prec=DIGITS):
        return sum(values.to_list())
