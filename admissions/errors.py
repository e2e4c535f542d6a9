"""What can go wrong, said so that a person can mend it.

Every error of the library is an `AdmissionsError`. An error about tables carries its `Problem` rows; a child's id or
mark is never among them: `masked` keeps just enough of a value to find it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

SHOWN_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with one table.

    Attributes
    ----------
    table : str
        File or frame, as the office named it.
    row : int or None
        Row as a spreadsheet counts it (the header of a file is row 1); None when it concerns the whole table.
    column : str
        Column concerned; empty when it concerns the whole row.
    value : str or None
        The value found, masked where it could name a child; None when there is none to show.
    message : str
        What is wrong, and the way out where there is one.
    """

    table: str
    row: int | None
    column: str
    value: str | None
    message: str

    def __str__(self) -> str:
        """Return the line an officer reads."""
        where = "" if self.row is None else f"row {self.row}"
        what = self.column if self.value is None else f"{self.column} '{self.value}'"
        return "  ".join(part for part in (where, what, self.message) if part)


class AdmissionsError(Exception):
    """Base of all errors a user of the library can meet.

    Parameters
    ----------
    message : str
        What happened and what to do.
    rows : sequence of int, optional
        Offending rows, where the error concerns rows.
    """

    def __init__(self, message: str, rows: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.rows = tuple(rows)


class DataError(AdmissionsError):
    """The office's tables contradict themselves or the schema; carries all `problems` at once."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_report(self.problems), [p.row for p in self.problems if p.row is not None])


class PolicyError(AdmissionsError):
    """The policy says something that cannot be done; the message points to round and key."""


class MarketError(AdmissionsError):
    """Arrays or preference lists that are not a market, or a mechanism that cannot run on this one."""


class PreflightError(AdmissionsError):
    """Something stands out that must be mended, or acknowledged, before a run."""


class RunError(AdmissionsError):
    """A run folder that cannot be written or read."""


class PropertyError(AdmissionsError):
    """A property that the mechanism claims does not hold for this result."""


def masked(value: str) -> str:
    """Return enough of a child's id or mark to find it in the table, and no more.

    Examples
    --------
    >>> masked("510108200903041234")
    '5101…4'
    >>> masked("S01")
    'S…'
    """
    if len(value) >= 8:
        return f"{value[:4]}…{value[-1]}"
    return f"{value[:1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the nearest known name, or the empty string.

    Examples
    --------
    >>> did_you_mean("P-0031", ["P-031", "Q-7"])
    " (did you mean 'P-031'?)"
    """
    near = get_close_matches(name, list(known), n=1, cutoff=0.75)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _report(problems: Sequence[Problem]) -> str:
    lines: list[str] = []
    for table in dict.fromkeys(p.table for p in problems):
        mine = [p for p in problems if p.table == table]
        lines.append(f"{len(mine)} problem{'s' if len(mine) > 1 else ''} in {table}")
        lines += [f"  {p}" for p in mine[:SHOWN_PROBLEMS]]
        if len(mine) > SHOWN_PROBLEMS:
            lines.append(f"  … and {len(mine) - SHOWN_PROBLEMS} more")
    return "\n".join(lines)
