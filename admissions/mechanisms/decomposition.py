"""Decomposition: an expected matching as a lottery over matchings, by peeling off one after the other.

What Birkhoff (1946) and von Neumann (1953) do for square matrices, Budish, Che, Kojima and Milgrom (2013) do for
constraints of which one lies inside the other, such as the seats of a pool and those of its larger applicants.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from admissions.market import Market


@dataclass(frozen=True, slots=True, repr=False)
class Network:
    """Where the applicants of a market can go.

    An applicant has an arc for each choice, in their order, and after all of these one to a pool that stands for no
    seat. A pool has a node for each size; from there the applicants of at least that size go on to the node of the next
    smaller one, and from the last to one sink.

    Attributes
    ----------
    tail, head : list of int
        Nodes of each arc.
    around : list of list of int
        Arcs of each node.
    """

    tail: list[int]
    head: list[int]
    around: list[list[int]]


def network_of(market: Market) -> Network:
    """Return the network of a market.

    Examples
    --------
    >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[1, 0], rank=[1, 1], seats=[1], size=[1, 2])
    >>> network = network_of(market)
    >>> list(zip(network.tail, network.head))
    [(0, 2), (1, 4), (0, 3), (1, 5), (5, 3), (4, 2), (3, 6), (2, 6)]
    """
    sizes, level = np.unique(market.size, return_inverse=True)
    n, pools = market.applicants, len(market.seats) + 1
    sink = n + max(len(sizes), 1) * pools
    tail = [*market.owners().tolist(), *range(n)]
    pool = [*market.pool.tolist(), *[pools - 1] * n]
    head = [n + int(level[i]) * pools + j for i, j in zip(tail, pool, strict=True)]
    nodes = range(sink - 1, n - 1, -1)
    tail += nodes
    head += [node - pools if node >= n + pools else sink for node in nodes]
    around: list[list[int]] = [[] for _ in range(sink + 1)]
    for arc, ends in enumerate(zip(tail, head, strict=True)):
        for node in ends:
            around[node].append(arc)
    return Network(tail, head, around)


def flow_of(network: Network, given: list[int]) -> list[int]:
    """Return the flow on every arc, from what applicants give to their choices and to no seat.

    Examples
    --------
    >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[1, 0], rank=[1, 1], seats=[1], size=[1, 2])
    >>> flow_of(network_of(market), [3, 4, 0, 1])
    [3, 4, 0, 1, 1, 4, 1, 7]
    """
    flow, received = list(given), [0] * len(network.around)
    for arc, (tail, head) in enumerate(zip(network.tail, network.head, strict=True)):
        if arc >= len(given):
            flow.append(received[tail])
        received[head] += flow[arc]
    return flow


def integral_parts(network: Network, amount: list[int], whole: int, flow: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield weights, ``whole`` in sum, and integral flows whose average is the amounts divided by the whole.

    On every arc each of them is the average, rounded down or up. A weight is the largest after which what is left still
    is an average of such flows: then an arc has become integral, so there are no more flows than arcs, and one.

    Parameters
    ----------
    network : Network
        The arcs.
    amount : (a,) list of int
        ``whole`` times the average flow.
    whole : int
        The sum of weights.
    flow : (a,) list of int
        Any integral flow of the applicants.

    Examples
    --------
    >>> market = Market(indptr=[0, 1, 2], pool=[0, 0], key=[1, 0], rank=[1, 1], seats=[1], size=[1, 1])
    >>> network = network_of(market)
    >>> amount, nobody = flow_of(network, [1, 2, 2, 1]), flow_of(network, [0, 0, 1, 1])
    >>> [(weight, part[:2]) for weight, part in integral_parts(network, amount, 3, nobody)]
    [(1, [1, 0]), (2, [0, 1])]
    """
    while whole:
        low = [one // whole for one in amount]
        high = [-(-one // whole) for one in amount]
        flow = _between(network, low, high, flow)
        room = (
            abs(one - whole * (least + most - now))
            for one, least, most, now in zip(amount, low, high, flow, strict=True)
            if least < most
        )
        weight = min(room, default=whole)
        yield weight, flow
        amount = [one - weight * now for one, now in zip(amount, flow, strict=True)]
        whole -= weight


def _between(network: Network, low: list[int], high: list[int], flow: list[int]) -> list[int]:
    """Return an integral flow within bounds that have one: a unit over or under goes another way until none is."""
    flow = list(flow)
    for arc, (tail, head) in enumerate(zip(network.tail, network.head, strict=True)):
        while flow[arc] > high[arc]:
            _send(network, low, high, flow, tail, head)
            flow[arc] -= 1
        while flow[arc] < low[arc]:
            _send(network, low, high, flow, head, tail)
            flow[arc] += 1
    return flow


def _send(network: Network, low: list[int], high: list[int], flow: list[int], source: int, target: int) -> None:
    """Send one unit more along the shortest way whose arcs have room in their bounds, against an arc one unit less."""
    tail, head = network.tail, network.head
    by = {source: -1}
    queue = deque(by)
    while target not in by:
        node = queue.popleft()
        for arc in network.around[node]:
            ahead = tail[arc] == node
            other = head[arc] if ahead else tail[arc]
            if other not in by and (flow[arc] < high[arc] if ahead else flow[arc] > low[arc]):
                by[other] = arc
                queue.append(other)
    node = target
    while node != source:
        arc = by[node]
        ahead = head[arc] == node
        flow[arc] += 1 if ahead else -1
        node = tail[arc] if ahead else head[arc]
