"""How families behave: lists made, cut, played with and given up, and what is learnt from them."""

import math
import random
import sys
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

import admissions as adm
from admissions.behaviour import estimation
from admissions.behaviour.fitting import fit_logit
from admissions.behaviour.tastes import BITS, gumbel, hashed_bits
from admissions.errors import AdmissionsError, PolicyError
from tests.offices import children, listed, office, one_round, seats_of
from tests.test_real_data import district_of

PRIMARY = "programme_stage = 'primary' AND kind = 'compulsory'"
NEAR = adm.DistanceQualityLogit(distance=-0.7, programmes=PRIMARY, length=3)


@pytest.fixture(scope="module")
def town():
    return adm.generate_district("behaviour", size=1200)


@pytest.fixture(scope="module")
def tight(town):
    """Return the town with a fortieth of the seats in high schools."""
    scarce = town.programmes.with_columns(seats=pl.col("seats") // 40)
    return adm.District.from_frames(**{**town.tables(), "programmes": scarce})


def senior(**clause):
    rule = {"name": "senior", "stage": "senior", "order": ["total desc", "lottery"], **clause}
    return adm.Policy.from_dict({"title": "test", "class_size": {"primary": 45, "junior": 50}, "round": [rule]})


def lists_in(district):
    grouped = district.choices.group_by("student_id", maintain_order=True).agg("programme_id")
    return dict(grouped.iter_rows())


def in_another_order(district, seed):
    """Return the same tables with their rows shuffled."""
    return adm.District.from_frames(
        **{name: frame.sample(fraction=1.0, shuffle=True, seed=seed) for name, frame in district.tables().items()}
    )


# Lists as they are, and cut


def test_truthful_families_leave_the_tables_as_they_are(town):
    assert adm.relist(town, adm.Truthful(), seed="s") is town


@settings(max_examples=20, deadline=None, derandomize=True)
@given(length=st.integers(1, 12))
def test_a_list_cut_short_is_the_beginning_of_the_true_one(town, length):
    true, cut = lists_in(town), lists_in(adm.relist(town, adm.Truncated(length)))
    assert cut == {child: wanted[:length] for child, wanted in true.items()}


def test_only_those_behave_otherwise_whom_the_condition_names(town):
    true = lists_in(town)
    cut = lists_in(adm.relist(town, adm.Truncated(1), students="hukou = 'migrant'"))
    migrants = set(town.students.filter(pl.col("hukou") == "migrant")["student_id"])
    assert any(len(true[child]) > 1 for child in migrants & set(true))
    assert cut == {child: wanted[:1] if child in migrants else wanted for child, wanted in true.items()}


def test_other_lists_are_other_tables_by_their_hash_and_make_the_way_through_files(town, tmp_path):
    cut = adm.relist(town, adm.Truncated(1))
    assert cut.sources["choices"] != town.sources["choices"]
    assert {name: one for name, one in cut.sources.items() if name != "choices"} == {
        name: one for name, one in town.sources.items() if name != "choices"
    }
    adm.write_district(cut, tmp_path / "cut")
    assert adm.read_district(tmp_path / "cut").choices.equals(cut.choices)


def test_the_sums_that_the_old_lists_added_up_to_are_not_said_of_the_new_ones(tmp_path):
    totals = pl.DataFrame(
        {"table": ["choices", "students"], "column": ["rank", "mark"], "count": [3, 2], "sum": [4, 5]}
    )
    district = office(children("S1 S2", mark=[2, 3]), {"A": 1, "B": 1}, ["S1: A B", "S2: A"], control_totals=totals)
    cut = adm.relist(district, adm.Truncated(1))
    assert cut.control_totals["table"].to_list() == ["students"]
    adm.write_district(cut, tmp_path / "cut")
    assert len(adm.read_district(tmp_path / "cut").choices) == 2


def test_where_nobody_lists_anything_there_is_nothing_to_change():
    bare = office(children("S1 S2"), {"A": 1})
    last = adm.allocate(bare, one_round(mechanism="immediate_acceptance"), seed="1")
    for model in (adm.Truncated(1), adm.Strategic(last), adm.DistanceQualityLogit(), adm.Withdrawal(last, 1)):
        assert len(adm.relist(bare, model, seed="1").choices) == 0


# Strategic


def boston(lists, marks, seats):
    """Return who gets what, step by step, as the rule reads."""
    left, held = dict(seats), {}
    for step in range(max(map(len, lists.values()), default=0)):
        for programme in seats:
            asks = [c for c, own in lists.items() if c not in held and len(own) > step and own[step] == programme]
            asks.sort(key=lambda c: -marks[c, programme])
            for child in asks[: left[programme]]:
                held[child] = programme
            left[programme] = max(0, left[programme] - len(asks))
    return held


def drawn_office(rng, students=6, programmes=4):
    names = list("ABCDE"[:programmes])
    seats = {name: rng.choice([0, 1, 1, 2]) for name in names}
    lists = {f"S{i}": rng.sample(names, rng.randint(0, programmes)) for i in range(students)}
    places = [(child, one) for child in lists for one in names]
    marks = dict(zip(places, rng.sample(range(100), len(places)), strict=True))
    rows = listed(f"{child}: {' '.join(own)}" for child, own in lists.items())
    mark = [marks[pair] for pair in rows.select("student_id", "programme_id").iter_rows()]
    district = office(children(" ".join(lists)), seats, rows.with_columns(mark=pl.Series(mark, dtype=pl.Int64)))
    return district, lists, marks, seats


BOSTON = one_round(mechanism="immediate_acceptance", order=["mark desc"])


def place_on(true_list, programme):
    return true_list.index(programme) if programme in true_list else len(true_list)


@pytest.mark.compiled
def test_a_strategic_list_is_the_best_of_all_short_lists_against_the_lists_of_last_year():
    """Every list that can be made of the family's programmes is tried, with the mechanism written out again."""
    rng, gained = random.Random(3), 0
    for _ in range(60):
        district, lists, marks, seats = drawn_office(rng)
        last = adm.allocate(district, BOSTON)
        truth = boston(lists, marks, seats)
        assert {c: p for c, p in seats_of(last).items() if p is not None} == truth
        replies = lists_in(adm.relist(district, adm.Strategic(last)))
        for child, own in lists.items():
            tried = [list(one) for size in range(len(own) + 1) for one in permutations(own, size)]
            ranks = [place_on(own, boston({**lists, child: one}, marks, seats).get(child)) for one in tried]
            mine = place_on(own, boston({**lists, child: replies.get(child, [])}, marks, seats).get(child))
            assert mine == min(ranks)
            gained += mine < place_on(own, truth.get(child))
    assert gained > 10


def test_with_last_years_cutoffs_every_place_of_a_strategic_list_would_have_admitted():
    """By the definition: before the step a programme filled in, or in it and not behind the last one admitted."""
    rng = random.Random(5)
    for _ in range(40):
        district, lists, marks, seats = drawn_office(rng, students=8)
        truth = boston(lists, marks, seats)

        def admits(child, programme, place, lists=lists, marks=marks, seats=seats, truth=truth):
            inside = [c for c, p in truth.items() if p == programme]
            if len(inside) < seats[programme]:
                return True
            step = max((lists[c].index(programme) + 1 for c in inside), default=0)
            weakest = min((marks[c, programme] for c in inside if lists[c].index(programme) + 1 == step), default=0)
            return place < step or (place == step and marks[child, programme] >= weakest)

        for child, reply in lists_in(adm.relist(district, adm.Strategic(adm.allocate(district, BOSTON)))).items():
            own = lists[child]
            if not any(admits(child, one, 1) for one in own):
                assert reply == own
                continue
            wanted, left = [], list(own)
            while good := [one for one in left if admits(child, one, len(wanted) + 1)]:
                wanted.append(good[0])
                left.remove(good[0])
            assert reply == wanted


def test_last_years_cutoffs_meet_other_children_this_year():
    seats = {"A": 1, "B": 2, "C": 1}
    rule = one_round(
        mechanism="immediate_acceptance",
        order=["total desc"],
        priority=[{"class": "sibling", "when": "sibling"}, {"class": "others", "when": "TRUE"}],
    )
    before = office(
        children("L1 L2 L3", total=[50, 60, 40], sibling=[False, False, True]), seats, ["L1: A", "L2: B", "L3: C"]
    )
    last = adm.allocate(before, rule)
    this = office(
        children("S1 S2 S3 S4", total=[50, 51, 10, None], sibling=[False, False, True, False]),
        seats,
        ["S1: A B C", "S2: A C", "S3: C A", "S4: A C"],
    )
    assert lists_in(adm.relist(this, adm.Strategic(last))) == {
        "S1": ["B"],  # as good as L1, whose id goes before its own; B had a seat left; C filled with a sibling
        "S2": ["A"],
        "S3": ["A"],  # a sibling with fewer points than L3, but before everybody at A
        "S4": ["A", "C"],  # no points: nobody would admit it, and it asks for what it wants
    }


def test_a_run_read_back_tells_the_strategic_as_much_as_the_run_itself(tight, tmp_path):
    last = adm.allocate(tight, senior(mechanism="immediate_acceptance"), seed="2015")
    adm.write_run(tmp_path / "run", last, adm.audit(last))
    replies = adm.relist(tight, adm.Strategic(last), seed="2016")
    again = adm.relist(tight, adm.Strategic(adm.read_run(tmp_path / "run")), seed="2016")
    assert replies.choices.equals(again.choices)
    assert len(replies.choices) < len(tight.choices)


def test_twins_reply_with_one_list_and_other_rounds_keep_theirs():
    rules = [
        {"name": "first", "stage": "primary", "mechanism": "immediate_acceptance", "programmes": "programme_id <> 'Z'"},
        {"name": "second", "stage": "primary", "programmes": "programme_id = 'Z'"},
    ]
    policy = adm.Policy.from_dict({"title": "t", "round": rules})
    district = office(
        children("S1 S2 S3 S4", bundle_id=["T", "T", None, None]),
        {"A": 1, "B": 2, "Z": 1},
        ["S1: A Z B", "S2: A Z B", "S3: A B Z", "S4: A B Z"],
    )
    lists = lists_in(adm.relist(district, adm.Strategic(adm.allocate(district, policy, seed="1")), seed="1"))
    assert lists["S1"] == lists["S2"]
    assert all("Z" in own for own in lists.values())
    assert any(len(own) < 3 for own in lists.values())


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ({"mechanism": "deferred_acceptance"}, "no round of the policy is by immediate_acceptance"),
        ({"priority": [{"class": "first", "when": "choice_rank = 1"}]}, "reads choice_rank"),
        ({"parameters": {"ties": "admit_all"}, "order": ["student_id"]}, "has parameters"),
        (
            {"pool": [{"name": "own", "members": "TRUE", "seats": "rest", "others": "after members"}]},
            "after its members",
        ),
    ],
)
def test_an_outcome_that_does_not_say_who_gets_in_where_is_refused(clause, message):
    district = office(children("S1 S2"), {"A": 1}, ["S1: A", "S2: A"])
    last = adm.allocate(district, one_round(**{"mechanism": "immediate_acceptance", **clause}), seed="1")
    with pytest.raises(PolicyError, match=message):
        adm.Strategic(last)


