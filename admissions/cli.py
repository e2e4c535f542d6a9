"""The command line: one function a command. Parses and prints; decides nothing."""

import json
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from admissions import cli_simulation, cli_what_ifs
from admissions.cli_printing import AsJson, stdout
from admissions.errors import AdmissionsError, RunError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Gives each child of a school district a seat or a reason, by published rules, and proves it.",
)

DONE, BAD_INPUT, PROPERTY_FAILED = 0, 2, 3
DEMO_SEED = "2016-07-01 09:00"
DEMO_MARK = ".made-by-admissions-demo"

Data = Annotated[Path, typer.Argument(help="Folder of the office's tables, CSV or Parquet.", show_default=False)]
Run = Annotated[Path, typer.Argument(help="Run folder that `admissions run` wrote.", show_default=False)]
PolicyName = Annotated[str, typer.Option("--policy", "-p", help="Shipped policy, or a TOML file.")]
LastYear = Annotated[
    Path | None,
    typer.Option("--last-year", help="Last year's tables or run folder: stops where seats doubled or halved since."),
]
Excluded = Annotated[
    Path | None,
    typer.Option("--excluded", help="CSV of student_ids that have a seat elsewhere: stops where one takes part."),
]
Acknowledge = Annotated[
    list[str] | None,
    typer.Option("--acknowledge", help="CODE:SUBJECT of something that stops the run and is right; may be repeated."),
]


def main() -> None:
    """Run the command line; exit 2 on bad input, with what is wrong and no traceback."""
    try:
        app()
    except AdmissionsError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(BAD_INPUT)
    except BrokenPipeError:
        sys.exit(DONE)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where to put the made-up tables and the run.")] = Path("admissions-demo"),
    as_json: AsJson = False,
) -> None:
    """Make a sample district, run the policy district_2016 on it, and show what happened."""
    from admissions.district.generation import generate_district
    from admissions.district.reading import write_district
    from admissions.errors import RunError

    if out.exists() and not (out / DEMO_MARK).is_file():
        raise RunError(f"{out} exists and is not of the demo's making; name another folder with --out")
    with _phases() as phases:
        phases.tell("sample district")
        district = generate_district(DEMO_SEED)
        out.mkdir(parents=True, exist_ok=True)
        (out / DEMO_MARK).touch()
        write_district(district, out / "data")
        allocation, audit = _allocate_into(out / "run", district, ("district_2016", DEMO_SEED), True, phases)
    _show_run(allocation, audit, out / "run", as_json)


