"""Top trading cycles in rounds: all point, and all cycles there are trade."""

from tests.naive.deferred_acceptance import lists_of


def top_trading_cycles(market, owned=None, whole=False):
    """Return the index of each applicant's choice, or -1; ``owned`` is a pool an applicant, or None."""
    lists, left = lists_of(market), market.seats.tolist()
    owned = owned or [None] * market.applicants
    choice, here = [-1] * market.applicants, set(range(market.applicants))
    line = [[] for _ in left]
    for i, own in enumerate(lists):
        for c in own:
            pool = int(market.pool[c])
            line[pool].append((owned[i] != pool, int(market.key[c]), i))
    if market.unlisted:
        others = market.unlisted
        for i, pool, key in zip(others.applicant.tolist(), others.pool.tolist(), others.key.tolist(), strict=True):
            line[pool].append((True, key, i))
    while here:
        points = {}
        for i in sorted(here):
            need = int(market.size[i]) if whole else 1
            fits = [c for c in lists[i] if left[market.pool[c]] >= need]
            if fits:
                points[i] = fits[0]
        if not points:
            break
        here = set(points)
        head = {p: min(ranked for ranked in line[p] if ranked[2] in here)[2] for p in market.pool[[*points.values()]]}
        nxt = {i: head[market.pool[c]] for i, c in points.items()}
        on_cycle = [i for i in nxt if i in walk(nxt, i)]
        for i in on_cycle:
            choice[i] = points[i]
            left[market.pool[points[i]]] -= int(market.size[i])
        here -= set(on_cycle)
    return choice


def walk(nxt, start):
    """Return everybody met on the way from ``start``, itself only if the way leads back."""
    seen, i = set(), nxt[start]
    while i not in seen:
        seen.add(i)
        i = nxt[i]
    return seen
