"""The picture of the page on tie-breaking: rank distributions under one lottery and under one a school."""

import random

import polars as pl

import admissions as adm

SEED = "tie-breaking"
STUDENTS, SCHOOLS = 300, 10
DRAWS = 200
MARKETS = {"more children than seats": 27, "more seats than children": 33}
"""Seats of each school."""
LINES = {"single": ("one lottery for all schools", "#0b6e99"), "programme": ("a lottery of each school", "#c4501b")}
WIDTH, HEIGHT, LEFT, TOP, GAP = 380, 230, 50, 40, 70


def random_district(seats: int) -> adm.District:
    """Return a district whose children list all schools, each list as likely as any other."""
    rng = random.Random(SEED)  # noqa: S311
    schools = [f"P{j:02d}" for j in range(SCHOOLS)]
    ids = [f"S{i:03d}" for i in range(STUDENTS)]
    listed = [(one, rank, name) for one in ids for rank, name in enumerate(rng.sample(schools, SCHOOLS), start=1)]
    return adm.District.from_frames(
        students=pl.DataFrame({"student_id": ids}).with_columns(stage=pl.lit("primary")),
        schools=pl.DataFrame({"school_id": schools}),
        programmes=pl.DataFrame({"programme_id": schools, "school_id": schools}).with_columns(
            stage=pl.lit("primary"), seats=pl.lit(seats)
        ),
        choices=pl.DataFrame(listed, schema=["student_id", "rank", "programme_id"], orient="row"),
    )


def by_lot(scope: str, stage: str = "primary") -> adm.Policy:
    """Return the policy that ranks by nothing but the lottery, one for all schools or one of each."""
    rounds = [{"name": "round", "stage": stage}]
    return adm.Policy.from_dict({"title": "By lot", "lottery": {"scope": scope}, "round": rounds})


def rank_distribution(district: adm.District, policy: adm.Policy, draws: int = DRAWS) -> list[float]:
    """Return the share of children with their first choice, with one of their first two, and so on, over the draws."""
    odds = adm.simulate(district, policy, draws=draws, seed=SEED)
    by_rank = odds.applications.group_by("rank").agg(pl.col("odds").sum()).sort("rank")
    return (by_rank["odds"].cum_sum() / len(odds.children)).to_list()


def draw_picture() -> str:
    """Return the SVG: a panel for each market, a line for each way to draw."""
    panels = []
    for place, (title, seats) in enumerate(MARKETS.items()):
        district = random_district(seats)
        lines = {scope: rank_distribution(district, by_lot(scope)) for scope in LINES}
        panels.append(_panel(LEFT + place * (WIDTH + GAP), title, lines))
    wide, high = 2 * (WIDTH + GAP) + LEFT, HEIGHT + TOP + 60
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{wide}" height="{high}" fill="white"/>', *panels, "</svg>"]) + "\n"


def _panel(left: int, title: str, lines: dict[str, list[float]]) -> str:
    low = min(min(shares) for shares in lines.values()) // 0.1 / 10

    def at(rank: int, share: float) -> tuple[float, float]:
        across = left + WIDTH * (rank - 1) / (SCHOOLS - 1)
        return round(across, 1), round(TOP + HEIGHT * (1 - share) / (1 - low), 1)

    parts = [f'<text x="{left}" y="{TOP - 16}" font-weight="bold">{title}</text>']
    for step in range(5):
        share = low + (1 - low) * step / 4
        _, y = at(1, share)
        parts.append(f'<line x1="{left}" y1="{y}" x2="{left + WIDTH}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{round(100 * share, 1):g}%</text>')
    for rank in range(1, SCHOOLS + 1):
        x, y = at(rank, low)
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{rank}</text>')
    for row, (scope, shares) in enumerate(lines.items()):
        name, colour = LINES[scope]
        points = " ".join(f"{x},{y}" for x, y in (at(rank, share) for rank, share in enumerate(shares, start=1)))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        y = TOP + HEIGHT - 34 + 18 * row
        parts.append(f'<text x="{left + WIDTH - 8}" y="{y}" text-anchor="end" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{left}" y="{TOP + HEIGHT + 38}">place on the list, or better</text>')
    return "\n".join(parts)
