"""The district: the office's tables, frozen and validated."""

import json
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from types import MappingProxyType
from typing import Any, Self

import numpy as np
import polars as pl

from admissions.district.checks import check_tables
from admissions.district.links import Links, resolve
from admissions.district.schema import TABLES
from admissions.district.tables import Findings, RawTable, empty_frame, raw_from_frame, table_named, typed_frame
from admissions.errors import DataError, Problem


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class District:
    """The office's tables, each a polars frame in order of its key, every reference resolved.

    Make one with `read_district`, `generate_district` or `District.from_frames`; what those return has passed every
    check of the schema.

    Attributes
    ----------
    students, schools, programmes, zones, choices, seat_plan, distances, figures, control_totals : polars.DataFrame
        The tables of the data model; an absent table is there without rows.
    outlines : mapping of str to dict
        GeoJSON geometry of each zone that has one.
    sources : mapping of str to str
        SHA-256 of each table as it was given, whatever the order of its rows.
    links : Links
        Row numbers behind the ids.
    mixed : mapping of str to Problem
        First value that is no number, for each ``table.column`` that mixes numbers and words.
    """

    students: pl.DataFrame
    schools: pl.DataFrame
    programmes: pl.DataFrame
    zones: pl.DataFrame
    choices: pl.DataFrame
    seat_plan: pl.DataFrame
    distances: pl.DataFrame
    figures: pl.DataFrame
    control_totals: pl.DataFrame
    links: Links
    outlines: Mapping[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    mixed: Mapping[str, Problem] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"District({len(self.students)} students, {len(self.schools)} schools, {len(self.programmes)} programmes)"
        )

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the tables that have rows, by name."""
        return {name: frame for name in TABLES if len(frame := getattr(self, name))}

    @classmethod
    def from_frames(cls, **frames: Any) -> Self:
        """Make a district from data frames.

        Parameters
        ----------
        **frames : polars, pandas or Arrow data frame
            One by table name: `students`, `schools` and `programmes`, and those of the other tables there are.

        Raises
        ------
        DataError
            For everything wrong with the tables, all at once. Rows are counted from 0.
        TypeError
            For a table no district has, or a value that is no data frame.

        Examples
        --------
        >>> import polars as pl
        >>> District.from_frames(
        ...     students=pl.DataFrame({"student_id": ["S1", "S2"], "stage": ["primary", "primary"]}),
        ...     schools=pl.DataFrame({"school_id": ["A"]}),
        ...     programmes=pl.DataFrame(
        ...         {"programme_id": ["A1"], "school_id": ["A"], "stage": ["primary"], "seats": [30]}
        ...     ),
        ... )
        District(2 students, 1 schools, 1 programmes)
        """
        given = {name: frame for name, frame in frames.items() if frame is not None}
        return cls.from_tables({table_named(name).name: raw_from_frame(name, frame) for name, frame in given.items()})

    @classmethod
    def from_tables(
        cls, raw: Mapping[str, RawTable], outlines: Mapping[str, Any] | None = None, outlines_sha256: str = ""
    ) -> Self:
        """Make a district from tables as read, and the outlines of zones with their file's hash.

        See `from_frames` for what is raised.
        """
        missing = [Problem(name, None, "", None, "this table is missing") for name, table in TABLES.items()
                   if table.required and name not in raw]  # fmt: skip
        frames: dict[str, pl.DataFrame] = {}
        findings: dict[str, Findings] = {}
        for name, table in TABLES.items():
            given = raw.get(name) or RawTable(name, empty_frame(table), 0)
            frames[name], findings[name] = typed_frame(given, table)
        if missing or any(p.row is None for found in findings.values() for p in found.problems):
            raise DataError([*missing, *_all_problems(findings.values())])
        for name, table in TABLES.items():
            if name != "choices":
                frames[name] = _sorted(frames[name], table.key, findings[name])
        links = resolve(frames, findings)
        frames["choices"], links = _sorted_choices(frames["choices"], links, findings["choices"])
        check_tables(frames, links, findings, outlines or {})
        if problems := _all_problems(findings.values()):
            raise DataError(problems)
        return cls(
            **frames,
            links=links,
            outlines=MappingProxyType(dict(outlines or {})),
            sources=Hashes(
                {
                    **{name: table.sha256 or frames[name] for name, table in raw.items()},
                    **_hash(outlines, outlines_sha256),
                }
            ),
            mixed={f"{name}.{column}": p for name, found in findings.items() for column, p in found.mixed.items()},
        )


def _all_problems(findings: Iterable[Findings]) -> list[Problem]:
    return [problem for found in findings for problem in found.problems]


def _sorted(frame: pl.DataFrame, key: tuple[str, ...], findings: Findings) -> pl.DataFrame:
    if len(key) == 1 and frame[key[0]].is_sorted():
        return frame
    order = frame.select(pl.arg_sort_by(key, nulls_last=True, maintain_order=True)).to_series()
    findings.order = order.to_numpy().astype(np.int64)
    return frame[order]


def _sorted_choices(choices: pl.DataFrame, links: Links, findings: Findings) -> tuple[pl.DataFrame, Links]:
    """Return the choices in order of student and rank, and the links to match."""
    student, rank = links.choice_student, choices["rank"].fill_null(0).to_numpy()
    falls = (student[1:] < student[:-1]) | ((student[1:] == student[:-1]) & (rank[1:] < rank[:-1]))
    if not falls.any():
        return choices, links
    order = pl.Series(student.astype(np.int64) * (int(rank.max()) + 1) + rank).arg_sort()
    findings.order = order.to_numpy().astype(np.int64)
    moved = {name: getattr(links, name)[findings.order] for name in ("choice_student", "choice_programme")}
    others = {name: getattr(links, name) for name in Links.__dataclass_fields__ if name not in moved}
    return choices[order], Links(**moved, **others)


def outlines_text(outlines: Mapping[str, Any]) -> str:
    """Return the text of ``zones.geojson``, zones in order of id."""
    features = [
        {"type": "Feature", "properties": {"zone_id": zone}, "geometry": geometry}
        for zone, geometry in sorted(outlines.items())
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)


def _hash(outlines: Mapping[str, Any] | None, given: str) -> dict[str, str]:
    """Return the SHA-256 of the outlines' file, or of the one they would be written to, where there are any."""
    if not outlines:
        return {}
    return {"outlines": given or sha256(outlines_text(outlines).encode()).hexdigest()}


class Hashes(Mapping[str, str]):
    """SHA-256 of tables by name, computed beside other work where it is not given.

    Parameters
    ----------
    tables : mapping of str to str or DataFrame
        The hash, or the table it is to be taken of: as held, written as CSV.
    """

    def __init__(self, tables: Mapping[str, str | pl.DataFrame]) -> None:
        worker = ThreadPoolExecutor(max_workers=1)
        self._made = {
            name: one if isinstance(one, str) else worker.submit(content_hash, one) for name, one in tables.items()
        }
        worker.shutdown(wait=False)

    def __getitem__(self, name: str) -> str:
        made = self._made[name]
        return made if isinstance(made, str) else made.result()

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


def content_hash(frame: pl.DataFrame) -> str:
    """Return the SHA-256 of a table as held, written as CSV."""
    buffer = BytesIO()
    frame.write_csv(buffer)
    return sha256(buffer.getbuffer()).hexdigest()
