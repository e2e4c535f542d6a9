"""What one change of a round comes to, in the office's words."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl

from admissions.audit.evidence import Evidence
from admissions.market import Int64Array
from admissions.mechanisms.continuation import Continuation
from admissions.mechanisms.differences import Difference

NEWCOMER = "(new)"
"""What stands for the id of a child who is not in the tables."""
MARGINAL = {
    "round": pl.String,
    "programme_id": pl.String,
    "pool": pl.String,
    **dict.fromkeys(("seats", "admitted", "moved", "placed", "improved", "ranks_gained"), pl.Int64),
    "stays_empty": pl.Boolean,
}
"""Columns of the table of marginal seats."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RoundDifference:
    """Whom one change of a round moves, from where to where.

    Attributes
    ----------
    round : str
        Of which it speaks: seats by list, as the mechanism gives them.
    moves : polars.DataFrame
        student_id, children (of those who apply as one, 2 or more), programme, pool and rank before and after; a null
        programme is no seat by list.
    placed, displaced : int
        Children who have no seat by list and would have one; and who have one and would have none.
    not_run_again : tuple of str
        What takes its children or its seats from this round, may come out differently, and is not part of the answer:
        its guarantee, and later rounds. Empty where nothing can.
    """

    round: str
    moves: pl.DataFrame
    placed: int
    displaced: int
    not_run_again: tuple[str, ...]

    @classmethod
    def of(cls, name: str, moves: pl.DataFrame, follows: tuple[str, ...], settled: bool) -> Self:
        """Return what some moves come to.

        Parameters
        ----------
        name : str
            Of the round.
        moves : polars.DataFrame
            As of `tabulate_moves`.
        follows : tuple of str
            What takes children or seats from the round.
        settled : bool
            Whether nothing but the moves can touch it.
        """
        children, had, has = moves["children"], moves["programme_before"], moves["programme_after"]
        placed, displaced = (int(children.filter(one).sum()) for one in (had.is_null(), has.is_null()))
        same_children = placed == displaced == 0
        if settled and same_children and _taken(moves, "before") == _taken(moves, "after"):
            follows = ()
        return cls(name, moves, placed, displaced, follows)

    def __repr__(self) -> str:
        return f"RoundDifference('{self.round}', {len(self.moves)} move)"

    def __str__(self) -> str:
        """Return what happens in two lines, without a child's id."""
        told = (
            f"round '{self.round}': children who move: {self.moves['children'].sum()}, who get a seat by list: "
            f"{self.placed}, who lose theirs: {self.displaced}"
        )
        if not self.not_run_again:
            return f"{told}\nnothing that follows is touched"
        return f"{told}\nthis is of the round alone; not run again: {', '.join(self.not_run_again)}"


def _taken(moves: pl.DataFrame, when: str) -> Counter[tuple[str, str]]:
    """Return how many of the children who move have a seat in each pool of each programme."""
    taken = Counter[tuple[str, str]]()
    for programme, pool, children in moves.select(f"programme_{when}", f"pool_{when}", "children").iter_rows():
        taken[programme, pool] += children
    return taken


def tabulate_moves(evidence: Evidence, difference: Difference) -> pl.DataFrame:
    """Return the moves of a difference, a row an applicant, in order of the first child's id; a newcomer last.

    Parameters
    ----------
    evidence : Evidence
        The round.
    difference : Difference
        Of its market.
    """
    record, market, who = evidence.record, evidence.market, difference.applicant
    known = who < market.applicants
    students = evidence.student[who[known]].astype(np.int64)
    ids = record.student_ids.gather(students).extend(pl.Series([NEWCOMER] * int((~known).sum()), dtype=pl.String))
    columns = {"student_id": ids, "children": pl.Series(np.append(market.size, 1)[who], dtype=pl.Int64)}
    for when in ("before", "after"):
        pool: Int64Array = getattr(difference, when)
        row = pl.Series(pool).set(pl.Series(pool < 0), None)
        columns[f"programme_{when}"] = evidence.pools["programme_id"].gather(row)
        columns[f"pool_{when}"] = evidence.pools["pool"].gather(row)
        columns[f"rank_{when}"] = pl.Series(getattr(difference, f"rank_{when}")).set(pl.Series(pool < 0), None)
    return pl.DataFrame(columns)


def tabulate_marginal_seats(evidence: Evidence, state: Continuation) -> pl.DataFrame:
    """Return what the next seat of each pool would change, a row a programme and pool.

    Parameters
    ----------
    evidence : Evidence
        The round.
    state : Continuation
        Its market at its outcome.
    """
    found, market = state.marginal_seats(), evidence.market
    held = state.outcome.choice >= 0
    pools = market.pool[state.outcome.choice[held]]
    admitted = np.bincount(pools, weights=market.size[held], minlength=len(market.seats)).astype(np.int64)
    return evidence.pools.select("round", "programme_id", "pool").with_columns(
        seats=pl.Series(market.seats),
        admitted=pl.Series(admitted),
        moved=pl.Series(found.moved),
        placed=pl.Series(found.placed),
        improved=pl.Series(found.improved),
        ranks_gained=pl.Series(found.ranks),
        stays_empty=pl.Series(found.moved == 0),
    )
