"""What the office assumes of the years ahead: one TOML file, and the tables of rolls and births it names. Frozen.

Shares are exact decimals from 0 to 1. A year is that of the autumn in which a school year begins.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import polars as pl
import tomli_w
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from admissions.district.district import Hashes
from admissions.district.reading import read_table
from admissions.district.schema import Column, Table
from admissions.district.tables import RawTable, empty_frame, raw_from_frame, typed_frame
from admissions.errors import DataError, PolicyError, did_you_mean
from admissions.policy.expressions import parse_expression
from admissions.policy.problems import describe

GRADES = 12
FIRST = {"primary": 0, "junior": 6, "senior": 9}
"""Place of each stage's first grade among the twelve."""
LAST = {"primary": 5, "junior": 8, "senior": 11}
ENTRY_AGE = 6
"""Full years on 31 August of the year in which a child enters primary school."""
TABLES = {
    "enrolment": Table(
        "enrolment",
        "Rolls of the year before the intake, one row a school and grade; a grade without a row has nobody",
        (
            Column("school_id", "id", "the school", required=True, references="schools"),
            Column("grade", "rank", "1 to 12: primary 1 to 6, junior 7 to 9, senior 10 to 12", required=True),
            Column("children", "count", "children on the roll", required=True),
            Column("classes", "count", "classes of the grade, which go up with it; where empty, sizes are not judged"),
            Column("diverted", "count", "how many of them were diverted from the general to the vocational stream"),
        ),
        key=("school_id", "grade"),
    ),
    "births": Table(
        "births",
        "Children born in a zone, one row a zone and year; they enter primary school six years later",
        (
            Column("zone_id", "id", "the zone", required=True, references="zones"),
            Column("year", "rank", "the year that ends on the 31 August by which they are born", required=True),
            Column("children", "count", "children born", required=True),
        ),
        key=("zone_id", "year"),
    ),
    "children": Table(
        "children",
        "Children who live in a zone and are not at school yet, one row a zone and age",
        (
            Column("zone_id", "id", "the zone", required=True, references="zones"),
            Column("age", "count", "full years on 31 August of the year of the intake, 0 to 5", required=True),
            Column("children", "count", "children counted", required=True),
        ),
        key=("zone_id", "age"),
    ),
}
Stream = Literal["primary", "junior", "general", "vocational"]
STREAMS: tuple[Stream, ...] = ("primary", "junior", "general", "vocational")


