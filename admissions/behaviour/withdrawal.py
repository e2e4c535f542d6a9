"""Withdrawal: children who are offered a seat and do not come."""

from dataclasses import dataclass
from numbers import Real

import numpy as np
import polars as pl

from admissions.allocation import Allocation
from admissions.behaviour.relisting import needed_seed
from admissions.behaviour.tables import without_students
from admissions.behaviour.tastes import BITS, hashed_bits
from admissions.compiling.applicants import gather_applicants
from admissions.district.district import District
from admissions.errors import AdmissionsError
from admissions.market import BoolArray


@dataclass(frozen=True, slots=True, repr=False)
class Withdrawal:
    """Children who were given a seat decline it, each by itself with the same probability, and leave the district.

    Parameters
    ----------
    offers : Allocation
        Who was offered a seat; a coordinated one counts.
    share : float
        Probability of declining, 0 to 1.

    Raises
    ------
    AdmissionsError
        If the share is no such number.

    Notes
    -----
    A child declines if the first 52 bits of ``SHA-256("SEED:withdrawal:ID")`` are below ``share * 2**52``; `ID` is the
    bundle's where there is one. So a larger share takes whom a smaller one takes, and more.

    The district that `relist` returns has these children no longer. Allocating it with the seed of the first run offers
    their seats in the same rounds, as if they had never applied. Under deferred acceptance and serial dictatorship, in
    a policy of one round without a guarantee and among children who apply alone, nobody who stays loses by that; other
    mechanisms and later rounds can move a child from the seat it has.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> offers = adm.allocate(district, policy, seed="s")
    >>> adm.relist(district, Withdrawal(offers, share=0.1), seed="s")
    District(54 students, 6 schools, 15 programmes)
    """

    offers: Allocation
    share: float

    def __post_init__(self) -> None:
        if not isinstance(self.share, Real) or isinstance(self.share, bool) or not 0 <= self.share <= 1:
            raise AdmissionsError(f"share: a number from 0 to 1 is needed, {self.share!r} given")

    def __repr__(self) -> str:
        return f"Withdrawal({self.offers!r}, share={self.share})"

    def relist(self, district: District, seed: str | None, chosen: BoolArray) -> District:
        """Return the district without those of the chosen who decline."""
        seats = self.offers.students.filter(pl.col("programme_id").is_not_null())["student_id"]
        if strangers := len(seats) - district.students["student_id"].is_in(seats.implode()).sum():
            raise AdmissionsError(f"offers: {strangers:,} children of the allocation are not in these tables")
        applicants = gather_applicants(district, ())
        declines = hashed_bits(f"{needed_seed(seed, 'withdrawal')}:withdrawal", applicants.lottery_id)
        placed = district.students["student_id"].is_in(seats.implode()).to_numpy()
        gone = chosen & placed & (declines < float(self.share) * 2.0**BITS)[applicants.of_student]
        return without_students(district, gone) if np.any(gone) else district
