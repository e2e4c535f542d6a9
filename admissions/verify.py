"""Verifies a run with Python alone: ``python verify.py OUT DATA``. Shares nothing with the program that allocated.

From the office's tables (DATA, as CSV) and the policy and seed of run.json, every application, class, order, lottery
number, key, pool and cutoff is made anew and compared; then the seats are asked what the mechanism promises. SQLite
evaluates the policy's conditions. Ends with 0 (all holds), 3 (something does not) or 2 (a file cannot be read).

Below, i is a student_id; s and p are row numbers of students and programmes, s that of the child who speaks for its
bundle; k is a class, j a pool, and a pool at a programme, (p, j), a box.
"""

import csv
import gc
import gzip
import io
import json
import re
import sqlite3
import sys
import tomllib
from collections import Counter, defaultdict
from functools import cache
from hashlib import sha256
from itertools import accumulate, cycle, product, takewhile
from math import asin, cos, dist, inf, radians, sin, sqrt
from operator import itemgetter
from pathlib import Path
from typing import Any

PROVEN = {"score_bands": "waste", "top_trading_cycles": "waste", "efficiency_adjusted": "waste", "regional": "envy"}
for _stable in ("deferred_acceptance", "serial_dictatorship", "stable_improvement", "immediate_acceptance", "parallel"):
    PROVEN[_stable] = "envy waste improvement"
TABLES = {  # columns that are text whatever they hold | others that may be missing
    "students": "student_id zone_id bundle_id stage | lon lat x y",
    "choices": "student_id programme_id | rank",
    "programmes": "programme_id school_id stage | seats classes class_size",
    "schools": "school_id group_id name kind | lon lat x y",
    "zones": "zone_id school_id |",
    "seat_plan": "programme_id pool | seats",
    "distances": "zone_id student_id school_id | metres",
    "allocation": "student_id stage round programme_id school_id pool choice_rank route reason |",
    "applications": "round student_id programme_id pool rank class lottery key outcome bundle_id |",
    "cutoffs": "round programme_id pool seats admitted cutoff_key cutoff_class |",
}
CHECKS = {  # which check the cells of a published row belong to, after those that say which row it is
    "applications": (4, "lists class lottery key outcome lists"),
    "cutoffs": (3, "seats seats cutoffs cutoffs"),
    "allocation": (1, "children " * 8),
}
REASONS = ("no round", "not eligible", "no list", "no class", "no pool", "outranked", "seats ran out")
USAGE = "usage: python verify.py OUT DATA"
NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
TERM = re.compile(r"\s*(.+?)(?:\s+(asc|desc))?\s*\Z", re.IGNORECASE | re.DOTALL)
QUOTED = r"('(?:[^']|'')*'|\"[^\"]+\")"
COMMENT = re.compile(rf"{QUOTED}|--[^\n]*|/\*.*?\*/", re.DOTALL)
WORD = r"(?!(?:and|or|not|case|when|then|else|end|in|is|null|between|like)\b)\b[\w.]+(?![\w.]|\s*\()"
SUM = re.compile(rf"{QUOTED}|{WORD}(?:\s*[-+*/]\s*{WORD})+|/", re.IGNORECASE)
VIEW = """PRAGMA case_sensitive_like = ON;
CREATE TABLE a (_s, _p, _choice);  -- whom and what a condition is asked about
CREATE INDEX by_zone ON zones (zone_id, school_id);
CREATE UNIQUE INDEX by_school ON schools (school_id);
CREATE VIEW v AS SELECT a.*, {columns}, programmes.stage AS _stage, programmes.seats AS _seats,
    programmes.classes AS _classes, programmes.class_size AS _size, choices.rank AS choice_rank,
    left_by(_s) AS left_by, placed(_s) AS placed, draw(_s, {scope}) AS lottery, metres(_s, _p) AS distance,
    EXISTS (SELECT 1 FROM zones AS z WHERE z.zone_id = students.zone_id AND z.school_id = schools.school_id) AS in_zone
FROM a LEFT JOIN students ON students.rowid = _s LEFT JOIN choices ON choices.rowid = _choice
    LEFT JOIN programmes ON programmes.rowid = _p LEFT JOIN schools ON schools.school_id = programmes.school_id"""


def code(text: str) -> str:
    """Return an expression as SQLite reads it: whole sums to nine decimals, so that no last bit of a float counts."""

    def to_nine(found: re.Match[str]) -> str:
        before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
        part = before[-1] in "+-*/%)" or before[-3:].lower() == "end" or after[0] in "+-*/%("
        return found[1] or (found[0] if part or found[0] == "/" else f"round({found[0]}, 9)").replace("/", "*1.0/")

    return SUM.sub(to_nine, f"({COMMENT.sub(lambda found: found[1] or ' ', text)})")


