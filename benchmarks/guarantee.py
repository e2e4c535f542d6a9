"""The guarantee: 100,000 children of 2,000 nodes to the seats of 300 programmes, on a plane and in hostile shapes."""

import statistics
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from admissions.market import Int64Array
from admissions.solvers.coordination import coordinate

CHILDREN, NODES, PROGRAMMES, TIMES = 100_000, 2_000, 300, 5


def run() -> None:
    """Print the median time of each shape beside the budget of 2 s."""
    plane = _plane(np.random.default_rng(1))
    shapes: dict[str, tuple[Callable[[], Int64Array], int]] = {
        "plane, 5 % more seats": (lambda: plane, 5_000),
        "plane, as many seats as children": (lambda: plane, 0),
        "plane, 1,000 seats too few": (lambda: plane, -1_000),
        "plane in steps of 5 km (many ties)": (lambda: plane // 5_000, 5_000),
        "all distances equal": (lambda: np.zeros_like(plane), 5_000),
    }
    table = Table(
        "shape",
        "median s",
        "budget s",
        title=f"Guarantee: {CHILDREN:,} children, {NODES:,} nodes, {PROGRAMMES} programmes",
    )
    for name, (metres, spare) in shapes.items():
        table.add_row(name, f"{_median(metres(), spare):.2f}", "2")
    Console(width=120).print(table)


def _plane(random: np.random.Generator) -> Int64Array:
    """Return the distances of homes and schools on a square of 30 km, (nodes, programmes)."""
    homes, schools = random.uniform(0, 30_000, (NODES, 1, 2)), random.uniform(0, 30_000, (1, PROGRAMMES, 2))
    return np.rint(np.hypot(*(homes - schools).transpose(2, 0, 1))).astype(np.int64)


def _median(metres: Int64Array, spare: int) -> float:
    random = np.random.default_rng(2)
    node = random.integers(0, NODES, CHILDREN).astype(np.int32)
    order, size = random.permutation(CHILDREN), np.ones(CHILDREN, dtype=np.int32)
    seats = random.multinomial(CHILDREN + spare, np.full(PROGRAMMES, 1 / PROGRAMMES))
    other_group = (metres % 7 > 0).astype(np.int64)
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        coordinate([other_group, metres], metres >= 0, node, order, size, seats)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)
