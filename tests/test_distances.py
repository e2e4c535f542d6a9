"""Distances are right, whole, and the same on any machine."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.district.distances import EARTH_RADIUS, great_circle_metres, straight_metres

LON, LAT = st.floats(-180, 180), st.floats(-90, 90)


def haversine(lon1, lat1, lon2, lat2):
    a, b = math.radians(lat1), math.radians(lat2)
    half = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(math.radians(lon2 - lon1) / 2) ** 2
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(half)))


def great_circle(*degrees):
    return int(great_circle_metres(*(np.array([one]) for one in degrees))[0])


@settings(max_examples=500, deadline=None)
@given(LON, LAT, LON, LAT)
def test_a_great_circle_is_what_the_haversine_says(lon1, lat1, lon2, lat2):
    assert abs(great_circle(lon1, lat1, lon2, lat2) - haversine(lon1, lat1, lon2, lat2)) <= 0.51


@settings(max_examples=200, deadline=None)
@given(LON, LAT, LON, LAT, LON, LAT)
def test_distances_are_symmetric_and_no_way_round_is_shorter(lon1, lat1, lon2, lat2, lon3, lat3):
    a, b, c = (lon1, lat1), (lon2, lat2), (lon3, lat3)
    assert great_circle(*a, *b) == great_circle(*b, *a)
    assert great_circle(*a, *c) <= great_circle(*a, *b) + great_circle(*b, *c) + 2
    assert great_circle(*a, *a) == 0


@pytest.mark.parametrize(
    ("ends", "kilometres"),
    [
        ((116.4074, 39.9042, 121.4737, 31.2304), 1067.3),
        ((0.0, 0.0, 180.0, 0.0), 20015.1),
        ((0.0, 90.0, 57.0, -90.0), 20015.1),
    ],
    ids=["Beijing to Shanghai", "half the equator", "pole to pole"],
)
def test_known_distances_come_out(ends, kilometres):
    assert great_circle(*ends) / 1000 == pytest.approx(kilometres, abs=0.2)


def test_what_is_not_known_is_minus_one():
    assert great_circle(float("nan"), 30.0, 104.0, 30.0) == -1
    assert straight_metres(np.array([0.0]), np.array([np.nan]), np.array([1.0]), np.array([1.0])).tolist() == [-1]


def test_homes_and_schools_spread_to_a_table():
    homes, schools = np.array([[0.0], [30.0]]), np.array([[0.0, 40.0]])
    assert straight_metres(homes, homes * 0, schools, schools * 0).tolist() == [[0, 40], [30, 10]]


def test_the_bits_of_a_distance_are_pinned():
    """Computed once; any machine must give these."""
    degrees = np.linspace(0, 10, 7)
    metres = great_circle_metres(104.0 + degrees, 30.0 + degrees, 104.0 - degrees, 29.0 + degrees / 3)
    assert metres.tolist() == PINNED


PINNED = [111195, 396022, 725001, 1050493, 1369095, 1679653, 1981430]
