"""Small offices to try clauses on: a district from rows, a policy of one round."""

import polars as pl

from admissions.district.district import District
from admissions.policy.policy import Policy


def office(students, seats, choices=(), **tables):
    """Return a district of one stage.

    `students` are dicts without stage; `seats` maps school to seats, its programme bears its name; `choices` are
    strings ``"S1: A B"``.
    """
    stage = tables.pop("stage", "primary")
    frames = {
        "students": pl.DataFrame([{"stage": stage, **student} for student in students], infer_schema_length=None),
        "schools": pl.DataFrame({"school_id": list(seats)}),
        "programmes": pl.DataFrame(
            {"programme_id": list(seats), "school_id": list(seats), "stage": stage, "seats": list(seats.values())}
        ),
        "choices": choices if isinstance(choices, pl.DataFrame) else listed(choices),
    }
    return District.from_frames(**{**frames, **tables})


def listed(lines):
    rows = [
        {"student_id": student.strip(), "rank": rank, "programme_id": programme}
        for student, wanted in (line.split(":") for line in lines)
        for rank, programme in enumerate(wanted.split(), start=1)
    ]
    schema = {"student_id": pl.String, "rank": pl.Int64, "programme_id": pl.String}
    return pl.DataFrame(rows, schema=schema)


def children(ids, **columns):
    """Return students from a string of ids; a column is a list as long, or one value for all."""
    ids = ids.split()
    spread = {name: value if isinstance(value, list) else [value] * len(ids) for name, value in columns.items()}
    return [{"student_id": one, **{name: values[i] for name, values in spread.items()}} for i, one in enumerate(ids)]


def one_round(targets=(), **clause):
    """Return a policy of one primary round."""
    rule = {"name": "primary", "stage": "primary", **clause}
    return Policy.from_dict({"title": "test", "round": [rule], **({"target": list(targets)} if targets else {})})


def seats_of(allocation):
    """Return each student's programme."""
    return dict(allocation.students.select("student_id", "programme_id").iter_rows())
