"""Writes what the docs take from the code: the data model, the table of mechanisms, pictures of runs and simulations.

``python -m docs.generate``
"""

from io import StringIO
from pathlib import Path

from rich.console import Console

from admissions.audit.findings import PROPERTIES
from admissions.district.schema import KIND_MEANINGS, TABLES, Column, Table
from admissions.mechanisms import MECHANISMS, Mechanism
from admissions.mechanisms.relations import RELATIONS
from docs import tie_breaking, years_ahead

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

MECHANISMS_HEAD = """# The mechanisms

Generated from `admissions/mechanisms/table.py` by `python -m docs.generate`; `admissions policies --mechanisms` prints
the same table. Which to take is told in [How to choose a mechanism](../how-to/choose_a_mechanism.md), what each does
and what it costs on its page of theory.
"""
CLAIMS_HEAD = """## What each claims

A claim is a property of the audit that every result has. If one fails, the result is not published. What is not
claimed is measured and reported all the same. The guarantee, the lottery and the count of students (P6, P8, P9) belong
to the run, whatever the mechanism.
"""
PARAMETERS_HEAD = """## Parameters

Above, those without a default are in bold, and those that a run makes from its seed in brackets. A policy says them [in
its own words](policy.md#mechanisms-and-their-parameters): marks instead of keys, a condition or a column instead of an
array.
"""
RELATIONS_HEAD = """## What holds between one run and another

✓ holds: proven where a theorem is known, and refuted in none of thousands of small random markets. ✗ fails, and a
counterexample is stored. An empty cell was not looked at. [`check_relation`](../how-to/test_your_own_rule.md) looks for
counterexamples to a rule of your own. All of it speaks of students who are one child each, of priorities without ties
that are known at every school, and of the true preferences of all but the one who changes; what ties and twins cost
stands on the pages of theory.
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


def table_of_mechanisms() -> str:
    """Return the page of the mechanisms: claims, parameters, relations between runs, cost and source of each."""
    rows = list(MECHANISMS.values())
    codes = sorted({code for row in rows for code in row.claims})
    claims = [[_linked(row), initials(row), *_marks(row.claims, codes), _lost(row), _named(row)] for row in rows]
    having: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        for name, meaning in row.parameters.items():
            having.setdefault((name, meaning), []).append(initials(row))
    parameters = [[f"`{name}`", ", ".join(short), meaning] for (name, meaning), short in having.items()]
    relations = [[f"`{name}`", *(_judged(row, name) for row in rows), words] for name, words in RELATIONS.items()]
    parts = [MECHANISMS_HEAD, CLAIMS_HEAD, "\n".join(f"- {code}: {PROPERTIES[code]}" for code in codes) + "\n"]
    parts += [_table(["mechanism", "short", *codes, "not claimed", "parameters"], claims)]
    parts += [PARAMETERS_HEAD, _table(["parameter", "of", "meaning"], parameters)]
    parts += [RELATIONS_HEAD, "\n".join(f"- {initials(row)}: {row.domain}" for row in rows if row.domain) + "\n"]
    parts += [_table(["relation", *map(initials, rows), "statement"], relations)]
    parts += ["## Time and source\n\nFor n applicants with e choices among p pools.\n"]
    parts += [_table(["mechanism", "time", "source"], [[_linked(row), row.complexity, row.source] for row in rows])]
    return "\n".join(parts)


def _linked(row: Mechanism) -> str:
    return f"[`{row.name}`](../theory/{row.name}.md)"


def initials(row: Mechanism) -> str:
    """Return a mechanism's short name: TTC for top trading cycles."""
    return "".join(word[0].upper() for word in row.name.split("_"))


def _marks(claims: tuple[str, ...], codes: list[str]) -> list[str]:
    return ["✓" if code in claims else "" for code in codes]


def _lost(row: Mechanism) -> str:
    return "; ".join(f"{', '.join(codes)} with {when}" for when, codes in row.unless.items())


def _named(row: Mechanism) -> str:
    """Return the parameters of a mechanism: those without a default in bold, those a run makes in brackets."""
    names = (
        f"**`{p}`**" if p in row.required else f"(`{p}`)" if p in row.from_run else f"`{p}`" for p in row.parameters
    )
    return ", ".join(names)


def _judged(row: Mechanism, relation: str) -> str:
    return "✗" if relation in row.fails else "✓" if relation in row.holds else ""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


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
    (DOCS / "reference" / "mechanisms.md").write_text(table_of_mechanisms(), encoding="utf-8")
    (DOCS / "images" / "summary.svg").write_text(summary_picture(), encoding="utf-8")
    (DOCS / "images" / "tie_breaking.svg").write_text(tie_breaking.draw_picture(), encoding="utf-8")
    (DOCS / "images" / "years_ahead.svg").write_text(years_ahead.draw_picture(), encoding="utf-8")
