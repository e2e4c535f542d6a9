"""Assignments of least cost: the potentials that prove one and bound all of them, and the one that serves in order.

Every applicant holds one arc. A unit moves from pool to pool when an applicant changes arcs; a place after the last
pool, the pile, stands for the seats left, which a pool takes up or gives back unless it has to be full.
"""

import numpy as np
from numba import njit

NO_ARC = np.int64(-1)
"""What moves between a pool and the pile."""


@njit(cache=True, nogil=True)
def find_potentials(first, pool, allowed, cost, held, used, seats, full, potential):  # type: ignore[no-untyped-def]
    """Return whether an assignment is of least cost, and put the potentials there that prove it.

    Parameters
    ----------
    first : (n + 1,) int64
        Arcs of applicant ``i`` are ``first[i]:first[i + 1]``.
    pool : (a,) int64
        Pool of each arc.
    allowed : (a,) bool
        Arcs that may be held.
    cost : (a,) int64
        Cost of each arc.
    held : (n,) int64
        The arc each applicant holds, an allowed one.
    used : (p,) int64
        Holders of each pool.
    seats : (p,) int64
        Seats of each pool.
    full : (p,) bool
        Pools that have to stay full.
    potential : (p + 1,) int64, in and out
        Zeros; then such that cost and potential are nowhere less than where the applicant is. A pool whose potential
        is not the pile's is full in every assignment of least cost.

    Notes
    -----
    Bellman (1958) and Ford (1956) on the residual graph of the pools: O(p a), in practice a few passes. Without
    a proof after p + 1 passes there is a cycle that saves cost.
    """
    pile = len(seats)
    for _ in range(pile + 2):
        changed = False
        for i in range(len(held)):
            at = pool[held[i]]
            least = potential[at]
            for c in range(first[i], first[i + 1]):
                if allowed[c]:
                    least = min(least, potential[pool[c]] + cost[c] - cost[held[i]])
            if least < potential[at]:
                potential[at] = least
                changed = True
        for p in range(pile):
            if full[p]:
                continue
            if used[p] < seats[p] and potential[pile] < potential[p]:
                potential[p] = potential[pile]
                changed = True
            if used[p] > 0 and potential[p] < potential[pile]:
                potential[pile] = potential[p]
                changed = True
        if not changed:
            return True
    return False


@njit(cache=True, nogil=True)
def serve_in_order(first, owner, pool, allowed, start, arcs, full, spare, held):  # type: ignore[no-untyped-def]
    """Give the first applicant its earliest arc in any assignment there is, then the second given that, and so on.

    Parameters
    ----------
    first, pool, allowed, full
        As of `find_potentials`; assignments are those that hold allowed arcs, fill no pool above its seats and these
        exactly.
    owner : (a,) int64
        Applicant of each arc.
    start : (p + 1,) int64
        Allowed arcs into pool ``j`` are ``arcs[start[j]:start[j + 1]]``.
    arcs : (m,) int64
        Allowed arcs, those of earlier applicants first.
    spare : (p,) int64, in and out
        Seats left of each pool.
    held : (n,) int64, in and out
        Any assignment, then the one that serves in order.

    Notes
    -----
    An applicant can have an arc exactly when units can move from that pool, by applicants not served yet, to the pool
    held now. What has no such way is parted for good: serving only removes moves, and moving along a cycle joins no
    pools but those a cycle joined. So at most p searches fail; at most n succeed, each O(a), from both ends in practice
    the arcs of a few pools.
    """
    pools = len(spare) + 1
    begin = start[:-1].copy()
    group, seen = np.zeros(pools, dtype=np.int64), np.zeros(pools, dtype=np.int64)
    queue, end = np.empty((2, pools), dtype=np.int64), np.empty(2, dtype=np.int64)
    link, by = np.empty((2, pools), dtype=np.int64), np.empty((2, pools), dtype=np.int64)
    turn = groups = 0
    for i in range(len(held)):
        for c in range(first[i], held[i]):
            to, at = pool[c], pool[held[i]]
            if not allowed[c] or group[to] != group[at]:
                continue
            if to != at:
                turn += 1
                meeting = _meet(
                    i, to, at, turn, first, owner, pool, allowed, begin, start, arcs, full, spare, held, group, seen,
                    queue, end, link, by,
                )  # fmt: skip
                if meeting < 0:
                    groups += 1
                    for k in range(end[-1 - meeting]):
                        group[queue[-1 - meeting, k]] = groups
                    continue
                _move(meeting, to, at, owner, link, by, spare, held)
            held[i] = c
            break


@njit(cache=True, nogil=True)
def _meet(  # type: ignore[no-untyped-def]
    i, source, target, turn, first, owner, pool, allowed, begin, start, arcs, full, spare, held, group, seen,
    queue, end, link, by,
):  # fmt: skip
    """Return a pool on a way from source to target; -1, -2 where all on the side of source, target, has been seen."""
    pile = len(spare)
    done, work = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.int64)
    queue[0, 0], queue[1, 0] = source, target
    seen[source], seen[target] = 2 * turn, 2 * turn + 1
    end[:] = 1
    while done[0] < end[0] and done[1] < end[1]:
        side = 0 if work[0] <= work[1] else 1
        at = queue[side, done[side]]
        done[side] += 1
        if at == pile:
            work[side] += pile
            for p in range(pile):
                joined = not full[p] and (side == 0 or spare[p] > 0)
                if joined and _see(p, at, NO_ARC, side, turn, group, seen, queue, end, link, by):
                    return p
            continue
        joined = not full[at] and (side == 1 or spare[at] > 0)
        if joined and _see(pile, at, NO_ARC, side, turn, group, seen, queue, end, link, by):
            return pile
        while begin[at] < start[at + 1] and owner[arcs[begin[at]]] <= i:
            begin[at] += 1
        work[side] += start[at + 1] - begin[at]
        for k in range(begin[at], start[at + 1]):
            arc = arcs[k]
            j = owner[arc]
            if side == 1:
                if _see(pool[held[j]], at, arc, side, turn, group, seen, queue, end, link, by):
                    return pool[held[j]]
            elif held[j] == arc:
                work[side] += first[j + 1] - first[j]
                for c in range(first[j], first[j + 1]):
                    if allowed[c] and _see(pool[c], at, c, side, turn, group, seen, queue, end, link, by):
                        return pool[c]
    return -1 if done[0] == end[0] else -2


@njit(cache=True, nogil=True)
def _see(p, at, arc, side, turn, group, seen, queue, end, link, by):  # type: ignore[no-untyped-def]
    """Note a pool one move from another; return whether it was seen from the other side."""
    if group[p] != group[at] or seen[p] == 2 * turn + side:
        return False
    link[side, p], by[side, p] = at, arc
    if seen[p] == 2 * turn + 1 - side:
        return True
    seen[p] = 2 * turn + side
    queue[side, end[side]] = p
    end[side] += 1
    return False


@njit(cache=True, nogil=True)
def _move(meeting, source, target, owner, link, by, spare, held):  # type: ignore[no-untyped-def]
    """Move one unit along each step of the way from source to target that was found to pass a pool."""
    pile = len(spare)
    for side in range(2):
        at = meeting
        while at != (source if side == 0 else target):
            other, arc = link[side, at], by[side, at]
            if arc >= 0:
                held[owner[arc]] = arc
            else:
                into = at if side == 0 else other
                if into == pile:
                    spare[other if side == 0 else at] -= 1
                else:
                    spare[into] += 1
            at = other
