"""The command line: what an officer types, what it prints, and how it ends."""

import json
import re
import subprocess
import sys

import pytest

import admissions as adm
from admissions import cli
from admissions.district.reading import write_district
from admissions.planning import projection
from admissions.simulation import odds
from tests.offices import children, office
from tests.test_district import GOOD, WRONG

POLICY = """
title = "By zone"
[[round]]
name = "primary"
stage = "primary"
lists = ["choices", "zone"]
order = ["mark desc", "lottery"]
[round.guarantee]
"""


@pytest.fixture
def command(capsys, monkeypatch):
    """Return a function that runs a command line and gives its exit code, stdout and stderr."""

    def typed(*arguments):
        monkeypatch.setattr(sys, "argv", ["admissions", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return typed


@pytest.fixture
def data(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    for name, text in GOOD.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    (tmp_path / "policy.toml").write_text(POLICY)
    return folder


def test_a_run_is_made_audited_and_explained(command, data, tmp_path):
    out = tmp_path / "out"
    code, printed, _ = command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    assert code == 0
    for words in ("Rounds", "Seat pools", "Audit", "no justified envy", str(out)):
        assert words in printed
    code, printed, _ = command("audit", out)
    assert (code, printed.count("holds")) == (0, 9)
    assert command("audit", out, "--data", data)[0] == 0
    code, printed, _ = command("explain", out, "S2")
    assert code == 0
    assert "S2 has a seat at B1: placed by the guarantee" in printed
    assert "1. A1: mark is not known; the last admitted had 600.50" in printed


def test_results_come_as_json_too(command, data, tmp_path):
    out = tmp_path / "out"
    policy = tmp_path / "policy.toml"
    printed = command("run", data, "--policy", policy, "--seed", "x", "--out", out, "--json")[1]
    assert json.loads(printed)["audit"]["P1"] == "holds"
    assert json.loads(command("audit", out, "--json")[1])["changed"] == []
    assert json.loads(command("explain", out, "S1", "--json")[1])["seat"]["programme_id"] == "A1"
    assert json.loads(command("check", data, "--json")[1])["tables"]["students"] == 2
    assert "district_2016" in json.loads(command("policies", "--json")[1])


def test_check_counts_the_tables_and_tries_the_policy(command, data, tmp_path):
    code, printed, _ = command("check", data, "--policy", tmp_path / "policy.toml")
    assert code == 0
    assert re.search(r"students +2", printed)
    (tmp_path / "policy.toml").write_text(POLICY.replace("mark desc", "marks desc"))
    code, _, said = command("check", data, "--policy", tmp_path / "policy.toml")
    assert code == 2
    assert "no column 'marks' (did you mean 'mark'?)" in said


def test_policies_are_listed_and_printed(command):
    assert "district_2016" in command("policies")[1]
    assert command("policies", "district_2016")[1] == adm.read_policy("district_2016").text


@pytest.mark.parametrize(("table", "text", "said"), WRONG.values(), ids=WRONG)
def test_bad_tables_end_with_2_a_clear_word_and_no_folder(command, data, tmp_path, table, text, said):
    (data / f"{table}.csv").write_text(text, encoding="utf-8")
    code, printed, error = command(
        "run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", tmp_path / "out"
    )
    assert (code, printed) == (2, "")
    assert error.startswith("DataError: ")
    for words in said:
        assert words in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "policy.toml"]


BAD_POLICIES = {
    "unknown key": (POLICY + 'wo = "TRUE"', "guarantee › wo: unknown key (did you mean 'who'?)"),
    "unknown column": (POLICY.replace("mark desc", "points desc"), "order: no column 'points'"),
    "too many seats": (POLICY.replace("[round.guarantee]", '[[round.pool]]\nname="a"\nseats=2\n[[round.pool]]\nname="b"\nseats=2'),
                       "the pools ask for 2 + 2 = 4 seats together, and the round's programmes have 3"),
    "unknown mechanism": (POLICY.replace("lists", 'mechanism = "boston"\nlists'), "no mechanism 'boston'"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "words"), BAD_POLICIES.values(), ids=BAD_POLICIES)
def test_bad_policies_end_with_2_a_clear_word_and_no_folder(command, data, tmp_path, text, words):
    (tmp_path / "policy.toml").write_text(text)
    code, _, error = command(
        "run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", tmp_path / "out"
    )
    assert code == 2
    assert words in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "DATA", "--policy", "POLICY", "--out", "OUT"], "give a seed"),
        (["run", "DATA", "--policy", "POLICY", "--out", "OUT", "--seed", ""], "the seed is empty"),
        (["run", "DATA", "--policy", "distrct_2016", "--out", "OUT", "--seed", "x"], "did you mean 'district_2016'"),
        (["run", "nowhere", "--policy", "POLICY", "--out", "OUT", "--seed", "x"], "no such folder"),
        (["run", "DATA", "--policy", "POLICY", "--out", "DATA", "--seed", "x"], "exists"),
        (["run", "DATA", "--policy", "POLICY", "--out", "DATA", "--seed", "x", "--force"], "is no earlier run"),
        (["run", "DATA", "--policy", "POLICY", "--out", "nowhere/out", "--seed", "x"], "no such folder"),
        (["audit", "DATA"], "is no run folder"),
        (["explain", "DATA", "S1"], "is no run folder"),
        (["policies", "distrct_2016"], "did you mean 'district_2016'"),
        (["rnu"], "No such command"),
        (["run", "DATA"], "Missing option"),
    ],
)
def test_bad_usage_ends_with_2_and_a_clear_word(command, data, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    names = {"DATA": data, "POLICY": tmp_path / "policy.toml", "OUT": tmp_path / "out"}
    code, _, error = command(*[names.get(argument, argument) for argument in arguments])
    assert code == 2
    assert words in error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "policy.toml"]