def test_rounds_that_share_programmes_are_refused():
    rules = [{"name": name, "stage": "primary", "mechanism": "immediate_acceptance"} for name in ("first", "second")]
    district = office(children("S1 S2"), {"A": 1}, ["S1: A", "S2: A"])
    last = adm.allocate(district, adm.Policy.from_dict({"title": "t", "round": rules}), seed="1")
    with pytest.raises(PolicyError, match="another round offers the same programmes"):
        adm.Strategic(last)


# Tastes


def test_the_noise_is_that_of_gumbel_to_the_last_digits():
    bits = np.array([0, 1, 2**20, 2**50, 2**51 - 1, 2**51, 3 * 2**50, 2**BITS - 2, 2**BITS - 1])
    exact = [-math.log(-math.log((2 * int(b) + 1) / 2 ** (BITS + 1))) for b in bits[:-2]]
    np.testing.assert_allclose(gumbel(bits)[:-2], exact, rtol=1e-13, atol=1e-14)
    assert gumbel(bits)[-1] == pytest.approx((BITS + 1) * math.log(2), rel=1e-14)
    assert (np.diff(gumbel(bits)) > 0).all()
    drawn = gumbel(hashed_bits("s", map(str, range(20_000))))
    assert abs(drawn.mean() - 0.5772) < 4 * 1.2825 / math.sqrt(20_000)
    assert abs(drawn.var() - math.pi**2 / 6) < 0.1


