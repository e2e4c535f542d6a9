"""What the commands print with: a console that shows every text to the letter, and tables of data frames."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def stdout() -> Console:
    """Return the console of results: as wide as the terminal, or 120 characters where there is none.

    Ids and paths are an office's own, so square brackets and colons in them are neither styles nor emoji.
    """
    width = None if sys.stdout.isatty() else 120
    return Console(width=width, markup=False, emoji=False)


def plain_table(title: str, frame: Any, withheld: Sequence[str] = ()) -> Table:
    """Return a data frame as a table, numbers to the right; in some columns, what is empty is withheld."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name, dtype in frame.schema.items():
        table.add_column(name, justify="right" if dtype.is_numeric() else "left")
    for row in frame.iter_rows(named=True):
        table.add_row(*(_cell(one, "withheld" if name in withheld else "") for name, one in row.items()))
    return table


def _cell(value: Any, empty: str) -> str:
    return empty if value is None else f"{value:,.4g}" if isinstance(value, float) else f"{value}"
