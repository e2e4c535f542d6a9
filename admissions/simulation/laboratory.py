"""A district and a policy compiled once, ready for any number of draws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from admissions.compiling.applicants import Applicants, gather_applicants
from admissions.compiling.checking import check_policy, columns_read
from admissions.compiling.seats import programme_seats
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Int64Array, Market
from admissions.policy.policy import Policy, Round
from admissions.simulation.certainty import Certainty, prove_choices
from admissions.simulation.rounds import OpenRound, open_round

DEFAULTS = {"ties": "lottery", "proposing": "students", "bundles": "exceed"}
"""Values of parameters under which a mechanism refuses a choice exactly when better applicants fill the pool."""


@dataclass(frozen=True, slots=True, repr=False)
class Stage:
    """A round as every draw finds it.

    Attributes
    ----------
    open : OpenRound
        The round without its lots.
    proof : Certainty
        What is proven of its choices.
    market : Market
        Lists without the choices that no draw grants; the same seats and applicants.
    back : (e,) int64
        Choice of the whole market of each of its choices.
    drawer : (h,) int32
        Whose ticket ranks each choice of the whole market, -1 where no lottery does.
    everybody : (a,) int64
        Its applicants.
    highest : int
        A bound that no key of any draw exceeds.
    """

    open: OpenRound
    proof: Certainty
    market: Market
    back: Int64Array
    drawer: Int32Array
    everybody: Int64Array
    highest: int

    @property
    def rule(self) -> Round:
        """The clause."""
        return self.open.rule


@dataclass(frozen=True, slots=True, repr=False)
class Laboratory:
    """What all draws share.

    Attributes
    ----------
    district : District
        The tables.
    policy : Policy
        The rules.
    applicants : Applicants
        Who applies.
    seats : (p,) int64
        Seats of each programme.
    stages : tuple of Stage or None
        One for each round, None for one that every draw compiles anew.
    """

    district: District
    policy: Policy
    applicants: Applicants
    seats: Int64Array
    stages: tuple[Stage | None, ...]


def compile_policy(district: District, policy: Policy, tell: Callable[[str], None] | None = None) -> Laboratory:
    """Return a district and a policy compiled for any number of draws.

    Raises
    ------
    PolicyError, DataError
        If the policy does not fit the tables.
    """
    tell = tell or (lambda phase: None)
    tell("policy")
    check_policy(district, policy)
    applicants = gather_applicants(district, columns_read(policy))
    stages: list[Stage | None] = []
    placed = np.zeros(len(applicants.first), dtype=np.bool_)
    unplaced = ~placed
    for place, rule in enumerate(policy.rounds):
        tell(f"{rule.name}: lists, classes and keys")
        opened = open_round(policy, place, district, applicants)
        if opened is None:
            unplaced &= (district.students["stage"] != rule.stage).to_numpy()[applicants.first]
            stages.append(None)
            continue
        who = opened.compiled.applicant
        might = opened.takes_part.any(axis=0) & ~placed[who]
        surely = opened.takes_part.all(axis=0) & unplaced[who]
        proof = _proven(opened, might, surely)
        stages.append(_stage(opened, proof))
        owner = opened.compiled.market.owners()
        placed[who[owner[proof.always]]] = True
        touched = opened.covers & might
        touched[owner[proof.open]] = True
        unplaced[who[touched]] = False
    return Laboratory(district, policy, applicants, programme_seats(district, policy), tuple(stages))


def refuses_by_priority(rule: Round) -> bool:
    """Return whether a round's mechanism refuses a choice exactly when better applicants who tried it fill the pool."""
    stable = rule.mechanism in ("deferred_acceptance", "serial_dictatorship")
    return stable and all(value == DEFAULTS.get(name) for name, value in rule.parameters.items())


def _proven(opened: OpenRound, might: BoolArray, surely: BoolArray) -> Certainty:
    market = opened.compiled.market
    if not refuses_by_priority(opened.rule) or opened.shares_seats:
        return Certainty.none(len(market.pool))
    return prove_choices(market, opened.before, might, surely)


def _stage(opened: OpenRound, proof: Certainty) -> Stage:
    """Return the stage of a round, without the choices no draw grants; the guarantee still asks for their keys."""
    market = opened.compiled.market
    everybody = np.arange(market.applicants)
    if opened.rule.guarantee is not None or proof.open.all():
        return Stage(opened, proof, market, np.arange(len(market.pool)), opened.drawer, everybody, opened.highest)
    back = np.flatnonzero(proof.open)
    upto = np.concatenate(([0], np.cumsum(proof.open)))
    slim = replace(
        market, indptr=upto[market.indptr], pool=market.pool[back], key=market.key[back], rank=market.rank[back]
    )
    fixed, drawer = (_frozen(array[back]) for array in (opened.fixed, opened.drawer))
    return Stage(
        replace(opened, fixed=fixed, drawer=drawer), proof, slim, back, opened.drawer, everybody, opened.highest
    )


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
