"""The second opinion: is the result what its mechanism promises?

The package is called like a function, ``admissions.audit(allocation)``, and holds the checks of a single market:
``admissions.audit.justified_envy(market, matching)``.
"""

import sys
from collections.abc import Iterable, Sequence
from types import ModuleType

from admissions.allocation import Allocation
from admissions.audit.allocations import audit_allocation
from admissions.audit.findings import PROPERTIES, Audit, Finding, Violations
from admissions.audit.groups import Comparison, Figure, Groups
from admissions.audit.improvement import stable_improvements
from admissions.audit.matchings import audit_market, foreign_seats, justified_envy, overfull_pools, wasted_seats
from admissions.audit.measures import MEASURES

__all__ = [
    "MEASURES",
    "PROPERTIES",
    "Audit",
    "Comparison",
    "Figure",
    "Finding",
    "Groups",
    "Violations",
    "audit_allocation",
    "audit_market",
    "foreign_seats",
    "justified_envy",
    "overfull_pools",
    "stable_improvements",
    "wasted_seats",
]


class _CallableModule(ModuleType):
    """Lets ``admissions.audit`` be the package and the verb, as the interface has it."""

    def __call__(
        self, allocation: Allocation, by: str | Sequence[str] = (), redraws: Iterable[Allocation] = ()
    ) -> Audit:
        return audit_allocation(allocation, by, redraws)


sys.modules[__name__].__class__ = _CallableModule
