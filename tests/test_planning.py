"""Years ahead: nobody is lost, what is expected is what a person computes, and odds are what they say."""

import json
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
import polars as pl
import pytest

import admissions as adm
from admissions.planning import projection
from admissions.planning.chances import Drawn, Expected
from admissions.planning.flow_tables import ten_parts
from admissions.simulation.intervals import exact_interval

TARGETS = [
    {"name": "dropout", "measure": "figure", "of": "primary_dropout_rate", "at_most": 0.005, "source": "item 1"},
    {"name": "attrition", "measure": "figure", "of": "primary_attrition_rate", "at_most": 0.05, "source": "item 1"},
]
BY_ZONE = adm.Policy.from_dict(
    {
        "title": "By zone",
        "class_size": {"primary": 45, "junior": 50},
        "round": [{"name": "primary", "stage": "primary", "lists": ["zone"]}],
        "target": TARGETS,
    }
)


def town(**changes):
    """Two zones, each with a school of its own: one class of 45 a year."""
    frames = {
        "students": pl.DataFrame({"student_id": ["A1", "A2", "B1"], "zone_id": ["A", "A", "B"]}).with_columns(
            stage=pl.lit("primary")
        ),
        "schools": pl.DataFrame({"school_id": ["PA", "PB"]}),
        "programmes": pl.DataFrame(
            {"programme_id": ["a", "b"], "school_id": ["PA", "PB"], "classes": [1, 1]}
        ).with_columns(stage=pl.lit("primary")),
        "zones": pl.DataFrame({"zone_id": ["A", "B"], "school_id": ["PA", "PB"]}),
    }
    return adm.District.from_frames(**{**frames, **changes})


def rolls(children, classes=1):
    """The same number in each grade of both schools."""
    rows = [(school, grade, children, classes) for school in ("PA", "PB") for grade in range(1, 7)]
    return pl.DataFrame(rows, schema=["school_id", "grade", "children", "classes"], orient="row")


def births(children, years=range(2011, 2016)):
    rows = [(zone, year, children) for zone in ("A", "B") for year in years]
    return pl.DataFrame(rows, schema=["zone_id", "year", "children"], orient="row")


def assumed(children=40, born=30, **keys):
    content = {"title": "t", "year": 2016, "rate": [{"of": "primary", "dropout": 0}], **keys}
    return adm.Assumptions.of(content, enrolment=rolls(children), births=births(born))


def ahead(assumptions, years=3, draws=0, seed="s", district=None, policy=BY_ZONE):
    return adm.project(district or town(), policy, years=years, assumptions=assumptions, draws=draws, seed=seed)


def median(found, year, school, grade):
    found = found.enrolment.filter(year=year, school_id=school, grade=grade)
    return found["median"].item() if len(found) else 0


def test_nobody_leaves_and_each_cohort_is_a_grade_higher_a_year_later():
    found = ahead(assumed())
    assert [median(found, 2016, "PA", grade) for grade in range(1, 7)] == [2, 40, 40, 40, 40, 40]
    assert [median(found, 2018, "PA", grade) for grade in range(1, 7)] == [30, 30, 2, 40, 40, 40]


def test_what_is_expected_is_what_the_ceilings_of_the_plan_give_by_hand():
    """Two schools of 600: 0.5 % of 1,200 drop out, 6, and 5 % leave, 60; 570 of each go on, then 542 (28.5 leave)."""
    rates = [{"of": "primary", "dropout": 0.005, "attrition": 0.05}]
    found = ahead(assumed(600, rate=rates), years=2)
    flows = found.flows.filter(year=2015, grade=1)
    assert flows.select("dropped_out", "moved_away", "onward").rows() == [(3.0, 27.0, 570.0)] * 2
    assert [median(found, 2016, school, 2) for school in ("PA", "PB")] == [570, 570]
    assert sorted(median(found, 2017, school, 3) for school in ("PA", "PB")) == [541, 542]


