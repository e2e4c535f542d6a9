"""The list of one child in a round, as recorded, and in another order."""

from collections.abc import Sequence

import numpy as np

from admissions.audit.evidence import Evidence
from admissions.compiling.checking import columns_of_round
from admissions.errors import PolicyError
from admissions.policy.policy import Round
from admissions.simulation.relisting import refuse_other_than_listed

RANK = {"choice_rank", "rank"}
RecordedList = tuple[list[int], list[int], list[int]]
"""Pools of a round's market, best first, keys and ranks."""


def recorded_list(evidence: Evidence, applicant: int) -> RecordedList:
    """Return the list of an applicant as it is recorded.

    Parameters
    ----------
    evidence : Evidence
        The round.
    applicant : int
        Row of its market.
    """
    market = evidence.market
    own = slice(market.indptr[applicant], market.indptr[applicant + 1])
    return market.pool[own].tolist(), market.key[own].tolist(), market.rank[own].tolist()


def reordered_list(evidence: Evidence, applicant: int, programmes: Sequence[str]) -> RecordedList:
    """Return the list of an applicant in another order, or shorter.

    Parameters
    ----------
    evidence, applicant
        As of `recorded_list`.
    programmes : sequence of str
        The other list, best first, made of programmes on the own one.

    Raises
    ------
    AdmissionsError
        If a programme is not on the own list or there twice, or the list alone does not say how the child stands.
    """
    record = evidence.record
    _refuse_more_than_order(record.rule)
    student = evidence.student[applicant]
    rows = slice(*np.searchsorted(record.student, [student, student + 1]))
    listed = set(record.programme_ids.gather(np.unique(record.programme[rows])))
    refuse_other_than_listed(programmes, listed)
    place = {programme: rank for rank, programme in enumerate(programmes, start=1)}
    pools, keys, _ = recorded_list(evidence, applicant)
    names = evidence.pools["programme_id"].gather(pools)
    entries = zip(map(place.get, names), pools, keys, strict=True)
    other = sorted((entry for entry in entries if entry[0] is not None), key=lambda entry: entry[0] or 0)
    return [pool for _, pool, _ in other], [key for _, _, key in other], [rank or 0 for rank, _, _ in other]


def _refuse_more_than_order(rule: Round) -> None:
    """Refuse a round in which another order of a list is more than that."""
    way_out = "change the choices and allocate again"
    if rule.lists != ("choices",):
        raise PolicyError(
            f"round '{rule.name}' › lists: the round adds schools to what a family lists, so that its list alone does "
            f"not say where it applies: {way_out}"
        )
    if RANK & columns_of_round(rule):
        raise PolicyError(
            f"round '{rule.name}': a condition, a class or an order reads choice_rank, so that another list is another "
            f"priority, too: {way_out}"
        )
