"""Each applicant's list: what the family chose, the schools of the zone, or every school, nearest first."""

from dataclasses import dataclass

import numpy as np

from admissions.compiling.applicants import Applicants
from admissions.compiling.distance import distances_between
from admissions.district.district import District
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.policy import Round

FAR = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, repr=False)
class Lists:
    """Listed programmes, applicant by applicant, best first.

    Attributes
    ----------
    applicant, programme : (m,) int32
        Who lists what.
    choice : (m,) int32
        Row of `choices`, or -1 for what the family did not list itself, whichever source put it on the list.
    place : (m,) int32
        Place on the list, 1 is best.
    """

    applicant: Int32Array
    programme: Int32Array
    choice: Int32Array
    place: Int32Array


def build_lists(
    rule: Round, district: District, applicants: Applicants, taking_part: BoolArray, programmes: BoolArray
) -> Lists:
    """Return the lists of a round: its sources one after the other, what stands twice only once.

    Parameters
    ----------
    rule : Round
        Names the sources.
    district : District
        The tables.
    applicants : Applicants
        Who applies.
    taking_part : (a,) bool
        Applicants of the round.
    programmes : (p,) bool
        Programmes of the round.
    """
    parts = []
    for source in rule.lists:
        if source == "choices":
            parts.append(_chosen(district, applicants, taking_part, programmes))
        else:
            who = np.flatnonzero(taking_part).astype(np.int32)
            pairs = (
                _zone_pairs(district, applicants, who, programmes) if source == "zone" else _all_pairs(who, programmes)
            )
            parts.append(_nearest_first(district, applicants, *pairs))
    applicant, programme, choice = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    if len(parts) > 1:
        order = np.argsort(applicant, kind="stable")
        applicant, programme, choice = applicant[order], programme[order], choice[order]
        once = _first_of_each(applicant, programme, len(programmes))
        applicant, programme, choice = applicant[once], programme[once], choice[once]
    if len(parts) > 1 or rule.lists[0] != "choices":
        choice = family_rows(district, applicants, applicant, programme)
    return Lists(applicant, programme, choice, _places(applicant))


def family_rows(district: District, applicants: Applicants, applicant: Int32Array, programme: Int32Array) -> Int32Array:
    """Return the row of `choices` where the family lists each programme, -1 where it does not.

    Parameters
    ----------
    district, applicants
        The tables, and who applies.
    applicant, programme : (m,) int32
        Pairs to look up.
    """
    rows = np.flatnonzero(applicants.lists)
    width = len(district.programmes)
    links = district.links
    pair = applicants.of_student[links.choice_student[rows]].astype(np.int64) * width + links.choice_programme[rows]
    wanted = applicant.astype(np.int64) * width + programme
    if not len(pair):
        return np.full(len(wanted), -1, dtype=np.int32)
    order = np.argsort(pair, kind="stable")
    place = np.minimum(np.searchsorted(pair, wanted, sorter=order), len(pair) - 1)
    found = pair[order[place]] == wanted
    return np.where(found, rows[order[place]], -1).astype(np.int32)


Pairs = tuple[Int32Array, Int32Array]


def _chosen(
    district: District, applicants: Applicants, taking_part: BoolArray, programmes: BoolArray
) -> tuple[Int32Array, Int32Array, Int32Array]:
    links = district.links
    applicant = applicants.of_student[links.choice_student]
    rows = np.flatnonzero(applicants.lists & taking_part[applicant] & programmes[links.choice_programme])
    rows = rows[np.argsort(applicant[rows], kind="stable")]
    return applicant[rows], links.choice_programme[rows], rows.astype(np.int32)


def _zone_pairs(district: District, applicants: Applicants, who: Int32Array, programmes: BoolArray) -> Pairs:
    """Return applicants with the round's programmes at the schools of their zones."""
    links = district.links
    of_school: dict[int, list[int]] = {}
    for programme in np.flatnonzero(programmes).tolist():
        of_school.setdefault(int(links.programme_school[programme]), []).append(programme)
    offered = [
        (zone, programme)
        for zone, school in zip(links.zone_of_pair.tolist(), links.school_of_pair.tolist(), strict=True)
        for programme in of_school.get(school, [])
    ]
    zone_of, programme_of = np.array(offered, dtype=np.int32).reshape(-1, 2).T
    zone = links.student_zone[applicants.first[who]]
    start, stop = (np.searchsorted(zone_of, zone, side=side) for side in ("left", "right"))
    count = np.where(zone >= 0, stop - start, 0)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(who, count), programme_of[np.repeat(start, count) + offset]


def _all_pairs(who: Int32Array, programmes: BoolArray) -> Pairs:
    listed = np.flatnonzero(programmes).astype(np.int32)
    return np.repeat(who, len(listed)), np.tile(listed, len(who))


def _nearest_first(
    district: District, applicants: Applicants, applicant: Int32Array, programme: Int32Array
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Return the pairs with each applicant's nearest programme first; unknown distances last, equal ones by id."""
    alone = np.bincount(applicant, minlength=1).max(initial=0) <= 1
    if not alone:
        school = district.links.programme_school[programme]
        metres = distances_between(district, applicants.first[applicant], school)
        order = np.lexsort((programme, np.where(metres < 0, FAR, metres), applicant))
        applicant, programme = applicant[order], programme[order]
    return applicant, programme, np.full(len(applicant), -1, dtype=np.int32)


def _first_of_each(applicant: Int32Array, programme: Int32Array, programmes: int) -> Int64Array:
    pair = applicant.astype(np.int64) * programmes + programme
    _, first = np.unique(pair, return_index=True)
    return np.sort(first)


def _places(applicant: Int32Array) -> Int32Array:
    """Return 1, 2, 3 … along each run of one applicant."""
    if not len(applicant):
        return np.empty(0, dtype=np.int32)
    index = np.arange(len(applicant), dtype=np.int32)
    begins = np.flatnonzero(np.diff(applicant, prepend=applicant[0] - 1))
    lengths = np.diff(begins, append=len(applicant))
    return index - np.repeat(index[begins], lengths) + np.int32(1)
