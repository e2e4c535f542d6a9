"""Distances in whole metres, the same to the bit on any machine.

numpy's sine and arcsine differ by a last bit between builds, and a metre of difference can move a child. Only
``+ - * /``, square root and rounding are used here, which IEEE 754 fixes exactly.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from admissions.market import Int64Array

FloatArray = npt.NDArray[np.float64]
Measure = Callable[[FloatArray, FloatArray, FloatArray, FloatArray], FloatArray]

EARTH_RADIUS = 6_371_008.8
"""Mean radius in metres: R1 of the International Union of Geodesy and Geophysics (Moritz 2000)."""

BLOCK = 8_192
"""Pairs measured at a time, so that what is between the steps stays in the cache."""

_HALVINGS = 3
_SINE_TERMS, _ARCTANGENT_TERMS = 10, 8


def great_circle_metres(lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray) -> Int64Array:
    """Return great-circle distances in whole metres, -1 where a coordinate is NaN.

    Parameters
    ----------
    lon1, lat1, lon2, lat2 : float64 arrays that broadcast
        Degrees; latitudes from -90 to 90.

    Notes
    -----
    With the angle a between the places, the haversine of one to the other is sin²(a/2), and that of one to the other's
    antipode cos²(a/2). Neither is taken from 1, so that opposite ends of the earth are as exact as neighbours:
    tan(a/4) = sin(a/2) / (1 + cos(a/2)).

    Examples
    --------
    >>> great_circle_metres(np.array([0.0]), np.array([0.0]), np.array([90.0]), np.array([0.0])).tolist()
    [10007557]
    """
    return _measured(_great_circle, lon1, lat1, lon2, lat2)


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
    return _measured(_straight, x1, y1, x2, y2)


def _measured(measure: Measure, a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray) -> Int64Array:
    """Return the measure of coordinates that broadcast, in whole metres, block by block."""
    blocks = np.nditer(
        [a, b, c, d, None],
        flags=["external_loop", "buffered", "zerosize_ok"],
        op_flags=[["readonly"], ["readonly"], ["readonly"], ["readonly"], ["writeonly", "allocate"]],
        op_dtypes=[np.float64, np.float64, np.float64, np.float64, np.int64],
        order="C",
        buffersize=BLOCK,
    )
    with blocks:
        for *given, whole in blocks:
            metres = measure(*given)
            known = ~np.isnan(metres)
            whole[...] = np.where(known, np.rint(np.where(known, metres, 0.0)), -1.0)
        return blocks.operands[-1]


def _straight(x1: FloatArray, y1: FloatArray, x2: FloatArray, y2: FloatArray) -> FloatArray:
    dx, dy = x2 - x1, y2 - y1
    return np.sqrt(dx * dx + dy * dy)


def _great_circle(lon1: FloatArray, lat1: FloatArray, lon2: FloatArray, lat2: FloatArray) -> FloatArray:
    turn = np.abs(lon2 - lon1) / 2
    cosines = _sine(90.0 - lat1) * _sine(90.0 - lat2)
    near = _square(_sine((lat2 - lat1) / 2)) + cosines * _square(_sine(turn))
    far = _square(_sine((lat2 + lat1) / 2)) + cosines * _square(_sine(90.0 - turn))
    return 4 * EARTH_RADIUS * _arctangent(np.sqrt(near) / (1.0 + np.sqrt(far)))


def _square(x: FloatArray) -> FloatArray:
    return x * x


def _sine(degrees: FloatArray) -> FloatArray:
    """Return the sine by its series on a quarter turn."""
    turned = degrees - 360.0 * np.rint(degrees / 360.0)
    folded = np.where(turned > 90.0, 180.0 - turned, np.where(turned < -90.0, -180.0 - turned, turned))
    x = folded * (3.141592653589793 / 180.0)
    square = x * x
    total = np.ones_like(x)
    for k in range(_SINE_TERMS, 0, -1):
        total *= square
        total *= -1.0 / ((2 * k) * (2 * k + 1))
        total += 1.0
    return x * total


def _arctangent(tangent: FloatArray) -> FloatArray:
    """Return the arctangent on 0 … 1: halve the angle until its series converges fast."""
    for _ in range(_HALVINGS):
        tangent = tangent / (1.0 + np.sqrt(1.0 + tangent * tangent))
    square = tangent * tangent
    total = np.zeros_like(tangent)
    for k in range(_ARCTANGENT_TERMS, -1, -1):
        total *= -square
        total += 1.0 / (2 * k + 1)
    return (2.0**_HALVINGS) * (tangent * total)
