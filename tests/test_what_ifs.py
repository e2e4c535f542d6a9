"""What one change of a round would move, in the office's words: what the changed tables give when allocated again."""

from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import admissions as adm
from admissions.compiling.lottery import lottery_numbers
from admissions.compiling.round import compile_round
from admissions.engine import begin, match_round, place_round
from admissions.errors import AdmissionsError, PolicyError
from admissions.simulation.moves import NEWCOMER
from admissions.simulation.relisting import with_list
from admissions.simulation.what_ifs import marginal_seats
from tests.offices import children, office, one_round
from tests.what_if import Drawn, Office, offices

ordinary = settings(max_examples=60, deadline=None, derandomize=True)
whole_runs = settings(max_examples=40, deadline=None, derandomize=True)
CHAINED = ("deferred_acceptance", "serial_dictatorship")
MARKS = {"order": ["mark desc"]}


@st.composite
def chained_offices(draw, but=("mechanism", "parameters")):
    """Draw an office of one or two rounds, the first of deferred acceptance; ``but`` are its keys left out."""
    one = draw(offices())
    first, *later = one.policy["round"]
    first = {key: value for key, value in first.items() if key not in but}
    return Office(one.tables, {**one.policy, "round": [first, *later]})


def asked(allocation, name="first"):
    return adm.what_if(allocation, name, rerun=True)


def seats(allocation, name="first"):
    """Return programme, pool and rank of each child's seat by list in a round, of twins the first child's."""
    rows = allocation.applications.filter(round=name, outcome="admitted")
    columns = ("programme_id", "pool", "rank")
    return {
        row["student_id"]: tuple(row[c] for c in columns)
        for row in rows.iter_rows(named=True)
        if row["student_id"][-1] != "b"
    }


def told(answer):
    """Return the moves of an answer: seats before and after of each child."""
    return {
        row["student_id"]: tuple(
            None
            if row[f"programme_{when}"] is None
            else tuple(row[f"{c}_{when}"] for c in ("programme", "pool", "rank"))
            for when in ("before", "after")
        )
        for row in answer.moves.iter_rows(named=True)
    }


def answer_of(ask, *given):
    """Return an answer; None for a child who takes no part."""
    try:
        return ask(*given)
    except AdmissionsError as error:
        if "has no application in round 'first'" not in str(error):
            raise
        return None


def answered(ask, *given):
    """Return the moves of an answer; none for a child who takes no part."""
    answer = answer_of(ask, *given)
    return told(answer) if answer else {}


def some(dice, ids):
    return dice.sample(ids.to_list(), min(3, len(ids)))


def moved(before, after):
    return {c: (before.get(c), after.get(c)) for c in {*before, *after} if before.get(c) != after.get(c)}


def rounds_of(one):
    """Run the rounds of an office one by one: each compiled, with its outcome."""
    district, policy = adm.District.from_frames(**one.tables), adm.Policy.from_dict(one.policy)
    applicants, draw, progress = begin(district, policy, "s")
    for rule in policy.rounds:
        compiled = compile_round(rule, district, applicants, progress, draw)
        matching = match_round(compiled)
        yield compiled, matching
        placed, _ = place_round(compiled, matching, district, applicants, progress)
        progress = progress.after(rule.name, placed.considered, placed.programme)


def by_list(compiled, matching, speakers, one):
    names = sorted(one.tables["programmes"]["programme_id"])
    found = {}
    for row, choice in enumerate(matching.choice.tolist()):
        if choice >= 0:
            programme, pool = divmod(int(compiled.market.pool[choice]), len(compiled.rule.pools))
            seat = (
                names[compiled.programme[programme]],
                compiled.rule.pools[pool].name,
                int(compiled.market.rank[choice]),
            )
            found[speakers[compiled.applicant[row]]] = seat
    return found


