"""Deferred acceptance as Gale and Shapley (1962) tell it, day by day, from either side."""


def chosen(applications, seats, rule="exceed"):
    """Return whom a pool keeps of (key, applicant, size): the best first.

    ``exceed``: while a seat is left. ``admit_all``: while a seat is left before all who share the key. ``skip``:
    whoever fits.
    """
    kept = []
    for key, applicant, size in sorted(applications):
        if rule == "admit_all":
            enters = sum(s for k, _, s in applications if k < key) < seats
        elif rule == "skip":
            enters = sum(s for _, _, s in kept) + size <= seats
        else:
            enters = sum(s for _, _, s in kept) < seats
        if enters:
            kept.append((key, applicant, size))
    return kept


def deferred_acceptance(market, rule="exceed", seats=None, listed=None):
    """Return the index of each applicant's choice, or -1.

    Every day each applicant applies to the best choice with seats that has not refused it; every pool looks at all of today's
    applications and refuses those it does not keep; when nobody is refused the day's applications stand.

    With ``listed`` only those choices of each applicant exist, with ``seats`` the pools have so many.
    """
    lists = lists_of(market) if listed is None else listed
    seats = market.seats.tolist() if seats is None else seats
    lists = [[c for c in own if seats[market.pool[c]] > 0] for own in lists]
    at = [0] * market.applicants
    while True:
        applications = {pool: [] for pool in range(len(seats))}
        for i, wanted in enumerate(lists):
            if at[i] < len(wanted):
                c = wanted[at[i]]
                applications[int(market.pool[c])].append((int(market.key[c]), i, int(market.size[i])))
        refused = []
        for pool, received in applications.items():
            kept = chosen(received, seats[pool], rule)
            refused += [applicant for _, applicant, _ in set(received) - set(kept)]
        if not refused:
            return [wanted[at[i]] if at[i] < len(wanted) else -1 for i, wanted in enumerate(lists)]
        for i in refused:
            at[i] += 1


def lists_of(market):
    """Return the choices of each applicant, best first."""
    return [list(range(int(a), int(b))) for a, b in zip(market.indptr[:-1], market.indptr[1:], strict=True)]


def programmes_proposing(market):
    """Return the index of each applicant's choice, or -1: every day each pool offers its seats to its best.

    A pool's best are those of its line who have not refused it; an applicant refuses all offers but the best.
    """
    lists = lists_of(market)
    willing = [set(wanted) for wanted in lists]
    owner = {c: i for i, wanted in enumerate(lists) for c in wanted}
    while True:
        offers = [[] for _ in lists]
        for pool, seats in enumerate(market.seats.tolist()):
            line = [c for i in range(len(lists)) for c in willing[i] if market.pool[c] == pool]
            line = [(int(market.key[c]), owner[c], int(market.size[owner[c]])) for c in line]
            for _, i, _ in chosen(line, seats):
                offers[i] += [c for c in willing[i] if market.pool[c] == pool]
        refused = [(i, c) for i, own in enumerate(offers) for c in own if c != min(own)]
        if not refused:
            return [min(own, default=-1) for own in offers]
        for i, c in refused:
            willing[i].discard(c)


def is_stable(market, choice):
    """Return whether nobody would rather have a choice where a seat is free or held by somebody worse.

    For applicants of size 1: the definition of Gale and Shapley (1962), with "pool" for "college".
    """
    holders = {pool: [] for pool in range(len(market.seats))}
    for i, c in enumerate(choice):
        if c >= 0:
            holders[int(market.pool[c])].append((int(market.key[c]), i))
    if any(len(held) > market.seats[pool] for pool, held in holders.items()):
        return False
    for i, held in enumerate(choice):
        better_than = held if held >= 0 else int(market.indptr[i + 1])
        for c in range(int(market.indptr[i]), better_than):
            pool = int(market.pool[c])
            if len(holders[pool]) < market.seats[pool] or any((int(market.key[c]), i) < h for h in holders[pool]):
                return False
    return True


def stable_matchings(market):
    """Return every stable matching, by looking at all matchings there are."""
    lists = [[*range(int(a), int(b)), -1] for a, b in zip(market.indptr[:-1], market.indptr[1:], strict=True)]
    found = []

    def extend(choice, left):
        if len(choice) == len(lists):
            if is_stable(market, choice):
                found.append(tuple(choice))
            return
        for c in lists[len(choice)]:
            pool = int(market.pool[c]) if c >= 0 else None
            if pool is None:
                extend([*choice, c], left)
            elif left[pool] > 0:
                extend([*choice, c], [s - (j == pool) for j, s in enumerate(left)])

    extend([], [int(s) for s in market.seats])
    return found


def cutoffs(market, choice):
    """Return the worst key each full pool admitted; None where a seat is left, -1 where there is no seat at all."""
    result = []
    for pool, seats in enumerate(market.seats):
        held = [
            (int(market.key[c]), int(market.size[i])) for i, c in enumerate(choice) if c >= 0 and market.pool[c] == pool
        ]
        if seats == 0:
            result.append(-1)
        elif sum(size for _, size in held) >= seats:
            result.append(max(key for key, _ in held))
        else:
            result.append(None)
    return result
