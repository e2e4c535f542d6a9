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
    tails : (16, m) uint32 or None
        ``:ID`` as the last block of a message behind a seed of 64 bytes; None where an id is too long for that.
    """

    ids: pl.Series
    tails: npt.NDArray[np.uint32] | None

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
        return cls(ids, _words(blocks))

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

            leading = np.empty(self.tails.shape[1], dtype=np.uint64)
            begin = np.frombuffer(text * LANES, dtype=np.uint8).reshape(LANES, BLOCK)
            hash_after_seed(_words(begin), self.tails, leading)
            if not rank_numbers(leading, order):
                return Lots(order, leading[: len(order)])
        numbers = lottery_numbers(seed, self.ids)
        order[:] = numbers.arg_sort().to_numpy()
        first, rest = (numbers.str.slice(at, 8).str.to_integer(base=16).to_numpy() for at in (0, 8))
        return Lots(order, first.astype(np.uint64) << np.uint64(32) | rest.astype(np.uint64))


def _words(blocks: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    """Return blocks of bytes as words of 32 bits, a block a column."""
    words = np.ascontiguousarray(blocks.view(">u4").astype(np.uint32).T)
    words.flags.writeable = False
    return words
