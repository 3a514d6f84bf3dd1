"""``init``: a small runnable project written into a folder, never over what is there."""

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import language, tr
from wanx_render.shotlist.schema import json_schema

IGNORED = "renders/\n.env\n"


def write_example(folder: Path, catalog: Catalog) -> tuple[Path, ...]:
    """Write the example into ``folder``; the files written. Raises BadInput.

    Its comments and prompts are in the language of the process.
    """
    examples = resources.files("wanx_render") / "examples"
    files: dict[str, bytes] = {
        "shots.yaml": (examples / f"shots.{language()}.yaml").read_bytes(),
        "shotlist.schema.json": (json.dumps(json_schema(catalog), indent=2) + "\n").encode(),
        ".gitignore": IGNORED.encode(),
    }
    for name in ("rooftop.jpg", "harbour.jpg"):
        files[f"frames/{name}"] = (examples / name).read_bytes()
    try:
        _refuse_what_is_there(folder, files)
        return tuple(_write(folder / name, data) for name, data in files.items())
    except OSError as error:
        message = tr("cannot write to {folder}: {reason}", folder=folder, reason=error.strerror)
        hint = tr("choose another folder: wanx-render init DIR")
        raise BadInput(Diagnostic("folder-unwritable", message, hint=hint)) from None


def _refuse_what_is_there(folder: Path, names: Iterable[str]) -> None:
    """A link that leads nowhere is something too: lstat, which does not follow it."""
    for name in names:
        try:
            (folder / name).lstat()
        except FileNotFoundError:
            continue
        message = tr("{file} already exists; nothing was written", file=folder / name)
        hint = tr("choose an empty folder: wanx-render init DIR")
        raise BadInput(Diagnostic("file-exists", message, hint=hint))


def _write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as stream:
        stream.write(data)
    return path
