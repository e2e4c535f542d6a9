"""What decided each application: the first thing in which the last one admitted goes before it, or what else there is.

Whole columns at a time: one child's applications are a short column, those of a district a long one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.allocation import Allocation
from admissions.district.links import row_numbers
from admissions.explanation.members import OUTSIDER, UNKNOWN, find_members
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.expressions import Term
from admissions.records import ADMITTED, OUTCOMES, REFUSED, RoundRecord, names_a_child, value_column

CODES = (
    *OUTCOMES,
    "no seats",
    "mechanism",
    "not together",
    "held",
    "members",
    "members or others",
    "class",
    "lottery",
    "value",
    "number",
    "unknown",
    "id",
    "unexplained",
)
"""What became of an application; of one refused, why. ``mechanism``: as the mechanism's row in the table has it."""
CODE = {code: place for place, code in enumerate(CODES)}

Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, repr=False)
class Findings:
    """What decided some of a round's applications.

    Attributes
    ----------
    record : RoundRecord
        The round.
    rows : (m,) int64
        Rows of the record.
    cutoffs : polars.DataFrame
        The round's pools.
    at : (m,) int32
        Row of `cutoffs`, -1 where the application entered no pool.
    code : (m,) int8
        Place in `CODES`.
    weaker : (m,) int8
        Why it goes after the last one admitted, a place in `CODES`; -1 where it does not, or nobody was admitted.
    term : (m,) int16
        Criterion of its order that decides between the two, -1 where none does.
    """

    record: RoundRecord
    rows: Int64Array
    cutoffs: pl.DataFrame
    at: Int32Array
    code: Codes
    weaker: Codes
    term: npt.NDArray[np.int16]

    def own(self, term: Term, some: BoolArray) -> pl.Series:
        """Return what a criterion compares, of some of the applications."""
        return self.record.value(term.name, self.rows[some])

    def last(self, term: Term, some: BoolArray) -> pl.Series:
        """Return the same of the last one admitted at the pool of each."""
        kind = self.record.values[term.name][1].dtype
        return self.cutoffs[value_column(term.name)].gather(self.at[some]).cast(kind)

    def cells(self, classes: npt.NDArray[np.integer]) -> Iterator[tuple[BoolArray, tuple[Term, ...]]]:
        """Yield the applications that these classes rank alike, and the order up to where ids come in."""
        rule, pool = self.record.rule, self.record.pool[self.rows]
        for c, priority in enumerate(rule.classes):
            for k, seat_pool in enumerate(rule.pools):
                some = (classes == c) & (pool == k)
                if some.any():
                    terms = rule.terms(priority, seat_pool)
                    yield some, tuple(takewhile(lambda term: not names_a_child(term.name), terms))


def rows_of(record: RoundRecord, student: str) -> Int64Array:
    """Return a child's rows of a round's record, in the order they count."""
    mine = (record.student_ids == student).arg_true()
    return np.flatnonzero(record.student == mine[0]) if len(mine) else np.empty(0, dtype=np.int64)


def find_reasons(allocation: Allocation, record: RoundRecord, rows: Int64Array) -> Findings:
    """Return what decided some applications of a round.

    Parameters
    ----------
    allocation : Allocation
        The result. With its district it is also known who is a member of a pool that takes others after its members.
    record : RoundRecord
        The round.
    rows : (m,) int64
        Rows of the record.
    """
    cutoffs = allocation.cutoffs.filter(pl.col("round") == record.rule.name)
    at = _cutoff_rows(record, cutoffs, rows)
    code = record.outcome[rows].copy()
    code[code < 0] = CODE["unexplained"]
    nothing = np.full(len(rows), -1)
    findings = Findings(record, rows, cutoffs, at, code, nothing.astype(np.int8), nothing.astype(np.int16))
    refused = code == REFUSED
    after = refused & (at >= 0)
    last_key = cutoffs["cutoff_key"].fill_null(-1).to_numpy()[at[after]]
    after[after] = (last_key >= 0) & (record.key[rows[after]] > last_key)
    _compare(findings, allocation, after)
    code[refused] = CODE["unexplained"]
    if record.rule.parameters.get("bundles") == "skip":
        together = _applies_with_others(record)[record.student[rows]]
        code[refused] = np.where(together, CODE["not together"], CODE["held"])[refused]
    code[after] = findings.weaker[after]
    if record.rule.row.refusal:
        code[refused] = CODE["mechanism"]
    shut = refused & (at >= 0)
    shut[shut] = cutoffs["seats"].to_numpy()[at[shut]] == 0
    code[shut] = CODE["no seats"]
    return findings


