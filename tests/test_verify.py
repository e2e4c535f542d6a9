"""The verifier: it holds what is right, and refuses what was changed, forged, or made by a faulty engine."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from hashlib import sha256
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions import verify
from admissions.district.reading import write_district
from admissions.testing import districts, policies
from benchmarks.mutants import survivors, tables_of
from tests.offices import children, office, one_round
from tests.test_real_data import district_of, policy_of

CHECKS = set(
    "files lists class lottery key outcome seats cutoffs children envy waste improvement guarantee rows".split()
)


def write(allocation, folder, form="csv"):
    """Write the tables and the run of an allocation; return the arguments of the verifier."""
    write_district(allocation.district, folder / "data", form)
    tables = adm.read_district(folder / "data")
    whole = replace(allocation, district=tables)
    adm.write_run(folder / "out", whole, adm.audit(allocation), force=True)
    return str(folder / "out"), str(folder / "data")


@pytest.fixture(scope="module")
def town():
    district = adm.generate_district("verify", size=600)
    policy = adm.read_policy("district_2016")
    return adm.allocate(district, policy, seed="v")


@pytest.fixture
def run(town, tmp_path):
    return write(town, tmp_path)


def refused(run, capsys):
    """Return the checks that refuse a run, and all that was said."""
    capsys.readouterr()
    assert verify.main(*run) == 3
    said = capsys.readouterr().out
    return {line.split()[1] for line in said.splitlines() if line.startswith("REFUSED")}, said


def forge(run, name, change):
    """Change the rows of a published table, and make all hashes right again."""
    path = Path(run[0]) / name
    data = path.read_bytes()
    text = (gzip.decompress(data) if name.endswith("gz") else data).decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    rows = [dict(zip(header, row, strict=True)) for row in rows]
    changed = change(rows) or rows
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(changed)
    data = out.getvalue().encode()
    path.write_bytes(gzip.compress(data, 1) if name.endswith("gz") else data)
    manifest = json.loads((Path(run[0]) / "run.json").read_text())
    manifest["outputs"][name] = sha256(path.read_bytes()).hexdigest()
    del manifest["sha256"]
    seal(run, manifest)


def seal(run, manifest):
    lines = json.dumps(manifest, ensure_ascii=False, indent=1).removesuffix("\n}").encode() + b",\n"
    sealed = lines + f' "sha256": "{sha256(lines).hexdigest()}"\n}}\n'.encode()
    (Path(run[0]) / "run.json").write_bytes(sealed)


def test_a_stranger_verifies_a_run_with_nothing_but_python(run):
    done = subprocess.run([sys.executable, "-I", "-S", verify.__file__, *run], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[1] for line in done.stdout.splitlines()} == CHECKS
    assert all(line.startswith("holds") for line in done.stdout.splitlines())


def test_the_command_says_what_it_took_from_parquet(town, tmp_path):
    arguments = [sys.executable, "-m", "admissions", "verify", *write(town, tmp_path, "parquet")]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "reads no Parquet: choices.parquet" in done.stdout
    assert "REFUSED" not in done.stdout


def test_the_command_tells_of_a_folder_that_is_not_there(run):
    arguments = [sys.executable, "-m", "admissions", "verify", run[0], run[1] + "-elsewhere"]
    done = subprocess.run(arguments, capture_output=True, text=True)
    assert done.returncode == 2
    assert "data-elsewhere: no such folder" in done.stderr


def test_what_cannot_be_read_is_told_from_what_is_refused(tmp_path, capsys):
    assert verify.main(str(tmp_path), str(tmp_path)) == 2
    assert "cannot be verified" in capsys.readouterr().err


@pytest.mark.compiled
@pytest.mark.parametrize("place", [0.1, 0.5, 0.9])
def test_one_changed_byte_of_any_file_is_found_and_the_file_named(run, capsys, place):
    for path in [*Path(run[0]).iterdir(), *Path(run[1]).iterdir()]:
        right = path.read_bytes()
        at = int(place * len(right))
        wrong = bytes([right[at] ^ 1 if right[at] ^ 1 not in b"\r\n" else right[at] ^ 2])
        path.write_bytes(right[:at] + wrong + right[at + 1 :])
        result = verify.main(*run)
        said = capsys.readouterr()
        assert result in (2, 3), path.name
        named = (
            path.name
            if path.parent == Path(run[0])
            else path.stem.replace("zones", "outlines" * (path.suffix == ".geojson") or "zones")
        )
        assert result == 2 or named in said.out, (path.name, said.out)
        path.write_bytes(right)
    assert verify.main(*run) == 0


def first(rows, **having):
    return next(row for row in rows if all(row[name] == value for name, value in having.items()))


def swap(rows, column):
    """Swap a column of the first two rows of one round that differ in it."""
    one = first(rows, route="choice")
    other = next(row for row in rows if row["round"] == one["round"] and row[column] not in (one[column], ""))
    one[column], other[column] = other[column], one[column]


FORGERIES = {
    "a child moved": (
        "allocation.csv",
        lambda rows: first(rows, route="choice").update(programme_id=rows[-1]["programme_id"] or "P"),
        "children",
    ),
    "two children swapped": ("allocation.csv", lambda rows: swap(rows, "programme_id"), "children"),
    "a child dropped": ("allocation.csv", lambda rows: rows[1:], "children"),
    "a child doubled": ("allocation.csv", lambda rows: [rows[0], *rows], "children"),
    "a wrong pool": ("allocation.csv", lambda rows: first(rows, pool="all").update(pool="none"), "children"),
    "a rank": ("applications.csv.gz", lambda rows: rows[0].update(rank="9"), "lists"),
    "a class": ("applications.csv.gz", lambda rows: rows[0].update({"class": "first of all"}), "class"),
    "a lottery number": ("applications.csv.gz", lambda rows: rows[0].update(lottery="0" * 64), "lottery"),
    "a key": ("applications.csv.gz", lambda rows: rows[0].update(key="0" if rows[0]["key"] != "0" else "1"), "key"),
    "an outcome": ("applications.csv.gz", lambda rows: rows[0].update(outcome="not needed"), "outcome"),
    "an application dropped": ("applications.csv.gz", lambda rows: rows[1:], "lists"),
    "an application made up": ("applications.csv.gz", lambda rows: [{**rows[0], "programme_id": "X"}, *rows], "rows"),
    "seats": ("cutoffs.csv", lambda rows: rows[0].update(seats=str(int(rows[0]["seats"]) + 1)), "seats"),
    "admitted": ("cutoffs.csv", lambda rows: rows[0].update(admitted=str(int(rows[0]["admitted"]) + 1)), "seats"),
    "a cutoff": (
        "cutoffs.csv",
        lambda rows: rows[0].update(cutoff_key="5" if rows[0]["cutoff_key"] != "5" else "6"),
        "cutoffs",
    ),
    "a pool made up": ("cutoffs.csv", lambda rows: [{**rows[0], "pool": "X"}, *rows], "rows"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_result_is_refused_though_all_hashes_are_right(run, capsys, forgery):
    name, change, check = FORGERIES[forgery]
    forge(run, name, change)
    checks, said = refused(run, capsys)
    assert check in checks and "files" not in checks, said


@pytest.mark.parametrize("check", ["class", "lottery", "key", "outcome", "lists", "seats", "cutoffs", "rows"])
def test_each_of_these_checks_refuses_something_that_no_other_does(run, capsys, check):
    name, change, _ = next(one for one in FORGERIES.values() if one[2] == check)
    forge(run, name, change)
    assert refused(run, capsys)[0] == {check}


def test_a_changed_byte_that_no_check_reads_is_refused_by_the_files_alone(run, capsys):
    path = Path(run[0]) / "targets.csv"
    path.write_bytes(path.read_bytes().replace(b"item", b"Item", 1))
    assert refused(run, capsys)[0] == {"files"}
    forge(run, "targets.csv", list)
    assert verify.main(*run) == 0


def judged_as(allocation, policy, tmp_path):
    """Write what one policy allocated as if another had been the law."""
    run = write(allocation, tmp_path)
    manifest = json.loads((Path(run[0]) / "run.json").read_text())
    del manifest["sha256"]
    seal(run, {**manifest, "policy": policy.text})
    return run


def rule(law, name):
    return next(one for one in law["round"] if one["name"] == name)


def primary(law):
    return rule(law, "primary")


def general(law):
    return rule(law, "general high school")


def of_class(law, name):
    return next(one for one in primary(law)["priority"] if one["class"] == name)


MUTANTS = {
    "zones before wishes": lambda law: primary(law).update(lists=["zone", "choices"]),
    "no zones": lambda law: primary(law).update(lists=["choices"]),
    "no zones for juniors": lambda law: rule(law, "junior").update(lists=["choices"]),
    "no wishes": lambda law: primary(law).update(lists=["zone"]),
    "classes in reverse": lambda law: primary(law)["priority"].reverse(),
    "a class dropped": lambda law: primary(law)["priority"].remove(of_class(law, "migrant family")),
    "a class open to all": lambda law: of_class(law, "migrant family").update(when="TRUE"),
    "no classes": lambda law: primary(law).update(priority=[]),
    "the fewest points first": lambda law: of_class(law, "migrant family").update(order=["points asc", "lottery"]),
    "the last to settle first": lambda law: of_class(law, "household and home in the zone").update(
        order=["hukou_since desc", "lottery"]
    ),
    "the lottery alone": lambda law: general(law).update(order=["lottery"]),
    "the worst first": lambda law: general(law).update(order=["total asc", "chinese_maths desc", "lottery"]),
    "one mark alone": lambda law: general(law).update(order=["total desc", "lottery"]),
    "marks as text": lambda law: general(law).update(order=["CAST(total AS VARCHAR) desc", "lottery"]),
    "a lower line": lambda law: general(law).update(students="total >= 0"),
    "a higher line": lambda law: general(law).update(students="total >= 500"),
    "one seat fewer": lambda law: general(law)["pool"][0].update(seats=general(law)["pool"][0]["seats"] - 1),
    "half the seats": lambda law: general(law)["pool"][1].update(seats=general(law)["pool"][1]["seats"] // 2),
    "everybody a member": lambda law: general(law)["pool"][0].update(members="TRUE"),
    "strangers after members": lambda law: general(law)["pool"][0].update(others="after members"),
    "a lottery for the trades": lambda law: rule(law, "vocational").update(order=["lottery"]),
    "no round for the trades": lambda law: law["round"].remove(rule(law, "vocational")),
    "no guarantee": lambda law: primary(law).pop("guarantee"),
    "a guarantee in the zone alone": lambda law: primary(law)["guarantee"].update(where="in_zone"),
    "a lottery a school": lambda law: law.update(lottery={"scope": "programme"}),
    "larger classes": lambda law: law["class_size"].update(primary=46),
    "smaller classes": lambda law: law["class_size"].update(junior=49),
    "rounds in reverse": lambda law: law["round"].reverse(),
}
"""Faults of an engine, as the law it would have followed."""


@pytest.mark.compiled
@pytest.mark.parametrize("mutant", MUTANTS)
def test_an_engine_with_a_fault_is_refused(town, tmp_path, capsys, mutant):
    law = tomllib.loads(town.policy.text)
    MUTANTS[mutant](law)
    faulty = adm.allocate(town.district, adm.Policy.from_dict(law), seed="v")
    tables = ("students", "applications", "cutoffs")
    assert not all(getattr(faulty, name).equals(getattr(town, name)) for name in tables)
    refused(judged_as(faulty, town.policy, tmp_path), capsys)


@pytest.mark.parametrize("cut", ["lists", "children", "choices"])
def test_an_engine_that_loses_rows_is_refused(town, tmp_path, capsys, cut):
    district = adm.relist(town.district, adm.Truncated(1))
    if cut != "lists":
        tables = dict(town.district.tables())
        name = "choices" if cut == "choices" else "students"
        gone = tables["choices"]["student_id"][0]
        tables["choices"] = tables["choices"].filter(pl.col("student_id") != gone)
        tables["students"] = tables["students"].filter((pl.col("student_id") != gone) | (name == "choices"))
        district = adm.District.from_frames(**tables)
    run = write(adm.allocate(district, town.policy, seed="v"), tmp_path)
    write_district(town.district, tmp_path / "data")
    manifest = json.loads((Path(run[0]) / "run.json").read_text())
    del manifest["sha256"]
    seal(run, {**manifest, "inputs": dict(adm.read_district(run[1]).sources)})
    assert refused(run, capsys)[0]


def marked(*rows):
    return pl.DataFrame(rows, schema=["student_id", "rank", "programme_id", "mark"], orient="row")


def test_programmes_proposing_where_students_should_is_refused_by_the_improvement_alone(tmp_path, capsys):
    choices = marked(("S1", 1, "A", 1), ("S1", 2, "B", 2), ("S2", 1, "B", 1), ("S2", 2, "A", 2))
    district = office(children("S1 S2"), {"A": 1, "B": 1}, choices)
    law = one_round(order=["mark desc"])
    faulty = adm.allocate(district, one_round(order=["mark desc"], parameters={"proposing": "programmes"}), seed="x")
    assert refused(judged_as(faulty, law, tmp_path), capsys)[0] == {"improvement"}


def test_immediate_acceptance_where_it_should_be_deferred_is_refused_by_the_envy_alone(tmp_path, capsys):
    choices = marked(("S1", 1, "B", 1), ("S1", 2, "A", 2), ("S2", 1, "B", 2), ("S3", 1, "A", 1))
    district = office(children("S1 S2 S3"), {"A": 1, "B": 1}, choices)
    law = one_round(order=["mark desc"])
    faulty = adm.allocate(district, one_round(order=["mark desc"], mechanism="immediate_acceptance"), seed="x")
    assert refused(judged_as(faulty, law, tmp_path), capsys)[0] == {"envy"}


def test_a_seat_left_empty_is_refused_by_the_waste_alone(tmp_path, capsys):
    wants, law = marked(("S1", 1, "A", 2), ("S2", 1, "A", 1)), one_round(order=["mark desc"])
    run = write(adm.allocate(office(children("S1 S2"), {"A": 1}, wants), law, seed="x"), tmp_path)
    write_district(office(children("S1 S2"), {"A": 2}, wants), tmp_path / "data")
    manifest = json.loads((Path(run[0]) / "run.json").read_text())
    del manifest["sha256"]
    seal(run, {**manifest, "inputs": dict(adm.read_district(run[1]).sources)})
    forge(run, "cutoffs.csv", lambda rows: rows[0].update(seats="2", cutoff_key="", cutoff_class=""))
    assert refused(run, capsys)[0] == {"waste"}


def test_a_guarantee_not_kept_is_refused(tmp_path, capsys):
    district = office(children("S1 S2"), {"A": 1, "B": 1}, marked(("S1", 1, "A", 2), ("S2", 1, "A", 1)))
    law = one_round(order=["mark desc"], guarantee={})
    faulty = adm.allocate(district, one_round(order=["mark desc"]), seed="x")
    assert "guarantee" in refused(judged_as(faulty, law, tmp_path), capsys)[0]


@pytest.mark.parametrize(
    "homes",
    [pytest.param([100, 200, 900], id="nearer together"), pytest.param([100, 100, 100], id="equally near, and better")],
)
@pytest.mark.parametrize("seats", [1, 2])
def test_coordinated_children_elsewhere_than_the_law_has_them_are_refused_by_the_guarantee_alone(
    homes, seats, tmp_path, capsys
):
    schools = pl.DataFrame({"school_id": ["A", "B", "C"], "x": [0, 1_000, 5_000], "y": [0, 0, 0]})
    students = children("S1 S2 S3", x=homes, y=0)
    district = office(students, {"A": seats, "B": 1, "C": 1}, marked(), schools=schools)
    allocation = adm.allocate(district, one_round(order=["lottery"], guarantee={"prefer": ["distance"]}), seed="x")
    places = allocation.students["programme_id"].to_list()
    for one in range(3):
        for place in {*"ABC"} - {places[one]}:
            wrong = [
                place
                if i == one
                else places[one]
                if seat == place and places.count(place) > (seats > 1 and place == "A")
                else seat
                for i, seat in enumerate(places)
            ]
            if any(wrong.count(p) > {"A": seats}.get(p, 1) for p in wrong):
                continue
            run = write(allocation, tmp_path)

            def change(rows, wrong=wrong):
                for row, seat in zip(rows, wrong, strict=True):
                    row.update(programme_id=seat, school_id=seat)

            forge(run, "allocation.csv", change)
            assert refused(run, capsys)[0] == {"guarantee"}, (places, wrong)


def test_three_children_who_could_only_go_round_together_are_refused_by_the_guarantee_alone(tmp_path, capsys):
    own, next_one = {"S1": "A", "S2": "B", "S3": "C"}, {"S1": "B", "S2": "C", "S3": "A"}
    metres = [(i, p, 2 if own[i] == p else 1 if next_one[i] == p else 9) for i in own for p in "ABC"]
    distances = pl.DataFrame(metres, schema=["student_id", "school_id", "metres"], orient="row")
    district = office(children("S1 S2 S3"), {"A": 1, "B": 1, "C": 1}, marked(), distances=distances)
    law = one_round(order=["lottery"], guarantee={"prefer": ["distance"]})
    run = write(adm.allocate(district, law, seed="x"), tmp_path)
    assert verify.main(*run) == 0

    def change(rows):
        for row in rows:
            assert row["programme_id"] == next_one[row["student_id"]]
            row.update(programme_id=own[row["student_id"]], school_id=own[row["student_id"]])

    forge(run, "allocation.csv", change)
    assert refused(run, capsys)[0] == {"guarantee"}


def test_a_coordinated_child_where_no_seat_was_left_is_refused(tmp_path, capsys):
    district = office(children("S1 S2"), {"A": 1, "B": 1}, marked(("S1", 1, "A", 1)))
    law = one_round(order=["mark desc"], guarantee={"prefer": ["distance"]})
    run = write(adm.allocate(district, law, seed="x"), tmp_path)
    assert verify.main(*run) == 0
    forge(run, "allocation.csv", lambda rows: first(rows, student_id="S2").update(programme_id="A", school_id="A"))
    assert "guarantee" in refused(run, capsys)[0]


@pytest.mark.parametrize(("to_the_full_one", "there"), [(50, ["B", "C"]), (1_000, ["C", "B"])])
def test_what_is_unknown_is_farther_than_the_farthest_programme_with_or_without_a_seat(
    to_the_full_one, there, tmp_path, capsys
):
    known = [("S1", "C", 100), ("S2", "B", 100), ("S2", "C", 0), ("S1", "A", to_the_full_one)]
    distances = pl.DataFrame(known, schema=["student_id", "school_id", "metres"], orient="row")
    district = office(children("S1 S2"), {"A": 0, "B": 1, "C": 1}, marked(), distances=distances)
    law = one_round(order=["lottery"], guarantee={"prefer": ["distance"]})
    allocation = adm.allocate(district, law, seed="x")
    assert allocation.students["programme_id"].to_list() == there
    run = write(allocation, tmp_path)
    assert verify.main(*run) == 0

    def change(rows):
        for row, place in zip(rows, there[::-1], strict=True):
            row.update(programme_id=place, school_id=place)

    forge(run, "allocation.csv", change)
    assert refused(run, capsys)[0] == {"guarantee"}


@pytest.mark.parametrize("cell", ["stage", "school_id", "choice_rank", "route", "reason"])
def test_whatever_is_said_of_a_seat_is_made_anew(run, capsys, cell):
    forge(run, "allocation.csv", lambda rows: first(rows, route="choice").update({cell: "9"}))
    assert refused(run, capsys)[0] == {"children"}
    forge(run, "allocation.csv", lambda rows: first(rows, route="none").update({cell: "9"}))
    assert "children" in refused(run, capsys)[0]


def test_the_law_of_immediate_acceptance_is_proven_too(tmp_path, capsys):
    choices = marked(("S1", 1, "B", 1), ("S1", 2, "A", 2), ("S2", 1, "B", 2), ("S3", 1, "A", 1))
    district = office(children("S1 S2 S3"), {"A": 1, "B": 1}, choices)
    law = one_round(order=["mark desc"], mechanism="immediate_acceptance")
    faulty = adm.allocate(district, one_round(order=["mark desc"]), seed="x")
    assert refused(judged_as(faulty, law, tmp_path), capsys)[0] == {"envy"}


def test_the_lottery_of_another_seed_is_refused(town, tmp_path, capsys):
    run = write(town, tmp_path)
    manifest = json.loads((Path(run[0]) / "run.json").read_text())
    del manifest["sha256"]
    seal(run, {**manifest, "seed": "another"})
    assert {"lottery", "key"} <= refused(run, capsys)[0]


def verdicts(allocation):
    """Return what the verifier says of an allocation, without any file."""
    return verify.judge_run({"policy": allocation.policy.text, "seed": allocation.seed}, tables_of(allocation))


@pytest.mark.compiled
def test_every_single_fault_planted_in_small_towns_is_found():
    faults = list(survivors(120, towns=4))
    assert len(faults) == 120
    assert [fault for fault, passes in faults if passes] == []


KINDS = [
    ("deferred_acceptance", {}),
    ("deferred_acceptance", {"proposing": "programmes"}),
    ("deferred_acceptance", {"bundles": "skip"}),
    ("immediate_acceptance", {}),
    ("parallel", {"band": 2}),
    ("parallel", {"band": [1, 2]}),
    ("serial_dictatorship", {}),
    ("stable_improvement", {}),
    ("top_trading_cycles", {"ties": "lottery"}),
    ("efficiency_adjusted", {"ties": "lottery"}),
    ("regional", {"cap": 3}),
    ("rank_maximal", {}),
]


@pytest.mark.compiled
@given(district=districts(), kind=st.sampled_from(KINDS), data=st.data())
@settings(max_examples=80, deadline=None, derandomize=True)
def test_whatever_the_engine_decides_the_verifier_finds_it_so(district, kind, data):
    policy = data.draw(policies(kind[0], **kind[1]))
    allocation = adm.allocate(district, policy, seed="x")
    assert not [one for one in verdicts(allocation) if one[2]]


def holds(folder, students, policy, choices=None, programmes="A,A,senior,2"):
    """Return whether a run of tables in CSV holds; by default every child lists A."""
    data = folder / "data"
    data.mkdir(exist_ok=True)
    ids = [line.split(",")[0] for line in students.splitlines()[1:]]
    (data / "students.csv").write_text(students, encoding="utf-8")
    (data / "schools.csv").write_text("school_id\n" + "\n".join(sorted({*re.findall("[A-C]", programmes)})) + "\n")
    (data / "programmes.csv").write_text(f"programme_id,school_id,stage,seats\n{programmes}\n")
    lines = choices or [f"{i},1,A" for i in ids]
    (data / "choices.csv").write_text("\n".join(["student_id,rank,programme_id", *lines]) + "\n")
    allocation = adm.allocate(adm.read_district(data), adm.Policy.from_toml(policy), seed="x")
    adm.write_run(folder / "out", allocation, adm.audit(allocation), force=True)
    return verify.main(str(folder / "out"), str(data)) == 0


ONE_ROUND = 'title = "p"\n[[round]]\nname = "r"\nstage = "senior"\n'


@pytest.mark.parametrize("outsider", ["S2,primary,9", "S2,senior,9"])
def test_places_in_pools_of_other_orders_do_not_depend_on_who_does_not_apply(tmp_path, outsider):
    pools = '[[round.pool]]\nname = "marks"\nseats = 1\norder = ["mark desc"]\n'
    pools += '[[round.pool]]\nname = "open"\norder = ["mark asc"]\n'
    students = f"student_id,stage,mark\nS1,senior,3\n{outsider}\nS3,senior,1\n"
    assert holds(tmp_path, students, ONE_ROUND + pools, ["S1,1,A", "S3,1,A"])


CELLS_AND_CONDITIONS = [
    ("home district", "N S N", """\\"home district\\" = 'N'"""),
    ("flag", "TRUE FALSE TRUE", "flag"),
    ("flag", "True False False", "NOT flag"),
    ("flag", "true maybe false", "flag = 'true'"),
    ("area", "0101 0201 0102", "area LIKE '01%'"),
    ("area", "0101 - 0102", "COALESCE(area, 'none') = '0101'"),
    ("gate", "012 12 A", "gate = '12'"),
    ("room", "3E2 300 B1", "room = '3E2'"),
    ("class", "7.1 7.10 7.2a", "class = '7.10'"),
    ("born", "2009-12-31 2010 2010-05-01", "born >= '2010'"),
    ("mark", "1.5 10 9", "mark > 9"),
    ("hours", "0 2 4", "8 / hours > 3"),
    ("hours", "0 2 4", "8 / NULLIF(hours, 0) > 3 OR 8 + ABS(hours) > 11"),
    ("hours", "0 2 4", "CASE WHEN hours > 1 THEN 2 ELSE 1 END * 2 > 3"),
    ("mark,hours", "6,3 2,1 9,7", "(mark + 1) - hours - 1 > 1"),
    ("mark,hours", "6,3 2,1 9,7", "ABS(mark) / 2 + 1 = 4"),
    ("mark,hours", "6,3 2,1 9,7", "COALESCE(mark, 0) * 2 + hours > 12"),
    ("mark,hours", "6,3 2,1 9,7", "-mark + hours > -3"),
    ("mark,hours", "6,3 2,1 9,7", "mark % 4 + 1 = 3 OR hours - mark * 2 > -5"),
    ("mark,hours", "6,3 2,1 9,7", "CASE WHEN mark > 2 THEN mark ELSE 1 END / 2 + hours = 6"),
    ("mark,hours", "0.1,0.2 0.3,0 0.2,0.2", "mark + hours = 0.3 OR 0.4 = mark + hours"),
    ("mark", "6 2 9", "mark > 5 -- it's enough"),
    ("mark", "6 2 9", "mark /* a/b + c */ > 5"),
    ("gate", "a b a", "gate = 'a' IS NOT TRUE"),
    ("flag", "true false true", "NOT (flag IS TRUE)"),
    ("flag", "true false true", "(flag IS FALSE) = FALSE"),
    ("flag", "true false true", "flag IS NOT FALSE"),
    ("kid's", "1 2 1", """\\"kid's\\" = 1 AND choice_rank = 1 AND stage <> 'it''s'"""),
    ("hours", "0 2 4", "NOT 8 / (hours - 2) / hours > 3"),
]


@pytest.mark.parametrize(("column", "cells", "condition"), CELLS_AND_CONDITIONS)
def test_cells_are_what_the_office_reads_them_as(tmp_path, column, cells, condition):
    rows = [f"S{n},senior,{cell.strip('-')}" for n, cell in enumerate(cells.split())]
    students = (
        "\n".join(
            [f"student_id,stage,{column}", *rows, *(f"{i},senior,{',' * column.count(',')}" for i in ("S8", "S9"))]
        )
        + "\n"
    )
    policy = f'[[round.priority]]\nclass = "first"\nwhen = "{condition}"\n[[round.priority]]\nclass = "others"\n'
    assert holds(tmp_path, students, ONE_ROUND + policy)


def test_twins_are_not_promised_what_no_mechanism_gives_them(tmp_path):
    students = "student_id,stage,mark,bundle_id\nS0,senior,4,B0\nS1,senior,4,B0\nS2,senior,6,\nS3,senior,7,\n"
    students += "S4,senior,4,B4\nS5,senior,4,B4\nS6,senior,7,\n"
    lists = {"S0": "A", "S1": "A", "S2": "BC", "S3": "CA", "S4": "AB", "S5": "AB", "S6": "BAC"}
    choices = [f"{i},{rank},{p}" for i, wanted in lists.items() for rank, p in enumerate(wanted, 1)]
    law = ONE_ROUND + 'mechanism = "regional"\norder = ["mark desc"]\nparameters = {cap = 3}\n'
    law += '[[round.pool]]\nname = "n"\nseats = 3\n[[round.pool]]\nname = "rest"\n'
    assert holds(tmp_path, students, law, choices, "A,A,senior,2\nB,B,senior,3\nC,C,senior,1")


@pytest.mark.parametrize("order", ["distance asc", "mark desc"])
def test_score_bands_promise_full_pools_only_where_a_child_has_one_key(order, tmp_path, capsys):
    schools = pl.DataFrame({"school_id": ["A", "B"], "x": [0, 9], "y": [0, 0]})
    district = office(children("S1", x=9, y=0, mark=5), {"A": 1, "B": 1}, ["S1: A B"], schools=schools)
    law = one_round(order=[order], mechanism="score_bands", parameters={"width": 2})
    allocation = adm.allocate(district, law, seed="x")
    assert allocation.students["programme_id"].item() == ("B" if order == "distance asc" else "A")
    run = write(allocation, tmp_path)
    assert verify.main(*run) == 0
    if order == "mark desc":
        forge(run, "allocation.csv", lambda rows: rows[0].update(programme_id="B", school_id="B", choice_rank="2"))
        assert "waste" in refused(run, capsys)[0]


@pytest.mark.parametrize("under", ["S1", "S2"])
def test_the_list_of_twins_may_stand_under_either(under, tmp_path):
    students = "student_id,stage,bundle_id\nS1,senior,B\nS2,senior,B\nS3,senior,\n"
    assert holds(tmp_path, students, ONE_ROUND, [f"{under},1,A", "S3,1,A"])


@pytest.mark.parametrize("clause", ["where = 'NOT placed'", "who = 'NOT placed'", "where = 'left_by IS NULL'"])
def test_a_guarantee_sees_children_as_they_were_before_the_round(clause, tmp_path):
    law = ONE_ROUND + f"order = ['student_id']\n[round.guarantee]\n{clause}\n"
    students = "student_id,stage\nS1,senior\nS2,senior\nS3,senior\n"
    choices, programmes = ["S1,1,A", "S2,1,A", "S3,1,A"], "A,A,senior,1\nB,B,senior,1\nC,C,senior,1"
    assert holds(tmp_path, students, law, choices, programmes)
    before = ONE_ROUND + "order = ['student_id']\n" + law.removeprefix('title = "p"\n').replace('"r"', '"second"')
    assert holds(tmp_path, students, before, choices, programmes)


@pytest.mark.compiled
@given(
    metres=st.lists(st.lists(st.sampled_from([1, 1, 2, None]), min_size=3, max_size=3), min_size=2, max_size=4),
    seats=st.lists(st.integers(0, 2), min_size=3, max_size=3),
)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_of_all_ways_to_coordinate_single_children_one_holds(metres, seats):
    known = [(f"S{i}", "ABC"[p], far) for i, own in enumerate(metres) for p, far in enumerate(own) if far is not None]
    distances = pl.DataFrame(known, schema=["student_id", "school_id", "metres"], orient="row")
    ids = [f"S{i}" for i in range(len(metres))]
    district = office(children(" ".join(ids)), dict(zip("ABC", seats, strict=True)), marked(), distances=distances)
    allocation = adm.allocate(district, one_round(order=["lottery"], guarantee={"prefer": ["distance"]}), seed="x")
    manifest, tables = {"policy": allocation.policy.text, "seed": allocation.seed}, tables_of(allocation)
    held = []
    for places in product(["A", "B", "C", None], repeat=len(ids)):
        if any(places.count(p) > room for p, room in zip("ABC", seats, strict=True)):
            continue
        rows = [
            [i, "primary", "primary", p, p, "", "", "coordinated", ""]
            if p
            else [i, "primary", "", "", "", "", "", "none", "seats ran out"]
            for i, p in zip(ids, places, strict=True)
        ]
        forged = {**tables, "allocation": [tables["allocation"][0], *rows]}
        if not any(faults for _, _, faults, _ in verify.judge_run(manifest, forged)):
            held.append(list(places))
    assert held == [allocation.students["programme_id"].to_list()]


def test_what_plain_python_cannot_read_is_no_accusation(town, tmp_path, capsys):
    run = write(town, tmp_path, "parquet")
    assert verify.main(*run) == 2
    assert ".parquet: plain Python reads CSV alone" in capsys.readouterr().err
    assert verify.main(run[0], run[1] + "-elsewhere") == 2
    assert "no such folder" in capsys.readouterr().err
    assert verify.main(run[1], run[0]) == 2
    assert "holds no run.json" in capsys.readouterr().err
    done = subprocess.run([sys.executable, verify.__file__, run[0]], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "usage: python verify.py OUT DATA\n")


def test_the_verifier_holds_real_districts():
    chiayi = policy_of("primary", lists=["zone"], order=["distance asc", "lottery"], guarantee={})
    czech = policy_of("senior", order=["exam desc", "lottery"])
    for name, policy in (("chiayi", chiayi), ("czech_2024", czech)):
        found = verdicts(adm.allocate(district_of(name), policy, seed="2024"))
        assert sum(one[1] for one in found) > 10_000
        assert not [one for one in found if one[2]]
