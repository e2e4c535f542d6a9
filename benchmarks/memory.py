"""How much memory some work needs at its peak."""

import ctypes
import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

from admissions.market import Market

STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def times_the_market(market: Market, work: Callable[[], Any]) -> float:
    """Return the peak of market and work together, in units of the market's arrays.

    The work's peak is what Python traced or, if that is more, what the process grew by: numpy's arrays are traced
    whether or not they are written to, those a kernel makes for itself are not traced. The second needs Linux.
    """
    arrays = (market.indptr, market.pool, market.key, market.rank, market.seats, market.size)
    return 1 + max(_traced(work), _grown(work)) / sum(array.nbytes for array in arrays)


def _traced(work: Callable[[], Any]) -> int:
    tracemalloc.start()
    work()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def _grown(work: Callable[[], Any]) -> int:
    if not RESET.exists():
        return 0
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    RESET.write_text("5")
    before = _resident("VmRSS")
    work()
    return _resident("VmHWM") - before


def _resident(field: str) -> int:
    (line,) = (line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024
