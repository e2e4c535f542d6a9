"""A round before anybody has a seat: every application it would see if the earlier rounds had left everybody.

Nothing is computed before somebody looks, so that a run pays only for the clauses in doubt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl

from admissions.compiling.applicants import Applicants, gather_applicants
from admissions.compiling.applications import Applications, home_of
from admissions.compiling.checking import columns_read
from admissions.compiling.lists import Lists, build_lists
from admissions.compiling.progress import Progress
from admissions.compiling.round import reads_students_alone, select_applicants, select_programmes
from admissions.compiling.seats import programme_seats
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.expressions import Expression, Term, parse_expression
from admissions.policy.policy import Policy, Pool, PriorityClass, Round

FAR = 10**12
"""Beyond every mark: a number of a child is tried at this value and at minus this value."""

NO_CLASS = -1


@dataclass(frozen=True, repr=False, eq=False)
class Order:
    """One order of a round: what it is called, its terms, and the classes and pools it ranks."""

    name: str
    terms: tuple[Term, ...]
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, repr=False, eq=False)
class Rehearsal:
    """A round as it would begin if every earlier one had considered whom it concerns and given nobody a seat.

    Attributes
    ----------
    rule : Round
        The clause.
    district : District
        The tables.
    applicants : Applicants
        Who applies.
    seats : (p,) int64
        Seats of each programme.
    before : Rehearsal or None
        The round before it.
    """

    rule: Round
    district: District
    applicants: Applicants
    seats: Int64Array
    before: "Rehearsal | None"

    @cached_property
    def progress(self) -> Progress:
        """The state the round begins in."""
        if self.before is None:
            return Progress.start(len(self.district.students), self.seats)
        considered = self.before.taking_part[self.applicants.of_student]
        nobody = np.full(len(considered), -1, dtype=np.int32)
        return self.before.progress.after(self.before.rule.name, considered, nobody)

    @cached_property
    def programmes(self) -> BoolArray:
        """Programmes of the round, (p,) bool."""
        return select_programmes(self.rule, self.district, self.progress)

    @cached_property
    def taking_part(self) -> BoolArray:
        """Applicants of the round, (a,) bool."""
        return select_applicants(self.rule, self.district, self.applicants, self.progress)

    @cached_property
    def lists(self) -> Lists:
        """Every applicant's list."""
        return build_lists(self.rule, self.district, self.applicants, self.taking_part, self.programmes)

    @cached_property
    def applications(self) -> Applications:
        """Every application of the round, (m,)."""
        student = self.applicants.first[self.lists.applicant]
        return Applications(self.district, self.progress, student, self.lists.programme, self.lists.choice)

    @cached_property
    def entrants(self) -> Applications:
        """Every applicant of the round's stage, at no programme: for conditions on students alone."""
        who = self.applicants.first
        who = who[(self.district.students["stage"] == self.rule.stage).to_numpy()[who]]
        nothing = np.full(len(who), -1, dtype=np.int32)
        return Applications(self.district, self.progress, who, nothing, nothing)

    @cached_property
    def let_in(self) -> BoolArray:
        """Which applications the round's condition on students lets in, (m,) bool."""
        return self._let_in(self.applications)

    @cached_property
    def holds(self) -> BoolArray:
        """Which class's condition holds for each application that the round lets in, (m, c) bool."""
        return self.holding(self.applications)

    @cached_property
    def classes(self) -> Int64Array:
        """The first class that holds for each application, or `NO_CLASS`, (m,)."""
        return np.where(self.holds.any(axis=1), self.holds.argmax(axis=1), NO_CLASS)

    @cached_property
    def members(self) -> BoolArray:
        """Which applications that a class admits are members of each pool, (m, k) bool."""
        return self.membership(self.applications)

    def holding(self, applications: Applications) -> BoolArray:
        """Return which class's condition holds for each of some applications, (m, c) bool."""
        columns = [
            applications.condition(parse_expression(c.when), f"round '{self.rule.name}' › priority '{c.name}' › when")
            for c in self.rule.classes
        ]
        return np.column_stack(columns) & self._let_in(applications)[:, None]

    def membership(self, applications: Applications) -> BoolArray:
        """Return of which pools each of some applications is a member, where a class admits it, (m, k) bool."""
        columns = [
            applications.condition(parse_expression(p.members), f"round '{self.rule.name}' › pool '{p.name}' › members")
            for p in self.rule.pools
        ]
        return np.column_stack(columns) & self.holding(applications).any(axis=1, keepdims=True)

    def _let_in(self, applications: Applications) -> BoolArray:
        return applications.condition(parse_expression(self.rule.students), f"round '{self.rule.name}' › students")

    def orders(self) -> tuple[Order, ...]:
        """Return the orders of the round, each once, with the classes and pools it ranks."""
        cells: dict[tuple[str, tuple[Term, ...]], list[tuple[int, int]]] = {}
        for c, priority in enumerate(self.rule.classes):
            for k, pool in enumerate(self.rule.pools):
                cells.setdefault((_name(self.rule, priority, pool), self.rule.terms(priority, pool)), []).append((c, k))
        return tuple(Order(name, terms, tuple(where)) for (name, terms), where in cells.items())

    def ranked_by(self, order: Order) -> BoolArray:
        """Return the applications that an order ranks, (m,) bool."""
        others = [pool.others == "after members" for pool in self.rule.pools]
        enters: BoolArray = self.members | np.logical_and.outer(self.classes != NO_CLASS, others)
        ranked = np.zeros(len(self.applications), dtype=np.bool_)
        for c, k in order.cells:
            ranked |= (self.classes == c) & enters[:, k]
        return ranked

    def on_students(self) -> Applications:
        """Return what the round's condition on students is about: children, or else single applications."""
        return self.entrants if reads_students_alone(self.rule.students, self.district) else self.applications

    def children(self, student: Int32Array) -> int:
        """Return how many children apply with some students."""
        return int(self.applicants.size[np.unique(self.applicants.of_student[student])].sum())

    def numbers(self, expression: Expression) -> Iterator[str]:
        """Yield the columns an expression reads that hold a number of the child or of its application."""
        for name in expression.columns:
            table, column = home_of(name, self.district) or ("", "")
            if table in ("students", "choices") and column not in ("rank", "x", "y", "lon", "lat"):
                values = getattr(self.district, table)[column]
                if (values.dtype.is_integer() or values.dtype.is_decimal()) and _within(values, FAR):
                    yield name

    def with_all_at(self, name: str, value: int) -> Applications:
        """Return the applications as they were if every child's number under a name were a given one."""
        table, column = home_of(name, self.district) or ("", "")
        frame: pl.DataFrame = getattr(self.district, table)
        changed = frame.with_columns(pl.lit(value).cast(frame.schema[column]).alias(column))
        tables: dict[str, Any] = {table: changed}
        return replace(self.applications, district=replace(self.district, **tables))


def rehearse(district: District, policy: Policy) -> tuple[Rehearsal, ...]:
    """Return every round of a policy as it would begin if the earlier ones had given nobody a seat."""
    applicants = gather_applicants(district, columns_read(policy))
    seats = programme_seats(district, policy)
    rounds: list[Rehearsal] = []
    for rule in policy.rounds:
        rounds.append(Rehearsal(rule, district, applicants, seats, rounds[-1] if rounds else None))
    return tuple(rounds)


def _name(rule: Round, priority: PriorityClass, pool: Pool) -> str:
    """Return what an order is called: by the pool or class that states it, or else by its round."""
    if pool.order:
        return f"{rule.name}/{pool.name}"
    return f"{rule.name}/{priority.name}" if priority.order else rule.name


def _within(values: pl.Series, bound: int) -> bool:
    """Return whether all values lie between two bounds that their type can hold."""
    can_hold = pl.select(pl.lit(bound).cast(values.dtype, strict=False)).item() is not None
    return can_hold and bool(values.drop_nulls().is_between(-bound, bound, closed="none").all())
