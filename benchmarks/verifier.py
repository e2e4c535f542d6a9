"""The verifier in plain Python beside the run it checks: generated districts from CSV, each command its own process."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from rich.console import Console

from admissions import verify
from admissions.district.generation import generate_district
from admissions.district.reading import write_district
from benchmarks.tables import headed

CHILDREN, TIMES = (10_000, 100_000), 3
POLICY, SEED = "district_2016", "verify"


def run() -> None:
    """Print how long verifying takes, an application and beside the run; both with the start of the interpreter."""
    table = headed(
        f"python verify.py OUT DATA, {POLICY}", "children", "applications", "s", "processor s",
        "processor s / 100,000 applications", "run s", "run processor s", "ratio s", "ratio processor s",
    )  # fmt: skip
    for children in CHILDREN:
        with tempfile.TemporaryDirectory() as folder:
            data, out = Path(folder) / "data", Path(folder) / "out"
            write_district(generate_district(SEED, size=children), data)
            applications, own, its = _in_turn(data, out)
        each = own[1] / applications * 100_000
        ratios = (f"{mine / theirs:.2f}" for mine, theirs in zip(own, its, strict=True))
        numbers = (f"{number:.2f}" for number in (*own, each, *its))
        table.add_row(f"{children:,}", f"{applications:,}", *numbers, *ratios)
    table.caption = f"medians of {TIMES}, the run and its verification in turn; the run audits and writes, too"
    Console(width=150).print(table)


def _in_turn(data: Path, out: Path) -> tuple[int, list[float], list[float]]:
    """Return the applications checked, and the seconds and processor seconds of the verifier and of the run."""
    making = [sys.executable, "-m", "admissions", "run", str(data), "-p", POLICY, "--seed", SEED]
    making += ["--out", str(out), "--force"]
    checking = [sys.executable, verify.__file__, str(out), str(data)]
    own, its = list[tuple[float, float]](), list[tuple[float, float]]()
    for _ in range(TIMES + 1):  # the first round compiles what is not yet in the cache
        its.append(_timed(making)[1])
        said, took = _timed(checking)
        own.append(took)
    applications = next(int(line.split()[2].replace(",", "")) for line in said.splitlines() if "lists" in line)
    return applications, _medians(own[1:]), _medians(its[1:])


def _medians(times: list[tuple[float, float]]) -> list[float]:
    return [median(column) for column in zip(*times, strict=True)]


def _timed(command: list[str]) -> tuple[str, tuple[float, float]]:
    """Return what a command prints, and its seconds and processor seconds."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return said, (took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