def typed(cells: set[str], text: bool) -> tuple[dict[str, Any], str]:
    """Return what stands for some cells of a column, and its type: numbers or truth values if all are, or else text."""
    cells, known = cells - {""}, dict[str, Any]({"": None})
    if not text and all(map(NUMBER.fullmatch, cells)):
        return known, "NUMERIC"
    if not text and {cell.lower() for cell in cells} <= {"true", "false"}:
        return known | {cell: int(cell.lower() == "true") for cell in cells}, "NUMERIC"
    return known, "TEXT"


def spot(lon: str, lat: str, x: str, y: str) -> Any:
    """Return a place as a point of the plane, and of the globe in half radians with the cosine of its latitude."""
    globe = (radians(float(lon)) / 2, radians(float(lat)) / 2, cos(radians(float(lat)))) if lon and lat else None
    return (float(x), float(y)) if x else None, globe


class Run:
    """What a run published, beside the office's tables, which SQLite holds, too."""

    def __init__(self, manifest: Any, tables: Any):
        self.policy, self.seed = tomllib.loads(manifest["policy"]), manifest["seed"] or ""
        self.db = sqlite3.connect(":memory:")
        self.cases, self.faults, self.read = Counter[str](), defaultdict[str, list[Any]](list), dict[str, Any]()
        self.taken, self.left, self.placed, self.given = Counter[int](), dict[int, str](), set[int](), dict[str, Any]()
        names = self.load(manifest["policy"], tables)
        widths = {table: width for table, (width, _) in CHECKS.items()}
        self.published = {table: {cells[:n]: cells[n:] for cells in self.read[table]} for table, n in widths.items()}
        self.distinct = {table: len(rows) for table, rows in self.published.items()}
        self.students = dict(enumerate(self.read["students"], 1))
        self.programmes = dict(enumerate(self.read["programmes"], 1))
        self.far = dict.fromkeys((cells[0] for cells in self.read["students"]), 0)
        self.stage, self.bundle = ({cells[0]: cells[k] for cells in self.students.values()} for k in (3, 2))
        self.row = {cells[0]: p for p, cells in self.programmes.items()}
        bundles = defaultdict[str, list[Any]](list)
        for s, (i, _, bundle, *_) in self.students.items():
            bundles[bundle or i].append((i, s))
        self.name = {min(of)[1]: name for name, of in bundles.items()}  # of each bundle, by who speaks for it
        self.members = {s: [i for i, _ in bundles[name]] for s, name in self.name.items()}
        speakers = {i: s for s, of in self.members.items() for i in of}
        self.wishes, self.groups = defaultdict[int, dict[int, Any]](dict), defaultdict[str, set[str]](set)
        choices = sorted(enumerate(self.read["choices"], 1), key=lambda row: row[1][0], reverse=True)
        for c, (i, p, rank, *_) in choices:  # of a bundle the list of its first child that has one
            self.wishes[speakers[i]][self.row[p]] = float(rank or -inf), c
        schools = {cells[0]: cells for cells in self.read["schools"]}
        for zone, school, *_ in self.read["zones"]:
            self.groups[zone] |= {schools[school][1]} - {""}
        self.homes = {s: spot(*cells[4:8]) for s, cells in self.students.items()}
        at = {p: schools[cells[1]] for p, cells in self.programmes.items()}
        self.sites = {p: (*spot(*cells[4:8]), *cells[:2]) for p, cells in at.items()}
        stated = self.read["distances"]
        self.stated = {(zone, i * (not zone), school): float(far) for zone, i, school, far, *_ in stated}
        self.plan = {(p, pool): int(float(seats)) for p, pool, seats, *_ in self.read["seat_plan"]}
        self.allocation = defaultdict[str, dict[str, tuple[str, str]]](dict)
        for (i,), (_, name, p, _, pool, *_) in self.published["allocation"].items():
            self.allocation[name][i] = p, pool
        self.scoped = self.policy.get("lottery", {}).get("scope") == "programme"
        self.alien = {name.lower() for name, where in names.items() if where[:9] != "students."}
        self.alien |= {"in_zone", "distance", "choice_rank"} | ({"lottery"} if self.scoped else set())
        self.draw = cache(self.lottery)
        self.db.create_function("draw", 2, self.draw, deterministic=True)
        self.db.create_function("metres", 2, lambda s, p: self.metres(s, [p])[0] if s and p else None)
        self.db.create_function("left_by", 1, self.left.get)
        self.db.create_function("placed", 1, self.placed.__contains__)
        columns = ", ".join(f'{where} AS "{name}"' for name, where in names.items())
        self.db.executescript(VIEW.format(scope="_p" if self.scoped else "NULL", columns=columns))

    def load(self, policy: str, tables: Any) -> dict[str, str]:
        """Take the columns that are told of, the office's into SQLite; return where what conditions may read stands."""
        names = dict[str, str]()
        for table, columns in TABLES.items():
            text, named = columns.partition("|")[0].split(), columns.replace("|", "").split()
            lines = iter(tables.get(table) or [[]])
            head = next(lines)
            lacks = [name for name in named if name not in head]
            if table not in CHECKS:
                named += [name for name in head if name not in named and name.lower() in policy.lower()]
            pick = itemgetter(*map([*head, *lacks].index, named))
            self.read[table] = [pick(line + [""] * len(lacks)) for line in lines] if lacks else [*map(pick, lines)]
            if table in ("students", "choices", "programmes", "schools", "zones"):
                kinds, known, own = list[str](), list[Any](), named[2:] if table == "choices" else named
                for name, cells in [*zip(named, zip(*self.read[table], strict=True), strict=False)][-len(own) :]:
                    values, kind = typed({""} if name in text else {*cells}, name in text)
                    kinds.append(f'"{name}" {kind}')
                    known.append(map(values.get, cells, cells))
                kinds, marks = kinds or [f'"{name}"' for name in own], ", ".join("?" * len(own))
                self.db.execute(f"CREATE TABLE {table} ({', '.join(kinds)})")
                self.db.executemany(f"INSERT INTO {table} VALUES ({marks})", zip(*known, strict=True))
                told = {name: f'{table}."{name}"' for name in own if name in head and table != "zones"}
                names = {f"{table[:-1]}_{name}": where for name, where in told.items()} | told | names
        return names

    def tell(self, check: str, bad: bool, table: str, where: Any) -> None:
        """Count a case of a check, and note the row, or what a published row begins with, where it is bad."""
        self.cases[check] += 1
        if bad:
            self.faults[check].append((table, where))

    def first(self, check: str) -> str:
        """Return where a check first found something wrong."""
        for table, where in self.faults[check][:1]:
            rows = (n for n, cells in enumerate(self.read[table], 2) if cells[: len(where)] == where)
            row = where if isinstance(where, int) else next(rows, None)
            return f"{table} row {row}" if row else f"{table}: a row is missing"
        return ""

    def lay(self, table: str, ids: Any, right: tuple[str, ...]) -> None:
        """Take a row off a published table, and lay its cells beside what they must be."""
        if (cells := self.published[table].pop(ids, None)) != right:
            for check, cell, must in zip(CHECKS[table][1].split(), cells or [None] * 8, right, strict=False):
                if cell != must:
                    self.faults[check].append((table, ids))

    def seat(self, i: str, p: int, name: str, pool: str, given: float, route: str) -> None:
        """Note the row of the allocation that a child's seat makes right."""
        rank = "" if given == -inf else f"{given:.15g}"
        self.given[i] = (self.stage[i], name, *self.programmes[p][:2], pool, rank, route, "")

    def looks_beyond(self, conditions: str) -> bool:
        """Return whether conditions may read more than the student's own row."""
        text = re.sub(QUOTED, lambda quoted: quoted[0] * (quoted[0][0] == '"'), conditions).lower()
        words = {*re.findall(r"\w+", text)}
        return any(name in words or (name in text and not name.isidentifier()) for name in self.alien)

    def suppose(self, pairs: Any) -> None:
        """Let the view tell of these pairs of a student and a programme."""
        self.db.execute("DELETE FROM a")
        self.db.executemany("INSERT INTO a VALUES (?, ?, ?)", pairs)

    def lottery(self, s: int, p: int | None) -> str:
        """Return a lottery number."""
        return sha256(":".join((self.seed, *([self.programmes[p][0]] if p else []), self.name[s])).encode()).hexdigest()

    def metres(self, s: int, programmes: Any) -> list[int | None]:
        """Return whole metres: those a table has for a child or its zone, on the plane, or on the globe (haversine)."""
        (i, zone, *_), (plane, globe), sites = self.students[s], self.homes[s], [self.sites[p] for p in programmes]
        x, y, level = globe or (0, 0, 0)
        halves = [globe and at and sin(at[1] - y) ** 2 + level * at[2] * sin(at[0] - x) ** 2 for _, at, *_ in sites]
        found: list[int | None] = [None if a is None else round(12_742_017.6 * asin(sqrt(a))) for a in halves]
        if plane:
            found = [round(dist(plane, site[0])) if site[0] else far for site, far in zip(sites, found, strict=True)]
        if self.stated:
            stated = [self.stated.get(("", i, site[2]), self.stated.get((zone, "", site[2]))) for site in sites]
            found = [far if metres is None else round(metres) for metres, far in zip(stated, found, strict=True)]
        return found


