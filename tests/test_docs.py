"""Every example of the docs, the README and the docstrings runs."""

import doctest
import importlib
import pkgutil
import re
from pathlib import Path

import pytest

import admissions

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


def test_every_public_name_has_an_example():
    for name in admissions.__all__:
        thing = getattr(admissions, name)
        if isinstance(thing, dict) or (isinstance(thing, type) and issubclass(thing, Exception)):
            continue
        home = importlib.import_module(getattr(thing, "__module__", None) or thing.__name__)
        texts = [thing.__doc__ or "", home.__doc__ or ""]
        texts += [getattr(thing, method).__doc__ or "" for method in ("from_preferences", "from_frames", "from_dict", "summary")
                  if hasattr(thing, method)]  # fmt: skip
        assert thing.__doc__, name
        assert any(">>>" in text for text in texts) or name in (
            "Matching",
            "Audit",
            "Explanation",
            "audit",
            "write_run",
        ), name


def test_the_generated_data_model_page_says_what_the_schema_says():
    from docs.generate import data_model

    assert (ROOT / "docs" / "reference" / "data_model.md").read_text(encoding="utf-8") == data_model()
