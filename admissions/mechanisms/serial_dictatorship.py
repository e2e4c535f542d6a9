"""Serial dictatorship: marks first, then the family's order (平行志愿, parallel preferences)."""

from typing import NoReturn

import numpy as np

from admissions.errors import MarketError
from admissions.market import BoolArray, Int32Array, Int64Array, Market, Matching
from admissions.mechanisms.keys import Bundles, Ties, in_order_of_priority, margin_rule


def run(market: Market, ties: Ties = "lottery", bundles: Bundles = "exceed") -> Matching:
    """Return the matching in which each applicant, in the order all pools share, takes its first choice with a seat.

    Stable, efficient and strategy-proof; equal to deferred acceptance and top trading cycles where it is defined
    (Satterthwaite and Sonnenschein 1981; Abdulkadiroğlu and Sönmez 1998).

    Parameters
    ----------
    market : Market
        One whose pools rank applicants alike: some order of all applicants agrees with the order, by key and then
        index, of every pool. Where several agree they differ only in applicants who never compete, so the outcome is
        one and the same.
    ties : {'lottery', 'admit_all'}
        Of equal keys the smaller index chooses first; or those of one key choose at once, and everybody tied with the
        last admitted enters (同分全录), for which each applicant needs the same key everywhere.
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one.

    Raises
    ------
    MarketError
        If no order agrees with all pools, or a parameter has no such value.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market).to_dict()
    {'ann': 'south', 'bob': 'north'}
    """
    from admissions.kernels.days import ADMIT_ALL, SKIP
    from admissions.kernels.serial_dictatorship import choose_in_turn

    rule = margin_rule(market, "serial_dictatorship", ties, bundles)
    one_key = _has_one_key_each(market)
    order = _order_of_keys(market) if one_key else _order_of_pools(market)
    turn = np.arange(len(order))
    if rule == ADMIT_ALL:
        if not one_key:
            raise MarketError(
                "serial_dictatorship: ties='admit_all' needs one key an applicant, the same at all of its choices: "
                "otherwise nobody can say who is tied; use deferred_acceptance, where each pool says so for itself"
            )
        turn = market.key[market.indptr[order]]
    choice = np.empty(market.applicants, dtype=np.int64)
    left = np.empty(len(market.seats), dtype=np.int64)
    choose_in_turn(order, turn, market.indptr, market.pool, market.seats, market.size, rule == SKIP, choice, left)
    return Matching.of(market, choice)


def _has_one_key_each(market: Market) -> bool:
    """Return whether every applicant has the same key at all of its choices."""
    changes = np.flatnonzero(market.key[1:] != market.key[:-1]) + 1
    starts_list = np.zeros(len(market.key) + 1, dtype=np.bool_)
    starts_list[market.indptr] = True
    return bool(starts_list[changes].all())


def _order_of_keys(market: Market) -> Int64Array:
    """Return the applicants with choices by their one key, equal keys by index."""
    choosing = np.flatnonzero(market.indptr[1:] > market.indptr[:-1])
    key = market.key[market.indptr[choosing]]
    _, line = in_order_of_priority(np.zeros(len(key), dtype=np.int32), key, 1, choosing.astype(np.int32))
    return line & (2**32 - 1)


def _order_of_pools(market: Market) -> Int64Array:
    """Return an order of the applicants that agrees with every pool's."""
    from admissions.kernels.serial_dictatorship import sort_topologically

    owner, pool = market.owners(), market.pool
    by_pool = in_order_of_priority(pool, market.key, len(market.seats))[1] & (2**32 - 1)
    same_pool, other = pool[by_pool[1:]] == pool[by_pool[:-1]], owner[by_pool[1:]] != owner[by_pool[:-1]]
    follows = np.flatnonzero(same_pool & other)
    before, after, through = owner[by_pool[follows]], owner[by_pool[follows + 1]], pool[by_pool[follows]]
    by_tail = np.argsort(before, kind="stable")
    first = np.zeros(market.applicants + 1, dtype=np.int64)
    np.cumsum(np.bincount(before, minlength=market.applicants), out=first[1:])
    waiting = np.bincount(after, minlength=market.applicants)
    order = np.empty(market.applicants, dtype=np.int64)
    if sort_topologically(first, after[by_tail], waiting, order) < market.applicants:
        _refuse_cycle(before, after, through, unplaced=waiting > 0)
    return order


def _refuse_cycle(before: Int32Array, after: Int32Array, through: Int32Array, unplaced: BoolArray) -> NoReturn:
    """Raise the error that names the pools along one cycle: every applicant without a place follows another such."""
    arcs = np.flatnonzero(unplaced[before] & unplaced[after])[::-1]
    arc_to = np.full(len(unplaced), -1, dtype=np.int64)
    arc_to[after[arcs]] = arcs
    walked: dict[int, int] = {}
    at = int(np.flatnonzero(unplaced)[0])
    while at not in walked:
        walked[at] = int(through[arc_to[at]])
        at = int(before[arc_to[at]])
    cycle = list(walked.values())[list(walked).index(at) :]
    named = sorted(set(cycle))
    shown = ", ".join(map(str, named[:5])) + (" …" if len(named) > 5 else "")
    which = f"pools {shown} rank" if len(named) > 1 else f"pool {shown} ranks"
    raise MarketError(
        f"serial_dictatorship: {which} applicants differently, so there is no common order to choose in; "
        "use deferred_acceptance, which needs none",
        rows=named[:5],
    )
