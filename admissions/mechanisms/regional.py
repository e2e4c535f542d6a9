"""Flexible deferred acceptance: one cap over several programmes, its seats shared as the applicants come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from admissions.errors import MarketError, did_you_mean
from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms.keys import narrowed

if TYPE_CHECKING:
    from admissions.kernels.flexible_deferred_acceptance import Groups

Caps = int | Mapping[tuple[Any, ...], int] | Sequence[tuple[Sequence[Any], int]]
MOST = 2**62
"""Counts above this bind nowhere; it keeps sums inside int64."""


@dataclass(frozen=True, slots=True)
class Group:
    """Pools under one cap.

    Attributes
    ----------
    pools : tuple of int
        Rising.
    cap : int
        Seats that may be taken in all of them together.
    parent : int
        Place of the smallest group around it among the groups, the larger ones first; -1 for none.
    """

    pools: tuple[int, ...]
    cap: int
    parent: int = -1


def run(market: Market, cap: Caps, targets: Mapping[Any, int] | Sequence[int] | None = None) -> Matching:
    """Return the matching of deferred acceptance in which groups of pools, nested or apart, have caps of their own.

    Pools choose together, of those they hold and those who propose: each takes its best up to its target; then they
    take turns, in the order of the pools, each taking its next best while it has a seat left and no group around it
    has reached its cap (Kamada and Kojima 2015, section III; 2018 for nested groups). Strategy-proof, without justified
    envy inside a pool, and without a seat left that the caps would let the applicant have (weakly stable), for
    applicants of size 1.

    Parameters
    ----------
    market : Market
        Applicants, choices, priorities and seats. An applicant of size above 1 enters while one seat is left in the
        pool and in every group around it, and all apply day by day.
    cap : int, mapping of tuple of pools to int, or sequence of (pools, int)
        Most seats taken in a group: of all pools together, or of each group of names (of indices where the market has
        no names). Two groups are nested or apart.
    targets : mapping of pool to int or sequence of int, optional
        Seats each pool is entitled to before the rest is shared; in a mapping, pools it does not name have none. By
        default each cap, from the outermost in, is divided in proportion to seats, by largest remainder, equal
        remainders to the earlier pool.

    Returns
    -------
    Matching
        Its cutoff is `NO_CUTOFF` where nobody was refused and one more, however bad, would be taken; elsewhere the
        worst admitted key, -1 where nobody is admitted.

    Raises
    ------
    MarketError
        For groups that cross, are empty or stand twice, unknown pools, caps and targets that are no counts, and targets
        above a pool's seats or, summed, above a cap.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north"], "bob": ["north", "south"], "cem": ["south"]},
    ...     priorities={"north": ["ann", "bob"], "south": ["bob", "cem"]},
    ...     seats={"north": 2, "south": 2},
    ... )
    >>> run(market, cap={("north", "south"): 2}).to_dict()
    {'ann': 'north', 'bob': 'south', 'cem': None}
    """
    from admissions.kernels.deferred_acceptance import Work
    from admissions.kernels.flexible_deferred_acceptance import defer_acceptance_under_caps, propose_in_days_under_caps

    groups = _groups(market, cap)
    target = _default_targets(market, groups) if targets is None else _targets(market, groups, targets)
    arrays = _arrays(groups, len(market.seats))
    key, highest, meaning = narrowed(market.key)
    choice = np.empty(market.applicants, dtype=np.int64)
    cutoff = np.empty(len(market.seats), dtype=np.int64)
    if market.size.max(initial=1) == 1:
        defer_acceptance_under_caps(
            market.indptr, market.pool, key, highest, market.seats, arrays, target, Work.of(market), choice, cutoff
        )
    else:
        propose_in_days_under_caps(
            market.indptr, market.pool, key, market.size, market.seats, arrays, target, choice, cutoff
        )
    if meaning is not None:
        binding = (cutoff >= 0) & (cutoff < len(meaning))
        cutoff[binding] = meaning[cutoff[binding]]
    return Matching(choice, cutoff, market)


def _groups(market: Market, cap: Caps) -> tuple[Group, ...]:
    """Return the groups a cap states, larger ones first, each with the smallest around it."""
    if isinstance(cap, int | np.integer):
        every = tuple(range(len(market.seats)))
        at_most = _count(cap, "cap")
        return (Group(every, at_most),) if every else ()
    if isinstance(cap, str) or not isinstance(cap, Mapping | Sequence):
        raise MarketError("cap: a count, a mapping of groups of pools to counts, or pairs of both, is needed")
    places = _places(market)
    pairs = list(cap.items() if isinstance(cap, Mapping) else cap)
    stated = []
    for pair in pairs:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2:
            raise MarketError(f"cap: {pair!r} is no pair of pools and a count")
        pools = _pools(pair[0], places)
        stated.append(Group(pools, _count(pair[1], f"cap of {_named(market, pools)}")))
    stated.sort(key=lambda group: (-len(group.pools), group.pools))
    around = [-1] * len(market.seats)
    nested: list[Group] = []
    for group in stated:
        parents = {around[p] for p in group.pools}
        for other in sorted(parents - {-1}):
            outer = nested[other].pools
            if outer == group.pools:
                raise MarketError(f"cap: the group {_named(market, outer)} stands twice")
            if len(parents) > 1 and not set(group.pools) <= set(outer):
                raise MarketError(
                    f"cap: the groups {_named(market, outer)} and {_named(market, group.pools)} cross; of two groups "
                    "one must lie inside the other, or they must have no pool in common"
                )
        for p in group.pools:
            around[p] = len(nested)
        nested.append(Group(group.pools, group.cap, parents.pop()))
    return tuple(nested)


def _places(market: Market) -> dict[Any, int]:
    """Return the index of each pool by what it may be called: its name, and its index where no name is a number."""
    names: dict[Any, int] = {} if market.labels is None else {name: p for p, name in enumerate(market.labels.pools)}
    if any(isinstance(name, int | float | np.number) for name in names):
        return names
    return names | {p: p for p in range(len(market.seats))}


def _pools(names: Any, places: Mapping[Any, int]) -> tuple[int, ...]:
    """Return the pools of a group."""
    if isinstance(names, str) or not isinstance(names, Sequence | np.ndarray):
        raise MarketError(f"cap: {names!r} is no group of pools; write ({names!r},) for a group of one")
    if not len(names):
        raise MarketError("cap: a group without pools")
    pools = [_pool(name, places, "cap") for name in names]
    seen: set[int] = set()
    for name, p in zip(names, pools, strict=True):
        if p in seen:
            raise MarketError(f"cap: pool {name!r} stands twice in a group")
        seen.add(p)
    return tuple(sorted(pools))


def _pool(name: Any, places: Mapping[Any, int], where: str) -> int:
    try:
        if not isinstance(name, bool | float):
            return places[name]
    except (KeyError, TypeError):
        pass
    raise MarketError(f"{where}: no pool {name!r}{did_you_mean(str(name), map(str, places))}")


def _count(value: Any, where: str) -> int:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | np.integer) or value < 0:
        raise MarketError(f"{where}: {value!r} is no count; 0 or a larger whole number is needed")
    return min(int(value), MOST)


def _named(market: Market, pools: Sequence[int]) -> str:
    """Return a group as an error shows it."""
    shown = [repr(market.labels.pools[p] if market.labels else p) for p in pools[:5]]
    return f"({', '.join(shown)}{', …' if len(pools) > 5 else ''})"


def _targets(market: Market, groups: tuple[Group, ...], targets: Mapping[Any, int] | Sequence[int]) -> Int64Array:
    """Return the targets stated, having checked that they can all be met."""
    pools = len(market.seats)
    target = [0] * pools
    if isinstance(targets, Mapping):
        places = _places(market)
        for name, value in targets.items():
            target[_pool(name, places, "targets")] = _count(value, f"targets: pool {name!r}")
    else:
        if isinstance(targets, str) or not isinstance(targets, Sequence | np.ndarray) or len(targets) != pools:
            raise MarketError(f"targets: a mapping of pools to counts, or {pools} counts, is needed")
        target = [_count(value, f"targets: pool {_named(market, [p])}") for p, value in enumerate(targets)]
    for p, seats in enumerate(market.seats.tolist()):
        if target[p] > seats:
            raise MarketError(f"targets: pool {_named(market, [p])} has {seats} seats, its target is {target[p]}")
    for group in groups:
        total = sum(target[p] for p in group.pools)
        if total > group.cap:
            raise MarketError(
                f"targets: those of the group {_named(market, group.pools)} sum to {total}, its cap is {group.cap}"
            )
    return np.array(target, dtype=np.int64)


def _default_targets(market: Market, groups: tuple[Group, ...]) -> Int64Array:
    """Return each cap divided in proportion to seats, the outermost first; a pool in no group is entitled to all."""
    seats = market.seats.tolist()
    parts: list[list[tuple[tuple[int, ...], int]]] = [[] for _ in groups]
    most = [0] * len(groups)
    for g, group in reversed(list(enumerate(groups))):
        covered = {p for pools, _ in parts[g] for p in pools}
        parts[g] = sorted(parts[g] + [((p,), seats[p]) for p in group.pools if p not in covered])
        most[g] = min(group.cap, sum(room for _, room in parts[g]))
        if group.parent >= 0:
            parts[group.parent].append((group.pools, most[g]))
    granted: dict[tuple[int, ...], int] = {(p,): number for p, number in enumerate(seats)}
    granted |= {group.pools: most[g] for g, group in enumerate(groups) if group.parent < 0}
    for g, group in enumerate(groups):
        weights = [sum(seats[p] for p in pools) for pools, _ in parts[g]]
        shares = _divided(granted[group.pools], weights, [room for _, room in parts[g]])
        granted |= {pools: share for (pools, _), share in zip(parts[g], shares, strict=True)}
    return np.array([granted[(p,)] for p in range(len(seats))], dtype=np.int64)


def _divided(total: int, weights: Sequence[int], most: Sequence[int]) -> list[int]:
    """Return a total divided in proportion to weights, none above its most, by largest remainder."""
    share, sharing, weight = list(most), set(range(len(weights))), sum(weights)
    while above := {k for k in sharing if total * weights[k] >= most[k] * weight}:
        sharing -= above
        total -= sum(most[k] for k in above)
        weight -= sum(weights[k] for k in above)
    for k in sharing:
        share[k] = total * weights[k] // weight
    left = total - sum(share[k] for k in sharing)
    for k in sorted(sharing, key=lambda k: (-(total * weights[k] % weight), k))[:left]:
        share[k] += 1
    return share


def _arrays(groups: tuple[Group, ...], pools: int) -> "Groups":
    """Return the groups as the kernels take them."""
    from admissions.kernels.flexible_deferred_acceptance import Groups

    innermost = np.full(pools, -1, dtype=np.int64)
    chains: list[tuple[int, ...]] = [()] * len(groups)
    for g, group in enumerate(groups):
        innermost[list(group.pools)] = g
        chains[g] = (*(chains[group.parent] if group.parent >= 0 else ()), g)
    order = sorted(range(pools), key=lambda p: (chains[innermost[p]] if innermost[p] >= 0 else (), p))
    place = np.empty(pools, dtype=np.int64)
    place[order] = np.arange(pools)
    low = [int(place[list(group.pools)].min()) for group in groups]
    return Groups(
        cap=np.array([group.cap for group in groups], dtype=np.int64),
        parent=np.array([group.parent for group in groups], dtype=np.int64),
        low=np.array(low, dtype=np.int64),
        high=np.array([first + len(group.pools) for first, group in zip(low, groups, strict=True)], dtype=np.int64),
        innermost=innermost,
        place=place,
    )
