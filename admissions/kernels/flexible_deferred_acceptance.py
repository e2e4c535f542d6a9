"""Flexible deferred acceptance: seat pools whose groups, nested or apart, have caps of their own.

Whom pools admit is decided by tickets. The k-th of a pool's applicants, by key and then index, has ticket (0, pool) for
k up to the pool's target and (k - target, pool) after that; tickets are granted in ascending order, each unless the
pool has no seat left or a group around it has reached its cap (Kamada and Kojima 2015, 2018). Tickets that caps of
nested groups admit together are the independent sets of a matroid, and granting in order is its greedy algorithm. So a
pool with one more applicant means one more ticket and at most one fewer elsewhere: the largest in the smallest group
around the pool that is full. A ticket refused is refused for good, and the order of proposals does not matter.

Once a pool has refused somebody it never holds more than it does: from then on it is a pool of ordinary deferred
acceptance, apart from the worst it may lose to another pool of a full group.

What runs at each admission is inlined: numba counts references to every array of a tuple it hands over, which took as
long as all the rest.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from admissions.kernels.days import merge
from admissions.kernels.deferred_acceptance import APPLICANT, FAR, NEAR, enter, find_edge, line_up, slot
from admissions.kernels.intrinsics import prefetch
from admissions.market import NO_CUTOFF, Int64Array


class Groups(NamedTuple):
    """Groups of pools, nested or apart.

    Attributes
    ----------
    cap : (g,) int64
        Seats that may be taken in each group.
    parent : (g,) int64
        The smallest group around each, or -1.
    low, high : (g,) int64
        Each group's pools are those whose ``place`` is from ``low`` to ``high - 1``.
    innermost : (p,) int64
        The smallest group around each pool, or -1.
    place : (p,) int64
        Place of each pool in an order in which the pools of any group stand together.
    """

    cap: Int64Array
    parent: Int64Array
    low: Int64Array
    high: Int64Array
    innermost: Int64Array
    place: Int64Array


@njit(cache=True, nogil=True)
def defer_acceptance_under_caps(  # type: ignore[no-untyped-def]
    indptr, pool, key, highest, seats, groups, target, work, choice, cutoff
):
    """Each applicant without a seat goes down the own list to the first pool that takes it; all sizes are 1.

    Parameters
    ----------
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    key : (e,) int64
        Priority at that pool, smaller is better, of 31 bits; the smaller index wins ties.
    highest : int64
        A bound no key exceeds.
    seats : (p,) int64
        Seats of each pool.
    groups : Groups
        Caps over the pools.
    target : (p,) int64
        Seats a pool is entitled to; in no group more than its cap.
    work : Work
        Arrays to work in.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.
    cutoff : (p,) int64, out
        `NO_CUTOFF` where one more applicant, however bad, would be taken, otherwise the worst admitted key; -1 where
        nobody is.

    Notes
    -----
    O(e + d sqrt(s) + a (h + log p)) for d displacements from pools of s seats, a admissions to pools that had refused
    nobody, and groups nested h deep.
    """
    start, entries, held, left, low, top, worst, queue = work
    n, pools = len(choice), len(seats)
    for q in range(pools):
        held[q] = low[q] = top[q] = start[q]
        left[q] = seats[q]
        worst[q] = NO_CUTOFF if seats[q] > 0 else -1
    room = groups.cap.copy()
    tree = np.full(2 * pools, -1, dtype=np.int64)
    stop = indptr[1:]
    waiting = line_up(indptr[:-1], stop, key, highest, choice, queue)
    head = 0
    while waiting > 0:
        if waiting > FAR:
            coming = queue[slot(head + FAR, n)]
            prefetch(choice, coming)
            prefetch(stop, coming)
            c = choice[queue[slot(head + NEAR, n)]] + 1
            prefetch(pool, c)
            prefetch(key, c)
            prefetch(key, c + 5)
        i = queue[head]
        head = slot(head + 1, n)
        waiting -= 1
        c, end = choice[i] + 1, stop[i]
        while c < end and (key[c] << 32 | i) >= worst[pool[c]]:
            c += 1
        if c == end:
            choice[i] = -1
            continue
        choice[i] = c
        p, arrival = np.int64(pool[c]), key[c] << 32 | i
        if worst[p] == NO_CUTOFF:
            out = _admit(p, arrival, groups, room, target, tree, work)
        else:
            last = top[p] - 1
            out = entries[last]
            top[p] = enter(entries, low[p], last, last, arrival)
            if low[p] == top[p]:
                low[p], top[p] = find_edge(entries, start[p], held[p])
            worst[p] = entries[top[p] - 1]
        if out >= 0:
            queue[slot(head + waiting, n)] = out & APPLICANT
            waiting += 1
    for q in range(pools):
        if worst[q] == NO_CUTOFF and _rival(q, groups, room, target, tree, work) == q:
            _close(q, work)
        cutoff[q] = worst[q] >> 32 if 0 <= worst[q] < NO_CUTOFF else worst[q]


@njit(cache=True, nogil=True, inline="always")
def _admit(p, arrival, groups, room, target, tree, work):  # type: ignore[no-untyped-def]
    """Let an applicant into a pool that has refused nobody; return whoever has to leave for it, or -1."""
    _, entries, held, left, _, _, _, _ = work
    rival, out = _rival(p, groups, room, target, tree, work), -1
    if rival == p:
        if _close(p, work) <= arrival:
            return arrival
        return _displace(p, arrival, work)
    if rival >= 0:
        out = _dismiss(rival, work)
        _count(rival, 1, groups, room, target, tree, work)
    entries[held[p]] = arrival
    held[p] += 1
    left[p] -= 1
    _count(p, -1, groups, room, target, tree, work)
    if left[p] == 0:
        _close(p, work)
    return out


@njit(cache=True, nogil=True, inline="always")
def _rival(p, groups, room, target, tree, work):  # type: ignore[no-untyped-def]
    """Return the pool that gives up a ticket when another applicant comes to ``p``, perhaps ``p``; -1 for none."""
    g = groups.innermost[p]
    while g >= 0 and room[g] > 0:
        g = groups.parent[g]
    if g < 0:
        return -1
    pools = len(work.held)
    largest = _largest(tree, groups.low[g], groups.high[g])
    if largest < _ticket(p, work.held[p] - work.start[p] + 1, target, pools):
        return p
    return largest % pools


@njit(cache=True, nogil=True)
def _ticket(p, k, target, pools):  # type: ignore[no-untyped-def]
    """Return the ticket of the k-th applicant of a pool: round and pool in one number; -1 for k = 0."""
    return max(0, k - target[p]) * pools + p if k > 0 else -1


@njit(cache=True, nogil=True, inline="always")
def _count(p, change, groups, room, target, tree, work):  # type: ignore[no-untyped-def]
    """Note that a pool's groups have ``change`` more room, and its last ticket."""
    g = groups.innermost[p]
    if g < 0:
        return
    while g >= 0:
        room[g] += change
        g = groups.parent[g]
    at = len(tree) // 2 + groups.place[p]
    tree[at] = _ticket(p, work.held[p] - work.start[p], target, len(work.held))
    while at > 1:
        at >>= 1
        larger = max(tree[2 * at], tree[2 * at + 1])
        if tree[at] == larger:
            return
        tree[at] = larger