@pytest.mark.parametrize("draws", [0, 5])
def test_every_child_of_a_roll_is_a_grade_higher_has_left_or_has_finished(draws):
    rates = [{"of": "primary", "dropout": 0.02, "attrition": 0.1, "coming": 0.05}]
    housing = [{"zone_id": "A", "year": 2017, "dwellings": 100, "primary": 0.4}]
    found = ahead(assumed(rate=rates, housing=housing), years=4, draws=draws)
    flows = found.flows.with_columns(
        left=pl.col("roll") - pl.col("dropped_out") - pl.col("moved_away") + pl.col("moved_in"),
    )
    assert np.allclose(flows["left"], flows["onward"])
    assert flows["new_housing"].sum() > 0
    accounts = {
        (year, school, grade): row
        for year, school, grade, *row in flows.select(
            "year", "school_id", "grade", "entered", "beyond_seats", "new_housing", "roll", "onward"
        ).iter_rows()
    }
    for (year, school, grade), (entered, beyond, housed, roll, _) in accounts.items():
        if year > 2015:
            below = accounts.get((year - 1, school, grade - 1), [0] * 5)[-1]
            assert roll == pytest.approx(below + entered + beyond + housed)


@pytest.mark.parametrize(
    ("children", "names"),
    [
        (45, []),
        (46, ["above the cap"]),
        (55, ["above the cap"]),
        (56, ["above the cap", "large"]),
        (65, ["above the cap", "large"]),
        (66, ["above the cap", "large", "super-large"]),
    ],
)
def test_a_class_passes_a_limit_with_the_child_that_is_one_too_many(children, names):
    found = ahead(assumed(children), years=1)
    passed = found.crossings.filter(school_id="PA", grade=4)
    assert passed["limit"].to_list() == names
    assert found.enrolment.filter(school_id="PA", grade=4)["level"].item() == (names[-1] if names else None)
    assert found.enrolment.filter(school_id="PA", grade=4)["classes_needed"].item() == -(-children // 45)


def test_children_beyond_the_seats_are_told_and_stay_in_a_school_of_their_zone():
    found = ahead(assumed(born=60), years=2)
    assert found.entry.filter(year=2017).select("seats", "applicants_median", "without_seat_median").row(0) == (
        90,
        120,
        30,
    )
    assert [median(found, 2017, school, 1) for school in ("PA", "PB")] == [60, 60]
    assert "2017, primary intake: 120 children for 90 seats; the rounds leave 30 without one" in found.alerts[0]
    assert found.crossings.filter(year=2017, limit="large")["first"].to_list() == [1.0, 1.0]


def test_a_programme_opens_and_closes_when_it_is_said_to():
    intake = [{"programme_id": "a", "year": 2017, "classes": 2}, {"programme_id": "b", "year": 2018, "classes": 0}]
    found = ahead(assumed(born=60, intake=intake), years=3)
    classes = found.enrolment.filter(school_id="PA")
    assert classes.filter(grade=1)["classes"].to_list() == [1, 2, 2]
    assert classes.filter(year=2018, grade=2)["classes"].item() == 2
    assert found.entry["seats"].to_list() == [90, 135, 90]


PLANNED = [{"name": name, "members": f"sex = '{name}'", "seats": "seat_plan"} for name in ("f", "m")]
REST = [PLANNED[0], {"name": "others", "others": "after members"}]


def planned(plan, intake, pools=PLANNED, policy=BY_ZONE, years=3):
    """Zone A with seats for 25 girls and 20 boys, 25 of each every year, and what an intake of school PA makes of it."""
    many = pl.DataFrame({"student_id": [f"A{i:02}" for i in range(50)], "sex": ["f", "m"] * 25}).with_columns(
        stage=pl.lit("primary"), zone_id=pl.lit("A")
    )
    last = pl.DataFrame({"student_id": ["B1"], "sex": ["f"], "stage": ["primary"], "zone_id": ["B"]})
    rows = pl.DataFrame(plan, schema=["programme_id", "pool", "seats"], orient="row")
    district = town(students=pl.concat([many, last.select(many.columns)]), seat_plan=rows)
    rule = {"name": "primary", "stage": "primary", "lists": ["zone"], "pool": pools}
    policy = adm.Policy.from_dict({"title": "Girls and boys", "class_size": {"primary": 45}, "round": [rule]})
    return ahead(assumed(born=60, intake=intake), years, district=district, policy=policy)


PLAN = [("a", "f", 25), ("a", "m", 20), ("b", "f", 25), ("b", "m", 20)]


@pytest.mark.parametrize(
    ("intake", "told"),
    [
        ({"classes": 2}, "sum to 45 seats, and by the assumptions' intake the programme has 90 from 2017 on"),
        ({"seats": 40}, "sum to 45 seats, and by the assumptions' intake the programme has 40 from 2017 on"),
    ],
)
def test_an_intake_that_the_seat_plan_does_not_divide_is_refused_by_name(intake, told):
    """The plan's 45 seats would stay 45, and a second class empty, without a word."""
    changed = [{"programme_id": "a", "year": 2017, **intake}]
    with pytest.raises(adm.DataError) as error:
        planned(PLAN, changed)
    assert "seat_plan" in str(error.value) and "'a'" in str(error.value) and told in str(error.value)
    assert "project the years from 2017 on with a seat_plan of that year" in str(error.value)


def test_an_intake_is_what_it_is_said_to_be_where_a_pool_takes_what_the_seat_plan_leaves():
    found = planned(PLAN, [{"programme_id": "a", "year": 2017, "classes": 2}], REST)
    assert found.entry["seats"].to_list() == [90, 135, 135]
    entered = found.flows.filter(school_id="PA", grade=1)["entered"].to_list()
    assert entered[1:] == [45.0, 60.0, 60.0]
    with pytest.raises(adm.DataError, match="sum to 25 seats, and by the assumptions' intake the programme has 20"):
        planned(PLAN, [{"programme_id": "a", "year": 2017, "seats": 20}], REST)


def test_a_programme_that_closes_needs_no_seat_plan_and_one_that_opens_does():
    closed = planned(PLAN, [{"programme_id": "a", "year": 2017, "classes": 0}])
    assert closed.flows.filter(school_id="PA", grade=1).select("year", "entered").rows() == [(2015, 0.0), (2016, 45.0)]
    opening = [{"programme_id": "a", "year": 2016, "classes": 0}, {"programme_id": "a", "year": 2017, "classes": 1}]
    reopened = planned(PLAN, opening).flows.filter(school_id="PA", grade=1).select("year", "entered").rows()
    assert reopened == [(2015, 0.0), (2017, 45.0), (2018, 45.0)]


def test_a_school_that_opens_without_rows_of_the_seat_plan_is_refused():
    programmes = town().programmes.with_columns(classes=pl.Series([0, 1]))
    rows = pl.DataFrame(PLAN[2:], schema=["programme_id", "pool", "seats"], orient="row")
    pupils = town().students.with_columns(sex=pl.lit("f"))
    district = town(programmes=programmes, seat_plan=rows, students=pupils)
    rule = {"name": "primary", "stage": "primary", "lists": ["zone"], "pool": PLANNED}
    policy = adm.Policy.from_dict({"title": "t", "class_size": {"primary": 45}, "round": [rule]})
    opening = assumed(intake=[{"programme_id": "a", "year": 2018, "classes": 1}])
    with pytest.raises(adm.DataError, match="sum to 0 seats, and .* has 45 from 2018 on; give it rows that sum to 45"):
        ahead(opening, 3, district=district, policy=policy)
    whole = town(programmes=programmes, students=pupils, seat_plan=pl.DataFrame(
        PLAN, schema=["programme_id", "pool", "seats"], orient="row"))  # fmt: skip
    found = ahead(opening, 3, district=whole, policy=policy)
    assert found.flows.filter(school_id="PA", grade=1)["entered"].to_list()[-1] == 25.0


def test_children_by_age_are_the_births_of_who_still_lives():
    ages = pl.DataFrame(
        [(zone, age, 30) for zone in "AB" for age in (4, 5)], schema=["zone_id", "age", "children"], orient="row"
    )
    content = {"title": "t", "year": 2016, "rate": [{"of": "primary", "dropout": 0}]}
    by_age = adm.Assumptions.of(content, enrolment=rolls(40), children=ages)
    assert ahead(by_age).enrolment.equals(ahead(assumed()).enrolment)
    before = {"leaving": 0.1, "coming": 0.05}
    fewer = ahead(adm.Assumptions.of({**content, "before_school": before}, enrolment=rolls(40), children=ages))
    assert fewer.entry["applicants_median"].to_list() == [3, 57, 55]


def test_a_rate_at_its_ceiling_is_met_and_one_above_is_a_target_missed():
    at = ahead(assumed(rate=[{"of": "primary", "dropout": 0.005, "attrition": 0.05}]), years=1)
    assert at.rates["met"].to_list() == [True] * 4 and not at.alerts
    rates = [{"of": "primary", "dropout": 0.005, "attrition": 0.05}]
    rates += [{"of": "primary", "from_year": 2017, "dropout": 0.0051}]
    over = ahead(assumed(rate=rates), years=2)
    assert over.rates.select("year", "met").rows()[::2] == [(2015, True), (2016, True), (2017, False)]
    assert any("primary dropout of 0.51 % in 2017" in one and "item 1" in one for one in over.alerts)


def test_the_figures_hold_where_nothing_is_assumed():
    figures = pl.DataFrame({"name": ["primary_dropout_rate"], "value": ["0.004"]})
    found = ahead(assumed(rate=[]), years=1, district=town(figures=figures))
    assert found.rates.select("rate", "stated").rows() == [(0.004, "figures")] * 2


def high_schools():
    """A general and a vocational school, and one junior school before them."""
    seniors = pl.DataFrame({"student_id": [f"S{i:03d}" for i in range(100)]}).with_columns(
        stage=pl.lit("senior"), zone_id=pl.lit("A")
    )
    juniors = pl.DataFrame({"student_id": [f"T{i:03d}" for i in range(10)]}).with_columns(
        stage=pl.lit("junior"), zone_id=pl.lit("A")
    )
    district = adm.District.from_frames(
        students=pl.concat([seniors, juniors]),
        schools=pl.DataFrame({"school_id": ["G", "J", "V"], "kind": ["general", "compulsory", "vocational"]}),
        programmes=pl.DataFrame(
            {
                "programme_id": ["g", "j", "v"],
                "school_id": ["G", "J", "V"],
                "stage": ["senior", "junior", "senior"],
                "seats": [50, 200, 50],
            }
        ),
        zones=pl.DataFrame({"zone_id": ["A"], "school_id": ["J"]}),
    )
    rounds = [
        {"name": "junior", "stage": "junior", "lists": ["zone"]},
        {"name": "general", "stage": "senior", "programmes": "kind = 'general'", "lists": ["nearest"]},
        {
            "name": "diversion",
            "stage": "senior",
            "programmes": "kind = 'vocational'",
            "lists": ["nearest"],
            "pool": [{"name": "d", "seats": 10}],
        },
        {"name": "vocational", "stage": "senior", "programmes": "kind = 'vocational'", "lists": ["nearest"]},
    ]
    return district, adm.Policy.from_dict({"title": "t", "class_size": {"junior": 50}, "round": rounds})


def assumed_high(**keys):
    rates = [{"of": of, "dropout": 0} for of in ("junior", "general", "vocational")]
    content = {
        "title": "t",
        "year": 2016,
        "diverted_round": "diversion",
        "rate": rates,
        "onward": [{"to": "senior", "apply": 0.9, "elsewhere": 0.05}],
        "goals": {"senior": 0.9, "ratio": 1.0},
        **keys,
    }
    table = [
        ("J", 9, 100, 0),
        ("J", 8, 100, 0),
        ("G", 10, 50, 0),
        ("G", 11, 50, 0),
        ("V", 10, 50, 10),
        ("V", 11, 50, 10),
    ]
    return adm.Assumptions.of(
        content, enrolment=pl.DataFrame(table, schema=["school_id", "grade", "children", "diverted"], orient="row")
    )


def test_the_diverted_are_counted_on_either_side_and_as_moved_between_them():
    """Three grades of 50 and 50, ten of them diverted: 150 to 150; 120 to 150; 180 to 120."""
    district, policy = high_schools()
    found = ahead(assumed_high(), years=2, district=district, policy=policy)
    first = found.ratio.filter(year=2016).select("diverted_counted", "general", "vocational", "median", "met").rows()
    assert first == [
        ("as vocational", 150.0, 150.0, 1.0, 1.0),
        ("as moved out of general", 120.0, 150.0, 0.8, 0.0),
        ("as general", 180.0, 120.0, 1.5, 0.0),
    ]
    assert ten_parts(np.array([120, 180]), np.array([150, 120])).tolist() == [44, 60]
    assert any("as general: 6.0 : 4.0 in 2016" in one for one in found.alerts)


def test_progression_counts_who_enters_here_and_elsewhere_of_all_who_finish():
    district, policy = high_schools()
    found = ahead(assumed_high(), years=2, district=district, policy=policy)
    second = found.progression.filter(year=2017).select("graduates", "applied", "entered", "elsewhere", "median", "met")
    assert second.row(0) == (100.0, 90.0, 90.0, 5.0, 0.95, 1.0)
    less = assumed_high(onward=[{"to": "senior", "apply": 0.84, "elsewhere": 0.05}])
    missed = ahead(less, years=2, district=district, policy=policy)
    assert missed.progression.filter(year=2017)["median"].item() == 0.89
    assert any("may miss 90 % in 2017" in one for one in missed.alerts)


def test_new_dwellings_bring_children_to_every_grade_and_to_each_later_intake():
    housing = [{"zone_id": "A", "year": 2017, "dwellings": 600, "primary": 0.1}]
    found = ahead(assumed(housing=housing), years=3)
    assert [median(found, 2017, "PA", grade) for grade in range(1, 7)] == [40, 12, 50, 50, 50, 50]
    assert median(found, 2018, "PA", 1) == 40 and median(found, 2018, "PB", 1) == 30


def test_intervals_of_odds_hold_the_binomial_odds_in_nineteen_of_twenty_projections():
    """48 children, of whom each leaves with 5 %: above 45 stay if at most two leave."""
    rate = Fraction(1, 20)
    odds = float(sum(comb(48, k) * rate**k * (1 - rate) ** (48 - k) for k in range(3)))
    cases, draws = 400, 60
    left = [
        [Drawn(f"{case}:{k}").share("leave", ["P"], np.array([48]), [rate])[0, 0] for k in range(draws)]
        for case in range(cases)
    ]
    low, high = exact_interval((np.array(left) <= 2).sum(axis=1), draws)
    assert ((low <= odds) & (odds <= high)).mean() >= 0.93


def binomial(children, share, least, most):
    """The chance that so many of some children, each with the same share, are still there."""
    return float(sum(comb(children, k) * share**k * (1 - share) ** (children - k) for k in range(least, most + 1)))


@pytest.mark.compiled
def test_intervals_and_ranges_of_whole_projections_hold_what_is_true_at_their_rate():
    """48 children of each grade and school, of whom each leaves with 5 % a year: who is left is binomial, and known.

    Intervals of the odds that more than 45 are left hold them in 19 of 20 cases, and the range from 5 % to 95 % of the
    draws holds 9 of 10 courses, up to what 60 draws know and whole children allow. Nobody enters, so a case is quick.
    """
    assumptions = assumed(48, born=0, rate=[{"of": "primary", "dropout": 0.05}])
    odds_held, within = [], []
    for case in range(10):
        found = ahead(assumptions, years=3, draws=60, seed=f"case {case}")
        told = {(row["year"], row["school_id"], row["grade"]): row
                for row in found.crossings.filter(limit="above the cap").iter_rows(named=True)}  # fmt: skip
        for row in found.enrolment.iter_rows(named=True):
            leaves = row["year"] - 2015
            if row["grade"] <= leaves:
                continue
            left = Fraction(19, 20) ** leaves
            odds = binomial(48, left, 46, 48)
            own = told.get((row["year"], row["school_id"], row["grade"]), {"low": 0.0, "high": 1 - 0.025 ** (1 / 60)})
            odds_held.append(own["low"] <= odds <= own["high"])
            within.append(binomial(48, left, row["low"], row["high"]))
    assert len(odds_held) == len(within) == 10 * 2 * (5 + 4 + 3)
    assert np.mean(odds_held) >= 0.95
    assert 0.9 <= np.mean(within) <= 0.96


def test_higher_rates_take_away_the_same_children_and_more():
    fewer, more = (Drawn("s").share("leave", ["P"], np.array([500]), [Fraction(p, 100)])[0, 0] for p in (4, 5))
    luck = Drawn("s").share("leave", ["P"], np.array([500]), [Fraction(4, 100), Fraction(5, 100)])[:, 0]
    assert luck.tolist() == [fewer, more] and fewer < more


def test_shares_expected_never_exceed_what_there_is_and_add_up():
    found = Expected().share("x", ["a", "b", "c"], np.array([1, 0, 10]), [Fraction(1, 3), Fraction(1)])
    assert found[1].tolist() == [1, 0, 10] and found[0].sum() == 4 and (found[0] <= found[1]).all()


def test_the_order_of_rows_and_the_number_of_threads_change_no_byte(tmp_path):
    rates = [{"of": "primary", "dropout": 0.02, "attrition": 0.1}]
    content = {"title": "t", "year": 2016, "rate": rates}
    written = []
    for name, turn, workers in (("one", 1, 1), ("two", -1, 2)):
        district = town(**{table: frame[::turn] for table, frame in town().tables().items()})
        assumptions = adm.Assumptions.of(content, enrolment=rolls(40)[::turn], births=births(50)[::turn])
        found = adm.project(district, BY_ZONE, years=3, assumptions=assumptions, draws=6, seed="s", workers=workers)
        found.write(tmp_path / name)
        written.append({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()})
    manifests = [json.loads(files.pop("run.json")) for files in written]
    assert written[0] == written[1]
    assert manifests[0]["outputs"] == manifests[1]["outputs"]
    with pytest.raises(adm.AdmissionsError, match="exists"):
        found.write(tmp_path / "two")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"births_rate": 1}, "births_rate: unknown key"),
        ({"hosing": []}, r"unknown key \(did you mean 'housing'\?\)"),
        ({"rate": [{"of": "primary", "dropuot": 0}]}, r"unknown key \(did you mean 'dropout'\?\)"),
        ({"rate": [{"of": "primary", "dropout": 1.5}]}, "less than or equal to 1"),
        ({"rate": [{"of": "primary", "dropout": 0.1}] * 2}, "stated twice without from_year"),
        ({"rate": [{"of": "primary", "dropout": True}]}, "a number is needed"),
        ({"onward": [{"to": "junior", "apply": 0.9, "elsewhere": 0.2}]}, "more than 1 together"),
        ({"housing": [{"zone_id": "A", "year": 2015, "dwellings": 5}]}, "before the intake of 2016"),
        ({"intake": [{"programme_id": "a", "year": 2016}]}, "state classes, or seats"),
        ({"class_limits": {"large": 70}}, "not above large"),
    ],
)
def test_assumptions_that_say_nothing_that_can_be_done_are_refused(keys, words):
    with pytest.raises(adm.PolicyError, match=words):
        assumed(**keys)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"rate": []}, "nobody states how many of 'primary' drop out in 2015"),
        ({"rate": [{"of": "primary", "dropout": 0.2, "attrition": 0.1}]}, "above the attrition"),
        ({"diverted_round": "primry"}, "no such round of the policy .did you mean 'primary'"),
        ({"housing": [{"zone_id": "Z", "year": 2016, "dwellings": 5}]}, "housing › zone_id = 'Z': no such zone"),
        ({"intake": [{"programme_id": "z", "year": 2016, "classes": 1}]}, "no such programme"),
        ({"in_district": "orgin = 'x'"}, "no column 'orgin' in students"),
    ],
)
def test_assumptions_that_do_not_fit_the_tables_are_refused(keys, words):
    with pytest.raises(adm.PolicyError, match=words):
        ahead(assumed(**keys))


