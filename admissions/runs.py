"""The run folder: written whole or not at all, and read back.

All files are made in memory, written into a hidden sibling of the folder, synced to the disk, and renamed into place. A
killed run leaves at most that sibling, which the next run of the same name removes.
"""

import glob
import json
import os
import platform
import shutil
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from admissions.allocation import SHORTFALL, Allocation
from admissions.audit import Audit
from admissions.district.district import District, content_hash
from admissions.district.reading import unreadable
from admissions.errors import RunError
from admissions.policy.policy import Policy
from admissions.records import records_of_frame

STANDS_ON = ("admissions", "networkx", "numba", "numpy", "ortools", "polars", "pydantic")
ROW_GROUP = 1 << 18
TABLES = {
    "allocation.csv": "students",
    "cutoffs.csv": "cutoffs",
    "targets.csv": "targets",
    "shortfall.csv": "shortfall",
}
APPLICATIONS, READABLE_APPLICATIONS = "applications.parquet", "applications.csv.gz"
SEALED = ("run.json", "timings.json")
"""Files that no other names by its hash; each ends with the hash of its own lines but the last two."""
WORDS = ("student_id", "stage", "round", "programme_id", "school_id", "pool", "route", "reason")
ALLOCATION_TYPES = dict.fromkeys(WORDS, pl.String) | {"choice_rank": pl.Int64}


def refuse_existing(out: str | Path, force: bool = False) -> None:
    """Raise if a run must not be written to a folder.

    Parameters
    ----------
    out : path
        Where the run is to go.
    force : bool
        Whether an earlier run there may be replaced.

    Raises
    ------
    RunError
        If something is there that is no earlier run, or is one and `force` is not set; or if its parent is missing.
    """
    out = Path(out)
    if not out.parent.is_dir():
        raise RunError(f"{out.parent}: no such folder")
    if not out.exists() and not out.is_symlink():
        return
    if not force:
        raise RunError(f"{out} exists; name another folder, or give --force to replace an earlier run")
    if not (out.is_dir() and not out.is_symlink() and ((out / "run.json").is_file() or not any(out.iterdir()))):
        raise RunError(f"{out} is no earlier run; --force replaces nothing else")


def refuse_existing_file(path: str | Path, run: str | Path) -> None:
    """Raise if a file about a run must not be written to a path.

    Parameters
    ----------
    path : path
        Where the file is to go.
    run : path
        The run folder, which holds what the run wrote and nothing else.

    Raises
    ------
    RunError
        If something is there, if its folder is missing, or if that is the run folder.
    """
    path, run = Path(os.path.abspath(path)), Path(os.path.abspath(run))
    if path.exists() or path.is_symlink():
        raise RunError(f"{path} exists; name another file with --out")
    if not path.parent.is_dir():
        raise RunError(f"{path.parent}: no such folder")
    if run in path.parents:
        raise RunError(f"{run} holds what the run wrote and nothing else; name a file outside with --out")


