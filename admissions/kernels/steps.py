"""Admission in steps: choices are divided into steps, and what a step gives is final.

In each step those without a seat apply with their choices of that step, and the pools with seats left admit by deferred
acceptance among them. One step is deferred acceptance; a step for every rank is immediate acceptance (Abdulkadiroğlu
and Sönmez 2003); steps of several ranks are the parallel mechanisms of Chen and Kesten (2017); steps of marks and,
inside them, ranks are score bands.
"""

import numpy as np
from numba import njit

from admissions.kernels.days import LOTTERY_AND_EXCEED, propose_in_days
from admissions.kernels.deferred_acceptance import are_single, line_up, propose
from admissions.kernels.intrinsics import prefetch, read_only
from admissions.kernels.offers import CHOICE
from admissions.market import NO_CUTOFF

AHEAD = 16
"""How far ahead a choice's pool and key are asked for."""


@njit(cache=True, nogil=True)
def sort_by_step(step, owner, order, bound):  # type: ignore[no-untyped-def]
    """Put the choices in order of their step, those of one step as they stood.

    Parameters
    ----------
    step : (e,) int64
        Step of each choice, from 0 to s - 1.
    owner : (e,) int32
        Applicant of each choice.
    order : (e,) int64, out
        Choices, the first step's first: the applicant in the upper half, the index in the lower.
    bound : (s + 1,) int64, out
        Choices of step ``k`` are ``order[bound[k]:bound[k + 1]]``.

    Notes
    -----
    Counting sort, O(e + s).
    """
    bound[:] = 0
    for c in range(len(step)):
        bound[step[c] + 1] += 1
    for k in range(len(bound) - 1):
        bound[k + 1] += bound[k]
    place = bound[:-1].copy()
    for c in range(len(step)):
        order[place[step[c]]] = np.int64(owner[c]) << 32 | c
        place[step[c]] += 1


@njit(cache=True, nogil=True)
def admit_in_steps(order, bound, pool, key, highest, size, rule, work, choice):  # type: ignore[no-untyped-def]
    """Run the steps one after the other; whoever has a seat is out of the later ones.

    Parameters
    ----------
    order : (e,) int64
        Choices in order of step, then applicant, then place on the list, as of `sort_by_step`.
    bound : (s + 1,) int64
        Choices of step ``k`` are ``order[bound[k]:bound[k + 1]]``.
    pool, key, highest, size
        As of `defer_acceptance`.
    rule : int64
        Whom a pool takes at the margin: one of the rules of `propose_in_days`.
    work : Work
        Arrays to work in; ``left`` holds the seats of each pool, and at the end what is left of them.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    O(e) beside the proposals of the steps; a step looks at no pool but those that its applicants list.
    """
    n, longest = len(size), 0
    alone = are_single(size)
    choice[:] = -1
    seated = np.zeros(n, dtype=np.bool_)
    for k in range(len(bound) - 1):
        longest = max(longest, bound[k + 1] - bound[k])
    who, children = np.empty(min(n, longest), dtype=np.int32), np.empty(min(n, longest), dtype=np.int32)
    first = np.empty(min(n, longest), dtype=np.int64)
    stop, got = np.empty_like(first), np.empty_like(first)
    wanted, meant = np.empty(longest, dtype=np.int32), np.empty(longest, dtype=np.int64)
    merit = np.empty(longest, dtype=np.int64)
    start, left = work.start, work.left
    for step in range(len(bound) - 1):
        m = count = 0
        for at in range(bound[step], bound[step + 1]):
            if at + AHEAD < len(order) and not seated[order[at + AHEAD] >> 32]:
                prefetch(pool, order[at + AHEAD] & CHOICE)
                prefetch(key, order[at + AHEAD] & CHOICE)
            i, c = order[at] >> 32, order[at] & CHOICE
            if seated[i] or left[pool[c]] <= 0:
                continue
            p = pool[c]
            if m == 0 or who[m - 1] != i:
                who[m], children[m], first[m] = i, size[i], count
                m += 1
            wanted[count], merit[count], meant[count] = p, key[c], c
            count += 1
            stop[m - 1] = count
            work.held[p] = work.low[p] = work.top[p] = start[p]
            work.worst[p] = NO_CUTOFF
        if m == 0:
            continue
        lists = read_only(first[:m]), read_only(stop[:m])
        pools, keys, sizes = read_only(wanted[:count]), read_only(merit[:count]), read_only(children[:m])
        if rule == LOTTERY_AND_EXCEED:
            waiting = line_up(lists[0], lists[1], keys, highest, got[:m], work.queue)
            propose(lists[0], lists[1], pools, keys, sizes, alone, work, got[:m], waiting)
        else:
            propose_in_days(lists[0], lists[1], pools, keys, sizes, rule, work, got[:m])
        for a in range(m):
            if got[a] >= 0:
                choice[who[a]] = meant[got[a]]
                seated[who[a]] = True
