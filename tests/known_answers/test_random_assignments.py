"""Examples of random assignments: probabilistic serial, and random priority beside it."""

from fractions import Fraction
from itertools import permutations

from admissions.market import Market
from admissions.mechanisms import match
from admissions.mechanisms.probabilistic_serial import shares


def four_seats(order="1234"):
    """Return the market in which applicants 1 and 2, and 3 and 4, have one list; all pools rank them in one order."""
    return Market.from_preferences(
        preferences={"1": "abcd", "2": "abcd", "3": "badc", "4": "badc"},
        priorities=dict.fromkeys("abcd", order),
        seats=dict.fromkeys("abcd", 1),
    )


def serial():
    return {
        name: [chances[programme] for programme in "abcd"] for name, chances in shares(four_seats()).to_dict().items()
    }


def random_priority():
    """Return the chances when each of the 24 orders is as likely, by serial dictatorship in each."""
    chances = {name: [Fraction(0)] * 4 for name in "1234"}
    for order in permutations("1234"):
        for name, programme in match(four_seats(order), "serial_dictatorship").to_dict().items():
            chances[name]["abcd".index(programme)] += Fraction(1, 24)
    return chances


def test_ka16_bogomolnaia_and_moulin_2001_serial_chances():
    half = Fraction(1, 2)
    first, last = [half, 0, half, 0], [0, half, 0, half]
    assert serial() == {"1": first, "2": first, "3": last, "4": last}


def test_ka16_bogomolnaia_and_moulin_2001_random_priority_chances():
    more, less = Fraction(5, 12), Fraction(1, 12)
    first, last = [more, less, more, less], [less, more, less, more]
    assert random_priority() == {"1": first, "2": first, "3": last, "4": last}


def test_ka16_bogomolnaia_and_moulin_2001_everybody_would_rather_have_the_serial_chances():
    for name, wanted in {"1": "abcd", "2": "abcd", "3": "badc", "4": "badc"}.items():
        mine, other = serial()[name], random_priority()[name]
        at = ["abcd".index(programme) for programme in wanted]
        sums = [(sum(mine[j] for j in at[:k]), sum(other[j] for j in at[:k])) for k in range(1, 5)]
        assert all(a >= b for a, b in sums)
        assert any(a > b for a, b in sums)


def test_constructed_three_applicants_whose_chances_differ():
    """By hand: a is gone at 1/2, b at 3/4, c at 1."""
    market = Market.from_preferences(
        preferences={"1": "abc", "2": "acb", "3": "bac"},
        priorities={programme: [list("123")] for programme in "abc"},
        seats=dict.fromkeys("abc", 1),
    )
    found = {name: [str(chances[one]) for one in "abc"] for name, chances in shares(market).to_dict().items()}
    assert found == {"1": ["1/2", "1/4", "1/4"], "2": ["1/2", "0", "1/2"], "3": ["0", "3/4", "1/4"]}
