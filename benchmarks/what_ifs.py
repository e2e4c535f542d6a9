"""What one change of a market costs when its outcome is continued, against a full run of the changed market."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from admissions.kernels.deferred_acceptance import Work, defer_acceptance
from admissions.market import Market
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.continuation import Continuation, continue_from
from admissions.mechanisms.keys import narrowed
from benchmarks.kernels import in_turn
from benchmarks.markets import balanced, synthetic
from benchmarks.tables import headed, named

SHAPE = (100_000, 10, 500)
CHANGES, ASKED, EACH_RUN = 1_000, 3, 40
"""Changes of each kind, how often each is asked (its median counts), and after how many there is a full run."""
LEAST_RATIO = 100
SEATS = {"for half": 0.5, "for nine in ten": 0.9, "for all and a fifth": 1.2}
"""Seats for how many of the applicants."""


def run() -> None:
    """Print a table for scarce seats, for nearly enough and for plentiful ones, and one where chains are longest."""
    console = Console(width=130)
    market = synthetic(*SHAPE)
    for name, share in SEATS.items():
        seats = np.maximum(1, (market.seats * (share / 0.9)).astype(np.int64))
        console.print(_against_full_runs(f"seats {name}", replace(market, seats=seats)))
    console.print(_against_full_runs("a seat for each, all pools alike: chains cross the market", balanced(*SHAPE)))


def _against_full_runs(name: str, market: Market) -> Table:
    table = headed(
        f"One change of {named(SHAPE)}, {name}", "change", "moves: median", "most", "µs: median", "95 %", "worst",
        "full run µs", "ratio: median", "95 %", "worst",
    )  # fmt: skip
    kernel = _kernel(market)
    kernel()
    state = continue_from(deferred_acceptance.run(market))
    for kind, changes in _changes(market, state, np.random.default_rng(2016)).items():
        seconds, moves, full = _measured(changes, kernel)
        cuts = np.quantile(seconds, [0.5, 0.95, 1.0])
        counts = f"{np.median(moves):,.0f}", f"{moves.max():,}"
        times, ratios = (f"{cut * 1e6:,.0f}" for cut in cuts), (_times(full / cut) for cut in cuts)
        table.add_row(kind, *counts, *times, f"{full * 1e6:,.0f}", *ratios)
    every, full = in_turn([state.marginal_seats, kernel])
    pools, moves = len(market.seats), state.marginal_seats().moved
    table.add_row(
        f"next seat of all {pools}", f"{np.median(moves):,.0f}", f"{moves.max():,}", f"{every * 1e6:,.0f}", "", "",
        f"{pools * full * 1e6:,.0f}", _times(pools * full / every), "", "",
    )  # fmt: skip
    table.caption = (
        f"{CHANGES:,} random changes a kind, each the median of {ASKED}; the full run is the warm kernel alone, its "
        f"arrays made, in turn with the changes; budget {LEAST_RATIO} × in the median"
    )
    return table


def _kernel(market: Market) -> Callable[[], None]:
    """Return a full run of the kernel, with its keys and work arrays ready."""
    key, highest, _ = narrowed(market.key)
    choice = np.empty(market.applicants, dtype=np.int64)
    cutoff = np.empty(len(market.seats), dtype=np.int64)
    arrays = market.indptr, market.pool, key, highest, market.seats, market.size
    return partial(defer_acceptance, *arrays, Work.of(market), choice, cutoff)


def _changes(market: Market, state: Continuation, rng: np.random.Generator) -> dict[str, Iterator[Callable[[], Any]]]:
    """Return random changes of each kind; lists are those of some applicant, priorities those of another."""

    def pools() -> Iterator[int]:
        return iter(rng.integers(len(market.seats), size=CHANGES).tolist())

    def applicants() -> Iterator[int]:
        return iter(rng.integers(market.applicants, size=CHANGES).tolist())

    def listing(one: int, other: int) -> tuple[Any, Any]:
        wanted, keys = (slice(*market.indptr[[i, i + 1]]) for i in (one, other))
        return market.pool[wanted].tolist(), market.key[keys]

    return {
        "a seat more": (partial(state.seat_added, j) for j in pools()),
        "a seat less": (partial(state.seat_removed, j) for j in pools()),
        "a child more": (
            partial(state.child_added, *listing(i, o)) for i, o in zip(applicants(), applicants(), strict=True)
        ),
        "a child less": (partial(state.child_withdrawn, i) for i in applicants()),
        "another list": (
            partial(state.list_changed, i, *listing(o, o)) for i, o in zip(applicants(), applicants(), strict=True)
        ),
    }


def _measured(changes: Iterator[Callable[[], Any]], kernel: Callable[[], None]) -> tuple[Any, Any, float]:
    """Return seconds and moves of each change, and the median seconds of a full run."""
    seconds, moves, runs = [], [], []
    for place, ask in enumerate(changes):
        if place % EACH_RUN == 0:
            runs.append(_timed(kernel)[0])
        times, answers = zip(*(_timed(ask) for _ in range(ASKED)), strict=True)
        seconds.append(median(times))
        moves.append(len(answers[0].applicant))
        if place % EACH_RUN == 0:
            told = answers[0].matching()
            if not np.array_equal(told.choice, deferred_acceptance.run(told.market).choice):
                raise RuntimeError("the outcome that is continued and the full run disagree")
    return np.array(seconds), np.array(moves), median(runs)


def _times(ratio: float) -> str:
    return f"{ratio:,.0f} ×" if ratio >= 10 else f"{ratio:.1f} ×"


def _timed(subject: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    answer = subject()
    return time.perf_counter() - began, answer
