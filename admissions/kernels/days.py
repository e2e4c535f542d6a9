"""Deferred acceptance day by day, for pools whose choice at the margin is not the plain one.

Every day all applicants without a seat apply to the next pool with seats on their list; every pool that somebody
applied to chooses anew, in order of key and then index, among those it holds and those who came, by one of three rules;
whoever it refuses is refused for good. For the first two rules the outcome is the best stable one, whatever the order
of proposals; for the third the day of an application can matter, and the days make it definite.
"""

import numpy as np
from numba import njit

from admissions.kernels.deferred_acceptance import APPLICANT

LOTTERY_AND_EXCEED, ADMIT_ALL, SKIP = 0, 1, 2
"""While a seat is left: the next; everybody with the next key (Biró and Kiselgof 2015); whoever fits (others are passed
over)."""


@njit(cache=True, nogil=True)
def propose_in_days(first, stop, pool, key, size, rule, work, choice):  # type: ignore[no-untyped-def]
    """Let all applicants go down their lists day by day.

    Parameters
    ----------
    first, stop : (n,) int64
        Choices of applicant ``i`` are ``first[i]:stop[i]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    key : (e,) int64
        Priority at that pool, smaller is better, of 31 bits.
    size : (n,) int32
        Children behind the applicant.
    rule : int64
        `LOTTERY_AND_EXCEED`, `ADMIT_ALL` or `SKIP`.
    work : Work
        Pools in question hold nobody and have ``left`` seats; ``left`` is what remains afterwards.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    A day costs what the pools that somebody applied to hold.
    """
    start, entries, held, left, _, _, _, _ = work
    n, pools = len(size), len(held)
    came, today = np.zeros(pools, dtype=np.int64), np.empty(pools, dtype=np.int64)
    active, refused = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int64)
    for i in range(n):
        active[i] = i
        choice[i] = first[i] - 1
    walking = np.int64(n)
    while walking > 0:
        touched, again = 0, np.int64(0)
        for a in range(walking):
            i = active[a]
            c = choice[i] + 1
            while c < stop[i] and left[pool[c]] <= 0:
                c += 1
            if c >= stop[i]:
                choice[i] = -1
                continue
            choice[i] = c
            p = pool[c]
            if came[p] == 0:
                today[touched] = p
                touched += 1
            entries[held[p] + came[p]] = key[c] << 32 | i
            came[p] += 1
        for t in range(touched):
            p = today[t]
            merge(entries, start[p], held[p], held[p] + came[p])
            held[p], again = _choose(entries, start[p], held[p] + came[p], left[p], size, rule, refused, again)
            came[p] = 0
        active, refused = refused, active
        walking = again
    for i in range(n):
        if choice[i] >= 0:
            left[pool[choice[i]]] -= size[i]


@njit(cache=True, nogil=True)
def merge(entries, start, middle, stop):  # type: ignore[no-untyped-def]
    """Sort ``entries[start:stop]``, of which all before ``middle`` are sorted."""
    if 8 * (stop - middle) > stop - start:
        entries[start:stop].sort()
        return
    for at in range(middle, stop):
        entry = entries[at]
        place = at
        while place > start and entries[place - 1] > entry:
            entries[place] = entries[place - 1]
            place -= 1
        entries[place] = entry


@njit(cache=True, nogil=True)
def _choose(entries, start, stop, seats, size, rule, refused, again):  # type: ignore[no-untyped-def]
    """Keep whom the rule takes of the sorted ``entries[start:stop]``; return their end, and how many are refused."""
    kept, filled, before, last = start, 0, 0, -1
    for at in range(start, stop):
        entry = entries[at]
        i = entry & APPLICANT
        if rule == ADMIT_ALL:
            if entry >> 32 != last:
                before, last = filled, entry >> 32
            takes = before < seats
        elif rule == SKIP:
            takes = filled + size[i] <= seats
        else:
            takes = filled < seats
        if takes:
            filled += size[i]
            entries[kept] = entry
            kept += 1
        else:
            refused[again] = i
            again += 1
    return kept, again
