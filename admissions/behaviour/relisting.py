"""Counterfactual lists: the same district, in which families choose as a model says."""

from dataclasses import dataclass

import numpy as np

from admissions.behaviour.tables import with_choices
from admissions.compiling.applicants import gather_applicants
from admissions.compiling.applications import condition_of
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.district.generation import Behaviour
from admissions.errors import AdmissionsError
from admissions.market import BoolArray
from admissions.policy.expressions import parse_expression


def relist(district: District, behaviour: Behaviour, seed: str | None = None, students: str = "TRUE") -> District:
    """Return the district in which families behave as a model says.

    Parameters
    ----------
    district : District
        With the families' lists as they are.
    behaviour : Truthful, Truncated, Strategic, DistanceQualityLogit or Withdrawal
        What they do instead.
    seed : str, optional
        Public text that whatever is random is drawn from; the same seed gives the same tables.
    students : str
        SQL condition on students: who behaves so. The others do what they did; children who apply as one follow the
        first of them.

    Raises
    ------
    AdmissionsError
        If the model does not fit the tables, or draws and has no seed.

    Notes
    -----
    A mix of families, as in Pathak and Sönmez (2008), is made by relisting some of them.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=60)
    >>> relist(district, adm.Truncated(2)).choices["rank"].max()
    2
    """
    unplaced = Progress.start(len(district.students), np.zeros(len(district.programmes), dtype=np.int64))
    chosen = condition_of("student", district, unplaced, parse_expression(students), "students")
    applicants = gather_applicants(district, ())
    return behaviour.relist(district, seed, chosen[applicants.first][applicants.of_student])


@dataclass(frozen=True, slots=True)
class Truthful:
    """Families hand in the lists they have; the tables stay as they are.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=60)
    >>> adm.relist(district, Truthful()) is district
    True
    """

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district itself."""
        return district


@dataclass(frozen=True, slots=True)
class Truncated:
    """Families hand in the beginning of their lists.

    Parameters
    ----------
    length : int
        Programmes on a list at most.

    Examples
    --------
    >>> import admissions as adm
    >>> adm.relist(adm.generate_district("docs", size=60), Truncated(1)).choices["rank"].unique().to_list()
    [1]
    """

    length: int

    def __post_init__(self) -> None:
        check_length(self.length)

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district in which the chosen families cut their lists."""
        student, programme = district.links.choice_student, district.links.choice_programme
        place = np.arange(len(student)) - np.searchsorted(student, student)
        stays = ~chosen[student] | (place < self.length)
        rank = district.choices["rank"].to_numpy().astype(np.int64)
        return with_choices(district, student[stays], programme[stays], rank[stays])


def check_length(length: object) -> None:
    """Refuse what is no length of a list.

    Raises
    ------
    AdmissionsError
        If it is not a whole number of 1 or more.
    """
    if not isinstance(length, int | np.integer) or isinstance(length, bool) or length < 1:
        raise AdmissionsError(f"length: a whole number of 1 or more is needed, {length!r} given")


def needed_seed(seed: str | None, what: str) -> str:
    """Return the seed.

    Raises
    ------
    AdmissionsError
        If there is none.
    """
    if not seed:
        raise AdmissionsError(f"{what} is drawn at random: give a seed, a public text")
    return seed
