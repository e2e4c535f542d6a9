"""No name, id or mark of a child appears where it has no business: in errors, reprs, logs, on screens or in files.

Every field of a small district holds a value that occurs nowhere else in the world. All that the library says and
writes is collected with the place where it was found, and `MAY_APPEAR` states for each place which fields may stand
there and why. Everything else is a leak.
"""

import gzip
import logging
import sys
import traceback
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import admissions as adm
from admissions import cli
from admissions.compiling.applicants import gather_applicants
from admissions.compiling.checking import columns_read
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw
from admissions.compiling.round import compile_round
from admissions.compiling.seats import programme_seats
from admissions.errors import AdmissionsError
from admissions.readiness.rehearsal import rehearse

STUDENTS = 6


def canary(field: str, row: int) -> str:
    """Return a value of a field that nothing else has; numbers where the field holds numbers."""
    place = CHILD_FIELDS.index(field)
    if field in ("lon", "lat"):
        return f"{104 if field == 'lon' else 30}.{31_000 + 100 * place + row}"
    if field in NUMBERS:
        return str(730_000_000 + 1000 * place + row)
    return f"{field[:2]}kana{place:02}{row:02}rie{'z' * (row % 2)}"


CHILD_FIELDS = ("student_id", "zone_id", "lon", "lat", "bundle_id", "name", "born", "home", "total", "hidden", "secured",
                "interview", "note", "metres")  # fmt: skip
NUMBERS = {"total", "hidden", "interview", "metres"}
OF_CHOICES = {"interview", "note"}
OF_STUDENTS = [field for field in CHILD_FIELDS if field not in OF_CHOICES and field != "metres"]
CANARIES = {field: [canary(field, row) for row in range(STUDENTS)] for field in CHILD_FIELDS}
CANARIES["bundle_id"] = [canary("bundle_id", 0)]
CANARIES["zone_id"] = [canary("zone_id", 0), canary("zone_id", 1)]

POLICY = """
title = "Canaries"
[[round]]
name = "first"
stage = "primary"
programmes = "programme_id <> 'C1'"
lists = ["choices", "zone"]
order = ["total desc", "interview desc", "lottery"]
  [[round.priority]]
  class = "here"
  when  = "home IS NOT NULL AND in_zone"
  [[round.priority]]
  class = "others"
  [round.guarantee]
[[target]]
name = "placed"
measure = "share"
of = "placed AND hidden > 5"
"""

MAY_APPEAR: dict[str, dict[str, str]] = {
    "allocation.csv": {"student_id": "one row for every child is what the file is for"},
    "applications.parquet": {
        "student_id": "every application considered, so that each seat can be checked",
        "bundle_id": "children who apply as one draw one number under this name",
        "total": "what the order compared",
        "interview": "what the order compared",
    },
    "applications.csv.gz": {
        "student_id": "the same table, for whoever has no reader of Parquet",
        "bundle_id": "the same",
        "total": "the same",
        "interview": "the same",
    },
    "cutoffs.csv": {
        "total": "the line of a full pool: what the order compared of the last one admitted",
        "interview": "the same",
    },
    "shortfall.csv": {"zone_id": "names the zones whose children have no school with a seat, and no child"},
    "audit.json": {"student_id": "witnesses of what does not hold, for the office to look at"},
    "explanation": {
        "student_id": "the child that was asked for, and nobody else",
        "total": "what the order compared: the child's own, and the line it met",
        "interview": "the same",
    },
    "worked examples": {
        "student_id": "a clause is read beside real rows, on the office's own screen",
        "home": "what the clause reads of them",
        "total": "what the order compares",
        "interview": "what the order compares",
    },
    "error": {"zone_id": "the office's name of a zone, which a person must find in the table of zones"},
}
"""For each place the fields that may stand there, and why. A place that is not here may show none."""

Said = list[tuple[str, str]]


def leaks(said: Said) -> set[tuple[str, str]]:
    """Return the places that show a field they may not show."""
    return {found for found in shown(said) if found[1] not in MAY_APPEAR.get(found[0], {})}


def shown(said: Said) -> set[tuple[str, str]]:
    return {
        (place, field)
        for place, text in said
        for field, values in CANARIES.items()
        if any(value in text for value in values)
    }


