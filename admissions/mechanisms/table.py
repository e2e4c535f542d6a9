"""The table of mechanisms: what each takes, what it guarantees, what it costs and where it was published."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from admissions.errors import MarketError, did_you_mean
from admissions.market import Market, Matching
from admissions.mechanisms import (
    deferred_acceptance,
    efficiency_adjusted,
    immediate_acceptance,
    minimum_cost,
    parallel,
    probabilistic_serial,
    rank_maximal,
    regional,
    score_bands,
    serial_dictatorship,
    stable_improvement,
    top_trading_cycles,
)
from admissions.mechanisms.mechanism import (
    BUNDLES,
    SEVERAL_CHILDREN,
    SEVERAL_KEYS,
    SKIP,
    STRICT,
    TIES,
    TWINS,
    Mechanism,
)

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
            refusal_zh="轮到该志愿序号之前已录满，或在该序号内录满排序在前的学生",
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
            judged_with={"band": 2},
            refusal="full before this band of the list was asked, or filled in it by applications that go before",
            refusal_zh="轮到该段志愿之前已录满，或在该段内录满排序在前的学生",
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
            judged_with={"width": 2},
            one_order=True,
            refusal="full before this mark and rank were asked, or filled with them by applications that go before",
            refusal_zh="轮到该分数段和志愿序号之前已录满，或在其中录满排序在前的学生",
            fails=(
                "no justified envy",
                "best stable",
                "cutoffs",
                "strategy-proof",
                "pairs",
                "nothing added",
                "split school",
                "rural hospitals",
                "swap",
                "append for others",
            ),
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
            one_order=True,
            fails=("append for others",),
        ),
        Mechanism(
            name="top_trading_cycles",
            run=top_trading_cycles.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SKIP: ("P5",)},
            complexity="O(e)",
            refusal="its seats went to others, who had a claim to them or traded for one",
            refusal_zh="学位由有优先权或交换得到优先权的其他学生获得",
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
            refusal_zh="已录满排序在前的学生，或由不受该生优先权妨碍的交换所占",
            parameters={
                "consent": "who lets priorities that do not help them be passed over; by default everybody",
                "ties": STRICT,
            },
            fails=(
                "no justified envy",
                "best stable",
                "cutoffs",
                "strategy-proof",
                "pairs",
                "non-bossy",
                "cut below",
                "list one",
                "seat added",
                "student leaves",
                "raised",
                "leaves with the seat",
                "swap",
                "append for others",
            ),
        ),
        Mechanism(
            name="stable_improvement",
            run=stable_improvement.run,
            claims=("P1", "P2", "P3", "P4", "P5", "P7"),
            unless={SEVERAL_CHILDREN: ("P7",)},
            complexity="O(e)",
            source="Erdil and Ergin 2008",
            domain="strict priorities, where it is deferred acceptance; with ties families can gain by false lists",
            refusal="filled by applications that go before, or are equal and drew better or came by an exchange",
            refusal_zh="已录满排序在前的学生，或排序相同而抽签在前、经交换而来的学生",
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
            domain="three seats in all schools together, and outcomes of more seats count",
            judged_with={"cap": 3},
            refusal="filled by applications that go before, or the seats of its group of programmes were taken",
            refusal_zh="已录满排序在前的学生，或其所在组的学位已用完",
            fails=(
                "school names",
                "non-wasteful",
                "best stable",
                "cutoffs",
                "efficient",
                "weakly efficient",
                "non-bossy",
                "seat added",
                "leaves with the seat",
                "newcomer last",
                "two markets",
                "split school",
                "rural hospitals",
                "append for others",
            ),
        ),
        Mechanism(
            name="rank_maximal",
            run=rank_maximal.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SEVERAL_CHILDREN: ("P5",)},
            complexity="a flow for each rank, and O(e) a search: p fail, at most n succeed",
            source="Irving, Kavitha, Mehlhorn, Michail and Paluch 2006",
            refusal="its seats went to others, so that as many as can be have an early place of their list",
            refusal_zh="学位给了其他学生，使尽可能多的学生录取在靠前的志愿",
            fails=(
                "row order",
                "no justified envy",
                "best stable",
                "cutoffs",
                "strategy-proof",
                "pairs",
                "seat added",
                "student leaves",
                "newcomer last",
                "better everywhere",
                "nothing added",
                "split school",
                "rural hospitals",
                "swap",
                "append",
                "append for others",
            ),
        ),
        Mechanism(
            name="minimum_cost",
            run=minimum_cost.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SEVERAL_CHILDREN: ("P5",), "cost": ("P5",)},
            complexity="two flows, and O(e) a search: p fail, at most n succeed",
            source="Ford and Fulkerson 1962; by rank Featherstone 2020",
            parameters={"cost": "whole number for each choice; by default its rank"},
            domain="costs by rank",
            refusal="its seats went to others, so that most are placed at the least sum of costs",
            refusal_zh="学位给了其他学生，使录取人数最多且总成本最小",
            fails=(
                "row order",
                "no justified envy",
                "best stable",
                "cutoffs",
                "strategy-proof",
                "pairs",
                "seat added",
                "student leaves",
                "newcomer last",
                "better everywhere",
                "nothing added",
                "split school",
                "rural hospitals",
                "swap",
                "append",
                "append for others",
            ),
        ),
        Mechanism(
            name="probabilistic_serial",
            run=probabilistic_serial.run,
            claims=("P1", "P2", "P3", "P5"),
            unless={SEVERAL_CHILDREN: ("P5",)},
            complexity="O(e + m log p) for m shares above 0, and O(m d) to draw one matching, d in practice six",
            source="Bogomolnaia and Moulin 2001; drawn after Budish, Che, Kojima and Milgrom 2013",
            refusal="its seats went to others by the draw; the chances of all children were shared before it",
            refusal_zh="抽签后学位给了其他学生；各学生的录取机会已在抽签前分配",
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
    >>> wrong_parameters(MECHANISMS["minimum_cost"], [])
    ''
    >>> wrong_parameters(MECHANISMS["parallel"], [])[:54]
    "parallel needs the parameter 'band': ranks in a band; "
    """
    for name in parameters:
        if name not in row.parameters:
            known = ", ".join(row.parameters) or "none"
            return f"{row.name} has no parameter '{name}'{did_you_mean(name, row.parameters)}; its parameters: {known}"
    for name in row.required:
        if name not in parameters:
            return f"{row.name} needs the parameter '{name}': {row.parameters[name]}"
    return ""
