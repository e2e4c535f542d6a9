"""Who is a member of a pool that takes others after its members: what a key depends on and no run records."""

import numpy as np
import numpy.typing as npt

from admissions.allocation import Allocation
from admissions.audit.holding import progress_before
from admissions.compiling.applicants import gather_applicants
from admissions.compiling.applications import Applications
from admissions.compiling.lists import family_rows
from admissions.district.district import District
from admissions.district.links import row_numbers
from admissions.errors import AdmissionsError
from admissions.market import BoolArray, Int64Array
from admissions.policy.expressions import parse_expression
from admissions.records import RoundRecord

MEMBER, OUTSIDER, UNKNOWN = 0, 1, -1
OTHER_TABLES = "the tables at hand are not those this run was made from"


def find_members(allocation: Allocation, record: RoundRecord, rows: Int64Array) -> npt.NDArray[np.int8]:
    """Return whether applications are members of the pools they entered.

    Parameters
    ----------
    allocation : Allocation
        Without its district nobody knows, where a pool takes others.
    record : RoundRecord
        The round.
    rows : (m,) int64
        Rows of the record.

    Returns
    -------
    (m,) int8
        `MEMBER`, `OUTSIDER` or `UNKNOWN`.

    Raises
    ------
    AdmissionsError
        If the district does not have the children and programmes of the applications.
    """
    pools, found = record.pool[rows], np.full(len(rows), MEMBER, dtype=np.int8)
    for k, pool in enumerate(record.rule.pools):
        asked = np.flatnonzero(pools == k)
        if pool.others == "after members" and asked.size:
            found[asked] = UNKNOWN
            if allocation.district is not None:
                holds = _holds(allocation, allocation.district, record, rows[asked], k)
                found[asked] = np.where(holds, MEMBER, OUTSIDER)
    return found


def _holds(allocation: Allocation, district: District, record: RoundRecord, rows: Int64Array, pool: int) -> BoolArray:
    """Return for which applications the condition of a pool's members holds."""
    rule, applicants = record.rule, gather_applicants(district, ())
    student = row_numbers(record.student_ids.gather(record.student[rows]), district.students["student_id"])
    programme = row_numbers(record.programme_ids.gather(record.programme[rows]), district.programmes["programme_id"])
    if (student < 0).any() or (programme < 0).any():
        raise AdmissionsError(f"{OTHER_TABLES}: they do not have all its children and programmes")
    applicant = applicants.of_student[student]
    choice = family_rows(district, applicants, applicant, programme)
    progress = progress_before(allocation, rule, district)
    applications = Applications(district, progress, applicants.first[applicant], programme, choice)
    where = f"round '{rule.name}' › pool '{rule.pools[pool].name}' › members"
    return applications.condition(parse_expression(rule.pools[pool].members), where)
