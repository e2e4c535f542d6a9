"""What the clauses of a policy come to: lists, classes, orders, pools, keys."""

from hashlib import sha256

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.compiling.ranking import dense
from admissions.compiling.seats import apportion
from admissions.engine import allocate
from admissions.errors import DataError, PolicyError
from admissions.policy.policy import Policy
from tests.offices import children, office, one_round, seats_of


def test_the_first_class_whose_condition_holds_ranks_an_application():
    district = office(children("S1 S2 S3", hukou=["migrant", "local", "local"]), {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    classes = [{"class": "local", "when": "hukou = 'local'"}, {"class": "all", "when": "TRUE"}]
    allocation = allocate(district, one_round(priority=classes), seed="x")
    assert seats_of(allocation) == {"S1": None, "S2": "A", "S3": "A"}
    assert allocation.applications["class"].to_list() == ["all", "local", "local"]


def test_who_is_in_no_class_is_not_admitted_and_told_so():
    district = office(children("S1 S2", hukou=["migrant", None]), {"A": 2}, ["S1: A", "S2: A"])
    allocation = allocate(district, one_round(priority=[{"class": "migrant", "when": "hukou = 'migrant'"}]), seed="x")
    assert seats_of(allocation) == {"S1": "A", "S2": None}
    assert allocation.students["reason"].to_list() == [None, "no class"]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_missing_values_sort_last_in_either_direction(direction):
    district = office(children("S1 S2 S3", mark=[None, 5, 7]), {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    allocation = allocate(district, one_round(order=[f"mark {direction}"]))
    assert seats_of(allocation)["S1"] is None


def test_a_column_in_which_nothing_is_known_holds_for_nobody_and_ranks_nobody():
    """A district whose children have no marks yet, or a cohort without one migrant family."""
    district = office(children("S1 S2", mark=None, note=None), {"A": 1}, ["S1: A", "S2: A"])
    classes = [
        {"class": "marked", "when": "mark >= 400"},
        {"class": "noted", "when": "note LIKE 'a%'"},
        {"class": "rest"},
    ]
    allocation = allocate(district, one_round(priority=classes, order=["mark desc", "student_id"]))
    assert allocation.applications["class"].to_list() == ["rest", "rest"]
    assert seats_of(allocation) == {"S1": "A", "S2": None}


def test_marks_with_decimals_rank_exactly():
    marks = ["600.10", "600.1000000000000000001", "600.1"]
    district = office(children("S1 S2 S3", mark=marks), {"A": 1}, ["S1: A", "S2: A", "S3: A"])
    assert seats_of(allocate(district, one_round(order=["mark desc", "lottery"]), seed="x"))["S2"] == "A"


def test_what_the_order_leaves_equal_is_settled_by_id_and_reported():
    district = office(children("S3 S1 S2", mark=5), {"A": 1}, ["S3: A", "S1: A", "S2: A"])
    allocation = allocate(district, one_round(order=["mark desc"]))
    assert seats_of(allocation) == {"S1": "A", "S2": None, "S3": None}
    assert allocation.settled_by_id == {"primary": 3}


def test_the_lottery_is_sha256_of_seed_and_id_smallest_first():
    ids = ["S1", "S2", "S3", "S4"]
    district = office(children(" ".join(ids)), {"A": 1}, [f"{one}: A" for one in ids])
    allocation = allocate(district, one_round(), seed="2016-07-01 09:00")
    numbers = {one: sha256(f"2016-07-01 09:00:{one}".encode()).hexdigest() for one in ids}
    assert seats_of(allocation)[min(ids, key=numbers.get)] == "A"
    assert dict(allocation.applications.select("student_id", "lottery").iter_rows()) == numbers


def test_with_scope_programme_each_programme_draws_anew():
    ids = [f"S{i}" for i in range(1, 9)]
    district = office(children(" ".join(ids)), {"A": 1, "B": 1}, [f"{one}: A B" for one in ids])
    policy = Policy.from_dict(
        {"title": "t", "lottery": {"scope": "programme"}, "round": [{"name": "primary", "stage": "primary"}]}
    )
    rows = allocate(district, policy, seed="x").applications
    for student, programme, number in rows.select("student_id", "programme_id", "lottery").iter_rows():
        assert number == sha256(f"x:{programme}:{student}".encode()).hexdigest()


def test_a_lottery_policy_needs_a_seed():
    district = office(children("S1"), {"A": 1}, ["S1: A"])
    with pytest.raises(PolicyError, match="seed"):
        allocate(district, one_round())


def test_a_list_is_the_family_choices_and_then_the_schools_of_the_zone_nearest_first():
    students = [{"student_id": "S1", "zone_id": "Z", "x": 0, "y": 0}]
    schools = pl.DataFrame({"school_id": ["A", "B", "C"], "x": [30, 10, 20], "y": [0, 0, 0]})
    zones = pl.DataFrame({"zone_id": ["Z", "Z", "Z"], "school_id": ["A", "B", "C"]})
    district = office(students, {"A": 1, "B": 1, "C": 1}, ["S1: C"], schools=schools, zones=zones)
    rows = allocate(district, one_round(lists=["choices", "zone"]), seed="x").applications
    assert rows.select("programme_id", "rank").rows() == [("C", 1), ("B", 2), ("A", 3)]


def test_expressions_see_zone_distance_and_rank():
    students = [
        {"student_id": "S1", "zone_id": "Z", "x": 0, "y": 0},
        {"student_id": "S2", "zone_id": None, "x": 3, "y": 4},
    ]
    schools = pl.DataFrame({"school_id": ["A", "B"], "x": [0, 6], "y": [0, 8]})
    zones = pl.DataFrame({"zone_id": ["Z"], "school_id": ["A"]})
    district = office(students, {"A": 2, "B": 2}, ["S1: A B", "S2: A B"], schools=schools, zones=zones)
    classes = [
        {"class": "zone", "when": "in_zone"},
        {"class": "near", "when": "distance = 5 AND choice_rank = 1"},
        {"class": "second", "when": "choice_rank = 2 AND distance <= 10"},
    ]
    rows = allocate(district, one_round(priority=classes), seed="x").applications
    assert rows["class"].to_list() == ["zone", "second", "near", "second"]


def test_the_office_distance_goes_before_coordinates_and_a_child_own_before_its_zone():
    students = children("S1 S2", zone_id="Z", x=0, y=0)
    schools = pl.DataFrame({"school_id": ["A"], "x": [100], "y": [0]})
    zones = pl.DataFrame({"zone_id": ["Z"], "school_id": ["A"]})
    distances = pl.DataFrame(
        {"zone_id": ["Z", None], "student_id": [None, "S2"], "school_id": ["A", "A"], "metres": [70, 50]}
    )
    district = office(students, {"A": 1}, schools=schools, zones=zones, distances=distances)
    allocation = allocate(district, one_round(lists=["zone"], order=["distance asc"]))
    assert allocation.applications["distance"].to_list() == [70, 50]
    assert seats_of(allocation) == {"S1": None, "S2": "A"}


def test_a_condition_on_the_application_keeps_that_application_out():
    choices = pl.DataFrame(
        {"student_id": ["S1", "S1"], "rank": [1, 2], "programme_id": ["A", "B"], "eligible": ["false", "true"]}
    )
    district = office(children("S1"), {"A": 1, "B": 1}, choices=choices)
    allocation = allocate(district, one_round(students="eligible"), seed="x")
    assert seats_of(allocation) == {"S1": "B"}
    assert allocation.applications["outcome"].to_list() == ["not eligible", "admitted"]


def test_a_hard_pool_takes_members_alone_and_a_soft_one_takes_others_after_them():
    students = children("S1 S2 S3", origin=["out", "in", "in"], mark=[9, 5, 4])
    district = office(students, {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    pool = {"name": "in", "members": "origin = 'in'", "seats": 2}
    hard = allocate(district, one_round(order=["mark desc"], pool=[pool]))
    assert seats_of(hard) == {"S1": None, "S2": "A", "S3": "A"}
    assert hard.students["reason"].to_list()[0] == "no pool"
    students[2]["origin"] = "out"
    district = office(students, {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    soft = allocate(district, one_round(order=["mark desc"], pool=[{**pool, "others": "after members"}]))
    assert seats_of(soft) == {"S1": "A", "S2": "A", "S3": None}


@pytest.mark.parametrize(
    ("pools", "admitted"),
    [
        (["walk", "open"], {"w1", "w2", "n1", "n2"}),
        (["open", "walk"], {"w1", "n1", "w2", "w3"}),
    ],
)
def test_the_order_in_which_pools_are_tried_is_law_and_changes_who_gets_in(pools, admitted):
    """Dur, Kominers, Pathak and Sönmez 2018: walk-zone seats first equal no walk-zone priority at all."""
    ids = "w1 n1 w2 n2 w3 w4 n3 n4".split()
    students = children(" ".join(ids), place=list(range(8)), walk=[one[0] == "w" for one in ids])
    district = office(students, {"A": 4}, [f"{one}: A" for one in ids])
    clauses = {"walk": {"name": "walk", "members": "walk", "others": "after members", "seats": 2},
               "open": {"name": "open", "seats": 2}}  # fmt: skip
    allocation = allocate(district, one_round(order=["place asc"], pool=[clauses[name] for name in pools]))
    assert {one for one, seat in seats_of(allocation).items() if seat} == admitted


@pytest.mark.parametrize(
    ("pools", "expected"),
    [
        ([], {"s1": "c1", "s2": "c1", "s3": "c2"}),
        ([{"name": "anybody", "seats": 1}, {"name": "minority", "members": "minority", "seats": "rest"}],
         {"s1": "c1", "s2": "c2", "s3": "c1"}),
    ],
)  # fmt: skip
def test_a_majority_quota_can_hurt_the_minority(pools, expected):
    """Kojima 2012: with a majority quota of 1 at c1 everybody of the minority and the majority does worse."""
    students = children("s1 s2 s3", minority=[False, False, True], at_c1=[1, 2, 3], at_c2=[3, 1, 2])
    choices = ["s1: c1", "s2: c1 c2", "s3: c2 c1"]
    district = office(students, {"c1": 2, "c2": 1}, choices)
    order = ["CASE WHEN programme_id = 'c1' THEN at_c1 ELSE at_c2 END asc"]
    if pools:
        plan = pl.DataFrame(
            {"programme_id": ["c1", "c1", "c2"], "pool": ["anybody", "minority", "anybody"], "seats": [1, 1, 1]}
        )
        pools = [{**pool, "seats": "seat_plan"} for pool in pools]
        district = office(students, {"c1": 2, "c2": 1}, choices, seat_plan=plan)
    assert seats_of(allocate(district, one_round(order=order, pool=pools))) == expected


@pytest.mark.parametrize(
    ("merit", "opened", "reserved"),
    [("mG1 mG2 wG1 mS1 wS1", {"mG1", "wG1"}, {"mS1"}), ("mG1 mG2 wS1 mS1 wG1", {"mG1", "wS1"}, {"mS1"})],
)
def test_women_within_the_open_category_as_indian_law_has_it(merit, opened, reserved):
    """Sönmez and Yenmez on Saurav Yadav v. State of UP 2020: a minimum guarantee inside open, then the reserve."""
    ids = merit.split()
    students = children(merit, merit=list(range(5)), woman=[i[0] == "w" for i in ids], sc=[i[1] == "S" for i in ids])
    district = office(students, {"A": 3}, [f"{one}: A" for one in ids])
    pools = [{"name": "open", "seats": 1}, {"name": "women", "members": "woman", "others": "after members", "seats": 1},
             {"name": "SC", "members": "sc", "seats": 1}]  # fmt: skip
    rows = allocate(district, one_round(order=["merit asc"], pool=pools)).students
    by_pool = {pool: set(rows.filter(pl.col("pool") == pool)["student_id"]) for pool in ("open", "women", "SC")}
    assert by_pool["open"] | by_pool["women"] == opened
    assert by_pool["SC"] == reserved


def test_a_pool_of_a_number_is_apportioned_by_largest_remainder_and_the_rest_follows():
    district = office(children("S1"), {"A": 50, "B": 30, "C": 20}, ["S1: A"])
    pools = [{"name": "few", "seats": 7}, {"name": "others"}]
    cutoffs = allocate(district, one_round(pool=pools), seed="x").cutoffs
    assert cutoffs.filter(pl.col("pool") == "few")["seats"].to_list() == [4, 2, 1]
    assert cutoffs.filter(pl.col("pool") == "others")["seats"].to_list() == [46, 28, 19]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_an_apportionment_gives_every_seat_within_room_and_within_one_of_the_quota(data):
    weights = np.array(data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=8)))
    seats = data.draw(st.integers(0, int(weights.sum())))
    shares = apportion(seats, weights, weights)
    assert shares.sum() == seats
    assert (shares <= weights).all()
    if weights.sum():
        quotas = seats * weights
        assert (abs(shares * weights.sum() - quotas) < weights.sum()).all()
        remainders = quotas % weights.sum()
        extra = shares * weights.sum() > quotas
        if extra.any() and not extra.all():
            exact = remainders == 0
            assert remainders[extra].min() >= remainders[~extra & ~exact].max(initial=0)


def test_pools_may_not_ask_for_more_seats_than_there_are():
    district = office(children("S1"), {"A": 40}, ["S1: A"])
    with pytest.raises(PolicyError, match=r"30 \+ 20 = 50 seats together.*have 40"):
        allocate(district, one_round(pool=[{"name": "a", "seats": 30}, {"name": "b", "seats": 20}]), seed="x")


def test_a_seat_plan_may_not_exceed_its_programme():
    plan = pl.DataFrame({"programme_id": ["A", "A"], "pool": ["a", "b"], "seats": [30, 20]})
    district = office(children("S1"), {"A": 40}, ["S1: A"], seat_plan=plan)
    pools = [{"name": "a", "seats": "seat_plan"}, {"name": "b", "seats": "seat_plan"}]
    with pytest.raises(DataError, match="pools sum to 50 seats, the programme has 40"):
        allocate(district, one_round(pool=pools), seed="x")


def test_the_class_size_of_the_policy_makes_seats_where_a_programme_states_none():
    programmes = pl.DataFrame(
        {"programme_id": ["A", "B", "C"], "school_id": ["A", "B", "C"], "stage": "primary",
         "seats": [None, None, 7], "classes": [2, 2, 1], "class_size": [None, 30, None]}
    )  # fmt: skip
    district = office(children("S1"), {"A": 0, "B": 0, "C": 0}, ["S1: A"], programmes=programmes)
    policy = one_round().replace(class_size={"primary": 45})
    assert allocate(district, policy, seed="x").cutoffs["seats"].to_list() == [90, 60, 7]
    with pytest.raises(DataError, match="class_size"):
        allocate(district, one_round(), seed="x")


def test_rounds_that_share_a_programme_share_its_seats_and_remember_whom_they_left():
    district = office(children("S1 S2 S3", mark=[9, 8, 7]), {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    first = {"name": "first", "stage": "primary", "order": ["mark desc"], "pool": [{"name": "early", "seats": 1}]}
    second = {"name": "second", "stage": "primary", "order": ["mark asc"], "students": "left_by = 'first'"}
    allocation = allocate(district, Policy.from_dict({"title": "t", "round": [first, second]}))
    assert allocation.students.select("round", "programme_id").rows() == [("first", "A"), (None, None), ("second", "A")]
    assert allocation.cutoffs["seats"].to_list() == [1, 1]


def test_a_student_no_round_considered_was_left_by_none():
    district = office(children("S1 S2", mark=[9, None]), {"A": 1}, ["S1: A", "S2: A"])
    first = {"name": "first", "stage": "primary", "students": "mark >= 400", "order": ["mark desc"]}
    second = {"name": "second", "stage": "primary", "students": "left_by IS NULL", "order": ["student_id"]}
    allocation = allocate(district, Policy.from_dict({"title": "t", "round": [first, second]}))
    assert seats_of(allocation) == {"S1": "A", "S2": None}


def test_twins_apply_as_one_and_may_take_the_last_seat_together():
    students = children("S1 S2 S3", mark=[5, 9, 5], bundle_id=["twins", None, "twins"])
    district = office(students, {"A": 2}, ["S1: A", "S2: A", "S3: A"])
    allocation = allocate(district, one_round(order=["mark desc"]))
    assert seats_of(allocation) == {"S1": "A", "S2": "A", "S3": "A"}
    assert allocation.cutoffs["admitted"].to_list() == [3]


def test_twins_draw_one_number_under_the_name_of_their_bundle():
    district = office(children("S1 S2", bundle_id="twins"), {"A": 2}, ["S1: A"])
    allocation = allocate(district, one_round(), seed="x")
    assert allocation.applications["lottery"].to_list() == [sha256(b"x:twins").hexdigest()] * 2
    assert seats_of(allocation) == {"S1": "A", "S2": "A"}


def test_twins_who_differ_in_what_the_policy_reads_are_refused():
    district = office(children("S1 S2", bundle_id="twins", mark=[5, 6]), {"A": 2}, ["S1: A", "S2: A"])
    with pytest.raises(DataError, match="differs from its bundle in 'mark'"):
        allocate(district, one_round(order=["mark desc"]))


def test_twins_with_different_lists_are_refused():
    district = office(children("S1 S2", bundle_id="twins"), {"A": 2, "B": 1}, ["S1: A", "S2: B"])
    with pytest.raises(DataError, match="another list than its bundle"):
        allocate(district, one_round(), seed="x")


@pytest.mark.parametrize(
    ("clause", "message"),
    [
        ({"students": "hukuo = 'local'"}, r"round 'primary' › students: no column 'hukuo' \(did you mean 'hukou'\?\)"),
        ({"priority": [{"class": "c", "when": "nosuch"}]}, r"priority 'c' › when: no column 'nosuch'"),
        ({"order": ["nosuch desc"]}, r"round 'primary' › order: no column 'nosuch'"),
        ({"pool": [{"name": "p", "members": "nosuch"}]}, r"pool 'p' › members: no column 'nosuch'"),
        ({"guarantee": {"who": "in_zone"}}, r"guarantee › who: 'in_zone' reads columns of more than the student"),
        ({"programmes": "hukou = 'local'"}, r"programmes: 'hukou = 'local'' reads columns of more than the programme$"),
        ({"programmes": "stage = 'primary'"}, r"'stage' is the student's \(did you mean 'programme_stage'\?\)"),
        ({"students": "mark"}, r"students: 'mark' is Int64, and a condition is true or false"),
        ({"students": "mark > 'x'"}, r"students: 'mark > 'x''"),
        ({"order": ["mark / 2 desc"]}, r"floating-point numbers, which round"),
    ],
)
def test_a_clause_that_does_not_fit_the_tables_is_named_with_round_and_key(clause, message):
    district = office(children("S1", hukou="local", mark=5), {"A": 1}, ["S1: A"])
    with pytest.raises(PolicyError, match=message):
        allocate(district, one_round(**clause), seed="x")


def test_all_misfits_are_reported_at_once():
    district = office(children("S1"), {"A": 1}, ["S1: A"])
    with pytest.raises(PolicyError) as caught:
        allocate(district, one_round(students="nosuch", order=["nothere"]), seed="x")
    assert "nosuch" in str(caught.value)
    assert "nothere" in str(caught.value)


def test_a_column_of_numbers_and_words_never_ranks_as_text():
    district = office(children("S1 S2 S3", mark=["99", "600", "6a0"]), {"A": 1}, ["S1: A", "S2: A", "S3: A"])
    with pytest.raises(
        DataError, match="row 2  mark '6…'  is no number, and round 'primary' › order ranks by this column"
    ):
        allocate(district, one_round(order=["mark desc"]))


def test_a_mechanism_that_needs_one_order_says_so_with_its_round():
    students = children("S1 S2", at_a=[1, 2], at_b=[2, 1])
    district = office(students, {"A": 1, "B": 1}, ["S1: A B", "S2: A B"])
    order = ["CASE WHEN programme_id = 'A' THEN at_a ELSE at_b END asc"]
    with pytest.raises(PolicyError, match=r"round 'primary' › mechanism"):
        allocate(district, one_round(order=order, mechanism="serial_dictatorship"))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(-(2**40), 2**40), max_size=40))
def test_dense_keys_keep_order_and_equality(values):
    array = np.array(values, dtype=np.int64)
    places = sorted(set(values))
    assert dense(array).tolist() == [places.index(value) for value in values]


def test_a_guarantee_places_children_of_whose_homes_nothing_is_known():
    district = office(children("S1 S2"), {"A": 1, "B": 1}, ["S1: A", "S2: A"])
    allocation = allocate(district, one_round(order=["student_id asc"], guarantee={}))
    assert seats_of(allocation) == {"S1": "A", "S2": "B"}


def test_a_guarantee_in_a_round_without_programmes_says_that_seats_ran_out():
    district = office(children("S1 S2", zone_id="Z"), {"A": 1})
    allocation = allocate(district, one_round(programmes="FALSE", lists=["zone"], guarantee={}), seed="x")
    assert allocation.students["reason"].to_list() == ["seats ran out"] * 2
    assert allocation.shortfall.rows() == [("primary", "zone", "Z", 2, None)]


@pytest.mark.parametrize("where", ["mark > 1", "student_mark > 1", "left_by IS NULL"])
def test_children_of_one_home_are_guaranteed_what_each_of_them_is_guaranteed(where):
    students = children("S1 S2", mark=[1, 5], x=0, y=0)
    schools = pl.DataFrame({"school_id": ["A", "B"], "x": [1, 2], "y": [0, 0]})
    district = office(students, {"A": 0, "B": 2}, ["S1: A"], schools=schools)
    first = {"name": "first", "stage": "primary", "order": ["mark desc"]}
    second = {"name": "second", "stage": "primary", "order": ["mark desc"], "guarantee": {"where": where}}
    allocation = allocate(district, Policy.from_dict({"title": "t", "round": [first, second]}))
    assert seats_of(allocation) == {"S1": None, "S2": "B"}


@pytest.mark.parametrize("name", ["choice_rank", "rank", "choice_mark"])
def test_a_guarantee_that_reads_a_choice_is_refused_by_name(name):
    choices = pl.DataFrame({"student_id": ["S1"], "rank": [1], "programme_id": ["A"], "mark": [3]})
    district = office(children("S1"), {"A": 1}, choices)
    with pytest.raises(PolicyError, match=f"guarantee › where: '{name}' is of a choice"):
        allocate(district, one_round(order=["lottery"], guarantee={"where": f"{name} IS NULL"}), seed="x")