def test_the_noise_has_not_moved_a_bit_since_it_was_written_down():
    assert [one.hex() for one in gumbel(hashed_bits("2016:taste", ["A:S1", "B:S1"])).tolist()] == PINNED


PINNED = ["-0x1.61cec1f714564p-2", "0x1.98f5c90afa4d3p-1"]


# Lists by a logit


def test_a_logit_ranks_by_quality_distance_and_noise_as_one_adds_them_up_by_hand():
    homes = {"S1": (0.0, 0.0), "S2": (5000.0, 0.0)}
    places, seats = {"A": (0.0, 0.0), "B": (3000.0, 4000.0), "C": (9000.0, 0.0)}, {"A": 10, "B": 20, "C": 40}
    district = office(
        children("S1 S2", x=[x for x, _ in homes.values()], y=[y for _, y in homes.values()]), seats,
        schools=pl.DataFrame({"school_id": list(places), "x": [x for x, _ in places.values()], "y": [y for _, y in places.values()]}),
    )  # fmt: skip
    model = adm.DistanceQualityLogit(-0.3, {"seats": 0.05, "programme_id": {"A": 0.1, "B": 0.9, "C": 0.0}}, length=3)
    effects = {"A": 0.1, "B": 0.9, "C": 0.0}
    for seed in map(str, range(30)):
        wanted = {}
        for child, home in homes.items():

            def utility(one, child=child, home=home, seed=seed):
                (bits,) = hashed_bits(f"{seed}:taste", [f"{one}:{child}"])
                noise = -math.log(-math.log((2 * int(bits) + 1) / 2 ** (BITS + 1)))
                return effects[one] + 0.05 * seats[one] - 0.3 * math.dist(home, places[one]) / 1000 + noise

            wanted[child] = sorted(places, key=utility, reverse=True)  # fmt: skip
        assert lists_in(adm.relist(district, model, seed=seed)) == wanted