@pytest.mark.compiled
@ordinary
@given(chained_offices())
def test_a_seat_more_or_less_in_any_pool_of_any_round_is_what_the_round_gives_when_run_again(one):
    allocation = one.run()
    speakers = [child for child in one.tables["students"]["student_id"] if child[-1] != "b"]
    for compiled, matching in rounds_of(one):
        if compiled.rule.mechanism not in CHAINED:
            continue
        state, name = asked(allocation, compiled.rule.name), compiled.rule.name
        before, table = by_list(compiled, matching, speakers, one), state.marginal_seats()
        assert table.select("programme_id", "pool").is_duplicated().sum() == 0
        for place, row in enumerate(table.iter_rows(named=True)):
            assert row["seats"] == compiled.market.seats[place]
            for more, ask in ((1, state.seat_added), (-1, state.seat_removed)):
                if row["seats"] + more < 0:
                    with pytest.raises(AdmissionsError, match="no seat to take away"):
                        ask(row["programme_id"], row["pool"])
                    continue
                number = compiled.market.seats.copy()
                number[place] += more
                again = replace(compiled, market=replace(compiled.market, seats=number))
                after = by_list(again, match_round(again), speakers, one)
                answer = ask(row["programme_id"], row["pool"])
                assert (answer.round, told(answer)) == (name, moved(before, after))
                if more > 0:
                    assert row["moved"] == answer.moves["children"].sum()
                    assert (row["placed"], row["stays_empty"]) == (answer.placed, not len(answer.moves))


@pytest.mark.compiled
@whole_runs
@given(chained_offices(but=("mechanism", "parameters", "pool")))
def test_a_seat_more_is_what_the_tables_give_with_a_seat_more(one):
    allocation = one.run()
    state, before = asked(allocation), seats(allocation)
    for programme in one.tables["programmes"]["programme_id"]:
        assert told(state.seat_added(programme)) == moved(before, seats(one.with_seat(programme).run()))


@pytest.mark.compiled
@whole_runs
@given(chained_offices(), st.randoms(use_true_random=False))
def test_a_child_withdrawn_is_what_the_tables_give_without_it(one, dice):
    allocation = one.run()
    state, before = asked(allocation), seats(allocation)
    for child in some(dice, one.tables["students"]["student_id"]):
        without = ~pl.col("student_id").is_in(one.family(child))
        fewer = {name: one.tables[name].filter(without) for name in ("students", "choices")}
        after = seats(Office({**one.tables, **fewer}, one.policy).run())
        assert answered(state.child_withdrawn, child) == moved(before, after)


@pytest.mark.compiled
@whole_runs
@given(chained_offices(), st.randoms(use_true_random=False))
def test_another_list_is_what_the_tables_give_with_it(one, dice):
    allocation, policy = one.run(), adm.Policy.from_dict(one.policy)
    state, before = asked(allocation), seats(allocation)
    district = adm.District.from_frames(**one.tables)
    for child in some(dice, one.tables["students"]["student_id"]):
        wanted = one.tables["choices"].filter(student_id=child)["programme_id"].to_list()
        other = dice.sample(wanted, dice.randint(0, len(wanted)))
        after = seats(adm.allocate(with_list(district, child, other), policy, seed="s"))
        assert answered(state.list_changed, child, other) == moved(before, after)


@pytest.mark.compiled
@whole_runs
@given(chained_offices(), st.randoms(use_true_random=False))
def test_a_child_like_another_is_what_the_tables_give_with_one_that_draws_the_next_lot(one, dice):
    allocation = one.run()
    state, before = asked(allocation), seats(allocation)
    for child in some(dice, one.tables["students"].filter(pl.col("bundle_id").is_null())["student_id"]):
        (lot,) = lottery_numbers("s", [child])
        new = f"{child}a"
        rows = {
            name: one.tables[name].filter(student_id=child).with_columns(student_id=pl.lit(new))
            for name in ("students", "choices")
        }
        tables = {**one.tables, **{name: pl.concat([one.tables[name], more]) for name, more in rows.items()}}
        with Drawn(new, f"{lot}0"):
            after = seats(Office(tables, one.policy).run())
        answer = answered(state.child_added, child)
        assert {new if c == NEWCOMER else c: seat for c, seat in answer.items()} == moved(before, after)


def two_batches(**first):
    """Return four children, three programmes of one seat and two batches; marks go first."""
    district = office(
        children("S1 S2 S3 S4", mark=[9, 8, 7, 6]),
        {"A": 1, "B": 1, "C": 1},
        ["S1: A B", "S2: A B", "S3: B A", "S4: C B"],
    )
    rounds = [
        {"name": "first", "stage": "primary", **MARKS, **first},
        {"name": "second", "stage": "primary", **MARKS},
        {"name": "junior", "stage": "junior", **MARKS},
    ]
    return adm.allocate(district, adm.Policy.from_dict({"title": "batches", "round": rounds}))


