"""What an audit says: for each property its verdict, what was counted, and who witnesses against it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from admissions.audit.groups import Groups
from admissions.errors import PropertyError

Verdict = Literal["holds", "fails", "not claimed"]
WITNESSES = 20

PROPERTIES = {
    "P1": "one seat a child",
    "P2": "every seat is on the child's list or coordinated, and the child may hold it",
    "P3": "no pool above its seats",
    "P4": "no justified envy",
    "P5": "no wasted seat",
    "P6": "guarantee kept",
    "P7": "best stable outcome for students",
    "P8": "the lottery redraws",
    "P9": "every student in is a student out",
}


@dataclass(frozen=True, slots=True)
class Violations:
    """How often a property was broken among what was checked, and the first who witness it.

    Attributes
    ----------
    checked : int
        Cases looked at.
    count : int
        Violations found.
    witnesses : tuple of dict
        Up to 20 of them.
    """

    checked: int
    count: int = 0
    witnesses: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, checked: int, count: int, witnesses: Iterable[Mapping[str, Any]]) -> "Violations":
        """Return the violations with the first witnesses."""
        first = (witness for _, witness in zip(range(WITNESSES), witnesses, strict=False))
        return cls(int(checked), int(count), tuple(first))

    def __add__(self, other: "Violations") -> "Violations":
        return Violations.of(
            self.checked + other.checked, self.count + other.count, (*self.witnesses, *other.witnesses)
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """One property of one allocation, over all rounds and round by round.

    Attributes
    ----------
    code : str
        ``P1`` to ``P9``.
    claimed : tuple of str
        Rounds whose mechanism claims the property.
    rounds : mapping of str to Violations
        What was found in each round.
    """

    code: str
    claimed: tuple[str, ...]
    rounds: Mapping[str, Violations]

    @property
    def name(self) -> str:
        """The property in words."""
        return PROPERTIES[self.code]

    @property
    def total(self) -> Violations:
        """What was found in all rounds that claim the property, or in all where none does."""
        counted = self.claimed or tuple(self.rounds)
        return sum((self.rounds[name] for name in counted), Violations(0))

    @property
    def verdict(self) -> Verdict:
        """Whether the property holds wherever it is claimed."""
        if not self.claimed:
            return "not claimed"
        return "fails" if self.total.count else "holds"

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of ``audit.json``."""
        total = self.total
        return {
            "code": self.code,
            "name": self.name,
            "verdict": self.verdict,
            "checked": total.checked,
            "violations": total.count,
            "witnesses": [dict(witness) for witness in total.witnesses],
            "rounds": {
                name: {
                    "verdict": "not claimed" if name not in self.claimed else "fails" if found.count else "holds",
                    "checked": found.checked,
                    "violations": found.count,
                }
                for name, found in self.rounds.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Audit:
    """The verdicts on one allocation.

    Attributes
    ----------
    findings : tuple of Finding
        One a property, P1 to P9.
    groups : Groups
        Groups of children compared, where the audit was asked to; otherwise empty.
    """

    findings: tuple[Finding, ...]
    groups: Groups = field(default_factory=Groups, repr=False)

    def __getitem__(self, code: str) -> Finding:
        """Return the finding of a property by its code."""
        return next(finding for finding in self.findings if finding.code == code)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The properties that are claimed and do not hold."""
        return tuple(finding for finding in self.findings if finding.verdict == "fails")

    def raise_if_failed(self) -> None:
        """Raise if a claimed property does not hold.

        Raises
        ------
        PropertyError
            Naming the properties and the number of violations, and nobody.
        """
        if self.failed:
            lines = (f"{f.code} {f.name}: {f.total.count} violations in {f.total.checked} checked" for f in self.failed)
            raise PropertyError("the result is not what its mechanism promises; do not publish it\n" + "\n".join(lines))

    def to_json(self) -> str:
        """Return the text of ``audit.json``."""
        return json.dumps([finding.to_dict() for finding in self.findings], ensure_ascii=False, indent=1) + "\n"
