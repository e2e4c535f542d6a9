"""Probabilistic serial: chances by definition, the lottery that has them, and what is drawn from it."""

import hashlib
import os
import random
import subprocess
import sys
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

import admissions as adm
from admissions import audit
from admissions.compiling.lottery import draw_number
from admissions.errors import MarketError, PolicyError
from admissions.kernels import dependent_rounding
from admissions.kernels import probabilistic_serial as eating
from admissions.market import Market
from admissions.mechanisms import probabilistic_serial
from admissions.mechanisms.probabilistic_serial import run, shares
from admissions.mechanisms.random_assignments import RandomAssignment
from admissions.policy.soundness import unsound_clauses
from tests.naive import probabilistic_serial as naive
from tests.offices import children, office, one_round, seats_of
from tests.strategies import market_of, parts, random_market, small_market


@pytest.fixture
def drawn_in_large(monkeypatch):
    """Draw in every market as in a large one."""
    monkeypatch.setattr(probabilistic_serial, "EXACT", -1)


def numbers(count):
    return [int(hashlib.sha256(str(k).encode()).hexdigest()[:16], 16) for k in range(count)]


def eaten_seats(market, share):
    """Return how many seats of each pool are eaten."""
    taken = [Fraction(0)] * len(market.seats)
    sizes = market.size[market.owners()].tolist()
    for pool, size, part in zip(market.pool.tolist(), sizes, share, strict=True):
        taken[pool] += size * Fraction(part)
    return taken


def differs_from_twin(seed):
    """Return whether the shares of a market are not those of the slow twin, or its units are off by more than they say."""
    market = small_market(random.Random(seed), sizes=3)
    slow = naive.probabilistic_serial(market)
    counted = shares(market, exact=False)
    off = [abs(Fraction(a) - b) for a, b in zip(counted.share.tolist(), slow, strict=True)]
    return shares(market, exact=True).share.tolist() != slow or max(off, default=0) > counted.error


@pytest.mark.compiled
def test_shares_are_those_of_the_slow_twin_on_two_thousand_markets():
    assert [seed for seed in range(2_000) if differs_from_twin(seed)] == []


@pytest.mark.exhaustive
def test_shares_are_those_of_the_slow_twin_on_a_hundred_thousand_markets():
    assert [seed for seed in range(2_000, 102_000) if differs_from_twin(seed)] == []


@pytest.mark.parametrize("sizes", [1, 3])
@pytest.mark.parametrize("seats", [3, 30, 300])
def test_units_are_off_by_no_more_than_they_say_where_pools_are_large(seats, sizes):
    for seed in range(3):
        rng = np.random.default_rng(seed)
        market = random_market(rng, applicants=300, pools=25, seats=seats, choices=8, sizes=sizes)
        fractions, counted = shares(market, exact=True), shares(market, exact=False)
        assert fractions.error == 0
        assert 0 <= counted.error < Fraction(1, 10**13)
        worst = max(abs(Fraction(a) - b) for a, b in zip(counted.share.tolist(), fractions.share.tolist(), strict=True))
        assert worst <= counted.error
        assert worst > 0 or seats > 30


@pytest.mark.parametrize("whole", [4, 8, 16, 2**20])
def test_in_however_coarse_units_pools_are_eaten_up_to_the_last_and_the_bound_holds(whole):
    """Many pools end with the same unit, and applicants pass through several of them at once."""
    full = 0
    for seed in range(500):
        rng = random.Random(seed)
        pools = rng.randint(1, 6)
        lists = [rng.sample(range(pools), rng.randint(0, pools)) for _ in range(rng.randint(1, 14))]
        market = market_of(lists, [[0] * len(own) for own in lists], [rng.choice([0, 1, 1, 2]) for _ in range(pools)])
        eaten, demand, units = eating.Eaten.of(market), np.empty(pools, np.int64), np.empty(len(market.pool), np.int64)
        eating.count_listings(market.indptr, market.pool, market.size, eaten.start, demand)
        eating.eat(market.indptr, market.pool, market.size, market.seats, demand, whole, eaten)
        eating.list_units(market.indptr, market.pool, eaten, units)
        share = [Fraction(int(one), whole) for one in units]
        assert min(share, default=0) >= 0
        left = [seats - taken for seats, taken in zip(market.seats.tolist(), eaten_seats(market, share), strict=True)]
        assert min(left) >= 0, f"seed {seed}"
        for own in naive.lists_of(market):
            unspent = 1 - sum(share[c] for c in own)
            assert unspent == 0 or not any(left[market.pool[c]] for c in own), f"seed {seed}"
        assert not naive.trading_cycle(market, share), f"seed {seed}"
        off = [abs(a - b) for a, b in zip(share, naive.probabilistic_serial(market), strict=True)]
        contested = [
            s for s, all_of_them in zip(market.seats.tolist(), demand.tolist(), strict=True) if 0 < s < all_of_them
        ]
        assert max(off, default=0) <= Fraction(2 * len(contested), whole), f"seed {seed}"
        full += len(contested)
    assert full > 500


