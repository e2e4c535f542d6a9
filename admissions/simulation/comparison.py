"""What a change changes: who moved, who gained, who lost, child by child and group by group."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.suppression import withheld_cells
from admissions.errors import RunError, did_you_mean
from admissions.market import BoolArray

CHANGES = ("gained", "lost", "moved", "same")
ELSEWHERE = ("only before", "only after")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Two allocations, side by side.

    Attributes
    ----------
    children : polars.DataFrame
        Every student of either: student_id, the columns of the groups, before and after (programme_id), rank_before and
        rank_after (the family's), change.
    groups : polars.DataFrame
        Each group: its columns, children (in both), and how many gained, lost, moved and stayed the same. For the
        office.
    """

    children: pl.DataFrame
    groups: pl.DataFrame

    def __repr__(self) -> str:
        counts = self.children["change"].value_counts()
        found = dict(counts.iter_rows())
        return f"Comparison({', '.join(f'{found.get(change, 0)} {change}' for change in CHANGES)})"

    @cached_property
    def published(self) -> pl.DataFrame:
        """The groups without what must not be published, which is left empty.

        Withheld are numbers from one to four, and as many more, the smallest first, as it takes so that none follows
        from the others, from a group's children, or from the sums over all groups.
        """
        hidden = withheld_cells(self.groups.select(CHANGES).to_numpy().astype(np.int64))[:-1]
        found = self.groups
        for place, name in enumerate((*CHANGES, "children")):
            found = left_empty(found, hidden[:, place], [name])
        return found


def left_empty(frame: pl.DataFrame, hidden: BoolArray, columns: Sequence[str]) -> pl.DataFrame:
    """Return a table whose hidden rows have nothing in some columns; rows beyond ``hidden`` keep what they have."""
    kept = np.ones(len(frame), dtype=np.bool_)
    kept[: len(hidden)] = ~hidden
    return frame.with_columns(pl.when(pl.Series(kept)).then(pl.col(name)).alias(name) for name in columns)


def compare(before: Allocation, after: Allocation, by: Sequence[str] = ("stage",)) -> Comparison:
    """Return who moved, who gained and who lost from one allocation to another.

    Parameters
    ----------
    before, after : Allocation
        Of the same children, under other rules or tables.
    by : sequence of str
        Columns of students whose values make groups; others than ``stage`` need an allocation that holds its district.

    Returns
    -------
    Comparison
        A child *gained* if the seat after is higher on the family's list, or one on the list instead of one that is
        not, or any seat instead of none; *lost* is the reverse; *moved* is another programme that the family ranked no
        higher and no lower, as with two it did not list.

    Raises
    ------
    RunError
        If a column of `by` is not known.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> today = adm.allocate(district, policy, seed="s")
    >>> compare(today, adm.allocate(district, policy, seed="s"))
    Comparison(0 gained, 0 lost, 0 moved, 60 same)
    """
    both = _seats(before, "before").join(
        _seats(after, "after"), on="student_id", how="full", coalesce=True, maintain_order="left_right"
    )
    groups = _groups(before, after, by)
    rows = both.join(groups, on="student_id", how="left", maintain_order="left").sort("student_id")
    value_before, value_after = pl.col("value_before"), pl.col("value_after")
    change = (
        pl.when(value_before.is_null()).then(pl.lit(ELSEWHERE[1]))
        .when(value_after.is_null()).then(pl.lit(ELSEWHERE[0]))
        .when(value_after < value_before).then(pl.lit("gained"))
        .when(value_after > value_before).then(pl.lit("lost"))
        .when(pl.col("before").ne_missing(pl.col("after"))).then(pl.lit("moved"))
        .otherwise(pl.lit("same"))
    )  # fmt: skip
    children = rows.with_columns(change=change).select(
        "student_id", *by, "before", "after", "rank_before", "rank_after", "change"
    )
    counted = [(pl.col("change") == one).sum().cast(pl.Int64).alias(one) for one in CHANGES]
    in_both = children.filter(pl.col("change").is_in(CHANGES))
    total = pl.len().cast(pl.Int64).alias("children")
    grouped = in_both.group_by(by).agg(total, *counted).sort(by) if by else in_both.select(total, *counted)
    return Comparison(children, grouped)


UNLISTED, NOTHING = 1_000_000_000, 2_000_000_000
"""How a family values a seat it did not list, and no seat, beside the rank of one it did."""


def _seats(allocation: Allocation, when: str) -> pl.DataFrame:
    value = (
        pl.when(pl.col("programme_id").is_null())
        .then(pl.lit(NOTHING))
        .otherwise(pl.col("choice_rank").fill_null(UNLISTED))
    )
    return allocation.students.select(
        "student_id",
        pl.col("programme_id").alias(when),
        pl.col("choice_rank").alias(f"rank_{when}"),
        value.alias(f"value_{when}"),
    )


def _groups(before: Allocation, after: Allocation, by: Sequence[str]) -> pl.DataFrame:
    """Return the columns that make groups, of every student of either."""
    tables = []
    for allocation in (before, after):
        table = allocation.students if allocation.district is None else allocation.district.students
        if unknown := [name for name in by if name not in table.columns]:
            near = did_you_mean(unknown[0], table.columns)
            more = "" if allocation.district is not None else "; a run folder alone knows stages, give the tables too"
            raise RunError(f"by: no column '{unknown[0]}' in students{near}{more}")
        tables.append(table.select("student_id", *by))
    return pl.concat(tables, how="vertical_relaxed").unique("student_id", keep="first", maintain_order=True)
