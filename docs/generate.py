"""Writes what the docs take from the code: the data model from the schema, pictures from runs and simulations.

``python -m docs.generate``
"""

from io import StringIO
from pathlib import Path

from rich.console import Console

from admissions.district.schema import KIND_MEANINGS, TABLES, Column, Table
from docs.tie_breaking import draw_picture

DOCS = Path(__file__).parent

COLUMNS = "| column | kind | required | meaning |\n|---|---|---|---|"
SEED = "2016-07-01 09:00"

HEAD = """# The data model

Generated from `admissions/district/schema.py` by `python -m docs.generate`.

A district is a folder of `NAME.csv` (UTF-8, with or without a byte order mark) or `NAME.parquet`, one file a table, or
the same tables as data frames. Columns beyond those below are kept, and a policy may use them. In a CSV a column of
the office's own holds whole numbers, exact decimals (`600.50`; never floats), `true`/`false`, or text; an empty cell is
a missing value. A column that mixes numbers and words stays text, and a policy that ranks by it is refused. Dates are
text in ISO form (`2009-03-01`), which sorts as dates do. A data frame's float becomes the decimal it shows.

`zones.geojson` beside the tables carries the zones' outlines: a FeatureCollection whose features have a property
`zone_id`.

Everything wrong is reported at once, each problem with table, row, column and value. Rows of a CSV are counted as a
spreadsheet shows them, the header being row 1; rows of Parquet and of data frames from 0. Values that could name a
child are shown in part.
"""


def data_model() -> str:
    """Return the page of the data model."""
    kinds = "\n".join(f"| {kind} | {meaning} |" for kind, meaning in KIND_MEANINGS.items())
    parts = [HEAD, "## Kinds of column\n", f"| kind | meaning |\n|---|---|\n{kinds}\n"]
    parts += [_section(table) for table in TABLES.values()]
    return "\n".join(parts)


def _section(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    rows = "\n".join(_row(column) for column in table.columns)
    needed = "Required." if table.required else "Optional."
    return f"## `{table.name}`\n\n{table.meaning}. {needed} A row is named by {key}.\n\n{COLUMNS}\n{rows}\n"


def _row(column: Column) -> str:
    meaning = column.meaning
    if column.words:
        meaning += ": " + ", ".join(f"`{word}`" for word in column.words)
    if column.references:
        meaning += f" (a row of `{column.references}`)"
    return f"| `{column.name}` | {column.kind} | {'yes' if column.required else ''} | {meaning} |"


def summary_picture() -> str:
    """Return the summary of the sample district's run as the SVG that rich draws of a terminal."""
    import admissions as adm

    district, policy = adm.generate_district(SEED), adm.read_policy("district_2016")
    allocation = adm.allocate(district, policy, SEED)
    console = Console(record=True, width=118, file=StringIO())
    console.print(allocation.tables())
    return console.export_svg(title="admissions demo")


if __name__ == "__main__":
    (DOCS / "reference" / "data_model.md").write_text(data_model(), encoding="utf-8")
    (DOCS / "images" / "summary.svg").write_text(summary_picture(), encoding="utf-8")
    (DOCS / "images" / "tie_breaking.svg").write_text(draw_picture(), encoding="utf-8")
