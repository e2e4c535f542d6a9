"""Randomness that is the same on any machine and with any version of numpy: raw bits of PCG64, and exact arithmetic."""

from hashlib import sha256

import numpy as np
import numpy.typing as npt

from admissions.market import Int64Array

FloatArray = npt.NDArray[np.float64]


class Dice:
    """A stream of random numbers drawn from a seed.

    Parameters
    ----------
    seed : str
        Any text; PCG64 starts from its SHA-256.
    """

    def __init__(self, seed: str) -> None:
        self._bits = np.random.PCG64(int.from_bytes(sha256(seed.encode()).digest(), "big"))

    def uniform(self, *shape: int) -> FloatArray:
        """Return numbers from 0 to 1, 1 excluded, in steps of 2**-53."""
        raw = self._bits.random_raw(int(np.prod(shape)))
        return (raw >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53

    def below(self, number: int, *shape: int) -> Int64Array:
        """Return whole numbers from 0 to `number` - 1."""
        return (self.uniform(*shape) * number).astype(np.int64)

    def bell(self, *shape: int) -> FloatArray:
        """Return numbers of mean 0 and variance 1: sums of twelve uniform ones, less six."""
        total = np.zeros(shape)
        for _ in range(12):
            total += self.uniform(*shape)
        return total - 6.0
