"""Simultaneous eating: everybody eats from the first pool on the own list that is not eaten up, all at the same time.

Given applicants with lists over seat pools, find how long each applicant has eaten of each pool when the time is over
in which an applicant of size s eats s seats (Bogomolnaia and Moulin 2001).

Time and seats are cut into whole units, so sums are exact: what is eaten of a pool that is eaten up is its seats, and
nobody eats for longer than there is time. A pool need not end with a unit. Of those who eat the last units some get one
more, as many as there are, and the others go on a unit earlier; that is all by which equals can differ.
"""

from typing import NamedTuple, Self

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch
from admissions.market import Int32Array, Int64Array, Market

ENDLESS = -1
"""Left of a pool that cannot be eaten up."""
CHOICE, SINCE, END, SIZE = range(4)
"""An applicant's four places: the choice it eats, since when, the end of its list, and how fast."""
PLACES = 4
FAR, NEAR = 24, 10
"""How far ahead an applicant's places, and then its choices, are asked for."""


class Eaten(NamedTuple):
    """Who ate how much of which pool.

    Attributes
    ----------
    start, stop : (p + 1,) int64
        Pool ``j`` was eaten by ``applicant[start[j]:stop[j]]``; the last stands for being left without a seat.
    applicant : (e + n,) int32
        Who ate.
    units : (e + n,) int64
        How many units of time were spent on it.
    """

    start: Int64Array
    stop: Int64Array
    applicant: Int32Array
    units: Int64Array

    @classmethod
    def of(cls, market: Market) -> Self:
        """Return the arrays for a market, with nothing in them.

        Examples
        --------
        >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[1, 0], rank=[1, 1], seats=[1], size=[1, 1])
        >>> [len(array) for array in Eaten.of(market)]
        [2, 2, 4, 4]
        """
        start, stop = np.empty((2, len(market.seats) + 1), dtype=np.int64)
        applicant = np.empty(len(market.pool) + market.applicants, dtype=np.int32)
        return cls(start, stop, applicant, np.empty(len(applicant), dtype=np.int64))


@njit(cache=True, nogil=True)
def count_listings(indptr, pool, size, start, demand):  # type: ignore[no-untyped-def]
    """Count who lists each pool.

    Parameters
    ----------
    indptr, pool, size
        As of `eat`.
    start : (p + 1,) int64, out
        Room for everybody who lists a pool begins here; the last place is the sum.
    demand : (p,) int64, out
        Their sizes, summed.
    """
    start[:] = 0
    for c in range(len(pool)):
        start[pool[c] + 1] += 1
    demand[:] = start[1:]
    for i in range(len(size)):
        if size[i] > 1:
            for c in range(indptr[i], indptr[i + 1]):
                demand[pool[c]] += size[i] - 1
    for j in range(len(demand)):
        start[j + 1] += start[j]


