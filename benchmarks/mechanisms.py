"""Every mechanism on one district: what it costs, and what it gives to whom."""

import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from rich.console import Console

import admissions as adm
from admissions.audit import justified_envy
from admissions.compiling.applicants import gather_applicants
from admissions.compiling.checking import columns_read
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw
from admissions.compiling.round import CompiledRound, compile_round
from admissions.compiling.seats import programme_seats
from admissions.market import Matching
from admissions.mechanisms import MECHANISMS, match
from benchmarks.kernels import in_turn
from benchmarks.tables import headed

REAL = Path(os.environ.get("ADMISSIONS_REAL_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
SEED, CLASS_SIZE = "2024", {"primary": 45, "junior": 50}


@dataclass(frozen=True, slots=True)
class Place:
    """A district whose senior stage is admitted by one mark."""

    name: str
    district: adm.District
    mark: str

    def parameters(self, mechanism: str) -> dict[str, Any]:
        """Return what a policy states for a mechanism: the one mapping of parameters, by what the district has."""
        students, programmes = (
            table.filter(stage="senior") for table in (self.district.students, self.district.programmes)
        )
        marks = students[self.mark].drop_nulls().cast(pl.Float64).to_numpy()
        stated: dict[str, dict[str, Any]] = {
            "parallel": {"band": 2},
            "score_bands": {"width": int(np.ptp(marks)) // 20},
            "regional": {"cap": min(len(students), int(programmes["seats"].sum())) * 7 // 10},
        }
        return stated.get(mechanism, dict(MECHANISMS[mechanism].judged_with))

    def compiled(self, mechanism: str, order: list[str], **parameters: Any) -> CompiledRound:
        """Return the senior round under a mechanism, as arrays."""
        clause = {"name": "senior", "stage": "senior", "lists": ["choices"], "mechanism": mechanism, "order": order}
        policy = adm.Policy.from_dict(
            {"title": "t", "class_size": CLASS_SIZE, "round": [{**clause, "parameters": parameters}]}
        )
        applicants = gather_applicants(self.district, columns_read(policy))
        draw = Draw(SEED, False, applicants.lottery_id.gather(applicants.of_student))
        progress = Progress.start(len(self.district.students), programme_seats(self.district, policy))
        return compile_round(policy.rounds[0], self.district, applicants, progress, draw)


def run() -> None:
    """Print the table of the family, on a real district where its data are found and on a made one otherwise."""
    place = _place()
    rounds = {
        name: place.compiled(name, [f"{place.mark} desc", "lottery"], **place.parameters(name)) for name in MECHANISMS
    }
    judge = place.compiled("deferred_acceptance", [f"{place.mark} desc"], ties="admit_all").market
    subjects = [partial(match, compiled.market, name, **compiled.parameters) for name, compiled in rounds.items()]
    columns = ("mechanism", "ms", "first choice", "mean rank", "justified envy", "unassigned")
    table = headed(f"The mechanisms on {place.name}", *columns)
    for (name, compiled), subject, seconds in zip(rounds.items(), subjects, in_turn(subjects), strict=True):
        choice = subject().choice
        rank = compiled.market.rank[choice[choice >= 0]]
        table.add_row(
            " ".join([name, *(f"{key}={value}" for key, value in place.parameters(name).items())]),
            f"{seconds * 1e3:,.1f}",
            f"{np.count_nonzero(rank == 1):,}",
            f"{rank.mean():.3f}",
            f"{justified_envy(judge, Matching.of(judge, choice)).count:,}",
            f"{np.count_nonzero(choice < 0):,}",
        )
    table.caption = (
        f"{judge.applicants:,} applicants, {len(judge.pool):,} choices, {len(judge.seats):,} programmes, "
        f"{int(judge.seats.sum()):,} seats; ranked by {place.mark}, then lottery. Justified envy: choices at which "
        "somebody with a lower mark was admitted"
    )
    Console(width=120).print(table)


def _place() -> Place:
    if (REAL / "czech_2024").is_dir():
        return Place("czech_2024, a real district", adm.read_district(REAL / "czech_2024"), "exam")
    return Place("a made district", adm.generate_district("mechanisms", size=40_000), "total")