def test_a_changed_result_ends_the_audit_with_3(command, data, tmp_path):
    out = tmp_path / "out"
    command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    text = (out / "allocation.csv").read_text()
    swapped = text.replace("A1,A", "X").replace("B1,B", "A1,A").replace("X", "B1,B")
    (out / "allocation.csv").write_text(swapped)
    code, printed, _ = command("audit", out)
    assert code == 3
    assert "allocation.csv is not as the run wrote it" in printed
    assert "fails" in printed


def test_an_audit_against_other_tables_ends_with_3(command, data, tmp_path):
    out = tmp_path / "out"
    command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    schools = (data / "schools.csv").read_text().splitlines()
    (data / "schools.csv").write_text("\n".join([schools[0], *reversed(schools[1:])]) + "\n")
    assert command("audit", out, "--data", data)[0] == 0
    (data / "schools.csv").write_text("\n".join(schools).replace("North", "Nord") + "\n")
    code, printed, _ = command("audit", out, "--data", data)
    assert code == 3
    assert "schools is not as the run read it" in printed


def test_tables_written_after_a_run_from_frames_are_those_of_the_run(command, tmp_path):
    district = adm.generate_district("cli", size=200)
    allocation = adm.allocate(district, adm.read_policy("district_2016"), seed="x")
    adm.write_run(tmp_path / "out", allocation, adm.audit(allocation))
    for form in ("csv", "parquet"):
        write_district(district, tmp_path / form, form)
        assert command("audit", tmp_path / "out", "--data", tmp_path / form)[0] == 0


def test_a_run_whose_audit_fails_ends_with_3_and_publishes_no_allocation(command, data, tmp_path, monkeypatch):
    """A mechanism that lets nobody in is caught before anything is published."""
    import admissions.engine
    from admissions.market import Matching

    monkeypatch.setattr(
        admissions.engine, "match", lambda market, name: Matching.of(market, market.indptr[:-1] * 0 - 1)
    )
    out = tmp_path / "out"
    code, _, error = command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    assert code == 3
    assert "not published: P5 no wasted seat" in error
    assert not (out / "allocation.csv").exists()
    assert json.loads((out / "audit.json").read_text())[4]["verdict"] == "fails"


