"""One change of a market at the outcome of deferred acceptance, resolved by chains from there.

A seat fewer or an applicant more starts a rejection chain; a seat more or an applicant fewer a vacancy chain and the
cycles at its end; another list is the old one withdrawn, then the new one handed in. What a question changes is put
back.
"""

import numpy as np
from numba import njit

from admissions.kernels.rejections import displace, go_down, line_up
from admissions.kernels.standing import GONE, MOVED, NO_SEAT, put_back, touch
from admissions.kernels.vacancies import fill, leave, trade


@njit(cache=True, nogil=True)
def resolve(standing, pool, more, leaver, guest, length):  # type: ignore[no-untyped-def]
    """Return whose choice is another one after a change, (6, k) int64.

    The rows: applicants in order, pool before and after, rank before and after, 0 for none, choice after; -1 for no
    seat.

    Parameters
    ----------
    standing : Standing
        The market at its outcome, and so it is left.
    pool, more : int64
        Pool that has ``more`` seats, 1 or -1; 0 for no such change.
    leaver, guest : int64
        Who withdraws, and who enters, -1 for nobody; the same for another list.
    length : int64
        Length of the guest's list, which stands in ``pool`` and ``key`` behind everybody's choices. Its choices count
        on from there.
    """
    s = standing
    if more != 0:
        touch(s, pool)
        s.seats[pool] += more
    if more > 0:
        fill(s, pool)
    elif more < 0 and s.taken[pool] > s.seats[pool]:
        out = displace(s, pool, guest)
        go_down(s, out, s.held[out] + 1, guest)
    if leaver >= 0:
        leave(s, leaver)
    if more > 0 or leaver >= 0:
        trade(s)
    if guest >= 0:
        first, stop = s.first[guest], s.stop[guest]
        line_up(s, guest, length)
        go_down(s, guest, s.first[guest], guest)
        s.first[guest], s.stop[guest] = first, stop
    moves = _moves(s)
    put_back(s)
    return moves


@njit(cache=True, nogil=True)
def count_marginal_seats(standing, moved, placed, improved, ranks):  # type: ignore[no-untyped-def]
    """Count what one more seat would change, for every pool by itself.

    Parameters
    ----------
    standing : Standing
        The market at its outcome, and so it is left.
    moved : (p,) int64, out
        Applicants who would have another seat.
    placed, improved : (p,) int64, out
        Of these, those who had none, and those whose seat would have a better rank.
    ranks : (p,) int64, out
        Ranks that the latter would gain.
    """
    s = standing
    for p in range(len(moved)):
        moved[p] = placed[p] = improved[p] = ranks[p] = 0
        touch(s, p)
        s.seats[p] += 1
        fill(s, p)
        trade(s)
        for k in range(s.counts[MOVED]):
            (pool, rank, _), (other, better, _) = _seat(s, s.before[k]), _seat(s, s.held[s.moved[k]])
            moved[p] += pool != other or rank != better
            placed[p] += pool < 0
            if better < rank:
                improved[p] += 1
                ranks[p] += rank - better
        put_back(s)


@njit(cache=True, nogil=True)
def _moves(s):  # type: ignore[no-untyped-def]
    """Return whose choice is another one, in order: pool before and after, rank before and after, choice after."""
    noted = s.moved[: s.counts[MOVED]]
    found, count = np.empty((6, len(noted)), dtype=np.int64), 0
    for k in np.argsort(noted):
        i = noted[k]
        if s.before[k] != s.held[i]:
            found[0, count] = i
            found[1, count], found[3, count], _ = _seat(s, s.before[k])
            found[2, count], found[4, count], found[5, count] = _seat(s, s.held[i])
            count += 1
    return found[:, :count]


@njit(cache=True, nogil=True)
def _seat(s, held):  # type: ignore[no-untyped-def]
    """Return pool, rank and choice of what is held; -1, 0 and -1 for no seat."""
    if held in (NO_SEAT, GONE):
        return -1, 0, -1
    return s.pool[held], s.rank[held], held
