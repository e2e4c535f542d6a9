"""What a thousand lotteries cost: against as many runs of the kernel, on one thread and two, and in memory."""

import time
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import polars as pl
from numba import njit
from rich.console import Console
from rich.table import Table

from admissions.district.district import District
from admissions.district.generation import generate_district
from admissions.kernels.deferred_acceptance import Work
from admissions.market import Market
from admissions.mechanisms.deferred_acceptance import run as accept
from admissions.policy.policy import Policy
from admissions.policy.reading import read_policy
from admissions.simulation.blocks import blocks_of, on_threads
from admissions.simulation.laboratory import Laboratory, compile_policy
from admissions.simulation.odds import prepare_blocks, simulate, work_block
from admissions.simulation.tally import Tally
from benchmarks.kernels import in_turn
from benchmarks.markets import synthetic

SHAPE = (100_000, 10, 500)
DRAWS = 100
"""Draws measured a time; the ratio is that of a thousand."""
CLASSES = (1, 4, 16)
SUMS = 300_000_000
"""Steps of arithmetic beside which the gain of a second thread is held."""
MOST_OF_KERNEL, LEAST_SPEED_UP, MOST_SECONDS = 1.1, 1.8, 60.0


def run() -> None:
    """Print the cost of draws beside that of the kernel, the gain of a second thread, memory, and the demo district."""
    console = Console(width=150)
    console.print(_against_the_kernel())
    console.print(_memory())
    console.print(_demo())


def lottery_district(applicants: int, choices: int, pools: int, classes: int) -> tuple[District, Policy]:
    """Return a district whose applicants have a class at each programme, and a policy of class and then lottery."""
    market = synthetic(applicants, choices, pools)
    own = np.random.default_rng(2016).integers(classes, size=len(market.pool))
    width = len(str(applicants))
    ids = pl.Series([f"S{i:0{width}d}" for i in range(applicants)])
    names = pl.Series([f"P{j:04d}" for j in range(pools)])
    district = District.from_frames(
        students=pl.DataFrame({"student_id": ids}).with_columns(stage=pl.lit("senior")),
        schools=pl.DataFrame({"school_id": names}),
        programmes=pl.DataFrame({"programme_id": names, "school_id": names, "seats": market.seats}).with_columns(
            stage=pl.lit("senior")
        ),
        choices=pl.DataFrame(
            {
                "student_id": ids.gather(market.owners()),
                "rank": market.rank.astype(np.int64),
                "programme_id": names.gather(market.pool),
                "priority": own,
            }
        ),
    )
    rounds = [{"name": "round", "stage": "senior", "order": ["priority asc", "lottery"]}]
    return district, Policy.from_dict({"title": "Class, then lottery", "round": rounds})


def _against_the_kernel() -> Table:
    table = Table("classes", "kernel ms", "draw ms", "ratio", "budget", "2 threads ms", "faster", "budget", "machine",
                  title=f"Draws of {SHAPE[0]:,} × {SHAPE[1]} × {SHAPE[2]}, a draw", title_justify="left")  # fmt: skip
    for classes in CLASSES:
        laboratory, *_ = shared = prepare_blocks((*lottery_district(*SHAPE, classes), "benchmark"))
        kernel = _kernel(laboratory)
        draws = partial(_on_threads, shared, 1)
        in_kernel, in_draws = (_processor_seconds(subject) for subject in (kernel, draws))
        subjects = [partial(each, workers) for each in (partial(_on_threads, shared), _count_up) for workers in (1, 2)]
        one, two, alone, together = in_turn(subjects, repeats=3)
        table.add_row(
            str(classes), f"{in_kernel / DRAWS * 1e3:.2f}", f"{in_draws / DRAWS * 1e3:.2f}",
            f"{in_draws / in_kernel:.2f}", f"{MOST_OF_KERNEL}",
            f"{two / DRAWS * 1e3:.2f}", f"{one / two:.2f}", f"{LEAST_SPEED_UP}", f"{alone / together:.2f}",
        )  # fmt: skip
    return table


def _count_up(workers: int) -> None:
    """Do sums that share nothing: how much faster they are on two threads is what the machine has to give."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(_sums, [SUMS // workers] * workers))


@njit(nogil=True)
def _sums(count):  # type: ignore[no-untyped-def]
    total = np.uint64(1)
    for _ in range(count):
        total = total * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    return total


def _kernel(laboratory: Laboratory) -> partial[None]:
    """Return as many runs of the kernel on the whole market of one draw as there are draws."""
    from dataclasses import replace

    stage = laboratory.stages[0]
    if stage is None:
        raise RuntimeError("the round is compiled once")
    whole = stage.open.compiled.market
    lots = stage.open.tickets.draw("benchmark")
    drawn = np.empty(len(whole.pool), dtype=np.int64)
    bits = len(lots.order).bit_length()
    drawn[:] = stage.open.before << bits | lots.places()[whole.owners()]
    market = replace(whole, key=drawn)
    return partial(_run_kernel, market, Work.of(market))


def _run_kernel(market: Market, work: Work) -> None:
    for _ in range(DRAWS):
        accept(market, work=work)


def _processor_seconds(subject: Callable[[], Any]) -> float:
    subject()
    best = float("inf")
    for _ in range(3):
        began = time.process_time()
        subject()
        best = min(best, time.process_time() - began)
    return best


def _on_threads(shared: Any, workers: int) -> Tally:
    laboratory, slots, _ = shared
    total = Tally.empty(laboratory, slots)
    for _, made in on_threads(partial(work_block, shared), blocks_of(1, DRAWS), workers):
        total = total.plus(made)
    return total


def _memory() -> Table:
    """Return the peak of the memory allocated while drawing, at few draws and at many."""
    table = Table("draws", "peak MB", title="Memory while drawing, 20,000 × 10 × 100", title_justify="left")
    district, policy = lottery_district(20_000, 10, 100, 4)
    simulate(district, policy, draws=1, seed="memory", workers=1)
    for draws in (50, 500):
        tracemalloc.start()
        simulate(district, policy, draws=draws, seed="memory", workers=1)
        table.add_row(f"{draws}", f"{tracemalloc.get_traced_memory()[1] / 1e6:.1f}")
        tracemalloc.stop()
    return table


def _demo() -> Table:
    district, policy = generate_district("2016-07-01 09:00"), read_policy("district_2016")
    compile_policy(district, policy)
    began, used = time.perf_counter(), time.process_time()
    simulate(district, policy, draws=1000, seed="demo", workers=2)
    took, used = time.perf_counter() - began, time.process_time() - used
    table = Table("1,000 draws", "s", "budget s", "processor s", title="The demo district", title_justify="left")
    table.add_row("two threads", f"{took:.1f}", f"{MOST_SECONDS:.0f}", f"{used:.1f}")
    return table
