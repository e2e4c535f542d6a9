"""Distances in whole metres, the same to the bit on any machine.

numpy's sine and arcsine differ by a last bit between builds, and a metre of difference can move a child. Only
``+ - * /``, square root and rounding are used here, which IEEE 754 fixes exactly.
"""

import numpy as np
import numpy.typing as npt

from admissions.market import Int64Array

FloatArray = npt.NDArray[np.float64]

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres: R1 of the International Union of Geodesy and Geophysics (Moritz 2000)."""

_HALVINGS = 4


def great_circle_metres(lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray) -> Int64Array:
    """Return great-circle distances in whole metres, -1 where a coordinate is NaN.

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : float64 arrays that broadcast
        Degrees.

    Examples
    --------
    >>> great_circle_metres(np.array([0.0]), np.array([0.0]), np.array([90.0]), np.array([0.0])).tolist()
    [10007557]
    """
    half_lat = _sine((lat2 - lat1) / 2)
    half_lon = _sine((lon2 - lon1) / 2)
    haversine = half_lat * half_lat + _sine(90 - lat1) * _sine(90 - lat2) * (half_lon * half_lon)
    angle = 2 * _arcsine(np.sqrt(np.clip(haversine, 0.0, 1.0)))
    return _whole(EARTH_RADIUS * angle)


def straight_metres(x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray) -> Int64Array:
    """Return straight-line distances in whole metres, -1 where a coordinate is NaN.

    Parameters
    ----------
    x1, y1, x2, y2 : float64 arrays that broadcast
        Metres.

    Examples
    --------
    >>> straight_metres(np.array([0.0]), np.array([0.0]), np.array([3.0, np.nan]), np.array([4.0, 1.0])).tolist()
    [5, -1]
    """
    dx, dy = x2 - x1, y2 - y1
    return _whole(np.sqrt(dx * dx + dy * dy))


def _whole(metres: FloatArray) -> Int64Array:
    known = ~np.isnan(metres)
    return np.where(known, np.rint(np.where(known, metres, 0.0)), -1.0).astype(np.int64)


def _sine(degrees: FloatArray) -> FloatArray:
    """Return the sine by its series on a quarter turn."""
    turned = degrees - 360.0 * np.rint(degrees / 360.0)
    folded = np.where(turned > 90.0, 180.0 - turned, np.where(turned < -90.0, -180.0 - turned, turned))
    x = folded * (3.141592653589793 / 180.0)
    square = x * x
    total = np.ones_like(x)
    for k in range(12, 0, -1):
        total = 1.0 - square / ((2 * k) * (2 * k + 1)) * total
    return x * total


def _arcsine(x: FloatArray) -> FloatArray:
    """Return the arcsine on 0 … 1: halve the angle until the series of the arctangent converges fast."""
    tangent = x / (1.0 + np.sqrt((1.0 - x) * (1.0 + x)))
    for _ in range(_HALVINGS - 1):
        tangent = tangent / (1.0 + np.sqrt(1.0 + tangent * tangent))
    square = tangent * tangent
    total = np.zeros_like(tangent)
    for k in range(12, -1, -1):
        total = 1.0 / (2 * k + 1) - square * total
    return (2.0**_HALVINGS) * (tangent * total)
