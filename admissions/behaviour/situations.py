"""Lists taken apart: each place is a choice among the programmes that were still to be had (the exploded logit)."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.behaviour.tastes import hashed_bits
from admissions.compiling.applicants import gather_applicants
from admissions.district.dice import Dice
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True, repr=False)
class Situations:
    """Choices made, row by row: the programme chosen and those it was chosen from.

    Attributes
    ----------
    situation : (r,) int64
        Which choice a row belongs to.
    student, programme : (r,) int32
        Rows of the district's tables.
    chosen : (r,) bool
        One row of each choice.
    lists : int
        Lists they come from.
    """

    situation: Int64Array
    student: Int32Array
    programme: Int32Array
    chosen: BoolArray
    lists: int

    @property
    def choices(self) -> int:
        """Choices made."""
        return int(self.chosen.sum())


def take_apart(
    district: District, which: BoolArray, students: BoolArray, lists: int, alternatives: int, seed: str
) -> Situations:
    """Return the choices that lists are made of.

    Parameters
    ----------
    district : District
        The tables.
    which : (p,) bool
        Programmes in question, of one stage.
    students : (n,) bool
        Whose lists.
    lists : int
        How many at most, drawn by SHA-256.
    alternatives : int
        Programmes of a choice at most: the one chosen, and others drawn anew for each choice.
    seed : str
        What is drawn from.

    Raises
    ------
    AdmissionsError
        If there is no choice to learn from.
    """
    applicants, links = gather_applicants(district, ()), district.links
    counts = applicants.lists & students[links.choice_student] & which[links.choice_programme]
    owner = np.unique(links.choice_student[counts])
    ids = applicants.lottery_id.gather(applicants.of_student[owner])
    if len(owner) > lists:
        drawn = np.argsort(hashed_bits(f"{seed}:lists", ids), kind="stable")[:lists]
        owner = np.sort(owner[drawn])
        ids = applicants.lottery_id.gather(applicants.of_student[owner])
    offered = np.flatnonzero(which).astype(np.int32)
    rows = np.flatnonzero(counts)
    begins = np.searchsorted(links.choice_student[rows], owner)
    ends = np.searchsorted(links.choice_student[rows], owner, side="right")
    sets, whose = list[Int32Array](), list[int]()
    for child, name, start, stop in zip(owner.tolist(), ids, begins.tolist(), ends.tolist(), strict=True):
        left = offered
        for place, programme in enumerate(links.choice_programme[rows[start:stop]], start=1):
            left = left[left != programme]
            if len(left):
                sets.append(np.concatenate([[programme], _some(left, alternatives - 1, f"{seed}:{place}:{name}")]))
                whose.append(child)
    if not sets:
        raise AdmissionsError("lists: none has a programme in question that was chosen from several; nothing to learn")
    sizes = [len(one) for one in sets]
    first = np.zeros(sum(sizes), dtype=np.bool_)
    first[np.cumsum([0, *sizes[:-1]])] = True
    return Situations(
        np.repeat(np.arange(len(sets)), sizes),
        np.repeat(np.array(whose, dtype=np.int32), sizes),
        np.concatenate(sets).astype(np.int32),
        first,
        len(owner),
    )


def _some(programmes: Int32Array, most: int, text: str) -> Int32Array:
    """Return the programmes, or as many as wanted, drawn from a text."""
    if len(programmes) <= most:
        return programmes
    return programmes[np.argsort(Dice(text).uniform(len(programmes)), kind="stable")[:most]]


def one_stage(district: District, which: BoolArray) -> str:
    """Return the stage of the programmes in question.

    Raises
    ------
    AdmissionsError
        If there are fewer than two programmes, or stages more than one.
    """
    stages = district.programmes["stage"].filter(pl.Series(which)).unique().sort().to_list()
    if which.sum() < 2:
        raise AdmissionsError(f"programmes: two or more are needed to choose from, {which.sum()} given")
    if len(stages) > 1:
        raise AdmissionsError(
            f"programmes: of more than one stage ({', '.join(stages)}); estimate one after the other, "
            f"programmes=\"programme_stage = '{stages[0]}'\""
        )
    return str(stages[0])
