"""Random assignments: the probability of every choice, and the lottery over matchings that has these probabilities."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError
from admissions.market import Market, Matching
from admissions.mechanisms.decomposition import flow_of, integral_parts, network_of


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RandomAssignment:
    """The probability with which each applicant receives each choice.

    Attributes
    ----------
    market : Market
        The market it belongs to.
    share : (e,) array
        Probability of each choice: `fractions.Fraction` where it is exact, otherwise float64.
    error : Fraction
        No share is further than this from the exact one; 0 where shares are exact.
    """

    market: Market
    share: npt.NDArray[Any]
    error: Fraction = Fraction(0)

    def __repr__(self) -> str:
        how = f"within {float(self.error):.0e}" if self.error else "exact"
        return f"RandomAssignment({self.market.applicants} applicants, {len(self.share)} choices, {how})"

    def to_dict(self) -> dict[Any, dict[Any, Fraction]]:
        """Return for each applicant by name the probability of every programme on its list.

        Raises
        ------
        MarketError
            If the market was not made from names.

        Examples
        --------
        >>> market = Market.from_preferences({"ann": ["n"], "bob": ["n"]}, {"n": [["ann", "bob"]]}, {"n": 1})
        >>> RandomAssignment(market, np.array([Fraction(1, 2)] * 2)).to_dict()
        {'ann': {'n': Fraction(1, 2)}, 'bob': {'n': Fraction(1, 2)}}
        """
        market = self.market
        if market.labels is None:
            raise MarketError("this market has no names: make it with Market.from_preferences")
        chances: dict[Any, dict[Any, Fraction]] = {name: {} for name in market.labels.applicants}
        for i, pool, share in zip(market.owners(), market.pool, self.share.tolist(), strict=True):
            chances[market.labels.applicants[i]][market.labels.pools[pool]] = Fraction(share)
        return chances

    def lottery(self) -> Iterator[tuple[Fraction, Matching]]:
        """Yield probabilities and matchings: a lottery in which each choice has exactly its share.

        The probabilities sum to 1. In every matching each pool has as many applicants as it has in expectation, rounded
        down or up; so, too, in every pool, the applicants of at least each size; and so those left without a seat
        (Birkhoff 1946 and von Neumann 1953; Budish, Che, Kojima and Milgrom 2013, Theorem 1). Where no applicant is of
        several children no pool is over its seats; otherwise one may be by less than its largest applicant's size.
        There are no more matchings than choices, applicants and pools together, each a search through all of these:
        listing is for markets of hundreds of choices.

        Raises
        ------
        MarketError
            If a share is negative, or those of an applicant exceed 1.

        Examples
        --------
        >>> market = Market.from_preferences({"ann": ["n"], "bob": ["n"]}, {"n": [["ann", "bob"]]}, {"n": 1})
        >>> for chance, matching in RandomAssignment(market, np.array([Fraction(1, 2)] * 2)).lottery():
        ...     print(chance, matching.to_dict())
        1/2 {'ann': 'n', 'bob': None}
        1/2 {'ann': None, 'bob': 'n'}
        """
        market, owners, network = self.market, self.market.owners(), network_of(self.market)
        shares = [Fraction(share) for share in self.share.tolist()]
        whole = lcm(*(share.denominator for share in shares))
        units, rest = [int(share * whole) for share in shares], [whole] * market.applicants
        for i, given in zip(owners.tolist(), units, strict=True):
            rest[i] -= given
        if min([*units, *rest], default=0) < 0:
            raise MarketError("share: no share is below 0, and those of an applicant sum to 1 at most")
        nobody = flow_of(network, [0] * len(units) + [1] * market.applicants)
        for weight, flow in integral_parts(network, flow_of(network, units + rest), whole, nobody):
            held = np.flatnonzero(flow[: len(units)])
            choice = np.full(market.applicants, -1, dtype=np.int64)
            choice[owners[held]] = held
            yield Fraction(weight, whole), Matching.of(market, choice)
