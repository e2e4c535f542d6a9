"""Hypothesis strategies that build valid inputs directly: markets, districts, policies that fit them, choice rules."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from admissions.district.district import District
from admissions.market import Market
from admissions.policy.policy import Policy
from admissions.testing.choosing import PoolRule

CONDITIONS = ("TRUE", "local", "NOT local", "in_zone", "choice_rank = 1", "mark >= 3", "distance < 4", "mark IS NULL")
TERMS = ("mark desc", "mark asc", "distance asc", "choice_rank asc", "lottery")
MEMBERS = ("TRUE", "local", "NOT local", "mark >= 2")


@st.composite
def markets(
    draw: DrawFn,
    applicants: int = 5,
    pools: int = 4,
    seats: int = 3,
    sizes: int = 1,
    strict: bool = False,
    common: bool = False,
) -> Market:
    """Draw a market of at most so many applicants, pools, seats a pool and children an applicant.

    Pools belong to programmes: an applicant lists programmes, and each stands for all its pools in the order of law.
    There are ties, pools without seats, applicants without choices, and markets in which everybody wants one programme.

    Parameters
    ----------
    applicants, pools, seats, sizes : int
        The most of each. Above two children an applicant is of no more than the largest pool has seats, or mechanisms
        would refuse the market.
    strict : bool
        Whether no pool ranks two applicants equal.
    common : bool
        Whether all pools rank applicants alike.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import admissions as adm
    >>> @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    ... @given(markets())
    ... def nobody_is_over_the_seats(market):
    ...     assert not adm.audit.overfull_pools(market, adm.match(market, "deferred_acceptance")).count
    >>> nobody_is_over_the_seats()
    """
    n = draw(st.integers(0, applicants))
    p = draw(st.integers(1, pools))
    programme = sorted(draw(st.lists(st.integers(0, p - 1), min_size=p, max_size=p)))
    of_programme = {name: [j for j in range(p) if programme[j] == name] for name in set(programme)}
    everybody_wants_one = draw(st.booleans()) and draw(st.booleans())
    lists, ranks = [], []
    for _ in range(n):
        wanted = list(of_programme) if everybody_wants_one else draw(st.permutations(list(of_programme)))
        wanted = wanted[: draw(st.integers(0, len(wanted)))]
        pairs = [(j, place) for place, name in enumerate(wanted, start=1) for j in of_programme[name]]
        lists.append([j for j, _ in pairs])
        ranks.append([place for _, place in pairs])
    keys = _keys(draw, lists, p, strict, common)
    room = draw(st.lists(st.integers(0, seats), min_size=p, max_size=p))
    most = min(sizes, max(2, *room))
    return Market(
        indptr=np.cumsum([0, *map(len, lists)]),
        pool=np.array([p for wanted in lists for p in wanted], dtype=np.int32),
        key=np.array([k for own in keys for k in own], dtype=np.int64),
        rank=np.array([r for own in ranks for r in own], dtype=np.int32),
        seats=np.array(room, dtype=np.int64),
        size=np.array(draw(st.lists(st.integers(1, most), min_size=n, max_size=n)), dtype=np.int32),
    )


def _keys(draw: DrawFn, lists: Sequence[Sequence[int]], pools: int, strict: bool, common: bool) -> list[list[int]]:
    n = len(lists)
    if common:
        marks = draw(st.permutations(range(n)) if strict else st.lists(st.integers(0, n), min_size=n, max_size=n))
        return [[marks[i]] * len(own) for i, own in enumerate(lists)]
    if strict:
        orders = [draw(st.permutations(range(n))) for _ in range(pools)]
        return [[orders[j][i] for j in own] for i, own in enumerate(lists)]
    highest = draw(st.sampled_from([0, 1, 3, 2**31 - 1, 2**62]))
    return [[draw(st.integers(0, highest)) for _ in own] for own in lists]


@st.composite
def districts(draw: DrawFn, students: int = 9, schools: int = 4) -> District:
    """Draw a district of one primary stage: zones, marks, homes on a line, twins, lists of any length.

    The columns are those that the rules of `policies` speak of: ``local`` (a truth value), ``mark`` (1 to 4, or
    missing), ``x`` and ``y``, ``zone_id``, ``bundle_id``, and ``group_id`` of schools.

    Parameters
    ----------
    students, schools : int
        The most of each.

    Examples
    --------
    >>> from hypothesis import given, settings
    >>> import admissions as adm
    >>> @settings(max_examples=10, deadline=None, derandomize=True, database=None)
    ... @given(districts(), policies())
    ... def every_run_passes_its_audit(district, policy):
    ...     adm.audit(adm.allocate(district, policy, seed="any")).raise_if_failed()
    >>> every_run_passes_its_audit()
    """
    names = [f"P{i}" for i in range(draw(st.integers(1, schools)))]
    zones = ["Z1", "Z2"]
    number = draw(st.integers(1, students))
    rows: list[dict[str, Any]] = [
        {
            "student_id": f"S{i}",
            "stage": "primary",
            "zone_id": draw(st.sampled_from([*zones, None])),
            "local": draw(st.booleans()),
            "mark": draw(st.sampled_from([None, 1, 2, 3, 4])),
            "x": draw(st.integers(0, 9)),
            "y": 0,
            "bundle_id": None,
        }
        for i in range(number)
    ]
    for first in range(0, number - 1, 2):
        if draw(st.integers(0, 4)) == 0:
            rows[first]["bundle_id"] = f"B{first}"
            rows[first + 1] = {**rows[first], "student_id": f"S{first + 1}"}
    listed = [
        {"student_id": row["student_id"], "rank": rank, "programme_id": name}
        for row in rows
        if row["bundle_id"] in (None, f"B{row['student_id'][1:]}")
        for rank, name in enumerate(draw(st.permutations(names))[: draw(st.integers(0, len(names)))], start=1)
    ]
    groups = [draw(st.sampled_from("GH")) for _ in names]
    return District.from_frames(
        students=pl.DataFrame(rows, infer_schema_length=None),
        schools=pl.DataFrame({"school_id": names, "x": range(len(names)), "y": 0, "group_id": groups}),
        programmes=pl.DataFrame(
            {
                "programme_id": names,
                "school_id": names,
                "stage": "primary",
                "seats": [draw(st.integers(0, 3)) for _ in names],
            }
        ),
        zones=pl.DataFrame({"zone_id": zones, "school_id": [draw(st.sampled_from(names)) for _ in zones]}),
        choices=pl.DataFrame(listed, schema={"student_id": pl.String, "rank": pl.Int64, "programme_id": pl.String}),
    )


@st.composite
def policies(draw: DrawFn, mechanism: str = "deferred_acceptance", **parameters: Any) -> Policy:
    """Draw a policy of one round that fits every district of `districts`: classes, pools, orders, lists, a guarantee.

    Parameters
    ----------
    mechanism : str
        What the round runs.
    **parameters
        The mechanism's.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(policies(), lambda policy: True).rounds[0].mechanism
    'deferred_acceptance'
    """
    order = st.lists(st.sampled_from(TERMS), min_size=1, max_size=2, unique=True)
    sources = st.lists(st.sampled_from(["choices", "zone", "nearest"]), min_size=1, max_size=2, unique=True)
    clause: dict[str, Any] = {"name": "primary", "stage": "primary", "lists": draw(sources), "mechanism": mechanism}
    if parameters:
        clause["parameters"] = parameters
    if draw(st.booleans()):
        clause["order"] = draw(order)
    clause["priority"] = [
        {"class": f"c{i}", "when": draw(st.sampled_from(CONDITIONS))} | ({"order": draw(order)} if own else {})
        for i, own in enumerate(draw(st.lists(st.booleans(), max_size=3)))
    ]
    clause["pool"] = [
        {"name": f"p{i}", "members": draw(st.sampled_from(MEMBERS)), "seats": 0 if i else "rest", "others": others}
        for i, others in enumerate(draw(st.lists(st.sampled_from(["never", "after members"]), max_size=2)))
    ]
    if draw(st.booleans()):
        who, where = draw(st.sampled_from(["TRUE", "local"])), draw(st.sampled_from(["TRUE", "distance < 6"]))
        clause["guarantee"] = {"who": who, "where": where}
    if draw(st.booleans()):
        clause["students"] = draw(st.sampled_from(["TRUE", "mark IS NOT NULL", "choice_rank IS NOT NULL"]))
    return Policy.from_dict({"title": "drawn", "round": [clause]})


def choice_rules(applicants: int = 4, pools: int = 3, seats: int = 2) -> SearchStrategy[PoolRule]:
    """Return a strategy of choice rules: a programme's seat pools, each with an order of its own, tried in turn.

    Parameters
    ----------
    applicants, pools, seats : int
        How many applicants there are, and the most pools and seats a pool.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(choice_rules(), lambda rule: True)(frozenset({0, 1}))
    frozenset()
    """
    orders = st.permutations(range(applicants)).flatmap(
        lambda order: st.integers(0, applicants).map(lambda cut: tuple(order[:cut]))
    )
    pool = st.tuples(st.integers(0, seats), orders)
    return st.lists(pool, max_size=pools).map(lambda drawn: PoolRule(tuple(drawn)))
