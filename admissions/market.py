"""The theory's view of one round: who wants which seat pools, in which order, and whom each pool takes first.

Arrays only. A programme whose seats are divided is a run of consecutive choices, one a pool, tried in the order of law
(Kominers and Sönmez 2016, slot-specific priorities), so one kernel serves every division of seats.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError, did_you_mean

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

NO_CUTOFF = np.int64(np.iinfo(np.int64).max)
"""Cutoff of a pool with a seat left: every key passes."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Names of the applicants and pools of a market written by hand."""

    applicants: tuple[Any, ...] = field(repr=False)
    pools: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Unlisted:
    """Priorities of applicants at pools they do not list; only trading along cycles has a use for them.

    Attributes
    ----------
    applicant : (u,) int32
        Whose priority it is.
    pool : (u,) int32
        Seat pool that is not among the applicant's choices.
    key : (u,) int64
        Priority there, on the scale of the market's keys.
    """

    applicant: Int32Array
    pool: Int32Array
    key: Int64Array

    def __post_init__(self) -> None:
        for name, dtype in (("applicant", np.int32), ("pool", np.int32), ("key", np.int64)):
            object.__setattr__(self, name, _canonical(f"unlisted.{name}", getattr(self, name), dtype))

    def __repr__(self) -> str:
        return f"Unlisted({len(self.key)} priorities)"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Market:
    """Applicants, their choices of seat pools, and the pools' priorities.

    Parameters
    ----------
    indptr : (n + 1,) int64
        Choices of applicant ``i`` are ``indptr[i]:indptr[i + 1]``, best first.
    pool : (e,) int32
        Seat pool of each choice.
    key : (e,) int64
        Priority of the applicant at that pool, smaller is better. Equal keys are a tie, which mechanisms settle in
        favour of the applicant with the smaller index.
    rank : (e,) int32
        Place of the programme on the applicant's list, 1 is best; equal for pools of one programme.
    seats : (p,) int64
        Seats of each pool.
    size : (n,) int32
        Children behind the applicant (twins: 2).
    labels : Labels, optional
        Names, for markets made by `from_preferences`.
    unlisted : Unlisted, optional
        Priorities at pools that applicants do not list, where these are known.

    Raises
    ------
    MarketError
        If the arrays do not fit together, or a value is fractional, negative or out of range.

    Examples
    --------
    >>> Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    Market(2 applicants, 3 choices, 2 pools, 2 seats)
    """

    indptr: Int64Array
    pool: Int32Array
    key: Int64Array
    rank: Int32Array
    seats: Int64Array
    size: Int32Array
    labels: Labels | None = None
    unlisted: Unlisted | None = None

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            object.__setattr__(self, name, _canonical(name, getattr(self, name), dtype))
        _check_shapes(self)

    def __repr__(self) -> str:
        return (
            f"Market({self.applicants} applicants, {len(self.pool)} choices, "
            f"{len(self.seats)} pools, {int(self.seats.sum())} seats)"
        )

    @property
    def applicants(self) -> int:
        """Number of applicants; twins are one."""
        return len(self.size)

    def owners(self) -> Int32Array:
        """Return the applicant of each choice, (e,) int32."""
        return np.repeat(np.arange(self.applicants, dtype=np.int32), np.diff(self.indptr))

    @classmethod
    def from_preferences(
        cls,
        preferences: Mapping[Any, Sequence[Any]],
        priorities: Mapping[Any, Sequence[Any]],
        seats: Mapping[Any, int],
        size: Mapping[Any, int] | None = None,
    ) -> Self:
        """Make a market from lists of names.

        Parameters
        ----------
        preferences : mapping of applicant to sequence of programmes
            Best first.
        priorities : mapping of programme to sequence of applicants
            Best first; a list inside the sequence states a tie. Whom a programme does not name it does not admit.
        seats : mapping of programme to int
            Every programme named anywhere has an entry.
        size : mapping of applicant to int, optional
            Children behind an applicant; 1 where absent.

        Raises
        ------
        MarketError
            For a name that is unknown or stands twice, and for seats or sizes that are no counts.

        Examples
        --------
        >>> market = Market.from_preferences(
        ...     preferences={"ann": ["north", "south"], "bob": ["north"]},
        ...     priorities={"north": ["bob", "ann"], "south": ["ann"]},
        ...     seats={"north": 1, "south": 1},
        ... )
        >>> market.matching({"ann": "south", "bob": "north"}).choice.tolist()
        [1, 2]
        """
        labels = Labels(tuple(preferences), tuple(seats))
        keys = {
            programme: _priority_keys(programme, order, preferences)
            for programme, order in priorities.items()
            if _known(programme, seats, "priorities")
        }
        pools = {programme: p for p, programme in enumerate(seats)}
        indptr, edges = [0], list[tuple[int, int, int]]()
        for applicant, wanted in preferences.items():
            _refuse_repeats(wanted, "an applicant's preferences", secret=False)
            for place, programme in enumerate(wanted, start=1):
                _known(programme, seats, "preferences")
                key = keys.get(programme, {}).get(applicant)
                if key is not None:
                    edges.append((pools[programme], key, place))
            indptr.append(len(edges))
        for applicant in size or {}:
            _known(applicant, preferences, "size", secret=True)
        columns = np.array(edges, dtype=np.int64).reshape(-1, 3)
        row = {applicant: i for i, applicant in enumerate(preferences)}
        others = [
            (row[applicant], pools[programme], key)
            for programme, ranked in keys.items()
            for applicant, key in ranked.items()
            if programme not in preferences[applicant]
        ]
        return cls(
            indptr=np.array(indptr, dtype=np.int64),
            pool=columns[:, 0].astype(np.int32),
            key=columns[:, 1],
            rank=columns[:, 2].astype(np.int32),
            seats=np.array(list(seats.values())),
            size=np.array([(size or {}).get(applicant, 1) for applicant in preferences]),
            labels=labels,
            unlisted=Unlisted(*np.array(others, dtype=np.int64).reshape(-1, 3).T) if others else None,
        )

    def matching(self, assignment: Mapping[Any, Any]) -> "Matching":
        """Return the `Matching` that an assignment of names states, to audit somebody else's outcome.

        Parameters
        ----------
        assignment : mapping of applicant to programme or None
            Applicants not named have no seat.

        Raises
        ------
        MarketError
            If the market has no names, or somebody holds a programme that is not among the own choices.
        """
        labels = _labels_of(self)
        applicants = {name: i for i, name in enumerate(labels.applicants)}
        choice = np.full(self.applicants, -1, dtype=np.int64)
        for applicant, programme in assignment.items():
            _known(applicant, applicants, "assignment", secret=True)
            if programme is None:
                continue
            start, stop = self.indptr[applicants[applicant] : applicants[applicant] + 2]
            held = [e for e in range(start, stop) if labels.pools[self.pool[e]] == programme]
            if not held:
                raise MarketError(f"assignment: programme {programme!r} is not among its holder's choices")
            choice[applicants[applicant]] = held[0]
        return Matching.of(self, choice)


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Matching:
    """What a mechanism returns for a `Market`.

    Parameters
    ----------
    choice : (n,) int64
        Index into the market's choices, or -1.
    cutoff : (p,) int64
        Worst admitted key of a full pool, or `NO_CUTOFF`.
    market : Market
        The market it belongs to.
    """

    choice: Int64Array
    cutoff: Int64Array
    market: Market

    @classmethod
    def of(cls, market: Market, choice: Int64Array) -> Self:
        """Return the matching with these choices, its cutoffs read off the choices."""
        placed = choice >= 0
        held = choice[placed]
        pool = market.pool[held]
        taken = np.bincount(pool, weights=market.size[placed], minlength=len(market.seats))
        worst = np.full(len(market.seats), -1, dtype=np.int64)
        np.maximum.at(worst, pool, market.key[held])
        full = (taken >= market.seats) & (worst >= 0)
        return cls(choice, np.where(full, worst, np.where(market.seats == 0, -1, NO_CUTOFF)), market)

    def __repr__(self) -> str:
        return f"Matching({int((self.choice >= 0).sum())} of {len(self.choice)} applicants placed)"

    def to_dict(self) -> dict[Any, Any]:
        """Return the programme of each applicant by name, None for who has none.

        Raises
        ------
        MarketError
            If the market was not made from names.
        """
        return dict(self.items())

    def items(self) -> Iterator[tuple[Any, Any]]:
        """Yield each applicant's name with the programme's, or None."""
        labels = _labels_of(self.market)
        for applicant, choice in zip(labels.applicants, self.choice, strict=True):
            yield applicant, None if choice < 0 else labels.pools[self.market.pool[choice]]


