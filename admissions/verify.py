"""Verifies a run with Python alone: ``python verify.py OUT DATA``. Shares nothing with the program that allocated.

From the office's tables (DATA, as CSV) and the policy and seed of run.json, every application, class, order, lottery
number, key, pool and cutoff is made anew and compared; then the seats are asked what the mechanism promises. SQLite
evaluates the policy's conditions. Ends with 0 (all holds), 3 (something does not) or 2 (a file cannot be read).
"""

import csv
import gc
import gzip
import io
import json
import math
import re
import sqlite3
import sys
import tomllib
from collections import Counter, defaultdict
from functools import cache
from hashlib import sha256
from itertools import accumulate, cycle, product, takewhile
from operator import itemgetter
from pathlib import Path
from typing import Any

PROVEN = dict.fromkeys(("score_bands", "top_trading_cycles", "efficiency_adjusted"), "waste") | {"regional": "envy"}
PROVEN |= dict.fromkeys(("deferred_acceptance", "serial_dictatorship", "stable_improvement"), "envy waste improvement")
PROVEN |= dict.fromkeys(("immediate_acceptance", "parallel"), "envy waste improvement")
TABLES = {  # columns that are text whatever they hold | others that may be missing
    "students": "student_id zone_id bundle_id stage | lon lat x y",
    "programmes": "programme_id school_id stage | seats classes class_size",
    "schools": "school_id group_id name kind | lon lat x y",
    "choices": "student_id programme_id | rank",
    "zones": "zone_id school_id |",
    "seat_plan": "programme_id pool | seats",
    "distances": "zone_id student_id school_id | metres",
    "allocation": "student_id stage round programme_id school_id pool choice_rank route reason |",
    "applications": "round student_id programme_id pool rank class lottery key outcome bundle_id |",
    "cutoffs": "round programme_id pool seats admitted cutoff_key cutoff_class |",
}
CELLS, NONE = ("lists", "class", "lottery", "key", "outcome", "lists"), ("",) * 6  # an application's, and their checks
REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")
TERM = re.compile(r"\s*(.+?)(?:\s+(asc|desc))?\s*\Z", re.IGNORECASE | re.DOTALL)
QUOTED, WORD = r"('(?:[^']|'')*'|\"[^\"]+\")", r"(?!(?:and|or|not|when|then|else|in|between|like)\b)\b[\w.]+"
SUM = re.compile(rf"{QUOTED}|{WORD}(?:\s*[-+*/]\s*{WORD})+|/", re.IGNORECASE)
SETUP = """PRAGMA case_sensitive_like = ON; CREATE TABLE a (_s, _p, _source);
    CREATE INDEX by_zone ON zones (zone_id, school_id); CREATE INDEX by_choice ON choices (_student, _programme);
    CREATE INDEX by_school ON schools (school_id); CREATE VIEW v AS SELECT a.*, {columns}, choices.rank AS choice_rank,
    draw(_s, {scope}) AS lottery, metres(_s, _p) AS distance, _left AS left_by, _placed AS placed,
    EXISTS (SELECT 1 FROM zones AS z WHERE z.zone_id = students.zone_id AND z.school_id = schools.school_id) AS in_zone
    FROM a LEFT JOIN students ON students.rowid = _s LEFT JOIN programmes ON programmes.rowid = _p
    LEFT JOIN schools ON schools.school_id = programmes.school_id LEFT JOIN choices ON _student = _s AND _programme = _p"""


def code(text: str) -> str:
    """Return an expression as SQLite reads it: sums to nine decimals, so that no last bit of a float counts."""
    return SUM.sub(lambda x: x[1] or (x[0] if x[0] == "/" else f"round({x[0]}, 9)").replace("/", "*1.0/"), f"({text})")


def spot(lon: str, lat: str, x: str, y: str) -> Any:
    """Return a place as a point of the plane, and of the globe in radians with its latitude's cosine."""
    globe = [math.radians(float(degrees)) for degrees in (lon, lat)] if lon and lat else None
    return (float(x), float(y)) if x else None, globe and (*globe, math.cos(globe[1]))


