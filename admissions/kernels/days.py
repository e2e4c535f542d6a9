"""Deferred acceptance day by day, for pools whose choice at the margin is not the plain one.

Every day all applicants without a seat apply to the next pool on their list that may take them; every pool that
somebody applied to chooses anew, in order of key and then index, among those it holds and those who came, by one of two
rules; whoever it refuses is refused for good. For the first rule the outcome is the best stable one, whatever the order
of proposals; for the second the day of an application can matter, and the days make it definite.
"""

import numpy as np
from numba import njit

from admissions.kernels.deferred_acceptance import APPLICANT, are_single
from admissions.market import NO_CUTOFF

LOTTERY_AND_EXCEED, ADMIT_ALL, SKIP = 0, 1, 2
"""While a seat is left: the next, which is plain deferred acceptance; everybody with the next key (Biró and Kiselgof
2015); whoever fits (others are passed over)."""


@njit(cache=True, nogil=True)
def defer_acceptance_in_days(indptr, pool, key, seats, size, rule, work, choice):  # type: ignore[no-untyped-def]
    """Let all applicants go down their lists day by day.

    Parameters
    ----------
    indptr, pool, seats, size, choice
        As of `defer_acceptance`.
    key : (e,) int64
        Priority at that pool, smaller is better, of 31 bits.
    rule : int64
        `ADMIT_ALL` or `SKIP`.
    work : Work
        Arrays to work in, with room for everybody who lists a pool.
    """
    start, _, held, left, _, top, worst, queue = work
    for p in range(len(seats)):
        left[p] = seats[p]
        held[p] = top[p] = start[p]
        worst[p] = NO_CUTOFF if seats[p] > 0 else -1
    for i in range(len(size)):
        queue[i] = i
        choice[i] = indptr[i] - 1
    propose_in_days(indptr[1:], pool, key, size, are_single(size), rule, work, choice, len(size))


@njit(cache=True, nogil=True)
def propose_in_days(stop, pool, key, size, alone, rule, work, choice, waiting):  # type: ignore[no-untyped-def]
    """Let the first ``waiting`` applicants of the queue go down their lists.

    Parameters
    ----------
    stop, pool, key, size, alone, choice
        As of `propose`; the pools in question are empty, with seats ``left``.
    rule : int64
        `ADMIT_ALL` or `SKIP`.
    work : Work
        Those a pool holds end at ``held``, those who came today at ``top``; ``low`` lists the pools they came to.
    waiting : int64
        Applicants in the queue.

    Notes
    -----
    A day costs what the pools that somebody applied to hold behind the first who came.
    """
    start, entries, held, left, today, top, worst, queue = work
    while waiting > 0:
        touched, again = 0, np.int64(0)
        for a in range(waiting):
            i = queue[a]
            c = choice[i] + 1
            while c < stop[i] and (key[c] << 32 | i) >= worst[pool[c]]:
                c += 1
            if c >= stop[i]:
                choice[i] = -1
                continue
            choice[i] = c
            p = pool[c]
            if top[p] == held[p]:
                today[touched] = p
                touched += 1
            entries[top[p]] = key[c] << 32 | i
            top[p] += 1
        for t in range(touched):
            p = today[t]
            again = _choose(p, start, entries, held, left, top, size, alone, rule, queue, again)
            if rule == ADMIT_ALL and left[p] <= 0:
                worst[p] = entries[held[p] - 1] | APPLICANT
        waiting = again


@njit(cache=True, nogil=True)
def _choose(p, start, entries, held, left, top, size, alone, rule, refused, again):  # type: ignore[no-untyped-def]
    """Keep whom the rule takes of those a pool holds and those who came; return how many are refused so far."""
    for at in range(held[p], top[p]):
        left[p] -= size[entries[at] & APPLICANT]
    kept, end = merge(entries, start[p], held[p], top[p]), top[p]
    while kept > start[p] and entries[kept - 1] >> 32 == entries[kept] >> 32:
        kept -= 1
    room, open_to = left[p] + end - kept, np.int64(-1)
    if not alone:
        room = left[p]
        for at in range(kept, end):
            room += size[entries[at] & APPLICANT]
    for at in range(kept, end):
        entry = entries[at]
        i = entry & APPLICANT
        children = 1 if alone else size[i]
        if rule == ADMIT_ALL:
            if room > 0:
                open_to = entry >> 32
            takes = entry >> 32 == open_to
        else:
            takes = children <= room
        if takes:
            room -= children
            entries[kept] = entry
            kept += 1
        else:
            left[p] += children
            refused[again] = i
            again += 1
    held[p] = top[p] = kept
    return again


@njit(cache=True, nogil=True)
def merge(entries, start, middle, stop):  # type: ignore[no-untyped-def]
    """Sort ``entries[start:stop]``, of which all before ``middle`` are sorted; return the first place that changed."""
    came = entries[middle:stop].copy()
    came.sort()
    last, at = middle - 1, stop - 1
    for k in range(len(came) - 1, -1, -1):
        while last >= start and entries[last] > came[k]:
            entries[at] = entries[last]
            last -= 1
            at -= 1
        entries[at] = came[k]
        at -= 1
    return at + 1
