"""Verifies a run with Python alone: ``python verify.py OUT DATA``. Shares nothing with the program that allocated.

From the office's tables (DATA, as CSV) and policy and seed of run.json, every application, class, order, lottery number, key, pool and cutoff is made anew in SQL, the
language of the policy's own conditions, and compared; then the seats are asked what the mechanism promises. Ends with 0 (all holds), 3 (something does not), 2 (unreadable).
"""

import csv
import gzip
import io
import json
import math
import re
import sqlite3
import sys
import tomllib
from functools import cache
from hashlib import sha256
from itertools import accumulate, cycle, takewhile
from pathlib import Path
from typing import Any

PROVEN = dict.fromkeys(("deferred_acceptance", "serial_dictatorship", "stable_improvement"), "envy waste improvement")
PROVEN |= dict.fromkeys(("immediate_acceptance", "parallel"), PROVEN["deferred_acceptance"])  # by step, then key
PROVEN |= dict.fromkeys(("score_bands", "top_trading_cycles", "efficiency_adjusted"), "waste") | {"regional": "envy"}  # fmt: skip
TABLES = {  # columns that are text whatever they hold | others that may be missing
    "students": "student_id zone_id bundle_id stage | lon lat x y", "choices": "student_id programme_id | rank", "programmes": "programme_id school_id stage | seats classes class_size",
    "schools": "school_id name kind group_id | lon lat x y", "zones": "zone_id school_id |", "seat_plan": "programme_id pool | seats", "distances": "zone_id student_id school_id | metres",
    "allocation": "student_id programme_id stage round school_id pool route reason |", "cutoffs": "programme_id round pool cutoff_class |", "applications": "student_id programme_id round pool class lottery outcome bundle_id |",
}  # fmt: skip
REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")
PREFER = {"same_group": "1 - _group", "distance": "coalesce(distance, (SELECT 1 + max(distance) FROM v), 0)"}
TERM = re.compile(r"\s*(.+?)(?:\s+(asc|desc))?\s*\Z", re.IGNORECASE | re.DOTALL)
QUOTED, WORD = r"('(?:[^']|'')*'|\"[^\"]+\")", r"(?!(?:and|or|not|when|then|else|in|between|like)\b)\b[\w.]+"
SUM = re.compile(rf"{QUOTED}|{WORD}(?:\s*[-+*/]\s*{WORD})+|/", re.IGNORECASE)
SETUP = """PRAGMA case_sensitive_like = ON; CREATE TABLE verdict (name, cases, faults, at); CREATE TABLE past (round); CREATE TABLE seen (at); CREATE TABLE went (i, far);
CREATE INDEX went_i ON went (i); CREATE TABLE left_by (s PRIMARY KEY, round); CREATE TABLE a (_i, _s, _p, _source);
CREATE TABLE child AS SELECT student_id AS i, bundle_id AS bundle, min(student_id) OVER (PARTITION BY coalesce(bundle_id, student_id)) AS s FROM students; CREATE INDEX child_i ON child (i);
CREATE TABLE listed AS SELECT s, p, c FROM (SELECT s, programme_id AS p, choices.rowid AS c, i = min(i) OVER (PARTITION BY s) AS speaks FROM choices JOIN child ON i = student_id) WHERE
    speaks; CREATE INDEX listed_s ON listed (s, p);
CREATE VIEW v AS SELECT a.*, {columns}, choices.rank AS choice_rank, draw(_p, coalesce(students.bundle_id, _s)) AS lottery, (SELECT round FROM left_by WHERE left_by.s = _s) AS left_by,
    EXISTS (SELECT 1 FROM allocation AS t JOIN past USING (round) WHERE t.student_id = _s) AS placed, EXISTS (SELECT 1 FROM zones AS t WHERE t.zone_id = students.zone_id AND t.school_id =
    schools.school_id) AS in_zone, EXISTS (SELECT 1 FROM zones AS t JOIN schools AS g USING (school_id) WHERE t.zone_id = students.zone_id AND g.group_id = schools.group_id) AS _group,
    metres((SELECT metres FROM distances WHERE zone_id IS NULL AND student_id = _s AND school_id = schools.school_id), (SELECT metres FROM distances AS t WHERE t.zone_id = students.zone_id
    AND t.school_id = schools.school_id), students.x, students.y, schools.x, schools.y, students.lon, students.lat, schools.lon, schools.lat) AS distance FROM a LEFT JOIN students ON
    students.student_id = _s LEFT JOIN listed ON listed.s = _s AND listed.p = _p LEFT JOIN choices ON choices.rowid = c LEFT JOIN programmes ON programmes.programme_id = _p LEFT JOIN schools
    ON schools.school_id = programmes.school_id;"""