def test_pools_of_more_seats_than_units_can_count_leave_coarser_units():
    lists = [[0, 1]] * 40 + [[1]] * 3
    market = market_of(lists, [[0] * len(own) for own in lists], [2**33, 7], [2**30] * 40 + [1] * 3)
    counted = shares(market, exact=False)
    assert counted.error == Fraction(2 * 2, 2 ** (62 - 34))
    exact = naive.probabilistic_serial(market)
    off = [abs(Fraction(a) - b) for a, b in zip(counted.share.tolist(), exact, strict=True)]
    assert max(off) <= counted.error


def test_nobody_eats_a_pool_while_a_better_one_is_left_in_a_market_of_twenty_thousand():
    market = random_market(np.random.default_rng(1), applicants=20_000, pools=200, seats=180, choices=10)
    share = shares(market).share
    assert share.dtype == np.float64
    after = np.cumsum(share)
    before = np.append(0, after)[market.indptr[:-1]]
    leaves = after - before[market.owners()]
    eats = share > 1e-9
    closes = np.full(len(market.seats), 0.0)
    np.maximum.at(closes, market.pool[eats], leaves[eats])
    full = np.abs(np.bincount(market.pool, weights=share, minlength=len(closes)) - market.seats) < 1e-6
    closes[~full] = 1
    closes[market.seats == 0] = 0
    assert np.abs(leaves[eats] - closes[market.pool[eats]]).max() < 1e-7
    assert (leaves - share + 1e-7 >= np.where(eats, 0, closes[market.pool])).all()


def lottery_keeps(market, assignment):
    """Assert all that a lottery says of its matchings, and return how many there are."""
    average, total, count = [Fraction(0)] * len(market.pool), Fraction(0), 0
    expected = crowds(market, assignment.share.tolist())
    for probability, matching in assignment.lottery():
        assert probability > 0
        total, count = total + probability, count + 1
        held = [int(c in set(matching.choice.tolist())) for c in range(len(market.pool))]
        for c, one in enumerate(held):
            average[c] += probability * one
        assert_rounded(market, expected, held)
        found = audit.audit_market(market, matching, "any applicant")
        codes = ["P1", "P2", "P3", "P5"] if market.size.max(initial=1) == 1 else ["P1", "P2", "P3"]
        assert not [code for code in codes if found[code].count]
    assert total == 1
    assert average == [Fraction(part) for part in assignment.share.tolist()]
    return count


def crowds(market, share):
    """Return how many applicants of at least each size hold each pool, and how many hold none."""
    sums = {("none", s): Fraction(0) for s in market.size.tolist()}
    sums |= {(j, s): Fraction(0) for j in range(len(market.seats)) for s in market.size.tolist()}
    for i, own in enumerate(naive.lists_of(market)):
        for s in {s for s in market.size.tolist() if s <= market.size[i]}:
            for c in own:
                sums[int(market.pool[c]), s] += Fraction(share[c])
            sums["none", s] += 1 - sum(Fraction(share[c]) for c in own)
    return sums


def assert_rounded(market, expected, held):
    for key, value in crowds(market, held).items():
        assert expected[key] // 1 <= value <= -(-expected[key] // 1), key


