"""The parameters of a round's mechanism: what the policy says in words, as the arrays a mechanism takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl

from admissions.compiling.applications import condition_of
from admissions.compiling.lottery import draw_number
from admissions.compiling.priorities import Entries, marked_keys, strict_keys, tied_keys
from admissions.errors import PolicyError, did_you_mean, masked
from admissions.market import Int32Array, Int64Array
from admissions.policy.expressions import parse_expression


@dataclass(frozen=True, slots=True, repr=False)
class Compiled:
    """Keys and parameters of a round.

    Attributes
    ----------
    key : (e,) int64
        Key of each choice of the market.
    settled_by_id : int
        Applications that nothing but the student's id tells from another at the same pool.
    parameters : mapping of str to object
        What the mechanism is called with.
    """

    key: Int64Array
    settled_by_id: int
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, repr=False)
class Rows:
    """How the rows of the market and of the tables belong together.

    Attributes
    ----------
    student : (n,) int32
        Student who speaks for each applicant of the market.
    owner : (e,) int32
        Applicant of each choice.
    pool : (e,) int32
        Pool of the market of each choice.
    programme : (q,) int32
        Programmes of the round; each has as many pools of the market as the rule has.
    """

    student: Int32Array
    owner: Int32Array
    pool: Int32Array
    programme: Int32Array


def compile_parameters(entries: Entries, rows: Rows) -> Compiled:
    """Return the keys and parameters of a round.

    Parameters
    ----------
    entries : Entries
        Every application at every pool it enters.
    rows : Rows
        Where applicants and pools stand in the tables.

    Raises
    ------
    PolicyError
        If a parameter does not fit the tables, or ties are left where the mechanism needs strict priorities.
    """
    rule = entries.rule
    key, settled = strict_keys(entries)
    parameters = {name: _plain(value) for name, value in rule.parameters.items()}
    for name, compile_one in _BY_ROWS.items():
        if name in parameters:
            parameters[name] = compile_one(entries, rows, parameters[name])
    if rule.draws:
        return Compiled(key, 0, {**parameters, "draw": draw_number(entries.ranking.draw.seed, rule.name)})
    if parameters.get("ties") == "admit_all":
        key, settled = tied_keys(entries), 0
    elif rule.row.needs_strict_priorities:
        if settled and "ties" not in parameters:
            raise PolicyError(
                f"round '{rule.name}' › mechanism: {rule.mechanism} needs strict priorities, and {settled} "
                "applications are equal in all that is compared; end the order with 'lottery', or let the student's "
                "id settle them with parameters.ties = 'lottery'"
            )
        parameters.setdefault("ties", "lottery")
    if "tie_break" in rule.row.parameters:
        return Compiled(tied_keys(entries), settled, {**parameters, "tie_break": key})
    if rule.mechanism == "score_bands":
        marks = marked_keys(entries, key, rule.parameters["width"], rule.parameters.get("first_line"))
        parameters |= {"width": marks.width, "first_line": marks.first_line}
        key = marks.key
    return Compiled(key, settled, parameters)


def _plain(value: Any) -> Any:
    """Return a value as Python has it: TOML's endless band is a decimal here."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return math.inf if isinstance(value, Decimal) and value == Decimal("Infinity") else value


def _consent(entries: Entries, rows: Rows, value: Any) -> Any:
    """Return who consents, (n,) bool, from a condition on students."""
    where, expression = _expression(entries, "consent", value, "a condition on students")
    district, progress = entries.ranking.applications.district, entries.ranking.applications.progress
    return condition_of("student", district, progress, expression, where)[rows.student]