def write_file(path: str | Path, content: bytes) -> None:
    """Write a file where none is, whole or not at all.

    Parameters
    ----------
    path : path
        Where it is to go.
    content : bytes
        What it holds.

    Raises
    ------
    RunError
        If the disk does not take it; then nothing is left behind.
    """
    path = Path(os.path.abspath(path))
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        _write_synced(partial, content)
        partial.rename(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise RunError(f"{path} could not be written: {error.strerror or error}; nothing was left behind") from error
    finally:
        partial.unlink(missing_ok=True)


def write_run(
    out: str | Path,
    allocation: Allocation,
    audit: Audit,
    timings: Mapping[str, float] | None = None,
    force: bool = False,
    encoded: Mapping[str, bytes] | None = None,
    acknowledged: Sequence[str] = (),
) -> None:
    """Write a run folder, whole or not at all.

    Parameters
    ----------
    out : path
        The folder, which must not exist.
    allocation : Allocation
        The result; its district names the inputs.
    audit : Audit
        The verdicts on it. Where a claimed property fails, only they are written, and no allocation.
    timings : mapping of str to float, optional
        Seconds a phase took; not among the bytes that repeat.
    force : bool
        Whether an earlier run there is replaced.
    encoded : mapping of str to bytes, optional
        What `encode_tables` made of the allocation, where that was done before.
    acknowledged : sequence of str, optional
        What would have stopped the run and the office found right, as of `preflight`; kept in ``run.json``.

    Raises
    ------
    RunError
        If the folder exists, or the disk does not take it; then nothing is left behind.

    Examples
    --------
    >>> import admissions as adm
    >>> from tempfile import TemporaryDirectory
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> allocation = adm.allocate(district, policy, seed="s")
    >>> with TemporaryDirectory() as folder:
    ...     write_run(Path(folder) / "out", allocation, adm.audit(allocation))
    ...     adm.read_run(Path(folder) / "out").students.equals(allocation.students)
    True
    """
    out = Path(os.path.abspath(out))
    refuse_existing(out, force)
    files = {} if audit.failed else dict(encoded or encode_tables(allocation))
    files["audit.json"] = audit.to_json().encode()
    manifest = {**_manifest(allocation, files), "acknowledged": list(acknowledged)}
    files["run.json"] = _sealed(manifest)
    files["timings.json"] = _sealed(
        {"machine": platform.platform(), "python": platform.python_version(), "seconds": dict(timings or {})}
    )
    write_folder(out, files, force)


def write_folder(out: str | Path, files: Mapping[str, bytes], force: bool = False) -> None:
    """Write a folder of files, whole or not at all.

    Parameters
    ----------
    out : path
        The folder, which must not exist.
    files : mapping of str to bytes
        Contents by name.
    force : bool
        Whether an earlier run there is replaced.

    Raises
    ------
    RunError
        If the folder exists, or the disk does not take it; then nothing is left behind.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_folder(Path(folder) / "out", {"run.json": b"{}"})
    ...     (Path(folder) / "out" / "run.json").read_text()
    '{}'
    """
    out = Path(os.path.abspath(out))
    refuse_existing(out, force)
    _remove_leftovers(out)
    partial = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        partial.mkdir()
        for name, content in files.items():
            _write_synced(partial / name, content)
        _sync_folder(partial)
        _move_into_place(partial, out)
    except OSError as error:
        raise RunError(
            f"{out.name} could not be written: {error.strerror or error}; nothing was left behind"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def read_run(folder: str | Path) -> Allocation:
    """Return the allocation a run folder holds, without its district.

    Parameters
    ----------
    folder : path
        Written by ``admissions run``.

    Raises
    ------
    RunError
        If it is no complete run, or a file cannot be read.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     read_run(folder)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    admissions.errors.RunError: ... is no run folder: it holds no run.json
    """
    folder = Path(folder)
    manifest = read_manifest(folder)
    needed = [*TABLES, APPLICATIONS, READABLE_APPLICATIONS]
    if missing := [name for name in needed if name != "shortfall.csv" and not (folder / name).is_file()]:
        raise RunError(f"{folder}: {missing[0]} is missing; a run whose audit failed publishes no result")
    try:
        policy = Policy.from_toml(manifest["policy"], "the run's policy")
        students = pl.read_csv(folder / "allocation.csv", schema_overrides=ALLOCATION_TYPES, glob=False)
        applications = pl.read_parquet(folder / APPLICATIONS, glob=False)
        cutoffs = _read_cutoffs(folder / "cutoffs.csv", applications)
        ids = [frame[name].unique().sort() for frame, name in ((students, "student_id"), (cutoffs, "programme_id"))]
        records = records_of_frame(policy.rounds, applications, *ids)
        types = {"value": pl.String, "bound": pl.String}
        targets = pl.read_csv(folder / "targets.csv", schema_overrides=types, glob=False)
        shortfall = pl.DataFrame(schema=SHORTFALL)
        if (folder / "shortfall.csv").is_file():
            shortfall = pl.read_csv(folder / "shortfall.csv", schema=SHORTFALL, glob=False)
        counts = manifest["counts"]
        return Allocation(
            policy, manifest["seed"], students, records, cutoffs, targets, shortfall,
            pl.DataFrame(counts["rounds"]), counts["settled_by_id"],
        )  # fmt: skip
    except (pl.exceptions.PolarsError, KeyError, TypeError, OSError, UnicodeDecodeError) as error:
        raise RunError(f"{folder} is no run that can be read: {unreadable(error)}") from None


def read_manifest(folder: str | Path) -> dict[str, Any]:
    """Return the content of a run's ``run.json``.

    Raises
    ------
    RunError
        If there is none, or it is no manifest.
    """
    path = Path(folder) / "run.json"
    if not path.is_file():
        raise RunError(f"{folder} is no run folder: it holds no run.json")
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise RunError(f"{path}: is no JSON") from None
    if not isinstance(manifest, dict) or not {"policy", "seed", "outputs", "counts"} <= manifest.keys():
        raise RunError(f"{path}: is no manifest of a run")
    return manifest


def changed_files(folder: str | Path) -> list[str]:
    """Return the files of a run that are missing or not as the run wrote them."""
    outputs = read_manifest(folder)["outputs"]
    content = {
        name: path.read_bytes() if (path := Path(folder) / name).is_file() else None for name in (*outputs, *SEALED)
    }
    return [
        name
        for name, data in content.items()
        if data is None or (sha256(data).hexdigest() != outputs[name] if name in outputs else not _is_sealed(data))
    ]


def changed_tables(folder: str | Path, district: District) -> list[str]:
    """Return the tables of a district that are not those a run was made from, be it from files or from frames."""
    inputs: dict[str, str] = read_manifest(folder).get("inputs", {})
    other = [name for name in {*inputs, *district.sources} if inputs.get(name) != district.sources.get(name)]
    tables = district.tables()
    return sorted(name for name in other if name not in tables or inputs.get(name) != content_hash(tables[name]))


def encode_tables(allocation: Allocation) -> dict[str, bytes]:
    """Return the tables of a run folder as the bytes of their files.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> sorted(encode_tables(adm.allocate(district, policy, seed="s")))
    ['allocation.csv', 'applications.csv.gz', 'applications.parquet', 'cutoffs.csv', 'targets.csv']
    """
    files = {name: _csv(getattr(allocation, table)) for name, table in TABLES.items()}
    if not len(allocation.shortfall):
        del files["shortfall.csv"]
    applications, parquet, readable = allocation.applications.rechunk(), BytesIO(), BytesIO()
    applications.write_parquet(
        parquet, compression="zstd", compression_level=1, row_group_size=ROW_GROUP, statistics=False
    )
    applications.write_csv(readable, compression="gzip", compression_level=1)
    return {**files, APPLICATIONS: parquet.getvalue(), READABLE_APPLICATIONS: readable.getvalue()}


def describe_files(files: Mapping[str, bytes]) -> dict[str, dict[str, str]]:
    """Return what a manifest says of files: the versions of what made them, and the SHA-256 of each.

    Examples
    --------
    >>> sorted(describe_files({"allocation.csv": b""}))
    ['outputs', 'versions']
    """
    return {
        "versions": {name: version(name) for name in STANDS_ON},
        "outputs": {name: sha256(content).hexdigest() for name, content in sorted(files.items())},
    }


def _manifest(allocation: Allocation, files: Mapping[str, bytes]) -> dict[str, Any]:
    students = allocation.students
    return {
        "title": allocation.policy.title,
        "seed": allocation.seed,
        "policy": allocation.policy.text,
        "inputs": dict(sorted(allocation.district.sources.items())) if allocation.district is not None else {},
        **describe_files(files),
        "counts": {
            "students": len(students),
            "placed": len(students) - students["programme_id"].null_count(),
            "applications": sum(len(record.student) for record in allocation.records),
            "settled_by_id": allocation.settled_by_id,
            "rounds": allocation.rounds.to_dicts(),
        },
        "apportionment": _apportionment(allocation),
    }


def _apportionment(allocation: Allocation) -> list[dict[str, Any]]:
    """Return how each pool with a number for the whole round was divided."""
    shares = []
    for rule in allocation.policy.rounds:
        for pool in rule.pool:
            if not isinstance(pool.seats, int):
                continue
            rows = allocation.cutoffs.filter((pl.col("round") == rule.name) & (pl.col("pool") == pool.name))
            divided = dict(rows.select("programme_id", "seats").iter_rows())
            shares.append({"round": rule.name, "pool": pool.name, "seats": pool.seats, "method": "largest remainder",
                           "shares": divided})  # fmt: skip
    return shares


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def encode_json(content: Mapping[str, Any]) -> bytes:
    """Return a mapping as the bytes of a JSON file.

    Examples
    --------
    >>> encode_json({"seed": "s"}).decode().split()
    ['{', '"seed":', '"s"', '}']
    """
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _sealed(content: Mapping[str, Any]) -> bytes:
    """Return JSON whose last entry is the SHA-256 of the lines before it: ``head -n -2 run.json | sha256sum``."""
    lines = encode_json(content).removesuffix(b"\n}\n") + b",\n"
    return lines + f' "sha256": "{sha256(lines).hexdigest()}"\n}}\n'.encode()


def _is_sealed(data: bytes) -> bool:
    lines = data[: data.rfind(b' "sha256": ')]
    return data == lines + f' "sha256": "{sha256(lines).hexdigest()}"\n}}\n'.encode()


def _read_cutoffs(path: Path, applications: pl.DataFrame) -> pl.DataFrame:
    """Return the cutoffs with what the orders compared in the types of the applications."""
    fixed = {"seats": pl.Int64, "admitted": pl.Int64, "cutoff_key": pl.Int64}
    frame = pl.read_csv(path, infer_schema=False, glob=False)
    types = {name: fixed.get(name, applications.schema.get(name, pl.String)) for name in frame.columns}
    frame = frame.cast({name: dtype for name, dtype in types.items() if dtype not in (pl.Boolean, pl.Null)})
    return frame.with_columns(pl.col(name) == "true" for name, dtype in types.items() if dtype == pl.Boolean)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _move_into_place(partial: Path, out: Path) -> None:
    """Rename the finished folder to its name; an earlier run steps aside first and is then removed."""
    aside = out.with_name(f".{out.name}.{os.getpid()}.replaced")
    earlier = out.exists()
    if earlier:
        out.rename(aside)
    try:
        partial.rename(out)
    except OSError:
        if earlier:
            aside.rename(out)
        raise
    _sync_folder(out.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _remove_leftovers(out: Path) -> None:
    """Remove what killed runs of the same name left half-written."""
    for kind in ("partial", "replaced") if out.exists() else ("partial",):
        for leftover in out.parent.glob(f".{glob.escape(out.name)}.*.{kind}"):
            process = leftover.name.removesuffix(f".{kind}").rpartition(".")[2]
            if process.isdecimal() and not _is_alive(int(process)):
                shutil.rmtree(leftover, ignore_errors=True)


def _is_alive(process: int) -> bool:
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
