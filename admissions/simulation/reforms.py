"""Reforms over many lotteries: who gains and who loses against the first scenario, in pairs of draws of one seed."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from admissions.district.district import District
from admissions.errors import PolicyError, did_you_mean
from admissions.policy.policy import Policy
from admissions.simulation.blocks import on_executor, on_threads
from admissions.simulation.drawing import Told, add_up
from admissions.simulation.journal import fingerprint
from admissions.simulation.odds import without_papers
from admissions.simulation.pairing import Pairs, common_targets, group_students, prepare_worlds, work_pairs
from admissions.simulation.reform_tables import tabulate_groups, tabulate_targets, tabulate_touched
from admissions.simulation.scenarios import Scenario, checked_scenarios
from admissions.simulation.stopping import Until


@dataclass(frozen=True, eq=False, repr=False)
class Reforms:
    """What scenarios change, over draws of the same seeds.

    Attributes
    ----------
    scenarios : tuple of Scenario
        As given; the first is what the others are compared with.
    seed : str
        Draw k is ``allocate(…, seed=derived_seed(seed, k))`` in every scenario.
    draws : int
        How many: 1 to `draws`.
    exact : bool
        Whether no policy draws a lottery, so that one run of each says everything.
    complete : bool
        Whether it drew all it was asked for.
    groups : polars.DataFrame
        Each scenario but the first, and each group: scenario, the group's columns, children, change (``gained``,
        ``lost``, ``moved``), mean number a draw, low and high (95 % interval of the mean; empty below 30 draws). For
        the office.
    published : polars.DataFrame
        The same without what must not be published: groups of one to four children, means behind which one to four
        children stand, and the smallest others that would give those away; they are empty.
    children : polars.DataFrame
        Each scenario but the first, and each child: scenario, student_id, change, share of draws, low, high; children
        whom no draw touches are left out.
    targets : polars.DataFrame
        Each scenario but the first, and each target: scenario, name, before and after (means), difference, low, high.
    """

    scenarios: tuple[Scenario, ...]
    seed: str
    draws: int
    exact: bool
    complete: bool
    groups: pl.DataFrame
    published: pl.DataFrame
    children: pl.DataFrame
    targets: pl.DataFrame

    def __repr__(self) -> str:
        how = "exact: no lottery" if self.exact else f"{self.draws:,} draws"
        return f"Reforms({len(self.scenarios) - 1} against '{self.scenarios[0].name}', {how})"


def compare_scenarios(
    scenarios: Sequence[tuple[str, District, Policy]],
    draws: int | Until = 1000,
    seed: str | None = None,
    by: Sequence[str] = ("stage",),
    workers: int | None = None,
    executor: Executor | None = None,
    journal: str | Path | None = None,
    tell: Told | None = None,
) -> Reforms:
    """Return who gains and who loses in each scenario against the first, over the same lotteries.

    Parameters
    ----------
    scenarios : sequence of (name, District, Policy)
        Two or more; `read_scenarios` reads them from a file. A child is known by its id in all of them.
    draws : int or Until
        How many lotteries, or when to stop.
    seed : str, optional
        Public text that the seeds of the draws are derived from, the same in every scenario; needed where a policy
        ranks by lottery.
    by : sequence of str
        Columns of the first scenario's students whose values make groups.
    workers, executor, journal, tell
        As `simulate` has them.

    Returns
    -------
    Reforms
        Ctrl-C ends the drawing early; what is finished is returned, with ``complete`` false.

    Raises
    ------
    PolicyError, DataError, RunError
        As `simulate`; and for a column of `by` that there is not.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> boston = policy.replace({"rounds.primary.mechanism": "immediate_acceptance"})
    >>> compare_scenarios([("today", district, policy), ("Boston", district, boston)], draws=5, seed="s")
    Reforms(1 against 'today', 5 draws)
    """
    worlds, until, by = checked_scenarios(scenarios), Until.of(draws), tuple(by)
    exact = not any(world.policy.needs_lottery for world in worlds)
    if exact:
        until = Until(draws=1)
    elif not seed:
        raise PolicyError("these policies rank by lottery: give a seed, a public text fixed before the draw")
    seed = seed or ""
    students = worlds[0].district.students
    if unknown := [name for name in by if name not in students.columns]:
        near = did_you_mean(unknown[0], students.columns)
        raise PolicyError(f"by: no column '{unknown[0]}' in students{near}")
    sent = [Scenario(one.name, without_papers(one.district), one.policy) for one in worlds], seed, by
    if executor is None:
        work = partial(on_threads, partial(work_pairs, prepare_worlds(sent)), workers=workers)
    else:
        work = partial(on_executor, executor, prepare_worlds, work_pairs, sent)
    book = None if journal is None else (journal, fingerprint(f"reforms by {by}", worlds, seed))
    nothing = Pairs.none(len(worlds) - 1, group_students(worlds[0].district, by)[0], len(common_targets(worlds)))
    total, complete = add_up(nothing, until, work, Pairs.widest, book, tell)
    groups, published = tabulate_groups(worlds, by, total, exact)
    touched, targets = (tabulate(worlds, total, exact) for tabulate in (tabulate_touched, tabulate_targets))
    return Reforms(worlds, seed, total.draws, exact, complete, groups, published, touched, targets)
