"""The second opinion: what holds is found to hold, and each planted fault is refused by the property it breaks."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.audit import (
    Finding,
    Violations,
    audit_allocation,
    audit_market,
    justified_envy,
    overfull_pools,
    stable_improvements,
    wasted_seats,
)
from admissions.audit.evidence import read_round
from admissions.audit.improvement import best_stable_choice
from admissions.engine import allocate
from admissions.errors import PropertyError
from admissions.market import Market, Matching
from admissions.records import records_of_frame
from tests.offices import children, office, one_round

THREE = {
    "preferences": {"a": ["N", "S"], "b": ["N", "S"], "c": ["N"]},
    "priorities": {"N": ["a", "b", "c"], "S": ["b", "a"]},
    "seats": {"N": 1, "S": 1},
}


def broken(market, assignment):
    """Return the properties a matching of names breaks."""
    matching = market.matching(assignment)
    found = audit_market(market, matching) | {"P7": stable_improvements(market, matching)}
    return {code for code, violations in found.items() if violations.count}


@pytest.mark.parametrize(
    ("assignment", "codes"),
    [
        ({"a": "N", "b": "S"}, set()),
        ({"b": "N", "a": "S"}, {"P4"}),
        ({"a": "N", "b": None}, {"P5"}),
        ({"a": "N", "b": "N"}, {"P3"}),
    ],
)
def test_each_fault_of_a_matching_is_found(assignment, codes):
    assert broken(Market.from_preferences(**THREE), assignment) == codes


def test_a_seat_on_nobody_list_is_foreign():
    market = Market.from_preferences(**THREE)
    matching = Matching.of(market, np.array([2, -1, -1]))
    assert audit_market(market, matching)["P2"].count == 1


def test_envy_names_who_what_and_whom():
    market = Market.from_preferences(**THREE)
    envy = justified_envy(market, market.matching({"b": "N", "a": "S"}))
    assert envy.count == 1
    assert envy.witnesses == ({"applicant": 0, "choice": 0, "displaces": 1},)
    assert wasted_seats(market, market.matching({})).count == 5


@pytest.mark.parametrize(
    ("order", "admitted", "over"),
    [
        (["one", "two"], ["one", "two"], 0),
        (["two", "one"], ["one", "two"], 1),
        (["one", "two", "three"], ["one", "two", "three"], 1),
        (["two"], ["two"], 0),
    ],
)
def test_a_pool_may_end_one_over_by_its_last_twins_and_by_nothing_else(order, admitted, over):
    market = Market.from_preferences(
        {one: ["N"] for one in order}, {"N": order}, {"N": 2}, size={one: 2 for one in order if one in ("two", "three")}
    )
    assert overfull_pools(market, market.matching(dict.fromkeys(admitted, "N"))).count == over


def test_programmes_proposing_is_caught_by_the_improvement_cycle_alone():
    """Gale and Shapley 1962, Example 1: stable for all, best for the other side."""
    market = Market.from_preferences(
        {"α": "ABC", "β": "BCA", "γ": "CAB"},
        {"A": ["β", "γ", "α"], "B": ["γ", "α", "β"], "C": ["α", "β", "γ"]},
        {"A": 1, "B": 1, "C": 1},
    )
    assert broken(market, {"α": "A", "β": "B", "γ": "C"}) == set()
    for worse in ({"α": "B", "β": "C", "γ": "A"}, {"α": "C", "β": "A", "γ": "B"}):
        assert broken(market, worse) == {"P7"}
        witness = stable_improvements(market, market.matching(worse)).witnesses[0]
        assert len(witness["pools"]) == 3


def test_a_stable_outcome_with_twins_that_is_not_the_best_is_caught_too():
    market = Market.from_preferences(
        {"α": "ABC", "β": "BCA", "γ": "CAB", "twins": "D"},
        {"A": ["β", "γ", "α"], "B": ["γ", "α", "β"], "C": ["α", "β", "γ"], "D": ["twins"]},
        {"A": 1, "B": 1, "C": 1, "D": 1},
        size={"twins": 2},
    )
    assert broken(market, {"α": "A", "β": "B", "γ": "C", "twins": "D"}) == set()
    assert broken(market, {"α": "B", "β": "C", "γ": "A", "twins": "D"}) == {"P7"}


@st.composite
def small_markets(draw, sizes=(1,)):
    n, p = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    preferences = {i: draw(st.permutations(range(p)))[: draw(st.integers(0, p))] for i in range(n)}
    priorities = {c: list(draw(st.permutations(range(n)))) for c in range(p)}
    seats = {c: draw(st.integers(0, 3)) for c in range(p)}
    return Market.from_preferences(preferences, priorities, seats, {i: draw(st.sampled_from(sizes)) for i in range(n)})


@settings(max_examples=300, deadline=None)
@given(small_markets(sizes=(1, 2)))
def test_what_deferred_acceptance_claims_holds(market):
    matching = adm.match(market, "deferred_acceptance")
    assert not any(found.count for found in audit_market(market, matching).values())
    assert not stable_improvements(market, matching).count
    assert matching.choice.tolist() == best_stable_choice(market, matching.choice).tolist()


@settings(max_examples=300, deadline=None)
@given(small_markets(), st.data())
def test_the_cycle_finds_just_the_stable_matchings_that_are_not_the_best(market, data):
    """Every stable matching of a small market, by enumeration: it has a cycle unless it is the best."""
    choices = [[-1, *range(*market.indptr[i : i + 2])] for i in range(market.applicants)]
    choice = np.array([data.draw(st.sampled_from(options)) for options in choices])
    matching = Matching.of(market, choice)
    if any(found.count for found in audit_market(market, matching).values()):
        return
    best = adm.match(market, "deferred_acceptance")
    assert bool(stable_improvements(market, matching).count) == (choice.tolist() != best.choice.tolist())


@pytest.fixture(scope="module")
def allocation():
    """Return a fair allocation: 5 children, two schools, a guarantee that coordinates one."""
    students = children("S1 S2 S3 S4 S5", zone_id="Z", mark=[9, 8, 7, 6, 5], x=0, y=[0, 1, 2, 3, 4])
    schools = pl.DataFrame({"school_id": ["A", "B", "C"], "x": [0, 0, 0], "y": [5, 6, 7]})
    zones = pl.DataFrame({"zone_id": ["Z"], "school_id": ["A"]})
    choices = ["S1: A B", "S2: A", "S3: A", "S4: A B", "S5: A B"]
    district = office(students, {"A": 2, "B": 1, "C": 3}, choices, schools=schools, zones=zones)
    classes = [{"class": "top", "when": "mark > 7", "order": ["mark desc", "lottery"]},
               {"class": "rest", "when": "TRUE", "order": ["lottery"]}]  # fmt: skip
    return allocate(district, one_round(priority=classes, guarantee={}), seed="x")


def test_a_fair_allocation_passes(allocation):
    audit = adm.audit(allocation)
    assert [finding.verdict for finding in audit.findings] == ["holds"] * 9
    assert [finding.code for finding in audit.findings] == [f"P{i}" for i in range(1, 10)]
    audit.raise_if_failed()
    assert not audit_allocation(replace(allocation, district=None)).failed


def changed(allocation, student, **values):
    """Return the allocation with one row of its table changed."""
    is_it = pl.col("student_id") == student
    columns = [pl.when(is_it).then(pl.lit(value)).otherwise(name).alias(name) for name, value in values.items()]
    return replace(allocation, students=allocation.students.with_columns(columns))


def without(allocation, student):
    return replace(allocation, students=allocation.students.filter(pl.col("student_id") != student))


def unseat(allocation, student, **values):
    nothing = dict.fromkeys(("round", "programme_id", "school_id", "pool", "choice_rank"))
    return changed(allocation, student, **{**nothing, "route": "none", "reason": "outranked", **values})


def coordinated_of(allocation):
    return allocation.students.filter(pl.col("route") == "coordinated")["student_id"][0]


def with_applications(allocation, rows):
    """Return the allocation as if its applications had been recorded so."""
    first = allocation.records[0]
    records = records_of_frame(allocation.policy.rounds, rows, first.student_ids, first.programme_ids)
    return replace(allocation, records=records)


def forged_lottery(allocation):
    rows = allocation.applications
    forged = pl.when(pl.col("student_id") == "S5").then(pl.lit("0" * 64)).otherwise("lottery").alias("lottery")
    return with_applications(allocation, rows.with_columns(forged))


def admitted_twice(allocation):
    rows = allocation.applications
    second = (pl.col("student_id") == "S1") & (pl.col("programme_id") == "B")
    outcome = pl.when(second).then(pl.lit("admitted")).otherwise("outcome").alias("outcome")
    return with_applications(allocation, rows.with_columns(outcome))


def seats_shrunk(allocation):
    fewer = pl.when(pl.col("programme_id") == "A").then(pl.lit(1)).otherwise("seats").alias("seats")
    return replace(allocation, cutoffs=allocation.cutoffs.with_columns(fewer))


def class_changed(allocation):
    name = pl.when(pl.col("student_id") == "S1").then(pl.lit("rest")).otherwise("class").alias("class")
    return with_applications(allocation, allocation.applications.with_columns(name))


def admitted_miscounted(allocation):
    return replace(allocation, cutoffs=allocation.cutoffs.with_columns(pl.col("admitted") + 1))


def seat_of_another(allocation):
    return changed(allocation, "S2", programme_id="B", school_id="B")


PLANTED = {
    "a child admitted twice": (admitted_twice, "P1"),
    "a child twice in the table": (lambda a: replace(a, students=pl.concat([a.students, a.students[:1]]).sort("student_id")), "P1"),
    "a seat on no list": (seat_of_another, "P2"),
    "a class that is not the first that holds": (class_changed, "P2"),
    "a coordinated seat without a school of the round": (
        lambda a: changed(a, coordinated_of(a), programme_id="nowhere", school_id="nowhere"), "P2"),
    "fewer seats than admitted": (seats_shrunk, "P3"),
    "a published count that is not true": (admitted_miscounted, "P3"),
    "two seats swapped": (lambda a: changed(changed(a, "S1", programme_id="B", school_id="B", choice_rank=2), "S3",
                                            programme_id="A", school_id="A", pool="all", round="primary", route="choice",
                                            choice_rank=1, reason=None), "P4"),
    "a seat left empty": (lambda a: unseat(a, "S1"), "P5"),
    "a guaranteed child dropped": (lambda a: unseat(a, coordinated_of(a)), "P6"),
    "a forged lottery number": (forged_lottery, "P8"),
    "a student lost": (lambda a: without(a, "S5"), "P9"),
    "a stranger added": (lambda a: replace(a, students=a.students.vstack(
        a.students[:1].with_columns(student_id=pl.lit("S9")))), "P9"),
    "a row without seat or reason": (lambda a: unseat(a, "S5", reason=None), "P9"),
}  # fmt: skip


@pytest.mark.parametrize(("plant", "code"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_refused_by_the_property_it_breaks(allocation, plant, code):
    audit = audit_allocation(plant(allocation))
    assert code in {finding.code for finding in audit.failed}
    with pytest.raises(PropertyError, match=code):
        audit.raise_if_failed()


@pytest.mark.parametrize(
    "name", [name for name, (_, code) in PLANTED.items() if code in ("P1", "P3", "P4", "P5", "P6", "P8")]
)
def test_most_faults_are_refused_from_the_run_folder_alone(allocation, name):
    plant, code = PLANTED[name]
    audit = audit_allocation(replace(plant(allocation), district=None))
    assert code in {finding.code for finding in audit.failed}


def test_a_stable_result_that_is_not_the_best_is_refused():
    """Deferred acceptance run from the schools' side: no other property sees it."""
    ids = ["α", "β", "γ"]
    students = children(" ".join(ids), at_A=[3, 1, 2], at_B=[2, 3, 1], at_C=[1, 2, 3])
    district = office(students, {"A": 1, "B": 1, "C": 1}, ["α: A B C", "β: B C A", "γ: C A B"])
    order = ["CASE WHEN programme_id = 'A' THEN at_A WHEN programme_id = 'B' THEN at_B ELSE at_C END asc"]
    allocation = allocate(district, one_round(order=order))
    worse = dict(zip(ids, "BCA", strict=True))
    rows = allocation.students.with_columns(
        programme_id=pl.Series([worse[i] for i in allocation.students["student_id"]]),
        school_id=pl.Series([worse[i] for i in allocation.students["student_id"]]),
        choice_rank=pl.lit(2, dtype=pl.Int64),
    )
    wanted = pl.col("programme_id") == pl.col("student_id").replace_strict(worse)
    outcome = pl.when(wanted).then(pl.lit("admitted")).otherwise(pl.lit("refused")).alias("outcome")
    planted = replace(with_applications(allocation, allocation.applications.with_columns(outcome)), students=rows)
    assert {finding.code for finding in audit_allocation(planted).failed} == {"P7"}


def test_what_a_mechanism_does_not_claim_is_measured_and_called_not_claimed():
    finding = Finding("P4", (), {"primary": Violations(10, 3)})
    assert finding.verdict == "not claimed"
    assert finding.total.count == 3
    assert Finding("P4", ("a",), {"a": Violations(1), "b": Violations(10, 3)}).verdict == "holds"


def test_the_error_of_a_failed_audit_names_nobody(allocation):
    with pytest.raises(PropertyError) as caught:
        audit_allocation(unseat(allocation, "S1")).raise_if_failed()
    assert "S1" not in str(caught.value)


def test_at_most_twenty_witnesses_are_kept():
    market = Market.from_preferences({i: ["N"] for i in range(50)}, {"N": list(range(50))}, {"N": 50})
    waste = wasted_seats(market, market.matching({}))
    assert (waste.count, len(waste.witnesses)) == (50, 20)


def test_the_records_give_back_the_market_the_engine_solved(allocation):
    record = read_round(allocation, allocation.records[0])
    assert record.market.applicants == 5
    assert record.market.seats.tolist() == [2, 1, 3]
    again = adm.match(record.market, "deferred_acceptance")
    assert again.choice.tolist() == record.matching.choice.tolist()
