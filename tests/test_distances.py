"""Distances are right, whole, and the same on any machine."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.district.distances import BLOCK, EARTH_RADIUS, great_circle_metres, straight_metres

LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


def along_the_sphere(lon1, lat1, lon2, lat2):
    """Return metres by the formula of Vincenty, which is exact for neighbours and antipodes alike."""
    a, b, turn = math.radians(lat1), math.radians(lat2), math.radians(lon2 - lon1)
    across = math.cos(b) * math.sin(turn), math.cos(a) * math.sin(b) - math.sin(a) * math.cos(b) * math.cos(turn)
    return EARTH_RADIUS * math.atan2(
        math.hypot(*across), math.sin(a) * math.sin(b) + math.cos(a) * math.cos(b) * math.cos(turn)
    )


def great_circle(*degrees):
    return int(great_circle_metres(*(np.array([one]) for one in degrees))[0])


@settings(max_examples=500, deadline=None)
@given(LON, LAT, LON, LAT)
def test_a_great_circle_is_what_the_mathematics_library_says(lon1, lat1, lon2, lat2):
    assert abs(great_circle(lon1, lat1, lon2, lat2) - along_the_sphere(lon1, lat1, lon2, lat2)) <= 0.500001


@settings(max_examples=200, deadline=None)
@given(LON, LAT, st.floats(-1e-3, 1e-3), st.floats(-1e-3, 1e-3))
def test_what_one_walks_towards_the_antipode_is_missing_from_half_the_way_round(lon, lat, east, north):
    there = lon + 180 + east, max(-90.0, min(90.0, -lat + north))
    assert abs(great_circle(lon, lat, *there) - along_the_sphere(lon, lat, *there)) <= 0.500001
    assert abs(great_circle(lon, lat, *there) + great_circle(lon + 180, -lat, *there) - 20_015_114.442) <= 1.000001


@settings(max_examples=200, deadline=None)
@given(LON, LAT, LON, LAT, LON, LAT)
def test_distances_are_symmetric_and_no_way_round_is_shorter(lon1, lat1, lon2, lat2, lon3, lat3):
    a, b, c = (lon1, lat1), (lon2, lat2), (lon3, lat3)
    assert great_circle(*a, *b) == great_circle(*b, *a)
    assert great_circle(*a, *c) <= great_circle(*a, *b) + great_circle(*b, *c) + 2
    assert great_circle(*a, *a) == 0


@pytest.mark.parametrize(("lon", "lat"), [(0.0, 0.0), (104.6, 30.1), (-70.3, -51.7)])
def test_every_centimetre_counts_beside_the_antipode(lon, lat):
    walked = np.arange(300) / 100
    northward = -lat + np.degrees(walked / EARTH_RADIUS)
    metres = great_circle_metres(np.array(lon), np.array(lat), np.array(lon + 180), northward)
    assert np.abs(metres - (math.pi * EARTH_RADIUS - walked)).max() <= 0.500001


@pytest.mark.parametrize(
    ("ends", "kilometres"),
    [
        ((116.4074, 39.9042, 121.4737, 31.2304), 1067.3),
        ((0.0, 0.0, 180.0, 0.0), 20015.1),
        ((0.0, 90.0, 57.0, -90.0), 20015.1),
        ((-0.1278, 51.5074, 2.3522, 48.8566), 343.6),
        ((179.5, 0.0, -179.5, 0.0), 111.2),
    ],
    ids=["Beijing to Shanghai", "half the equator", "pole to pole", "London to Paris", "over the date line"],
)
def test_known_distances_come_out(ends, kilometres):
    assert great_circle(*ends) / 1000 == pytest.approx(kilometres, abs=0.2)


def test_what_is_not_known_is_minus_one():
    assert great_circle(float("nan"), 30.0, 104.0, 30.0) == -1
    assert straight_metres(np.array([0.0]), np.array([np.nan]), np.array([1.0]), np.array([1.0])).tolist() == [-1]


@settings(deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_a_straight_line_is_the_hypotenuse(x1, y1, x2, y2):
    assert abs(int(straight_metres(*map(np.array, (x1, y1, x2, y2)))) - math.hypot(x2 - x1, y2 - y1)) <= 0.500001


def test_a_long_table_is_measured_as_its_pairs_are():
    homes, schools = np.linspace(100, 110, 2 * BLOCK + 5), np.array([[101.0], [np.nan]])
    table = great_circle_metres(homes, homes / 4, schools, schools / 5)
    assert table.shape == (2, len(homes)) and table.dtype == np.int64
    assert (table[1] == -1).all()
    for i in (0, BLOCK - 1, BLOCK, len(homes) - 1):
        assert table[0, i] == great_circle(homes[i], homes[i] / 4, 101.0, 101.0 / 5)


def test_nobody_lives_anywhere_and_no_distance_comes_back():
    assert great_circle_metres(np.zeros((0, 1)), np.zeros((0, 1)), np.zeros((1, 3)), np.zeros((1, 3))).shape == (0, 3)


def test_homes_and_schools_spread_to_a_table():
    homes, schools = np.array([[0.0], [30.0]]), np.array([[0.0, 40.0]])
    assert straight_metres(homes, homes * 0, schools, schools * 0).tolist() == [[0, 40], [30, 10]]


def test_the_bits_of_a_distance_are_pinned():
    """Computed once; any machine must give these."""
    degrees = np.linspace(0, 10, 7)
    metres = great_circle_metres(104.0 + degrees, 30.0 + degrees, 104.0 - degrees, 29.0 + degrees / 3)
    assert metres.tolist() == PINNED


PINNED = [111195, 396022, 725001, 1050493, 1369095, 1679653, 1981430]
