"""What scenarios change as tables: means a draw by group, shares of the draws child by child, targets."""

from collections.abc import Sequence
from fractions import Fraction
from math import sqrt

import numpy as np
import polars as pl

from admissions.audit.suppression import withheld_groups
from admissions.records import words_at
from admissions.simulation.comparison import left_empty
from admissions.simulation.intervals import exact_interval
from admissions.simulation.pairing import KINDS, Pairs, common_targets, group_students
from admissions.simulation.scenarios import Scenario
from admissions.targets import PLACES

NORMAL = 1.959964
"""Standard errors on either side of a mean in a 95 % interval (Student 1908: of 30 draws or more)."""
FEWEST = 30
MARKS = ("mean", "low", "high")


def tabulate_groups(
    scenarios: Sequence[Scenario], by: Sequence[str], total: Pairs, exact: bool
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return how many children of each group a draw changes, and the same without what must not be published."""
    group, named = group_students(scenarios[0].district, by)
    small = withheld_groups([group], np.ones(len(group), dtype=np.bool_))[1][: len(named)]
    frames, published = [], []
    for s, scenario in enumerate(scenarios[1:]):
        for kind, change in enumerate(KINDS):
            sums = zip(total.groups[s, kind].tolist(), total.squares[s, kind].tolist(), strict=True)
            rows = [_mean(total.draws, *pair, exact) for pair in sums]
            marks = pl.DataFrame(rows, schema=dict.fromkeys(MARKS, pl.Float64), orient="row")
            head = [pl.lit(scenario.name).alias("scenario"), *named.columns, pl.lit(change).alias("change")]
            frames.append(named.select(head).hstack(marks))
            few = withheld_groups([group], total.children[s, kind] > 0)[1][: len(named)]
            published.append(left_empty(left_empty(frames[-1], small, ["children"]), few, MARKS))
    return pl.concat(frames), pl.concat(published)


def tabulate_touched(scenarios: Sequence[Scenario], total: Pairs, exact: bool) -> pl.DataFrame:
    """Return in which share of the draws each scenario changes a child; children whom no draw touches are left out."""
    ids, frames = scenarios[0].district.students["student_id"], []
    for s, scenario in enumerate(scenarios[1:]):
        for kind, change in enumerate(KINDS):
            touched = np.flatnonzero(total.children[s, kind])
            counts = total.children[s, kind][touched]
            share = counts / total.draws
            low, high = (share, share) if exact else exact_interval(counts, total.draws)
            everywhere = np.zeros(len(touched), dtype=np.int8)
            frames.append(
                pl.DataFrame(
                    {
                        "scenario": words_at([scenario.name], everywhere),
                        "student_id": ids.gather(touched),
                        "change": words_at([change], everywhere),
                        "share": share,
                        "low": low,
                        "high": high,
                    }
                )
            )
    return pl.concat(frames).sort("scenario", "student_id", "change", maintain_order=True)


def tabulate_targets(scenarios: Sequence[Scenario], total: Pairs, exact: bool) -> pl.DataFrame:
    """Return each target that all scenarios have, before and after, where it has a value in some draw."""
    rows, unit = [], 10**PLACES
    for s, scenario in enumerate(scenarios[1:]):
        sums = total.targets[s].tolist()
        for name, (count, before, after, squares) in zip(common_targets(scenarios), sums, strict=True):
            if count:
                difference = _mean(count, after - before, squares, exact)
                marks = (None if mark is None else mark / unit for mark in difference)
                rows.append((scenario.name, name, before / count / unit, after / count / unit, *marks))
    words, numbers = ("scenario", "name"), ("before", "after", "difference", "low", "high")
    schema = {**dict.fromkeys(words, pl.String), **dict.fromkeys(numbers, pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _mean(draws: int, total: int, squares: int, exact: bool) -> tuple[float, float | None, float | None]:
    """Return a mean a draw with its 95 % interval, from a sum and the sum of the squares."""
    mean = total / draws
    if exact:
        return mean, mean, mean
    if draws < FEWEST:
        return mean, None, None
    spread = Fraction(squares * draws - total**2, draws * (draws - 1))
    error = NORMAL * sqrt(spread / draws)
    return mean, mean - error, mean + error
