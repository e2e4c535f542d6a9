"""The children of a made-up district: where they live, what the clauses of a policy ask of them, and their marks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.district.dice import Dice, FloatArray
from admissions.district.town import ESTATES, OUTSIDE, Town
from admissions.market import BoolArray, Int64Array

SHARES = (("primary", 12), ("junior", 12), ("senior", 12), ("senior", 7))
SUBJECTS = {"chinese": 150, "maths": 150, "english": 150, "science": 130, "humanities": 70, "pe": 50}
MIGRANTS, TWINS, VOUCHERS, DISABLED, UNMARKED = 0.15, 0.02, 0.004, 0.012, 0.003


@dataclass(frozen=True, slots=True, repr=False)
class Families:
    """The children, and what their wishes depend on.

    Attributes
    ----------
    students : polars.DataFrame
        The table of students.
    stage : (n,) str
        What each enters.
    zone : (n,) int64
        Place of the zone, -1 outside the district.
    twin : (n,) bool
        Whether a child is the second of a pair and wishes what the first does.
    ability : (n,) float64
        What the marks scatter around.
    """

    students: pl.DataFrame
    stage: npt.NDArray[np.str_]
    zone: Int64Array
    twin: BoolArray
    ability: FloatArray


def raise_families(dice: Dice, town: Town, size: int) -> Families:
    """Return the children of a town."""
    whole = sum(share for _, share in SHARES)
    counts = [size * share // whole for _, share in SHARES]
    counts[0] += size - sum(counts)
    stage = np.repeat([name for name, _ in SHARES], counts)
    inside = np.repeat([True, True, True, False], counts)
    compulsory = stage != "senior"
    zone = np.where(inside, _zones(dice, len(town.zone_ids), size), -1)
    estate = dice.below(ESTATES, size)
    migrant = inside & (dice.uniform(size) < MIGRANTS)
    days, points, home = dice.below(13 * 365, size), 20 + dice.below(161, size), dice.uniform(size)
    voucher, placement, kind = dice.uniform(size) < VOUCHERS, dice.uniform(size) < DISABLED, dice.uniform(size)
    twin = _second_twins(dice, stage, compulsory & ~voucher & ~placement)
    first = np.arange(size) - twin
    zone, estate, days, points = (column[first] for column in (zone, estate, days, points))
    migrant, home = migrant[first], home[first]
    spot = np.where(inside[:, None], town.estates[zone, estate], OUTSIDE)
    homes = np.where(migrant, np.where(home < 0.2, 0, 2), np.where(home < 0.7, 0, np.where(home < 0.82, 1, 2)))
    words = {
        "origin": _words(["in_district", "out_of_district"], np.where(inside, 0, 1)),
        "hukou": _words(["local", "migrant"], np.where(inside, migrant.astype(np.int64), -1)),
        "hukou_since": _dates(days, inside & ~migrant),
        "home": _words(["owned", "grandparents", "rented"], np.where(inside, homes, -1)),
        "points": _where(pl.Series(points), migrant),
        "voucher": _words(["investor", "talent"], np.where(voucher & compulsory, (kind < 0.5).astype(np.int64), -1)),
        "placement": _words(
            ["inclusive", "special_school", "home_teaching"],
            np.where(placement & compulsory & ~voucher, np.searchsorted([0.5, 0.85], kind), -1),
        ),
        "bundle_id": _bundles(twin),
    }
    width = max(6, len(str(size)))
    ids = "S" + pl.Series(np.arange(1, size + 1)).cast(pl.String).str.zfill(width)
    ability = dice.bell(size)
    students = pl.DataFrame(
        {
            "student_id": ids,
            "stage": pl.Series(stage.tolist()),
            "zone_id": town.zone_ids.gather(_null_below(zone)),
            "lon": spot[:, 0].round(6),
            "lat": spot[:, 1].round(6),
            **words,
            **_marks(dice, ability, stage == "senior"),
        }
    )
    return Families(students, stage, zone, twin, ability)


def _zones(dice: Dice, zones: int, size: int) -> Int64Array:
    """Return the zone of each child; some zones have five times the children of others."""
    weight = 0.5 + 2.0 * dice.uniform(zones) ** 2
    reached = np.cumsum(weight)
    return np.searchsorted(reached / reached[-1], dice.uniform(size), side="right").clip(0, zones - 1)


def _second_twins(dice: Dice, stage: npt.NDArray[np.str_], may: BoolArray) -> BoolArray:
    """Return which children are the second of a pair: every other place, where both may and enter the same stage."""
    place = np.arange(len(stage))
    second = (place % 2 == 1) & (dice.uniform(len(stage)) < TWINS) & may
    return second & np.roll(may, 1) & (np.roll(stage, 1) == stage)


def _bundles(twin: BoolArray) -> pl.Series:
    pair = np.cumsum(twin)
    both = twin | np.roll(twin, -1)
    names = "B" + pl.Series(np.where(twin, pair, pair + 1)).cast(pl.String).str.zfill(
        len(str(int(pair.max(initial=0)) + 1))
    )
    return _where(names, both)


def _marks(dice: Dice, ability: FloatArray, senior: BoolArray) -> dict[str, pl.Series]:
    """Return subject marks in half points, and their sums, of those who sit the examination."""
    sat = senior & (dice.uniform(len(ability)) >= UNMARKED)
    halves = {}
    for subject, best in SUBJECTS.items():
        level = 0.70 + 0.11 * ability + 0.06 * dice.bell(len(ability))
        halves[subject] = np.rint(2 * best * level.clip(0.0, 1.0)).astype(np.int64)
    halves["chinese_maths"] = halves["chinese"] + halves["maths"]
    halves["total"] = sum(halves[subject] for subject in SUBJECTS)
    return {name: _where(pl.Series(values).cast(pl.Decimal(38, 1)) / 2, sat) for name, values in halves.items()}


def _words(words: list[str], places: Int64Array) -> pl.Series:
    return pl.Series(words).gather(_null_below(places))


def _null_below(places: Int64Array) -> pl.Series:
    index = pl.Series(places.astype(np.int32))
    return index.set(index < 0, None)


def _where(values: pl.Series, mask: BoolArray) -> pl.Series:
    return pl.select(pl.when(pl.lit(pl.Series(mask))).then(pl.lit(values))).to_series()


def _dates(days: Int64Array, mask: BoolArray) -> pl.Series:
    """Return days after 1 January 2003 as ISO text."""
    start = np.datetime64("2003-01-01", "D")
    return _where(pl.Series(start + days.astype("timedelta64[D]")).dt.to_string("%Y-%m-%d"), mask)
