"""Commands of the laboratory: many lotteries, and what a change of the rules would change."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from admissions.cli_printing import AsJson, plain_table, stdout

Data = Annotated[Path, typer.Argument(help="Folder of the office's tables, CSV or Parquet.", show_default=False)]
Draws = Annotated[int, typer.Option("--draws", "-n", help="Lotteries to draw.")]
Seed = Annotated[str | None, typer.Option(help="Public text the seeds of the draws are derived from.")]
Workers = Annotated[int | None, typer.Option(help="Threads; one a processor by default.", show_default=False)]
Force = Annotated[bool, typer.Option("--force", help="Replace an earlier result at OUT.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("simulate")(simulate_draws)
    app.command("compare")(compare_results)
    app.command("misreport")(search_lists)
    app.command("project")(project_years)


def simulate_draws(
    data: Data,
    policy: Annotated[str, typer.Option("--policy", "-p", help="Shipped policy, or a TOML file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    draws: Draws = 1000,
    seed: Seed = None,
    workers: Workers = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw the lottery many times: the odds of every application, the cutoffs and the plan's numbers.

    Ctrl-C keeps the finished draws. A simulation that was interrupted or killed goes on from its journal when it is
    started again.
    """
    from admissions.district.reading import read_district
    from admissions.policy.reading import read_policy
    from admissions.runs import refuse_existing
    from admissions.simulation.odds import simulate
    from admissions.simulation.writing import goes_on, journal_of, write_odds

    journal, rules = journal_of(out), read_policy(policy)
    force = force or goes_on(out, seed, [rules.text])
    refuse_existing(out, force)
    district = read_district(data)
    with _progress("draws") as tell:
        odds = simulate(district, rules, draws, seed, workers=workers, journal=journal, tell=tell)
    write_odds(out, odds, district, force)
    if odds.complete:
        journal.unlink(missing_ok=True)
    if as_json:
        print(json.dumps({"out": str(out), "draws": odds.draws, "exact": odds.exact, "complete": odds.complete,
                          "measures": odds.measures.to_dicts()}, ensure_ascii=False))  # fmt: skip
        return
    if odds.exact:
        stdout().print("The policy draws no lottery: one run says everything, exactly.")
    if not odds.complete:
        _tell_interrupted(odds.draws, draws, "and are written; the same command goes on from them")
    stdout().print(_measures(odds.measures))
    settled = odds.children["certain"].drop_nulls()
    always, never = ((settled == word).sum() for word in ("always", "never"))
    stdout().print(
        f"{odds.draws:,} draws of {len(odds.children):,} children: {always:,} have a seat whatever the lottery, "
        f"{never:,} have none. The odds are in {out}", highlight=False, soft_wrap=True
    )  # fmt: skip


