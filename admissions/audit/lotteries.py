"""P8: every lottery number is drawn again, from the seed and the id alone."""

import hashlib

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.findings import Violations
from admissions.market import BoolArray
from admissions.policy.expressions import LOTTERY
from admissions.records import RoundRecord


def numbers_that_differ(allocation: Allocation, record: RoundRecord) -> Violations:
    """Return the applications whose recorded number is not SHA-256 of ``seed:id``, or that should have one.

    Parameters
    ----------
    allocation : Allocation
        Its seed.
    record : RoundRecord
        The applications of a round with their numbers.
    """
    if not record.rule.needs_lottery or not len(record.student):
        return Violations(0)
    if LOTTERY not in record.values:
        missing = np.unique(record.student)
        return Violations.of(
            len(record.student), len(missing), ({"student_id": record.student_ids[int(i)]} for i in missing)
        )
    whose = pl.select(pl.coalesce(record.bundle_ids, record.student_ids)).to_series()
    first = _first_of_a_number(allocation, record)
    ids = whose.gather(record.student[first])
    if allocation.policy.lottery.scope == "programme":
        ids = record.programme_ids.gather(record.programme[first]) + ":" + ids
    prefix = f"{allocation.seed}:".encode()
    again = pl.Series([hashlib.sha256(prefix + one.encode()).hexdigest() for one in ids], dtype=pl.String)
    bad = record.student[first][(again != record.value(LOTTERY, first).fill_null("")).to_numpy()]
    return Violations.of(len(record.student), len(bad), ({"student_id": record.student_ids[int(i)]} for i in bad))


def _first_of_a_number(allocation: Allocation, record: RoundRecord) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the rows that do not just repeat the child (and programme) and the number of the row before."""
    again: BoolArray = record.student[1:] == record.student[:-1]
    if allocation.policy.lottery.scope == "programme":
        again &= record.programme[1:] == record.programme[:-1]
    index, numbers = record.values[LOTTERY]
    if index is not None:
        again &= index[1:] == index[:-1]
    else:
        again &= (numbers == numbers.shift(1)).fill_null(False).to_numpy()[1:]
    return np.flatnonzero(np.concatenate([[True], ~again]))
