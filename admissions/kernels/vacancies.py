"""Vacancy chains, and the improvement cycles that are left at their end.

A free seat goes to the first in the pool's line who would rather be there, and so does the seat that this one leaves.
The matching at the end is stable, yet may not be the one that every applicant likes best (Blum, Roth and Rothblum
1997). What is missing are cycles: each full pool points to the pool where the first sits who would rather be in it,
and along a cycle everybody moves up (Erdil and Ergin 2008, for strict priorities). A pool whose pointers lead to
somebody without a seat, or to a pool nobody would rather be in, is settled: who is placed, and how many each pool
admits, is the same in all stable matchings (Roth 1986), so nobody can enter it, and nobody leave it, without envy.

At the outcome of deferred acceptance there is no cycle. A new one has an arrow that changed: from a pool whose first
has become another, or to a pool somebody moved into, whose first was that very applicant. Either pool is touched, so
cycles are looked for from touched pools alone.
"""

from numba import njit

from admissions.kernels.standing import GONE, NO_SEAT, TOUCHED, last_before, note, touch


@njit(cache=True, nogil=True)
def fill(standing, p):  # type: ignore[no-untyped-def]
    """Give the seat that is free in a pool to the first who would rather be there, and so on with the seat left."""
    while p >= 0:
        x = first_who_would(standing, p)
        p = move_up(standing, x) if x >= 0 else -1


@njit(cache=True, nogil=True)
def leave(standing, i):  # type: ignore[no-untyped-def]
    """Withdraw an applicant, who from now on waits for nothing, and give the seat to others."""
    s = standing
    note(s, i)
    held = s.held[i]
    s.held[i] = GONE
    _wait_no_longer(s, s.first[i], min(held, s.stop[i]))
    if held != NO_SEAT:
        fill(s, _give_up(s, held))


@njit(cache=True, nogil=True)
def trade(standing):  # type: ignore[no-untyped-def]
    """Move along every cycle that passes through a touched pool; pools that this touches are looked at, too."""
    k = 0
    while k < standing.counts[TOUCHED]:
        _follow(standing, standing.touched[k])
        k += 1


@njit(cache=True, nogil=True)
def first_who_would(standing, p):  # type: ignore[no-untyped-def]
    """Return where the first in a pool's line stands who would rather be there, or -1."""
    s = standing
    x = s.head[p]
    while x < s.start[p + 1] and s.line[x] >= s.held[s.claimant[x]]:
        x += 1
    if x != s.head[p]:
        touch(s, p)
        s.head[p] = x
    return x if x < s.start[p + 1] else -1


@njit(cache=True, nogil=True)
def move_up(standing, x):  # type: ignore[no-untyped-def]
    """Let who stands at a place of the lines have that seat, and return the pool of the seat left, or -1.

    Whoever sits there goes before.
    """
    s = standing
    i, c = s.claimant[x], s.line[x]
    p = s.pool[c]
    note(s, i)
    touch(s, p)
    held = s.held[i]
    s.held[i] = c
    s.taken[p] += 1
    s.last[p] = s.place[c]
    _wait_no_longer(s, c, min(held, s.stop[i]))
    return _give_up(s, held) if held != NO_SEAT else -1


@njit(cache=True, nogil=True)
def _give_up(s, c):  # type: ignore[no-untyped-def]
    """Free the seat of a choice that is no longer held, and return its pool."""
    p = s.pool[c]
    touch(s, p)
    s.taken[p] -= 1
    if s.last[p] == s.place[c]:
        s.last[p] = last_before(s, p, s.place[c])
    return p


@njit(cache=True, nogil=True)
def _wait_no_longer(s, first, stop):  # type: ignore[no-untyped-def]
    """Touch the pools among some choices of one applicant that had it as the first who would rather be there."""
    for c in range(first, stop):
        if s.head[s.pool[c]] == s.place[c] // 2:
            touch(s, s.pool[c])


@njit(cache=True, nogil=True)
def _follow(s, beginner):  # type: ignore[no-untyped-def]
    """Follow the pointers from a pool, and move along each cycle that closes, until no cycle passes through it.

    A pool that leads to nobody leads to pools where nobody moves any more, and stays so.
    """
    length = 0
    while not s.dead[beginner]:
        if length == 0:
            s.path[0], s.at[beginner], length = beginner, 0, 1
        p = s.path[length - 1]
        x = first_who_would(s, p)
        held = s.held[s.claimant[x]] if x >= 0 else NO_SEAT
        to = s.pool[held] if held != NO_SEAT else -1
        if to < 0 or s.dead[to]:
            touch(s, p)
            s.dead[p] = True
            s.at[p] = -1
            length -= 1
        elif s.at[to] < 0:
            s.path[length], s.at[to] = to, length
            length += 1
        else:
            begin = s.at[to]
            for k in range(begin, length):
                move_up(s, s.head[s.path[k]])
                s.at[s.path[k]] = -1
            length = begin
