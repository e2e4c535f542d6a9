"""Every example of the docs, the README and the docstrings runs."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import admissions
from admissions.mechanisms import MECHANISMS

pytestmark = pytest.mark.compiled

ROOT = Path(__file__).parent.parent
MODULES = sorted(
    m.name for m in pkgutil.walk_packages(admissions.__path__, "admissions.") if not m.name.endswith("__main__")
)
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("name", ["admissions", *MODULES])
def test_the_examples_of_a_module_hold(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_python_of_a_page_runs(page, tmp_path, monkeypatch, capsys):
    """The blocks of a page run one after the other, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL):
        if block.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(block, names, page.name, str(page), 0)
            runner = doctest.DocTestRunner()
            runner.run(test, clear_globs=False)
            assert runner.failures == 0, capsys.readouterr().out
            names.update(test.globs)
        else:
            exec(compile(block, str(page), "exec"), names)
    assert page.stat().st_size


RETURNED = {"Allocation", "Audit", "Explanation", "Matching", "District", "Policy", "Preflight", "Projection"}
"""Classes a user gets and does not make; their examples stand with what returns them, or with their class methods."""


@pytest.mark.parametrize("name", sorted(set(admissions.__all__) - RETURNED))
def test_every_public_name_is_documented_and_every_function_has_an_example(name):
    thing = getattr(admissions, name)
    if isinstance(thing, dict):
        return
    assert thing.__doc__
    if not (isinstance(thing, type) and issubclass(thing, Exception)):
        home = thing if callable(thing) and not hasattr(thing, "audit_allocation") else thing.audit_allocation
        assert ">>>" in home.__doc__


def test_the_generated_data_model_page_says_what_the_schema_says():
    from docs.generate import data_model

    assert (ROOT / "docs" / "reference" / "data_model.md").read_text(encoding="utf-8") == data_model()


def test_the_generated_page_of_the_mechanisms_says_what_their_table_says():
    from docs.generate import table_of_mechanisms

    assert (ROOT / "docs" / "reference" / "mechanisms.md").read_text(encoding="utf-8") == table_of_mechanisms()


def test_every_mechanism_has_a_page_of_theory_and_a_short_name_of_its_own():
    from docs.generate import initials

    pages = {path.stem for path in (ROOT / "docs" / "theory").glob("*.md")}
    assert set(MECHANISMS) <= pages
    assert len({initials(row) for row in MECHANISMS.values()}) == len(MECHANISMS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    assert not broken_links(page)


def test_a_link_to_no_page_or_no_heading_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# One two\n[a](#one-two) [b](page.md#one-two) [c](https://x.org) [d](none.md) [e](page.md#three)\n"
    )
    assert broken_links(page) == ["none.md", "page.md#three"]


def broken_links(page):
    """Return the links of a page, those to other sites left out, that lead to no file or no heading."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        target, _, heading = link.partition("#")
        there = page.parent / target if target else page
        if "://" not in link and (not there.exists() or (heading and heading not in headings_of(there))):
            broken.append(link)
    return broken


def headings_of(page):
    """Return what the headings of a page are linked by."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("name", ["tie_breaking", "years_ahead"])
def test_a_picture_is_the_one_that_its_code_draws(name):
    drawn = importlib.import_module(f"docs.{name}").draw_picture()
    assert (ROOT / "docs" / "images" / f"{name}.svg").read_text(encoding="utf-8") == drawn
