"""Lots: the lottery numbers of SHA-256 in the order of their text, however they are hashed and ranked."""

import os
import subprocess
import sys
from hashlib import sha256

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.compiling.lots import Tickets
from admissions.compiling.lottery import lottery_numbers
from admissions.kernels.draws import rank_numbers

IDS = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=60), max_size=40, unique=True)
SEEDS = st.one_of(st.text(min_size=1, max_size=20), st.binary(max_size=4).map(lambda one: sha256(one).hexdigest()))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(IDS, SEEDS)
def test_lots_are_the_order_of_the_numbers_as_text(ids, seed):
    lots = Tickets.of(pl.Series(ids, dtype=pl.String)).draw(seed)
    numbers = lottery_numbers(seed, ids).to_list()
    assert lots.order.tolist() == sorted(range(len(ids)), key=numbers.__getitem__)
    assert lots.places()[lots.order].tolist() == list(range(len(ids)))
    assert lots.leading.tolist() == [int(number[:16], 16) for number in numbers]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 2**64 - 1) | st.integers(2**63, 2**63 + 99), min_size=1, max_size=60))
def test_any_numbers_are_ranked_and_equal_ones_are_told_of(numbers):
    order = np.empty(len(numbers), dtype=np.int32)
    equal = rank_numbers(np.array(numbers, dtype=np.uint64), order)
    assert order.tolist() == sorted(range(len(numbers)), key=lambda i: (numbers[i], i))
    assert equal == (len(set(numbers)) < len(numbers))


def test_numbers_hash_the_same_without_compiled_kernels():
    script = (
        "import polars as pl; from admissions.compiling.lots import Tickets; "
        "print(Tickets.of(pl.Series([f'S{i}' for i in range(40)])).draw('ab' * 32).order.tolist())"
    )
    printed = [
        subprocess.run([sys.executable, "-c", script], env=os.environ | extra, capture_output=True, check=True).stdout
        for extra in ({}, {"NUMBA_DISABLE_JIT": "1"})
    ]
    assert printed[0] == printed[1] != b""
