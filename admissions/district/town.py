"""The map of a made-up district: zones with outlines and estates, schools and the zones they serve."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from admissions.district.dice import Dice, FloatArray
from admissions.market import Int64Array

WEST, SOUTH = 104.60, 30.10
WIDTH, HEIGHT = 0.0125, 0.0110
OUTSIDE = (WEST - 0.3, SOUTH - 0.2)
"""Where applicants from outside live: the town grows to the east and the north, and never reaches them."""
JITTER = 0.2
ESTATES = 5
NEIGHBOURS = 4
NAMES = (
    "Dongfeng",
    "Hongxing",
    "Yanhe",
    "Longquan",
    "Baita",
    "Qingyang",
    "Nanhu",
    "Beishan",
    "Xiqiao",
    "Wuyi",
    "Xinhua",
    "Guangming",
    "Shuangliu",
    "Taiping",
    "Jinsha",
    "Lushan",
    "Wenfeng",
    "Heping",
    "Yucai",
    "Chengxi",
    "Fenghuang",
    "Shiyan",
    "Hualong",
    "Linjiang",
    "Meiyuan",
    "Zhongxin",
    "Xingfu",
    "Lianhua",
)


@dataclass(frozen=True, slots=True, repr=False)
class Town:
    """Zones and schools.

    Attributes
    ----------
    zone_ids : (z,) String
        The zones.
    outlines : dict
        GeoJSON polygon of each.
    estates : (z, ESTATES, 2) float64
        Longitude and latitude of the places where the children of a zone live.
    schools : polars.DataFrame
        The table of schools: primary first, then junior, special, general, vocational.
    count : dict of str to int
        Schools of each sort.
    near : dict of str to (z, NEIGHBOURS) int64
        Primary and junior schools nearest to each zone, as rows of `schools`.
    """

    zone_ids: pl.Series
    outlines: dict[str, Any]
    estates: FloatArray
    schools: pl.DataFrame
    count: dict[str, int]
    near: dict[str, Int64Array]


def build_town(dice: Dice, scale: float) -> Town:
    """Return a town; at scale 1 it has 60 zones, 24 primary and 8 junior schools."""
    zones = max(4, round(60 * scale))
    columns = max(2, int(np.sqrt(zones * 4 / 3)))
    corners = _corners(dice, columns, -(-zones // columns))
    zone_ids = pl.Series("zone_id", np.arange(1, zones + 1)).cast(pl.String).str.zfill(max(3, len(str(zones))))
    zone_ids = ("Z" + zone_ids).rename("zone_id")
    cells = np.stack([_cell(corners, zone, columns) for zone in range(zones)])
    outlines = {
        name: {"type": "Polygon", "coordinates": [[*cell.round(6).tolist(), cell[0].round(6).tolist()]]}
        for name, cell in zip(zone_ids, cells, strict=True)
    }
    estates = _inside(cells, dice.uniform(zones, ESTATES, 2) * 0.7 + 0.15)
    count = {
        "primary": max(2, round(24 * scale)),
        "junior": max(1, round(8 * scale)),
        "special": max(1, round(scale / 4)),
        "general": max(1, round(scale)),
        "vocational": max(1, round(scale)),
    }
    places = np.concatenate([_school_places(dice, cells, number) for number in count.values()])
    near = {}
    for stage, start in (("primary", 0), ("junior", count["primary"])):
        near[stage] = start + _nearest(cells.mean(axis=1), places[start : start + count[stage]])
    return Town(zone_ids, outlines, estates.round(6), _schools(dice, count, places), count, near)


def _corners(dice: Dice, columns: int, rows: int) -> FloatArray:
    """Return the corners of a grid, each moved a little, (rows + 1, columns + 1, 2)."""
    shift = (dice.uniform(rows + 1, columns + 1, 2) - 0.5) * 2 * JITTER
    grid = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=2) + shift
    return grid * np.array([WIDTH, HEIGHT]) + np.array([WEST, SOUTH])


def _cell(corners: FloatArray, zone: int, columns: int) -> FloatArray:
    row, column = divmod(zone, columns)
    return corners[[row, row, row + 1, row + 1], [column, column + 1, column + 1, column]]


def _inside(cells: FloatArray, at: FloatArray) -> FloatArray:
    """Return points of cells from their place between the sides, (z, k, 2)."""
    u, v = at[..., :1], at[..., 1:]
    a, b, c, d = (cells[:, None, corner] for corner in range(4))
    return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * d + u * c)


def _school_places(dice: Dice, cells: FloatArray, number: int) -> FloatArray:
    zone = ((np.arange(number) + dice.uniform(number)) * len(cells) / number).astype(np.int64)
    return _inside(cells[zone], dice.uniform(number, 1, 2) * 0.6 + 0.2)[:, 0].round(6)


def _nearest(homes: FloatArray, places: FloatArray) -> Int64Array:
    """Return the rows of the places nearest to each home, nearest first; the last repeats where there are too few."""
    wanted = min(NEIGHBOURS, len(places))
    scaled = np.array([0.866, 1.0])
    nearest = np.empty((len(homes), NEIGHBOURS), dtype=np.int64)
    for start in range(0, len(homes), 256):
        gaps = ((homes[start : start + 256, None] - places[None]) * scaled) ** 2
        order = np.argsort(gaps.sum(axis=2), axis=1, kind="stable")[:, :wanted]
        nearest[start : start + 256, :wanted] = order
        nearest[start : start + 256, wanted:] = order[:, -1:]
    return nearest


def _group(school: int, schools: int) -> int:
    """Return the number of a school's group: three neighbours each, four or two at the end, so that none is alone."""
    return min(school // 3, max(1, -(-(schools - 1) // 3)) - 1) + 1


def _schools(dice: Dice, count: dict[str, int], places: FloatArray) -> pl.DataFrame:
    letters = {"primary": "P", "junior": "J", "special": "T", "general": "G", "vocational": "V"}
    titles = {
        "primary": "Primary School",
        "junior": "Junior School",
        "special": "Special School",
        "general": "Senior High School",
        "vocational": "Vocational School",
    }
    rows = []
    for sort, number in count.items():
        width = max(2, len(str(number)))
        compulsory = sort in ("primary", "junior")
        for i in range(number):
            again = f" No. {i // len(NAMES) + 1}" if number > len(NAMES) else ""
            rows.append(
                {
                    "school_id": f"{letters[sort]}{i + 1:0{width}d}",
                    "name": f"{NAMES[i % len(NAMES)]} {titles[sort]}{again}",
                    "kind": "compulsory" if compulsory else sort,
                    "group_id": f"{letters[sort]}group{_group(i, number)}" if compulsory else None,
                }
            )
    frame = pl.DataFrame(rows)
    return frame.with_columns(
        lon=pl.Series(places[:, 0]), lat=pl.Series(places[:, 1]), resource_room=pl.Series(dice.uniform(len(rows)) < 0.3)
    )
