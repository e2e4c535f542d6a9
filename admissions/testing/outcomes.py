"""The relations that one outcome keeps or violates by itself."""

from collections.abc import Iterator
from random import Random

from admissions.testing.cases import Case, Outcome, Solve, envied, feasible_outcomes, stable_outcomes, wasted


def feasible(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who has a school not listed, and schools above their seats."""
    outcome = solve(case)
    for i, school in enumerate(outcome):
        if school is not None and school not in case.lists[i]:
            yield f"student {i} has school {school} and does not list it"
    for s, seats in enumerate(case.seats):
        if outcome.count(s) > seats:
            yield f"school {s} has {seats} seats and {outcome.count(s)} students"


def non_wasteful(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who prefers a school with a seat left."""
    for i, s in wasted(case, solve(case)):
        yield f"student {i} prefers school {s}, which has a seat left"


def no_justified_envy(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who prefers a school that admitted somebody of lower priority."""
    for i, s, j in envied(case, solve(case)):
        yield f"student {i} prefers school {s}, which admitted student {j} of lower priority"


def best_stable(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield that the outcome is not stable, or which stable outcome is better for somebody."""
    outcome, stable = solve(case), stable_outcomes(case)
    if outcome not in stable:
        yield f"the outcome {outcome} is not stable"
    for other in stable:
        for i in case.losers(other, outcome):
            yield f"student {i} has a better school in the stable outcome {other} than in {outcome}"


def cutoffs(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who does not have the first school on the list whose cutoff the student reaches."""
    outcome = solve(case)
    worst = [
        max((case.orders[s].index(i) for i, held in enumerate(outcome) if held == s), default=-1)
        if outcome.count(s) >= seats
        else len(outcome)
        for s, seats in enumerate(case.seats)
    ]
    for i, own in enumerate(case.lists):
        reached = next((s for s in own if case.orders[s].index(i) <= worst[s]), None)
        if reached != outcome[i]:
            yield f"student {i} reaches the cutoff of {named(reached)} and has {named(outcome[i])}"


def efficient(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield the outcomes that are better for some and worse for none."""
    outcome = solve(case)
    for other in feasible_outcomes(case):
        if other != outcome and not case.losers(outcome, other):
            yield f"the outcome {other} is better for some and worse for none than {outcome}"


def weakly_efficient(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield the outcomes that are better for everybody."""
    outcome = solve(case)
    for other in feasible_outcomes(case):
        if len(case.losers(other, outcome)) == len(outcome):
            yield f"the outcome {other} is better for everybody than {outcome}"


def rural_hospitals(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield the stable outcomes that place other students or fill other seats."""
    outcome = solve(case)
    for other in stable_outcomes(case):
        if _filled(case, other) != _filled(case, outcome):
            yield f"the stable outcome {other} places other students or fills other seats than {outcome}"


def _filled(case: Case, outcome: Outcome) -> tuple[list[bool], list[int]]:
    return [school is None for school in outcome], [outcome.count(s) for s in range(len(case.seats))]


def named(school: int | None) -> str:
    """Return a school in words.

    Examples
    --------
    >>> named(2), named(None)
    ('school 2', 'no school')
    """
    return "no school" if school is None else f"school {school}"
