"""The made-up district has the shape of the work plan, and is the same for the same seed."""

import os
import subprocess
import sys
from itertools import pairwise

import polars as pl
import pytest

import admissions as adm
from admissions.district.schema import TABLES
from admissions.errors import AdmissionsError


@pytest.fixture(scope="module")
def district():
    return adm.generate_district("shape")


def test_a_cohort_is_about_twelve_hundred_children(district):
    inside = district.students.filter(pl.col("origin") == "in_district")
    assert dict(inside.group_by("stage").len().iter_rows()) == {"primary": 1200, "junior": 1200, "senior": 1200}
    assert len(district.students.filter(pl.col("origin") == "out_of_district")) > 250 + 200


def test_schools_and_seats_are_the_plan_s(district):
    programmes = district.programmes.join(district.schools.select("school_id", "kind"), on="school_id")
    seats = dict(programmes.group_by("kind").agg(pl.col("seats").sum()).iter_rows())
    assert (seats["general"], seats["vocational"]) == (800, 800)
    count = dict(programmes.filter(pl.col("kind") == "compulsory").group_by("stage").len().iter_rows())
    assert count == {"primary": 24, "junior": 8}
    assert programmes.filter(pl.col("kind") == "vocational")["course"].n_unique() > 3


def test_groups_of_children_are_in_their_ranges(district):
    inside = district.students.filter((pl.col("origin") == "in_district") & (pl.col("stage") != "senior"))
    assert 0.12 <= (inside["hukou"] == "migrant").mean() <= 0.18
    assert 0 < inside["voucher"].drop_nulls().len() < 30
    assert 0.005 < inside["placement"].is_not_null().mean() < 0.02
    assert inside.filter(pl.col("hukou") == "migrant")["points"].null_count() == 0
    senior = district.students.filter(pl.col("stage") == "senior")
    assert 0.08 < (senior["total"] < 400).mean() < 0.2
    assert senior["total"].dtype == pl.Decimal(38, 1)


def test_sums_of_marks_are_exact(district):
    subjects = ["chinese", "maths", "english", "science", "humanities", "pe"]
    sums = district.students.select(pl.sum_horizontal(subjects, ignore_nulls=False) == pl.col("total")).to_series()
    assert sums.drop_nulls().all()
    assert sums.drop_nulls().len() > 1000


def test_twins_agree_in_everything_but_their_id_and_list_the_same(district):
    twins = district.students.filter(pl.col("bundle_id").is_not_null())
    assert len(twins) > 10
    for _, pair in twins.group_by("bundle_id"):
        assert len(pair) == 2
        assert pair.drop("student_id").n_unique() == 1
        lists = [
            district.choices.filter(pl.col("student_id") == one)["programme_id"].to_list() for one in pair["student_id"]
        ]
        assert lists[0] == lists[1]


def test_sought_after_schools_have_too_few_seats_while_all_together_have_enough(district):
    allocation = adm.allocate(district, adm.read_policy("district_2016"), seed="x")
    rounds = {row["round"]: row for row in allocation.rounds.to_dicts()}
    for stage in ("primary", "junior"):
        assert rounds[stage]["coordinated"] > 0
        assert rounds[stage]["without_seat"] == 0
    assert rounds["general high school"]["without_seat"] > 100


def inside(point, ring):
    """Return whether a point lies in a polygon: a ray to the east crosses its sides an odd number of times."""
    x, y = point
    sides = pairwise(ring)
    return (
        sum((a[1] > y) != (b[1] > y) and x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0] for a, b in sides) % 2
        == 1
    )


def test_every_zone_has_an_outline_that_holds_its_homes(district):
    homes = district.students.select("zone_id", "lon", "lat").drop_nulls().unique()
    assert set(district.outlines) == set(district.zones["zone_id"])
    for zone, lon, lat in homes.iter_rows():
        assert inside((lon, lat), district.outlines[zone]["coordinates"][0])


def test_some_zones_have_several_primary_schools(district):
    primary = district.zones.filter(pl.col("school_id").str.starts_with("P")).group_by("zone_id").len()
    assert 0 < (primary["len"] > 1).mean() < 0.3


@pytest.mark.parametrize("size", [40, 333, 20_000])
def test_the_size_is_the_number_of_students_and_everything_grows_with_it(size):
    district = adm.generate_district("size", size)
    assert len(district.students) == size
    adm.allocate(district, adm.read_policy("district_2016"), seed="x")


@pytest.mark.parametrize("size", [39, 0, -1, 100.5, True, "100"])
def test_a_size_that_is_none_is_refused(size):
    with pytest.raises(AdmissionsError, match="a whole number of 40 or more"):
        adm.generate_district("x", size)


def test_the_same_seed_gives_the_same_district_and_another_another():
    one, again, other = (adm.generate_district(seed, 300) for seed in ("a", "a", "b"))
    assert all(getattr(one, name).equals(getattr(again, name)) for name in TABLES)
    assert dict(one.sources) == dict(again.sources)
    assert one.sources["students"] != other.sources["students"]


def test_another_process_makes_the_same_district():
    code = "import admissions as adm; print(sorted(adm.generate_district('a', 300).sources.items()))"
    environment = os.environ | {"PYTHONHASHSEED": "7", "POLARS_MAX_THREADS": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == str(sorted(adm.generate_district("a", 300).sources.items()))
