"""The audit of a market beside the kernel it checks, and the kernel beside a published library."""

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from rich.console import Console
from rich.table import Table

from admissions.audit import audit_market, stable_improvements
from admissions.market import Market
from admissions.mechanisms import match
from benchmarks.kernels import in_turn
from benchmarks.markets import synthetic

RESIDENTS = (1_000, 4_000)


def run() -> None:
    """Print the audit's time as a ratio of the kernel's, at 1,000,000 × 10 × 2,000."""
    market = synthetic(1_000_000, 10, 2_000)
    matching = match(market, "deferred_acceptance")
    kernel, audit, improvements = in_turn(
        [
            lambda: match(market, "deferred_acceptance"),
            lambda: audit_market(market, matching),
            lambda: stable_improvements(market, matching),
        ]
    )
    table = Table("what", "median ms", "ratio to the kernel", "budget", title="Audit, 1,000,000 × 10 × 2,000")
    table.add_row("deferred acceptance", f"{kernel * 1e3:.0f}", "1.00", "")
    table.add_row("audit P1 to P5", f"{audit * 1e3:.0f}", f"{audit / kernel:.2f}", "1.0")
    table.add_row("audit P7", f"{improvements * 1e3:.0f}", f"{improvements / kernel:.2f}", "")
    Console(width=120).print(table)


def peers() -> None:
    """Print the time of `matching` (PyPI) beside the kernel's, where it is installed."""
    try:
        from matching.games import HospitalResident
    except ImportError:
        print("matching is not installed: pip install -e '.[bench]'")
        return
    table = Table("residents", "matching s", "here ms", "times faster", title="Against matching (PyPI), 40 hospitals")
    for residents in RESIDENTS:
        market = synthetic(residents, 10, 40)
        try:
            theirs = _seconds(partial(_as_game(HospitalResident, market).solve, optimal="resident"))
        except RecursionError:
            table.add_row(f"{residents:,}", "fails: recursion", "", "")
            continue
        match(market, "deferred_acceptance")
        ours = statistics.median(_seconds(partial(match, market, "deferred_acceptance")) for _ in range(9))
        table.add_row(f"{residents:,}", f"{theirs:.2f}", f"{ours * 1e3:.2f}", f"{theirs / ours:,.0f}")
    Console(width=120).print(table)


def _as_game(games: Any, market: Market) -> Any:
    """Return the same market as a game of that library; making it is not timed."""
    wanted = {i: market.pool[market.indptr[i] : market.indptr[i + 1]].tolist() for i in range(market.applicants)}
    ranked: dict[int, list[tuple[int, int]]] = {}
    for i in range(market.applicants):
        for e in range(market.indptr[i], market.indptr[i + 1]):
            ranked.setdefault(int(market.pool[e]), []).append((int(market.key[e]), i))
    hospitals = {p: [i for _, i in sorted(rows)] for p, rows in ranked.items()}
    capacities = {p: int(market.seats[p]) for p in hospitals}
    return games.create_from_dictionaries(wanted, hospitals, capacities)


def _seconds(work: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
