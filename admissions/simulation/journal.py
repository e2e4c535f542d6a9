"""The journal of a simulation: the counts so far, so that a killed one goes on where it was."""

import json
import os
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from admissions.district.district import District
from admissions.errors import RunError
from admissions.policy.policy import Policy

if TYPE_CHECKING:
    from admissions.simulation.drawing import C, Counts

EVERY = 2.0
"""Seconds between two entries."""


def fingerprint(what: str, worlds: Sequence[tuple[str, District, Policy]], seed: str) -> str:
    """Return a hash of everything the counts depend on, but the number of draws.

    Parameters
    ----------
    what : str
        What is counted.
    worlds : sequence of (name, District, Policy)
        In which the lottery is drawn.
    seed : str
        Of the simulation.
    """
    parts = [[name, policy.text, sorted(district.sources.items())] for name, district, policy in worlds]
    return sha256(json.dumps([version("admissions"), what, seed, parts]).encode()).hexdigest()


class Journal:
    """A file with the counts of draws 1 to n, replaced whole.

    Parameters
    ----------
    path : path
        Of the file; its folder is there.
    name : str
        The `fingerprint` of the simulation.
    """

    def __init__(self, path: str | Path, name: str) -> None:
        self.path, self.name = Path(path), name
        self._written = time.monotonic()

    def read(self, nothing: "C") -> "C":
        """Return the counts of the file, or those of no draws where there is none.

        Raises
        ------
        RunError
            If it is of another simulation, or no journal.
        """
        if not self.path.is_file():
            return nothing
        try:
            with np.load(self.path, allow_pickle=False) as file:
                head = json.loads(bytes(file["head"]).decode())
                arrays = [file[f"counts_{place}"] for place in range(head["arrays"])]
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{self.path}: is no journal of a simulation; remove it to begin anew") from error
        if head["name"] != self.name:
            raise RunError(
                f"{self.path} is the journal of another simulation, of other tables, policies or groups, or of another "
                "seed; remove it to begin anew"
            )
        return nothing.restored(head["draws"], arrays, head["others"])

    def note(self, counts: "Counts", at_once: bool = False) -> None:
        """Write the counts, if the last entry is old enough."""
        if not at_once and time.monotonic() - self._written < EVERY:
            return
        arrays = counts.arrays()
        head = {"name": self.name, "draws": counts.draws, "arrays": len(arrays), "others": counts.others()}
        content = BytesIO()
        named: dict[str, Any] = {f"counts_{place}": one for place, one in enumerate(arrays)}
        np.savez(content, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), **named)
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.partial")
        try:
            partial.write_bytes(content.getbuffer())
            partial.replace(self.path)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise RunError(f"{self.path} could not be written: {error.strerror or error}") from error
        self._written = time.monotonic()

    def remove(self) -> None:
        """Remove the file, whose counts are elsewhere now."""
        self.path.unlink(missing_ok=True)
