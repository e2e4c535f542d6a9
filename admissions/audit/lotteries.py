"""P8: every lottery number is drawn again, from the seed and the id alone."""

import hashlib

import polars as pl

from admissions.allocation import Allocation
from admissions.audit.findings import Violations
from admissions.policy.policy import Round


def numbers_that_differ(allocation: Allocation, rule: Round) -> Violations:
    """Return the applications whose recorded number is not SHA-256 of ``seed:id``, or that should have one.

    Parameters
    ----------
    allocation : Allocation
        Its seed, and the applications with their numbers.
    rule : Round
        The round.
    """
    if "lottery" not in allocation.applications.columns:
        return Violations(0)
    rows = allocation.applications.filter(pl.col("round") == rule.name)
    rows = rows.select("student_id", "programme_id", "lottery", drawn=pl.coalesce("bundle_id", "student_id"))
    if not rule.needs_lottery:
        bad = rows.filter(pl.col("lottery").is_not_null())
        return Violations.of(0, len(bad), ({"student_id": one} for one in bad["student_id"]))
    whose = ["programme_id", "drawn"] if allocation.policy.lottery.scope == "programme" else ["drawn"]
    first = rows.select(
        pl.any_horizontal((pl.col(name) != pl.col(name).shift(1)).fill_null(True) for name in [*whose, "lottery"])
    )
    draws = rows.filter(first.to_series() | rows["lottery"].is_null())
    prefix = f"{allocation.seed}:".encode()
    texts = draws.select(pl.concat_str(whose, separator=":")).to_series()
    again = [hashlib.sha256(prefix + text.encode()).hexdigest() for text in texts]
    bad = draws.filter(pl.Series(again) != draws["lottery"].fill_null(""))
    return Violations.of(len(rows), len(bad), ({"student_id": one} for one in bad["student_id"]))
