"""The constitution of a district's tables: every table and column, stated once.

Reading, validation, writing, generation and the data-model page of the docs all come from `TABLES`.
"""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "text", "choice", "count", "rank", "coordinate", "metres", "number"]

STAGES = ("primary", "junior", "senior")
SCHOOL_KINDS = ("compulsory", "general", "vocational", "special")

KIND_MEANINGS: dict[Kind, str] = {
    "id": "text, kept to the letter: leading zeros, 18 digits and a final X survive",
    "text": "text",
    "choice": "one of the words listed",
    "count": "whole number, 0 or more",
    "rank": "whole number, 1 or more",
    "coordinate": "decimal number",
    "metres": "number, 0 or more, rounded to the whole metre",
    "number": "exact decimal",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, kind, meaning and whether it must be there and filled."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    references: str = ""
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, and the columns that together name a row."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    required: bool = False
    own_columns: bool = True

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None when it is the office's own."""
        return next((column for column in self.columns if column.name == name), None)


def _place(whose: str) -> tuple[Column, ...]:
    return (
        Column("lon", "coordinate", f"longitude of {whose}, degrees east (WGS 84); with lat"),
        Column("lat", "coordinate", f"latitude of {whose}, degrees north (WGS 84); with lon"),
        Column("x", "coordinate", f"easting of {whose} in metres, on the district's own grid; with y"),
        Column("y", "coordinate", f"northing of {whose} in metres, on the same grid; with x"),
    )


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "students",
            "Every child of the intake, one row each",
            (
                Column("student_id", "id", "the child", required=True),
                Column("stage", "choice", "what the child enters", required=True, words=STAGES),
                Column("zone_id", "id", "catchment zone of the home", references="zones"),
                *_place("the home"),
                Column("bundle_id", "id", "children of one family who apply as one (twins): win or lose together"),
            ),
            key=("student_id",),
            required=True,
        ),
        Table(
            "schools",
            "Every school, one row each",
            (
                Column("school_id", "id", "the school", required=True),
                Column("name", "text", "name to print"),
                Column("kind", "choice", "what sort of school", words=SCHOOL_KINDS),
                Column("group_id", "id", "education group or alliance of the school"),
                *_place("the school"),
            ),
            key=("school_id",),
            required=True,
        ),
        Table(
            "programmes",
            "What a child is admitted to: a grade at a school, or a course of a high school",
            (
                Column("programme_id", "id", "the programme", required=True),
                Column("school_id", "id", "the school that holds it", required=True, references="schools"),
                Column("stage", "choice", "which intake it serves", required=True, words=STAGES),
                Column("seats", "count", "seats; where empty, classes × class_size"),
                Column("classes", "count", "classes opened"),
                Column("class_size", "count", "children a class; where empty, the policy's cap for the stage"),
            ),
            key=("programme_id",),
            required=True,
        ),
        Table(
            "zones",
            "Which schools serve a zone, one row a pair; several rows make a multi-school zone",
            (
                Column("zone_id", "id", "the zone", required=True),
                Column("school_id", "id", "a school that serves it", required=True, references="schools"),
            ),
            key=("zone_id", "school_id"),
        ),
        Table(
            "choices",
            "The families' lists, one row a listed programme; further columns say what is known of that application",
            (
                Column("student_id", "id", "the child", required=True, references="students"),
                Column("rank", "rank", "place on the list, 1 is best", required=True),
                Column("programme_id", "id", "the programme listed", required=True, references="programmes"),
            ),
            key=("student_id", "rank"),
        ),
        Table(
            "seat_plan",
            "How the office's plan divides a programme's seats among pools",
            (
                Column("programme_id", "id", "the programme", required=True, references="programmes"),
                Column("pool", "text", "the policy's name of the pool", required=True),
                Column("seats", "count", "seats of that pool", required=True),
            ),
            key=("programme_id", "pool"),
            own_columns=False,
        ),
        Table(
            "distances",
            "Walking distances, where the office has them; a child's own row goes before its zone's",
            (
                Column("zone_id", "id", "the zone the distance starts from; or student_id", references="zones"),
                Column("student_id", "id", "the child the distance starts from; or zone_id", references="students"),
                Column("school_id", "id", "the school", required=True, references="schools"),
                Column("metres", "metres", "distance", required=True),
            ),
            key=("student_id", "zone_id", "school_id"),
            own_columns=False,
        ),
        Table(
            "figures",
            "What the office reports and no allocation can know: dropout rates, pupils on the roll",
            (
                Column("name", "text", "the figure's name, as a target speaks of it", required=True),
                Column("value", "number", "its value", required=True),
            ),
            key=("name",),
            own_columns=False,
        ),
        Table(
            "control_totals",
            "What whoever made a column says it adds up to; tables that do not agree are refused",
            (
                Column("table", "text", "the table", required=True),
                Column("column", "text", "its column", required=True),
                Column("count", "count", "cells of it that are filled", required=True),
                Column("sum", "number", "their exact sum; empty where nothing is to be added up"),
                Column("where_column", "text", "another column of the table, when only some of its rows are meant"),
                Column("where_value", "text", "what that column says in those rows"),
            ),
            key=("table", "column", "where_column", "where_value"),
            own_columns=False,
        ),
    )
}
