"""Where the draws are counted: every choice any draw may see, in one order for all draws."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from admissions.compiling.lists import Lists, build_lists
from admissions.compiling.round import select_programmes
from admissions.decoding import furthest_reasons
from admissions.market import Int32Array, Int64Array
from admissions.simulation.draws import Played
from admissions.simulation.laboratory import Laboratory

FIRST, LATER, OF_ZONE = range(3)
"""Kinds of choice: the family's first, another of the family's, one that the policy put on the list."""
KINDS = 3


@dataclass(frozen=True, slots=True, repr=False)
class Slots:
    """The choices of one round.

    Attributes
    ----------
    lists : Lists
        Everything on the list of anybody who may come to the round.
    application : (h,) int32
        Which of it each slot is at a pool of.
    pool : (h,) int16
        Pool of the rule.
    kind : (h,) int8
        What kind of choice it is.
    programme : (q,) int32
        Programmes of the round, in the order of its pools.
    classes : (h,) int16 or None
        Class of each; None where that depends on the draw.
    size : (a,) int32 or None
        Children of each applicant whom the round considers if the applicant takes part, 0 for the others; None where
        that depends on the draw.
    counted : (c,) int64
        Slots that some draw may grant; what is counted is counted by their places here.
    counted_kind : (c,) int8
        Their kinds.
    find : (f,) int64 or None
        Where slots are found by applicant, programme and pool; None where they are the choices of the compiled round.
    """

    lists: Lists
    application: Int32Array
    pool: npt.NDArray[np.int16]
    kind: npt.NDArray[np.int8]
    programme: Int32Array
    classes: npt.NDArray[np.int16] | None
    size: Int32Array | None
    counted: Int64Array
    counted_kind: npt.NDArray[np.int8]
    find: Int64Array | None = None

    @classmethod
    def of(cls, laboratory: Laboratory, place: int) -> Self:
        """Return the slots of a round."""
        stage = laboratory.stages[place]
        if stage is None:
            return cls._of_all_lists(laboratory, place)
        compiled = stage.open.compiled
        inside = compiled.row_pool >= 0
        application = compiled.row_application[inside]
        _, considered = furthest_reasons(compiled, stage.open.covers)
        kind = _kinds(laboratory, compiled.lists)[application]
        return cls(
            compiled.lists,
            application,
            compiled.row_pool[inside],
            kind,
            compiled.programme,
            compiled.row_class[inside],
            np.where(considered, compiled.market.size, 0),
            stage.back,
            kind[stage.back],
        )

    @classmethod
    def _of_all_lists(cls, laboratory: Laboratory, place: int) -> Self:
        rule, district, applicants = laboratory.policy.rounds[place], laboratory.district, laboratory.applicants
        from admissions.compiling.progress import Progress

        nothing = Progress.start(len(district.students), laboratory.seats)
        programmes = select_programmes(rule, district, nothing)
        here = (district.students["stage"] == rule.stage).to_numpy()[applicants.first]
        lists = build_lists(rule, district, applicants, here, programmes)
        pools = len(rule.pools)
        application = np.repeat(np.arange(len(lists.place), dtype=np.int32), pools)
        pool = np.tile(np.arange(pools, dtype=np.int16), len(lists.place))
        key = _key(laboratory, pools, lists.applicant[application], lists.programme[application], pool)
        listed = np.flatnonzero(programmes).astype(np.int32)
        kind = _kinds(laboratory, lists)[application]
        return cls(lists, application, pool, kind, listed, None, None, np.arange(len(kind)), kind, key)

    def index(self, laboratory: Laboratory, played: Played) -> Int64Array | None:
        """Return the place among the slots counted of each choice of a draw's market; None where they are the same."""
        if self.find is None:
            return played.kept
        compiled = played.compiled
        inside = compiled.row_pool >= 0
        application = compiled.row_application[inside]
        applicant, programme = compiled.lists.applicant[application], compiled.lists.programme[application]
        wanted = _key(laboratory, len(compiled.rule.pools), applicant, programme, compiled.row_pool[inside])
        order = np.argsort(self.find)
        return order[np.searchsorted(self.find, wanted, sorter=order)]


def _key(
    laboratory: Laboratory, pools: int, applicant: Int32Array, programme: Int32Array, pool: npt.NDArray[np.int16]
) -> Int64Array:
    width = len(laboratory.district.programmes)
    key: Int64Array = (applicant.astype(np.int64) * width + programme) * pools + pool
    return key


def _kinds(laboratory: Laboratory, lists: Lists) -> npt.NDArray[np.int8]:
    """Return the kind of each listed programme."""
    choices = laboratory.district.choices
    if not len(choices):
        return np.full(len(lists.place), OF_ZONE, dtype=np.int8)
    first = choices["rank"].to_numpy()[lists.choice] == 1
    return np.where(lists.choice < 0, OF_ZONE, np.where(first, FIRST, LATER)).astype(np.int8)
