"""What must hold for the mechanisms, between one run and another."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from admissions.errors import MarketError
from admissions.market import Market
from admissions.mechanisms import MECHANISMS, match
from admissions.testing import markets
from tests.naive.deferred_acceptance import is_stable, stable_matchings
from tests.strategies import arrays_that_are_no_market, market_of, parts, random_market

ordinary = settings(max_examples=150, deadline=None, derandomize=True)
BOTH = pytest.mark.parametrize("mechanism", ["deferred_acceptance", "serial_dictatorship"])


def outcome(market, mechanism="deferred_acceptance"):
    """Return each applicant's place on the own list, the length of the list for none, so that smaller is better."""
    choice = match(market, mechanism).choice
    return np.where(choice >= 0, choice, market.indptr[1:]) - market.indptr[:-1]


def common(mechanism):
    """Return whether markets for this mechanism need one order that all pools share."""
    return mechanism == "serial_dictatorship"


@ordinary
@given(markets(applicants=5, pools=4, seats=2))
def test_deferred_acceptance_gives_everyone_the_best_of_all_stable_matchings(market):
    stable = stable_matchings(market)
    ends = market.indptr[1:].tolist()
    best = [min(choice[i] if choice[i] >= 0 else end for choice in stable) for i, end in enumerate(ends)]
    found = match(market, "deferred_acceptance").choice.tolist()
    assert tuple(found) in stable
    assert [c if c >= 0 else end for c, end in zip(found, ends, strict=True)] == best


@ordinary
@given(markets(applicants=5, pools=4, seats=2))
def test_the_same_applicants_are_placed_and_the_same_seats_filled_in_every_stable_matching(market):
    placed = {tuple(c >= 0 for c in choice) for choice in stable_matchings(market)}
    filled = {
        tuple(np.bincount([market.pool[c] for c in choice if c >= 0], minlength=len(market.seats)).tolist())
        for choice in stable_matchings(market)
    }
    assert len(placed) == len(filled) == 1


@ordinary
@given(markets(applicants=7, pools=5, seats=3, sizes=3, common=True))
def test_where_all_pools_rank_alike_serial_dictatorship_is_deferred_acceptance(market):
    in_turn, deferred = match(market, "serial_dictatorship"), match(market, "deferred_acceptance")
    assert in_turn.choice.tolist() == deferred.choice.tolist()
    assert in_turn.cutoff.tolist() == deferred.cutoff.tolist()


@pytest.mark.parametrize("seed", range(3))
def test_large_markets_with_one_mark_come_out_alike_whichever_way_the_order_is_stated(seed):
    rng = np.random.default_rng(seed)
    market = random_market(rng, applicants=1_000, pools=30, seats=40, choices=6, sizes=2)
    lists, _, seats, sizes, ranks = parts(market)
    mark = rng.integers(0, 500, size=len(lists)).tolist()
    one_key = market_of(lists, [[mark[i]] * len(own) for i, own in enumerate(lists)], seats, sizes, ranks)
    own_scale = [[mark[i] * (p + 1) + p for p in own] for i, own in enumerate(lists)]
    by_pool = market_of(lists, own_scale, seats, sizes, ranks)
    deferred = match(one_key, "deferred_acceptance").choice.tolist()
    assert match(one_key, "serial_dictatorship").choice.tolist() == deferred
    assert match(by_pool, "serial_dictatorship").choice.tolist() == deferred
    assert match(by_pool, "deferred_acceptance").choice.tolist() == deferred


@BOTH
@ordinary
@given(data=st.data())
def test_the_order_of_rows_and_the_names_of_pools_do_not_matter(mechanism, data):
    market = data.draw(markets(applicants=6, strict=True, common=common(mechanism)))
    lists, keys, seats, _, ranks = parts(market)
    rows = data.draw(st.permutations(range(len(lists))))
    names = data.draw(st.permutations(range(len(seats))))
    renamed = market_of(
        [[names[p] for p in lists[i]] for i in rows],
        [keys[i] for i in rows],
        [seats[names.index(p)] for p in range(len(seats))],
        ranks=[ranks[i] for i in rows],
    )
    assert outcome(renamed, mechanism).tolist() == outcome(market, mechanism)[list(rows)].tolist()


@BOTH
@ordinary
@given(data=st.data())
def test_only_the_order_of_the_keys_matters_and_not_their_size(mechanism, data):
    market = data.draw(markets(applicants=6, sizes=2, common=common(mechanism)))
    lists, keys, seats, sizes, ranks = parts(market)
    distinct = sorted({k for own in keys for k in own})
    stretched = [[distinct.index(k) * (2**40 + 7) + 3 for k in own] for own in keys]
    again = market_of(lists, stretched, seats, sizes, ranks)
    assert outcome(again, mechanism).tolist() == outcome(market, mechanism).tolist()
    cutoffs = match(market, mechanism).cutoff.tolist()
    expected = [distinct.index(c) * (2**40 + 7) + 3 if c in distinct else c for c in cutoffs]
    assert match(again, mechanism).cutoff.tolist() == expected