def test_an_unknown_student_is_told_without_naming_others(command, data, tmp_path):
    out = tmp_path / "out"
    command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    code, _, error = command("explain", out, "S7")
    assert code == 2
    assert "no student of that id" in error
    assert "S1" not in error


@pytest.fixture
def explained(command, data, tmp_path):
    """Return a function that runs ``explain`` on a run of the tables."""
    out = tmp_path / "out"
    command("run", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", out)
    return lambda *arguments: command("explain", out, *arguments)


def test_with_the_tables_an_explanation_says_what_would_have_been_enough_in_the_language_asked_for(explained, data):
    assert "found with the office's tables at hand" in explained("S2")[1]
    code, printed, error = explained("S2", "--data", data)
    assert (code, error) == (0, "")
    assert "would have been enough for A1: mark 600.50 or more" in printed
    code, printed, _ = explained("S2", "--data", data, "--language", "zh")
    assert code == 0
    assert "S2 已被 B1 录取：统筹安排，不在家庭的志愿之内" in printed
    assert "足以被 A1 录取的改变：mark 达到 600.50 或更高" in printed
    told = json.loads(explained("S2", "--data", data, "--json")[1])
    assert told["applications"][0]["changes"][0]["kind"] == "more"
    assert set(told["words"]) == {"en", "zh"}


def test_the_reasons_of_all_go_to_a_new_file_beside_the_run_or_where_it_is_said(explained, tmp_path):
    code, printed, _ = explained("--all")
    assert (code, printed.strip()) == (0, f"The reasons are in {tmp_path / 'reasons.csv'}")
    lines = (tmp_path / "reasons.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("student_id,programme_id,missed_round,missed_programme_id,missed_pool,answer_en")
    assert [line.split(",")[0] for line in lines[1:]] == ["S1", "S2"]
    assert adm.audit(adm.read_run(tmp_path / "out")).failed == ()
    told = json.loads(explained("--all", "--out", tmp_path / "other.csv", "--json")[1])
    assert told == {"out": str(tmp_path / "other.csv"), "children": 2}
    assert (tmp_path / "other.csv").read_bytes() == (tmp_path / "reasons.csv").read_bytes()
    assert [path.name for path in tmp_path.iterdir() if path.name.endswith(".partial")] == []


def test_reasons_replace_no_file_and_never_go_into_the_run_folder(explained, tmp_path):
    out = tmp_path / "out"
    explained("--all")
    for place, words in (
        (tmp_path / "reasons.csv", "exists; name another file with --out"),
        (out / "reasons.csv", "holds what the run wrote and nothing else"),
        (tmp_path / "nowhere" / "reasons.csv", "no such folder"),
    ):
        code, printed, error = explained("--all", "--out", place)
        assert (code, printed) == (2, "")
        assert words in error
    assert explained("--all")[0] == 2
    assert not (out / "reasons.csv").exists()


def test_a_disk_that_does_not_take_the_reasons_leaves_nothing_behind(explained, tmp_path, monkeypatch):
    import admissions.runs

    def full(path, content):
        path.write_bytes(content[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(admissions.runs, "_write_synced", full)
    code, _, error = explained("--all")
    assert code == 2
    assert "reasons.csv could not be written: No space left on device; nothing was left behind" in error
    assert [path.name for path in tmp_path.iterdir() if "reasons" in path.name] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name one child, or give --all"),
        (["S1", "--all"], "name one child, or give --all"),
        (["S1", "--language", "fr"], "no language 'fr'; there are en, zh"),
        (["S1", "--data", "nowhere"], "no such folder"),
    ],
)
def test_an_explanation_that_cannot_be_asked_for_like_this_is_refused(explained, arguments, words):
    code, printed, error = explained(*arguments)
    assert (code, printed) == (2, "")
    assert words in error


def test_the_demo_runs_twice_and_replaces_only_what_it_made(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, printed, _ = command("demo")
    assert code == 0
    for words in (
        "general high school",
        "coordinated",
        "primary enrolment",
        "no justified envy",
        "admissions-demo/run",
    ):
        assert words in printed
    assert command("demo")[0] == 0
    (tmp_path / "other").mkdir()
    code, _, error = command("demo", "--out", "other")
    assert code == 2
    assert "not of the demo's making" in error


def test_every_command_explains_itself(command):
    for name in ("demo", "check", "run", "audit", "explain", "marginal", "misreport", "policies"):
        code, printed, _ = command(name, "--help")
        assert code == 0
        assert "Usage" in printed


def test_the_module_runs_as_a_program_and_is_quiet_when_nobody_looks(data):
    done = subprocess.run(
        [sys.executable, "-m", "admissions", "check", str(data)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_importing_the_library_loads_nothing_heavy():
    code = "import sys, admissions; print([m for m in ('numba', 'polars', 'ortools', 'networkx', 'typer') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_audit_can_be_called_however_it_was_imported():
    code = "import admissions.audit, admissions as adm; print(callable(adm.audit), adm.audit.justified_envy.__name__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True justified_envy"


def test_a_written_district_runs_the_shipped_policy(command, tmp_path):
    write_district(adm.generate_district("cli", size=200), tmp_path / "data", "parquet")
    out = tmp_path / "out"
    assert command("run", tmp_path / "data", "--policy", "district_2016", "--seed", "x", "--out", out)[0] == 0
    assert command("audit", out, "--data", tmp_path / "data")[0] == 0


def test_groups_are_compared_where_the_tables_are_given(command, tmp_path):
    write_district(adm.generate_district("cli", size=200), tmp_path / "data", "parquet")
    out = tmp_path / "out"
    command("run", tmp_path / "data", "--policy", "district_2016", "--seed", "x", "--out", out)
    audit = ["audit", out, "--data", tmp_path / "data", "--by", "hukou", "--by", "total >= 400"]
    code, printed, _ = command(*audit, "--redraws", 2)
    assert code == 0
    for words in ("no justified envy", "By hukou", "By total >= 400", "migrant", "mean rank", "2 redrawn lotteries"):
        assert words in printed
    groups = json.loads(command(*audit, "--json")[1])["groups"]
    assert {(entry["by"], entry["measure"]) for entry in groups} >= {("hukou", "envy"), ("total >= 400", "placed")}
    assert groups[0]["overall"]["children"] == 200
    assert json.loads(command("audit", out, "--json")[1])["groups"] == []
    code, _, error = command("audit", out, "--by", "hukou")
    assert code == 2
    assert "give the office's (--data" in error


def test_a_search_for_gainful_lists_says_how_many_and_an_example_replays(command, tmp_path):
    (tmp_path / "policy.toml").write_text(
        'title = "Boston"\n[[round]]\nname = "r"\nstage = "primary"\nmechanism = "immediate_acceptance"\n'
        'order = ["mark desc"]\n'
    )
    district = office(children("S1 S2 S3", mark=[3, 2, 1]), {"A": 1, "B": 1}, ["S1: A", "S2: A B", "S3: B"])
    write_district(district, tmp_path / "data")
    search = ["misreport", tmp_path / "data", "--policy", tmp_path / "policy.toml"]
    code, printed, error = command(*search)
    assert (code, error) == (0, "")
    assert re.search(r"could gain +1  \(33.3 %\)", printed) and "S2" not in printed
    found = json.loads(command(*search, "--json")[1])
    assert (found["gainers"], found["gains"]) == (1, {"1": 1})
    assert found["examples"] == [
        {"student": "S2", "true_list": ["A", "B"], "false_list": ["B"], "before": None, "after": "B", "gain": 1}
    ]
    assert json.loads(command(*search, "--json", "--students", 1)[1])["students"] == 1


ONE_ORDER = 'title = "Marks"\n[[round]]\nname = "primary"\nstage = "primary"\norder = ["mark desc"]'


def test_what_the_next_seat_of_each_programme_would_change_is_printed_and_written(command, tmp_path):
    write_district(
        office(children("S1 S2 S3", mark=[9, 8, 7]), {"A": 1, "B": 1}, ["S1: A B", "S2: A B", "S3: B"]),
        tmp_path / "data",
    )
    (tmp_path / "policy.toml").write_text(ONE_ORDER)
    out = tmp_path / "out"
    assert command("run", tmp_path / "data", "--policy", tmp_path / "policy.toml", "--out", out)[0] == 0
    code, printed, error = command("marginal", out)
    assert (code, error) == (0, "")
    assert re.search(r"primary +A +all +1 +1 +2 +1 +1 +1", printed)
    assert "2 of 2 would be taken" in printed and "S1" not in printed
    assert (tmp_path / "marginal.csv").read_text() == (
        "round,programme_id,pool,seats,admitted,moved,placed,improved,ranks_gained,stays_empty\n"
        "primary,A,all,1,1,2,1,1,1,false\n"
        "primary,B,all,1,1,1,1,0,0,false\n"
    )
    code, _, error = command("marginal", out)
    assert code == 2 and "marginal.csv exists; name another file with --out" in error
    other = ("--out", tmp_path / "other.csv")
    found = json.loads(command("marginal", out, "--round", "primary", *other, "--json")[1])
    assert [row["placed"] for row in found["seats"]] == [1, 1] and found["refused"] == {}
    code, _, error = command("marginal", out, "--round", "primry", "--out", tmp_path / "third.csv")
    assert code == 2 and "did you mean 'primary'" in error
    assert not (tmp_path / "third.csv").exists()


BRACKETS = """
title = "[red]Marks"
[[round]]
name  = "[red]r :cat:"
stage = "primary"
order = ["mark desc", "lottery"]
[[round.pool]]
name  = "[bold]p"
seats = 1
[[target]]
name    = "[/]t"
measure = "share"
of      = "placed"
"""


def test_what_an_office_names_in_square_brackets_is_printed_to_the_letter_by_every_command(command, tmp_path):
    """An unknown style in brackets would be swallowed, and a bracket that closes nothing would end the command."""
    data, policy, out = (tmp_path / name for name in ("[red]data", "[red]policy.toml", "[red]out"))
    town = children("S1 S2", mark=[9, 8], home="[/red]east")
    write_district(office(town, {"[red]A": 1}, ["S1: [red]A", "S2: [red]A"]), data)
    policy.write_text(BRACKETS)
    asked = {
        ("run", data, "--policy", policy, "--seed", "x", "--out", out): ("[red]Marks", "[red]r :cat:", "[bold]p", "[/]t", "[red]out"),
        ("check", data, "--policy", policy, "--examples"): ("[red]r :cat:",),
        ("audit", out, "--data", data, "--by", "home"): ("[/red]east",),
        ("marginal", out, "--out", tmp_path / "[red].csv"): ("[red]r :cat:", "[red]A", "[bold]p", "[red].csv"),
        ("compare", out, out, "--data", data, "--by", "home"): ("[/red]east",),
        ("simulate", data, "--policy", policy, "--draws", 2, "--seed", "x", "--out", tmp_path / "[red]odds"): ("[/]t", "[red]odds"),
        ("explain", out, "S2"): ("[red]A",),
    }  # fmt: skip
    for arguments, words in asked.items():
        code, printed, complaint = command(*arguments)
        assert (code, complaint) == (0, ""), arguments
        assert not [word for word in words if word not in printed], arguments


def test_rounds_that_cannot_say_what_a_seat_would_change_are_named_with_the_way_out(command, tmp_path):
    twins = [{"student_id": name, "mark": 5, "bundle_id": "t"} for name in ("T1", "T2")]
    write_district(office(twins, {"A": 1}, ["T1: A"]), tmp_path / "data")
    (tmp_path / "policy.toml").write_text(ONE_ORDER)
    out = tmp_path / "out"
    assert command("run", tmp_path / "data", "--policy", tmp_path / "policy.toml", "--out", out)[0] == 0
    code, _, complaint = command("marginal", out)
    assert code == 2 and "round 'primary': applicants of several children: 1" in complaint and "--rerun" in complaint
    assert not (tmp_path / "marginal.csv").exists()
    code, printed, _ = command("marginal", out, "--rerun", "--out", tmp_path / "rerun.csv")
    assert code == 0 and "0 of 1 would be taken" in printed and "--rerun" not in printed


def test_many_lotteries_are_drawn_and_written_the_same_bytes_again(command, data, tmp_path):
    policy = tmp_path / "policy.toml"
    asked = ("simulate", data, "--policy", policy, "--draws", 30, "--seed", "x", "--out")
    code, printed, _ = command(*asked, tmp_path / "one")
    assert code == 0
    assert "30 draws of 2 children" in printed
    assert json.loads(command(*asked, tmp_path / "two", "--workers", 2, "--json")[1])["draws"] == 30
    files = {path.name: path.read_bytes() for path in (tmp_path / "one").iterdir()}
    assert set(files) == {"odds.parquet", "children.parquet", "cutoffs.parquet", "measures.csv", "run.json"}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "two").iterdir()}
    assert not list(tmp_path.glob(".*"))
    code, _, complaint = command(*asked, tmp_path / "one")
    assert (code, "--force" in complaint) == (2, True)
    code, _, complaint = command(*asked[:4], "--draws", 0, "--seed", "x", "--out", tmp_path / "three")
    assert (code, "at least one draw is needed" in complaint) == (2, True)


def test_a_killed_simulation_goes_on_from_its_journal_to_the_same_bytes(command, data, tmp_path):
    asked = ("simulate", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out")
    assert command(*asked, tmp_path / "whole", "--draws", 60)[0] == 0
    district, policy = adm.read_district(data), adm.read_policy(tmp_path / "policy.toml")
    adm.simulate(district, policy, draws=25, seed="x", journal=tmp_path / ".resumed.journal")
    assert command(*asked, tmp_path / "resumed", "--draws", 60)[0] == 0
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "resumed" / path.name).read_bytes()
    assert not (tmp_path / ".resumed.journal").exists()


def test_an_interrupted_simulation_goes_on_by_the_same_command(command, data, tmp_path):
    asked = ("simulate", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out")
    assert command(*asked, tmp_path / "whole", "--draws", 60)[0] == 0
    district, policy = adm.read_district(data), adm.read_policy(tmp_path / "policy.toml")
    assert command(*asked, tmp_path / "part", "--draws", 25)[0] == 0
    assert "give --force" in command(*asked, tmp_path / "part", "--draws", 60)[2]
    adm.simulate(district, policy, draws=25, seed="x", journal=tmp_path / ".part.journal")
    code, _, complaint = command(
        "simulate", data, "--policy", tmp_path / "policy.toml", "--seed", "y", "--out", tmp_path / "part"
    )
    assert (code, "give --force" in complaint) == (2, True)
    assert command(*asked, tmp_path / "part", "--draws", 60)[0] == 0
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "part" / path.name).read_bytes()


def test_an_interrupted_simulation_does_not_replace_the_result_of_another_policy(command, data, tmp_path):
    policy, other, out = tmp_path / "policy.toml", tmp_path / "other.toml", tmp_path / "out"
    other.write_text(POLICY.replace("By zone", "By another name"))
    assert command("simulate", data, "--policy", policy, "--seed", "x", "--draws", 9, "--out", out)[0] == 0
    adm.simulate(adm.read_district(data), adm.read_policy(other), draws=5, seed="x", journal=tmp_path / ".out.journal")
    code, _, complaint = command("simulate", data, "--policy", other, "--seed", "x", "--draws", 9, "--out", out)
    assert (code, "give --force" in complaint) == (2, True)


def test_a_journal_left_behind_does_not_let_a_simulation_replace_a_run(command, data, tmp_path):
    policy, out = tmp_path / "policy.toml", tmp_path / "out"
    district = adm.read_district(data)
    adm.simulate(district, adm.read_policy(policy), draws=25, seed="x", journal=tmp_path / ".out.journal")
    assert command("run", data, "--policy", policy, "--seed", "x", "--out", out)[0] == 0
    code, _, complaint = command("simulate", data, "--policy", policy, "--seed", "x", "--out", out)
    assert (code, "give --force" in complaint, (out / "allocation.csv").is_file()) == (2, True, True)


def test_ctrl_c_before_the_first_draw_says_that_no_result_is_written(command, data, tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(odds, "add_up", interrupted)
    code, _, complaint = command(
        "simulate", data, "--policy", tmp_path / "policy.toml", "--seed", "x", "--out", tmp_path / "one"
    )
    assert (code, complaint) == (130, "Interrupted: no result is written.\n")
    assert not (tmp_path / "one").exists()


def interrupted_at_third(course):
    """Return what Ctrl-C interrupts at the third draw."""

    def run(outset, seed, number):
        if number == 3:
            raise KeyboardInterrupt
        return course(outset, seed, number)

    return run


def test_years_ahead_are_projected_from_a_file_and_written(command, data, tmp_path, monkeypatch):
    rows = "".join(f"{school},{grade},40,1\n" for school in ("A", "B") for grade in range(1, 7))
    (tmp_path / "rolls.csv").write_text(f"school_id,grade,children,classes\n{rows}")
    (tmp_path / "births.csv").write_text("zone_id,year,children\nZ1,2011,3\n")
    assumptions = tmp_path / "ahead.toml"
    assumptions.write_text(
        'title = "As last year"\nyear = 2016\nenrolment = "rolls.csv"\nbirths = "births.csv"\n'
        '[[rate]]\nof = "primary"\ndropout = 0.01\n'
    )
    asked = ("project", data, "--policy", tmp_path / "policy.toml", "--assumptions", assumptions, "--years", 2)
    asked += ("--draws", 3, "--seed", "x", "--out")
    code, printed, complaint = command(*asked, tmp_path / "one")
    assert (code, complaint) == (0, "") and "As last year: 3 draws" in printed and "Rolls" in printed
    assert {"enrolment.csv", "crossings.csv", "alerts.txt", "run.json"} < {p.name for p in (tmp_path / "one").iterdir()}
    found = json.loads(command(*asked, tmp_path / "two", "--json")[1])
    assert found["draws"] == 3 and found["stages"][0]["year"] == 2016
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    code, _, complaint = command(*asked, tmp_path / "one")
    assert (code, "--force" in complaint) == (2, True)
    monkeypatch.setattr(projection, "run_course", interrupted_at_third(projection.run_course))
    code, printed, _ = command(*asked, tmp_path / "one", "--force")
    assert (code, "Interrupted: 2 of 3 draws were finished, and are written." in printed) == (0, True)
    assert json.loads((tmp_path / "one" / "run.json").read_text())["draws"] == 2
    assumptions.write_text('titel = "x"')
    code, _, complaint = command(*asked, tmp_path / "three")
    assert (code, "did you mean 'title'?" in complaint) == (2, True)
    assert command(*asked[:6], tmp_path / "none.toml", *asked[6:], tmp_path / "three")[0] == 2
