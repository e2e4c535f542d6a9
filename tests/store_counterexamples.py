"""Writes the case kept for each relation that a mechanism is known to fail: ``python -m tests.store_counterexamples``."""

import json
from pathlib import Path

from admissions import testing
from admissions.mechanisms import MECHANISMS
from admissions.testing import check_relation

STORE = Path(testing.__file__).with_name("counterexamples.json")
MARKETS = 9_000


def stored() -> dict[str, dict[str, dict[str, object]]]:
    """Return the first counterexample for each relation that a row says fails."""
    cases: dict[str, dict[str, dict[str, object]]] = {}
    for mechanism, row in MECHANISMS.items():
        for relation in row.fails:
            found = check_relation(mechanism, relation, MARKETS).counterexample
            if found is None:
                raise RuntimeError(f"{mechanism} keeps '{relation}' in {MARKETS:,} markets")
            cases.setdefault(mechanism, {})[relation] = {**found.case.to_dict(), "words": found.words}
    return cases


def main() -> None:
    """Write the file, one case a line."""
    lines = [
        f" {json.dumps(mechanism)}: {{\n"
        + ",\n".join(f"  {json.dumps(relation)}: {json.dumps(case)}" for relation, case in cases.items())
        + "\n }"
        for mechanism, cases in stored().items()
    ]
    STORE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
