"""The policy: refused with round and key, replaced without being changed, written back."""

from decimal import Decimal

import polars as pl
import pytest

from admissions.errors import PolicyError
from admissions.policy.expressions import parse_expression, parse_term
from admissions.policy.policy import Policy
from admissions.policy.reading import read_policy, shipped_policies

TEXT = """
title = "T"
[[round]]
name = "primary"
stage = "primary"
  [[round.priority]]
  class = "zone"
  when = "in_zone"
  [[round.pool]]
  name = "in district"
  seats = 5
[[target]]
name = "enrolment"
measure = "share"
of = "placed"
at_least = 0.96
"""

WRONG = {
    "unknown key": ('when = "in_zone"', 'whn = "in_zone"', r"round 'primary' › priority 'zone' › whn: unknown key \(did you mean 'when'\?\)"),
    "unknown top key": ('title = "T"', 'title = "T"\nlotery = 1', r"lotery: unknown key \(did you mean 'lottery'\?\)"),
    "no SQL": ('when = "in_zone"', 'when = "in_zone AND"', r"priority 'zone' › when = 'in_zone AND': .*is no SQL expression"),
    "aggregate": ('when = "in_zone"', 'when = "AVG(x) > 1"', "looks beyond one application"),
    "window": ('when = "in_zone"', 'when = "SUM(x) OVER () > 1"', "looks beyond one application"),
    "subquery": ('when = "in_zone"', 'when = "x IN (SELECT 1)"', "looks beyond one application"),
    "stage": ('stage = "primary"', 'stage = "nursery"', r"round 'primary' › stage = 'nursery'"),
    "mechanism": ('stage = "primary"', 'stage = "primary"\nmechanism = "deferred"', r"mechanism = 'deferred': no mechanism 'deferred'"),
    "negative seats": ("seats = 5", "seats = -5", r"pool 'in district' › seats"),
    "fractional seats": ("seats = 5", "seats = 5.5", r"pool 'in district' › seats"),
    "seats as text": ("seats = 5", 'seats = "5"', r"pool 'in district' › seats"),
    "missing key": ('name = "primary"', "", r"round 1 › name: this key is missing"),
    "no rounds": ("[[round]]", "[[rounds]]", r"rounds: unknown key \(did you mean 'round'\?\)"),
    "lists": ('stage = "primary"', 'stage = "primary"\nlists = []', r"round 'primary' › lists"),
    "lottery desc": ('stage = "primary"', 'stage = "primary"\norder = ["lottery desc"]', "one direction"),
    "measure": ('measure = "share"', 'measure = "sum"', r"target 'enrolment' › measure = 'sum'"),
    "TOML": ('title = "T"', "title = T", "no valid TOML"),
    "key twice": ('title = "T"', 'title = "T"\ntitle = "U"', "no valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), WRONG.values(), ids=WRONG)
def test_a_mistake_in_a_policy_is_told_with_its_place(old, new, message):
    assert old in TEXT
    with pytest.raises(PolicyError, match=message):
        Policy.from_toml(TEXT.replace(old, new, 1))


def test_all_mistakes_are_told_at_once():
    with pytest.raises(PolicyError) as caught:
        Policy.from_toml(TEXT.replace("in_zone", "in_zone AND").replace("seats = 5", "seats = -5"))
    assert "2 problems" in str(caught.value)


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        ('[[round]]\nname = "primary"\nstage = "junior"', "two rounds are named 'primary'"),
        ('[[target]]\nname = "enrolment"\nmeasure = "count"\nof = "placed"', "two targets are named"),
    ],
)
def test_names_are_unique(extra, message):
    with pytest.raises(PolicyError, match=message):
        Policy.from_toml(TEXT + extra)


def test_one_pool_at_most_takes_the_rest():
    pools = [{"name": "a"}, {"name": "b"}]
    with pytest.raises(PolicyError, match="two pools take the rest"):
        Policy.from_dict({"title": "t", "round": [{"name": "r", "stage": "primary", "pool": pools}]})


