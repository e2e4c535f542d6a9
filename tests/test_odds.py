"""Odds: every draw is the run of its seed, what is called certain is, and intervals hold what they should."""

import random
from collections import Counter
from fractions import Fraction
from functools import cache, partial
from itertools import permutations, product
from math import lgamma

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.mechanisms import MECHANISMS
from admissions.simulation.certainty import prove_choices
from admissions.simulation.draws import play_draw, tabulate_draw
from admissions.simulation.intervals import exact_interval
from admissions.simulation.laboratory import compile_policy
from admissions.simulation.odds import prepare_blocks
from admissions.simulation.seeds import derived_seed
from admissions.simulation.tally import tally_draws
from admissions.testing import districts, policies
from tests.offices import children, office, one_round
from tests.strategies import NEEDED, market_of

LATER = ("TRUE", "left_by = 'primary'", "left_by IS NULL", "NOT placed AND local", "left_by = 'primary' OR mark >= 3")
IN_CLASSES = ("TRUE", "left_by = 'primary'", "placed", "local AND left_by IS NULL")


@st.composite
def policies_of_rounds(draw):
    """Draw a policy whose later rounds take who the earlier ones left, and its lottery of one or many numbers."""
    rounds = []
    for name in ("primary", "second", "third")[: draw(st.integers(1, 3))]:
        mechanism = draw(st.sampled_from(["deferred_acceptance", "deferred_acceptance", "immediate_acceptance"]))
        clause = draw(policies(mechanism)).model_dump(by_alias=True, exclude_none=True, mode="python")["round"][0]
        clause["name"] = name
        if rounds:
            clause["students"] = draw(st.sampled_from(LATER))
            if draw(st.booleans()):
                clause["priority"] = [{"class": "first", "when": draw(st.sampled_from(IN_CLASSES))}, {"class": "rest"}]
        rounds.append(clause)
    scope = draw(st.sampled_from(["single", "programme"]))
    return adm.Policy.from_dict({"title": "drawn", "lottery": {"scope": scope}, "round": rounds})


def answer(make):
    """Return the rows that come of something, or the words in which it is refused."""
    try:
        return make().rows()
    except adm.AdmissionsError as refusal:
        return str(refusal)


def unlike_allocate(district, policy, seeds):
    """Return the seeds whose draw is not what `allocate` makes of them, its refusals among it."""
    compiled, works = cache(partial(compile_policy, district, policy)), {}

    def drawn(seed):
        return tabulate_draw(compiled(), play_draw(compiled(), seed, works))

    def allocated(seed):
        return adm.allocate(district, policy, seed=seed).students

    return [seed for seed in seeds if answer(partial(drawn, seed)) != answer(partial(allocated, seed))]


SEEDS = [derived_seed("odds", 1), derived_seed("odds", 2), "short"]


@pytest.mark.compiled
@settings(max_examples=50, deadline=None, derandomize=True)
@given(districts(), policies_of_rounds())
def test_every_draw_is_the_allocation_of_its_seed(district, policy):
    assert unlike_allocate(district, policy, SEEDS) == []


@pytest.mark.compiled
@pytest.mark.parametrize("mechanism", [name for name in MECHANISMS if name != "score_bands"])
@settings(max_examples=6, deadline=None, derandomize=True)
@given(data=st.data())
def test_every_draw_of_every_mechanism_is_the_allocation_of_its_seed(mechanism, data):
    parameters = {name: value for name, value in NEEDED[mechanism].items() if name not in ("width", "consent", "owned")}
    district, policy = data.draw(districts()), data.draw(policies(mechanism, **parameters))
    assert unlike_allocate(district, policy, SEEDS) == []


@settings(max_examples=6, deadline=None, derandomize=True)
@given(districts())
def test_every_draw_of_score_bands_is_the_allocation_of_its_seed(district):
    policy = one_round(mechanism="score_bands", parameters={"width": 2}, order=["mark desc", "lottery"])
    assert unlike_allocate(district, policy, SEEDS) == []


FAMILIES = st.lists(
    st.tuples(st.integers(1, 2), st.integers(0, 2), st.permutations("ABC"), st.integers(0, 3)), min_size=1, max_size=8
)