class Round:
    """A round made anew, beside the run's seats.

    An application is its programme, pool, place in the list, class, rank among choices, lottery number, and the number
    by which it goes before others; the pool is -1, and there is no such number, where it may compete nowhere.
    """

    def __init__(self, run: Run, rule: Any):
        self.run, self.rule, self.name, parameters = run, rule, rule["name"], rule.get("parameters", {})
        self.classes = rule.get("priority") or [{"class": "open to all"}]
        self.pools = rule.get("pool") or [{"name": "all"}]
        self.mechanism, self.parameters = rule.get("mechanism", "deferred_acceptance"), {*map(str, parameters.values())}
        self.tied, self.skip = parameters.get("ties") == "admit_all", "skip" in self.parameters
        self.room, self.entries = dict[int, int](), dict[int, list[Any]]()
        self.apply(self.listed(code(rule.get("students", "TRUE"))))
        numbers = {one[-1] for own in self.entries.values() for one in own} - {None}
        self.keys: dict[Any, int] = {number: key for key, number in enumerate(sorted(numbers))}
        self.shares, self.seats, self.seated = self.divide(), dict[str, Any](), run.allocation[self.name]
        every_pool = [*enumerate(pool["name"] for pool in self.pools), (-1, "")]
        self.label = {(p, j): (self.name, run.programmes[p][0], pool) for p in self.room for j, pool in every_pool}
        bands = 1 if self.mechanism == "immediate_acceptance" else parameters.get("band", 1 << 60)
        *first, last = bands if isinstance(bands, list) else [bands]
        step = lambda n: sum(n > end for end in accumulate(first)) + max(0, n - sum(first) - 1) // last  # noqa: E731
        self.steps = [step(n) << 32 for n in range(1 + max(map(len, self.entries.values()), default=0))]

    def listed(self, who: str) -> dict[int, list[int]]:
        """Return the programmes that each child the round is for lists there, in order; note the room of each."""
        run, ids, rule = self.run, self.run.programmes, self.rule
        here = [s for s in run.members if run.students[s][3] == rule["stage"] and s not in run.placed]
        if "students" in rule and not run.looks_beyond(who):
            run.suppose((s, None, None) for s in here)
            here = [s for (s,) in run.db.execute(f"SELECT _s FROM v WHERE {who}")]
        run.suppose((None, p, None) for p in ids)
        cap = run.policy.get("class_size", {}).get(rule["stage"], 0)
        seats = f"CAST(coalesce(_seats, _classes * coalesce(_size, {cap}), 0) AS INTEGER)"
        offered = f"_stage = '{rule['stage']}' AND {code(rule.get('programmes', 'TRUE'))} ORDER BY programme_id"
        sizes = run.db.execute(f"SELECT _p, {seats} FROM v WHERE {offered}")
        self.room = {p: max(0, seats - run.taken[p]) for p, seats in sizes}
        at, of_zone = defaultdict[str, list[int]](list), defaultdict[str, list[int]](list)
        for p in self.room:
            at[ids[p][1]].append(p)
        for zone, school, *_ in run.read["zones"]:
            of_zone[zone] += at[school]
        lists = dict[int, list[int]]()
        for s in here:
            turns = list[tuple[Any, ...]]()
            for n, source in enumerate(rule.get("lists", ["choices"])):
                if source == "choices":
                    turns += [(n, False, wish[0], ids[p][0], p) for p, wish in run.wishes[s].items() if p in self.room]
                else:
                    near = [*(of_zone[run.students[s][1]] if source == "zone" else self.room)]
                    metres = zip(near, run.metres(s, near), strict=True)
                    turns += [(n, far is None, far, ids[p][0], p) for p, far in metres]
            lists[s] = [*dict.fromkeys([p for *_, p in sorted(turns)])]
        return lists

    def apply(self, lists: dict[int, list[int]]) -> None:
        """Make every application: its class, the pools it competes in, and who goes before whom."""
        run, classes, weak = self.run, self.classes, self.tied or self.mechanism == "stable_improvement"
        columns, orders, of = dict[str, str](), dict[str, int](), [list[int]() for _ in classes]
        drawn, later = False, ["after members" in pool.values() for pool in self.pools]
        for (k, one), pool in product(enumerate(classes), self.pools):
            texts = pool.get("order") or one.get("order") or self.rule.get("order") or ["lottery"]
            terms = [(TERM.sub(r"\1", text), TERM.sub(r"\2", text)) for text in texts]
            drawn = drawn or "lottery" in dict(terms)
            cut = takewhile(lambda term: term[0] != "lottery" or not weak, terms)
            by = [f"{columns.setdefault(code(what), f't{len(columns)}')} {way} NULLS LAST" for what, way in cut]
            of[k].append(orders.setdefault(", ".join([*by, "0" if weak else "student_id"]), len(orders)))
        when = " ".join(f"WHEN {code(one.get('when', 'TRUE'))} THEN {k}" for k, one in enumerate(classes))
        who = code(self.rule.get("students", "TRUE"))
        values = [f"CASE WHEN NOT coalesce({who}, 0) THEN -1 {when} ELSE -2 END AS k"]
        values += [f"coalesce({code(pool.get('members', 'TRUE'))}, 0) AS m{j}" for j, pool in enumerate(self.pools)]
        values += [f"{what} AS {column}" for what, column in columns.items()]
        each = run.looks_beyond(" ".join(values)) or (drawn and run.scoped)  # or else a child is alike everywhere
        pairs = ((s, p, run.wishes[s].get(p, (None,))[-1]) for s, ps in lists.items() for p in ps)
        run.suppose(pairs if each else ((s, None, None) for s, ps in lists.items() if ps))
        columns_told = ", ".join(["student_id", *values])
        run.db.executescript(f"DROP TABLE IF EXISTS app; CREATE TABLE app AS SELECT {columns_told} FROM v")
        ranked = (f"SELECT dense_rank() OVER (ORDER BY {by}) FROM app ORDER BY rowid" for by in orders)
        ranks = [[rank for (rank,) in run.db.execute(query)] for query in ranked]
        inside = ", ".join(f"m{j}" for j in range(len(self.pools)))
        told, row = run.db.execute(f"SELECT k, {inside} FROM app ORDER BY rowid").fetchall(), -1
        for s, programmes in lists.items():
            own = self.entries[s] = []
            for place, p in enumerate(programmes, 1):
                if each or place == 1:
                    row += 1
                    (k, *member), lottery = told[row], run.draw(s, p if run.scoped else None) if drawn else ""
                    into = [  # members go before others, then class by class, then by the order
                        (j, (k + (0 if member[j] else len(classes)) << 32) + ranks[order][row])
                        for j, order in enumerate(of[k] if k >= 0 else ())
                        if member[j] or later[j]
                    ]
                given = run.wishes[s].get(p, (-inf,))[0]
                own += [(p, j, place, k, given, lottery, number) for j, number in into or [(-1, None)]]

    def divide(self) -> dict[tuple[int, int], int]:
        """Return the seats of each pool at each programme: its share of what earlier rounds left."""
        room, shares = self.room, dict[tuple[int, int], int]()
        for j, pool in sorted(enumerate(self.pools), key=lambda pool: pool[1].get("seats", "rest") == "rest"):
            seats, share = pool.get("seats", "rest"), room
            if seats == "seat_plan":
                plan = {p: self.run.plan.get((self.run.programmes[p][0], pool["name"]), 0) for p in room}
                share = {p: min(plan[p], room[p]) for p in room}
            elif seats != "rest":  # largest remainder; what the room cuts off goes on by the same remainders
                seats, whole = min(seats, sum(room.values())), max(sum(self.room.values()), 1)
                share = {p: min(seats * self.room[p] // whole, room[p]) for p in room}
                turns = cycle(sorted(room, key=lambda p: -(seats * self.room[p] % whole)))
                while sum(share.values()) < seats:
                    p = next(turns)
                    share[p] += share[p] < room[p]
            shares |= {(p, j): n for p, n in share.items()}
            room = {p: room[p] - share[p] for p in room}
        return shares

    def sit(self) -> dict[Any, list[Any]]:
        """Return who holds a seat of each box: key, step and key, group, key as published, class; note where."""
        run, published = self.run, self.run.published["applications"]
        box_of = {label[1:]: box for box, label in self.label.items()}
        holders = {box: list[Any]() for box in self.shares}
        for s, own in self.entries.items():
            for i in run.members[s] if run.members[s][0] in self.seated else ():
                box = box_of.get(self.seated.get(i, ("", "")))
                for p, j, place, k, given, _, number in own:
                    if number is not None and box == (p, j):
                        key, (name, *ids) = self.keys[number], self.label[box]
                        group, text = key if self.tied else s, published.get((name, i, *ids), " " * 4)[3]
                        self.seats[i] = (place, j), box, group
                        holders[box].append((key, self.steps[place] + key, group, text, self.classes[k]["class"]))
                        run.seat(i, p, name, ids[1], given, "zone" if given == -inf else "choice")
        return holders

    def judge(self) -> None:
        """Say how every application must end, and which of them, or which circles, break the mechanism's promise."""
        run, holders = self.run, self.sit()
        worst = {box: max([turn for _, turn, *_ in held], default=-1) for box, held in holders.items()}
        groups = {box: Counter(group for _, _, group, *_ in held) for box, held in holders.items()}
        vacant = {box: len(held) < self.shares[box] for box, held in holders.items()}
        self.close(holders, groups)
        classes, best, key = [one["class"] for one in self.classes] + ["", ""], dict[Any, Any](), None
        wanted, envy, waste = 0, list[Any](), list[Any]()
        for s, own in self.entries.items():
            for i in run.members[s]:
                (seat, at, group), bundle = self.seats.get(i, ((inf, 0), None, None)), run.bundle[i]
                far = 0 if own else 2
                for p, j, place, k, _, lottery, number in own:
                    (name, programme, pool), key = self.label[p, j], self.keys.get(number)
                    ids = name, i, programme, pool
                    if key is None:
                        outcome, now = {-1: ("not eligible", 1), -2: ("no class", 3)}.get(k, ("no pool", 4))
                    elif (place, j) >= seat:
                        outcome, now = "admitted" if (place, j) == seat else "not needed", 5
                    else:
                        outcome, now, wanted, turn = "refused", 5, wanted + 1, self.steps[place] + key
                        box = p, j
                        if turn < worst[box] + self.tied:
                            envy.append(ids)
                        if vacant[box]:
                            waste.append(ids)
                        if box not in best or turn < best[box][0]:
                            best[box] = turn, set()
                        if at and turn == best[box][0] and groups[at][group] == 1:
                            best[box][1].add(at)
                    text, far = "" if key is None else str(key), now if now > far else far
                    run.lay("applications", ids, (str(place), classes[k], lottery, text, outcome, bundle))
                run.far[i] = max(run.far[i], far)
        arrows = circles = {(box, there) for box, (_, ends) in best.items() for there in ends}
        while len(left := {arrow for arrow in circles if arrow[1] in {box for box, _ in circles}}) < len(circles):
            circles = left  # arrows from a pool to the seat of whom it wants most: some go in a circle, or none is left
        found = {"envy": (wanted, envy), "waste": (wanted, waste), "improvement": (len(arrows), [*circles])}
        lost = ["improvement"] if self.tied or "programmes" in self.parameters else []
        if any(len(run.members[s]) > 1 for s in self.entries):
            lost += {"regional": ["envy"], "stable_improvement": ["improvement"]}.get(self.mechanism, [])
        several = (len({one[-1] for one in own} - {None}) > 1 for own in self.entries.values())  # keys of one child
        if self.mechanism == "score_bands" and any(several):
            lost.append("waste")
        for check in () if self.skip else PROVEN.get(self.mechanism, "").split():
            cases, faults = found[check]
            if check not in lost:
                run.cases[check] += cases - len(faults)
                for at in faults:
                    table, where = ("programmes", at[0][0] + 1) if check == "improvement" else ("applications", at)
                    run.tell(check, True, table, where)
        free = {box: max(0, self.shares[box] - len(held)) for box, held in holders.items()}
        self.follow({p: sum(free[p, j] for j, _ in enumerate(self.pools)) for p in self.room})

    def close(self, holders: dict[Any, list[Any]], groups: dict[Any, Counter[Any]]) -> None:
        """Say how the row of every pool must read, and whether a pool holds more than it has seats."""
        run, published = self.run, self.run.published
        for box, held in holders.items():
            ids, share, (_, _, group, *line) = self.label[box], self.shares[box], max(held, default=(0, 0, 0, "-1", ""))
            last_come = self.mechanism in ("deferred_acceptance", "serial_dictatorship", "regional")
            together = groups[box][group] if last_come else max(groups[box].values(), default=0)
            run.tell("seats", len(held) >= share + max(1, together * (not self.skip)), "cutoffs", ids)
            capped = self.mechanism == "regional" and published["cutoffs"].get(ids, [""] * 4)[2]
            line = ["", ""] if len(held) < share and not capped else line
            run.lay("cutoffs", ids, (str(share), str(len(held)), *line))
        if self.mechanism == "score_bands":  # marks go before the order
            for ids, cells in published["applications"].items():
                if ids[0] == self.name and cells[3]:
                    key = str(int(cells[3]) % len(self.keys))
                    published["applications"][ids] = (*cells[:3], key, *cells[4:])

    def follow(self, free: dict[int, int]) -> None:
        """Note what the round leaves, and check whom its guarantee places."""
        run, here = self.run, self.entries
        guarantee = self.rule.get("guarantee", {"who": "FALSE"})
        run.suppose((s, None, None) for s in here if "guarantee" in self.rule)
        rest = {s for (s,) in run.db.execute(f"SELECT _s FROM v WHERE {code(guarantee.get('who', 'TRUE'))}")}
        run.far |= {i: 6 for s in rest for i in run.members[s]}
        first = {s: min((self.keys.get(one[-1], inf) for one in here[s]), default=inf) for s in rest}
        left = (s for s in rest if self.seats.keys().isdisjoint(run.members[s]))
        self.coordinate(guarantee, sorted(left, key=lambda s: (first[s], run.students[s][0])), free)
        run.placed |= {s for s in here if run.members[s][0] in self.seated}
        run.left |= dict.fromkeys({s for s, own in here.items() if any(one[3] != -1 for one in own)} | rest, self.name)
        run.taken.update(run.row.get(p, 0) for p, _ in self.seated.values())

    def coordinate(self, guarantee: Any, rest: list[int], free: dict[int, int]) -> None:
        """Check where children without a seat were placed: where they may be, as many as can be, at least cost."""
        run, everywhere, free = self.run, [*free], {p: seats for p, seats in free.items() if seats}
        ends, lines = [*free, None], defaultdict[Any, list[Any]](list)
        may = dict[int, Any]((s, free) for s in rest)
        if "where" in guarantee:
            run.suppose((s, p, None) for s, p in product(rest, free))
            pairs = {*run.db.execute(f"SELECT _s, _p FROM v WHERE {code(guarantee['where'])}")}
            may = {s: {p for p in free if (s, p) in pairs} for s in rest}
        group, metres = [run.sites[q][3] for q in free], {s: run.metres(s, free) for s in rest}
        prefer, beyond = guarantee.get("prefer", ["same_group", "distance"]), 0
        weight = {what: 10 ** (11 * n) for n, what in enumerate(reversed(prefer))}
        metre, elsewhere = weight.get("distance", 0), weight.get("same_group", 0)
        if any(None in line for line in metres.values()):  # what is unknown counts as farther than all that is known
            beyond = 1 + max((far for s in rest for far in run.metres(s, everywhere) if far is not None), default=-1)
        taken, largest = Counter[Any](), Counter[Any]()
        for turn, s in enumerate(rest):
            at = {run.row.get(self.seated[i][0], 0) if i in self.seated else None for i in run.members[s]}
            p, size, near = at.pop(), len(run.members[s]), run.groups[run.students[s][1]]
            taken[p], largest[p] = taken[p] + size, max(largest[p], size)
            run.tell("guarantee", wrong := bool(at) or (p is not None and p not in may[s]), "students", s + 1)
            if wrong:
                continue
            for i in run.members[s] if p else ():
                run.seat(i, p or 0, self.name, "", -inf, "coordinated")
            costs: list[Any] = [beyond if far is None else far for far in metres[s]]
            costs = [metre * far + elsewhere * (one not in near) for far, one in zip(costs, group, strict=True)]
            if len(may[s]) < len(free):
                costs = [cost if q in may[s] else inf for q, cost in zip(free, costs, strict=True)]
            if size == 1:
                own = [*costs, 10**40][ends.index(p)]  # whoever is left over is far from all
                lines[p].append([*(cost - own for cost in costs), 10**40 - own, turn])
        left = {p: seats - taken[p] for p, seats in free.items()}
        for p, seats in left.items():
            run.tell("guarantee", seats + max(largest[p], 1) <= 0, "programmes", p + 1)
        for s in rest:
            alone = len(run.members[s]) > 1 and run.members[s][0] not in self.seated
            run.tell("guarantee", alone and any(left[p] > 0 for p in may[s]), "students", s + 1)
        self.exchange(ends, lines, left)

    def exchange(self, ends: list[Any], lines: dict[Any, list[Any]], left: dict[int, int]) -> None:
        """Check that no moving of children along programmes saves anything, nor pleases whoever goes first.

        Of each child at a programme its line has what it would cost more at every other, and its turn. Nothing is saved
        if there are prices of the programmes at which nobody would move, none below that of a free seat. What costs
        nothing follows the prices: with moves of later children, none may lead to less cost or a smaller programme_id.
        """
        run, outlet = self.run, 0
        least = {p: [min(column) for column in zip(*line, strict=True)][:-1] for p, line in lines.items()}
        prices, before = [0] * len(ends), list[Any]()
        for _ in range(len(ends) + 2):
            outlet = min(price for p, price in zip(ends, prices, strict=True) if p is None or left[p] > 0)
            before, prices = prices, [min(price, outlet) for price in prices]
            for p, steps in least.items():
                start = prices[ends.index(p)]
                prices = [*map(min, prices, [start + step for step in steps])]
            if prices == before:
                break
        run.tell("guarantee", prices != before, "programmes", 2)
        moves = {b: {-1} if p is None or left[p] > 0 else set[int]() for b, p in enumerate(ends)}  # -1: a seat is free
        moves[-1] = {b for b, price in enumerate(prices) if price == outlet}
        placed = ((line[-1], ends.index(p), line[:-1]) for p, at in lines.items() for line in at)
        for _, a, steps in sorted(placed, reverse=True):
            equal = {b for b, step in enumerate(steps) if b != a and prices[a] + step == prices[b]}
            reached, todo = set[int](), [b for b in equal if (steps[b], b) < (0, a)]
            while todo:
                if (b := todo.pop()) not in reached:
                    reached.add(b)
                    todo += moves[b]
            run.tell("guarantee", a in reached, "programmes", (ends[a] or 1) + 1)
            moves[a] |= equal


def judge_run(manifest: Any, tables: Any) -> list[tuple[str, int, int, str]]:
    """Return for each check its cases, the faults, and where the first is."""
    run = Run(manifest, tables)
    for rule in run.policy["round"]:
        Round(run, rule).judge()
    for i, stage in run.stage.items():
        nothing = (stage, "", "", "", "", "", "none", REASONS[run.far[i]])
        run.lay("allocation", (i,), run.given.get(i, nothing))
    for table, (width, checks) in CHECKS.items():
        rows, extra = run.read[table], "children" if table == "allocation" else "rows"
        run.cases.update(dict.fromkeys({extra, *checks.split()}, len(rows)))
        seen = Counter(cells[:width] for cells in rows) if len(rows) > run.distinct[table] else Counter()
        doubled = (ids for ids, n in seen.items() if n > 1)
        run.faults[extra] += [(table, ids) for ids in [*run.published[table], *doubled]]
    return [(check, run.cases[check], len(run.faults[check]), run.first(check)) for check in sorted(run.cases)]


def main(out: str, data: str) -> int:
    """Print what each check found; return 0 if all holds, 3 where something does not, 2 if a file cannot be read."""
    gc.disable()  # there are no cycles to collect
    try:
        files = {path.name: path.read_bytes() for path in Path(out).iterdir()}
        if "run.json" not in files or not Path(data).is_dir():
            raise OSError(f"{data}: no such folder" if "run.json" in files else f"{out} holds no run.json; {USAGE}")
        found = {name: {sha256(content).hexdigest()} for name, content in files.items()}
        stated = (manifest := json.loads(files["run.json"]))["outputs"] | manifest["inputs"]
        for name in ("run.json", "timings.json"):  # each ends with the hash of its lines before
            lines = files[name].rpartition(b' "sha256": ')[0]
            stated[name] = sha256(lines + f' "sha256": "{sha256(lines).hexdigest()}"\n}}\n'.encode()).hexdigest()
        for name in {*TABLES, *manifest["inputs"]}:
            path = Path(data) / ("zones.geojson" if name == "outlines" else f"{name}.csv")
            if name in manifest["inputs"] and path.with_suffix(".parquet").is_file():
                raise OSError(f"{name}.parquet: plain Python reads CSV alone; `admissions verify` takes Parquet, too")
            if path.is_file():  # its hash is that of its header and its other lines in order, or as it is
                files[name] = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
                found[name] = {sha256(files[name]).hexdigest()}
                if stated.get(name) not in found[name]:
                    head, _, rest = files[name].replace(b"\r\n", b"\n").partition(b"\n")
                    lines = b"\n".join([head, *sorted(rest.removesuffix(b"\n").split(b"\n")), b""])
                    found[name].add(sha256(lines).hexdigest())
        wrong = sorted(name for name in stated | found if stated.get(name) not in found.get(name, set()))
        verdict = [("files", len(found), len(wrong), ", ".join(wrong))]
        if not wrong:
            files["applications"] = gzip.decompress(files["applications.csv.gz"])
            files |= {name: files[f"{name}.csv"] for name in ("allocation", "cutoffs")}
            inputs = {name: io.BytesIO(files[name]) for name in TABLES if name in files}
            texts = {name: io.TextIOWrapper(content, "utf-8", newline="") for name, content in inputs.items()}
            verdict += judge_run(manifest, {name: csv.reader(text) for name, text in texts.items()})
        for name, cases, faults, at in verdict:
            print(f"{'REFUSED' if faults else 'holds':8} {name:12} {cases:>12,}" + f"  {faults:,}: {at}" * bool(faults))
        return 3 if any(faults for _, _, faults, _ in verdict) else 0
    except (OSError, ValueError, KeyError, TypeError, IndexError, sqlite3.Error) as error:
        print(f"cannot be verified: {type(error).__name__}: {error}", file=sys.stderr)
        return 2
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]) if len(sys.argv) == 3 else print(USAGE, file=sys.stderr) or 2)
