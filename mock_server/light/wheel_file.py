"""The light package as a wheel: the same bytes for the same tree.

The format is that of the binary distribution specification, 1.0, with core metadata 2.4.
"""

import base64
import hashlib
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from mock_server.light.closure import EMULATOR, PROGRAM, Closure, closure
from mock_server.light.distribution import LIGHT
from mock_server.light.renaming import NEW_EMULATOR, CannotRename, new_path, renamed
from mock_server.light.requirements import requirements

COMMAND = "wanx-mock"  # not wanx-mock-server: two packages cannot own one command
_DATA = (
    f"{EMULATOR}/**/*.*",
    f"{PROGRAM}/catalog/**/*.yaml",
    f"{PROGRAM}/reports/served_pages.js",
    f"{PROGRAM}/locales/**/*.mo",
)
_ANY_DAY = (2020, 1, 1, 0, 0, 0)
_WHEEL = """\
Wheel-Version: 1.0
Generator: mock_server.light
Root-Is-Purelib: true
Tag: py3-none-any
"""
_ENTRY_POINTS = f"""\
[console_scripts]
{COMMAND} = {NEW_EMULATOR}.serve:main

[pipx.run]
{LIGHT} = {NEW_EMULATOR}.serve:main

[pytest11]
wanx_mock = {NEW_EMULATOR}.pytest_plugin
"""


def build(root: Path, folder: Path) -> Path:
    """Write the wheel of the tree at ``root`` into ``folder``.

    Raises OSError, CannotRename, or UnknownLibrary.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = closure(root)
    info = f"{NEW_EMULATOR}-{project['version']}.dist-info"
    files = {
        **dict(_modules(root, needed)),
        **dict(_data(root)),
        f"{info}/licenses/LICENSE": (root / "LICENSE").read_bytes(),
        f"{info}/METADATA": _metadata(project, needed).encode(),
        f"{info}/WHEEL": _WHEEL.encode(),
        f"{info}/entry_points.txt": _ENTRY_POINTS.encode(),
    }
    files[f"{info}/RECORD"] = _record(files, f"{info}/RECORD").encode()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{NEW_EMULATOR}-{project['version']}-py3-none-any.whl"
    _write(files, path)
    return path


def _modules(root: Path, needed: Closure) -> Iterator[tuple[str, bytes]]:
    for path in needed.modules.values():
        place = PurePosixPath(path.relative_to(root).as_posix())
        try:
            text = renamed(path.read_text(encoding="utf-8"))
        except CannotRename as error:
            raise CannotRename(f"{place}, {error}") from None
        yield str(new_path(place)), text.encode()


def _data(root: Path) -> Iterator[tuple[str, bytes]]:
    for pattern in _DATA:
        for path in sorted(root.glob(pattern)):
            place = PurePosixPath(path.relative_to(root).as_posix())
            is_of_build = place.is_relative_to(f"{EMULATOR}/light")
            if path.suffix not in (".py", ".pyc") and path.is_file() and not is_of_build:
                yield str(new_path(place)), path.read_bytes()


def _metadata(project: Mapping[str, Any], needed: Closure) -> str:
    core, extras = requirements(needed.libraries, project)
    lines = [
        "Metadata-Version: 2.4",
        f"Name: {LIGHT}",
        f"Version: {project['version']}",
        "Summary: DashScope's video generation on your own machine, for tests of any client",
        f"License-Expression: {project['license']}",
        "License-File: LICENSE",
        f"Requires-Python: {project['requires-python']}",
        "Description-Content-Type: text/markdown",
        *(f"Requires-Dist: {text}" for text in core),
    ]
    for extra, texts in sorted(extras.items()):
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {text} ; extra == '{extra}'" for text in texts]
    description = (Path(__file__).parent / "description.md").read_text(encoding="utf-8")
    return "\n".join([*lines, "", description])


def _record(files: Mapping[str, bytes], itself: str) -> str:
    lines = []
    for name, content in sorted(files.items()):
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return "".join([*lines, f"{itself},,\n"])


def _write(files: Mapping[str, bytes], path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _ANY_DAY)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, whatever system it was written on
            archive.writestr(entry, content)