def _owned(entries: Entries, rows: Rows, value: Any) -> Any:
    """Return the pool whose seat each applicant owns, (n,) int32, from a column of students that names programmes."""
    where = f"round '{entries.rule.name}' › parameters › owned"
    district = entries.ranking.applications.district
    if value not in district.students.columns:
        near = did_you_mean(str(value), district.students.columns)
        raise PolicyError(f"{where}: no column '{value}' in students{near}; a column of programme_ids is needed")
    names = district.students[value].gather(rows.student).cast(pl.String)
    place = {name: j for j, name in enumerate(district.programmes["programme_id"].gather(rows.programme))}
    secured = names.replace_strict(place, default=-1, return_dtype=pl.Int32).fill_null(-1).to_numpy()
    if (strange := names.is_not_null().to_numpy() & (secured < 0)).any():
        raise PolicyError(
            f"{where}: students.{value} names {int(strange.sum())} programmes that are not in this round, "
            f"'{masked(names.filter(pl.Series(strange))[0])}' among them; leave the cell empty where nothing is secured"
        )
    pools = len(entries.rule.pools)
    mine = np.flatnonzero(rows.pool // pools == secured[rows.owner])[::-1]
    owned = np.where(secured >= 0, secured * pools, -1).astype(np.int32)
    owned[rows.owner[mine]] = rows.pool[mine]
    return owned


def _cap(entries: Entries, rows: Rows, value: Any) -> Any:
    """Return the groups under a cap as pairs of pools and count, from conditions on programmes and names of pools."""
    rule = entries.rule
    where = f"round '{rule.name}' › parameters › cap"
    if not isinstance(value, list):
        return value
    district, progress = entries.ranking.applications.district, entries.ranking.applications.progress
    names = [pool.name for pool in rule.pools]
    groups = []
    for place, group in enumerate(value):
        here = f"{where}[{place}]"
        keys = {"programmes", "pools", "at_most"}
        if not isinstance(group, dict) or not {"at_most"} <= set(group) <= keys:
            raise PolicyError(f"{here}: a table with at_most, and programmes (a condition) or pools (names) is needed")
        expression = _expression(entries, f"cap[{place}] › programmes", group.get("programmes", "TRUE"), "a condition")
        inside = condition_of("programme", district, progress, expression[1], expression[0])[rows.programme]
        wanted = group.get("pools", names)
        for name in wanted:
            if name not in names:
                raise PolicyError(f"{here} › pools: no pool '{name}'{did_you_mean(str(name), names)}")
        pools = np.flatnonzero(inside)[:, None] * len(names) + [names.index(name) for name in wanted]
        if pools.size:
            groups.append((pools.ravel().tolist(), group["at_most"]))
    return groups


def _targets(entries: Entries, rows: Rows, value: Any) -> Any:
    """Return the seats each pool is entitled to, (p,) int64, from a column of programmes."""
    where, expression = _expression(entries, "targets", value, "a column of programmes")
    if len(entries.rule.pools) > 1:
        raise PolicyError(
            f"{where}: programmes have {len(entries.rule.pools)} pools here, and one target; use one pool"
        )
    level, targets = entries.ranking.applications.evaluate(expression, where)
    if level != "programme" or not targets.dtype.is_integer():
        raise PolicyError(f"{where}: '{value}' is no whole number of the programme")
    return targets.gather(rows.programme).fill_null(0).to_numpy().astype(np.int64)


def _cost(entries: Entries, rows: Rows, value: Any) -> Any:
    """Return the cost of each choice, (e,) int64, from a column or an expression over applications."""
    where, expression = _expression(entries, "cost", value, "a column or an expression of whole numbers")
    applications = entries.ranking.applications
    level, costs = applications.evaluate(expression, where)
    if not costs.dtype.is_integer():
        raise PolicyError(f"{where}: '{value}' is {costs.dtype}, and a cost is a whole number: round to a small unit")
    unknown = applications.spread(level, costs.is_null().to_numpy())[entries.edge]
    if unknown.any():
        raise PolicyError(
            f"{where}: '{value}' is not known for {int(unknown.sum())} applications; say what those cost, as in "
            f"COALESCE({value}, 0)"
        )
    return applications.spread(level, costs.fill_null(0).to_numpy())[entries.edge].astype(np.int64)


def _expression(entries: Entries, name: str, value: Any, what: str) -> Any:
    where = f"round '{entries.rule.name}' › parameters › {name}"
    if not isinstance(value, str):
        raise PolicyError(f"{where} = {value!r}: {what} is needed")
    try:
        return where, parse_expression(value)
    except PolicyError as error:
        raise PolicyError(f"{where}: {error}") from None


_BY_ROWS = {"consent": _consent, "owned": _owned, "cap": _cap, "targets": _targets, "cost": _cost}
