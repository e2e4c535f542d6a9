"""Groups of children side by side: what is exact for the office, and what of it may be published."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from admissions.audit.suppression import FEWEST
from admissions.summary import as_text
from admissions.targets import decimal_text

Interval = tuple[Fraction, Fraction]

WITHHELD, UNKNOWN = "withheld", "not known"
NOTE = (
    f"withheld: a group of fewer than {FEWEST} children, or one from which such a group could be worked out; "
    "gap and ratio are of the groups shown"
)
UNITS = {"placed": " %", "first_choice": " %", "mean_rank": "", "distance": " m", "envy": " %"}
COLUMNS = {
    **dict.fromkeys(("by", "measure", "part", "group"), pl.String),
    **dict.fromkeys(("children", "total"), pl.Int64),
    **dict.fromkeys(("value", "low", "high"), pl.String),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a comparison.

    Attributes
    ----------
    value : Fraction or None
        Exact; None where there is nobody to measure, and where it is withheld.
    interval : pair of Fraction, or None
        Within which all but the 2.5 % smallest and the 2.5 % largest values of the redrawn lotteries lie.
    children, total : int or None
        Whom the measure counts, and the sum over them; None for a gap, a ratio and what is withheld.
    withheld : bool
        Whether it must not be published.
    """

    value: Fraction | None = field(default=None, repr=False)
    interval: Interval | None = field(default=None, repr=False)
    children: int | None = field(default=None, repr=False)
    total: int | None = field(default=None, repr=False)
    withheld: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One measure in the groups of one grouping.

    Attributes
    ----------
    by : str
        Column or expression that makes the groups.
    measure : str
        A name in `MEASURES`.
    overall : Figure
        All children.
    groups : mapping of str or None to Figure
        By the value of the grouping, in its order; None is not known.
    gap, ratio : Figure
        Largest less smallest value, and smallest divided by largest; without a value where no group has one, where
        all groups but one are withheld, and the ratio where the largest is 0.
    """

    by: str
    measure: str
    overall: Figure
    groups: Mapping[str | None, Figure] = field(repr=False)
    gap: Figure
    ratio: Figure

    def __getitem__(self, group: str | None) -> Figure:
        """Return the figure of a group."""
        return self.groups[group]

    def rows(self) -> Iterator[tuple[str, str | None, Figure]]:
        """Yield part (``overall``, ``group``, ``gap`` or ``ratio``), group and figure."""
        yield "overall", None, self.overall
        for name, figure in self.groups.items():
            yield "group", name, figure
        yield "gap", None, self.gap
        yield "ratio", None, self.ratio


@dataclass(frozen=True, slots=True)
class Groups:
    """Groups of children compared, one comparison a grouping and measure; empty where no grouping was asked for.

    What is written or printed is `published` alone: small groups are withheld, and no child can be told from it.

    Attributes
    ----------
    exact : tuple of Comparison
        For the office.
    published : tuple of Comparison
        The same without the figures that must be withheld, gap and ratio of the groups shown.
    draws : int
        Redrawn lotteries behind the intervals.
    """

    exact: tuple[Comparison, ...] = field(default=(), repr=False)
    published: tuple[Comparison, ...] = field(default=(), repr=False)
    draws: int = 0

    def __len__(self) -> int:
        return len(self.exact)

    def __iter__(self) -> Iterator[Comparison]:
        return iter(self.exact)

    def __getitem__(self, by_and_measure: tuple[str, str]) -> Comparison:
        """Return the exact comparison of a grouping and a measure, such as ``groups["hukou", "placed"]``."""
        by, measure = by_and_measure
        for comparison in self.exact:
            if (comparison.by, comparison.measure) == (by, measure):
                return comparison
        raise KeyError(by_and_measure)

    def __str__(self) -> str:
        """Return what may be published as tables of plain text."""
        return as_text(self.tables(), 120)

    def to_frame(self) -> pl.DataFrame:
        """Return what may be published, one row a figure.

        Columns by, measure, part, group, children, total, value, low, high; the last three are text, rounded to six
        places where they are not whole: ``total`` over ``children`` is exact.
        """
        rows = [
            (comparison.by, comparison.measure, part, group, figure.children, figure.total, *_shown(figure))
            for comparison in self.published
            for part, group, figure in comparison.rows()
        ]
        return pl.DataFrame(rows, schema=COLUMNS, orient="row")

    def to_dicts(self) -> list[dict[str, Any]]:
        """Return what may be published as plain values, one mapping a comparison."""
        return [
            {
                "by": comparison.by,
                "measure": comparison.measure,
                "overall": _entry(comparison.overall),
                "groups": [{"group": name, **_entry(figure)} for name, figure in comparison.groups.items()],
                "gap": _entry(comparison.gap),
                "ratio": _entry(comparison.ratio),
            }
            for comparison in self.published
        ]

    def to_json(self) -> str:
        """Return what may be published as JSON."""
        return json.dumps(self.to_dicts(), ensure_ascii=False, indent=1) + "\n"

    def tables(self) -> RenderableType:
        """Return what may be published as tables for a rich console, one a grouping."""
        parts: list[RenderableType] = []
        for by in dict.fromkeys(comparison.by for comparison in self.published):
            parts += [_table([comparison for comparison in self.published if comparison.by == by]), Text()]
        if any(figure.withheld for comparison in self.published for _, _, figure in comparison.rows()):
            parts.append(Text(NOTE, style="dim"))
        if self.draws:
            parts.append(
                Text(f"below each figure: where it lies in 95 % of {self.draws:,} redrawn lotteries", style="dim")
            )
        return Group(*parts)


def _shown(figure: Figure) -> tuple[str | None, str | None, str | None]:
    low, high = figure.interval or (None, None)
    return decimal_text(figure.value), decimal_text(low), decimal_text(high)


def _entry(figure: Figure) -> dict[str, Any]:
    value, low, high = _shown(figure)
    counts = {} if figure.children is None else {"children": figure.children, "total": figure.total}
    interval = {} if figure.interval is None else {"low": low, "high": high}
    return {**counts, "value": value, **interval, **({"withheld": True} if figure.withheld else {})}


def _table(comparisons: list[Comparison]) -> Table:
    """Return one grouping: a row a group, a column a measure."""
    first = comparisons[0]
    table = Table(title=f"By {first.by}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(header_style="dim", overflow="fold")
    for name in ("children", *(comparison.measure.replace("_", " ") for comparison in comparisons)):
        table.add_column(name, justify="right", header_style="dim", overflow="fold")
    for row in zip(*(comparison.rows() for comparison in comparisons), strict=True):
        part, group, figure = row[0]
        name = group if part == "group" and group is not None else UNKNOWN if part == "group" else part
        children = "" if figure.children is None else f"{figure.children:,}"
        words = [_words(c.measure, part, f) for c, (_, _, f) in zip(comparisons, row, strict=True)]
        table.add_row(Text(name), children, *words, end_section=part == "overall")
    return table


def _words(measure: str, part: str, figure: Figure) -> Text:
    """Return a figure as people read it, rounded."""
    if figure.withheld:
        return Text(WITHHELD, "dim")
    if figure.value is None:
        return Text("–", "dim")
    numbers = [_rounded(measure, part, value) for value in (figure.value, *(figure.interval or ()))]
    unit = "" if part == "ratio" else UNITS[measure]
    return Text(numbers[0] + unit + (f"\n{numbers[1]}–{numbers[2]}" if figure.interval else ""))


def _rounded(measure: str, part: str, value: Fraction) -> str:
    if part == "ratio" or measure == "mean_rank":
        return f"{float(round(value, 2)):,.2f}"
    if measure == "distance":
        return f"{round(value):,}"
    return f"{float(round(100 * value, 1)):.1f}"
