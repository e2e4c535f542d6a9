"""The made-up district has the shape of the work plan, and is the same for the same seed."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import admissions as adm
from admissions.district.reading import read_district, write_district
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


def test_migrants_have_points_and_locals_a_date_of_registration(district):
    inside = district.students.filter(pl.col("origin") == "in_district")
    local = inside.filter(pl.col("hukou") == "local")
    assert local["hukou_since"].str.to_date("%Y-%m-%d", strict=True).null_count() == 0
    assert local["points"].null_count() == len(local)
    assert inside.filter(pl.col("hukou") == "migrant")["hukou_since"].drop_nulls().is_empty()
    assert set(inside["home"]) == {"owned", "grandparents", "rented"}


def test_marks_are_the_seniors_and_a_few_of_them_have_none(district):
    assert district.students.filter(pl.col("stage") != "senior")["total"].drop_nulls().is_empty()
    totals = district.students.filter(pl.col("stage") == "senior")["total"]
    assert 0 < totals.null_count() < 20
    assert 0.3 < (totals.drop_nulls() % 1 != 0).mean() < 0.7
    assert totals.max() <= 700


def test_a_voucher_names_one_sought_after_school(district):
    holders = district.students.filter(pl.col("voucher").is_not_null())
    lists = district.choices.join(holders.select("student_id", "stage"), on="student_id")
    assert set(holders["stage"]) <= {"primary", "junior"}
    assert lists["rank"].to_list() == [1] * len(holders)


def test_most_migrants_list_one_to_three_schools_and_most_locals_trust_the_zone(district):
    compulsory = district.students.filter((pl.col("stage") != "senior") & pl.col("voucher").is_null())
    listed = district.choices.group_by("student_id").len("choices")
    compulsory = compulsory.join(listed, on="student_id", how="left")
    shares = dict(compulsory.group_by("hukou").agg(pl.col("choices").is_not_null().mean()).iter_rows())
    assert shares["migrant"] > 0.5 > 0.2 > shares["local"] > 0
    assert compulsory["choices"].max() <= 3


def test_some_families_list_a_school_that_does_not_serve_their_zone(district):
    lists = (
        district.choices.join(district.students.filter(pl.col("hukou") == "local"), on="student_id")
        .filter(pl.col("stage") != "senior")
        .join(district.programmes.select("programme_id", "school_id"), on="programme_id")
    )
    elsewhere = lists.join(district.zones, on=["zone_id", "school_id"], how="anti")
    assert len(elsewhere) > 50


def test_seniors_list_three_to_ten_courses_most_a_general_one_first(district):
    senior = district.students.filter(pl.col("stage") == "senior").select("student_id")
    kinds = district.programmes.join(district.schools.select("school_id", "kind"), on="school_id")
    lists = district.choices.join(senior, on="student_id").join(
        kinds.select("programme_id", "kind"), on="programme_id", maintain_order="left"
    )
    by_child = lists.group_by("student_id").agg(
        pl.len(), pl.col("kind").first(), general=(pl.col("kind") == "general").any()
    )
    assert by_child["len"].min() == 3 and by_child["len"].max() == 10
    assert 0.6 < (by_child["kind"] == "general").mean() < 0.9
    assert 0.1 < (~by_child["general"]).mean() < 0.4
    assert 0 < len(senior) - len(by_child) < 0.05 * len(senior)


def test_the_office_reports_its_figures_exactly(district):
    figures = {name: str(value.normalize()) for name, value in district.figures.iter_rows()}
    assert (figures["primary_dropout_rate"], figures["completion_rate_age_15"]) == ("0.003", "0.978")
    assert len(figures) == 10


@pytest.mark.parametrize("size", [40, 600, 4_300, 5_000, 20_000])
def test_no_school_of_several_is_alone_in_its_group(size):
    schools = adm.generate_district("groups", size).schools.filter(pl.col("kind") == "compulsory")
    sizes = schools.group_by(pl.col("school_id").str.slice(0, 1).alias("sort"), "group_id").len()
    several = sizes.filter(pl.len().over("sort") > 1)["len"]
    assert several.is_between(2, 4).all()


@pytest.mark.parametrize("size", [9_000, 30_000])
def test_high_schools_have_seats_in_proportion_to_the_children(size):
    district = adm.generate_district("seats", size)
    seats = district.programmes.join(district.schools.select("school_id", "kind"), on="school_id")
    for kind in ("general", "vocational"):
        assert seats.filter(pl.col("kind") == kind)["seats"].sum() == round(800 * size / 4_300)


def test_some_zones_have_many_times_the_children_of_others_who_live_at_few_places(district):
    homes = (
        district.students.drop_nulls("zone_id").group_by("zone_id").agg(pl.len(), pl.struct("lon", "lat").n_unique())
    )
    assert homes["len"].max() > 4 * homes["len"].min()
    assert homes["lon"].max() <= 5


@pytest.mark.parametrize("size", [4_300, 200_000])
def test_who_applies_from_outside_lives_outside(size):
    district = adm.generate_district("outside", size)
    corners = [point for outline in district.outlines.values() for point in outline["coordinates"][0]]
    west = min(lon for lon, _ in corners)
    outside = district.students.filter(pl.col("origin") == "out_of_district")
    assert outside["zone_id"].null_count() == len(outside)
    assert outside["lon"].max() < west


def test_zones_share_their_corners_and_leave_no_gap(district):
    sides = Counter()
    for outline in district.outlines.values():
        ring = outline["coordinates"][0]
        assert ring[0] == ring[-1]
        sides.update(frozenset(map(tuple, side)) for side in pairwise(ring))
    assert set(sides.values()) == {1, 2}
    ends = Counter(corner for side, times in sides.items() if times == 1 for corner in side)
    assert set(ends.values()) == {2}


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_district_written_and_read_is_the_same(district, tmp_path, form):
    write_district(district, tmp_path, form)
    read = read_district(tmp_path)
    for name in TABLES:
        assert_frame_equal(getattr(read, name), getattr(district, name), check_exact=True)
    assert dict(read.outlines) == dict(district.outlines)


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
