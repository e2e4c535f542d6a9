"""What the tables of the benchmarks share."""

from rich.table import Table

WORDS = ("market", "mechanism", "library", "change")
"""Columns of words stand to the left, numbers to the right."""


def headed(title: str, *columns: str) -> Table:
    """Return a table without rows."""
    table = Table(title=title, title_justify="left", caption_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column in WORDS else "right")
    return table


def named(shape: tuple[int, int, int]) -> str:
    """Return applicants × choices × pools."""
    applicants, choices, pools = shape
    return f"{applicants:,} × {choices} × {pools:,}"
