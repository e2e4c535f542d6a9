"""Seats: what each programme has, and how pools divide what is left of them."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from admissions.district.district import District
from admissions.errors import DataError, PolicyError, Problem
from admissions.market import BoolArray, Int64Array
from admissions.policy.policy import Policy, Round


def programme_seats(district: District, policy: Policy) -> Int64Array:
    """Return the seats of each programme: its own number, or classes times class size.

    Parameters
    ----------
    district : District
        Its `programmes` state seats, or classes with or without a class size.
    policy : Policy
        Gives the class size of a stage where a programme states none.

    Returns
    -------
    (p,) int64

    Raises
    ------
    DataError
        If a programme counts classes and nobody states their size.
    """
    programmes = district.programmes
    columns = {name: _counts(programmes, name) for name in ("seats", "classes", "class_size")}
    caps = programmes["stage"].replace_strict(policy.class_size, default=None, return_dtype=pl.Int64)
    size = columns["class_size"].zip_with(columns["class_size"].is_not_null(), caps)
    product = columns["classes"] * size
    seats = columns["seats"].zip_with(columns["seats"].is_not_null(), product)
    if seats.null_count():
        message = "counts classes, but neither it nor the policy's class_size says how many children a class takes"
        ids = programmes["programme_id"].filter(seats.is_null())
        raise DataError(Problem("programmes", None, "programme_id", one, message) for one in ids)
    return seats.to_numpy().astype(np.int64)


def divide_seats(
    rule: Round, district: District, programmes: BoolArray, total: Int64Array, left: Int64Array
) -> Int64Array:
    """Return the seats of each pool of a round at each programme.

    Parameters
    ----------
    rule : Round
        Its pools, in the order of law.
    district : District
        Its `seat_plan` is read for pools that follow it.
    programmes : (p,) bool
        Programmes of the round.
    total, left : (p,) int64
        Seats of each programme, and what earlier rounds left of them.

    Returns
    -------
    (p, k) int64
        A pool with a number for the whole round has it apportioned to the programmes by largest remainder, in
        proportion to the seats left, ties to the smaller programme_id, and no programme beyond its seats.

    Raises
    ------
    PolicyError, DataError
        If the pools together ask for more seats than there are.
    """
    left = np.where(programmes, left, 0)
    total = np.where(programmes, total, 0)
    shares = np.zeros((len(left), len(rule.pools)), dtype=np.int64)
    _refuse_more_than_there_is(rule, district, total)
    room = left.copy()
    later = []
    for k, pool in enumerate(rule.pools):
        if pool.seats == "rest":
            later.append(k)
            continue
        if pool.seats == "seat_plan":
            shares[:, k] = np.minimum(_planned(district, pool.name), room)
        else:
            shares[:, k] = apportion(pool.seats, left, room)
        room -= shares[:, k]
    for k in later:
        shares[:, k] = room
    return shares


def planned_seats(rule: Round, district: District) -> Int64Array | None:
    """Return the seats of each programme, (p,) int64, in the pools that follow ``seat_plan``; None where none does."""
    names = [pool.name for pool in rule.pools if pool.seats == "seat_plan"]
    if not names:
        return None
    return np.sum([_planned(district, name) for name in names], axis=0, dtype=np.int64)


def apportion(seats: int, weights: Int64Array, room: Int64Array) -> Int64Array:
    """Return `seats` divided in proportion to `weights` by largest remainder, nobody beyond `room`.

    Parameters
    ----------
    seats : int
        To divide; where the room is smaller, the room is filled.
    weights, room : (p,) int64
        Claims, and upper bounds.

    Notes
    -----
    Hamilton's method, in integers. Equal remainders go to the smaller index; what a bound cuts off goes by the same
    remainders to those with room.

    Examples
    --------
    >>> apportion(7, np.array([50, 30, 20]), np.array([50, 30, 20])).tolist()
    [4, 2, 1]
    >>> apportion(5, np.array([5, 5]), np.array([2, 5])).tolist()
    [2, 3]
    """
    seats = min(seats, int(room.sum()))
    whole = int(weights.sum())
    if seats == 0 or whole == 0:
        return np.zeros_like(weights)
    claims = [seats * weight for weight in weights.tolist()]
    shares = np.minimum([claim // whole for claim in claims], room)
    order = sorted(range(len(claims)), key=lambda p: (-(claims[p] % whole), p))
    missing = seats - int(shares.sum())
    while missing:
        for p in order:
            if missing and shares[p] < room[p]:
                shares[p] += 1
                missing -= 1
    return shares


def _counts(programmes: pl.DataFrame, name: str) -> pl.Series:
    if name in programmes.columns:
        return programmes[name]
    return pl.Series(name, [None] * len(programmes), dtype=pl.Int64)


def _planned(district: District, pool: str) -> Int64Array:
    rows = district.seat_plan.filter(pl.col("pool") == pool).select("programme_id", "seats")
    found = district.programmes.select("programme_id").join(rows, on="programme_id", how="left", maintain_order="left")
    return found["seats"].fill_null(0).to_numpy().astype(np.int64)


def _refuse_more_than_there_is(rule: Round, district: District, total: Int64Array) -> None:
    numbers = [pool.seats for pool in rule.pools if isinstance(pool.seats, int)]
    if sum(numbers) > total.sum():
        raise PolicyError(
            f"round '{rule.name}' › pool: the pools ask for {_sum(numbers)} seats together, "
            f"and the round's programmes have {total.sum()}"
        )
    asked = planned_seats(rule, district)
    if asked is None:
        return
    planned = [pool.name for pool in rule.pools if pool.seats == "seat_plan"]
    if unknown := [name for name in planned if not (district.seat_plan["pool"] == name).any()]:
        raise PolicyError(f"round '{rule.name}' › pool '{unknown[0]}': no row of seat_plan speaks of this pool")
    over = np.flatnonzero((asked > total) & (total > 0))
    if over.size:
        ids = district.programmes["programme_id"]
        raise DataError(
            Problem("seat_plan", None, "programme_id", ids[int(p)],
                    f"its pools sum to {asked[p]} seats, the programme has {total[p]}")
            for p in over
        )  # fmt: skip


def _sum(numbers: Sequence[int]) -> str:
    return f"{' + '.join(map(str, numbers))} = {sum(numbers)}" if len(numbers) > 1 else str(numbers[0])
