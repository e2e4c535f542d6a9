"""What mechanisms that admit in steps share: from the step of each choice to the matching."""

import numpy as np

from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms.keys import frozen, margin_rule, narrowed

SPARSE = 4
"""Steps are numbered anew where there are so many times more of them than choices."""


def admit_by_step(market: Market, mechanism: str, step: Int64Array, ties: str, bundles: str) -> Matching:
    """Return the matching in which what a step gives is final, and inside a step acceptance is deferred.

    Parameters
    ----------
    market : Market
        Any market.
    mechanism : str
        Whom error messages speak of.
    step : (e,) int64
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
    from admissions.kernels.steps import admit_in_steps, sort_by_step

    rule = margin_rule(market, mechanism, ties, bundles)
    steps = int(step.max(initial=-1)) + 1
    if steps > SPARSE * len(step):
        distinct, step = np.unique(step, return_inverse=True)
        steps = len(distinct)
    order, bound = np.empty(len(step), dtype=np.int64), np.empty(steps + 1, dtype=np.int64)
    sort_by_step(frozen(step.astype(np.int64, copy=False)), market.owners(), order, bound)
    work = Work.of(market) if rule == LOTTERY_AND_EXCEED else Work.roomy(market)
    work.left[:] = market.seats
    key, highest, _ = narrowed(market.key)
    choice = np.empty(market.applicants, dtype=np.int64)
    admit_in_steps(order, bound, market.pool, key, highest, market.size, rule, work, choice)
    return Matching.of(market, choice)
