"""From a district and a policy to an allocation: for each round compile, match, keep the guarantee, record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.allocation import SHORTFALL, Allocation
from admissions.compiling.applicants import Applicants, gather_applicants
from admissions.compiling.checking import check_policy, columns_read
from admissions.compiling.guarantee import Coordinating, compile_guarantee, covered
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw
from admissions.compiling.round import CompiledRound, compile_round
from admissions.compiling.seats import programme_seats
from admissions.decoding import (
    CHOICE,
    COORDINATED,
    NO_ROUND,
    PLACED,
    REASONS,
    ROUTES,
    ZONE,
    Placements,
    place_students,
    record_round,
    tabulate_cutoffs,
)
from admissions.district.district import District
from admissions.errors import MarketError, PolicyError
from admissions.market import Int32Array, Matching
from admissions.mechanisms import match
from admissions.policy.policy import Policy
from admissions.records import RoundRecord, words_at
from admissions.targets import measure_targets

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, repr=False)
class _Solved:
    """What one round leaves for the allocation."""

    compiled: CompiledRound
    placements: Placements
    record: RoundRecord
    cutoffs: pl.DataFrame
    shortfall: pl.DataFrame


def allocate(district: District, policy: Policy, seed: str | None = None, tell: Tell | None = None) -> Allocation:
    """Give every child of a district a seat or a reason.

    Parameters
    ----------
    district : District
        The office's tables.
    policy : Policy
        The rules.
    seed : str, optional
        Public text that the lottery is drawn from; needed where the policy draws lots.
    tell : callable, optional
        Called with the name of each phase as it begins.

    Returns
    -------
    Allocation
        The same for the same tables, policy and seed, whatever the order of rows or the machine.

    Raises
    ------
    PolicyError, DataError
        If the policy does not fit the tables, or needs a seed and has none.

    Examples
    --------
    >>> from admissions.district.generation import generate_district
    >>> from admissions.policy.reading import read_policy
    >>> allocation = allocate(generate_district("docs", size=60), read_policy("district_2016"), seed="2016-07-01 09:00")
    >>> allocation.students["student_id"].n_unique()
    60
    """
    tell = tell or (lambda phase: None)
    if seed is None and policy.needs_lottery:
        raise PolicyError("this policy draws lots: give a seed, a public text fixed before the draw")
    if seed == "":
        raise PolicyError("the seed is empty: give a public text fixed before the draw")
    tell("policy")
    check_policy(district, policy)
    applicants, draw, progress = begin(district, policy, seed)
    rounds = []
    for rule in policy.rounds:
        tell(f"{rule.name}: lists, classes and keys")
        compiled = compile_round(rule, district, applicants, progress, draw)
        tell(f"{rule.name}: {rule.mechanism.replace('_', ' ')}")
        matching = match_round(compiled)
        tell(f"{rule.name}: seats")
        done = _solve(compiled, matching, district, applicants, progress)
        progress = progress.after(rule.name, done.placements.considered, done.placements.programme)
        rounds.append(done)
    tell("tables")
    students = tabulate_students(district, policy, [done.placements for done in rounds])
    return Allocation(
        policy=policy,
        seed=seed,
        students=students,
        records=tuple(done.record for done in rounds),
        cutoffs=pl.concat([done.cutoffs for done in rounds], how="diagonal_relaxed"),
        targets=measure_targets(policy.targets, district, students),
        shortfall=pl.concat([done.shortfall for done in rounds]),
        rounds=pl.DataFrame([_counted(done) for done in rounds]),
        settled_by_id={r.compiled.rule.name: r.compiled.settled_by_id for r in rounds if r.compiled.settled_by_id},
        district=district,
    )


def begin(district: District, policy: Policy, seed: str | None) -> tuple[Applicants, Draw, Progress]:
    """Return what the rounds of an allocation begin with: who applies, the lottery, and all seats free.

    Parameters
    ----------
    district : District
        The tables.
    policy : Policy
        The rules, which fit the tables.
    seed : str or None
        What the lottery is drawn from.

    Raises
    ------
    DataError
        If children of one bundle differ in what the policy reads, or nobody states the size of a class.
    """
    applicants = gather_applicants(district, columns_read(policy))
    ids = applicants.lottery_id.gather(applicants.of_student)
    draw = Draw(seed or "", policy.lottery.scope == "programme", ids)
    return applicants, draw, Progress.start(len(district.students), programme_seats(district, policy))


def match_round(compiled: CompiledRound) -> Matching:
    """Return what a round's mechanism makes of its market.

    Raises
    ------
    PolicyError
        If the mechanism cannot run on it.
    """
    try:
        return match(compiled.market, compiled.rule.mechanism, **compiled.parameters)
    except MarketError as error:
        raise PolicyError(f"round '{compiled.rule.name}' › mechanism: {error}") from None


def place_round(
    compiled: CompiledRound, matching: Matching, district: District, applicants: Applicants, progress: Progress
) -> tuple[Placements, pl.DataFrame]:
    """Return what a round did to each student, its guarantee kept, and where seats ran out.

    Parameters
    ----------
    compiled : CompiledRound
        The round.
    matching : Matching
        Of its market.
    district, applicants, progress
        As the round had them.
    """
    coordinating = compile_guarantee(compiled, matching.choice, district, applicants, progress)
    coordinated, shortfall = coordinate_left(compiled, coordinating, district)
    covers = covered(compiled, district, applicants, progress)
    return place_students(compiled, matching, coordinated, covers, district, applicants), shortfall


def _solve(
    compiled: CompiledRound, matching: Matching, district: District, applicants: Applicants, progress: Progress
) -> _Solved:
    placements, shortfall = place_round(compiled, matching, district, applicants, progress)
    return _Solved(
        compiled,
        placements,
        record_round(compiled, matching, district, applicants),
        tabulate_cutoffs(compiled, matching, district, applicants),
        shortfall,
    )


def coordinate_left(
    compiled: CompiledRound, work: Coordinating | None, district: District
) -> tuple[Int32Array, pl.DataFrame]:
    """Return the programme the guarantee gives each applicant, or -1, and where seats ran out."""
    given = np.full(len(compiled.applicant), -1, dtype=np.int32)
    nothing = pl.DataFrame(schema=SHORTFALL)
    if work is None:
        return given, nothing
    from admissions.solvers.coordination import coordinate

    result = coordinate(work.costs, work.allowed, work.node, work.order, work.size, work.seats)
    placed = result.placed >= 0
    given[work.applicant[placed]] = compiled.programme[result.placed[placed]]
    if placed.all():
        return given, nothing
    children = np.bincount(work.node, weights=work.size, minlength=len(work.zone)).astype(np.int64)
    zones = pl.DataFrame({"zone": work.zone[result.tight_nodes], "children": children[result.tight_nodes]})
    zones = zones.group_by("zone").agg(pl.col("children").sum()).sort("zone")
    zone_index = zones["zone"]
    names = district.links.zone_ids.gather(zone_index.set(zone_index < 0, None))
    programmes = result.tight_programmes
    sides = (
        ("zone", names, zones["children"], None),
        (
            "programme",
            district.programmes["programme_id"].gather(compiled.programme[programmes]),
            None,
            work.seats[programmes],
        ),
    )
    frames = [
        pl.DataFrame(
            {"side": side, "id": ids, "children": children, "seats": seats}, strict=False, schema_overrides=SHORTFALL
        )
        for side, ids, children, seats in sides
        if len(ids)
    ]
    rows = pl.concat([frame.with_columns(round=pl.lit(compiled.rule.name)) for frame in frames])
    return given, rows.select(list(SHORTFALL))


def _counted(done: _Solved) -> dict[str, str | int]:
    """Return how many a round considered, placed by which way, and left for which reason."""
    placed = done.placements
    now = placed.programme >= 0
    left = placed.reason[placed.considered & ~now]
    return {
        "round": done.compiled.rule.name,
        "applicants": int(placed.considered.sum()),
        "seats": int(done.compiled.market.seats.sum()),
        "first_choice": int((now & (placed.choice_rank == 1)).sum()),
        "any_choice": int((placed.route == CHOICE).sum()),
        "zone": int((placed.route == ZONE).sum()),
        "coordinated": int((placed.route == COORDINATED).sum()),
        "without_seat": len(left),
        **{REASONS[code]: int((left == code).sum()) for code in range(NO_ROUND + 1, PLACED)},
    }


def tabulate_students(district: District, policy: Policy, rounds: Sequence[Placements]) -> pl.DataFrame:
    """Return one row for every student: the seat, or how far the child got in any round."""
    n = len(district.students)
    which = np.full(n, -1, dtype=np.int32)
    programme, pool = np.full(n, -1, dtype=np.int32), np.full(n, -1, dtype=np.int32)
    rank, route, reason = np.full(n, -1, dtype=np.int64), np.zeros(n, dtype=np.int8), np.zeros(n, dtype=np.int8)
    pool_names: list[str] = []
    for place, (rule, placements) in enumerate(zip(policy.rounds, rounds, strict=True)):
        now = placements.programme >= 0
        which[now], programme[now] = place, placements.programme[now]
        pool[now] = np.where(placements.pool[now] >= 0, placements.pool[now] + len(pool_names), -1)
        rank[now], route[now] = placements.choice_rank[now], placements.route[now]
        np.maximum(reason, placements.reason, out=reason)
        pool_names += [seat_pool.name for seat_pool in rule.pools]
    school = np.where(programme >= 0, district.links.programme_school[programme], -1)
    return pl.DataFrame(
        {
            "student_id": district.students["student_id"],
            "stage": district.students["stage"],
            "round": words_at([rule.name for rule in policy.rounds], which),
            "programme_id": words_at(district.programmes["programme_id"], programme),
            "school_id": words_at(district.schools["school_id"], school),
            "pool": words_at(pool_names, pool),
            "choice_rank": pl.Series(rank).set(pl.Series(rank < 0), None),
            "route": words_at(ROUTES, route),
            "reason": words_at(REASONS, np.where(reason == PLACED, -1, reason)),
        }
    )