def test_the_same_seed_makes_the_same_lists_in_any_order_of_rows_and_another_seed_others(town):
    made = adm.relist(town, NEAR, seed="s").choices
    for turn in (1, 2):
        assert adm.relist(in_another_order(town, turn), NEAR, seed="s").choices.equals(made)
    assert not adm.relist(town, NEAR, seed="t").choices.equals(made)


def test_families_list_as_many_as_before_and_programmes_that_are_not_in_question_stand_behind(town):
    model = adm.DistanceQualityLogit(programmes="kind = 'general'")
    before, after = lists_in(town), lists_in(adm.relist(town, model, seed="s"))
    general = set(
        town.programmes.join(town.schools.filter(pl.col("kind") == "general"), on="school_id")["programme_id"]
    )
    assert {child: len(own) for child, own in before.items()} == {child: len(own) for child, own in after.items()}
    for child, own in before.items():
        others = [one for one in own if one not in general]
        assert after[child][len(own) - len(others) :] == others
        assert set(after[child][: len(own) - len(others)]) <= general


def test_a_closed_or_another_programme_leaves_the_order_of_the_others_as_it_was(town):
    few = "kind = 'compulsory' AND programme_stage = 'primary' AND programme_id <> 'P01-1'"
    whole = lists_in(adm.relist(town, adm.DistanceQualityLogit(-0.7, programmes=PRIMARY, length=99), seed="s"))
    less = lists_in(adm.relist(town, adm.DistanceQualityLogit(-0.7, programmes=few, length=99), seed="s"))
    primary = set(town.students.filter(pl.col("stage") == "primary")["student_id"])
    assert {c: [one for one in whole[c] if one != "P01-1"] for c in primary} == {
        c: [one for one in less[c] if one != "P01-1"] for c in primary
    }


def test_twins_hand_in_one_list(town):
    made = lists_in(adm.relist(town, NEAR, seed="s"))
    bundles = town.students.filter(pl.col("bundle_id").is_not_null() & (pl.col("stage") == "primary"))
    assert len(bundles)
    for _, own in bundles.group_by("bundle_id"):
        assert len({tuple(made[child]) for child in own["student_id"]}) == 1


