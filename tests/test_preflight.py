"""Before a run: what stops it, what is only told, what is acknowledged; and worked examples that say the truth."""

import json
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
import admissions.readiness
from admissions.compiling.seats import programme_seats
from admissions.district.reading import write_district
from admissions.errors import PreflightError
from admissions.readiness.concerns import CONCERNS, Concern, Preflight
from admissions.readiness.seats import LEAST_CHANGE, changed_seats, seats_of_year
from tests.offices import children, listed, office, one_round
from tests.test_cli import command  # noqa: F401
from tests.test_real_data import district_of, policy_of


def keys(ready):
    return [concern.key for concern in ready.stops], [concern.key for concern in ready.tells]


@pytest.fixture(scope="module")
def demo():
    return adm.generate_district("2016-07-01 09:00", 1500)


@pytest.fixture(scope="module")
def plan():
    return adm.read_policy("district_2016")


def test_the_shipped_policy_and_the_sample_district_raise_no_alarm(demo, plan):
    stops, tells = keys(adm.preflight(demo, plan, last_year=demo))
    assert stops == []
    assert {key.partition(":")[0] for key in tells} <= {"theory", "clause", "demand"}


@pytest.mark.parametrize(
    ("name", "policy"),
    [
        ("chiayi", policy_of("primary", lists=["zone"], order=["distance asc", "lottery"], guarantee={})),
        ("czech_2024", policy_of("senior", order=["exam desc", "lottery"])),
        ("czech_2024", policy_of("senior", students="eligible", order=["decision_tier asc", "student_id asc"])),
    ],
)
def test_real_districts_raise_no_alarm(name, policy):
    district = district_of(name)
    assert adm.preflight(district, policy, last_year=district).stops == ()


# ── What is acknowledged ─────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_acknowledged_no_longer_stops_and_is_still_told():
    concerns = [
        Concern("stops", "seats", "A", "a"),
        Concern("stops", "seats", "B", "b"),
        Concern("tells", "mark", "r", "c"),
    ]
    ready = Preflight.of(concerns, ["seats:A"])
    assert [concern.message for concern in ready.acknowledged] == ["a"]
    with pytest.raises(
        PreflightError, match=r"1 thing to mend before a run\n  b\n    if this is right: acknowledge 'seats:B'"
    ):
        ready.raise_if_stopped()
    Preflight.of(concerns, ["seats:A", "seats:B"]).raise_if_stopped()


def test_an_acknowledgement_that_fits_nothing_is_refused():
    with pytest.raises(PreflightError, match=r"nothing to acknowledge as 'seats:Aa' \(did you mean 'seats:A'\?\)"):
        Preflight.of([Concern("stops", "seats", "A", "a")], ["seats:Aa"])
    with pytest.raises(PreflightError, match="nothing to acknowledge as 'mark:r'"):
        Preflight.of([Concern("tells", "mark", "r", "c")], ["mark:r"])


# ── Seats ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("now", "before", "stops"),
    [
        (90, 45, True),
        (45, 90, True),
        (89, 45, False),
        (0, LEAST_CHANGE, True),
        (18, 9, False),
        (45, 45, False),
        (0, 0, False),
    ],
)
def test_seats_that_doubled_or_halved_stop_a_run(now, before, stops):
    assert [concern.key for concern in changed_seats({"A": now}, {"A": before})] == ["seats:A"] * stops


def test_programmes_that_come_and_go_are_told_and_a_year_without_any_in_common_stops():
    told = list(changed_seats({"A": 5, "B": 5}, {"A": 5, "C": 5}))
    assert [(concern.severity, concern.key) for concern in told] == [("tells", "seats:new"), ("tells", "seats:gone")]
    assert [concern.key for concern in changed_seats({"B": 5}, {"C": 5})] == ["seats:all"]


