"""Who could gain by handing in another list than the true one: tried out, list by list, on the real case."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Any

from admissions.compiling.lottery import lottery_numbers
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import Market, Matching
from admissions.policy.policy import Policy
from admissions.simulation.alternatives import Wanted, count_false_lists, false_lists
from admissions.simulation.district_case import DistrictCase
from admissions.simulation.listings import Case, Listing
from admissions.simulation.market_case import MarketCase

LISTS = 100
"""Lists tried of a student who could make more."""
SHOWN = 20
"""Examples that are written down."""


@dataclass(frozen=True, slots=True)
class Misreport:
    """Another list by which one student gains.

    Attributes
    ----------
    student : object
        Id of the child, or of the first who apply together; of a market the label or the number.
    true_list, false_list : tuple
        Programmes, best first.
    before, after : object
        Seat on the true list by the true and by the other list; None for another seat or none.
    gain : int
        Ranks gained; a seat that is not on the list, and none, count as the rank after the last.
    """

    student: Any = field(repr=False)
    true_list: tuple[Any, ...] = field(repr=False)
    false_list: tuple[Any, ...] = field(repr=False)
    before: Any = field(repr=False)
    after: Any = field(repr=False)
    gain: int


@dataclass(frozen=True, slots=True, repr=False)
class Misreports:
    """What a search for gainful lists found.

    Attributes
    ----------
    students : int
        Students looked at who hand in a list; children who apply together are one.
    content : int
        Of them those who have their first choice, and nothing to gain.
    exhausted : int
        Of the others those of whom every list was tried that can be made of their programmes.
    lists : int
        Lists tried.
    gains : mapping of int to int
        Students by the most ranks they can gain.
    examples : tuple of Misreport
        One for each student who gains: the list that gains most, and of several the simplest.
    """

    students: int
    content: int
    exhausted: int
    lists: int
    gains: Mapping[int, int]
    examples: tuple[Misreport, ...]
    _case: Case = field(compare=False)

    @property
    def gainers(self) -> int:
        """Students who gain by another list."""
        return len(self.examples)

    @property
    def share(self) -> Fraction | None:
        """Gainers among the students looked at, exact; None where nobody was."""
        return Fraction(self.gainers, self.students) if self.students else None

    def __repr__(self) -> str:
        return f"Misreports({self.gainers} of {self.students} students gain, {self.lists} lists tried)"

    def __str__(self) -> str:
        """Return the counts as a short table, without a name."""
        share = "" if self.share is None else f"  ({float(round(100 * self.share, 1)):.1f} %)"
        rows = [
            ("students", f"{self.students:,}"),
            ("  with their first choice", f"{self.content:,}"),
            ("  all of whose lists were tried", f"{self.exhausted:,}"),
            ("lists tried", f"{self.lists:,}"),
            ("could gain", f"{self.gainers:,}{share}"),
            *((f"  {ranks} rank{'s' if ranks > 1 else ''}", f"{count:,}") for ranks, count in self.gains.items()),
        ]
        return "\n".join(f"{name:<32}{value}" for name, value in rows)

    def to_dict(self) -> dict[str, Any]:
        """Return the counts and the first 20 examples as plain values."""
        counts = {name: getattr(self, name) for name in ("students", "content", "exhausted", "lists", "gainers")}
        shown = self.examples[:SHOWN]
        examples = [{name: getattr(one, name) for name in Misreport.__dataclass_fields__} for one in shown]
        return {**counts, "gains": {str(ranks): count for ranks, count in self.gains.items()}, "examples": examples}

    def replay(self, example: Misreport) -> tuple[Any, Any]:
        """Return the seats of an example's student by the true and by the other list, from two whole runs.

        In a district the second is an allocation of the tables that `with_list` makes, so a seat that is on no list
        of the family's is named here, too.
        """
        applicant = self._case.applicant_of(example.student)
        programmes = self._case.listing(applicant).programmes
        return self._case.replay(applicant, [programmes.index(name) for name in example.false_list])


def misreport(
    case: District | Market,
    rules: Policy | str | Callable[..., Matching],
    seed: str | None = None,
    students: int | Iterable[Any] | None = None,
    lists: int = LISTS,
    tell: Callable[[int, int], Any] | None = None,
    **parameters: Any,
) -> Misreports:
    """Return who could gain by another list than the one handed in, while everybody else's and the lottery stay.

    The lists handed in are taken for the true ones. Another list is made of the same programmes: some or all of them,
    in any order. Where more than `lists` can be made, those known to pay off under some mechanism are tried (leaving
    out the first choice, moving one programme up to the first place, cutting the list), and others drawn by SHA-256.
    Nothing known of the mechanism spares a trial; only who has the first choice is not tried, having nothing to gain.

    Parameters
    ----------
    case : District or Market
        The office's tables; or a market, for a mechanism by itself.
    rules : Policy, str or callable
        The policy of the district; or the name of a mechanism, or a rule of one's own from market to matching.
    seed : str, optional
        Of the lottery, and of the samples.
    students : int or iterable, optional
        How many of those who hand in a list to look at, drawn by SHA-256; or whom, by id (of a market by label or
        number). By default all.
    lists : int
        Lists tried of a student who could make more.
    tell : callable, optional
        Called with the students done and those to look at.
    **parameters
        Of the mechanism, for a market.

    Returns
    -------
    Misreports
        The same on any machine.

    Raises
    ------
    AdmissionsError
        As `allocate` or `match` raise it, and for a student there is not.

    Examples
    --------
    >>> market = Market.from_preferences(
    ...     preferences={"ann": ["north", "south"], "bob": ["south"], "eve": ["north"]},
    ...     priorities={"north": ["eve", "ann"], "south": ["ann", "bob"]},
    ...     seats={"north": 1, "south": 1},
    ... )
    >>> found = misreport(market, "immediate_acceptance")
    >>> found
    Misreports(1 of 3 students gain, 4 lists tried)
    >>> found.examples[0].false_list, found.replay(found.examples[0])
    (('south',), (None, 'south'))
    >>> misreport(market, "deferred_acceptance").gainers
    0
    """
    if lists < 1:
        raise AdmissionsError(f"lists = {lists}: at least one list is needed")
    known = _case_of(case, rules, seed, parameters)
    chosen = _chosen(known, students, seed or "")
    content = exhausted = tried = 0
    examples = []
    for done, applicant in enumerate(chosen):
        if tell is not None:
            tell(done, len(chosen))
        listing = known.listing(applicant)
        if listing.before == listing.ranks[0]:
            content += 1
            continue
        exhausted += count_false_lists(len(listing.ranks)) <= lists
        ranked = list(_tried(known, applicant, listing, lists, seed or ""))
        tried += len(ranked)
        after, wanted = min(ranked, key=lambda one: one[0], default=(listing.before, ()))
        if after < listing.before:
            examples.append(_example(known.name(applicant), listing, wanted, after))
    gains = Counter(example.gain for example in examples)
    return Misreports(len(chosen), content, exhausted, tried, dict(sorted(gains.items())), tuple(examples), known)


def _case_of(
    case: District | Market,
    rules: Policy | str | Callable[..., Matching],
    seed: str | None,
    parameters: Mapping[str, Any],
) -> Case:
    if isinstance(case, Market) and not isinstance(rules, Policy):
        return MarketCase(case, rules, parameters)
    if isinstance(case, District) and isinstance(rules, Policy):
        if parameters:
            raise AdmissionsError(f"a policy states its mechanisms' parameters; take out {', '.join(parameters)}")
        return DistrictCase(case, rules, seed)
    raise AdmissionsError("give a District and its Policy, or a Market and a mechanism")


def _chosen(case: Case, students: int | Iterable[Any] | None, seed: str) -> list[int]:
    """Return the applicants to look at among those who hand in a list, in order."""
    listing = case.applicants()
    if students is None:
        return listing
    if isinstance(students, int):
        if students < 0:
            raise AdmissionsError(f"students = {students}: a number of 0 or more is needed")
        numbers = lottery_numbers(f"misreport {seed}", [str(case.name(applicant)) for applicant in listing])
        return sorted(listing[place] for place in numbers.arg_sort()[:students])
    named = {case.applicant_of(name) for name in ([students] if isinstance(students, str) else students)}
    return sorted(named.intersection(listing))


def _tried(case: Case, applicant: int, listing: Listing, most: int, seed: str) -> Iterator[tuple[int, Wanted]]:
    """Yield the rank that each other list of an applicant gets, and the list."""
    length = len(listing.ranks)
    others = false_lists(length, most, f"misreport {seed}:{case.name(applicant)}")
    for wanted in chain([tuple(range(length))] if listing.has_gaps else [], others):
        rank = case.rank_with(applicant, wanted)
        if rank is not None:
            yield rank, wanted


def _example(name: Any, listing: Listing, wanted: Wanted, after: int) -> Misreport:
    return Misreport(
        name,
        listing.programmes,
        tuple(listing.programmes[place] for place in wanted),
        listing.programme_at(listing.before),
        listing.programme_at(after),
        listing.before - after,
    )
