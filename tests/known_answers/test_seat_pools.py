"""Examples of divided seats: a programme's pools are consecutive choices, and quotas and reserves are keys."""

import pytest

from admissions.mechanisms import match
from tests.strategies import market_of


def admitted(programmes, lists, seats):
    """Return each applicant's programme under deferred acceptance.

    ``programmes`` gives each programme's pools in the order of law, a pool as its members, best first;
    ``lists`` gives each applicant's programmes; ``seats`` the seats of every pool.
    """
    pools = [(name, order.split()) for name, orders in programmes.items() for order in orders]
    chosen, keys = [], []
    for applicant, wanted in lists.items():
        tried = [
            j for name in wanted.split() for j, (of, order) in enumerate(pools) if of == name and applicant in order
        ]
        chosen.append(tried)
        keys.append([pools[j][1].index(applicant) for j in tried])
    market = market_of(chosen, keys, seats)
    choice = match(market, "deferred_acceptance").choice
    return {a: pools[market.pool[c]][0] if c >= 0 else None for a, c in zip(lists, choice, strict=True)}


@pytest.mark.parametrize(
    ("pools_of_c1", "seats", "expected"),
    [
        pytest.param(["s1 s2 s3"], [2, 1], {"s1": "c1", "s2": "c1", "s3": "c2"}, id="no policy"),
        pytest.param(["s3", "s1 s2 s3"], [1, 1, 1], {"s1": "c1", "s2": "c2", "s3": "c1"}, id="majority quota"),
        pytest.param(["s3 s1 s2", "s1 s2 s3"], [1, 1, 1], {"s1": "c1", "s2": "c1", "s3": "c2"}, id="minority reserve"),
    ],
)
def test_ka13_kojima_2012_a_majority_quota_hurts_the_minority_and_a_reserve_does_not(pools_of_c1, seats, expected):
    lists = {"s1": "c1", "s2": "c1 c2", "s3": "c2 c1"}
    assert admitted({"c1": pools_of_c1, "c2": ["s2 s3 s1"]}, lists, seats) == expected


@pytest.mark.parametrize(
    ("walk_zone_first", "expected"), [(True, {"w1", "w2", "n1", "n2"}), (False, {"w1", "n1", "w2", "w3"})]
)
def test_ka21_dur_kominers_pathak_and_sonmez_2018_the_order_of_pools_decides_who_gets_in(walk_zone_first, expected):
    open_pool, walk_pool = "w1 n1 w2 n2 w3 w4 n3 n4", "w1 w2 w3 w4 n1 n2 n3 n4"
    pools = [walk_pool, open_pool] if walk_zone_first else [open_pool, walk_pool]
    outcome = admitted({"s": pools}, dict.fromkeys(open_pool.split(), "s"), [2, 2])
    assert {applicant for applicant, programme in outcome.items() if programme} == expected


def test_ka21_walk_zone_seats_first_are_the_same_as_no_walk_zone_seats():
    everybody = "w1 n1 w2 n2 w3 w4 n3 n4"
    outcome = admitted({"s": [everybody]}, dict.fromkeys(everybody.split(), "s"), [4])
    assert {applicant for applicant, programme in outcome.items() if programme} == {"w1", "n1", "w2", "n2"}


@pytest.mark.parametrize(
    ("merit", "of_open", "of_sc"),
    [
        ("mG1 mG2 wG1 mS1 wS1", {"mG1", "wG1"}, {"mS1"}),
        ("mG1 mG2 wS1 mS1 wG1", {"mG1", "wS1"}, {"mS1"}),
    ],
)
def test_ka22_sonmez_and_yenmez_a_minimum_for_women_within_the_open_positions(merit, of_open, of_sc):
    by_merit = merit.split()
    women_first = " ".join(sorted(by_merit, key=lambda a: (a[0] != "w", by_merit.index(a))))
    scheduled = " ".join(a for a in by_merit if a[1] == "S")
    programmes = {"open": [merit, women_first], "SC": [scheduled]}
    outcome = admitted(programmes, dict.fromkeys(by_merit, "open SC"), [1, 1, 1])
    assert {a for a, programme in outcome.items() if programme == "open"} == of_open
    assert {a for a, programme in outcome.items() if programme == "SC"} == of_sc
