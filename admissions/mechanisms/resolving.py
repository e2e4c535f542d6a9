"""Two ways to what one change of a market moves: chains from its outcome, and a full run."""

from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.changes import Change
from admissions.mechanisms.differences import Difference, MarginalSeats
from admissions.mechanisms.keys import in_order_of_priority

if TYPE_CHECKING:
    from admissions.kernels.standing import Standing

CHOICE = 2**32 - 1
"""The lower half of an entry of a line."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Chains:
    """Going on from the outcome of a market of single children; one question at a time, whatever the threads."""

    outcome: Matching
    _standing: "Standing"
    _lock: Any = field(default_factory=Lock)

    @classmethod
    def of(cls, outcome: Matching) -> Self:
        """Return the way from the outcome of deferred acceptance."""
        return cls(outcome, _standing(outcome))

    def resolve(self, change: Change) -> Difference:
        """Return what a change moves."""
        from admissions.kernels.chains import resolve

        market, standing, listing, row = self.outcome.market, self._standing, change.listing, change.applicant
        leaver = row if row < market.applicants else -1
        guest = -1 if listing is None else row
        with self._lock:
            if listing is not None:
                part = slice(len(market.pool), len(market.pool) + change.length)
                standing.pool[part], standing.key[part], standing.rank[part] = listing
            moves = resolve(standing, change.pool, change.more, leaver, guest, change.length)
        return Difference.of(moves[:5], partial(_changed, self.outcome, change, moves[0], moves[5]))

    def count(self) -> MarginalSeats:
        """Return what one more seat would change, for each pool."""
        from admissions.kernels.chains import count_marginal_seats

        counts = np.empty((4, len(self.outcome.market.seats)), dtype=np.int64)
        with self._lock:
            count_marginal_seats(self._standing, *counts)
        return MarginalSeats(*counts)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Reruns:
    """A full run of deferred acceptance for each question; applicants may be of several children."""

    outcome: Matching

    def resolve(self, change: Change) -> Difference:
        """Return what a change moves."""
        was = self.outcome
        now = deferred_acceptance.run(change.made_in(was.market))
        had = np.append(was.choice, np.full(now.market.applicants - was.market.applicants, -1))
        (pool, rank), (other, better) = _seats(was.market, had), _seats(now.market, now.choice)
        return Difference.of(np.array([np.arange(len(had)), pool, other, rank, better]), lambda: now)

    def count(self) -> MarginalSeats:
        """Return what one more seat would change, for each pool; all counts are of children."""
        market = self.outcome.market
        counts = np.zeros((4, len(market.seats)), dtype=np.int64)
        for pool in range(len(market.seats)):
            moves = self.resolve(Change(pool, more=1))
            size, gained = market.size[moves.applicant], moves.rank_before - moves.rank_after
            rises = (moves.before >= 0) & (moves.after >= 0) & (gained > 0)
            enters = moves.before < 0
            counts[:, pool] = size.sum(), size[enters].sum(), size[rises].sum(), (size * gained)[rises].sum()
        return MarginalSeats(*counts)


def _standing(matching: Matching) -> "Standing":
    """Return the market and its outcome as the kernels go on from it."""
    from admissions.kernels.standing import NO_SEAT, Standing, take_stock

    market = matching.market
    n, e, p = market.applicants, len(market.pool), len(market.seats)
    start, entries = in_order_of_priority(market.pool, market.key, p)
    line, room = entries & CHOICE, np.zeros(p, dtype=np.int64)
    taken, last, head, touched, path = np.empty((5, p), dtype=np.int64)
    moved, before = np.empty((2, n + 1), dtype=np.int64)
    is_touched, dead = np.zeros((2, p), dtype=np.bool_)
    standing = Standing(
        start=start,
        line=line,
        claimant=market.owners()[line].astype(np.int64),
        place=np.empty(e + p, dtype=np.int64),
        pool=np.append(market.pool, room),
        key=np.append(market.key, room),
        rank=np.append(market.rank, room),
        first=market.indptr.copy(),
        stop=np.append(market.indptr[1:], e),
        held=np.append(np.where(matching.choice >= 0, matching.choice, NO_SEAT), NO_SEAT),
        seats=market.seats.copy(),
        taken=taken,
        last=last,
        head=head,
        counts=np.zeros(2, dtype=np.int64),
        moved=moved,
        before=before,
        is_moved=np.zeros(n + 1, dtype=np.bool_),
        touched=touched,
        noted=np.empty((p, 4), dtype=np.int64),
        is_touched=is_touched,
        dead=dead,
        path=path,
        at=np.full(p, -1, dtype=np.int64),
    )
    take_stock(standing)
    return standing


def _changed(was: Matching, change: Change, who: Int64Array, held: Int64Array) -> Matching:
    """Return the outcome of the changed market; choices behind the list that is another one count on from its end."""
    before, after, row = was.market, change.made_in(was.market), change.applicant
    e = len(before.pool)
    choice = np.append(was.choice, np.full(after.applicants - before.applicants, -1))
    choice[who] = held
    if row >= 0:
        own = choice[row]
        choice[choice >= before.indptr[min(row + 1, before.applicants)]] += len(after.pool) - e
        choice[row] = own - e + after.indptr[row] if own >= e else -1
    return Matching.of(after, choice)


def _seats(market: Market, choice: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Return pool and rank of choices, -1 and 0 for none."""
    pool, rank = np.full(len(choice), -1, dtype=np.int64), np.zeros(len(choice), dtype=np.int64)
    held = choice >= 0
    pool[held], rank[held] = market.pool[choice[held]], market.rank[choice[held]]
    return pool, rank