class Run:
    """What a run published, and the office's tables in SQLite. Row n of a file is there row n - 1: s or p in what follows."""

    def __init__(self, manifest: Any, tables: dict[str, list[list[str]]]):
        self.policy, self.seed, self.db = tomllib.loads(manifest["policy"]), manifest["seed"] or "", sqlite3.connect(":memory:")
        self.cases, self.faults, self.right = Counter[str](), defaultdict[str, list[str]](list), dict[str, Any]()
        heads, rows, read = dict[str, list[str]](), dict[str, Any](), dict[str, list[Any]]()
        for table, columns in TABLES.items():
            (head, *rows[table]), named = tables.get(table) or [[]], columns.replace("|", "").split()
            if lacks := [name for name in named if name not in head]:
                rows[table] = [row + [""] * len(lacks) for row in rows[table]]
            heads[table] = [*head, *lacks]
            read[table] = [*map(itemgetter(*map(heads[table].index, named)), rows[table])]
        # Children, each spoken for by the first of its bundle
        self.read, self.students, self.programmes = read, dict(enumerate(read["students"], 1)), dict(enumerate(read["programmes"], 1))
        row, self.row = ({cells[0]: n for n, cells in table.items()} for table in (self.students, self.programmes))
        self.stage, self.bundle = ({cells[0]: cells[k] for cells in read["students"]} for k in (3, 2))
        bundles = defaultdict[str, list[str]](list)
        for i, _, bundle, *_ in sorted(read["students"]):
            bundles[bundle or i].append(i)
        self.members, self.name = {row[i[0]]: i for i in bundles.values()}, {row[i[0]]: name for name, i in bundles.items()}
        speakers, self.wishes = {i[0]: s for s, i in self.members.items()}, defaultdict[int, list[int]](list)
        ends = [(speakers.get(i, 0), self.row[p]) for i, p, _ in read["choices"]]
        for s, p in ends:
            self.wishes[s].append(p)
        # Schools and places
        self.schools = {cells[0]: cells for cells in read["schools"]}
        self.homes = {s: spot(*cells[4:]) for s, cells in self.students.items()}
        self.sites = {p: spot(*self.schools[cells[1]][4:]) for p, cells in self.programmes.items()}
        self.groups = defaultdict[str, set[str]](set)
        for zone, school in read["zones"]:
            self.groups[zone] |= {self.schools[school][1]} - {""}
        self.metres_of = {(zone, i * (not zone), school): float(metres) for zone, i, school, metres in read["distances"]}
        self.plan = {(p, pool): int(float(seats)) for p, pool, seats in read["seat_plan"]}
        self.far, self.taken = dict.fromkeys(row, 0), Counter[int]()
        # What was published, by round
        self.allocation, self.cutoffs, self.applications = (defaultdict[str, dict[Any, Any]](dict) for _ in range(3))
        for i, _, name, p, _, pool, *_ in read["allocation"]:
            self.allocation[name][i] = p, pool
        for table, named, held in (("cutoffs", 3, self.cutoffs), ("applications", 4, self.applications)):
            for n, cells in enumerate(read[table], 2):
                if cells[1:named] in held[cells[0]]:
                    self.fault("rows", table, n)
                held[cells[0]][cells[1:named]] = cells[named:], n
        # SQLite
        heads["students"], heads["choices"] = [*heads["students"], "_left", "_placed"], [*heads["choices"], "_student", "_programme"]
        known, names = {"": None, "true": 1, "false": 0}, dict[str, str]()
        rows["choices"] = ([*cells, *pair] for cells, pair in zip(rows["choices"], ends, strict=True))
        rows["students"] = ([*cells, "", "false"] for cells in rows["students"])
        for table in ("students", "choices", "programmes", "schools", "zones"):
            text = {*TABLES[table].partition("|")[0].split(), "_left"}
            typed = (f'"{name}" {"TEXT" if name in text else "NUMERIC"}' for name in heads[table])
            self.db.execute(f"CREATE TABLE {table} ({', '.join(typed)})")
            cells = ([known.get(cell, cell) for cell in row] for row in rows[table])
            self.db.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(heads[table]))})", cells)
            if table != "zones":
                own = {name: f'{table}."{name}"' for name in heads[table] if table != "choices" or name not in text}
                names = {f"{table[:-1]}_{name}": where for name, where in own.items()} | own | names
        self.alien = {name for name, where in names.items() if where != f'students."{name}"'} | {"in_zone", "distance", "choice_rank"}
        self.db.create_function("draw", 2, cache(self.draw), deterministic=True)
        self.db.create_function("metres", 2, self.metres, deterministic=True)
        scope = "_p" if self.policy.get("lottery", {}).get("scope") == "programme" else "NULL"
        self.db.executescript(SETUP.format(scope=scope, columns=", ".join(f'{where} AS "{name}"' for name, where in names.items())))

    def fault(self, check: str, table: str, n: int) -> None:
        """Note that a check found something, and where."""
        self.faults[check].append(f"{table} row {n}" if n else f"{table}: a row is missing")

    def seat(self, i: str, p: int, name: str, pool: str, given: Any, route: str) -> None:
        """Note the row of the allocation that a child's seat makes right."""
        rank = "" if given is None else str(given)
        self.right[i] = (self.stage[i], name, *self.programmes[p][:2], pool, rank, route, "")

    def suppose(self, pairs: Any) -> None:
        """Let the view tell of these pairs of a student and a programme, and their place in a list."""
        self.db.execute("DELETE FROM a")
        self.db.executemany("INSERT INTO a VALUES (?, ?, ?)", pairs)

    def draw(self, s: int, p: int | None) -> str:
        """Return a lottery number."""
        return sha256(":".join((self.seed, *([self.programmes[p][0]] if p else []), self.name[s])).encode()).hexdigest()

    def metres(self, s: int | None, p: int | None) -> int | None:
        """Return whole metres: those a table has for a child or its zone, on the plane, or on the globe (haversine)."""
        if s is None or p is None:
            return None
        if self.metres_of:
            school, (i, zone, *_) = self.programmes[p][1], self.students[s]
            stated = self.metres_of.get(("", i, school), self.metres_of.get((zone, "", school)))
            if stated is not None:
                return round(stated)
        (plane, globe), (there, across) = self.homes[s], self.sites[p]
        if plane and there:
            return round(math.dist(plane, there))
        if not (globe and across):
            return None
        (x1, y1, level), (x2, y2, other) = globe, across
        half = math.sin((y2 - y1) / 2) ** 2 + level * other * math.sin((x2 - x1) / 2) ** 2
        return round(2 * 6_371_008.8 * math.atan2(math.sqrt(half), math.sqrt(1 - half)))


