"""What a policy combines that does not go together in theory: told, and left to the office."""

from collections.abc import Iterator

from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Policy, Round

TRUTHFUL = "strategy-proof"

WITH_TIES = (TRUTHFUL, "pairs", "cut below", "list one", "seat added", "student leaves", "raised", "swap")
"""What stable improvement is known to keep only where nobody is tied, so that there is nothing to improve."""
UNLISTED = (TRUTHFUL, "pairs", "non-bossy", "cut below", "list one")
"""What trading keeps only where priorities at all programmes are known: a round knows those of its applications."""


def unsound_clauses(policy: Policy) -> tuple[str, ...]:
    """Return what a policy promises or combines that its mechanisms cannot keep, a sentence each.

    Examples
    --------
    >>> clause = {"name": "lottery", "stage": "primary", "mechanism": "immediate_acceptance"}
    >>> policy = Policy.from_dict({"title": "By lot", "round": [{**clause, "promises": ["strategy-proof"]}]})
    >>> unsound_clauses(policy)[0][:78]
    "round 'lottery' promises 'strategy-proof', and immediate_acceptance fails it: "
    """
    return tuple(sentence for rule in policy.rounds for sentence in _unsound(rule))


def _unsound(rule: Round) -> Iterator[str]:
    here = f"round '{rule.name}'"
    row = rule.row
    kept = set(row.holds) - set(_lost(rule))
    for promise in rule.promises:
        if promise in row.fails:
            yield f"{here} promises '{promise}', and {rule.mechanism} fails it: docs/theory/{rule.mechanism}.md"
        elif promise not in kept:
            yield (
                f"{here} promises '{promise}', which {rule.mechanism} is not known to keep with these clauses: "
                f"docs/theory/{rule.mechanism}.md"
            )
    if TRUTHFUL in kept and _reads_rank(rule):
        yield (
            f"{here} ranks or admits by choice_rank: {rule.mechanism} is strategy-proof for priorities that do not "
            "depend on the list, and here a family can gain by moving a programme up"
        )
    if TRUTHFUL in rule.promises and TRUTHFUL in kept and rule.guarantee is not None:
        yield (
            f"{here} promises 'strategy-proof' and places whom it left by the guarantee: a family that fears a seat at "
            "the end of its list can gain by leaving it out"
        )
    if rule.mechanism == "regional" and rule.guarantee is not None:
        yield f"{here} has a cap over groups of programmes, and its guarantee places children beyond it"
    if rule.draws and (len(rule.classes) > 1 or any(pool.others == "after members" for pool in rule.pools)):
        yield (
            f"{here} puts some applications before others, and {rule.mechanism} looks at no ranking: classes only keep "
            "out what none of them admits, and a pool that takes others takes them like its members"
        )
    if rule.parameters.get("bundles") == "skip":
        yield (
            f"{here} passes over children who apply together where not all of them fit: there may be no outcome "
            "without envy, and they can be left while others of lower priority enter"
        )


def _lost(rule: Round) -> Iterator[str]:
    """Yield the relations that a clause takes from a mechanism that otherwise keeps them."""
    if rule.parameters.get("proposing") == "programmes":
        yield from (TRUTHFUL, "best stable", "weakly efficient", "pairs", "raised", "swap", "append")
    if rule.parameters.get("bundles") == "skip":
        yield from ("no justified envy", "non-wasteful", "best stable", "cutoffs", TRUTHFUL, "rural hospitals")
        yield from ("seat added", "number with a seat added", "student leaves")
    if rule.parameters.get("ties") == "admit_all":
        yield from ("feasible", "split school")
        if not rule.row.one_order:
            yield from (TRUTHFUL, "pairs", "swap", "rural hospitals")
    if "tie_break" in rule.row.parameters:
        yield from WITH_TIES
    if rule.mechanism == "top_trading_cycles" and "nearest" not in rule.lists:
        yield from UNLISTED


def _reads_rank(rule: Round) -> bool:
    """Return whether a class, a pool or an order looks at the place of the programme on the list."""
    conditions = [*(c.when for c in rule.classes), *(p.members for p in rule.pools)]
    columns = {name for text in conditions for name in parse_expression(text).columns}
    for priority in rule.classes:
        for pool in rule.pools:
            columns.update(name for term in rule.terms(priority, pool) for name in term.expression.columns)
    return bool(columns & {"choice_rank", "rank"})
