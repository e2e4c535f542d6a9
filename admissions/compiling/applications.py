"""Applications: one student at one programme, and every column such a row sees.

A column lives with the student, with the programme or with the application itself. An expression is evaluated where
its columns live, once a student or once a programme if that is enough, and spread to the applications afterwards.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.distance import distances_between
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.errors import DataError, PolicyError, Problem, did_you_mean
from admissions.market import BoolArray, Int32Array
from admissions.policy.expressions import Expression

Level = Literal["student", "programme", "application"]
COMPUTED = ("in_zone", "distance", "choice_rank", "placed", "left_by")
LEVELS: dict[str, Level] = {
    "students": "student",
    "choices": "application",
    "programmes": "programme",
    "schools": "programme",
}
OWNER = {"students": "student", "choices": "choice", "programmes": "programme", "schools": "school"}


@dataclass(frozen=True, slots=True, repr=False)
class Applications:
    """Students at programmes, by row number.

    Attributes
    ----------
    student, programme : (m,) int32
        Rows of the district's tables.
    choice : (m,) int32
        Row of `choices` that lists the programme, or -1.
    """

    district: District
    progress: Progress
    student: Int32Array
    programme: Int32Array
    choice: Int32Array

    def __len__(self) -> int:
        return len(self.student)

    def condition(self, expression: Expression, where: str) -> BoolArray:
        """Return for which applications a condition holds; what is not known does not hold.

        Raises
        ------
        PolicyError
            If the expression names a column there is not, or is no condition; `where` says which clause it is.
        """
        level, series = self.evaluate(expression, where)
        if series.dtype not in (pl.Boolean, pl.Null):
            raise PolicyError(f"{where}: '{expression.text}' is {series.dtype}, and a condition is true or false")
        return self.spread(level, series.cast(pl.Boolean).fill_null(False).to_numpy())

    def evaluate(self, expression: Expression, where: str) -> tuple[Level, pl.Series]:
        """Return the values of an expression, and whose they are: a value a student, programme or application."""
        columns = {name: self._column(name, where) for name in expression.columns}
        levels = {level for level, _ in columns.values()}
        level: Level = levels.pop() if len(levels) == 1 else "application" if levels else "programme"
        frame = pl.DataFrame({name: self._at(level, own, series()) for name, (own, series) in columns.items()})
        if not columns:
            frame = pl.DataFrame(height=len(self.district.programmes))
        try:
            return level, _evaluated(frame, expression)
        except pl.exceptions.PolarsError:
            raise self._refusal(expression, where, frame) from None

    def spread(self, level: Level, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return one value an application from one a student, programme or application."""
        return values if level == "application" else values[self.student if level == "student" else self.programme]

    def column(self, name: str) -> pl.Series:
        """Return a column as each application sees it.

        Raises
        ------
        PolicyError
            If no table has it.
        """
        level, series = self._column(name, "column")
        return self.spread_series(level, series())

    def spread_series(self, level: Level, series: pl.Series) -> pl.Series:
        """Return one value an application from one a student, programme or application."""
        return self._at("application", level, series)

    def _at(self, level: Level, own: Level, series: pl.Series) -> pl.Series:
        if own == level:
            return series
        return series.gather(self.student if own == "student" else self.programme)

    def _column(self, name: str, where: str) -> tuple[Level, Callable[[], pl.Series]]:
        """Return where a column lives and how to get it; the first table that has the name gives it."""
        found = _computed(self, name) or _stored(self, name)
        if found is None:
            known = known_columns(self.district)
            raise PolicyError(f"{where}: no column '{name}'{did_you_mean(name, known)}; there are {', '.join(known)}")
        return found

    def _refusal(self, expression: Expression, where: str, frame: pl.DataFrame) -> PolicyError | DataError:
        for name in expression.columns:
            for table in OWNER:
                if problem := self.district.mixed.get(f"{table}.{name}"):
                    message = f"is no number, and {where} compares with it"
                    return DataError([Problem(problem.table, problem.row, problem.column, problem.value, message)])
        return PolicyError(f"{where}: '{expression.text}': {expression.failure_on(frame)}")


