"""Does the policy fit the tables? Every clause is tried on empty tables first, so that no round runs in vain."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from admissions.compiling.applicants import gather_applicants
from admissions.compiling.applications import Applications, condition_of, home_of
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import Draw, Ranking
from admissions.compiling.round import compile_round, select_programmes
from admissions.compiling.seats import divide_seats, programme_seats
from admissions.district.district import District
from admissions.errors import AdmissionsError, DataError, MarketError, PolicyError
from admissions.mechanisms import match
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Policy, Round

OF_STUDENTS = ("consent", "owned", "cost")
"""Parameters that read columns in which children who apply together must agree."""


def check_policy(district: District, policy: Policy) -> None:
    """Raise for everything in a policy that does not fit the tables.

    Parameters
    ----------
    district : District
        The tables.
    policy : Policy
        The rules.

    Raises
    ------
    PolicyError, DataError
        With every misfit at once, each pointing to round and key.

    Examples
    --------
    >>> from admissions.district.generation import generate_district
    >>> from admissions.policy.reading import read_policy
    >>> check_policy(generate_district("docs", size=60), read_policy("district_2016"))
    """
    errors = list(_misfits(district, policy))
    data = [problem for error in errors if isinstance(error, DataError) for problem in error.problems]
    if data:
        raise DataError(dict.fromkeys(data))
    if errors:
        lines = dict.fromkeys(str(error) for error in errors)
        raise PolicyError("\n".join(lines))


def columns_read(policy: Policy) -> set[str]:
    """Return the names of all columns the rounds of a policy read."""
    names = {"zone_id", "lon", "lat", "x", "y"}
    return names.union(*(columns_of_round(rule) for rule in policy.rounds))


def columns_of_round(rule: Round) -> set[str]:
    """Return the names of all columns that the expressions of a round read."""
    texts = [rule.programmes, rule.students, *(c.when for c in rule.classes), *(p.members for p in rule.pools)]
    if rule.guarantee is not None:
        texts += [rule.guarantee.who, rule.guarantee.where]
    texts += [text for name, text in rule.parameters.items() if name in OF_STUDENTS and isinstance(text, str)]
    names = {name for text in texts for name in parse_expression(text).columns}
    for priority in rule.classes:
        for pool in rule.pools:
            names.update(name for term in rule.terms(priority, pool) for name in term.expression.columns)
    return names


def _misfits(district: District, policy: Policy) -> Iterator[AdmissionsError]:
    try:
        seats = programme_seats(district, policy)
    except DataError as error:
        yield error
        return
    empty = without_rows(district)
    draw = Draw("", policy.lottery.scope == "programme", empty.students["student_id"])
    for rule in policy.rounds:
        yield from _misfits_of_round(rule, empty, draw)
        try:
            progress = Progress.start(len(district.students), seats)
            divide_seats(rule, district, select_programmes(rule, district, progress), seats, seats)
        except AdmissionsError as error:
            yield error


def _misfits_of_round(rule: Round, empty: District, draw: Draw) -> Iterator[AdmissionsError]:
    nobody = np.empty(0, dtype=np.int32)
    applications = Applications(empty, Progress.start(0, np.empty(0, dtype=np.int64)), nobody, nobody, nobody)
    ranking = Ranking(applications, draw)
    here = f"round '{rule.name}'"
    conditions = {f"{here} › students": rule.students}
    conditions |= {f"{here} › priority '{c.name}' › when": c.when for c in rule.priority}
    conditions |= {f"{here} › pool '{p.name}' › members": p.members for p in rule.pool}
    if rule.guarantee is not None:
        conditions[f"{here} › guarantee › where"] = rule.guarantee.where
    for where, text in conditions.items():
        try:
            applications.condition(parse_expression(text), where)
        except AdmissionsError as error:
            yield error
    for priority in rule.classes:
        for pool in rule.pools:
            where = f"{here} › priority '{priority.name}' › order" if rule.priority else f"{here} › order"
            try:
                ranking.place(rule.terms(priority, pool), where)
            except AdmissionsError as error:
                yield error
    if rule.parameters:
        yield from _misfits_of_parameters(rule, empty, draw)
    whole: tuple[tuple[str, str, str], ...] = (("programme", "programmes", rule.programmes),)
    if rule.guarantee is not None:
        whole += (("student", "guarantee › who", rule.guarantee.who),)
        for name in parse_expression(rule.guarantee.where).columns:
            if name == "choice_rank" or (home_of(name, empty) or ("",))[0] == "choices":
                yield PolicyError(
                    f"{here} › guarantee › where: '{name}' is of a choice, and whoever is placed there was left by all "
                    "choices; use columns of the child, the programme or the school"
                )
    for level, key, text in whole:
        try:
            condition_of(level, empty, applications.progress, parse_expression(text), f"{here} › {key}")  # type: ignore[arg-type]
        except AdmissionsError as error:
            yield error


def _misfits_of_parameters(rule: Round, empty: District, draw: Draw) -> Iterator[AdmissionsError]:
    """Yield what is wrong with the parameters of a round, by running its mechanism on nobody, for no seats."""
    pools = tuple(pool.model_copy(update={"seats": 0}) for pool in rule.pool)
    try:
        compiled = compile_round(
            rule.model_copy(update={"pool": pools}),
            empty,
            gather_applicants(empty, ()),
            Progress.start(0, np.zeros(len(empty.programmes), dtype=np.int64)),
            draw,
        )
        match(compiled.market, rule.mechanism, **compiled.parameters)
    except MarketError as error:
        yield PolicyError(f"round '{rule.name}' › mechanism: {error}")
    except AdmissionsError as error:
        yield error


def without_rows(district: District) -> District:
    """Return the district's tables with their columns and without their rows."""
    links = replace(
        district.links,
        **{
            name: getattr(district.links, name)[:0]
            for name in ("choice_student", "choice_programme", "programme_school", "student_zone")
        },
    )
    frames = {name: getattr(district, name).clear() for name in ("students", "schools", "programmes", "choices")}
    return replace(district, **frames, links=links)
