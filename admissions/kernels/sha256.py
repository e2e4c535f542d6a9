"""SHA-256 of many short messages that begin with the same 64 bytes, sixteen at a time (FIPS 180-4).

A seed of 64 bytes fills the first block of a message, so its part of the work is done once; what follows the seed fits
one more block, so each message costs one compression. Sixteen messages are the lanes of a vector, which the compiler
cuts to the width the processor has. Of most ids few words differ, and the others are not read again for each message.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import config, njit, types
from numba.extending import intrinsic

LANES = 16
WORDS = 16
"""Words of 32 bits in a block."""


def _fractions(count: int, root: int) -> list[int]:
    """Return the first 32 bits of the fractional parts of the roots of the first primes (FIPS 180-4, 4.2.2, 5.3.3)."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return [_root(prime << (32 * root), root) & 0xFFFFFFFF for prime in primes]


def _root(number: int, root: int) -> int:
    """Return the whole part of a square or cube root."""
    low, high = 0, 1 << (number.bit_length() // root + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**root <= number else (low, middle - 1)
    return low


CONSTANTS = _fractions(64, 3)
START = np.array(_fractions(8, 2), dtype=np.uint32)
START.flags.writeable = False


class _Plain:
    """The operations of a compression on numpy vectors, for a process without numba."""

    @staticmethod
    def rotated(word: Any, by: int) -> Any:
        return word >> np.uint32(by) | word << np.uint32(32 - by)

    @staticmethod
    def shifted(word: Any, by: int) -> Any:
        return word >> np.uint32(by)

    @staticmethod
    def added(*words: Any) -> Any:
        total = words[0]
        for word in words[1:]:
            total = total + word
        return total

    @staticmethod
    def parity(a: Any, b: Any, c: Any) -> Any:
        return a ^ b ^ c

    @staticmethod
    def choice(a: Any, b: Any, c: Any) -> Any:
        return c ^ (a & (b ^ c))

    @staticmethod
    def majority(a: Any, b: Any, c: Any) -> Any:
        return (a & b) | (c & (a | b))

    @staticmethod
    def constant(value: int) -> Any:
        return np.uint32(value)


class _Vector:
    """The same operations as instructions on a vector of sixteen lanes."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.type = ir.VectorType(ir.IntType(32), LANES)

    def constant(self, value: int) -> Any:
        return ir.Constant(self.type, [value] * LANES)

    def rotated(self, word: Any, by: int) -> Any:
        return self.builder.or_(self.shifted(word, by), self.builder.shl(word, self.constant(32 - by)))

    def shifted(self, word: Any, by: int) -> Any:
        return self.builder.lshr(word, self.constant(by))

    def added(self, *words: Any) -> Any:
        total = words[0]
        for word in words[1:]:
            total = self.builder.add(total, word)
        return total

    def parity(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.xor(self.builder.xor(a, b), c)

    def choice(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.xor(c, self.builder.and_(a, self.builder.xor(b, c)))

    def majority(self, a: Any, b: Any, c: Any) -> Any:
        return self.builder.or_(self.builder.and_(a, b), self.builder.and_(c, self.builder.or_(a, b)))


def _compressed(on: Any, block: list[Any], state: list[Any]) -> list[Any]:
    """Return the state after a block (FIPS 180-4, 6.2.2)."""
    words = list(block)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        if t >= WORDS:
            early, late = words[t - 15], words[t - 2]
            one = on.parity(on.rotated(early, 7), on.rotated(early, 18), on.shifted(early, 3))
            two = on.parity(on.rotated(late, 17), on.rotated(late, 19), on.shifted(late, 10))
            words.append(on.added(two, words[t - 7], one, words[t - 16]))
        large = on.parity(on.rotated(e, 6), on.rotated(e, 11), on.rotated(e, 25))
        first = on.added(h, large, on.choice(e, f, g), on.constant(CONSTANTS[t]), words[t])
        second = on.added(on.parity(on.rotated(a, 2), on.rotated(a, 13), on.rotated(a, 22)), on.majority(a, b, c))
        h, g, f, e, d, c, b, a = g, f, e, on.added(d, first), c, b, a, on.added(first, second)
    return [on.added(old, new) for old, new in zip(state, (a, b, c, d, e, f, g, h), strict=True)]


def compress(words: Any, first: Any, step: Any, column: Any, state: Any, out: Any) -> None:
    """Write the states after sixteen blocks, all begun from one state.

    Parameters
    ----------
    words : (w,) uint32
        Word ``t`` of block ``c`` is ``words[first[t] + c * step[t]]``.
    first, step : (16,) int64
        Where each word of the first block stands, and 1, or 0 if sixteen blocks that follow each other share it: then
        it stands there sixteen times.
    column : int64
        The first of the sixteen blocks.
    state : (8,) uint32
        Before them.
    out : (8, 16) uint32, out
        After each.
    """
    places = [first[t] + column * step[t] for t in range(WORDS)]
    lanes = [words[place : place + LANES] for place in places]
    with np.errstate(over="ignore"):
        out[:] = _compressed(_Plain, lanes, [np.full(LANES, word, dtype=np.uint32) for word in state])


if not config.DISABLE_JIT:  # type: ignore[attr-defined]

    @intrinsic
    def compress(typing_context, words, first, step, column, state, out):  # type: ignore[no-untyped-def]  # noqa: D103
        def generate(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
            arrays = [
                context.make_array(signature.args[i])(context, builder, arguments[i]).data for i in (0, 1, 2, 4, 5)
            ]
            at, to, by, before, after = arrays
            on, number = _Vector(builder), ir.IntType(64)
            wide = on.type.as_pointer()

            def lanes(data, place):  # type: ignore[no-untyped-def]
                return builder.bitcast(builder.gep(data, [place]), wide)

            def item(data, place):  # type: ignore[no-untyped-def]
                return builder.load(builder.gep(data, [number(place)]))

            block = []
            for t in range(WORDS):
                place = builder.add(item(to, t), builder.mul(arguments[3], item(by, t)))
                block.append(builder.load(lanes(at, place), align=4))
            begun = []
            for i in range(8):
                vector = ir.Constant(on.type, ir.Undefined)
                word = item(before, i)
                for lane in range(LANES):
                    vector = builder.insert_element(vector, word, ir.IntType(32)(lane))
                begun.append(vector)
            for i, word in enumerate(_compressed(on, block, begun)):
                builder.store(word, lanes(after, number(i * LANES)), align=4)
            return context.get_dummy_value()

        return types.void(words, first, step, column, state, out), generate


@njit(cache=True, nogil=True)
def hash_after_seed(seed, words, first, step, numbers):  # type: ignore[no-untyped-def]
    """Write the first 64 bits of the SHA-256 of a seed followed by each tail.

    Parameters
    ----------
    seed : (256,) uint32
        The 64 bytes all messages begin with: each word sixteen times.
    words, first, step
        The rest of each message, padded as FIPS 180-4, 5.1.1, has it; see `compress`.
    numbers : (m,) uint64, out
        Leading digits of the hashes; m is a multiple of 16.
    """
    state = np.empty((8, LANES), dtype=np.uint32)
    compress(seed, LANES * np.arange(WORDS), np.zeros(WORDS, dtype=np.int64), 0, START, state)
    begun = np.ascontiguousarray(state[:, 0])
    for column in range(0, len(numbers), LANES):
        compress(words, first, step, column, begun, state)
        for lane in range(LANES):
            numbers[column + lane] = np.uint64(state[0, lane]) << np.uint64(32) | np.uint64(state[1, lane])