def test_an_answer_says_who_moves_from_where_to_where_and_what_was_not_run_again():
    state = adm.what_if(two_batches(guarantee={}), "first")
    answer = state.seat_added("A")
    assert answer.moves.rows() == [
        ("S2", 1, "B", "all", 2, "A", "all", 1),
        ("S3", 1, None, None, None, "B", "all", 1),
    ]
    assert (answer.placed, answer.displaced) == (1, 0)
    assert answer.not_run_again == ("the guarantee of round 'first'", "round 'second'")
    assert str(answer) == (
        "round 'first': children who move: 2, who get a seat by list: 1, who lose theirs: 0\n"
        "this is of the round alone; not run again: the guarantee of round 'first', round 'second'"
    )
    assert repr(answer) == "RoundDifference('first', 2 move)"
    assert repr(state) == "RoundState('first', Market(4 applicants, 8 choices, 3 pools, 3 seats))"


def test_an_answer_that_leaves_nothing_else_for_later_rounds_says_so():
    state = adm.what_if(two_batches(), "first")
    swap = state.list_changed("S1", ["B", "A"])
    assert told(swap) == {
        "S1": (("A", "all", 1), ("B", "all", 1)),
        "S2": (("B", "all", 2), ("A", "all", 1)),
    }
    assert swap.not_run_again == () and "nothing that follows is touched" in str(swap)
    assert state.list_changed("S1", ["B"]).not_run_again == ()
    assert state.list_changed("S4", ["C"]).not_run_again == ()
    assert state.list_changed("S3", ["A"]).not_run_again == ("round 'second'",)
    assert state.list_changed("S1", []).not_run_again == ("round 'second'",)
    assert state.child_withdrawn("S4").not_run_again == ("round 'second'",)
    assert adm.what_if(two_batches(), "second").seat_added("A").not_run_again == ()


def test_an_answer_that_leaves_another_child_for_later_rounds_does_not_say_that_nothing_is_touched():
    district = office(children("S1 S2 S3", mark=[9, 7, 8]), {"A": 1, "B": 1, "C": 1}, ["S1: A B", "S2: B C", "S3: A C"])
    rounds = [
        {"name": "first", "stage": "primary", **MARKS, "programmes": "programme_id <> 'C'"},
        {"name": "second", "stage": "primary", **MARKS},
    ]
    state = adm.what_if(adm.allocate(district, adm.Policy.from_dict({"title": "t", "round": rounds})), "first")
    swap = state.list_changed("S1", ["B", "A"])
    assert told(swap) == {
        "S1": (("A", "all", 1), ("B", "all", 1)),
        "S2": (("B", "all", 1), None),
        "S3": (None, ("A", "all", 1)),
    }
    assert swap.not_run_again == ("round 'second'",)


def with_seats_nobody_lists(one):
    """Return an office with a programme that no list names: what its guarantee gives, or its later round divides."""
    school = pl.DataFrame({"school_id": ["Z"]})
    programme = pl.DataFrame({"programme_id": ["Z"], "school_id": ["Z"], "stage": ["primary"], "seats": [1]})
    more = {"schools": school, "programmes": programme}
    return {**one.tables, **{name: pl.concat([one.tables[name], rows]) for name, rows in more.items()}}


@pytest.mark.compiled
@ordinary
@given(chained_offices(), st.booleans(), st.randoms(use_true_random=False))
def test_where_nothing_that_follows_is_touched_all_rounds_run_again_give_the_same_seats(one, guaranteed, dice):
    first = {**one.policy["round"][0], **({"guarantee": {"prefer": ["same_group"]}} if guaranteed else {})}
    second = {"name": "second", "stage": "primary", "order": ["mark desc", "lottery"], "lists": ["nearest"]}
    one = Office(with_seats_nobody_lists(one), {**one.policy, "round": [first, second]})
    allocation, policy = one.run(), adm.Policy.from_dict(one.policy)
    state, district = asked(allocation), adm.District.from_frames(**one.tables)
    for child in one.tables["choices"]["student_id"].unique(maintain_order=True):
        wanted = one.tables["choices"].filter(student_id=child)["programme_id"].to_list()
        other = dice.sample(wanted, len(wanted))
        answer = answer_of(state.list_changed, child, other)
        if answer and not answer.not_run_again and len(answer.moves):
            foreseen = final_seats(allocation)
            for mover, (_, after) in told(answer).items():
                foreseen |= dict.fromkeys(one.family(mover), ("first", *after) if after else (None,) * 4)
            assert final_seats(adm.allocate(with_list(district, child, other), policy, seed="s")) == foreseen


