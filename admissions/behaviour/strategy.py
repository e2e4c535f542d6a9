"""Strategic lists under immediate acceptance: the best reply to last year's outcome."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.behaviour.closings import last_places
from admissions.behaviour.tables import with_choices
from admissions.compiling.checking import columns_of_round
from admissions.district.district import District
from admissions.engine import allocate
from admissions.errors import PolicyError
from admissions.market import BoolArray, Int64Array
from admissions.policy.policy import Policy, Round
from admissions.records import RoundRecord

MECHANISM = "immediate_acceptance"
RANK = {"choice_rank", "rank"}


@dataclass(frozen=True, slots=True, repr=False)
class Strategic:
    """Families list what last year's outcome says they would get: the best reply under immediate acceptance.

    The first place goes to the best programme that would admit the child there, the second to the best of the others
    that would admit at the second place, and so on; programmes that would admit at no place left are dropped. A family
    whom none would admit hands in its true list.

    Parameters
    ----------
    last : Allocation
        Last year's, by the policy that holds this year, too.

    Raises
    ------
    PolicyError
        If no round of the policy is by immediate acceptance; or one is whose outcome does not say at which place an
        application succeeds: because it reads ``choice_rank``, has parameters, has a pool that takes others after its
        members, or shares a programme with another round.

    Notes
    -----
    Which step a programme filled in, and class, order values and lottery number of the last one it admitted then, are
    all that is used of last year. A family knows its own, the lottery number included: it is drawn from the seed given
    to `relist`. So with last year's district and seed the list is the best one against everybody else's list of last
    year: what is asked for first depends on nobody's later choices. Children who apply as one are taken for one child.
    Lists of rounds by other mechanisms stay.

    In the game of Abdulkadiroğlu and Sönmez (2003) these are the sophisticated families of Pathak and Sönmez (2008),
    here with last year's outcome for the equilibrium's. Calsamiglia and Güell (2018) show that families do so.

    Examples
    --------
    >>> import polars as pl
    >>> import admissions as adm
    >>> lists = {"S1": "AB", "S2": "AB", "S3": "AC", "S4": "BC"}
    >>> rows = [(student, rank, one) for student, wanted in lists.items() for rank, one in enumerate(wanted, start=1)]
    >>> district = adm.District.from_frames(
    ...     students=pl.DataFrame({"student_id": list(lists), "stage": "senior", "total": [690, 680, 670, 660]}),
    ...     schools=pl.DataFrame({"school_id": list("ABC")}),
    ...     programmes=pl.DataFrame(
    ...         {"programme_id": list("ABC"), "school_id": list("ABC"), "stage": "senior", "seats": 1}
    ...     ),
    ...     choices=pl.DataFrame(rows, schema=["student_id", "rank", "programme_id"], orient="row"),
    ... )
    >>> rule = {"name": "senior", "stage": "senior", "mechanism": "immediate_acceptance", "order": ["total desc"]}
    >>> policy = adm.Policy.from_dict({"title": "First choices first", "round": [rule]})
    >>> changed = adm.relist(district, Strategic(adm.allocate(district, policy)))
    >>> changed.choices.group_by("student_id", maintain_order=True).agg("programme_id")["programme_id"].to_list()
    [['A'], ['B'], ['C'], ['B']]
    """

    last: Allocation

    def __post_init__(self) -> None:
        if not any(rule.mechanism == MECHANISM for rule in self.last.policy.rounds):
            raise PolicyError(
                "no round of the policy is by immediate_acceptance: there is no outcome to reply to; Truthful is the "
                "model of families under other mechanisms"
            )
        _check_rounds(self.last.policy, self.last.cutoffs)

    def __repr__(self) -> str:
        return f"Strategic({self.last!r})"

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district in which the chosen families reply so."""
        now = allocate(district, self.last.policy, seed)
        _check_rounds(now.policy, now.cutoffs)
        places = [
            _by_student(record, last_places(record, then, self.last.cutoffs))
            for record, then in zip(now.records, self.last.records, strict=True)
            if record.rule.mechanism == MECHANISM
        ]
        return _replied(district, places, chosen)


