"""A district from a folder of CSV or Parquet, and back into one."""

import csv
import json
import re
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal

import polars as pl

from admissions.district.district import District, outlines_text
from admissions.district.schema import TABLES
from admissions.district.tables import RawTable
from admissions.errors import DataError, Problem, did_you_mean

OUTLINES = "zones.geojson"


def read_district(folder: str | Path) -> District:
    """Return the district whose tables lie in a folder.

    Parameters
    ----------
    folder : path
        Holds ``NAME.csv`` (UTF-8) or ``NAME.parquet`` for each table, and ``zones.geojson`` where zones have outlines.
        Other files are left alone.

    Raises
    ------
    DataError
        For everything wrong with the tables, all at once, each with table, row, column and value.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from admissions.district.generation import generate_district
    >>> with TemporaryDirectory() as folder:
    ...     write_district(generate_district("docs", size=60), folder)
    ...     len(read_district(folder).students)
    60
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError([Problem(str(folder), None, "", None, "no such folder")])
    problems: list[Problem] = []
    raw: dict[str, RawTable] = {}
    for name, table in TABLES.items():
        files = [path for suffix in ("csv", "parquet") if (path := folder / f"{name}.{suffix}").is_file()]
        if len(files) > 1:
            problems.append(Problem(name, None, "", None, "is there as .csv and as .parquet; keep one"))
        elif not files and table.required:
            near = did_you_mean(name, [path.stem for path in folder.iterdir()])
            problems.append(Problem(f"{name}.csv", None, "", None, f"no such file (nor {name}.parquet){near}"))
        for path in files[:1]:
            try:
                raw[name] = read_table(path)
            except DataError as error:
                problems += error.problems
    outlines, digest, trouble = _read_outlines(folder / OUTLINES)
    if problems or trouble:
        raise DataError([*problems, *trouble])
    return District.from_tables(raw, outlines, digest)


def read_table(path: str | Path) -> RawTable:
    """Return the table a file holds, its values as they stand there.

    Parameters
    ----------
    path : path
        ``.parquet``, or else CSV in UTF-8.

    Raises
    ------
    DataError
        If there is no such file, or it cannot be read.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError([Problem(str(path), None, "", None, "no such file")])
    try:
        return _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (pl.exceptions.PolarsError, UnicodeDecodeError, ValueError, OSError) as error:
        raise DataError([Problem(path.name, None, "", None, unreadable(error))]) from None


def write_district(district: District, folder: str | Path, form: Literal["csv", "parquet"] = "csv") -> None:
    """Write a district's tables into a folder, which is made where it is missing.

    Parameters
    ----------
    district : District
        What to write.
    folder : path
        Where to; tables of the same name are replaced.
    form : {"csv", "parquet"}
        Which of the two forms `read_district` reads.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from admissions.district.generation import generate_district
    >>> with TemporaryDirectory() as folder:
    ...     write_district(generate_district("docs", size=60), folder, "parquet")
    ...     sorted(path.name for path in Path(folder).iterdir())[:3]
    ['choices.parquet', 'figures.parquet', 'programmes.parquet']
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in district.tables().items():
        if form == "csv":
            frame.write_csv(folder / f"{name}.csv")
        else:
            frame.write_parquet(folder / f"{name}.parquet")
    if district.outlines:
        (folder / OUTLINES).write_text(outlines_text(district.outlines), encoding="utf-8")


def _read_csv(path: Path) -> RawTable:
    data = path.read_bytes()
    text = data.removeprefix(b"\xef\xbb\xbf")
    header = next(csv.reader(StringIO(text.split(b"\n", 1)[0].decode("utf-8"))), [])
    if not header:
        raise ValueError("the file is empty; its first line names the columns")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise ValueError(f"column '{twice[0]}' is there twice")
    frame = pl.read_csv(BytesIO(text), infer_schema=False, encoding="utf8", truncate_ragged_lines=False)
    if b'""' in text:  # a quoted empty cell is as empty as one without quotation marks
        frame = frame.with_columns(pl.when(pl.all() != "").then(pl.all()))
    if short := _short_rows(text, len(header), len(frame)):
        message = f"has fewer cells than the header has names ({len(header)}); an empty cell needs its comma, too"
        raise DataError([Problem(path.name, row, "", None, message) for row in short])
    return RawTable(path.name, frame, 2, _sorted_lines_hash(text))


def _short_rows(text: bytes, columns: int, rows: int) -> list[int]:
    """Return the rows, as a spreadsheet counts them, with fewer cells than there are columns."""
    bare = re.sub(rb'"[^"]*"', b"", text) if b'"' in text else text
    if bare.count(b",") == (rows + 1) * (columns - 1):
        return []
    lines = bare.removesuffix(b"\n").split(b"\n")
    return [row for row, line in enumerate(lines, 1) if line.count(b",") < columns - 1]


def _read_parquet(path: Path) -> RawTable:
    return RawTable(path.name, pl.read_parquet(path, glob=False), 0)


def _sorted_lines_hash(text: bytes) -> str:
    """Return the SHA-256 of the header and the other lines in byte order, so that it knows no order of rows.

    The same as ``(head -1 FILE; tail -n +2 FILE | LC_ALL=C sort) | sha256sum`` for a file whose lines end in newlines.
    """
    header, _, rest = text.replace(b"\r\n", b"\n").partition(b"\n")
    lines = sorted(rest.removesuffix(b"\n").split(b"\n")) if rest else []
    return sha256(b"\n".join([header, *lines, b""])).hexdigest()


def _read_outlines(path: Path) -> tuple[dict[str, Any], str, list[Problem]]:
    """Return each zone's geometry, the file's hash, and what is wrong with the file."""
    if not path.is_file():
        return {}, "", []
    try:
        data = path.read_bytes()
        features = json.loads(data.decode("utf-8"))["features"]
        zones = {str(feature["properties"]["zone_id"]): feature["geometry"] for feature in features}
        return zones, sha256(data).hexdigest(), []
    except (KeyError, TypeError, ValueError):
        needed = "a GeoJSON FeatureCollection is needed, each feature with a property zone_id"
        return {}, "", [Problem(path.name, None, "", None, needed)]


def unreadable(error: Exception) -> str:
    """Return why a file cannot be read, without the piece of it that the error quotes."""
    text = str(error)
    if isinstance(error, UnicodeDecodeError) or "utf-8" in text.lower():
        return "is not UTF-8 text; save it as CSV UTF-8"
    if not isinstance(error, pl.exceptions.PolarsError):
        return f"cannot be read: {text}"
    if "more fields" in text:
        return "cannot be read: a row has more fields than the header has names"
    if "could not parse" in text:
        return "cannot be read: a quotation mark is not closed or stands inside a cell, or a cell is no number"
    return f"cannot be read: {type(error).__name__}"
