"""Who could gain by another list: found where there is somebody, and nowhere else, against trying out by hand."""

import random
from itertools import permutations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.market import Market
from admissions.simulation.alternatives import count_false_lists, false_lists
from admissions.simulation.district_case import DistrictCase
from admissions.simulation.misreports import misreport
from admissions.simulation.relisting import relist, with_list
from admissions.testing import Case, districts, policies
from tests.known_answers.test_reforms import four_by_score, kojima_and_unver
from tests.naive.deferred_acceptance import deferred_acceptance
from tests.naive.serial_dictatorship import serial_dictatorship
from tests.naive.steps import immediate_acceptance, parallel
from tests.naive.top_trading_cycles import top_trading_cycles
from tests.offices import children, office, one_round
from tests.strategies import NEEDED, market_of, parts, small_market


@pytest.mark.parametrize(
    ("market", "student", "false_list", "before", "after"),
    [(kojima_and_unver(), "r", "2 3", "3", "2"), (four_by_score(), "乙", "B", None, "B")],
)
def test_ka10_and_ka23_immediate_acceptance_pays_who_moves_up_or_leaves_out(market, student, false_list, before, after):
    """In each the one student with justified envy, and nobody else, gains one rank."""
    found = misreport(market, "immediate_acceptance")
    (example,) = found.examples
    assert (example.student, example.gain, found.gains) == (student, 1, {1: 1})
    assert (example.before, example.after) == (before, after) == found.replay(example)
    assert example.false_list == tuple(false_list.split())
    truth = dict(zip(market.labels.applicants, map(list, wanted_of(market)), strict=True))
    assert held_after(market, {**truth, student: false_list.split()}, "immediate_acceptance")[student] == after
    for other in ("deferred_acceptance", "top_trading_cycles"):
        assert misreport(market, other).gainers == 0


def wanted_of(market):
    lists = parts(market)[0]
    return [[market.labels.pools[pool] for pool in own] for own in lists]


def held_after(market, lists, mechanism):
    """Return who gets what when the same priorities meet other lists, the market made from names again."""
    keys = dict(zip(zip(market.owners().tolist(), market.pool.tolist(), strict=True), market.key.tolist(), strict=True))
    applicants, pools = market.labels.applicants, market.labels.pools
    ranked = {
        name: [applicants[i] for _, i in sorted((key, i) for (i, pool), key in keys.items() if pools[pool] == name)]
        for name in pools
    }
    again = Market.from_preferences(lists, ranked, dict(zip(pools, market.seats.tolist(), strict=True)))
    return adm.match(again, mechanism).to_dict()


def test_every_list_of_a_short_one_is_tried_once_and_the_true_one_not():
    for length in range(6):
        everything = {wanted for size in range(length + 1) for wanted in permutations(range(length), size)}
        found = list(false_lists(length, 10_000, "any"))
        assert len(found) == len(set(found)) == count_false_lists(length) == len(everything) - 1
        assert set(found) == everything - {tuple(range(length))}


@pytest.mark.parametrize(("length", "most"), [(5, 30), (5, 324), (8, 100), (60, 100)])
def test_of_a_long_list_the_known_tricks_and_a_stated_number_drawn_are_tried(length, most):
    found = list(false_lists(length, most, "seed:S1"))
    truth = tuple(range(length))
    known = {truth[1:], truth[:-1], truth[:1], (2, *truth[:2], *truth[3:]), (truth[-1], *truth[:-1])}
    assert known <= set(found)
    assert len(found) == len(set(found)) == max(most, 2 * length)
    assert truth not in found
    assert found == list(false_lists(length, most, "seed:S1"))
    if most > 2 * length:
        assert found != list(false_lists(length, most, "seed:S2"))


SLOW = {
    "deferred_acceptance": deferred_acceptance,
    "immediate_acceptance": immediate_acceptance,
    "parallel": lambda market: parallel(market, [2]),
    "top_trading_cycles": top_trading_cycles,
}


def gains_by_hand(market, solve):
    """Return the most ranks each applicant gains, over all lists of its programmes, with a slow twin of the mechanism."""
    lists, keys, seats, sizes, ranks = parts(market)
    truth, gains = solve(market), {}
    for i, own in enumerate(lists):
        worst = max(ranks[i], default=0) + 1
        before = worst if truth[i] < 0 else int(market.rank[truth[i]])
        programmes = [[k for k, rank in enumerate(ranks[i]) if rank == r] for r in sorted(set(ranks[i]))]
        for size in range(len(programmes) + 1):
            for wanted in permutations(programmes, size):
                order = [k for programme in wanted for k in programme]
                rank = [place for place, programme in enumerate(wanted, start=1) for _ in programme]
                other = market_of(
                    [[own[k] for k in order] if j == i else lists[j] for j in range(len(lists))],
                    [[keys[i][k] for k in order] if j == i else keys[j] for j in range(len(lists))],
                    seats,
                    sizes,
                    [rank if j == i else ranks[j] for j in range(len(lists))],
                )
                choice = solve(other)[i]
                if choice >= 0:
                    after = ranks[i][order[choice - int(other.indptr[i])]]
                    gains[i] = max(gains.get(i, 0), before - after)
    return {i: gain for i, gain in gains.items() if gain > 0}


