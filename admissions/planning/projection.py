"""Years ahead: cohorts through the grades, each intake by the policy's own rounds, over many draws."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import polars as pl
from rich.console import RenderableType

from admissions.district.district import District
from admissions.errors import AdmissionsError, PolicyError
from admissions.planning.assumptions import Assumptions
from admissions.planning.class_tables import tabulate_crossings, tabulate_enrolment, tabulate_stages
from admissions.planning.courses import Course, run_course
from admissions.planning.flow_tables import tabulate_entry, tabulate_flows, tabulate_progression, tabulate_ratio
from admissions.planning.marks import Courses
from admissions.planning.outset import prepare_outset
from admissions.planning.rates import tabulate_rates
from admissions.planning.wording import projection_tables, tell_alerts
from admissions.policy.policy import Policy
from admissions.runs import describe_files, encode_json, write_folder
from admissions.simulation.blocks import Block, on_threads
from admissions.simulation.drawing import Told, take_until_enough
from admissions.summary import as_text

MOST_YEARS = 100
MOST_DRAWS = 1_000_000


@dataclass(frozen=True, eq=False, repr=False)
class Projection:
    """What the years ahead come to, by what is assumed.

    ``mean``, ``low``, ``median`` and ``high`` are the mean over the draws, and the numbers at or below which 5 %, half
    and 95 % of the draws lie; without draws all four are what is expected.

    Attributes
    ----------
    district, policy, assumptions
        As given.
    seed : str or None
        What the draws are derived from.
    draws : int
        How many there were.
    complete : bool
        Whether it drew all it was asked for.
    enrolment : polars.DataFrame
        Each year, school and grade: children (mean, low, median, high), classes, class_size (children of the largest
        class at the median), level (the limit that passes), classes_needed and classes_needed_high (at the high end).
    crossings : polars.DataFrame
        Each school, grade and limit of a class that any draw passes: pupils (how many pass it), year, odds with their
        95 % interval (low, high), first (share of the draws in which it is the first year).
    stages : polars.DataFrame
        The same of each year and stage, with the classes that are large.
    entry : polars.DataFrame
        Each intake: seats, applicants, those whom the rounds leave without a seat, and the odds of any.
    flows : polars.DataFrame
        The accounts of each year, school and grade, from the year before the intake on, as means: who entered, was
        seated beyond the seats and came with new housing make up the roll with those onward from the grade below; from
        it dropped_out and moved_away are taken, moved_in come, and the rest is onward.
    ratio : polars.DataFrame
        Each year and way to count the diverted: general, vocational and diverted stock, general to vocational, goal,
        and met: the share of the draws in which it is the goal, in parts of ten to one decimal.
    progression : polars.DataFrame
        Each year and stage entered: graduates of the one before, those who applied and entered here and elsewhere,
        their share, goal, and the share of the draws that meet it.
    rates : polars.DataFrame
        Each year and stream: dropout and attrition assumed, by whom stated, and the policy's ceiling.
    """

    district: District
    policy: Policy
    assumptions: Assumptions
    seed: str | None
    draws: int
    complete: bool
    enrolment: pl.DataFrame
    crossings: pl.DataFrame
    stages: pl.DataFrame
    entry: pl.DataFrame
    flows: pl.DataFrame
    ratio: pl.DataFrame
    progression: pl.DataFrame
    rates: pl.DataFrame

    def __repr__(self) -> str:
        years = self.enrolment["year"].unique()
        how = f"{self.draws:,} draws" if self.draws else "as expected"
        return f"Projection({self.assumptions.stated.title!r}, {len(years)} years, {how})"

    @cached_property
    def alerts(self) -> tuple[str, ...]:
        """Sentences an officer reads first: missing seats, classes that pass a limit, targets that are missed."""
        return tell_alerts(self)

    def tables(self) -> RenderableType:
        """Return what an officer reads, as tables for a rich console."""
        return projection_tables(self)

    def summary(self, width: int = 100) -> str:
        """Return what an officer reads, as tables of plain text of a width in characters."""
        return as_text(self.tables(), width)

    def frames(self) -> dict[str, pl.DataFrame]:
        """Return the tables by name."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: one for name, one in found.items() if isinstance(one, pl.DataFrame)}

    def write(self, out: str | Path, force: bool = False) -> None:
        """Write a CSV of each table, ``alerts.txt`` and ``run.json``, whole or not at all.

        Parameters
        ----------
        out : path
            The folder, which must not exist.
        force : bool
            Whether an earlier result there is replaced.

        Raises
        ------
        RunError
            If the folder exists, or the disk does not take it; then nothing is left behind.
        """
        files = {f"{name}.csv": frame.write_csv().encode() for name, frame in self.frames().items()}
        files["alerts.txt"] = "".join(f"{sentence}\n" for sentence in self.alerts).encode()
        manifest = {
            "title": self.assumptions.stated.title,
            "seed": self.seed,
            "draws": self.draws,
            "seed_of_year": "SHA-256 of SEED:NUMBER in hex for a draw, numbers from 1; of that and :YEAR for its year",
            "policy": self.policy.text,
            "assumptions": self.assumptions.text,
            "inputs": dict(sorted({**self.district.sources, **self.assumptions.sources}.items())),
            **describe_files(files),
        }
        write_folder(out, {**files, "run.json": encode_json(manifest)}, force)


