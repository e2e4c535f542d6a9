"""Serial dictatorship: applicants choose one after the other, each among the seats that are left.

Given one order of all applicants, the outcome is the only stable matching, and it is efficient.
"""

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch

FAR, NEAR = 16, 8
"""How far ahead in the order an applicant's row, and then its choices, are asked for."""


@njit(cache=True, nogil=True)
def choose_in_turn(order, turn, indptr, pool, seats, size, whole, choice, left):  # type: ignore[no-untyped-def]
    """Each applicant in turn takes the first choice with a seat left; those who share a turn do not see each other.

    Parameters
    ----------
    order : (m,) int64
        Applicants, first to choose first; whoever is absent receives nothing.
    turn : (m,) int64
        Turn of each, rising; whoever shares a turn with the last to enter a pool enters, too.
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    seats : (p,) int64
        Seats of each pool.
    size : (n,) int32
        Children behind the applicant.
    whole : bool
        Whether all of them need a seat; otherwise they enter while one is left.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.
    left : (p,) int64, out
        Seats nobody took; negative where the last to enter were several.

    Notes
    -----
    Equals deferred acceptance and top trading cycles when all pools rank applicants alike. O(e).
    """
    closing = np.full(len(seats), -1, dtype=np.int64)
    left[:] = seats
    choice[:] = -1
    for place in range(len(order)):
        if place + FAR < len(order):
            prefetch(indptr, order[place + FAR])
            prefetch(pool, indptr[order[place + NEAR]])
        i, now = order[place], turn[place]
        need = size[i] if whole else 1
        for c in range(indptr[i], indptr[i + 1]):
            p = pool[c]
            if left[p] >= need or closing[p] == now:
                if left[p] > 0 and left[p] <= size[i]:
                    closing[p] = now
                left[p] -= size[i]
                choice[i] = c
                break


@njit(cache=True, nogil=True)
def sort_topologically(first, after, waiting, order):  # type: ignore[no-untyped-def]
    """Return how many nodes of a graph can be put in an order in which no arc points back, and put them there.

    Parameters
    ----------
    first : (n + 1,) int64
        Arcs from node ``i`` lead to ``after[first[i]:first[i + 1]]``.
    after : (a,) int32
        Heads of the arcs.
    waiting : (n,) int64, in and out
        Arcs that lead to each node; at the end those from nodes without a place.
    order : (n,) int64, out
        The nodes with a place.

    Notes
    -----
    Kahn (1962), O(n + a). All n nodes have a place exactly when the graph has no cycle.
    """
    done = placed = 0
    for i in range(len(waiting)):
        if waiting[i] == 0:
            order[placed] = i
            placed += 1
    while done < placed:
        i = order[done]
        done += 1
        for arc in range(first[i], first[i + 1]):
            j = after[arc]
            waiting[j] -= 1
            if waiting[j] == 0:
                order[placed] = j
                placed += 1
    return placed
