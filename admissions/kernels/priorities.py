"""The applicants of each pool in order of priority: what mechanisms need in which pools, too, make offers or point."""

import numpy as np
from numba import njit

DIGIT = 8
"""Bits a pass sorts by."""
SHORT = 64
"""Pools of so few are sorted by comparing."""


@njit(cache=True, nogil=True)
def sort_by_priority(pool, key, name, highest, start, entries):  # type: ignore[no-untyped-def]
    """Line up the choices of each pool by key, equal keys as they stood.

    Parameters
    ----------
    pool : (e,) int32
        Seat pool of each choice.
    key : (e,) int64
        Priority of the applicant at that pool, smaller is better, of 31 bits.
    name : (e,) int32
        What stands for each choice in the lines: its index, or its applicant.
    highest : int64
        A bound no key exceeds.
    start : (p + 1,) int64, out
        Choices of pool ``j`` are ``entries[start[j]:start[j + 1]]``.
    entries : (e,) int64, out
        Key of each choice in the upper half, its name in the lower.

    Notes
    -----
    Choices are dealt out to the pools, and each pool is sorted where the processor's cache holds it: radix sort, least
    digit first. O(e) for keys of fixed length.
    """
    start[:] = 0
    for c in range(len(pool)):
        start[pool[c] + 1] += 1
    longest = 0
    for p in range(len(start) - 1):
        longest = max(longest, start[p + 1])
        start[p + 1] += start[p]
    place = start[:-1].copy()
    for c in range(len(pool)):
        entries[place[pool[c]]] = key[c] << 32 | name[c]
        place[pool[c]] += 1
    passes = 0
    while highest >> (passes * DIGIT) > 0:
        passes += 1
    other, count = np.empty(longest, dtype=np.int64), np.empty((passes, 1 << DIGIT), dtype=np.int64)
    for p in range(len(start) - 1):
        part = entries[start[p] : start[p + 1]]
        if len(part) <= SHORT:
            part.sort()
        else:
            _sort_by_digits(part, other[: len(part)], count)


@njit(cache=True, nogil=True)
def _sort_by_digits(part, other, count):  # type: ignore[no-untyped-def]
    """Sort by the digits of the upper half, the least first, equal ones as they stood."""
    passes = len(count)
    count[:] = 0
    for at in range(len(part)):
        key = part[at] >> 32
        for digit in range(passes):
            count[digit, (key >> digit * DIGIT) & (2**DIGIT - 1)] += 1
    here, there = part, other
    for digit in range(passes):
        place = count[digit]
        before = 0
        for value in range(len(place)):
            before, place[value] = before + place[value], before
        for at in range(len(here)):
            value = (here[at] >> (32 + digit * DIGIT)) & (2**DIGIT - 1)
            there[place[value]] = here[at]
            place[value] += 1
        here, there = there, here
    if passes % 2:
        part[:] = other


@njit(cache=True, nogil=True)
def find_ties(start, entries, tied):  # type: ignore[no-untyped-def]
    """Note which pools rank two applicants equal.

    Parameters
    ----------
    start, entries
        As of `sort_by_priority`, named by applicant.
    tied : (p,) bool, out
        Whether the pool has a tie.
    """
    for p in range(len(tied)):
        tied[p] = False
        for at in range(start[p] + 1, start[p + 1]):
            before, entry = entries[at - 1], entries[at]
            tied[p] |= before >> 32 == entry >> 32 and before != entry
