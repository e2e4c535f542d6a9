"""The first call of each mechanism in a fresh process, its kernels compiled before and read from the cache.

``python -m benchmarks.first_calls NAME`` is such a process.
"""

import json
import subprocess
import sys
import time
from statistics import median

import numpy as np
from rich.console import Console

from admissions.market import Market
from admissions.mechanisms import MECHANISMS, match
from benchmarks.tables import headed

ONE_LINE = "a kernel of one line"
PROCESSES, MOST_SECONDS = 7, 0.2


def run() -> None:
    """Print seconds until the first matching: importing numba, what numba does at any first call, and the rest."""
    names = [ONE_LINE, *MECHANISMS]
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for name in names:
        _in_a_fresh_process(name)
    for _ in range(PROCESSES):
        for name in names:
            seconds[name].append(_in_a_fresh_process(name))
    least = median(call for _, call in seconds[ONE_LINE])
    table = headed(
        "First calls, median ms", "mechanism", "import numba", "first call", "beyond one line", "both", "budget"
    )
    for name, pairs in seconds.items():
        numba, call = (median(column) for column in zip(*pairs, strict=True))
        table.add_row(name, *(f"{t * 1e3:.0f}" for t in (numba, call, call - least, numba + call, MOST_SECONDS)))
    table.caption = f"first call: importing the kernels' modules included; {PROCESSES} processes each, in turn"
    Console(width=120).print(table)


def _in_a_fresh_process(name: str) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.first_calls", name]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numba, call = json.loads(shown)
    return numba, call


def _measure(name: str) -> None:
    """Print the seconds of importing numba, and then of the first call."""
    market = Market.from_preferences({"a": ["n", "s"], "b": ["n"]}, {"n": ["b", "a"], "s": ["a"]}, {"n": 1, "s": 1})
    begin = time.perf_counter()
    import numba  # noqa: F401

    imported = time.perf_counter()
    if name == ONE_LINE:
        from benchmarks.one_line import set_first

        set_first(np.zeros(1))
    else:
        match(market, name, **MECHANISMS[name].judged_with)
    print(json.dumps([imported - begin, time.perf_counter() - imported]))


if __name__ == "__main__":
    _measure(sys.argv[1])