def test_last_years_run_tells_the_same_seats_as_last_years_tables(demo, plan):
    allocation = adm.allocate(demo, plan, seed="x")
    seats = dict(zip(demo.programmes["programme_id"], programme_seats(demo, plan).tolist(), strict=True))
    opened = seats_of_year(allocation, plan)
    assert seats_of_year(demo, plan) == seats
    compulsory = {one for one in seats if one[0] in "PJ"}
    assert {one: opened[one] for one in compulsory} == {one: seats[one] for one in compulsory}
    assert all(opened[one] <= seats[one] for one in opened)
    with pytest.raises(TypeError, match="a District or an Allocation is needed, str found"):
        seats_of_year("2015", plan)


@pytest.mark.parametrize(
    "pools", [({}, {}), ({"pool": [{"name": "four", "seats": 4}]}, {"pool": [{"name": "six", "seats": 6}]})]
)
def test_rounds_that_share_a_programme_count_its_seats_once(pools):
    rounds = [{"name": name, "stage": "primary", "students": f"kind = '{name}'", **pool}
              for name, pool in zip(("one", "two"), pools, strict=True)]  # fmt: skip
    policy = adm.Policy.from_dict({"title": "two rounds", "round": rounds})
    ones = children("S1 S2 S3 S4 S5", kind=["one", "one", "one", "one", "two"])
    district = office(ones, {"A": 10}, ["S1: A", "S2: A", "S3: A", "S4: A", "S5: A"])
    assert seats_of_year(adm.allocate(district, policy, seed="x"), policy) == {"A": 10}


def test_where_a_guarantee_places_the_rest_a_list_says_nothing_of_demand():
    district = office(children("S1 S2"), {"A": 1, "B": 40}, ["S1: A", "S2: A"])
    assert keys(adm.preflight(district, one_round())) == ([], ["demand:all"])
    many = children(" ".join(f"S{i}" for i in range(30)))
    assert keys(adm.preflight(office(many, {"A": 1, "B": 40}, ["S1: A"]), one_round(guarantee={}))) == ([], [])


def test_a_programme_of_no_round_is_in_no_demand_and_not_told():
    district = office(children("S1 S2"), {"A": 1, "B": 40}, ["S1: A", "S2: A"])
    assert keys(adm.preflight(district, one_round(programmes="programme_id = 'A'"))) == ([], [])


def test_a_child_with_a_seat_elsewhere_takes_part_where_it_could_be_given_one():
    choices = listed(["S1: A", "S2: A"]).with_columns(eligible=pl.Series([True, False]))
    district = office(children("S1 S2 S3"), {"A": 1}, choices)

    def stops(child, **clauses):
        return keys(adm.preflight(district, one_round(**clauses), excluded=pl.DataFrame({"student_id": [child]})))[0]

    assert stops("S1", students="eligible") == stops("S2") == ["excluded:primary"]
    assert stops("S2", students="eligible") == stops("S3") == []
    assert stops("S3", guarantee={}) == ["excluded:primary"]


# ── Floors ───────────────────────────────────────────────────────────────────────────────────────────────────────

TRACKS = children("S1 S2 S3 S4", track=[1, 1, 2, 2], score=[80, 50, 70, 30], level=[1, 2, 1, 2])
APPLY = ["S1: A", "S2: A", "S3: A", "S4: A"]
NO_FLOOR_MISSING = {
    "a pool open to all": (["track = 1 AND score >= 60", "TRUE"], {}),
    "a better part of the same group": (["track = 1 AND score >= 60", "track = 1"], {}),
    "a floor of the round": (["track = 1 AND score >= 70", "track = 2"], {"students": "score >= 40"}),
    "a floor of the class": (["track = 1 AND score >= 70", "track = 2"], {"priority": [{"class": "c", "when": "score > 40"}]}),
    "a pool for the best of all": (["score >= 60", "TRUE"], {}),
    "another number that tells groups apart": (["track = 1 AND level = 1", "track = 2"], {}),
    "groups by number": (["track = 1", "track = 2"], {}),
    "other conditions": (["track = 1 AND score >= 60", "track = 2 AND stage = 'primary'"], {}),
    "a ceiling": (["track = 1 AND score < 90", "track = 2"], {}),
}  # fmt: skip


