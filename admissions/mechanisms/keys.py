"""Keys as the kernels take them: key and applicant, or key and choice, share one int64."""

from typing import Literal

import numpy as np

from admissions.errors import MarketError, did_you_mean
from admissions.market import BoolArray, Int32Array, Int64Array, Market

KEY_BITS = 31
"""Bits a key has in the kernels."""

Ties = Literal["lottery", "admit_all"]
Bundles = Literal["exceed", "skip"]


def narrowed(key: Int64Array) -> tuple[Int64Array, int, Int64Array | None]:
    """Return keys of the same order in 31 bits, a bound of them, and what each means where they were numbered anew.

    Parameters
    ----------
    key : (e,) int64
        Keys of 0 or more.

    Examples
    --------
    >>> key, highest, meaning = narrowed(np.array([7, 1 << 40, 7]))
    >>> key.tolist(), highest, meaning.tolist()
    ([0, 1, 0], 1, [7, 1099511627776])
    """
    highest = int(key.max(initial=0))
    if highest >> KEY_BITS == 0:
        return key, highest, None
    meaning, place = np.unique(key, return_inverse=True)
    place = place.astype(np.int64, copy=False)
    place.flags.writeable = False
    return place, len(meaning) - 1, meaning


def chosen(mechanism: str, name: str, value: object, options: tuple[str, ...]) -> None:
    """Refuse a value that is none of a parameter's.

    Raises
    ------
    MarketError
        Naming the values there are.
    """
    if value not in options:
        hint = did_you_mean(str(value), options)
        raise MarketError(f"{mechanism}: {name} = {value!r}{hint}; there are {', '.join(map(repr, options))}")


def refuse_ties(market: Market, mechanism: str, ties: str | None) -> None:
    """Refuse a market in which a pool ranks two applicants equal, unless something was said about ties.

    Raises
    ------
    MarketError
        Naming a pool with a tie, and what would break it.
    """
    if ties is not None:
        chosen(mechanism, "ties", ties, ("lottery",))
        return
    tied = pools_with_ties(market)
    if tied.size:
        pool = int(tied[0])
        name = repr(market.labels.pools[pool]) if market.labels else str(pool)
        raise MarketError(
            f"{mechanism} needs strict priorities, and pool {name} ranks applicants equal: break the tie with "
            "ties='lottery' (whoever stands earlier in the market goes first), in a policy with 'lottery' at the "
            "end of the order",
            rows=tied[:20].tolist(),
        )


def pools_with_ties(market: Market) -> Int64Array:
    """Return the pools at which two applicants have the same key, (k,) int64.

    Examples
    --------
    >>> pools_with_ties(Market.from_preferences({"a": ["n"], "b": ["n"]}, {"n": [["a", "b"]]}, {"n": 1})).tolist()
    [0]
    """
    from admissions.kernels.priorities import find_ties, sort_by_priority

    key, highest, _ = narrowed(market.key)
    start, entries = np.empty(len(market.seats) + 1, dtype=np.int64), np.empty(len(key), dtype=np.int64)
    sort_by_priority(market.pool, key, highest, start, entries)
    tied = np.empty(len(market.seats), dtype=np.bool_)
    find_ties(start, entries, market.owners(), tied)
    return np.flatnonzero(tied)


def listed_pools(market: Market, names: object, where: str) -> Int32Array:
    """Return the pool that each applicant is given by a mapping of names or an array, -1 for none, (n,) int32.

    Raises
    ------
    MarketError
        For a name nobody knows, an array of another length, or values that are no pools.
    """
    from collections.abc import Mapping

    n, p = market.applicants, len(market.seats)
    if isinstance(names, Mapping):
        if market.labels is None:
            raise MarketError(f"{where}: this market has no names; give an array of {n} pools, -1 for none")
        place = {name: j for j, name in enumerate(market.labels.pools)}
        at = {name: i for i, name in enumerate(market.labels.applicants)}
        pools = np.full(n, -1, dtype=np.int32)
        for applicant, programme in names.items():
            if applicant not in at:
                raise MarketError(f"{where}: names an applicant who is not in the market")
            if programme is None:
                continue
            if programme not in place:
                raise MarketError(f"{where}: no programme {programme!r}{did_you_mean(str(programme), map(str, place))}")
            pools[at[applicant]] = place[programme]
        return pools
    array = np.asarray(names)
    if array.shape != (n,) or (n and array.dtype.kind not in "iu"):
        raise MarketError(f"{where}: a mapping of names, or {n} pools (whole numbers, -1 for none), is needed")
    if n and (array.min() < -1 or array.max() >= p):
        raise MarketError(f"{where}: pools run from 0 to {p - 1}, and -1 is none")
    return array.astype(np.int32)


def marked_applicants(market: Market, who: object, where: str) -> BoolArray:
    """Return whom a collection of names or a mask picks, (n,) bool.

    Raises
    ------
    MarketError
        For a name nobody knows, or a mask of another length.
    """
    n = market.applicants
    if isinstance(who, set | frozenset | tuple | list) and market.labels is not None:
        names = set(who)
        if not all(isinstance(name, bool | np.bool_) for name in who):
            if names - set(market.labels.applicants):
                raise MarketError(f"{where}: names an applicant who is not in the market")
            return np.array([name in names for name in market.labels.applicants], dtype=np.bool_)
    mask = np.asarray(who)
    if mask.shape != (n,) or (n and mask.dtype != np.bool_):
        raise MarketError(f"{where}: names of applicants, or a mask of {n} truth values, is needed")
    return mask.astype(np.bool_)
