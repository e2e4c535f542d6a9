"""The counts of a simulation in the office's words: odds of applications and children, cutoffs, measures."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import takewhile

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.applicants import Applicants
from admissions.decoding import spread_bundles
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.records import names_a_child, value_column, words_at
from admissions.simulation.drawing import Counted
from admissions.simulation.intervals import exact_interval
from admissions.simulation.laboratory import Laboratory, Stage
from admissions.simulation.slots import OF_ZONE, Slots
from admissions.simulation.tally import OF_ROUNDS, PERCENT, RoundTally, Tally

CERTAIN = ("always", "never")
"""What priority alone settles."""
SHARES = {"low": Fraction(1, 20), "median": Fraction(1, 2), "high": Fraction(19, 20)}
"""Shares of the draws below the marks of a distribution."""
Rounds = Sequence[Slots]


def listed_counts(slots: Slots, own: RoundTally) -> Int64Array:
    """Return in how many draws each listed programme was given, by whichever pool."""
    return _summed(slots, own.admitted, len(slots.lists.place))


def _summed(slots: Slots, counts: Counted, length: int) -> Int64Array:
    total = np.zeros(length, dtype=np.int64)
    np.add.at(total, slots.application, counts)
    return total


def tabulate_applications(laboratory: Laboratory, slots: Rounds, tally: Tally, exact: bool) -> pl.DataFrame:
    """Return the odds of every programme on a list; those of a bundle stand under each of its children."""
    district = laboratory.district
    frames = []
    for place, (own, counted) in enumerate(zip(slots, tally.rounds, strict=True)):
        row, student = _of_children(laboratory.applicants, own)
        admitted = listed_counts(own, counted)[row]
        sure = _certainty(laboratory.stages[place], own, admitted_ever=listed_counts(own, counted) > 0, exact=exact)
        frames.append(
            pl.DataFrame(
                {
                    "student_id": district.students["student_id"].gather(student),
                    "round": pl.Series([laboratory.policy.rounds[place].name]).new_from_index(0, len(row)),
                    "programme_id": district.programmes["programme_id"].gather(own.lists.programme[row]),
                    "rank": own.lists.place[row],
                    "admitted": admitted,
                    "place": pl.Series([place], dtype=pl.Int32).new_from_index(0, len(row)),
                    **_odds(admitted, tally.draws, words_at(CERTAIN, sure[row])),
                }
            )
        )
    return pl.concat(frames).sort("student_id", "place", "rank").drop("place")


def _of_children(applicants: Applicants, slots: Slots) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Return each row of the lists once a child behind it, and the child."""
    applicant = slots.lists.applicant
    if applicants.size.max(initial=1) > 1:
        return spread_bundles(applicants, applicant)
    return np.arange(len(applicant)), applicants.first[applicant]


def _certainty(stage: Stage | None, slots: Slots, admitted_ever: BoolArray, exact: bool) -> npt.NDArray[np.int8]:
    """Return of each listed programme whether it is always given (0), never (1), or that nothing is proven (-1)."""
    if exact:
        return np.where(admitted_ever, 0, 1).astype(np.int8)
    sure = np.full(len(slots.lists.place), -1, dtype=np.int8)
    if stage is None:
        return sure
    sure[_summed(slots, stage.proof.open.astype(np.int64), len(sure)) == 0] = 1
    sure[_summed(slots, stage.proof.always.astype(np.int64), len(sure)) > 0] = 0
    return sure


def _odds(counts: Int64Array, draws: int, certain: pl.Series) -> dict[str, pl.Series]:
    """Return odds, interval and certainty; what is certain has no width."""
    low, high = exact_interval(counts, draws)
    always, never = ((certain == word).fill_null(False).to_numpy() for word in CERTAIN)
    ends = (np.where(always, 1.0, np.where(never, 0.0, end)) for end in (low, high))
    return {"odds": pl.Series(counts / max(draws, 1)), **dict(zip(("low", "high"), map(pl.Series, ends), strict=True)),
            "certain": certain}  # fmt: skip


