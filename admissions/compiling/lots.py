"""Lots: the places of lottery numbers, drawn a thousand times from as many seeds."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.lottery import lottery_numbers
from admissions.market import Int32Array, Int64Array

BLOCK = 64
"""Bytes of a seed whose numbers are hashed sixteen at a time."""
LONGEST_TAIL = 55
"""Bytes that fit one more block, beside the mark and the length that end a message."""


@dataclass(frozen=True, slots=True, repr=False)
class Lots:
    """The lottery of one draw over its tickets.

    Attributes
    ----------
    order : (n,) int32
        Tickets, smallest number first.
    leading : (n,) uint64
        First 64 bits of each number.
    """

    order: Int32Array
    leading: npt.NDArray[np.uint64]

    def places(self) -> Int64Array:
        """Return the place of each ticket in the order, (n,) int64."""
        from admissions.kernels.draws import place_numbers

        place = np.empty(len(self.order), dtype=np.int64)
        place_numbers(self.order, place)
        return place


@dataclass(frozen=True, slots=True, repr=False)
class Tickets:
    """Who draws a lottery number, ready to be hashed behind any seed.

    Attributes
    ----------
    ids : (n,) String
        Ids of children or bundles, or ``PROGRAMME:ID``; all different.
    tails : Tails or None
        ``:ID`` as the last block of a message behind a seed of 64 bytes; None where an id is too long for that.
    """

    ids: pl.Series
    tails: "Tails | None"

    @classmethod
    def of(cls, ids: pl.Series) -> Self:
        """Return the tickets of ids.

        Examples
        --------
        >>> tickets = Tickets.of(pl.Series(["S1", "S2", "S3"]))
        >>> tickets.draw("2016").order.tolist()
        [2, 1, 0]
        """
        from admissions.kernels.sha256 import LANES

        texts = [f":{one}".encode() for one in ids]
        if not texts or max(map(len, texts)) > LONGEST_TAIL:
            return cls(ids, None)
        wide = -(-len(texts) // LANES) * LANES
        blocks = np.zeros((wide, BLOCK), dtype=np.uint8)
        for row, text in zip(blocks, texts, strict=False):
            row[: len(text)] = np.frombuffer(text, dtype=np.uint8)
            row[len(text)] = 0x80
            row[BLOCK - 8 :] = np.frombuffer(((BLOCK + len(text)) * 8).to_bytes(8, "big"), dtype=np.uint8)
        blocks[len(texts) :] = blocks[len(texts) - 1]
        return cls(ids, Tails.of(blocks))

    def draw(self, seed: str) -> Lots:
        """Return the lots of a seed: those that `lottery_numbers` gives, in order of text.

        Parameters
        ----------
        seed : str
            Any text; one of 64 bytes is quickest.
        """
        order = np.empty(len(self.ids), dtype=np.int32)
        text = seed.encode()
        if self.tails is not None and len(text) == BLOCK:
            from admissions.kernels.draws import rank_numbers
            from admissions.kernels.sha256 import LANES, hash_after_seed

            leading = np.empty(-(-len(order) // LANES) * LANES, dtype=np.uint64)
            begin = np.repeat(np.frombuffer(text, dtype=">u4").astype(np.uint32), LANES)
            hash_after_seed(begin, self.tails.words, self.tails.first, self.tails.step, leading)
            if not rank_numbers(leading, order):
                return Lots(order, leading[: len(order)])
        numbers = lottery_numbers(seed, self.ids)
        order[:] = numbers.arg_sort().to_numpy()
        first, rest = (numbers.str.slice(at, 8).str.to_integer(base=16).to_numpy() for at in (0, 8))
        return Lots(order, first.astype(np.uint64) << np.uint64(32) | rest.astype(np.uint64))


@dataclass(frozen=True, slots=True, repr=False)
class Tails:
    """Blocks of 64 bytes as words of 32 bits, those that all share only once.

    Attributes
    ----------
    words : (w,) uint32
        Word ``t`` of block ``c`` is ``words[first[t] + c * step[t]]``; one that all share stands there sixteen times.
    first, step : (16,) int64
        Where the words of the first block stand, and 1, or 0 for those that all blocks share.
    """

    words: npt.NDArray[np.uint32]
    first: Int64Array
    step: Int64Array

    @classmethod
    def of(cls, blocks: npt.NDArray[np.uint8]) -> "Tails":
        """Return the words of blocks, (m, 64)."""
        from admissions.kernels.sha256 import LANES

        rows = blocks.view(">u4").astype(np.uint32).T
        shared = (rows == rows[:, :1]).all(axis=1)
        parts = [np.repeat(row[:1], LANES) if alike else row for row, alike in zip(rows, shared, strict=True)]
        first = np.cumsum([0, *(len(part) for part in parts[:-1])])
        words, step = np.concatenate(parts), (~shared).astype(np.int64)
        for array in (words, first, step):
            array.flags.writeable = False
        return cls(words, first, step)
