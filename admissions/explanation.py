"""Why a child has this seat and no better one: each application, the cutoff it met, and by what it missed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import polars as pl

from admissions.allocation import Allocation
from admissions.errors import AdmissionsError
from admissions.policy.expressions import Term
from admissions.policy.policy import Round
from admissions.records import value_column

LOTTERY_DIGITS = 12

OUTCOME_WORDS = {
    "admitted": "admitted",
    "not needed": "not needed: a better choice was given",
    "no class": "no priority class admits this application",
    "no pool": "no seat pool takes this child",
    "not eligible": "the round's condition on students does not hold",
}

ROUTE_WORDS = {
    "choice": "a programme the family listed",
    "zone": "a programme of the zone's list",
    "coordinated": "placed by the guarantee, on no list of the family's",
}

REASON_WORDS = {
    "no round": "no round of the policy is for this child",
    "not eligible": "the conditions of the rounds do not hold for this child",
    "no list": "the child has no programme on its list",
    "no class": "no priority class admits any of its applications",
    "no pool": "no seat pool takes this child",
    "outranked": "every programme on its list was filled with applications that go before",
    "seats ran out": "the guarantee covers the child, but no seat it may take was left",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One application at one pool, and what decided it.

    Attributes
    ----------
    round, programme_id, pool, class_name, outcome : str or None
        As the run recorded them.
    rank : int
        Place on the list.
    own : mapping of str to value
        What the order compared, of the child.
    cutoff : mapping of str to value
        The same of the last one admitted; empty where the pool has a seat left.
    missed_by : str
        What decided against it, in words; empty where nothing did.
    """

    round: str
    rank: int
    programme_id: str
    pool: str | None
    class_name: str | None
    outcome: str
    own: Mapping[str, Any] = field(repr=False)
    cutoff: Mapping[str, Any] = field(repr=False)
    missed_by: str = field(default="", repr=False)

    def __str__(self) -> str:
        """Return the step as a line."""
        words = self.missed_by or OUTCOME_WORDS.get(self.outcome, self.outcome)
        at = self.programme_id if self.pool in (None, "all") else f"{self.programme_id}, pool '{self.pool}'"
        return f"  {self.rank}. {at}: {words}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one child has its seat, or none.

    Attributes
    ----------
    student_id : str
        The child.
    seat : mapping of str to value
        Its row of the allocation.
    steps : tuple of Step
        Its applications, in the order they count.
    """

    student_id: str = field(repr=False)
    seat: Mapping[str, Any] = field(repr=False)
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        """Return the explanation in words."""
        seat = self.seat
        if seat["programme_id"] is None:
            head = f"{self.student_id} has no seat: {REASON_WORDS.get(seat['reason'], seat['reason'])}"
        else:
            where = "" if seat["pool"] in (None, "all") else f", pool '{seat['pool']}'"
            head = f"{self.student_id} has a seat at {seat['programme_id']}{where}: {ROUTE_WORDS[seat['route']]}"
        lines = [head]
        for step, before in zip(self.steps, (None, *self.steps), strict=False):
            if before is None or before.round != step.round:
                lines.append(f"Round '{step.round}'")
            lines.append(str(step))
        return "\n".join(lines)


def explain(allocation: Allocation, student: str) -> Explanation:
    """Return why a child has this seat and no better one.

    Parameters
    ----------
    allocation : Allocation
        The result, in memory or read back from a run folder.
    student : str
        The child's id.

    Raises
    ------
    AdmissionsError
        If there is no such student.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> student = allocation.students["student_id"][0]
    >>> str(explain(allocation, student)).startswith(student)
    True
    """
    seats = allocation.students.filter(pl.col("student_id") == student)
    if not len(seats):
        raise AdmissionsError("no student of that id in this run; ids count to the letter")
    rules = {rule.name: rule for rule in allocation.policy.rounds}
    rows = allocation.applications.filter(pl.col("student_id") == student).to_dicts()
    order = {name: place for place, name in enumerate(rules)}
    law = {name: {pool.name: k for k, pool in enumerate(rule.pools)} for name, rule in rules.items()}
    rows.sort(key=lambda row: (order[row["round"]], row["rank"], law[row["round"]].get(row["pool"], 0)))
    steps = tuple(_step(allocation, rules[row["round"]], row) for row in rows)
    return Explanation(student, seats.to_dicts()[0], steps)


def _step(allocation: Allocation, rule: Round, row: Mapping[str, Any]) -> Step:
    cutoff = _cutoff(allocation, row)
    terms = _terms(rule, row)
    names = [value_column(term.name) for term in terms]
    own = {name: row.get(name) for name in names}
    met = {name: cutoff.get(name) for name in names} if cutoff.get("cutoff_key") is not None else {}
    missed = _missed_by(rule, row, cutoff, terms) if row["outcome"] == "refused" else ""
    return Step(
        row["round"], row["rank"], row["programme_id"], row["pool"], row["class"], row["outcome"], own, met, missed
    )


def _terms(rule: Round, row: Mapping[str, Any]) -> tuple[Term, ...]:
    classes = [priority for priority in rule.classes if priority.name == row["class"]]
    pools = [pool for pool in rule.pools if pool.name == row["pool"]]
    return rule.terms(classes[0], pools[0]) if classes and pools else ()


def _cutoff(allocation: Allocation, row: Mapping[str, Any]) -> dict[str, Any]:
    if row["pool"] is None:
        return {}
    here = [pl.col(name) == row[name] for name in ("round", "programme_id", "pool")]
    found = allocation.cutoffs.filter(*here).to_dicts()
    return found[0] if found else {}


def _missed_by(rule: Round, row: Mapping[str, Any], cutoff: Mapping[str, Any], terms: tuple[Term, ...]) -> str:
    """Return the first criterion in which the last one admitted goes before, or what else the mechanism refuses by."""
    if not cutoff.get("seats"):
        return "this pool has no seats here"
    if rule.row.refusal:
        return rule.row.refusal
    if cutoff.get("cutoff_key") is None and rule.parameters.get("bundles") == "skip":
        return "not all children of the application would have found a seat"
    if cutoff.get("cutoff_key") is None or row["key"] <= cutoff["cutoff_key"]:
        return "refused"
    if row["class"] != cutoff["cutoff_class"]:
        return f"filled with class '{cutoff['cutoff_class']}' or better; this application is of class '{row['class']}'"
    for term in terms:
        name = value_column(term.name)
        own, last = row.get(name), cutoff.get(name)
        if own == last:
            continue
        if _goes_before(own, last, term):
            return "filled with members of the pool, who go before others"
        if term.is_lottery:
            return f"lottery number {str(own)[:LOTTERY_DIGITS]}…; the last admitted drew {str(last)[:LOTTERY_DIGITS]}…"
        return f"{term.name} {_said(own)}; the last admitted had {_said(last)}{_short_by(own, last)}"
    return "equal in all that is compared, and settled by id"


def _goes_before(own: Any, last: Any, term: Term) -> bool:
    if own is None or last is None:
        return last is None
    return bool(own > last if term.descending else own < last)


def _said(value: Any) -> str:
    return "is not known" if value is None else str(value)


def _short_by(own: Any, last: Any) -> str:
    if isinstance(own, int | Decimal) and isinstance(last, int | Decimal) and not isinstance(own, bool):
        return f" (missed by {abs(last - own)})"
    return ""