def test_a_generated_district_behaves_as_the_relisted_one_does(town):
    made = adm.generate_district("behaviour", size=1200, behaviour=NEAR)
    assert made.choices.equals(adm.relist(town, NEAR, seed="behaviour").choices)
    policy = adm.read_policy("district_2016")
    adm.audit(adm.allocate(made, policy, seed="s")).raise_if_failed()


def test_what_is_known_of_an_application_goes_with_it_and_is_not_made_up_for_another():
    rows = listed(["S1: A B C", "S2: A B"]).with_columns(mark=pl.Series([1, 2, 3, 4, 5]))
    district = office(children("S1 S2"), {"A": 1, "B": 1, "C": 1}, rows)
    made = adm.relist(district, adm.DistanceQualityLogit(length=3), seed="s", students="student_id = 'S1'")
    marks = {(child, one): mark for child, _, one, mark in made.choices.iter_rows()}
    assert marks == {("S1", "A"): 1, ("S1", "B"): 2, ("S1", "C"): 3, ("S2", "A"): 4, ("S2", "B"): 5}
    with pytest.raises(AdmissionsError, match="'mark' is not known of 1 applications"):
        adm.relist(district, adm.DistanceQualityLogit(length=3), seed="s")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda d: adm.Truncated(0), "length: a whole number of 1 or more"),
        (lambda d: adm.Truncated(1.5), "length: a whole number of 1 or more"),
        (lambda d: adm.DistanceQualityLogit(length=0), "length: a whole number"),
        (lambda d: adm.DistanceQualityLogit(distance=float("nan")), "distance: a finite number"),
        (lambda d: adm.DistanceQualityLogit(quality={"seats": "much"}), "quality 'seats': a finite number"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(-1.0, length=1), seed="s"), "distance: not known of 6 of 6"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(length=1)), "taste is drawn at random: give a seed"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"seat": 1.0}), seed="s"), "no column 'seat'.*did you"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"total": 1.0}), seed="s"), "columns of more than"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"programme_id": 1.0}), seed="s"), "is text"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"seats": {"1": 1.0}}), seed="s"), "is a number"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"programme_id": {"A": 1.0}}), seed="s"), "no effect for 'B'"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"fame": 1.0}), seed="s"), "empty for 'B'"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(quality={"seats": 1e10}, length=1), seed="s"), "beyond comparison"),
        (lambda d: adm.relist(d, adm.DistanceQualityLogit(programmes="total > 1"), seed="s"), "programmes: 'total > 1' reads"),
        (lambda d: adm.relist(d, adm.Truncated(1), students="nothing"), "students: no column 'nothing'"),
    ],
)  # fmt: skip
def test_a_model_that_does_not_fit_is_refused_in_words(make, message):
    district = office(
        children("S1 S2 S3", total=[1, 2, 3]), {"A": 1, "B": 1}, ["S1: A B", "S2: B"],
        schools=pl.DataFrame({"school_id": ["A", "B"], "fame": [1, None]}),
    )  # fmt: skip
    with pytest.raises(AdmissionsError, match=message):
        make(district)


# Withdrawal


@pytest.fixture(scope="module")
def offers(town):
    return adm.allocate(town, adm.read_policy("district_2016"), seed="2016")


def test_nobody_who_withdraws_changes_nothing_and_everybody_leaves_every_seat_empty(town, offers):
    assert adm.relist(town, adm.Withdrawal(offers, 0), seed="s") is town
    empty = adm.allocate(adm.relist(town, adm.Withdrawal(offers, 1), seed="s"), offers.policy, seed="2016")
    placed = offers.students["programme_id"].is_not_null().sum()
    assert len(empty.students) == len(town.students) - placed
    assert adm.relist(town, adm.Withdrawal(offers, 1.0), seed="t").students.equals(empty.district.students)
    everybody = office(children("S1 S2 S3"), {"A": 1, "B": 2}, ["S1: A B", "S2: A B", "S3: A B"])
    first = adm.allocate(everybody, one_round(), seed="1")
    nobody = adm.relist(everybody, adm.Withdrawal(first, 1), seed="s")
    assert len(nobody.students) == len(nobody.choices) == 0