def test_tables_that_are_missing_or_wrong_are_refused_by_name_with_the_way_out():
    content = {"title": "t", "year": 2016, "rate": [{"of": "primary", "dropout": 0}]}
    with pytest.raises(adm.DataError, match="rolls of the year before the intake"):
        ahead(adm.Assumptions.of(content, births=births(3)))
    with pytest.raises(
        adm.DataError, match="no children of year 2012, who enter in 2018, for 2 of 2 zones, the first 'A'"
    ):
        ahead(adm.Assumptions.of(content, enrolment=rolls(3), births=births(3, [2011])))
    wrong = rolls(3).with_columns(school_id=pl.lit("PX") + pl.col("school_id"))
    with pytest.raises(adm.DataError, match="no such school"):
        ahead(adm.Assumptions.of(content, enrolment=wrong, births=births(3)))
    with pytest.raises(adm.DataError, match="3 children in no class"):
        ahead(adm.Assumptions.of(content, enrolment=rolls(3, 0), births=births(3)))
    strange = births(3).with_columns(pl.col("zone_id") + "X")
    with pytest.raises(adm.DataError, match="zone_id 'AX'  no such zone"):
        ahead(adm.Assumptions.of(content, enrolment=rolls(3), births=strange))
    with pytest.raises(adm.DataError, match="children '-3'"):
        adm.Assumptions.of(content, enrolment=rolls(-3))
    with pytest.raises(adm.DataError, match="is there twice|stands twice"):
        adm.Assumptions.of(content, enrolment=pl.concat([rolls(3), rolls(3)]))
    with pytest.raises(TypeError, match="did you mean 'enrolment'"):
        adm.Assumptions.of(content, enrolments=rolls(3))
    with pytest.raises(adm.PolicyError, match="give one of them"):
        adm.Assumptions.of(content, births=births(3), children=births(3))