@BOTH
@ordinary
@given(data=st.data())
def test_an_extra_seat_never_hurts_anyone_and_never_lowers_the_number_placed(mechanism, data):
    market = data.draw(markets(applicants=7, common=common(mechanism)))
    lists, keys, seats, sizes, ranks = parts(market)
    seats[data.draw(st.integers(0, len(seats) - 1))] += 1
    before, after = outcome(market, mechanism), outcome(market_of(lists, keys, seats, sizes, ranks), mechanism)
    assert (after <= before).all()
    lengths = np.diff(market.indptr)
    assert (after < lengths).sum() >= (before < lengths).sum()


@BOTH
@ordinary
@given(data=st.data())
def test_an_applicant_who_leaves_never_hurts_the_others(mechanism, data):
    market = data.draw(markets(applicants=7, common=common(mechanism)))
    assume(market.applicants)
    lists, keys, seats, sizes, ranks = parts(market)
    leaver = data.draw(st.integers(0, market.applicants - 1))
    for column in (lists, keys, ranks):
        column[leaver] = []
    before, after = outcome(market, mechanism), outcome(market_of(lists, keys, seats, sizes, ranks), mechanism)
    assert (np.delete(after, leaver) <= np.delete(before, leaver)).all()


@BOTH
@ordinary
@given(data=st.data())
def test_cutting_the_list_below_ones_seat_changes_nothing(mechanism, data):
    market = data.draw(markets(applicants=7, sizes=2, common=common(mechanism)))
    assume(market.applicants)
    lists, keys, seats, sizes, ranks = parts(market)
    before = outcome(market, mechanism)
    who = data.draw(st.integers(0, market.applicants - 1))
    for column in (lists, keys, ranks):
        column[who] = column[who][: before[who] + 1]
    assert outcome(market_of(lists, keys, seats, sizes, ranks), mechanism).tolist() == before.tolist()


@BOTH
@ordinary
@given(data=st.data())
def test_appending_at_the_end_never_hurts_the_applicant_and_listing_only_ones_seat_keeps_it(mechanism, data):
    market = data.draw(markets(applicants=7, sizes=2, common=common(mechanism)))
    assume(market.applicants)
    lists, keys, seats, sizes, ranks = parts(market)
    before = outcome(market, mechanism)
    who = data.draw(st.integers(0, market.applicants - 1))
    if before[who] < len(lists[who]):
        for column in (lists, keys, ranks):
            column[who] = [column[who][before[who]]]
        after = outcome(market_of(lists, keys, seats, sizes, ranks), mechanism)
        assert after[who] == 0
        assert (np.delete(after, who) <= np.delete(before, who)).all()


@BOTH
@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_nobody_gains_by_any_other_list(mechanism, data):
    market = data.draw(markets(applicants=5, pools=3, common=common(mechanism)))
    assume(market.applicants)
    lists, keys, seats, sizes, ranks = parts(market)
    truth = outcome(market, mechanism)
    who = data.draw(st.integers(0, market.applicants - 1))
    lie = data.draw(st.permutations(range(len(lists[who]))))[: data.draw(st.integers(0, len(lists[who])))]
    wanted, key = lists[who], keys[who]
    lists[who], keys[who], ranks[who] = [wanted[c] for c in lie], [key[c] for c in lie], range(1, len(lie) + 1)
    got = outcome(market_of(lists, keys, seats, sizes, ranks), mechanism)[who]
    assert got == len(lie) or lie[got] >= truth[who]


