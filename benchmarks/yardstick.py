"""The plain C implementation of `heap.c`, compiled on the spot and called through ctypes."""

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from admissions.market import Int64Array, Market

SOURCE = Path(__file__).with_name("heap.c")
FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", "-std=c11")

Yardstick = Callable[[Market], tuple[Int64Array, Int64Array, int]]


def compiler() -> str | None:
    """Return the path of a C compiler, or None where there is none."""
    return next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)


@cache
def compiled() -> Yardstick:
    """Return deferred acceptance in C: market to choices, cutoffs and the number of proposals.

    Raises
    ------
    RuntimeError
        If there is no C compiler.
    """
    found = compiler()
    if found is None:
        raise RuntimeError("the yardstick needs a C compiler (cc, gcc or clang)")
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "heap.so"
        subprocess.run([found, *FLAGS, str(SOURCE), "-o", str(built)], check=True)
        function = ctypes.CDLL(str(built)).deferred_acceptance
    function.restype = ctypes.c_int64

    def run(market: Market) -> tuple[Int64Array, Int64Array, int]:
        choice = np.empty(market.applicants, dtype=np.int64)
        cutoff = np.empty(len(market.seats), dtype=np.int64)
        arrays = (market.indptr, market.pool, market.key, market.seats, choice, cutoff)
        counts = (ctypes.c_int64(market.applicants), ctypes.c_int64(len(market.seats)))
        proposals = function(*counts, *(ctypes.c_void_p(array.ctypes.data) for array in arrays))
        if proposals < 0:
            raise MemoryError("the yardstick ran out of memory")
        return choice, cutoff, proposals

    return run
