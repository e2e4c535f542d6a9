"""A district and a policy compiled once, ready for any number of draws."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

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
    line : Line or None
        How all pools rank its applicants; None where they do not rank them alike.
    """

    open: OpenRound
    proof: Certainty
    market: Market
    back: Int64Array
    drawer: Int32Array
    everybody: Int64Array
    highest: int
    line: "Line | None"

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
    in_turn = opened.rule.mechanism == "serial_dictatorship"
    may_be_refused = in_turn and not _rank_alike(market, opened.before, opened.drawer)
    if not refuses_by_priority(opened.rule) or opened.shares_seats or may_be_refused:
        return Certainty.none(len(market.pool))
    return prove_choices(market, opened.before, might, surely)


def _stage(opened: OpenRound, proof: Certainty) -> Stage:
    """Return the stage of a round, without the choices no draw grants; the guarantee still asks for their keys."""
    market = opened.compiled.market
    everybody, tickets = np.arange(market.applicants), len(opened.tickets.ids)
    if opened.rule.guarantee is not None or proof.open.all():
        back, line = np.arange(len(market.pool)), Line.of(market, opened.before, opened.drawer, tickets)
        return Stage(opened, proof, market, back, opened.drawer, everybody, opened.highest, line)
    back = np.flatnonzero(proof.open)
    upto = np.concatenate(([0], np.cumsum(proof.open)))
    slim = replace(
        market, indptr=upto[market.indptr], pool=market.pool[back], key=market.key[back], rank=market.rank[back]
    )
    fixed, drawer = (_frozen(array[back]) for array in (opened.fixed, opened.drawer))
    line = Line.of(slim, opened.before[back], drawer, tickets)
    shorter = replace(opened, fixed=fixed, drawer=drawer)
    return Stage(shorter, proof, slim, back, opened.drawer, everybody, opened.highest, line)


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """Applicants whom all pools rank alike: by group, and by lot inside a group.

    Attributes
    ----------
    group : (a,) int32
        Of each applicant, the first goes first.
    start : (g + 1,) int32
        Where each group begins.
    pool : (e,) uint16 or int32
        Seat pool of each choice, in as few bytes as may be: the lists are read in no order of memory.
    """

    group: Int32Array
    start: Int32Array
    pool: npt.NDArray[np.integer]

    @classmethod
    def of(cls, market: Market, before: Int64Array, drawer: Int32Array, tickets: int) -> "Line | None":
        """Return the line of a market, or None where an applicant goes before others at one pool and not at another.

        Parameters
        ----------
        market : Market
            Its lists; keys are not looked at.
        before : (e,) int64
            What is compared before the lottery.
        drawer : (e,) int32
            Whose lot ranks each choice, -1 where none does.
        tickets : int
            How many draw a lot.
        """
        if tickets != market.applicants or not _rank_alike(market, before, drawer):
            return None
        own = np.zeros(market.applicants, dtype=np.int64)
        own[market.owners()] = before
        _, group = np.unique(own, return_inverse=True)
        start = np.concatenate(([0], np.cumsum(np.bincount(group))))
        few = len(market.seats) <= np.iinfo(np.uint16).max
        pool = market.pool.astype(np.uint16) if few else market.pool
        return cls(*(_frozen(array) for array in (group.astype(np.int32), start.astype(np.int32), pool)))

    def of_lots(self, order: Int32Array) -> Int32Array:
        """Return the applicants, first to choose first, (a,) int32, from the order of their lots."""
        from admissions.kernels.draws import line_up_groups

        if len(self.start) == 2:
            return order
        line = np.empty_like(order)
        line_up_groups(order, self.group, self.start, line)
        return line


def _rank_alike(market: Market, before: Int64Array, drawer: Int32Array) -> bool:
    """Return whether in every draw all pools rank applicants alike, by what goes before one lot of each."""
    owner = market.owners()
    own = np.zeros(market.applicants, dtype=np.int64)
    own[owner] = before
    return bool((before == own[owner]).all() and ((drawer == owner) | (drawer < 0)).all())


def _frozen(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array