@st.composite
def offices_with_twins(draw):
    """Draw an office of families of one child or of twins, of few marks, with any lists."""
    pupils, wanted = [], []
    for place, (size, mark, order, length) in enumerate(draw(FAMILIES)):
        for name in (f"S{place}{twin}" for twin in range(size)):
            bundle = f"B{place}" if size > 1 else None
            pupils.append({"student_id": name, "bundle_id": bundle, "mark": mark, "sex": "fm"[place % 2]})
            wanted += [f"{name}: {' '.join(order[:length])}"] if length else []
    return office(pupils, {name: draw(st.integers(0, 4)) for name in "ABC"}, wanted)


IN_LINE = [
    {"order": ["lottery"]},
    {"order": ["mark desc", "lottery", "sex asc"]},
    {"order": ["lottery"], "priority": [{"class": "best", "when": "mark = 2"}, {"class": "rest"}]},
    {"mechanism": "serial_dictatorship", "order": ["mark desc", "lottery"]},
]
NOT_IN_LINE = [
    {"order": ["lottery"], "priority": [{"class": "first", "when": "choice_rank = 1"}, {"class": "rest"}]},
    {"order": ["choice_rank asc", "lottery"]},
]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(offices_with_twins(), st.sampled_from([*IN_LINE, *NOT_IN_LINE]), st.sampled_from(["single", "programme"]))
def test_applicants_whom_all_pools_rank_alike_take_their_seats_in_turn(district, clause, scope):
    policy = one_round(**clause).replace({"lottery": {"scope": scope}})
    assert unlike_allocate(district, policy, SEEDS) == []


@pytest.mark.parametrize("clause", IN_LINE + NOT_IN_LINE)
def test_who_is_ranked_alike_by_all_pools_is_known_before_the_draw(clause):
    pupils = children("S1 S2 S3 S4", mark=[2, 1, 1, 0], sex=["f", "m", "f", "m"])
    district = office(pupils, {"A": 1, "B": 3}, ["S1: A B", "S2: B A", "S3: A B", "S4: A B"])
    (stage,) = compile_policy(district, one_round(**clause)).stages
    assert (stage.line is not None) == (clause in IN_LINE)
    apart = one_round(**clause).replace({"lottery": {"scope": "programme"}})
    assert compile_policy(district, apart).stages[0].line is None


def enumerated(lists, before, seats, sizes, taking_part):
    """Return in which share of all lotteries each choice is granted, to those who take part."""
    n = len(lists)
    granted, orders = [[0] * len(own) for own in lists], list(permutations(range(n)))
    for lots in orders:
        wanted = [own if taking_part[i] else [] for i, own in enumerate(lists)]
        keys = [[b * n + lots[i] for b in before[i]][: len(wanted[i])] for i in range(n)]
        market = market_of(wanted, keys, seats, sizes)
        for i, c in enumerate(adm.match(market, "deferred_acceptance").choice):
            if c >= 0:
                granted[i][c - market.indptr[i]] += 1
    return [[Fraction(count, len(orders)) for count in own] for own in granted]


def drawn_market(rng, sizes=1):
    n, p = rng.randint(1, 4), rng.randint(1, 3)
    lists = [rng.sample(range(p), rng.randint(0, p)) for _ in range(n)]
    before = [[rng.randint(0, 2) for _ in own] for own in lists]
    return lists, before, [rng.randint(0, 2) for _ in range(p)], [rng.randint(1, sizes) for _ in range(n)]


@pytest.mark.parametrize("sizes", [1, 2])
def test_what_is_proven_of_a_choice_holds_in_every_lottery_whoever_takes_part(sizes):
    rng, proven = random.Random(sizes), {"always": 0, "never": 0, "open": 0}
    for _ in range(150):
        lists, before, seats, size = drawn_market(rng, sizes)
        market = market_of(lists, before, seats, size)
        might = [rng.random() < 0.9 for _ in lists]
        surely = [here and rng.random() < 0.8 for here in might]
        proof = prove_choices(market, market.key, np.array(might, dtype=bool), np.array(surely, dtype=bool))
        for taking_part in product(*({here, also} for here, also in zip(surely, might, strict=True))):
            granted = enumerated(lists, before, seats, size, taking_part)
            odds = np.array([share for own in granted for share in own])
            assert (odds[proof.always] == 1).all()
            assert (odds[~proof.open] == 0).all()
        proven["always"] += int(proof.always.sum())
        proven["never"] += int((~proof.open).sum())
        proven["open"] += int((proof.open & ~proof.always).sum())
    assert min(proven.values()) > 50, proven


