"""What a projection needs, and whatever the tables, the policy and the assumptions lack or contradict."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from admissions.compiling.progress import Progress
from admissions.compiling.round import select_programmes
from admissions.compiling.seats import planned_seats, programme_seats
from admissions.district.district import District
from admissions.errors import DataError, PolicyError, Problem, did_you_mean
from admissions.planning.assumptions import ENTRY_AGE, FIRST, GRADES, LAST, Assumptions
from admissions.policy.policy import Policy


def check_assumptions(
    district: District, policy: Policy, assumptions: Assumptions, stages: Sequence[str], years: Sequence[int]
) -> None:
    """Raise for everything that a projection needs and does not have.

    Parameters
    ----------
    district, policy, assumptions
        As given.
    stages : sequence of str
        Those the district has programmes for.
    years : sequence of int
        The years ahead.

    Raises
    ------
    DataError
        For all that is wrong with the tables.
    PolicyError
        For what the assumptions name and nobody knows, and stages without a round.
    """
    if problems := [*_misfits(district, assumptions, stages), *_missing_children(district, assumptions, stages, years)]:
        raise DataError(problems)
    _refuse_unknown(district, policy, assumptions, stages)


def _misfits(district: District, assumptions: Assumptions, stages: Sequence[str]) -> Iterator[Problem]:
    """Yield what is wrong with the rolls."""
    rolls, schools = assumptions.enrolment, district.schools["school_id"].to_list()
    if not len(rolls):
        message = (
            "this table is missing: the rolls of the year before the intake, with school_id, grade, children and "
            "classes; name its file in the assumptions (enrolment = 'FILE.csv')"
        )
        yield Problem("enrolment", None, "", None, message)
        return
    for stage in stages:
        if not rolls["grade"].is_between(FIRST[stage] + 1, LAST[stage] + 1).any():
            grades = f"{FIRST[stage] + 1} to {LAST[stage] + 1}"
            message = f"no row of grades {grades}, and programmes has {stage} ones; give 0 children if there are none"
            yield Problem("enrolment", None, "grade", None, message)
    kinds = dict(zip(schools, column_of(district.schools, "kind").to_list(), strict=True))
    for row in rolls.iter_rows(named=True):
        school, grade, children = row["school_id"], row["grade"], row["children"]
        where = f"{school}, grade {grade}"
        if school not in kinds:
            yield Problem("enrolment", None, "school_id", school, f"no such school{did_you_mean(school, schools)}")
        if grade > GRADES:
            yield Problem("enrolment", None, "grade", str(grade), f"grades are 1 to {GRADES}")
        if children and row.get("classes") == 0:
            yield Problem("enrolment", None, "classes", "0", f"{where} has {children} children in no class")
        if (row.get("diverted") or 0) > (children if kinds.get(school) == "vocational" else 0):
            message = f"{where}: more than its children, or no vocational school; the diverted sit in vocational ones"
            yield Problem("enrolment", None, "diverted", str(row["diverted"]), message)
    senior = district.programmes.filter(pl.col("stage") == "senior")["school_id"].to_list()
    senior += rolls.filter(pl.col("grade") > FIRST["senior"])["school_id"].to_list()
    for school in sorted(set(senior) & set(kinds)):
        if kinds[school] not in ("general", "vocational"):
            message = f"school {school} has senior grades; say whether it is general or vocational"
            yield Problem("schools", None, "kind", kinds[school], message)


def _missing_children(
    district: District, assumptions: Assumptions, stages: Sequence[str], years: Sequence[int]
) -> Iterator[Problem]:
    """Yield the zones and years for which nobody counts the children who enter, and zones there are not."""
    zones = district.links.zone_ids.to_list()
    if len(years) > 1 and not zones and {"primary", "junior"} & set(stages):
        yield Problem("students", None, "zone_id", None, "a year after the first needs to know where children live")
        return
    name, column = ("children", "age") if "children" in assumptions.sources else ("births", "year")
    table: pl.DataFrame = getattr(assumptions, name)
    for zone in table["zone_id"].unique().sort().to_list():
        if zone not in zones:
            yield Problem(name, None, "zone_id", zone, f"no such zone{did_you_mean(zone, zones)}")
    if name == "children":
        for age in table["age"].unique().sort().to_list():
            if age >= ENTRY_AGE:
                message = f"children of {ENTRY_AGE} and more are in the tables of the intake, or at school"
                yield Problem(name, None, "age", str(age), message)
    if "primary" not in stages:
        return
    for year in years[1:]:
        value = year - ENTRY_AGE if name == "births" else ENTRY_AGE - (year - years[0])
        if name == "children" and value < 0:
            message = f"children who enter in {year} are not born yet; give births instead, or fewer years"
            yield Problem(name, None, column, None, message)
            return
        there = set(table.filter(pl.col(column) == value)["zone_id"].to_list())
        if missing := [zone for zone in zones if zone not in there]:
            message = (
                f"no children of {column} {value}, who enter in {year}, for {len(missing)} of {len(zones)} zones, "
                f"the first '{missing[0]}'; give 0 where there are none"
            )
            yield Problem(name, None, column, None, message)


def _refuse_unknown(district: District, policy: Policy, assumptions: Assumptions, stages: Sequence[str]) -> None:
    """Raise for a round, programme, zone or column that an assumption names and nobody knows."""
    stated = assumptions.stated
    programmes, zones = district.programmes["programme_id"].to_list(), district.links.zone_ids.to_list()
    rounds = [rule.name for rule in policy.rounds]
    named = [("diverted_round", "round of the policy", stated.diverted_round, rounds)] if stated.diverted_round else []
    named += [("intake › programme_id", "programme", one.programme_id, programmes) for one in stated.intake]
    named += [("housing › zone_id", "zone", one.zone_id, zones) for one in stated.housing]
    lines = [
        f"assumptions › {key} = '{name}': no such {what}{did_you_mean(name, known)}"
        for key, what, name, known in named
        if name not in known
    ]
    for stage in stages:
        if not any(rule.stage == stage for rule in policy.rounds):
            lines.append(f"the policy has no round of stage '{stage}', and the tables have programmes of it")
    if lines:
        raise PolicyError("\n".join(dict.fromkeys(lines)))


def refuse_unplanned(
    district: District, policy: Policy, programmes: Sequence[pl.DataFrame], years: Sequence[int]
) -> None:
    """Raise where an intake has other seats than the tables', and only ``seat_plan`` could say whose they are.

    Parameters
    ----------
    district, policy
        As given.
    programmes : sequence of DataFrame
        Those of each year.
    years : sequence of int
        The years ahead.

    Raises
    ------
    DataError
        If the plan, made for the seats of the tables, does not sum to the seats of a later year where all pools of a
        round follow it, or sums to more where others take the rest. A programme that closes needs no plan.
    """
    if not any(pool.seats == "seat_plan" for rule in policy.rounds for pool in rule.pools):
        return
    today = programme_seats(district, policy)
    found: dict[tuple[str, int], Problem] = {}
    for frame, year in zip(programmes, years, strict=True):
        then = replace(district, programmes=frame)
        seats = programme_seats(then, policy)
        for rule in policy.rounds:
            planned = planned_seats(rule, district)
            if planned is None:
                continue
            here = select_programmes(rule, then, Progress.start(len(district.students), seats))
            alone = all(pool.seats == "seat_plan" for pool in rule.pools)
            unfit = planned != seats if alone else planned > seats
            for place in np.flatnonzero(here & (seats != today) & (seats > 0) & unfit).tolist():
                name = district.programmes["programme_id"][place]
                told = _unplanned(rule.name, year, int(planned[place]), int(seats[place]), opens=today[place] == 0)
                found.setdefault((rule.name, place), Problem("seat_plan", None, "programme_id", name, told))
    if found:
        raise DataError(found.values())


def _unplanned(name: str, year: int, planned: int, seats: int, opens: bool) -> str:
    way_out = (
        f"give it rows that sum to {seats}"
        if opens
        else f"project the years from {year} on with a seat_plan of that year"
    )
    return (
        f"its pools in round '{name}' sum to {planned} seats, and by the assumptions' intake the programme has {seats} "
        f"from {year} on; {way_out}, or let a pool of the policy take the rest (seats = 'rest')"
    )


def column_of(frame: pl.DataFrame, name: str) -> pl.Series:
    """Return a column of text or counts, empty where the table has none."""
    dtype = pl.String if name == "kind" else pl.Int64
    return frame[name] if name in frame.columns else pl.Series(name, [None] * len(frame), dtype=dtype)
