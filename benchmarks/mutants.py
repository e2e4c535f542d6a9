"""``python -m benchmarks.mutants [COUNT]``: single faults planted in results with all hashes right; all must be found.

Each fault changes one cell to another value of its column, exchanges two cells of a column, drops a row or doubles one,
in ``allocation.csv``, ``applications.csv.gz`` or ``cutoffs.csv`` of a small town under the shipped policy, every other
town with a hundredth of its seats. The columns that repeat what an order compared are left out: the verifier makes keys
from the office's tables, and reads none of them.
"""

import csv
import gzip
import io
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

import admissions as adm
from admissions import verify
from admissions.runs import encode_tables

TOWNS, SIZE = 20, 100
CHECKED = {
    "allocation": "student_id stage round programme_id school_id pool choice_rank route reason",
    "applications": "student_id round programme_id pool rank class lottery key outcome bundle_id",
    "cutoffs": "round programme_id pool seats admitted cutoff_key cutoff_class",
}
Tables = dict[str, list[list[str]]]


def tables_of(allocation: adm.Allocation) -> Tables:
    """Return the office's tables and the published ones of an allocation as the verifier reads them."""
    files, district = encode_tables(allocation), allocation.district
    if district is None:
        raise ValueError("an allocation with its district is needed")
    data = {name: frame.write_csv().encode() for name, frame in district.tables().items()}
    data |= {name: files[f"{name}.csv"] for name in ("allocation", "cutoffs")}
    data["applications"] = gzip.decompress(files["applications.csv.gz"])
    texts = {name: io.StringIO(content.decode(), newline="") for name, content in data.items()}
    return {name: [*csv.reader(text)] for name, text in texts.items()}


def plant(tables: Tables, rng: random.Random) -> tuple[str, Tables] | None:
    """Return a fault and the tables with it; None where what was drawn changes nothing."""
    name = rng.choice(list(CHECKED))
    header, *rows = tables[name]
    kind, one, other = rng.choice(["changed", "exchanged", "dropped", "doubled"]), *rng.choices(range(len(rows)), k=2)
    if kind in ("dropped", "doubled"):
        changed = rows[:one] + [rows[one]] * (2 * (kind == "doubled")) + rows[one + 1 :]
        return f"{name} row {kind}", {**tables, name: [header, *changed]}
    column = rng.choice(CHECKED[name].split())
    at = header.index(column)
    changed = [list(row) for row in rows]
    changed[one][at] = rows[other][at]
    if kind == "exchanged":
        changed[other][at] = rows[one][at]
    if sorted(changed) == sorted(rows):
        return None
    return f"{name}.{column} {kind}", {**tables, name: [header, *changed]}


def law(scarce: bool) -> adm.Policy:
    """Return the shipped policy, or one by which a small town's seats are fought for."""
    policy = adm.read_policy("district_2016")
    if not scarce:
        return policy
    law = tomllib.loads(policy.text)
    law["class_size"] = {"primary": 8, "junior": 8}
    for pool in (pool for one in law["round"] for pool in one.get("pool", ())):
        pool["seats"] //= 100
    return adm.Policy.from_dict(law)


def survivors(count: int, towns: int = TOWNS) -> Iterator[tuple[str, bool]]:
    """Plant single faults; yield each and whether the verifier let it pass."""
    for town in range(towns):
        policy = law(scarce=town % 2 == 1)
        allocation = adm.allocate(adm.generate_district(f"mutants {town}", size=SIZE), policy, seed=str(town))
        tables, rng = tables_of(allocation), random.Random(town)
        manifest: dict[str, Any] = {"policy": policy.text, "seed": allocation.seed}
        if any(faults for _, _, faults, _ in verify.judge_run(manifest, tables)):
            raise AssertionError(f"town {town} is refused as it is")
        planted = 0
        while planted < count // towns:
            if (fault := plant(tables, rng)) is None:
                continue
            planted += 1
            yield fault[0], not any(faults for _, _, faults, _ in verify.judge_run(manifest, fault[1]))


def main() -> None:
    """Plant as many faults as are asked for, and tell which pass."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    planted, passed = Counter[str](), Counter[str]()
    for fault, passes in survivors(count):
        planted[fault] += 1
        passed[fault] += passes
    for fault, number in sorted(planted.items()):
        print(f"{fault:40} {number - passed[fault]:6,} of {number:6,} found")
    print(f"{'all':40} {planted.total() - passed.total():6,} of {planted.total():6,} found")
    sys.exit(3 if passed.total() else 0)


if __name__ == "__main__":
    main()
