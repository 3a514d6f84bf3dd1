"""The folder of a draft: the media in it, written whole or not at all."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.files import part_name, place_folder, sha256, write_atomically
from wanx_render.language import tr
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.media.thumbnails import OF_SERVICE, DecodingOptions, full_size
from wanx_render.timelines.jianying.draft import Draft
from wanx_render.timelines.jianying.shelf import FOLDER, Material
from wanx_render.timelines.media_facts import VIDEO_FORMATS

# The hashes of what was written, by which a later export knows that nobody has worked on it.
SEAL = "wanx-render.json"
FindFfmpeg = Callable[[], Ffmpeg]  # asked only where a frame must be taken out of a clip


def write_folder(draft: Draft, media: Path, target: Path, find: FindFfmpeg) -> None:
    """Write the draft as the folder ``target``; paths of its media start at the folder ``media``.

    Raises BadInput where a file cannot be read or written, or where somebody has worked on the
    draft that is there.
    """
    _refuse_if_changed(target)
    part = part_name(target)
    try:
        (part / FOLDER).mkdir(parents=True)
        for material in draft.materials:
            _make(material, media / material.media, part / FOLDER / material.name, find)
        for name, text in draft.texts.items():
            write_atomically(part / name, text, durable=False)
        hashes = {name: sha256(part / name) for name in draft.texts}
        write_atomically(part / SEAL, json.dumps({"sha256": hashes}, indent=1) + "\n")
        place_folder(part, target)
    except OSError as error:
        raise _failed(target, error) from None
    except FfmpegError as error:
        raise _unreadable(target, str(error)) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _make(material: Material, source: Path, target: Path, find: FindFfmpeg) -> None:
    # Copied, not linked: what an editing program does to its file must not touch a paid clip.
    picture = material.picture
    if picture is None:
        shutil.copyfile(source, target)
        return
    own = DecodingOptions.own(VIDEO_FORMATS, picture.size)
    reading = own if picture.own else OF_SERVICE
    full_size(find(), source, picture.frame, picture.rate, target, reading)


def _refuse_if_changed(target: Path) -> None:
    if not target.exists() or _is_as_written(target):
        return
    message = tr("{folder} was changed since it was exported, and is kept", folder=target)
    hint = tr("export to another folder with --out")
    raise BadInput(Diagnostic("draft-changed", message, hint=hint))


def _is_as_written(folder: Path) -> bool:
    """Whether the folder holds what was written there and nothing else."""
    try:
        hashes: dict[str, str] = json.loads((folder / SEAL).read_bytes())["sha256"]
        names = {path.name for path in folder.iterdir()}
        same = all(sha256(folder / name) == value for name, value in hashes.items())
        return same and names == {*hashes, SEAL, FOLDER}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _failed(target: Path, error: OSError) -> BadInput:
    file, reason = error.filename or target, error.strerror or str(error)
    if not Path(file).is_relative_to(target.parent):
        return _unreadable(Path(file), reason)
    message = tr("cannot write {file}: {reason}", file=target, reason=reason)
    return BadInput(Diagnostic("folder-unwritable", message, hint=tr("use another with --out")))


def _unreadable(path: Path, reason: str) -> BadInput:
    message = tr("cannot read {file}: {reason}", file=path, reason=reason)
    return BadInput(Diagnostic("media-missing", message, hint=tr("render the list again")))
