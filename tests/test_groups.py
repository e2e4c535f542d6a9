"""Fairness by group: exact for the office, and nobody to be told from what is published."""

import json
import random
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from math import comb

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.audit import MEASURES, Audit, Groups
from admissions.audit.comparing import compare_groups
from admissions.audit.suppression import FEWEST, withheld_groups
from admissions.testing import districts, policies
from tests.offices import children, office, one_round


@pytest.fixture(scope="module")
def allocation():
    """Return an allocation of six children, of whom one has no list, one no seat and one the seat nobody wanted."""
    students = children(
        "S1 S2 S3 S4 S5 S6",
        hukou=["local", "local", "local", "migrant", "migrant", None],
        mark=[9, 8, 7, 6, 5, 4],
        x=[0, 10, 20, 30, 40, 50],
        y=0,
    )
    schools = pl.DataFrame({"school_id": ["A", "B", "C"], "x": [0, 100, 200], "y": [0, 0, 0]})
    choices = ["S1: A", "S2: A B", "S3: A B", "S4: B", "S6: A B C"]
    district = office(students, {"A": 1, "B": 1, "C": 1}, choices, schools=schools)
    return adm.allocate(district, one_round(order=["mark desc", "lottery"]), seed="x")


def exact(groups, by, measure):
    comparison = groups[by, measure]
    return comparison.overall.value, {name: figure.value for name, figure in comparison.groups.items()}


def test_every_measure_is_an_exact_fraction_of_the_children_it_counts(allocation):
    groups = adm.audit(allocation, by="hukou").groups
    half, third = Fraction(1, 2), Fraction(1, 3)
    assert exact(groups, "hukou", "placed") == (half, {"local": Fraction(2, 3), "migrant": 0, None: 1})
    assert exact(groups, "hukou", "first_choice") == (Fraction(1, 5), {"local": third, "migrant": 0, None: 0})
    assert exact(groups, "hukou", "mean_rank") == (2, {"local": Fraction(3, 2), "migrant": None, None: 3})
    assert exact(groups, "hukou", "distance") == (80, {"local": 45, "migrant": None, None: 150})
    assert exact(groups, "hukou", "envy") == (0, {"local": 0, "migrant": 0, None: 0})
    placed, envy = groups["hukou", "placed"], groups["hukou", "envy"]
    assert (placed.gap.value, placed.ratio.value) == (1, 0)
    assert (envy.gap.value, envy.ratio.value) == (0, None)
    assert (placed["local"].children, placed["local"].total) == (3, 2)
    assert groups["hukou", "mean_rank"].gap.value == Fraction(3, 2)


def test_a_grouping_can_be_an_expression_and_several_stand_side_by_side(allocation):
    groups = adm.audit(allocation, by=["mark >= 7", "hukou", "hukou", "mark % 2"]).groups
    assert len(groups) == 3 * len(MEASURES)
    assert exact(groups, "mark >= 7", "placed") == (Fraction(1, 2), {"false": Fraction(1, 3), "true": Fraction(2, 3)})
    assert list(groups["mark % 2", "placed"].groups) == ["0", "1"]


def test_an_audit_without_groups_is_what_it_was(allocation):
    plain, grouped = adm.audit(allocation), adm.audit(allocation, by="hukou")
    assert plain == Audit(plain.findings)
    assert (plain.findings, plain.to_json(), repr(plain)) == (grouped.findings, grouped.to_json(), repr(grouped))
    assert (plain.groups, len(plain.groups), list(plain.groups)) == (Groups(), 0, [])
    assert plain.groups.to_frame().is_empty() and plain.groups.to_dicts() == [] and str(plain.groups).strip() == ""


