"""How fast the kernels are: against plain C in the same run, and from a hundred thousand applicants to ten million."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from admissions.market import Market
from admissions.mechanisms import match
from benchmarks import yardstick
from benchmarks.markets import synthetic
from benchmarks.memory import times_the_market
from benchmarks.tables import headed, named

REPEATS = 5
AGAINST_C = (1_000_000, 10, 2_000)
SMALL, LARGE = (100_000, 10, 500), (10_000_000, 6, 20_000)
MOST_OF_C, MOST_GROWTH, MOST_MEMORY = 1.0, 2.5, 3.0


def run() -> None:
    """Measure deferred acceptance and serial dictatorship and print one table each."""
    console = Console()
    console.print(_against_c())
    console.print(_at_scale())
    console.print(_serial_dictatorship())


def _against_c() -> Table:
    table = headed("Deferred acceptance against plain C", "market", "C", "here", "ratio", "budget")
    market = synthetic(*AGAINST_C)
    if yardstick.compiler() is None:
        table.add_row(named(AGAINST_C), "no compiler", "", "", "")
        return table
    in_c = yardstick.compiled()
    choice, cutoff, _ = in_c(market)
    matching = match(market, "deferred_acceptance")
    if not (np.array_equal(matching.choice, choice) and np.array_equal(matching.cutoff, cutoff)):
        raise RuntimeError("the kernel and the yardstick disagree")
    theirs, ours = in_turn([partial(in_c, market), partial(match, market, "deferred_acceptance")])
    table.add_row(named(AGAINST_C), _ms(theirs), _ms(ours), f"{ours / theirs:.2f}", f"{MOST_OF_C:.2f}")
    return table


def _at_scale() -> Table:
    table = headed("Deferred acceptance at scale", "market", "median", "proposals", "ns a proposal", "memory")
    each = []
    for shape in (SMALL, LARGE):
        market = synthetic(*shape)
        proposals = _proposals(market)
        (seconds,) = in_turn([partial(match, market, "deferred_acceptance")])
        each.append(seconds / proposals * 1e9)
        memory = times_the_market(market, partial(match, market, "deferred_acceptance"))
        table.add_row(named(shape), _ms(seconds), f"{proposals:,}", f"{each[-1]:.1f}", f"{memory:.2f} ×")
    table.add_row("growth", "", "", f"{each[1] / each[0]:.2f} ×", "")
    table.caption = f"budgets: growth {MOST_GROWTH} ×; market and work together {MOST_MEMORY} × the market's arrays"
    return table


def _serial_dictatorship() -> Table:
    table = headed("Serial dictatorship", "market", "one key each", "order from the pools")
    market = synthetic(*AGAINST_C)
    mark = np.random.default_rng(2016).permutation(market.applicants)
    key = np.repeat(mark, np.diff(market.indptr))
    alike, shifted = (
        Market(market.indptr, market.pool, k, market.rank, market.seats, market.size) for k in (key, key + market.pool)
    )
    seconds = in_turn([partial(match, m, "serial_dictatorship") for m in (alike, shifted)])
    table.add_row(named(AGAINST_C), *map(_ms, seconds))
    return table


def in_turn(subjects: Sequence[Callable[[], Any]], repeats: int = REPEATS) -> list[float]:
    """Return the median seconds of each subject, run in turn so that a noisy machine is unfair to none."""
    seconds: list[list[float]] = [[] for _ in subjects]
    for subject in subjects:
        subject()
    for _ in range(repeats):
        for times, subject in zip(seconds, subjects, strict=True):
            began = time.perf_counter()
            subject()
            times.append(time.perf_counter() - began)
    return [median(times) for times in seconds]


def _proposals(market: Market) -> int:
    """Return how many proposals deferred acceptance takes on a market: the same for every order of proposing."""
    choice = match(market, "deferred_acceptance").choice
    tried = np.where(choice >= 0, choice + 1, market.indptr[1:]) - market.indptr[:-1]
    return int(tried.sum())


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.0f} ms"
