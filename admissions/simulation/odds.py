"""Odds: what a family may hope for, where the cutoffs lie, and how sure the plan's numbers are, over many lotteries."""

from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from admissions.district.district import District
from admissions.errors import PolicyError
from admissions.policy.policy import Policy
from admissions.simulation.blocks import Block, on_executor, on_threads
from admissions.simulation.drawing import Told, add_up
from admissions.simulation.intervals import widest_interval
from admissions.simulation.journal import fingerprint
from admissions.simulation.laboratory import Laboratory, compile_policy
from admissions.simulation.odds_tables import (
    listed_counts,
    tabulate_applications,
    tabulate_children,
    tabulate_cutoffs,
    tabulate_measures,
)
from admissions.simulation.slots import Slots
from admissions.simulation.stopping import Until
from admissions.simulation.tally import Tally, tally_draws


@dataclass(frozen=True, eq=False, repr=False)
class Odds:
    """What a simulation came to.

    Attributes
    ----------
    policy : Policy
        The rules.
    seed : str
        Of the simulation; draw k is ``allocate(…, seed=derived_seed(seed, k))``.
    draws : int
        How many there were: draws 1 to `draws`.
    exact : bool
        Whether the policy draws no lottery, so that one run says everything.
    complete : bool
        Whether it drew all it was asked for.
    applications : polars.DataFrame
        Every programme on a list: student_id, round, programme_id, rank (place on the list), admitted (draws), odds,
        low and high (95 % interval), certain.
    children : polars.DataFrame
        Every student: student_id, stage, seat (draws), odds, low, high, certain, choice, zone and coordinated (draws in
        which the seat came that way), expected_rank, worst_rank, worst.
    cutoffs : polars.DataFrame
        Every cutoff there was: round, programme_id, pool, class, draws, share, what the order compares before the
        lottery, and where the lottery number of the last one admitted lies, in percent.
    measures : polars.DataFrame
        Every target and the counts of every round: round, name, draws, mean, lowest, low, median, high, highest, met.
    """

    policy: Policy
    seed: str
    draws: int
    exact: bool
    complete: bool
    applications: pl.DataFrame
    children: pl.DataFrame
    cutoffs: pl.DataFrame
    measures: pl.DataFrame

    def __repr__(self) -> str:
        how = "exact: no lottery" if self.exact else f"{self.draws:,} draws"
        return f"Odds({len(self.applications)} applications of {len(self.children)} students, {how})"


def simulate(
    district: District,
    policy: Policy,
    draws: int | Until = 1000,
    seed: str | None = None,
    workers: int | None = None,
    executor: Executor | None = None,
    journal: str | Path | None = None,
    tell: Told | None = None,
) -> Odds:
    """Return the odds of every application over many lotteries.

    Parameters
    ----------
    district : District
        The office's tables.
    policy : Policy
        The rules.
    draws : int or Until
        How many lotteries, or when to stop.
    seed : str, optional
        Public text that the seeds of the draws are derived from; needed where the policy ranks by lottery.
    workers : int, optional
        Threads of this process; by default one a processor. Results are the same for any number.
    executor : concurrent.futures.Executor, optional
        Whose workers draw instead of threads: processes, or a cluster (``dask.distributed.Client.get_executor()``).
    journal : path, optional
        File in which the counts are kept; a simulation that finds one of its own goes on from there.
    tell : callable, optional
        Called with the draws done and the draws there are to do (None where that is not known).

    Returns
    -------
    Odds
        Ctrl-C ends the drawing early; what is finished is returned, with ``complete`` false.

    Raises
    ------
    PolicyError, DataError
        If the policy does not fit the tables, or needs a seed and has none.
    RunError
        If an executor's workers lack the package, or a journal is of another simulation.
    AdmissionsError
        For a number of draws that is none.

    Notes
    -----
    Draw k is the allocation of the seed ``SHA-256(SEED:k)`` in hex. Odds are the share of draws, with the 95 % interval
    of Clopper and Pearson (1934); ``certain`` says what is proven by priority alone, and nothing more.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> odds = simulate(district, policy, draws=20, seed="2016-07-01 09:00")
    >>> odds.draws, odds.children["odds"].min()
    (20, 1.0)
    """
    until = Until.of(draws)
    if policy.needs_lottery and not seed:
        raise PolicyError("this policy ranks by lottery: give a seed, a public text fixed before the draw")
    if not policy.needs_lottery:
        until = Until(draws=1)
    seed = seed or ""
    laboratory, slots, _ = shared = prepare_blocks((district, policy, seed))
    if executor is None:
        work = partial(on_threads, partial(work_block, shared), workers=workers)
    else:
        work = partial(on_executor, executor, prepare_blocks, work_block, (without_papers(district), policy, seed))
    book = None if journal is None else (journal, fingerprint("odds", [("", district, policy)], seed))
    nothing = Tally.empty(laboratory, slots)
    tally, complete = add_up(nothing, until, work, partial(_widest, slots), book, tell)
    tally, exact = tally.spread(slots), not policy.needs_lottery
    return Odds(
        policy=policy,
        seed=seed,
        draws=tally.draws,
        exact=exact,
        complete=complete,
        applications=tabulate_applications(laboratory, slots, tally, exact),
        children=tabulate_children(laboratory, slots, tally, exact),
        cutoffs=tabulate_cutoffs(laboratory, slots, tally),
        measures=tabulate_measures(laboratory, tally),
    )


def without_papers(district: District) -> District:
    """Return the tables alone, as they are sent to workers: no hashes and no outlines of zones."""
    return replace(district, sources={}, outlines={})


def prepare_blocks(shared: tuple[District, Policy, str]) -> tuple[Laboratory, tuple[Slots, ...], str]:
    """Return what all blocks of a simulation share, compiled."""
    district, policy, seed = shared
    laboratory = compile_policy(district, policy)
    return laboratory, tuple(Slots.of(laboratory, place) for place in range(len(policy.rounds))), seed


def work_block(shared: tuple[Laboratory, tuple[Slots, ...], str], block: Block) -> Tally:
    """Return the counts of a block of draws."""
    laboratory, slots, seed = shared
    return tally_draws(laboratory, slots, seed, range(block[0], block[1] + 1))


def _widest(slots: tuple[Slots, ...], tally: Tally) -> float:
    """Return the width of the widest interval of any odds."""
    counts = [listed_counts(own, counted.spread(own)) for own, counted in zip(slots, tally.rounds, strict=True)]
    return widest_interval(np.concatenate(counts), tally.draws)
