"""The emulator's rooms: each imports only from those below it, and nothing goes in a circle."""

import ast
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT

# From the top down. A room may import from any row below its own, and within itself without cycles.
ROWS = (
    "",  # the package's own modules: what people start or import
    "tape",  # record and replay
    "tls",  # ways in
    "web",
    "service",
    "scenarios",
    "faults",
    "families",  # models that only the emulator has
    "wire",
    "tiny",  # clips in milliseconds
    "light",
)
PACKAGE = ROOT / "mock_server"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}
MOST_MODULES = 16


def room_of(module: str) -> str:
    return module.rpartition(".")[0]


def imports_of(path: Path) -> set[str]:
    """Modules of the emulator that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name.removeprefix("mock_server.") for name in names} & MODULES.keys()


def upward(imports: dict[str, set[str]]) -> list[str]:
    """Imports from a room that is not below."""
    return [
        f"{module} imports {other}"
        for module, others in sorted(imports.items())
        for other in sorted(others)
        if room_of(module) != room_of(other)
        and ROWS.index(room_of(module)) >= ROWS.index(room_of(other))
    ]


@cache
def all_imports() -> dict[str, set[str]]:
    return {module: imports_of(path) for module, path in MODULES.items()}


def test_every_room_has_its_row_and_its_paragraph() -> None:
    assert len(ROWS) <= 11
    assert {room_of(module) for module in MODULES} == set(ROWS)
    for room in ROWS:
        tree = ast.parse((PACKAGE / room / "__init__.py").read_text(encoding="utf-8"))
        assert len(tree.body) == 1, f"{room}: __init__ re-exports nothing"
        assert len((ast.get_docstring(tree) or "").splitlines()) >= 3


@pytest.mark.parametrize("room", ROWS)
def test_no_room_is_too_full(room: str) -> None:
    assert sum(room_of(module) == room for module in MODULES) <= MOST_MODULES


def test_imports_go_down() -> None:
    assert upward(all_imports()) == []


def test_modules_do_not_import_in_a_circle() -> None:
    TopologicalSorter(all_imports()).prepare()


def test_the_layer_test_notices_what_it_forbids(tmp_path: Path) -> None:
    path = tmp_path / "errors.py"
    path.write_text("def f():\n    from mock_server.service import verbs\n")
    assert upward({"wire.errors": imports_of(path)}) == ["wire.errors imports service.verbs"]
    with pytest.raises(CycleError):
        TopologicalSorter({**all_imports(), "wire.provenance": {"wire.errors", "wire.body"},
                           "wire.body": {"wire.provenance"}}).prepare()  # fmt: skip
