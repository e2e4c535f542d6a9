"""What families like, learnt from the lists they handed in."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from admissions.behaviour.fitting import fit_logit
from admissions.behaviour.logit import DistanceQualityLogit, known_kilometres
from admissions.behaviour.situations import Situations, one_stage, take_apart
from admissions.behaviour.tastes import FloatArray
from admissions.behaviour.worth import programme_column, programmes_in_question
from admissions.compiling.applications import condition_of
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import BoolArray
from admissions.policy.expressions import parse_expression

DISTANCE = "distance"
LISTS, ALTERNATIVES = 1000, 50
NORMAL = 1.959964
"""Standard errors on either side of an estimate in a 95 % interval."""
DIGITS = 9
"""Significant digits of a coefficient that a model is made with, so that it is the same on any machine."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PreferenceEstimates:
    """A logit of distance and quality, estimated.

    Attributes
    ----------
    table : polars.DataFrame
        One row a coefficient: term, value (of a column of text), coefficient, standard_error, low and high (95 %
        interval). The first value of a column of text is what the others are measured from: 0 without an error.
    log_likelihood : float
        At the estimate.
    lists, choices : int
        Lists looked at, and the choices they were taken apart into.
    programmes : str
        Condition on the programmes in question.

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=900)
    >>> found = adm.estimate_preferences(district, terms=["distance"], programmes="programme_stage = 'primary'")
    >>> found.model(length=3).programmes, found.model(length=3).length
    ("programme_stage = 'primary'", 3)
    """

    table: pl.DataFrame
    log_likelihood: float
    lists: int
    choices: int
    programmes: str

    def __repr__(self) -> str:
        return f"PreferenceEstimates({len(self.table)} coefficients, {self.lists:,} lists, {self.choices:,} choices)"

    def __str__(self) -> str:
        """Return the estimates as a short table."""
        lines = [f"{'':<40}{'coefficient':>13}{'std. error':>12}"]
        for term, value, coefficient, error, *_ in self.table.iter_rows():
            name = term if value is None else f"{term} {value}"
            lines.append(f"{name:<40}{coefficient:>13.4g}{'' if error is None else format(error, '.2g'):>12}")
        return "\n".join([*lines, f"{self.choices:,} choices of {self.lists:,} lists"])

    def model(self, length: int | None = None) -> DistanceQualityLogit:
        """Return the model that makes lists with these coefficients, each to nine significant digits.

        Parameters
        ----------
        length : int, optional
            Programmes on each list; by default as many as the family listed.
        """
        distance, quality = 0.0, dict[str, float | dict[str, float]]()
        for term, value, coefficient, *_ in self.table.iter_rows():
            rounded = float(f"{coefficient:.{DIGITS}g}")
            if term == DISTANCE:
                distance = rounded
            elif value is None:
                quality[term] = rounded
            else:
                effects = quality.setdefault(term, {})
                if isinstance(effects, dict):
                    effects[value] = rounded
        return DistanceQualityLogit(distance, quality, self.programmes, length)


class Coefficient(NamedTuple):
    """One coefficient to learn: of a number, or of a value of a column of text; None for the value measured from."""

    name: str
    value: str | None
    column: FloatArray