def test_bounds_are_exact_decimals():
    assert Policy.from_toml(TEXT).targets[0].at_least == Decimal("0.96")
    assert Policy.from_dict(
        {**_minimal(), "target": [{"name": "a", "measure": "count", "of": "TRUE", "at_least": 0.1}]}
    ).targets[0].at_least == Decimal("0.1")


def _minimal():
    return {"title": "t", "round": [{"name": "r", "stage": "primary"}]}


def test_a_replaced_policy_leaves_the_first_as_it_was():
    policy = Policy.from_toml(TEXT)
    reform = policy.replace(
        {
            "rounds.primary.pool.in district.seats": 7,
            "rounds.primary.priority.zone.when": "TRUE",
            "targets.0.at_least": 1,
        },
        title="U",
    )
    assert (policy.rounds[0].pool[0].seats, reform.rounds[0].pool[0].seats) == (5, 7)
    assert reform.rounds[0].priority[0].when == "TRUE"
    assert reform.targets[0].at_least == 1
    assert (policy.title, reform.title) == ("T", "U")
    assert Policy.from_toml(reform.text) == reform


def test_a_key_is_taken_away_by_none():
    assert Policy.from_toml(TEXT).replace({"rounds.primary.priority": None}).rounds[0].priority == ()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("rounds.primry.mechanism", r"no 'primry' on the path.*did you mean 'primary'"),
        ("rounds.primary.pool.in district.seats.more", "goes on after"),
        ("rounds.primary.guarante.who", "no 'guarante' on the path"),
        ("rounds.primary.mechansm", "unknown key"),
    ],
)
def test_a_path_that_leads_nowhere_is_told(path, message):
    with pytest.raises(PolicyError, match=message):
        Policy.from_toml(TEXT).replace({path: "x"})


def test_a_policy_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Policy.from_toml(TEXT).title = "U"


@pytest.mark.parametrize("name", shipped_policies())
def test_every_shipped_policy_is_valid_and_each_of_its_clauses_names_its_source(name):
    policy = read_policy(name)
    assert policy.source
    for rule in policy.rounds:
        clauses = [rule, *rule.priority, *rule.pool, *([rule.guarantee] if rule.guarantee else [])]
        assert all(clause.source for clause in clauses), rule.name
    assert all(target.source for target in policy.targets)


def test_the_work_plan_numbers_are_in_the_shipped_policy():
    policy = read_policy("district_2016")
    seats = {(rule.name, pool.name): pool.seats for rule in policy.rounds for pool in rule.pool}
    assert seats == {
        ("general high school", "in district"): 550,
        ("general high school", "out of district"): 250,
        ("diversion", "diverted"): 100,
        ("vocational", "in district"): 500,
        ("vocational", "out of district"): 200,
    }
    assert policy.class_size == {"primary": 45, "junior": 50}


def test_an_unknown_policy_is_told_with_the_nearest_name(tmp_path):
    with pytest.raises(PolicyError, match="did you mean 'district_2016'"):
        read_policy("district_2017")
    (tmp_path / "bad.toml").write_bytes(b"title = '\xff'")
    with pytest.raises(PolicyError, match="is not UTF-8 text"):
        read_policy(tmp_path / "bad.toml")


def test_a_policy_is_read_from_a_file(tmp_path):
    (tmp_path / "mine.toml").write_text(TEXT)
    policy = read_policy(tmp_path / "mine.toml")
    assert (policy.title, policy.text) == ("T", TEXT)


