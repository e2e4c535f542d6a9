"""Whole runs from Parquet, each in a process of its own: seconds a phase, and peak memory."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.districts import write_senior_district

CASES = (
    ("10,000 × 10, three pools", 10_000, 5, 1.5, None),
    ("1,000,000 × 10, three pools", 1_000_000, 3, 15.0, 6.0),
)


def run() -> None:
    """Print the time and memory of each case beside its budget."""
    table = Table(
        "run",
        "median s",
        "budget s",
        "peak GB",
        "budget GB",
        "phases of the median run",
        title="Whole run from Parquet",
    )
    for name, applicants, times, seconds, memory in CASES:
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "data"
            policy = write_senior_district(data, applicants, max(20, applicants // 500), 10)
            measured = sorted(_one_run(data, policy, Path(folder) / f"out{i}") for i in range(times + 1))
        took, peak, phases = measured[len(measured) // 2]
        shown = ", ".join(f"{phase} {spent:.2f}" for phase, spent in json.loads(phases).items())
        budget = "" if memory is None else f"{memory:.0f}"
        table.add_row(name, f"{took:.2f}", f"{seconds}", f"{peak:.2f}", budget, shown)
    Console(width=150).print(table)


def _one_run(data: Path, policy: Path, out: Path) -> tuple[float, float, str]:
    """Return seconds from the start of the interpreter, peak memory in GB, and the phases, of one run."""
    command = [sys.executable, "-m", "admissions", "run", str(data), "-p", str(policy), "--seed", "x", "-o", str(out)]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the run ended with {process.returncode}")
    phases = json.loads((out / "timings.json").read_text())["seconds"]
    phases["start and end"] = took - sum(phases.values())
    return took, usage.ru_maxrss / 1e6, json.dumps(phases)


def demo() -> None:
    """Print the time of the demo, first with an empty cache of compiled kernels, then with a warm one."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": str(Path(folder) / "cache")}
        command = [sys.executable, "-m", "admissions", "demo", "--out", str(Path(folder) / "demo")]
        seconds = []
        for _ in range(4):
            begin = time.perf_counter()
            subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=True)
            seconds.append(time.perf_counter() - begin)
    table = Table("demo", "s", "budget s", title="admissions demo")
    table.add_row("first time, kernels compiled", f"{seconds[0]:.2f}", "20")
    table.add_row("after", f"{statistics.median(seconds[1:]):.2f}", "3")
    Console(width=150).print(table)
