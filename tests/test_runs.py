"""The run folder is written whole or not at all, and read back as it was."""

import errno
import json
import os
import random
import resource
import subprocess
import sys
import time
from hashlib import sha256

import polars as pl
import pytest

import admissions as adm
from admissions import runs
from admissions.audit import audit_allocation
from admissions.district.reading import write_district
from admissions.engine import allocate
from admissions.errors import RunError
from tests.offices import children, office, one_round

FILES = {
    "allocation.csv",
    "applications.parquet",
    "applications.csv.gz",
    "cutoffs.csv",
    "targets.csv",
    "audit.json",
    "run.json",
    "timings.json",
}


@pytest.fixture(scope="module")
def allocation():
    students = children("S1 S2 S3 S4", zone_id="Z", mark=[9, 8, None, 6], bundle_id=[None, None, None, None])
    zones = pl.DataFrame({"zone_id": ["Z"], "school_id": ["A"]})
    district = office(students, {"A": 2, "B": 1}, ["S1: A B", "S2: B A", "S3: A", "S4: A"], zones=zones)
    target = {"name": "placed", "measure": "share", "of": "placed", "at_least": 0.75}
    pools = [{"name": "few", "seats": 2}, {"name": "others"}]
    return allocate(district, one_round([target], order=["mark desc", "lottery"], pool=pools), seed="x")


@pytest.fixture(scope="module")
def audit(allocation):
    return audit_allocation(allocation)


def test_a_run_holds_all_its_files_and_nothing_beside_them(allocation, audit, tmp_path):
    adm.write_run(tmp_path / "out", allocation, audit)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("folder", ["out", "out [2016] of *"])
def test_a_run_is_read_back_as_it_was(allocation, audit, tmp_path, folder):
    adm.write_run(tmp_path / folder, allocation, audit)
    again = adm.read_run(tmp_path / folder)
    for table in ("students", "applications", "cutoffs", "targets", "shortfall", "rounds"):
        assert getattr(again, table).equals(getattr(allocation, table)), table
    assert (again.policy, again.seed, again.settled_by_id) == (allocation.policy, "x", allocation.settled_by_id)
    assert not audit_allocation(again).failed


def test_the_manifest_names_every_input_and_output_by_its_hash(allocation, audit, tmp_path):
    adm.write_run(tmp_path / "out", allocation, audit)
    manifest = json.loads((tmp_path / "out" / "run.json").read_text())
    for name, value in manifest["outputs"].items():
        assert sha256((tmp_path / "out" / name).read_bytes()).hexdigest() == value
    assert set(manifest["outputs"]) == FILES - {"run.json", "timings.json"}
    assert manifest["inputs"] == dict(allocation.district.sources)
    assert manifest["policy"] == allocation.policy.text
    assert manifest["apportionment"][0] == {
        "round": "primary", "pool": "few", "seats": 2, "method": "largest remainder", "shares": {"A": 1, "B": 1}
    }  # fmt: skip


def test_a_changed_file_is_named(allocation, audit, tmp_path):
    out = tmp_path / "out"
    adm.write_run(out, allocation, audit)
    assert runs.changed_files(out) == []
    text = (out / "cutoffs.csv").read_text()
    (out / "cutoffs.csv").write_text(text.replace("1", "2", 1))
    (out / "targets.csv").unlink()
    assert runs.changed_files(out) == ["cutoffs.csv", "targets.csv"]


def test_an_existing_folder_is_refused_and_an_earlier_run_replaced_on_demand_alone(allocation, audit, tmp_path):
    out = tmp_path / "out"
    adm.write_run(out, allocation, audit)
    with pytest.raises(RunError, match="exists"):
        adm.write_run(out, allocation, audit)
    (out / "timings.json").write_text("old")
    adm.write_run(out, allocation, audit, force=True)
    assert json.loads((out / "timings.json").read_text())["seconds"] == {}
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_force_never_replaces_what_is_no_run(allocation, audit, tmp_path):
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    with pytest.raises(RunError, match="is no earlier run"):
        adm.write_run(tmp_path / "precious", allocation, audit, force=True)
    with pytest.raises(RunError, match="no such folder"):
        adm.write_run(tmp_path / "nowhere" / "out", allocation, audit)
    assert (tmp_path / "precious" / "file").exists()


def test_a_failed_audit_publishes_its_verdicts_and_no_allocation(allocation, tmp_path):
    failing = audit_allocation(unfair(allocation))
    assert failing.failed
    adm.write_run(tmp_path / "out", unfair(allocation), failing)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"audit.json", "run.json", "timings.json"}
    with pytest.raises(RunError, match="a run whose audit failed publishes no result"):
        adm.read_run(tmp_path / "out")


