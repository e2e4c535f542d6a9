"""Lottery numbers: SHA-256 of a public seed and an id, so that anybody redraws them.

``printf '%s' "SEED:ID" | sha256sum`` gives a child's number. A withdrawn child moves nobody, and no generator's version
matters. Where a mechanism draws the outcome of a whole round, the first 16 digits of ``"SEED:ROUND"`` are its number.
"""

from collections.abc import Iterable
from hashlib import sha256

import polars as pl


def lottery_numbers(seed: str, ids: Iterable[str]) -> pl.Series:
    """Return the lottery number of each id: 64 hexadecimal digits, compared as text, smallest first.

    Parameters
    ----------
    seed : str
        Public text, fixed before the draw.
    ids : iterable of str
        Ids of children, or of bundles; ``"PROGRAMME:ID"`` for a number of that programme.

    Examples
    --------
    >>> lottery_numbers("2016", ["S1"])[0][:16]
    'd4b3738029fab32d'
    """
    prefix = seed + ":"
    return pl.Series("lottery", [sha256((prefix + one).encode()).hexdigest() for one in ids], dtype=pl.String)


def draw_number(seed: str, name: str) -> int:
    """Return the number that decides a draw for a whole round, from 0 to 2**64 - 1.

    Parameters
    ----------
    seed : str
        Public text, fixed before the draw.
    name : str
        Name of the round.

    Examples
    --------
    >>> f"{draw_number('2016', 'primary'):016x}"
    '8dfbc29c528f60cf'
    """
    return int(sha256(f"{seed}:{name}".encode()).hexdigest()[:16], 16)