def estimate_preferences(
    district: District,
    terms: Sequence[str] = (DISTANCE, "programme_id"),
    students: str = "TRUE",
    programmes: str = "TRUE",
    lists: int = LISTS,
    alternatives: int = ALTERNATIVES,
    seed: str | None = None,
) -> PreferenceEstimates:
    """Return what families like, by the rank-ordered logit of the lists they handed in (McFadden 1974).

    A list is a sequence of choices: the first programme from all in question, the second from the others, and so on
    (Beggs, Cardell and Hausman 1981); what is not listed comes after what is. The likelihood is that of a proportional
    hazards model with a stratum for each choice, which `statsmodels` maximises
    (``pip install "admissions[behaviour]"``).

    Parameters
    ----------
    district : District
        With the lists.
    terms : sequence of str
        ``distance`` (in kilometres), and columns of programmes or schools, or SQL expressions over them: of numbers or
        truth values, which get a coefficient, or of text, which get an effect for each value. By default the distance
        and a quality of every programme.
    students : str
        SQL condition on students: whose lists.
    programmes : str
        SQL condition on programmes: which are in question; of one stage. Others are passed over on the lists.
    lists : int
        Lists looked at, at most; drawn by SHA-256.
    alternatives : int
        Programmes of one choice, at most: the one chosen, and others drawn anew for each choice, all alike. The logit
        stays consistent with some of the alternatives (McFadden 1978, section 5).
    seed : str, optional
        What is drawn from, where anything is.

    Returns
    -------
    PreferenceEstimates
        Standard errors are those of the inverse information.

    Raises
    ------
    AdmissionsError
        If `statsmodels` is not installed; a term cannot be told from the data: it does not vary, goes with others, or
        the lists set it no bound; or there are fewer choices than coefficients.

    Notes
    -----
    The lists are taken for true preferences over all programmes in question: a fair assumption under a strategy-proof
    mechanism without a bound on the list, and a wrong one under immediate acceptance (Agarwal and Somaini 2018).

    Examples
    --------
    >>> import admissions as adm
    >>> district = adm.generate_district("docs", size=900)
    >>> families = adm.DistanceQualityLogit(distance=-0.8, programmes="programme_stage = 'primary'", length=3)
    >>> lists = adm.relist(district, families, seed="s")
    >>> found = estimate_preferences(lists, terms=["distance"], programmes="programme_stage = 'primary'")
    >>> low, high = found.table.select("low", "high").row(0)
    >>> low < -0.8 < high
    True
    """
    for name, number, least in (("lists", lists, 1), ("alternatives", alternatives, 2)):
        if not isinstance(number, int) or isinstance(number, bool) or number < least:
            raise AdmissionsError(f"{name}: a whole number of {least} or more is needed, {number!r} given")
    if not terms or isinstance(terms, str) or len(set(terms)) < len(terms):
        raise AdmissionsError("terms: a sequence of different columns is needed, such as ['distance', 'programme_id']")
    which = programmes_in_question(district, programmes)
    stage = one_stage(district, which)
    start = Progress.start(len(district.students), np.zeros(len(which), dtype=np.int64))
    asked = condition_of("student", district, start, parse_expression(students), "students")
    asked &= (district.students["stage"] == stage).to_numpy()
    situations = take_apart(district, which, asked, lists, alternatives, seed or "")
    columns = [one for name in terms for one in _columns(district, name, which, situations)]
    learnt = [one for one in columns if one.column.size]
    fitted = fit_logit(
        np.column_stack([one.column for one in learnt]),
        [one.name if one.value is None else f"{one.name} '{one.value}'" for one in learnt],
        situations.situation,
        situations.chosen,
    )
    return PreferenceEstimates(
        _tabulate(columns, fitted.coefficients, fitted.errors),
        fitted.log_likelihood,
        situations.lists,
        situations.choices,
        programmes,
    )


def _columns(district: District, name: str, which: BoolArray, situations: Situations) -> list[Coefficient]:
    """Return the coefficients of a term, each with its column; that of the value measured from is empty."""
    if name == DISTANCE:
        return [Coefficient(name, None, known_kilometres(district, situations.student, situations.programme))]
    values = programme_column(district, name, which)
    mine = values.gather(situations.programme)
    if values.dtype != pl.String:
        return [Coefficient(name, None, mine.to_numpy())]
    words = values.filter(pl.Series(which)).unique().sort()
    if len(words) == 1:
        raise AdmissionsError(f"'{name}' is '{words[0]}' for all programmes: nothing to learn of it")
    listed = mine.filter(pl.Series(situations.chosen)).unique()
    if len(never := words.filter(~words.is_in(listed.implode()))):
        raise AdmissionsError(
            f"'{name}': {len(never):,} of {len(words):,} values are on no list looked at, '{never[0]}' for one, and "
            "their effect has no bound; narrow the programmes, look at more lists, or use columns of numbers"
        )
    return [
        Coefficient(name, word, (mine == word).to_numpy().astype(np.float64) if place else np.empty(0))
        for place, word in enumerate(words)
    ]


def _tabulate(columns: Sequence[Coefficient], coefficients: FloatArray, errors: FloatArray) -> pl.DataFrame:
    found = zip(coefficients.tolist(), errors.tolist(), strict=True)
    rows = []
    for term in columns:
        coefficient, error = next(found) if term.column.size else (0.0, None)
        low, high = (None, None) if error is None else (coefficient - NORMAL * error, coefficient + NORMAL * error)
        rows.append((term.name, term.value, coefficient, error, low, high))
    names = ("coefficient", "standard_error", "low", "high")
    return pl.DataFrame(
        rows, schema={"term": pl.String, "value": pl.String, **dict.fromkeys(names, pl.Float64)}, orient="row"
    )