def final_seats(allocation):
    """Return round, programme, pool and rank of each child's seat after all rounds, None for none."""
    rows = allocation.students.select("student_id", "round", "programme_id", "pool", "choice_rank").iter_rows()
    return {child: tuple(seat) for child, *seat in rows}


def test_a_newcomer_stands_right_behind_the_child_it_is_like():
    state = adm.what_if(two_batches(), "first")
    assert told(state.child_added(like="S1")) == {
        "S2": (("B", "all", 2), None),
        NEWCOMER: (None, ("B", "all", 2)),
    }
    assert told(state.child_added(like="S4", programmes=["B"])) == {}
    assert told(state.child_added(like="S1", programmes=["B"]))[NEWCOMER] == (None, ("B", "all", 1))


def test_a_run_folder_is_asked_as_the_allocation_it_was_written_from(tmp_path):
    district = adm.generate_district("what if", size=3000)
    allocation = adm.allocate(district, adm.read_policy("district_2016"), seed="s")
    adm.write_run(tmp_path / "run", allocation, adm.audit(allocation))
    table, refused = marginal_seats(allocation)
    again, refused_again = marginal_seats(adm.read_run(tmp_path / "run"))
    assert table.equals(again) and refused == refused_again
    assert set(refused) == {"primary", "junior"}
    assert all("applicants of several children" in reason for reason in refused.values())
    whole, none = marginal_seats(allocation, rerun=True)
    assert not none
    assert whole.filter(~pl.col("round").is_in(list(refused))).equals(table)


def test_a_round_whose_chains_are_exact_is_the_same_by_full_runs():
    allocation = two_batches()
    for name in ("first", "second"):
        by_chains, by_runs = adm.what_if(allocation, name), adm.what_if(allocation, name, rerun=True)
        assert by_chains.marginal_seats().equals(by_runs.marginal_seats())


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ({"mechanism": "immediate_acceptance"}, r"round 'primary' › mechanism: immediate_acceptance .* allocate again"),
        (
            {"mechanism": "parallel", "parameters": {"band": 2}},
            r"› parameters: with band = 2 parallel .* allocate again",
        ),
        ({"parameters": {"ties": "admit_all"}}, r"with ties = 'admit_all' deferred_acceptance .* allocate again"),
        ({"parameters": {"proposing": "programmes"}}, r"with proposing = 'programmes' deferred_acc.* allocate again"),
    ],
)
def test_a_round_with_another_outcome_is_refused_with_the_way_out(clause, words):
    district = office(children("S1 S2", mark=[9, 8]), {"A": 1}, ["S1: A", "S2: A"])
    allocation = adm.allocate(district, one_round(**MARKS, **clause))
    with pytest.raises(PolicyError, match=words):
        adm.what_if(allocation)


def test_mechanisms_that_equal_deferred_acceptance_are_asked_as_well():
    district = office(children("S1 S2 S3", mark=[9, 8, 7]), {"A": 1, "B": 1}, ["S1: A", "S2: A B", "S3: B"])
    endless = {"mechanism": "parallel", "parameters": {"band": float("inf")}}
    for clause in ({}, {"mechanism": "serial_dictatorship"}, endless):
        state = adm.what_if(adm.allocate(district, one_round(**MARKS, **clause)))
        assert told(state.seat_added("A"))["S3"] == (None, ("B", "all", 1))


def test_twins_are_refused_and_asked_by_full_runs():
    twins = [{"student_id": name, "mark": mark, "bundle_id": bundle} for name, mark, bundle in
             (("S1", 9, None), ("T1", 8, "t"), ("T2", 8, "t"), ("Z", 7, None))]  # fmt: skip
    district = office(twins, {"A": 2}, ["S1: A", "T1: A", "Z: A"])
    allocation = adm.allocate(district, one_round(**MARKS))
    with pytest.raises(AdmissionsError, match="round 'primary': applicants of several children: 1.*--rerun"):
        adm.what_if(allocation)
    state = adm.what_if(allocation, rerun=True)
    assert (
        state.child_withdrawn("T2").moves.rows()
        == state.child_withdrawn("T1").moves.rows()
        == [
            ("T1", 2, "A", "all", 1, None, None, None),
            ("Z", 1, None, None, None, "A", "all", 1),
        ]
    )
    assert (state.child_withdrawn("T2").placed, state.child_withdrawn("T2").displaced) == (1, 2)
    skipping = adm.allocate(district, one_round(**MARKS, parameters={"bundles": "skip"}))
    with pytest.raises(PolicyError, match="bundles = 'skip' and children who apply as one"):
        adm.what_if(skipping, rerun=True)


