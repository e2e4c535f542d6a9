"""Student-proposing deferred acceptance: the stable matching that is best for every applicant.

Given applicants with strict lists over seat pools and pools with strict orders over applicants, find the matching in
which nobody prefers a pool that admitted somebody worse or has a seat left, and which every applicant likes at least
as well as any other such matching (Gale and Shapley 1962, Theorem 2).

An applicant of size s needs s seats but enters while one is left, so a pool may end s - 1 over its seats. Its choice
is the longest prefix of its applicants, by key and then index, in which the sizes before each one sum to less than its
seats. A prefix only shrinks as applicants arrive: nobody whom a pool refused is missed later, and neither the order
of proposals nor the bookkeeping below changes the outcome.

Most of the time goes into finding the worst applicant admitted. A binary heap of a pool spans many cache lines, and a
market has thousands of them; here a pool keeps only its edge, the worst of those it admitted, in order. The worst
leaves from the end of the edge, the newcomer takes its slot, and the edge is selected anew when it is used up.
"""

from typing import NamedTuple, Self

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch
from admissions.market import NO_CUTOFF, Int32Array, Int64Array, Market

LARGEST_KEY = 2**31 - 1
"""Key and applicant share one int64, so a key has 31 bits."""

APPLICANT = 2**32 - 1
"""The lower half of an entry."""
FAR, NEAR = 16, 8
"""How far ahead in the queue an applicant's rows, and then its choices, are asked for."""
BUCKETS = 16
"""Parts of the range of keys by which applicants line up."""


class Work(NamedTuple):
    """Arrays a run works in; a caller that runs a thousand times on the same pools makes them once.

    Attributes
    ----------
    start : (p + 1,) int64
        Pool ``j`` keeps its applicants in ``entries[start[j]:start[j + 1]]``.
    entries : (h,) int64
        Key and applicant of everybody admitted, the key in the upper half.
    held : (p,) int64
        One past the last entry of each pool.
    left : (p,) int64
        Seats left; negative when twins took one more than there was.
    low, top : (p,) int64
        The edge of a full pool is ``entries[low:top]``, rising; every other entry is better.
    worst : (p,) int64
        What an arrival must be below to enter.
    queue : (n,) int32
        Ring of the applicants without a seat who have choices left.
    """

    start: Int64Array
    entries: Int64Array
    held: Int64Array
    left: Int64Array
    low: Int64Array
    top: Int64Array
    worst: Int64Array
    queue: Int32Array

    @classmethod
    def of(cls, market: Market) -> Self:
        """Return the arrays for a market.

        Examples
        --------
        >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[1, 0], rank=[1, 1], seats=[1], size=[1, 1])
        >>> Work.of(market).fits(market)
        True
        """
        return cls._with(_starts(market), market)

    @classmethod
    def roomy(cls, market: Market) -> Self:
        """Return arrays with room in each pool for everybody who lists it, for rules that hold or weigh them all.

        Examples
        --------
        >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
        >>> Work.roomy(market).start.tolist()
        [0, 2, 3]
        """
        start = np.zeros(len(market.seats) + 1, dtype=np.int64)
        np.cumsum(np.bincount(market.pool, minlength=len(market.seats)), out=start[1:])
        return cls._with(start, market)

    @classmethod
    def _with(cls, start: Int64Array, market: Market) -> Self:
        held, left, low, top, worst = np.empty((5, len(market.seats)), dtype=np.int64)
        entries = np.empty(start[-1], dtype=np.int64)
        queue = np.empty(market.applicants, dtype=np.int32)
        return cls(start, entries, held, left, low, top, worst, queue)

    def fits(self, market: Market) -> bool:
        """Return whether the arrays serve this market, too: as many applicants, as much room in every pool."""
        return len(self.queue) == market.applicants and np.array_equal(self.start, _starts(market))


def _starts(market: Market) -> Int64Array:
    """Return where each pool's entries begin, with room for one arrival more than it can hold."""
    n, p = market.applicants, len(market.seats)
    room = np.minimum(market.seats, n)
    if room.sum() > 2 * n:
        room = np.minimum(room, np.bincount(market.pool, minlength=p))
    start = np.zeros(p + 1, dtype=np.int64)
    np.cumsum(room + 1, out=start[1:])
    return start


@njit(cache=True, nogil=True)
def defer_acceptance(indptr, pool, key, highest, seats, size, work, choice, cutoff):  # type: ignore[no-untyped-def]
    """Each applicant without a seat goes down the own list to the first pool that takes it, displacing the worst there.

    Parameters
    ----------
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    key : (e,) int64
        Priority of the applicant at that pool, smaller is better, from 0 to `LARGEST_KEY`; the smaller index wins ties.
    highest : int64
        A bound no key exceeds.
    seats : (p,) int64
        Seats of each pool.
    size : (n,) int32
        Children behind the applicant.
    work : Work
        Arrays to work in.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.
    cutoff : (p,) int64, out
        Worst admitted key of a full pool, -1 for a pool of no seats, otherwise `NO_CUTOFF`.

    Notes
    -----
    O(e + d sqrt(s)) for d displacements from pools of s seats. Applicants line up roughly by priority, since whoever
    comes when the pools are full of better ones is refused at once and need not be displaced later. They wait in a
    queue, not in the chain of McVitie and Wilson (1971), so that the processor can be told whose list is needed next.
    """
    start, _, held, left, low, top, worst, queue = work
    alone = are_single(size)
    for p in range(len(seats)):
        held[p] = low[p] = top[p] = start[p]
        left[p] = seats[p]
        worst[p] = NO_CUTOFF if seats[p] > 0 else -1

    first, stop = indptr[:-1], indptr[1:]
    waiting = line_up(first, stop, key, highest, choice, queue)
    propose(first, stop, pool, key, size, alone, work, choice, waiting)
    for p in range(len(seats)):
        cutoff[p] = worst[p] >> 32 if 0 <= worst[p] < NO_CUTOFF else worst[p]


