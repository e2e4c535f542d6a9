"""The reasons of a hundred thousand children from a run folder, and one child's explanation, the rounds run again."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

import admissions as adm
from admissions.district.reading import write_district

CHILDREN, TIMES = 100_000, 3
BUDGET = {"reasons of all": 30.0}


def run() -> None:
    """Print the time of each command, with the start of the interpreter, beside its budget."""
    table = Table("explain", "median s", "budget s", title=f"Explanations, {CHILDREN:,} children")
    with tempfile.TemporaryDirectory() as folder:
        data, out = Path(folder) / "data", Path(folder) / "out"
        district, policy = adm.generate_district("reasons", size=CHILDREN), adm.read_policy("district_2016")
        write_district(district, data, "parquet")
        allocation = adm.allocate(district, policy, seed="reasons")
        adm.write_run(out, allocation, adm.audit(allocation))
        last = allocation.students.filter(reason="outranked")["student_id"][-1]
        commands = {
            "reasons of all": ["--all", "--out", str(Path(folder) / "reasons.csv")],
            "one child": [last],
            "one child, with the tables": [last, "--data", str(data)],
        }
        for name, arguments in commands.items():
            seconds = statistics.median(_seconds(out, arguments) for _ in range(TIMES))
            budget = BUDGET.get(name)
            table.add_row(name, f"{seconds:.2f}", "" if budget is None else f"{budget:.0f}")
    Console(width=100).print(table)


def _seconds(out: Path, arguments: list[str]) -> float:
    """Return the seconds one command takes; a file it writes is taken away again."""
    begin = time.perf_counter()
    command = [sys.executable, "-m", "admissions", "explain", str(out), *arguments]
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    took = time.perf_counter() - begin
    if "--out" in arguments:
        os.unlink(arguments[arguments.index("--out") + 1])
    return took