def test_children_who_apply_together_count_each_and_share_list_and_envy():
    students = children("S1 S2 S3 S4", group=["p", "p", "q", "q"], bundle_id=["T", "T", None, None])
    choices = ["S2: A B", "S3: A", "S4: B A"]
    lots = {"order": ["CASE WHEN student_id = 'S3' THEN 0 WHEN bundle_id = 'T' THEN 1 ELSE 2 END asc"]}
    allocation = adm.allocate(
        office(students, {"A": 1, "B": 2}, choices), one_round(mechanism="immediate_acceptance", **lots)
    )
    groups = compare_groups(allocation, "group")
    assert groups["group", "first_choice"]["p"].children == 2
    assert exact(groups, "group", "mean_rank") == (Fraction(3, 2), {"p": 2, "q": 1})
    full = adm.allocate(
        office(students, {"A": 1, "B": 1}, choices), one_round(mechanism="immediate_acceptance", **lots)
    )
    assert exact(compare_groups(full, "group"), "group", "envy") == (Fraction(1, 2), {"p": 1, "q": 0})


def envious_by_hand(allocation):
    """Return who envies with reason, from the published tables: a refused application that goes before an admitted."""
    rows = allocation.applications.filter(pl.col("key").is_not_null())
    admitted = rows.filter(pl.col("outcome") == "admitted")
    refused = rows.filter(pl.col("outcome") == "refused")
    pairs = refused.join(admitted, on=["round", "programme_id", "pool"]).filter(pl.col("key") < pl.col("key_right"))
    return set(pairs["student_id"])


