"""Mechanisms named in a policy: what its parameters mean in the office's words, and what is told about them."""

from dataclasses import replace
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

import admissions as adm
from admissions.compiling.checking import check_policy
from admissions.errors import PolicyError
from admissions.mechanisms import MECHANISMS
from admissions.policy.soundness import UNLISTED, WITH_TIES, unsound_clauses
from admissions.testing.cases import Case
from admissions.testing.relations import find_violation
from tests.offices import children, office, one_round, seats_of

MARKS = {"order": ["mark desc", "lottery"]}


def by_marks(marks, choices, seats, **columns):
    """Return a district of students A, B, C … with these marks."""
    ids = " ".join("ABCDEFGH"[: len(marks)])
    return office(children(ids, mark=marks, **columns), seats, choices)


def run(district, seed="s", **clause):
    allocation = adm.allocate(district, one_round(**clause), seed=seed)
    failed = [finding.code for finding in adm.audit(allocation).failed]
    assert not failed
    return seats_of(allocation)


def contested():
    return by_marks([9, 8, 7], ["A: X Y", "B: X Y", "C: Y X"], {"X": 1, "Y": 1})


def test_one_line_turns_a_district_from_one_mechanism_to_another():
    district = contested()
    assert run(district, mechanism="deferred_acceptance", **MARKS) == {"A": "X", "B": "Y", "C": None}
    assert run(district, mechanism="immediate_acceptance", **MARKS) == {"A": "X", "B": None, "C": "Y"}
    assert run(district, mechanism="parallel", parameters={"band": 2}, **MARKS) == {"A": "X", "B": "Y", "C": None}
    assert run(district, mechanism="parallel", parameters={"band": [1, 1]}, **MARKS) == {"A": "X", "B": None, "C": "Y"}
    assert run(district, mechanism="serial_dictatorship", **MARKS) == {"A": "X", "B": "Y", "C": None}
    assert run(district, mechanism="top_trading_cycles", **MARKS) == {"A": "X", "B": "Y", "C": None}


def test_a_band_without_end_is_read_from_toml():
    text = """
title = "t"
[[round]]
name = "primary"
stage = "primary"
mechanism = "parallel"
parameters = { band = [1, inf] }
"""
    rule = adm.Policy.from_toml(text).rounds[0]
    assert rule.parameters["band"][1] == Decimal("Infinity")
    allocation = adm.allocate(contested(), adm.Policy.from_toml(text), seed="s")
    assert len(allocation.students) == 3


def test_bands_of_marks_are_in_the_unit_of_the_marks():
    district = contested()
    bands = {"mechanism": "score_bands", "order": ["mark desc", "lottery"]}
    assert run(district, **bands, parameters={"width": 1}) == {"A": "X", "B": "Y", "C": None}
    assert run(district, **bands, parameters={"width": 2, "first_line": 9}) == {"A": "X", "B": None, "C": "Y"}
    assert run(district, **bands, parameters={"width": 2, "first_line": 8}) == {"A": "X", "B": "Y", "C": None}
    assert run(district, **bands, parameters={"width": 3}) == {"A": "X", "B": None, "C": "Y"}
    assert run(district, **bands, parameters={"width": 1, "first_line": 20}) == {"A": "X", "B": "Y", "C": None}


def test_bands_of_marks_with_decimals_missing_marks_and_pools():
    marks = [Decimal("707.5"), Decimal("707.4"), Decimal("667.5"), None]
    district = by_marks(marks, ["A: X", "B: Y X", "C: X Y", "D: Y"], {"X": 2, "Y": 1})
    bands = {"mechanism": "score_bands", "order": ["mark desc", "lottery"]}
    assert run(district, **bands, parameters={"width": 40, "first_line": Decimal("707.5")})["D"] is None
    with pytest.raises(PolicyError, match="first_line = 707.55: the marks have 1 decimals"):
        run(district, **bands, parameters={"width": 40, "first_line": Decimal("707.55")})


def test_bands_are_in_marks_where_all_who_are_tied_enter_too():
    bands = {"mechanism": "score_bands", "order": ["mark desc"]}
    width = {"width": 40, "first_line": 707, "ties": "admit_all"}
    district = by_marks([710, 670, 661], ["A: X", "B: X Y", "C: Y"], {"X": 1, "Y": 1})
    assert run(district, **bands, parameters=width) == {"A": "X", "B": "Y", "C": None}
    tied = by_marks([710, 670, 670, 661], ["A: X", "B: Y", "C: Y", "D: Y"], {"X": 1, "Y": 1})
    assert run(tied, **bands, parameters=width) == {"A": "X", "B": "Y", "C": "Y", "D": None}


