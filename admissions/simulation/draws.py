"""One draw of the lottery through all rounds: what `allocate` would give with its seed, and nothing it need not do."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.guarantee import compile_guarantee, covered
from admissions.compiling.lots import Lots
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw
from admissions.compiling.round import CompiledRound, compile_round
from admissions.compiling.seats import divide_seats
from admissions.decoding import (
    CHOICE,
    COORDINATED,
    NONE,
    PLACED,
    ZONE,
    Placements,
    furthest_reasons,
    place_students,
    spread_to_students,
)
from admissions.engine import coordinate_left, match_round
from admissions.market import NO_CUTOFF, BoolArray, Int32Array, Int64Array, Market, Matching
from admissions.policy.policy import Round
from admissions.records import words_at
from admissions.simulation.laboratory import DEFAULTS, Laboratory, Line, Stage

if TYPE_CHECKING:
    from admissions.kernels.deferred_acceptance import Work

Works = dict[int, "Kept"]
"""By place of the round, the arrays that one thread keeps between draws."""


@dataclass(slots=True, repr=False)
class Kept:
    """Keys of a round, (e,) int64, written anew in every draw; and what deferred acceptance works in, once made."""

    key: Int64Array
    work: "Work | None" = None


@dataclass(frozen=True, slots=True, repr=False)
class Standing:
    """What the rounds so far left: who is placed, the place of the round that left each last (-1: none), seats."""

    placed: BoolArray
    left_by: npt.NDArray[np.int16]
    left: Int64Array

    def after(self, place: int, placements: Placements) -> "Standing":
        """Return what a round leaves of it."""
        now = placements.programme >= 0
        left_by = np.where(placements.considered & ~now, np.int16(place), self.left_by)
        taken = np.bincount(placements.programme[now], minlength=len(self.left))
        return Standing(self.placed | now, left_by, self.left - taken)


@dataclass(frozen=True, slots=True, repr=False)
class Played:
    """A round of a draw.

    Attributes
    ----------
    compiled : CompiledRound
        The round of everybody, or that of this draw alone.
    applicant : (b,) int64
        Places among its applicants of those who took part.
    size : (b,) int32
        Children behind each.
    choice : (b,) int64
        What the mechanism gave each, as a choice of the draw's market, or -1.
    last : (p,) int64
        Last choice each full pool admitted, -1 for the others.
    index : (e,) int64
        Choice of ``compiled`` that each choice of the draw's market is.
    kept : (e,) int64 or None
        Choice of the stage's market that each is; None where those are the same, or the draw compiled the round.
    coordinated : (b,) int32 or None
        Programme the guarantee gave each, or -1; None where nothing is guaranteed.
    lots : Lots or None
        The lottery; None where the draw compiled the round.
    placements : Placements or None
        What it did to each student; None where nobody asks.
    """

    compiled: CompiledRound
    applicant: Int64Array
    size: Int32Array
    choice: Int64Array
    last: Int64Array
    index: Int64Array
    kept: Int64Array | None
    coordinated: Int32Array | None
    lots: Lots | None
    placements: Placements | None


def play_draw(laboratory: Laboratory, seed: str, works: Works, in_full: bool = True) -> tuple[Played, ...]:
    """Return the rounds of the draw of a seed.

    Parameters
    ----------
    laboratory : Laboratory
        What all draws share.
    seed : str
        Seed of the draw.
    works : dict
        Arrays that one thread keeps between draws.
    in_full : bool
        Whether the placements of the last round are asked for, too.
    """
    n = len(laboratory.district.students)
    standing = Standing(np.zeros(n, dtype=np.bool_), np.full(n, -1, dtype=np.int16), laboratory.seats)
    rounds = []
    for place, stage in enumerate(laboratory.stages):
        if stage is None:
            played = _compile_anew(laboratory, laboratory.policy.rounds[place], standing, seed)
        else:
            if place not in works:
                works[place] = Kept(np.empty(len(stage.back), dtype=np.int64))
            played = _play_open(laboratory, stage, standing, seed, works[place])
            if in_full or place + 1 < len(laboratory.stages):
                played = replace(played, placements=_placements(laboratory, stage, played))
        if played.placements is not None:
            standing = standing.after(place, played.placements)
        rounds.append(played)
    return tuple(rounds)


def _compile_anew(laboratory: Laboratory, rule: Round, standing: Standing, seed: str) -> Played:
    """Return a round that depends on the draw by more than its lots."""
    district, policy, applicants = laboratory.district, laboratory.policy, laboratory.applicants
    ids = applicants.lottery_id.gather(applicants.of_student)
    draw = Draw(seed, policy.lottery.scope == "programme", ids)
    progress = _progress(laboratory, standing)
    compiled = compile_round(rule, district, applicants, progress, draw)
    matching = match_round(compiled)
    coordinating = compile_guarantee(compiled, matching.choice, district, applicants, progress)
    coordinated, _ = coordinate_left(compiled, coordinating, district)
    covers = covered(compiled, district, applicants, progress)
    placements = place_students(compiled, matching, coordinated, covers, district, applicants)
    market = compiled.market
    everybody, index = np.arange(market.applicants), np.arange(len(market.pool))
    last = _last(matching.choice, market.pool, market.key, matching.cutoff)
    return Played(compiled, everybody, market.size, matching.choice, last, index, None, coordinated, None, placements)


def _progress(laboratory: Laboratory, standing: Standing) -> Progress:
    names = [rule.name for rule in laboratory.policy.rounds]
    return Progress(standing.placed, words_at(names, standing.left_by), laboratory.seats, standing.left)


def _play_open(laboratory: Laboratory, stage: Stage, standing: Standing, seed: str, kept: Kept) -> Played:
    """Return a round of a draw: lots into keys, who still applies, seats left, mechanism, guarantee."""
    opened, market = stage.open, stage.market
    lots = opened.tickets.draw(seed)
    if is_plain(stage):
        line = stage.line
        choice, last = _accept(stage, lots, kept) if line is None else _take(stage, line, lots)
        return Played(opened.compiled, stage.everybody, market.size, choice, last, stage.back, None, None, lots, None)
    key = kept.key
    opened.draw_keys(lots.places(), key)
    takes = np.ones(market.applicants, dtype=np.bool_)
    if opened.follows:
        first = laboratory.applicants.first[opened.compiled.applicant]
        takes = opened.takes_part[standing.left_by[first], np.arange(len(first))] & ~standing.placed[first]
    who, keep = np.flatnonzero(takes), np.flatnonzero(takes[market.owners()])
    now = _market_now(laboratory, stage, standing, who, keep, key)
    matching = match_round(replace(opened.compiled, market=now, parameters=_parameters(stage, who, keep, key)))
    last = _last(matching.choice, now.pool, now.key, matching.cutoff)
    coordinated = _coordinated(laboratory, stage, standing, who, matching)
    index = stage.back[keep]
    return Played(opened.compiled, who, now.size, matching.choice, last, index, keep, coordinated, lots, None)


def is_plain(stage: Stage) -> bool:
    """Return whether a round is deferred acceptance of everybody in every draw, with nothing to it."""
    opened, rule = stage.open, stage.rule
    if opened.follows or opened.shares_seats or rule.guarantee is not None:
        return False
    accepts = rule.mechanism == "deferred_acceptance"
    accepts |= rule.mechanism == "serial_dictatorship" and stage.line is not None
    return accepts and all(value == DEFAULTS.get(name) for name, value in rule.parameters.items())


def _take(stage: Stage, line: Line, lots: Lots) -> tuple[Int64Array, Int64Array]:
    """Return what `_accept` does where all pools rank applicants alike."""
    from admissions.kernels.draws import take_in_turn

    market = stage.market
    choice, last = np.empty(market.applicants, dtype=np.int64), np.empty(len(market.seats), dtype=np.int64)
    turns = line.of_lots(lots.order)
    take_in_turn(turns, market.indptr, line.pool, market.seats, market.size, choice, last)
    return choice, last


def _accept(stage: Stage, lots: Lots, kept: Kept) -> tuple[Int64Array, Int64Array]:
    """Return what deferred acceptance gives each applicant, and the last choice each full pool admitted."""
    from admissions.kernels.deferred_acceptance import APPLICANT, Work
    from admissions.mechanisms.deferred_acceptance import run, run_again
    from admissions.mechanisms.keys import KEY_BITS

    market, key = stage.market, kept.key
    stage.open.draw_keys(lots.places(), key)
    if stage.highest >> KEY_BITS:
        matching = run(replace(market, key=key))
        return matching.choice, _last(matching.choice, market.pool, key, matching.cutoff)
    if kept.work is None:
        kept.work = Work.of(market)
    choice, worst = run_again(market, key, stage.highest, kept.work), kept.work.worst
    full = np.flatnonzero((worst >= 0) & (worst < NO_CUTOFF))
    last = np.full(len(worst), -1, dtype=np.int64)
    last[full] = choice[worst[full] & APPLICANT]
    return choice, last


def _last(choice: Int64Array, pool: Int32Array, key: Int64Array, cutoff: Int64Array) -> Int64Array:
    """Return the last choice each full pool admitted, -1 for a pool that is not full or admitted nobody."""
    from admissions.kernels.draws import find_last

    last = np.empty(len(cutoff), dtype=np.int64)
    find_last(choice, pool, _frozen(key), last)
    last[cutoff == NO_CUTOFF] = -1
    return last


def _frozen(array: Int64Array) -> Int64Array:
    array = array.view()
    array.flags.writeable = False
    return array


def _market_now(
    laboratory: Laboratory, stage: Stage, standing: Standing, who: Int64Array, keep: Int64Array, key: Int64Array
) -> Market:
    """Return the market of those who take part, with the keys of the draw and the seats that are left."""
    opened, market = stage.open, stage.market
    compiled = opened.compiled
    seats = market.seats
    if opened.shares_seats:
        programmes = np.zeros(len(laboratory.seats), dtype=np.bool_)
        programmes[compiled.programme] = True
        left = np.maximum(standing.left, 0)
        seats = divide_seats(stage.rule, laboratory.district, programmes, laboratory.seats, left)[programmes].ravel()
    lengths = np.diff(market.indptr)[who]
    own = market.key if _ties_stay(stage) else key
    return Market(
        indptr=np.concatenate(([0], np.cumsum(lengths))),
        pool=market.pool[keep],
        key=own[keep],
        rank=market.rank[keep],
        seats=seats,
        size=market.size[who],
    )


def _ties_stay(stage: Stage) -> bool:
    """Return whether the mechanism sees applicants as equal whom the lottery tells apart."""
    return stage.rule.parameters.get("ties") == "admit_all" or "tie_break" in stage.rule.row.parameters


def _parameters(stage: Stage, who: Int64Array, keep: Int64Array, key: Int64Array) -> dict[str, Any]:
    """Return what the mechanism is called with, for those who take part."""
    parameters = dict(stage.open.compiled.parameters)
    for name in {"consent", "owned"} & parameters.keys():
        if isinstance(parameters[name], np.ndarray):
            parameters[name] = parameters[name][who]
    if isinstance(parameters.get("cost"), np.ndarray):
        parameters["cost"] = parameters["cost"][stage.back[keep]]
    if "tie_break" in parameters:
        parameters["tie_break"] = key[keep]
    return parameters


def _coordinated(
    laboratory: Laboratory, stage: Stage, standing: Standing, who: Int64Array, matching: Matching
) -> Int32Array | None:
    """Return the programme the guarantee gives each who takes part, or -1; None where nothing is guaranteed."""
    if stage.rule.guarantee is None:
        return None
    whole = stage.open.compiled
    compiled = replace(whole, market=matching.market, applicant=whole.applicant[who])
    work = compile_guarantee(
        compiled, matching.choice, laboratory.district, laboratory.applicants, _progress(laboratory, standing)
    )
    return coordinate_left(compiled, work, laboratory.district)[0]


def _placements(laboratory: Laboratory, stage: Stage, played: Played) -> Placements:
    """Return what a round that was compiled once did to each student."""
    compiled, covers = played.compiled, stage.open.covers
    pools, held = len(stage.rule.pools), played.choice >= 0
    edges = played.index[played.choice[held]]
    application = compiled.row_application[compiled.row_pool >= 0][edges]
    listed = compiled.lists.choice[application]
    programme = np.full(len(held), -1, dtype=np.int32) if played.coordinated is None else played.coordinated.copy()
    programme[held] = compiled.programme[compiled.market.pool[edges] // pools]
    pool = np.full(len(held), -1, dtype=np.int16)
    pool[held] = compiled.market.pool[edges] % pools
    rank = np.full(len(held), -1, dtype=np.int64)
    choices = laboratory.district.choices
    if len(choices):
        rank[held] = np.where(listed >= 0, choices["rank"].to_numpy()[listed], -1)
    route = np.where(programme >= 0, COORDINATED, NONE).astype(np.int8)
    route[held] = np.where(listed >= 0, CHOICE, ZONE)
    reasons, considers = furthest_reasons(compiled, covers)
    reason, considered = reasons[played.applicant], considers[played.applicant]
    reason[programme >= 0] = PLACED
    present = replace(compiled, applicant=compiled.applicant[played.applicant])
    return spread_to_students(
        present, laboratory.applicants, Placements(programme, pool, rank, route, reason, considered)
    )


def tabulate_draw(laboratory: Laboratory, rounds: tuple[Played, ...]) -> pl.DataFrame:
    """Return the seat of every student in a draw, as `allocate` tabulates it."""
    from admissions.engine import tabulate_students

    placements = [played.placements for played in rounds if played.placements is not None]
    return tabulate_students(laboratory.district, laboratory.policy, placements)
