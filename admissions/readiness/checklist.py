"""The checks before a run, gone through in order."""

from collections.abc import Iterator, Sequence
from typing import Any

from admissions.allocation import Allocation
from admissions.compiling.checking import check_policy
from admissions.compiling.seats import programme_seats
from admissions.district.district import District
from admissions.policy.policy import Policy
from admissions.policy.soundness import unsound_clauses
from admissions.readiness.clauses import idle_clauses
from admissions.readiness.concerns import Concern, Preflight
from admissions.readiness.conversions import uncovered_values
from admissions.readiness.directions import lowered_by_a_higher_mark
from admissions.readiness.doubles import repeated_children
from admissions.readiness.exclusions import unreconciled_exclusions
from admissions.readiness.floors import missing_floors
from admissions.readiness.rehearsal import Rehearsal, rehearse
from admissions.readiness.seats import changed_seats, seats_of_year, seats_without_demand


def preflight(
    district: District,
    policy: Policy,
    last_year: District | Allocation | None = None,
    excluded: Any = None,
    acknowledged: Sequence[str] = (),
) -> Preflight:
    """Return what stands out in tables and policy before a run.

    Parameters
    ----------
    district : District
        The tables.
    policy : Policy
        The rules.
    last_year : District or Allocation, optional
        Another year's tables, or the result of its run, to hold this year's seats against.
    excluded : data frame, optional
        Children who have a seat elsewhere: a column ``student_id``. Each must be in `students`, and take part in no
        round.
    acknowledged : sequence of str
        Keys of concerns the office has looked at and finds right, ``"seats:P01-1"``.

    Returns
    -------
    Preflight
        `stops`, `tells` and `acknowledged`; see `admissions.readiness.concerns.CONCERNS` for the codes.

    Raises
    ------
    PolicyError, DataError
        If the policy does not fit the tables, or the list is none.
    PreflightError
        If an acknowledgement fits nothing that stops the run.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> ready = adm.preflight(district, policy, last_year=adm.generate_district("docs", size=60))
    >>> ready.raise_if_stopped()
    """
    check_policy(district, policy)
    rehearsals = rehearse(district, policy)
    concerns = list(_of_rounds(rehearsals))
    seats = dict(zip(district.programmes["programme_id"], programme_seats(district, policy).tolist(), strict=True))
    if last_year is not None:
        concerns += changed_seats(seats, seats_of_year(last_year, policy))
    if excluded is not None:
        concerns += unreconciled_exclusions(rehearsals, district, excluded)
    concerns += seats_without_demand(rehearsals, seats)
    concerns += (concern for rehearsal in rehearsals for concern in idle_clauses(rehearsal))
    concerns += repeated_children(district)
    concerns += (Concern("tells", "theory", "policy", sentence) for sentence in unsound_clauses(policy))
    return Preflight.of(concerns, acknowledged)


def preflight_of_rules(district: District, policy: Policy, acknowledged: Sequence[str] = ()) -> Preflight:
    """Return what of the policy's own clauses stops a run; looks at no more than the clauses in doubt."""
    check_policy(district, policy)
    return Preflight.of(_of_rounds(rehearse(district, policy)), acknowledged)


def _of_rounds(rehearsals: Sequence[Rehearsal]) -> Iterator[Concern]:
    for rehearsal in rehearsals:
        for check in (uncovered_values, missing_floors, lowered_by_a_higher_mark):
            yield from check(rehearsal)
