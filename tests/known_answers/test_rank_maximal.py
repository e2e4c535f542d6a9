"""Examples of rank-maximal matching."""

from admissions.market import Market
from admissions.mechanisms import rank_maximal
from tests.naive.rank_maximal import all_matchings


def test_ka28_irving_kavitha_mehlhorn_michail_and_paluch_2006_two_matchings_attain_the_signature():
    """Two at rank 1, none at rank 2, after the definition of Irving et al. 2006; of the two, the first in order."""
    market = Market.from_preferences(
        preferences={"1": ["a", "b"], "2": ["a"], "3": ["b", "a"]},
        priorities={"a": [["1", "2", "3"]], "b": [["1", "3"]]},
        seats={"a": 1, "b": 1},
    )
    assert rank_maximal.run(market).to_dict() == {"1": "a", "2": None, "3": "b"}

    def signature(choice):
        ranks = [int(market.rank[c]) for c in choice if c >= 0]
        return ranks.count(1), ranks.count(2)

    signatures = {tuple(choice): signature(choice) for choice in all_matchings(market, {}, [1, 1])}
    assert max(signatures.values()) == (2, 0)
    attained = [choice for choice, s in signatures.items() if s == (2, 0)]
    assert sorted(attained) == [(-1, 2, 3), (0, -1, 3)]
