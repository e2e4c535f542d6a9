"""The picture of the page on years ahead: classes needed by school and grade, and the stock of the high schools."""

from collections.abc import Iterator

import polars as pl

import admissions as adm

SEED = "years ahead"
YEARS, DRAWS = 6, 20
GRADES = {"primary": range(1, 7), "junior": range(7, 10), "senior": range(10, 13)}
ZONES = ("old town", "new town")
SCHOOLS = {
    "old town primary": ("compulsory", "primary", 2),
    "new town primary": ("compulsory", "primary", 2),
    "junior school": ("compulsory", "junior", 4),
    "general": ("general", "senior", 2),
    "vocational": ("vocational", "senior", 2),
}
CLASS_SIZE = {"primary": 45, "junior": 50, "senior": 45}
WAYS = {"as vocational": "#0b6e99", "as general": "#c4501b"}
WIDE, HIGH, ACROSS, DOWN, LEFT, TOP = 108, 62, 24, 46, 150, 62


def made_up_town() -> tuple[adm.District, adm.Policy, adm.Assumptions]:
    """Return two zones with five schools, by zone and then by marks, and births that fall here and rise there."""
    pupils = [(f"{zone} {i:03d}", "primary", zone, i % 7) for zone in ZONES for i in range(84)]
    pupils += [(f"{zone} J{i:03d}", "junior", zone, i % 7) for zone in ZONES for i in range(90)]
    pupils += [(f"S{i:03d}", "senior", ZONES[i % 2], (i * 37) % 100) for i in range(170)]
    names = list(SCHOOLS)
    district = adm.District.from_frames(
        students=pl.DataFrame(pupils, schema=["student_id", "stage", "zone_id", "mark"], orient="row"),
        schools=pl.DataFrame({"school_id": names, "kind": [kind for kind, _, _ in SCHOOLS.values()]}),
        programmes=pl.DataFrame({"programme_id": names, "school_id": names}).with_columns(
            stage=pl.Series([stage for _, stage, _ in SCHOOLS.values()]),
            classes=pl.Series([classes for _, _, classes in SCHOOLS.values()]),
        ),
        zones=pl.DataFrame(
            [(zone, school) for zone in ZONES for school in (f"{zone} primary", "junior school")],
            schema=["zone_id", "school_id"],
            orient="row",
        ),
    )
    high = {"stage": "senior", "lists": ["nearest"], "order": ["mark desc", "lottery"]}
    diverted = [{"name": "diverted", "seats": 20}]
    policy = adm.Policy.from_dict(
        {
            "title": "By zone, then by marks",
            "class_size": CLASS_SIZE,
            "round": [
                {"name": "primary", "stage": "primary", "lists": ["zone"]},
                {"name": "junior", "stage": "junior", "lists": ["zone"]},
                {"name": "general", "programmes": "kind = 'general'", **high},
                {"name": "diversion", "programmes": "kind = 'vocational'", "pool": diverted, **high},
                {"name": "vocational", "programmes": "kind = 'vocational'", **high},
            ],
        }
    )
    rolls = [
        (name, grade, 43 * classes, classes, 20 if name == "vocational" else 0)
        for name, (_, stage, classes) in SCHOOLS.items()
        for grade in GRADES[stage]
    ]
    births = [("old town", 2010 + k, 80 - 6 * k) for k in range(1, YEARS)]
    births += [("new town", 2010 + k, 76 + 10 * k) for k in range(1, YEARS)]
    assumptions = adm.Assumptions.of(
        {
            "title": "Families move to the new town",
            "year": 2016,
            "diverted_round": "diversion",
            "before_school": {"leaving": 0.02, "coming": 0.02},
            "rate": [
                {"of": "primary", "dropout": 0.004, "attrition": 0.01},
                {"of": "junior", "dropout": 0.01, "attrition": 0.02},
                {"of": "general", "dropout": 0.01},
                {"of": "vocational", "dropout": 0.06},
            ],
            "onward": [{"to": "junior", "apply": 0.98}, {"to": "senior", "apply": 0.96}],
            "housing": [{"zone_id": "new town", "year": 2018, "dwellings": 250, "primary": 0.5, "junior": 0.2}],
            "intake": [
                {"programme_id": "new town primary", "year": 2018, "classes": 3},
                {"programme_id": "general", "year": 2020, "classes": 3},
            ],
        },
        enrolment=pl.DataFrame(rolls, schema=["school_id", "grade", "children", "classes", "diverted"], orient="row"),
        births=pl.DataFrame(births, schema=["zone_id", "year", "children"], orient="row"),
    )
    return district, policy, assumptions


def draw_years(ahead: adm.Projection) -> str:
    """Return the SVG: a cell for each school and grade, and below them the stock of the high schools."""
    years = ahead.enrolment["year"].unique().sort().to_list()
    wide, high = LEFT + 6 * (WIDE + ACROSS) + 20, TOP + len(SCHOOLS) * (HIGH + DOWN) + 250
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">'
    )
    parts = [head, f'<rect width="{wide}" height="{high}" fill="white"/>']
    parts += [_text(20, 24, "Classes a grade needs", 'font-weight="bold"'), *_legend(LEFT, 24)]
    for row, (school, (_, stage, _)) in enumerate(SCHOOLS.items()):
        down = TOP + row * (HIGH + DOWN)
        parts.append(_text(20, down + HIGH / 2, school))
        for column, grade in enumerate(GRADES[stage]):
            own = ahead.enrolment.filter(school_id=school, grade=grade).sort("year")
            parts += _cell(LEFT + column * (WIDE + ACROSS), down, f"grade {grade}", own, CLASS_SIZE[stage])
    parts += _stock(ahead.ratio, years, TOP + len(SCHOOLS) * (HIGH + DOWN) + 30)
    return "\n".join([*parts, "</svg>"]) + "\n"


