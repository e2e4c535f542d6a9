"""Flexible deferred acceptance as Kamada and Kojima (2015, 2018) tell it, day by day, and what it promises, by search.

Groups are (set of pools, cap); an application is (key, applicant, choice).
"""

from fractions import Fraction
from itertools import combinations, product


def chosen(applications, seats, groups, target, size):
    """Return whom the pools keep together, a set of applications, from each pool's applications.

    Every application has a ticket: round 0 while the pool's target is not used up, then one round each. Tickets are
    granted by round and then pool, while the pool and all groups around it have a seat left.
    """
    tickets = []
    for pool, received in applications.items():
        before, late = 0, 0
        for application in sorted(received):
            late += before >= target[pool]
            tickets.append((late, pool, application))
            before += size[application[1]]
    taken, kept = dict.fromkeys(applications, 0), set()
    for _, pool, application in sorted(tickets):
        around = [(sum(taken[p] for p in group), cap) for group, cap in groups if pool in group]
        if taken[pool] < seats[pool] and all(used < cap for used, cap in around):
            taken[pool] += size[application[1]]
            kept.add(application)
    return kept


def family_choice(market, groups, target):
    """Return the function from choices applied with to the applications kept."""
    seats, size = market.seats.tolist(), market.size.tolist()
    owner, pool, key = market.owners().tolist(), market.pool.tolist(), market.key.tolist()

    def keep(choices):
        applications = {p: [] for p in range(len(seats))}
        for c in choices:
            applications[pool[c]].append((key[c], owner[c], c))
        return {c for _, _, c in chosen(applications, seats, groups, target, size)}

    return keep


def regional(market, groups, target):
    """Return the index of each applicant's choice, or -1: all apply, the pools choose, whoever is refused goes on."""
    keep = family_choice(market, groups, target)
    at, end = market.indptr[:-1].tolist(), market.indptr[1:].tolist()
    while True:
        applying = {i: at[i] for i in range(market.applicants) if at[i] < end[i]}
        kept = keep(applying.values())
        if kept == set(applying.values()):
            return [applying.get(i, -1) for i in range(market.applicants)]
        for i, c in applying.items():
            at[i] += c not in kept


def cutoffs(market, choice, groups, target):
    """Return the worst key of each pool that has refused somebody or would not take one more, -1 for an empty one.

    None elsewhere. For applicants of size 1 a pool that has refused somebody never takes one more.
    """
    seats, size = market.seats.tolist(), [*market.size.tolist(), 1]
    applications = {p: [] for p in range(len(seats))}
    for i, c in enumerate(choice):
        if c >= 0:
            applications[int(market.pool[c])].append((int(market.key[c]), i, c))
    ends = [c if c >= 0 else int(market.indptr[i + 1]) for i, c in enumerate(choice)]
    refusing = {int(market.pool[c]) for i, end in enumerate(ends) for c in range(int(market.indptr[i]), end)}
    result = []
    for pool, held in applications.items():
        worst = (float("inf"), market.applicants, -1)
        with_one_more = applications | {pool: [*held, worst]}
        taken = worst in chosen(with_one_more, seats, groups, target, size)
        assert max(size) > 1 or not (taken and pool in refusing)
        result.append(None if taken and pool not in refusing else max((key for key, _, _ in held), default=-1))
    return result


def matchings(market):
    """Return every way to give each applicant one of its choices or none."""
    lists = [[*range(int(a), int(b)), -1] for a, b in zip(market.indptr[:-1], market.indptr[1:], strict=True)]
    return product(*lists)


def is_stable(market, choice, groups, target):
    """Return whether the pools keep all they have, and no applicant would be kept where it would rather be."""
    keep = family_choice(market, groups, target)
    held = {c for c in choice if c >= 0}
    if keep(held) != held:
        return False
    for i, own in enumerate(choice):
        for c in range(int(market.indptr[i]), own if own >= 0 else int(market.indptr[i + 1])):
            if c in keep((held - {own}) | {c}):
                return False
    return True


def is_weakly_stable(market, choice, groups):
    """Return whether caps hold, nobody envies somebody worse in a pool, and no seat is left that caps would allow.

    Kamada and Kojima (2015), section II: an applicant may prefer a pool with a seat left only where a group around it
    is full, and then nobody worse may be there. For applicants of size 1.
    """
    pool, key, owner = market.pool.tolist(), market.key.tolist(), market.owners().tolist()
    held = [c for c in choice if c >= 0]
    at = [sum(pool[c] == p for c in held) for p in range(len(market.seats))]
    if any(at[p] > seats for p, seats in enumerate(market.seats)):
        return False
    if any(sum(at[p] for p in group) > cap for group, cap in groups):
        return False
    for i, own in enumerate(choice):
        for c in range(int(market.indptr[i]), own if own >= 0 else int(market.indptr[i + 1])):
            if any(pool[d] == pool[c] and (key[c], i) < (key[d], owner[d]) for d in held):
                return False
            full = [sum(at[p] for p in group) >= cap for group, cap in groups if pool[c] in group]
            if at[pool[c]] < market.seats[pool[c]] and not any(full):
                return False
    return True


def default_targets(seats, groups):
    """Return the targets: every cap divided over what lies right inside it, until only pools are left."""
    target = list(seats)

    def most(part):
        cap = min([cap for group, cap in groups if set(group) == part], default=sum(seats[p] for p in part))
        return min(
            cap, sum(most(inner) for inner in split(part)) if len(part) > 1 else cap, sum(seats[p] for p in part)
        )

    def split(part):
        smaller = [set(group) for group, _ in groups if set(group) < part]
        inside = [group for group in smaller if not any(group < other for other in smaller)]
        alone = [{p} for p in part if not any(p in group for group in inside)]
        return sorted([*inside, *alone], key=min)

    def give(part, total):
        if len(part) == 1:
            target[min(part)] = total
            return
        inner = split(part)
        shares = divided(total, [sum(seats[p] for p in one) for one in inner], [most(one) for one in inner])
        for one, share in zip(inner, shares, strict=True):
            give(one, share)

    sets = [set(group) for group, _ in groups]
    for group in sets:
        if not any(group < other for other in sets):
            give(group, most(group))
    return target


def divided(total, weights, most):
    """Return the shares at the one rate at which parts get rate times weight, or their most where that is less.

    The rate is where the parts not held at their most share what the others leave; then largest remainder.
    """
    parts = range(len(weights))
    if total >= sum(most):
        return list(most)
    for held in (set(held) for count in parts for held in combinations(parts, count)):
        weight = sum(weights[k] for k in parts if k not in held)
        rate = Fraction(total - sum(most[k] for k in held), weight) if weight else Fraction(0)
        if rate >= 0 and all((rate * weights[k] >= most[k]) == (k in held) for k in parts):
            share = [most[k] if k in held else int(rate * weights[k]) for k in parts]
            by_remainder = sorted((k for k in parts if k not in held), key=lambda k: (share[k] - rate * weights[k], k))
            for k in by_remainder[: total - sum(share)]:
                share[k] += 1
            return share
    raise AssertionError("no division")
