"""Stable improvement cycles (Erdil and Ergin 2008), one cycle at a time, everything looked up anew after each."""

from tests.naive.deferred_acceptance import deferred_acceptance, lists_of


def stable_improvement(market, tie_break=None):
    """Return the index of each applicant's choice, or -1.

    Applicants of several children keep their seats, and so do all in pools that these overfilled.
    """
    lists = lists_of(market)
    place = {c: (int(market.key[c]), 0 if tie_break is None else int(tie_break[c]), c) for own in lists for c in own}
    strict = {c: at for at, c in enumerate(sorted(place, key=place.get))}
    broken = type(market)(
        market.indptr, market.pool, [strict[c] for c in range(len(strict))], market.rank, market.seats, market.size
    )
    choice = deferred_acceptance(broken)
    while cycle := first_cycle(market, choice, strict, lists):
        for i, c in cycle:
            choice[i] = c
    return choice


def first_cycle(market, choice, strict, lists):
    """Return the first cycle met as (applicant, better choice), pools tried in order; none is an empty list."""
    filled = [0] * len(market.seats)
    for i, c in enumerate(choice):
        if c >= 0:
            filled[market.pool[c]] += int(market.size[i])
    nowhere = {p for p, seats in enumerate(market.seats) if filled[p] > seats}
    for beginner in range(len(market.seats)):
        path, moves = [beginner], {}
        while path and path[-1] not in nowhere:
            p = path[-1]
            wishes = [
                (i, c) for i, own in enumerate(lists) for c in own if market.pool[c] == p and not 0 <= choice[i] <= c
            ]
            best = min((int(market.key[c]) for _, c in wishes), default=None)
            able = [
                (i, c)
                for i, c in wishes
                if market.key[c] == best
                and choice[i] >= 0
                and market.size[i] == 1
                and int(market.pool[choice[i]]) not in nowhere
            ]
            if not able:
                nowhere.add(path.pop())
                continue
            moves[p] = min(able, key=lambda wish: strict[wish[1]])
            sits = int(market.pool[choice[moves[p][0]]])
            if sits in path:
                return [moves[q] for q in path[path.index(sits) :]]
            path.append(sits)
    return []
