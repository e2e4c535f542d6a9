"""A round compiled once for all draws: everybody who may come to it, and keys that lack nothing but their lots.

What a draw changes is the lottery, who still has no seat, and the seats left. Nobody who takes part has one, so
``placed`` is the same for all of them. Compiled anew in every draw is a round that reads ``left_by`` anywhere but in a
condition on students, one that counts marks in steps, and one whose pools rank a class differently.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.compiling.applicants import Applicants
from admissions.compiling.applications import condition_of
from admissions.compiling.guarantee import covered
from admissions.compiling.lots import Tickets
from admissions.compiling.priorities import Entries, has_one_order_a_class, open_keys
from admissions.compiling.progress import Progress
from admissions.compiling.ranking import KEY_BITS, Draw
from admissions.compiling.round import CompiledRound, compile_entries, select_programmes
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.expressions import parse_expression
from admissions.policy.policy import Policy, Round

LEFT_BY = "left_by"


@dataclass(frozen=True, slots=True, repr=False)
class OpenRound:
    """A round whose lots are still to be drawn.

    Attributes
    ----------
    rule : Round
        The clause.
    compiled : CompiledRound
        The round of everybody who may come to it; its keys are of no draw.
    before : (e,) int64
        What goes before the lottery, of each choice.
    fixed : (e,) int64
        Each choice's key without its lot.
    drawer : (e,) int32
        Whose ticket ranks each choice, -1 where no lottery does.
    shift : int
        Bits of what comes after the lottery.
    tickets : Tickets
        Those who draw, or nobody.
    takes_part : (v, a) bool
        Who takes part, if still without a seat, by the place in the policy of the round that left the applicant last;
        last, if none did.
    covers : (a,) bool
        Whom the guarantee covers.
    shares_seats : bool
        Whether earlier rounds may take its seats.
    follows : bool
        Whether earlier rounds may have placed its applicants.
    """

    rule: Round
    compiled: CompiledRound
    before: Int64Array
    fixed: Int64Array
    drawer: Int32Array
    shift: int
    tickets: Tickets
    takes_part: npt.NDArray[np.bool_]
    covers: BoolArray
    shares_seats: bool
    follows: bool

    def draw_keys(self, places: Int64Array, key: Int64Array) -> None:
        """Write the keys of a draw, (e,) int64, from the place of each ticket."""
        from admissions.kernels.draws import put_lots

        put_lots(self.fixed, self.drawer, places, self.shift, key)

    @property
    def highest(self) -> int:
        """A bound that no key of any draw exceeds."""
        return int(self.fixed.max(initial=0)) | len(self.tickets.ids) << self.shift


def open_round(policy: Policy, place: int, district: District, applicants: Applicants) -> OpenRound | None:
    """Return a round compiled for all draws, or None where every draw must compile it anew.

    Parameters
    ----------
    policy : Policy
        The rules.
    place : int
        Which of its rounds.
    district : District
        The tables.
    applicants : Applicants
        Who applies.
    """
    rule = policy.rounds[place]
    if not _is_open(rule, policy, district):
        return None
    nothing = Progress.start(len(district.students), np.zeros(len(district.programmes), dtype=np.int64))
    takes_part = _takes_part(policy, place, district, applicants, nothing)
    everybody = rule.model_copy(update={"students": "TRUE"}) if LEFT_BY in _columns(rule.students) else rule
    draw = Draw("", policy.lottery.scope == "programme", applicants.lottery_id.gather(applicants.of_student))
    try:
        compiled, entries = compile_entries(everybody, district, applicants, _seats(policy, district), draw)
    except AdmissionsError:
        return None
    made = _keys_without_lots(policy, compiled, entries, applicants)
    if made is None:
        return None
    earlier = policy.rounds[:place]
    mine = select_programmes(rule, district, nothing)
    return OpenRound(
        rule=rule,
        compiled=replace(compiled, rule=rule),
        **made,
        takes_part=takes_part[:, compiled.applicant],
        covers=covered(compiled, district, applicants, nothing),
        shares_seats=any((mine & select_programmes(other, district, nothing)).any() for other in earlier),
        follows=any(other.stage == rule.stage for other in earlier),
    )


def _is_open(rule: Round, policy: Policy, district: District) -> bool:
    texts = [*(c.when for c in rule.classes), *(p.members for p in rule.pools)]
    texts += [str(value) for value in rule.parameters.values() if isinstance(value, str)]
    if rule.guarantee is not None:
        texts += [rule.guarantee.who, rule.guarantee.where]
    read = {name for text in texts for name in _columns(text)}
    read |= {n for c in rule.classes for p in rule.pools for t in rule.terms(c, p) for n in t.expression.columns}
    columns = _columns(rule.students)
    student_alone = columns <= {*district.students.columns, "placed", LEFT_BY}
    return (
        LEFT_BY not in read
        and (LEFT_BY not in columns or student_alone)
        and rule.mechanism != "score_bands"
        and not rule.draws
        and has_one_order_a_class(rule)
    )


def _columns(text: str) -> set[str]:
    try:
        return set(parse_expression(text).columns)
    except AdmissionsError:
        return set()


def _seats(policy: Policy, district: District) -> Progress:
    from admissions.compiling.seats import programme_seats

    return Progress.start(len(district.students), programme_seats(district, policy))


def _takes_part(
    policy: Policy, place: int, district: District, applicants: Applicants, nothing: Progress
) -> npt.NDArray[np.bool_]:
    """Return who takes part in a round by which earlier round left the applicant last, (v, a) bool."""
    rule = policy.rounds[place]
    here = (district.students["stage"] == rule.stage).to_numpy()
    rows = []
    for left_by in [*(other.name for other in policy.rounds), None]:
        holds = here
        if _columns(rule.students) <= {*district.students.columns, "placed", LEFT_BY}:
            left = nothing.left_by.clear().extend_constant(left_by, len(here))
            where = f"round '{rule.name}' › students"
            progress = replace(nothing, left_by=left)
            holds = here & condition_of("student", district, progress, parse_expression(rule.students), where)
        rows.append(holds[applicants.first])
    return np.array(rows)


def _keys_without_lots(
    policy: Policy, compiled: CompiledRound, entries: Entries, applicants: Applicants
) -> dict[str, Any] | None:
    """Return what an `OpenRound` knows of its keys, or None where they do not fit 62 bits."""
    keys, market = open_keys(entries), compiled.market
    if policy.lottery.scope == "programme":
        programmes = entries.ranking.applications.district.programmes["programme_id"]
        listed = programmes.gather(compiled.lists.programme) + ":"
        names = listed + applicants.lottery_id.gather(compiled.lists.applicant)
        drawer = entries.edge.astype(np.int32)
    else:
        names = applicants.lottery_id.gather(compiled.applicant)
        drawer = market.owners()
    tickets = Tickets.of(names if keys.drawn.any() else names.clear())
    shift = int(keys.after.max(initial=0)).bit_length()
    room = len(tickets.ids).bit_length() + shift
    if int(keys.before.max(initial=0)).bit_length() + room > KEY_BITS:
        return None
    fixed = keys.before << room | keys.after
    drawer = np.where(keys.drawn, drawer, -1).astype(np.int32)
    for array in (fixed, drawer):
        array.flags.writeable = False
    return {"before": keys.before, "fixed": fixed, "drawer": drawer, "shift": shift, "tickets": tickets}
