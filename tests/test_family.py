"""What holds between one mechanism and another, and what each parameter means."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest

from admissions import audit
from admissions.errors import MarketError
from admissions.market import Market, Unlisted
from admissions.mechanisms import MECHANISMS, match
from admissions.mechanisms.mechanism import SEVERAL_CHILDREN, SEVERAL_KEYS
from tests.naive import steps
from tests.naive.top_trading_cycles import top_trading_cycles
from tests.strategies import NEEDED, market_of, parts, random_market, small_market

three = Market.from_preferences(
    preferences={"ann": ["north", "south"], "bob": ["south", "north"], "eve": ["north"]},
    priorities={"north": ["bob", "ann", "eve"], "south": ["ann", "bob"]},
    seats={"north": 1, "south": 1},
)


def large(seed, common=False):
    """Return a market of thousands of applicants with ties and twins, ranked alike everywhere if asked to."""
    rng = np.random.default_rng(seed)
    market = random_market(rng, applicants=3_000, pools=40, seats=90, choices=8, sizes=2, keys=2_000)
    if not common:
        return market
    lists, _, seats, sizes, ranks = parts(market)
    marks = rng.integers(0, 100, size=len(lists)).tolist()
    return market_of(lists, [[marks[i]] * len(own) for i, own in enumerate(lists)], seats, sizes, ranks)


def choices(market, mechanism, **parameters):
    return match(market, mechanism, **parameters).choice.tolist()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("options", [{}, {"ties": "admit_all"}, {"bundles": "skip"}], ids=str)
def test_bands_run_from_immediate_to_deferred_acceptance(seed, options):
    market = large(seed)
    assert choices(market, "parallel", band=1, **options) == choices(market, "immediate_acceptance", **options)
    deferred = choices(market, "deferred_acceptance", **options)
    assert choices(market, "parallel", band=math.inf, **options) == deferred
    assert choices(market, "parallel", band=8, **options) == deferred
    assert choices(market, "parallel", band=[8, 1], **options) == deferred
    assert choices(market, "parallel", band=[1, math.inf], **options) != deferred
    assert choices(market, "parallel", band=[2, 2, 2], **options) == choices(market, "parallel", band=2, **options)


@pytest.mark.parametrize("seed", range(3))
def test_under_one_order_serial_dictatorship_is_deferred_acceptance_and_trading_cycles(seed):
    market = large(seed, common=True)
    in_turn = choices(market, "serial_dictatorship")
    assert in_turn == choices(market, "deferred_acceptance")
    assert in_turn == choices(market, "deferred_acceptance", proposing="programmes")
    assert in_turn == choices(market, "top_trading_cycles", ties="lottery")
    assert in_turn == choices(market, "efficiency_adjusted", ties="lottery")
    strict = market_of(*_one_mark_each(market))
    assert choices(strict, "score_bands", width=1) == choices(strict, "serial_dictatorship")
    admitted = choices(market, "serial_dictatorship", ties="admit_all")
    assert admitted == choices(market, "deferred_acceptance", ties="admit_all") != in_turn
    skipping = choices(market, "serial_dictatorship", bundles="skip")
    assert skipping == choices(market, "top_trading_cycles", ties="lottery", bundles="skip") != in_turn


def _one_mark_each(market):
    lists, keys, seats, sizes, ranks = parts(market)
    order = sorted(range(len(lists)), key=lambda i: (keys[i][:1], i))
    place = {i: at for at, i in enumerate(order)}
    return lists, [[place[i]] * len(own) for i, own in enumerate(lists)], seats, sizes, ranks


@pytest.mark.parametrize("seed", range(3))
def test_one_band_of_marks_for_all_is_immediate_acceptance(seed):
    market = large(seed)
    assert choices(market, "score_bands", width=2_000) == choices(market, "immediate_acceptance")
    assert choices(market, "score_bands", width=7, first_line=2_000) == choices(market, "immediate_acceptance")


@pytest.mark.parametrize("rule", ["exceed", "admit_all", "skip"])
@pytest.mark.parametrize("longest", [5, 60])
def test_bands_of_marks_that_differ_from_choice_to_choice_equal_their_slow_twin_however_long_the_lists(rule, longest):
    options = {"exceed": {}, "admit_all": {"ties": "admit_all"}, "skip": {"bundles": "skip"}}[rule]
    for seed in range(3):
        rng = random.Random(seed)
        lists = [rng.sample(range(longest), rng.randint(0, longest)) for _ in range(120)]
        keys = [[rng.randint(0, 100) for _ in own] for own in lists]
        ranks = [sorted(rng.randint(1, longest) for _ in own) for own in lists]
        sizes = [rng.choice([1, 1, 1, 2]) for _ in lists]
        market = market_of(lists, keys, [rng.randint(0, 150 // longest) for _ in range(longest)], sizes, ranks)
        assert choices(market, "score_bands", width=20, **options) == steps.score_bands(market, 20, 19, rule)


def places(market, mechanism, **parameters):
    """Return how far down the choices each applicant ends; the end of its list for none."""
    choice = match(market, mechanism, **parameters).choice
    return np.where(choice >= 0, choice, market.indptr[1:])


@pytest.mark.parametrize("sizes", [1, 2])
def test_nobody_does_worse_after_adjusting_improving_or_on_the_students_side(sizes):
    gained = dict.fromkeys(["efficiency_adjusted", "stable_improvement", "deferred_acceptance"], 0)
    markets = [small_market(random.Random(seed), sizes) for seed in range(1_000)]
    for market in [*markets, large(0), large(1)]:
        deferred = places(market, "deferred_acceptance")
        others = {
            "deferred_acceptance": places(market, "deferred_acceptance", proposing="programmes"),
            "efficiency_adjusted": places(market, "efficiency_adjusted", ties="lottery"),
            "stable_improvement": places(market, "stable_improvement"),
        }
        assert (others["deferred_acceptance"] >= deferred).all()
        assert (others["efficiency_adjusted"] <= deferred).all()
        assert (others["stable_improvement"] <= deferred).all()
        for name, own in others.items():
            gained[name] += int((own != deferred).sum())
    assert gained["deferred_acceptance"] and gained["efficiency_adjusted"]
    assert gained["stable_improvement"] or sizes > 1


@pytest.mark.parametrize("seed", range(40))
def test_without_anybodys_consent_adjusting_leaves_no_justified_envy(seed):
    market = small_market(random.Random(seed), strict=True)
    nobody = [False] * market.applicants
    assert choices(market, "efficiency_adjusted", consent=nobody) == choices(market, "deferred_acceptance")


def variants():
    """Return every mechanism with every value of the parameters that many share, where it has them."""
    options = ({}, {"ties": "admit_all"}, {"bundles": "skip"}, {"proposing": "programmes"})
    return [
        pytest.param(name, own, id=f"{name}-{own}")
        for name, row in MECHANISMS.items()
        for own in options
        if set(own) <= set(row.parameters) and not ("ties" in own and row.needs_strict_priorities)
    ]


@pytest.mark.compiled
@pytest.mark.parametrize("sizes", [1, 2])
@pytest.mark.parametrize(("mechanism", "options"), variants())
def test_what_a_mechanism_claims_the_audit_finds(mechanism, sizes, options):
    row = MECHANISMS[mechanism]
    ordered = "P4" in row.claims and "tie_break" not in row.parameters
    group = "tie" if options.get("ties") == "admit_all" else "applicant"
    margin = "nobody" if "bundles" in options else f"{'last' if ordered else 'any'} {group}"
    one_key = mechanism == "serial_dictatorship"
    for seed in range(300):
        market = small_market(random.Random(seed), sizes, strict=not options and seed % 2 == 0, common=one_key)
        if mechanism == "deferred_acceptance" and not options and seed % 2:
            continue
        matching = match(market, mechanism, **{**NEEDED.get(mechanism, {}), **options})
        found = audit.audit_market(market, matching, margin)
        found["P7"] = audit.stable_improvements(market, matching, tied=margin == "last tie")
        circumstances = [SEVERAL_CHILDREN] * (sizes > 1) + [SEVERAL_KEYS]
        for code in row.claimed(options if sizes > 1 else {**options, "bundles": "exceed"}, circumstances):
            assert not found[code].count, f"{code}, seed {seed}"


@pytest.mark.compiled
def test_what_is_not_claimed_does_fail_somewhere():
    lost = {
        ("deferred_acceptance", "P7", 1): {"proposing": "programmes"},
        ("deferred_acceptance", "P4", 2): {"bundles": "skip"},
        ("immediate_acceptance", "P4", 1): {},
        ("top_trading_cycles", "P4", 1): {},
        ("score_bands", "P5", 1): {"width": 1},
        ("efficiency_adjusted", "P4", 1): {},
        ("efficiency_adjusted", "P5", 2): {},
        ("probabilistic_serial", "P4", 1): {},
        ("probabilistic_serial", "P5", 2): {},
    }

    def fails(mechanism, code, sizes, options, seed):
        market = small_market(random.Random(seed), sizes, strict=seed % 2 == 0)
        matching = MECHANISMS[mechanism].run(market, **{**NEEDED.get(mechanism, {}), **options})
        found = audit.audit_market(market, matching, "any applicant")
        found["P7"] = audit.stable_improvements(market, matching)
        return found[code].count

    for claim, options in lost.items():
        assert any(fails(*claim, options, seed) for seed in range(5_000)), f"{claim} is never caught"


def test_everybody_tied_with_the_last_admitted_enters_and_nobody_more():
    market = market_of([[0], [0], [0], [0]], [[1], [2], [2], [3]], [2])
    matching = match(market, "deferred_acceptance", ties="admit_all")
    assert matching.choice.tolist() == [0, 1, 2, -1]
    assert matching.cutoff.tolist() == [2]
    assert not audit.overfull_pools(market, matching, "last tie").count
    assert audit.overfull_pools(market, matching, "last applicant").count == 1
    one_more = type(matching)(np.array([0, 1, 2, 3]), matching.cutoff, market)
    assert audit.overfull_pools(market, one_more, "last tie").count == 1
    one_less = type(matching)(np.array([0, 1, -1, -1]), matching.cutoff, market)
    assert audit.justified_envy(market, one_less, tied=True).count == 1
    assert not audit.justified_envy(market, one_less).count


def test_twins_take_the_last_seat_and_one_more_or_pass():
    market = market_of([[0], [0, 1], [0]], [[0], [1, 0], [2]], [2, 2], sizes=[1, 2, 1])
    assert choices(market, "deferred_acceptance") == [0, 1, -1]
    assert choices(market, "deferred_acceptance", bundles="skip") == [0, 2, 3]
    assert choices(market, "immediate_acceptance", bundles="skip") == [0, 2, 3]


def test_a_deferred_acceptance_with_twins_can_be_gamed():
    lists = {"a": ["Z", "Y", "X"], "b": ["X", "Z"], "c": ["Y", "X", "Z"], "twins": ["Y", "Z", "X"]}
    priorities = {"X": ["b", "twins", "a", "c"], "Y": ["a", "c", "b", "twins"], "Z": ["twins", "a", "c", "b"]}
    seats, size = {"X": 0, "Y": 1, "Z": 2}, {"twins": 2}

    def held(**changed):
        market = Market.from_preferences({**lists, **changed}, priorities, seats, size)
        return match(market, "deferred_acceptance").to_dict()

    gains = [
        name
        for name, own in lists.items()
        for cut in range(len(own))
        if _place(own, held(**{name: own[:cut]})[name]) < _place(own, held()[name])
        or _place(own, held(**{name: own[cut:] + own[:cut]})[name]) < _place(own, held()[name])
    ]
    assert gains


def _place(own, held):
    return len(own) if held is None else own.index(held)


def test_an_owner_never_ends_with_less_than_what_is_secured():
    for seed in range(300):
        rng = random.Random(seed)
        market = small_market(rng, strict=True)
        owned, left = [-1] * market.applicants, market.seats.tolist()
        for i, own in enumerate(parts(market)[0]):
            keeps = [p for p in own if left[p] > 0]
            if keeps and rng.random() < 0.6:
                owned[i] = rng.choice(keeps)
                left[owned[i]] -= 1
        end = choices(market, "top_trading_cycles", owned=owned)
        for i, pool in enumerate(owned):
            if pool >= 0:
                assert market.indptr[i] <= end[i] <= parts(market)[0][i].index(pool) + market.indptr[i]


def test_owners_trade_houses_and_newcomers_take_their_turn():
    market = Market.from_preferences(
        preferences={"owner": ["good", "old"], "first": ["old", "good"], "second": ["good", "old"]},
        priorities={"good": ["first", "second", "owner"], "old": ["first", "second", "owner"]},
        seats={"good": 1, "old": 1},
    )
    assert match(market, "top_trading_cycles").to_dict() == {"owner": None, "first": "old", "second": "good"}
    secured = match(market, "top_trading_cycles", owned={"owner": "old"}).to_dict()
    assert secured == {"owner": "good", "first": "old", "second": None}


def test_a_priority_at_a_school_not_listed_can_be_traded():
    preferences = {"ann": ["south"], "bob": ["north"], "eve": ["north", "south"]}
    priorities = {"north": ["ann", "eve", "bob"], "south": ["bob", "eve", "ann"]}
    market = Market.from_preferences(preferences, priorities, {"north": 1, "south": 1})
    assert match(market, "top_trading_cycles").to_dict() == {"ann": "south", "bob": "north", "eve": None}
    assert len(market.unlisted.key) == 2
    blind = Market(market.indptr, market.pool, market.key, market.rank, market.seats, market.size, market.labels)
    assert match(blind, "top_trading_cycles").to_dict() == {"ann": "south", "bob": None, "eve": "north"}


@pytest.mark.parametrize("seed", range(3))
def test_of_equal_priorities_the_smaller_index_goes_first_whether_or_not_the_school_is_listed(seed):
    rng = random.Random(seed)
    lists = [rng.sample(range(3), rng.randint(1, 3)) for _ in range(150)]
    keys = [[rng.randint(0, 5) for _ in own] for own in lists]
    others = [(i, pool, rng.randint(0, 5)) for i, own in enumerate(lists) for pool in range(3) if pool not in own]
    market = replace(market_of(lists, keys, [40, 40, 40]), unlisted=Unlisted(*zip(*others, strict=True)))
    assert choices(market, "top_trading_cycles", ties="lottery") == top_trading_cycles(market)


@pytest.mark.parametrize(
    ("unlisted", "words"),
    [
        (Unlisted([0], [0], [1]), "among the applicant's choices"),
        (Unlisted([5], [0], [1]), "unlisted.applicant"),
        (Unlisted([1], [7], [1]), "unlisted.pool"),
        (Unlisted([1], [1], [-1]), "unlisted.key"),
        (Unlisted([1], [1, 1], [1]), "1 applicants, 2 pools"),
    ],
)
def test_priorities_of_the_unlisted_that_fit_no_market_are_refused(unlisted, words):
    with pytest.raises(MarketError, match=words):
        Market([0, 1, 1], [0], [0], [1], [1, 1], [1, 1], unlisted=unlisted)


tied = market_of([[0], [0]], [[3], [3]], [1])


@pytest.mark.parametrize(
    ("market", "mechanism", "parameters", "words"),
    [
        (three, "immediate_aceptance", {}, "no mechanism 'immediate_aceptance' .did you mean 'immediate_acceptance'"),
        (three, "parallel", {"bands": 2}, "no parameter 'bands' .did you mean 'band'"),
        (three, "parallel", {}, "parallel needs the parameter 'band'"),
        (three, "parallel", {"band": 0}, "band = 0; a band has 1 rank or more"),
        (three, "parallel", {"band": [3, 0]}, r"band\[1\] = 0"),
        (three, "parallel", {"band": 1.5}, "band = 1.5"),
        (three, "parallel", {"band": True}, "band = True"),
        (three, "parallel", {"band": []}, "at least one band"),
        (three, "parallel", {"band": -math.inf}, "band = -inf"),
        (three, "parallel", {"band": math.nan}, "band = nan"),
        (three, "parallel", {"band": "2"}, "band = '2'"),
        (three, "score_bands", {}, "score_bands needs the parameter 'width'"),
        (three, "score_bands", {"width": 0}, "width = 0"),
        (three, "score_bands", {"width": 2.5}, "width = 2.5"),
        (three, "score_bands", {"width": 1, "first_line": -1}, "first_line = -1"),
        (three, "deferred_acceptance", {"ties": "admit"}, "ties = 'admit'.*there are 'lottery', 'admit_all'"),
        (three, "deferred_acceptance", {"ties": "admit_al"}, "did you mean 'admit_all'"),
        (three, "deferred_acceptance", {"bundles": "both"}, "bundles = 'both'"),
        (three, "deferred_acceptance", {"proposing": "schools"}, "proposing = 'schools'"),
        (three, "deferred_acceptance", {"proposing": "programmes", "ties": "admit_all"}, "proposing='programmes' goes"),
        (three, "deferred_acceptance", {"bundles": "skip", "ties": "admit_all"}, "choose one"),
        (three, "serial_dictatorship", {}, "rank applicants differently"),
        (market_of([[0, 1]], [[0, 1]], [1, 1]), "serial_dictatorship", {"ties": "admit_all"}, "one key an applicant"),
        (tied, "top_trading_cycles", {}, "strict priorities, and pool 0 ranks applicants equal.*ties='lottery'"),
        (tied, "efficiency_adjusted", {}, "strict priorities, and pool 0 ranks applicants equal.*'lottery'"),
        (tied, "top_trading_cycles", {"ties": "admit_all"}, "ties = 'admit_all'"),
        (three, "top_trading_cycles", {"owned": {"eve": "south"}}, "1 secured seats are not among"),
        (three, "top_trading_cycles", {"owned": {"eve": "soth"}}, "no programme 'soth' .did you mean 'south'"),
        (three, "top_trading_cycles", {"owned": {"joe": "south"}}, "an applicant who is not in the market"),
        (three, "top_trading_cycles", {"owned": {"ann": "north", "eve": "north"}}, "1 seats and 2 owners"),
        (three, "top_trading_cycles", {"owned": [0, 1]}, "3 pools"),
        (three, "top_trading_cycles", {"owned": [0, 1, 2]}, "from 0 to 1"),
        (three, "top_trading_cycles", {"owned": [0.0, 1.0, 1.0]}, "whole numbers"),
        (three, "efficiency_adjusted", {"consent": ["joe"]}, "an applicant who is not in the market"),
        (three, "efficiency_adjusted", {"consent": [True]}, "mask of 3"),
        (three, "stable_improvement", {"tie_break": [1]}, "5 whole numbers"),
        (three, "stable_improvement", {"tie_break": [0.5] * 5}, "5 whole numbers"),
    ],
)
def test_bad_input_is_refused_with_a_way_out(market, mechanism, parameters, words):
    with pytest.raises(MarketError, match=words):
        match(market, mechanism, **parameters)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_an_applicant_of_more_children_than_any_pool_has_seats_is_refused(mechanism):
    with pytest.raises(MarketError, match="stands for 5 children, and no pool has more than 3 seats") as caught:
        match(market_of([[0]], [[0]], [3], sizes=[5]), mechanism, **NEEDED.get(mechanism, {}))
    assert caught.value.rows == (0,)
    assert choices(market_of([[0]], [[0]], [1], sizes=[2]), "deferred_acceptance") == [0]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_markets_without_applicants_choices_pools_or_seats_are_no_trouble(mechanism):
    parameters = NEEDED.get(mechanism, {})
    for market in (market_of([], [], []), market_of([[], []], [[], []], [2, 0]), market_of([[0]], [[0]], [0])):
        assert (match(market, mechanism, **parameters).choice == -1).all()
    nothing_but_twins = market_of([[]], [[]], [], sizes=[2])
    assert choices(nothing_but_twins, mechanism, **parameters) == [-1]


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_largest_keys_rank_like_any_others(mechanism):
    parameters = NEEDED.get(mechanism, {})
    lists, ranks = [[0, 1], [1, 0], [0]], [[1, 2], [1, 2], [1]]
    small = market_of(lists, [[1, 1], [0, 0], [2]], [1, 1], ranks=ranks)
    top = 2**63 - 2
    huge = market_of(lists, [[top - 1] * 2, [top - 2] * 2, [top]], [1, 1], ranks=ranks)
    if mechanism == "score_bands":
        parameters = {"width": 1}
        assert choices(huge, mechanism, width=1, first_line=top - 2) == choices(small, mechanism, width=1)
    assert choices(huge, mechanism, **parameters) == choices(small, mechanism, **parameters)


def test_bands_wider_than_any_key_and_longer_than_any_list_do_not_overflow():
    market = market_of([[0], [0]], [[2**63 - 2], [5]], [1])
    for parameters in ({"width": 2**80}, {"width": 1, "first_line": 2**80}, {"width": 2**63 - 2}):
        assert choices(market, "score_bands", **parameters) == [-1, 1]
    far = market_of([[0], [0]], [[0], [0]], [1], ranks=[[2**31 - 1], [1]])
    assert choices(far, "parallel", band=[1, 2**40]) == [-1, 1]
    assert choices(far, "immediate_acceptance") == [-1, 1]
