"""Markets to try things on, beside those that `admissions.testing` draws: from plain lists, large, and wrong ones."""

import numpy as np
from hypothesis import strategies as st

from admissions.market import Market
from admissions.mechanisms import MECHANISMS

NEEDED = {
    name: {**row.judged_with, **({"ties": "lottery"} if row.needs_strict_priorities else {})}
    for name, row in MECHANISMS.items()
}
"""Parameters with which each mechanism runs on any market."""


def market_of(lists, keys, seats, sizes=None, ranks=None):
    """Return the market of plain lists: pools and keys an applicant, seats a pool."""
    ranks = [range(1, len(wanted) + 1) for wanted in lists] if ranks is None else ranks
    return Market(
        indptr=np.cumsum([0, *map(len, lists)]),
        pool=np.array([p for wanted in lists for p in wanted], dtype=np.int32),
        key=np.array([k for own in keys for k in own], dtype=np.int64),
        rank=np.array([r for own in ranks for r in own], dtype=np.int32),
        seats=np.array(seats, dtype=np.int64),
        size=np.ones(len(lists), dtype=np.int32) if sizes is None else np.array(sizes, dtype=np.int32),
    )


def parts(market):
    """Return a market as plain lists: pools, keys, seats, sizes and ranks, for tests that change one of them."""
    spans = list(zip(market.indptr[:-1].tolist(), market.indptr[1:].tolist(), strict=True))
    lists, keys, ranks = ([array[a:b].tolist() for a, b in spans] for array in (market.pool, market.key, market.rank))
    return lists, keys, market.seats.tolist(), market.size.tolist(), ranks


def random_market(rng, applicants, pools, seats, choices, sizes=1, keys=None):
    """Return a larger market from a numpy generator: popular pools first, keys up to ``keys`` so that ties abound."""
    popularity = 1.0 / np.arange(1, pools + 1)
    lists = []
    for _ in range(applicants):
        length = int(rng.integers(0, min(choices, pools) + 1))
        lists.append(rng.choice(pools, size=length, replace=False, p=popularity / popularity.sum()).tolist())
    return market_of(
        lists,
        [rng.integers(0, keys or 2**31, size=len(wanted)).tolist() for wanted in lists],
        seats=rng.integers(0, seats + 1, size=pools),
        sizes=rng.integers(1, sizes + 1, size=applicants),
    )


def small_market(rng, sizes=1, strict=False, common=False):
    """Return a small market from a `random.Random`, cheap enough to make a hundred thousand of.

    Programmes have one to three pools; there are ties, pools without seats, and applicants without choices.
    """
    n, p = rng.randint(0, 6), rng.randint(1, 5)
    programme = sorted(rng.randrange(p) for _ in range(p))
    names = sorted(set(programme))
    lists, ranks = [], []
    for _ in range(n):
        wanted = rng.sample(names, rng.choice([len(names), rng.randint(0, len(names))]))
        pairs = [(j, place) for place, name in enumerate(wanted, start=1) for j in range(p) if programme[j] == name]
        lists.append([j for j, _ in pairs])
        ranks.append([place for _, place in pairs])
    highest = rng.choice([0, 1, 3, 10, 2**62])
    marks = rng.sample(range(n), n) if strict else [rng.randint(0, highest) for _ in range(n)]
    orders = [marks if common else rng.sample(range(n), n) for _ in range(p)]
    keys = [
        [orders[j][i] if strict or common else rng.randint(0, highest) for j in wanted]
        for i, wanted in enumerate(lists)
    ]
    sized = [rng.choice([1, 1, rng.randint(1, sizes)]) for _ in range(n)]
    return market_of(lists, keys, [rng.choice([0, 1, 1, 2, 3]) for _ in range(p)], sized, ranks)


@st.composite
def arrays_that_are_no_market(draw):
    """Draw the arrays of a market with one thing wrong."""
    whole = {
        "indptr": [0, 2, 3],
        "pool": [0, 1, 0],
        "key": [1, 0, 0],
        "rank": [1, 2, 1],
        "seats": [1, 1],
        "size": [1, 1],
    }
    name, wrong = draw(
        st.sampled_from(
            [
                ("indptr", [0, 2]),
                ("indptr", [1, 2, 3]),
                ("indptr", [0, 3, 2]),
                ("indptr", [0, 4, 3]),
                ("indptr", [0.0, 2.0, 3.0]),
                ("pool", [0, 2, 0]),
                ("pool", [0, -1, 0]),
                ("pool", [0, 1]),
                ("pool", [0, 2**40, 0]),
                ("key", [1, -1, 0]),
                ("key", [1, 0.5, 0]),
                ("key", [1, float("nan"), 0]),
                ("key", [1, 2**63 - 1, 0]),
                ("key", [[1, 0, 0]]),
                ("rank", [2, 1, 1]),
                ("rank", [0, 1, 1]),
                ("seats", [1, -1]),
                ("seats", [1.5, 1]),
                ("seats", [True, True]),
                ("seats", ["1", "1"]),
                ("size", [1, 0]),
                ("size", [1, 2, 3]),
            ]
        )
    )
    return whole | {name: wrong}