def _legend(left: float, down: float) -> Iterator[str]:
    yield f'<rect x="{left + 30}" y="{down - 10}" width="24" height="11" fill="#0b6e99" fill-opacity="0.25"/>'
    yield f'<path d="M{left + 30},{down - 4} h24" stroke="#0b6e99" stroke-width="2"/>'
    yield _text(left + 60, down, "needed: in half of the draws, and from 5 % to 95 % of them")
    yield f'<path d="M{left + 450},{down - 4} h24" stroke="#ccc" stroke-width="7"/>'
    yield _text(left + 480, down, "classes the grade has")


def _cell(left: float, down: float, title: str, own: pl.DataFrame, cap: int) -> Iterator[str]:
    """Yield the classes a grade of a school needs, year by year, as steps; one step up is one class more."""
    top = 5

    def steps(values: list[int]) -> list[tuple[float, float]]:
        width = WIDE / len(values)
        corners = [
            (left + width * (at + end), _level(down, value / top)) for at, value in enumerate(values) for end in (0, 1)
        ]
        return [(round(x, 1), y) for x, y in corners]

    low, median, high = (
        [-(-children // cap) for children in own[name].to_list()] for name in ("low", "median", "high")
    )
    yield _text(left + WIDE / 2, down - 6, title, 'text-anchor="middle" fill="#555"')
    for line in range(top + 1):
        y = _level(down, line / top)
        yield f'<path d="M{left},{y} h{WIDE}" stroke="{"#999" if line == 0 else "#e4e4e4"}"/>'
        if line in (0, top):
            yield _text(left - 4, y + 4, f"{line}", 'text-anchor="end" font-size="10"')
    yield _line(steps(own["classes"].to_list()), "#ccc", width=7)
    yield _band(steps(high), steps(low), "#0b6e99")
    yield _line(steps(median), "#0b6e99")
    first, last = own["year"][0], own["year"][-1]
    yield _text(left, down + HIGH + 13, f"{first}", 'font-size="10"')
    yield _text(left + WIDE, down + HIGH + 13, f"{last}", 'text-anchor="end" font-size="10"')


def _level(down: float, share: float) -> float:
    return round(down + HIGH * (1 - share), 1)


def _stock(ratio: pl.DataFrame, years: list[int], down: float) -> Iterator[str]:
    """Yield the general parts of ten of the high schools' stock, year by year, the diverted counted on either side."""
    wide, high, least, most = 480, 160, 4.0, 9.0

    def at(place: int, parts: float) -> tuple[float, float]:
        return round(LEFT + wide * place / (len(years) - 1), 1), round(down + high * (most - parts) / (most - least), 1)

    yield _text(20, down - 16, "General : vocational stock, in ten parts", 'font-weight="bold"')
    for line in (4.0, 5.0, 6.0, 7.0, 8.0, 9.0):
        _, y = at(0, line)
        goal = line == 5.0
        yield f'<path d="M{LEFT},{y} h{wide}" stroke="{"#333" if goal else "#e4e4e4"}"/>'
        yield _text(LEFT - 8, y + 4, f"{line:.1f} : {10 - line:.1f}", 'text-anchor="end"')
    yield _text(LEFT + wide + 8, at(0, 5.0)[1] + 4, "the plan's 5 : 5")
    for place, year in enumerate(years):
        yield _text(at(place, least)[0], down + high + 18, f"{year}", 'text-anchor="middle"')
    for way, colour in WAYS.items():
        own = ratio.filter(diverted_counted=way).sort("year")
        low, median, top = ([10 * one / (1 + one) for one in own[name].to_list()] for name in ("low", "median", "high"))
        yield _band(*([at(place, one) for place, one in enumerate(edge)] for edge in (top, low)), colour)
        yield _line([at(place, one) for place, one in enumerate(median)], colour)
        yield _text(LEFT + wide + 8, at(0, median[-1])[1] + 4, f"diverted counted {way}", f'fill="{colour}"')


def _line(points: list[tuple[float, float]], colour: str, width: int = 2) -> str:
    drawn = " ".join(f"{x},{y}" for x, y in points)
    return f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{width}"/>'


def _band(upper: list[tuple[float, float]], lower: list[tuple[float, float]], colour: str) -> str:
    edge = " ".join(f"{x},{y}" for x, y in upper + lower[::-1])
    return f'<polygon points="{edge}" fill="{colour}" fill-opacity="0.25"/>'


def _text(x: float, y: float, words: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" {more}>{words}</text>'


def draw_picture() -> str:
    """Return the SVG of the made-up town."""
    district, policy, assumptions = made_up_town()
    return draw_years(adm.project(district, policy, years=YEARS, assumptions=assumptions, draws=DRAWS, seed=SEED))
