"""The house stands: each room imports only from the floors below it."""

import ast
import sys
from collections import Counter
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.support.places import ROOT

sys.path.append(str(ROOT / "benchmarks"))  # last: tests have modules of the same names
from house import House, hash_loops, renames

# From the top down. A room imports only from rows below its own: no row above, no neighbour in its
# row. ``ground`` is every module that stands in the package itself, but for the command line.
FLOORS = (
    ("cli",),
    ("commands",),
    ("board", "actions"),
    ("session",),
    ("run", "bundle"),
    ("tasks", "reports"),
    ("planning", "workers", "conformance"),
    ("validation", "backends"),
    ("finishing", "timelines"),
    ("captions", "effects", "marks"),
    ("shotlist",),
    ("catalog", "media"),
    ("source", "ready"),
    ("ground",),
)
FLOOR = {room: number for number, row in enumerate(reversed(FLOORS)) for room in row}
COMMAND_LINE = {"cli", "__main__", "start"}
PACKAGE = ROOT / "wanx_render"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}


def room_of(module: str) -> str:
    room, dot, _ = module.partition(".")
    if dot:
        return room
    return "cli" if module in COMMAND_LINE else "ground"


# What an emulator may know: how the service behaves, never how this program uses it.
SERVER_SEES = {
    "backends.base", "backends.simulator", "backends.slate", "backends.imitation.refusals",
    "backends.imitation.outcome", "backends.imitation.picture", "media.probe", "task",
    "catalog.abilities", "catalog.capabilities", "catalog.figures", "catalog.request_forms",
    "catalog.user_file", "diagnostics",
    "geometry", "clock", "errors", "media.ffmpeg", "media.images", "media.audio_files",
    "source.yaml_source", "files", "language", "languages", "help_page", "reports.served_pages",
}  # fmt: skip

ONLY_IN = {
    "subprocess": {"media.ffmpeg", "run.clips.judge"},
    "sqlite3": {"planning.sql.journal_file"},
    "yaml": {"source.layout", "source.yaml_core", "source.yaml_source"},
    "httpx": {
        "backends.dashscope",
        "backends.http.client",
        "backends.http.streams",
        "backends.line",
        "backends.raw",
        "backends.transfer",
    },
    "httpcore": {"backends.http.streams"},
    "opentimelineio": {"timelines.otio"},
    "pyJianYingDraft": {
        "timelines.jianying.draft",
        "timelines.jianying.pictures",
        "timelines.jianying.shelf",
        "timelines.jianying.sounds",
        "timelines.jianying.tracks",
        "timelines.jianying.words",
    },
    "rich": {
        "reports.grid",
        "reports.live",
        "reports.plan_table",
        "reports.models.overview",
        "reports.models.one_model",
        "reports.models.doubts_table",
        "reports.models.differences",
    },
    "starlette": {"board.app", "board.guard"},
    "uvicorn": {"board.serve"},
    "distributed": {"workers.dask"},
    "dask": set(),
    "fsspec": {"workers.store"},
    "icu4py": {"captions.linebreaks"},
    "charset_normalizer": {"source.charsets"},
    "pysubs2": {"captions.ssa", "timelines.subtitles"},
}


@cache
def imports(path: Path) -> set[str]:
    """Everything a file imports, also inside functions; not what only the type checker sees."""
    found: set[str] = set()
    hidden: set[ast.AST] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hidden.update(inner for child in node.body for inner in ast.walk(child))
    for node in nodes:
        if node in hidden:
            continue
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def inside(names: set[str], package: str) -> set[str]:
    """Which of our modules ``names`` mean."""
    bare = {name.removeprefix(package + ".") for name in names if name.startswith(package + ".")}
    return {name for name in bare if name in MODULES}


def test_every_room_has_its_floor() -> None:
    assert {room_of(module) for module in MODULES} <= set(FLOOR)


def test_a_room_holds_no_more_than_one_sees_at_a_glance() -> None:
    sizes = Counter(name.rpartition(".")[0] or room_of(name) for name in MODULES)
    assert {room: size for room, size in sizes.items() if size > 16 and room != "commands"} == {}


def violations(modules: dict[str, set[str]]) -> list[str]:
    return [
        f"{name} imports {other}"
        for name, used in sorted(modules.items())
        for other in sorted(used)
        if room_of(other) != room_of(name) and FLOOR[room_of(other)] >= FLOOR[room_of(name)]
    ]


def circles(modules: dict[str, set[str]]) -> list[str]:
    try:
        TopologicalSorter(modules).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@cache
def used() -> dict[str, set[str]]:
    """Of each module, the modules that it imports."""
    return {name: inside(imports(path), "wanx_render") for name, path in MODULES.items()}


def test_no_room_imports_from_its_own_floor_or_above() -> None:
    assert violations(used()) == []


def test_no_modules_import_one_another_in_a_circle() -> None:
    assert circles(used()) == []


def test_the_layer_test_notices_an_upward_import(tmp_path: Path) -> None:
    path = tmp_path / "geometry.py"
    path.write_text("def f():\n    from wanx_render.run import orchestrator\n")
    assert violations({"geometry": inside(imports(path), "wanx_render")}) == [
        "geometry imports run.orchestrator"
    ]


def test_the_layer_test_notices_a_circle() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}})


def test_only_the_tables_of_the_journal_speak_sql() -> None:
    speakers = {m for m, path in MODULES.items() if ".execute(" in path.read_text(encoding="utf-8")}
    assert speakers and all(module.startswith("planning.sql.") for module in speakers)


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_used_in_its_place_only(library: str) -> None:
    users = {
        name
        for name, path in MODULES.items()
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert users <= ONLY_IN[library]


def test_the_program_never_imports_the_emulator() -> None:
    for path in MODULES.values():
        assert not any(name.split(".")[0] == "mock_server" for name in imports(path))


def test_the_emulator_sees_the_service_side_only() -> None:
    for path in (ROOT / "mock_server").rglob("*.py"):
        assert inside(imports(path), "wanx_render") <= SERVER_SEES


def test_only_the_command_line_prints() -> None:
    for name, path in MODULES.items():
        if name not in ("cli", "reports.terminal"):
            calls = [
                node.func.id
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            ]
            assert "print" not in calls, name


def test_only_one_module_puts_files_in_place_or_hashes_them() -> None:
    house = House(ROOT)
    assert [str(site) for site in (*renames(house), *hash_loops(house))] == []
