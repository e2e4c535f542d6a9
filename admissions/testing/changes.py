"""The relations between one run and another in which something changed."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from random import Random

from admissions.testing.cases import Case, Outcome, Solve, below, shuffled
from admissions.testing.outcomes import named

PAIRS = 60
"""Misreports of two students together that are tried in a case."""


def row_order(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how the outcome changes when the rows stand in another order."""
    rows, before = shuffled(dice, len(case.lists)), solve(case)
    orders = tuple(tuple(rows.index(i) for i in order) for order in case.orders)
    after = solve(replace(case, lists=tuple(case.lists[i] for i in rows), orders=orders))
    for at, i in enumerate(rows):
        if after[at] != before[i]:
            yield f"student {i} has {named(before[i])}, and in row {at} {named(after[at])}"


def school_names(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how the outcome changes when the schools have other names."""
    names, before = shuffled(dice, len(case.seats)), solve(case)
    lists = tuple(tuple(names.index(s) for s in own) for own in case.lists)
    renamed = Case(lists, tuple(case.orders[s] for s in names), tuple(case.seats[s] for s in names))
    for i, school in enumerate(solve(renamed)):
        if before[i] != (None if school is None else names[school]):
            yield f"student {i} has another school when the schools stand in the order {names}"


def strategy_proof(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who gains by which list."""
    before = solve(case)
    for i, held in enumerate(before):
        for wanted in case.reports():
            got = solve(case.with_list(i, wanted))[i]
            if case.place(i, got) < case.place(i, held):
                yield f"student {i} gains {named(got)} for {named(held)} by listing {wanted}"


def pairs(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield two who both gain by misreporting together, among `PAIRS` attempts."""
    before, lists = case.places(solve(case)), list(case.reports())
    for _ in range(PAIRS if len(before) > 1 else 0):
        i, j = shuffled(dice, len(before))[:2]
        mine, theirs = lists[below(dice, len(lists))], lists[below(dice, len(lists))]
        after = solve(case.with_list(i, mine).with_list(j, theirs))
        if case.place(i, after[i]) < before[i] and case.place(j, after[j]) < before[j]:
            yield f"students {i} and {j} both gain by listing {mine} and {theirs}"


def non_bossy(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who changes others' seats and keeps the own."""
    before = solve(case)
    for i, held in enumerate(before):
        for wanted in case.reports():
            after = solve(case.with_list(i, wanted))
            if after[i] == held and after != before:
                yield f"student {i} keeps {named(held)} by listing {wanted} and changes {before} to {after}"


def cut_below(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whose list, cut below the own seat, changes something."""
    before = solve(case)
    for i, held in enumerate(before):
        after = solve(case.with_list(i, case.lists[i][: case.place(i, held) + 1]))
        if after != before:
            yield f"student {i} cuts the list below the own seat, and {before} becomes {after}"


def list_one(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who lists only the own seat and loses it, or harms others."""
    before = solve(case)
    for i, held in enumerate(before):
        after = solve(case.with_list(i, () if held is None else (held,)))
        if after[i] != held:
            yield f"student {i} lists only {named(held)} and gets {named(after[i])}"
        for j in case.losers(before, after, but=(i,)):
            yield f"student {i} lists only {named(held)}, and student {j} is worse off"


def seat_added(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whom one more seat harms."""
    before = solve(case)
    for s in range(len(case.seats)):
        for i in case.losers(before, solve(case.with_seats(s, 1))):
            yield f"student {i} is worse off when school {s} has one seat more"


def seat_added_number(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield where one more seat lowers the number placed."""
    before = solve(case)
    for s in range(len(case.seats)):
        after = solve(case.with_seats(s, 1))
        if after.count(None) > before.count(None):
            yield f"with one seat more at school {s} fewer are placed: {before} becomes {after}"


def student_leaves(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whom it harms that somebody leaves."""
    before = solve(case)
    for i in range(len(before)):
        for j in case.losers(before, solve(case.without(i)), but=(i,)):
            yield f"student {i} leaves, and student {j} is worse off"


def raised(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whom it harms to be raised in a priority; where all schools have one order, in that."""
    before = solve(case)
    for s, order in enumerate(case.orders):
        for at in range(1, len(order)):
            i = order[at]
            new = (*order[: at - 1], i, order[at - 1], *order[at + 1 :])
            orders = tuple(new if case.has_one_order or t == s else o for t, o in enumerate(case.orders))
            after = solve(replace(case, orders=orders))
            if case.place(i, after[i]) > case.place(i, before[i]):
                yield f"student {i} is raised at school {s} and gets {named(after[i])} for {named(before[i])}"


def leaves_with_the_seat(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whose seat changes when somebody leaves and takes the own seat along."""
    before = solve(case)
    for i, held in enumerate(before):
        smaller = case.without(i) if held is None else case.without(i).with_seats(held, -1)
        after = solve(smaller)
        for j in range(len(before)):
            if j != i and after[j] != before[j]:
                yield f"student {i} leaves with {named(held)}, and student {j} gets {named(after[j])}"


def newcomer_last(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whose seat a newcomer changes who is last everywhere."""
    new, before = len(case.lists), solve(case)
    wanted = shuffled(dice, len(case.seats))
    more = Case((*case.lists, wanted), tuple((*order, new) for order in case.orders), case.seats)
    if solve(more)[:new] != before:
        yield f"a newcomer who lists {wanted} and is last everywhere changes {before} to {solve(more)[:new]}"


def better_everywhere(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who has the same list as another, goes before it everywhere, and does worse."""
    if len(case.lists) < 2:
        return
    i, j = shuffled(dice, len(case.lists))[:2]
    orders = []
    for order in case.orders:
        swapped = list(order)
        at, other = sorted((order.index(i), order.index(j)))
        swapped[at], swapped[other] = i, j
        orders.append(tuple(swapped))
    alike = replace(case.with_list(j, case.lists[i]), orders=tuple(orders))
    outcome = solve(alike)
    if alike.place(i, outcome[i]) > alike.place(j, outcome[j]):
        yield f"student {i} goes before {j} everywhere with the same list, and does worse: {outcome}"


def two_markets(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how the case and another one come out differently in one market."""
    n, m = len(case.lists), len(case.seats)
    other = Case.drawn(dice, n, m, case.has_one_order)
    moved = [tuple(i + n for i in order) for order in other.orders]
    both = Case(
        case.lists + tuple(tuple(s + m for s in own) for own in other.lists),
        tuple(order + moved[s] for s, order in enumerate(case.orders))
        + tuple(case.orders[s] + order for s, order in enumerate(moved)),
        case.seats + other.seats,
    )
    alone: Outcome = solve(case) + tuple(None if s is None else s + m for s in solve(other))
    if solve(both) != alone:
        yield f"with another market beside it {alone} becomes {solve(both)}"


def nothing_added(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how a school without seats and a student without a list change the outcome."""
    empty, n, lists = len(case.seats), len(case.lists), []
    for own in case.lists:
        at = below(dice, len(own) + 1)
        lists.append((*own[:at], empty, *own[at:]) if dice.random() < 0.5 else own)
    order = case.orders[0] if case.has_one_order and case.orders else shuffled(dice, n)
    more = Case((*lists, ()), tuple((n, *o) for o in (*case.orders, order)), (*case.seats, 0))
    if solve(more)[:n] != solve(case):
        yield f"with an empty school on the lists {tuple(lists)} the outcome {solve(case)} becomes {solve(more)[:n]}"


def split_school(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how the outcome changes when a school is two, one directly after the other on all lists."""
    s, new = below(dice, len(case.seats)), len(case.seats)
    both = {s: (s, new)}
    lists = tuple(tuple(t for school in own for t in both.get(school, (school,))) for own in case.lists)
    part = below(dice, case.seats[s] + 1)
    seats = tuple(part if t == s else seats for t, seats in enumerate(case.seats))
    after = solve(Case(lists, (*case.orders, case.orders[s]), (*seats, case.seats[s] - part)))
    if tuple(s if school == new else school for school in after) != solve(case):
        yield f"school {s} split into {part} and {case.seats[s] - part} seats makes {after} of {solve(case)}"


def all_list_one(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield how the outcome changes when everyone lists only the own seat."""
    before = solve(case)
    after = solve(replace(case, lists=tuple(() if s is None else (s,) for s in before)))
    if after != before:
        yield f"when everyone lists only the own seat {before} becomes {after}"


def swap(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who swaps two entries on one side of the own seat and gets another."""
    before = solve(case)
    for i, own in enumerate(case.lists):
        place = case.place(i, before[i])
        for a, b in combinations(range(len(own)), 2):
            if b < place or a > place:
                wanted = list(own)
                wanted[a], wanted[b] = own[b], own[a]
                got = solve(case.with_list(i, wanted))[i]
                if got != before[i]:
                    yield f"student {i} lists {tuple(wanted)} and gets {named(got)} for {named(before[i])}"


def append(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield who adds a school at the end of the list and does worse."""
    before = solve(case)
    for i, more in _longer(case):
        after = solve(more)
        if more.place(i, after[i]) > more.place(i, before[i]):
            yield f"student {i} lists {more.lists[i]} and gets {named(after[i])} for {named(before[i])}"


def append_for_others(case: Case, solve: Solve, dice: Random) -> Iterator[str]:
    """Yield whom it harms that another adds a school at the end of the list."""
    before = solve(case)
    for i, more in _longer(case):
        for j in case.losers(before, solve(more), but=(i,)):
            yield f"student {i} lists {more.lists[i]}, and student {j} is worse off"


def _longer(case: Case) -> Iterator[tuple[int, Case]]:
    for i, own in enumerate(case.lists):
        for s in range(len(case.seats)):
            if s not in own:
                yield i, case.with_list(i, (*own, s))
