"""Districts of any size for timing, written as Parquet: a senior stage of marks, ten choices and three pools."""

from pathlib import Path

import numpy as np
import polars as pl

POLICY = """
title  = "Benchmark: marks, three pools of each programme"
source = "made for timing"
[[round]]
name      = "senior"
stage     = "senior"
mechanism = "deferred_acceptance"
order     = ["total desc", "chinese_maths desc", "lottery"]
  [[round.pool]]
  name    = "rural"
  members = "rural AND origin = 'in_district'"
  seats   = {reserve}
  [[round.pool]]
  name    = "in district"
  members = "NOT rural AND origin = 'in_district'"
  seats   = {inside}
  [[round.pool]]
  name    = "out of district"
  members = "origin = 'out_of_district'"
[[target]]
name     = "placed"
measure  = "share"
of       = "placed"
at_least = 0.9
"""


def write_senior_district(folder: Path, applicants: int, programmes: int, choices: int) -> Path:
    """Write the tables of a senior stage and its policy; return the policy's path.

    The reserve is soft, so each application enters two of the three pools: 2 × `choices` × `applicants` choices in all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.Generator(np.random.PCG64(2016))
    ids = pl.Series("student_id", np.arange(applicants)).cast(pl.String).str.zfill(9).str.replace("^", "S")
    marks = random.integers(200, 1500, size=(2, applicants))
    students = pl.DataFrame(
        {
            "student_id": ids,
            "stage": pl.Series(["senior"]).new_from_index(0, applicants),
            "origin": pl.Series(["in_district", "out_of_district"]).gather(random.integers(0, 4, applicants) // 3),
            "rural": random.integers(0, 4, applicants) == 0,
            "total": pl.Series(marks.sum(axis=0)).cast(pl.Decimal(10, 1)) / 2,
            "chinese_maths": pl.Series(marks[0]).cast(pl.Decimal(10, 1)) / 2,
        }
    )
    names = pl.Series("programme_id", [f"P{i:06d}" for i in range(programmes)])
    seats = max(1, int(applicants * 0.9 / programmes))
    listed = _distinct_choices(random, applicants, programmes, choices)
    students.write_parquet(folder / "students.parquet")
    pl.DataFrame({"school_id": names, "kind": "general"}).write_parquet(folder / "schools.parquet")
    pl.DataFrame({"programme_id": names, "school_id": names, "stage": "senior", "seats": seats}).write_parquet(
        folder / "programmes.parquet"
    )
    pl.DataFrame(
        {
            "student_id": ids.gather(np.repeat(np.arange(applicants), choices)),
            "rank": np.tile(np.arange(1, choices + 1), applicants),
            "programme_id": names.gather(listed.ravel()),
        }
    ).write_parquet(folder / "choices.parquet")
    policy = folder / "policy.toml"
    total = seats * programmes
    policy.write_text(POLICY.format(reserve=total // 5, inside=total * 6 // 10))
    return policy


def _distinct_choices(
    random: np.random.Generator, applicants: int, programmes: int, choices: int
) -> np.ndarray[tuple[int, int], np.dtype[np.int64]]:
    """Return `choices` different programmes for each applicant, popular ones (small numbers) more often."""
    first = (random.random(applicants) ** 2 * programmes).astype(np.int64)
    steps = random.integers(1, programmes // choices, size=(applicants, choices))
    steps[:, 0] = 0
    return (first[:, None] + np.cumsum(steps, axis=1)) % programmes
