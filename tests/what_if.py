"""Random small offices, and a run of their own tables with one thing in them changed: what an explanation must foresee."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import polars as pl
from hypothesis import strategies as st

import admissions as adm
from admissions.compiling import ranking
from admissions.mechanisms import MECHANISMS
from tests.strategies import NEEDED

ORDERS = (
    ["mark desc", "lottery"],
    ["since", "lottery"],
    ["lottery"],
    ["sibling desc", "mark desc", "lottery"],
    ["age", "lottery"],
    ["talk desc", "lottery"],
    ["age + talk desc", "since", "lottery"],
    ["since desc", "mark", "lottery"],
)
PARAMETERS = {**NEEDED, "score_bands": {"width": 2}}
STUDENTS = {
    "student_id": pl.String,
    "stage": pl.String,
    "mark": pl.Decimal(10, 1),
    "age": pl.Int64,
    "since": pl.String,
    "sibling": pl.Boolean,
    "quarter": pl.Int64,
    "bundle_id": pl.String,
}
CHOICES = {"student_id": pl.String, "rank": pl.Int64, "programme_id": pl.String, "talk": pl.Int64}


@dataclass(frozen=True)
class Office:
    """Tables and a policy as plain values, so that one thing in them can be changed."""

    tables: dict
    policy: dict

    def run(self):
        return adm.allocate(adm.District.from_frames(**self.tables), adm.Policy.from_dict(self.policy), seed="s")

    def family(self, student):
        """Return the ids of the children who apply together with one, itself among them, in order."""
        students = self.tables["students"]
        mine = students.filter(student_id=student)["bundle_id"][0]
        return [student] if mine is None else students.filter(bundle_id=mine)["student_id"].sort().to_list()

    def seat(self, student):
        """Return place of the round, rank and programme of a child's seat by list, None for none."""
        allocation = self.run()
        rows = allocation.applications.filter(student_id=student, outcome="admitted")
        names = [rule.name for rule in allocation.policy.rounds]
        return (names.index(rows["round"][0]), rows["rank"][0], rows["programme_id"][0]) if len(rows) else None

    def with_cell(self, student, programme, column, value):
        """Return the office in whose table the child's family has another value, at a programme where it is of that."""
        name = "choices" if column in CHOICES and column not in STUDENTS else "students"
        mine = pl.col("student_id").is_in(self.family(student))
        if name == "choices":
            mine &= pl.col("programme_id") == programme
        frame = self.tables[name]
        changed = pl.when(mine).then(pl.lit(value).cast(frame.schema[column])).otherwise(pl.col(column))
        return Office({**self.tables, name: frame.with_columns(changed.alias(column))}, self.policy)

    def with_seat(self, programme):
        more = pl.col("seats") + (pl.col("programme_id") == programme).cast(pl.Int64)
        return Office({**self.tables, "programmes": self.tables["programmes"].with_columns(seats=more)}, self.policy)

    def with_clause(self, student, step, key, name, condition):
        """Return the office whose policy has the child's application in a class, or among the members of a pool."""
        rounds = []
        for rule in self.policy["round"]:
            clauses = rule.get(key, [])
            if rule["name"] == step.round:
                mine = f"(student_id = '{self.family(student)[0]}' AND programme_id = '{step.programme_id}')"
                named = "class" if key == "priority" else "name"
                clauses = [
                    {**one, condition: f"({one.get(condition, 'TRUE')}) OR {mine}"} if one[named] == name else one
                    for one in clauses
                ]
            rounds.append({**rule, **({key: clauses} if clauses else {})})
        return Office(self.tables, {**self.policy, "round": rounds})


class Drawn:
    """The lottery, in which one child or family draws a given number."""

    def __init__(self, who, number):
        self.who, self.number, self.real = who, number, ranking.lottery_numbers

    def __enter__(self):
        ranking.lottery_numbers = self.numbers

    def __exit__(self, *_):
        ranking.lottery_numbers = self.real

    def numbers(self, seed, ids):
        ids = list(ids)
        drawn = self.real(seed, ids)
        return pl.Series("lottery", [self.number if one == self.who else n for one, n in zip(ids, drawn, strict=True)])


