"""The journal of a simulation: the counts so far, so that a killed one goes on where it was."""

import json
import os
import time
from collections import Counter
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from admissions.district.district import District
from admissions.errors import RunError
from admissions.policy.policy import Policy
from admissions.simulation.tally import Tally

EVERY = 2.0
"""Seconds between two entries."""


def fingerprint(district: District, policy: Policy, seed: str) -> str:
    """Return a hash of everything the counts depend on, but the number of draws."""
    parts = [version("admissions"), policy.text, seed, *(f"{name} {one}" for name, one in district.sources.items())]
    return sha256(json.dumps(sorted(parts)).encode()).hexdigest()


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

    def read_into(self, tally: Tally) -> None:
        """Add the counts of the file, if there is one.

        Raises
        ------
        RunError
            If it is of another simulation, or no journal.
        """
        if not self.path.is_file():
            return
        try:
            with np.load(self.path, allow_pickle=False) as file:
                head = json.loads(bytes(file["head"]).decode())
                arrays = [file[f"counts_{place}"] for place in range(head["arrays"])]
        except (OSError, ValueError, KeyError) as error:
            raise RunError(f"{self.path}: is no journal of a simulation; remove it to begin anew") from error
        if head["name"] != self.name:
            raise RunError(
                f"{self.path} is the journal of a simulation of other tables, another policy or another seed; "
                "remove it to begin anew"
            )
        for counts, more in zip((c for own in tally.rounds for c in own.arrays()), arrays, strict=True):
            counts += more
        tally.draws += head["draws"]
        tally.values.update(Counter({((where, name), value): n for where, name, value, n in head["values"]}))
        tally.met.update(Counter({(name, met): n for name, met, n in head["met"]}))

    def note(self, tally: Tally, at_once: bool = False) -> None:
        """Write the counts, if the last entry is old enough."""
        if not at_once and time.monotonic() - self._written < EVERY:
            return
        arrays = [counts for own in tally.rounds for counts in own.arrays()]
        head = {
            "name": self.name,
            "draws": tally.draws,
            "arrays": len(arrays),
            "values": [(where, name, value, n) for ((where, name), value), n in tally.values.items()],
            "met": [(name, met, n) for (name, met), n in tally.met.items()],
        }
        content = BytesIO()
        named: dict[str, Any] = {f"counts_{place}": counts for place, counts in enumerate(arrays)}
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
