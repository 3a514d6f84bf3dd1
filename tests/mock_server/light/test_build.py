"""The wheel of the light package: its names, its requirements, and the same bytes each time."""

import ast
import base64
import csv
import hashlib
import io
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from mock_server.light.closure import closure
from mock_server.light.renaming import CannotRename, renamed
from mock_server.light.requirements import UnknownLibrary, requirements
from mock_server.light.wheel_file import build
from tests.support.places import ROOT

PROJECT = {
    "dependencies": ["click>=8.2", "pillow>=11", "starlette>=0.45", "python-multipart>=0.0.20"],
    "optional-dependencies": {"tls": ["trustme>=1.2"]},
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_the_same_tree_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    assert build(ROOT, tmp_path).read_bytes() == wheel.read_bytes()


def test_the_wheel_owns_one_package_and_no_module_needs_another_of_this_tree(
    files: dict[str, bytes],
) -> None:
    assert {name.partition("/")[0].partition("-")[0] for name in files} == {"wanx_mock_server"}
    for name, content in files.items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(content)):
            modules = [node.module] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            tops = {(module or "").partition(".")[0] for module in modules}
            assert not tops & {"mock_server", "wanx_render", "tests", "benchmarks"}, name


def test_the_record_names_every_file_with_its_hash(files: dict[str, bytes]) -> None:
    (record,) = (name for name in files if name.endswith("/RECORD"))
    rows = {row[0]: row[1:] for row in csv.reader(io.StringIO(files[record].decode()))}
    assert rows.pop(record) == ["", ""]
    for name, content in files.items():
        if name != record:
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
            assert rows.pop(name) == [f"sha256={digest}", str(len(content))]
    assert rows == {}


def test_data_is_there_and_the_build_itself_is_not(files: dict[str, bytes]) -> None:
    expected = ("web/page/index.html", "_wanx_render/catalog/models/wan2.5-i2v-preview.yaml")
    for name in (*expected, "_wanx_render/locales/zh_CN/LC_MESSAGES/wanx_render.mo"):
        assert f"wanx_mock_server/{name}" in files
    of_build = [name for name in files if "/light/" in name]
    assert of_build == [
        "wanx_mock_server/light/__init__.py",
        "wanx_mock_server/light/distribution.py",
    ]


def test_ffmpeg_and_fonts_are_optional(files: dict[str, bytes]) -> None:
    (name,) = (name for name in files if name.endswith("/METADATA"))
    metadata = message_from_bytes(files[name])
    required = metadata.get_all("Requires-Dist", [])
    core = [text for text in required if "extra ==" not in text]
    assert not any("ffmpeg" in text or "noto" in text or "icu4py" in text for text in core)
    assert "ffmpeg-python>=0.2 ; extra == 'clips'" in required
    assert any(text.startswith("pydantic>=") for text in core)
    assert metadata["Version"] in name


def test_commands_of_both_packages_have_different_names(files: dict[str, bytes]) -> None:
    (name,) = (name for name in files if name.endswith("/entry_points.txt"))
    section = files[name].decode().partition("[console_scripts]\n")[2].partition("\n\n")[0]
    scripts = {line.partition(" = ")[0] for line in section.splitlines()}
    assert scripts == {"wanx-mock"}


def test_only_imports_are_rewritten() -> None:
    source = (
        '"""As\nfrom mock_server.web import app\nsays."""\n'
        "from wanx_render import files; from mock_server.wire.body import (\n    Body,\n)\n"
        "if files:\n    from  wanx_render.task import TaskRequest  # of wanx_render.task\n"
    )
    assert renamed(source) == (
        '"""As\nfrom mock_server.web import app\nsays."""\n'
        "from wanx_mock_server._wanx_render import files; "
        "from wanx_mock_server.wire.body import (\n    Body,\n)\n"
        "if files:\n    from  wanx_mock_server._wanx_render.task import TaskRequest"
        "  # of wanx_render.task\n"
    )


@pytest.mark.parametrize(
    "source", ["import mock_server.web.app\n", "x = 1\nfiles('wanx_render.catalog')\n"]
)
def test_what_cannot_be_rewritten_is_an_error(source: str) -> None:
    with pytest.raises(CannotRename, match=r"^line \d: "):
        renamed(source)


def test_requirements_are_those_of_what_is_imported() -> None:
    libraries = {
        "PIL": {"wanx_render.a"}, "starlette": {"mock_server.b"}, "trustme": {"mock_server.c"},
        "pytest": {"mock_server.pytest_plugin"},
    }  # fmt: skip
    assert requirements(libraries, PROJECT) == (
        ["pillow>=11", "python-multipart>=0.0.20", "starlette>=0.45"],
        {"tls": ["trustme>=1.2"]},
    )


@pytest.mark.parametrize("libraries", [{"numpy": {"mock_server.b"}}, {"httpx": {"mock_server.b"}}])
def test_a_library_without_a_requirement_is_an_error(libraries: dict[str, set[str]]) -> None:
    with pytest.raises(UnknownLibrary):
        requirements(libraries, PROJECT)


def test_the_closure_follows_imports_and_leaves_out_what_types_alone_need(tmp_path: Path) -> None:
    sources = {
        "mock_server/__init__.py": "",
        "mock_server/serve.py": "def run():\n    from wanx_render.media import probe\n",
        "mock_server/light/__init__.py": "",
        "mock_server/light/build.py": "import numpy\n",
        "wanx_render/__init__.py": "",
        "wanx_render/other.py": "",
        "wanx_render/types.py": "",
        "wanx_render/media/__init__.py": "import yaml, json\n",
        "wanx_render/media/probe.py": "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from wanx_render.types import Size\n",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    needed = closure(tmp_path)
    assert list(needed.modules) == [
        "mock_server", "mock_server.light", "mock_server.serve",
        "wanx_render", "wanx_render.media", "wanx_render.media.probe",
    ]  # fmt: skip
    assert needed.libraries == {"yaml": {"wanx_render.media"}}