@pytest.mark.parametrize(("members", "clauses"), NO_FLOOR_MISSING.values(), ids=NO_FLOOR_MISSING)
def test_a_pool_is_not_asked_for_a_floor_it_does_not_lack(members, clauses):
    pools = [{"name": f"pool {k}", "members": text, "seats": 1} for k, text in enumerate(members)]
    policy = one_round(pool=pools, order=["score desc", "lottery"], **clauses)
    assert keys(adm.preflight(office(TRACKS, {"A": 4}, APPLY), policy))[0] == []


@pytest.mark.parametrize(
    "floor", ["score >= 60", "NOT score < 60", "60 <= score", "score * 2 >= 120", "score > 59 AND score > 10"]
)
def test_a_floor_is_seen_however_it_is_written(floor):
    pools = [{"name": "one", "members": f"track = 1 AND {floor}", "seats": 1}, {"name": "two", "members": "track = 2"}]
    policy = one_round(pool=pools, order=["score desc", "lottery"])
    assert keys(adm.preflight(office(TRACKS, {"A": 4}, APPLY), policy))[0] == ["floor:primary/two"]


# ── Directions and conversions ───────────────────────────────────────────────────────────────────────────────────


def directions(order, **clauses):
    pupils = children("S1 S2 S3 S4", points=[9, 7, None, 3], since=["a", "b", "c", "d"], level=[1, 2, 3, 4])
    district = office(pupils, {"A": 2}, APPLY)
    stops, tells = keys(adm.preflight(district, one_round(order=order, **clauses)))
    return [*stops, *(key for key in tells if key.startswith("mark"))]


@pytest.mark.parametrize(
    ("order", "clauses", "found"),
    [
        (["points desc", "lottery"], {"students": "points >= 2"}, []),
        (["points", "lottery"], {"students": "points >= 2"}, ["direction:primary"]),
        (["0 - points desc", "lottery"], {"students": "points >= 2"}, ["direction:primary"]),
        (["points", "lottery"], {}, ["mark:primary"]),
        (["LEAST(points, level) desc", "lottery"], {"students": "points >= 2"}, []),
        (["CASE WHEN points >= 8 THEN 1 WHEN points >= 6 THEN 3 ELSE 2 END desc"], {}, ["direction:primary"]),
        (["since asc", "choice_rank asc", "level asc", "lottery"], {}, []),
        (["COALESCE(points, 0) desc", "lottery"], {"students": "points >= 2"}, []),
        (["CASE WHEN points IS NULL THEN 9 WHEN points > 5 THEN 3 ELSE 0 END desc"], {}, []),
        (["points + level desc", "ABS(points - level) asc", "lottery"], {"students": "points >= 2"}, []),
        (["level desc", "ABS(points - 5) asc", "lottery"], {"students": "points >= 2"}, ["direction:primary"]),
    ],
)  # fmt: skip
def test_an_order_that_lowers_a_higher_mark_stops_where_the_round_says_that_higher_is_better(order, clauses, found):
    assert directions(order, **clauses) == found


def test_a_class_is_held_to_its_own_order_and_to_its_own_applications():
    weighed = "CASE WHEN level < 3 THEN points ELSE 0 - points END"
    classes = [
        {"class": "one", "when": "level < 3", "order": [f"{weighed} desc"]},
        {"class": "two", "order": ["level"]},
    ]
    assert directions(["lottery"], priority=classes) == []


def test_a_mark_ranked_up_in_one_class_and_down_in_another_stops():
    classes = [
        {"class": "one", "when": "level < 3", "order": ["points desc"]},
        {"class": "two", "order": ["points asc"]},
    ]
    assert directions(["lottery"], priority=classes) == ["direction:primary/two"]


