"""The house: a file imports only from floors below its own, lazy imports included."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "admissions"

FLOORS = [
    {"errors", "verify"},
    {"market"},
    {"kernels", "solvers"},
    {"mechanisms"},
    {"district"},
    {"policy"},
    {"compiling"},
    {"records", "targets", "summary"},
    {"allocation", "decoding"},
    {"engine", "audit", "readiness"},
    {"runs"},
    {"simulation", "explanation", "behaviour"},
    {"planning"},
    {"reporting", "testing"},
    {"cli_printing"},
    {"cli_simulation", "cli_what_ifs"},
    {"cli", "__init__"},
    {"__main__"},
]
FLOOR = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}
AUDIT_NEVER = {"kernels", "mechanisms", "solvers", "engine", "decoding"}
LONGEST_FILE, LONGEST_FUNCTION, LONGEST_KERNEL, MOST_PARAMETERS = 500, 60, 120, 8
LONGEST_VERIFIER = 575  # one file, to be handed to a stranger; it is meant to have 250
MOST_OPTIONS = 10
"""Arguments and options of a command; whoever calls it names them."""


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def rooms_imported(source: str) -> set[str]:
    """Return the rooms of the house that a source imports, at the top or anywhere inside."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [node.module or ""]
            if node.module == "admissions":
                names = [f"admissions.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "import_module":
            names = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        else:
            continue
        rooms.update(name.split(".")[1] for name in names if name.startswith("admissions."))
    return rooms


def walks_back(room: str, source: str) -> set[str]:
    """Return the rooms a source imports that do not lie below its own."""
    return {other for other in rooms_imported(source) - {room} if FLOOR[other] >= FLOOR[room]}


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_imports_only_from_floors_below_its_own(path):
    assert not walks_back(room_of(path), path.read_text())


def test_the_check_sees_an_import_that_walks_back_even_a_lazy_one():
    assert walks_back("market", "def f():\n    from admissions.engine import allocate\n") == {"engine"}
    assert walks_back("kernels", "import admissions.solvers.coordination\n") == {"solvers"}
    assert walks_back("kernels", "from admissions import solvers\n") == {"solvers"}


def test_the_audit_shares_no_code_with_what_it_checks():
    for path in (ROOT / "audit").rglob("*.py"):
        assert not rooms_imported(path.read_text()) & AUDIT_NEVER, path


def test_the_verifier_is_one_short_file_of_standard_python_that_imports_nothing_of_ours():
    source = (ROOT / "verify.py").read_text()
    imported = {
        (name.name if isinstance(node, ast.Import) else str(node.module)).split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert imported <= sys.stdlib_module_names


def test_domain_code_never_hears_of_numba_and_kernels_never_of_a_child():
    for path in FILES:
        source, room = path.read_text(), room_of(path)
        if room not in ("kernels", "mechanisms"):
            assert "import numba" not in source and "from numba" not in source, path
        if room == "kernels":
            names = {getattr(node, "id", getattr(node, "arg", "")) for node in ast.walk(ast.parse(source))}
            assert not [name for name in names if name and ("student" in name or "school" in name)], path


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path):
    source = path.read_text()
    assert len(source.splitlines()) <= (LONGEST_VERIFIER if path.name == "verify.py" else LONGEST_FILE)
    longest = LONGEST_KERNEL if room_of(path) == "kernels" else LONGEST_FUNCTION
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = node.end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= longest, f"{node.name}: {lines} lines"
            parameters = [a.arg for a in (*node.args.args, *node.args.kwonlyargs) if a.arg not in ("self", "cls")]
            is_command = room_of(path) in ("cli", "cli_simulation", "cli_what_ifs") and not node.name.startswith("_")
            if room_of(path) != "kernels":
                assert len(parameters) <= (MOST_OPTIONS if is_command else MOST_PARAMETERS), node.name


def test_no_function_shares_the_name_of_a_module_but_the_one_the_interface_asks_for():
    modules = {path.stem for path in FILES} | {path.name for path in ROOT.iterdir() if path.is_dir()}
    for path in FILES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                assert node.name not in modules, f"{path}: {node.name}"