def tabulate_children(laboratory: Laboratory, slots: Rounds, tally: Tally, exact: bool) -> pl.DataFrame:
    """Return what every child may expect, at best and at worst."""
    n = len(laboratory.applicants.first)
    choice, zone, coordinated, ranks, listed = (np.zeros(n, dtype=np.int64) for _ in range(5))
    worst = np.zeros(n, dtype=np.int64)
    always, might = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    for place, (own, counted) in enumerate(zip(slots, tally.rounds, strict=True)):
        applicant = own.lists.applicant[own.application]
        of_zone = own.kind == OF_ZONE
        rank = own.lists.place[own.application]
        np.add.at(choice, applicant, np.where(of_zone, 0, counted.admitted))
        np.add.at(zone, applicant, np.where(of_zone, counted.admitted, 0))
        np.add.at(ranks, applicant, counted.admitted * rank)
        np.add.at(listed, applicant, counted.admitted)
        np.maximum.at(worst, applicant, np.where(counted.admitted > 0, rank, 0))
        coordinated += counted.coordinated
        stage = laboratory.stages[place]
        if stage is None:
            might |= (laboratory.district.students["stage"] == laboratory.policy.rounds[place].stage).to_numpy()[
                laboratory.applicants.first
            ]
            continue
        might[stage.open.compiled.applicant[stage.open.covers]] = True
        might[applicant[stage.proof.open]] = True
        always[applicant[stage.proof.always]] = True
    seat = choice + zone + coordinated
    sure = np.where(always, 0, np.where(might, -1, 1))
    if exact:
        sure = np.where(seat > 0, 0, 1)
    without = tally.draws - seat
    route = np.select([without > 0, coordinated > 0, zone > 0], [0, 1, 2], 3)
    mine = laboratory.applicants.of_student
    some = listed[mine] > 0
    students = laboratory.district.students
    return pl.DataFrame(
        {
            "student_id": students["student_id"],
            "stage": students["stage"],
            "seat": seat[mine],
            **_odds(seat[mine], tally.draws, words_at(CERTAIN, sure[mine])),
            "choice": choice[mine],
            "zone": zone[mine],
            "coordinated": coordinated[mine],
            "expected_rank": pl.Series(ranks[mine] / np.maximum(listed[mine], 1)).set(pl.Series(~some), None),
            "worst_rank": pl.Series(worst[mine]).set(pl.Series(~some | (route[mine] < 2)), None),
            "worst": words_at(("none", "coordinated", "zone", "choice"), route[mine]),
        }
    )


def tabulate_cutoffs(laboratory: Laboratory, slots: Rounds, tally: Tally) -> pl.DataFrame:
    """Return every cutoff there was, pool by pool, the best first, with the share of the draws that had it."""
    frames = []
    for place, (own, counted) in enumerate(zip(slots, tally.rounds, strict=True)):
        stage = laboratory.stages[place]
        frame = _cutoffs_by_class(laboratory, place, own, counted)
        if stage is not None:
            frame = _cutoffs_by_value(stage, laboratory.applicants.first, own, counted, frame)
        frames.append(frame)
    table = pl.concat(frames, how="diagonal_relaxed")
    values = [name for name in table.columns if name not in _HEAD + _LOTS]
    share = pl.col("draws") / max(tally.draws, 1)
    programmes = laboratory.district.programmes["programme_id"]
    table = table.with_columns(
        share=share,
        round=words_at([rule.name for rule in laboratory.policy.rounds], table["round"].to_numpy()),
        programme_id=programmes.gather(table["programme_id"]),
    )
    return table.select(*_HEAD, "share", *values, *_LOTS)


_HEAD = ("round", "programme_id", "pool", "class", "draws")
_LOTS = ("lottery_low", "lottery_median", "lottery_high")


