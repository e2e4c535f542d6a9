"""Draws in blocks: on threads of this machine, or on the workers of any executor. What comes out is the same.

Blocks are counted in order whoever finishes first, so a simulation that stops has drawn 1 to n and nothing else. The
kernels let other threads run beside them. An executor's worker is sent the tables once: it keeps what it compiled, and
one that has not compiled them yet says so and is asked again with them.
"""

import os
import pickle
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any

from admissions.errors import AdmissionsError, RunError

BLOCK = 25
"""Draws a block."""
ATTEMPTS = 4
"""How often a block is sent that its worker loses."""
PACKAGE = "admissions"

Block = tuple[int, int]
"""First and last draw."""


def blocks_of(begin: int, end: int | None) -> Iterator[Block]:
    """Yield the blocks of the draws from one to another, or without end.

    Examples
    --------
    >>> list(blocks_of(1, 60))
    [(1, 25), (26, 50), (51, 60)]
    """
    first = begin
    while end is None or first <= end:
        last = (first - 1) // BLOCK * BLOCK + BLOCK
        yield first, last if end is None else min(last, end)
        first = last + 1


def on_threads(
    work: Callable[[Block], Any], blocks: Iterator[Block], workers: int | None
) -> Iterator[tuple[Block, Any]]:
    """Yield each block with what became of it, in order, worked at by threads of this process.

    Parameters
    ----------
    work : callable
        Block to result.
    blocks : iterator of Block
        What there is to do; as few are begun ahead as keep all threads busy.
    workers : int or None
        Threads; as many as the processors this process may use by default.
    """
    count = workers or _processors()
    if count == 1:
        for block in blocks:
            yield block, work(block)
        return
    pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix="draws")
    try:
        yield from _in_order(lambda block: pool.submit(work, block), lambda block, made: made.result(), blocks, count)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def on_executor(
    executor: Executor,
    prepare: Callable[[Any], Any],
    work: Callable[[Any, Block], Any],
    shared: Any,
    blocks: Iterator[Block],
) -> Iterator[tuple[Block, Any]]:
    """Yield each block with what became of it, in order, worked at by the workers of an executor.

    Parameters
    ----------
    executor : Executor
        Its workers must have this package in the same version.
    prepare, work : callable
        Functions of a module: what is sent to what all blocks share, and that and a block to the block's result.
    shared : object
        What is sent to each worker once.
    blocks : iterator of Block
        What there is to do.

    Raises
    ------
    RunError
        If the workers lack the package, or blocks are lost again and again.
    """
    _refuse_strangers(executor)
    content = pickle.dumps(shared, protocol=pickle.HIGHEST_PROTOCOL)
    name = sha256(content).hexdigest()

    def submit(block: Block) -> "Future[Any]":
        return executor.submit(work_on_block, (prepare, work), name, None, block)

    def finished(block: Block, made: "Future[Any]") -> Any:
        for attempt in range(ATTEMPTS):
            try:
                result = made.result()
                if result is not None:
                    return result
                made = executor.submit(work_on_block, (prepare, work), name, content, block)
            except (AdmissionsError, BrokenExecutor):
                raise
            except (Exception, CancelledError) as error:
                if attempt + 1 == ATTEMPTS or isinstance(error, ImportError):
                    raise RunError(_lost(error, block)) from error
                made = executor.submit(work_on_block, (prepare, work), name, content, block)
        raise RunError(f"draws {block[0]} to {block[1]}: no worker keeps the tables it is sent")

    try:
        yield from _in_order(submit, finished, blocks, 2 * _width(executor))
    except BrokenExecutor as error:
        raise RunError(
            "the executor lost its workers and takes no more work; a journal, if there is one, keeps what is finished"
        ) from error


_MADE: "deque[tuple[str, Any]]" = deque(maxlen=2)
"""In a worker: the last things it was sent."""
_LOCK = Lock()


def work_on_block(
    tasks: tuple[Callable[[Any], Any], Callable[[Any, Block], Any]], name: str, content: bytes | None, block: Block
) -> Any:
    """Return what comes of a block, in a worker; None where what all blocks share is not here yet.

    Parameters
    ----------
    tasks : pair of callables
        As `on_executor` has them.
    name : str
        Of what is shared.
    content : bytes or None
        What is shared, pickled, for a worker that has not got it.
    block : Block
        Draws.
    """
    prepare, work = tasks
    with _LOCK:
        made = next((one for key, one in _MADE if key == name), None)
        if made is None:
            if content is None:
                return None
            made = prepare(pickle.loads(content))  # noqa: S301
            _MADE.append((name, made))
    return work(made, block)


def _in_order(
    submit: Callable[[Block], "Future[Any]"],
    finished: Callable[[Block, "Future[Any]"], Any],
    blocks: Iterator[Block],
    ahead: int,
) -> Iterator[tuple[Block, Any]]:
    waiting: deque[tuple[Block, Future[Any]]] = deque()
    try:
        for block in blocks:
            waiting.append((block, submit(block)))
            if len(waiting) > ahead:
                first, made = waiting.popleft()
                yield first, finished(first, made)
        while waiting:
            first, made = waiting.popleft()
            yield first, finished(first, made)
    finally:
        for _, made in waiting:
            made.cancel()


def _refuse_strangers(executor: Executor) -> None:
    """Raise if a worker of the executor has no such package, or another version of it."""
    here = version(PACKAGE)
    try:
        there = executor.submit(version, PACKAGE).result()
    except PackageNotFoundError:
        raise RunError(
            f"the executor's workers have no package '{PACKAGE}': install {PACKAGE} {here} where they run"
        ) from None
    except BrokenExecutor as error:
        raise RunError("the executor's workers end before they begin; try it with a function of your own") from error
    if there != here:
        raise RunError(f"the executor's workers have {PACKAGE} {there}, and here is {here}: results could differ")


def _lost(error: BaseException, block: Block) -> str:
    if isinstance(error, ImportError):
        return f"a worker of the executor cannot import {error.name or PACKAGE}: install {PACKAGE} where it runs"
    return f"draws {block[0]} to {block[1]} were lost {ATTEMPTS} times: {type(error).__name__}: {error}"


def _width(executor: Executor) -> int:
    """Return how many blocks an executor works at together, where it says so."""
    return int(getattr(executor, "_max_workers", 0) or _processors())


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