START = """ATTACH ':memory:' AS r; DELETE FROM a; INSERT INTO a (_i, _s) SELECT i, s FROM child; CREATE TABLE r.here AS SELECT _i AS i, _s AS s FROM v WHERE stage = '{stage}' AND NOT placed AND {who};
DELETE FROM a; INSERT INTO a (_p) SELECT programme_id FROM programmes; CREATE TABLE r.share (p, pool, seats);
CREATE TABLE r.offered AS SELECT _p AS p, t.school_id AS h, CAST(max(0, coalesce(t.seats, t.classes * coalesce(t.class_size, {cap})) - coalesce(taken, 0)) AS INTEGER) AS room FROM v JOIN
    programmes AS t ON t.programme_id = _p LEFT JOIN (SELECT programme_id AS p, count(*) AS taken FROM allocation JOIN past USING (round) GROUP BY 1) ON p = _p WHERE t.stage = '{stage}' AND
    {programmes};"""
LISTS = {"choices": "SELECT i, s, p, {} AS source FROM here JOIN listed USING (s) JOIN offered USING (p)", "nearest": "SELECT i, s, p, {}.5 AS source FROM here, offered",
         "zone": "SELECT i, s, p, {}.5 AS source FROM here JOIN students ON student_id = s JOIN zones USING (zone_id) JOIN offered ON h = school_id"}  # fmt: skip
JUDGE = """DELETE FROM a; INSERT INTO a SELECT i, s, p, min(source) FROM ({lists}) GROUP BY i, p;
CREATE TABLE r.app AS SELECT _i AS i, _s AS s, _p AS p, {drawn} AS drawn, choice_rank, {columns}, row_number() OVER (PARTITION BY _i ORDER BY _source, iif(_source = round(_source),
    choice_rank, coalesce(distance, 9e18)), _p) AS place FROM v;
CREATE TABLE r.e AS SELECT u.*, place * {width} + j AS n, key, outcome, class, lottery, coalesce(at, 'a row is missing') AS at, iif(g IS NULL, NULL, dense_rank() OVER (ORDER BY g IS NULL, g,
    o) - 1) AS own, rank IS NOT place OR bundle_id IS NOT bundle OR count(*) OVER (PARTITION BY u.i, u.p, u.pool) > 1 AS astray FROM ({entries}) AS u JOIN child USING (i) LEFT JOIN
    applications AS t ON student_id = u.i AND programme_id = u.p AND t.pool IS u.pool AND t.round = now();
CREATE TABLE r.seat AS SELECT i, n AS seat_n, p AS seat_p, e.pool AS seat_pool, own AS last, key AS last_key, class AS last_class, e.choice_rank AS given, max(({step}) * 4294967296 + own)
    OVER (PARTITION BY p, e.pool) AS worst, count(*) OVER (PARTITION BY p, e.pool, iif({tied}, own, s)) AS together FROM e JOIN allocation AS t ON student_id = i AND programme_id = p AND
    t.pool = e.pool AND round = now(); CREATE INDEX r.seat_i ON seat (i);
CREATE TABLE r.stock AS SELECT p, share.pool AS pool, share.seats AS seats, count(i) AS filled, max(last) AS lowest, worst, together AS spare, last_key, last_class, t.seats AS stated,
    admitted, cutoff_key, cutoff_class, coalesce(at, 'a row is missing') AS at FROM share LEFT JOIN seat ON seat_p = p AND seat_pool = share.pool LEFT JOIN cutoffs AS t ON programme_id = p
    AND t.pool = share.pool AND round = now() GROUP BY p, share.pool;
CREATE TABLE r.wanted AS SELECT e.*, ({step}) * 4294967296 + own AS turn, seat_p, seat_pool, together, filled, seats, stock.worst AS worst FROM e LEFT JOIN seat USING (i) JOIN stock USING
    (p, pool) WHERE n < coalesce(seat_n, 9e18);
CREATE TABLE r.arrow AS SELECT DISTINCT p, pool, seat_p, seat_pool, pool AS at FROM wanted JOIN (SELECT p, pool, min(turn) AS turn FROM wanted GROUP BY 1, 2) USING (p, pool, turn) WHERE
    together = 1; DELETE FROM a; INSERT INTO a (_i, _s) SELECT i, s FROM here; INSERT INTO past VALUES (now());
CREATE TABLE r.rest AS SELECT _i AS i, _s AS s, t.programme_id AS p, coalesce(t.at, '') AS at FROM v LEFT JOIN allocation AS t ON t.student_id = _i AND t.route = 'coordinated' AND t.round =
    now() WHERE {covers}; REPLACE INTO left_by SELECT s, now() FROM e WHERE k <> -1 UNION SELECT s, now() FROM rest;
INSERT INTO went SELECT i, coalesce(max(CASE WHEN k = -1 THEN 1 WHEN k = -2 THEN 3 WHEN k >= 0 THEN iif(own IS NULL, 4, 5) END), 2) FROM here LEFT JOIN e USING (i) GROUP BY i UNION ALL
    SELECT i, 6 FROM rest; DELETE FROM rest WHERE i IN (SELECT i FROM seat); INSERT INTO seen SELECT at FROM e UNION SELECT at FROM stock; DELETE FROM a;
INSERT INTO a SELECT i, s, offered.p, 0 FROM rest, offered; CREATE TABLE r.may AS SELECT _i AS i, _p AS p, {cost} AS cost FROM v WHERE {where}; CREATE INDEX r.may_i ON may (i, p);
CREATE TABLE r.free AS SELECT p, sum(max(seats - filled, 0)) - (SELECT count(*) FROM rest WHERE rest.p = stock.p) AS n, at, (SELECT count(*) FROM rest WHERE rest.p = stock.p GROUP BY s ORDER
    BY 1 DESC) AS most FROM stock GROUP BY p;
CREATE TABLE r.swap AS SELECT rest.p AS p, b.p AS q, b.cost - a.cost AS d, min(turn) AS first, max(turn) AS last, min(at) AS at FROM rest JOIN (SELECT rest.s AS s, row_number() OVER (ORDER
    BY coalesce(min(own), 9e18), rest.s) AS turn FROM rest LEFT JOIN e USING (i) GROUP BY rest.s HAVING count(DISTINCT rest.i) = 1) USING (s) JOIN may AS a ON a.i = rest.i AND a.p = rest.p
    JOIN may AS b ON b.i = rest.i AND b.p <> rest.p GROUP BY 1, 2, 3; CREATE INDEX r.swap_p ON swap (p, q);"""