@njit(cache=True, nogil=True)
def are_single(size):  # type: ignore[no-untyped-def]
    """Return whether every applicant is one child."""
    alone = np.bool_(True)
    for i in range(len(size)):
        alone &= size[i] == 1
    return alone


@njit(cache=True, nogil=True)
def propose(first, stop, pool, key, size, alone, work, choice, waiting):  # type: ignore[no-untyped-def]
    """Let the first ``waiting`` applicants of the queue, and whomever they displace, go down their lists.

    Parameters
    ----------
    first, stop : (n,) int64
        Choices of applicant ``i`` are ``first[i]:stop[i]``; ``choice[i]`` is the one before the next to try.
    pool, key, size, work, choice
        As of `defer_acceptance`; the pools in question are empty, with seats ``left``.
    alone : bool
        Whether every size is 1.
    waiting : int64
        Applicants in the queue.
    """
    start, entries, held, left, low, top, worst, queue = work
    n = len(size)
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
        p = pool[c]
        arrival = key[c] << 32 | i
        if alone and left[p] == 0:
            last = top[p] - 1
            queue[slot(head + waiting, n)] = entries[last] & APPLICANT
            waiting += 1
            top[p] = enter(entries, low[p], last, last, arrival)
        else:
            top[p] = enter(entries, low[p], top[p], held[p], arrival)
            held[p] += 1
            left[p] -= size[i]
        if left[p] > 0:
            continue
        if low[p] == top[p]:
            low[p], top[p] = find_edge(entries, start[p], held[p])
        while left[p] < 0:
            out = entries[top[p] - 1] & APPLICANT
            if left[p] + size[out] > 0:
                break
            left[p] += size[out]
            top[p] -= 1
            held[p] -= 1
            entries[top[p]] = entries[held[p]]
            queue[slot(head + waiting, n)] = out
            waiting += 1
            if low[p] == top[p]:
                low[p], top[p] = find_edge(entries, start[p], held[p])
        worst[p] = entries[top[p] - 1]


@njit(cache=True, nogil=True)
def line_up(first, stop, key, highest, choice, queue):  # type: ignore[no-untyped-def]
    """Queue the applicants with choices, roughly by the key of the first, and return how many they are.

    Their ``choice`` is set to one before the first, everybody else's to -1.
    """
    shift = 0
    while highest >> shift >= BUCKETS:
        shift += 1
    place = np.zeros(BUCKETS + 1, dtype=np.int64)
    for i in range(len(choice)):
        choice[i] = -1
        if first[i] < stop[i]:
            choice[i] = key[first[i]] >> shift
            place[choice[i] + 1] += 1
    for bucket in range(BUCKETS):
        place[bucket + 1] += place[bucket]
    for i in range(len(choice)):
        bucket = choice[i]
        if bucket >= 0:
            queue[place[bucket]] = i
            place[bucket] += 1
            choice[i] = first[i] - 1
    return place[BUCKETS]


@njit(cache=True, nogil=True)
def slot(place, n):  # type: ignore[no-untyped-def]
    """Return where in a ring of n the place lies."""
    return place - n if place >= n else place


@njit(cache=True, nogil=True)
def enter(entries, low, top, held, arrival):  # type: ignore[no-untyped-def]
    """Write an arrival, into the edge or else at ``held``, and return the new top of the edge."""
    if low == top or arrival < entries[low]:
        entries[held] = arrival
        return top
    entries[held] = entries[top]
    at = top
    while entries[at - 1] > arrival:
        entries[at] = entries[at - 1]
        at -= 1
    entries[at] = arrival
    return top + 1


@njit(cache=True, nogil=True)
def find_edge(entries, start, stop):  # type: ignore[no-untyped-def]
    """Move the worst of ``entries[start:stop]`` to its end, in order, and return where they lie (Hoare 1961, Find)."""
    count = stop - start
    low = stop - max(1, min(count // 4, 8 * int(np.sqrt(count))))
    first, last = start, stop - 1
    while first < last:
        middle = (first + last) // 2
        a, b, c = entries[first], entries[middle], entries[last]
        pivot = max(min(a, b), min(max(a, b), c))
        chosen = first if pivot == a else middle if pivot == b else last
        entries[chosen] = entries[last]
        split = first
        for at in range(first, last):
            entry = entries[at]
            entries[at] = entries[split]
            entries[split] = entry
            split += entry < pivot
        entries[last] = entries[split]
        entries[split] = pivot
        if split == low:
            break
        if split < low:
            first = split + 1
        else:
            last = split - 1
    entries[low:stop].sort()
    return low, stop
