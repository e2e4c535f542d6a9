"""Rejection chains: whoever loses a seat goes on down the own list, and so does whomever this displaces.

Deferred acceptance gives the same outcome whatever the order of proposals (McVitie and Wilson 1971), so going on from
the outcome, with a seat fewer or an applicant more, is exact.
"""

from numba import njit

from admissions.kernels.standing import NO_SEAT, last_before, note, touch


@njit(cache=True, nogil=True)
def line_up(standing, guest, length):  # type: ignore[no-untyped-def]
    """Give a guest a place in the line of each pool listed: behind smaller keys, and equal ones of a smaller index.

    Parameters
    ----------
    standing : Standing
        Whose ``pool`` and ``key`` end with the guest's list.
    guest, length : int64
        The applicant, and the length of the list.
    """
    s = standing
    e = len(s.line)
    s.first[guest], s.stop[guest] = e, e + length
    for c in range(e, e + length):
        low, high = s.start[s.pool[c]], s.start[s.pool[c] + 1]
        while low < high:
            middle = (low + high) // 2
            key = s.key[s.line[middle]]
            if key < s.key[c] or (key == s.key[c] and s.claimant[middle] < guest):
                low = middle + 1
            else:
                high = middle
        s.place[c] = 2 * low


@njit(cache=True, nogil=True)
def go_down(standing, i, c, guest):  # type: ignore[no-untyped-def]
    """Let an applicant without a seat apply from a choice on, and whomever this displaces after it."""
    s = standing
    while True:
        note(s, i)
        while c < s.stop[i]:
            p = s.pool[c]
            if s.taken[p] < s.seats[p] or s.place[c] < s.last[p]:
                break
            c += 1
        if c == s.stop[i]:
            s.held[i] = NO_SEAT
            return
        touch(s, p)
        s.held[i] = c
        s.taken[p] += 1
        s.last[p] = max(s.last[p], s.place[c])
        if s.taken[p] <= s.seats[p]:
            return
        i = displace(s, p, guest)
        c = s.held[i] + 1


@njit(cache=True, nogil=True)
def displace(standing, p, guest):  # type: ignore[no-untyped-def]
    """Take the seat of the last admitted at a pool, and return who it was; what it held stays written until it moves.

    Parameters
    ----------
    standing : Standing
        Written to.
    p, guest : int64
        The pool, and who may sit in it without a place in its line, -1 for nobody.
    """
    s = standing
    last = s.last[p]
    out = s.claimant[last // 2] if last % 2 else guest
    s.taken[p] -= 1
    s.last[p] = last_before(s, p, last)
    if guest >= 0 and out != guest and len(s.line) <= s.held[guest] < NO_SEAT and s.pool[s.held[guest]] == p:
        s.last[p] = max(s.last[p], s.place[s.held[guest]])
    return out