@pytest.mark.parametrize("years", [0, -1, True, 2.0, 101])
def test_a_number_of_years_that_is_none_is_refused(years):
    with pytest.raises(adm.AdmissionsError, match="years = "):
        ahead(assumed(), years=years)


def test_draws_need_a_seed_and_a_whole_number():
    with pytest.raises(adm.PolicyError, match="give a seed"):
        ahead(assumed(), seed=None, draws=2)
    with pytest.raises(adm.AdmissionsError, match="draws = -1"):
        ahead(assumed(), draws=-1)


def test_interrupting_a_projection_keeps_the_finished_draws(tmp_path):
    def interrupt(done, total):
        assert total == 9
        if done == 4:
            raise KeyboardInterrupt

    assumptions = assumed(rate=[{"of": "primary", "dropout": 0.05}])
    some = adm.project(town(), BY_ZONE, years=2, assumptions=assumptions, draws=9, seed="s", tell=interrupt)
    assert (some.draws, some.complete) == (4, False)
    few = ahead(assumptions, years=2, draws=4)
    assert few.complete and all(frame.equals(few.frames()[name]) for name, frame in some.frames().items())
    some.write(tmp_path / "some")
    assert json.loads((tmp_path / "some" / "run.json").read_text())["draws"] == 4


def test_a_projection_interrupted_before_any_draw_ends(monkeypatch):
    def interrupt(outset, seed, number):
        raise KeyboardInterrupt

    monkeypatch.setattr(projection, "run_course", interrupt)
    with pytest.raises(KeyboardInterrupt):
        adm.project(town(), BY_ZONE, years=2, assumptions=assumed(), draws=9, seed="s", workers=1)


