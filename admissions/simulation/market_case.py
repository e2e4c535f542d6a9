"""One applicant's list changed in a market, under one mechanism."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from admissions.errors import MarketError
from admissions.market import Int64Array, Market, Matching
from admissions.mechanisms import match
from admissions.simulation.listings import Listing
from admissions.simulation.relisting import relist


class MarketCase:
    """Applicants of a market under a mechanism.

    Parameters
    ----------
    market : Market
        With the true lists.
    mechanism : str or callable
        A name in `MECHANISMS`, or a rule of one's own from market, and its parameters, to matching.
    parameters : mapping of str to object
        Of the mechanism.

    Raises
    ------
    MarketError
        If the mechanism cannot run on the market.
    """

    def __init__(self, market: Market, mechanism: str | Callable[..., Matching], parameters: Mapping[str, Any]) -> None:
        self.market, self.parameters = market, parameters
        self._solve = partial(match, mechanism=mechanism) if isinstance(mechanism, str) else mechanism
        self.choice = self._solve(market, **parameters).choice

    def applicants(self) -> list[int]:
        """Return who has choices."""
        return np.flatnonzero(np.diff(self.market.indptr)).tolist()

    def name(self, applicant: int) -> Any:
        """Return the label of an applicant, or its number."""
        labels = self.market.labels
        return applicant if labels is None else labels.applicants[applicant]

    def applicant_of(self, name: Any) -> int:
        """Return the applicant of a label, or of a number."""
        labels = self.market.labels
        known = range(self.market.applicants) if labels is None else labels.applicants
        if name not in known:
            raise MarketError("students: names an applicant who is not in the market")
        return known.index(name)

    def listing(self, applicant: int) -> Listing:
        """Return the programmes of an applicant, each called as its first pool."""
        market, labels = self.market, self.market.labels
        first = [int(choices[0]) for choices in self._programmes(applicant)]
        pools = [int(market.pool[e]) for e in first]
        ranks = tuple(int(market.rank[e]) for e in first)
        held = self.choice[applicant]
        return Listing(
            tuple(pools if labels is None else (labels.pools[pool] for pool in pools)),
            ranks,
            ranks[-1] + 1 if held < 0 else int(market.rank[held]),
        )

    def rank_with(self, applicant: int, wanted: Sequence[int]) -> int | None:
        """Return the rank on the true list of what another list gets; None where the mechanism refuses it."""
        programmes = self._programmes(applicant)
        mine = [programmes[place] for place in wanted]
        choices = np.concatenate([np.empty(0, dtype=np.int64), *mine])
        ranks = np.repeat(np.arange(1, len(mine) + 1), [len(one) for one in mine])
        market, parameters = relist(self.market, applicant, choices, ranks, self.parameters)
        try:
            held = self._solve(market, **parameters).choice[applicant]
        except MarketError:
            return None
        if held < 0:
            return int(self.market.rank[programmes[-1][0]]) + 1
        return int(self.market.rank[choices[held - market.indptr[applicant]]])

    def replay(self, applicant: int, wanted: Sequence[int]) -> tuple[Any, Any]:
        """Return the seats by the true list and by another one."""
        listing, after = self.listing(applicant), self.rank_with(applicant, wanted)
        return listing.programme_at(listing.before), None if after is None else listing.programme_at(after)

    def _programmes(self, applicant: int) -> list[Int64Array]:
        """Return the choices of an applicant, programme by programme."""
        start, stop = self.market.indptr[applicant : applicant + 2]
        begins = np.flatnonzero(np.diff(self.market.rank[start:stop])) + 1
        return np.split(np.arange(start, stop), begins)
