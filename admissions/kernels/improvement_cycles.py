"""Improvement cycles: from a stable matching, moves that nobody with a better claim can object to.

A pool points to the pool where the applicant of highest priority sits who would rather have the first. Along a cycle
everybody moves to the better pool. With ties at the head these are the stable improvement cycles of Erdil and Ergin
(2008). When whoever cannot move any more consents to be passed over, they lead to Kesten's (2010) efficiency-adjusted
outcome: a pool from which no cycle can be reached is underdemanded in the sense of Tang and Yu (2014), who settle such
pools first.
"""

import numpy as np
from numba import njit

from admissions.kernels.offers import CHOICE


@njit(cache=True, nogil=True)
def trade_up(start, entries, owner, pool, stays, consent, ties, dead, choice):  # type: ignore[no-untyped-def]
    """Follow the pointers from pool to pool; move along each cycle that closes, settle each pool that leads nowhere.

    Parameters
    ----------
    start : (p + 1,) int64
        Choices of pool ``j`` are ``entries[start[j]:start[j + 1]]``, highest priority first.
    entries : (e,) int64
        Key of each choice in the upper half, its index in the lower.
    owner : (e,) int32
        Applicant of each choice.
    pool : (e,) int32
        Seat pool of each choice.
    stays : (n,) bool
        Applicants who keep the seat they have.
    consent : (n,) bool
        Applicants who, once settled, let those of lower priority move past them.
    ties : bool
        Whether applicants of equal key have the same claim; otherwise those listed earlier go first.
    dead : (p,) bool, in and out
        Pools whose seats are settled.
    choice : (n,) int64, in and out
        A stable matching, then the improved one.

    Notes
    -----
    O(e + moves). Applicants only move up, so wishes only vanish; a settled pool leads to settled pools alone, where
    nobody moves, and stays settled. The head of each pool's line therefore never goes back.
    """
    pools = len(dead)
    head = start[:-1].copy()
    objection = np.full(pools, -1, dtype=np.int64)
    path, move = np.empty(pools, dtype=np.int64), np.empty(pools, dtype=np.int64)
    place = np.full(pools, -1, dtype=np.int64)
    for beginner in range(pools):
        length = 0
        while not dead[beginner]:
            if length == 0:
                path[0], place[beginner], length = beginner, 0, 1
            p = path[length - 1]
            to = -1
            while head[p] < start[p + 1]:
                entry = entries[head[p]]
                c = entry & CHOICE
                i = owner[c]
                held = choice[i]
                if held < 0 or held > c:
                    if objection[p] >= 0 and not (ties and entry >> 32 == objection[p]):
                        break
                    if held >= 0 and not stays[i] and not dead[pool[held]]:
                        to, move[p] = pool[held], c
                        break
                    if not consent[i]:
                        objection[p] = entry >> 32
                head[p] += 1
            if to < 0:
                dead[p] = True
                length -= 1
                place[p] = -1
            elif place[to] < 0:
                path[length], place[to] = to, length
                length += 1
            else:
                begin = place[to]
                for at in range(begin, length):
                    choice[owner[move[path[at]]]] = move[path[at]]
                    place[path[at]] = -1
                length = begin