@pytest.mark.parametrize("sizes", [1, 3])
def test_a_lottery_averages_to_the_shares_and_every_pool_of_every_matching_is_rounded(sizes):
    longest = 0
    for seed in range(150):
        market = small_market(random.Random(seed), sizes)
        longest = max(longest, lottery_keeps(market, shares(market)))
        lottery_keeps(market, shares(market, exact=False))
    assert longest > 5


def test_a_lottery_of_any_shares_can_be_listed_not_only_of_these():
    market = market_of([[0, 1], [0], [1, 0]], [[0, 0], [0], [0, 0]], [1, 2])
    made = RandomAssignment(
        market, np.array([Fraction(1, 3), Fraction(1, 7), Fraction(0), Fraction(1, 2), Fraction(1, 5)])
    )
    total, average = Fraction(0), [Fraction(0)] * 5
    for probability, matching in made.lottery():
        total += probability
        for c in matching.choice[matching.choice >= 0]:
            average[c] += probability
    assert (total, average) == (1, made.share.tolist())


@pytest.mark.parametrize("share", [[0.75, 0.5], [1.0, -0.25]])
def test_shares_that_are_no_chances_have_no_lottery(share):
    with pytest.raises(MarketError, match="no share is below 0, and those of an applicant sum to 1 at most"):
        next(RandomAssignment(market_of([[0, 1]], [[0, 0]], [1, 1]), np.array(share)).lottery())


@pytest.mark.parametrize("sizes", [1, 3])
def test_what_is_drawn_in_a_large_market_is_rounded_too(drawn_in_large, sizes):
    for seed in range(100):
        market = small_market(random.Random(seed), sizes)
        expected = crowds(market, shares(market).share.tolist())
        for number in numbers(6):
            matching = run(market, draw=number)
            held = [int(c in set(matching.choice.tolist())) for c in range(len(market.pool))]
            assert_rounded(market, expected, held)
            found = audit.audit_market(market, matching, "any applicant")
            codes = ["P1", "P2", "P3", "P5"] if market.size.max(initial=1) == 1 else ["P1", "P2", "P3"]
            assert not [code for code in codes if found[code].count]


class Coin:
    """Stands for the random numbers: follows a script of sides, then always takes the first, and notes the odds."""

    def __init__(self, script, widest):
        self.script, self.widest, self.odds, self.least = script, widest, [], 0

    def find_widest(self, node, v, flow):
        top, self.least, most = self.widest(node, v, flow)
        return top, self.least, most

    def next_below(self, state, bound):
        first = Fraction(int(self.least), int(bound))
        assert 0 < first < 1
        side = self.script[len(self.odds)] if len(self.odds) < len(self.script) else 0
        self.odds.append((side, (first, 1 - first)[side]))
        return state, bound - np.uint64(1) if side else np.uint64(0)


def every_draw(market, monkeypatch):
    """Yield what dependent rounding can draw, and how likely."""
    eaten, whole, _ = probabilistic_serial._eaten(market)
    eaten = eaten._replace(applicant=eaten.applicant.astype(np.int64))
    python = getattr(dependent_rounding.round_shares, "py_func", dependent_rounding.round_shares)
    sizes = np.unique(market.size).astype(np.int64)
    script, widest = [], dependent_rounding.widest
    monkeypatch.setattr(dependent_rounding, "prefetch", lambda array, index: None)
    while script is not None:
        coin = Coin(script, widest)
        monkeypatch.setattr(dependent_rounding, "widest", coin.find_widest)
        monkeypatch.setattr(dependent_rounding, "next_below", coin.next_below)
        choice = np.empty(market.applicants, dtype=np.int64)
        python(market.indptr, market.pool, market.size, sizes, eaten, whole, np.uint64(0), choice)
        likely = Fraction(1)
        for _, odds in coin.odds:
            likely *= odds
        yield choice.tolist(), likely
        sides = [side for side, _ in coin.odds]
        while sides and sides[-1] == 1:
            sides.pop()
        script = [*sides[:-1], 1] if sides else None