def test_a_larger_share_takes_whom_a_smaller_one_takes_and_about_so_many(town, offers):
    stays = [
        set(adm.relist(town, adm.Withdrawal(offers, share), seed="s").students["student_id"]) for share in (0.1, 0.2)
    ]
    assert stays[1] < stays[0]
    placed = offers.students["programme_id"].is_not_null().sum()
    for share, left in zip((0.1, 0.2), stays, strict=True):
        assert abs(len(town.students) - len(left) - share * placed) < 4 * math.sqrt(placed * share * (1 - share))


def test_only_children_with_an_offer_withdraw_twins_together_and_alike_in_any_order_of_rows(town, offers):
    left = adm.relist(town, adm.Withdrawal(offers, 0.3), seed="s")
    gone = set(town.students["student_id"]) - set(left.students["student_id"])
    assert gone <= set(offers.students.filter(pl.col("programme_id").is_not_null())["student_id"])
    assert (left.students.drop_nulls("bundle_id").group_by("bundle_id").len()["len"] == 2).all()
    again = adm.relist(in_another_order(town, 1), adm.Withdrawal(offers, 0.3), seed="s")
    assert again.students.equals(left.students) and again.choices.equals(left.choices)
    assert left.sources["students"] != town.sources["students"]


def test_under_deferred_acceptance_whoever_stays_is_no_worse_off_and_somebody_gains(tight):
    policy = senior()
    first = adm.allocate(tight, policy, seed="2016")
    left = adm.relist(tight, adm.Withdrawal(first, 0.2), seed="s", students="stage = 'senior'")
    change = adm.compare(first, adm.allocate(left, policy, seed="2016")).children["change"]
    assert not change.is_in(["lost", "moved"]).any()
    assert (change == "gained").any() and (change == "only before").any()


def test_a_share_that_is_none_and_offers_of_other_children_are_refused(town, offers):
    for share in (-0.1, 1.1, float("nan"), "half", True):
        with pytest.raises(AdmissionsError, match="share: a number from 0 to 1"):
            adm.Withdrawal(offers, share)
    other = office(children("X1"), {"A": 1})
    with pytest.raises(AdmissionsError, match="children of the allocation are not in these tables"):
        adm.relist(other, adm.Withdrawal(offers, 0.1), seed="s")
    with pytest.raises(AdmissionsError, match="withdrawal is drawn at random"):
        adm.relist(town, adm.Withdrawal(offers, 0.1))


# What is learnt from lists


def small_town(seed, students=60, programmes=6):
    """Return a district of homes and schools on a plane, its numbers drawn by a generator of the test's own."""
    rng = np.random.default_rng(seed)
    names = list("ABCDEFGH"[:programmes])
    spots = rng.integers(0, 6000, (students + programmes, 2)).astype(float)
    schools = pl.DataFrame(
        {"school_id": names, "x": spots[students:, 0], "y": spots[students:, 1], "fame": rng.permutation(programmes)}
    )
    homes = children(
        " ".join(f"S{i}" for i in range(students)), x=spots[:students, 0].tolist(), y=spots[:students, 1].tolist()
    )
    return office(homes, dict.fromkeys(names, 10), schools=schools)


@pytest.mark.compiled
@pytest.mark.parametrize("alternatives", [50, 3])
def test_intervals_hold_the_true_coefficients_about_as_often_as_they_say(alternatives):
    """In 60 towns of 60 lists, with all alternatives and with three of six: 95 of 100, give or take three errors."""
    true, held, towns = {"distance": -0.6, "fame": 0.3}, {"distance": 0, "fame": 0}, 60
    for number in range(towns):
        families = adm.DistanceQualityLogit(true["distance"], {"fame": true["fame"]}, length=2)
        made = adm.relist(small_town(number), families, seed=str(number))
        found = adm.estimate_preferences(made, ["distance", "fame"], alternatives=alternatives, seed="s")
        for term, low, high in found.table.select("term", "low", "high").iter_rows():
            held[term] += low <= true[term] <= high
    for count in held.values():
        assert abs(count - 0.95 * towns) <= 3 * math.sqrt(towns * 0.95 * 0.05), held