def test_points_where_fewer_are_better_have_bands_too():
    district = by_marks([1, 2, 3], ["A: X Y", "B: X Y", "C: Y X"], {"X": 1, "Y": 1})
    bands = {"mechanism": "score_bands", "order": ["mark", "lottery"]}
    assert run(district, **bands, parameters={"width": 2, "first_line": 1}) == {"A": "X", "B": None, "C": "Y"}
    assert run(district, **bands, parameters={"width": 2, "first_line": 2}) == {"A": "X", "B": "Y", "C": None}


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ({"order": ["lottery"]}, "'lottery' is no whole or decimal number"),
        ({"order": ["name", "lottery"]}, "'name' is no whole or decimal number"),
        ({"order": ["mark desc"], "parameters": {"width": 0}}, "at least one unit"),
        ({"order": ["mark desc"], "parameters": {"width": "wide"}}, "width = 'wide': a number is needed"),
        ({"order": ["mark desc"], "parameters": {"width": 1, "first_line": 10**19}}, "do not fit a key"),
        (
            {"priority": [{"class": "a", "when": "mark > 8"}, {"class": "b"}], "order": ["mark desc"]},
            "bands are of one mark",
        ),
    ],
)
def test_bands_that_cannot_be_formed_are_refused(clause, words):
    district = by_marks([9, 8, 7], ["A: X", "B: X"], {"X": 1}, name=["a", "b", "c"])
    with pytest.raises(PolicyError, match=words):
        run(district, mechanism="score_bands", **{"parameters": {"width": 1}, **clause})


def test_all_who_are_tied_with_the_last_admitted_enter_and_the_audit_counts_them():
    district = by_marks([9, 8, 8, 7], ["A: X", "B: X", "C: X", "D: X"], {"X": 2})
    policy = one_round(mechanism="deferred_acceptance", parameters={"ties": "admit_all"}, order=["mark desc"])
    allocation = adm.allocate(district, policy)
    assert seats_of(allocation) == {"A": "X", "B": "X", "C": "X", "D": None}
    assert allocation.cutoffs["admitted"].to_list() == [3]
    verdicts = adm.audit(allocation)
    assert not verdicts.failed
    assert "P4" in [finding.code for finding in verdicts.findings if finding.verdict == "holds"]
    assert "missed by 1" in str(adm.explain(allocation, "D"))


def test_a_mechanism_with_parameters_divides_seats_among_pools():
    district = by_marks([9, 8, 7], ["A: X", "B: X", "C: X"], {"X": 2}, rural=[False, False, True])
    pools = [{"name": "rural", "members": "rural", "seats": 1}, {"name": "open"}]
    assert run(district, mechanism="parallel", parameters={"band": 1}, pool=pools, **MARKS) == {
        "A": "X",
        "B": None,
        "C": "X",
    }
    plan = pl.DataFrame({"programme_id": ["X"], "pool": ["rural"], "seats": [2]})
    planned = office(children("A B", mark=[9, 8], rural=[False, True]), {"X": 2}, ["A: X", "B: X"], seat_plan=plan)
    pools = [{"name": "rural", "members": "rural", "seats": "seat_plan"}]
    assert run(planned, parameters={"ties": "lottery"}, pool=pools, **MARKS) == {"A": None, "B": "X"}


def test_a_lottery_leaves_nobody_tied():
    with pytest.raises(PolicyError, match="the lottery of the order leaves nobody equal"):
        one_round(parameters={"ties": "admit_all"})


def test_children_who_apply_together_pass_where_not_all_of_them_fit():
    rows = children("A B C D", mark=[9, 8, 8, 7], bundle_id=[None, "t", "t", None])
    district = office(rows, {"X": 2, "Y": 2}, ["A: X", "B: X Y", "C: X Y", "D: Y"])
    assert run(district, **MARKS) == {"A": "X", "B": "X", "C": "X", "D": "Y"}
    policy = one_round(parameters={"bundles": "skip"}, **MARKS)
    allocation = adm.allocate(district, policy, seed="s")
    assert seats_of(allocation) == {"A": "X", "B": "Y", "C": "Y", "D": None}
    assert "not all children of the application would have found a seat" in str(adm.explain(allocation, "B"))
    assert adm.audit(allocation)["P4"].verdict == "not claimed"
    assert "without envy" in unsound_clauses(policy)[0]


