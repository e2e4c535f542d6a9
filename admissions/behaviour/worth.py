"""What a programme is worth to everybody, from columns of programmes and schools and a number for each."""

from collections.abc import Mapping
from math import fsum, isfinite
from numbers import Real

import numpy as np
import polars as pl

from admissions.behaviour.tastes import FloatArray
from admissions.compiling.applications import Applications, condition_of
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import BoolArray
from admissions.policy.expressions import parse_expression

Quality = Mapping[str, float | Mapping[str, float]]
SHOWN = 5


def programmes_in_question(district: District, condition: str) -> BoolArray:
    """Return which programmes meet a condition, (p,) bool.

    Raises
    ------
    PolicyError
        If it is no condition on programmes.
    """
    return condition_of("programme", district, _start(district), parse_expression(condition), "programmes")


def programme_column(district: District, expression: str, which: BoolArray) -> pl.Series:
    """Return an expression's value for every programme; those in question have one.

    Parameters
    ----------
    district : District
        The tables.
    expression : str
        SQL over columns of programmes and schools.
    which : (p,) bool
        Programmes in question.

    Returns
    -------
    Series
        Float64, or String.

    Raises
    ------
    AdmissionsError
        If there is no such column, it is not of programmes or schools, or it is empty for a programme in question.
    """
    nobody = np.empty(0, dtype=np.int32)
    where = f"quality '{expression}'"
    level, values = Applications(district, _start(district), nobody, nobody, nobody).evaluate(
        parse_expression(expression), where
    )
    if level != "programme":
        raise AdmissionsError(
            f"{where}: quality is of a programme; this reads columns of more than programmes and schools"
        )
    empty = values.is_null() & pl.Series(which)
    if empty.any():
        raise AdmissionsError(f"{where} is empty for {_some(district.programmes['programme_id'].filter(empty))}")
    return values if values.dtype == pl.String else values.cast(pl.Float64)


def programme_worth(district: District, quality: Quality, which: BoolArray) -> FloatArray:
    """Return the worth of each programme in question, 0 for the others, (p,) float64.

    Parameters
    ----------
    district : District
        The tables.
    quality : mapping
        A coefficient for a column of numbers or truth values, or an effect for each value of a column of text.
    which : (p,) bool
        Programmes in question.

    Raises
    ------
    AdmissionsError
        If a column is not there or not known everywhere, or a value of it has no effect.
    """
    parts = [_part(district, name, given, which) for name, given in sorted(quality.items())]
    rows = np.flatnonzero(which)
    worth = np.zeros(len(which))
    worth[rows] = [fsum(part[row] for part in parts) for row in rows.tolist()]
    return worth


def _part(district: District, name: str, given: float | Mapping[str, float], which: BoolArray) -> FloatArray:
    values = programme_column(district, name, which)
    if not isinstance(given, Mapping):
        if values.dtype == pl.String:
            raise AdmissionsError(f"quality '{name}' is text: give an effect for each of its values")
        return values.to_numpy() * float(given)
    if values.dtype != pl.String:
        raise AdmissionsError(f"quality '{name}' is a number: give one coefficient, and no effects of values")
    effects = values.replace_strict(dict(given), default=None, return_dtype=pl.Float64)
    unknown = values.filter(effects.is_null() & pl.Series(which)).unique().sort()
    if len(unknown):
        raise AdmissionsError(
            f"quality '{name}' has no effect for {_some(unknown)}; give one, or narrow the programmes"
        )
    return effects.fill_null(0.0).to_numpy()


def check_coefficient(name: str, value: object) -> None:
    """Refuse what is no finite number.

    Raises
    ------
    AdmissionsError
        If it is not.
    """
    if not isinstance(value, Real) or isinstance(value, bool) or not isfinite(value):
        raise AdmissionsError(f"{name}: a finite number is needed, {value!r} given")


def _start(district: District) -> Progress:
    return Progress.start(len(district.students), np.zeros(len(district.programmes), dtype=np.int64))


def _some(names: pl.Series) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(f"'{name}'" for name in names.head(SHOWN)) + more
