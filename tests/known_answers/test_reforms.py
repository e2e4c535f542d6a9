"""Examples that tell the mechanisms apart: immediate acceptance, bands, trading cycles, programmes that propose."""

from admissions import audit
from admissions.mechanisms import match
from tests.known_answers.test_stable_matchings import held, market_of_names
from tests.strategies import market_of


def outcome(market, mechanism, **parameters):
    """Return who holds which pool, as ``"ann-north bob-south"``, in the order of the names."""
    choice = match(market, mechanism, **parameters).choice
    return " ".join(f"{name}-{pool}" for name, pool in held(market, choice).items())


def envious(market, mechanism, **parameters):
    """Return whose envy of which pool is justified."""
    found = audit.justified_envy(market, match(market, mechanism, **parameters))
    pools, people = market.labels.pools, market.labels.applicants
    return [(people[w["applicant"]], pools[market.pool[w["choice"]]]) for w in found.witnesses]


def roth_1982():
    return market_of_names(
        {"i1": "s2 s1 s3", "i2": "s1 s2 s3", "i3": "s1 s2 s3"},
        {"s1": "i1 i3 i2", "s2": "i2 i1 i3", "s3": "i2 i1 i3"},
    )


def kojima_and_unver():
    first, second = "1 2 3", "2 1 3"
    return market_of_names(
        dict.fromkeys(["p", "q", "r"], first) | dict.fromkeys(["s", "t"], second),
        {"1": "p s q r t", "2": "t q r s p", "3": "p q r s t"},
        {"1": 2, "2": 2},
    )


def four_by_score(rank=("A B", "A B", "A C", "B C")):
    names = ["甲", "乙", "丙", "丁"]
    return market_of_names(dict(zip(names, rank, strict=True)), dict.fromkeys("ABC", "甲 乙 丙 丁"))


def test_ka03_roth_1982_trading_cycles_and_immediate_acceptance():
    market = roth_1982()
    assert outcome(market, "top_trading_cycles") == "i1-s2 i2-s1 i3-s3"
    assert envious(market, "top_trading_cycles") == [("i3", "s1")]
    assert outcome(market, "immediate_acceptance") == "i1-s2 i2-s3 i3-s1"
    assert outcome(market, "efficiency_adjusted") == "i1-s2 i2-s1 i3-s3"
    assert outcome(market, "efficiency_adjusted", consent=["i1", "i2"]) == "i1-s1 i2-s2 i3-s3"


def test_ka05_roth_and_sotomayor_1990_page_16_the_colleges_end_of_the_lattice():
    market = market_of_names(
        {"1": "C5 C1", "2": "C2 C5 C1", "3": "C3 C1", "4": "C4 C1", "5": "C1 C2", "6": "C1 C3", "7": "C1 C3 C4"},
        {"C1": "1 2 3 4 5 6 7", "C2": "5 2", "C3": "6 7 3", "C4": "7 4", "C5": "2 1"},
        {"C1": 3},
    )
    assert outcome(market, "deferred_acceptance", proposing="programmes") == "1-C1 2-C5 3-C1 4-C1 5-C2 6-C3 7-C4"


def test_ka07_roth_and_sotomayor_1990_example_2_17_the_womens_end_of_the_lattice():
    market = market_of_names(
        {"1": "1 2 3 4", "2": "2 1 4 3", "3": "3 4 1 2", "4": "4 3 2 1"},
        {"1": "4 3 2 1", "2": "3 4 1 2", "3": "2 1 4 3", "4": "1 2 3 4"},
    )
    assert outcome(market, "deferred_acceptance") == "1-1 2-2 3-3 4-4"
    assert outcome(market, "deferred_acceptance", proposing="programmes") == "1-4 2-3 3-2 4-1"


def test_ka09_the_outcome_of_naive_rounds_has_one_blocking_pair_and_deferred_acceptance_none():
    market = market_of_names(
        {"1": "A B C", "2": "A B D", "3": "A C D", "4": "B C D"},
        {"A": "1 2 3", "B": "1 2 4", "C": "1 3 4", "D": "2 3 4"},
    )
    assert outcome(market, "deferred_acceptance") == "1-A 2-B 3-C 4-D"
    naive = market.matching({"1": "A", "4": "B", "3": "C", "2": "D"})
    (witness,) = audit.justified_envy(market, naive).witnesses
    assert (market.labels.applicants[witness["applicant"]], market.labels.pools[market.pool[witness["choice"]]]) == (
        "2",
        "B",
    )


def test_ka10_kojima_and_unver_immediate_deferred_and_bands_of_two():
    market = kojima_and_unver()
    immediate = "p-1 q-1 r-3 s-2 t-2"
    assert outcome(market, "immediate_acceptance") == outcome(market, "parallel", band=1) == immediate
    assert envious(market, "immediate_acceptance") == [("r", "2")]
    assert outcome(market, "deferred_acceptance") == "p-1 q-2 r-3 s-1 t-2"
    assert outcome(market, "parallel", band=2) == outcome(market, "parallel", band=3) == "p-1 q-2 r-3 s-1 t-2"
    assert outcome(market, "top_trading_cycles") == immediate


def test_ka23_parallel_preferences_by_marks_against_one_choice_after_the_other():
    market = four_by_score()
    for mechanism in ("serial_dictatorship", "deferred_acceptance", "top_trading_cycles"):
        assert outcome(market, mechanism) == "甲-A 乙-B 丙-C"
    assert outcome(market, "score_bands", width=1) == "甲-A 乙-B 丙-C"
    assert outcome(market, "parallel", band=1) == "甲-A 丙-C 丁-B"
    assert envious(market, "immediate_acceptance") == [("乙", "B")]


def by_marks(lists, marks, seats):
    """Return the market whose keys count marks down from 750."""
    keys = [[750 - mark] * len(own) for own, mark in zip(lists, marks, strict=True)]
    return market_of(lists, keys, seats)


def test_guangzhou_2025_a_lower_choice_loses_to_a_first_choice_of_the_same_band_alone():
    bands = {"width": 40, "first_line": 750 - 707}
    second_of_band_2_before_first_of_band_3 = by_marks([[1, 0], [0]], [670, 661], [1, 0])
    assert match(second_of_band_2_before_first_of_band_3, "score_bands", **bands).choice.tolist() == [1, -1]
    second_of_band_3_after_first_of_band_3 = by_marks([[1, 0], [0]], [661, 639], [1, 0])
    assert match(second_of_band_3_after_first_of_band_3, "score_bands", **bands).choice.tolist() == [-1, 2]
    first_line_and_above_are_one_band = by_marks([[1, 0], [0]], [750, 707], [1, 0])
    assert match(first_line_and_above_are_one_band, "score_bands", **bands).choice.tolist() == [-1, 2]
    below_the_first_line_is_another = by_marks([[1, 0], [0]], [707, 706], [1, 0])
    assert match(below_the_first_line_is_another, "score_bands", **bands).choice.tolist() == [1, -1]
