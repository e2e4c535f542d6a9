"""The seed of each draw, so that anybody replays draw 17 with ``admissions run --seed``."""

from hashlib import sha256

from admissions.errors import AdmissionsError


def derived_seed(seed: str, number: int) -> str:
    """Return the seed of a draw: the SHA-256 of ``SEED:NUMBER`` in hex; draws are numbered from 1.

    Parameters
    ----------
    seed : str
        Public text given to the simulation.
    number : int
        Of the draw.

    Notes
    -----
    ``printf '%s' "SEED:17" | sha256sum`` gives the seed of draw 17. What ``admissions run`` makes of it is that draw.

    Raises
    ------
    AdmissionsError
        If there is no such draw.

    Examples
    --------
    >>> derived_seed("2016-07-01 09:00", 17)[:16]
    'f44fc9b7940a57ba'
    """
    if number < 1:
        raise AdmissionsError(f"draw {number}: draws are numbered from 1")
    return sha256(f"{seed}:{number}".encode()).hexdigest()
