"""What one change would move, from a stored outcome: of a market, or of a round in the office's words."""

import math
from typing import Any, overload

import polars as pl

from admissions.allocation import Allocation
from admissions.audit.evidence import read_round
from admissions.errors import AdmissionsError, MarketError, PolicyError, did_you_mean
from admissions.market import Matching
from admissions.mechanisms.continuation import Continuation, continue_from
from admissions.policy.policy import Round
from admissions.simulation.moves import MARGINAL
from admissions.simulation.round_state import RoundState

SAME_OUTCOME: dict[str, dict[str, Any]] = {
    "deferred_acceptance": {"ties": "lottery", "proposing": "students"},
    "serial_dictatorship": {"ties": "lottery"},
    "parallel": {"ties": "lottery", "band": math.inf},
}
"""Mechanisms whose outcome is the student-optimal stable one, and the parameters for which it is."""
WAY_OUT = "change the tables or the policy, allocate again, and compare the two"


@overload
def what_if(outcome: Matching, in_round: None = None, rerun: bool = False) -> Continuation: ...
@overload
def what_if(outcome: Allocation, in_round: str | None = None, rerun: bool = False) -> RoundState: ...
def what_if(
    outcome: Matching | Allocation, in_round: str | None = None, rerun: bool = False
) -> Continuation | RoundState:
    """Return an outcome to ask what one change would move: a seat more or less, a child more or less, another list.

    Nothing is run again: deferred acceptance is continued from the outcome, along chains of rejections and vacancies
    and the improvement cycles that are left at their end (McVitie and Wilson 1971; Blum, Roth and Rothblum 1997; Erdil
    and Ergin 2008). The answer is exactly that of a full run with the change.

    Parameters
    ----------
    outcome : Matching or Allocation
        Of a market, that of `deferred_acceptance`; of an office, an allocation, fresh or read from a run folder.
    in_round : str, optional
        Which round of the allocation; can be left out where there is one alone.
    rerun : bool
        Whether each question is a full run of the changed market instead, as it must be where children apply as one.

    Returns
    -------
    Continuation or RoundState
        For a market in its names or numbers, for a round in those of the office's tables.

    Raises
    ------
    AdmissionsError
        If there is no such round, its mechanism or parameters have another outcome than the student-optimal stable one,
        or children apply as one and ``rerun`` is not said. The message says the way out.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=300), adm.read_policy("district_2016")
    >>> allocation = adm.allocate(district, policy, seed="2016-07-01 09:00")
    >>> state = adm.what_if(allocation, "vocational")
    >>> state.marginal_seats()["stays_empty"].all()
    True
    """
    if isinstance(outcome, Matching):
        if in_round is not None:
            raise AdmissionsError("a market is one round; leave in_round out")
        return continue_from(outcome, rerun)
    if not isinstance(outcome, Allocation):
        raise AdmissionsError(f"what_if asks what match, allocate or read_run returned, not a {type(outcome).__name__}")
    names = [rule.name for rule in outcome.policy.rounds]
    if in_round is None and len(names) == 1:
        in_round = names[0]
    if in_round not in names:
        hint = did_you_mean(str(in_round), names)
        raise AdmissionsError(f"no round '{in_round}' in this allocation{hint}; there are {', '.join(names)}")
    place = names.index(in_round)
    rule = outcome.policy.rounds[place]
    _refuse_other_outcomes(rule)
    evidence = read_round(outcome, outcome.records[place])
    if rule.parameters.get("bundles") == "skip" and evidence.market.size.max(initial=1) > 1:
        raise PolicyError(f"round '{in_round}' › parameters: bundles = 'skip' and children who apply as one: {WAY_OUT}")
    try:
        state = continue_from(evidence.matching, rerun)
    except MarketError as error:
        raise AdmissionsError(f"round '{in_round}': {error}") from None
    guarantee = () if rule.guarantee is None else (f"the guarantee of round '{in_round}'",)
    later = (f"round '{other.name}'" for other in outcome.policy.rounds[place + 1 :] if other.stage == rule.stage)
    return RoundState(in_round, evidence, state, (*guarantee, *later))


def marginal_seats(allocation: Allocation, rerun: bool = False) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return what the next seat of every programme and pool would change, and why some rounds cannot say.

    Parameters
    ----------
    allocation : Allocation
        The outcome.
    rerun : bool
        As of `what_if`.

    Returns
    -------
    table : polars.DataFrame
        As of `RoundState.marginal_seats`, over all rounds that can be asked.
    refused : dict of str to str
        For each other round what `what_if` raises.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> table, refused = marginal_seats(adm.allocate(district, policy, seed="s"))
    >>> table.columns[:4], list(refused)
    (['round', 'programme_id', 'pool', 'seats'], [])
    """
    tables, refused = [pl.DataFrame(schema=MARGINAL)], {}
    for rule in allocation.policy.rounds:
        try:
            tables.append(what_if(allocation, rule.name, rerun).marginal_seats())
        except AdmissionsError as error:
            refused[rule.name] = str(error)
    return pl.concat(tables), refused


def _refuse_other_outcomes(rule: Round) -> None:
    """Refuse a round whose mechanism does not make the student-optimal stable matching."""
    needed = SAME_OUTCOME.get(rule.mechanism)
    if needed is None:
        raise PolicyError(
            f"round '{rule.name}' › mechanism: {rule.mechanism} has another outcome than deferred acceptance, and "
            f"chains are of that alone: {WAY_OUT}"
        )
    for name, value in needed.items():
        if rule.parameters.get(name, value) != value:
            raise PolicyError(
                f"round '{rule.name}' › parameters: with {name} = {rule.parameters[name]!r} {rule.mechanism} has "
                f"another outcome than deferred acceptance, and chains are of that alone: {WAY_OUT}"
            )