@ordinary
@given(data=st.data())
def test_an_applicant_raised_in_a_priority_is_never_worse_off_under_deferred_acceptance(data):
    market = data.draw(markets(applicants=7, strict=True))
    assume(len(market.pool))
    lists, keys, seats, sizes, ranks = parts(market)
    who = data.draw(st.sampled_from([i for i, own in enumerate(lists) if own]))
    at = data.draw(st.integers(0, len(lists[who]) - 1))
    keys = [[2 * k + 2 for k in own] for own in keys]
    keys[who][at] = data.draw(st.integers(0, keys[who][at] // 2)) * 2 + 1
    assert outcome(market_of(lists, keys, seats, sizes, ranks))[who] <= outcome(market)[who]


@BOTH
@ordinary
@given(data=st.data())
def test_a_newcomer_ranked_last_everywhere_changes_nobody(mechanism, data):
    market = data.draw(markets(applicants=6, sizes=2, common=common(mechanism)))
    lists, keys, seats, sizes, ranks = parts(market)
    wanted = data.draw(st.permutations(range(len(seats))))
    last = max((k for own in keys for k in own), default=0)
    again = market_of(
        [*lists, wanted], [*keys, [last] * len(wanted)], seats, [*sizes, 1], [*ranks, range(1, len(wanted) + 1)]
    )
    assert outcome(again, mechanism)[:-1].tolist() == outcome(market, mechanism).tolist()


@BOTH
@ordinary
@given(data=st.data())
def test_two_separate_markets_are_one_market(mechanism, data):
    one, two = (data.draw(markets(applicants=5, sizes=2, common=common(mechanism))) for _ in range(2))
    a, b = parts(one), parts(two)
    shifted = [[p + len(one.seats) for p in own] for own in b[0]]
    both = market_of(a[0] + shifted, a[1] + b[1], a[2] + b[2], a[3] + b[3], a[4] + b[4])
    assert outcome(both, mechanism).tolist() == [*outcome(one, mechanism), *outcome(two, mechanism)]


@BOTH
@ordinary
@given(data=st.data())
def test_a_pool_split_in_two_one_directly_before_the_other_admits_the_same(mechanism, data):
    market = data.draw(markets(applicants=7, common=common(mechanism)))
    lists, keys, seats, sizes, ranks = parts(market)
    split = data.draw(st.integers(0, len(seats) - 1))
    first = data.draw(st.integers(0, seats[split]))

    def doubled(values, second=lambda value: value):
        return [
            [v for p, own in zip(wanted, row, strict=True) for v in ([own, second(own)] if p == split else [own])]
            for wanted, row in zip(lists, values, strict=True)
        ]

    two = [*seats, seats[split] - first]
    two[split] = first
    again = market_of(doubled(lists, lambda _: len(seats)), doubled(keys), two, sizes, doubled(ranks))
    programme = [split if p == len(seats) else p for p in again.pool]
    assert held_of(again, mechanism, programme) == held_of(market, mechanism, market.pool)


def held_of(market, mechanism, programme):
    return [int(programme[c]) if c >= 0 else None for c in match(market, mechanism).choice]


def test_two_who_would_gladly_swap_must_not_where_a_third_has_the_better_claim():
    market = market_of([[1, 0], [0, 1], [0]], [[1, 0], [2, 0], [1]], [1, 1])
    choice = match(market, "deferred_acceptance").choice.tolist()
    assert market.pool[choice[:2]].tolist() == [0, 1]
    swapped = [0, 2, -1]
    assert not is_stable(market, swapped)


@BOTH
def test_a_longer_list_can_cost_somebody_else_the_seat(mechanism):
    short = market_of([[0], [0], [1]], [[0], [1], [2]], [1, 1])
    longer = market_of([[0], [0, 1], [1]], [[0], [1, 1], [2]], [1, 1])
    assert outcome(short, mechanism).tolist() == [0, 1, 0]
    assert outcome(longer, mechanism).tolist() == [0, 1, 1]


def test_twins_enter_together_while_one_seat_is_left():
    market = market_of([[0], [0], [0]], [[0], [1], [2]], [2], sizes=[1, 2, 1])
    assert (match(market, "deferred_acceptance").choice >= 0).tolist() == [True, True, False]
    market = market_of([[0], [0], [0, 1]], [[2], [1], [0, 0]], [2, 1], sizes=[1, 1, 2])
    assert (match(market, "deferred_acceptance").choice >= 0).tolist() == [False, False, True]


@BOTH
@ordinary
@given(arrays=arrays_that_are_no_market())
def test_arrays_that_are_no_market_are_refused_by_name(mechanism, arrays):
    with pytest.raises(MarketError):
        match(Market(**arrays), mechanism)


@pytest.mark.parametrize("name", ["deferred_aceptance", "", "Deferred Acceptance", None, 7])
def test_a_mechanism_that_does_not_exist_is_refused_with_the_names_that_do(name):
    with pytest.raises(MarketError, match=r"no mechanism .*there are deferred_acceptance"):
        match(market_of([], [], []), name)


def test_a_mistyped_mechanism_is_told_the_nearest_name():
    with pytest.raises(MarketError, match="did you mean 'serial_dictatorship'"):
        match(market_of([], [], []), "serial_dictatorshp")


@BOTH
def test_a_parameter_that_does_not_exist_is_refused(mechanism):
    with pytest.raises(MarketError, match="no parameter 'band'"):
        match(market_of([], [], []), mechanism, band=3)
    with pytest.raises(MarketError, match="no parameter 'work'"):
        match(market_of([], [], []), mechanism, work=None)


def test_a_serial_dictatorship_without_a_common_order_names_the_pools_that_disagree():
    market = market_of([[2, 0], [0, 2], [1]], [[0, 1], [0, 1], [0]], [1, 1, 1])
    with pytest.raises(MarketError, match=r"pools 0, 2 rank applicants differently.*use deferred_acceptance") as caught:
        match(market, "serial_dictatorship")
    assert caught.value.rows == (0, 2)


@pytest.mark.parametrize("row", MECHANISMS.values(), ids=MECHANISMS)
def test_every_mechanism_says_what_it_claims_what_it_costs_and_where_it_is_from(row):
    assert MECHANISMS[row.name] is row
    assert set(row.claims) <= {"P1", "P2", "P3", "P4", "P5", "P7"}
    assert row.complexity
    assert any(character.isdigit() for character in row.source)


def test_looking_at_the_table_does_not_load_numba():
    code = "import sys; from admissions.mechanisms import MECHANISMS; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
