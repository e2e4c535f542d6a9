"""Fairness by group: the measures of an allocation for all children and for each group, exact, with what is withheld.

How far a measure depends on the draw, no formula for single children tells: the seats of one depend on those of all
others. It is read off the same district under the same policy with other lotteries.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.audit.groups import Comparison, Figure, Groups, Interval
from admissions.audit.measures import Measured, measure_children
from admissions.audit.suppression import FEWEST, withheld_groups
from admissions.compiling.applications import COMPUTED, Applications
from admissions.compiling.progress import Progress
from admissions.district.district import District
from admissions.errors import AdmissionsError, did_you_mean
from admissions.market import BoolArray, Int64Array
from admissions.policy.expressions import parse_expression

TAILS = 25
"""Of a thousand redrawn lotteries, how many an interval leaves out on each side."""
MANY = 20
"""A grouping of more groups than this is refused where most of them are too small to be published."""
NAMES = ("student_id", "bundle_id")
"""Columns that name a child."""


@dataclass(frozen=True, slots=True, repr=False)
class _Grouping:
    """The group of every student.

    Attributes
    ----------
    by : str
        Column or expression.
    names : tuple of str or None
        Its values in order, None last.
    code : (n,) int64
        Place of each student's value.
    """

    by: str
    names: tuple[str | None, ...]
    code: Int64Array


Sums = tuple[list[int], list[int]]
"""Children counted and their sum, group by group, all children together first."""


def compare_groups(allocation: Allocation, by: str | Sequence[str], redraws: Iterable[Allocation] = ()) -> Groups:
    """Return every measure of an allocation for all children and for each group of each grouping.

    Parameters
    ----------
    allocation : Allocation
        With its district.
    by : str or sequence of str
        Columns of students, or SQL expressions over them, as in a policy; each is a grouping of its own.
    redraws : iterable of Allocation, optional
        The same district and policy under other seeds. Each is looked at once and need not be kept.

    Raises
    ------
    AdmissionsError
        If the allocation has no district, a grouping reads what is no column of students or tells single children
        apart, or a redraw is of another district or policy or repeats a seed.

    Examples
    --------
    >>> import admissions as adm
    >>> allocation = adm.allocate(adm.generate_district("docs", size=60), adm.read_policy("district_2016"), seed="s")
    >>> placed = compare_groups(allocation, "stage")["stage", "placed"]
    >>> placed["primary"].value
    Fraction(1, 1)
    """
    texts = tuple(dict.fromkeys([by] if isinstance(by, str) else by))
    if not texts:
        return Groups()
    district = allocation.district
    if district is None:
        raise AdmissionsError(
            "by: groups are made by columns of the table of students, and an allocation read from a run folder has no "
            "tables; give the office's (--data, or dataclasses.replace(allocation, district=...))"
        )
    groupings = [_grouping(district, text) for text in texts]
    measured = measure_children(allocation, district)
    drawn: list[dict[tuple[str, str], Sums]] = []
    for redraw in _checked(allocation, redraws):
        drawn.append(_summed(groupings, measure_children(redraw, district)))
    exact, published = [], []
    sums = _summed(groupings, measured)
    codes = [grouping.code for grouping in groupings]
    hidden = {name: withheld_groups(codes, one.counted) for name, one in measured.items()}
    for place, grouping in enumerate(groupings):
        for name in measured:
            key = grouping.by, name
            tallies = sums[key], [sums_of_draw[key] for sums_of_draw in drawn]
            own = np.concatenate([hidden[name][0], hidden[name][place + 1][: len(grouping.names)]])
            exact.append(_comparison(grouping, name, *tallies, np.zeros_like(own)))
            published.append(_comparison(grouping, name, *tallies, own))
    return Groups(tuple(exact), tuple(published), len(drawn))


def _grouping(district: District, text: str) -> _Grouping:
    values = _values_of(district, text)
    code = values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    names: list[str | None] = values.drop_nulls().unique().sort().cast(pl.String).to_list()
    code = np.where(code == 0, len(names), code - 1)
    if values.null_count():
        names.append(None)
    small = int((np.bincount(code, minlength=len(names)) < FEWEST).sum())
    if len(names) > MANY and 2 * small > len(names):
        raise AdmissionsError(
            f"by: {small:,} of the {len(names):,} groups of '{text}' have fewer than {FEWEST} children, which tells "
            "single children apart; group by a coarser column or by a condition, such as 'total >= 400'"
        )
    return _Grouping(text, tuple(names), code)


def _values_of(district: District, text: str) -> pl.Series:
    """Return a column of students, or what an expression over students makes of each."""
    students = district.students
    columns = (text,) if text in students.columns else parse_expression(text).columns
    for name in columns:
        if name in NAMES:
            raise AdmissionsError(f"by: '{text}' reads {name}, which names single children; group by something else")
        if name in COMPUTED and name != text:
            raise AdmissionsError(f"by: '{text}' reads {name}, which a round computes; group by columns of students")
        if name not in students.columns:
            known = [column for column in students.columns if column not in NAMES]
            raise AdmissionsError(
                f"by: no column '{name}' in students{did_you_mean(name, known)}; there are {', '.join(known)}"
            )
    if not columns:
        raise AdmissionsError(f"by: '{text}' reads no column of students")
    if text in students.columns:
        return students[text]
    nobody = np.empty(0, dtype=np.int32)
    start = Progress.start(len(students), np.zeros(0, dtype=np.int64))
    return Applications(district, start, nobody, nobody, nobody).evaluate(parse_expression(text), "by")[1]


def _checked(allocation: Allocation, redraws: Iterable[Allocation]) -> Iterator[Allocation]:
    """Yield the redraws; refuse one that is not the same case under another seed."""
    seeds = {allocation.seed}
    for redraw in redraws:
        if redraw.policy.text != allocation.policy.text or _tables(redraw) != _tables(allocation):
            raise AdmissionsError("redraws: one is of another policy or of other tables; only the seed may differ")
        if redraw.seed in seeds:
            raise AdmissionsError("redraws: a seed is there twice, or is the audited run's own; a draw counts once")
        seeds.add(redraw.seed)
        yield redraw


def _tables(allocation: Allocation) -> Mapping[str, str] | None:
    """Return the hashes of the tables an allocation was made from."""
    return None if allocation.district is None else dict(allocation.district.sources)


def _summed(groupings: Sequence[_Grouping], measured: Mapping[str, Measured]) -> dict[tuple[str, str], Sums]:
    """Return the sums of every grouping and measure."""
    return {
        (grouping.by, name): (_by_group(grouping, one.counted), _by_group(grouping, one.amount))
        for grouping in groupings
        for name, one in measured.items()
    }


def _by_group(grouping: _Grouping, amount: BoolArray | Int64Array) -> list[int]:
    sums = np.zeros(len(grouping.names), dtype=np.int64)
    np.add.at(sums, grouping.code, amount)
    return [int(sums.sum()), *sums.tolist()]


def _comparison(grouping: _Grouping, measure: str, sums: Sums, drawn: Sequence[Sums], hidden: BoolArray) -> Comparison:
    """Return a comparison in which some groups, or all children together in the first place, are withheld."""
    values = _values(sums)
    drawn_values = [_values(one) for one in drawn]
    figures = [
        Figure(withheld=True)
        if withheld
        else Figure(values[place], _interval([one[place] for one in drawn_values]), sums[0][place], sums[1][place])
        for place, withheld in enumerate(hidden)
    ]
    kept = [
        [value for value, away in zip(one[1:], hidden[1:], strict=True) if value is not None and not away]
        for one in (values, *drawn_values)
    ]
    if hidden.any():
        kept = [one if len(one) > 1 else [] for one in kept]
    gap, ratio = [_gap(one) for one in kept], [_ratio(one) for one in kept]
    return Comparison(
        grouping.by,
        measure,
        figures[0],
        dict(zip(grouping.names, figures[1:], strict=True)),
        Figure(gap[0], _interval(gap[1:])),
        Figure(ratio[0], _interval(ratio[1:])),
    )


def _values(sums: Sums) -> list[Fraction | None]:
    return [Fraction(total, children) if children else None for children, total in zip(*sums, strict=True)]


def _gap(values: Sequence[Fraction]) -> Fraction | None:
    return max(values) - min(values) if values else None


def _ratio(values: Sequence[Fraction]) -> Fraction | None:
    return min(values) / max(values) if values and max(values) else None


def _interval(drawn: Sequence[Fraction | None]) -> Interval | None:
    """Return the values between which all but the tails lie; draws that leave nobody to measure do not count."""
    known = sorted(value for value in drawn if value is not None)
    if not known:
        return None
    left_out = len(known) * TAILS // 1000
    return known[left_out], known[-1 - left_out]