def improvable(**columns):
    choices = ["A: Y X", "B: X Y", "C: X Z"]
    return by_marks([1, 2, 3], choices, {"X": 1, "Y": 1, "Z": 1}, **columns)


def test_consent_is_a_condition_on_students():
    order = {"priority": [{"class": "own", "when": "(student_id = 'A' AND programme_id = 'X') OR "
                           "(student_id = 'B' AND programme_id = 'Y')"}, {"class": "rest"}], "order": ["mark desc"]}  # fmt: skip
    district = improvable(agrees=[True, True, False])
    clause = {"mechanism": "efficiency_adjusted", **order}
    assert run(district, mechanism="deferred_acceptance", **order) == {"A": "X", "B": "Y", "C": "Z"}
    assert run(district, **clause) == {"A": "Y", "B": "X", "C": "Z"}
    assert run(district, **clause, parameters={"consent": "agrees"}) == {"A": "X", "B": "Y", "C": "Z"}
    allocation = adm.allocate(district, one_round(**clause))
    assert "exchanges" in str(adm.explain(allocation, "C"))
    with pytest.raises(PolicyError, match="consent: no column 'agres' .did you mean 'agrees'"):
        run(district, **clause, parameters={"consent": "agres"})
    with pytest.raises(PolicyError, match="consent = 3"):
        run(district, **clause, parameters={"consent": 3})


def test_a_lottery_among_equals_takes_nothing_that_can_be_given_back():
    order = {"priority": [{"class": "own", "when": "(student_id = 'A' AND programme_id = 'X') OR "
                           "(student_id = 'B' AND programme_id = 'Y')"}, {"class": "rest"}], "order": ["lottery"]}  # fmt: skip
    district, outcomes = improvable(), set()
    for seed in "abcdefgh":
        assert run(district, seed=seed, mechanism="stable_improvement", **order) == {"A": "Y", "B": "X", "C": "Z"}
        outcomes.add(tuple(run(district, seed=seed, **order).values()))
    assert outcomes == {("Y", "X", "Z"), ("X", "Y", "Z")}
    with pytest.raises(PolicyError, match="'tie_break' from the run's seed"):
        one_round(mechanism="stable_improvement", parameters={"tie_break": [1]})


def test_a_secured_seat_is_a_column_of_students():
    district = by_marks([1, 9, 8], ["A: X Y", "B: Y X", "C: X Y"], {"X": 1, "Y": 1}, now=["Y", None, None])
    trade = {"mechanism": "top_trading_cycles", **MARKS}
    assert run(district, **trade) == {"A": None, "B": "Y", "C": "X"}
    assert run(district, **trade, parameters={"owned": "now"}) == {"A": "X", "B": "Y", "C": None}
    with pytest.raises(PolicyError, match="no column 'nwo' in students"):
        run(district, **trade, parameters={"owned": "nwo"})
    strange = by_marks([1, 9], ["A: X", "B: X"], {"X": 1}, now=["Q", None])
    with pytest.raises(PolicyError, match="names 1 programmes that are not in this round, 'Q…' among them"):
        run(strange, **trade, parameters={"owned": "now"})


@pytest.mark.parametrize("mechanism", ["top_trading_cycles", "efficiency_adjusted"])
def test_a_mechanism_that_needs_strict_priorities_says_what_would_break_the_tie(mechanism):
    district = by_marks([9, 9], ["A: X", "B: X"], {"X": 1})
    with pytest.raises(PolicyError, match="2 applications are equal in all that is compared; end the order with 'lot"):
        run(district, mechanism=mechanism, order=["mark desc"])
    assert set(run(district, mechanism=mechanism, order=["mark desc", "lottery"]).values()) == {"X", None}
    by_id = run(district, mechanism=mechanism, order=["mark desc"], parameters={"ties": "lottery"})
    assert by_id == {"A": "X", "B": None}


