"""Efficiency-adjusted deferred acceptance twice: the rounds of Tang and Yu (2014), and Kesten's interrupters (2010)."""

from tests.naive.deferred_acceptance import deferred_acceptance, lists_of


def tang_and_yu(market, consent):
    """Return the index of each applicant's choice, or -1.

    Settle the pools that nobody desires, and those without a seat; whoever is settled, desires a pool and does not
    consent takes that pool off the lists of everybody of lower priority there; run deferred acceptance again.
    """
    lists = lists_of(market)
    final, left = [-1] * market.applicants, set(range(market.applicants))
    while left:
        listed = [own if i in left else [] for i, own in enumerate(lists)]
        held = deferred_acceptance(market, listed=listed)
        desires = {i: [c for c in lists[i] if held[i] < 0 or c < held[i]] for i in left}
        desired = {int(market.pool[c]) for wanted in desires.values() for c in wanted}
        settled = {i for i in left if held[i] < 0 or int(market.pool[held[i]]) not in desired} or set(left)
        left -= settled
        for i in settled:
            final[i] = held[i]
        for i in settled:
            for wish in desires[i] if not consent[i] else []:
                claim = (int(market.key[wish]), i)
                for j in left:
                    lists[j] = [
                        c for c in lists[j] if market.pool[c] != market.pool[wish] or (int(market.key[c]), j) < claim
                    ]
    return final


def kesten(market, consent):
    """Return the index of each applicant's choice, or -1, for applicants of size 1.

    In deferred acceptance an applicant is an interrupter at a pool that held it for some steps, refused somebody
    meanwhile, and then refused it. The last of the consenting interrupters, all of that step, no longer list that pool.
    """
    lists = lists_of(market)
    while True:
        held, interruptions = with_interrupters(market, lists)
        consenting = [(step, i, c) for step, i, c in interruptions if consent[i]]
        if not consenting:
            return held
        last = max(step for step, _, _ in consenting)
        for step, i, c in consenting:
            if step == last:
                lists[i] = [d for d in lists[i] if d != c]


def with_interrupters(market, lists):
    """Return the outcome of deferred acceptance in days, and (step of refusal, applicant, choice) of interrupters."""
    at = [0] * len(lists)
    since, refusals, interruptions = {}, [], []
    step = 0
    while True:
        step += 1
        applications = {}
        for i, own in enumerate(lists):
            if at[i] < len(own):
                applications.setdefault(int(market.pool[own[at[i]]]), []).append(i)
                since.setdefault((i, own[at[i]]), step)
        refused = []
        for pool, received in applications.items():
            ranked = sorted(received, key=lambda i: (int(market.key[lists[i][at[i]]]), i))
            refused += [(pool, i) for i in ranked[int(market.seats[pool]) :]]
        if not refused:
            return [own[at[i]] if at[i] < len(own) else -1 for i, own in enumerate(lists)], interruptions
        refusals += [(pool, step) for pool, _ in refused]
        for pool, i in refused:
            c = lists[i][at[i]]
            if any(p == pool and since[i, c] <= s < step for p, s in refusals):
                interruptions.append((step, i, c))
        for _, i in refused:
            at[i] += 1