def project(
    district: District,
    policy: Policy,
    *,
    years: int,
    assumptions: Assumptions,
    draws: int = 100,
    seed: str | None = None,
    workers: int | None = None,
    tell: Told | None = None,
) -> Projection:
    """Return what the years ahead come to: rolls and classes, general to vocational stock, who goes on.

    Parameters
    ----------
    district : District
        The office's tables. Its intake is that of the first year, child by child; later ones are made up of children
        like them.
    policy : Policy
        The rules. Each intake of each draw goes through its rounds; its targets of measure ``figure`` on dropout and
        attrition rates are the ceilings.
    years : int
        How many, the intake of the tables being the first.
    assumptions : Assumptions
        Rolls, births, rates, housing, openings: see `read_assumptions`.
    draws : int
        How many courses are drawn; 0 for the one that is expected, in whole children.
    seed : str, optional
        Public text that the draws are derived from; needed but for no draws of a policy without a lottery.
    workers : int, optional
        Threads; by default one a processor. Results are the same for any number.
    tell : callable, optional
        Called with the draws done and to do.

    Returns
    -------
    Projection
        The same for the same tables, policy, assumptions, seed and draws, whatever the order of rows or the machine.
        Ctrl-C ends the drawing early; what is finished is returned, with ``complete`` false.

    Raises
    ------
    DataError, PolicyError
        If tables, policy and assumptions do not fit each other, something they need is missing, or there is no seed.
    AdmissionsError
        For a number of years or draws that is none.

    Notes
    -----
    Every child on a roll leaves, or not, by itself and with the stream's rate (a binomial draw); who is left is in the
    next grade of the school a year later. The draws are those of the children, of the lottery, and of whom a made-up
    child is like; the rates themselves are assumed, so that doubt about them is told by another projection, in which
    each child has the same luck.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.District.from_frames(
    ...     students=pl.DataFrame({"student_id": ["S1", "S2"], "stage": "primary", "zone_id": "Z1"}),
    ...     schools=pl.DataFrame({"school_id": ["P1"]}),
    ...     programmes=pl.DataFrame({"programme_id": ["1"], "school_id": ["P1"], "stage": ["primary"], "seats": [30]}),
    ...     zones=pl.DataFrame({"zone_id": ["Z1"], "school_id": ["P1"]}),
    ... )
    >>> policy = adm.Policy.from_dict(
    ...     {"title": "By zone", "round": [{"name": "primary", "stage": "primary", "lists": ["zone"]}]}
    ... )
    >>> assumed = adm.Assumptions.of(
    ...     {"title": "Nobody leaves", "year": 2016, "rate": [{"of": "primary", "dropout": 0}]},
    ...     enrolment=pl.DataFrame({"school_id": ["P1"], "grade": [1], "children": [20]}),
    ...     births=pl.DataFrame({"zone_id": ["Z1"], "year": [2011], "children": [3]}),
    ... )
    >>> ahead = adm.project(district, policy, years=2, assumptions=assumed, draws=0, seed="s")
    >>> ahead.enrolment.select("year", "grade", "median").rows()
    [(2016, 1, 2), (2016, 2, 20), (2017, 1, 3), (2017, 2, 2), (2017, 3, 20)]
    """
    _refuse_no_number("years", years, 1, MOST_YEARS)
    _refuse_no_number("draws", draws, 0, MOST_DRAWS)
    if not seed and (draws or policy.needs_lottery):
        raise PolicyError("a projection draws lots: give a seed, a public text")
    outset = prepare_outset(district, policy, assumptions, years)
    numbers = range(1, draws + 1) if draws else range(1)
    found: list[Course] = []

    def take(block: Block, course: Course) -> bool:
        found.append(course)
        if tell is not None:
            tell(block[0], draws)
        return False

    blocks = ((number, number) for number in numbers)
    made = on_threads(lambda block: run_course(outset, seed or "", block[0]), blocks, workers)
    complete = take_until_enough(made, take)
    if not found:
        raise KeyboardInterrupt
    courses, drawn = Courses.of(found), draws > 0
    streams = list(dict.fromkeys(stream for stream, _, _ in outset.streams))
    span = (outset.years[0] - 1, *outset.years)
    return Projection(
        district, policy, assumptions, seed, len(found) if draws else 0, complete,
        tabulate_enrolment(outset, courses), tabulate_crossings(outset, courses, drawn),
        tabulate_stages(outset, courses), tabulate_entry(outset, courses, drawn), tabulate_flows(outset, courses),
        tabulate_ratio(outset, courses), tabulate_progression(outset, courses),
        tabulate_rates(streams, span, district, assumptions, policy),
    )  # fmt: skip


def _refuse_no_number(name: str, number: int, least: int, most: int) -> None:
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise AdmissionsError(f"{name} = {number!r}: a whole number from {least:,} to {most:,} is needed")
