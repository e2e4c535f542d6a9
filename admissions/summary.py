"""What happened, as tables a person reads: rounds, pools, targets."""

from collections.abc import Sequence
from io import StringIO

import polars as pl
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text


def as_text(tables: RenderableType, width: int) -> str:
    """Return tables as plain text of a width in characters."""
    console = Console(file=StringIO(), width=width, force_terminal=False, color_system=None, markup=False, emoji=False)
    console.print(tables)
    file = console.file
    return file.getvalue() if isinstance(file, StringIO) else ""


def summary_tables(
    title: str, students: pl.DataFrame, rounds: pl.DataFrame, cutoffs: pl.DataFrame, targets: pl.DataFrame
) -> RenderableType:
    """Return the summary of an allocation from its tables: rounds, pools, who is without a seat, targets."""
    parts: list[RenderableType] = [Text(title, style="bold"), _rounds(rounds), _pools(cutoffs)]
    if students["programme_id"].null_count():
        parts.append(_without_seat(students))
    if len(targets):
        parts.append(_targets(targets))
    return Group(*(piece for part in parts for piece in (part, Text())))


def _table(title: str, columns: Sequence[str], words: int = 1) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False, box=None)
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place < words else "right", overflow="fold")
    return table


def _rounds(rounds: pl.DataFrame) -> Table:
    columns = ["round", "applicants", "seats", "first choice", "any choice", "zone school", "coordinated", "no seat"]
    table = _table("Rounds", columns)
    table.add_column("why", justify="left", overflow="fold")
    for row in rounds.iter_rows(named=True):
        why = ", ".join(f"{reason} {row[reason]:,}" for reason in reasons_of(rounds) if row[reason])
        counts = ("applicants", "seats", "first_choice", "any_choice", "zone", "coordinated", "without_seat")
        table.add_row(row["round"], *(f"{row[name]:,}" for name in counts), why)
    return table


def reasons_of(rounds: pl.DataFrame) -> list[str]:
    """Return the columns of the table of rounds that count reasons."""
    return rounds.columns[rounds.columns.index("without_seat") + 1 :]


def _pools(cutoffs: pl.DataFrame) -> Table:
    """Return programmes, seats and children admitted of each pool."""
    by_round = cutoffs.group_by("round", "pool", maintain_order=True).agg(
        pl.len().alias("programmes"),
        pl.col("seats").sum(),
        pl.col("admitted").sum(),
        full=((pl.col("admitted") >= pl.col("seats")) & (pl.col("seats") > 0)).sum(),
    )
    table = _table("Seat pools", ["round", "pool", "programmes", "seats", "admitted by list", "full"], words=2)
    for row in by_round.iter_rows():
        table.add_row(row[0], row[1], *(f"{number:,}" for number in row[2:]))
    return table


def _without_seat(students: pl.DataFrame) -> Table:
    left = students.filter(pl.col("programme_id").is_null())
    table = _table("Without a seat at the end", ["stage", "reason", "children"], words=2)
    for stage, reason, number in left.group_by("stage", "reason").len().sort("stage", "reason").iter_rows():
        table.add_row(stage, reason, f"{number:,}")
    return table


def _targets(targets: pl.DataFrame) -> Table:
    table = _table("Targets", ["target", "value", "bound", ""])
    for row in targets.iter_rows(named=True):
        met = {True: Text("met", "green"), False: Text("not met", "bold red"), None: Text("–", "dim")}[row["met"]]
        table.add_row(row["name"], _number(row["value"]), row["bound"] or "", met)
    return table


def _number(value: str | None) -> str:
    return "not reported" if value is None else value
