"""The Chinese parallel mechanisms: lists are cut into bands, and what a band gives is final."""

import math
from collections.abc import Sequence

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int32Array, Int64Array, Market, Matching
from admissions.mechanisms.keys import Bundles, Ties
from admissions.mechanisms.steps import admit_by_step


def run(
    market: Market,
    band: float | Sequence[float],
    ties: Ties = "lottery",
    bundles: Bundles = "exceed",
) -> Matching:
    """Return the matching of an application-rejection mechanism: deferred acceptance inside each band of choices.

    Bands of 1 are immediate acceptance; a band longer than every list is deferred acceptance; the longer the bands, the
    less is gained by listing with care (Chen and Kesten 2017, Theorems 1 and 2).

    Parameters
    ----------
    market : Market
        Any market.
    band : int or sequence of int
        Ranks in a band; a sequence gives the length of each band, the last for all that follow. ``math.inf`` is a band
        without end.
    ties : {'lottery', 'admit_all'}
        Of equal keys the smaller index goes first; or everybody tied with the last admitted enters.
    bundles : {'exceed', 'skip'}
        An applicant of several children enters while a seat is left; or only where all of them find one.

    Raises
    ------
    MarketError
        If a band has no rank in it, or a parameter has no such value.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south"], "eve": ["north"]},
    ...     priorities={"north": ["eve", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> run(market, band=1).to_dict()
    {'ann': None, 'bob': 'south', 'eve': 'north'}
    >>> run(market, band=2).to_dict()
    {'ann': 'south', 'bob': None, 'eve': 'north'}
    """
    return admit_by_step(market, "parallel", _steps(market, _lengths(band)), ties, bundles)


def _lengths(band: object) -> list[int]:
    """Return the length of each band; a band without end is longer than any list can be."""
    given = band if isinstance(band, Sequence | np.ndarray) and not isinstance(band, str) else [band]
    lengths = []
    for place, length in enumerate(given):
        where = f"band[{place}]" if given is band else "band"
        endless = isinstance(length, float) and length == math.inf
        if not endless and (not isinstance(length, int | np.integer) or isinstance(length, bool) or length < 1):
            raise MarketError(
                f"parallel: {where} = {length!r}; a band has 1 rank or more (1 is immediate acceptance, "
                "math.inf deferred acceptance)"
            )
        lengths.append(2**31 if endless else min(int(length), 2**31))
    if not lengths:
        raise MarketError("parallel: band = []; at least one band is needed")
    return lengths


def _steps(market: Market, lengths: list[int]) -> Int32Array | Int64Array:
    """Return the band of each choice, (e,)."""
    *bands, last = (min(length, 2**31 - 1) for length in lengths)
    place = market.rank - 1
    if not bands:
        return place // last
    ends = np.minimum(np.cumsum(bands), 2**31 - 1).astype(np.int32)
    return np.searchsorted(ends, place, side="right") + np.maximum(place - ends[-1], 0) // last
