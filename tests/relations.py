"""The relations between runs, each as a function that looks for a violation in one random textbook market.

A case is ``lists`` (schools of each student, best first), ``orders`` (all students in the order of each school) and
``seats``. ``solve`` makes of it the school of each student, or None. A relation returns True where it is kept.
"""

from itertools import permutations, product

from admissions.market import Market


class Case:
    """Students' lists, schools' orders, and seats."""

    def __init__(self, lists, orders, seats):
        self.lists, self.orders, self.seats = [list(own) for own in lists], [list(o) for o in orders], list(seats)

    @classmethod
    def random(cls, rng, students=4, schools=3, common=False):
        """Return a case of at most so many students and schools: lists cut, 0 to 2 seats a school."""
        lists = [rng.sample(range(schools), rng.randint(0, schools)) for _ in range(students)]
        order = rng.sample(range(students), students)
        orders = [order if common else rng.sample(range(students), students) for _ in range(schools)]
        return cls(lists, orders, [rng.randint(0, 2) for _ in range(schools)])

    def but(self, **changes):
        return Case(**{"lists": self.lists, "orders": self.orders, "seats": self.seats} | changes)

    def with_list(self, student, wanted):
        return self.but(lists=[wanted if i == student else own for i, own in enumerate(self.lists)])

    def without(self, student):
        """Return the case in which a student's list is empty."""
        return self.with_list(student, [])

    @property
    def market(self):
        return Market.from_preferences(
            dict(enumerate(self.lists)), dict(enumerate(self.orders)), dict(enumerate(self.seats))
        )

    def place(self, student, school):
        """Return how good a school is for a student: smaller is better, none is worst, unlisted worse than none."""
        own = self.lists[student]
        return len(own) if school is None else own.index(school) if school in own else len(own) + 1

    def places(self, outcome):
        return [self.place(i, school) for i, school in enumerate(outcome)]


def reports(case):
    """Yield every list a student can submit."""
    schools = range(len(case.seats))
    for length in range(len(case.seats) + 1):
        yield from map(list, permutations(schools, length))


def gains(case, before, after, but=()):
    """Return whether every student, but for some, has in the second outcome a school as good or better."""
    return all(case.place(i, after[i]) <= case.place(i, s) for i, s in enumerate(before) if i not in but)


def feasible_outcomes(case):
    """Yield all outcomes within lists and seats."""
    for outcome in product(*[[*own, None] for own in case.lists]):
        if all(outcome.count(s) <= seats for s, seats in enumerate(case.seats)):
            yield outcome


def wastes(case, outcome):
    return any(
        outcome.count(s) < case.seats[s] for i, held in enumerate(outcome) for s in case.lists[i][: case.place(i, held)]
    )


def envies(case, outcome):
    return any(
        outcome[j] == s and case.orders[s].index(i) < case.orders[s].index(j)
        for i, held in enumerate(outcome)
        for s in case.lists[i][: case.place(i, held)]
        for j in range(len(outcome))
    )


def stable_outcomes(case):
    return [o for o in feasible_outcomes(case) if not wastes(case, o) and not envies(case, o)]


def row_order(case, solve, rng):
    rows = rng.sample(range(len(case.lists)), len(case.lists))
    moved = case.but(lists=[case.lists[i] for i in rows], orders=[[rows.index(i) for i in o] for o in case.orders])
    return list(solve(moved)) == [solve(case)[i] for i in rows]


def school_names(case, solve, rng):
    names = rng.sample(range(len(case.seats)), len(case.seats))
    moved = Case(
        [[names.index(s) for s in own] for own in case.lists],
        [case.orders[s] for s in names],
        [case.seats[s] for s in names],
    )
    return [None if s is None else names[s] for s in solve(moved)] == list(solve(case))


def feasible(case, solve, rng):
    outcome = solve(case)
    listed = all(s is None or s in case.lists[i] for i, s in enumerate(outcome))
    return listed and all(list(outcome).count(s) <= seats for s, seats in enumerate(case.seats))


def non_wasteful(case, solve, rng):
    return not wastes(case, solve(case))


def no_justified_envy(case, solve, rng):
    return not envies(case, solve(case))


def best_stable(case, solve, rng):
    outcome = solve(case)
    return tuple(outcome) in stable_outcomes(case) and all(gains(case, o, outcome) for o in stable_outcomes(case))


