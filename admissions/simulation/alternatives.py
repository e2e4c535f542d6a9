"""The lists a family could hand in instead of its true one: all of them where there are few, a stated number else."""

from collections.abc import Iterator
from itertools import permutations
from math import perm

from admissions.compiling.lottery import lottery_numbers

Wanted = tuple[int, ...]
"""A list, as places on the true list: ``(1, 0)`` is the second programme before the first, and no other."""


def false_lists(length: int, most: int, text: str) -> Iterator[Wanted]:
    """Yield the lists made of a true list's programmes, each once and the true list not.

    Parameters
    ----------
    length : int
        Programmes on the true list.
    most : int
        Lists to try where there are more: first those known to pay off under some mechanism, however many, then lists
        drawn by SHA-256.
    text : str
        What is drawn from; the same text gives the same lists.

    Notes
    -----
    Known to pay off, somewhere: leaving out the first choice, moving one programme up to the first place (under
    immediate acceptance), and cutting the list (where whoever is left gets a seat another way).

    Examples
    --------
    >>> list(false_lists(2, 100, ""))
    [(1,), (1, 0), (0,), ()]
    >>> len(list(false_lists(3, 100, ""))), len(list(false_lists(6, 100, "")))
    (15, 100)
    """
    truth = tuple(range(length))
    known = dict.fromkeys(
        [
            truth[1:],
            *((place, *truth[:place], *truth[place + 1 :]) for place in truth[1:]),
            *(truth[:end] for end in reversed(truth)),
        ]
    )
    if not length:
        return
    yield from known
    if count_false_lists(length) <= most:
        for size in reversed(range(length + 1)):
            yield from (wanted for wanted in permutations(truth, size) if wanted not in known and wanted != truth)
        return
    tried = {truth, *known}
    turn = 0
    while len(tried) <= most:
        wanted = _drawn(length, f"{text} {turn}")
        turn += 1
        if wanted not in tried:
            tried.add(wanted)
            yield wanted


def count_false_lists(length: int) -> int:
    """Return how many lists can be made of the programmes of a list, that one not counted.

    Examples
    --------
    >>> [count_false_lists(length) for length in range(6)]
    [0, 1, 4, 15, 64, 325]
    """
    return sum(perm(length, size) for size in range(length + 1)) - 1


def _drawn(length: int, text: str) -> Wanted:
    """Return a list drawn from a text: its length first, every one alike, then which programmes in which order."""
    first, *others = lottery_numbers(text, ["length", *map(str, range(length))])
    return tuple(sorted(range(length), key=others.__getitem__)[: 1 + int(first, 16) % length])
