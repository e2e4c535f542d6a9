"""Probabilistic serial by a clock that stops whenever a pool is eaten up, and what is proven of it, by definition."""

from fractions import Fraction
from itertools import pairwise


def lists_of(market):
    """Return the choices of each applicant, best first."""
    return [range(int(a), int(b)) for a, b in pairwise(market.indptr)]


def probabilistic_serial(market):
    """Return the share of each choice: who is of size s eats s seats in one unit of time."""
    pool, size = market.pool.tolist(), market.size.tolist()
    left = [Fraction(seats) for seats in market.seats.tolist()]
    share, clock = [Fraction(0)] * len(pool), Fraction(0)
    while clock < 1:
        eats = {}
        for i, own in enumerate(lists_of(market)):
            open_still = [c for c in own if left[pool[c]] > 0]
            if open_still:
                eats[i] = open_still[0]
        speed = [sum(size[i] for i, c in eats.items() if pool[c] == j) for j in range(len(left))]
        step = min([left[j] / speed[j] for j in range(len(left)) if speed[j]] + [1 - clock])
        for i, c in eats.items():
            share[c] += step
            left[pool[c]] -= step * size[i]
        clock += step
    return share


def trading_cycle(market, share):
    """Return whether shares can be traded so that all who trade gain (Bogomolnaia and Moulin 2001).

    Pool a beats pool b where somebody prefers a and has a share of b; being left without a seat is beaten by every pool
    on the list, and by nothing less. There is a trade where pools beat each other in a cycle, or where a pool that beats
    another has something left.
    """
    pool, none = market.pool.tolist(), len(market.seats)
    beats = set()
    for own in lists_of(market):
        held = [(pool[c], share[c]) for c in own] + [(none, 1 - sum(share[c] for c in own))]
        beats |= {(a, b) for at, (b, part) in enumerate(held) if part > 0 for a, _ in held[:at] if a != b}
    taken = [0] * none
    for own, s in zip(lists_of(market), market.size.tolist(), strict=True):
        for c in own:
            taken[pool[c]] += s * share[c]
    if any(taken[a] < market.seats[a] for a, _ in beats):
        return True
    while beats:
        ends = {a for a, _ in beats} - {b for _, b in beats}
        if not ends:
            return True
        beats = {(a, b) for a, b in beats if a not in ends}
    return False


def sums(market, own, share, taken):
    """Return how much of the first pool, the first two, … of a list somebody has who takes these shares of pools."""
    parts = [sum(share[c] for c in taken if market.pool[c] == market.pool[mine]) for mine in own]
    return [sum(parts[: k + 1]) for k in range(len(parts))]


def prefers(one, other):
    """Return whether one is as good as the other at every place of the list: stochastic dominance."""
    return all(a >= b for a, b in zip(one, other, strict=True))