@njit(cache=True, nogil=True)
def eat(indptr, pool, size, seats, demand, whole, eaten):  # type: ignore[no-untyped-def]
    """Let everybody eat, until each has eaten one whole or all of its list is gone.

    Parameters
    ----------
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    size : (n,) int32
        Seats an applicant eats in one unit of time.
    seats : (p,) int64
        Seats of each pool.
    demand : (p,) int64
        As of `count_listings`: a pool with as many seats is never eaten up.
    whole : int64
        Units of a seat and of time; times the seats of any pool in demand below 2**62.
    eaten : Eaten, in and out
        ``start`` as of `count_listings`; then who ate what, those of one pool in the order in which they came.

    Notes
    -----
    O(e + m log p) for m meals: a pool that is eaten up is the least of a heap, and only those who ate from it move.
    """
    start, stop, applicant, units = eaten
    n, nobody = len(size), len(seats)
    left = np.full(nobody + 1, ENDLESS, dtype=np.int64)
    speed, clock, late, joined, joining, behind = np.zeros((6, nobody + 1), dtype=np.int64)
    finish = np.full(nobody + 1, whole, dtype=np.int64)
    gone = np.zeros(nobody + 1, dtype=np.bool_)
    for j in range(nobody):
        gone[j] = seats[j] == 0
        if seats[j] < demand[j]:
            left[j] = seats[j] * whole
    stop[:] = start
    place = np.empty(PLACES * n, dtype=np.int64)
    for i in range(n):
        c, end = first_left(indptr[i], indptr[i + 1], pool, gone), indptr[i + 1]
        j = pool[c] if c < end else nobody
        place[PLACES * i + CHOICE], place[PLACES * i + SINCE] = c, 0
        place[PLACES * i + END], place[PLACES * i + SIZE] = end, size[i]
        applicant[stop[j]] = i
        stop[j] += 1
        speed[j] += size[i]

    heap, at = np.empty((2, nobody), dtype=np.int64)
    waiting = 0
    for j in range(nobody):
        if left[j] > 0:
            if speed[j] > 0:
                finish[j] = left[j] // speed[j]
            heap[waiting], at[j] = j, waiting
            waiting += 1
            rise(heap, at, finish, j)
    while waiting > 0 and finish[heap[0]] < whole:
        j = heap[0]
        waiting -= 1
        sink(heap, at, finish, waiting)
        now = finish[j]
        gone[j] = True
        rest = left[j] - speed[j] * (now - clock[j])
        if clock[j] == now:
            rest -= late[j]
        moved, last = 0, stop[j] - 1
        for k in range(start[j], stop[j]):
            prefetch(place, PLACES * applicant[min(k + FAR, last)])
            prefetch(pool, place[PLACES * applicant[min(k + NEAR, last)]] + 1)
            i = PLACES * applicant[k]
            c, since, end, s = place[i], place[i + SINCE], place[i + END], place[i + SIZE]
            more = 1 if since > now or rest >= s else 0
            if since <= now:
                rest -= more * s
            units[k] = now + more - since
            c = first_left(c + 1, end, pool, gone)
            q = pool[c] if c < end else nobody
            place[i], place[i + SINCE] = c, now + more
            applicant[stop[q]] = applicant[k]
            stop[q] += 1
            if joining[q] == 0:
                joined[moved] = q
                moved += 1
            joining[q] += s
            behind[q] += more * s  # whoever had one unit more starts one later
        for k in range(moved):
            q = joined[k]
            if left[q] != ENDLESS:
                if clock[q] < now:
                    left[q] -= speed[q] * (now - clock[q])
                    clock[q], late[q] = now, 0
                speed[q] += joining[q]
                left[q] += behind[q]
                late[q] += behind[q]
                finish[q] = now + left[q] // speed[q]
                rise(heap, at, finish, q)
            joining[q] = behind[q] = 0

    for j in range(nobody + 1):
        if not gone[j]:
            for k in range(start[j], stop[j]):
                prefetch(place, PLACES * applicant[min(k + FAR, stop[j] - 1)])
                units[k] = whole - place[PLACES * applicant[k] + SINCE]


@njit(cache=True, nogil=True)
def list_units(indptr, pool, eaten, units):  # type: ignore[no-untyped-def]
    """Put the units eaten of each choice in the order of choices, (e,) int64."""
    start, stop, applicant, eaten_units = eaten
    units[:] = 0
    for j in range(len(stop) - 1):
        for k in range(start[j], stop[j]):
            prefetch(indptr, applicant[min(k + FAR, stop[j] - 1)])
            coming = indptr[applicant[min(k + NEAR, stop[j] - 1)]]
            prefetch(pool, coming)
            prefetch(units, coming)
            c = indptr[applicant[k]]
            while pool[c] != j:
                c += 1
            units[c] = eaten_units[k]


@njit(cache=True, nogil=True)
def first_left(c, end, pool, gone):  # type: ignore[no-untyped-def]
    """Return the first choice from ``c`` on whose pool is not gone, or the end of the list."""
    while c < end and gone[pool[c]]:
        c += 1
    return c


@njit(cache=True, nogil=True)
def rise(heap, at, finish, j):  # type: ignore[no-untyped-def]
    """Move a pool that finishes earlier than before up a heap of pools, the first to finish on top."""
    k = at[j]
    while k > 0 and finish[heap[(k - 1) // 2]] > finish[j]:
        heap[k] = heap[(k - 1) // 2]
        at[heap[k]] = k
        k = (k - 1) // 2
    heap[k], at[j] = j, k


@njit(cache=True, nogil=True)
def sink(heap, at, finish, count):  # type: ignore[no-untyped-def]
    """Take the top off a heap of ``count + 1`` pools: the last one goes down from there."""
    j, k = heap[count], 0
    while 2 * k + 1 < count:
        child = 2 * k + 1
        if child + 1 < count and finish[heap[child + 1]] < finish[heap[child]]:
            child += 1
        if finish[heap[child]] >= finish[j]:
            break
        heap[k] = heap[child]
        at[heap[k]] = k
        k = child
    heap[k], at[j] = j, k
