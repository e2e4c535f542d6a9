"""Probabilistic serial: what is fair before the draw, as the chance of every choice, and one matching drawn from it."""

import operator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms.random_assignments import RandomAssignment

if TYPE_CHECKING:
    from admissions.kernels.probabilistic_serial import Eaten

EXACT = 500
"""Choices of a market up to which shares are exact fractions, unless the caller says."""
DRAWS = 2**64
"""Numbers that can be drawn."""
FINEST, ROOM = 52, 62
"""Bits of a share that a float holds, and those that units of all seats of a pool fit in."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DrawnMatching(Matching):
    """A matching drawn from a random assignment; otherwise like any `Matching`."""

    @property
    def assignment(self) -> RandomAssignment:
        """What it was drawn from: every choice had the probability that stands here. Computed when asked for."""
        return shares(self.market)


def run(market: Market, draw: int = 0) -> DrawnMatching:
    """Return one matching, drawn so that each applicant has every choice with the probability that `shares` states.

    Everybody eats at the same pace from the first pool on its list with something left; what an applicant has eaten of
    a pool is its probability of a seat there (Bogomolnaia and Moulin 2001). Priorities play no part.

    Parameters
    ----------
    market : Market
        Any market. An applicant of several children eats as many seats at once, and has them all or none: a pool may
        end over its seats by less than the size of its largest applicant.
    draw : int
        From 0 to 2**64 - 1. Where shares are exact, the matching is the one of `RandomAssignment.lottery` that ``draw /
        2**64`` falls to when the probabilities are laid end to end; in a larger market, the one that dependent rounding
        gives with random numbers that start there. Take it from a lottery, or from a public seed.

    Raises
    ------
    MarketError
        If ``draw`` is no such number.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north"]},
    ...     priorities={"north": [["ann", "bob"]], "south": ["ann"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market, draw=0).to_dict(), run(market, draw=2**63).to_dict()
    ({'ann': 'north', 'bob': None}, {'ann': 'south', 'bob': 'north'})
    >>> run(market).assignment.to_dict()["ann"]
    {'north': Fraction(1, 2), 'south': Fraction(1, 2)}
    """
    number = _checked(draw)
    if _is_small(market):
        return DrawnMatching.of(market, _picked(shares(market), number))
    eaten, whole, _ = _eaten(market)
    return DrawnMatching.of(market, _rounded(market, eaten, whole, number))


def shares(market: Market, exact: bool | None = None) -> RandomAssignment:
    """Return the probability with which probabilistic serial gives each applicant each choice.

    Parameters
    ----------
    market : Market
        Any market, as of `run`.
    exact : bool, optional
        Whether to count in fractions, which takes longer the more pools fill up; by default up to `EXACT` choices.
        Otherwise in units of which a seat has 2**52, or so many that all seats of a pool fit into 62 bits: what a pool
        that fills up gives, and what an applicant gets, are exact sums, and each share is off by less than two units
        for every pool that can fill up; ``error`` states how much.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north"], "eve": ["north", "south"]},
    ...     priorities={"north": [["ann", "bob", "eve"]], "south": [["ann", "eve"]]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> [str(share) for share in shares(market).share]
    ['1/3', '1/2', '1/3', '1/3', '1/2']
    >>> shares(market, exact=False).share.round(6).tolist()
    [0.333333, 0.5, 0.333333, 0.333333, 0.5]
    """
    if _is_small(market) if exact is None else exact:
        share = np.empty(len(market.pool), dtype=object)
        share[:] = _eaten_exactly(market)
        return RandomAssignment(market, share)
    from admissions.kernels.probabilistic_serial import list_units

    eaten, whole, contested = _eaten(market)
    units = np.empty(len(market.pool), dtype=np.int64)
    list_units(market.indptr, market.pool, eaten, units)
    return RandomAssignment(market, units / whole, Fraction(2 * contested, whole))


def _is_small(market: Market) -> bool:
    return len(market.pool) <= EXACT


def _checked(draw: object) -> int:
    """Return the number drawn; refuse what is none."""
    try:
        number = -1 if isinstance(draw, bool | np.bool_) else operator.index(draw)  # type: ignore[arg-type]
    except TypeError:
        number = -1
    if not 0 <= number < DRAWS:
        raise MarketError(f"probabilistic_serial: draw = {draw!r}: a whole number from 0 to 2**64 - 1 is needed")
    return number


def _picked(assignment: RandomAssignment, number: int) -> Int64Array:
    """Return the choices of the matching that a number falls to when probabilities are laid end to end."""
    lottery = assignment.lottery()
    reached, matching = next(lottery)
    while number >= reached * DRAWS:
        probability, matching = next(lottery)
        reached += probability
    return matching.choice


def _rounded(market: Market, eaten: "Eaten", whole: int, number: int) -> Int64Array:
    """Return the choices that dependent rounding gives with random numbers that start at the number."""
    from admissions.kernels.dependent_rounding import round_shares

    several = market.size.max(initial=1) > 1
    sizes = np.unique(market.size).astype(np.int64) if several else np.ones(1, dtype=np.int64)
    choice = np.empty(market.applicants, dtype=np.int64)
    with np.errstate(over="ignore"):  # without a compiler numpy says so wherever the generator wraps around
        round_shares(market.indptr, market.pool, market.size, sizes, eaten, whole, np.uint64(number), choice)
    return choice


def _eaten(market: Market) -> tuple["Eaten", int, int]:
    """Return who ate how many units of which pool, the units of a seat, and how many pools can fill up."""
    from admissions.kernels.probabilistic_serial import Eaten, count_listings, eat

    eaten, demand = Eaten.of(market), np.empty(len(market.seats), dtype=np.int64)
    count_listings(market.indptr, market.pool, market.size, eaten.start, demand)
    contested = market.seats[(market.seats > 0) & (market.seats < demand)]
    whole = 1 << min(FINEST, ROOM - int(contested.max(initial=1)).bit_length())
    eat(market.indptr, market.pool, market.size, market.seats, demand, whole, eaten)
    return eaten, whole, len(contested)


def _eaten_exactly(market: Market) -> list[Fraction]:
    """Return the share of each choice.

    Those who eat a pool since times t with speeds s have finished its q seats at (q + sum s t) / sum s.
    """
    indptr, pool, size = market.indptr.tolist(), market.pool.tolist(), market.size.tolist()
    reached = [Fraction(seats) for seats in market.seats.tolist()]
    gone = [seats == 0 for seats in market.seats.tolist()]
    speed, eaters = [0] * len(gone), [list[int]() for _ in gone]
    share, since, at = [Fraction(0)] * len(pool), [Fraction(0)] * len(size), indptr[:-1]

    def move(i: int, start: int) -> None:
        at[i] = next((c for c in range(start, indptr[i + 1]) if not gone[pool[c]]), indptr[i + 1])
        if at[i] < indptr[i + 1]:
            j = pool[at[i]]
            eaters[j].append(i)
            speed[j] += size[i]
            reached[j] += size[i] * since[i]

    for i in range(len(size)):
        move(i, indptr[i])
    while True:
        eaten = [j for j in range(len(gone)) if speed[j] and not gone[j]]
        last = min(eaten, key=lambda j: reached[j] / speed[j], default=-1)
        if last < 0 or (now := reached[last] / speed[last]) >= 1:
            break
        gone[last] = True
        for i in eaters[last]:
            share[at[i]], since[i] = now - since[i], now
            move(i, at[i] + 1)
    for j in eaten:
        for i in eaters[j]:
            share[at[i]] = 1 - since[i]
    return share