def test_a_cap_over_groups_of_programmes():
    district = by_marks([9, 8, 7, 6], ["A: X Y", "B: X Y", "C: Y X", "D: Z"], {"X": 2, "Y": 2, "Z": 2})
    both = {"programmes": "programme_id IN ('X', 'Y')", "at_most": 2}
    regional = {"mechanism": "regional", **MARKS}
    assert run(district, **regional, parameters={"cap": 6}) == {"A": "X", "B": "X", "C": "Y", "D": "Z"}
    assert run(district, **regional, parameters={"cap": [both]}) == {"A": "X", "B": "Y", "C": None, "D": "Z"}
    capped = one_round(**regional, parameters={"cap": [both]})
    allocation = adm.allocate(district, capped, seed="s")
    free = adm.allocate(district, one_round(**regional, parameters={"cap": 6}), seed="s")
    assert adm.audit(allocation)["P3"].verdict == "holds"
    overfull = replace(free, policy=capped, records=(replace(free.records[0], rule=capped.rounds[0]),))
    assert adm.audit(overfull)["P3"].total.witnesses == ({"cap": 2, "admitted": 3},)
    with pytest.raises(PolicyError, match=r"cap\[0\]: a table with at_most"):
        run(district, **regional, parameters={"cap": [{"most": 3}]})
    with pytest.raises(PolicyError, match="no pool 'al' .did you mean 'all'"):
        run(district, **regional, parameters={"cap": [{"pools": ["al"], "at_most": 1}]})
    with pytest.raises(PolicyError, match="cap: -1 is no count"):
        run(district, **regional, parameters={"cap": -1})


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ({"mechanism": "paralel"}, "no mechanism 'paralel' .did you mean 'parallel'"),
        ({"mechanism": "parallel"}, "parallel needs the parameter 'band'"),
        ({"mechanism": "parallel", "parameters": {"bnd": 2}}, "no parameter 'bnd' .did you mean 'band'"),
        ({"promises": ["strategy-prof"]}, "no property 'strategy-prof' .did you mean 'strategy-proof'"),
    ],
)
def test_what_the_table_does_not_know_is_refused_when_a_policy_is_read(clause, words):
    with pytest.raises(PolicyError, match=words):
        one_round(**clause)


@pytest.mark.parametrize("parameters", [{"band": 0}, {"band": 2, "ties": "both"}])
def test_a_bad_value_is_refused_before_any_round_runs(parameters):
    policy = one_round(mechanism="parallel", parameters=parameters)
    with pytest.raises(PolicyError, match="round 'primary' › mechanism"):
        check_policy(contested(), policy)


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ({"mechanism": "immediate_acceptance", "promises": ["strategy-proof"]}, "immediate_acceptance fails it"),
        ({"promises": ["efficient"]}, "deferred_acceptance fails it"),
        ({"promises": ["best stable"], "parameters": {"proposing": "programmes"}}, "not known to keep"),
        ({"promises": ["weakly efficient"], "parameters": {"proposing": "programmes"}}, "not known to keep"),
        ({"promises": ["strategy-proof"], "parameters": {"ties": "admit_all"}, "order": ["mark"]}, "not known to keep"),
        ({"promises": ["strategy-proof"], "mechanism": "stable_improvement"}, "not known to keep"),
        ({"promises": ["strategy-proof"], "mechanism": "top_trading_cycles"}, "not known to keep"),
        ({"order": ["choice_rank", "lottery"]}, "by choice_rank"),
        ({"priority": [{"class": "first", "when": "choice_rank = 1"}, {"class": "rest"}]}, "by choice_rank"),
        ({"promises": ["strategy-proof"], "guarantee": {}}, "leaving it out"),
        ({"mechanism": "regional", "parameters": {"cap": 5}, "guarantee": {}}, "beyond it"),
    ],
)
def test_what_does_not_go_together_is_told(clause, words):
    (sentence,) = unsound_clauses(one_round(**clause))
    assert words in sentence


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_a_mechanism_keeps_can_be_promised_without_a_word(mechanism):
    row = MECHANISMS[mechanism]
    needed = {"parallel": {"band": 2}, "score_bands": {"width": 1}, "regional": {"cap": 3}}.get(mechanism, {})
    kept = [name for name in row.holds if mechanism != "stable_improvement" or name not in WITH_TIES]
    whole = {"lists": ["choices", "nearest"], **MARKS}
    clause = {"mechanism": mechanism, "parameters": needed, "promises": kept, **whole}
    assert not unsound_clauses(one_round(**clause))
    assert bool(unsound_clauses(one_round(**{**clause, "promises": list(row.fails)}))) == bool(row.fails)


