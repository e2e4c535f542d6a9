"""Scenarios: several policies or tables under the same lotteries, so that what differs is what was changed.

Draw k has the same seed in every scenario (common random numbers): a child has the same lottery number in all of them,
and a difference is of pairs.
"""

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from admissions.district.district import District
from admissions.district.reading import read_district
from admissions.errors import PolicyError, did_you_mean
from admissions.policy.policy import Policy
from admissions.policy.reading import read_policy, shipped_policies

HEAD = ("data", "policy", "scenario")
KEYS = ("name", "data", "policy", "changes")


class Scenario(NamedTuple):
    """One of the worlds to compare: its name, tables and rules."""

    name: str
    district: District
    policy: Policy


def read_scenarios(path: str | Path) -> tuple[Scenario, ...]:
    """Return the scenarios a TOML file states; the first is what the others are compared with.

    Parameters
    ----------
    path : path
        The file. At its top ``data`` (a folder of tables) and ``policy`` (a shipped one or a file) hold for every
        scenario; each ``[[scenario]]`` has a ``name``, and may have its own ``data``, ``policy``, and ``changes``: keys
        of the policy by path, as `Policy.replace` takes them. Paths of files count from the file.

    Raises
    ------
    PolicyError, DataError
        If the file says something that cannot be done, or names a key there is not.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> import admissions as adm
    >>> with TemporaryDirectory() as folder:
    ...     adm.write_district(adm.generate_district("docs", size=60), Path(folder) / "data")
    ...     _ = (Path(folder) / "scenarios.toml").write_text('''
    ... data = "data"
    ... policy = "district_2016"
    ... [[scenario]]
    ... name = "today"
    ... [[scenario]]
    ... name = "Boston"
    ... changes = { "rounds.primary.mechanism" = "immediate_acceptance" }
    ... ''')
    ...     [one.name for one in read_scenarios(Path(folder) / "scenarios.toml")]
    ['today', 'Boston']
    """
    path = Path(path)
    if not path.is_file():
        raise PolicyError(f"{path}: no such file of scenarios")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: no valid TOML: {error}") from None
    _refuse_unknown(content, HEAD, path.name)
    stated = content.get("scenario", [])
    if not isinstance(stated, list) or len(stated) < 2:
        raise PolicyError(f"{path.name}: two scenarios or more are needed, each a [[scenario]]")
    districts: dict[Path, District] = {}
    found = []
    for place, clause in enumerate(stated, start=1):
        name = clause.get("name")
        where = f"{path.name}: scenario {place}" + (f" '{name}'" if name else "")
        _refuse_unknown(clause, KEYS, where)
        found.append(_scenario(path.parent, {**content, **clause}, where, districts))
    return checked_scenarios(found)


def checked_scenarios(scenarios: Sequence[tuple[str, District, Policy]]) -> tuple[Scenario, ...]:
    """Return scenarios as such, if there are two or more and no two of one name.

    Raises
    ------
    PolicyError
        If not.
    """
    found = tuple(Scenario(*one) for one in scenarios)
    if len(found) < 2:
        raise PolicyError(f"scenarios: two or more are needed to compare, {len(found)} given")
    for place, one in enumerate(found):
        if one.name in [other.name for other in found[:place]]:
            raise PolicyError(f"scenarios: two are named '{one.name}'")
    return found


def _scenario(folder: Path, clause: Mapping[str, Any], where: str, districts: dict[Path, District]) -> Scenario:
    for key in ("name", "data", "policy"):
        if not isinstance(clause.get(key), str):
            raise PolicyError(f"{where}: '{key}' is missing, or no text")
    data = folder / clause["data"]
    if data not in districts:
        districts[data] = read_district(data)
    policy = clause["policy"]
    rules = read_policy(policy if policy in shipped_policies() else folder / policy)
    changes = clause.get("changes", {})
    if not isinstance(changes, dict):
        raise PolicyError(f"{where} › changes: a table of paths and values is needed")
    try:
        return Scenario(clause["name"], districts[data], rules.replace(changes) if changes else rules)
    except PolicyError as error:
        raise PolicyError(f"{where} › changes: {error}") from None


def _refuse_unknown(content: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in content:
        if key not in known:
            raise PolicyError(f"{where}: unknown key '{key}'{did_you_mean(key, known)}; there are {', '.join(known)}")
