"""Clauses that catch nobody: a condition wrongly set, or one that an earlier class leaves nothing to."""

from collections.abc import Iterator

from admissions.readiness.concerns import Concern
from admissions.readiness.rehearsal import Rehearsal


def idle_clauses(rehearsal: Rehearsal) -> Iterator[Concern]:
    """Yield each round without an application, and each class and pool of the others that catches none."""
    rule = rehearsal.rule
    if not len(rehearsal.applications):
        yield Concern("tells", "clause", rule.name, f"round '{rule.name}': no child applies to any of its programmes")
        return
    for place, priority in enumerate(rule.priority):
        if not (rehearsal.classes == place).any():
            earlier = int(rehearsal.holds[:, place].sum())
            why = f"; of the {earlier} it fits, all fall to earlier classes" if earlier else ""
            message = f"class '{priority.name}' of round '{rule.name}' catches no application{why}"
            yield Concern("tells", "clause", f"{rule.name}/{priority.name}", message)
    for place, pool in enumerate(rule.pool):
        if not rehearsal.members[:, place].any():
            message = f"pool '{pool.name}' of round '{rule.name}' has no member"
            yield Concern("tells", "clause", f"{rule.name}/{pool.name}", message)
