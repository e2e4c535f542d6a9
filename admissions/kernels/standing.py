"""A market at its student-optimal stable matching, from which one change is resolved and then taken back.

Every applicant is one child. The last applicant is room for a guest: somebody who enters, or who hands in another list.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from admissions.market import BoolArray, Int64Array

NO_SEAT = np.int64(np.iinfo(np.int64).max)
"""What an applicant without a seat holds: every choice is better."""
GONE = np.int64(-1)
"""What an applicant holds who has withdrawn: no choice is better."""
MOVED, TOUCHED = range(2)
"""What `Standing.counts` counts."""


class Standing(NamedTuple):
    """The market, its outcome, and notes of what a question changes.

    Attributes
    ----------
    start : (p + 1,) int64
        Choices of pool ``j`` are ``line[start[j]:start[j + 1]]``, in order of priority; equal keys by applicant.
    line, claimant : (e,) int64
        Choice at each place of the lines, and its applicant.
    place : (e + r,) int64
        Of each choice, twice its place in the line, and one. The last ``r`` are room for the list of a guest, whose
        places are even: between those of two others.
    pool, rank : (e + r,) int64
        Seat pool of each choice, and place of its programme on the applicant's list.
    key : (e + r,) int64
        Priority of each choice.
    first, stop : (n + 1,) int64
        Choices of applicant ``i`` are ``first[i]`` to ``stop[i] - 1``, best first.
    held : (n + 1,) int64
        Choice that each applicant holds, or `NO_SEAT`, or `GONE`.
    seats, taken : (p,) int64
        Seats of each pool, and those taken.
    last : (p,) int64
        ``place`` of the last admitted, -1 for nobody.
    head : (p,) int64
        Where in the lines the first stands who would rather be in the pool; nobody before does.
    counts : (2,) int64
        Entries of the notes in use.
    moved, before : (n + 1,) int64
        Notes: who moved, and what was held before.
    is_moved : (n + 1,) bool
        Whether an applicant is in `moved`.
    touched : (p,) int64
        Notes: pools that changed, or of which the first who would rather be there did.
    noted : (p, 4) int64
        What seats, taken, last and head were before.
    is_touched, dead : (p,) bool
        Whether a pool is in `touched`; whether it is known that no cycle passes through it.
    path, at : (p,) int64
        Pools on the way along the pointers, and where on it each pool is, -1 for none.
    """

    start: Int64Array
    line: Int64Array
    claimant: Int64Array
    place: Int64Array
    pool: Int64Array
    rank: Int64Array
    key: Int64Array
    first: Int64Array
    stop: Int64Array
    held: Int64Array
    seats: Int64Array
    taken: Int64Array
    last: Int64Array
    head: Int64Array
    counts: Int64Array
    moved: Int64Array
    before: Int64Array
    is_moved: BoolArray
    touched: Int64Array
    noted: Int64Array
    is_touched: BoolArray
    dead: BoolArray
    path: Int64Array
    at: Int64Array


@njit(cache=True, nogil=True)
def take_stock(standing):  # type: ignore[no-untyped-def]
    """Write ``place``, ``taken``, ``last`` and ``head``, as the lines and ``held`` have them.

    Parameters
    ----------
    standing : Standing
        At an outcome; O(e).
    """
    s = standing
    for p in range(len(s.seats)):
        s.taken[p], s.last[p], s.head[p] = 0, -1, s.start[p + 1]
        for x in range(s.start[p], s.start[p + 1]):
            c, held = s.line[x], s.held[s.claimant[x]]
            s.place[c] = 2 * x + 1
            if held == c:
                s.taken[p] += 1
                s.last[p] = s.place[c]
            elif c < held and s.head[p] == s.start[p + 1]:
                s.head[p] = x


@njit(cache=True, nogil=True)
def note(standing, i):  # type: ignore[no-untyped-def]
    """Note what an applicant holds, before the first move."""
    s = standing
    if not s.is_moved[i]:
        k = s.counts[MOVED]
        s.is_moved[i], s.moved[k], s.before[k] = True, i, s.held[i]
        s.counts[MOVED] += 1


@njit(cache=True, nogil=True)
def touch(standing, p):  # type: ignore[no-untyped-def]
    """Note what a pool is like, before its first change."""
    s = standing
    if not s.is_touched[p]:
        k = s.counts[TOUCHED]
        s.is_touched[p], s.touched[k] = True, p
        s.noted[k, 0], s.noted[k, 1], s.noted[k, 2], s.noted[k, 3] = s.seats[p], s.taken[p], s.last[p], s.head[p]
        s.counts[TOUCHED] += 1


@njit(cache=True, nogil=True)
def put_back(standing):  # type: ignore[no-untyped-def]
    """Restore what was noted, and forget the notes."""
    s = standing
    for k in range(s.counts[MOVED]):
        i = s.moved[k]
        s.is_moved[i], s.held[i] = False, s.before[k]
    for k in range(s.counts[TOUCHED]):
        p = s.touched[k]
        s.is_touched[p] = s.dead[p] = False
        s.seats[p], s.taken[p], s.last[p], s.head[p] = s.noted[k, 0], s.noted[k, 1], s.noted[k, 2], s.noted[k, 3]
    s.counts[:] = 0


@njit(cache=True, nogil=True)
def last_before(standing, p, place):  # type: ignore[no-untyped-def]
    """Return the place of the last in a pool's line, before a place of it, who sits there, or -1; guests apart."""
    s = standing
    for x in range(place // 2 - 1, s.start[p] - 1, -1):
        if s.held[s.claimant[x]] == s.line[x]:
            return 2 * x + 1
    return -1
