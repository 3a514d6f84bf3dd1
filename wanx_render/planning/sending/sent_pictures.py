"""The files of what is sent of pictures: prepared once, and kept beside the last frames of clips.

A file's name holds a hash of its content, so that it shows by itself whether it is still what was
prepared. A damaged one is made again.
"""

import json
import threading
from dataclasses import replace
from pathlib import Path

from wanx_render import files, integrity
from wanx_render.errors import Broken
from wanx_render.geometry import CENTRE, Box
from wanx_render.language import tr
from wanx_render.media import images
from wanx_render.media.images import BadPicture
from wanx_render.media.picture import prepared_record
from wanx_render.planning.origins import bytes_of
from wanx_render.preparation import Preparation
from wanx_render.task import InputMedia, TaskRequest


def with_files(request: TaskRequest, folder: Path, most_bytes: int) -> TaskRequest:
    """The request with a file for each picture that is prepared, made in ``folder`` if need be.

    ``most_bytes`` is the most that the model accepts. Raises Broken, and OSError.
    """
    first, last = request.image, request.last_image
    return replace(
        request,
        image=with_file(first, folder, most_bytes) if first else None,
        last_image=with_file(last, folder, most_bytes) if last else None,
        references=tuple(
            replace(entry, media=with_file(entry.media, folder, most_bytes))
            for entry in request.references
        ),
    )


def within(request: TaskRequest, folder: Path, most_bytes: int) -> TaskRequest:
    """The request, its first frame to be encoded again where a model made it with more bytes than
    the next one accepts: it is paid for, and no rule could say so before. Raises OSError."""
    image = request.image
    if image is None or image.preparation or image.size is None or image.path is None:
        return request
    if image.path.parent != folder / "clips" or image.path.stat().st_size <= most_bytes:
        return request
    window = Box(0, 0, image.size.width, image.size.height)
    whole = Preparation(None, "crop", CENTRE, None, window, image.size)
    return replace(request, image=replace(image, preparation=whole))


def with_file(picture: InputMedia, folder: Path, most_bytes: int) -> InputMedia:
    """The picture with the file of what is sent of it. Raises Broken, and OSError."""
    if picture.preparation is None:
        return picture
    with _ONE_AT_A_TIME:  # two takes may need the same one
        path = kept(picture, folder, most_bytes) or _made(picture, folder, most_bytes)
    return replace(picture, prepared=path)


_ONE_AT_A_TIME = threading.Lock()


def kept(picture: InputMedia, folder: Path, most_bytes: int | None = None) -> Path | None:
    """The file of what is sent of a picture, where it was made before and is whole.

    ``most_bytes``: for a model that accepts no more; else whichever there is.
    """
    name = f"{_name(picture)}-{most_bytes or '*'}-*"
    paths = sorted(_frames(folder).glob(name)) if picture.preparation else []
    return next((path for path in paths if _is_whole(path)), None)


def _made(picture: InputMedia, folder: Path, most_bytes: int) -> Path:
    content, name = _prepared(picture, most_bytes), f"{_name(picture)}-{most_bytes}"
    target = _frames(folder) / f"{name}-{_hash(content)}{images.suffixes(content)[0]}"
    for damaged in integrity.folder(target.parent).glob(f"{name}-*"):
        integrity.drop(damaged)
    with files.part_of(target) as part:
        part.write_bytes(content)
        integrity.place(part, target, durable=True)
    return target


def _prepared(picture: InputMedia, most_bytes: int) -> bytes:
    name = picture.path.name if picture.path else tr("the data URI")
    if picture.preparation is None:
        raise ValueError("only a prepared picture has a file of its own")
    try:
        data = bytes_of(picture)
        if _is_other(picture, data):
            raise Broken(tr("{file} changed since the list was read; run it again", file=name))
        return images.prepared(data, picture.preparation, most_bytes)
    except BadPicture as problem:
        raise Broken(tr("{file} {problem}", file=name, problem=problem.sentence)) from None


def _frames(folder: Path) -> Path:
    return folder / ".cache" / "frames"


def _name(picture: InputMedia) -> str:
    """What names a picture and its whole preparation, also what no identity holds."""
    if picture.preparation is None:
        return ""
    record = prepared_record.written(picture.preparation)
    source = [picture.identity, *([picture.read_as] if picture.read_as else [])]
    text = json.dumps([*source, record], sort_keys=True)
    return files.sha256_of(text.encode())[:24] + "-sent"


def _hash(content: bytes) -> str:
    return files.sha256_of(content)[:24]


def _is_whole(path: Path) -> bool:
    try:
        return _hash(path.read_bytes()) == path.stem.rpartition("-")[2]
    except OSError:
        return False


def _is_other(picture: InputMedia, data: bytes) -> bool:
    """Whether a file is not the one any more that the list was checked with."""
    is_file = picture.identity.startswith("sha256:")
    return is_file and picture.identity != f"sha256:{files.sha256_of(data)}"
