"""One row of the table of mechanisms: what it takes, what it claims and fails, what it costs, where it is from."""

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from admissions.market import Matching
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
        Claims that are lost by a value of a parameter (``"bundles = 'skip'"``), by any value (``"cost"``), or in a
        market with `SEVERAL_CHILDREN` or `SEVERAL_KEYS`.
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
    judged_with : mapping of str to object
        Parameters with which they were looked for.
    one_order : bool
        Whether they speak of markets in which all pools rank alike.
    judged : tuple of str
        The relations that are looked at; those that do not fail hold.
    from_run : tuple of str
        Parameters that a policy does not state, because a run makes them from its seed.
    refusal, refusal_zh : str
        Why a pool refuses an applicant, in English and in Chinese, where the cutoff does not say so.
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
    judged_with: Mapping[str, Any] = field(default_factory=dict)
    one_order: bool = False
    judged: tuple[str, ...] = tuple(RELATIONS)
    from_run: tuple[str, ...] = ()
    refusal: str = ""
    refusal_zh: str = ""

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
        >>> from admissions.mechanisms import MECHANISMS
        >>> MECHANISMS["deferred_acceptance"].claimed({"proposing": "programmes"})
        ('P1', 'P2', 'P3', 'P4', 'P5')
        """
        said = {*parameters, *(f"{name} = {value!r}" for name, value in parameters.items()), *circumstances}
        lost = {code for circumstance in said & set(self.unless) for code in self.unless[circumstance]}
        return tuple(code for code in self.claims if code not in lost)