def tables() -> dict[str, list[list[str]]]:
    """Return the tables of the district: header, then rows. There are fewer seats than children."""
    rows = {name: [canary(name, row) for row in range(STUDENTS)] for name in OF_STUDENTS}
    rows["zone_id"] = [CANARIES["zone_id"][row % 2] for row in range(STUDENTS)]
    rows["bundle_id"] = [CANARIES["bundle_id"][0]] * 2 + [""] * (STUDENTS - 2)
    for name in ("zone_id", "home", "total", "hidden", "secured", "lon", "lat", "born", "name"):
        rows[name][1] = rows[name][0]
    rows["total"][5] = rows["total"][4]
    students = [["stage", *OF_STUDENTS]]
    students += [["primary", *(rows[name][row] for name in OF_STUDENTS)] for row in range(STUDENTS)]
    choices = [["student_id", "rank", "programme_id", "interview", "note"]]
    for row in range(1, STUDENTS):
        choices.append([rows["student_id"][row], "1", "A1", canary("interview", row), canary("note", row)])
    return {
        "students": students,
        "schools": [["school_id", "name", "lon", "lat"], ["A", "North", "104.5", "30.5"], ["B", "South", "104.6", "30.6"]],
        "programmes": [["programme_id", "school_id", "stage", "seats"], ["A1", "A", "primary", "2"], ["B1", "B", "primary", "1"],
                       ["C1", "B", "primary", "9"]],
        "zones": [["zone_id", "school_id"], [CANARIES["zone_id"][0], "A"], [CANARIES["zone_id"][1], "A"]],
        "choices": choices,
        "distances": [["zone_id", "student_id", "school_id", "metres"], ["", rows["student_id"][3], "A", canary("metres", 3)]],
        "control_totals": [["table", "column", "count", "sum", "where_column", "where_value"],
                           ["students", "hidden", "1", canary("hidden", 3), "student_id", rows["student_id"][3]]],
    }  # fmt: skip


