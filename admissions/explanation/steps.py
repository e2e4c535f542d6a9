"""One application at one pool, what decided it, and what alone would have been enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from admissions.explanation.sentences import sentence
from admissions.explanation.wording import shortened, word_column
from admissions.policy.policy import ALL_SEATS

Words = Mapping[str, str]
"""A sentence in each language."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that alone would have given a child the programme of an application, or one it likes better.

    Attributes
    ----------
    kind : str
        ``more``, ``less``, ``later``, ``earlier`` or another ``value`` of what ranks the child, or any ``known`` one
        where there is none; ``lottery``; ``class``; ``member`` of the pool; one ``seat`` more.
    gives : str
        The programme it would have given.
    name : str
        The column that ranks, or the class.
    value : value
        The least that would have been enough; of a lottery number what it has to be below, of a class its place.
    difference : value
        From the child's own, in units of the column or in days; None where there is none.
    """

    kind: str
    gives: str
    name: str = ""
    value: Any = field(default=None, repr=False)
    difference: Any = field(default=None, repr=False)

    def words(self, language: str = "en") -> str:
        """Return the change in words."""
        name = self.name if self.kind == "class" else word_column(self.name, language)
        value = sentence(language, "yes" if self.value else "no") if isinstance(self.value, bool) else self.value
        if self.kind == "lottery":
            value = shortened(self.value)
        said = sentence(language, f"change {self.kind}", name=name, value=value)
        if self.difference is None:
            return said
        by = "by days" if self.kind in ("earlier", "later") else "by"
        return sentence(language, by, change=said, difference=self.difference)


@dataclass(frozen=True, slots=True)
class Step:
    """One application at one pool, and what decided it.

    Attributes
    ----------
    round, programme_id, pool, class_name, outcome : str or None
        As the run recorded them.
    rank : int
        Place on the list.
    code : str
        What decided: one of `findings.CODES`.
    own : mapping of str to value
        What the order compares, of the child.
    cutoff_class : str or None
        Class of the last one admitted; None where nobody was, or the pool has a seat left.
    cutoff : mapping of str to value
        What its order compares, of the last one admitted; empty where there is none.
    finding, cutoff_words, own_words : mapping of str to str
        What decided, the cutoff and the child's own, in each language.
    changes : tuple of Change or None
        What alone would have been enough for this programme or a better one; None where nobody looked.
    """

    round: str
    rank: int
    programme_id: str
    pool: str | None
    class_name: str | None
    outcome: str
    code: str
    own: Mapping[str, Any] = field(repr=False)
    cutoff_class: str | None
    cutoff: Mapping[str, Any] = field(repr=False)
    finding: Words = field(repr=False)
    cutoff_words: Words = field(repr=False)
    own_words: Words = field(repr=False)
    changes: tuple[Change, ...] | None = field(default=None, repr=False)

    @property
    def is_refused(self) -> bool:
        """Whether it entered a pool, or would have in another class, and was not admitted."""
        return self.outcome in ("refused", "no class")

    def lines(self, language: str) -> list[str]:
        """Return the step in words: what decided; where it was refused the cutoff, its own, and what was missing."""
        key = "step" if self.pool in (None, ALL_SEATS) else "step in pool"
        place = {"rank": self.rank, "programme": self.programme_id, "pool": self.pool}
        lines = [sentence(language, key, finding=self.finding[language], **place)]
        if self.outcome == "refused":
            lines += [f"   {words[language]}" for words in (self.cutoff_words, self.own_words) if words[language]]
        if self.changes is not None:
            said = [
                sentence(language, "enough", programme=change.gives, change=change.words(language))
                for change in self.changes
            ]
            lines += [f"   {line}" for line in said or [sentence(language, "not enough")]]
        return lines
