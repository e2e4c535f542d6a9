"""What a search for gainful lists has to know of a case, be it a market or a district under a policy."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Listing:
    """The true list of one applicant, and what it gets by it.

    Attributes
    ----------
    programmes : tuple
        Best first.
    ranks : tuple of int
        Rank of each on the list.
    before : int
        Rank of the seat; `worst` for a seat that is not on the list, and for none.
    """

    programmes: tuple[Any, ...] = field(repr=False)
    ranks: tuple[int, ...] = field(repr=False)
    before: int

    @property
    def worst(self) -> int:
        """The rank after the last."""
        return self.ranks[-1] + 1

    @property
    def has_gaps(self) -> bool:
        """Whether the ranks are not 1, 2, 3 …, so that the same programmes in the same order are another list."""
        return self.worst > len(self.ranks) + 1

    def programme_at(self, rank: int) -> Any:
        """Return the programme of a rank, None for the one after the last."""
        return None if rank == self.worst else self.programmes[self.ranks.index(rank)]


class Case(Protocol):
    """Applicants with true lists, and what one of them gets by another list while all else is the same."""

    def applicants(self) -> list[int]:
        """Return who hands in a list, in order."""

    def name(self, applicant: int) -> Any:
        """Return what an applicant is called: the id of the first child, a label, or its number."""

    def applicant_of(self, name: Any) -> int:
        """Return the applicant of a name; raise `AdmissionsError` if there is none."""

    def listing(self, applicant: int) -> Listing:
        """Return the true list of an applicant."""

    def rank_with(self, applicant: int, wanted: Sequence[int]) -> int | None:
        """Return the rank on the true list of what another list gets; None where the mechanism refuses it.

        Parameters
        ----------
        applicant : int
            Whose list is another.
        wanted : sequence of int
            Places on the true list, best first.
        """

    def replay(self, applicant: int, wanted: Sequence[int]) -> tuple[Any, Any]:
        """Return the seats by the true list and by another one, from two runs of everything."""
