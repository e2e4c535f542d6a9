"""What one change of a market would move, found by going on from the outcome of deferred acceptance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from admissions.errors import MarketError
from admissions.market import Matching
from admissions.mechanisms import deferred_acceptance
from admissions.mechanisms.changes import Change, find_applicant, find_pool, known_keys, make_listing
from admissions.mechanisms.differences import Difference, MarginalSeats
from admissions.mechanisms.keys import name_of_pool
from admissions.mechanisms.resolving import Chains, Reruns


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Continuation:
    """A market at its outcome, to ask of one change at a time what it would move; nothing is kept of a question.

    Each answer is exactly that of a full run of deferred acceptance on the changed market. Names of applicants and
    pools are the labels' where the market has some, their numbers otherwise. Any number of threads may ask.

    Attributes
    ----------
    outcome : Matching
        As it is.
    """

    outcome: Matching
    _way: Chains | Reruns

    def __repr__(self) -> str:
        return f"Continuation({self.outcome.market!r})"

    def seat_added(self, pool: Any) -> Difference:
        """Return whom one seat more in a pool moves.

        Raises
        ------
        MarketError
            If there is no such pool.

        Examples
        --------
        >>> from admissions.market import Market
        >>> market = Market.from_preferences(
        ...     preferences={"ann": ["north", "south"], "bob": ["north"], "cem": ["south"]},
        ...     priorities={"north": ["bob", "ann"], "south": ["ann", "cem"]},
        ...     seats={"north": 1, "south": 1},
        ... )
        >>> continue_from(deferred_acceptance.run(market)).seat_added("north").to_dict()
        {'ann': ('south', 'north'), 'cem': (None, 'south')}
        """
        return self._way.resolve(Change(find_pool(self.outcome.market, pool), more=1))

    def seat_removed(self, pool: Any) -> Difference:
        """Return whom one seat fewer in a pool moves.

        Raises
        ------
        MarketError
            If there is no such pool, or it has no seat.
        """
        market = self.outcome.market
        place = find_pool(market, pool)
        if market.seats[place] == 0:
            raise MarketError(f"pool {name_of_pool(market, place)} has no seat to take away")
        return self._way.resolve(Change(place, more=-1))

    def child_added(
        self, pools: Sequence[Any], keys: npt.ArrayLike, ranks: npt.ArrayLike | None = None, name: Any = None
    ) -> Difference:
        """Return whom one child more moves; of equal keys everybody else's goes first.

        Parameters
        ----------
        pools : sequence
            Its list, best first.
        keys : (k,) int
            Its priority at each.
        ranks : (k,) int, optional
            Place of each one's programme on the list; by default all are different programmes.
        name : object, optional
            What a market with labels calls the child.

        Raises
        ------
        MarketError
            If the list does not fit the market.
        """
        market = self.outcome.market
        if market.labels is not None and name in (None, *market.labels.applicants):
            raise MarketError("name: a market with names needs one for the new applicant that nobody has")
        listing = make_listing(market, pools, keys, ranks)
        return self._way.resolve(Change(applicant=market.applicants, listing=listing, name=name))

    def child_withdrawn(self, applicant: Any) -> Difference:
        """Return whom the withdrawal of one child moves.

        Raises
        ------
        MarketError
            If there is no such applicant.
        """
        return self._way.resolve(Change(applicant=find_applicant(self.outcome.market, applicant)))

    def list_changed(
        self,
        applicant: Any,
        pools: Sequence[Any],
        keys: npt.ArrayLike | None = None,
        ranks: npt.ArrayLike | None = None,
    ) -> Difference:
        """Return whom another list of one child moves.

        Parameters
        ----------
        applicant : object
            Who hands it in.
        pools : sequence
            The other list, best first.
        keys : (k,) int, optional
            Priority at each; by default what the market has of the applicant there.
        ranks : (k,) int, optional
            Place of each one's programme on the list; by default all are different programmes.

        Raises
        ------
        MarketError
            If there is no such applicant, the list does not fit the market, or the market has no key for it.
        """
        market = self.outcome.market
        place = find_applicant(market, applicant)
        keys = known_keys(market, place, pools) if keys is None else keys
        return self._way.resolve(Change(applicant=place, listing=make_listing(market, pools, keys, ranks)))

    def marginal_seats(self) -> MarginalSeats:
        """Return what one more seat would change, for each pool by itself; `seat_added` says of one whom it moves.

        Examples
        --------
        >>> from admissions.market import Market
        >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
        >>> marginal = continue_from(deferred_acceptance.run(market)).marginal_seats()
        >>> marginal.moved.tolist(), marginal.placed.tolist(), marginal.ranks.tolist()
        ([1, 0], [0, 0], [1, 0])
        """
        return self._way.count()


def continue_from(matching: Matching, rerun: bool = False) -> Continuation:
    """Return a market at its outcome under deferred acceptance, to ask what one change of it would move.

    Each question is resolved by going on from the outcome, along chains of rejections and vacancies and the improvement
    cycles that are left at their end (McVitie and Wilson 1971; Blum, Roth and Rothblum 1997; Erdil and Ergin 2008), in
    microseconds, and exactly as a full run on the changed market resolves it.

    Parameters
    ----------
    matching : Matching
        What `deferred_acceptance` with its parameters as they are by default made of its market, now or earlier.
    rerun : bool
        Whether each question is a full run on the changed market instead, for a market with applicants of several
        children.

    Raises
    ------
    MarketError
        If it is another matching, or one with applicants of several children and ``rerun`` is not said: a seat that is
        freed may take in two children or none, so chains are not exact there.

    Examples
    --------
    >>> from admissions.market import Market
    >>> market = Market(indptr=[0, 2, 3], pool=[0, 1, 0], key=[1, 0, 0], rank=[1, 2, 1], seats=[1, 1], size=[1, 1])
    >>> moves = continue_from(deferred_acceptance.run(market)).seat_added(0)
    >>> moves, moves.applicant.tolist(), moves.before.tolist(), moves.after.tolist()
    (Difference(1 applicants move), [0], [1], [0])
    """
    market = matching.market
    if not rerun and (twins := np.flatnonzero(market.size > 1)).size:
        raise MarketError(
            f"applicants of several children: {len(twins)}; chains are not exact there. Say rerun=True (--rerun), and "
            "each question is a full run of deferred acceptance on the changed market",
            rows=twins[:20].tolist(),
        )
    outcome = deferred_acceptance.run(market)
    if not np.array_equal(outcome.choice, matching.choice):
        raise MarketError(
            "this matching is not the one that deferred_acceptance makes of its market (students proposing, "
            "ties='lottery', bundles='exceed'), and there is no other to go on from: run its own on the changed market"
        )
    return Continuation(outcome, Reruns(outcome) if rerun else Chains.of(outcome))
