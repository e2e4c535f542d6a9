"""Top trading cycles: applicants trade their priorities until no two of them would trade seats."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError
from admissions.market import BoolArray, Int32Array, Int64Array, Market, Matching
from admissions.mechanisms.keys import (
    Bundles,
    chosen,
    in_order_of_priority,
    listed_pools,
    name_of_pool,
    narrowed,
    refuse_ties,
)


def run(
    market: Market,
    owned: Mapping[Any, Any] | npt.ArrayLike | None = None,
    ties: str | None = None,
    bundles: Bundles = "exceed",
) -> Matching:
    """Return the matching that trading along cycles leads to.

    Efficient, and no applicant can gain by listing anything but the true preferences (Abdulkadiroğlu and Sönmez 2003);
    but priorities are traded, not respected. Where a market knows the priorities of applicants at pools they do not
    list (``market.unlisted``) these are traded, too.

    Parameters
    ----------
    market : Market
        Any market whose pools rank applicants strictly.
    owned : mapping of applicant to programme, or (n,) array of pools, optional
        A seat that is secured: its owner goes before everybody else there, and ends with it or with one listed before
        it (Abdulkadiroğlu and Sönmez 1999, you request my house – I get your turn). -1 or None is no seat.
    ties : {'lottery'}, optional
        Of equal keys the smaller index goes first. Where nothing is said about ties, a tie is refused.
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one.

    Raises
    ------
    MarketError
        If pools rank applicants equal and nothing is said about ties; if a secured seat is not among its owner's
        choices, a pool has more owners than seats, or an applicant of several children could take a secured seat.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south", "north"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'north', 'bob': 'south'}
    >>> run(market, owned={"ann": "south"}).to_dict()
    {'ann': 'north', 'bob': 'south'}
    """
    from admissions.kernels.top_trading_cycles import trade_cycles

    chosen("top_trading_cycles", "bundles", bundles, ("exceed", "skip"))
    owner, pool, key = _priorities(market)
    if owned is not None:
        secured = _secured(market, listed_pools(market, owned, "top_trading_cycles: owned"))
        key, highest, _ = narrowed(key)
        key = key + np.where(secured, 0, highest + 1)
    if market.unlisted is not None:
        by_index = np.argsort(owner, kind="stable")
        owner, pool, key = owner[by_index], pool[by_index], key[by_index]
    lines = in_order_of_priority(pool, key, len(market.seats), owner)
    refuse_ties(market, "top_trading_cycles", ties, lines, np.arange(market.applicants, dtype=np.int32))
    choice, left = np.empty(market.applicants, dtype=np.int64), market.seats.copy()
    trade_cycles(market.indptr, market.pool, *lines, market.size, bundles == "skip", left, choice)
    return Matching.of(market, choice)


def _priorities(market: Market) -> tuple[Int32Array, Int32Array, Int64Array]:
    """Return applicant, pool and key of every priority: those of the choices first, then the unlisted ones."""
    owner, others = market.owners(), market.unlisted
    if others is None:
        return owner, market.pool, market.key
    return (
        np.concatenate([owner, others.applicant]),
        np.concatenate([market.pool, others.pool]),
        np.concatenate([market.key, others.key]),
    )


def _secured(market: Market, owned: Int32Array) -> BoolArray:
    """Return at which priorities, (e + u,), an applicant owns a seat; refuse seats that cannot be kept."""
    unlisted = 0 if market.unlisted is None else len(market.unlisted.key)
    owner = market.owners()
    secured = owned[owner] == market.pool
    lists_it = np.zeros(market.applicants, dtype=np.bool_)
    lists_it[owner[secured]] = True
    lost = np.flatnonzero((owned >= 0) & ~lists_it)
    if lost.size:
        raise MarketError(
            f"top_trading_cycles: owned: {len(lost)} secured seats are not among their owners' choices; "
            "add each at the end of its owner's list",
            rows=lost[:20].tolist(),
        )
    owners = np.bincount(owned[owned >= 0], minlength=len(market.seats))
    short = np.flatnonzero(owners > market.seats)
    if short.size:
        pool = short[0]
        raise MarketError(
            f"top_trading_cycles: owned: pool {name_of_pool(market, pool)} has {market.seats[pool]} seats and "
            f"{owners[pool]} owners",
            rows=short[:20].tolist(),
        )
    several = (market.size[owner] > 1) & (owners[market.pool] > 0)
    if several.any():
        pool = market.pool[np.flatnonzero(several)[0]]
        raise MarketError(
            f"top_trading_cycles: owned: an applicant of several children lists pool {name_of_pool(market, pool)}, "
            "and could enter with one seat left and take another's secured seat; enter the children one by one",
            rows=np.flatnonzero(several)[:20].tolist(),
        )
    return np.concatenate([secured, np.zeros(unlisted, dtype=np.bool_)])
