"""One change of a market: a seat more or fewer, an applicant more or fewer, another list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError, did_you_mean
from admissions.market import NO_CUTOFF, Int32Array, Int64Array, Labels, Market, Unlisted
from admissions.mechanisms.keys import name_of_pool

MOST_RANK = 2**31 - 1


class Listing(NamedTuple):
    """A list, best first: pools and ranks, (k,) int32, and keys, (k,) int64."""

    pool: Int32Array
    key: Int64Array
    rank: Int32Array


@dataclass(frozen=True, slots=True, repr=False)
class Change:
    """One change of a market.

    Attributes
    ----------
    pool : int
        Pool with a seat more or fewer, -1 for none.
    more : int
        1 or -1, 0 for no such change.
    applicant : int
        Whose list is another one, -1 for nobody's; the number after the last for a new applicant.
    listing : Listing, optional
        The other list; None for who withdraws.
    name : object
        What a market with labels calls a new applicant.
    """

    pool: int = -1
    more: int = 0
    applicant: int = -1
    listing: Listing | None = None
    name: Any = None

    def made_in(self, market: Market) -> Market:
        """Return the changed market; who withdraws stays in it without choices.

        Examples
        --------
        >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
        >>> Change(pool=1, more=-1).made_in(market).seats.tolist()
        [1, 0]
        >>> Change(applicant=0).made_in(market).indptr.tolist()
        [0, 0, 1]
        """
        if self.applicant < 0:
            seats = market.seats.copy()
            seats[self.pool] += self.more
            return replace(market, seats=seats)
        n, labels = market.applicants, market.labels
        start, stop = market.indptr[[self.applicant, min(self.applicant + 1, n)]]
        indptr, size = market.indptr, market.size
        if self.applicant == n:
            indptr, size = np.append(indptr, start), np.append(size, np.int32(1))
            labels = labels and Labels((*labels.applicants, self.name), labels.pools)
        indptr = indptr.copy()
        indptr[self.applicant + 1 :] += self.length - (stop - start)
        lists: dict[str, Any] = {}
        for name in Listing._fields:
            own = getattr(market, name)
            other = own[:0] if self.listing is None else getattr(self.listing, name)
            lists[name] = np.concatenate([own[:start], other, own[stop:]])
        unlisted = still_known(market, self.applicant, lists["pool"][start : start + self.length])
        return Market(indptr=indptr, **lists, seats=market.seats, size=size, labels=labels, unlisted=unlisted)

    @property
    def length(self) -> int:
        """Choices on the other list."""
        return 0 if self.listing is None else len(self.listing.pool)


def still_known(market: Market, applicant: int, pools: Int32Array) -> Unlisted | None:
    """Return the priorities at pools not listed where an applicant lists other pools: those left out stay known.

    Parameters
    ----------
    market : Market
        Before; one that knows no such priorities and has no names learns none.
    applicant : int
        Who lists other pools; the number after the last for a new applicant.
    pools : (k,) int32
        The pools listed now.

    Examples
    --------
    >>> market = Market.from_preferences({"ann": ["north", "south"]}, {"north": ["ann"], "south": ["ann"]},
    ...     {"north": 1, "south": 1})
    >>> still_known(market, 0, np.array([1], np.int32)).pool.tolist()
    [0]
    """
    known = market.unlisted
    if (known is None and market.labels is None) or applicant == market.applicants:
        return known
    start, stop = market.indptr[[applicant, applicant + 1]]
    left_out = start + np.flatnonzero(~np.isin(market.pool[start:stop], pools))
    whose, pool, key = np.full(len(left_out), applicant, dtype=np.int32), market.pool[left_out], market.key[left_out]
    if known is not None:
        stays = (known.applicant != applicant) | ~np.isin(known.pool, pools)
        whose = np.append(known.applicant[stays], whose)
        pool, key = np.append(known.pool[stays], pool), np.append(known.key[stays], key)
    return Unlisted(whose, pool, key) if len(key) else None


def find_pool(market: Market, pool: Any) -> int:
    """Return the number of a pool, given by name where the market has names.

    Raises
    ------
    MarketError
        If there is no such pool.

    Examples
    --------
    >>> find_pool(Market.from_preferences({}, {}, {"north": 1, "south": 1}), "south")
    1
    """
    if market.labels is not None:
        if pool not in market.labels.pools:
            hint = did_you_mean(str(pool), map(str, market.labels.pools))
            raise MarketError(f"no programme {pool!r} in this market{hint}")
        return market.labels.pools.index(pool)
    if not isinstance(pool, int | np.integer) or not 0 <= pool < len(market.seats):
        raise MarketError(f"no pool {pool!r}: pools are numbered from 0 to {len(market.seats) - 1}")
    return int(pool)


def find_applicant(market: Market, applicant: Any) -> int:
    """Return the number of an applicant, given by name where the market has names.

    Raises
    ------
    MarketError
        If there is no such applicant.

    Examples
    --------
    >>> find_applicant(Market.from_preferences({"ann": [], "bob": []}, {}, {}), "bob")
    1
    """
    if market.labels is not None:
        if applicant not in market.labels.applicants:
            raise MarketError("no applicant of that name in this market")
        return market.labels.applicants.index(applicant)
    if not isinstance(applicant, int | np.integer) or not 0 <= applicant < market.applicants:
        raise MarketError(f"no such applicant: they are numbered from 0 to {market.applicants - 1}")
    return int(applicant)


def make_listing(
    market: Market, pools: Sequence[Any], keys: npt.ArrayLike, ranks: npt.ArrayLike | None = None
) -> Listing:
    """Return a list for a market.

    Parameters
    ----------
    market : Market
        Where it is handed in.
    pools : sequence
        Best first, by name where the market has names.
    keys : (k,) int
        Priority at each.
    ranks : (k,) int, optional
        Place of each one's programme on the list; by default one programme a pool.

    Raises
    ------
    MarketError
        If the list does not fit the market.

    Examples
    --------
    >>> market = Market(indptr=[0, 1], pool=[0], key=[0], rank=[1], seats=[1, 1], size=[1])
    >>> make_listing(market, [1, 0], keys=[5, 7]).pool.tolist()
    [1, 0]
    """
    places = [find_pool(market, pool) for pool in pools]
    if len(set(places)) < len(places):
        raise MarketError("the list names a pool twice")
    own = _whole_numbers("keys", keys, len(places))
    rank = list(range(1, len(places) + 1)) if ranks is None else _whole_numbers("ranks", ranks, len(places))
    if own and not 0 <= min(own) <= max(own) < NO_CUTOFF:
        raise MarketError("keys run from 0 to the largest int64 less one")
    if rank and (rank[0] < 1 or rank[-1] > MOST_RANK or rank != sorted(rank)):
        raise MarketError("ranks start at 1 or later and do not fall along the list")
    return Listing(np.array(places, dtype=np.int32), np.array(own, dtype=np.int64), np.array(rank, dtype=np.int32))


def _whole_numbers(name: str, values: npt.ArrayLike, count: int) -> list[int]:
    """Return whole numbers, as many as there are pools on a list."""
    array = np.asarray(values)
    if array.shape != (count,) or (count and array.dtype.kind not in "iu"):
        raise MarketError(f"{name}: {count} whole numbers are needed, one a pool of the list")
    return array.tolist()


def known_keys(market: Market, applicant: int, pools: Sequence[Any]) -> Int64Array:
    """Return the keys that a market has of an applicant at some pools.

    Parameters
    ----------
    market, applicant
        Whose keys.
    pools : sequence
        By name where the market has names.

    Raises
    ------
    MarketError
        If it has none at one of them.

    Examples
    --------
    >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[7, 5, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    >>> known_keys(market, 0, [1, 0]).tolist()
    [5, 7]
    """
    start, stop = market.indptr[applicant : applicant + 2]
    known = dict(zip(market.pool[start:stop].tolist(), market.key[start:stop].tolist(), strict=True))
    if (others := market.unlisted) is not None:
        mine = others.applicant == applicant
        known |= dict(zip(others.pool[mine].tolist(), others.key[mine].tolist(), strict=True))
    places = [find_pool(market, pool) for pool in pools]
    for place in places:
        if place not in known:
            name = name_of_pool(market, place)
            raise MarketError(f"pool {name}: the market has no priority of this applicant there; give the keys")
    return np.array([known[place] for place in places], dtype=np.int64)