@pytest.mark.parametrize("sizes", [1, 3])
def test_over_all_that_can_be_drawn_every_choice_has_exactly_its_share(monkeypatch, sizes):
    branches = 0
    for seed in range(100):
        market = small_market(random.Random(seed), sizes)
        if market.applicants > 7 - sizes:
            continue
        share = shares(market, exact=False).share.tolist()
        average, total = [Fraction(0)] * len(share), Fraction(0)
        for choice, likely in every_draw(market, monkeypatch):
            total += likely
            branches += 1
            for c in choice:
                if c >= 0:
                    average[c] += likely
        assert total == 1
        assert average == [Fraction(part) for part in share], f"seed {seed}"
    assert branches > 500


def test_random_numbers_below_a_bound_are_those_of_splitmix64_and_equally_likely():
    state, found = 1234567, []
    with np.errstate(over="ignore"):
        for _ in range(3):
            state, number = dependent_rounding.next_below(np.uint64(state), np.uint64(2**64 - 1))
            found.append(int(number))
        assert found == [6457827717110365317, 3203168211198807973, 9817491932198370423]
        state = 1234567
        for whole in found:
            state, number = dependent_rounding.next_below(np.uint64(state), np.uint64(4))
            assert int(number) == whole % 4
        counts = np.zeros(5, dtype=np.int64)
        for _ in range(20_000):
            state, number = dependent_rounding.next_below(np.uint64(state), np.uint64(5))
            counts[number] += 1
    assert np.abs(counts - 4_000).max() < 4 * np.sqrt(4_000)


@pytest.mark.compiled
@pytest.mark.parametrize("seed", [3, 6, 7])
def test_in_thousands_of_draws_everybody_has_each_choice_as_often_as_the_share_says(drawn_in_large, seed):
    market = random_market(np.random.default_rng(seed), applicants=25, pools=6, seats=4, choices=4, sizes=1 + seed % 2)
    share, draws = shares(market).share, 3_000
    counts = np.zeros(len(share))
    for number in numbers(draws):
        choice = run(market, draw=number).choice
        counts[choice[choice >= 0]] += 1
    spread = np.sqrt(draws * share * (1 - share))
    assert (np.abs(counts - draws * share) <= 4.5 * spread + 1e-9).all()
    assert ((share > 0.05) & (share < 0.95)).sum() > 15


