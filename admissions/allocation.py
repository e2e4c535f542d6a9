"""The result of all rounds in the office's words: a seat or a reason for every child."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl
from rich.console import RenderableType

from admissions.district.district import District
from admissions.policy.policy import Policy
from admissions.records import RoundRecord, applications_frame
from admissions.summary import as_text, summary_tables

SHORTFALL = {"round": pl.String, "side": pl.String, "id": pl.String, "children": pl.Int64, "seats": pl.Int64}


@dataclass(frozen=True, eq=False, repr=False)
class Allocation:
    """What a policy makes of a district, with everything needed to check it.

    Attributes
    ----------
    policy : Policy
        The rules.
    seed : str or None
        What the lottery was drawn from.
    students : polars.DataFrame
        One row for every student: student_id, stage, round, programme_id, school_id, pool, choice_rank, route, reason.
    records : tuple of RoundRecord
        Every application of each round, as codes; `applications` has them in words.
    cutoffs : polars.DataFrame
        Every pool: round, programme_id, pool, seats, admitted, cutoff_key, cutoff_class, and what the orders compared
        of the last one admitted.
    targets : polars.DataFrame
        The plan's promises: name, measure, value, bound, met, source.
    shortfall : polars.DataFrame
        Where seats ran out: round, side (``zone`` or ``programme``), id, children, seats.
    rounds : polars.DataFrame
        Each round: applicants, seats, first_choice, any_choice, zone, coordinated, without_seat, and how many of the
        last for each reason.
    settled_by_id : dict of str to int
        For each round, the applications that nothing but the student's id told apart.
    district : District or None
        The tables; None for an allocation read back from a run folder.
    """

    policy: Policy
    seed: str | None
    students: pl.DataFrame
    records: tuple[RoundRecord, ...]
    cutoffs: pl.DataFrame
    targets: pl.DataFrame
    shortfall: pl.DataFrame
    rounds: pl.DataFrame
    settled_by_id: dict[str, int]
    district: District | None = None

    def __repr__(self) -> str:
        placed = len(self.students) - self.students["programme_id"].null_count()
        return f"Allocation({placed} of {len(self.students)} students placed in {len(self.policy.rounds)} rounds)"

    @cached_property
    def applications(self) -> pl.DataFrame:
        """Every application considered, one row a pool it tried.

        Columns student_id, round, programme_id, pool, rank, class, what the orders compared, lottery, key, outcome and
        bundle_id.
        """
        return applications_frame(self.records)

    def summary(self, width: int = 100) -> str:
        """Return what happened, as tables of plain text.

        Parameters
        ----------
        width : int
            Characters a line.

        Examples
        --------
        >>> import admissions as adm
        >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
        >>> allocation = adm.allocate(district, policy, seed="s")
        >>> "Rounds" in allocation.summary()
        True
        """
        return as_text(self.tables(), width)

    def tables(self) -> RenderableType:
        """Return what happened, as tables for a rich console."""
        return summary_tables(self.policy.title, self.students, self.rounds, self.cutoffs, self.targets)
