"""Lottery numbers: SHA-256 of a public seed and an id, so that anybody redraws them.

``printf '%s' "SEED:ID" | sha256sum`` gives a child's number. A withdrawn child moves nobody, and no generator's version
matters.
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
