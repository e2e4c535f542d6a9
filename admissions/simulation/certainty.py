"""What no lottery changes: choices that are granted, or refused, in every draw, by priority alone.

Deferred acceptance refuses a choice exactly when those who proposed to the pool and go before it fill the seats. So,
whatever the lots are,

- a choice is *kept* whenever it is proposed, if all who might propose to its pool and might go before it (better before
  the lottery, or equal) leave a seat;
- a choice is *refused* whenever it is proposed, if those who surely propose to its pool and surely go before it (better
  before the lottery) fill the seats;
- an applicant surely proposes to the first choice of the list that is not refused, and never to one behind a choice
  that is kept.

Each of these narrows who might propose and widens who surely does, until nothing more follows. What is said is proven;
what is not said may still be certain: the argument never weighs one lot against another.
"""

from dataclasses import dataclass

import numpy as np

from admissions.market import BoolArray, Int64Array, Market


@dataclass(frozen=True, slots=True, repr=False)
class Certainty:
    """What is proven of each choice of a market.

    Attributes
    ----------
    open : (e,) bool
        Choices that some draw may grant.
    always : (e,) bool
        Choices that every draw grants to who surely takes part.
    """

    open: BoolArray
    always: BoolArray

    @classmethod
    def none(cls, choices: int) -> "Certainty":
        """Return that nothing is proven of so many choices."""
        return cls(np.ones(choices, dtype=np.bool_), np.zeros(choices, dtype=np.bool_))


def prove_choices(market: Market, before: Int64Array, might: BoolArray, surely: BoolArray) -> Certainty:
    """Return which choices are granted in every draw of deferred acceptance, and which in none.

    Parameters
    ----------
    market : Market
        Lists, seats and sizes; its keys are not looked at.
    before : (e,) int64
        What is compared before the lottery, smaller goes first; equal ones are up to the lots.
    might, surely : (n,) bool
        Who takes part in some draw, and who in every one.

    Notes
    -----
    An applicant of several children enters while a seat is left, so those before a choice leave one while their sizes
    sum to less than the seats. O(e log e), and O(e) a step.

    Examples
    --------
    >>> market = Market(indptr=[0, 1, 2, 3], pool=[0, 0, 0], key=[0, 0, 0], rank=[1, 1, 1], seats=[2], size=[1, 1, 1])
    >>> everybody = np.ones(3, dtype=bool)
    >>> proof = prove_choices(market, np.array([0, 1, 1]), everybody, everybody)
    >>> proof.always.tolist(), proof.open.tolist()
    ([True, False, False], [True, True, True])
    """
    owner, size = market.owners(), market.size[market.owners()].astype(np.int64)
    groups = _Groups.of(market, before)
    seats = market.seats[market.pool]
    kept = np.zeros(len(owner), dtype=np.bool_)
    might_be = might[owner]
    while True:
        possible = might_be & (_count_before(kept & might_be, market, owner) == 0)
        sure = possible & surely[owner] & (_count_before(possible, market, owner) == 0)
        keeps = possible & (groups.up_to(np.where(possible, size, 0)) - size < seats)
        refuses = possible & (groups.better_than(np.where(sure, size, 0)) >= seats)
        if not ((keeps & ~kept).any() or refuses.any()):
            return Certainty(possible, sure & kept)
        kept |= keeps
        might_be &= ~refuses


def _count_before(these: BoolArray, market: Market, owner: np.ndarray) -> Int64Array:
    """Return for each choice how many of these its applicant lists earlier."""
    upto = np.concatenate(([0], np.cumsum(these)))
    found: Int64Array = upto[:-1] - upto[market.indptr[:-1]][owner]
    return found


@dataclass(frozen=True, slots=True, repr=False)
class _Groups:
    """The choices pool by pool, and in a pool by what goes before the lottery.

    Attributes
    ----------
    order : (e,) int64
        Choices, pool by pool and better ones first.
    line, start, stop : (e,) int64
        For each choice in that order where its pool begins, and where the group of its equals begins and ends.
    """

    order: Int64Array
    line: Int64Array
    start: Int64Array
    stop: Int64Array

    @classmethod
    def of(cls, market: Market, before: Int64Array) -> "_Groups":
        order = np.lexsort((before, market.pool))
        pool, own = market.pool[order], before[order]
        another_pool = np.diff(pool, prepend=-1) != 0
        another = another_pool | (np.diff(own, prepend=-1) != 0)
        begins = np.flatnonzero(another)
        group = np.cumsum(another) - 1
        line = np.flatnonzero(another_pool)[np.cumsum(another_pool) - 1]
        return cls(order, line, begins[group], np.append(begins[1:], len(order))[group])

    def up_to(self, weight: Int64Array) -> Int64Array:
        """Return for each choice the weight of its pool's that are better or equal, its own among them."""
        return self._summed(weight, self.stop)

    def better_than(self, weight: Int64Array) -> Int64Array:
        """Return for each choice the weight of its pool's that are better."""
        return self._summed(weight, self.start)

    def _summed(self, weight: Int64Array, end: Int64Array) -> Int64Array:
        upto = np.concatenate(([0], np.cumsum(weight[self.order])))
        found = np.empty(len(weight), dtype=np.int64)
        found[self.order] = upto[end] - upto[self.line]
        return found
