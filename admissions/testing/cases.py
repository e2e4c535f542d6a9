"""Textbook markets in plain Python, small enough to try everything: lists of students, orders of schools, seats."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from random import Random
from typing import Any, Self

from admissions.market import Market

Outcome = tuple[int | None, ...]
"""School of each student, None for no seat."""
Solve = Callable[["Case"], Outcome]


@dataclass(frozen=True, slots=True)
class Case:
    """A textbook market.

    Attributes
    ----------
    lists : tuple of tuple of int
        Schools each student lists, best first.
    orders : tuple of tuple of int
        All students in each school's order, first to be admitted first.
    seats : tuple of int
        Seats of each school.

    Examples
    --------
    >>> Case(lists=((0, 1), (0,)), orders=((1, 0), (0, 1)), seats=(1, 1)).market
    Market(2 applicants, 3 choices, 2 pools, 2 seats)
    """

    lists: tuple[tuple[int, ...], ...]
    orders: tuple[tuple[int, ...], ...]
    seats: tuple[int, ...]

    @classmethod
    def drawn(cls, dice: Random, students: int = 4, schools: int = 3, common: bool = False) -> Self:
        """Return a random case: every other list cut, 0 to 2 seats a school, one order for all schools if asked for.

        Examples
        --------
        >>> len(Case.drawn(Random("any")).lists)
        4
        """
        cut = [below(dice, 2 * schools + 1) for _ in range(students)]
        lists = tuple(shuffled(dice, schools)[:length] for length in cut)
        order = shuffled(dice, students)
        orders = tuple(order if common else shuffled(dice, students) for _ in range(schools))
        return cls(lists, orders, tuple(below(dice, 3) for _ in range(schools)))

    @classmethod
    def from_dict(cls, stored: Mapping[str, Sequence[Any]]) -> Self:
        """Return the case that `to_dict` stored.

        Examples
        --------
        >>> case = Case(((0,),), ((0,),), (1,))
        >>> Case.from_dict(case.to_dict()) == case
        True
        """
        return cls(tuple(map(tuple, stored["lists"])), tuple(map(tuple, stored["orders"])), tuple(stored["seats"]))

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the case as lists, to be stored."""
        return {"lists": [*map(list, self.lists)], "orders": [*map(list, self.orders)], "seats": list(self.seats)}

    @property
    def market(self) -> Market:
        """The same as a `Market` whose names are the numbers of students and schools."""
        return Market.from_preferences(
            dict(enumerate(self.lists)), dict(enumerate(self.orders)), dict(enumerate(self.seats))
        )

    @property
    def has_one_order(self) -> bool:
        """Whether all schools rank alike."""
        return len(set(self.orders)) < 2

    def with_list(self, student: int, wanted: Sequence[int]) -> "Case":
        """Return the case in which a student lists something else."""
        return replace(self, lists=tuple(tuple(wanted) if i == student else own for i, own in enumerate(self.lists)))

    def without(self, student: int) -> "Case":
        """Return the case in which a student lists nothing."""
        return self.with_list(student, ())

    def with_seats(self, school: int, more: int) -> "Case":
        """Return the case in which a school has so many seats more."""
        return replace(self, seats=tuple(seats + more * (s == school) for s, seats in enumerate(self.seats)))

    def place(self, student: int, school: int | None) -> int:
        """Return how good a school is for a student: smaller is better, none is worst, unlisted worse than none."""
        own = self.lists[student]
        return len(own) if school is None else own.index(school) if school in own else len(own) + 1

    def places(self, outcome: Outcome) -> list[int]:
        """Return how good an outcome is for each student."""
        return [self.place(i, school) for i, school in enumerate(outcome)]

    def losers(self, before: Outcome, after: Outcome, but: tuple[int, ...] = ()) -> list[int]:
        """Return who has in the second outcome a worse school than in the first, but for some."""
        pairs = enumerate(zip(self.places(before), self.places(after), strict=True))
        return [i for i, (old, new) in pairs if new > old and i not in but]

    def reports(self) -> Iterator[tuple[int, ...]]:
        """Yield every list a student can submit."""
        for length in range(len(self.seats) + 1):
            yield from permutations(range(len(self.seats)), length)


def shuffled(dice: Random, number: int) -> tuple[int, ...]:
    """Return 0 to `number` - 1 in random order, by nothing of `dice` but what every version of Python repeats.

    Examples
    --------
    >>> sorted(shuffled(Random("any"), 3))
    [0, 1, 2]
    """
    lots = [dice.random() for _ in range(number)]
    return tuple(sorted(range(number), key=lots.__getitem__))


def below(dice: Random, number: int) -> int:
    """Return a random whole number from 0 to `number` - 1.

    Examples
    --------
    >>> below(Random("any"), 1)
    0
    """
    return int(dice.random() * number)


def feasible_outcomes(case: Case) -> Iterator[Outcome]:
    """Yield all outcomes within lists and seats."""
    for outcome in product(*[(*own, None) for own in case.lists]):
        if all(outcome.count(s) <= seats for s, seats in enumerate(case.seats)):
            yield outcome


def wasted(case: Case, outcome: Outcome) -> Iterator[tuple[int, int]]:
    """Yield each student with a school that has a seat left and is better than the own."""
    for i, school in enumerate(outcome):
        for s in case.lists[i][: case.place(i, school)]:
            if outcome.count(s) < case.seats[s]:
                yield i, s


def envied(case: Case, outcome: Outcome) -> Iterator[tuple[int, int, int]]:
    """Yield each student with a better school and somebody of lower priority who has it."""
    for i, school in enumerate(outcome):
        for s in case.lists[i][: case.place(i, school)]:
            place = case.orders[s].index(i)
            for j, other in enumerate(outcome):
                if other == s and place < case.orders[s].index(j):
                    yield i, s, j


def stable_outcomes(case: Case) -> list[Outcome]:
    """Return every outcome without waste and without justified envy."""
    return [o for o in feasible_outcomes(case) if not any(wasted(case, o)) and not any(envied(case, o))]
