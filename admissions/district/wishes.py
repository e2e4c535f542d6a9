"""The lists of the families of a made-up district."""

import numpy as np
import polars as pl

from admissions.district.dice import Dice, FloatArray
from admissions.district.families import Families
from admissions.district.town import NEIGHBOURS, Town
from admissions.market import Int64Array

LISTING_LOCALS, LISTING_MIGRANTS = 0.12, 0.6
NO_LIST, MOST_CHOICES, FEWEST_CHOICES = 0.02, 10, 3
"""Most families of seniors list much: the number is the larger of two draws."""


def list_wishes(dice: Dice, town: Town, families: Families, programmes: pl.DataFrame) -> pl.DataFrame:
    """Return the table of choices."""
    parts = [_compulsory(dice, town, families, programmes, stage) for stage in ("primary", "junior")]
    parts.append(_senior(dice, town, families, programmes))
    student, rank, programme = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((rank, student))
    return pl.DataFrame(
        {
            "student_id": families.students["student_id"].gather(student[order]),
            "rank": rank[order],
            "programme_id": programmes["programme_id"].gather(programme[order]),
        }
    )


Lists = tuple[Int64Array, Int64Array, Int64Array]


def _compulsory(dice: Dice, town: Town, families: Families, programmes: pl.DataFrame, stage: str) -> Lists:
    """Return what families list beside their zone: voucher children a sought-after school, others one to three near."""
    rows = np.flatnonzero(families.stage == stage)
    table = families.students.select("hukou", "voucher")[pl.Series(rows)]
    appeal = dice.uniform(len(town.schools))
    near = town.near[stage][families.zone[rows]]
    first = {"primary": 0, "junior": town.count["primary"]}[stage]
    sought = first + np.argsort(-appeal[first : first + town.count[stage]], kind="stable")
    top = sought[: max(1, len(sought) // 6)]
    taste = appeal[near] + 0.5 * dice.uniform(len(rows), NEIGHBOURS)
    wished = np.take_along_axis(near, np.argsort(-taste, axis=1, kind="stable"), axis=1)
    migrant = (table["hukou"] == "migrant").to_numpy()
    lists = dice.uniform(len(rows)) < np.where(migrant, LISTING_MIGRANTS, LISTING_LOCALS)
    length = np.where(lists, np.where(migrant, 1 + dice.below(3, len(rows)), 1), 0)
    voucher = table["voucher"].is_not_null().to_numpy()
    wished[voucher, 0] = top[dice.below(len(top), int(voucher.sum()))]
    length[voucher] = 1
    at = _programme_of_school(town, programmes, stage)
    return _flat(rows, _twins_alike(wished, families, rows), _twins_alike(length, families, rows), at)


def _programme_of_school(town: Town, programmes: pl.DataFrame, stage: str) -> Int64Array:
    """Return the row of the programme of each school in a stage, -1 where it has none."""
    rows = programmes.with_row_index("row").filter(pl.col("stage") == stage).select("school_id", "row")
    found = town.schools.select("school_id").join(rows, on="school_id", how="left", maintain_order="left")["row"]
    return found.cast(pl.Int64).fill_null(-1).to_numpy()


def _senior(dice: Dice, town: Town, families: Families, programmes: pl.DataFrame) -> Lists:
    """Return the ranked courses of one general and one vocational school a child, by appeal, taste and ability."""
    rows = np.flatnonzero(families.stage == "senior")
    kind = programmes.join(town.schools.select("school_id", "kind"), on="school_id", how="left", maintain_order="left")
    general = np.flatnonzero((kind["kind"] == "general").to_numpy()).reshape(town.count["general"], -1)
    vocational = np.flatnonzero((kind["kind"] == "vocational").to_numpy()).reshape(town.count["vocational"], -1)
    own = dice.below(town.count["general"], len(rows)), dice.below(town.count["vocational"], len(rows))
    offered = np.hstack([general[own[0]], vocational[own[1]]])
    appeal = np.concatenate([np.linspace(1.0, 0.4, general.shape[1]), np.linspace(0.8, 0.3, vocational.shape[1])])
    worth: FloatArray = appeal + 0.6 * dice.uniform(len(rows), len(appeal))
    practical = dice.uniform(len(rows)) < np.where(families.ability[rows] < -0.4, 0.45, 0.12)
    worth[:, : general.shape[1]] += np.where(practical, -9.0, 1.0)[:, None]
    wished = np.take_along_axis(offered, np.argsort(-worth, axis=1, kind="stable"), axis=1)
    most = np.where(practical, vocational.shape[1], len(appeal)).clip(FEWEST_CHOICES, MOST_CHOICES)
    much = dice.uniform(2, len(rows)).max(axis=0)
    length = FEWEST_CHOICES + (much * (most - FEWEST_CHOICES + 1)).astype(np.int64)
    length[dice.uniform(len(rows)) < NO_LIST] = 0
    return _flat(rows, wished, length, np.arange(len(programmes)))


def _twins_alike(values: Int64Array, families: Families, rows: Int64Array) -> Int64Array:
    """Return the values with each second twin's those of the first, who stands before it."""
    return values[np.arange(len(rows)) - families.twin[rows]]


def _flat(rows: Int64Array, wished: Int64Array, length: Int64Array, programme: Int64Array) -> Lists:
    """Return student, rank and programme of each choice: the first `length` of a row's wishes, each but once."""
    listed = np.arange(wished.shape[1])[None, :] < length[:, None]
    for place in range(1, wished.shape[1]):
        listed[:, place] &= (wished[:, :place] != wished[:, place : place + 1]).all(axis=1)
    row, column = np.nonzero(listed)
    rank = np.cumsum(listed, axis=1, dtype=np.int64)[row, column]
    return rows[row], rank, programme[wished[row, column]]
