"""Score bands: bands of marks from the top; inside a band by preference rank, then by mark."""

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int32Array, Int64Array, Market, Matching
from admissions.mechanisms.keys import Bundles, Ties
from admissions.mechanisms.steps import admit_by_step, most_steps


def run(
    market: Market,
    width: int,
    first_line: int | None = None,
    ties: Ties = "lottery",
    bundles: Bundles = "exceed",
) -> Matching:
    """Return the matching of admission band by band: whoever is in a band is admitted before all bands below it.

    Inside a band choices compete as in immediate acceptance, rank by rank, and among one rank the key decides. Bands of
    one key are serial dictatorship by marks; one band for all is immediate acceptance. An applicant whose keys differ
    from choice to choice can be in a higher band with a choice further down the list, and ends with that.

    Parameters
    ----------
    market : Market
        Any market; keys are marks, counted down from the best.
    width : int
        Keys in a band.
    first_line : int, optional
        The worst key of the first band, which holds all better ones; by default the first band is the keys below
        ``width``.
    ties : {'lottery', 'admit_all'}
        Of equal keys the smaller index goes first; or everybody tied with the last admitted enters.
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one.

    Raises
    ------
    MarketError
        If the width is no positive count of keys, or a parameter has no such value.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south"], "eve": ["north"]},
    ...     priorities={"north": ["eve", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market, width=1).to_dict()
    {'ann': 'south', 'bob': None, 'eve': 'north'}
    >>> run(market, width=2).to_dict()
    {'ann': None, 'bob': 'south', 'eve': 'north'}
    """
    for name, value, least in (("width", width, 1), ("first_line", first_line, 0)):
        missing = value is None and name == "first_line"
        if not missing and (not isinstance(value, int | np.integer) or isinstance(value, bool) or value < least):
            raise MarketError(f"score_bands: {name} = {value!r}; a whole number of {least} or more is needed")
    if not len(market.key):
        return admit_by_step(market, "score_bands", market.rank, ties, bundles)
    line = int(width) - 1 if first_line is None else int(first_line)
    return admit_by_step(market, "score_bands", _steps(market, int(width), line), ties, bundles)


def _steps(market: Market, width: int, line: int) -> Int32Array | Int64Array:
    """Return the step of each choice: its band and, inside it, its rank."""
    from admissions.kernels.steps import number_bands

    highest, ranks = int(market.key.max()), int(market.rank.max())
    line, width = min(line, highest), min(width, highest + 1)
    bands = -((line - highest) // width) + 1
    if bands * ranks <= most_steps(market):
        step = np.empty(len(market.key), dtype=np.int32)
        number_bands(market.key, market.rank, line, width, ranks, step)
        return step
    band = -((line - np.maximum(market.key, line)) // width)
    if bands * ranks >= 2**63:
        band = np.unique(band, return_inverse=True)[1].astype(np.int64, copy=False)
    return band * ranks + market.rank
