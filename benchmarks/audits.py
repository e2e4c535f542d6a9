"""The audit of a market beside the kernel it checks."""

from rich.console import Console
from rich.table import Table

from admissions.audit import audit_market, stable_improvements
from admissions.mechanisms import match
from benchmarks.kernels import in_turn
from benchmarks.markets import synthetic


def run() -> None:
    """Print the audit's time as a ratio of the kernel's, at 1,000,000 × 10 × 2,000."""
    market = synthetic(1_000_000, 10, 2_000)
    matching = match(market, "deferred_acceptance")
    kernel, audit, improvements = in_turn(
        [
            lambda: match(market, "deferred_acceptance"),
            lambda: audit_market(market, matching),
            lambda: stable_improvements(market, matching),
        ]
    )
    table = Table("what", "median ms", "ratio to the kernel", "budget", title="Audit, 1,000,000 × 10 × 2,000")
    table.add_row("deferred acceptance", f"{kernel * 1e3:.0f}", "1.00", "")
    table.add_row("audit P1 to P5", f"{audit * 1e3:.0f}", f"{audit / kernel:.2f}", "1.0")
    table.add_row("audit P7", f"{improvements * 1e3:.0f}", f"{improvements / kernel:.2f}", "")
    Console(width=120).print(table)
