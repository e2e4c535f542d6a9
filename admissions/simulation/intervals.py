"""What a number of draws says about a probability: the interval of Clopper and Pearson.

It holds the probability in at least 95 of 100 simulations, whatever the probability is. The interval of Wilson is
shorter, but holds it less often than it says where a probability is near 0 or 1, and there most odds of a district are.
"""

from math import lgamma

import numpy as np
import numpy.typing as npt

from admissions.market import Int64Array

Floats = npt.NDArray[np.float64]
MISSED = 0.05
"""Share of intervals that may miss: half of them on either side."""
PLACES = 6
"""Decimals of an interval, rounded outwards."""
STEPS, NEAR = 60, 1e-12
"""Most steps to an end, and how near to it the last one comes."""
TINY, CLOSE, TERMS = 1e-300, 1e-13, 2_000
"""Least denominator of the fraction, how near to 1 its last factor is, and most terms."""


def exact_interval(counts: Int64Array, draws: int) -> tuple[Floats, Floats]:
    """Return the 95 % interval of each probability, from in how many draws its event came about.

    Parameters
    ----------
    counts : (m,) int64
        Draws in which it did, from 0 to `draws`.
    draws : int
        All draws.

    Returns
    -------
    (m,) float64, (m,) float64
        Lower and upper ends, rounded outwards to six decimals.

    Notes
    -----
    Clopper and Pearson 1934: the probabilities under which as many events, or more, and as many, or fewer, come about
    with a chance of 2.5 % each. The tail of the binomial is the incomplete beta function (DLMF 8.17.5, 8.17.22), each
    count that occurs is solved for once.

    Examples
    --------
    >>> low, high = exact_interval(np.array([0, 50, 100]), 100)
    >>> low.tolist(), high.tolist()
    ([0.0, 0.398321, 0.963783], [0.036217, 0.601679, 1.0])
    """
    present, place = np.unique(counts, return_inverse=True)
    low, high = np.zeros(len(present)), np.ones(len(present))
    some, not_all = present > 0, present < draws
    low[some] = _solved(present[some], draws - present[some] + 1, MISSED / 2)
    high[not_all] = _solved(present[not_all] + 1, draws - present[not_all], 1 - MISSED / 2)
    unit = 10.0**PLACES
    return (np.floor(low * unit) / unit)[place], (np.ceil(high * unit) / unit)[place]


def widest_interval(counts: Int64Array, draws: int) -> float:
    """Return the width of the widest 95 % interval of some probabilities.

    Examples
    --------
    >>> round(widest_interval(np.array([0, 50, 100]), 100), 6)
    0.203358
    """
    low, high = exact_interval(np.unique(counts), draws)
    return float((high - low).max(initial=0.0))


def _solved(a: Int64Array, b: Int64Array, share: float) -> Floats:
    """Return where the incomplete beta function of each pair reaches a share: Newton's steps, kept in a bracket."""
    low, high, x = np.zeros(len(a)), np.ones(len(a)), a / (a + b)
    gammas = np.array([lgamma(p + q) - lgamma(p) - lgamma(q) for p, q in zip(a.tolist(), b.tolist(), strict=True)])
    for _ in range(STEPS):
        value, slope = _incomplete_beta(x, a, b, gammas)
        below = value < share
        low, high = np.where(below, x, low), np.where(below, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = x - (value - share) / slope
        then = np.where((step > low) & (step < high), step, (low + high) / 2)
        moved, x = np.abs(then - x).max(initial=0.0), then
        if moved < NEAR:
            break
    return x


def _incomplete_beta(x: Floats, a: Int64Array, b: Int64Array, gammas: Floats) -> tuple[Floats, Floats]:
    """Return the regularized incomplete beta function and its slope, on the side on which its fraction converges."""
    power = np.exp(gammas + a * np.log(x) + b * np.log1p(-x))
    swap = x > (a + 1) / (a + b + 2)
    near, one, other = np.where(swap, 1 - x, x), np.where(swap, b, a), np.where(swap, a, b)
    value = power / one * _fraction(near, one, other)
    return np.where(swap, 1 - value, value), power / (x * (1 - x))


def _fraction(x: Floats, a: Int64Array, b: Int64Array) -> Floats:
    """Return the continued fraction of the incomplete beta function (Lentz 1976)."""
    c, d = np.ones(len(x)), 1 - (a + b) * x / (a + 1)
    d = 1 / np.where(np.abs(d) < TINY, TINY, d)
    value = d
    m = 0
    change = np.full(len(x), 2.0)
    while (np.abs(change - 1) > CLOSE).any() and m < TERMS:
        m += 1
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 + factor * d
            c = 1 + factor / c
            d, c = (np.where(np.abs(one) < TINY, TINY, one) for one in (d, c))
            d = 1 / d
            change = c * d
            value = value * change
    return value
