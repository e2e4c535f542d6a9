"""P3 for groups of programmes under one cap: were more seats taken than the policy allows together?"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from admissions.allocation import Allocation
from admissions.audit.evidence import Evidence
from admissions.audit.findings import Violations
from admissions.audit.holding import progress_before
from admissions.compiling.applications import condition_of
from admissions.district.links import row_numbers
from admissions.market import BoolArray
from admissions.policy.expressions import parse_expression


def overfull_groups(allocation: Allocation, evidence: Evidence) -> Violations:
    """Return the groups of programmes that hold more children than their cap, but for one bundle that runs over.

    Parameters
    ----------
    allocation : Allocation
        Where it has no district, groups stated by a condition on programmes cannot be told and are not counted.
    evidence : Evidence
        The round.
    """
    market, choice = evidence.market, evidence.matching.choice
    held = np.flatnonzero(choice >= 0)
    pool, size = market.pool[choice[held]], market.size[held].astype(np.int64)
    checked, bad = 0, []
    for inside, cap in _groups(allocation, evidence):
        checked += 1
        here = size[inside[pool]]
        if here.sum() > cap and here.sum() - here.max() >= cap:
            bad.append({"cap": cap, "admitted": int(here.sum())})
    return Violations.of(checked, len(bad), bad)


def _groups(allocation: Allocation, evidence: Evidence) -> Iterator[tuple[BoolArray, int]]:
    """Yield each group as a mask of the round's pools, and its cap."""
    rule, pools = evidence.record.rule, evidence.pools
    stated: Any = rule.parameters.get("cap", [])
    for group in stated if isinstance(stated, list) else [{"at_most": stated}]:
        inside = np.ones(len(pools), dtype=np.bool_)
        if "programmes" in group:
            district = allocation.district
            if district is None:
                continue
            progress = progress_before(allocation, rule, district)
            expression = parse_expression(group["programmes"])
            holds = condition_of("programme", district, progress, expression, f"round '{rule.name}' › cap")
            inside &= holds[row_numbers(pools["programme_id"], district.programmes["programme_id"])]
        if "pools" in group:
            inside &= pools["pool"].is_in(group["pools"]).to_numpy()
        yield inside, int(group["at_most"])