@pytest.mark.parametrize("mechanism", SLOW)
def test_what_is_found_is_what_trying_out_by_hand_finds(mechanism):
    rng, found_some = random.Random(f"misreports {mechanism}"), 0
    for _ in range(60):
        market = small_market(rng, sizes=1 if mechanism == "top_trading_cycles" else 2)
        found = misreport(market, mechanism, **NEEDED[mechanism])
        by_hand = gains_by_hand(market, SLOW[mechanism])
        assert {example.student: example.gain for example in found.examples} == by_hand
        found_some += len(by_hand)
        for example in found.examples:
            assert found.replay(example) == (example.before, example.after)
    assert bool(found_some) == (mechanism in ("immediate_acceptance", "parallel"))


def test_nobody_gains_where_all_choose_in_one_order():
    rng = random.Random("dictators")
    for _ in range(40):
        market = small_market(rng, strict=True, common=True)
        order = sorted(
            range(market.applicants), key=lambda i: [*market.key[market.indptr[i] : market.indptr[i + 1]]][:1]
        )
        assert misreport(market, "serial_dictatorship").gainers == 0
        assert gains_by_hand(market, lambda other, order=order: serial_dictatorship(other, order)) == {}


@pytest.mark.parametrize("mechanism", ["immediate_acceptance", "top_trading_cycles", "efficiency_adjusted"])
def test_a_changed_list_makes_the_market_that_names_would_make(mechanism):
    """Priorities at schools left out stay known, for who trades them."""
    dice = random.Random("names")
    for _ in range(30):
        case = Case.drawn(dice)
        market = case.market
        for i, own in enumerate(case.lists):
            for wanted in false_lists(len(own), 100, ""):
                choices = market.indptr[i] + np.array(wanted, dtype=np.int64)
                other, _ = relist(market, i, choices, range(1, len(wanted) + 1), {})
                named = case.with_list(i, [own[place] for place in wanted]).market
                assert adm.match(other, mechanism).choice.tolist() == adm.match(named, mechanism).choice.tolist()


def test_ranks_with_gaps_are_closed_as_one_more_list():
    """Whoever leaves out a school that never admits the own kind moves up all that follow."""
    market = Market.from_preferences(
        {"ann": ["never", "north", "south"], "bob": ["south", "north"], "eve": ["north"]},
        {"never": [], "north": ["ann", "bob", "eve"], "south": ["bob"]},
        {"never": 9, "north": 1, "south": 1},
    )
    (example,) = misreport(market, "immediate_acceptance").examples
    assert (example.student, example.true_list, example.false_list) == ("ann", ("north",), ("north",))
    assert (example.before, example.after, example.gain) == (None, "north", 1)


def test_parameters_with_a_value_a_choice_follow_the_choices():
    rng = np.random.default_rng(5)
    for _ in range(20):
        market = small_market(random.Random(int(rng.integers(10**6))))
        cost = rng.integers(0, 9, size=len(market.pool))
        for i in range(market.applicants):
            own = np.arange(market.indptr[i], market.indptr[i + 1])
            other, moved = relist(market, i, own[::-1], range(1, len(own) + 1), {"cost": cost, "cap": 3})
            pairs = dict(
                zip(zip(market.owners().tolist(), market.pool.tolist(), strict=True), cost.tolist(), strict=True)
            )
            assert moved["cap"] == 3
            assert [pairs[pair] for pair in zip(other.owners().tolist(), other.pool.tolist(), strict=True)] == moved["cost"].tolist()  # fmt: skip


ORDERS = [["COALESCE(mark, 0) desc", "lottery"], ["lottery"], ["choice_rank asc", "lottery"]]
FIT = {"score_bands": 1, "serial_dictatorship": 2, "deferred_acceptance": 3, "immediate_acceptance": 3,
       "top_trading_cycles": 3, "regional": 3}  # fmt: skip
"""How many of these orders a mechanism takes; the first two take no pools that rank differently."""