CASES = """lists: e: astray
class: e: class IS NOT class_of(k)
lottery: e: lottery IS NOT drawn
key: e: {key} IS NOT own
outcome: e LEFT JOIN seat USING (i): outcome IS NOT CASE WHEN own IS NULL THEN iif(k >= 0, 'no pool', iif(k = -2, 'no class', 'not eligible')) WHEN n = seat_n THEN 'admitted' WHEN n > seat_n THEN 'not needed' ELSE 'refused' END
seats: stock: seats IS NOT stated OR admitted IS NOT filled OR filled >= seats + max(1, {spare})
cutoffs: stock: cutoff_key IS NOT iif({open}, NULL, coalesce(last_key, -1)) OR cutoff_class IS NOT iif({open}, NULL, last_class)
children: allocation AS t LEFT JOIN seat ON i = student_id WHERE round = now(): (i IS NULL AND student_id NOT IN (SELECT i FROM rest WHERE p NOT NULL)) OR choice_rank IS NOT given OR route IS NOT CASE WHEN i IS NULL THEN 'coordinated' WHEN given IS NULL THEN 'zone' ELSE 'choice' END OR (i IS NULL AND t.pool NOT NULL) OR school_id IS NOT (SELECT q.school_id FROM programmes AS q WHERE q.programme_id = t.programme_id)
envy: wanted: turn < worst + {tied}
waste: wanted: filled < seats
improvement: arrow: TRUE
guarantee: rest WHERE p NOT NULL: (i, p) NOT IN (SELECT i, p FROM may)
guarantee: rest WHERE p IS NULL: i IN (SELECT i FROM may JOIN free USING (p) WHERE n > 0)
guarantee: free: n + coalesce(most, 1) <= 0
guarantee: (SELECT swap.*, n FROM swap LEFT JOIN free ON free.p = q): n > 0 AND (d < 0 OR (d = 0 AND q < p))
guarantee: swap AS x: d <= 0 AND EXISTS (SELECT 1 FROM swap AS y WHERE y.p = x.q AND y.q = x.p AND (x.d + y.d < 0 OR (x.d + y.d = 0 AND (x.d < 0 OR x.q < x.p) AND x.first < y.last)))"""
FINALLY = """
children: allocation: count(*) OVER (PARTITION BY student_id) > 1 OR round NOT IN past
children: students AS t: NOT EXISTS (SELECT 1 FROM allocation AS a WHERE a.student_id = t.student_id AND a.stage = t.stage AND iif(round IS NULL, (reason, route) IS (fate((SELECT max(far) FROM went WHERE i = t.student_id)), 'none') AND coalesce(programme_id, school_id, pool, choice_rank) IS NULL, reason IS NULL))
rows: applications: at NOT IN seen
rows: cutoffs: at NOT IN seen"""


