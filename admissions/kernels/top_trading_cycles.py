"""Top trading cycles: applicants trade their priorities, and nobody is left who would trade on.

Every applicant points to the best pool on its list with a seat left, every pool to the applicant of highest priority
who is still there; along a cycle everybody takes a seat where it points, and leaves (Shapley and Scarf 1974, after
Gale; for schools with several seats Abdulkadiroğlu and Sönmez 2003).
"""

import numpy as np
from numba import njit

from admissions.kernels.offers import CHOICE


@njit(cache=True, nogil=True)
def trade_cycles(indptr, pool, start, entries, owner, size, whole, left, choice):  # type: ignore[no-untyped-def]
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
        Index of a priority in the lower half: a choice, or one at a pool its applicant does not list.
    owner : (f,) int32
        Applicant of each priority.
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
    """
    n = len(size)
    next_choice = indptr[:-1].copy()
    head = start[:-1].copy()
    gone = np.zeros(n, dtype=np.bool_)
    path, place = np.empty(n, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    choice[:] = -1
    for beginner in range(n):
        length = 0
        if not gone[beginner]:
            path[0], place[beginner], length = beginner, 0, 1
        while length > 0:
            i = path[length - 1]
            need = size[i] if whole else 1
            c = next_choice[i]
            while c < indptr[i + 1] and left[pool[c]] < need:
                c += 1
            next_choice[i] = c
            if c == indptr[i + 1]:
                gone[i] = True
                length -= 1
                continue
            p = pool[c]
            while gone[owner[entries[head[p]] & CHOICE]]:
                head[p] += 1
            j = owner[entries[head[p]] & CHOICE]
            if place[j] < 0:
                path[length], place[j] = j, length
                length += 1
                continue
            for at in range(place[j], length):
                k = path[at]
                choice[k] = next_choice[k]
                left[pool[choice[k]]] -= size[k]
                gone[k] = True
            length = place[j]