def _cutoffs_by_class(laboratory: Laboratory, place: int, slots: Slots, counted: RoundTally) -> pl.DataFrame:
    """Return pools and classes of the cutoffs, and the percent at which their lottery numbers lie."""
    rule = laboratory.policy.rounds[place]
    pools = len(rule.pools)
    at, classes = np.nonzero(counted.cutoffs.sum(axis=2))
    by_lot = counted.cutoffs[at, classes]
    lots = by_lot[:, :PERCENT]
    drawn = lots.sum(axis=1)
    upto = np.cumsum(lots, axis=1)
    frame = {
        "round": np.full(len(at), place, dtype=np.int32),
        "programme_id": slots.programme[at // pools],
        "pool": words_at([pool.name for pool in rule.pools], at % pools),
        "class": words_at([priority.name for priority in rule.classes], classes),
        "draws": by_lot.sum(axis=1),
    }
    for name, share in zip(_LOTS, SHARES.values(), strict=True):
        wanted = (drawn * share.numerator + share.denominator - 1) // share.denominator
        percent = pl.Series((upto < np.maximum(wanted, 1)[:, None]).sum(axis=1))
        frame[name] = percent.set(pl.Series(drawn == 0), None)
    return pl.DataFrame(frame)


def _cutoffs_by_value(
    stage: Stage, first: Int32Array, slots: Slots, counted: RoundTally, classes: pl.DataFrame
) -> pl.DataFrame:
    """Return the cutoffs by what is compared before the lottery, in the order of priority."""
    compiled, rule = stage.open.compiled, stage.rule
    last = np.flatnonzero(counted.last)
    application = slots.application[last]
    where = {
        "application": application,
        "programme": compiled.lists.programme[application],
        "student": first[compiled.lists.applicant[application]],
    }
    classes_of = compiled.row_class[compiled.row_pool >= 0][last]
    frame = {
        "programme_id": compiled.lists.programme[application],
        "pool": words_at([pool.name for pool in rule.pools], slots.pool[last]),
        "class": words_at([priority.name for priority in rule.classes], classes_of),
        "before": stage.open.before[last],
        "draws": counted.last[last],
    }
    compared = _compared(stage)
    names = [name for name in dict.fromkeys(n for own in compared for n in own) if name in compiled.values]
    for name in names:
        level, series = compiled.values[name]
        ranks = np.array([name in own for own in compared])[classes_of]
        frame[value_column(name)] = series.gather(pl.Series(where[level]).set(pl.Series(~ranks), None))
    keys = ["programme_id", "pool", "class", "before"]
    found = pl.DataFrame(frame).group_by(keys).agg(
        pl.col("draws").sum(), *(pl.col(value_column(name)).first() for name in names)
    )  # fmt: skip
    joined = found.join(classes.drop("draws"), on=["programme_id", "pool", "class"], how="left")
    order = pl.col("pool").replace_strict({pool.name: k for k, pool in enumerate(rule.pools)}, return_dtype=pl.Int64)
    return joined.sort("programme_id", order, "before").drop("before")


def _compared(stage: Stage) -> list[list[str]]:
    """Return for each class the names of what is compared before the lottery, ids left out."""
    rule = stage.rule
    found = []
    for priority in rule.classes:
        before = takewhile(lambda term: not term.is_lottery, rule.terms(priority, rule.pools[0]))
        found.append([term.name for term in before if not names_a_child(term.name)])
    return found


def tabulate_measures(laboratory: Laboratory, tally: Tally) -> pl.DataFrame:
    """Return the distribution of every target, and of the counts of every round."""
    targets = [("", target.name) for target in laboratory.policy.targets]
    counts = [(rule.name, name) for rule in laboratory.policy.rounds for name in OF_ROUNDS]
    found: dict[tuple[str, str], dict[Decimal, int]] = {}
    for (measure, value), draws in tally.values.items():
        if value:
            found.setdefault(measure, {})[Decimal(value)] = draws
    rows = []
    for measure in [*targets, *counts]:
        values = sorted(found.get(measure, {}).items())
        met, missed = (tally.met[measure[1], one] if not measure[0] else 0 for one in (True, False))
        share = met / (met + missed) if met + missed else None
        rows.append((measure[0] or None, measure[1], *_distribution(values), share))
    marks = ("mean", "lowest", *SHARES, "highest")
    schema = {"round": pl.String, "name": pl.String, "draws": pl.Int64, **dict.fromkeys(marks, pl.Float64)}
    return pl.DataFrame(rows, schema={**schema, "met": pl.Float64}, orient="row")


def _distribution(values: list[tuple[Decimal, int]]) -> tuple[float | int | None, ...]:
    """Return draws, mean, lowest, the marks and highest of values with their counts."""
    draws = sum(count for _, count in values)
    if not draws:
        return (0, *[None] * (3 + len(SHARES)))
    mean = sum(Fraction(value) * count for value, count in values) / draws
    marks = []
    for share in SHARES.values():
        upto = 0
        for value, count in values:
            upto += count
            if upto >= share * draws:
                marks.append(float(value))
                break
    return draws, float(mean), float(values[0][0]), *marks, float(values[-1][0])