@njit(cache=True, nogil=True)
def _largest(tree, low, high):  # type: ignore[no-untyped-def]
    """Return the largest of the leaves from ``low`` to ``high - 1``."""
    largest = -1
    low += len(tree) // 2
    high += len(tree) // 2
    while low < high:
        if low & 1:
            largest = max(largest, tree[low])
            low += 1
        if high & 1:
            high -= 1
            largest = max(largest, tree[high])
        low >>= 1
        high >>= 1
    return largest


@njit(cache=True, nogil=True)
def _close(p, work):  # type: ignore[no-untyped-def]
    """Find the worst a pool holds, -1 for nobody: from now on an arrival must be better."""
    start, entries, held, _, low, top, worst, _ = work
    if held[p] == start[p]:
        worst[p] = -1
    else:
        if low[p] == top[p]:
            low[p], top[p] = find_edge(entries, start[p], held[p])
        worst[p] = entries[top[p] - 1]
    return worst[p]


@njit(cache=True, nogil=True)
def _displace(p, arrival, work):  # type: ignore[no-untyped-def]
    """Let a better applicant into a closed pool; return the worst, who leaves."""
    _, entries, _, _, low, top, _, _ = work
    last = top[p] - 1
    out = entries[last]
    top[p] = enter(entries, low[p], last, last, arrival)
    _close(p, work)
    return out


@njit(cache=True, nogil=True)
def _dismiss(p, work):  # type: ignore[no-untyped-def]
    """Take a seat from a pool; return the worst, who leaves."""
    _, entries, held, left, _, top, _, _ = work
    out = _close(p, work)
    top[p] -= 1
    held[p] -= 1
    left[p] += 1
    entries[top[p]] = entries[held[p]]
    _close(p, work)
    return out


