"""The table of mechanisms: what each takes, what it guarantees, what it costs and where it was published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from admissions.errors import MarketError, did_you_mean
from admissions.market import Market, Matching
from admissions.mechanisms import (
    deferred_acceptance,
    efficiency_adjusted,
    immediate_acceptance,
    parallel,
    score_bands,
    serial_dictatorship,
    stable_improvement,
    top_trading_cycles,
)

STABLE_AND_BEST = ("P1", "P2", "P3", "P4", "P5", "P7")


@dataclass(frozen=True, slots=True)
class Mechanism:
    """One row of the table.

    Attributes
    ----------
    name : str
        What a policy calls it.
    run : callable
        Market and parameters to matching. Looking at a row loads no kernel; running it does.
    claims : tuple of str
        Properties of the audit, among P1 to P5 and P7, that every matching of the mechanism has. The guarantee, the
        lottery and the count of students (P6, P8, P9) belong to the run and hold whatever the mechanism.
    complexity : str
        Time, for n applicants with e choices among p pools.
    source : str
        Where it was published.
    parameters : mapping of str to str
        What each parameter means.
    """

    name: str
    run: Callable[..., Matching]
    claims: tuple[str, ...]
    complexity: str
    source: str
    parameters: Mapping[str, str] = field(default_factory=dict)


MECHANISMS: dict[str, Mechanism] = {
    row.name: row
    for row in (
        Mechanism(
            name="deferred_acceptance",
            run=deferred_acceptance.run,
            claims=STABLE_AND_BEST,
            complexity="O(e + d sqrt(s)) for d displacements from pools of s seats",
            source="Gale and Shapley 1962; over seat pools Kominers and Sönmez 2016",
        ),
        Mechanism(
            name="serial_dictatorship",
            run=serial_dictatorship.run,
            claims=STABLE_AND_BEST,
            complexity="O(e + n log n) when each applicant has one key, otherwise O(e log e)",
            source="Satterthwaite and Sonnenschein 1981; Abdulkadiroğlu and Sönmez 1998",
        ),
    )
}


def match(market: Market, mechanism: str, **parameters: Any) -> Matching:
    """Return the matching of a mechanism for a market.

    Parameters
    ----------
    market : Market
        Who wants which seat pools, and whom each pool takes first.
    mechanism : str
        A name in `MECHANISMS`.
    **parameters
        What the mechanism's row lists.

    Raises
    ------
    MarketError
        For a mechanism or a parameter that does not exist, and for a market the mechanism cannot run on.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["north"]},
    ...     priorities={"north": ["bob", "ann"], "south": ["ann"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> match(market, "deferred_acceptance").to_dict()
    {'ann': 'south', 'bob': 'north'}
    """
    return RUNS[mechanism](market, **parameters)
RUNS={m.__name__.split(".")[-1]:m.run for m in (deferred_acceptance, efficiency_adjusted,immediate_acceptance,parallel,score_bands,serial_dictatorship,stable_improvement,top_trading_cycles)}
