"""The second opinion: is the result what its mechanism promises?

The package is called like a function, ``admissions.audit(allocation)``, and holds the checks of a single market:
``admissions.audit.justified_envy(market, matching)``.
"""

import sys
from types import ModuleType

from admissions.allocation import Allocation
from admissions.audit.allocations import audit_allocation
from admissions.audit.findings import PROPERTIES, Audit, Finding, Violations
from admissions.audit.improvement import stable_improvements
from admissions.audit.matchings import audit_market, foreign_seats, justified_envy, overfull_pools, wasted_seats

__all__ = [
    "PROPERTIES",
    "Audit",
    "Finding",
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

    def __call__(self, allocation: Allocation) -> Audit:
        return audit_allocation(allocation)


sys.modules[__name__].__class__ = _CallableModule
