"""Coordinated placement by trying every assignment: the definition, for a handful of applicants of size 1."""

from itertools import product


def coordinate(costs, allowed, node, order, seats):
    """Return the programme of each applicant, or -1, in the best of all assignments.

    The most placed; then the least sum of costs, level by level; then what the first applicant in order gets, by cost and
    place of the programme, being left the worst; then the second, and so on.
    """
    applicants = range(len(node))
    programmes = range(len(seats))
    turn = sorted(applicants, key=lambda i: order[i])

    def rating(assignment):
        placed = [i for i in applicants if assignment[i] >= 0]
        sums = [sum(level[node[i]][assignment[i]] for i in placed) for level in costs]
        lots = [
            (1,) if assignment[i] < 0 else (0, [level[node[i]][assignment[i]] for level in costs], assignment[i])
            for i in turn
        ]
        return -len(placed), sums, lots

    options = [[-1, *(p for p in programmes if allowed[node[i]][p])] for i in applicants]
    feasible = (a for a in product(*options) if all(a.count(p) <= seats[p] for p in programmes))
    return list(min(feasible, key=rating))
