"""The conditional logit, fitted by `statsmodels`: columns put on one scale, and estimates that are none refused."""

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from admissions.behaviour.tastes import FloatArray
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int64Array

ALIKE = 1e-9
"""Of columns on one scale: below this part of their spread a combination of them does not vary."""
FLAT = 1e-6
"""Information a choice, on that scale, below which the likelihood has no peak."""
STEPS = 100


class Fitted(NamedTuple):
    """Coefficients, their standard errors, and the log-likelihood at them."""

    coefficients: FloatArray
    errors: FloatArray
    log_likelihood: float


def fit_logit(columns: FloatArray, names: Sequence[str], situation: Int64Array, chosen: BoolArray) -> Fitted:
    """Return the maximum of the likelihood of choices.

    Parameters
    ----------
    columns : (r, k) float64
        What is known of each alternative of each choice.
    names : sequence of str
        Of the columns, for errors.
    situation : (r,) int64
        Which choice a row belongs to; the rows of one stand together, the chosen one first.
    chosen : (r,) bool
        Which rows were chosen.

    Raises
    ------
    AdmissionsError
        If `statsmodels` is not installed, or there is no such maximum, or more than one.

    Notes
    -----
    A choice is a stratum in which one subject fails and all others are censored later: the partial likelihood of Cox is
    that of the conditional logit (Allison and Christakis 1994).
    """
    hazards = _hazards()
    if (choices := int(chosen.sum())) <= len(names):
        raise AdmissionsError(f"lists: {choices:,} choices are too few to learn {len(names):,} coefficients from")
    gaps = columns - columns[chosen][situation]
    others = gaps[~chosen]
    scale = np.sqrt((others * others).mean(axis=0))
    for name, spread in zip(names, scale, strict=True):
        if not spread > 0:
            raise AdmissionsError(f"'{name}' is the same for all programmes of every choice: nothing to learn of it")
    spreads, mixes = np.linalg.eigh((others / scale).T @ (others / scale) / len(others))
    if spreads[0] < ALIKE:
        raise AdmissionsError(f"{_heaviest(mixes[:, 0], names)} cannot be told apart: leave one out")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model = hazards(np.where(chosen, 1.0, 2.0), gaps / scale, status=chosen.astype(np.int64), strata=situation)
        found = _climbed(model, len(names))
        information = -model.hessian(found) / choices if np.isfinite(found).all() else np.zeros((len(names),) * 2)
    peak, mixes = np.linalg.eigh(information)
    if peak[0] < FLAT:
        raise AdmissionsError(
            f"the lists set no bound to the coefficient of {_heaviest(mixes[:, 0], names)}: no family chose against "
            "it; leave it out, narrow the programmes, or look at more lists"
        )
    errors = np.sqrt(np.diag(np.linalg.inv(information)) / choices)
    return Fitted(found / scale, errors / scale, float(model.loglike(found)))


def _climbed(model: Any, width: int) -> FloatArray:
    """Return the estimate, NaN where there is none in reach."""
    try:
        return np.asarray(model.fit(start_params=np.zeros(width), method="newton", maxiter=STEPS).params)
    except np.linalg.LinAlgError:
        return np.full(width, np.nan)


def _heaviest(mix: FloatArray, names: Sequence[str]) -> str:
    """Return the names that weigh most in a combination of columns."""
    heavy = np.flatnonzero(np.abs(mix) > 0.5 * np.abs(mix).max())
    return ", ".join(names[place] for place in heavy[:3])


def _hazards() -> Any:
    try:
        from statsmodels.duration.hazard_regression import PHReg
    except ImportError:
        raise AdmissionsError('estimating needs statsmodels: pip install "admissions[behaviour]"') from None
    return PHReg
