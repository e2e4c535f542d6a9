"""Top trading cycles: applicants trade their priorities, and nobody is left who would trade on.

Every applicant points to the best pool on its list with a seat left, every pool to the applicant of highest priority
who is still there; along a cycle everybody takes a seat where it points, and leaves (Shapley and Scarf 1974, after
Gale; for schools with several seats Abdulkadiroğlu and Sönmez 2003).
"""

import numpy as np
from numba import njit

from admissions.kernels.deferred_acceptance import APPLICANT, are_single
from admissions.kernels.intrinsics import prefetch

AHEAD = 4
"""How far behind the next of a line who is there another applicant's row is asked for."""


@njit(cache=True, nogil=True)
def trade_cycles(indptr, pool, start, entries, size, whole, left, choice):  # type: ignore[no-untyped-def]
    """Follow the pointers from applicant to pool to applicant until a cycle closes, and carry it out.

    Parameters
    ----------
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    start : (p + 1,) int64
        Priorities at pool ``j`` are ``entries[start[j]:start[j + 1]]``, highest first.
    entries : (f,) int64
        An applicant in the lower half, whether or not it lists the pool.
    size : (n,) int32
        Children behind the applicant.
    whole : bool
        Whether all of them need a seat; otherwise they enter while one is left.
    left : (p,) int64, in and out
        Seats of each pool.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    O(e + f). The order in which cycles are carried out does not matter: only the cycle through a pool takes its seats.
    The way is followed from pools, of which there are few: it has closed when a pool is met again. An applicant is
    looked at once, from then on it is part of the way until it leaves.
    """
    pools, alone = len(left), are_single(size)
    head, points = start[:-1].copy(), np.empty(pools, dtype=np.int64)
    for p in range(pools):
        if start[p] < start[p + 1]:
            points[p] = indptr[entries[start[p]] & APPLICANT]
    gone = np.zeros(len(size), dtype=np.bool_)
    path, place = np.empty(pools, dtype=np.int64), np.full(pools, -1, dtype=np.int64)
    choice[:] = -1
    for beginner in range(pools):
        length = 0
        while left[beginner] > 0:
            if length == 0:
                path[0], place[beginner], length = beginner, 0, 1
            p = path[length - 1]
            at = head[p]
            while at < start[p + 1] and gone[entries[at] & APPLICANT]:
                at += 1
            if at == start[p + 1]:
                place[p] = -1
                break
            i = entries[at] & APPLICANT
            if at != head[p]:
                head[p], points[p] = at, indptr[i]
                at += 1
                while at < start[p + 1] and gone[entries[at] & APPLICANT]:
                    at += 1
                if at + AHEAD < start[p + 1]:
                    prefetch(pool, indptr[entries[at] & APPLICANT])
                    prefetch(indptr, entries[at + AHEAD] & APPLICANT)
            need = size[i] if whole else 1
            c, stop = points[p], indptr[i + 1]
            while c < stop and left[pool[c]] < need:
                c += 1
            points[p] = c
            if c == stop:
                gone[i] = True
                continue
            to = pool[c]
            if place[to] < 0:
                path[length], place[to] = to, length
                length += 1
                continue
            begin = place[to]
            for k in range(begin, length):
                q = path[k]
                j = entries[head[q]] & APPLICANT
                choice[j] = points[q]
                left[pool[points[q]]] -= 1 if alone else size[j]
                gone[j] = True
                place[q] = -1
            length = begin