def cutoffs(case, solve, rng):
    outcome = solve(case)
    worst = [
        max((case.orders[s].index(i) for i, held in enumerate(outcome) if held == s), default=-1)
        if list(outcome).count(s) >= seats
        else len(outcome)
        for s, seats in enumerate(case.seats)
    ]
    again = [next((s for s in own if case.orders[s].index(i) <= worst[s]), None) for i, own in enumerate(case.lists)]
    return again == list(outcome)


def efficient(case, solve, rng):
    outcome = tuple(solve(case))
    return not any(o != outcome and gains(case, outcome, o) for o in feasible_outcomes(case))


def weakly_efficient(case, solve, rng):
    places = case.places(solve(case))
    return not any(all(a < b for a, b in zip(case.places(o), places, strict=True)) for o in feasible_outcomes(case))


def strategy_proof(case, solve, rng):
    before = solve(case)
    return all(
        case.place(i, solve(case.with_list(i, wanted))[i]) >= case.place(i, before[i])
        for i in range(len(case.lists))
        for wanted in reports(case)
    )


def pairs(case, solve, rng):
    before = case.places(solve(case))
    for _ in range(60):
        i, j = rng.sample(range(len(case.lists)), 2)
        lists = list(reports(case))
        after = solve(case.with_list(i, rng.choice(lists)).with_list(j, rng.choice(lists)))
        if case.place(i, after[i]) < before[i] and case.place(j, after[j]) < before[j]:
            return False
    return True


def non_bossy(case, solve, rng):
    before = list(solve(case))
    for i in range(len(case.lists)):
        for wanted in reports(case):
            after = list(solve(case.with_list(i, wanted)))
            if after[i] == before[i] and after != before:
                return False
    return True


def cut_below(case, solve, rng):
    before = list(solve(case))
    return all(
        list(solve(case.with_list(i, case.lists[i][: case.place(i, s) + 1]))) == before for i, s in enumerate(before)
    )


def list_one(case, solve, rng):
    before = solve(case)
    for i, school in enumerate(before):
        after = solve(case.with_list(i, [] if school is None else [school]))
        if after[i] != school or not gains(case, before, after, but=(i,)):
            return False
    return True


def seat_added(case, solve, rng):
    before = solve(case)
    return all(gains(case, before, solve(more)) for more in more_seats(case))


def seat_added_number(case, solve, rng):
    return all(list(solve(more)).count(None) <= list(solve(case)).count(None) for more in more_seats(case))


def more_seats(case):
    for s in range(len(case.seats)):
        yield case.but(seats=[seats + (t == s) for t, seats in enumerate(case.seats)])


def student_leaves(case, solve, rng):
    before = solve(case)
    return all(gains(case, before, solve(case.without(i)), but=(i,)) for i in range(len(case.lists)))


def raised(case, solve, rng):
    before = solve(case)
    common = all(order == case.orders[0] for order in case.orders)
    for s, order in enumerate(case.orders):
        for at in range(1, len(order)):
            new = [*order[: at - 1], order[at], order[at - 1], *order[at + 1 :]]
            orders = [new if common or t == s else o for t, o in enumerate(case.orders)]
            i = order[at]
            if case.place(i, solve(case.but(orders=orders))[i]) > case.place(i, before[i]):
                return False
    return True


def leaves_with_the_seat(case, solve, rng):
    before = list(solve(case))
    for i, school in enumerate(before):
        seats = [seats - (s == school) for s, seats in enumerate(case.seats)]
        after = list(solve(case.without(i).but(seats=seats)))
        if after[:i] + after[i + 1 :] != before[:i] + before[i + 1 :]:
            return False
    return True


def newcomer_last(case, solve, rng):
    new = len(case.lists)
    wanted = rng.sample(range(len(case.seats)), len(case.seats))
    more = case.but(lists=[*case.lists, wanted], orders=[[*order, new] for order in case.orders])
    return list(solve(more))[:new] == list(solve(case))


