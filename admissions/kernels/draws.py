"""A market whose lottery is drawn again and again: lots from numbers, keys from lots, and who was admitted counted.

A key is what goes before the lottery, then the lot, then what comes after it. All but the lot is the same in every
draw, so a draw ranks the numbers, puts each lot into its keys, and runs deferred acceptance on them.
"""

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def rank_numbers(numbers, order, lot):  # type: ignore[no-untyped-def]
    """Write the order of random numbers and the place of each, and return whether two are equal.

    Parameters
    ----------
    numbers : (m,) uint64
        Spread evenly; those beyond the first n are not looked at.
    order : (n,) int32, out
        Indices, smallest number first, equal ones by index.
    lot : (n,) int64, out
        Place of each number.

    Notes
    -----
    A number's leading bits tell nearly its place, so a bucket holds one or two: O(n).
    """
    n = len(order)
    bits = 1
    while 1 << bits < n:
        bits += 1
    shift = np.uint64(64 - bits)
    start = np.zeros((1 << bits) + 1, dtype=np.int32)
    for i in range(n):
        start[np.int64(numbers[i] >> shift) + 1] += 1
    for bucket in range(1 << bits):
        start[bucket + 1] += start[bucket]
    sorted_numbers = np.empty(n, dtype=np.uint64)
    for i in range(n):
        own = np.int64(numbers[i] >> shift)
        at = start[own]
        start[own] += 1
        sorted_numbers[at] = numbers[i]
        order[at] = i
    equal = False
    for at in range(1, n):
        number, i, to = sorted_numbers[at], order[at], at
        while to > 0 and sorted_numbers[to - 1] > number:
            sorted_numbers[to], order[to] = sorted_numbers[to - 1], order[to - 1]
            to -= 1
        sorted_numbers[to], order[to] = number, i
    for at in range(n):
        lot[order[at]] = at
        equal |= at > 0 and sorted_numbers[at] == sorted_numbers[at - 1]
    return equal


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
def count_draw(choice, index, kind, size, admitted, children):  # type: ignore[no-untyped-def]
    """Count the choices admitted, and the children of each kind of choice.

    Parameters
    ----------
    choice : (n,) int64
        Choice each applicant received, or -1.
    index : (e,) int64
        Where each choice is counted.
    kind : (h,) int8
        What kind of choice is counted there.
    size : (n,) int32
        Children behind the applicant.
    admitted : (h,) int64, in and out
        Draws in which the choice was admitted.
    children : (k,) int64, in and out
        Children admitted by choices of each kind.
    """
    for i in range(len(choice)):
        if choice[i] >= 0:
            at = index[choice[i]]
            admitted[at] += 1
            children[kind[at]] += size[i]


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