def test_a_quality_for_every_programme_is_found_again_and_makes_lists_again():
    effects = {name: 0.4 * place for place, name in enumerate("ABCDEF")}
    made = adm.relist(
        small_town(1, students=900), adm.DistanceQualityLogit(-0.5, {"programme_id": effects}, length=3), seed="s"
    )
    found = adm.estimate_preferences(made)
    assert (found.lists, found.choices) == (900, 2700)
    for term, value, _, error, low, high in found.table.iter_rows():
        true = -0.5 if term == "distance" else effects[value]
        assert (value == "A") == (error is None)
        assert error is None or low - 0.5 * error <= true <= high + 0.5 * error
    model = found.model(length=2)
    assert set(lists_in(adm.relist(made, model, seed="t"))) == set(lists_in(made))
    assert model.quality["programme_id"]["A"] == 0.0 and str(found).count("\n") == 8


def test_the_likelihood_is_the_product_of_the_shares_of_utility():
    made = adm.relist(small_town(2, students=30), adm.DistanceQualityLogit(-0.5, length=2), seed="s")
    found = adm.estimate_preferences(made, ["distance"])
    slope, total = found.table["coefficient"][0], 0.0
    homes = {one["student_id"]: (one["x"], one["y"]) for one in made.students.iter_rows(named=True)}
    places = {one["school_id"]: (one["x"], one["y"]) for one in made.schools.iter_rows(named=True)}

    def likelihood(slope):
        total = 0.0
        for child, own in lists_in(made).items():
            left = {one: slope * round(math.dist(homes[child], places[one])) / 1000 for one in places}
            for one in own:
                total += left[one] - math.log(sum(map(math.exp, left.values())))
                del left[one]
        return total

    total = likelihood(slope)
    assert found.log_likelihood == pytest.approx(total, rel=1e-9)
    step = 1e-3
    curve = (likelihood(slope + step) - 2 * total + likelihood(slope - step)) / step**2
    assert found.table["standard_error"][0] == pytest.approx(1 / math.sqrt(-curve), rel=1e-4)
    assert max(likelihood(slope + step), likelihood(slope - step)) < total


def test_a_strong_dislike_of_distance_is_found_too_and_columns_of_any_size():
    far = small_town(3, students=200)
    large = far.programmes.with_columns(pupils=pl.Series([100_000 * place for place in (3, 1, 2, 6, 5, 4)]))
    far = adm.District.from_frames(**{**far.tables(), "programmes": large})
    made = adm.relist(far, adm.DistanceQualityLogit(-6.0, {"pupils": 1e-5}, length=3), seed="s")
    found = adm.estimate_preferences(made, ["distance", "pupils"]).table
    assert (found["low"] < [-6.0, 1e-5]).all() and (found["high"] > [-6.0, 1e-5]).all()


def test_estimates_are_the_same_in_any_order_of_rows_and_samples_are_of_the_seed():
    made = adm.relist(small_town(4), adm.DistanceQualityLogit(-0.5, length=3), seed="s")
    sample = {"terms": ["distance"], "lists": 30, "alternatives": 3}
    found = adm.estimate_preferences(made, seed="1", **sample)
    assert found.lists == 30
    assert adm.estimate_preferences(in_another_order(made, 1), seed="1", **sample).table.equals(found.table)
    assert not adm.estimate_preferences(made, seed="2", **sample).table.equals(found.table)


@pytest.mark.parametrize(
    ("lists", "asked", "message"),
    [
        (["S1: A B", "S2: B A", "S3: C A"], {"terms": ["level"]}, "'level' is the same for all"),
        (["S1: A B", "S2: B A", "S3: C A"], {"terms": ["kind"]}, "'kind' is 'compulsory' for all programmes"),
        (["S1: A B", "S2: B A", "S3: C A"], {"terms": ["seats", "2 * seats"]}, "cannot be told apart"),
        (["S1: A B", "S2: B A", "S3: A"], {"terms": ["programme_id"]}, "1 of 3 values are on no list looked at, 'C'"),
        (["S1: A B C", "S2: A B C", "S3: A B C"], {"terms": ["seats"]}, "no bound to the coefficient of seats"),
        (["S1: A"], {"terms": ["seats"]}, "1 choices are too few to learn 1 coefficients"),
        ([], {"terms": ["seats"]}, "lists: none has a programme in question"),
        (["S1: A B"], {"terms": ["distance"]}, "distance: not known of"),
        (["S1: A B"], {"terms": ["seat"]}, "no column 'seat'.*did you mean"),
        (["S1: A B"], {"terms": []}, "terms: a sequence of different columns"),
        (["S1: A B"], {"terms": "distance"}, "terms: a sequence of different columns"),
        (["S1: A B"], {"programmes": "programme_id = 'A'"}, "programmes: two or more are needed"),
        (["S1: A B"], {"lists": 0}, "lists: a whole number of 1 or more"),
        (["S1: A B"], {"alternatives": 1}, "alternatives: a whole number of 2 or more"),
    ],
)
def test_what_cannot_be_learnt_is_refused_in_words(lists, asked, message):
    schools = pl.DataFrame({"school_id": list("ABC"), "level": 3, "kind": "compulsory"})
    district = office(children("S1 S2 S3"), {"A": 3, "B": 2, "C": 1}, lists, schools=schools)
    with pytest.raises(AdmissionsError, match=message):
        adm.estimate_preferences(district, **asked)


