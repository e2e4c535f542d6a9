"""A policy by its shipped name or from its file."""

from importlib import resources
from pathlib import Path

from admissions.errors import PolicyError, did_you_mean
from admissions.policy.policy import Policy


def shipped_policies() -> dict[str, str]:
    """Return the text of every policy the library ships, by name.

    Examples
    --------
    >>> "district_2016" in shipped_policies()
    True
    """
    catalogue = resources.files("admissions.policy") / "catalogue"
    files = sorted((file for file in catalogue.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
    return {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}


def read_policy(name: str | Path) -> Policy:
    """Return a shipped policy, or the one a TOML file states.

    Parameters
    ----------
    name : str or path
        Name of a shipped policy, or path of a file.

    Raises
    ------
    PolicyError
        If there is no such policy, or for everything wrong in it.

    Examples
    --------
    >>> read_policy("district_2016").title
    'District work plan 2016'
    """
    shipped = shipped_policies()
    if str(name) in shipped:
        return Policy.from_toml(shipped[str(name)], f"policy {name}")
    path = Path(name)
    if not path.is_file():
        near = did_you_mean(str(name), shipped)
        raise PolicyError(f"no policy '{name}'{near}: give a file, or one of {', '.join(shipped)}")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise PolicyError(f"{path.name}: is not UTF-8 text") from None
    return Policy.from_toml(text, path.name)
