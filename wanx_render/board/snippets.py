"""A picture dropped on the board, as the lines of a shot to copy into the list.

The page sends the picture's name, size and hash, never the picture. Its path is known where a file
of that name and content is near the list.
"""

import os
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wanx_render import files
from wanx_render.board.app import Malformed
from wanx_render.board.holding import Holding
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.money import show_money
from wanx_render.planning import plan
from wanx_render.planning.planned import PlannedShot
from wanx_render.shotlist import reading
from wanx_render.shotlist.model import GeneratedShot
from wanx_render.shotlist.names import is_device, is_part, normal, shortened
from wanx_render.source.writing import Site, Unwritable, written
from wanx_render.task import InputMedia
from wanx_render.validation.rows.lists import Loaded

Asked = Mapping[str, Any]
MOST_FILES = 20_000  # looked at near the list
_MOST_SIDE = 100_000
_IN_LIST = Site(flow=False, column=4)


@dataclass(frozen=True)
class Picture:
    """What the page knows of a picture."""

    name: str
    size: Size
    bytes: int
    sha256: str
    prompt: str  # what is written in the place of one, in the reader's language

    @classmethod
    def of(cls, asked: Asked) -> "Picture":
        """Raises Malformed."""
        name, sha256, prompt = (_text_of(asked, key) for key in ("name", "sha256", "prompt"))
        width, height, count = (_number_of(asked, key) for key in ("width", "height", "bytes"))
        file_name = Path(name.replace("\\", "/")).name
        if not (file_name and 0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE and count > 0):
            raise Malformed(tr("a picture must have a name, a size and a hash"))
        return cls(file_name, Size(width, height), count, sha256, prompt)


def _text_of(asked: Asked, key: str) -> str:
    value = asked.get(key)
    return value if isinstance(value, str) else ""


def _number_of(asked: Asked, key: str) -> int:
    value = asked.get(key)
    return value if type(value) is int else 0


def snippet(holding: Holding, asked: Asked) -> dict[str, Any]:
    """The lines of a shot that starts from a picture, and what its clip would be.

    Raises Malformed.
    """
    picture = Picture.of(asked)
    loaded = holding.selection.lists[0].loaded
    path = next(_places(picture, loaded, holding.folder), None)
    shot = {"id": _free_id(picture.name, {shot.id for shot in loaded.shots.shots})}
    shot |= {"image": path or picture.name}
    defaults = _defaults(loaded)
    models = [shot.model for shot in loaded.shots.shots if isinstance(shot, GeneratedShot)]
    if "model" not in defaults and models:
        shot |= {"model": models[0]}
    shot |= {"prompt": picture.prompt}
    return {
        "yaml": _lines(shot),
        "path": path,
        "size": str(picture.size),
        **_predicted(holding, loaded, {**defaults, **shot, "prompt": "x"}, picture),
    }


def _places(picture: Picture, loaded: Loaded, renders: Path) -> Iterator[str]:
    """The paths of files near the list that are this very picture."""
    for path in _near(loaded.folder, renders):
        try:
            is_named = normal(path.name) == normal(picture.name)
            is_it = is_named and path.stat().st_size == picture.bytes
            if is_it and files.sha256(path) == picture.sha256:
                yield path.relative_to(loaded.folder).as_posix()
        except OSError:
            continue


def _near(folder: Path, renders: Path) -> Iterator[Path]:
    """Files below ``folder``, the nearest first; hidden folders and renders are left out."""
    folders, count = [folder], 0
    for place in folders:  # grows on the way
        try:
            entries = sorted(os.scandir(place), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in entries:
            count += 1
            if count > MOST_FILES:
                return
            if entry.is_file():
                yield Path(entry.path)
            elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                folders += [] if Path(entry.path) == renders.parent else [Path(entry.path)]


def _free_id(name: str, taken: set[str]) -> str:
    """A shot's id made of a file's name."""
    stem = unicodedata.normalize("NFC", Path(name).stem)
    signs = "".join(sign if is_part(sign) else "-" for sign in stem)
    text = re.sub("-{2,}", "-", signs).strip("-_.")
    text = shortened(text, 60) or "shot"
    text = f"{text}-1" if is_device(text) else text
    number, free = 2, text
    while free in taken:
        free, number = f"{text}-{number}", number + 1
    return free


def _defaults(loaded: Loaded) -> dict[str, Any]:
    source, _ = reading.read(loaded.file, str(loaded.file))
    defaults = source.value.get("defaults") if isinstance(source.value, dict) else None
    return defaults if isinstance(defaults, dict) else {}


def _lines(shot: Mapping[str, str]) -> str:
    lines = []
    for index, (key, value) in enumerate(shot.items()):
        try:
            text = str(written(value, _IN_LIST)).rstrip("\n")
        except Unwritable:
            text = '""'
        lines.append(f"{'    ' if index else '  - '}{key}: {text}\n")
    return "".join(lines)


def _predicted(
    holding: Holding, loaded: Loaded, fields: Mapping[str, Any], picture: Picture
) -> dict[str, Any]:
    """The clip and its price by the list's defaults; nothing where they name what is not there."""
    outlook, image = holding.outlook, str(fields["image"])
    try:
        shot = GeneratedShot.model_validate(fields, context={"folder": loaded.folder})
        media = {**loaded.media, image: InputMedia(f"sha256:{picture.sha256}", size=picture.size)}
        shots = loaded.shots.model_copy(update={"shots": (shot,)})
        catalog = holding.selection.catalog
        (planned,) = plan.make(shots, outlook.plan.backend, media, catalog).generated
    except (ValidationError, LookupError):
        return {"clip": None}
    return {"clip": _clip(planned)}


def _clip(planned: PlannedShot) -> dict[str, Any]:
    take = planned.picked
    return {
        "model": take.request.model,
        "tier": take.request.resolution,
        "seconds": take.request.duration,
        "width": take.size.width if take.size else None,
        "height": take.size.height if take.size else None,
        "price": show_money(take.price) if take.price else None,
    }