def divide(run: Run, pools: list[Any], room: dict[int, int]) -> dict[tuple[int, int], int]:
    """Return the seats of each pool at each programme of a round: its share of what earlier rounds left."""
    weight, shares = room, dict[tuple[int, int], int]()
    for j, pool in sorted(enumerate(pools), key=lambda pool: pool[1].get("seats", "rest") == "rest"):
        seats, share = pool.get("seats", "rest"), room
        if seats == "seat_plan":
            share = {p: min(run.plan.get((run.programmes[p][0], pool["name"]), 0), room[p]) for p in room}
        elif seats != "rest":  # largest remainder; what the room cuts off goes on by the same remainders
            seats, whole = min(seats, sum(room.values())), max(sum(weight.values()), 1)
            share = {p: min(seats * weight[p] // whole, room[p]) for p in room}
            turns = cycle(sorted(room, key=lambda p: -(seats * weight[p] % whole)))
            while sum(share.values()) < seats:
                p = next(turns)
                share[p] += share[p] < room[p]
        shares |= {(p, j): n for p, n in share.items()}
        room = {p: room[p] - share[p] for p in room}
    return shares


def apply(run: Run, rule: Any, classes: list[Any], pools: list[Any], weak: bool) -> tuple[list[int], list[Any], Any]:
    """Return whom a round is for, their applications as they list them, and the seats of each pool."""
    who, stage, cap = rule.get("students", "TRUE"), rule["stage"], run.policy.get("class_size", {}).get(rule["stage"], 0)
    early = "TRUE" if run.alien & {*re.findall(r"\w+", re.sub("'[^']*'", "", who))} else code(who)
    run.suppose((s, None, None) for s in run.members if run.students[s][3] == stage)
    here = [s for (s,) in run.db.execute(f"SELECT _s FROM v WHERE NOT placed AND {early}")]
    run.suppose((None, p, None) for p in run.programmes)
    room = dict[int, int](run.db.execute(f"""SELECT _p, CAST(coalesce(programme_seats, programme_classes * coalesce(
        programme_class_size, {cap})) AS INTEGER) FROM v WHERE programme_stage = '{stage}' AND
        {code(rule.get("programmes", "TRUE"))} ORDER BY programme_id"""))
    of_zone, source = defaultdict[str, list[int]](list), dict[tuple[int, int], float]()
    for zone, school in run.read["zones"]:
        of_zone[zone] += [p for p in room if run.programmes[p][1] == school]
    for n, one in enumerate(rule.get("lists", ["choices"])):
        for s in here:
            for p in run.wishes[s] if one == "choices" else of_zone[run.students[s][1]] if one == "zone" else room:
                if p in room:
                    source.setdefault((s, p), n if one == "choices" else n + 0.5)
    run.suppose((s, p, n) for (s, p), n in source.items())
    # Orders, each a list of columns and a dense rank of every application
    reads, orders, of, drawn = dict[str, str](), dict[str, Any](), dict[tuple[int, int], Any](), "NULL"
    for (k, one), (j, pool) in product(enumerate(classes), enumerate(pools)):
        texts = pool.get("order") or one.get("order") or rule.get("order") or ["lottery"]
        terms = [(TERM.sub(r"\1", text), TERM.sub(r"\2", text)) for text in texts]
        drawn = "lottery" if "lottery" in dict(terms) else drawn
        cut = takewhile(lambda term: term[0] != "lottery" or not weak, terms)
        columns = [(reads.setdefault(code(what), f"t{len(reads)}"), way) for what, way in cut]
        columns += [("0", "")] if weak else [("student_id", "")]
        by = ", ".join(f"{what} IS NULL, {what} {way}" for what, way in columns)
        of[k, j] = orders.setdefault(by, (", ".join(what for what, _ in columns), {}))[1]
    when = " ".join(f"WHEN {code(one.get('when', 'TRUE'))} THEN {k}" for k, one in enumerate(classes))
    members = ", ".join(f"coalesce({code(pool.get('members', 'TRUE'))}, 0)" for pool in pools)
    run.db.executescript(f"""DROP TABLE IF EXISTS app; CREATE TABLE app AS SELECT _s, _p, {drawn}, choice_rank,
        CASE WHEN NOT coalesce({code(who)}, 0) THEN -1 {when} ELSE -2 END, {members}, student_id
        {"".join(f", {what} AS {column}" for what, column in reads.items())} FROM v ORDER BY _s, _source,
        iif(_source = round(_source), choice_rank, coalesce(distance, 9e18)), programme_id""")
    for by, (columns, rank) in orders.items():
        now, before = -1, None
        for row, *terms in run.db.execute(f"SELECT rowid, {columns} FROM app ORDER BY {by}"):
            now += terms != before
            rank[row], before = now, terms
    entries, place, before, later = list[Any](), 0, None, ["after members" in pool.values() for pool in pools]
    for row, (s, p, lottery, given, k, *inside) in enumerate(run.db.execute("SELECT * FROM app"), 1):
        place, before = place + 1 if s == before else 1, s
        open_to = [j for j in range(len(pools)) if inside[j] or later[j]] if k >= 0 else []
        for j in open_to:  # members before others, then class by class, then by the order
            number = ((len(classes) * (not inside[j]) + k) << 32) + of[k, j][row]
            entries.append((s, p, j, place, k, lottery, given, number))
        if not open_to:
            entries.append((s, p, -1, place, k, lottery, given, None))
    return here, entries, divide(run, pools, {p: max(0, (seats or 0) - run.taken[p]) for p, seats in room.items()})


def judge(run: Run, rule: Any) -> None:
    """Make a round anew, lay the run's beside it, and ask what its mechanism promises."""
    name, mechanism, parameters = rule["name"], rule.get("mechanism", "deferred_acceptance"), rule.get("parameters", {})
    classes, pools = rule.get("priority") or [{"class": "open to all"}], rule.get("pool") or [{"name": "all"}]
    tied, skip, marks = parameters.get("ties") == "admit_all", "skip" in parameters.values(), mechanism == "score_bands"
    here, entries, shares = apply(run, rule, classes, pools, tied or mechanism == "stable_improvement")
    keys: dict[Any, int] = {number: n for n, number in enumerate(sorted({entry[-1] for entry in entries} - {None}))}
    published, stated, allocated = run.applications.pop(name, {}), run.cutoffs.pop(name, {}), run.allocation[name]
    bands = 1 if mechanism == "immediate_acceptance" else parameters.get("band", 1 << 60)
    *first, last = bands if isinstance(bands, list) else [bands]
    places = range(1 + max((entry[3] for entry in entries), default=0))
    steps = [sum(n > end for end in accumulate(first)) + max(0, n - sum(first) - 1) // last << 32 for n in places]
    # Who sits where, and how far down
    pool_at = {pool["name"]: j for j, pool in enumerate(pools)}
    claims = {i: (run.row.get(p), pool_at.get(pool)) for i, (p, pool) in allocated.items()}
    seats, holders = dict[str, Any](), {box: list[Any]() for box in shares}
    for s, p, j, place, k, _, given, number in entries:
        for i in run.members[s]:
            if number is not None and claims.get(i) == (p, j):
                key, pool = keys[number], pools[j]["name"]
                cells, _ = published.get((i, run.programmes[p][0], pool), (NONE, 0))
                seats[i] = (place, j), (p, j), key if tied else s
                holders[p, j].append((key, steps[place] + key, seats[i][2], cells[3], classes[k]["class"]))
                run.seat(i, p, name, pool, given, "zone" if given is None else "choice")
    worst = {box: max([turn for _, turn, *_ in held], default=-1) for box, held in holders.items()}
    groups = {box: Counter(group for _, _, group, *_ in held) for box, held in holders.items()}
    # Every application, as published and as it must be
    wanted, envy, waste, best, turns = 0, list[int](), list[int](), dict[Any, Any](), dict[int, int]()
    for s, p, j, place, k, lottery, _, number in entries:
        key, box, ids = keys.get(number), (p, j), (run.programmes[p][0], pools[j]["name"] if j >= 0 else "")
        right = str(place), classes[k]["class"] if k >= 0 else "", lottery or "", "" if key is None else str(key)
        if key is not None:
            turn, turns[s] = steps[place] + key, min(key, turns.get(s, key))
        for i in run.members[s]:
            (cells, n), seat = published.pop((i, *ids), (NONE, 0)), seats.get(i)
            if key is None:
                outcome, far = {-1: ("not eligible", 1), -2: ("no class", 3)}.get(k, ("no pool", 4))
            elif seat and (place, j) >= seat[0]:
                outcome, far = "admitted" if (place, j) == seat[0] else "not needed", 5
            else:
                outcome, far, wanted = "refused", 5, wanted + 1
                if turn < worst[box] + tied:
                    envy.append(n)
                if len(holders[box]) < shares[box]:
                    waste.append(n)
                if box not in best or turn < best[box][0]:
                    best[box] = turn, set()
                if turn == best[box][0] and seat and groups[seat[1]][seat[2]] == 1:
                    best[box][1].add(seat[1])
            run.far[i] = max(run.far[i], far)
            if marks and cells[3]:  # marks go before the order
                cells = (*cells[:3], str(int(cells[3]) % len(keys)), *cells[4:])
            if cells != (*right, outcome, run.bundle[i]):
                for check, cell, true in zip(CELLS, cells, (*right, outcome, run.bundle[i]), strict=True):
                    if cell != true:
                        run.fault(check, "applications", n)
    run.cases.update(dict.fromkeys({*CELLS}, sum(len(run.members[s]) for s, *_ in entries)))
    # Every pool
    for (p, j), held in holders.items():
        (size, admitted, *cutoff), n = stated.pop((run.programmes[p][0], pools[j]["name"]), (NONE[:4], 0))
        share, (_, _, group, *line) = shares[p, j], max(held, default=(0, 0, 0, "-1", ""))
        last_come = mechanism in ("deferred_acceptance", "serial_dictatorship", "regional")
        together = 0 if skip else groups[p, j][group] if last_come else max(groups[p, j].values(), default=0)
        if (size, admitted) != (str(share), str(len(held))) or len(held) >= share + max(1, together):
            run.fault("seats", "cutoffs", n)
        if cutoff != (["", ""] if len(held) < share and (mechanism != "regional" or not cutoff[0]) else line):
            run.fault("cutoffs", "cutoffs", n)
    run.cases.update(dict.fromkeys(("seats", "cutoffs"), len(shares)))
    # What the mechanism promises: an arrow from a pool to the seat of whom it wants most goes in no circle
    arrows = {(box, there) for box, (_, ends) in best.items() for there in ends}
    circles, lost = arrows, tied or skip or "programmes" in parameters.values()
    while len(left := {arrow for arrow in circles if arrow[1] in {box for box, _ in circles}}) < len(circles):
        circles = left
    found = {"envy": (wanted, envy), "waste": (wanted, waste), "improvement": (len(arrows), [p + 1 for (p, _), _ in circles])}
    for check in () if skip else PROVEN.get(mechanism, "").split():
        if check != "improvement" or not lost:
            run.cases[check] += found[check][0]
            for n in found[check][1]:
                run.fault(check, "programmes" if check == "improvement" else "applications", n)
    # Who comes after it
    run.db.executemany("UPDATE students SET _placed = 1 WHERE rowid = ?", ((s,) for s in here if run.members[s][0] in allocated))
    guarantee = rule.get("guarantee", {"who": "FALSE"})
    run.suppose((s, None, None) for s in here if "guarantee" in rule)
    rest = {s for (s,) in run.db.execute(f"SELECT _s FROM v WHERE {code(guarantee.get('who', 'TRUE'))}")}
    for s in here:
        for i in run.members[s]:
            run.far[i] = 6 if s in rest else max(run.far[i], 2)
    left_by = {s for s, _, _, _, k, *_ in entries if k != -1} | rest
    run.db.executemany("UPDATE students SET _left = ? WHERE rowid = ?", ((name, s) for s in left_by))
    free = Counter[int]()
    for (p, j), share in shares.items():
        free[p] += max(0, share - len(holders[p, j]))
    rest = {s for s in rest if seats.keys().isdisjoint(run.members[s])}
    order = sorted(rest, key=lambda s: (turns.get(s, math.inf), run.students[s][0]))
    coordinate(run, allocated, name, guarantee, order, free)
    run.taken.update(run.row.get(p, 0) for p, _ in allocated.values())
    for table, more in (("applications", published), ("cutoffs", stated)):
        for _, n in more.values():
            run.fault("rows", table, n)


def coordinate(run: Run, allocated: Any, name: str, guarantee: Any, rest: list[int], free: Counter[int]) -> None:
    """Check where children without a seat were placed: where they may be, as many as can be, and at least cost.

    Whoever is left over counts as placed far from all. No moving along programmes that ends at a free seat, or where it
    began, may save anything (no negative cycle); of equal costs who goes first has the smaller programme_id.
    """
    ends, may = [*free, None], dict.fromkeys(rest, free.keys())
    if "where" in guarantee:
        run.suppose((s, p, None) for s, p in product(rest, free))
        pairs = {*run.db.execute(f"SELECT _s, _p FROM v WHERE {code(guarantee['where'])}")}
        may = {s: {p for p in free if (s, p) in pairs} for s in rest}
    group = [run.schools[run.programmes[p][1]][1] for p in free]
    metres = {s: [run.metres(s, p) for p in free] for s in rest}
    beyond = 1 + max((far for line in metres.values() for far in line if far is not None), default=-1)
    lines, taken, largest = defaultdict[Any, list[Any]](list), Counter[Any](), Counter[Any]()
    for turn, s in enumerate(rest):
        at = {run.row.get(allocated[i][0], 0) if i in allocated else None for i in run.members[s]}
        p, size, costs = at.pop(), len(run.members[s]), [0] * len(free)
        taken[p], largest[p] = taken[p] + size, max(largest[p], size)
        if at or (p is not None and p not in may[s]):
            run.fault("guarantee", "students", s + 1)
            continue
        for i in run.members[s] if p else ():
            run.seat(i, p, name, "", None, "coordinated")
        for what in guarantee.get("prefer", ("same_group", "distance")):
            near = run.groups[run.students[s][1]]
            values = [one not in near for one in group] if what == "same_group" else [beyond if far is None else far for far in metres[s]]
            costs = [cost * 10**11 + value for cost, value in zip(costs, values, strict=True)]
        if len(may[s]) < len(free):
            costs = [cost if q in may[s] else math.inf for q, cost in zip(free, costs, strict=True)]
        if size == 1:
            own = [*costs, 10**40][ends.index(p)]
            lines[p].append([cost - own for cost in costs] + [10**40 - own, turn])
    left = {p: seats - taken[p] for p, seats in free.items()}
    for p, seats in left.items():
        if seats + max(largest[p], 1) <= 0:
            run.fault("guarantee", "programmes", p + 1)
    for s in rest:
        if len(run.members[s]) > 1 and run.members[s][0] not in allocated and any(left[p] > 0 for p in may[s]):
            run.fault("guarantee", "students", s + 1)
    least = ((p, [min(column) for column in zip(*line, strict=True)][:-1]) for p, line in lines.items())
    moves = {(p, q): step for p, line in least for q, step in zip(ends, line, strict=True) if step < math.inf}
    run.cases["guarantee"] += len(moves)
    price = dict.fromkeys(ends, 0)
    for _ in range(len(price) + 2):
        outlet = min(price[p] for p in ends if p is None or left[p] > 0)
        price, before = {p: min(now, outlet) for p, now in price.items()}, price
        for (p, q), step in moves.items():
            price[q] = min(price[q], price[p] + step)
        if price == before:
            break
    else:
        run.fault("guarantee", "programmes", 1 + max(p or 0 for p in ends if price[p] != before[p]))
    for (p, q), step in moves.items():
        if p and q and p != q and step <= 0:
            smaller = run.programmes[q][0] < run.programmes[p][0]
            if step == 0 and smaller and left[q] > 0:
                run.fault("guarantee", "programmes", p + 1)
            if step == -moves.get((q, p), 1) and (step < 0 or smaller):
                go, come = (
                    [line[-1] for line in lines[a] if line[ends.index(b)] == moves[a, b]] for a, b in ((p, q), (q, p))
                )
                if min(go) < max(come):
                    run.fault("guarantee", "programmes", p + 1)


def judge_run(manifest: Any, tables: dict[str, list[list[str]]]) -> list[tuple[str, int, int, str]]:
    """Return for each check its cases, the faults, and where the first is."""
    run = Run(manifest, tables)
    for rule in run.policy["round"]:
        judge(run, rule)
    for name in ("applications", "cutoffs"):
        run.cases["rows"] += len(run.read[name])
        for table in getattr(run, name).values():
            for _, n in table.values():
                run.fault("rows", name, n)
    seen = Counter(i for i, *_ in run.read["allocation"])
    run.cases["children"] = len(seen)
    for n, (i, *cells) in enumerate(run.read["allocation"], 2):
        right = run.right.get(i) or (run.stage.get(i), *[""] * 5, "none", REASONS[run.far.get(i, 0)])
        if tuple(cells) != right or seen[i] > 1:
            run.fault("children", "allocation", n)
    for _ in run.stage.keys() - seen.keys():
        run.fault("children", "allocation", 0)
    return [(check, n, len(run.faults[check]), min(run.faults[check], default="")) for check, n in sorted(run.cases.items())]


def main(out: str, data: str) -> int:
    """Print what each check found; return 0 if all holds, 3 where something does not, 2 if a file cannot be read."""
    gc.disable()  # there are no cycles to collect
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