@njit(cache=True, nogil=True)
def propose_in_days_under_caps(indptr, pool, key, size, seats, groups, target, choice, cutoff):  # type: ignore[no-untyped-def]
    """Let all applicants, of any sizes, go down their lists day by day.

    Every day all pools choose together among those they hold and those who came. Whoever is next at a pool enters
    while a seat of the pool is left and a seat in each group around it: first, pool by pool, while a seat of the pool's
    target is left, then one a pool, in turns.

    Parameters
    ----------
    indptr, pool, key, seats, groups, target, choice, cutoff
        As of `defer_acceptance_under_caps`; a pool that has refused somebody has a cutoff.
    size : (n,) int32
        Children behind the applicant.

    Notes
    -----
    O(e log e + t (n + p) h) for t days and groups nested h deep. With sizes above 1 the day of an application can
    matter; simultaneous days make the outcome definite.
    """
    n, pools = len(size), len(seats)
    start = np.zeros(pools + 1, dtype=np.int64)
    for c in range(len(pool)):
        start[pool[c] + 1] += 1
    for p in range(pools):
        start[p + 1] += start[p]
    entries = np.empty(len(pool), dtype=np.int64)
    held, end = start[:-1].copy(), start[:-1].copy()
    filled, shut = np.zeros(pools, dtype=np.int64), np.empty(pools, dtype=np.bool_)
    refusing = np.zeros(pools, dtype=np.bool_)
    active = np.arange(n)
    for i in range(n):
        choice[i] = indptr[i] - 1
    walking = n
    called = np.ones(pools, dtype=np.bool_)
    while walking > 0 or called.any():
        for a in range(walking):
            i = active[a]
            c = choice[i] + 1
            choice[i] = c if c < indptr[i + 1] else -1
            if choice[i] >= 0:
                entries[end[pool[c]]] = key[c] << 32 | i
                end[pool[c]] += 1
                called[pool[c]] = True
        awake = _families(groups, called)
        called[:] = False
        for p in awake:
            merge(entries, start[p], held[p], end[p])
            held[p] = start[p]
        _choose_together(awake, entries, size, seats, groups, target, held, end, filled, shut)
        walking = 0
        for p in awake:
            refusing[p] |= held[p] < end[p]
            for at in range(held[p], end[p]):
                active[walking] = entries[at] & APPLICANT
                walking += 1
            end[p] = held[p]
    for p in range(pools):
        cutoff[p] = NO_CUTOFF
        if shut[p] or refusing[p]:
            cutoff[p] = entries[held[p] - 1] >> 32 if held[p] > start[p] else -1


@njit(cache=True, nogil=True)
def _families(groups, called):  # type: ignore[no-untyped-def]
    """Return the pools called, and those that share an outermost group with one of them."""
    family = np.arange(len(groups.parent))
    stirred = np.zeros(len(groups.parent), dtype=np.bool_)
    for g in range(len(family)):
        if groups.parent[g] >= 0:
            family[g] = family[groups.parent[g]]
    for p in range(len(called)):
        if called[p] and groups.innermost[p] >= 0:
            stirred[family[groups.innermost[p]]] = True
    awake = called.copy()
    for p in range(len(called)):
        awake[p] |= groups.innermost[p] >= 0 and stirred[family[groups.innermost[p]]]
    return np.flatnonzero(awake)


@njit(cache=True, nogil=True)
def _choose_together(awake, entries, size, seats, groups, target, held, end, filled, shut):  # type: ignore[no-untyped-def]
    """Move ``held`` of each pool, at first the start of its sorted applicants, past the last who is admitted.

    ``shut`` tells where one more would not have been.
    """
    cap, parent, _, _, innermost, _ = groups
    room = cap.copy()
    turn, pools = np.empty(len(awake), dtype=np.int64), 0
    for p in awake:
        filled[p], shut[p] = 0, False
        while filled[p] < target[p] and held[p] < end[p] and not shut[p]:
            shut[p] = not _enters(p, entries, size, seats, innermost, parent, room, held, filled)
        if filled[p] < target[p] and not shut[p]:
            shut[p] = not _has_room(p, seats, innermost, parent, room, filled)
        elif not shut[p]:
            turn[pools] = p
            pools += 1
    while pools > 0:
        going, pools = pools, 0
        for t in range(going):
            p = turn[t]
            if held[p] < end[p] and _enters(p, entries, size, seats, innermost, parent, room, held, filled):
                turn[pools] = p
                pools += 1
            else:
                shut[p] = not _has_room(p, seats, innermost, parent, room, filled)


@njit(cache=True, nogil=True, inline="always")
def _has_room(p, seats, innermost, parent, room, filled):  # type: ignore[no-untyped-def]
    """Return whether a pool and every group around it have a seat left."""
    g = innermost[p]
    while g >= 0 and room[g] > 0:
        g = parent[g]
    return g < 0 and filled[p] < seats[p]


@njit(cache=True, nogil=True, inline="always")
def _enters(p, entries, size, seats, innermost, parent, room, held, filled):  # type: ignore[no-untyped-def]
    """Let the next applicant of a pool in if there is room, and return whether there was."""
    if not _has_room(p, seats, innermost, parent, room, filled):
        return False
    children = size[entries[held[p]] & APPLICANT]
    held[p] += 1
    filled[p] += children
    g = innermost[p]
    while g >= 0:
        room[g] -= children
        g = parent[g]
    return True
