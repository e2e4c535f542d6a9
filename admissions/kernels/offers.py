"""Programme-proposing deferred acceptance: the stable matching that is best for the pools and worst for applicants.

Every pool offers its seats down its own order; every applicant keeps the best offer and refuses the others for good
(Gale and Shapley 1962; Roth and Sotomayor 1990, section 5.1).
"""

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch

CHOICE = 2**32 - 1
"""The lower half of an entry."""
FAR, NEAR = 16, 8
"""How far down a line a choice's applicant, and then what it holds, are asked for."""


@njit(cache=True, nogil=True)
def offer_seats(start, entries, owner, pool, seats, size, choice):  # type: ignore[no-untyped-def]
    """Each pool with a seat left makes an offer to the best applicant it has not offered one.

    Parameters
    ----------
    start : (p + 1,) int64
        Choices of pool ``j`` are ``entries[start[j]:start[j + 1]]``, best priority first.
    entries : (e,) int64
        Key of each choice in the upper half, its index in the lower.
    owner : (e,) int32
        Applicant of each choice.
    pool : (e,) int32
        Seat pool of each choice.
    seats : (p,) int64
        Seats of each pool.
    size : (n,) int32
        Children behind the applicant, who is offered a place while a seat is left.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    O(e). The order of offers does not matter: a pool's choice is a prefix of those who have not refused it.
    """
    pools = len(seats)
    next_offer = start[:-1].copy()
    left = seats.copy()
    waiting, listed = np.empty(pools, dtype=np.int64), np.ones(pools, dtype=np.bool_)
    for p in range(pools):
        waiting[p] = pools - 1 - p
    depth = pools
    choice[:] = -1
    while depth > 0:
        depth -= 1
        p = waiting[depth]
        listed[p] = False
        while left[p] > 0 and next_offer[p] < start[p + 1]:
            if next_offer[p] + FAR < len(entries):
                prefetch(owner, entries[next_offer[p] + FAR] & CHOICE)
                prefetch(choice, owner[entries[next_offer[p] + NEAR] & CHOICE])
            c = entries[next_offer[p]] & CHOICE
            next_offer[p] += 1
            i = owner[c]
            held = choice[i]
            if 0 <= held < c:
                continue
            choice[i] = c
            left[p] -= size[i]
            if held >= 0:
                q = pool[held]
                left[q] += size[i]
                if not listed[q] and q != p:
                    listed[q] = True
                    waiting[depth] = q
                    depth += 1