def better_everywhere(case, solve, rng):
    if len(case.lists) < 2:
        return True
    i, j = rng.sample(range(len(case.lists)), 2)
    orders = []
    for order in case.orders:
        swapped = list(order)
        at, other = sorted((order.index(i), order.index(j)))
        swapped[at], swapped[other] = i, j
        orders.append(swapped)
    twins = case.with_list(j, case.lists[i]).but(orders=orders)
    outcome = solve(twins)
    return twins.place(i, outcome[i]) <= twins.place(j, outcome[j])


def two_markets(case, solve, rng):
    other = Case.random(rng, len(case.lists), len(case.seats), all(o == case.orders[0] for o in case.orders))
    n, m = len(case.lists), len(case.seats)
    moved = [[i + n for i in order] for order in other.orders]
    both = Case(
        case.lists + [[s + m for s in own] for own in other.lists],
        [o + moved[s % m] for s, o in enumerate(case.orders)] + [case.orders[s % m] + o for s, o in enumerate(moved)],
        case.seats + other.seats,
    )
    alone = list(solve(case)) + [None if s is None else s + m for s in solve(other)]
    return list(solve(both)) == alone


def nothing_added(case, solve, rng):
    empty = len(case.seats)
    lists = []
    for own in case.lists:
        at = rng.randint(0, len(own))
        lists.append([*own[:at], empty, *own[at:]] if rng.random() < 0.5 else own)
    n = len(lists)
    order = case.orders[0] if all(o == case.orders[0] for o in case.orders) else rng.sample(range(n), n)
    orders = [[n, *o] for o in [*case.orders, order]]
    more = Case([*lists, []], orders, [*case.seats, 0])
    return list(solve(more))[:n] == list(solve(case))


def split_school(case, solve, rng):
    s, new = rng.randrange(len(case.seats)), len(case.seats)
    lists = [[t for school in own for t in ([school, new] if school == s else [school])] for own in case.lists]
    part = rng.randint(0, case.seats[s])
    seats = [part if t == s else seats for t, seats in enumerate(case.seats)] + [case.seats[s] - part]
    after = solve(Case(lists, [*case.orders, case.orders[s]], seats))
    return [s if school == new else school for school in after] == list(solve(case))


def all_list_one(case, solve, rng):
    before = list(solve(case))
    return list(solve(case.but(lists=[[] if s is None else [s] for s in before]))) == before


def rural_hospitals(case, solve, rng):
    outcome = solve(case)

    def filled(o):
        return [s is None for s in o], [list(o).count(s) for s in range(len(case.seats))]

    return all(filled(o) == filled(outcome) for o in stable_outcomes(case))


def swap(case, solve, rng):
    before = solve(case)
    for i, own in enumerate(case.lists):
        place = case.place(i, before[i])
        for a in range(len(own)):
            for b in range(a + 1, len(own)):
                if b < place or a > place:
                    wanted = list(own)
                    wanted[a], wanted[b] = own[b], own[a]
                    if solve(case.with_list(i, wanted))[i] != before[i]:
                        return False
    return True


def appended(case):
    for i, own in enumerate(case.lists):
        for s in range(len(case.seats)):
            if s not in own:
                yield i, s, case.with_list(i, [*own, s])


def append(case, solve, rng):
    before = solve(case)
    return all(more.place(i, solve(more)[i]) <= more.place(i, before[i]) for i, s, more in appended(case))


def append_others(case, solve, rng):
    before = solve(case)
    return all(gains(case, before, solve(more), but=(i,)) for i, s, more in appended(case))


CHECKS = {
    "row order": row_order,
    "school names": school_names,
    "feasible": feasible,
    "non-wasteful": non_wasteful,
    "no justified envy": no_justified_envy,
    "best stable": best_stable,
    "cutoffs": cutoffs,
    "efficient": efficient,
    "weakly efficient": weakly_efficient,
    "strategy-proof": strategy_proof,
    "pairs": pairs,
    "non-bossy": non_bossy,
    "cut below": cut_below,
    "list one": list_one,
    "seat added": seat_added,
    "number with a seat added": seat_added_number,
    "student leaves": student_leaves,
    "raised": raised,
    "leaves with the seat": leaves_with_the_seat,
    "newcomer last": newcomer_last,
    "better everywhere": better_everywhere,
    "two markets": two_markets,
    "nothing added": nothing_added,
    "split school": split_school,
    "all list one": all_list_one,
    "rural hospitals": rural_hospitals,
    "swap": swap,
    "append": append,
    "append for others": append_others,
}
