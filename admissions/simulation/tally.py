"""What the draws came to, counted in whole numbers: sums are the same in any order and by any number of workers.

The arrays are as large as the district, however many draws there are.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from admissions.compiling.lots import Lots
from admissions.market import Int32Array, Int64Array
from admissions.simulation.drawing import Counted
from admissions.simulation.draws import Played, Works, play_draw, tabulate_draw
from admissions.simulation.laboratory import Laboratory
from admissions.simulation.seeds import derived_seed
from admissions.simulation.slots import FIRST, KINDS, LATER, OF_ZONE, Slots
from admissions.targets import measure_targets

PERCENT = 100
"""Parts of the range of lottery numbers in which cutoffs are counted."""
WITHOUT_LOT = PERCENT
"""Counted there are cutoffs that no lottery number marks."""
OF_ROUNDS = ("first_choice", "any_choice", "zone", "coordinated", "without_seat")


@dataclass(slots=True, repr=False)
class RoundTally:
    """Counts of one round.

    Attributes
    ----------
    admitted, last : (c,) int32
        Draws in which each slot that is counted was admitted, and in which it was the last one a full pool admitted.
    cutoffs : (p, c, 101) int64
        Draws in which the last one of each full pool was of each class, by the percent its lottery number lies at.
    coordinated : (a,) int64
        Draws in which the guarantee placed each applicant of the district.
    """

    admitted: Counted
    last: Counted
    cutoffs: Int64Array
    coordinated: Int64Array

    def arrays(self) -> tuple[Counted, ...]:
        """Return all counts."""
        return self.admitted, self.last, self.cutoffs, self.coordinated

    def spread(self, slots: Slots) -> "RoundTally":
        """Return the counts of all slots, (h,) int64, those that no draw grants among them."""
        admitted, last = np.zeros((2, len(slots.pool)), dtype=np.int64)
        admitted[slots.counted], last[slots.counted] = self.admitted, self.last
        return RoundTally(admitted, last, self.cutoffs, self.coordinated)


Measure = tuple[str, str]
"""Round and name of a measure; the round is empty for a target."""


@dataclass(slots=True, repr=False)
class Tally:
    """Counts of some draws.

    Attributes
    ----------
    draws : int
        How many.
    rounds : tuple of RoundTally
        One for each round.
    values : Counter of (Measure, str)
        Draws in which each measure had each value.
    met : Counter of (str, bool)
        Draws in which each target was met, and missed.
    """

    draws: int
    rounds: tuple[RoundTally, ...]
    values: "Counter[tuple[Measure, str]]" = field(default_factory=Counter)
    met: "Counter[tuple[str, bool]]" = field(default_factory=Counter)

    @classmethod
    def empty(cls, laboratory: Laboratory, slots: Iterable[Slots]) -> Self:
        """Return the counts of no draws."""
        applicants = len(laboratory.applicants.first)
        rounds = []
        for rule, own in zip(laboratory.policy.rounds, slots, strict=True):
            shape = (len(own.programme) * len(rule.pools), len(rule.classes), PERCENT + 1)
            admitted, last = np.zeros((2, len(own.counted)), dtype=np.int32)
            cutoffs, coordinated = np.zeros(shape, dtype=np.int64), np.zeros(applicants, dtype=np.int64)
            rounds.append(RoundTally(admitted, last, cutoffs, coordinated))
        return cls(0, tuple(rounds))

    def plus(self, other: "Tally") -> "Tally":
        """Return these counts and those of other draws together."""
        arrays = [mine + theirs for mine, theirs in zip(self.arrays(), other.arrays(), strict=True)]
        return Tally(self.draws + other.draws, _by_round(arrays), self.values + other.values, self.met + other.met)

    def arrays(self) -> list[Counted]:
        """Return the counts of all rounds."""
        return [counts for own in self.rounds for counts in own.arrays()]

    def spread(self, slots: Iterable[Slots]) -> "Tally":
        """Return the counts of all slots, for tables."""
        rounds = tuple(counts.spread(own) for counts, own in zip(self.rounds, slots, strict=True))
        return Tally(self.draws, rounds, self.values, self.met)

    def others(self) -> list[Any]:
        """Return the counts of measures and targets, as JSON has them."""
        values = [(where, name, value, n) for ((where, name), value), n in self.values.items()]
        return [values, [(name, met, n) for (name, met), n in self.met.items()]]

    def restored(self, draws: int, arrays: Sequence[Counted], others: list[Any]) -> "Tally":
        """Return the counts of which `arrays` and `others` once returned these."""
        values = Counter({((where, name), value): n for where, name, value, n in others[0]})
        return Tally(draws, _by_round(arrays), values, Counter({(name, met): n for name, met, n in others[1]}))


def _by_round(arrays: Sequence[Counted]) -> tuple[RoundTally, ...]:
    """Return the counts of each round from those of all."""
    width = len(fields(RoundTally))
    return tuple(RoundTally(*arrays[at : at + width]) for at in range(0, len(arrays), width))


def tally_draws(laboratory: Laboratory, slots: tuple[Slots, ...], seed: str, numbers: Iterable[int]) -> Tally:
    """Return the counts of some draws.

    Parameters
    ----------
    laboratory : Laboratory
        What all draws share.
    slots : tuple of Slots
        Where they are counted, one for each round.
    seed : str
        Of the simulation.
    numbers : iterable of int
        Of the draws.
    """
    tally = Tally.empty(laboratory, slots)
    works: Works = {}
    targets = laboratory.policy.targets
    for number in numbers:
        rounds = play_draw(laboratory, derived_seed(seed, number), works, in_full=bool(targets))
        for place, played in enumerate(rounds):
            _count_round(laboratory, tally, place, slots[place], played)
        if targets:
            measured = measure_targets(targets, laboratory.district, tabulate_draw(laboratory, rounds))
            for name, value, met in measured.select("name", "value", "met").iter_rows():
                tally.values[("", name), value or ""] += 1
                if met is not None:
                    tally.met[name, met] += 1
        tally.draws += 1
    return tally


def _count_round(laboratory: Laboratory, tally: Tally, place: int, slots: Slots, played: Played) -> None:
    from admissions.kernels.draws import count_draw

    counts, rule = tally.rounds[place], laboratory.policy.rounds[place]
    index, choice = slots.index(laboratory, played), played.choice
    full = np.flatnonzero(played.last >= 0)
    last = played.last[full]
    if index is not None:
        choice, last = np.where(choice >= 0, np.append(index, -1)[choice], -1), index[last]
    children = np.zeros(KINDS, dtype=np.int64)
    count_draw(choice, slots.counted_kind, played.size, counts.admitted, children)
    counts.last[last] += 1
    if slots.classes is not None:
        classes = slots.classes[slots.counted[last]]
    else:
        own = played.compiled.row_class[played.compiled.row_pool >= 0]
        classes = own[played.index[played.last[full]]]
    counts.cutoffs[full, classes, _percent(laboratory, place, played, full)] += 1
    coordinated = np.empty(0, dtype=np.int32)
    if played.coordinated is not None:
        coordinated = played.compiled.applicant[played.applicant[played.coordinated >= 0]]
    counts.coordinated[coordinated] += 1
    placed = int(children.sum()), int(laboratory.applicants.size[coordinated].sum())
    without = _considered(slots, played) - sum(placed)
    shown = (children[FIRST], children[FIRST] + children[LATER], children[OF_ZONE], placed[1], without)
    for name, value in zip(OF_ROUNDS, shown, strict=True):
        tally.values[(rule.name, name), str(int(value))] += 1


def _considered(slots: Slots, played: Played) -> int:
    """Return how many children a round considers in a draw."""
    if slots.size is not None:
        return int((slots.size if len(played.applicant) == len(slots.size) else slots.size[played.applicant]).sum())
    return 0 if played.placements is None else int(played.placements.considered.sum())


def _percent(laboratory: Laboratory, place: int, played: Played, full: Int64Array) -> Int64Array:
    """Return the percent at which the lottery number of each last one lies, `WITHOUT_LOT` where none ranks it."""
    stage, where = laboratory.stages[place], played.index[played.last[full]]
    if stage is None or played.lots is None:
        return _percent_anew(laboratory, played, where)
    drawer = stage.drawer[where]
    if not len(played.lots.order):
        return np.full(len(full), WITHOUT_LOT)
    return np.where(drawer >= 0, _of_range(played.lots, drawer), WITHOUT_LOT)


def _of_range(lots: Lots, drawer: Int32Array) -> Int64Array:
    half = (lots.leading[drawer] >> np.uint64(32)).astype(np.int64)
    percent: Int64Array = half * PERCENT >> 32
    return percent


def _percent_anew(laboratory: Laboratory, played: Played, where: Int64Array) -> Int64Array:
    """Return the same of a round whose lottery stands in words among what its orders compared."""
    compiled = played.compiled
    if "lottery" not in compiled.values:
        return np.full(len(where), WITHOUT_LOT)
    level, numbers = compiled.values["lottery"]
    inside = compiled.row_pool >= 0
    application = compiled.row_application[inside][where]
    at = laboratory.applicants.first[compiled.lists.applicant[application]] if level == "student" else application
    half = numbers.gather(at).str.slice(0, 8).str.to_integer(base=16).to_numpy().astype(np.int64)
    rule = compiled.rule
    ranked = np.array([[any(t.is_lottery for t in rule.terms(c, p)) for p in rule.pools] for c in rule.classes])
    mine = ranked[compiled.row_class[inside][where], compiled.row_pool[inside][where]]
    return np.where(mine, half * PERCENT >> 32, WITHOUT_LOT)