def project_years(
    data: Data,
    policy: Annotated[str, typer.Option("--policy", "-p", help="Shipped policy, or a TOML file.")],
    assumptions: Annotated[Path, typer.Option("--assumptions", "-a", help="TOML file of what is assumed.")],
    years: Annotated[int, typer.Option("--years", "-y", help="How many; the intake of the tables is the first.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    draws: Annotated[int, typer.Option("--draws", "-n", help="Courses to draw; 0 for the expected one.")] = 100,
    seed: Seed = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Look years ahead: rolls and classes, general to vocational stock, who goes on, by what is assumed.

    Each intake goes through the policy's own rounds. Ctrl-C keeps the finished draws.
    """
    from admissions.district.reading import read_district
    from admissions.planning.assumptions import read_assumptions
    from admissions.planning.projection import project
    from admissions.policy.reading import read_policy
    from admissions.runs import refuse_existing

    refuse_existing(out, force)
    district, rules, assumed = read_district(data), read_policy(policy), read_assumptions(assumptions)
    with _progress("draws") as tell:
        ahead = project(district, rules, years=years, assumptions=assumed, draws=draws, seed=seed, tell=tell)
    ahead.write(out, force)
    if as_json:
        tables = {name: frame.to_dicts() for name, frame in ahead.frames().items()}
        head = {"out": str(out), "draws": ahead.draws, "complete": ahead.complete, "alerts": ahead.alerts}
        print(json.dumps({**head, **tables}, ensure_ascii=False))
        return
    if not ahead.complete:
        _tell_interrupted(ahead.draws, draws, "and are written")
    stdout().print(ahead.tables(), highlight=False)
    stdout().print(f"The tables are in {out}", highlight=False, soft_wrap=True)


def search_lists(
    data: Data,
    policy: Annotated[str, typer.Option("--policy", "-p", help="Shipped policy, or a TOML file.")],
    seed: Annotated[str | None, typer.Option(help="Public text the lottery is drawn from.")] = None,
    students: Annotated[int | None, typer.Option(min=1, help="How many students to look at; by default all.")] = None,
    lists: Annotated[int, typer.Option(min=1, help="Lists tried of a student who could make more.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Search for students who could gain by another list than the one they handed in, all else being the same."""
    from admissions.district.reading import read_district
    from admissions.policy.reading import read_policy
    from admissions.simulation.misreports import misreport

    district, rules = read_district(data), read_policy(policy)
    with _progress("students") as tell:
        found = misreport(district, rules, seed, students, lists, tell=tell)
    print(json.dumps(found.to_dict(), ensure_ascii=False) if as_json else found)


def compare_results(
    first: Annotated[Path, typer.Argument(help="Run folder; or a TOML file of scenarios.", show_default=False)],
    second: Annotated[Path | None, typer.Argument(help="Run folder to compare it with.", show_default=False)] = None,
    by: Annotated[list[str] | None, typer.Option("--by", help="Column of students that makes groups.")] = None,
    data: Annotated[Path | None, typer.Option(help="The office's tables, for other groups than stages.")] = None,
    draws: Draws = 1000,
    seed: Seed = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write what the scenarios change.", show_default=False)
    ] = None,
    workers: Workers = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say who moved, who gained and who lost: between two runs, or between scenarios over many lotteries.

    Every scenario has the same lotteries, so that a difference is one of the rules and not of luck. Ctrl-C keeps the
    finished draws. With OUT, a comparison that was interrupted or killed goes on from its journal when it is started
    again. Numbers so small that they would tell of single children are withheld.
    """
    from admissions.errors import RunError

    groups = tuple(by or ("stage",))
    if second is None and first.is_dir():
        raise RunError(f"{first}: a second run folder is needed to compare it with, or a TOML file of scenarios")
    if second is None:
        _compare_scenarios(first, draws, seed, groups, workers, out, force, as_json)
        return
    if out is not None:
        raise RunError("--out is for scenarios; two runs are compared on the screen, or with --json")
    from dataclasses import replace

    from admissions.district.reading import read_district
    from admissions.runs import read_run
    from admissions.simulation.comparison import CHANGES, compare

    before, after = (read_run(folder) for folder in (first, second))
    if data is not None:
        district = read_district(data)
        before, after = (replace(run, district=district) for run in (before, after))
    found = compare(before, after, by=groups)
    if as_json:
        changed = found.children.filter(found.children["change"] != "same")
        print(
            json.dumps(
                {"groups": found.published.to_dicts(), "changed": changed.to_dicts()}, ensure_ascii=False, default=str
            )
        )
        return
    _print_published("From the first run to the second", found.published, ("children", *CHANGES))


def _compare_scenarios(
    path: Path,
    draws: int,
    seed: str | None,
    by: tuple[str, ...],
    workers: int | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    from admissions.runs import refuse_existing
    from admissions.simulation.reforms import compare_scenarios
    from admissions.simulation.scenarios import read_scenarios
    from admissions.simulation.writing import goes_on, journal_of, write_reforms

    scenarios, journal = read_scenarios(path), None if out is None else journal_of(out)
    if out is not None:
        force = force or goes_on(out, seed, [one.policy.text for one in scenarios])
        refuse_existing(out, force)
    with _progress("draws") as tell:
        reforms = compare_scenarios(scenarios, draws, seed, by, workers, journal=journal, tell=tell)
    if out is not None and journal is not None:
        write_reforms(out, reforms, force)
        if reforms.complete:
            journal.unlink(missing_ok=True)
    if as_json:
        tables = {"groups": reforms.published.to_dicts(), "targets": reforms.targets.to_dicts()}
        head = {"draws": reforms.draws, "exact": reforms.exact, "complete": reforms.complete}
        print(json.dumps({**head, **tables}, ensure_ascii=False, default=str))
        return
    if reforms.exact:
        stdout().print("No policy draws a lottery: one run of each says everything, exactly.")
    if not reforms.complete:
        kept = "and are shown" if out is None else "and are written; the same command goes on from them"
        _tell_interrupted(reforms.draws, draws, kept)
    told = f"Children a draw, against '{scenarios[0].name}', over {reforms.draws:,} draws"
    _print_published(told, reforms.published, ("children", "mean"))
    if len(reforms.targets):
        changed = reforms.targets.filter(reforms.targets["difference"] != 0)
        stdout().print(plain_table("Targets that change", changed))
    if out is not None:
        stdout().print(f"The tables are in {out}", highlight=False, soft_wrap=True)


def _tell_interrupted(done: int, asked: int, kept: str) -> None:
    stdout().print(f"Interrupted: {done:,} of {asked:,} draws were finished, {kept}.", style="yellow")


def _print_published(title: str, published: Any, numbers: Sequence[str]) -> None:
    """Print a table of groups, some of whose numbers are empty because they must not be published."""
    stdout().print(plain_table(title, published, numbers))
    if any(published.select(numbers).null_count().row(0)):
        stdout().print(
            "withheld: a number of fewer than 5 children, or one from which such a number could be worked out",
            style="dim", highlight=False,
        )  # fmt: skip


def _measures(measures: Any) -> Table:
    """Return the measures that differ between draws, and the targets."""
    table = Table("round", "measure", box=None, pad_edge=False, title="Over the draws", title_justify="left")
    for name in ("mean", "lowest", "low", "median", "high", "highest", "met"):
        table.add_column(name, justify="right")
    for row in measures.iter_rows(named=True):
        if row["draws"] and (row["round"] is None or row["lowest"] != row["highest"]):
            marks = (row[name] for name in ("mean", "lowest", "low", "median", "high", "highest"))
            met = "" if row["met"] is None else f"{row['met']:.1%}"
            table.add_row(row["round"] or "", row["name"], *(f"{mark:,.4g}" for mark in marks), met)
    return table


@contextmanager
def _progress(what: str) -> Iterator[Any]:
    """Yield what is told the draws done and to do, and shows them on stderr while a person looks."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, disable=not console.is_terminal, transient=True) as progress:
        task = progress.add_task(what, total=None)
        try:
            yield lambda done, total: progress.update(task, completed=done, total=total)
        except KeyboardInterrupt:
            console.print("Interrupted: no result is written.", style="yellow")
            raise
