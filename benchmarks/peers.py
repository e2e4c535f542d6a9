"""Deferred acceptance beside published libraries, on the same instances and with the same outcome."""

import time
from collections.abc import Callable
from functools import partial
from statistics import median
from typing import Any

from rich.console import Console

from admissions.market import Market
from admissions.mechanisms import match
from benchmarks.markets import synthetic
from benchmarks.tables import headed

RESIDENTS, CHOICES, HOSPITALS = (1_000, 3_000), 10, 40

Lists = dict[int, list[int]]
Outcome = dict[int, int]
Solver = Callable[[], Outcome]


def run() -> None:
    """Print the time of each library beside the time here; making the instance is not timed."""
    columns = ("residents", "library", "its s", "ms here", "times faster")
    table = headed(f"Against libraries from PyPI, {HOSPITALS} hospitals, lists of {CHOICES}", *columns)
    for residents in RESIDENTS:
        market = synthetic(residents, CHOICES, HOSPITALS)
        choice = match(market, "deferred_acceptance").choice.tolist()
        here = {i: int(market.pool[c]) for i, c in enumerate(choice) if c >= 0}
        ours = median(_timed(partial(match, market, "deferred_acceptance"))[0] for _ in range(9))
        for library, prepare in LIBRARIES.items():
            try:
                theirs, there = _timed(prepare(market))
            except ModuleNotFoundError:
                table.add_row(f"{residents:,}", library, "not installed", "", "")
                continue
            except RecursionError:
                table.add_row(f"{residents:,}", library, "fails: recursion", f"{ours * 1e3:.2f}", "")
                continue
            if there != here:
                raise RuntimeError(f"{library} and the kernel disagree")
            table.add_row(f"{residents:,}", library, f"{theirs:.2f}", f"{ours * 1e3:.2f}", f"{theirs / ours:,.0f}")
    table.caption = "they come with pip install -e '.\\[bench]'"
    Console(width=120).print(table)


def _matching(market: Market) -> Solver:
    """Return a run of `matching` (Wilde, Knight and Gillard 2020)."""
    from matching.games import HospitalResident

    wanted, ranked, capacity = _lists(market)
    game: Any = HospitalResident.create_from_dictionaries(wanted, ranked, capacity)

    def solve() -> Outcome:
        solution = game.solve(optimal="resident")
        return {resident.name: hospital.name for hospital, placed in solution.items() for resident in placed}

    return solve


def _algmatch(market: Market) -> Solver:
    """Return a run of `algmatch`, its own check of stability included."""
    from algmatch import HR

    wanted, ranked, capacity = _lists(market)
    hospitals = {p: {"capacity": capacity[p], "preferences": ranked[p]} for p in ranked}
    game: Any = HR(dictionary={"residents": wanted, "hospitals": hospitals})

    def solve() -> Outcome:
        placed = game.get_stable_matching()["resident_sided"]
        return {int(resident[1:]): int(hospital[1:]) for resident, hospital in placed.items() if hospital}

    return solve


LIBRARIES: dict[str, Callable[[Market], Solver]] = {"matching": _matching, "algmatch": _algmatch}


def _lists(market: Market) -> tuple[Lists, Lists, dict[int, int]]:
    """Return the lists of residents and of hospitals, and the hospitals' capacities."""
    wanted = {i: market.pool[market.indptr[i] : market.indptr[i + 1]].tolist() for i in range(market.applicants)}
    ranked: dict[int, list[tuple[int, int]]] = {}
    for i, p, key in zip(market.owners().tolist(), market.pool.tolist(), market.key.tolist(), strict=True):
        ranked.setdefault(p, []).append((key, i))
    return (
        wanted,
        {p: [i for _, i in sorted(rows)] for p, rows in ranked.items()},
        {p: int(market.seats[p]) for p in ranked},
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds that some work takes, and what it returns."""
    begin = time.perf_counter()
    result = work()
    return time.perf_counter() - begin, result