def worse(change):
    """Return a value one unit worse than the one a change speaks of."""
    value = change.value
    if isinstance(value, str):
        return (date.fromisoformat(value) + timedelta(days=1 if change.kind == "earlier" else -1)).isoformat()
    unit = Decimal(1).scaleb(value.as_tuple().exponent) if isinstance(value, Decimal) else 1
    return value - unit if change.kind == "more" else value + unit


@st.composite
def offices(draw):
    """Draw an office of up to nine children, four programmes, three classes, two pools and two rounds."""
    programmes = [f"P{j}" for j in range(draw(st.integers(2, 4)))]
    students, choices = [], []
    for i in range(draw(st.integers(3, 9))):
        known = st.integers(0, 12).map(lambda halves: Decimal(halves) / 2)
        marks = st.one_of(st.none(), known, known) if i else known
        day = date(2010, 1, 1) + timedelta(days=draw(st.integers(0, 6)))
        row = [draw(marks), draw(st.integers(0, 4)), day.isoformat(), draw(st.booleans()), draw(st.integers(0, 2))]
        wanted = draw(st.permutations(programmes))[: draw(st.integers(1, len(programmes)))]
        talks = [draw(st.integers(0, 5)) for _ in wanted]
        twins = i == 0 and draw(st.booleans()) and draw(st.booleans())
        for name in (f"S{i}", f"S{i}b") if twins else (f"S{i}",):
            students.append([name, "primary", *row, "twins" if twins else None])
            choices += [[name, rank + 1, one, talks[rank]] for rank, one in enumerate(wanted)]
    seats = draw(st.lists(st.sampled_from([0, 1, 1, 2, 2, 3]), min_size=len(programmes), max_size=len(programmes)))
    return Office(
        {
            "students": pl.DataFrame(students, schema=STUDENTS, orient="row"),
            "schools": pl.DataFrame({"school_id": programmes}),
            "programmes": pl.DataFrame(
                {"programme_id": programmes, "school_id": programmes, "stage": "primary", "seats": seats}
            ),
            "choices": pl.DataFrame(choices, schema=CHOICES, orient="row"),
        },
        draw(policies(sum(seats))),
    )


@st.composite
def policies(draw, seats):
    """Draw a policy that fits so many seats, of any mechanism."""
    mechanism = draw(st.sampled_from(["deferred_acceptance"] * len(MECHANISMS) + list(MECHANISMS)))
    rule = {"name": "first", "stage": "primary", "order": draw(st.sampled_from(ORDERS)), "mechanism": mechanism}
    parameters = dict(PARAMETERS.get(mechanism, {}))
    if "bundles" in MECHANISMS[mechanism].parameters and draw(st.booleans()):
        parameters["bundles"] = "skip"
    if mechanism in ("score_bands", "serial_dictatorship"):
        rule["order"] = ["mark desc", "lottery"]
    elif draw(st.booleans()):
        rule["priority"] = [
            {"class": "a", "when": draw(st.sampled_from(["quarter = 0", "mark >= 5"]))},
            {"class": "b", "when": "quarter = 1", "order": draw(st.sampled_from(ORDERS))},
            {"class": "c", "when": draw(st.sampled_from(["TRUE", "quarter = 2"]))},
        ]
    if draw(st.booleans()) and mechanism not in ("score_bands", "serial_dictatorship"):
        reserve = {"name": "reserve", "seats": draw(st.integers(0, min(2, seats)))}
        reserve["members"] = draw(st.sampled_from(["sibling", "mark >= 3"]))
        reserve["others"] = draw(st.sampled_from(["never", "after members"]))
        rule["pool"] = [reserve, {"name": "open"}]
    rounds = [{**rule, "parameters": parameters}]
    if draw(st.booleans()):
        rounds.append({"name": "second", "stage": "primary", "order": ["mark desc", "lottery"]})
    return {"title": "any", "round": rounds}
