"""``init``: a small runnable project written into a folder, never over what is there."""

import json
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.shotlist.schema import json_schema

SHOTS = """\
# yaml-language-server: $schema=./shotlist.schema.json
# $schema: ./shotlist.schema.json
# Try it: wanx-render shots.yaml     (the mock needs no key, no network and no money)
version: 1
project: first-steps

defaults:                            # any field of a shot; a shot overrides it
  model: wan2.5-i2v-preview          # wanx-render models shows the others
  resolution: 720P
  duration: 5

shots:
  - id: rooftop
    image: frames/rooftop.jpg        # the first frame; paths start at this file
    prompt: A cat wakes on a tiled roof at dusk
    focus: [0.6, 0.6]                # what a crop keeps in view
  - id: harbour
    model: wan2.2-i2v-flash
    image: frames/harbour.jpg
    prompt: A small sail boat leaves the harbour at dawn
    focus: [0.3, 0.5]

deliverables:
  - aspect: 9:16                     # an exact crop, as large as the clips allow
    motion: repeat                   # 24 frames a second in 30: some are shown twice
  - name: feed
    aspect: 3:4
    fit: blur                        # the whole picture on a blurred copy of itself
    motion: repeat
"""

IGNORED = "renders/\n.env\n"


def write_example(folder: Path, catalog: Catalog) -> tuple[Path, ...]:
    """Write the example into ``folder``; the files written. Raises BadInput."""
    files: dict[str, bytes] = {
        "shots.yaml": SHOTS.encode(),
        "shotlist.schema.json": (json.dumps(json_schema(catalog), indent=2) + "\n").encode(),
        ".gitignore": IGNORED.encode(),
    }
    pictures = resources.files("wanx_render") / "examples"
    for name in ("rooftop.jpg", "harbour.jpg"):
        files[f"frames/{name}"] = (pictures / name).read_bytes()
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
