"""The same district under the same policy with other lotteries."""

from collections.abc import Iterator

from admissions.allocation import Allocation
from admissions.engine import allocate
from admissions.errors import AdmissionsError


def redraw(allocation: Allocation, draws: int) -> Iterator[Allocation]:
    """Yield the allocations of the same tables and policy under so many other seeds, one at a time.

    Parameters
    ----------
    allocation : Allocation
        With its district.
    draws : int
        How many; the seeds are ``"SEED redraw 1"``, ``"SEED redraw 2"`` …

    Raises
    ------
    AdmissionsError
        If the allocation has no district, or nothing in its policy is drawn.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> allocation = adm.allocate(district, policy, seed="2016")
    >>> [other.seed for other in redraw(allocation, 2)]
    ['2016 redraw 1', '2016 redraw 2']
    """
    if allocation.district is None:
        raise AdmissionsError("a run folder has no tables to draw again from; give the office's (--data)")
    if not allocation.policy.needs_lottery:
        raise AdmissionsError("nothing in this policy is drawn: other seeds would give the same allocation")
    for place in range(1, draws + 1):
        yield allocate(allocation.district, allocation.policy, f"{allocation.seed} redraw {place}")
