"""Admission in steps: choices are divided into steps, and what a step gives is final.

In each step those without a seat apply with their choices of that step, and the pools with seats left admit by deferred
acceptance among them. One step is deferred acceptance; a step for every rank is immediate acceptance (Abdulkadiroğlu
and Sönmez 2003); steps of several ranks are the parallel mechanisms of Chen and Kesten (2017); steps of marks and,
inside them, ranks are score bands.
"""

import numpy as np
from numba import njit

from admissions.kernels.days import LOTTERY_AND_EXCEED, SKIP, propose_in_days
from admissions.kernels.deferred_acceptance import are_single, propose
from admissions.kernels.intrinsics import prefetch, read_only
from admissions.kernels.offers import CHOICE
from admissions.market import NO_CUTOFF

FAR, NEAR = 16, 8
"""How far ahead in a step an applicant's rows, and then its choices, are asked for."""
SHORT = 32
"""Lists of so few are sorted by counting."""


@njit(cache=True, nogil=True)
def number_bands(key, rank, line, width, ranks, step):  # type: ignore[no-untyped-def]
    """Number the steps of bands of keys and, inside them, ranks.

    Parameters
    ----------
    key : (e,) int64
        Priority of each choice.
    rank : (e,) int32
        Place on the list, from 1 to ``ranks``.
    line : int64
        The worst key of the first band.
    width : int64
        Keys in every other band.
    ranks : int64
        Steps of a band.
    step : (e,) int32, out
        Step of each choice.
    """
    band, known = 0, np.int64(-1)
    for c in range(len(key)):
        if key[c] != known:
            known = key[c]
            band = (known - line - 1) // width + 1 if known > line else 0
        step[c] = band * ranks + rank[c] - 1


@njit(cache=True, nogil=True)
def lists_rise(indptr, step):  # type: ignore[no-untyped-def]
    """Return whether every list, ``step[indptr[i]:indptr[i + 1]]``, is in order of step."""
    for i in range(len(indptr) - 1):
        for c in range(indptr[i] + 1, indptr[i + 1]):
            if step[c] < step[c - 1]:
                return False
    return True


@njit(cache=True, nogil=True)
def sort_lists(indptr, step, pool, key, order, step_there, pool_there, key_there):  # type: ignore[no-untyped-def]
    """Put every list in order of step, choices of one step as they stood.

    Parameters
    ----------
    indptr, step, pool, key
        As of `admit_in_steps`, but for the order.
    order : (e,) int32, out
        Where on the list as it was the choice at each place stood, from 0.
    step_there, pool_there, key_there : (e,), out
        Step, pool and key of that choice.

    Notes
    -----
    O(e log l) for lists of l choices. In a short list the place of a choice is the number of those before it: counting
    them all is faster than comparing and guessing.
    """
    entry, longest = np.empty(SHORT, dtype=np.int64), SHORT
    for i in range(len(indptr) - 1):
        start, count = indptr[i], indptr[i + 1] - indptr[i]
        if count > longest:
            entry, longest = np.empty(count, dtype=np.int64), count
        for k in range(count):
            entry[k] = np.int64(step[start + k]) << 32 | k
        if count > SHORT:
            entry[:count].sort()
            for k in range(count):
                order[start + k] = entry[k] & CHOICE
        else:
            for k in range(count):
                before = 0
                for other in range(count):
                    before += entry[other] < entry[k]
                order[start + before] = k
        for at in range(start, start + count):
            c = start + order[at]
            step_there[at], pool_there[at], key_there[at] = step[c], pool[c], key[c]