def write(folder: Path, content: dict[str, list[list[str]]]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, rows in content.items():
        (folder / f"{name}.csv").write_text("".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Return a folder with the tables in `data` and the policy."""
    folder = tmp_path_factory.mktemp("office")
    write(folder / "data", tables())
    (folder / "policy.toml").write_text(POLICY)
    return folder


@pytest.fixture
def typed(capfd, caplog, monkeypatch):
    """Return a function that runs a command and gives its exit code and all it said."""
    caplog.set_level(logging.DEBUG)

    def run(place, *arguments):
        monkeypatch.setattr(sys, "argv", ["admissions", *map(str, arguments)])
        caplog.clear()
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capfd.readouterr()
        said = [(place, printed.out), ("error", printed.err), ("log", caplog.text)]
        return ended.value.code or 0, said

    return run


def said_by_files(folder: Path) -> Said:
    said = []
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        text = data.decode(errors="replace")
        if path.suffix == ".parquet":
            text += pl.read_parquet(path).write_csv()
        if path.suffix == ".gz":
            text += gzip.decompress(path.read_bytes()).decode()
        said.append((path.name, text))
    return said


def test_what_the_commands_print_and_write_shows_of_a_child_what_it_must_and_no_more(office, typed, tmp_path):
    data, policy, out = office / "data", office / "policy.toml", tmp_path / "out"
    child = CANARIES["student_id"][4]
    said: Said = []
    for place, *arguments in (
        ("check", "check", data, "-p", policy),
        ("check", "check", data, "-p", policy, "--json"),
        ("worked examples", "check", data, "-p", policy, "--examples"),
        ("worked examples", "check", data, "-p", policy, "--examples", "--json"),
        ("run", "run", data, "-p", policy, "--seed", "x", "-o", out),
        ("run", "run", data, "-p", policy, "--seed", "x", "-o", tmp_path / "other", "--json"),
        ("audit", "audit", out, "--data", data),
        ("audit", "audit", out, "--json"),
        ("explanation", "explain", out, child),
        ("explanation", "explain", out, child, "--json"),
    ):
        code, words = typed(place, *arguments)
        assert code == 0, words
        said += words
    said += said_by_files(out)
    assert {path.name for path in out.iterdir()} >= set(MAY_APPEAR) - {"explanation", "worked examples", "error"}
    assert leaks(said) == set()
    others = [one for one in CANARIES["student_id"] if one != child]
    assert not [one for place, text in said if place == "explanation" for one in others if one in text]
    used = {(place, field) for place, allowed in MAY_APPEAR.items() for field in allowed} - shown(said)
    assert used == {("audit.json", "student_id"), ("error", "zone_id")}, "what is never shown needs no permission"


def objects_behind(thing: Any, seen: dict[int, Any]) -> dict[int, Any]:
    """Return every object of the library that can be reached from one."""
    if id(thing) in seen:
        return seen
    if type(thing).__module__.startswith("admissions") or isinstance(thing, list | tuple | dict):
        seen[id(thing)] = thing
        inside = (
            list(thing.values()) if isinstance(thing, dict) else list(thing) if isinstance(thing, list | tuple) else []
        )
        if is_dataclass(thing):
            inside += [getattr(thing, field.name) for field in fields(thing)]
        inside += list(getattr(thing, "__dict__", {}).values())
        for other in inside:
            objects_behind(other, seen)
    return seen


def the_objects(district: adm.District, policy: adm.Policy) -> dict[str, Any]:
    """Return objects of every kind: public ones, and those a debugger meets on the way."""
    allocation = adm.allocate(district, policy, seed="x")
    applicants = gather_applicants(district, columns_read(policy))
    progress = Progress.start(len(district.students), programme_seats(district, policy))
    draw = Draw("x", False, applicants.lottery_id.gather(applicants.of_student))
    compiled = compile_round(policy.rounds[0], district, applicants, progress, draw)
    names = CANARIES["student_id"]
    market = adm.Market.from_preferences({one: ["A", "B"] for one in names}, {"A": names, "B": names}, {"A": 2, "B": 1})
    unlisted = adm.Market.from_preferences({one: ["A"] for one in names}, {"A": names, "B": names}, {"A": 2, "B": 1})
    rehearsals = rehearse(district, policy)
    assert all(len(rehearsal.members) for rehearsal in rehearsals)
    return {
        "district": district, "policy": policy, "allocation": allocation, "audit": adm.audit(allocation),
        "explanation": adm.explain(allocation, names[4]), "preflight": adm.preflight(district, policy),
        "examples": adm.worked_examples(district, policy), "rehearsals": rehearsals, "compiled": compiled,
        "applicants": applicants, "progress": progress, "draw": draw, "market": market, "unlisted": unlisted,
        "matching": adm.match(market, "deferred_acceptance"),
    }  # fmt: skip


def said_by_reprs(things: dict[str, Any]) -> Said:
    reached: dict[int, Any] = {}
    for thing in things.values():
        objects_behind(thing, reached)
    mine = [thing for thing in reached.values() if type(thing).__module__.startswith("admissions")]
    said = [(f"repr of {type(thing).__name__}", repr(thing)) for thing in mine]
    said += [(f"text of {type(thing).__name__}", str(thing)) for thing in mine]
    purpose = {"Explanation", "Step", "Example", "WorkedClause"}
    return [(place, text) for place, text in said if not (place.startswith("text") and place[8:] in purpose)]


def test_no_object_shows_a_child_in_its_repr(office):
    things = the_objects(adm.read_district(office / "data"), adm.read_policy(office / "policy.toml"))
    said = said_by_reprs(things)
    kinds = {place.rpartition(" ")[2] for place, _ in said}
    assert kinds >= {"District", "Policy", "Allocation", "Audit", "Finding", "Violations", "Explanation", "Step", "Market",
                     "Matching", "Labels", "Unlisted", "RoundRecord", "CompiledRound", "Applications", "Applicants",
                     "Draw", "Progress", "Links", "Lists", "Preflight", "Rehearsal", "Example", "WorkedClause"}  # fmt: skip
    assert leaks(said) == set()


def said_by_error(error: BaseException) -> Said:
    """Return all an error says, printed, shown or logged."""
    said = [("error", str(error)), ("error", repr(error)), ("error", "".join(traceback.format_exception(error)))]
    said += [("error", repr(problem)) for problem in getattr(error, "problems", ())]
    return said


def try_all(folder: Path, policy: adm.Policy) -> Said:
    """Return what is said when a folder is read, checked and run; only the library's own errors may come."""
    try:
        district = adm.read_district(folder)
        adm.preflight(district, policy).raise_if_stopped()
        adm.allocate(district, policy, seed="x")
    except AdmissionsError as error:
        return said_by_error(error)
    return []


CELLS: dict[str, Callable[[str], str]] = {
    "a letter added": lambda value: value + "x",
    "a sign": lambda value: "-" + value,
    "a hidden character": lambda value: value + "\u200b",
    "too long": lambda value: (value + ".5" + value) * 4,
    "not a number": lambda value: "nan",
    "nothing": lambda value: "",
}
LINES: dict[str, Callable[[str], str]] = {
    "a quotation mark": lambda value: value[:3] + '"' + value[3:],
    "an open quotation": lambda value: '"' + value,
    "a field too many": lambda value: value + "," + value,
}
ABOUT_CHILDREN = ("students", "choices", "zones", "distances", "control_totals")


def with_cell(folder: Path, table: str, column: int, corrupt: Callable[[str], str]) -> Path:
    """Write the tables with one cell corrupted, of the last row."""
    changed = tables()
    changed[table][-1][column] = corrupt(changed[table][-1][column])
    return write(folder / "data", changed)


@pytest.mark.parametrize("corrupt", CELLS.values(), ids=CELLS)
def test_an_error_about_a_cell_shows_no_more_of_it_than_finds_it(tmp_path, corrupt):
    policy = adm.Policy.from_toml(POLICY)
    said: Said = []
    for table in ABOUT_CHILDREN:
        for column in range(len(tables()[table][0])):
            said += try_all(with_cell(tmp_path, table, column, corrupt), policy)
    assert len(said) > 20
    assert leaks(said) == set()


@pytest.mark.parametrize("corrupt", LINES.values(), ids=LINES)
def test_a_line_that_is_no_csv_is_refused_without_being_shown(tmp_path, corrupt):
    said: Said = []
    for table in ABOUT_CHILDREN:
        said += try_all(with_cell(tmp_path, table, 0, corrupt), adm.Policy.from_toml(POLICY))
    assert said and leaks(said) == set()


def test_a_row_twice_or_in_bytes_that_are_no_text_is_refused_without_being_shown(tmp_path):
    policy = adm.Policy.from_toml(POLICY)
    for table in ("students", "choices", "distances", "control_totals"):
        changed = tables()
        changed[table].append(changed[table][1])
        said = try_all(write(tmp_path / table, changed), policy)
        assert said and leaks(said) == set()
        path = write(tmp_path / f"{table}-bytes", tables()) / f"{table}.csv"
        path.write_bytes(path.read_bytes().replace(b"kana", b"kana\xff"))
        said = try_all(path.parent, policy)
        assert said and leaks(said) == set()


FRAMES: dict[str, Callable[[pl.DataFrame], pl.DataFrame]] = {
    "ids as lists": lambda frame: frame.with_columns(pl.concat_list("student_id")),
    "ids as structs": lambda frame: frame.with_columns(pl.struct("student_id").alias("student_id")),
    "ids twice": lambda frame: pl.concat([frame, frame]),
    "marks and words": lambda frame: frame.with_columns(
        total=pl.col("total").cast(pl.String) + pl.Series(["", *"xxxxx"])
    ),
    "marks as floats": lambda frame: frame.with_columns(total=pl.col("total").cast(pl.Float64) / 0),
    "coordinates as text": lambda frame: frame.with_columns(lon=pl.col("name")),
    "coordinates beyond the globe": lambda frame: frame.with_columns(lat=pl.col("total")),
    "twins of two zones": lambda frame: frame.with_columns(zone_id=pl.col("zone_id").reverse()),
    "twins of two totals": lambda frame: frame.with_columns(total=pl.col("total") + pl.int_range(pl.len())),
    "a bundle named like a child": lambda frame: frame.with_columns(bundle_id=pl.col("student_id").shift(1)),
    "a stage of its own": lambda frame: frame.with_columns(stage=pl.col("stage") + "x"),
}


@pytest.mark.parametrize("change", FRAMES.values(), ids=FRAMES)
def test_a_frame_that_lies_is_refused_without_being_shown(office, change):
    district = adm.read_district(office / "data")
    frames = {**district.tables(), "students": change(district.students)}
    with pytest.raises(AdmissionsError) as caught:
        adm.allocate(adm.District.from_frames(**frames), adm.Policy.from_toml(POLICY), seed="x")
    assert leaks(said_by_error(caught.value)) == set()


WHOLE = 'title = "t"\n[[round]]\nname = "r"\nstage = "primary"\nlists = ["choices", "nearest"]\n'
EXPRESSIONS = ["CAST({0} AS INT) > 3", "CAST({0} AS TINYINT) > 3", "STRPTIME({0}, '%Y') IS NULL", "CAST({0} AS DECIMAL(5,2)) > 1",
               "DATE({0}) > DATE('2020-01-01')", "REGEXP_LIKE('x', {0})", "{0} > 3", "{0} = 'x'", "{0}", "{0} + 1 > 2",
               "CASE {0} WHEN 'x' THEN 1 END > 0"]  # fmt: skip
CLAUSES = {
    "students": 'students = "{0}"\n',
    "class": '[[round.priority]]\nclass = "c"\nwhen = "{0}"\n',
    "pool": '[[round.pool]]\nname = "p"\nmembers = "{0}"\n',
    "order": 'order = ["{0} desc", "lottery"]\n',
    "guarantee": '[round.guarantee]\nwho = "{0}"\n',
    "target": '[[target]]\nname = "t"\nmeasure = "count"\nof = "{0}"\n',
    "consent": 'mechanism = "efficiency_adjusted"\nparameters = {{ consent = "{0}" }}\n',
}


@pytest.mark.parametrize("clause", CLAUSES.values(), ids=CLAUSES)
def test_a_clause_that_cannot_be_computed_says_so_without_the_values_it_failed_on(office, clause):
    said: Said = []
    district = adm.read_district(office / "data")
    for column in ("home", "total", "note"):
        for expression in EXPRESSIONS:
            try:
                policy = adm.Policy.from_toml(WHOLE + clause.format(expression.format(column)))
                adm.preflight(district, policy).raise_if_stopped()
                adm.allocate(district, policy, seed="x")
            except AdmissionsError as error:
                said += said_by_error(error)
    assert len(said) > 20
    assert leaks(said) == set()


@pytest.mark.parametrize(
    "clause",
    [
        'mechanism = "top_trading_cycles"\nparameters = { owned = "secured" }\n',
        'mechanism = "score_bands"\norder = ["total desc"]\nparameters = { width = 0 }\n',
        'mechanism = "score_bands"\norder = ["home desc"]\nparameters = { width = 5 }\n',
        'mechanism = "score_bands"\norder = ["total desc"]\nparameters = { width = 0.5 }\n',
        'mechanism = "stable_improvement"\nparameters = { owned = "secured" }\n',
        'mechanism = "minimum_cost"\nparameters = { cost = "home" }\n',
        'order = ["note desc"]\n[[round.pool]]\nname = "p"\nseats = 900\n',
    ],
)
def test_a_parameter_that_does_not_fit_names_no_childs_value(office, clause):
    with pytest.raises(AdmissionsError) as caught:
        adm.allocate(adm.read_district(office / "data"), adm.Policy.from_toml(WHOLE + clause), seed="x")
    assert leaks(said_by_error(caught.value)) == set()


def test_marks_too_far_apart_for_bands_and_twins_with_two_lists_are_refused_without_their_values(tmp_path):
    huge, two_lists = tables(), tables()
    place = huge["students"][0].index("total")
    huge["students"][4][place] += "0" * 9
    huge["students"][5][place] = f"-{huge['students'][5][place]}" + "0" * 9
    bands = adm.Policy.from_toml(
        WHOLE + 'mechanism = "score_bands"\norder = ["total desc"]\nparameters = { width = 5 }\n'
    )
    two_lists["choices"].append([CANARIES["student_id"][0], "1", "B1", canary("interview", 0), canary("note", 0)])
    for name, content, policy in (("huge", huge, bands), ("lists", two_lists, adm.Policy.from_toml(POLICY))):
        said = try_all(write(tmp_path / name, content), policy)
        assert said and leaks(said) == set(), said


def test_a_list_that_does_not_reconcile_names_nobody(office, tmp_path):
    district, policy = adm.read_district(office / "data"), adm.Policy.from_toml(POLICY)
    for ids in (CANARIES["student_id"], [one + "x" for one in CANARIES["student_id"]], CANARIES["student_id"][:1] * 2):
        with pytest.raises(AdmissionsError) as caught:
            adm.preflight(district, policy, excluded=pl.DataFrame({"student_id": ids})).raise_if_stopped()
        assert leaks(said_by_error(caught.value)) == set()


def test_a_run_folder_that_was_spoilt_is_refused_without_its_rows(office, tmp_path):
    district = adm.read_district(office / "data")
    allocation = adm.allocate(district, adm.Policy.from_toml(POLICY), seed="x")
    adm.write_run(tmp_path / "out", allocation, adm.audit(allocation))
    child = CANARIES["student_id"][4]
    for name in ("allocation.csv", "cutoffs.csv", "targets.csv", "run.json"):
        whole = (tmp_path / "out" / name).read_text()
        said: Said = []
        for spoil in (lambda text: text.replace(",1,", ",1x,"), lambda text: text.replace(child, f'"{child}'),
                      lambda text: text.replace("\n", ",more\n", 3), lambda text: text[: len(text) // 2],
                      lambda text: text.replace("7300", "73x00"), lambda text: text.replace("student_id", "child")):  # fmt: skip
            (tmp_path / "out" / name).write_text(spoil(whole))
            try:
                adm.explain(adm.read_run(tmp_path / "out"), "nobody")
            except AdmissionsError as error:
                said += said_by_error(error)
        (tmp_path / "out" / name).write_text(whole)
        assert said and leaks(said) == set(), name


def test_a_mistyped_id_does_not_bring_another_childs_id_to_light(office):
    allocation = adm.allocate(adm.read_district(office / "data"), adm.Policy.from_toml(POLICY), seed="x")
    with pytest.raises(AdmissionsError) as caught:
        adm.explain(allocation, CANARIES["student_id"][4] + "7")
    said = [(place, text.replace(CANARIES["student_id"][4] + "7", "")) for place, text in said_by_error(caught.value)]
    assert leaks(said) == set()


def test_the_error_of_a_failed_audit_and_its_witnesses_name_ids_alone(office):
    from tests.test_audit import unseat

    allocation = adm.allocate(adm.read_district(office / "data"), adm.Policy.from_toml(POLICY), seed="x")
    first = allocation.students.filter(pl.col("route") == "choice")["student_id"][0]
    audit = adm.audit(unseat(allocation, first))
    with pytest.raises(AdmissionsError) as caught:
        audit.raise_if_failed()
    assert leaks([*said_by_error(caught.value), ("audit.json", audit.to_json()), ("repr", repr(audit))]) == set()
    assert ("audit.json", "student_id") in shown([("audit.json", audit.to_json())])


def test_an_unexpected_error_shows_no_variables(office, typed, monkeypatch, capfd):
    """A bug's traceback goes to the screen and into mails: it has lines of code, and no values."""
    import admissions.engine

    def broken(*_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(admissions.engine, "place_students", broken)
    with pytest.raises(RuntimeError) as caught:
        typed("run", "run", office / "data", "-p", office / "policy.toml", "--seed", "x", "-o", office / "out")
    hook = capfd.readouterr().err
    sys.excepthook(*caught._excinfo)
    printed = capfd.readouterr().err
    assert "a bug" in printed
    assert leaks([*said_by_error(caught.value), ("traceback", hook + printed)]) == set()


# ── The test is shown leaks ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("field", CHILD_FIELDS)
def test_a_leak_of_any_field_is_seen(field):
    assert leaks([("log", f"about {CANARIES[field][0]}:")]) == {("log", field)}


def test_an_error_that_forgets_to_mask_is_caught(tmp_path, monkeypatch):
    import admissions.district.tables

    monkeypatch.setattr(admissions.district.tables, "masked", lambda value: value)
    changed = tables()
    changed["students"].append(changed["students"][1])
    assert ("error", "student_id") in leaks(try_all(write(tmp_path / "data", changed), adm.Policy.from_toml(POLICY)))


def test_a_repr_that_shows_its_table_is_caught(office, monkeypatch):
    monkeypatch.setattr(adm.District, "__repr__", lambda district: f"District({district.students['name'].to_list()})")
    things = the_objects(adm.read_district(office / "data"), adm.Policy.from_toml(POLICY))
    assert ("repr of District", "name") in leaks(said_by_reprs(things))


def test_a_file_and_a_log_that_say_too_much_are_caught(office, typed, tmp_path, monkeypatch):
    from admissions import runs

    encode = runs.encode_tables

    def talkative(allocation):
        logging.getLogger("admissions").info("a child: %s", allocation.district.students["name"][0])
        names = allocation.district.students["name"].to_list()
        return {**encode(allocation), "targets.csv": "\n".join(names).encode()}

    monkeypatch.setattr(runs, "encode_tables", talkative)
    out = tmp_path / "out"
    _, said = typed("run", "run", office / "data", "-p", office / "policy.toml", "--seed", "x", "-o", out)
    assert leaks([*said, *said_by_files(out)]) == {("log", "name"), ("targets.csv", "name")}
