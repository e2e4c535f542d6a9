"""Keys as the kernels take them: key and applicant, or key and choice, share one int64."""

from collections.abc import Mapping
from typing import Any, Literal

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
    meaning = None
    if highest >> KEY_BITS:
        meaning, key = np.unique(key, return_inverse=True)
        key, highest = key.astype(np.int64, copy=False), len(meaning) - 1
    return frozen(key), highest, meaning


def frozen(array: Any) -> Any:
    """Return an array that is not written to, as a market's are: kernels know no other.

    Examples
    --------
    >>> frozen(np.zeros(2)).flags.writeable
    False
    """
    array = array.view()
    array.flags.writeable = False
    return array


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


def margin_rule(market: Market, mechanism: str, ties: str, bundles: str) -> int:
    """Return whom a pool takes at the margin, as the kernels number the rules.

    Raises
    ------
    MarketError
        For a value that is none of a parameter's, and for two that contradict each other.
    """
    from admissions.kernels.days import ADMIT_ALL, LOTTERY_AND_EXCEED, SKIP

    chosen(mechanism, "ties", ties, ("lottery", "admit_all"))
    chosen(mechanism, "bundles", bundles, ("exceed", "skip"))
    if ties == "admit_all" and bundles == "skip":
        raise MarketError(
            f"{mechanism}: ties='admit_all' lets a pool exceed its seats and bundles='skip' forbids it; choose one"
        )
    if ties == "admit_all":
        return ADMIT_ALL
    return SKIP if bundles == "skip" and market.size.max(initial=1) > 1 else LOTTERY_AND_EXCEED


def in_order_of_priority(
    pool: Int32Array, key: Int64Array, pools: int, name: Int32Array | None = None
) -> tuple[Int64Array, Int64Array]:
    """Return where each pool's line starts, (p + 1,), and the lines: keys in the upper half, names in the lower, (e,).

    Parameters
    ----------
    pool : (e,) int32
        Seat pool of each priority.
    key : (e,) int64
        The priority, smaller is better; equal ones stay as they stand.
    pools : int
        Number of pools.
    name : (e,) int32, optional
        What stands for each priority in the lines, such as its applicant; by default its index.

    Examples
    --------
    >>> start, entries = in_order_of_priority(np.array([0, 1, 0], np.int32), np.array([5, 0, 3]), 2)
    >>> start.tolist(), (entries & 0xFFFFFFFF).tolist()
    ([0, 2, 3], [2, 0, 1])
    """
    from admissions.kernels.priorities import sort_by_priority

    narrow, highest, _ = narrowed(key)
    start, entries = np.empty(pools + 1, dtype=np.int64), np.empty(len(key), dtype=np.int64)
    name = np.arange(len(key), dtype=np.int32) if name is None else name
    sort_by_priority(frozen(pool), narrow, name, highest, start, entries)
    return start, entries


def refuse_ties(
    market: Market, mechanism: str, ties: str | None, lines: tuple[Int64Array, Int64Array], owner: Int32Array
) -> None:
    """Refuse a market in which a pool ranks two applicants equal, unless ``ties`` says how that is settled.

    Parameters
    ----------
    market, mechanism
        Whose pools they are, and whom error messages speak of.
    ties : {'lottery'} or None
        What the caller said.
    lines
        Each pool's line, of `in_order_of_priority`.
    owner : int32 array
        The applicant that each name in the lines stands for.

    Raises
    ------
    MarketError
        Naming a pool with a tie, and what would break it.
    """
    from admissions.kernels.priorities import find_ties

    if ties is not None:
        chosen(mechanism, "ties", ties, ("lottery",))
        return
    tied = np.empty(len(market.seats), dtype=np.bool_)
    find_ties(*lines, owner, tied)
    pools = np.flatnonzero(tied)
    if pools.size:
        name = name_of_pool(market, pools[0])
        raise MarketError(
            f"{mechanism} needs strict priorities, and pool {name} ranks applicants equal: break the tie with "
            "ties='lottery' (whoever stands earlier in the market goes first), in a policy with 'lottery' at the "
            "end of the order",
            rows=pools[:20].tolist(),
        )


def name_of_pool(market: Market, pool: int) -> str:
    """Return what an error message calls a pool: its name where the market has names, otherwise its number."""
    return repr(market.labels.pools[pool]) if market.labels else str(pool)


def listed_pools(market: Market, names: object, where: str) -> Int32Array:
    """Return the pool that each applicant is given by a mapping of names or an array, -1 for none, (n,) int32.

    Raises
    ------
    MarketError
        For a name nobody knows, an array of another length, or values that are no pools.
    """
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
