"""Command of the what-ifs: what one seat more would change in a run."""

import json
from pathlib import Path
from typing import Annotated

import typer

from admissions.cli_printing import AsJson, plain_table, stdout

MOST_ROWS = 30
"""Rows of a long table that are printed."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("marginal")(ask_marginal_seats)


def ask_marginal_seats(
    run: Annotated[Path, typer.Argument(help="Run folder that `admissions run` wrote.", show_default=False)],
    in_round: Annotated[
        str | None, typer.Option("--round", help="One round; by default all that can be asked.")
    ] = None,
    rerun: Annotated[
        bool,
        typer.Option("--rerun", help="Run a round again for each seat, as it must be where children apply as one."),
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="CSV to write; marginal.csv beside RUN if not given.", show_default=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the next seat of every programme and pool would change: who moves, who is placed, ranks gained.

    Of each round by itself, seats by list; its guarantee and later rounds are as they were.
    """
    from admissions.errors import RunError
    from admissions.runs import read_run, refuse_existing_file, write_file
    from admissions.simulation.what_ifs import marginal_seats, what_if

    file = file or run.absolute().with_name("marginal.csv")
    refuse_existing_file(file, run)
    allocation = read_run(run)
    if in_round is None:
        table, refused = marginal_seats(allocation, rerun)
        if len(refused) == len(allocation.policy.rounds):
            raise RunError("\n".join(dict.fromkeys(refused.values())))
    else:
        table, refused = what_if(allocation, in_round, rerun).marginal_seats(), {}
    write_file(file, table.write_csv().encode())
    if as_json:
        print(json.dumps({"out": str(file), "seats": table.to_dicts(), "refused": refused}, ensure_ascii=False))
        return
    taken = table.filter(~table["stays_empty"]).drop("stays_empty")
    shown = taken.sort("placed", "ranks_gained", "moved", descending=True, maintain_order=True).head(MOST_ROWS)
    stdout().print(plain_table("The next seat of", shown))
    stdout().print(
        f"{len(taken):,} of {len(table):,} would be taken and the others stay empty; {len(shown):,} are shown, "
        f"all are in {file}", highlight=False, soft_wrap=True
    )  # fmt: skip
    for reason in refused.values():
        stdout().print(reason, style="yellow", highlight=False, soft_wrap=True)
