"""Markets to measure on: many applicants, a few pools that everybody wants."""

import numpy as np
import numpy.typing as npt

from admissions.market import Int32Array, Market

CHUNK = 1_000_000
KEYS = 1 << 30


def synthetic(applicants: int, choices: int, pools: int, seed: int = 2016) -> Market:
    """Return a market of unequal pools, with a place for nine applicants in ten.

    A pool's popularity is log-normal and has nothing to do with its seats; a key is half the applicant's own mark and
    half the pool's view of the applicant.
    """
    rng = np.random.default_rng(seed)
    popularity = rng.lognormal(sigma=1.0, size=pools)
    bounds = np.cumsum(popularity / popularity.sum())
    pool = np.empty((applicants, choices), dtype=np.int32)
    key = np.empty((applicants, choices), dtype=np.int64)
    for start in range(0, applicants, CHUNK):
        part = slice(start, min(start + CHUNK, applicants))
        pool[part] = _lists(rng, part.stop - part.start, choices, bounds)
        mark = rng.integers(KEYS // 2, size=(part.stop - part.start, 1))
        key[part] = mark + rng.integers(KEYS // 2, size=(part.stop - part.start, choices))
    weight = rng.uniform(0.5, 1.5, size=pools)
    return Market(
        indptr=np.arange(applicants + 1, dtype=np.int64) * choices,
        pool=pool.ravel(),
        key=key.ravel(),
        rank=np.tile(np.arange(1, choices + 1, dtype=np.int32), applicants),
        seats=np.maximum(1, (0.9 * applicants * weight / weight.sum()).astype(np.int64)),
        size=np.ones(applicants, dtype=np.int32),
    )


def balanced(applicants: int, choices: int, pools: int, seed: int = 2016) -> Market:
    """Return a market of equal pools, equally wanted, each with an order of its own, and a seat for each applicant."""
    rng = np.random.default_rng(seed)
    pool = _lists(rng, applicants, choices, np.arange(1, pools + 1) / pools)
    return Market(
        indptr=np.arange(applicants + 1, dtype=np.int64) * choices,
        pool=pool.ravel(),
        key=rng.integers(KEYS, size=applicants * choices),
        rank=np.tile(np.arange(1, choices + 1, dtype=np.int32), applicants),
        seats=np.full(pools, applicants // pools, dtype=np.int64),
        size=np.ones(applicants, dtype=np.int32),
    )


def _lists(rng: np.random.Generator, applicants: int, choices: int, bounds: npt.NDArray[np.float64]) -> Int32Array:
    """Return lists of distinct pools, drawn by popularity: a repeated pool is drawn again."""
    lists = _drawn(rng, (applicants, choices), bounds)
    again = np.arange(applicants)
    while again.size:
        sorted_lists = np.sort(lists[again], axis=1)
        again = again[(sorted_lists[:, 1:] == sorted_lists[:, :-1]).any(axis=1)]
        lists[again] = _drawn(rng, (again.size, choices), bounds)
    return lists


def _drawn(rng: np.random.Generator, shape: tuple[int, int], bounds: npt.NDArray[np.float64]) -> Int32Array:
    drawn = np.searchsorted(bounds, rng.random(shape), side="right")
    return np.minimum(drawn, bounds.size - 1).astype(np.int32)
