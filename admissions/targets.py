"""The plan's targets, measured on an allocation; compared exactly, in fractions."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import polars as pl

from admissions.district.district import District
from admissions.errors import PolicyError, did_you_mean
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Target

PLACES = 6
COLUMNS = dict.fromkeys(("name", "measure", "value", "bound"), pl.String) | {"met": pl.Boolean, "source": pl.String}


def measure_targets(targets: Sequence[Target], district: District, placed: pl.DataFrame) -> pl.DataFrame:
    """Return each target with its value, bound and whether it is met.

    Parameters
    ----------
    targets : sequence of Target
        What the policy promises.
    district : District
        The tables.
    placed : polars.DataFrame
        The allocation, one row a student in order of id.

    Returns
    -------
    polars.DataFrame
        Columns name, measure, value, bound, met, source. `value` is exact where it is whole and rounded to six places
        otherwise; `met` is compared before rounding, and empty without a bound or where nothing is there to measure.

    Raises
    ------
    PolicyError
        If a target reads a column there is not.
    """
    rows, views = [], dict[str, pl.DataFrame]()
    for target in targets:
        if target.measure != "figure" and target.over not in views:
            views[target.over] = _view(target.over, district, placed)
        value = _figure(target, district) if target.measure == "figure" else _measured(target, views[target.over])
        rows.append(
            (target.name, target.measure, decimal_text(value), _bound(target), _met(target, value), target.source)
        )
    return pl.DataFrame(rows, schema=COLUMNS, orient="row")


def _figure(target: Target, district: District) -> Fraction | None:
    values = district.figures.filter(pl.col("name") == target.of)["value"].to_list()
    return Fraction(values[0]) if values else None


def _measured(target: Target, frame: pl.DataFrame) -> Fraction | None:
    of, among = _holds(frame, target, "of", target.of), _holds(frame, target, "among", target.among)
    number = int((of & among).sum()) if target.measure != "ratio" else int(of.sum())
    if target.minus is not None:
        number -= int(_holds(frame, target, "minus", target.minus).sum())
    if target.measure == "count":
        return Fraction(number)
    whole = int(among.sum())
    return Fraction(number, whole) if whole else None


def _holds(frame: pl.DataFrame, target: Target, key: str, text: str) -> pl.Series:
    where = f"target '{target.name}' › {key}"
    expression = parse_expression(text)
    for name in expression.columns:
        if name not in frame.columns:
            raise PolicyError(f"{where}: no column '{name}'{did_you_mean(name, frame.columns)}")
    try:
        holds = frame.select(expression.columns or frame.columns[:1]).with_columns(expression.polars().alias("holds"))[
            "holds"
        ]
    except pl.exceptions.PolarsError:
        raise PolicyError(f"{where}: '{text}': {expression.failure_on(frame)}") from None
    if holds.dtype not in (pl.Boolean, pl.Null):
        raise PolicyError(f"{where}: '{text}' is {holds.dtype}, and a condition is true or false")
    return holds.cast(pl.Boolean).fill_null(False)


def _view(over: str, district: District, placed: pl.DataFrame) -> pl.DataFrame:
    """Return the rows targets count, with the columns of every table they may read."""
    programmes = _with_prefix(district.programmes, district.schools, "school", on="school_id")
    if over == "classes":
        return _classes(programmes, placed)
    seats = placed.drop("student_id", "stage").with_columns(placed=pl.col("programme_id").is_not_null())
    clashes = {name: f"allocation_{name}" for name in seats.columns if name in district.students.columns}
    students = district.students.hstack(seats.rename(clashes))
    return _with_prefix(students, programmes.drop("school_id"), "programme", on="programme_id")


def _with_prefix(left: pl.DataFrame, right: pl.DataFrame, prefix: str, on: str) -> pl.DataFrame:
    """Return a left join in which a column both sides have is told apart by the right side's prefix."""
    clashes = {name: f"{prefix}_{name}" for name in right.columns if name in left.columns and name != on}
    return left.join(right.rename(clashes), on=on, how="left", maintain_order="left")


def _classes(programmes: pl.DataFrame, placed: pl.DataFrame) -> pl.DataFrame:
    """Return one row a class opened, its `pupils` as even as they divide."""
    admitted = placed.group_by("programme_id").len("admitted")
    if "classes" not in programmes.columns:
        programmes = programmes.with_columns(classes=pl.lit(None, dtype=pl.Int64))
    opened = programmes.join(admitted, on="programme_id", how="left", maintain_order="left").filter(
        pl.col("classes") > 0
    )
    opened = opened.with_columns(pl.col("admitted").fill_null(0).cast(pl.Int64))
    each = opened.with_columns(nth=pl.int_ranges(0, "classes")).explode("nth")
    larger = (pl.col("nth") < pl.col("admitted") % pl.col("classes")).cast(pl.Int64)
    return each.with_columns(pupils=pl.col("admitted") // pl.col("classes") + larger).drop("nth")


def decimal_text(value: Fraction | None) -> str | None:
    """Return a number as text: exact where it is whole, rounded to six places otherwise.

    Examples
    --------
    >>> decimal_text(Fraction(3)), decimal_text(Fraction(1, 3)), decimal_text(Fraction(1, 2))
    ('3', '0.333333', '0.5')
    """
    if value is None:
        return None
    if value.denominator == 1:
        return str(value.numerator)
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return format(round(exact, PLACES).normalize(), "f")


def _bound(target: Target) -> str | None:
    low, high = (None if b is None else format(b.normalize(), "f") for b in (target.at_least, target.at_most))
    if low is not None and low == high:
        return f"= {low}"
    return " and ".join(part for part in (low and f">= {low}", high and f"<= {high}") if part) or None


def _met(target: Target, value: Fraction | None) -> bool | None:
    if value is None or (target.at_least is None and target.at_most is None):
        return None
    low = target.at_least is None or value >= Fraction(target.at_least)
    return low and (target.at_most is None or value <= Fraction(target.at_most))