@st.composite
def batches(draw):
    """Draw a policy of two or three rounds of one stage that divide the programmes, by any mechanism."""
    rounds = []
    for place in range(draw(st.integers(2, 3))):
        mechanism = draw(st.sampled_from(sorted(FIT)))
        clause = {"name": f"r{place}", "stage": "primary", "mechanism": mechanism, "parameters": NEEDED[mechanism]}
        clause["programmes"] = draw(st.sampled_from(["TRUE", "school_id = 'P0'", "school_id <> 'P0'"]))
        clause["order"] = draw(st.sampled_from(ORDERS[: FIT[mechanism]]))
        if place and draw(st.booleans()):
            clause["students"] = draw(st.sampled_from(["left_by = 'r0'", "left_by IS NULL", "NOT local"]))
        if draw(st.integers(0, 3)) == 0:
            clause["guarantee"] = {"where": draw(st.sampled_from(["TRUE", "distance < 6"]))}
        if draw(st.integers(0, 3)) == 0 and FIT[mechanism] == 3:
            clause["pool"] = [{"name": "a", "members": "local", "seats": 0}, {"name": "b", "others": "after members"}]
        rounds.append(clause)
    return adm.Policy.from_dict({"title": "batches", "round": rounds})


def anything_goes():
    others = ("deferred_acceptance", "parallel", "top_trading_cycles", "stable_improvement", "minimum_cost")
    return st.one_of(batches(), *(policies(mechanism, **NEEDED[mechanism]) for mechanism in others))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(districts(), anything_goes(), st.data())
def test_a_list_changed_in_the_rounds_gets_what_the_whole_run_of_changed_tables_gives(district, policy, data):
    case = DistrictCase(district, policy, "x")
    if not case.applicants():
        return
    applicant = data.draw(st.sampled_from(case.applicants()))
    name, listing = case.name(applicant), case.listing(applicant)
    everything = [tuple(range(len(listing.ranks))), *false_lists(len(listing.ranks), 100, "")]
    for wanted in data.draw(st.lists(st.sampled_from(everything), min_size=1, max_size=8, unique=True)):
        programmes = [listing.programmes[place] for place in wanted]
        run = adm.allocate(with_list(district, name, programmes), policy, seed="x")
        seat = run.students.filter(pl.col("student_id") == name)["programme_id"][0]
        expected = listing.ranks[listing.programmes.index(seat)] if seat in listing.programmes else listing.worst
        assert case.rank_with(applicant, wanted) == expected
    assert case.rank_with(applicant, range(len(listing.ranks))) == listing.before


def two_batches():
    """Return an office that admits to A in a first round and to B in a second, and a child who wants B most."""
    policy = adm.Policy.from_dict(
        {
            "title": "two batches",
            "round": [
                {"name": name, "stage": "primary", "programmes": f"programme_id = '{name}'", "order": ["mark desc"]}
                for name in "AB"
            ],
        }
    )
    return office(children("S1 S2", mark=[2, 1]), {"A": 1, "B": 1}, ["S1: B A", "S2: B"]), policy


def test_whoever_prefers_the_later_batch_gains_by_leaving_out_the_earlier_one():
    district, policy = two_batches()
    found = misreport(district, policy)
    (example,) = found.examples
    assert (example.student, example.true_list, example.false_list) == ("S1", ("B", "A"), ("B",))
    assert (example.before, example.after, example.gain) == ("A", "B", 1)
    assert found.replay(example) == ("A", "B")


def test_a_class_that_reads_the_rank_pays_whoever_moves_a_programme_up():
    district = office(children("S1 S2 S3", mark=[3, 2, 1]), {"A": 1, "B": 1}, ["S1: A", "S2: A B", "S3: A B"])
    policy = one_round(priority=[{"class": "first", "when": "choice_rank = 1", "order": ["mark desc"]},
                                 {"class": "rest", "order": ["mark asc"]}])  # fmt: skip
    found = misreport(district, policy)
    (example,) = found.examples
    assert (example.student, example.before, example.after) == ("S2", None, "B")
    assert found.replay(example) == (None, "B")


def test_children_who_apply_together_are_one_and_hand_in_one_list():
    students = children("S1 S2 S3 S4", bundle_id=[None, "T", "T", None])
    district = office(students, {"A": 2, "B": 2}, ["S1: A", "S2: A B", "S3: A B", "S4: B"])
    order = ["CASE WHEN student_id = 'S1' THEN 0 WHEN bundle_id = 'T' THEN 2 ELSE 1 END asc"]
    district = office(students, {"A": 1, "B": 1}, ["S1: A", "S2: A B", "S3: A B", "S4: B"])
    found = misreport(district, one_round(mechanism="immediate_acceptance", order=order))
    assert (found.students, found.gainers) == (3, 0)
    order = ["CASE WHEN student_id = 'S1' THEN 0 WHEN bundle_id = 'T' THEN 1 ELSE 2 END asc"]
    found = misreport(district, one_round(mechanism="immediate_acceptance", order=order))
    (example,) = found.examples
    assert (example.student, example.after) == ("S2", "B")
    assert found.replay(example) == (None, "B")
    assert misreport(district, one_round(mechanism="immediate_acceptance", order=order), students=["S3"]).gainers == 1