Places = Mapping[int, Mapping[int, int]]
"""For each student the last place on the list at which each of its programmes would admit it, 0 for none."""


def _by_student(record: RoundRecord, places: Int64Array) -> Places:
    """Return the best of the pools of each programme, by student and programme."""
    found: dict[int, dict[int, int]] = {}
    rows = zip(record.student.tolist(), record.programme.tolist(), places.tolist(), strict=True)
    for student, programme, place in rows:
        own = found.setdefault(student, {})
        own[programme] = max(own.get(programme, 0), place)
    return found


def _replied(district: District, rounds: Sequence[Places], chosen: BoolArray) -> District:
    """Return the district in which the chosen hand in the best replies."""
    links, ranks = district.links, district.choices["rank"].to_numpy().astype(np.int64)
    begins = np.searchsorted(links.choice_student, np.arange(len(chosen) + 1))
    lists, kept = list[list[int]](), [np.empty(0, dtype=np.int64)]
    for student, (start, stop) in enumerate(zip(begins[:-1].tolist(), begins[1:].tolist(), strict=True)):
        wanted = links.choice_programme[start:stop].tolist()
        if chosen[student]:
            for places in rounds:
                wanted = best_reply(wanted, places.get(student, {}))
        lists.append(wanted)
        kept.append(np.arange(start, start + len(wanted)))
    students = np.repeat(np.arange(len(lists), dtype=np.int32), [len(wanted) for wanted in lists])
    programmes = np.array([programme for wanted in lists for programme in wanted], dtype=np.int32)
    return with_choices(district, students, programmes, ranks[np.concatenate(kept)])


def best_reply(wanted: Sequence[int], places: Mapping[int, int]) -> list[int]:
    """Return the list on which each place has the best programme left that would admit at that place.

    Parameters
    ----------
    wanted : sequence of int
        Programmes of the true list, best first.
    places : mapping of int to int
        The last place at which each programme of the round would admit; programmes of other rounds are not among them
        and stay where they are.

    Examples
    --------
    >>> best_reply([7, 8, 9, 3], {7: 0, 8: 1, 9: 5})
    [8, 9, 3]
    >>> best_reply([7, 8], {7: 0, 8: 0})
    [7, 8]
    """
    left, listed = [programme for programme in wanted if programme in places], list[int]()
    while (best := next((one for one in left if places[one] > len(listed)), None)) is not None:
        left.remove(best)
        listed.append(best)
    if not listed:
        return list(wanted)
    turn = iter(listed)
    replied = (next(turn, None) if programme in places else programme for programme in wanted)
    return [programme for programme in replied if programme is not None]


def _check_rounds(policy: Policy, cutoffs: pl.DataFrame) -> None:
    """Refuse a round by immediate acceptance of which the record does not say at which place who is admitted."""
    shared = cutoffs.select("round", "programme_id").unique().filter(pl.col("programme_id").is_duplicated())["round"]
    for rule in policy.rounds:
        if rule.mechanism == MECHANISM and (why := _obstacle(rule, rule.name in shared)):
            raise PolicyError(f"round '{rule.name}': {why}; Strategic cannot tell at which place a child is admitted")


def _obstacle(rule: Round, shares: bool) -> str:
    """Return why a round's outcome does not say at which place an application succeeds; empty where it does."""
    if columns_of_round(rule) & RANK:
        return "a class or an order reads choice_rank"
    if rule.parameters:
        return f"immediate_acceptance has parameters ({', '.join(rule.parameters)})"
    if any(pool.others == "after members" for pool in rule.pools):
        return "a pool takes others after its members"
    return "another round offers the same programmes" if shares else ""