def code(text: str) -> str:
    """Return an expression as SQLite reads it: sums to nine decimals, so that no last bit of a float counts."""
    return SUM.sub(lambda x: x[1] or (x[0] if x[0] == "/" else f"round({x[0]}, 9)").replace("/", "*1.0/"), f"({text})")


def metres(own: Any, zone: Any, x1: Any, y1: Any, x2: Any, y2: Any, *globe: Any) -> int | None:
    """Return whole metres: those a table has for a child or its zone, on the plane, or on the globe (haversine)."""
    if own is not None or zone is not None:
        return round(zone if own is None else own)
    if None not in (x1, x2):
        return round(math.dist((x1, y1), (x2, y2)))
    if None in globe:
        return None
    x1, y1, x2, y2 = map(math.radians, globe)
    a = math.sin((y2 - y1) / 2) ** 2 + math.cos(y1) * math.cos(y2) * math.sin((x2 - x1) / 2) ** 2
    return round(2 * 6_371_008.8 * math.atan2(math.sqrt(a), math.sqrt(1 - a)))


def divide(db: sqlite3.Connection, pools: list[Any]) -> None:
    """Put down the seats of each pool at each programme of a round: its share of what earlier rounds left."""
    weight = room = dict(db.execute("SELECT p, room FROM offered ORDER BY p"))
    for pool in sorted(pools, key=lambda pool: pool.get("seats", "rest") == "rest"):
        seats, share = pool.get("seats", "rest"), room
        if seats == "seat_plan":
            plan = dict(db.execute("SELECT programme_id, seats FROM seat_plan WHERE pool = ?", [pool["name"]]))
            share = {p: min(plan.get(p, 0), room[p]) for p in room}
        elif seats != "rest":  # largest remainder; what the room cuts off goes on by the same remainders
            seats, whole = min(seats, sum(room.values())), max(sum(weight.values()), 1)
            share = {p: min(seats * weight[p] // whole, room[p]) for p in room}
            turns = cycle(sorted(room, key=lambda p: -(seats * weight[p] % whole)))
            while sum(share.values()) < seats:
                p = next(turns)
                share[p] += share[p] < room[p]
        db.executemany("INSERT INTO share VALUES (?, ?, ?)", [(p, pool["name"], n) for p, n in share.items()])
        room = {p: room[p] - share[p] for p in room}


def judge(db: sqlite3.Connection, policy: Any, rule: Any, others: set[str]) -> None:
    """Make a round anew, lay the run's beside it, and ask what its mechanism promises."""
    classes, pools = rule.get("priority") or [{"class": "open to all"}], rule.get("pool") or [{"name": "all"}]
    who, lists, rest = rule.get("students", "TRUE"), rule.get("lists", ["choices"]), rule.get("guarantee", {"who": "0"})
    mechanism, parameters = rule.get("mechanism", "deferred_acceptance"), rule.get("parameters", {})
    tied, skip, proven = parameters.get("ties") == "admit_all", "skip" in parameters.values(), PROVEN.get(mechanism, "")
    weak, bands = tied or mechanism == "stable_improvement", 1 if mechanism == "immediate_acceptance" else parameters.get("band", math.inf)  # fmt: skip
    *first, last = (int(min(band, 1 << 60)) for band in (bands if isinstance(bands, list) else [bands]))
    step = " + ".join(
        [f"(place > {end})" for end in accumulate(first)] + [f"max(0, (place - {sum(first) + 1}) / {last})"]
    )
    cost = "0"  # what is preferred first outweighs what comes after it
    for what in rest.get("prefer", PREFER):
        cost = f"({cost}) * {10 if what == 'same_group' else 10**11} + {PREFER[what]}"
    db.create_function("now", 0, lambda: rule["name"], deterministic=True)
    db.create_function("fate", 1, lambda far: REASONS[far or 0], deterministic=True)
    db.create_function("class_of", 1, lambda k: classes[k]["class"] if k >= 0 else None, deterministic=True)
    entries, columns, ranks, inside, drawn = list[str](), list[str](), dict[str, str](), list[str](), "NULL"
    for j, pool in enumerate(pools):
        columns.append(f"coalesce({code(pool.get('members', 'TRUE'))}, 0) AS m{j}")
        inside.append("k >= 0" if "after members" in pool.values() else f"k >= 0 AND m{j}")
        for k, one in enumerate(classes):
            texts = pool.get("order") or one.get("order") or rule.get("order") or ["lottery"]
            terms = [(TERM.sub(r"\1", text), TERM.sub(r"\2", text)) for text in texts]
            drawn = "lottery" if "lottery" in dict(terms) else drawn
            cut = takewhile(lambda term: term[0] != "lottery" or not weak, terms)
            by = [f"{code(what)} IS NULL, {code(what)} {way}" for what, way in cut] + ["0" if weak else "_s"]
            o = ranks.setdefault(f"dense_rank() OVER (ORDER BY {', '.join(by)})", f"o{len(ranks)}")
            name, g = pool["name"].replace("'", "''"), f"{k} + {len(classes)} * (NOT m{j})"
            entries.append(f"SELECT *, '{name}' AS pool, {j} AS j, {o} AS o, {g} AS g FROM app WHERE k = {k} AND {inside[j]}")  # fmt: skip
    entries.append(f"SELECT *, NULL AS pool, 0 AS j, 0 AS o, NULL AS g FROM app WHERE NOT ({' OR '.join(inside)})")
    when = " ".join(f"WHEN {code(one.get('when', 'TRUE'))} THEN {k}" for k, one in enumerate(classes))
    columns += [f"CASE WHEN NOT coalesce({code(who)}, 0) THEN -1 {when} ELSE -2 END AS k"]
    values = {
        "columns": ", ".join(columns + [f"{rank} AS {o}" for rank, o in ranks.items()]), "drawn": drawn, "tied": tied, "step": step, "cost": cost, "width": len(pools), "stage": rule["stage"],
        "who": "1" if others & set(re.findall(r"\w+", re.sub("'[^']*'", "", who))) else code(who), "lists": " UNION ALL ".join(LISTS[one].format(n) for n, one in enumerate(lists)),
        "entries": " UNION ALL ".join(entries), "cap": policy.get("class_size", {}).get(rule["stage"], 0), "programmes": code(rule.get("programmes", "TRUE")),
        "covers": code(rest.get("who", "TRUE")), "where": code(rest.get("where", "TRUE")), "spare": 0 if skip else "spare" if mechanism in ("deferred_acceptance", "serial_dictatorship", "regional") else "(SELECT max(together) FROM seat WHERE seat_p = p AND seat_pool = pool)",
        "key": "key" + " % (SELECT max(own) + 1 FROM e)" * (mechanism == "score_bands"),  # marks go before the order
        "open": "filled < seats" + " AND cutoff_key IS NULL" * (mechanism == "regional"),  # its caps close pools, too
    }  # fmt: skip
    db.executescript(START.format(**values))
    divide(db, pools)
    db.executescript(JUDGE.format(**values))
    list(iter(lambda: db.execute("DELETE FROM arrow WHERE (seat_p, seat_pool) NOT IN (SELECT p, pool FROM arrow)").rowcount, 0))  # fmt: skip
    lost = "envy waste improvement" if skip else "improvement" if tied or "programmes" in parameters.values() else ""
    cases = CASES.format(**values) + FINALLY * (rule is policy["round"][-1])
    for check, source, bad in (line.split(": ", 2) for line in cases.splitlines()):
        if check not in "envy waste improvement" or (check in proven and check not in lost):
            found = f"SELECT '{check}', count(*), total(bad), min(iif(bad, at, NULL)) FROM (SELECT at, {bad} AS bad FROM {source})"
            db.execute(f"INSERT INTO verdict {found}")
    db.executescript("DETACH r")


def judge_run(manifest: Any, tables: dict[str, list[list[str]]]) -> list[tuple[str, int, int, str]]:
    """Return for each check its cases, the faults, and where the first is."""
    policy, db, names = tomllib.loads(manifest["policy"]), sqlite3.connect(":memory:"), dict[str, str]()
    seed, start = manifest["seed"] or "", 0 if policy.get("lottery", {}).get("scope") == "programme" else 1
    draw = cache(lambda *ids: sha256(":".join((seed, *ids[start:])).encode()).hexdigest())
    db.create_function("draw", 2, draw, deterministic=True)
    db.create_function("metres", -1, metres, deterministic=True)
    for table, columns in TABLES.items():
        (text, more), (header, *rows) = map(str.split, columns.split("|")), tables.get(table) or [[]]
        held = ["at", *header, *(name for name in (*text, *more) if name not in header)]
        typed = ", ".join(f'"{name}" {"TEXT" if name in ("at", *text) else "NUMERIC"}' for name in held)
        db.execute(f"CREATE TABLE {table} ({typed})")
        known, none = {"": None, "true": 1, "false": 0}, [None] * (len(held) - len(header) - 1)
        cells = ((f"{table} row {n}", *(known.get(one, one) for one in row), *none) for n, row in enumerate(rows, 2))
        db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(held))})", cells)
        db.execute(f"CREATE INDEX {table}_by ON {table} ({', '.join(text[:2])})")
        if table in ("students", "choices", "programmes", "schools"):
            own = {name: f'{table}."{name}"' for name in header if table != "choices" or name not in text}
            names = {f"{table[:-1]}_{name}": where for name, where in own.items()} | own | names
    db.executescript(SETUP.format(columns=", ".join(f'{where} AS "{name}"' for name, where in names.items())))
    others = {name for name, where in names.items() if where != f'students."{name}"'}
    for rule in policy["round"]:
        judge(db, policy, rule, others | {"in_zone", "distance", "choice_rank"})
    return db.execute("SELECT name, sum(cases), sum(faults), min(at) FROM verdict GROUP BY 1").fetchall()


