"""One family's list changed, and nothing else: in a market, and in the office's tables."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.district.district import District
from admissions.errors import AdmissionsError, did_you_mean
from admissions.market import Int64Array, Market
from admissions.mechanisms.changes import still_known

OF_CHOICES = ("cost", "tie_break")
"""Parameters of mechanisms that have a value for each choice."""


def relist(
    market: Market, applicant: int, choices: Int64Array, ranks: npt.ArrayLike, parameters: Mapping[str, Any]
) -> tuple[Market, dict[str, Any]]:
    """Return the market in which one applicant makes other choices, and the parameters that belong to it.

    Parameters
    ----------
    market : Market
        With the true lists.
    applicant : int
        Who hands in another list.
    choices : (k,) int64
        Which of the applicant's own choices make the other list, best first, as indices into the market's.
    ranks : (k,) int
        Their places on it.
    parameters : mapping of str to object
        Of the mechanism; what has a value for each choice follows the choices.

    Notes
    -----
    Priorities at pools left out stay known to a market that knows priorities at pools not listed.

    Examples
    --------
    >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    >>> other, _ = relist(market, 0, np.array([1, 0]), [1, 2], {})
    >>> other.pool.tolist(), other.key.tolist()
    ([1, 0, 0], [0, 1, 0])
    """
    start, stop = market.indptr[applicant], market.indptr[applicant + 1]
    source = np.concatenate([np.arange(start), choices, np.arange(stop, len(market.pool))])
    indptr = market.indptr.copy()
    indptr[applicant + 1 :] += len(choices) - (stop - start)
    rank = market.rank[source]
    rank[start : start + len(choices)] = ranks
    unlisted = still_known(market, applicant, market.pool[choices])
    other = Market(
        indptr, market.pool[source], market.key[source], rank, market.seats, market.size, market.labels, unlisted
    )
    moved = {name: np.asarray(parameters[name])[source] for name in OF_CHOICES if parameters.get(name) is not None}
    return other, {**parameters, **moved}


def with_list(district: District, student: str, programmes: Sequence[str]) -> District:
    """Return the district in which one family hands in another list, made of programmes on its true one.

    Parameters
    ----------
    district : District
        With the true lists.
    student : str
        Id of the child; children who apply with it as a bundle hand in the same list.
    programmes : sequence of str
        Best first; what is known of each application goes with it.

    Raises
    ------
    AdmissionsError
        If there is no such student, or a programme is not on its list or there twice.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=60)
    >>> student = district.choices["student_id"].mode()[0]
    >>> first, second, *others = district.choices.filter(pl.col("student_id") == student)["programme_id"]
    >>> changed = with_list(district, student, [second, first])
    >>> changed.choices.filter(pl.col("student_id") == student)["programme_id"].to_list() == [second, first]
    True
    """
    lists = lists_of(district, student)
    true_list = district.links.choice_programme[lists[0]] if lists else np.empty(0, dtype=np.int32)
    places = {programme: place for place, programme in enumerate(district.programmes["programme_id"].gather(true_list))}
    refuse_other_than_listed(programmes, places)
    return relisted(district, lists, [places[programme] for programme in programmes])


def refuse_other_than_listed(programmes: Sequence[str], listed: Collection[str]) -> None:
    """Refuse what is no order of programmes of one list.

    Parameters
    ----------
    programmes : sequence of str
        The other list.
    listed : collection of str
        The one handed in.

    Raises
    ------
    AdmissionsError
        If the other list is one text, or a programme on it is not on the one handed in, or stands twice.

    Examples
    --------
    >>> refuse_other_than_listed(["B"], {"A", "B"})
    """
    if isinstance(programmes, str):
        raise AdmissionsError("the other list is one text; give a list of programme ids, best first")
    for programme in programmes:
        if programme not in listed:
            raise AdmissionsError(
                f"'{programme}' is not on the child's list{did_you_mean(str(programme), listed)}; nothing is known of "
                "an application that was not made"
            )
    if len(set(programmes)) < len(programmes):
        raise AdmissionsError("a programme stands twice on the other list")


def lists_of(district: District, student: str) -> list[Int64Array]:
    """Return the rows of `choices` of a child and of those who apply with it, a list each who has one.

    Raises
    ------
    AdmissionsError
        If there is no such student.
    """
    students = district.students
    own = students.filter(pl.col("student_id") == student)
    if not len(own):
        raise AdmissionsError("no student of that id in these tables")
    together = pl.col("student_id") == student
    if "bundle_id" in students.columns and own["bundle_id"][0] is not None:
        together = pl.col("bundle_id") == own["bundle_id"][0]
    rows = (
        np.flatnonzero(district.links.choice_student == child)
        for child in students.select(together.arg_true()).to_series()
    )
    return [listed for listed in rows if len(listed)]


def relisted(district: District, lists: Sequence[Int64Array], wanted: Sequence[int]) -> District:
    """Return the district in which the children of one applicant hand in a list made of their own.

    Parameters
    ----------
    district : District
        With the true lists.
    lists : sequence of (length,) int64
        Rows of `choices` of each child who hands in a list, in order.
    wanted : sequence of int
        Places on the true list, best first. The places keep their ranks.
    """
    choices, links = district.choices, district.links
    source, ranked_as, end = list[Int64Array](), list[Int64Array](), 0
    for rows in lists:
        before = np.arange(end, rows[0])
        source += [before, rows[list(wanted)]]
        ranked_as += [before, rows[: len(wanted)]]
        end = rows[-1] + 1
    last = np.arange(end, len(choices))
    order, ranks = np.concatenate([*source, last]), np.concatenate([*ranked_as, last])
    return replace(
        district,
        choices=choices[order].with_columns(choices["rank"].gather(ranks)),
        links=replace(
            links, choice_student=links.choice_student[order], choice_programme=links.choice_programme[order]
        ),
    )
