"""Tables that lie are refused, all their lies at once; tables that do not are kept to the letter."""

from decimal import Decimal

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admissions.district.district import District
from admissions.district.reading import read_district, write_district
from admissions.district.schema import TABLES
from admissions.errors import DataError

GOOD = {
    "students": "student_id,stage,zone_id,mark,home\nS1,primary,Z1,600.50,owned\nS2,primary,Z1,,rented\n",
    "schools": "school_id,name,kind,lon,lat\nA,North,compulsory,104.5,30.5\nB,South,compulsory,104.6,30.6\n",
    "programmes": "programme_id,school_id,stage,seats\nA1,A,primary,1\nB1,B,primary,2\n",
    "zones": "zone_id,school_id\nZ1,A\n",
    "choices": "student_id,rank,programme_id\nS1,1,A1\nS1,2,B1\nS2,1,A1\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in GOOD.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    return tmp_path


def test_good_tables_are_read(folder):
    district = read_district(folder)
    assert district.students["mark"].to_list() == [Decimal("600.50"), None]
    assert district.links.choice_programme.tolist() == [0, 1, 0]


WRONG = {
    "missing column": ("students", "student_id,zone_id\nS1,Z1\n", ["students.csv", "stage", "this column is missing"]),
    "duplicate student": ("students", GOOD["students"] + "S1,primary,Z1,5,owned\n", ["row 4", "student_id 'S…'", "twice"]),
    "unknown programme": ("choices", GOOD["choices"] + "S2,2,A-1\n", ["row 5", "'A-1'", "no such programme", "did you mean"]),
    "unknown student": ("choices", GOOD["choices"] + "S9,1,A1\n", ["row 5", "no such student"]),
    "rank 0": ("choices", GOOD["choices"].replace("S2,1", "S2,0"), ["row 4", "rank '0'", "ranks start at 1"]),
    "fractional rank": ("choices", GOOD["choices"].replace("S2,1", "S2,1.5"), ["row 4", "rank '1.5'"]),
    "same rank twice": ("choices", GOOD["choices"].replace("S1,2", "S1,1"), ["row 3", "listed twice at rank 1"]),
    "same programme twice": ("choices", GOOD["choices"].replace("S1,2,B1", "S1,2,A1"), ["row 3", "'A1'", "twice"]),
    "negative seats": ("programmes", GOOD["programmes"].replace(",2\n", ",-1\n"), ["row 3", "seats '-1'", "whole number"]),
    "fractional seats": ("programmes", GOOD["programmes"].replace(",2\n", ",1.5\n"), ["row 3", "seats '1.5'"]),
    "seats NaN": ("programmes", GOOD["programmes"].replace(",2\n", ",NaN\n"), ["row 3", "seats 'NaN'"]),
    "no seats": ("programmes", GOOD["programmes"].replace(",2\n", ",\n"), ["row 3", "neither seats nor classes"]),
    "NaN mark": ("students", GOOD["students"].replace("600.50", "NaN"), ["row 2", "mark 'N…'", "no number a child"]),
    "NaN among marks": ("students", GOOD["students"].replace(",,", ",NaN,"), ["row 3", "mark", "no number a child"]),
    "infinite mark": ("students", GOOD["students"].replace(",,", ",-inf,"), ["row 3", "mark", "no number a child"]),
    "unknown stage": ("students", GOOD["students"].replace("S2,primary", "S2,primery"), ["row 3", "'primery'", "none of primary"]),
    "unknown kind": ("schools", GOOD["schools"].replace("South,compulsory", "South,normal"), ["row 3", "kind 'normal'"]),
    "unknown zone": ("students", GOOD["students"].replace("S2,primary,Z1", "S2,primary,Z7"), ["row 3", "no such zone"]),
    "unknown school": ("programmes", GOOD["programmes"].replace("B1,B", "B1,C"), ["row 3", "'C'", "no such school"]),
    "latitude": ("schools", GOOD["schools"].replace("30.6", "130.6"), ["row 3", "lat '130.6'", "90 degrees"]),
    "lon without lat": ("schools", GOOD["schools"].replace("30.6", ""), ["row 3", "lon", "go together"]),
    "invisible character": ("students", GOOD["students"].replace("S2", "S2\u200b"), ["row 3", "invisible character"]),
    "other stage": ("programmes", GOOD["programmes"].replace("B,primary", "B,junior"), ["row 3", "'B1'", "another stage"]),
    "column twice": ("zones", "zone_id,zone_id\nZ1,A\n", ["zones.csv", "column 'zone_id' is there twice"]),
    "empty file": ("zones", "", ["zones.csv", "cannot be read"]),
    "too few fields": ("zones", GOOD["zones"] + '"Z,\n""9"",",B\nZ1\n', ["zones.csv", "row 4", "fewer cells"]),
    "too many fields": ("zones", GOOD["zones"] + "Z1,B,C\n", ["zones.csv", "cannot be read"]),
}  # fmt: skip


@pytest.mark.parametrize(("table", "text", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_table_row_column_and_value(folder, table, text, said):
    (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_district(folder)
    for words in said:
        assert words in str(caught.value)


def test_a_quoted_empty_cell_is_empty(folder):
    (folder / "students.csv").write_text(GOOD["students"].replace(",,", ',"",'))
    assert read_district(folder).students["mark"].to_list() == [Decimal("600.50"), None]


def test_every_problem_of_every_table_is_reported_at_once(folder):
    (folder / "choices.csv").write_text(GOOD["choices"].replace("S2,1,A1", "S2,0,X1"))
    (folder / "programmes.csv").write_text(GOOD["programmes"].replace(",2\n", ",-1\n"))
    with pytest.raises(DataError) as caught:
        read_district(folder)
    assert {(p.table, p.column) for p in caught.value.problems} == {
        ("choices.csv", "rank"), ("choices.csv", "programme_id"), ("programmes.csv", "seats")
    }  # fmt: skip
    assert caught.value.rows


def test_a_missing_table_and_a_misspelt_one_are_told(folder):
    (folder / "students.csv").rename(folder / "student.csv")
    with pytest.raises(DataError, match=r"students\.csv.*\n.*no such file.*did you mean 'student'"):
        read_district(folder)
    with pytest.raises(DataError, match="no such folder"):
        read_district(folder / "nothing")


def test_a_table_in_two_forms_is_refused(folder):
    read_district(folder).zones.write_parquet(folder / "zones.parquet")
    with pytest.raises(DataError, match="is there as .csv and as .parquet"):
        read_district(folder)


def test_text_that_is_not_utf8_is_refused_with_the_way_out(folder):
    (folder / "schools.csv").write_bytes(GOOD["schools"].replace("North", "北小").encode("gb18030"))
    with pytest.raises(DataError, match="not UTF-8 text"):
        read_district(folder)


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder):
    before = read_district(folder)
    for name, text in GOOD.items():
        (folder / f"{name}.csv").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    after = read_district(folder)
    assert after.students.equals(before.students)
    assert dict(after.sources) == dict(before.sources)


@pytest.mark.parametrize("one", ["007", "510108200903041234", "51010820090304123X", "1_000", "１２３", "NA", "1e5"])
def test_ids_are_kept_to_the_letter(tmp_path, one):
    for name, text in GOOD.items():
        (tmp_path / f"{name}.csv").write_text(text.replace("S1", one), encoding="utf-8")
    assert one in read_district(tmp_path).students["student_id"].to_list()


def test_an_id_of_eighteen_digits_never_appears_whole_in_an_error(folder):
    child = "510108200903041234"
    (folder / "students.csv").write_text(GOOD["students"].replace("S1", child) + f"{child},primary,Z1,5,owned\n")
    (folder / "choices.csv").write_text(GOOD["choices"].replace("S1", child))
    with pytest.raises(DataError) as caught:
        read_district(folder)
    assert child not in str(caught.value)
    assert "5101…4" in str(caught.value)


def frames():
    return {
        "students": pl.DataFrame({"student_id": ["S1", "S2"], "stage": ["primary"] * 2, "mark": [600.5, None]}),
        "schools": pl.DataFrame({"school_id": ["A"]}),
        "programmes": pl.DataFrame({"programme_id": ["A1"], "school_id": ["A"], "stage": ["primary"], "seats": [1]}),
    }


@pytest.mark.parametrize(
    "convert", [lambda frame: frame, lambda frame: frame.to_pandas(), lambda frame: frame.to_arrow(), lambda frame: frame.lazy()],
    ids=["polars", "pandas", "arrow", "lazy"],
)  # fmt: skip
def test_a_district_is_made_from_any_data_frame(convert):
    district = District.from_frames(**{name: convert(frame) for name, frame in frames().items()})
    assert district.students["mark"].to_list() == [Decimal("600.5"), None]


def test_pandas_without_missing_marks_keeps_whole_numbers_whole():
    given_frames = frames() | {"students": pd.DataFrame({"student_id": ["S1"], "stage": ["primary"], "mark": [600.0]})}
    assert District.from_frames(**given_frames).students["mark"].to_list() == [600]


def test_what_is_no_table_or_no_frame_is_a_type_error():
    with pytest.raises(TypeError, match=r"no table 'student' \(did you mean 'students'\?\)"):
        District.from_frames(student=frames()["students"])
    with pytest.raises(TypeError, match="a data frame is needed, list found"):
        District.from_frames(students=[1])


def test_float_ids_are_refused_because_digits_may_be_lost():
    with pytest.raises(DataError, match="is a float, in which long ids lose digits"):
        District.from_frames(**frames() | {"schools": pl.DataFrame({"school_id": [1.0]})})


@pytest.mark.parametrize("mark", [float("nan"), float("inf"), float("-inf")])
def test_a_mark_that_is_not_finite_is_refused_in_a_frame_too(mark):
    students = frames()["students"].with_columns(mark=pl.Series([600.5, mark]))
    with pytest.raises(DataError, match="no number a child could be ranked by"):
        District.from_frames(**frames() | {"students": students})


def test_float_marks_become_the_decimals_they_show():
    students = frames()["students"].with_columns(mark=pl.Series([0.1 + 0.2, 85.5]))
    marks = District.from_frames(**frames() | {"students": students}).students["mark"]
    assert marks.to_list() == [Decimal("0.30000000000000004"), Decimal("85.5")]


def test_integer_ids_of_a_parquet_file_become_text():
    table = pa.table({"school_id": pa.array([12], type=pa.int64())})
    programmes = frames()["programmes"].with_columns(school_id=pl.lit("12"))
    assert (
        District.from_frames(**frames() | {"schools": table, "programmes": programmes}).schools["school_id"][0] == "12"
    )


def test_twins_share_stage_and_zone(folder):
    text = "student_id,stage,zone_id,bundle_id\nS1,primary,Z1,T\nS2,primary,,T\n"
    (folder / "students.csv").write_text(text)
    with pytest.raises(DataError, match="apply as one, and these differ in zone_id"):
        read_district(folder)
    (folder / "students.csv").write_text(text.replace("Z1,T", ",S2").replace(",,T", ",,"))
    with pytest.raises(DataError, match="is also the id of a student"):
        read_district(folder)


def test_a_distance_starts_from_a_zone_or_a_child(folder):
    (folder / "distances.csv").write_text("zone_id,student_id,school_id,metres\nZ1,S1,A,5\n,,A,5\n")
    with pytest.raises(DataError) as caught:
        read_district(folder)
    assert str(caught.value).count("from one of them only") == 2


def test_an_outline_of_an_unknown_zone_is_told(folder):
    (folder / "zones.geojson").write_text('{"features": [{"properties": {"zone_id": "Z9"}, "geometry": null}]}')
    with pytest.raises(DataError, match="outlines a zone 'Z9'"):
        read_district(folder)
    (folder / "zones.geojson").write_text("[]")
    with pytest.raises(DataError, match="GeoJSON FeatureCollection"):
        read_district(folder)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_what_is_written_is_read_back_the_same(folder, tmp_path_factory, form):
    district = read_district(folder)
    other = tmp_path_factory.mktemp("other")
    write_district(district, other, form)
    again = read_district(other)
    for name in TABLES:
        assert getattr(again, name).equals(getattr(district, name)), name


@settings(max_examples=60, deadline=None)
@given(rows=st.permutations(range(3)), order=st.permutations(range(2)))
def test_the_order_of_rows_changes_nothing(rows, order):
    choices = pl.DataFrame({"student_id": ["S1", "S1", "S2"], "rank": [1, 2, 1], "programme_id": ["A1", "B1", "A1"]})
    programmes = pl.DataFrame(
        {"programme_id": ["A1", "B1"], "school_id": ["A", "A"], "stage": "primary", "seats": [1, 1]}
    )
    base = frames() | {"programmes": programmes, "choices": choices}
    moved = base | {
        "choices": choices[list(rows)],
        "programmes": programmes[list(order)],
        "students": base["students"][list(order)],
    }
    one, other = District.from_frames(**base), District.from_frames(**moved)
    assert one.choices.equals(other.choices)
    assert dict(one.sources) == dict(other.sources)
    assert one.links.choice_student.tolist() == other.links.choice_student.tolist()


def test_a_district_shows_nobody_in_its_repr(folder):
    assert "S1" not in repr(read_district(folder))