def main(out: str, data: str) -> int:
    """Print what each check found; return 0 if all holds, 3 where something does not, 2 if a file cannot be read."""
    try:
        files = {path.name: path.read_bytes() for path in Path(out).iterdir()}
        found = {name: {sha256(content).hexdigest()} for name, content in files.items()}
        stated = (manifest := json.loads(files["run.json"]))["outputs"] | manifest["inputs"]
        for name in ("run.json", "timings.json"):  # each ends with the hash of its lines before
            lines = files[name].rpartition(b' "sha256": ')[0]
            stated[name] = sha256(lines + f' "sha256": "{sha256(lines).hexdigest()}"\n}}\n'.encode()).hexdigest()
        for name in {*TABLES, *manifest["inputs"]}:
            path = Path(data) / ("zones.geojson" if name == "outlines" else f"{name}.csv")
            if path.is_file():  # its hash is that of its header and its other lines in order, or as it is
                files[name] = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
                head, _, rest = files[name].replace(b"\r\n", b"\n").partition(b"\n")
                lines = b"\n".join([head, *sorted(rest.removesuffix(b"\n").split(b"\n")), b""])
                found[name] = {sha256(files[name]).hexdigest(), sha256(lines).hexdigest()}
        wrong = sorted(name for name in stated | found if stated.get(name) not in found.get(name, set()))
        verdict = [("files", len(found), len(wrong), ", ".join(wrong))]
        if not wrong:
            files |= {"allocation": files["allocation.csv"], "cutoffs": files["cutoffs.csv"], "applications": gzip.decompress(files["applications.csv.gz"])}  # fmt: skip
            verdict += judge_run(manifest, {name: [*csv.reader(io.StringIO(files[name].decode(), newline=""))] for name in TABLES if name in files})  # fmt: skip
        for name, cases, faults, at in verdict:
            print(f"{'REFUSED' if faults else 'holds':8} {name:12} {cases:>12,}" + f"  {faults:,.0f}: {at}" * bool(faults))  # fmt: skip
        return 3 if any(faults for _, _, faults, _ in verdict) else 0
    except (OSError, ValueError, KeyError, TypeError, IndexError, sqlite3.Error) as error:
        print(f"cannot be verified: {type(error).__name__}: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
