"""Why a child has its seat, or none, as one frozen object and in words."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from admissions.explanation.placement import Placement, Shortage
from admissions.explanation.sentences import SENTENCES, known_language, sentence
from admissions.explanation.steps import Step
from admissions.explanation.wording import word_answers


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why one child has its seat, or none.

    Attributes
    ----------
    student_id : str
        The child.
    seat : mapping of str to value
        Its row of the allocation.
    steps : tuple of Step
        Its applications, in the order they count.
    placement : Placement or None
        What the guarantee prefers to the seat it gave; None for other children, and without the office's tables.
    shortages : tuple of Shortage
        Where seats ran out, for a child the guarantee covers who has none.
    from_tables : bool
        Whether the office's tables were at hand, so that changes were looked for.
    """

    student_id: str = field(repr=False)
    seat: Mapping[str, Any] = field(repr=False)
    steps: tuple[Step, ...]
    placement: Placement | None = None
    shortages: tuple[Shortage, ...] = ()
    from_tables: bool = False

    def __str__(self) -> str:
        """Return the explanation in English."""
        return self.words("en")

    def words(self, language: str = "en") -> str:
        """Return the explanation in words.

        Parameters
        ----------
        language : str
            ``en`` or ``zh``.

        Raises
        ------
        AdmissionsError
            For a language there are no sentences in.
        """
        known_language(language)
        lines = [word_answers(pl.DataFrame([dict(self.seat)]), language)[0]]
        for step, before in zip(self.steps, (None, *self.steps), strict=False):
            if before is None or before.round != step.round:
                lines.append(sentence(language, "round", round=step.round))
            lines += [f"  {line}" for line in step.lines(language)]
        if self.placement is not None:
            lines += self.placement.lines(language)
        for shortage in self.shortages:
            lines += shortage.lines(language)
        asks = any(step.is_refused for step in self.steps) or self.seat["route"] == "coordinated"
        if asks and not self.from_tables:
            lines.append(sentence(language, "needs tables"))
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the explanation as plain values, for printing."""
        return {
            "seat": dict(self.seat),
            "applications": [asdict(step) for step in self.steps],
            "placement": None if self.placement is None else asdict(self.placement),
            "shortages": [asdict(shortage) for shortage in self.shortages],
            "words": {language: self.words(language) for language in SENTENCES},
        }
