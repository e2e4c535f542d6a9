"""Tastes: noise of the type I extreme value (Gumbel) distribution, the same to the bit on any machine.

A logarithm differs by a last bit between builds, and that bit could swap two programmes on a list. Only ``+ - * /`` and
the parts of a float are used here, which IEEE 754 fixes exactly.
"""

from collections.abc import Iterable
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from admissions.market import Int64Array

FloatArray = npt.NDArray[np.float64]

BITS = 52
_LN_2 = 0.6931471805599453
_SQUARE_ROOT_OF_HALF = 0.7071067811865476
_TERMS = 12


def hashed_bits(prefix: str, ids: Iterable[str]) -> Int64Array:
    """Return the first 52 bits of ``SHA-256(PREFIX:ID)`` of each id: whole numbers from 0 to 2**52 - 1.

    ``printf '%s' "PREFIX:ID" | sha256sum`` begins with them, as 13 hexadecimal digits.

    Examples
    --------
    >>> f"{hashed_bits('2016', ['S1'])[0]:013x}"
    'd4b3738029fab'
    """
    begin = sha256(f"{prefix}:".encode())
    digests = bytearray()
    for one in ids:
        whole = begin.copy()
        whole.update(one.encode())
        digests += whole.digest()[:8]
    return (np.frombuffer(bytes(digests), dtype=">u8").astype(np.uint64) >> np.uint64(64 - BITS)).astype(np.int64)


def gumbel(bits: Int64Array) -> FloatArray:
    """Return a number of the standard Gumbel distribution for each number of 52 bits.

    Parameters
    ----------
    bits : int64 array
        Whole numbers from 0 to 2**52 - 1, every one equally likely.

    Notes
    -----
    ``-ln(-ln(u))`` at the middle ``u`` of the interval that the bits stand for, which is never 0 or 1.

    Examples
    --------
    >>> gumbel(np.array([2**51])).round(12).tolist()
    [0.366512920582]
    """
    middle = (2 * bits + 1).astype(np.float64) * 2.0 ** -(BITS + 1)
    return -_logarithm(-_logarithm(middle))


def _logarithm(x: FloatArray) -> FloatArray:
    """Return the natural logarithm by the series of the inverse hyperbolic tangent."""
    part, power = np.frexp(x)
    small = part < _SQUARE_ROOT_OF_HALF
    part = np.where(small, 2.0 * part, part)
    z = (part - 1.0) / (part + 1.0)
    square = z * z
    total = np.zeros_like(z)
    for k in range(_TERMS, -1, -1):
        total = total * square + 1.0 / (2 * k + 1)
    return (power - small) * _LN_2 + 2.0 * z * total