@pytest.mark.parametrize(
    ("text", "columns"),
    [("TRUE", ()), ("a IN ('x', 'y') OR b IS NULL", ("a", "b")), ('"two words" = 1', ("two words",)), ("LENGTH(a) > 1", ("a",))],
)  # fmt: skip
def test_an_expression_names_the_columns_it_reads(text, columns):
    assert parse_expression(text).columns == columns


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("mark / hours > 1", [None, True, None]),
        ("mark / hours < 100", [None, True, None]),
        ("mark / 0 = 1", [None, None, None]),
        ("mark / (hours - 2) / (hours - 1) > -9", [True, None, None]),
        ("hours = 0 OR mark / hours > 1", [True, True, None]),
        ("CASE WHEN hours = 0 THEN TRUE ELSE mark / hours > 9 END", [True, False, None]),
        ("mark / 2 = 3", [True, False, False]),
    ],
)
def test_what_is_divided_by_0_is_not_known(text, holds):
    frame = pl.DataFrame({"mark": [6, 4, 7], "hours": [0, 2, None]})
    assert frame.select(holds=parse_expression(text).polars())["holds"].to_list() == holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("flag IS TRUE", [True, False, False]),
        ("flag IS NOT TRUE", [False, True, True]),
        ("flag is false", [False, True, False]),
        ("flag IS NOT FALSE", [True, False, True]),
        ("NOT flag IS TRUE", [False, True, True]),
        ("(flag IS FALSE) = FALSE AND mark = 6", [True, False, False]),
        ("COALESCE(flag IS TRUE, TRUE)", [True, False, False]),
        ("mark > 5 IS TRUE", [True, False, True]),
        ("flag IS/* or is it? */NOT TRUE -- IS TRUE", [False, True, True]),
        ("word = 'IS NOT TRUE'", [True, False, None]),
        ("word LIKE 'IS%' IS TRUE", [True, False, None]),
        ("word = '--' IS NOT TRUE", [True, False, True]),
        ('"IS TRUE" IS NULL', [False, False, True]),
    ],
)
def test_an_empty_cell_is_neither_true_nor_false(text, holds):
    frame = pl.DataFrame({"flag": [True, False, None], "mark": [6, 4, 7], "word": ["IS NOT TRUE", "--", None]})
    frame = frame.with_columns(pl.col("flag").alias("IS TRUE"))
    assert frame.select(holds=parse_expression(text).polars())["holds"].to_list() == holds


@pytest.mark.parametrize("depth", [10, 300])
def test_however_much_is_joined_a_division_is_read(depth):
    frame = pl.DataFrame({"mark": [6, 4, 7], "hours": [0, 2, None]})
    joined = " OR ".join([*(f"mark = {n}" for n in range(100, 100 + depth)), "mark / hours > 1"])
    assert frame.select(holds=parse_expression(joined).polars())["holds"].to_list() == [None, True, None]
    points = " ".join(f"WHEN mark = {n} THEN {n}" for n in range(100, 100 + depth))
    cases = f"CASE {points} ELSE mark / hours END > 1"
    assert frame.select(holds=parse_expression(cases).polars())["holds"].to_list() == [None, True, None]


def test_a_division_nested_beyond_reading_is_refused():
    with pytest.raises(PolicyError, match="what divides is nested too deeply"):
        parse_expression("mark" + " / hours" * 200 + " > 1")


def test_a_term_without_direction_ascends():
    assert not parse_term("hukou_since").descending
    assert parse_term("total DESC").descending
    with pytest.raises(PolicyError, match="empty"):
        parse_term("  ")


def test_a_float_of_a_mapping_is_the_decimal_it_shows_as_in_the_file_that_says_the_same():
    bands = {"mechanism": "score_bands", "parameters": {"width": 2.5}, "order": ["mark desc"]}
    policy = Policy.from_dict({"title": "t", "round": [{"name": "r", "stage": "primary", **bands}]})
    assert policy.rounds[0].parameters["width"] == Decimal("2.5")
    assert type(policy.rounds[0].parameters["width"]) is Decimal
    assert policy == Policy.from_toml(policy.text)


def test_a_key_of_a_mapping_that_says_nothing_is_refused():
    with pytest.raises(PolicyError, match="leave out the keys that say nothing"):
        Policy.from_dict({"title": "t", "round": [{"name": "r", "stage": "primary", "guarantee": None}]})