def condition_of(
    level: Literal["student", "programme"], district: District, progress: Progress, expression: Expression, where: str
) -> BoolArray:
    """Return for which students, or programmes, a condition holds that reads no column of anything else.

    Raises
    ------
    PolicyError
        If it does.
    """
    nobody = np.empty(0, dtype=np.int32)
    own, series = Applications(district, progress, nobody, nobody, nobody).evaluate(expression, where)
    height = len(district.students if level == "student" else district.programmes)
    if not expression.columns:
        return np.full(height, pl.select(expression.polars()).item() is True)
    if own != level:
        raise PolicyError(
            f"{where}: '{expression.text}' reads columns of more than the {level}{_meant(level, district, expression)}"
        )
    if series.dtype not in (pl.Boolean, pl.Null):
        raise PolicyError(f"{where}: '{expression.text}' is {series.dtype}, and a condition is true or false")
    return series.cast(pl.Boolean).fill_null(False).to_numpy()


def student_column(name: str, district: District, progress: Progress) -> pl.Series | None:
    """Return what a name of an expression tells of every student; None if it is no name of a student's column.

    Raises
    ------
    PolicyError
        If there is no such name.
    """
    nobody = np.empty(0, dtype=np.int32)
    level, series = Applications(district, progress, nobody, nobody, nobody)._column(name, "column")
    return series() if level == "student" else None


def _meant(level: str, district: District, expression: Expression) -> str:
    """Return the columns of the same names that a condition on students, or programmes, may have meant."""
    for name in expression.columns:
        home, other = home_of(name, district), home_of(f"{level}_{name}", district)
        if home is not None and LEVELS[home[0]] != level and other is not None and LEVELS[other[0]] == level:
            return f": '{name}' is the {OWNER[home[0]]}'s (did you mean '{level}_{name}'?)"
    return ""


def _evaluated(frame: pl.DataFrame, expression: Expression) -> pl.Series:
    """Return the values of an expression; a column in which nothing is known takes part as a number or as text."""
    value = expression.polars().alias("value")
    unknown = [name for name, dtype in frame.schema.items() if dtype == pl.Null]
    try:
        return frame.with_columns(value)["value"]
    except pl.exceptions.PolarsError:
        if not unknown:
            raise
        return frame.with_columns(pl.col(unknown).cast(pl.String)).with_columns(value)["value"]


def known_columns(district: District) -> list[str]:
    """Return every plain column name an expression may use, in order of name."""
    tables = (getattr(district, name).columns for name in OWNER)
    return sorted({*COMPUTED, *(name for columns in tables for name in columns)})


def _computed(applications: Applications, name: str) -> tuple[Level, Callable[[], pl.Series]] | None:
    progress = applications.progress
    match name:
        case "placed":
            return "student", lambda: pl.Series(progress.placed)
        case "left_by":
            return "student", lambda: progress.left_by
        case "choice_rank":
            return "application", lambda: _of_choice(applications, "rank")
        case "in_zone":
            return "application", lambda: pl.Series(in_zone(applications))
        case "distance":
            return "application", lambda: _distance(applications)
    return None


def home_of(name: str, district: District) -> tuple[str, str] | None:
    """Return the table and the column behind a name of an expression, None where no table has it."""
    for table, owner in OWNER.items():
        columns = getattr(district, table).columns
        for column in (name, name.removeprefix(f"{owner}_")):
            if column in columns and not (table == "choices" and column in ("student_id", "programme_id")):
                return table, column
    return None


def _stored(applications: Applications, name: str) -> tuple[Level, Callable[[], pl.Series]] | None:
    found = home_of(name, applications.district)
    return None if found is None else (LEVELS[found[0]], partial(_column_of, applications, *found))


def _column_of(applications: Applications, table: str, column: str) -> pl.Series:
    if table == "choices":
        return _of_choice(applications, column)
    series: pl.Series = getattr(applications.district, table)[column]
    return series.gather(applications.district.links.programme_school) if table == "schools" else series


def _of_choice(applications: Applications, column: str) -> pl.Series:
    rows = pl.Series(applications.choice)
    return applications.district.choices[column].gather(rows.set(rows < 0, None))


def in_zone(applications: Applications) -> BoolArray:
    """Return whether the programme's school serves the student's zone, (m,) bool."""
    links, schools = applications.district.links, len(applications.district.schools)
    pairs = np.sort(links.zone_of_pair.astype(np.int64) * schools + links.school_of_pair)
    zone = links.student_zone[applications.student].astype(np.int64)
    wanted = zone * schools + links.programme_school[applications.programme]
    if not len(pairs):
        return np.zeros(len(applications), dtype=np.bool_)
    place = np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)
    return (pairs[place] == wanted) & (zone >= 0)


def _distance(applications: Applications) -> pl.Series:
    school = applications.district.links.programme_school[applications.programme]
    metres = pl.Series(distances_between(applications.district, applications.student, school))
    return metres.set(metres < 0, None)