def test_a_number_picks_the_matching_it_falls_to_when_probabilities_are_laid_end_to_end():
    market = random_market(np.random.default_rng(4), applicants=9, pools=4, seats=2, choices=3)
    reached = Fraction(0)
    for probability, matching in shares(market).lottery():
        first = -(-reached * 2**64 // 1)
        reached += probability
        last = -(-reached * 2**64 // 1) - 1
        for number in (first, last):
            assert run(market, draw=int(number)).choice.tolist() == matching.choice.tolist()
    assert last == 2**64 - 1


def test_a_matching_drawn_leads_back_to_the_shares_it_was_drawn_from():
    market = Market.from_preferences(
        {"ann": ["n", "s"], "bob": ["n"]}, {"n": [["ann", "bob"]], "s": ["ann"]}, {"n": 1, "s": 1}
    )
    matching = adm.match(market, "probabilistic_serial", draw=7)
    half = Fraction(1, 2)
    assert matching.assignment.to_dict() == {"ann": {"n": half, "s": half}, "bob": {"n": half}}
    assert repr(matching.assignment) == "RandomAssignment(2 applicants, 3 choices, exact)"
    assert repr(shares(market, exact=False)) == "RandomAssignment(2 applicants, 3 choices, within 4e-16)"
    assert isinstance(matching, adm.Matching)
    with pytest.raises(MarketError, match="no names"):
        shares(market_of([[0]], [[0]], [1])).to_dict()


def test_shares_are_ordinally_efficient_and_the_check_finds_what_is_not():
    for seed in range(400):
        market = small_market(random.Random(seed), sizes=1 + seed % 3)
        for exact in (True, False):
            share = [Fraction(part) for part in shares(market, exact=exact).share.tolist()]
            if exact or market.size.max(initial=1) == 1:
                assert not naive.trading_cycle(market, share), f"seed {seed}"
    crossed = market_of([[0, 1], [1, 0]], [[0, 0], [0, 0]], [1, 1])
    half = [Fraction(1, 2)] * 4
    assert naive.trading_cycle(crossed, half)
    assert naive.trading_cycle(crossed, [Fraction(1), 0, 0, 0])
    assert not naive.trading_cycle(crossed, [1, 0, 1, 0])


def test_nobody_would_rather_have_the_chances_of_another_who_may_hold_the_same_seats():
    for seed in range(400):
        market = small_market(random.Random(seed), sizes=1 + seed % 3)
        share, lists = shares(market).share.tolist(), naive.lists_of(market)
        for own in lists:
            mine = naive.sums(market, own, share, own)
            for other in lists:
                assert naive.prefers(mine, naive.sums(market, own, share, other)), f"seed {seed}"


def reported(lists, seats, i, wanted, sizes=None):
    """Return what an applicant has, summed down the true list, who hands in another."""
    said = [*lists[:i], list(wanted), *lists[i + 1 :]]
    market = market_of(said, [[0] * len(own) for own in said], seats, sizes)
    share = shares(market).share.tolist()
    true = market_of([lists[i]], [[0] * len(lists[i])], seats)
    handed = naive.lists_of(market)[i]
    parts = {int(market.pool[c]): share[c] for c in handed}
    return [sum(parts.get(int(p), 0) for p in true.pool[: k + 1]) for k in range(len(true.pool))]


def gains_at_every_place(lists, seats, sizes=None):
    """Return the misreports that give somebody of size 1, or anybody, more at one place of the list and no less at any."""
    return [
        (i, wanted)
        for i, own in enumerate(lists)
        for length in range(len(seats) + 1)
        for wanted in permutations(range(len(seats)), length)
        if (lie := reported(lists, seats, i, wanted, sizes)) != (truth := reported(lists, seats, i, own, sizes))
        and naive.prefers(lie, truth)
    ]


def small_lists(seed):
    rng = random.Random(seed)
    pools = rng.randint(1, 3)
    lists = [rng.sample(range(pools), rng.randint(0, pools)) for _ in range(rng.randint(1, 4))]
    return lists, [rng.choice([0, 1, 1, 2]) for _ in range(pools)]


def test_no_lie_is_better_whatever_one_feels_about_the_places_of_the_list():
    """Weakly strategy-proof (Bogomolnaia and Moulin 2001), here with quotas and lists cut short, too."""
    for seed in range(60):
        assert not gains_at_every_place(*small_lists(seed)), f"seed {seed}"


@pytest.mark.exhaustive
def test_no_lie_is_better_on_a_thousand_markets_whatever_one_feels():
    for seed in range(60, 1_060):
        assert not gains_at_every_place(*small_lists(seed)), f"seed {seed}"


def test_who_hardly_cares_between_two_schools_may_gain_by_a_lie():
    """Not strategy-proof: the chance of one of the two rises from 3/4 to 5/6, that of the better one falls."""
    lists, seats = [[1, 0], [0, 1], [0]], [1, 1]
    assert reported(lists, seats, 0, [1, 0]) == [Fraction(3, 4), Fraction(3, 4)]
    assert reported(lists, seats, 0, [0, 1]) == [Fraction(1, 2), Fraction(5, 6)]


def test_twins_may_gain_by_a_lie_whatever_they_feel():
    lists, seats = [[1, 0], [0]], [1, 1]
    assert gains_at_every_place(lists, seats, [2, 1]) == [(0, (0, 1))]
    assert reported(lists, seats, 0, [1, 0], [2, 1]) == [Fraction(1, 2), Fraction(2, 3)]
    assert reported(lists, seats, 0, [0, 1], [2, 1]) == [Fraction(1, 2), Fraction(5, 6)]


def test_priorities_the_order_of_rows_and_the_names_of_pools_do_not_change_a_share():
    for seed in range(200):
        rng = random.Random(seed)
        market = small_market(rng, sizes=2)
        lists, keys, seats, sizes, ranks = parts(market)
        share = {
            (i, int(market.pool[c])): shares(market).share[c]
            for i, own in enumerate(naive.lists_of(market))
            for c in own
        }
        rows, names = rng.sample(range(len(lists)), len(lists)), rng.sample(range(len(seats)), len(seats))
        moved = market_of(
            [[names[p] for p in lists[i]] for i in rows],
            [[rng.randint(0, 9) for _ in keys[i]] for i in rows],
            [seats[names.index(p)] for p in range(len(seats))],
            [sizes[i] for i in rows],
            [ranks[i] for i in rows],
        )
        found = shares(moved).share
        for at, own in enumerate(naive.lists_of(moved)):
            for c in own:
                assert found[c] == share[rows[at], names.index(int(moved.pool[c]))], f"seed {seed}"


def test_a_programme_in_two_pools_gives_what_it_gives_in_one():
    for seed in range(200):
        rng = random.Random(seed)
        lists, _, seats, sizes, _ = parts(random_market(np.random.default_rng(seed), 6, 4, 3, 4, sizes=2))
        split = rng.randrange(len(seats))
        first, new = rng.randint(0, seats[split]), len(seats)
        halves = [[q for p in own for q in ([p, new] if p == split else [p])] for own in lists]
        whole = market_of(lists, [[0] * len(own) for own in lists], seats, sizes)
        divided = [first if p == split else s for p, s in enumerate(seats)] + [seats[split] - first]
        parted = market_of(halves, [[0] * len(own) for own in halves], divided, sizes)
        before, after = shares(whole).share.tolist(), iter(shares(parted).share.tolist())
        for c, p in enumerate(whole.pool.tolist()):
            assert before[c] == next(after) + (next(after) if p == split else 0), f"seed {seed}"


def test_what_nobody_can_have_and_who_wants_nothing_change_nothing():
    market = market_of([[2, 0, 1], [], [0]], [[0] * 3, [], [0]], [1, 1, 0])
    assert [str(one) for one in shares(market).share] == ["0", "1/2", "1/2", "1/2"]
    twice = market_of([[0, 0, 1], [0]], [[0] * 3, [0]], [1, 1])
    assert [str(one) for one in shares(twice).share] == ["1/2", "0", "1/2", "1/2"]
    for exact in (True, False):
        assert shares(market_of([], [], []), exact).share.tolist() == []
        assert next(shares(market_of([[], []], [[], []], [2]), exact).lottery())[1].choice.tolist() == [-1, -1]
        assert shares(market_of([[0], [0]], [[0], [0]], [5]), exact).share.tolist() == [1, 1]


@pytest.mark.parametrize("draw", [-1, 2**64, 0.5, "7", None, True, np.bool_(False), float("nan"), 2.0])
def test_a_draw_that_is_no_number_of_the_lottery_is_refused(draw):
    with pytest.raises(MarketError, match=r"probabilistic_serial: draw = .*: a whole number from 0 to 2\*\*64 - 1"):
        run(market_of([[0], [0]], [[0], [0]], [1]), draw=draw)


def test_numbers_of_numpy_are_draws():
    market = market_of([[0], [0]], [[0], [0]], [1])
    for dtype in (np.uint8, np.int64, np.uint64):
        assert run(market, draw=dtype(5)).choice.tolist() == run(market, draw=5).choice.tolist()
    assert run(market, draw=np.uint64(2**64 - 1)).choice.tolist() != run(market).choice.tolist()


def test_each_kernel_is_compiled_once_whatever_the_market(drawn_in_large):
    rng = np.random.default_rng(0)
    for sizes in (1, 3):
        for _ in range(5):
            market = random_market(rng, applicants=20, pools=4, seats=6, choices=3, sizes=sizes)
            assert len(run(market, draw=2**64 - 1).assignment.share) == len(market.pool)
    run(market_of([], [], []))
    for module in (eating, dependent_rounding):
        for kernel in vars(module).values():
            if hasattr(kernel, "signatures"):
                assert len(kernel.signatures) <= 1, kernel


CHECKED = """
import numpy as np
from admissions.mechanisms import probabilistic_serial
from tests.strategies import random_market
probabilistic_serial.EXACT = -1
for seed in range(4):
    market = random_market(np.random.default_rng(seed), applicants=40, pools=6, seats=6, choices=4, sizes=1 + seed % 2)
    drawn = probabilistic_serial.run(market, draw=2**63 + seed)
    print(drawn.choice.tolist(), drawn.assignment.share.tolist())
"""


def test_without_a_compiler_shares_and_draws_are_the_same():
    told = []
    for disabled in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", CHECKED],
            capture_output=True, text=True, check=False, env=os.environ | {"NUMBA_DISABLE_JIT": disabled},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]


def lot():
    return office(children("A B C D"), {"X": 1, "Y": 1, "Z": 1}, ["A: X Y", "B: X Y", "C: X Z", "D: Y X"])


def test_a_round_is_drawn_by_the_hash_of_seed_and_name():
    policy, outcomes = one_round(mechanism="probabilistic_serial"), set()
    market = market_of([[0, 1], [0, 1], [0, 2], [1, 0]], [[0, 0]] * 4, [1, 1, 1])
    for seed in "abcdefgh":
        allocation = adm.allocate(lot(), policy, seed=seed)
        assert not adm.audit(allocation).failed
        assert "P5" in [finding.code for finding in adm.audit(allocation).findings if finding.verdict == "holds"]
        number = int(hashlib.sha256(f"{seed}:primary".encode()).hexdigest()[:16], 16)
        assert draw_number(seed, "primary") == number
        choice = run(market, draw=number).choice
        names = [None if c < 0 else "XYZ"[market.pool[c]] for c in choice]
        assert list(seats_of(allocation).values()) == names
        outcomes.add(tuple(names))
    assert len(outcomes) > 2


def test_a_draw_needs_a_seed_even_where_no_order_has_a_lottery():
    district = office(children("A B", mark=[2, 1]), {"X": 1}, ["A: X", "B: X"])
    policy = one_round(mechanism="probabilistic_serial", order=["mark desc"])
    with pytest.raises(PolicyError, match="this policy draws lots: give a seed"):
        adm.allocate(district, policy)
    allocation = adm.allocate(district, policy, seed="s")
    assert not adm.audit(allocation).failed
    assert allocation.settled_by_id == {}
    (loser,) = [name for name, seat in seats_of(allocation).items() if seat is None]
    assert "went to others by the draw" in str(adm.explain(allocation, loser))


def test_a_policy_does_not_state_the_draw():
    with pytest.raises(PolicyError, match="'draw' from the run's seed"):
        one_round(mechanism="probabilistic_serial", parameters={"draw": 3})


def test_classes_and_soft_reserves_that_a_draw_does_not_look_at_are_told():
    lottery = {"mechanism": "probabilistic_serial"}
    assert not unsound_clauses(one_round(**lottery))
    classes = [{"class": "first", "when": "choice_rank = 1"}, {"class": "rest"}]
    (sentence,) = unsound_clauses(one_round(**lottery, priority=classes))
    assert "looks at no ranking" in sentence
    pools = [{"name": "own", "members": "mark > 8", "seats": 1, "others": "after members"}, {"name": "open"}]
    (sentence,) = unsound_clauses(one_round(**lottery, pool=pools))
    assert "looks at no ranking" in sentence


def test_twins_and_pools_are_drawn_from_a_policy_and_pass_the_audit():
    ids = " ".join(f"S{k:02}" for k in range(40))
    marks, bundles = [k // 2 % 10 for k in range(40)], [f"t{k // 2}" if k < 12 else None for k in range(40)]
    rows = children(ids, mark=marks, bundle_id=bundles)
    rng = random.Random(1)
    lists = [" ".join(rng.sample("ABCDE", 3)) for _ in range(40)]
    lists[1:12:2] = lists[0:12:2]
    wanted = [f"S{k:02}: {own}" for k, own in enumerate(lists)]
    district = office(rows, dict.fromkeys("ABCDE", 6), wanted)
    pools = [{"name": "good", "members": "mark > 4", "seats": 10}, {"name": "open"}]
    policy = one_round(mechanism="probabilistic_serial", pool=pools)
    for seed in "abcd":
        allocation = adm.allocate(district, policy, seed=seed)
        assert not adm.audit(allocation).failed
        seats = seats_of(allocation)
        assert all(seats[f"S{k:02}"] == seats[f"S{k + 1:02}"] for k in range(0, 12, 2))
