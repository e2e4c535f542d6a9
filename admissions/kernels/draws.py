"""A market whose lottery is drawn again and again: lots from numbers, keys from lots, and who was admitted counted.

A key is what goes before the lottery, then the lot, then what comes after it. All but the lot is the same in every
draw, so a draw ranks the numbers, puts each lot into its keys, and runs deferred acceptance on them.
"""

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch

FAR, NEAR, WIDE = 32, 16, 9
"""How far ahead in the line an applicant's row, and then its choices, are asked for, and how many of those."""


@njit(cache=True, nogil=True)
def rank_numbers(numbers, order):  # type: ignore[no-untyped-def]
    """Write the order of random numbers, and return whether two are equal.

    Parameters
    ----------
    numbers : (m,) uint64
        Spread evenly; those beyond the first n are not looked at.
    order : (n,) int32, out
        Indices, smallest number first, equal ones by index.

    Notes
    -----
    A number's leading bits tell nearly its place, so a bucket holds one or two: O(n). What is moved is a number whose
    last bits are its index; numbers that agree in all others are told apart by the whole.
    """
    n = len(order)
    bits = 1
    while 1 << bits < n:
        bits += 1
    name, shift = np.uint64((1 << bits) - 1), np.uint64(64 - bits)
    start = np.zeros((1 << bits) + 1, dtype=np.int32)
    for i in range(n):
        start[np.int64(numbers[i] >> shift) + 1] += 1
    for bucket in range(1 << bits):
        start[bucket + 1] += start[bucket]
    entries = np.empty(n, dtype=np.uint64)
    for i in range(n):
        own = np.int64(numbers[i] >> shift)
        entries[start[own]] = (numbers[i] & ~name) | np.uint64(i)
        start[own] += 1
    for at in range(1, n):
        entry, to = entries[at], at
        while to > 0 and entries[to - 1] > entry:
            entries[to] = entries[to - 1]
            to -= 1
        entries[to] = entry
    alike = False
    for at in range(n):
        order[at] = np.int32(entries[at] & name)
        alike |= at > 0 and entries[at] ^ entries[at - 1] <= name
    return alike and _tell_apart(numbers, entries, name, order)


@njit(cache=True, nogil=True)
def _tell_apart(numbers, entries, name, order):  # type: ignore[no-untyped-def]
    """Put neighbours that agree in all but the last bits in order, and return whether two are wholly equal."""
    equal = False
    for at in range(1, len(order)):
        to = at
        while to > 0 and entries[to] ^ entries[to - 1] <= name and numbers[order[to - 1]] > numbers[order[to]]:
            order[to], order[to - 1] = order[to - 1], order[to]
            to -= 1
        equal |= to > 0 and numbers[order[to - 1]] == numbers[order[to]]
    return equal


@njit(cache=True, nogil=True)
def place_numbers(order, place):  # type: ignore[no-untyped-def]
    """Write the place of each number, (n,) int64, in an order of them."""
    for at in range(len(order)):
        place[order[at]] = at


@njit(cache=True, nogil=True)
def line_up_groups(order, group, start, line):  # type: ignore[no-untyped-def]
    """Write an order again, group by group.

    Parameters
    ----------
    order : (n,) int32
        Of applicants.
    group : (n,) int32
        Of each, from 0.
    start : (g + 1,) int32
        Where each group begins in the line.
    line : (n,) int32, out
        The applicants, the first group first, each in the order given.
    """
    place = start[:-1].copy()
    for at in range(len(order)):
        i = order[at]
        line[place[group[i]]] = i
        place[group[i]] += 1


@njit(cache=True, nogil=True)
def take_in_turn(line, indptr, pool, seats, size, choice, last):  # type: ignore[no-untyped-def]
    """Each applicant in turn takes the first choice with a seat left: deferred acceptance where pools rank alike.

    Parameters
    ----------
    line : (n,) int32
        Applicants, in the order of all pools.
    indptr, pool, seats, size
        As of a `Market`, the pools in integers of any size.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.
    last : (p,) int64, out
        The last choice each full pool admitted, -1 for the others.

    Notes
    -----
    Whoever comes is worse than all who came, so a pool takes it while a seat is left and never lets it go. O(e).
    """
    left = seats.copy()
    choice[:] = -1
    last[:] = -1
    for at in range(len(line)):
        if at + FAR < len(line):
            prefetch(indptr, line[at + FAR])
            first = indptr[line[at + NEAR]]
            prefetch(pool, first)
            prefetch(pool, first + WIDE)
        i = line[at]
        for c in range(indptr[i], indptr[i + 1]):
            p = pool[c]
            if left[p] > 0:
                left[p] -= size[i]
                choice[i] = c
                if left[p] <= 0:
                    last[p] = c
                break


@njit(cache=True, nogil=True)
def put_lots(fixed, drawer, lot, shift, key):  # type: ignore[no-untyped-def]
    """Write the key of each choice: its lot, `shift` bits up, between the parts that every draw shares.

    Parameters
    ----------
    fixed : (e,) int64
        What goes before the lottery and what comes after it, with room for the lot.
    drawer : (e,) int32
        Whose lot ranks the choice, or -1 where none does.
    lot : (n,) int64
        Place of each number drawn.
    shift : int64
        Bits of what comes after.
    key : (e,) int64, out
    """
    for c in range(len(fixed)):
        key[c] = fixed[c] | (lot[drawer[c]] << shift if drawer[c] >= 0 else 0)


@njit(cache=True, nogil=True)
def count_draw(choice, kind, size, admitted, children):  # type: ignore[no-untyped-def]
    """Count the choices admitted, and the children of each kind of choice.

    Parameters
    ----------
    choice : (n,) int64
        Choice each applicant received, as they are counted, or -1.
    kind : (h,) int8
        What kind of choice each is.
    size : (n,) int32
        Children behind the applicant.
    admitted : (h,) int32 or int64, in and out
        Draws in which the choice was admitted.
    children : (k,) int64, in and out
        Children admitted by choices of each kind.
    """
    for i in range(len(choice)):
        c = choice[i]
        if c >= 0:
            admitted[c] += 1
            children[kind[c]] += size[i]


@njit(cache=True, nogil=True)
def find_last(choice, pool, key, last):  # type: ignore[no-untyped-def]
    """Write the last choice each pool admitted, or -1.

    Parameters
    ----------
    choice : (n,) int64
        Choice each applicant received, or -1.
    pool, key : (e,) int32 and int64
        Of each choice.
    last : (p,) int64, out
        The choice with the largest key, of equal ones the later.
    """
    last[:] = -1
    for i in range(len(choice)):
        c = choice[i]
        if c >= 0:
            worst = last[pool[c]]
            if worst < 0 or key[worst] <= key[c]:
                last[pool[c]] = c
