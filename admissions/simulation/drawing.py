"""Blocks of draws added up until there are enough: for odds, and for scenarios that are compared."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from admissions.simulation.blocks import Block, blocks_of
from admissions.simulation.journal import Journal
from admissions.simulation.stopping import Until

Counted = npt.NDArray[np.signedinteger[Any]]
"""Whole numbers."""
Told = Callable[[int, int | None], Any]
"""Called with the draws done and, where that is known, all there are to do."""


class Counts(Protocol):
    """What some draws came to, in whole numbers."""

    @property
    def draws(self) -> int:
        """How many draws."""

    def plus(self, other: Self) -> Self:
        """Return these counts and those of other draws together."""

    def arrays(self) -> Sequence[Counted]:
        """Return the counts that are arrays, of the same shapes for any draws."""

    def others(self) -> list[Any]:
        """Return the counts that are no arrays, as JSON has them."""

    def restored(self, draws: int, arrays: Sequence[Counted], others: list[Any]) -> Self:
        """Return the counts of which `arrays` and `others` once returned these."""


C = TypeVar("C", bound=Counts)


def add_up(
    nothing: C,
    until: Until,
    work: Callable[[Iterator[Block]], Iterator[tuple[Block, C]]],
    widest: Callable[[C], float],
    journal: tuple[str | Path, str] | None = None,
    tell: Told | None = None,
) -> tuple[C, bool]:
    """Return the counts of draws 1 to n, and whether n is as many as were asked for.

    Parameters
    ----------
    nothing : Counts
        Counts of no draws.
    until : Until
        When to stop.
    work : callable
        Blocks to each with its counts, in order.
    widest : callable
        Counts to the width of the widest interval that `until` speaks of.
    journal : (path, str), optional
        File in which the counts are kept, and the `fingerprint` of what is drawn; it goes on from there.
    tell : callable, optional
        Called after each block.

    Raises
    ------
    KeyboardInterrupt
        Where no block was finished when it came; otherwise what is finished is returned.
    """
    book = None if journal is None else Journal(*journal)
    counts = nothing if book is None else book.read(nothing)
    began = time.monotonic()

    def is_narrow() -> bool:
        return until.half_width is not None and counts.draws > 0 and widest(counts) <= 2 * until.half_width

    if counts.draws >= (until.draws or counts.draws + 1) or is_narrow():
        return counts, True

    def take(_: Block, more: C) -> bool:
        nonlocal counts
        counts = counts.plus(more)
        if book is not None:
            book.note(counts)
        if tell is not None:
            tell(counts.draws, until.draws)
        late = until.seconds is not None and time.monotonic() - began >= until.seconds
        return late or is_narrow()

    try:
        complete = take_until_enough(work(blocks_of(counts.draws + 1, until.draws)), take)
    finally:
        if book is not None and counts.draws:
            book.note(counts, at_once=True)
    if not counts.draws:
        raise KeyboardInterrupt
    return counts, complete


def take_until_enough(made: Iterator[tuple[Block, Any]], take: Callable[[Block, Any], bool]) -> bool:
    """Hand over each block with its result until it is enough, and return whether Ctrl-C did not come before."""
    try:
        for block, result in made:
            if take(block, result):
                break
    except KeyboardInterrupt:
        return False
    finally:
        made.close()  # type: ignore[attr-defined]
    return True