def crowd(number, **clause):
    """Return an allocation by immediate acceptance of many children to few schools, marks against rank."""
    order = random.Random(3)
    students = [
        {"student_id": f"S{i:03}", "mark": order.randrange(number), "side": order.choice(["east", "west"])}
        for i in range(number)
    ]
    choices = [f"{student['student_id']}: {' '.join(order.sample('ABCD', 3))}" for student in students]
    policy = one_round(mechanism="immediate_acceptance", order=["mark desc", "lottery"], **clause)
    return adm.allocate(office(students, dict.fromkeys("ABCD", number // 5), choices), policy, seed="x")


def test_envy_counts_every_envious_child_and_not_only_the_first_witnesses():
    allocation = crowd(400)
    envious = envious_by_hand(allocation)
    assert len(envious) > 20
    side = allocation.district.students.select("student_id", "side")
    groups = adm.audit(allocation, by="side").groups
    for name, members in side.group_by("side").agg("student_id").iter_rows():
        figure = groups["side", "envy"][name]
        assert (figure.total, figure.children) == (len(envious & set(members)), len(members))
    assert groups["side", "envy"].overall.total == len(envious)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(districts(), policies())
def test_groups_add_up_to_all_children_whatever_the_office_and_its_rules(district, policy):
    allocation = adm.allocate(district, policy, seed="x")
    groups = compare_groups(allocation, ["zone_id", "local", "mark"])
    assert len(groups) == 3 * len(MEASURES)
    for comparison in groups:
        assert sum(figure.children for figure in comparison.groups.values()) == comparison.overall.children
        assert sum(figure.total for figure in comparison.groups.values()) == comparison.overall.total
    assert groups["local", "envy"].overall.total == len(envious_by_hand(allocation))


def lottery_for_half(number):
    """Return an office in which half of so many children of two sides, drawn by lot, find a seat."""
    students = children(" ".join(f"S{i:02}" for i in range(number)), side=["e", "w"] * (number // 2))
    choices = [f"{student['student_id']}: A" for student in students]
    return adm.allocate(office(students, {"A": number // 2}, choices), one_round(), seed="public")


def test_intervals_are_those_of_the_lottery_known_exactly():
    """Seats of a side are hypergeometric: 10 of 20 drawn, 10 of each side; its 2.5 % points are 3 and 7 seats."""
    number = 20
    ways = [comb(10, k) ** 2 for k in range(11)]
    assert sum(ways) == comb(number, 10)
    below = [Fraction(sum(ways[:k]), sum(ways)) for k in range(12)]
    low = max(k for k in range(11) if below[k] <= Fraction(25, 1000))
    allocation = lottery_for_half(number)
    redraws = list(adm.redraw(allocation, 200))
    groups = adm.audit(allocation, by="side", redraws=redraws).groups
    assert groups.draws == 200
    placed = groups["side", "placed"]
    for name in ("e", "w"):
        assert (
            placed[name].interval == (Fraction(low, 10), Fraction(10 - low, 10)) == (Fraction(3, 10), Fraction(7, 10))
        )
    assert placed.overall.interval == (Fraction(1, 2), Fraction(1, 2))
    seats = sorted(
        redraw.students.filter(pl.col("student_id").str.slice(1).cast(pl.Int64) % 2 == 0)["programme_id"].count()
        for redraw in redraws
    )
    gaps = sorted(abs(2 * k - 10) for k in seats)
    assert placed.gap.interval == (Fraction(gaps[5], 10), Fraction(gaps[-6], 10))
    shares = [Fraction(min(k, 10 - k), max(k, 10 - k)) for k in seats]
    assert placed.ratio.interval == (sorted(shares)[5], sorted(shares)[-6])


def test_intervals_hold_for_redraws_taken_one_at_a_time_and_are_none_without():
    allocation = lottery_for_half(10)
    groups = adm.audit(allocation, by="side", redraws=adm.redraw(allocation, 3)).groups
    assert groups.draws == 3
    low, high = groups["side", "placed"]["e"].interval
    assert 0 <= low <= high <= 1
    assert groups["side", "mean_rank"]["e"].interval == (1, 1)
    assert adm.audit(allocation, by="side").groups["side", "placed"]["e"].interval is None


def test_redraws_of_another_case_or_with_a_seed_twice_are_refused(allocation):
    lot = lottery_for_half(10)
    again = next(adm.redraw(lot, 1))
    for redraws in ([again, again], [lot], [allocation], [replace(again, policy=one_round(source="another"))]):
        with pytest.raises(adm.AdmissionsError, match="redraws: "):
            adm.audit(lot, by="side", redraws=redraws)
    other = office(children("S00 S01", side="e"), {"A": 1}, ["S00: A"])
    with pytest.raises(adm.AdmissionsError, match="of other tables"):
        adm.audit(lot, by="side", redraws=[adm.allocate(other, one_round(), seed="y")])
    with pytest.raises(adm.AdmissionsError, match="nothing in this policy is drawn"):
        next(adm.redraw(replace(lot, policy=one_round(order=["student_id asc"])), 1))
    with pytest.raises(adm.AdmissionsError, match="no tables to draw again from"):
        next(adm.redraw(replace(lot, district=None), 1))


REFUSED = {
    "an unknown column": ("hukuo", r"no column 'hukuo' in students \(did you mean 'hukou'\?\); there are stage, hukou"),
    "a child's name": ("student_id", "names single children"),
    "a condition on a child's name": ("student_id = 'S1'", "names single children"),
    "what the run decides": ("placed", "no column 'placed'"),
    "what is of an application": ("distance < 400", "reads distance, which a round computes"),
    "a column of schools": ("kind", "no column 'kind'"),
    "no column": ("1 = 1", "reads no column"),
    "no expression": ("hukou = =", "is no SQL expression"),
    "more than a row": ("AVG(mark) > 3", "looks beyond one application"),
}


@pytest.mark.parametrize(("by", "words"), REFUSED.values(), ids=REFUSED)
def test_groupings_that_are_none_are_refused_with_a_clear_word(allocation, by, words):
    with pytest.raises(adm.AdmissionsError, match=words):
        adm.audit(allocation, by=by)


def test_groups_need_the_tables_and_may_not_be_single_children(allocation):
    with pytest.raises(adm.AdmissionsError, match="has no tables; give the office's"):
        adm.audit(replace(allocation, district=None), by="hukou")
    with pytest.raises(adm.AdmissionsError, match="groups of 'mark' have fewer than 5 children"):
        adm.audit(crowd(100), by="mark")


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ([9, 8], []),
        ([90, 5, 4], [1, 2]),
        ([90, 6, 3, 2], [2, 3]),
        ([90, 6, 2, 1], [1, 2, 3]),
        ([96, 4], [0, 1]),
        ([3, 1], [0, 1]),
        ([7], []),
        ([90, 0, 9], []),
        ([90, 0, 4], [0, 2]),
    ],
)
def test_what_a_single_grouping_withholds(sizes, hidden):
    groups = np.repeat(np.arange(len(sizes)), sizes)
    overall, own = withheld_groups([groups], np.ones(sum(sizes), dtype=np.bool_))
    assert np.flatnonzero(own).tolist() == hidden
    assert overall.tolist() == [sum(sizes) < FEWEST]


def numbers_below_five(parts, hidden, counted, overall=True):
    """Return the sets of children, 1 to 4 of them counted or a withheld group, that whoever subtracts arrives at.

    An independent look: sets of children, every subset of the published groups inside a known number. What is withheld
    together is known where the number of all children is.
    """
    whole = set(range(len(parts[0])))
    groups = [[{i for i, group in enumerate(part) if group == g} for g in sorted(set(part))] for part in parts]
    away = [[bool(own[g]) for g in sorted(set(part))] for own, part in zip(hidden, parts, strict=True)]
    shown, secret = (
        [
            [m for m, gone in zip(sets, goes, strict=True) if gone is which]
            for sets, goes in zip(groups, away, strict=True)
        ]
        for which in (False, True)
    )
    found = []
    for outer in [None, *range(len(parts))]:
        known = [whole] * overall if outer is None else [*shown[outer], *[set().union(*secret[outer])] * overall]
        for number in known:
            for inner in range(len(parts)):
                inside = [members for members in shown[inner] if members <= number]
                for some in range(1, len(inside) + 1):
                    found += [number - set().union(*taken) for taken in combinations(inside, some)]
                if outer is not None and number in secret[inner]:
                    found.append(number)
    secrets = [members for sets in secret for members in sets]
    return [left for left in found if left and (left in secrets or 0 < sum(counted[i] for i in left) < FEWEST)]


@st.composite
def towns(draw):
    """Draw one to three groupings of up to forty children, often one made of another's groups, and who is counted."""
    number = draw(st.integers(FEWEST, 40))
    zones = draw(st.lists(st.integers(0, 5), min_size=number, max_size=number))
    merged = draw(st.lists(st.integers(0, 2), min_size=6, max_size=6))
    other = draw(st.lists(st.integers(0, 2), min_size=number, max_size=number))
    every = [zones, [merged[zone] for zone in zones], other]
    parts = [np.array(every[k]) for k in draw(st.lists(st.integers(0, 2), min_size=1, max_size=3, unique=True))]
    rarely = draw(st.integers(0, 3))
    return parts, np.array(draw(st.lists(st.integers(0, 3), min_size=number, max_size=number))) >= rarely


@settings(max_examples=400, deadline=None, derandomize=True)
@given(towns())
def test_nobody_arrives_at_a_small_group_by_subtracting_what_is_published(town):
    parts, counted = town
    overall, *hidden = withheld_groups(parts, counted)
    assert numbers_below_five(parts, hidden, counted, not overall[0]) == []
    for part, own in zip(parts, hidden, strict=True):
        for group in set(part):
            assert own[group] or (
                (part == group).sum() >= FEWEST and counted[part == group].sum() not in range(1, FEWEST)
            )


@pytest.mark.parametrize(
    "parts",
    [
        [[0] * 9 + [1] * 6 + [2] * 3],
        [[0] * 9 + [1] * 6 + [2] * 3 + [3] * 9, [0] * 18 + [1] * 9],
        [[0] * 9 + [1] * 6 + [2] * 3, [0] * 15 + [1] * 3],
    ],
)
def test_whoever_withholds_only_the_small_groups_is_found_out(parts):
    small = [np.bincount(part) < FEWEST for part in parts]
    assert numbers_below_five(parts, small, np.ones(len(parts[0]), dtype=np.bool_))


def test_a_zone_is_withheld_where_its_town_would_give_a_small_one_away():
    zones = np.repeat([0, 1, 2, 3], [50, 3, 20, 30])
    _, own, of_towns = withheld_groups([zones, zones // 2], np.ones(103, dtype=np.bool_))
    assert (own.tolist(), of_towns.tolist()) == ([True, True, False, False], [False, False])


def small_group(rows, published_of="placed"):
    """Return an allocation whose group c is of three children, none of whom listed anything."""
    students = children(" ".join(f"S{i:02}" for i in range(sum(rows.values()))),
                        group=[name for name, size in rows.items() for _ in range(size)])  # fmt: skip
    choices = [f"{student['student_id']}: A" for student in students if student["group"] != "c"]
    return adm.allocate(office(students, {"A": 40}, choices), one_round(), seed="x")


def test_what_is_published_withholds_small_groups_and_the_next_and_keeps_the_rest():
    groups = adm.audit(small_group({"a": 17, "b": 8, "c": 3, "d": 11}), by="group").groups
    rows = groups.to_frame().filter(pl.col("measure") == "placed")
    assert rows.select("part", "group", "children", "total", "value").rows() == [
        ("overall", None, 39, 36, "0.923077"),
        ("group", "a", 17, 17, "1"),
        ("group", "b", None, None, None),
        ("group", "c", None, None, None),
        ("group", "d", 11, 11, "1"),
        ("gap", None, None, None, "0"),
        ("ratio", None, None, None, "1"),
    ]
    assert groups["group", "placed"].gap.value == 1
    listed = json.loads(groups.to_json())
    assert listed == groups.to_dicts()
    assert [c["groups"][2] for c in listed] == [{"group": "c", "value": None, "withheld": True}] * len(MEASURES)
    printed = str(groups)
    assert printed.count("withheld") == 2 * len(MEASURES) + 1
    assert "92.3 %" in printed and "withheld: a group of fewer than 5 children" in printed


def test_a_group_too_small_is_withheld_even_where_a_measure_counts_nobody_in_it():
    """That none of three children has a seat from the list would tell of each of them."""
    published = {c.measure: c for c in adm.audit(small_group({"a": 17, "b": 8, "c": 3}), by="group").groups.published}
    for measure in ("first_choice", "mean_rank"):
        assert [name for name, figure in published[measure].groups.items() if figure.withheld] == ["b", "c"]


def test_a_measure_that_counts_few_children_of_a_large_group_withholds_it_there_alone():
    students = children(" ".join(f"S{i:02}" for i in range(30)), group=["a"] * 10 + ["b"] * 10 + ["c"] * 10)
    choices = [f"S{i:02}: A" for i in (*range(20), 20, 21, 22)]
    allocation = adm.allocate(office(students, {"A": 40}, choices), one_round(), seed="x")
    published = {c.measure: c for c in adm.audit(allocation, by="group").groups.published}
    away = {m: [name for name, figure in c.groups.items() if figure.withheld] for m, c in published.items()}
    assert away["placed"] == away["envy"] == []
    assert away["first_choice"] == away["mean_rank"] == ["a", "c"]


def test_gap_and_ratio_published_say_nothing_of_the_groups_withheld():
    groups = adm.audit(small_group({"a": 17, "b": 8, "c": 3, "d": 11}), by="group").groups
    (placed,) = (c for c in groups.published if c.measure == "placed")
    assert (placed.gap.value, placed.ratio.value) == (0, 1)
    all_but_one_away = adm.audit(small_group({"a": 17, "b": 8, "c": 3}), by="group").groups
    assert {c.gap.value for c in all_but_one_away.published} == {None}
    everything_away = adm.audit(small_group({"a": 3, "b": 3}), by="group").groups
    assert {c.gap.value for c in everything_away.published} == {None}


def test_no_repr_of_groups_holds_a_number_of_children(allocation):
    groups = adm.audit(allocation, by="hukou").groups
    assert repr(groups) == "Groups(draws=0)"
    assert "Fraction" not in repr(groups["hukou", "placed"]) and "local" not in repr(groups["hukou", "placed"])
    with pytest.raises(KeyError):
        groups["hukou", "no measure"]