def test_what_does_not_fit_the_round_is_refused_in_words():
    state = adm.what_if(two_batches(), "first")
    for ask, words in (
        (lambda: adm.what_if(two_batches()), "no round 'None'.*there are first, second, junior"),
        (lambda: adm.what_if(two_batches(), "frist"), r"no round 'frist' in this allocation \(did you mean 'first'"),
        (lambda: state.seat_added("AA"), "round 'first' has no programme 'AA'"),
        (lambda: state.seat_added("A", "rest"), "programme 'A' has no pool 'rest'"),
        (lambda: state.child_withdrawn("S999"), "no student of that id in this allocation"),
        (lambda: state.list_changed("S1", ["C"]), "'C' is not on the child's list.*nothing is known"),
        (lambda: state.list_changed("S1", ["A", "A"]), "a programme stands twice"),
        (lambda: state.list_changed("S1", "AB"), "one text; give a list of programme ids"),
        (lambda: state.list_changed("S1", [1]), "'1' is not on the child's list"),
        (lambda: state.child_added("S1", "B"), "one text; give a list of programme ids"),
        (lambda: state.child_withdrawn(1), "no student of that id"),
        (lambda: state.child_withdrawn(None), "no student of that id"),
        (lambda: state.seat_added(7), "round 'first' has no programme '7'"),
        (lambda: state.seat_added(None), "round 'first' has no programme 'None'"),
        (lambda: state.seat_removed("A", 7), "programme 'A' has no pool '7'; there is all"),
        (lambda: adm.what_if(two_batches(), "second").child_withdrawn("S1"), "no application in round 'second'"),
    ):
        with pytest.raises(AdmissionsError, match=words) as refused:
            ask()
        assert "S1" not in str(refused.value) and "S999" not in str(refused.value)


def test_a_pool_is_named_where_a_programme_has_several():
    district = office(children("S1 S2", mark=[9, 8]), {"A": 2}, ["S1: A", "S2: A"])
    pools = [{"name": "good", "members": "mark > 8", "seats": 1}, {"name": "others"}]
    state = adm.what_if(adm.allocate(district, one_round(**MARKS, pool=pools)))
    with pytest.raises(AdmissionsError, match="several pools; name one of good, others"):
        state.seat_added("A")
    assert told(state.seat_removed("A", "good")) == {
        "S1": (("A", "good", 1), ("A", "others", 1)),
        "S2": (("A", "others", 1), None),
    }
    swap = state.seat_added("A", "others")
    assert len(swap.moves) == 0 and state.marginal_seats()["stays_empty"].to_list() == [True, True]


@pytest.mark.parametrize(
    ("clause", "words"),
    [
        ({"lists": ["choices", "nearest"]}, "› lists: the round adds schools"),
        ({"lists": ["nearest"]}, "› lists: the round adds schools"),
        ({"priority": [{"class": "first choice", "when": "choice_rank = 1"}]}, "reads choice_rank"),
    ],
)
def test_another_list_is_refused_where_it_is_more_than_another_order(clause, words):
    district = office(children("S1 S2", mark=[9, 8]), {"A": 1, "B": 1}, ["S1: A B", "S2: A B"])
    state = adm.what_if(adm.allocate(district, one_round(**MARKS, **clause)))
    for ask in (lambda: state.list_changed("S1", ["B"]), lambda: state.child_added("S1", ["B"])):
        with pytest.raises(PolicyError, match=words + ".*allocate again"):
            ask()
    assert len(state.child_added(like="S2").moves) <= 1


def test_a_run_whose_seats_are_not_those_of_its_records_is_refused():
    allocation = two_batches()
    empty = allocation.students.with_columns(programme_id=pl.when(pl.col("student_id") != "S1").then("programme_id"))
    with pytest.raises(AdmissionsError, match="round 'first': this matching is not the one"):
        adm.what_if(replace(allocation, students=empty), "first")


def test_a_market_is_asked_as_well():
    market = adm.Market.from_preferences({"ann": ["n"], "bob": ["n"]}, {"n": ["ann", "bob"]}, {"n": 1})
    assert adm.what_if(adm.match(market, "deferred_acceptance")).seat_added("n").to_dict() == {"bob": (None, "n")}
    for wrong, words in (
        ((market,), "not a Market"),
        ((adm.match(market, "deferred_acceptance"), "first"), "is one round"),
    ):
        with pytest.raises(AdmissionsError, match=words):
            adm.what_if(*wrong)