def unfair(allocation):
    from dataclasses import replace

    nothing = pl.lit(None, dtype=pl.String)
    first = pl.col("student_id") == "S1"
    names = ("round", "programme_id", "school_id", "pool")
    columns = [pl.when(first).then(nothing).otherwise(name).alias(name) for name in names]
    route = pl.when(first).then(pl.lit("none")).otherwise("route").alias("route")
    reason = pl.when(first).then(pl.lit("outranked")).otherwise("reason").alias("reason")
    return replace(allocation, students=allocation.students.with_columns(*columns, route, reason))


@pytest.mark.parametrize("write", ["write", "fsync", "rename"])
def test_a_disk_that_fills_up_leaves_nothing_behind(allocation, audit, tmp_path, monkeypatch, write):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    if write == "write":
        monkeypatch.setattr(runs, "_write_synced", full)
    elif write == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(runs.Path, "rename", full)
    with pytest.raises(RunError, match="No space left on device; nothing was left behind"):
        adm.write_run(tmp_path / "out", allocation, audit)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_fills_up_keeps_the_earlier_run(allocation, audit, tmp_path, monkeypatch):
    adm.write_run(tmp_path / "out", allocation, audit)
    rename = runs.Path.rename

    def full(path, target):
        if path.name.endswith(".partial"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(path, target)

    monkeypatch.setattr(runs.Path, "rename", full)
    with pytest.raises(RunError):
        adm.write_run(tmp_path / "out", allocation, audit, force=True)
    assert {path.name for path in (tmp_path / "out").iterdir()} == FILES
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


WRITER = """
import sys
from pathlib import Path
import admissions as adm
from admissions.audit import audit_allocation
from tests.test_runs import one_of_its_own
allocation = one_of_its_own()
audit = audit_allocation(allocation)
print("ready", flush=True)
for number in range(100_000):
    adm.write_run(Path(sys.argv[1]) / f"out{number}", allocation, audit)
"""


def one_of_its_own():
    """Return an allocation large enough that writing it takes a moment."""
    ids = [f"S{i:05d}" for i in range(3000)]
    district = office(children(" ".join(ids)), {"A": 900, "B": 900}, [f"{one}: A B" for one in ids])
    return allocate(district, one_round(), seed="x")


@pytest.mark.compiled
def test_killed_at_any_moment_no_half_written_folder_exists(tmp_path):
    moments = random.Random(2016)
    finished = 0
    for attempt in range(30):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        with subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout.readline() == b"ready\n"
            time.sleep(moments.uniform(0, 0.12))
            writer.kill()
        for out in folder.glob("out*"):
            assert {path.name for path in out.iterdir()} == FILES
            assert runs.changed_files(out) == []
            finished += 1
    assert finished, "no run was ever finished: the moments are all too early to show anything"


def test_the_next_run_removes_what_a_killed_one_left(allocation, audit, tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        pass
    (tmp_path / f".out.{gone.pid}.partial").mkdir()
    (tmp_path / f".out.{os.getppid()}.partial").mkdir()
    adm.write_run(tmp_path / "out", allocation, audit)
    assert {path.name for path in tmp_path.iterdir()} == {"out", f".out.{os.getppid()}.partial"}


def test_a_file_size_limit_of_the_system_leaves_no_folder(tmp_path):
    code = WRITER.replace(
        'print("ready", flush=True)', "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert "RunError: out0 could not be written: File too large; nothing was left behind" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "term",
    [
        "SUBSTR(student_id, 2) desc",
        "LENGTH(bundle_id) asc",
        "student_id asc",
        "student_student_id desc",
        "student_bundle_id asc",
    ],
)
def test_no_line_of_a_full_pool_is_made_of_a_childs_id(term, tmp_path):
    students = children("S1 S2", mark=[5, 5], bundle_id=["B1", None])
    district = office(students, {"A": 1}, ["S1: A", "S2: A"])
    write_district(district, tmp_path / "data")
    policy = one_round(order=["mark desc", term])
    allocation = adm.allocate(adm.read_district(tmp_path / "data"), policy, seed="x")
    adm.write_run(tmp_path / "out", allocation, adm.audit(allocation))
    head, line = (tmp_path / "out" / "cutoffs.csv").read_text().splitlines()
    assert head == "round,programme_id,pool,seats,admitted,cutoff_key,cutoff_class,mark"
    assert line.endswith(",open to all,5")
    run = adm.read_run(tmp_path / "out")
    refused = run.students.filter(pl.col("programme_id").is_null())["student_id"].item()
    other = {"S1": "S2", "S2": "S1"}[refused]
    assert "mark 5" in adm.explain(run, refused).words() and other not in adm.explain(run, refused).words()
    odds = adm.simulate(district, policy, draws=2, seed="x")
    assert term.rsplit(" ", 1)[0] not in odds.cutoffs.columns