def test_a_district_without_children_has_rolls_ahead_all_the_same():
    nobody = town(students=town().students.clear())
    found = ahead(assumed(), years=1, district=nobody)
    assert median(found, 2016, "PA", 2) == 40 and found.entry["applicants_median"].to_list() == [0]
    with pytest.raises(adm.DataError, match="nobody of stage 'primary'"):
        ahead(assumed(), years=2, district=nobody)


def test_the_made_up_district_goes_on_by_its_work_plan_and_nobody_is_lost():
    district, policy = adm.generate_district("planning", size=120), adm.read_policy("district_2016")
    rows = []
    for school, stage in district.programmes.select("school_id", "stage").unique().sort("school_id").iter_rows():
        first, last = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}[stage]
        rows += [(school, grade, 20) for grade in range(first, last + 1)]
    table = pl.DataFrame(rows, schema=["school_id", "grade", "children"], orient="row").unique(["school_id", "grade"])
    zones = district.zones["zone_id"].unique().sort().to_list()
    born = pl.DataFrame(
        [(zone, year, 8) for zone in zones for year in (2011, 2012)],
        schema=["zone_id", "year", "children"],
        orient="row",
    )
    onward = [{"to": "junior", "apply": 0.97, "elsewhere": 0.02}, {"to": "senior", "apply": 0.95}]
    content = {
        "title": "t",
        "year": 2016,
        "in_district": "origin = 'in_district'",
        "diverted_round": "diversion",
        "onward": onward,
    }
    found = ahead(adm.Assumptions.of(content, enrolment=table, births=born), draws=3, district=district, policy=policy)
    for year, below in pairwise((2015, 2016, 2017, 2018)):
        onward_by = {
            (s, g): v for s, g, v in found.flows.filter(year=year).select("school_id", "grade", "onward").iter_rows()
        }
        for school, grade, entered, beyond, roll in (
            found.flows.filter(year=below).select("school_id", "grade", "entered", "beyond_seats", "roll").iter_rows()
        ):
            came = onward_by.get((school, grade - 1), 0.0) if grade not in (1, 7, 10) else 0.0
            assert roll == pytest.approx(came + entered + beyond)
    assert {"primary", "junior", "senior"} == set(found.stages["stage"])
    assert "Rolls" in found.summary() and "General and vocational stock" in found.summary()
