"""The key of every application at every pool it enters: strict, with the ties left in, or in steps of marks."""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import polars as pl

from admissions.compiling.ranking import KEY_BITS, Ranking, dense
from admissions.errors import PolicyError
from admissions.market import BoolArray, Int32Array, Int64Array
from admissions.policy.expressions import Term
from admissions.policy.policy import Pool, PriorityClass, Round


@dataclass(frozen=True, slots=True, repr=False)
class Entries:
    """Every application at every pool it enters.

    Attributes
    ----------
    rule : Round
        The clause.
    ranking : Ranking
        The orders of its applications.
    edge : (e,) int32
        Application of each entry.
    pool, classes : (e,) int16
        Pool of the rule, and class.
    outsider : (e,) bool or None
        Who is no member of the pool, where it takes others after its members.
    """

    rule: Round
    ranking: Ranking
    edge: Int32Array
    pool: npt.NDArray[np.int16]
    classes: npt.NDArray[np.int16]
    outsider: BoolArray | None

    @property
    def is_whole(self) -> bool:
        """Whether every application enters exactly one pool, so that entries are applications."""
        return len(self.rule.pools) == 1 and len(self.edge) == len(self.ranking.applications)

    @property
    def group(self) -> Int64Array:
        """What goes before every order: membership of the pool, then class."""
        if self.outsider is None:
            return self.classes.astype(np.int64)
        return self.outsider * np.int64(len(self.rule.classes)) + self.classes


def strict_keys(entries: Entries) -> tuple[Int64Array, int]:
    """Return the key of each entry, and how many nothing but the id tells from another at their pool.

    The key orders by membership of the pool, then class, then the class's order, then id.
    """
    rule, group = entries.rule, entries.group
    programme = entries.ranking.applications.programme
    place = np.zeros(len(entries.edge), dtype=np.int64)
    settled = 0
    for mine, terms, where in _orders(entries):
        place[mine] = _placed(entries, terms, where)[mine]
        if not any(term.is_lottery or term.expression.text == "student_id" for term in terms):
            loose = _placed(entries, terms, where, by_id=False)[mine]
            at = programme[entries.edge[mine]] * np.int64(len(rule.pools)) + entries.pool[mine]
            at = at * (int(group.max(initial=0)) + 1) + group[mine]
            settled += int(pl.DataFrame({"at": at, "place": loose}).is_duplicated().sum())
    return _grouped(group, place), settled


def tied_keys(entries: Entries) -> Int64Array:
    """Return keys in which applications are equal that the orders leave equal before they come to the lottery."""
    place = np.zeros(len(entries.edge), dtype=np.int64)
    for mine, terms, where in _orders(entries):
        lots = next((at for at, term in enumerate(terms) if term.is_lottery), len(terms))
        if lots:
            place[mine] = _placed(entries, terms[:lots], where, by_id=False)[mine]
    return _grouped(entries.group, place)


@dataclass(frozen=True, slots=True, repr=False)
class OpenKeys:
    """Keys whose lottery is still to be drawn: what goes before it, and what comes after.

    Attributes
    ----------
    before : (e,) int64
        Place of each entry by everything that is compared before the lottery, from 0. Where an order draws no lottery,
        its whole place, in which no two are equal.
    after : (e,) int64
        Place by what is compared after the lottery, from 0.
    drawn : (e,) bool
        Whether the lottery ranks the entry.
    """

    before: Int64Array
    after: Int64Array
    drawn: BoolArray


def open_keys(entries: Entries) -> OpenKeys:
    """Return what a key consists of beside the lottery: ``(before, lottery, after)`` orders as `strict_keys` does.

    True within each class whose pools share one order, as `has_one_order_a_class` says.
    """
    before, after = (np.zeros(len(entries.edge), dtype=np.int64) for _ in range(2))
    drawn = np.zeros(len(entries.edge), dtype=np.bool_)
    for mine, terms, where in _orders(entries):
        lots = next((at for at, term in enumerate(terms) if term.is_lottery), None)
        if lots is None:
            before[mine] = _placed(entries, terms, where)[mine]
            continue
        drawn[mine] = True
        for place, part in ((before, terms[:lots]), (after, terms[lots + 1 :])):
            if part:
                place[mine] = _placed(entries, part, where, by_id=False)[mine]
    return OpenKeys(_grouped(entries.group, before), dense(after), drawn)


def has_one_order_a_class(rule: Round) -> bool:
    """Return whether every class is ranked alike in all pools of a round."""
    return all(len({rule.terms(priority, pool) for pool in rule.pools}) == 1 for priority in rule.classes)