def test_a_seat_on_no_list_of_the_family_counts_as_none():
    students = children("S1 S2", mark=[2, 1])
    district = office(students, {"A": 1, "B": 1, "C": 1}, ["S1: A", "S2: A B"])
    found = misreport(district, one_round(order=["mark desc"], guarantee={}))
    assert (found.students, found.content, found.gainers) == (2, 1, 0)


def crowd():
    rng = random.Random(4)
    names = [f"S{i:02}" for i in range(40)]
    choices = [f"{name}: {' '.join(rng.sample('ABCDE', rng.randint(0, 5)))}" for name in names]
    return office(children(" ".join(names)), dict.fromkeys("ABCDE", 5), choices)


def test_what_is_found_depends_on_no_order_of_rows_and_samples_are_nested():
    district, policy = crowd(), one_round(mechanism="immediate_acceptance")
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=1) for name, frame in district.tables().items()}
    found, again = (misreport(d, policy, "x", lists=40) for d in (district, adm.District.from_frames(**shuffled)))
    assert found == again
    assert found.gainers and found.exhausted < found.students - found.content
    few, more = (misreport(district, policy, "x", students=number, lists=40) for number in (10, 20))
    names = [{example.student for example in one.examples} for one in (few, more, found)]
    assert names[0] <= names[1] <= names[2]
    assert (few.students, more.students) == (10, 20)
    some = [example.student for example in found.examples][:2]
    assert {example.student for example in misreport(district, policy, "x", students=some, lists=40).examples} == set(
        some
    )


def test_counts_add_up_and_nothing_said_names_a_child():
    found = misreport(crowd(), one_round(mechanism="immediate_acceptance"), "x")
    assert sum(found.gains.values()) == found.gainers == len(found.examples)
    assert found.share == pytest.approx(found.gainers / found.students)
    printed = str(found) + repr(found) + repr(found.examples[0])
    assert "could gain" in printed and "S0" not in printed and "S1" not in printed
    assert repr(found).startswith(f"Misreports({found.gainers} of {found.students} students gain, ")


def test_a_case_without_lists_has_nobody_to_look_at():
    found = misreport(office(children("S1"), {"A": 1}), one_round(), "x")
    assert (found.students, found.lists, found.gainers, found.share) == (0, 0, 0, None)
    assert str(found).endswith("could gain                      0")
    empty = misreport(market_of([], [], [1]), "deferred_acceptance")
    assert (empty.students, empty.examples) == (0, ())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"students": ["S99"]}, "no student of that id"),
        ({"students": -1}, "students = -1"),
        ({"lists": 0}, "lists = 0"),
        ({"band": 2}, "take out band"),
        ({"rules": "deferred_acceptance"}, "give a District and its Policy, or a Market"),
        ({"seed": None}, "give a seed"),
    ],
)
def test_bad_questions_are_refused_with_a_clear_word(arguments, words):
    arguments = {"case": crowd(), "rules": one_round(), "seed": "x"} | arguments
    with pytest.raises(adm.AdmissionsError, match=words):
        misreport(**arguments)


def test_a_market_knows_whom_it_has():
    market = four_by_score()
    assert misreport(market, "immediate_acceptance", students=["乙"]).gainers == 1
    assert misreport(market_of([[0]], [[0]], [1]), "deferred_acceptance", students=[0]).content == 1
    for names in (["戊"], [0]):
        with pytest.raises(adm.MarketError, match="not in the market"):
            misreport(market, "immediate_acceptance", students=names)


def test_another_list_is_made_of_the_true_one_and_changes_nobody_elses():
    district = crowd()
    name = district.choices["student_id"].mode()[0]
    own = district.choices.filter(pl.col("student_id") == name)["programme_id"].to_list()
    changed = with_list(district, name, own[::-1])
    others = pl.col("student_id") != name
    assert changed.choices.filter(others).equals(district.choices.filter(others))
    assert changed.choices.filter(~others)["programme_id"].to_list() == own[::-1]
    assert changed.choices.filter(~others)["rank"].to_list() == list(range(1, len(own) + 1))
    assert with_list(district, name, own).choices.equals(district.choices)
    again = adm.District.from_frames(**changed.tables())
    assert again.choices.equals(changed.choices)
    assert np.array_equal(again.links.choice_student, changed.links.choice_student)
    assert np.array_equal(again.links.choice_programme, changed.links.choice_programme)
    for wanted, words in (([*own, "F"], "not on the child's list"), ([own[0], own[0]], "stands twice")):
        with pytest.raises(adm.AdmissionsError, match=words):
            with_list(district, name, wanted)
    with pytest.raises(adm.AdmissionsError, match="no student of that id"):
        with_list(district, "nobody", [])
