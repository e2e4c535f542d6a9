"""When a simulation has drawn enough."""

from dataclasses import dataclass

from admissions.errors import AdmissionsError

MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Until:
    """When to stop drawing: at the first of what is given. It remembers nothing, so one serves many simulations.

    Parameters
    ----------
    seconds : float, optional
        After so many seconds; how many draws that makes depends on the machine.
    draws : int, optional
        After so many draws.
    half_width : float, optional
        Once no interval is wider than twice this: of any odds; between scenarios, of the share of the draws in which
        any child gains, loses or moves.

    Raises
    ------
    AdmissionsError
        If nothing is given, or a number no simulation can stop at.

    Examples
    --------
    >>> Until(half_width=0.02, draws=5000)
    Until(seconds=None, draws=5000, half_width=0.02)
    """

    seconds: float | None = None
    draws: int | None = None
    half_width: float | None = None

    def __post_init__(self) -> None:
        if self.seconds is None and self.draws is None and self.half_width is None:
            raise AdmissionsError("until: give seconds, draws or half_width, or the simulation never ends")
        if self.draws is not None and (isinstance(self.draws, bool) or not isinstance(self.draws, int)):
            raise AdmissionsError(f"draws = {self.draws!r}: a whole number of draws is needed")
        if self.draws is not None and not 1 <= self.draws <= MOST:
            raise AdmissionsError(f"draws = {self.draws}: at least one draw is needed, and at most {MOST:,}")
        if self.seconds is not None and not self.seconds > 0:
            raise AdmissionsError(f"seconds = {self.seconds}: a time above 0 is needed")
        if self.half_width is not None and not 0 < self.half_width < 1:
            raise AdmissionsError(
                f"half_width = {self.half_width}: a width between 0 and 1 is needed, such as 0.02 for two points"
            )

    @classmethod
    def of(cls, draws: "int | Until") -> "Until":
        """Return what a number of draws, or an `Until`, says."""
        return draws if isinstance(draws, Until) else cls(draws=draws)
