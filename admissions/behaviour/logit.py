"""Random utility: quality, distance and taste make a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from admissions.behaviour.relisting import check_length, needed_seed
from admissions.behaviour.tables import with_choices
from admissions.behaviour.tastes import FloatArray, gumbel, hashed_bits
from admissions.behaviour.worth import Quality, check_coefficient, programme_worth, programmes_in_question
from admissions.compiling.applicants import Applicants, gather_applicants
from admissions.compiling.distance import distances_between
from admissions.district.district import District
from admissions.district.schema import STAGES
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int32Array, Int64Array

UNIT = 1e-9
"""Utilities are compared in whole units of this size."""
LARGEST = 9e9
BLOCK = 1_000_000
"""Pairs of student and programme at a time."""


@dataclass(frozen=True, slots=True)
class DistanceQualityLogit:
    """Families rank programmes by quality, distance and a taste of their own (McFadden 1974).

    Utility is the sum of ``quality``, ``distance`` times the kilometres from home to school, and noise of the standard
    Gumbel distribution, independent from child to child and from programme to programme.

    Parameters
    ----------
    distance : float
        Utility of a kilometre; below 0 where near schools are liked.
    quality : mapping of str to float, or to mapping of str to float
        For a column of programmes or schools (or an SQL expression over them) the coefficient; for a column of text the
        effect of each value, such as ``{"programme_id": {"P1": 0.4, "P2": 0.0}}``.
    programmes : str
        SQL condition on programmes: which are in question. A child chooses among those of its stage.
    length : int, optional
        Programmes each child lists. By default every family lists as many of those in question as before, and none
        where it listed none.

    Raises
    ------
    AdmissionsError
        If a coefficient is no finite number, or the length is not 1 or more.

    Notes
    -----
    The noise of a child at a programme is ``-ln(-ln(u))`` of the first 52 bits ``u`` of
    ``SHA-256("SEED:taste:PROGRAMME:ID")``; `ID` is the bundle's where there is one. It stays the same when a school
    moves, a coefficient changes or another programme opens, so that what differs between two lists is the change.
    Utilities are compared in whole units of 1e-9; equal ones go by the programme's id.

    Listed programmes that are not in question stand behind the others, in their order.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=60)
    >>> near = DistanceQualityLogit(distance=-50.0, programmes="kind = 'compulsory'", length=1)
    >>> changed = adm.relist(district, near, seed="s")
    >>> len(changed.choices) > len(district.choices)
    True
    """

    distance: float = 0.0
    quality: Quality = field(default_factory=dict)
    programmes: str = "TRUE"
    length: int | None = None

    def __post_init__(self) -> None:
        check_coefficient("distance", self.distance)
        for name, given in self.quality.items():
            for value, one in given.items() if isinstance(given, Mapping) else [("", given)]:
                check_coefficient(f"quality '{name}' {value}".rstrip(), one)
        if self.length is not None:
            check_length(self.length)

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district in which the chosen families make their lists so."""
        seed = needed_seed(seed, "taste")
        applicants = gather_applicants(district, ())
        which = programmes_in_question(district, self.programmes)
        worth = programme_worth(district, self.quality, which)
        links = district.links
        listed = np.bincount(links.choice_student[which[links.choice_programme]], minlength=len(chosen))
        lists = [(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64))]
        relisted = np.zeros(len(chosen), dtype=np.bool_)
        for stage in STAGES:
            offered = np.flatnonzero(which & (district.programmes["stage"] == stage).to_numpy()).astype(np.int32)
            here = chosen & (district.students["stage"] == stage).to_numpy() & (len(offered) > 0)
            student = np.flatnonzero(here & ((listed > 0) | (self.length is not None))).astype(np.int32)
            wanted = listed[student] if self.length is None else np.full(len(student), self.length)
            relisted[student] = True
            step = max(1, BLOCK // max(1, len(offered)))
            for start in range(0, len(student), step):
                own = student[start : start + step]
                utility = self._utilities(district, seed, applicants, own, offered, worth)
                lists.append(_best(utility, own, offered, wanted[start : start + step]))
        return _behind(district, relisted, which, *(np.concatenate(column) for column in zip(*lists, strict=True)))

    def _utilities(
        self,
        district: District,
        seed: str,
        applicants: Applicants,
        student: Int32Array,
        offered: Int32Array,
        worth: FloatArray,
    ) -> Int64Array:
        """Return the utility of each programme offered to each student, (n, p) int64 in units."""
        utility = np.broadcast_to(worth[offered], (len(student), len(offered)))
        if self.distance:
            home = applicants.first[applicants.of_student[student]]
            utility = utility + float(self.distance) * known_kilometres(district, home[:, None], offered[None, :])
        largest = np.abs(utility).max(initial=0.0)
        if not largest < LARGEST - 100:
            raise AdmissionsError(f"a utility of {largest:g} is beyond comparison; measure the columns in larger units")
        programmes = district.programmes["programme_id"].gather(offered).to_list()
        ids = applicants.lottery_id.gather(applicants.of_student[student])
        bits = hashed_bits(f"{seed}:taste", (f"{programme}:{one}" for one in ids for programme in programmes))
        return np.rint((utility + gumbel(bits).reshape(utility.shape)) / UNIT).astype(np.int64)


def known_kilometres(district: District, student: Int32Array, programme: Int32Array) -> FloatArray:
    """Return the kilometres from students' homes to programmes' schools.

    Parameters
    ----------
    district : District
        The tables.
    student, programme : int32 arrays that broadcast
        Rows of the two tables.

    Raises
    ------
    AdmissionsError
        If one is not known.
    """
    metres = distances_between(district, student, district.links.programme_school[programme])
    if unknown := int((metres < 0).sum()):
        raise AdmissionsError(
            f"distance: not known of {unknown:,} of {metres.size:,} pairs of child and school; give both tables lon "
            "and lat (or x and y), or a table of distances, or do without the distance"
        )
    return metres / 1000.0


Lists = tuple[Int32Array, Int32Array, Int64Array]


def _best(utility: Int64Array, student: Int32Array, offered: Int32Array, wanted: Int64Array) -> Lists:
    """Return student, programme and rank of the programmes of largest utility, as many as wanted."""
    order = np.argsort(-utility, axis=1, kind="stable")
    row, place = np.nonzero(np.arange(len(offered)) < wanted[:, None])
    return student[row], offered[order[row, place]], place.astype(np.int64) + 1


def _behind(
    district: District,
    relisted: BoolArray,
    which: BoolArray,
    student: Int32Array,
    programme: Int32Array,
    rank: Int64Array,
) -> District:
    """Return the district with these lists, and on them behind what was listed and is not in question."""
    links = district.links
    kept = ~relisted[links.choice_student] | ~which[links.choice_programme]
    before = links.choice_student[kept]
    moved = np.bincount(student, minlength=len(relisted))
    place = np.arange(len(before)) - np.searchsorted(before, before) + moved[before] + 1
    stated = district.choices["rank"].to_numpy().astype(np.int64)[kept]
    return with_choices(
        district,
        np.concatenate([student, before]),
        np.concatenate([programme, links.choice_programme[kept]]),
        np.concatenate([rank, np.where(relisted[before], place, stated)]),
    )
