"""A projection in words: what an officer reads first, and the tables that show it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from admissions.planning.projection import Projection

LIKELY = 0.5
"""Odds from which a sentence says that something happens."""
NAMED = 5
"""Schools a sentence names."""
AS_VOCATIONAL = "as vocational"


def tell_alerts(projection: "Projection") -> tuple[str, ...]:
    """Return a sentence for everything that an officer should look at, the most pressing first."""
    return (
        *_without_seat(projection.entry),
        *_crowded(projection.crossings),
        *_rates(projection.rates),
        *_progression(projection.progression),
        *_ratio(projection.ratio),
    )


def _without_seat(entry: pl.DataFrame) -> Iterator[str]:
    for row in entry.filter((pl.col("stage") != "senior") & (pl.col("odds") > 0)).iter_rows(named=True):
        odds = "" if row["odds_low"] is None else f", anybody in {row['odds']:.0%} of the draws"
        yield (
            f"{row['year']}, {row['stage']} intake: {_range(row, 'applicants')} children for {row['seats']:,} seats; "
            f"the rounds leave {_range(row, 'without_seat')} without one{odds}. Who has a zone is counted in its "
            "schools, beyond the seats."
        )


def _crowded(crossings: pl.DataFrame) -> Iterator[str]:
    """Yield for each year and limit the classes that begin to pass it, as likely as not or more."""
    likely = crossings.filter(pl.col("odds") >= LIKELY)
    begun = likely.unique(["school_id", "grade", "limit"], keep="first", maintain_order=True)
    groups = begun.sort("year", "pupils", maintain_order=True).group_by("year", "limit", "stage", maintain_order=True)
    for (year, limit, stage), found in groups:
        names = [f"{school} grade {grade}" for school, grade in found.select("school_id", "grade").iter_rows()]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        sizes = " or ".join(str(size) for size in found["pupils"].unique().sort().to_list())
        yield f"{year}: {stage} classes {limit} ({sizes} children or more) at {', '.join(names[:NAMED])}{more}."


def _rates(rates: pl.DataFrame) -> Iterator[str]:
    for (of, kind, rate, ceiling, source), found in rates.filter(~pl.col("met")).group_by(
        "of", "kind", "rate", "ceiling", "source", maintain_order=True
    ):
        stated = " and ".join(found["stated"].unique(maintain_order=True))
        yield (
            f"{of} {kind} of {100 * rate:.4g} % in {_years(found)} ({stated}) is above the ceiling of "
            f"{100 * ceiling:.4g} % ({source}): a target missed."
        )


def _progression(progression: pl.DataFrame) -> Iterator[str]:
    for (stage, goal), found in progression.filter(pl.col("met") < 1).group_by("to", "goal", maintain_order=True):
        least = found.sort("median", maintain_order=True).row(0, named=True)
        yield (
            f"The share that goes on to the {stage} stage may miss {100 * goal:.4g} % in {_years(found)}; least in "
            f"{least['year']}, where its median is {least['median']:.1%} and {least['met']:.0%} of the draws meet it."
        )
    for row in progression.filter(pl.col("mean") > 1).iter_rows(named=True):
        yield (
            f"{row['year']}: more children enter the {row['to']} stage, {row['entered']:,.0f} here and "
            f"{row['elsewhere']:,.0f} elsewhere, than {row['graduates']:,.0f} finish the one before: the rolls and the "
            "intake of the tables do not agree."
        )


def _ratio(ratio: pl.DataFrame) -> Iterator[str]:
    if not len(ratio):
        return
    told = ratio.filter(
        (pl.col("diverted") > 0) | (pl.col("diverted_counted") == AS_VOCATIONAL), pl.col("met") < LIKELY
    )
    for (way, goal), found in told.group_by("diverted_counted", "goal", maintain_order=True):
        stocks = ", ".join(f"{_parts(ratio)} in {year}" for year, ratio in found.select("year", "median").iter_rows())
        yield f"General to vocational stock, the diverted counted {way}: {stocks}; the plan has {_parts(goal)}."


def _years(found: pl.DataFrame) -> str:
    """Return the years of a table's rows: one, or the first and last of years in a row, or each."""
    years = found["year"].unique().sort().to_list()
    if len(years) > 2 and years[-1] - years[0] == len(years) - 1:
        return f"{years[0]} to {years[-1]}"
    return ", ".join(map(str, years))


def _parts(ratio: float | None) -> str:
    """Return a ratio as parts of ten."""
    return "" if ratio is None else f"{10 * ratio / (1 + ratio):.1f} : {10 / (1 + ratio):.1f}"


def _range(row: dict[str, float], name: str) -> str:
    low, median, high = (f"{row[f'{name}_{mark}']:,}" for mark in ("low", "median", "high"))
    return median if low == high else f"{median} ({low} to {high})"


def projection_tables(projection: "Projection") -> RenderableType:
    """Return a projection as tables for a rich console: alerts, stages, progression, ratio."""
    how = (
        f"{projection.draws:,} draws, 5 % to 95 % of them in brackets" if projection.draws else "as expected, no draws"
    )
    parts: list[RenderableType] = [Text(f"{projection.assumptions.stated.title}: {how}", style="bold")]
    parts += [Text(f"• {sentence}", style="yellow") for sentence in projection.alerts]
    parts += [Text(), _stages(projection.stages), Text(), _shares(projection.progression)]
    if len(projection.ratio):
        parts += [Text(), _stocks(projection.ratio)]
    return Group(*parts)


def _stages(stages: pl.DataFrame) -> Table:
    table = _table("Rolls", ("year", "stage", "children", "classes", "classes needed", "large classes"), words=2)
    for row in stages.iter_rows(named=True):
        need, large = (_upto(row[name], row[f"{name}_high"]) for name in ("classes_needed", "large_classes"))
        table.add_row(str(row["year"]), row["stage"], _range({f"_{k}": v for k, v in row.items()}, ""),
                      f"{row['classes']:,}" if row["classes"] else "", need, large)  # fmt: skip
    return table


def _upto(number: int | None, high: int | None) -> str:
    if number is None:
        return ""
    return f"{number:,}" if number == high else f"{number:,} (to {high:,})"


def _shares(progression: pl.DataFrame) -> Table:
    table = _table("Going on", ("year", "to", "finish", "enter here", "elsewhere", "share", "goal", "met"), words=2)
    for row in progression.iter_rows(named=True):
        low, median, high = (None if row[n] is None else f"{row[n]:.1%}" for n in ("low", "median", "high"))
        share = "" if median is None else median if low == high else f"{median} ({low} to {high})"
        counts = (f"{row[name]:,.0f}" for name in ("graduates", "entered", "elsewhere"))
        table.add_row(str(row["year"]), row["to"], *counts, share, *_goal(row))
    return table


def _stocks(ratio: pl.DataFrame) -> Table:
    columns = ("year", "diverted counted", "general", "vocational", "general : vocational", "met")
    table = _table("General and vocational stock", columns, words=2)
    for row in ratio.iter_rows(named=True):
        stock = (f"{row[name]:,.0f}" for name in ("general", "vocational"))
        table.add_row(str(row["year"]), row["diverted_counted"], *stock, _parts(row["median"]), _goal(row)[1])
    return table


def _goal(row: dict[str, float | None]) -> tuple[str, str]:
    goal, met = row["goal"], row["met"]
    return "" if goal is None else f"{goal:.0%}", "" if met is None else f"{met:.0%}"


def _table(title: str, columns: tuple[str, ...], words: int) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", header_style="dim", pad_edge=False, box=None)
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place < words else "right", overflow="fold")
    return table