def _compare(findings: Findings, allocation: Allocation, after: BoolArray) -> None:
    """Write down why applications go after the last ones admitted at their pools."""
    record, weaker = findings.record, findings.weaker
    own_class = record.class_place[findings.rows]
    last_class = last_classes(findings)
    weaker[after] = CODE["unexplained"]
    weaker[after & (own_class > last_class)] = CODE["class"]
    _compare_orders(findings, after & (own_class == last_class))
    if all(pool.others == "never" for pool in record.rule.pools):
        return
    asked = np.flatnonzero(after)
    member = find_members(allocation, record, findings.rows[asked])
    last = find_members(allocation, record, _last_admitted(findings)[findings.at[asked]])
    unknown, outside = asked[member == UNKNOWN], asked[(member == OUTSIDER) & (last != OUTSIDER)]
    weaker[unknown] = np.where(weaker[unknown] == CODE["unexplained"], CODE["members"], CODE["members or others"])
    weaker[outside] = CODE["members"]
    findings.term[unknown] = findings.term[outside] = -1


def _compare_orders(findings: Findings, same: BoolArray) -> None:
    """Write down the first criterion in which the last one admitted goes before, for applications of the same class."""
    weaker, own_class = findings.weaker, findings.record.class_place[findings.rows]
    for cell, terms in findings.cells(own_class):
        equal = cell & same
        for place, term in enumerate(terms):
            some, own, last = np.flatnonzero(equal), findings.own(term, equal), findings.last(term, equal)
            differs = own.ne_missing(last).to_numpy()
            loses = differs & _goes_after(own, last, term.descending)
            kind = "lottery" if term.is_lottery else "number" if is_number(own.dtype) else "value"
            weaker[some[loses]] = np.where(own.is_null().to_numpy(), CODE["unknown"], CODE[kind])[loses]
            findings.term[some[loses]] = place
            equal[some[differs]] = False
        weaker[equal] = CODE["id"]


def _goes_after(own: pl.Series, last: pl.Series, descending: bool) -> BoolArray:
    """Return which values go after others, what is missing after everything."""
    worse = (own < last if descending else own > last).fill_null(False)
    return (worse | own.is_null()).to_numpy()


def is_number(kind: pl.DataType) -> bool:
    """Return whether values of a kind have a difference: whole numbers and exact decimals."""
    return kind.is_integer() or kind.is_decimal()


def last_classes(findings: Findings) -> npt.NDArray[np.int16]:
    """Return the class of the last one admitted at the pool of each application, -1 where there is none."""
    classes = {priority.name: place for place, priority in enumerate(findings.record.rule.classes)}
    places = findings.cutoffs["cutoff_class"].replace_strict(classes, default=-1, return_dtype=pl.Int16).fill_null(-1)
    return np.append(places.to_numpy(), np.int16(-1))[findings.at]


def _last_admitted(findings: Findings) -> Int64Array:
    """Return a row of the record that holds the cutoff of each pool, -1 where nobody was admitted."""
    record, cutoffs = findings.record, findings.cutoffs
    admitted = np.flatnonzero(record.outcome == ADMITTED)
    at = _cutoff_rows(record, cutoffs, admitted)
    last = np.full(len(cutoffs), -1, dtype=np.int64)
    holds = record.key[admitted] == cutoffs["cutoff_key"].fill_null(-1).to_numpy()[at]
    last[at[holds]] = admitted[holds]
    return last


def _cutoff_rows(record: RoundRecord, cutoffs: pl.DataFrame, rows: Int64Array) -> Int32Array:
    """Return the row of the cutoffs for each row of the record, -1 where it entered no pool that there is."""
    pools = {pool.name: k for k, pool in enumerate(record.rule.pools)}
    programme = row_numbers(cutoffs["programme_id"], record.programme_ids)
    pool = cutoffs["pool"].replace_strict(pools, default=-1, return_dtype=pl.Int32).to_numpy()
    place = np.full((len(record.programme_ids) + 1, len(pools) + 1), -1, dtype=np.int32)
    place[programme, pool] = np.arange(len(cutoffs), dtype=np.int32)
    place[-1, :] = place[:, -1] = -1
    entered = np.where(record.pool[rows] >= 0, record.pool[rows], len(pools))
    return place[record.programme[rows], entered]


def _applies_with_others(record: RoundRecord) -> BoolArray:
    """Return which students apply together with others, (n,) bool."""
    return (record.bundle_ids.is_not_null() & record.bundle_ids.is_duplicated()).to_numpy()