def small_office(rng):
    """Return a small district ranked by mark and lottery, and the same as plain lists."""
    n, p = rng.randint(3, 5), rng.randint(2, 3)
    marks, seats = [rng.randint(1, 2) for _ in range(n)], [rng.randint(1, 2) for _ in range(p)]
    lists = [rng.sample(range(p), rng.randint(1, p)) for _ in range(n)]
    district = office(
        children(" ".join(f"S{i}" for i in range(n)), mark=marks),
        {f"P{j}": number for j, number in enumerate(seats)},
        [f"S{i}: " + " ".join(f"P{j}" for j in own) for i, own in enumerate(lists)],
    )
    return district, (lists, [[-mark] * len(own) for mark, own in zip(marks, lists, strict=True)], seats)


@pytest.mark.compiled
def test_intervals_hold_the_enumerated_odds_at_their_nominal_rate():
    rng, policy = random.Random(2016), one_round(order=["mark desc", "lottery"])
    held = held_by_half = count = 0
    for market in range(90):
        district, (lists, before, seats) = small_office(rng)
        lowest = min(b for own in before for b in own)
        above = [[b - lowest for b in own] for own in before]
        truth = [share for own in enumerated(lists, above, seats, None, [True] * len(lists)) for share in own]
        odds = adm.simulate(district, policy, draws=50, seed=f"market {market}", workers=1).applications
        for share, (certain, value, low, high) in zip(
            truth, odds.select("certain", "odds", "low", "high").iter_rows(), strict=True
        ):
            if certain:
                assert low == high == share == (certain == "always")
            elif 0 < share < 1:
                count += 1
                held += low <= share <= high
                held_by_half += value - (value - low) / 2 <= share <= value + (high - value) / 2
    assert count > 200
    assert held / count >= 0.95
    assert held_by_half / count < 0.85


@pytest.mark.parametrize("draws", [1, 7, 40, 1000])
def test_the_ends_of_an_interval_are_where_the_tails_of_the_binomial_are_a_fortieth(draws):
    counts = np.arange(0, draws + 1, max(1, draws // 25))
    logs = np.array([lgamma(draws + 1) - lgamma(j + 1) - lgamma(draws - j + 1) for j in range(draws + 1)])
    j = np.arange(draws + 1)
    for k, low, high in zip(counts.tolist(), *exact_interval(counts, draws), strict=True):
        for end, tail in ((low, j >= k), (high, j <= k)):
            if end not in (0.0, 1.0):
                chance = np.exp(logs + j * np.log(end) + (draws - j) * np.log1p(-end))[tail].sum()
                assert 0.0245 < chance <= 0.025 + 1e-9, (k, end)


def frames_of(odds):
    return odds.draws, odds.applications, odds.children, odds.cutoffs, odds.measures


def are_equal(one, other):
    return all(a.equals(b) if isinstance(a, pl.DataFrame) else a == b for a, b in zip(one, other, strict=True))


@pytest.fixture(scope="module")
def town():
    return adm.generate_district("odds", size=400), adm.read_policy("district_2016")


@pytest.fixture(scope="module")
def first(town):
    return frames_of(adm.simulate(*town, draws=60, seed="x", workers=1))


@pytest.mark.compiled
@pytest.mark.parametrize("workers", [2, 5])
def test_odds_are_the_same_for_any_number_of_workers(town, first, workers):
    assert are_equal(first, frames_of(adm.simulate(*town, draws=60, seed="x", workers=workers)))


@pytest.mark.compiled
def test_a_simulation_goes_on_from_its_journal_to_the_same_odds(town, first, tmp_path):
    journal = tmp_path / "journal"
    adm.simulate(*town, draws=25, seed="x", journal=journal)
    told = []
    odds = adm.simulate(*town, draws=60, seed="x", journal=journal, tell=lambda done, total: told.append((done, total)))
    assert told == [(50, 60), (60, 60)]
    assert are_equal(first, frames_of(odds))
    with pytest.raises(adm.RunError, match="another simulation"):
        adm.simulate(*town, draws=60, seed="y", journal=journal)
    journal.write_text("nothing")
    with pytest.raises(adm.RunError, match="no journal"):
        adm.simulate(*town, draws=60, seed="x", journal=journal)


@pytest.mark.compiled
def test_interrupting_a_simulation_keeps_the_finished_draws(town, first):
    def interrupt(done, total):
        if done == 50:
            raise KeyboardInterrupt

    odds = adm.simulate(*town, draws=200, seed="x", tell=interrupt)
    assert (odds.draws, odds.complete) == (50, False)
    assert are_equal(frames_of(odds), frames_of(adm.simulate(*town, draws=50, seed="x")))


@pytest.mark.compiled
def test_a_simulation_ends_once_its_intervals_are_short_enough(town):
    odds = adm.simulate(*town, draws=adm.Until(half_width=0.08, draws=5000), seed="x")
    widest = odds.applications.select((pl.col("high") - pl.col("low")).max()).item()
    assert odds.complete
    assert odds.draws < 5000
    assert widest <= 0.16
    assert adm.simulate(*town, draws=adm.Until(seconds=0.001), seed="x", workers=1).draws == 25


def test_a_policy_without_a_lottery_is_answered_exactly_by_one_run():
    district = office(children("S1 S2 S3", mark=[3, 2, 1]), {"A": 1, "B": 1}, ["S1: A B", "S2: A B", "S3: A"])
    odds = adm.simulate(district, one_round(order=["mark desc", "student_id"]))
    assert (odds.exact, odds.draws) == (True, 1)
    assert odds.applications["certain"].to_list() == ["always", "never", "never", "always", "never"]
    assert odds.applications.select((pl.col("high") - pl.col("low")).max()).item() == 0
    assert "exact" in repr(odds)


@pytest.mark.compiled
def test_what_is_counted_takes_the_same_room_however_many_draws(town):
    laboratory, slots, seed = prepare_blocks((*town, "x"))

    def room(draws):
        tally = tally_draws(laboratory, slots, seed, range(1, draws + 1))
        return [counts.nbytes for own in tally.rounds for counts in own.arrays()], len(tally.values) - len(tally.met)

    few, many = room(2), room(20)
    assert few[0] == many[0]
    assert many[1] < 3 * few[1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"draws": 0}, "at least one draw"),
        ({"draws": 2.5}, "a whole number"),
        ({"draws": True}, "a whole number"),
        ({"draws": 10, "seed": None}, "give a seed"),
        ({"draws": 10, "seed": ""}, "give a seed"),
    ],
)
def test_a_number_of_draws_that_is_none_is_refused(town, asked, words):
    with pytest.raises(adm.AdmissionsError, match=words):
        adm.simulate(*town, **{"seed": "x", **asked})


