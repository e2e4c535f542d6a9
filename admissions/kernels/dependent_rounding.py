"""Dependent rounding: from shares to one matching that gives each choice with exactly the probability of its share.

Given the share each applicant has of each pool, draw a matching in which a pool has as many applicants as its shares
sum to, rounded down or up; so, too, in every pool, the applicants of at least each size, and those left without a seat
(Gandhi, Khuller, Parthasarathy and Srinivasan 2006; nested sums as in Budish, Che, Kojima and Milgrom 2013).

Shares between nothing and a whole are arcs of a graph. Along a cycle units can be moved in either direction and no sum
changes, until some share becomes nothing or a whole; one direction is drawn, with such odds that on average nothing
moves. Arcs are added one by one, and each cycle is broken as soon as it closes. What is left is a forest; in the end it
has no arcs, because a leaf with an arc has a sum that is not whole.
"""

import numpy as np
from numba import njit

from admissions.kernels.intrinsics import prefetch

PARENT, FLOW, HELD = range(3)
"""A node's fields: whom it hangs from, the units that flow there, and of an applicant the node that is held."""
FIELDS = 4
"""Room for fields: four are half a cache line."""
NONE = np.int64(-1)
HUB = 0
"""The node that gives each pool what is missing to whole seats."""
AHEAD = 16
"""How far ahead an applicant's fields are asked for."""


@njit(cache=True, nogil=True)
def round_shares(indptr, pool, size, sizes, eaten, whole, draw, choice):  # type: ignore[no-untyped-def]
    """Draw one matching in which each choice is held with exactly its share.

    Parameters
    ----------
    indptr, pool : (n + 1,) int64, (e,) int32
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, each at a pool.
    size : (n,) int32
        Children behind the applicant.
    sizes : (s,) int64
        The sizes there are, rising.
    eaten : Eaten
        The shares, pool after pool: those of an applicant sum to ``whole``, being left without a seat included.
    whole : int64
        Units of a certainty, a power of two.
    draw : uint64
        Where the random numbers start.
    choice : (n,) int64, out
        Index of the choice each applicant received, or -1.

    Notes
    -----
    A tree hangs from the pool whose shares are added, so that a cycle is a way up. O(s m + m d) for m shares and ways
    of d arcs, in practice four to six, at worst 2 p s. The random numbers are those of SplitMix64 (Steele, Lea and
    Flood 2014).
    """
    start, stop, applicant, units = eaten
    pools, several = len(stop), len(sizes) > 1
    first = 1 + len(sizes) * pools
    node = np.full(FIELDS * (first + len(size)), NONE, dtype=np.int64)
    state = np.uint64(draw)
    for j in range(pools):
        carried, last = 0, max(stop[j] - 1, 0)
        for level in range(len(sizes) - 1, -1, -1):
            root = 1 + level * pools + j
            hang(node, root, NONE, np.int64(0), whole)
            total = 0
            for k in range(start[j] - 1, stop[j] + 1):
                if k < start[j]:
                    giver, given = root + pools, carried
                elif k < stop[j]:
                    prefetch(node, FIELDS * (first + applicant[min(k + AHEAD, last)]))
                    if several and size[applicant[k]] != sizes[level]:
                        continue
                    giver, given = first + applicant[k], units[k]
                elif level == 0:
                    giver, given = HUB, (whole - total) & (whole - 1)
                else:
                    continue
                total = (total + given) & (whole - 1)
                if 0 < given < whole:
                    top, least, most = widest(node, giver, whole - given)
                    if top == root:
                        state, number = next_below(state, np.uint64(whole - most + least))
                        moved = whole - most if number < np.uint64(least) else -least
                        push(node, giver, root, moved, whole, first)
                        given -= moved
                if given == whole and giver >= first:
                    node[FIELDS * giver + HELD] = root
                elif 0 < given < whole:
                    hang(node, giver, root, given, whole)
            carried = total
    for i in range(len(size)):
        held = node[FIELDS * (first + i) + HELD] - 1
        while held >= pools:
            held -= pools
        choice[i] = NONE
        if held < pools - 1:
            choice[i] = indptr[i]
            while pool[choice[i]] != held:
                choice[i] += 1


@njit(cache=True, nogil=True)
def widest(node, v, flow):  # type: ignore[no-untyped-def]
    """Return the top of a node's tree, and the least and the most that flows on the way there, or of what is given."""
    least = most = flow
    while node[FIELDS * v] >= 0:
        flow = node[FIELDS * v + FLOW]
        least, most = min(least, flow), max(most, flow)
        v = node[FIELDS * v]
    return v, least, most


@njit(cache=True, nogil=True)
def push(node, v, root, moved, whole, first):  # type: ignore[no-untyped-def]
    """Let more flow from a node up to the root, and cut what is empty or full: a choice that is full is held."""
    while v != root:
        parent = node[FIELDS * v]
        flow = node[FIELDS * v + FLOW] + moved
        node[FIELDS * v + FLOW] = flow
        if flow == 0 or flow == whole:
            if (flow == whole) == (v > parent) and max(v, parent) >= first:
                node[FIELDS * max(v, parent) + HELD] = min(v, parent)
            node[FIELDS * v] = NONE
        v = parent


@njit(cache=True, nogil=True)
def hang(node, v, parent, flow, whole):  # type: ignore[no-untyped-def]
    """Hang a node, and the whole tree it is in, from a parent, or from none: the arcs above it turn round."""
    while v >= 0:
        above, old_flow = node[FIELDS * v], node[FIELDS * v + FLOW]
        node[FIELDS * v], node[FIELDS * v + FLOW] = parent, flow
        parent, flow, v = v, whole - old_flow, above


@njit(cache=True, nogil=True)
def next_below(state, bound):  # type: ignore[no-untyped-def]
    """Return the next state of SplitMix64, and a number below the bound, each with the same probability."""
    mask = bound - np.uint64(1)
    for shift in (1, 2, 4, 8, 16, 32):
        mask |= mask >> np.uint64(shift)
    while True:
        state += np.uint64(0x9E3779B97F4A7C15)
        number = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        number = (number ^ (number >> np.uint64(31))) & mask
        if number < bound:
            return state, number
