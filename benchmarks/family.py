"""How fast the mechanisms are beside deferred acceptance, on the same market in the same run, and what they need."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from admissions.market import Int32Array, Int64Array, Market, Matching
from admissions.mechanisms import MECHANISMS, match
from benchmarks.kernels import AGAINST_C, MOST_MEMORY, in_turn
from benchmarks.markets import synthetic
from benchmarks.memory import times_the_market
from benchmarks.tables import headed, named

SMALLER = (20_000, 10, 200)
"""Where mechanisms are measured whose time is not near-linear."""
MOST_TIME, MOST_TIME_OF_CYCLES = 3.0, 60.0
CYCLES = ("efficiency_adjusted", "stable_improvement")


@dataclass(frozen=True, slots=True)
class Case:
    """A mechanism with parameters, on one of the markets below."""

    mechanism: str
    market: str = "own keys"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    shown: str = ""

    def run(self) -> Matching:
        """Return the matching."""
        return match(MARKETS[self.market](), self.mechanism, **self.parameters)

    def __str__(self) -> str:
        return " ".join([self.mechanism, self.shown or " ".join(f"{k}={v}" for k, v in self.parameters.items())])


def run() -> None:
    """Print the time of every mechanism as ratios, its memory, and what a second thread gains."""
    console = Console(width=150)
    console.print(_speed())
    console.print(_elsewhere())
    console.print(_threads())


@cache
def _own_keys() -> Market:
    return synthetic(*AGAINST_C)


@cache
def _one_mark() -> Market:
    market = _own_keys()
    mark = np.random.default_rng(2016).permutation(market.applicants)
    return _changed(market, key=np.repeat(mark, np.diff(market.indptr)))


@cache
def _ties() -> Market:
    market = _own_keys()
    return _changed(market, key=market.key // (int(market.key.max()) // 1_000))


@cache
def _twins() -> Market:
    market = _own_keys()
    twins = np.random.default_rng(2016).random(market.applicants) < 0.03
    return _changed(market, size=np.where(twins, 2, 1).astype(np.int32))


def _changed(market: Market, key: Int64Array | None = None, size: Int32Array | None = None) -> Market:
    key, size = market.key if key is None else key, market.size if size is None else size
    return Market(market.indptr, market.pool, key, market.rank, market.seats, size)


MARKETS: dict[str, Callable[[], Market]] = {
    "own keys": _own_keys,
    "one mark": _one_mark,
    "1,000 keys": _ties,
    "twins": _twins,
}
"""One key a choice; one key an applicant; few keys, so that pools have ties; three applicants in a hundred are two."""

LOTTERY, ALL, SKIP = {"ties": "lottery"}, {"ties": "admit_all"}, {"bundles": "skip"}


def _cases() -> list[Case]:
    """Return what is measured: every mechanism, and its rules at the margin."""
    cap, width = int(_own_keys().seats.sum()) * 95 // 100, int(_own_keys().key.max()) // 64
    return [
        Case("deferred_acceptance"),
        Case("deferred_acceptance", parameters={"proposing": "programmes"}),
        Case("immediate_acceptance"),
        Case("parallel", parameters={"band": 2}),
        Case("parallel", parameters={"band": 4}),
        Case("score_bands", parameters={"width": width}, shown="64 bands"),
        Case("score_bands", "one mark", {"width": 10_000}, shown="100 bands"),
        Case("score_bands", "one mark", {"width": 1}, shown="1,000,000 bands"),
        Case("serial_dictatorship", "one mark"),
        Case("top_trading_cycles", parameters=LOTTERY),
        Case("top_trading_cycles", "one mark"),
        Case("regional", parameters={"cap": cap}, shown="95 % of all seats"),
        Case("regional", parameters={"cap": _nested_caps()}, shown="20 groups, 10 of them in another"),
        Case("efficiency_adjusted", parameters=LOTTERY),
        Case("stable_improvement"),
        Case("stable_improvement", "1,000 keys"),
        Case("deferred_acceptance", "1,000 keys", ALL),
        Case("immediate_acceptance", "1,000 keys", ALL),
        Case("parallel", "1,000 keys", {"band": 4, **ALL}),
        Case("deferred_acceptance", "twins", SKIP),
        Case("immediate_acceptance", "twins", SKIP),
        Case("top_trading_cycles", "twins", {**LOTTERY, **SKIP}),
        Case("regional", "twins", {"cap": cap}, shown="95 % of all seats"),
        Case("efficiency_adjusted", "twins", LOTTERY),
        Case("stable_improvement", "twins"),
    ]


def _nested_caps() -> list[tuple[list[int], int]]:
    """Return caps of 95 % over twentieths of the pools, and of 90 % over the first half of all pools."""
    seats = _own_keys().seats
    half, parts = np.arange(len(seats) // 2), np.array_split(np.arange(len(seats)), 20)
    shares = [(half, 90), *((part, 95) for part in parts)]
    return [(pools.tolist(), int(seats[pools].sum()) * percent // 100) for pools, percent in shares]


def _speed() -> Table:
    table = headed(
        f"The family at {named(AGAINST_C)}",
        *("mechanism", "market", "ms", "× deferred acceptance there", "× on own keys", "budget", "memory"),
    )
    cases = _cases()
    for case in cases:
        there = Case("deferred_acceptance", case.market)
        base, beside, seconds = in_turn([cases[0].run, there.run, case.run])
        budget = MOST_TIME_OF_CYCLES if case.mechanism in CYCLES else MOST_TIME
        memory = times_the_market(MARKETS[case.market](), case.run)
        table.add_row(
            str(case),
            case.market,
            f"{seconds * 1e3:,.0f}",
            _marked(seconds / beside, budget),
            _marked(seconds / base, budget),
            f"{budget:.0f}",
            f"{_marked(memory, MOST_MEMORY)} ×",
        )
    table.caption = f"an exclamation mark: above the budget; of memory, market and work together, {MOST_MEMORY:.0f} ×"
    return table


def _elsewhere() -> Table:
    """Measure on a smaller market whatever has no case above."""
    table = headed(f"The others, at {named(SMALLER)}", "mechanism", "market", "ms", "× deferred acceptance")
    market = synthetic(*SMALLER)
    measured = {case.mechanism for case in _cases()}
    for name in (name for name in MECHANISMS if name not in measured):
        subject = partial(match, market, name, **MECHANISMS[name].judged_with)
        base, seconds = in_turn([partial(match, market, "deferred_acceptance"), subject])
        table.add_row(name, "own keys", f"{seconds * 1e3:,.0f}", f"{seconds / base:,.0f}")
    return table


def _threads() -> Table:
    table = headed("Two runs, one after the other and in two threads", "mechanism", "market", "times faster in threads")
    with ThreadPoolExecutor(2) as pool:
        for case in (case for case in _cases() if case.market in ("own keys", "one mark")):
            one_by_one, at_once = in_turn([partial(_twice, map, case), partial(_twice, pool.map, case)], repeats=3)
            table.add_row(str(case), case.market, f"{one_by_one / at_once:.2f}")
    return table


def _twice(mapped: Callable[..., Any], case: Case) -> None:
    list(mapped(lambda one: one.run(), (case, case)))


def _marked(ratio: float, budget: float) -> str:
    return f"{'! ' if ratio > budget else ''}{ratio:.2f}"