@app.command()
def check(
    data: Data,
    policy: Annotated[str | None, typer.Option("--policy", "-p", help="Shipped policy, or a TOML file.")] = None,
    last_year: LastYear = None,
    excluded: Excluded = None,
    acknowledge: Acknowledge = None,
    examples: Annotated[
        bool, typer.Option("--examples", help="Show of each clause whom it catches and who just misses it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read the tables; say everything that is wrong with them, does not fit the policy, or stands out before a run."""
    from admissions.district.reading import read_district, read_table
    from admissions.policy.reading import read_policy
    from admissions.readiness.checklist import preflight
    from admissions.readiness.concerns import Preflight
    from admissions.readiness.examples import WorkedClause, worked_examples

    if policy is None and (last_year or excluded or acknowledge or examples):
        raise typer.BadParameter("needed for what stands out before a run", param_hint="--policy")
    ready, worked = Preflight.of([]), tuple[WorkedClause, ...]()
    with _phases() as phases:
        phases.tell("tables")
        district = read_district(data)
        if policy is not None:
            phases.tell("policy")
            rules = read_policy(policy)
            before = None if last_year is None else _year(last_year)
            listed = None if excluded is None else read_table(excluded)
            ready = preflight(district, rules, before, listed, acknowledge or ())
            worked = worked_examples(district, rules) if examples else ()
    rows = {name: len(frame) for name, frame in district.tables().items()}
    if as_json:
        told = [concern.message for concern in ready.tells]
        content = {"tables": rows, "policy": policy, "problems": [], "told": told, "preflight": ready.to_dict()}
        print(json.dumps({**content, "examples": [asdict(one) for one in worked]}, ensure_ascii=False, default=str))
    else:
        _show_check(rows, ready, worked)
    ready.raise_if_stopped()


def _year(folder: Path) -> Any:
    """Return another year's tables, or the result of its run."""
    from admissions.district.reading import read_district
    from admissions.runs import read_run

    return read_run(folder) if (folder / "run.json").is_file() else read_district(folder)


def _show_check(rows: dict[str, int], ready: Any, worked: tuple[Any, ...]) -> None:
    """Print the tables, what stands out, and the worked examples."""
    title = "Tables" if ready.stops else "No problems found"
    table = Table("table", title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("rows", justify="right")
    for name, count in rows.items():
        table.add_row(name, f"{count:,}")
    stdout().print(table)
    _tell(tuple(concern.message for concern in ready.tells))
    _tell(tuple(f"acknowledged: {concern.message}" for concern in ready.acknowledged))
    for before, clause in zip((None, *worked), worked, strict=False):
        if before is None or before.round != clause.round:
            stdout().print(f"Round '{clause.round}'", style="bold", highlight=False)
        stdout().print(str(clause), highlight=False, soft_wrap=True)


@app.command()
def run(
    data: Data,
    policy: PolicyName,
    out: Annotated[Path, typer.Option("--out", "-o", help="Run folder to write.")],
    seed: Annotated[str | None, typer.Option(help="Public text the lottery is drawn from.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier run at OUT.")] = False,
    acknowledge: Acknowledge = None,
    as_json: AsJson = False,
) -> None:
    """Allocate: give every child a seat or a reason, audit it, and write the run folder."""
    from admissions.district.reading import read_district
    from admissions.policy.reading import read_policy
    from admissions.readiness.checklist import preflight_of_rules
    from admissions.runs import refuse_existing

    refuse_existing(out, force)
    with _phases() as phases:
        phases.tell("tables")
        district = read_district(data)
        phases.tell("preflight")
        ready = preflight_of_rules(district, read_policy(policy), acknowledge or ())
        ready.raise_if_stopped()
        allocation, audit = _allocate_into(out, district, (policy, seed), force, phases, acknowledge or ())
    for concern in ready.acknowledged:
        print(f"acknowledged: {concern.message}", file=sys.stderr)
    _show_run(allocation, audit, out, as_json)


@app.command("audit")
def audit_run(
    out: Run,
    data: Annotated[Path | None, typer.Option(help="The office's tables, to check the run against them too.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Compare groups of children, too, by a column of students or an SQL expression over them."),
    ] = None,
    redraws: Annotated[int, typer.Option(min=0, help="Other lotteries to draw, for intervals of the groups.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check a run again, P1 to P9, from its own files; exit 3 where a claimed property fails or a file was changed."""
    from admissions.audit import audit_allocation
    from admissions.district.reading import read_district
    from admissions.runs import changed_files, changed_tables, read_run
    from admissions.simulation.redraws import redraw

    with _phases() as phases:
        phases.tell("run folder")
        changed = changed_files(out)
        allocation = read_run(out)
        if data is not None:
            phases.tell("tables")
            district = read_district(data)
            allocation, changed = replace(allocation, district=district), changed + changed_tables(out, district)
        phases.tell("audit")
        verdicts = audit_allocation(allocation, by or (), redraw(allocation, redraws) if redraws else ())
    if as_json:
        properties, groups = json.loads(verdicts.to_json()), verdicts.groups.to_dicts()
        print(json.dumps({"changed": changed, "properties": properties, "groups": groups}, ensure_ascii=False))
    else:
        stdout().print(_audit_table(verdicts))
        if verdicts.groups:
            stdout().print(verdicts.groups.tables())
        for name in changed:
            stdout().print(f"{name} is not as the run {'wrote' if '.' in name else 'read'} it", style="bold red")
    if changed or verdicts.failed:
        raise typer.Exit(PROPERTY_FAILED)


@app.command("verify")
def verify_run(out: Run, data: Data) -> None:
    """Check a run with one file of plain Python that shares nothing with this program; exit 3 where it refuses."""
    from admissions import verify
    from admissions.district.reading import read_district

    if not data.is_dir():
        raise RunError(f"{data}: no such folder")
    parquet = sorted(data.glob("*.parquet"))
    with TemporaryDirectory() as folder:
        if parquet:
            tables = read_district(data).tables()
            for path in data.iterdir():
                if path in parquet:
                    tables[path.stem].write_csv(Path(folder) / f"{path.stem}.csv")
                elif path.is_file():
                    shutil.copy(path, folder)
            names = ", ".join(path.name for path in parquet)
            print(f"plain Python reads no Parquet: {names} as this program read them, and not as they are")
        if code := verify.main(str(out), folder if parquet else str(data)):
            raise typer.Exit(code)


@app.command("explain")
def explain_seat(
    out: Run,
    student: Annotated[str | None, typer.Argument(help="Id of the child.", show_default=False)] = None,
    data: Annotated[
        Path | None, typer.Option(help="The office's tables, to find what would have been enough and what is nearer.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the words: en or zh.")] = "en",
    everybody: Annotated[bool, typer.Option("--all", help="Write a row for every child, in all languages.")] = False,
    file: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="File for --all; reasons.csv beside OUT if not given.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say why a child has this seat and no better one: each application, the cutoff it met, and what was missing."""
    from dataclasses import replace

    from admissions.district.reading import read_district
    from admissions.explanation import explain, explain_all
    from admissions.explanation.sentences import known_language
    from admissions.runs import read_run, refuse_existing_file, write_file

    if (student is None) != everybody:
        raise typer.BadParameter("name one child, or give --all")
    known_language(language)
    file = file or out.absolute().with_name("reasons.csv")
    if everybody:
        refuse_existing_file(file, out)
    with _phases() as phases:
        phases.tell("run folder")
        allocation = read_run(out)
        if data is not None:
            phases.tell("tables")
            allocation = replace(allocation, district=read_district(data))
        if student is None:
            phases.tell("reasons")
            reasons = explain_all(allocation)
            phases.tell("file")
            write_file(file, reasons.write_csv().encode())
            print(json.dumps({"out": str(file), "children": len(reasons)}) if as_json else f"The reasons are in {file}")
            return
        explanation = explain(allocation, student, phases.tell)
    if as_json:
        print(json.dumps(explanation.to_dict(), ensure_ascii=False, default=str))
    else:
        stdout().print(explanation.words(language), highlight=False, soft_wrap=True)


@app.command()
def policies(
    name: Annotated[
        str | None, typer.Argument(help="Shipped policy or TOML file to print, or a mechanism.", show_default=False)
    ] = None,
    mechanisms: Annotated[
        bool, typer.Option("--mechanisms", help="List the mechanisms instead: parameters, claims, sources.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List the shipped policies, or print one; or list the mechanisms a policy can name."""
    from admissions.policy.reading import read_policy, shipped_policies
    from admissions.policy.soundness import unsound_clauses

    if mechanisms:
        _show_mechanisms(name, as_json)
        return
    if name is not None:
        policy = read_policy(name)
        text = policy.text
        for sentence in unsound_clauses(policy):
            print(sentence, file=sys.stderr)
        if as_json:
            print(json.dumps({"name": name, "policy": text}, ensure_ascii=False))
        elif sys.stdout.isatty():
            stdout().print(Syntax(text, "toml", background_color="default"))
        else:
            print(text, end="")
        return
    shipped = {key: read_policy(key) for key in shipped_policies()}
    if as_json:
        print(json.dumps({key: policy.title for key, policy in shipped.items()}, ensure_ascii=False))
        return
    table = Table("policy", "title", "rounds", "source", box=None, pad_edge=False)
    for key, policy in shipped.items():
        table.add_row(key, policy.title, str(len(policy.rounds)), policy.source)
    stdout().print(table)


def _show_mechanisms(name: str | None, as_json: bool) -> None:
    """Print the table of mechanisms, or one row of it."""
    from admissions.audit.findings import PROPERTIES
    from admissions.errors import PolicyError, did_you_mean
    from admissions.mechanisms import MECHANISMS
    from admissions.mechanisms.relations import RELATIONS

    if name is not None and name not in MECHANISMS:
        hint = did_you_mean(name, MECHANISMS)
        raise PolicyError(f"no mechanism '{name}'{hint}; there are {', '.join(MECHANISMS)}")
    rows = [row.to_dict() for key, row in MECHANISMS.items() if name in (None, key)]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
        return
    table = Table("mechanism", "", "", box=None, pad_edge=False, show_header=False)
    for row in rows:
        lost = "".join(f"; not {', '.join(codes)} with {when}" for when, codes in row["unless"].items())
        lines = {
            "parameters": "\n".join(f"{key}: {meaning}" for key, meaning in row["parameters"].items()),
            "claims": ", ".join(row["claims"]) + lost,
            "holds": ", ".join(row["holds"]),
            "fails": ", ".join(row["fails"]),
            "speaks of": row["domain"],
            "complexity": row["complexity"],
            "source": row["source"],
        }
        for place, (what, words) in enumerate((what, words) for what, words in lines.items() if words):
            table.add_row(Text(row["name"] if place == 0 else "", "bold"), what, words)
        table.add_section()
    stdout().print(table)
    words = Table("", "", box=None, pad_edge=False, show_header=False)
    for code, statement in {**PROPERTIES, **RELATIONS}.items():
        words.add_row(code, statement)
    stdout().print(words)


cli_simulation.register(app)
cli_what_ifs.register(app)


class Phases:
    """Names each phase as it begins, and keeps the seconds each took."""

    def __init__(self, status: Any) -> None:
        self.seconds: dict[str, float] = {}
        self._status = status
        self._name, self._since = "", time.perf_counter()

    def tell(self, name: str) -> None:
        """End the phase before, and begin one."""
        now = time.perf_counter()
        if self._name:
            self.seconds[self._name] = round(self.seconds.get(self._name, 0.0) + now - self._since, 3)
        self._name, self._since = name, now
        if name:
            self._status.update(f"{name} …")


@contextmanager
def _phases() -> Iterator[Phases]:
    """Show on stderr what is being done, while a person looks at it."""
    with Console(stderr=True).status("") as status:
        phases = Phases(status)
        yield phases
        phases.tell("")


def _allocate_into(
    out: Path,
    district: Any,
    rules: tuple[str, str | None],
    force: bool,
    phases: Phases,
    acknowledged: Sequence[str] = (),
) -> tuple[Any, Any]:
    """Allocate by a policy and a seed, audit while the tables are encoded, and write the run folder."""
    from concurrent.futures import ThreadPoolExecutor

    from admissions.audit import audit_allocation
    from admissions.engine import allocate
    from admissions.policy.reading import read_policy
    from admissions.runs import encode_tables, write_run

    policy, seed = rules
    allocation = allocate(district, read_policy(policy), seed, tell=phases.tell)
    phases.tell("audit")
    with ThreadPoolExecutor(max_workers=1) as worker:
        encoding = worker.submit(encode_tables, allocation)
        audit = audit_allocation(allocation)
        encoded = encoding.result()
    phases.tell("run folder")
    write_run(out, allocation, audit, phases.seconds, force, encoded, acknowledged)
    return allocation, audit


def _show_run(allocation: Any, audit: Any, out: Path, as_json: bool) -> None:
    """Print what happened; exit 3 where a claimed property failed."""
    from admissions.policy.soundness import unsound_clauses

    told = unsound_clauses(allocation.policy)
    if as_json:
        verdicts = {finding.code: finding.verdict for finding in audit.findings}
        rounds, targets = allocation.rounds.to_dicts(), allocation.targets.to_dicts()
        print(
            json.dumps(
                {"out": str(out), "rounds": rounds, "targets": targets, "audit": verdicts, "told": told},
                ensure_ascii=False,
            )
        )
    else:
        console = stdout()
        console.print(allocation.tables())
        console.print(_audit_table(audit))
        for name, count in allocation.settled_by_id.items():
            console.print(f"{count:,} applications of round '{name}' were told apart by student_id alone; "
                          "add a term to its order, or 'lottery'", style="yellow")  # fmt: skip
        _tell(told)
        console.print(f"The run is in {out}", highlight=False, soft_wrap=True)
    if audit.failed:
        audit_words = ", ".join(f"{finding.code} {finding.name}" for finding in audit.failed)
        print(f"not published: {audit_words}; see audit.json in {out}", file=sys.stderr)
        raise typer.Exit(PROPERTY_FAILED)


def _audit_table(audit: Any) -> Table:
    table = Table("", "property", "verdict", title="Audit", title_justify="left", box=None, pad_edge=False)
    table.add_column("checked", justify="right")
    table.add_column("violations", justify="right")
    style = {"holds": "green", "fails": "bold red", "not claimed": "dim"}
    for finding in audit.findings:
        total = finding.total
        verdict = Text(finding.verdict, style[finding.verdict])
        table.add_row(finding.code, finding.name, verdict, f"{total.checked:,}", f"{total.count:,}")
    return table


def _tell(sentences: tuple[str, ...]) -> None:
    """Print what an officer should look at."""
    for sentence in sentences:
        stdout().print(sentence, style="yellow", highlight=False)