def test_estimates_are_refused_where_and_only_where_a_direction_never_meets_a_choice_against_it(monkeypatch):
    """A linear programme looks for one (Albert and Anderson 1984): then the likelihood rises for ever."""
    seen, refused = {}, 0

    def kept(columns, names, situation, chosen):
        gaps = columns - columns[chosen][situation]
        seen["gaps"] = gaps[~chosen] / np.sqrt((gaps[~chosen] ** 2).mean(axis=0))
        return fit_logit(columns, names, situation, chosen)

    monkeypatch.setattr(estimation, "fit_logit", kept)
    for number in range(40):
        rng = random.Random(number)
        families = adm.DistanceQualityLogit(
            -(10 ** rng.uniform(-1, 1.5)), {"fame": 10 ** rng.uniform(0, 0.8)}, length=1
        )
        made = adm.relist(small_town(number, students=rng.choice([20, 60])), families, seed="s")
        try:
            adm.estimate_preferences(made, ["distance", "fame"])
            bounded = True
        except AdmissionsError:
            bounded = False
        gaps = seen["gaps"]
        found = linprog(gaps.sum(axis=0), A_ub=gaps, b_ub=np.zeros(len(gaps)), bounds=[(-1, 1)] * 2)
        assert bounded == (-found.fun < 1e-7)
        refused += not bounded
    assert 5 <= refused <= 35


def test_stages_are_estimated_one_after_the_other(town):
    with pytest.raises(AdmissionsError, match="more than one stage .junior, primary, senior.; estimate one after"):
        adm.estimate_preferences(town, ["distance"])


def test_without_statsmodels_the_error_names_the_extra(monkeypatch):
    made = adm.relist(small_town(5), adm.DistanceQualityLogit(-0.5, length=3), seed="s")
    monkeypatch.setitem(sys.modules, "statsmodels.duration.hazard_regression", None)
    with pytest.raises(AdmissionsError, match=r'pip install "admissions\[behaviour\]"'):
        adm.estimate_preferences(made, ["distance"])


# Real districts


def test_on_the_homes_and_schools_of_chiayi_known_coefficients_are_found_again():
    families = adm.DistanceQualityLogit(-1.5, {"enrolled_last_year": 0.01}, length=3)
    made = adm.relist(district_of("chiayi"), families, seed="s")
    found = adm.estimate_preferences(made, ["distance", "enrolled_last_year"]).table
    assert (found["low"] < [-1.5, 0.01]).all() and (found["high"] > [-1.5, 0.01]).all()


def test_czech_families_list_large_programmes_more_often_and_the_model_lists_as_many_as_they_do():
    district = district_of("czech_2024")
    found = adm.estimate_preferences(district, ["programme_seats"], lists=500, seed="s")
    assert found.lists == 500
    assert 0.02 < found.table["low"][0] < found.table["high"][0] < 0.05
    plain = adm.District.from_frames(
        **{**district.tables(), "choices": district.choices.select("student_id", "rank", "programme_id")}
    )
    some = plain.students["student_id"][200]
    made = adm.relist(plain, found.model(), seed="s", students=f"student_id < '{some}'")
    assert {child: len(own) for child, own in lists_in(made).items()} == {
        child: len(own) for child, own in lists_in(plain).items()
    }