def test_a_conversion_is_asked_only_for_what_there_is_and_only_where_it_says_no_else():
    district = office(children("S1 S2", grade=["A", "B"]), {"A": 1}, ["S1: A", "S2: A"])
    for expression in ("CASE grade WHEN 'A' THEN 2 WHEN 'B' THEN 1 END", "CASE grade WHEN 'A' THEN 2 ELSE 0 END",
                       "NULLIF(grade, 'B')"):  # fmt: skip
        assert keys(adm.preflight(district, one_round(order=[f"{expression} desc", "lottery"])))[0] == []
    in_text = "CASE grade WHEN 'else' THEN 1 END"
    assert keys(adm.preflight(district, one_round(order=[f"{in_text} desc"])))[0] == ["conversion:primary"]
    nested = "CASE WHEN grade = 'case' THEN CASE grade WHEN 'A' THEN 1 END ELSE NULL END"
    assert keys(adm.preflight(district, one_round(order=[f"{nested} desc"])))[0] == ["conversion:primary"]


# ── Clauses ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_clauses_that_catch_nobody_are_told():
    district = office(children("S1 S2", home=["owned", "owned"]), {"A": 2}, ["S1: A", "S2: A"])
    classes = [
        {"class": "owners", "when": "home = 'owned'"},
        {"class": "all", "when": "TRUE"},
        {"class": "x", "when": "home = 'x'"},
    ]
    pools = [{"name": "twin", "members": "home = 'x'", "seats": 1}, {"name": "rest"}]
    tells = {c.key: c.message for c in adm.preflight(district, one_round(priority=classes, pool=pools)).tells}
    assert tells == {
        "clause:primary/all": "class 'all' of round 'primary' catches no application; of the 2 it fits, all fall to earlier classes",
        "clause:primary/x": "class 'x' of round 'primary' catches no application",
        "clause:primary/twin": "pool 'twin' of round 'primary' has no member",
    }
    nobody = office(children("S1"), {"A": 1})
    assert keys(adm.preflight(nobody, one_round()))[1] == ["clause:primary"]


def test_a_later_round_is_tried_on_whom_the_earlier_would_have_left():
    rounds = [{"name": "first", "stage": "primary", "students": "mark >= 5", "programmes": "programme_id = 'A'"},
              {"name": "second", "stage": "primary", "students": "left_by = 'first'", "pool": [{"name": "all of them"}]}]  # fmt: skip
    policy = adm.Policy.from_dict({"title": "two", "round": rounds})
    district = office(children("S1 S2", mark=[9, 1]), {"A": 1, "B": 1}, ["S1: A B", "S2: A B"])
    assert keys(adm.preflight(district, policy)) == ([], [])
    counts = {(clause.round, clause.clause): clause.caught for clause in adm.worked_examples(district, policy)}
    assert counts["second", "students"] == 1


def test_every_concern_has_its_code():
    texts = [path.read_text() for path in Path(admissions.readiness.__path__[0]).glob("*.py")]
    used = {code for text in texts for code in re.findall(r'Concern\(\s*"(?:stops|tells)", "(\w+)"', text)}
    assert used == set(CONCERNS)


# ── Worked examples ──────────────────────────────────────────────────────────────────────────────────────────────

ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from([True, False]), st.integers(0, 6) | st.none()),
    min_size=1, max_size=10,
)  # fmt: skip


