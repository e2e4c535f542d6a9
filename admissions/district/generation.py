"""A made-up district of the shape of a work plan: every cohort about 1,200 children at its default size.

Nothing in it is real. The same seed and size give the same district on any machine.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from admissions.district.dice import Dice
from admissions.district.district import District
from admissions.district.families import Families, raise_families
from admissions.district.tables import RawTable
from admissions.district.town import Town, build_town
from admissions.district.wishes import list_wishes
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int64Array

DEFAULT_SIZE = 4_300
SMALLEST = 40
SENIOR_SEATS = 800
PLANNED = {"primary": 45, "junior": 50}
SPARE_SEATS = 1.04
COURSES = {
    "general": (("science", 0.4), ("humanities", 0.3), ("experimental", 0.2), ("arts and sports", 0.1)),
    "vocational": (
        ("logistics", 0.225),
        ("air service", 0.2),
        ("preschool education", 0.175),
        ("computing", 0.15),
        ("mechatronics", 0.1375),
        ("cooking", 0.1125),
    ),
}
FIGURES = {
    "primary_dropout_rate": "0.003",
    "primary_attrition_rate": "0.041",
    "junior_dropout_rate": "0.016",
    "junior_attrition_rate": "0.083",
    "general_dropout_rate": "0.048",
    "vocational_dropout_rate": "0.124",
    "special_school_pupils": "108",
    "disabled_pupils": "412",
    "completion_rate_age_15": "0.978",
    "completion_rate_age_17": "0.905",
}


class Behaviour(Protocol):
    """How families make their lists, or what they do with an offer."""

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district in which the chosen families behave so; `chosen` has an entry a student."""


def generate_district(seed: str | int, size: int = DEFAULT_SIZE, behaviour: Behaviour | None = None) -> District:
    """Make a district up.

    Parameters
    ----------
    seed : str or int
        What it is drawn from.
    size : int
        Students in all, from 40 to millions: primary, junior and senior cohorts, and a sixth from outside the district.
        Zones, schools and seats grow with it; the high schools never have fewer than the plan's 800 seats each.
    behaviour : DistanceQualityLogit or another model, optional
        How families make their lists; by default by appeal, nearness and ability, as drawn. The same as `relist` with
        this seed.

    Returns
    -------
    District
        With students (attributes, marks and vouchers), schools, programmes, zones and outlines, choices and figures.

    Raises
    ------
    AdmissionsError
        If the size is no whole number, or too small.

    Examples
    --------
    >>> generate_district("docs", size=60)
    District(60 students, 6 schools, 15 programmes)
    """
    if not isinstance(size, int | np.integer) or isinstance(size, bool) or size < SMALLEST:
        raise AdmissionsError(f"size: a whole number of {SMALLEST} or more is needed")
    dice, scale = Dice(f"district:{seed}"), int(size) / DEFAULT_SIZE
    town = build_town(dice, scale)
    families = raise_families(dice, town, int(size))
    programmes = _programmes(town, families, scale)
    zones = _zones(town)
    frames = {
        "students": families.students,
        "schools": town.schools,
        "programmes": programmes,
        "zones": zones,
        "choices": list_wishes(dice, town, families, programmes),
        "figures": pl.DataFrame({"name": list(FIGURES), "value": list(FIGURES.values())}),
    }
    district = District.from_tables({name: RawTable(name, frame, 0) for name, frame in frames.items()}, town.outlines)
    if behaviour is None:
        return district
    return behaviour.relist(district, str(seed), np.ones(len(district.students), dtype=np.bool_))


def _zones(town: Town) -> pl.DataFrame:
    """Return which schools serve a zone: its nearest of either sort, every tenth zone the nearest two or three."""
    zone, school = [], []
    for z, name in enumerate(town.zone_ids):
        primary = town.near["primary"][z]
        served = 1 if z % 10 else 2 + z % 20 // 10
        for row in dict.fromkeys([*primary[:served].tolist(), int(town.near["junior"][z, 0])]):
            zone.append(name)
            school.append(town.schools["school_id"][row])
    return pl.DataFrame({"zone_id": zone, "school_id": school})


def _programmes(town: Town, families: Families, scale: float) -> pl.DataFrame:
    ids = town.schools["school_id"].to_list()
    rows: list[dict[str, str | int | None]] = []
    first = 0
    for sort, number in town.count.items():
        schools = ids[first : first + number]
        if sort in PLANNED:
            classes = _classes(families, town, sort, first, number)
            rows += [_programme(f"{one}-1", one, sort, None, int(c)) for one, c in zip(schools, classes, strict=True)]
        elif sort == "special":
            seats = max(4, round(12 * scale / number))
            rows += [_programme(f"{one}-{stage[0]}", one, stage, seats) for one in schools for stage in PLANNED]
        else:
            seats = max(SENIOR_SEATS, round(SENIOR_SEATS * scale))
            names, shares = zip(*COURSES[sort], strict=True)
            for one, offered in zip(schools, _parts(seats, [1.0] * number), strict=True):
                rows += [
                    _programme(f"{one}-{place}", one, "senior", part, course=name)
                    for place, (name, part) in enumerate(zip(names, _parts(offered, shares), strict=True), start=1)
                ]
        first += number
    return pl.DataFrame(rows, infer_schema_length=None)


def _parts(total: int, shares: Sequence[float]) -> list[int]:
    """Return whole parts of a total in proportion to the shares; together they are the total."""
    reached = np.cumsum(shares)
    return np.diff(np.rint(total * (reached / reached[-1])), prepend=0.0).astype(np.int64).tolist()


def _programme(
    programme: str, school: str, stage: str, seats: int | None, classes: int | None = None, course: str | None = None
) -> dict[str, str | int | None]:
    return {"programme_id": programme, "school_id": school, "stage": stage, "seats": seats, "classes": classes,
            "course": course}  # fmt: skip


def _classes(families: Families, town: Town, stage: str, first: int, number: int) -> Int64Array:
    """Return the classes of each school: seats for all and a few more, where fewer of the children live."""
    mine = families.zone[families.stage == stage]
    children = np.bincount(town.near[stage][mine[mine >= 0], 0] - first, minlength=number)
    average = children.sum() / number
    classes = np.maximum(1, np.rint((children + average) / 2 / PLANNED[stage])).astype(np.int64)
    need = -(-round(children.sum() * SPARE_SEATS) // PLANNED[stage])
    while classes.sum() < need:
        classes[np.argmax(average / classes - np.arange(number) * 1e-9)] += 1
    return classes