OWN_FIRST = ((0, 1, 2), (1, 2, 0)), (1, 1)
"""Student 0 goes first at school 0, and student 1 at school 1."""
FOUR = ((3, 0, 2, 1), (1, 2, 3, 0), (0, 1, 2, 3)), (1, 1, 2)
PAIR = ((1, 0, 2, 3), (1, 0, 2, 3), (3, 0, 2, 1)), (0, 1, 2)
BLIND = {
    "strategy-proof": Case(((1,), (0, 1), (1,)), *OWN_FIRST),
    "pairs": Case(((2, 0, 1), (0, 2, 1), (2,), (1,)), *PAIR),
    "non-bossy": Case(((1, 0, 2), (2, 0, 1), (1, 0, 2), (1, 0, 2)), *FOUR),
    "cut below": Case(((1, 0), (0, 1), (1,)), *OWN_FIRST),
    "list one": Case(((1, 0), (0, 1), (1,)), *OWN_FIRST),
}


@pytest.mark.parametrize("relation", UNLISTED)
def test_who_trades_only_what_is_listed_does_not_keep_what_trading_keeps(relation):
    def as_in_a_round(market):
        return adm.match(replace(market, unlisted=None), "top_trading_cycles")

    assert find_violation(as_in_a_round, relation, BLIND[relation])
    assert not find_violation("top_trading_cycles", relation, BLIND[relation])


def test_all_who_are_tied_may_enter_in_one_order_without_a_word_about_the_truth():
    clause = {"promises": ["strategy-proof"], "parameters": {"ties": "admit_all"}, "order": ["mark"]}
    assert not unsound_clauses(one_round(mechanism="serial_dictatorship", **clause))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_runs_a_made_up_city_and_the_audit_finds_what_it_claims(mechanism):
    district = adm.generate_district("family", size=400)
    needed = {"parallel": {"band": 2}, "score_bands": {"width": 5}, "regional": {"cap": 150}}.get(mechanism, {})
    stage = "senior"
    clause = {"name": "senior", "stage": stage, "mechanism": mechanism, "parameters": needed}
    order = ["total desc", "lottery"] if "total" in district.students.columns else ["lottery"]
    sizes = {"primary": 45, "junior": 50}
    policy = adm.Policy.from_dict({"title": "t", "class_size": sizes, "round": [{**clause, "order": order}]})
    allocation = adm.allocate(district, policy, seed="s")
    assert not adm.audit(allocation).failed
    assert (allocation.students.filter(stage=stage)["programme_id"].is_not_null()).any()
    shuffled = adm.District.from_frames(
        **{name: frame.sample(fraction=1.0, shuffle=True, seed=7) for name, frame in district.tables().items()}
    )
    assert (
        adm.allocate(shuffled, policy, seed="s")
        .students.sort("student_id")
        .equals(allocation.students.sort("student_id"))
    )
    assert np.isin(allocation.rounds["applicants"].to_numpy(), [0], invert=True).all()


def ways():
    """Return a district in which each child lists X before Y, and A alone has a short way to Y."""
    listed = pl.DataFrame(
        {"student_id": list("AABB"), "rank": [1, 2, 1, 2], "programme_id": list("XYXY"), "metres": [900, 100, 300, 800]}
    )
    return office(children("A B", mark=[9, 8]), {"X": 1, "Y": 1}, listed)


def test_costs_are_an_expression_over_the_application():
    cheapest = {"mechanism": "minimum_cost", **MARKS}
    assert run(ways(), **cheapest) == {"A": "X", "B": "Y"}
    assert run(ways(), **cheapest, parameters={"cost": "metres"}) == {"A": "Y", "B": "X"}
    assert run(ways(), **cheapest, parameters={"cost": "10 * rank - metres"}) == {"A": "X", "B": "Y"}
    assert run(ways(), mechanism="rank_maximal", **MARKS) == {"A": "X", "B": "Y"}


@pytest.mark.parametrize(
    ("cost", "words"),
    [
        (7, "cost = 7: a column or an expression of whole numbers is needed"),
        ("meters", "no column 'meters' .did you mean 'metres'"),
        ("metres / 1000.0", "a cost is a whole number: round to a small unit"),
        ("metres > 5", "a cost is a whole number"),
        ("CASE WHEN metres < 500 THEN metres END", "is not known for 2 applications; say what those cost"),
    ],
)
def test_a_cost_that_is_no_whole_number_is_refused(cost, words):
    with pytest.raises(PolicyError, match=words):
        run(ways(), mechanism="minimum_cost", parameters={"cost": cost}, **MARKS)
