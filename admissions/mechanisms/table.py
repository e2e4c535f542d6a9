"""The table of mechanisms: what each takes, what it guarantees, what it costs and where it was published."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from admissions.errors import MarketError, did_you_mean
from admissions.market import Market, Matching
from admissions.mechanisms import (
    deferred_acceptance,
    efficiency_adjusted,
    immediate_acceptance,
    parallel,
    probabilistic_serial,
    regional,
    score_bands,
    serial_dictatorship,
    stable_improvement,
    top_trading_cycles,
)
from admissions.mechanisms.relations import RELATIONS

SEVERAL_CHILDREN = "several children behind one applicant"
SEVERAL_KEYS = "keys that differ among an applicant's choices"
SKIP = "bundles = 'skip'"

TWINS = 2
"""Children behind an applicant who may enter with any pool's last seat, however small the pool."""

TIES = "of equal keys the smaller index goes first ('lottery'), or all tied with the last admitted enter ('admit_all')"
STRICT = "'lottery': of equal keys the smaller index goes first; without it a tie is refused"
BUNDLES = "an applicant of several children enters while a seat is left ('exceed'), or only where all find one ('skip')"


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
    unless : mapping of str to tuple of str
        Claims that are lost by a parameter (``"bundles = 'skip'"``) or in a market with `SEVERAL_CHILDREN` or
        `SEVERAL_KEYS`.
    fails : tuple of str
        Names in `RELATIONS`: what is known to fail between runs, a counterexample each in the tests.
    complexity : str
        Time, for n applicants with e choices among p pools.
    source : str
        Where it was published.
    parameters : mapping of str to str
        What each parameter means.
    domain : str
        The markets `holds` and ``fails`` speak of, where these are not all with strict priorities.
    judged : tuple of str
        The relations that are looked at; those that do not fail hold.
    from_run : tuple of str
        Parameters that a policy does not state, because a run makes them from its seed.
    refusal : str
        Why a pool refuses an applicant, in words, where the cutoff does not say so.
    """

    name: str
    run: Callable[..., Matching]
    claims: tuple[str, ...]
    complexity: str
    source: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    fails: tuple[str, ...] = ()
    domain: str = ""
    judged: tuple[str, ...] = tuple(RELATIONS)
    from_run: tuple[str, ...] = ()
    refusal: str = ""

    @property
    def holds(self) -> tuple[str, ...]:
        """Relations that hold: proven where a theorem is known, and never refuted."""
        return tuple(name for name in self.judged if name not in self.fails)

    @property
    def needs_strict_priorities(self) -> bool:
        """Whether a tie is refused unless something is said about ties."""
        return self.parameters.get("ties") == STRICT

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters that have no default."""
        signature = inspect.signature(self.run).parameters.values()
        return tuple(p.name for p in signature if p.name in self.parameters and p.default is p.empty)

    def to_dict(self) -> dict[str, Any]:
        """Return the row as plain values, for printing."""
        names = (
            "name",
            "parameters",
            "required",
            "claims",
            "unless",
            "holds",
            "fails",
            "domain",
            "complexity",
            "source",
        )
        return {name: getattr(self, name) for name in names}

    def claimed(self, parameters: Mapping[str, Any], circumstances: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the claims that are left with these parameters in these circumstances.

        Examples
        --------
        >>> MECHANISMS["deferred_acceptance"].claimed({"proposing": "programmes"})
        ('P1', 'P2', 'P3', 'P4', 'P5')
        """
        said = {f"{name} = {value!r}" for name, value in parameters.items()} | set(circumstances)
        lost = {code for circumstance in said & set(self.unless) for code in self.unless[circumstance]}
        return tuple(code for code in self.claims if code not in lost)


MECHANISMS: dict[str, Mechanism] = {
    row.name: row
    for row in (
        Mechanism(
            name="deferred_acceptance",
            run=deferred_acceptance.run,
            claims=("P1", "P2", "P3", "P4", "P5", "P7"),
            unless={"proposing = 'programmes'": ("P7",), SKIP: ("P4", "P5", "P7")},
            complexity="O(e + d sqrt(s)) for d displacements from pools of s seats",
            source="Gale and Shapley 1962; over seat pools Kominers and Sönmez 2016; ties Biró and Kiselgof 2015",
            parameters={
                "ties": TIES,
                "proposing": "for whom the stable matching is best: 'students', or 'programmes'",
                "bundles": BUNDLES,
            },
            fails=(
                "efficient",
                "non-bossy",
                "leaves with the seat",
                "append for others",
            ),
        ),
        Mechanism(
            name="immediate_acceptance",
            run=immediate_acceptance.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SKIP: ("P5",)},
            complexity="O(e + d sqrt(s)) for d displacements inside a rank from pools of s seats",
            source="Abdulkadiroğlu and Sönmez 2003",
            refusal="full before this rank of the list was asked, or filled in it by applications that go before",
            parameters={"ties": TIES, "bundles": BUNDLES},
            fails=(
                "no justified envy",
                "best stable",
                "cutoffs",
                "strategy-proof",
                "pairs",
                "newcomer last",
                "nothing added",
                "split school",
                "rural hospitals",
                "swap",
                "append for others",
            ),
        ),
        Mechanism(
            name="parallel",
            run=parallel.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SKIP: ("P5",)},
            complexity="O(e + d sqrt(s)) for d displacements inside a band from pools of s seats",
            source="Chen and Kesten 2017",
            parameters={
                "band": "ranks in a band; a list gives each band's, the last for all that follow; math.inf has no end",
                "ties": TIES,
                "bundles": BUNDLES,
            },
            domain="bands of two",
            refusal="full before this band of the list was asked, or filled in it by applications that go before",
            fails=(
                "no justified envy",
                "best stable",
                "cutoffs",
                "efficient",
                "strategy-proof",
                "pairs",
                "non-bossy",
                "leaves with the seat",
                "newcomer last",
                "nothing added",
                "split school",
                "rural hospitals",
                "swap",
                "append for others",
            ),
        ),
        Mechanism(
            name="score_bands",
            run=score_bands.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SKIP: ("P5",), SEVERAL_KEYS: ("P5",)},
            complexity="O(e + b) for b bands, and sorting where these are sparse",
            source="Guangzhou's gradient filing (梯度投档); of the family of Chen and Kesten 2017",
            parameters={
                "width": "keys in a band; in a policy marks",
                "first_line": "the worst key of the first band; in a policy the mark",
                "ties": TIES,
                "bundles": BUNDLES,
            },
            domain="one mark a student, bands of two places",
            refusal="full before this mark and rank were asked, or filled with them by applications that go before",
            fails=(),
        ),
        Mechanism(
            name="serial_dictatorship",
            run=serial_dictatorship.run,
            claims=("P1", "P2", "P3", "P4", "P5", "P7"),
            unless={SKIP: ("P4", "P5", "P7")},
            complexity="O(e + n log n) when each applicant has one key, otherwise O(e)",
            source="Satterthwaite and Sonnenschein 1981; Abdulkadiroğlu and Sönmez 1998",
            parameters={"ties": TIES, "bundles": BUNDLES},
            domain="one order of all students",
            fails=("append for others",),
        ),
        Mechanism(
            name="top_trading_cycles",
            run=top_trading_cycles.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SKIP: ("P5",)},
            complexity="O(e)",
            refusal="its seats went to others, who had a claim to them or traded for one",
            source="Shapley and Scarf 1974; Abdulkadiroğlu and Sönmez 2003; with owners the same 1999",
            parameters={
                "owned": "a secured seat of each applicant who has one, which nobody can take",
                "ties": STRICT,
                "bundles": BUNDLES,
            },
            fails=(
                "no justified envy",
                "best stable",
                "cutoffs",
                "seat added",
                "number with a seat added",
                "student leaves",
                "leaves with the seat",
                "rural hospitals",
                "append for others",
            ),
        ),
        Mechanism(
            name="efficiency_adjusted",
            run=efficiency_adjusted.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SEVERAL_CHILDREN: ("P5",)},
            complexity="O(e); with several children behind an applicant O(e) in each of at most p rounds",
            source="Kesten 2010; Tang and Yu 2014",
            refusal="filled by applications that go before, or by exchanges that this child's priority did not hinder",
            parameters={
                "consent": "who lets priorities that do not help them be passed over; by default everybody",
                "ties": STRICT,
            },
            fails=(),
        ),
        Mechanism(
            name="stable_improvement",
            run=stable_improvement.run,
            claims=("P1", "P2", "P3", "P4", "P5", "P7"),
            unless={SEVERAL_CHILDREN: ("P7",)},
            complexity="O(e)",
            source="Erdil and Ergin 2008",
            refusal="filled by applications that go before, or are equal and drew better or came by an exchange",
            from_run=("tie_break",),
            parameters={"tie_break": "order among equals for the first run; by default, and where equal, the index"},
            fails=(
                "efficient",
                "non-bossy",
                "leaves with the seat",
                "append for others",
            ),
        ),
        Mechanism(
            name="regional",
            run=regional.run,
            claims=("P1", "P2", "P3", "P4"),
            unless={SEVERAL_CHILDREN: ("P4",)},
            complexity="O(e + d sqrt(s) + a log p) for d displacements, a admissions to pools that refused nobody",
            source="Kamada and Kojima 2015, 2018",
            parameters={
                "cap": "most seats taken in all pools together, or in each of several groups, nested or apart",
                "targets": "seats a pool is entitled to before the rest is shared; by default in proportion to seats",
            },
            domain="three quarters of all seats",
            refusal="filled by applications that go before, or the seats of its group of programmes were taken",
            fails=(),
        ),
        Mechanism(
            name="probabilistic_serial",
            run=probabilistic_serial.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SEVERAL_CHILDREN: ("P5",)},
            complexity="O(e + m log p) for m shares above 0, and O(m d) to draw one matching, d in practice six",
            source="Bogomolnaia and Moulin 2001; drawn after Budish, Che, Kojima and Milgrom 2013",
            refusal="its seats went to others by the draw; the chances of all children were shared before it",
            from_run=("draw",),
            parameters={"draw": "which matching of the lottery: a number from 0 to 2**64 - 1, by default 0"},
            domain="every matching drawn; for the chances see docs/theory/probabilistic_serial.md",
            judged=("feasible", "non-wasteful", "efficient", "weakly efficient"),
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
        For a mechanism or a parameter that does not exist, one that is missing, an applicant of more children than
        every pool has seats, and for a market the mechanism cannot run on.

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
    row = MECHANISMS.get(mechanism)
    if row is None:
        hint = did_you_mean(str(mechanism), MECHANISMS)
        raise MarketError(f"no mechanism '{mechanism}'{hint}; there are {', '.join(MECHANISMS)}")
    if wrong := wrong_parameters(row, parameters):
        raise MarketError(wrong)
    _refuse_giants(market)
    return row.run(market, **parameters)


def _refuse_giants(market: Market) -> None:
    """Refuse an applicant of three children or more, and of more than any pool has seats: no rule can mean that."""
    largest, seats = int(market.size.max(initial=1)), int(market.seats.max(initial=0))
    if largest > max(seats, TWINS) and seats:
        raise MarketError(
            f"size: an applicant stands for {largest} children, and no pool has more than {seats} seats; "
            "correct the size, or enter the children one by one",
            rows=np.flatnonzero(market.size > max(seats, TWINS))[:20].tolist(),
        )


def wrong_parameters(row: Mechanism, parameters: Iterable[str]) -> str:
    """Return what is wrong with the names of parameters, in words, or the empty string.

    Examples
    --------
    >>> wrong_parameters(MECHANISMS["parallel"], ["bands"])
    "parallel has no parameter 'bands' (did you mean 'band'?); its parameters: band, ties, bundles"
    >>> wrong_parameters(MECHANISMS["parallel"], [])
    "parallel needs the parameter 'band': ranks in a band; a list gives each band's, the last for all that follow; ..."
    """
    for name in parameters:
        if name not in row.parameters:
            known = ", ".join(row.parameters) or "none"
            return f"{row.name} has no parameter '{name}'{did_you_mean(name, row.parameters)}; its parameters: {known}"
    for name in row.required:
        if name not in parameters:
            return f"{row.name} needs the parameter '{name}': {row.parameters[name]}"
    return ""