def _exact(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return Decimal(repr(value)) if isinstance(value, float) else value


def _condition(text: str) -> str:
    try:
        parse_expression(text)
    except PolicyError as error:
        raise ValueError(str(error)) from None
    return text


Number = Annotated[Decimal, Field(allow_inf_nan=False, ge=0), BeforeValidator(_exact)]
Share = Annotated[Decimal, Field(allow_inf_nan=False, ge=0, le=1), BeforeValidator(_exact)]
Year = Annotated[int, Field(strict=True, ge=1000, le=9999)]
Count = Annotated[int, Field(strict=True, ge=0)]
Positive = Annotated[int, Field(strict=True, ge=1)]
Name = Annotated[str, Field(min_length=1)]


class _Clause(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class BeforeSchool(_Clause):
    """What happens in each year until children enter: the share of them who leave their zone or die, and who come."""

    leaving: Share = Decimal(0)
    coming: Share = Decimal(0)


class Rate(_Clause):
    """Shares of a roll at the start of a school year, from a year on; what is not stated stays as it was.

    `dropout` leave education; `attrition` leave the school whatever for, those who drop out among them; `coming` is
    how many come from elsewhere for each child on the roll.
    """

    of: Stream
    from_year: Year | None = None
    dropout: Share | None = None
    attrition: Share | None = None
    coming: Share | None = None


class Onward(_Clause):
    """Of those who finish a stage: who applies to the next one here, and who enters it elsewhere. The others end."""

    to: Literal["junior", "senior"]
    from_year: Year | None = None
    apply: Share
    elsewhere: Share = Decimal(0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.apply + self.elsewhere > 1:
            raise ValueError(f"apply {self.apply} and elsewhere {self.elsewhere} are more than 1 together")
        return self


class Housing(_Clause):
    """Dwellings of a zone that families move into in a year, and the children a dwelling has at each stage."""

    zone_id: Name
    year: Year
    dwellings: Count
    primary: Annotated[Number, Field(le=6)] = Decimal(0)
    junior: Annotated[Number, Field(le=3)] = Decimal(0)


class Intake(_Clause):
    """Classes, or seats, that a programme opens from a year on; none close it to newcomers."""

    programme_id: Name
    year: Year
    classes: Count | None = None
    seats: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.classes is None) == (self.seats is None):
            raise ValueError("state classes, or seats, and one of them only")
        return self


class ClassLimits(_Clause):
    """From how many children a class is large (大班额) and super-large (超大班额): the Ministry's bands."""

    large: Positive = 56
    super_large: Positive = 66

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.super_large <= self.large:
            raise ValueError(f"super_large {self.super_large} is not above large {self.large}")
        return self


class Goals(_Clause):
    """What the plan promises: least shares of a stage's graduates who go on, and general to vocational stock."""

    junior: Share | None = None
    senior: Share | None = None
    ratio: Annotated[Number, Field(gt=0)] | None = None


class Statements(_Clause):
    """The keys of the file; `year` is that of the intake the district's tables hold."""

    title: Name
    year: Year
    enrolment: Name | None = None
    births: Name | None = None
    children: Name | None = None
    in_district: Annotated[str, AfterValidator(_condition)] = "zone_id IS NOT NULL"
    diverted_round: Name | None = None
    before_school: BeforeSchool = BeforeSchool()
    rate: tuple[Rate, ...] = ()
    onward: tuple[Onward, ...] = ()
    housing: tuple[Housing, ...] = ()
    intake: tuple[Intake, ...] = ()
    class_limits: ClassLimits = ClassLimits()
    goals: Goals = Goals()

    @model_validator(mode="after")
    def _check(self) -> Self:
        stated: list[tuple[str, str, int | None]] = [("rate", one.of, one.from_year) for one in self.rate]
        stated += [("onward", one.to, one.from_year) for one in self.onward]
        stated += [("intake", one.programme_id, one.year) for one in self.intake]
        for key, name, year in stated:
            if stated.count((key, name, year)) > 1:
                since = "without from_year" if year is None else f"from {year}"
                raise ValueError(f"{key}: '{name}' is stated twice {since}")
        for key, changes in (("housing", self.housing), ("intake", self.intake)):
            for one in changes:
                if one.year < self.year:
                    raise ValueError(f"{key}: {one.year} is before the intake of {self.year}")
        return self


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Assumptions:
    """What the office assumes of the years ahead.

    Read them with `read_assumptions`, or make them with `Assumptions.of`.

    Attributes
    ----------
    stated : Statements
        The keys of the file.
    enrolment, births, children : polars.DataFrame
        The tables, in order of their keys; without rows where there is none.
    text : str
        The file, or one that says the same.
    sources : mapping of str to str
        SHA-256 of each table given, whatever the order of its rows.

    Examples
    --------
    >>> rolls = pl.DataFrame({"school_id": ["P1", "P1"], "grade": [1, 2], "children": [44, 41], "classes": [1, 1]})
    >>> rates = [{"of": "primary", "dropout": 0.005, "attrition": 0.05}]
    >>> Assumptions.of({"title": "As last year", "year": 2016, "rate": rates}, enrolment=rolls)
    Assumptions('As last year' from 2016: enrolment)
    """

    stated: Statements
    enrolment: pl.DataFrame
    births: pl.DataFrame
    children: pl.DataFrame
    text: str
    sources: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Assumptions('{self.stated.title}' from {self.stated.year}: {', '.join(self.sources) or 'no tables'})"

    @classmethod
    def of(cls, content: Mapping[str, Any], **tables: Any) -> Self:
        """Return the assumptions of a mapping of the shape of the file, with its tables.

        Parameters
        ----------
        content : mapping
            The keys; see `Statements`.
        **tables : data frame
            `enrolment`, and `births` or `children`: polars, pandas, anything that speaks Arrow.

        Raises
        ------
        PolicyError
            For everything wrong with the keys, each with its place.
        DataError
            For everything wrong with the tables.
        TypeError
            For a table there is not, or a value that is no data frame.
        """
        for name in tables:
            if name not in TABLES:
                raise TypeError(f"no table '{name}'{did_you_mean(name, TABLES)}; there are {', '.join(TABLES)}")
        given = {name: raw_from_frame(name, frame) for name, frame in tables.items() if frame is not None}
        return cls._made(_checked(content, "assumptions"), tomli_w.dumps(content), given)

    @classmethod
    def _made(cls, stated: Statements, text: str, raw: Mapping[str, RawTable]) -> Self:
        if "births" in raw and "children" in raw:
            raise PolicyError("births and children say the same of those who enter; give one of them")
        frames, problems = {}, []
        for name, table in TABLES.items():
            given = raw.get(name) or RawTable(name, empty_frame(table), 0)
            frame, findings = typed_frame(given, table)
            problems += findings.problems
            frames[name] = frame
        if problems:
            raise DataError(problems)
        frames = {name: frame.sort(TABLES[name].key) for name, frame in frames.items()}
        hashes = Hashes({name: table.sha256 or frames[name] for name, table in raw.items()})
        return cls(stated, **frames, text=text, sources=dict(hashes))


def read_assumptions(path: str | Path) -> Assumptions:
    r"""Return the assumptions a TOML file states, with the tables it names.

    Parameters
    ----------
    path : path
        The file. Its keys `enrolment`, `births` and `children` name tables, CSV or Parquet, counted from the file.

    Raises
    ------
    PolicyError
        If there is no such file, or for everything wrong in it, each with its place.
    DataError
        For everything wrong with a table.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "rolls.csv").write_text("school_id,grade,children\nP1,1,44\n")
    ...     _ = (Path(folder) / "a.toml").write_text('title = "a"\nyear = 2016\nenrolment = "rolls.csv"\n')
    ...     read_assumptions(Path(folder) / "a.toml").enrolment["children"].to_list()
    [44]
    """
    path = Path(path)
    if not path.is_file():
        raise PolicyError(f"{path}: no such file of assumptions")
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: no valid TOML: {error}") from None
    stated = _checked(content, path.name)
    named = {name: file for name in TABLES if (file := getattr(stated, name)) is not None}
    return Assumptions._made(stated, text, {name: read_table(path.parent / file) for name, file in named.items()})


def _checked(content: Mapping[str, Any], name: str) -> Statements:
    try:
        return Statements.model_validate(content)
    except ValidationError as error:
        raise PolicyError(describe(error, content, name, Statements)) from None
