"""What stands out before a run: a concern stops it or is told, and one that an office acknowledges is told as such."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from admissions.errors import PreflightError, did_you_mean

CONCERNS = {
    "seats": "a programme's seats at least doubled or halved since last year",
    "excluded": "a child who has a seat elsewhere takes part, or the list of such children names nobody here",
    "floor": "a seat pool has no floor where the pools beside it have one",
    "conversion": "a CASE without ELSE covers some values of a column and not others",
    "direction": "a higher mark goes later where the policy says that higher is better",
    "mark": "a column named like a mark ranks with the smaller value first",
    "demand": "a programme has many more seats than children who could want them",
    "clause": "a priority class or a seat pool catches nobody",
    "twice": "children agree in everything but their id",
    "theory": "the policy combines or promises what its mechanism cannot keep",
}
"""Every concern by its code: those that stop a run, then those that are only told."""


@dataclass(frozen=True, slots=True)
class Concern:
    """One thing that stands out.

    Attributes
    ----------
    severity : {"stops", "tells"}
        Whether it stops a run until it is mended or acknowledged.
    code : str
        A key of `CONCERNS`.
    subject : str
        The programme or clause concerned.
    message : str
        What stands out, in numbers, and the way out; no child is named.
    """

    severity: Literal["stops", "tells"]
    code: str
    subject: str
    message: str

    @property
    def key(self) -> str:
        """What an acknowledgement says: ``code:subject``."""
        return f"{self.code}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Preflight:
    """What stands out before a run.

    Attributes
    ----------
    stops : tuple of Concern
        What must be mended, or acknowledged, first.
    tells : tuple of Concern
        What an officer should look at.
    acknowledged : tuple of Concern
        What would have stopped the run, and the office says is right.
    """

    stops: tuple[Concern, ...]
    tells: tuple[Concern, ...]
    acknowledged: tuple[Concern, ...]

    @classmethod
    def of(cls, concerns: Iterable[Concern], acknowledged: Sequence[str] = ()) -> Self:
        """Return the concerns sorted out by what the office acknowledges.

        Raises
        ------
        PreflightError
            If an acknowledgement fits nothing that stops the run.
        """
        found = tuple(concerns)
        stopping = [concern for concern in found if concern.severity == "stops"]
        keys = {concern.key for concern in stopping}
        for key in acknowledged:
            if key not in keys:
                near = did_you_mean(key, sorted(keys))
                raise PreflightError(f"nothing to acknowledge as '{key}'{near}; take it out, so that it hides nothing")
        return cls(
            stops=tuple(concern for concern in stopping if concern.key not in acknowledged),
            tells=tuple(concern for concern in found if concern.severity == "tells"),
            acknowledged=tuple(concern for concern in stopping if concern.key in acknowledged),
        )

    def raise_if_stopped(self) -> None:
        """Raise if anything must be mended or acknowledged before a run.

        Raises
        ------
        PreflightError
            With every such concern, and how to acknowledge it.
        """
        if self.stops:
            lines = (
                f"  {concern.message}\n    if this is right: acknowledge '{concern.key}'" for concern in self.stops
            )
            count = f"{len(self.stops)} thing{'s' if len(self.stops) > 1 else ''} to mend before a run"
            raise PreflightError("\n".join([count, *lines]))

    def to_dict(self) -> dict[str, Any]:
        """Return the concerns for ``--json``."""
        return {name: [asdict(concern) for concern in getattr(self, name)] for name in self.__slots__}