_DTYPES = {
    "indptr": np.int64,
    "pool": np.int32,
    "key": np.int64,
    "rank": np.int32,
    "seats": np.int64,
    "size": np.int32,
}


def _canonical(name: str, values: Any, dtype: type) -> npt.NDArray[Any]:
    """Return a read-only, contiguous array of the dtype; refuse what would change on the way."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise MarketError(f"{name}: one dimension is needed, {array.ndim} found")
    if array.size and array.dtype.kind not in "iu":
        raise MarketError(f"{name}: whole numbers are needed, {array.dtype} found")
    if array.size and array.dtype != dtype:
        bounds = np.iinfo(dtype)
        low, high = int(array.min()), int(array.max())
        if low < bounds.min or high > bounds.max:
            raise MarketError(f"{name}: values from {low} to {high} do not fit {np.dtype(dtype)}")
    array = np.ascontiguousarray(array, dtype=dtype).view()
    array.flags.writeable = False
    return array


def _check_shapes(market: Market) -> None:
    n, e = len(market.size), len(market.pool)
    indptr = market.indptr
    if len(indptr) != n + 1 or indptr[0] != 0 or indptr[-1] != e or (np.diff(indptr) < 0).any():
        raise MarketError(f"indptr: {n + 1} offsets rising from 0 to {e} are needed")
    for name in ("key", "rank"):
        if len(getattr(market, name)) != e:
            raise MarketError(f"{name}: {len(getattr(market, name))} values for {e} choices")
    if e and (market.pool.min() < 0 or market.pool.max() >= len(market.seats)):
        raise MarketError(f"pool: a choice names a pool outside 0 … {len(market.seats) - 1}")
    if e and (market.key.min() < 0 or market.key.max() >= NO_CUTOFF):
        raise MarketError("key: keys run from 0 to the largest int64 less one")
    if e and market.rank.min() < 1:
        raise MarketError("rank: ranks start at 1")
    if (falls := np.flatnonzero(market.rank[1:] < market.rank[:-1]) + 1).size:
        inside = falls[~np.isin(falls, indptr)]
        if inside.size:
            raise MarketError("rank: an applicant's ranks fall along the list", rows=inside[:20].tolist())
    if (bad := np.flatnonzero(market.seats < 0)).size:
        raise MarketError(f"seats: pool {bad[0]} has {market.seats[bad[0]]} seats", rows=bad[:20].tolist())
    if n and market.size.min() < 1:
        raise MarketError("size: every applicant stands for at least one child")
    if market.unlisted is not None:
        _check_unlisted(market, market.unlisted)


def _check_unlisted(market: Market, unlisted: Unlisted) -> None:
    applicant, pool, key = unlisted.applicant, unlisted.pool, unlisted.key
    p = len(market.seats)
    if not len(applicant) == len(pool) == len(key):
        raise MarketError(f"unlisted: {len(applicant)} applicants, {len(pool)} pools and {len(key)} keys")
    for name, values, end in (("applicant", applicant, market.applicants), ("pool", pool, p), ("key", key, NO_CUTOFF)):
        if len(values) and (values.min() < 0 or values.max() >= end):
            raise MarketError(f"unlisted.{name}: values run from 0 to {int(end) - 1}")
    pairs = np.concatenate([market.owners() * np.int64(p) + market.pool, applicant * np.int64(p) + pool])
    if np.isin(pairs[len(market.pool) :], pairs[: len(market.pool)]).any():
        raise MarketError("unlisted: names a pool that is among the applicant's choices")


def _labels_of(market: Market) -> Labels:
    if market.labels is None:
        raise MarketError("this market has no names: make it with Market.from_preferences")
    return market.labels


def _known(name: Any, known: Mapping[Any, Any], where: str, secret: bool = False) -> bool:
    if name in known:
        return True
    if secret:
        raise MarketError(f"{where}: names an applicant who has no preferences")
    raise MarketError(f"{where}: no programme {name!r} in seats{did_you_mean(str(name), map(str, known))}")


def _refuse_repeats(names: Sequence[Any], where: str, secret: bool) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise MarketError(f"{where}: {'an applicant' if secret else repr(name)} stands twice")
        seen.add(name)


def _priority_keys(programme: Any, order: Sequence[Any], preferences: Mapping[Any, Sequence[Any]]) -> dict[Any, int]:
    where = f"priorities of {programme!r}"
    groups = [list(group) if isinstance(group, list | set | frozenset) else [group] for group in order]
    names = [name for group in groups for name in group]
    _refuse_repeats(names, where, secret=True)
    for name in names:
        _known(name, preferences, where, secret=True)
    return {name: key for key, group in enumerate(groups) for name in group}