@settings(max_examples=60, deadline=None, derandomize=True)
@given(rows=ROWS, least=st.integers(0, 6))
def test_what_a_worked_example_catches_is_caught_and_what_it_misses_is_the_nearest(rows, least):
    """Against a plain search over all pairs: no row outside differs from one inside in fewer columns."""

    def holds(row):
        return row[0] == "a" and row[1] and row[2] is not None and row[2] >= least

    pupils = [
        {"student_id": f"S{i:02d}", "home": home, "own": own, "mark": mark} for i, (home, own, mark) in enumerate(rows)
    ]
    district = office(pupils, {"A": 1}, [f"{pupil['student_id']}: A" for pupil in pupils])
    classes = [{"class": "c", "when": f"home = 'a' AND own AND mark >= {least}"}, {"class": "others"}]
    clause = adm.worked_examples(district, one_round(priority=classes))[0]
    inside, outside = [row for row in rows if holds(row)], [row for row in rows if not holds(row)]
    assert (clause.caught, clause.looked_at) == (len(inside), len(rows))
    shown = [(example.kind, rows[int(example.student_id[1:])], example.differs) for example in clause.examples]
    assert all(holds(row) == (kind == "caught") for kind, row, _ in shown)
    assert any(kind == "caught" for kind, _, _ in shown) == bool(inside)
    assert any(kind == "missed" for kind, _, _ in shown) == bool(outside)
    if inside and outside:
        fewest = min(sum(a != b for a, b in zip(one, other, strict=True)) for one in inside for other in outside)
        assert {len(differs) for kind, _, differs in shown if kind == "missed"} == {fewest}


@pytest.mark.parametrize(("least", "nearest"), [(60, "S1"), (80, "S2")])
def test_the_nearest_to_a_line_is_the_one_just_below_it(least, nearest):
    district = office(children("S1 S2 S3 S4", mark=[50, 72, 81, None]), {"A": 1}, APPLY)
    clause = adm.worked_examples(district, one_round(students=f"mark >= {least}"))[0]
    missed = [example.student_id for example in clause.examples if example.kind == "missed"]
    assert missed[0] == nearest


def test_who_goes_before_whom_in_an_example_does_so_in_the_run(demo, plan):
    applications = adm.allocate(demo, plan, seed="x").applications
    key = {
        tuple(row[:3]): row[3] for row in applications.select("round", "student_id", "programme_id", "key").iter_rows()
    }
    pairs = 0
    for clause in adm.worked_examples(demo, plan):
        for one, other in zip(clause.examples, clause.examples[1:], strict=False):
            if (one.kind, other.kind) == ("before", "after"):
                assert one.programme_id == other.programme_id
                values = [next(iter(example.values.values())) for example in (one, other)]
                assert values == sorted(values, reverse=clause.text.endswith("desc")) and values[0] != values[1]
                places = [key.get((clause.round, e.student_id, e.programme_id)) for e in (one, other)]
                if None not in places:
                    assert places[0] < places[1]
                    pairs += 1
    assert pairs >= 10


def test_who_goes_before_whom_is_shown_at_one_programme():
    district = office(children("S1 S2 S3", mark=[9, 8, 7]), {"A": 1, "B": 1}, ["S1: A", "S2: B", "S3: B"])
    clause = adm.worked_examples(district, one_round(order=["mark desc"]))[0]
    assert [(example.student_id, example.programme_id) for example in clause.examples] == [("S2", "B"), ("S3", "B")]


def test_columns_may_have_any_name():
    rows = [{"student_id": f"S{i}", "my mark": i, "select": None, 'a "b"': i % 2} for i in range(1, 4)]
    district = office(rows, {"A": 1}, ["S1: A", "S2: A", "S3: A"])
    policy = one_round(students='"my mark" >= 1 OR "select" IS NULL', order=['"a ""b""" desc', '"my mark" * 2 desc'],
                       priority=[{"class": "c", "when": """CASE "a ""b""\" WHEN 1 THEN TRUE ELSE FALSE END"""}])  # fmt: skip
    assert adm.preflight(district, policy).stops == ()
    clauses = adm.worked_examples(district, policy)
    assert [clause.caught for clause in clauses if clause.clause.startswith("class")] == [2]


def test_a_clause_without_columns_and_a_round_without_children_have_no_examples():
    nobody = office(children("S1"), {"A": 1})
    assert [clause.examples for clause in adm.worked_examples(nobody, one_round(priority=[{"class": "all"}]))] == [()]


