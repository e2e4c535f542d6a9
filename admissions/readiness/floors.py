"""Every pool states its floor: one without, beside others of its kind that have one, was probably forgotten."""

from collections.abc import Iterator

from admissions.policy.expressions import parse_expression
from admissions.readiness.concerns import Concern
from admissions.readiness.rehearsal import FAR, Rehearsal


def missing_floors(rehearsal: Rehearsal) -> Iterator[Concern]:
    """Yield each pool that admits any mark while a pool for another group of children, told apart alike, does not.

    A pool has a floor on a number if nobody enters it whose number is low enough, and everybody does still whose number
    is raised, whichever clause sees to it. A pool whose members would enter the other one with a higher number is no
    other group's: an open pool beside one for the best. One that reads the number at all has said what it wants of it.
    """
    rule = rehearsal.rule
    read = [set(parse_expression(pool.members).columns) for pool in rule.pools]
    for k, pool in enumerate(rule.pools):
        for other, beside in enumerate(rule.pools):
            for name in rehearsal.numbers(parse_expression(beside.members)):
                if read[k] == read[other] - {name} and _lacks(rehearsal, name, k, other):
                    yield Concern(
                        "stops", "floor", f"{rule.name}/{pool.name}",
                        f"pool '{pool.name}' of round '{rule.name}' has no floor on '{name}', and pool '{beside.name}' "
                        f"has one; state it in its members ('{name} IS NULL OR {name} >= 0' where there is none)",
                    )  # fmt: skip


def has_floor(rehearsal: Rehearsal, name: str, pool: int) -> bool:
    """Return whether nobody enters a pool whose number under a name is low enough, and raising it keeps nobody out."""
    now = rehearsal.members[:, pool]
    low = rehearsal.membership(rehearsal.with_all_at(name, -FAR))[:, pool]
    high = rehearsal.membership(rehearsal.with_all_at(name, FAR))[:, pool]
    return bool(now.any() and not low[now].any() and high[now].all())


def _lacks(rehearsal: Rehearsal, name: str, pool: int, beside: int) -> bool:
    """Return whether a pool lacks the floor of one beside it, which is for other children."""
    if has_floor(rehearsal, name, pool) or not has_floor(rehearsal, name, beside):
        return False
    raised = rehearsal.membership(rehearsal.with_all_at(name, FAR))
    return bool(rehearsal.members[:, pool].any()) and not raised[rehearsal.members[:, pool], beside].any()
