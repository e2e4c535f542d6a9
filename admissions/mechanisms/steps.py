"""What mechanisms that admit in steps share: from the step of each choice to the matching."""

import numpy as np

from admissions.market import Int32Array, Int64Array, Market, Matching
from admissions.mechanisms.keys import frozen, margin_rule, narrowed

SPARSE = 2
"""Steps are numbered anew where there are so many times more of them than choices."""


def admit_by_step(market: Market, mechanism: str, step: Int32Array | Int64Array, ties: str, bundles: str) -> Matching:
    """Return the matching in which what a step gives is final, and inside a step acceptance is deferred.

    Parameters
    ----------
    market : Market
        Any market.
    mechanism : str
        Whom error messages speak of.
    step : (e,) array of int
        Step of each choice, 0 or more.
    ties, bundles : str
        As of `deferred_acceptance.run`, for the seats a step leaves.

    Raises
    ------
    MarketError
        If ``ties`` or ``bundles`` has no such value, or they do not go together.

    Examples
    --------
    >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    >>> admit_by_step(market, "immediate_acceptance", np.array([0, 1, 0]), "lottery", "exceed").choice.tolist()
    [1, 2]
    """
    from admissions.kernels.days import LOTTERY_AND_EXCEED
    from admissions.kernels.deferred_acceptance import Work
    from admissions.kernels.steps import admit_in_steps, lists_rise, sort_lists

    rule = margin_rule(market, mechanism, ties, bundles)
    steps = int(step.max(initial=-1)) + 1
    if steps > most_steps(market):
        distinct, step = np.unique(step, return_inverse=True)
        steps = len(distinct)
    step, pool, (key, _, _) = frozen(step.astype(np.int32, copy=False)), market.pool, narrowed(market.key)
    order = None
    if not lists_rise(market.indptr, step):
        order, there = np.empty_like(step), (np.empty_like(step), np.empty_like(pool), np.empty_like(key))
        sort_lists(market.indptr, step, pool, key, order, *there)
        step, pool, key = map(frozen, there)
    work = Work.of(market) if rule == LOTTERY_AND_EXCEED else Work.roomy(market)
    first, waiting = np.empty(steps + 1, dtype=np.int32), np.empty(steps, dtype=np.int32)
    choice = np.empty(market.applicants, dtype=np.int64)
    admit_in_steps(market.indptr, pool, key, step, market.seats, market.size, rule, work, first, waiting, choice)
    if order is not None:
        choice = np.where(choice >= 0, market.indptr[:-1] + order[choice], -1)
    return Matching.of(market, choice)


def most_steps(market: Market) -> int:
    """Return the number of steps above which they are numbered anew, so that there are not many more than choices."""
    return min(SPARSE * len(market.pool), 2**31 - 1)
