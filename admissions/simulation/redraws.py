"""The same district under the same policy with other lotteries."""

from collections.abc import Iterator

from admissions.allocation import Allocation
from admissions.engine import allocate
from admissions.errors import AdmissionsError
from admissions.simulation.seeds import derived_seed


def redraw(allocation: Allocation, draws: int) -> Iterator[Allocation]:
    """Yield the allocations of the same tables and policy under so many other seeds, one at a time.

    Parameters
    ----------
    allocation : Allocation
        With its district.
    draws : int
        How many, from draw 1 on: the draws that `simulate` makes of the allocation's seed.

    Raises
    ------
    AdmissionsError
        If the allocation has no district, or nothing in its policy is drawn.

    Examples
    --------
    >>> import admissions as adm
    >>> district, policy = adm.generate_district("docs", size=60), adm.read_policy("district_2016")
    >>> allocation = adm.allocate(district, policy, seed="2016")
    >>> [other.seed[:8] for other in redraw(allocation, 2)]
    ['9613bc6e', '00cf6cca']
    """
    if allocation.district is None:
        raise AdmissionsError("a run folder has no tables to draw again from; give the office's (--data)")
    if not allocation.policy.needs_lottery:
        raise AdmissionsError("nothing in this policy is drawn: other seeds would give the same allocation")
    for number in range(1, draws + 1):
        yield allocate(allocation.district, allocation.policy, derived_seed(allocation.seed or "", number))
