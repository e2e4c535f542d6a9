"""Choice rules: whom a programme takes of those who apply, and what a rule must be for a stable outcome to exist."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from admissions.errors import MarketError

ChoiceRule = Callable[[frozenset[Any]], Collection[Any]]
"""From those who apply to those who are taken."""

MOST_APPLICANTS = 14
"""With more, the sets to try are too many."""


@dataclass(frozen=True, slots=True)
class PoolRule:
    """The choice of a programme whose pools are tried in order: each takes its best of those the earlier ones left.

    Attributes
    ----------
    pools : tuple of (int, tuple)
        Seats of each pool, and whom it takes, first to be admitted first; whoever is absent never enters it.

    Examples
    --------
    >>> reserve, open_seats = (1, ("w1", "w2")), (1, ("n1", "w1", "w2"))
    >>> sorted(PoolRule((reserve, open_seats))(frozenset({"w1", "w2", "n1"})))
    ['n1', 'w1']
    """

    pools: tuple[tuple[int, tuple[Any, ...]], ...]

    def __call__(self, applicants: frozenset[Any]) -> frozenset[Any]:
        """Return who is taken."""
        taken: frozenset[Any] = frozenset()
        for seats, order in self.pools:
            taken |= frozenset([one for one in order if one in applicants - taken][:seats])
        return taken


@dataclass(frozen=True, slots=True)
class ChoiceVerdict:
    """What was found of a choice rule.

    Attributes
    ----------
    checked : int
        Sets of applicants tried.
    selection, substitutability, consistency, aggregate_demand : str
        The first violation in words, empty where there is none.
    """

    checked: int
    selection: str
    substitutability: str
    consistency: str
    aggregate_demand: str

    @property
    def holds(self) -> bool:
        """Whether nothing was violated: deferred acceptance is then stable and strategy-proof for applicants."""
        return not (self.selection or self.substitutability or self.consistency or self.aggregate_demand)

    def __str__(self) -> str:
        """Return a line a property."""
        found = {name: getattr(self, name) for name in self.__slots__[1:]}
        return "\n".join(f"{name.replace('_', ' ')}: {words or 'holds'}" for name, words in found.items())


def check_choice_rule(rule: ChoiceRule, applicants: int | Collection[Any]) -> ChoiceVerdict:
    """Return whether a choice rule is substitutable, consistent and obeys the law of aggregate demand.

    Where it is all three, a stable outcome exists, deferred acceptance finds the best one for applicants, and no
    applicant gains by a false list (Hatfield and Milgrom 2005; Aygün and Sönmez 2013). All sets are tried.

    Parameters
    ----------
    rule : callable
        From a frozenset of applicants to those it takes.
    applicants : int or collection
        Who there is; a number n stands for 0 to n - 1.

    Raises
    ------
    MarketError
        For more than `MOST_APPLICANTS`.

    Examples
    --------
    >>> def boys_as_girls(applying):
    ...     boys, girls = sorted(a for a in applying if a[0] == "b"), sorted(a for a in applying if a[0] == "g")
    ...     return [*boys[: len(girls)], *girls[: len(boys)]]
    >>> print(check_choice_rule(boys_as_girls, ["b1", "b2", "g1"]))
    selection: holds
    substitutability: b1 is refused among {'b1'} and taken among {'b1', 'g1'}
    consistency: holds
    aggregate demand: holds
    """
    people = list(range(applicants)) if isinstance(applicants, int) else list(applicants)
    if len(people) > MOST_APPLICANTS:
        raise MarketError(f"{len(people)} applicants make too many sets; at most {MOST_APPLICANTS} can be tried")
    sets = [frozenset(some) for size in range(len(people) + 1) for some in combinations(people, size)]
    chosen = {some: frozenset(rule(some)) for some in sets}

    def first(search: Iterator[str]) -> str:
        return next(search, "")

    return ChoiceVerdict(
        len(sets),
        first(_strangers(chosen)),
        first(_missed_later(chosen, people)),
        first(_changed_by_the_refused(chosen)),
        first(_fewer_of_more(chosen, people)),
    )


Chosen = dict[frozenset[Any], frozenset[Any]]


def _strangers(chosen: Chosen) -> Iterator[str]:
    for some, taken in chosen.items():
        if not taken <= some:
            yield f"of {_said(some)} the rule takes {_said(taken)}"


def _missed_later(chosen: Chosen, people: list[Any]) -> Iterator[str]:
    for some, taken in chosen.items():
        for newcomer in people:
            more = some | {newcomer}
            for one in people:
                if one in some - taken and one in chosen[more]:
                    yield f"{one} is refused among {_said(some)} and taken among {_said(more)}"


def _changed_by_the_refused(chosen: Chosen) -> Iterator[str]:
    for some, taken in chosen.items():
        for one in sorted(some - taken, key=str):
            if chosen[some - {one}] != taken:
                yield (
                    f"of {_said(some)} the rule refuses {one}, and without {one} it takes "
                    f"{_said(chosen[some - {one}])} instead of {_said(taken)}"
                )


def _fewer_of_more(chosen: Chosen, people: list[Any]) -> Iterator[str]:
    for some, taken in chosen.items():
        for newcomer in people:
            more = some | {newcomer}
            if len(chosen[more]) < len(taken):
                yield f"of {_said(some)} the rule takes {len(taken)}, and of {_said(more)} {len(chosen[more])}"


def _said(some: frozenset[Any]) -> str:
    return "{" + ", ".join(map(repr, sorted(some, key=str))) + "}"
