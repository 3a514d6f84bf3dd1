"""The house stands: each module imports only from the floors below it."""

import ast
from pathlib import Path

import pytest
from conftest import ROOT

# From the ground up. A module may import from any row above its own in this list, from none below,
# and from no neighbour in its row.
FLOORS = (
    (
        "errors",
        "container",
        "diagnostics",
        "geometry",
        "timing",
        "clock",
        "events",
        "options",
        "files",
        "result_hosts",
        "streams",
        "exif",
        "jpeg",
        "signatures",
        "charsets",
        "markup",
    ),
    ("environment", "integrity", "paint", "stereo", "ducking", "ai_labels"),
    ("cues",),
    ("reach",),
    ("source",),
    ("platform_sizes",),
    ("shotlist", "task", "pictures", "picture_labels", "soundtracks", "fonts"),
    ("table", "panel", "linebreaks", "safe_areas", "lettering"),
    ("variables", "likeness", "typesetting"),
    ("rows",),
    ("capabilities", "ffmpeg", "manifest", "captions", "visible_label", "picks", "srt", "lrc"),
    ("colour_tags",),
    ("colour_graph",),
    ("styled", "probing", "animation"),
    (
        "pricing",
        "purse",
        "lanes",
        "backends.base",
        "backends.cleaning",
        "timeline",
        "thumbs",
        "store",
        "executors",
        "likeness",
        "ass_layout",
        "ssa",
    ),
    ("subtitles",),
    ("plan", "scene"),
    ("request_rules", "finishing_rules", "size_rules"),
    ("rules",),
    ("framing", "encoding", "explain", "evidence", "mix"),
    ("needs",),
    ("look",),
    ("load", "journal", "conform", "verify"),
    ("assemble", "intake", "sync", "stills", "alignment"),
    ("mastering",),
    ("making",),
    ("bench", "cache"),
    ("afar", "published", "common"),
    ("shared", "cluster"),
    ("origins", "reconcile", "fetch", "watch", "results", "layout"),
    ("standing", "recognition", "account"),
    ("finish", "forecast", "retakes", "asking", "rebuild"),
    ("collect",),
    ("home",),
    ("rescue", "render"),
    ("batch",),
    (
        "backends.simulator",
        "backends.slate",
        "backends.vocabulary",
        "backends.uploads",
        "backends.transfer",
    ),
    ("backends.mock", "backends.dashscope"),
    ("schema", "doctor"),
    ("scaffold",),
    (
        "reports.terminal",
        "reports.plan_table",
        "reports.matrix",
        "reports.timeline",
        "reports.index",
        "reports.wording",
        "reports.gantt",
    ),
    ("reports.storyboard", "reports.live", "reports.otio", "reports.edl", "reports.fcpxml"),
    ("board.feed", "board.guard", "board.view"),
    ("board.app",),
    ("session.environment", "session.connection", "session.folder", "session.destination"),
    ("session.selection", "session.restore", "session.totals"),
    ("session.outlook",),
    (
        "commands.plan",
        "commands.validate",
        "commands.models",
        "commands.init",
        "commands.schema",
        "commands.doctor",
        "commands.conform",
        "commands.export",
        "commands.report",
        "session.spending",
    ),
    ("session.summary", "session.approval"),
    ("commands.render", "commands.debts", "commands.tasks"),
    ("board.holding",),
    ("board.choices", "board.runs"),
    ("board.room", "session.watch_saves"),
    ("commands.board",),
    ("session.outcome", "commands.plans", "session.table_manifest"),
    ("session.survey", "commands.reports"),
    ("session.carry_out",),
    ("commands.batch",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: number for number, row in enumerate(FLOORS) for name in row}
PACKAGE = ROOT / "wanx_render"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts): path
    for path in PACKAGE.rglob("*.py")
    if path.name != "__init__.py"
}

# What an emulator may know: how the service behaves, never how this program uses it.
SERVER_SEES = {
    "backends.base", "backends.simulator", "backends.slate", "task", "capabilities", "geometry",
    "clock", "errors", "ffmpeg", "pictures", "soundtracks", "source",
}  # fmt: skip

ONLY_IN = {
    "subprocess": {"ffmpeg"},
    "sqlite3": {"journal"},
    "yaml": {"source"},
    "httpx": {"backends.dashscope", "backends.transfer"},
    "opentimelineio": {"reports.otio"},
    "rich": {"reports.live", "reports.plan_table", "reports.matrix"},
    "starlette": {"board.app", "board.guard"},
    "uvicorn": {"commands.board"},
    "distributed": {"cluster"},
    "dask": set(),
    "fsspec": {"store"},
    "icu4py": {"linebreaks"},
    "charset_normalizer": {"charsets"},
    "pysubs2": {"ssa"},
}


def imports(path: Path) -> set[str]:
    """Everything a file imports, also inside functions; not what only the type checker sees."""
    found: set[str] = set()
    hidden: set[ast.AST] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            hidden.update(inner for child in node.body for inner in ast.walk(child))
    for node in ast.walk(tree):
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


def test_every_module_has_its_floor() -> None:
    assert set(MODULES) == set(FLOOR)


def violations(modules: dict[str, set[str]]) -> list[str]:
    return [
        f"{name} imports {other}"
        for name, used in sorted(modules.items())
        for other in sorted(used)
        if FLOOR[other] >= FLOOR[name]
    ]


def test_no_module_imports_from_its_own_floor_or_above() -> None:
    assert violations({n: inside(imports(p), "wanx_render") for n, p in MODULES.items()}) == []


def test_the_layer_test_notices_an_upward_import(tmp_path: Path) -> None:
    path = tmp_path / "geometry.py"
    path.write_text("def f():\n    from wanx_render import render\n")
    assert violations({"geometry": inside(imports(path), "wanx_render")}) == [
        "geometry imports render"
    ]


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_used_in_its_place_only(library: str) -> None:
    users = {
        name
        for name, path in MODULES.items()
        if any(used.split(".")[0] == library for used in imports(path))
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