# ── The command line ─────────────────────────────────────────────────────────────────────────────────────────────

ASCENDING = (
    'title = "t"\n[[round]]\nname = "primary"\nstage = "primary"\nstudents = "mark >= 5"\norder = ["mark", "lottery"]\n'
)


@pytest.fixture
def folder(tmp_path):
    def written(name, seats):
        district = office(children("S1 S2 S3", mark=[9, 8, 7]), {"A": seats}, ["S1: A", "S2: A", "S3: A"])
        write_district(district, tmp_path / name)
        return tmp_path / name

    (tmp_path / "wrong.toml").write_text(ASCENDING)
    (tmp_path / "right.toml").write_text(ASCENDING.replace('"mark",', '"mark desc",'))
    written("2016", 40)
    written("2015", 20)
    (tmp_path / "gone.csv").write_text("student_id\nS2\n")
    return tmp_path


def test_a_check_and_a_run_that_are_stopped_end_with_2_and_write_nothing(command, folder):  # noqa: F811
    code, printed, error = command("check", folder / "2016", "-p", folder / "wrong.toml")
    assert (code, "No problems" in printed) == (2, False)
    assert "PreflightError: 1 thing to mend" in error and "acknowledge 'direction:primary'" in error
    out = folder / "out"
    run = ("run", folder / "2016", "-p", folder / "wrong.toml", "--seed", "x", "--out", out)
    code, _, error = command(*run)
    assert (code, out.exists()) == (2, False)
    assert "acknowledge 'direction:primary'" in error
    code, _, error = command(*run, "--acknowledge", "direction:primary")
    assert (code, error.startswith("acknowledged: 'mark asc' of primary")) == (0, True)
    assert json.loads((out / "run.json").read_text())["acknowledged"] == ["direction:primary"]
    assert command("check", folder / "2016", "-p", folder / "right.toml")[0] == 0


def test_a_check_reads_last_years_tables_or_run_and_the_list_of_children_with_a_seat_elsewhere(command, folder):  # noqa: F811
    check = ("check", folder / "2016", "-p", folder / "right.toml")
    command("run", folder / "2015", "-p", folder / "right.toml", "--seed", "x", "--out", folder / "run2015")
    for last_year in ("2015", "run2015"):
        code, _, error = command(*check, "--last-year", folder / last_year)
        assert (code, "programme 'A' has 40 seats, and 20 last year" in error) == (2, True)
    code, _, error = command(*check, "--excluded", folder / "gone.csv")
    assert (code, "the list gone.csv (row 2, 'S…', is the first)" in error) == (2, True)
    code, printed, _ = command(*check, "--last-year", folder / "2015", "--acknowledge", "seats:A", "--json")
    assert (code, [c["subject"] for c in json.loads(printed)["preflight"]["acknowledged"]]) == (0, ["A"])
    for option, value, words in (
        ("--excluded", folder / "nowhere.csv", "no such file"),
        ("--last-year", folder / "nowhere", "no such folder"),
        ("--acknowledge", "seats:A", "nothing to acknowledge"),
    ):
        code, _, error = command(*check, option, value)
        assert (code, words in error) == (2, True)
    code, _, error = command("check", folder / "2016", "--examples")
    assert (code, "--policy" in error) == (2, True)


def test_worked_examples_are_printed_and_come_as_json(command, folder):  # noqa: F811
    code, printed, _ = command("check", folder / "2016", "-p", folder / "right.toml", "--examples")
    assert code == 0
    assert "Round 'primary'" in printed and "goes before: S1 at A: mark 9" in printed
    printed = command("check", folder / "2016", "-p", folder / "right.toml", "--examples", "--json")[1]
    assert [clause["clause"] for clause in json.loads(printed)["examples"]] == ["students", "order of 'primary', first"]
