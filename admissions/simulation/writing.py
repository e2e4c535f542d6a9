"""The folder of a simulation, or of scenarios: written whole or not at all, the same bytes for the same draws."""

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import polars as pl

from admissions.district.district import District
from admissions.runs import describe_files, encode_json, write_folder
from admissions.simulation.odds import Odds
from admissions.simulation.reforms import Reforms

SEED_OF_DRAW = "SHA-256 of SEED:NUMBER in hex, numbers from 1"


def journal_of(out: str | Path) -> Path:
    """Return where the journal of a folder to be is: a hidden file beside it."""
    out = Path(out).absolute()
    return out.with_name(f".{out.name}.journal")


def goes_on(out: str | Path, seed: str | None, policies: Sequence[str]) -> bool:
    """Return whether a folder holds the draws an interrupted simulation of a seed and policies finished, and a journal.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     goes_on(folder, "2016", ["title = 'By lot'"])
    False
    """
    manifest = Path(out) / "run.json"
    if not (journal_of(out).is_file() and manifest.is_file()):
        return False
    try:
        told = json.loads(manifest.read_text(encoding="utf-8"))
        drawn = [one["policy"] for one in told.get("scenarios", [told])]
        return (told["seed_of_draw"], told["seed"], drawn) == (SEED_OF_DRAW, seed or "", [*policies])
    except (ValueError, KeyError, TypeError):
        return False


def write_odds(out: str | Path, odds: Odds, district: District, force: bool = False) -> None:
    """Write ``odds.parquet``, ``children.parquet``, ``cutoffs.parquet``, ``measures.csv`` and ``run.json``.

    Parameters
    ----------
    out : path
        The folder, which must not exist.
    odds : Odds
        What the simulation came to.
    district : District
        Names the inputs.
    force : bool
        Whether an earlier result there is replaced.

    Raises
    ------
    RunError
        If the folder exists, or the disk does not take it; then nothing is left behind.
    """
    files = {
        "odds.parquet": _parquet(odds.applications),
        "children.parquet": _parquet(odds.children),
        "cutoffs.parquet": _parquet(odds.cutoffs),
        "measures.csv": odds.measures.write_csv().encode(),
    }
    manifest = {
        "title": odds.policy.title,
        "seed": odds.seed,
        "draws": odds.draws,
        "seed_of_draw": SEED_OF_DRAW,
        "exact": odds.exact,
        "policy": odds.policy.text,
        "inputs": dict(sorted(district.sources.items())),
        **describe_files(files),
    }
    write_folder(out, {**files, "run.json": encode_json(manifest)}, force)


def write_reforms(out: str | Path, reforms: Reforms, force: bool = False) -> None:
    """Write ``groups.csv``, ``children.parquet``, ``targets.csv`` and ``run.json``.

    Parameters
    ----------
    out : path
        The folder, which must not exist.
    reforms : Reforms
        What the scenarios change; of the groups, what may be published.
    force : bool
        Whether an earlier result there is replaced.

    Raises
    ------
    RunError
        If the folder exists, or the disk does not take it; then nothing is left behind.
    """
    files = {
        "groups.csv": reforms.published.write_csv().encode(),
        "children.parquet": _parquet(reforms.children),
        "targets.csv": reforms.targets.write_csv().encode(),
    }
    manifest = {
        "seed": reforms.seed,
        "draws": reforms.draws,
        "seed_of_draw": SEED_OF_DRAW,
        "exact": reforms.exact,
        "scenarios": [
            {"name": one.name, "policy": one.policy.text, "inputs": dict(sorted(one.district.sources.items()))}
            for one in reforms.scenarios
        ],
        **describe_files(files),
    }
    write_folder(out, {**files, "run.json": encode_json(manifest)}, force)


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.rechunk().write_parquet(buffer, compression="zstd", compression_level=1, statistics=False)
    return buffer.getvalue()