@njit(cache=True, nogil=True)
def admit_in_steps(indptr, pool, key, step, seats, size, rule, work, first, waiting, choice):  # type: ignore[no-untyped-def]
    """Run the steps one after the other; whoever has a seat is out of the later ones.

    Parameters
    ----------
    indptr, pool, key, seats, size
        As of `defer_acceptance`.
    step : (e,) int32
        Step of each choice, rising along every list.
    rule : int64
        Whom a pool takes at the margin: one of the rules of `propose_in_days`.
    work : Work
        Arrays to work in.
    first : (s + 1,) int32
    waiting : (s,) int32
        Arrays to work in, with a place for every step.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    O(e + s) beside the proposals of the steps. An applicant waits for the step of its next choice at a pool with a seat
    left; between two steps every pool stands as if it were new, with the seats that are left.
    """
    start, _, held, left, low, top, worst, queue = work
    n = len(size)
    alone = are_single(size)
    for p in range(len(seats)):
        left[p] = seats[p]
        held[p] = low[p] = top[p] = start[p]
        worst[p] = NO_CUTOFF if seats[p] > 0 else -1
    stop, line = np.empty(n, dtype=np.int64), np.empty(n, dtype=np.int32)
    behind, here = np.empty(n, dtype=np.int32), np.empty(n, dtype=np.int32)
    _line_up(indptr, step, first, waiting, behind, line)
    waiting[:] = -1
    for i in range(n):
        choice[i] = indptr[i] - 1 if indptr[i] < indptr[i + 1] else -1
    for now in range(len(waiting)):
        came = 0
        for k in range(first[now], first[now + 1]):
            if k + FAR < first[-1]:
                prefetch(choice, line[k + FAR])
                prefetch(indptr, line[k + FAR])
                c = choice[line[k + NEAR]] + 1
                prefetch(step, c)
                prefetch(pool, c)
                prefetch(key, c)
            here[came] = line[k]
            came += 1
        i = waiting[now]
        while i >= 0:
            here[came] = i
            came += 1
            i = behind[i]
        applying = np.int64(0)
        for a in range(came):
            if a + NEAR < came:
                prefetch(step, choice[here[a + NEAR]] + 1)
                prefetch(pool, choice[here[a + NEAR]] + 1)
            i = here[a]
            c, end = choice[i] + 1, indptr[i + 1]
            while c < end and worst[pool[c]] < 0:
                c += 1
            choice[i] = c - 1 if c < end else -1
            if c < end and step[c] == now:
                queue[applying] = here[applying] = i
                applying += 1
                while c < end and step[c] == now:
                    c += 1
                stop[i] = c
            elif c < end:
                behind[i], waiting[step[c]] = waiting[step[c]], i
        if applying == 0:
            continue
        if applying == 1 and rule != SKIP:
            i = here[0]
            choice[i] += 1
            left[pool[choice[i]]] -= size[i]
        elif rule == LOTTERY_AND_EXCEED:
            propose(read_only(stop), pool, key, size, alone, work, choice, applying)
        else:
            propose_in_days(read_only(stop), pool, key, size, alone, rule, work, choice, applying)
        for a in range(applying):
            i = here[a]
            if choice[i] >= 0:
                p = pool[choice[i]]
                held[p] = low[p] = top[p] = start[p]
                worst[p] = NO_CUTOFF if left[p] > 0 else -1
            elif stop[i] < indptr[i + 1]:
                choice[i] = stop[i] - 1
                behind[i], waiting[step[stop[i]]] = waiting[step[stop[i]]], i


@njit(cache=True, nogil=True)
def _line_up(indptr, step, first, place, own, line):  # type: ignore[no-untyped-def]
    """Put those whose first choice is of step ``k`` into ``line[first[k]:first[k + 1]]``; the others are in no line."""
    first[:] = 0
    for i in range(len(line)):
        if indptr[i] < indptr[i + 1]:
            own[i] = step[indptr[i]]
            first[own[i] + 1] += 1
    for k in range(len(place)):
        first[k + 1] += first[k]
        place[k] = first[k]
    for i in range(len(line)):
        if indptr[i] < indptr[i + 1]:
            line[place[own[i]]] = i
            place[own[i]] += 1
