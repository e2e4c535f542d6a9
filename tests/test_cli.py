"""The command line: what an officer types, what it prints, and how it ends."""

import json
import re
import subprocess
import sys

import pytest

import admissions as adm
from admissions import cli
from admissions.district.reading import write_district
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
    for name in ("demo", "check", "run", "audit", "explain", "policies"):
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