@pytest.mark.parametrize("asked", [{}, {"seconds": 0}, {"half_width": 1.5}, {"draws": -1}, {"seconds": float("nan")}])
def test_a_simulation_that_would_never_end_is_refused(asked):
    with pytest.raises(adm.AdmissionsError):
        adm.Until(**asked)


def test_the_cutoffs_of_the_draws_are_those_of_their_allocations(town):
    district, policy = town
    odds = adm.simulate(district, policy, draws=5, seed="x")
    found = Counter()
    for number in range(1, 6):
        cutoffs = adm.allocate(district, policy, seed=derived_seed("x", number)).cutoffs
        full = cutoffs.filter(pl.col("cutoff_class").is_not_null())
        found.update(full.select("round", "programme_id", "pool", "cutoff_class").iter_rows())
    keys = ["round", "programme_id", "pool", "class"]
    counted = odds.cutoffs.group_by(keys).agg(pl.col("draws").sum())
    assert {tuple(row[:4]): row[4] for row in counted.select(*keys, "draws").iter_rows()} == dict(found)
    assert (odds.cutoffs["share"] * 5 == odds.cutoffs["draws"]).all()


def test_the_measures_of_the_draws_are_those_of_their_allocations(town):
    district, policy = town
    measures = adm.simulate(district, policy, draws=5, seed="x").measures
    allocations = [adm.allocate(district, policy, seed=derived_seed("x", number)) for number in range(1, 6)]
    for name in ("first_choice", "any_choice", "zone", "coordinated", "without_seat"):
        mean = sum(a.rounds[name][1] for a in allocations) / 5
        row = measures.filter((pl.col("round") == policy.rounds[1].name) & (pl.col("name") == name))
        assert row["mean"].item() == pytest.approx(mean)
    met = sum(a.targets["met"][0] for a in allocations) / 5
    assert measures["met"][0] == pytest.approx(met)
