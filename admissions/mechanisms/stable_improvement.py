"""Stable improvement cycles: what a lottery among equals took from applicants without need is given back."""

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError
from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.keys import frozen, in_order_of_priority, narrowed


def run(market: Market, tie_break: npt.ArrayLike | None = None) -> Matching:
    """Return a stable matching that no other stable matching improves on for everybody.

    Priorities with ties are first made strict, and deferred acceptance is run. Then, along cycles, everybody moves to a
    better seat, each the best among equals of those who would like that seat; priorities stay respected (Erdil and
    Ergin 2008, Theorem 1). Which of several such matchings is reached depends on the strict order. It is not
    strategy-proof.

    Parameters
    ----------
    market : Market
        Any market; ties are what this is about.
    tie_break : (e,) array of int, optional
        Order among equal keys for the first run, smaller is better; by default, and where it is equal, too, the smaller
        index goes first.

    Raises
    ------
    MarketError
        If ``tie_break`` is no whole number for every choice.

    Notes
    -----
    An applicant of several children keeps the seats of the first run, and so does everybody at a pool such an applicant
    took over its number: seats that are not there cannot be passed on.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["south", "north"], "bob": ["north", "south"], "eve": ["north", "east"]},
    ...     priorities={"north": ["ann", ["bob", "eve"]], "south": ["bob", "ann"], "east": ["eve"]},
    ...     seats={"north": 1, "south": 1, "east": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'south', 'bob': 'north', 'eve': 'east'}
    >>> run(market, tie_break=[0, 0, 1, 0, 0, 0]).to_dict()
    {'ann': 'south', 'bob': 'north', 'eve': 'east'}
    """
    from admissions.kernels.improvement_cycles import trade_up

    key, _, _ = narrowed(market.key)
    strict = key if tie_break is None else _broken(key, tie_break)
    pools, n = len(market.seats), market.applicants
    first = Market(market.indptr, market.pool, strict, market.rank, market.seats, market.size)
    choice = deferred_acceptance.run(first).choice
    start, entries = in_order_of_priority(market.pool, strict, pools)
    entries = entries & (2**32 - 1)
    entries |= key[entries] << 32
    held = choice >= 0
    taken = np.bincount(market.pool[choice[held]], weights=market.size[held], minlength=pools)
    settled, stays = taken > market.seats, market.size > 1
    trade_up(start, entries, market.owners(), market.pool, stays, np.zeros(n, dtype=np.bool_), True, settled, choice)
    return Matching.of(market, choice)


def _broken(key: Int64Array, tie_break: npt.ArrayLike) -> Int64Array:
    """Return keys in the order of the given ones and, among equals, of the tie break."""
    second = np.asarray(tie_break)
    if second.shape != key.shape or (key.size and second.dtype.kind not in "iu"):
        raise MarketError(f"stable_improvement: tie_break: {len(key)} whole numbers are needed, one a choice")
    order = np.lexsort((second, key))
    new = np.ones(len(key), dtype=np.int64)
    new[1:] = (np.diff(key[order]) != 0) | (second[order][1:] != second[order][:-1])
    strict = np.empty(len(key), dtype=np.int64)
    strict[order] = np.cumsum(new) - 1
    return frozen(strict)
