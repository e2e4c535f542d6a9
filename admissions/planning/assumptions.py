"""What the office assumes of the years ahead: one TOML file, and the tables of rolls and births it names. Frozen.

A year is that of the autumn in which a school year begins.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

import polars as pl
import tomli_w
from pydantic import ValidationError

from admissions.district.district import Hashes
from admissions.district.reading import read_table
from admissions.district.schema import Column, Table
from admissions.district.tables import RawTable, empty_frame, raw_from_frame, typed_frame
from admissions.errors import DataError, PolicyError, did_you_mean
from admissions.planning.statements import Statements
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