@dataclass(frozen=True, slots=True, repr=False)
class Marks:
    """Keys that count down from the best mark, a step for every unit of the marks.

    Attributes
    ----------
    key : (e,) int64
        ``(top - mark) * places + place``: the mark first, then the whole order.
    width, first_line : int
        Width of a band, and the last key of the first band, on the scale of the keys.
    """

    key: Int64Array
    width: int
    first_line: int


def marked_keys(entries: Entries, strict: Int64Array, width: object, first_line: object) -> Marks:
    """Return keys in which the distance between two marks can be read.

    Raises
    ------
    PolicyError
        If classes or outsiders go before marks, orders begin with different columns or with no number, the width or the
        line is no number of the marks' unit, or the marks do not fit 62 bits.
    """
    where = f"round '{entries.rule.name}' › parameters"
    orders = list(_orders(entries))
    terms = orders[0][1]
    if entries.group.any() or any(other[1][0] != terms[0] for other in orders):
        raise PolicyError(
            f"{where}: bands are of one mark, so every class must begin its order with it and none go before another; "
            "use one class, and pools without others after their members"
        )
    units, digits = _units(entries, terms[0], where)
    steps = _in_units(width, digits, f"{where} › width")
    if steps < 1:
        raise PolicyError(f"{where} › width = {width}: a band is at least one unit of the mark wide")
    low, high = int(units.min(initial=0)), int(units.max(initial=0))
    line = high - steps + 1
    if first_line is not None:
        line = _in_units(first_line, digits, f"{where} › first_line") * (1 if terms[0].descending else -1)
    top, places = max(high, line), int(strict.max(initial=0)) + 1
    if (top - low + 1) * places >> KEY_BITS:
        raise PolicyError(
            f"{where}: marks so far apart do not fit a key among {places} applications; use a larger unit"
        )
    return Marks((top - units) * places + strict, steps * places, (top - line) * places + places - 1)


def _orders(entries: Entries) -> list[tuple[slice | BoolArray, tuple[Term, ...], str]]:
    """Return for each order of the round the entries it ranks, its terms, and the clause it stands in."""
    rule = entries.rule
    cells: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    for c, priority in enumerate(rule.classes):
        for k, seat_pool in enumerate(rule.pools):
            texts = tuple(f"{t.expression.text} {t.descending}" for t in rule.terms(priority, seat_pool))
            cells.setdefault(texts, []).append((c, k))
    found: list[tuple[slice | BoolArray, tuple[Term, ...], str]] = []
    for same in cells.values():
        priority, seat_pool = rule.classes[same[0][0]], rule.pools[same[0][1]]
        inside = np.zeros((len(rule.classes), len(rule.pools)), dtype=np.bool_)
        inside[tuple(zip(*same, strict=True))] = True
        mine = slice(None) if inside.all() else inside[entries.classes, entries.pool]
        found.append((mine, rule.terms(priority, seat_pool), _clause(rule, priority, seat_pool)))
    return found


def _clause(rule: Round, priority: PriorityClass, seat_pool: Pool) -> str:
    return f"round '{rule.name}' › " + (f"priority '{priority.name}' › order" if rule.priority else "order")


def _placed(entries: Entries, terms: tuple[Term, ...], where: str, by_id: bool = True) -> Int64Array:
    """Return the place of each entry in an order."""
    placed = entries.ranking.place(terms, where, by_id)
    return placed if entries.is_whole else placed[entries.edge]


def _grouped(group: Int64Array, place: Int64Array) -> Int64Array:
    """Return dense keys: by group, then place."""
    if not group.any():
        return dense(place)
    bits = int(place.max(initial=0)).bit_length()
    return dense((group << bits) | place)


def _units(entries: Entries, mark: Term, where: str) -> tuple[Int64Array, int]:
    """Return the mark of each entry in units of its last decimal, larger is better, and the decimals there are."""
    number = f"{where}: bands are of marks, and '{mark.expression.text}' is no whole or decimal number"
    if mark.is_lottery:
        raise PolicyError(number)
    level, values = entries.ranking.applications.evaluate(mark.expression, where)
    digits = values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0
    if not (values.dtype.is_integer() or isinstance(values.dtype, pl.Decimal)):
        raise PolicyError(number)
    whole = (values * 10**digits).cast(pl.Int64)
    units = whole if mark.descending else -whole
    lowest = units.min()
    missing = 0 if lowest is None else int(lowest) - 1
    spread = entries.ranking.applications.spread(level, units.fill_null(missing).to_numpy())
    return spread[entries.edge], digits


def _in_units(value: object, digits: int, where: str) -> int:
    """Return a number of the policy in units of the mark's last decimal."""
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise PolicyError(f"{where} = {value!r}: a number is needed, in the unit of the marks")
    units = Decimal(value) * 10**digits
    if not units.is_finite() or units != units.to_integral_value():
        raise PolicyError(f"{where} = {value}: the marks have {digits} decimals, and this has more")
    return int(units)
