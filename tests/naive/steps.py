"""Mechanisms that admit in steps, each step by deferred acceptance day by day over the seats that are left."""

from tests.naive.deferred_acceptance import deferred_acceptance, lists_of


def admission_in_steps(market, step_of, rule="exceed"):
    """Return the index of each applicant's choice, or -1; ``step_of(c)`` orders the steps."""
    choice, left = [-1] * market.applicants, market.seats.tolist()
    for step in sorted({step_of(c) for c in range(len(market.pool))}):
        listed = [
            [c for c in own if step_of(c) == step] if choice[i] < 0 else [] for i, own in enumerate(lists_of(market))
        ]
        listed = [[c for c in own if left[market.pool[c]] > 0] for own in listed]
        for i, c in enumerate(deferred_acceptance(market, rule, left, listed)):
            if c >= 0:
                choice[i] = c
                left[market.pool[c]] -= int(market.size[i])
    return choice


def immediate_acceptance(market, rule="exceed"):
    """Return the outcome when a step is a rank."""
    return admission_in_steps(market, lambda c: int(market.rank[c]), rule)


def parallel(market, bands, rule="exceed"):
    """Return the outcome when a step is a band of ranks: ``bands`` are their lengths, the last repeated."""

    def band_of(c):
        rank, band = int(market.rank[c]), 0
        while rank > bands[min(band, len(bands) - 1)]:
            rank -= bands[min(band, len(bands) - 1)]
            band += 1
        return band

    return admission_in_steps(market, band_of, rule)


def score_bands(market, width, first_line, rule="exceed"):
    """Return the outcome when a step is a band of keys and in it a rank."""

    def band_of(c):
        line, band = first_line, 0
        while market.key[c] > line:
            line += width
            band += 1
        return band, int(market.rank[c])

    return admission_in_steps(market, band_of, rule)
