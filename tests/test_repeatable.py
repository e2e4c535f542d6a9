"""The same tables, policy and seed give the same bytes: whatever the order of rows, the threads and the hash seed."""

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

import admissions as adm
from admissions.district.reading import write_district

pytestmark = pytest.mark.compiled


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_district(adm.generate_district("repeatable", size=600), folder)
    return folder


@pytest.fixture(scope="module")
def first(tables, tmp_path_factory):
    return bytes_of_run(tables, tmp_path_factory.mktemp("first") / "out")


def bytes_of_run(tables, out, **environment):
    """Return the bytes of every file of a run of the shipped policy, but for the timings."""
    command = [
        sys.executable,
        "-m",
        "admissions",
        "run",
        str(tables),
        "-p",
        "district_2016",
        "--seed",
        "x",
        "-o",
        str(out),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_bytes() for path in Path(out).iterdir() if path.name != "timings.json"}


@pytest.mark.parametrize(
    "environment",
    [
        {"POLARS_MAX_THREADS": "1", "NUMBA_NUM_THREADS": "1", "PYTHONHASHSEED": "1"},
        {"POLARS_MAX_THREADS": "2", "NUMBA_NUM_THREADS": "2", "PYTHONHASHSEED": "2"},
    ],
)
def test_threads_and_hash_seed_change_no_byte(tables, first, tmp_path, environment):
    assert bytes_of_run(tables, tmp_path / "out", **environment) == first


def test_shuffling_the_rows_of_every_table_changes_no_byte(tables, first, tmp_path):
    shuffled = tmp_path / "shuffled"
    shuffled.mkdir()
    order = random.Random(7)
    for path in tables.iterdir():
        if path.suffix != ".csv":
            (shuffled / path.name).write_bytes(path.read_bytes())
            continue
        header, *lines = path.read_text(encoding="utf-8").splitlines()
        order.shuffle(lines)
        (shuffled / path.name).write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    assert bytes_of_run(shuffled, tmp_path / "out") == first


def test_the_order_of_rows_of_parquet_changes_no_byte(tables, tmp_path):
    district = adm.read_district(tables)
    for name, move in (("one", lambda frame: frame), ("other", lambda frame: frame.reverse())):
        (tmp_path / name).mkdir()
        for table, frame in district.tables().items():
            move(frame).write_parquet(tmp_path / name / f"{table}.parquet")
    runs = [bytes_of_run(tmp_path / name, tmp_path / f"out-{name}") for name in ("one", "other")]
    assert runs[0] == runs[1]


def test_another_seed_draws_another_lottery(tables, first):
    district, policy = adm.read_district(tables), adm.read_policy("district_2016")
    one, other = (adm.allocate(district, policy, seed=seed).applications["lottery"].drop_nulls() for seed in ("x", "y"))
    assert not one.equals(other)
    assert first["applications.parquet"]
