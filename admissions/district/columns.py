"""One column from what the office gave to what the library holds, and every value that cannot make the way.

Text from a CSV and typed columns from Parquet or data frames end in the same few types: String, Int64, exact Decimal,
Boolean, and Float64 for coordinates alone. No mark is ever a float.
"""

from collections.abc import Callable
from decimal import Decimal

import polars as pl

from admissions.district.schema import Column

INTEGER = r"^-?(0|[1-9][0-9]{0,17})$"
NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?$"
NOT_FINITE = r"(?i)^[+-]?(nan|inf|infinity)$"
HIDDEN = r"^\s|\s$|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]"
DIGITS = 38

Report = Callable[[pl.Series, str], None]
"""Called with a mask of the offending rows and what is wrong with them."""


def typed(series: pl.Series, column: Column, report: Report) -> pl.Series:
    """Return a column of the schema in its type, its bad values reported and made null."""
    if column.required and series.null_count():
        report(series.is_null(), "is missing")
    match column.kind:
        case "id":
            return _identifiers(series, report)
        case "text":
            return _as_text(series)
        case "choice":
            text = _as_text(series)
            return _only(text, text.is_in(list(column.words)), report, f"is none of {', '.join(column.words)}")
        case "count":
            return _whole_numbers(series, 0, "a whole number of 0 or more is needed", report)
        case "rank":
            return _whole_numbers(series, 1, "ranks start at 1 and are whole numbers", report)
        case "coordinate":
            return _numbers(series, report).cast(pl.Float64)
        case "metres":
            numbers = _numbers(series, report).cast(pl.Float64)
            return _only(numbers, numbers >= 0, report, "a distance is 0 or more").round(0).cast(pl.Int64)
        case "number":
            return _numbers(series, report)


def inferred(series: pl.Series, report: Report) -> pl.Series:
    """Return a column of the office's own as whole numbers, exact decimals, truth values or text, or as nothing known.

    A column of numbers with a NaN or an infinity in it is reported; one of numbers and words stays text.
    """
    if series.null_count() == len(series):
        return pl.Series(series.name, [None] * len(series), dtype=pl.Null)
    if series.dtype != pl.String:
        return _from_type(series, report)
    numeric, broken = series.str.contains(NUMBER), series.str.contains(NOT_FINITE)
    if broken.any() and (numeric | broken).all():
        report(broken, "is no number a child could be ranked by; leave the cell empty if there is none")
        return _blank(series, broken)
    if numeric.any() and numeric.all():
        return _decimals(series, report)
    words = series.str.to_lowercase()
    if words.is_in(["true", "false"]).all():
        return words == "true"
    return series


def is_mixed(series: pl.Series) -> pl.Series:
    """Return which values of a text column are no plain numbers, where others are; empty where there is no such mix."""
    if series.dtype != pl.String:
        return pl.Series(dtype=pl.Boolean)
    numeric = series.str.contains(NUMBER)
    return ~numeric if numeric.any() and not numeric.all() else pl.Series(dtype=pl.Boolean)


def _from_type(series: pl.Series, report: Report) -> pl.Series:
    dtype = series.dtype
    if dtype.is_integer() or dtype == pl.Boolean:
        return series.cast(pl.Int64) if dtype.is_integer() else series
    if isinstance(dtype, pl.Decimal) and dtype.scale:
        return series.cast(pl.Decimal(DIGITS, dtype.scale))
    if dtype.is_float() or dtype.is_decimal():
        return _numbers(series, report)
    return _as_text(series)


def _as_text(series: pl.Series) -> pl.Series:
    """Return text; dates and times in ISO form, so that they sort as text."""
    if series.dtype == pl.Datetime:
        return series.dt.to_string("%Y-%m-%dT%H:%M:%S%.f")
    if series.dtype.is_nested() or series.dtype == pl.Object:
        return pl.Series(series.name, [None if value is None else str(value) for value in series], dtype=pl.String)
    return series.cast(pl.String)


def _identifiers(series: pl.Series, report: Report) -> pl.Series:
    if series.dtype.is_float():
        report(series.is_not_null(), "is a float, in which long ids lose digits; give ids as text")
        return pl.Series(series.name, [None] * len(series), dtype=pl.String)
    text = _as_text(series)
    return _only(text, text != "", report, "is empty")


def _whole_numbers(series: pl.Series, least: int, need: str, report: Report) -> pl.Series:
    if series.dtype.is_integer():
        whole = series.cast(pl.Int64, strict=False)
    elif series.dtype == pl.Boolean:
        whole = pl.Series(series.name, [None] * len(series), dtype=pl.Int64)
    else:
        text = _plain_text(series)
        whole = text.set(~text.str.contains(INTEGER), None).cast(pl.Int64)
    good = whole >= least
    return _only(series, good.fill_null(False) | series.is_null(), report, need, result=whole)


def _numbers(series: pl.Series, report: Report) -> pl.Series:
    """Return whole numbers or exact decimals; anything else is reported."""
    if series.dtype.is_integer():
        return series.cast(pl.Int64)
    if series.dtype == pl.Null:
        return series.cast(pl.Int64)
    text = _plain_text(series)
    good = text.str.contains(NUMBER)
    report_bad = "is no number" if not series.dtype.is_float() else "is no number a child could be ranked by"
    return _decimals(_only(text, good, report, report_bad), report)


def _plain_text(series: pl.Series) -> pl.Series:
    """Return numbers in plain notation, a float by its shortest text and without an empty fraction."""
    text = _as_text(series)
    if series.dtype.is_float():
        scientific = text.str.contains("e", literal=True)
        if scientific.any():
            plain = [format(Decimal(repr(value)), "f") for value in series.cast(pl.Float64).filter(scientific)]
            text = text.scatter(scientific.arg_true(), plain)
    return text.str.replace(r"(\.[0-9]*[1-9])0+$|\.0+$", "$1")


def _decimals(text: pl.Series, report: Report) -> pl.Series:
    """Return plain numbers as Int64 where all are whole, as exact decimals otherwise."""
    if text.str.contains(INTEGER).all():
        return text.cast(pl.Int64)
    fractions = text.str.split(".").list.get(1, null_on_oob=True).str.len_bytes()
    scale = int(fractions.fill_null(0).to_numpy().max(initial=0))
    exact = text.cast(pl.Decimal(DIGITS, min(scale, DIGITS)), strict=False)
    return _only(exact, exact.is_not_null() | text.is_null(), report, f"has more than {DIGITS} digits with its column")


def _only(
    series: pl.Series, good: pl.Series, report: Report, message: str, result: pl.Series | None = None
) -> pl.Series:
    """Return the series with the values that are not good reported and made null."""
    result = series if result is None else result
    if good.all():
        return result
    bad = ~good.fill_null(True)
    if not bad.any():
        return result
    report(bad, message)
    return _blank(result, bad)


def _blank(series: pl.Series, where: pl.Series) -> pl.Series:
    return series.to_frame().select(pl.when(~where).then(pl.col(series.name)).alias(series.name)).to_series()
