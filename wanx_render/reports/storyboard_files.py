"""The storyboard as a file: its pictures are gathered from the files that the manifest names."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from wanx_render.errors import FfmpegError, WanxError
from wanx_render.events import Emit, Event
from wanx_render.files import write_atomically
from wanx_render.geometry import Size
from wanx_render.language import Message, language, tr, verbatim
from wanx_render.manifest import (
    DeliverableRecord,
    FootageRecord,
    Manifest,
    ReferenceRecord,
    TakeRecord,
)
from wanx_render.media import ffmpeg, thumbnails
from wanx_render.media.images import BadPicture, decode_data_uri, read_bytes
from wanx_render.task import source_of

if TYPE_CHECKING:
    from wanx_render.reports.storyboard import Gallery
    from wanx_render.task import InputMedia

NAME = "storyboard.html"
_LOOKS = Path(__file__).parent
_MANY = 1000  # shots; a page of more is for those who ask for it, with its 80 kB for each shot
_HEAD = 4096  # bytes that hold the mark
_ENDING = b"\n<!-- sha256 of all above: "
_POSTER_SECONDS = 1  # into the deliverable: behind a fade, and soon decoded

R = TypeVar("R", TakeRecord, DeliverableRecord, FootageRecord, ReferenceRecord)
P = TypeVar("P")


def after_run(manifest: Manifest, source: PictureSource, executor: Executor, emit: Emit) -> None:
    """Write the storyboard of a run; no failure of it fails the run.

    One that shows the same already is left: a run that had nothing to do takes no longer for it.
    """
    if len(manifest.shots) > _MANY:
        text = tr("no storyboard: more than {n} shots; wanx-render report writes it", n=_MANY)
        emit(Event("warning", text))
        return
    try:
        if is_current(manifest, source.folder / NAME):
            return
        missing = write(manifest, source, executor, source.folder / NAME)
    except Exception as error:  # noqa: BLE001  # clips are paid for and delivered: no page undoes that
        reason = f"{type(error).__name__}: {error}"
        missing = (tr("cannot write the storyboard: {reason}", reason=reason),)
    for problem in missing:
        emit(Event("warning", problem))


@dataclass(frozen=True)
class PictureSource:
    """Where pictures come from: the render folder, and pictures that are in no file."""

    folder: Path
    program: ffmpeg.Ffmpeg
    media: Mapping[str, InputMedia] | None = None  # of the plan, where one is at hand
    home: Path | None = None  # where small pictures are kept, if a table's rows share them

    @property
    def kept(self) -> Path:
        return self.home or self.folder

    def frames(self, take: TakeRecord) -> tuple[bytes, ...]:
        """The first, middle and last frame of a take's clip."""
        clip, sha256 = self.folder / (take.clip or ""), take.sha256 or ""
        paths = thumbnails.make(self.program, self.kept, clip, sha256, take.frames or 0)
        return tuple(path.read_bytes() for path in paths)

    def footage(self, footage: FootageRecord) -> tuple[bytes, ...]:
        """The first, middle and last frame of own footage."""
        from wanx_render.finishing.ingest import CONTAINERS

        clip, name = (
            self.folder / footage.clip,
            f"{footage.sha256} {footage.frames} {footage.fps} 2",
        )
        key = hashlib.sha256(name.encode()).hexdigest()
        reading = thumbnails.DecodingOptions.own(CONTAINERS, Size(footage.width, footage.height))
        if footage.kind == "still":  # its video is ours
            reading = thumbnails.DecodingOptions(CONTAINERS)
        paths = thumbnails.make(self.program, self.kept, clip, key, footage.frames, reading)
        return tuple(path.read_bytes() for path in paths)

    def poster(self, made: DeliverableRecord) -> bytes:
        """A deliverable's poster; where it is not there, a frame from near the beginning."""
        if made.poster:
            with suppress(OSError, BadPicture):
                beside = (self.folder / made.poster.path).read_bytes()
                return thumbnails.picture(self.kept, made.poster.sha256, beside).read_bytes()
        path = self.folder / made.path
        number = min(round(float(Fraction(made.fps)) * _POSTER_SECONDS), max(made.frames - 1, 0))
        return thumbnails.poster(self.program, self.kept, path, made.sha256, number).read_bytes()

    def picture(self, take: TakeRecord) -> bytes:
        """The picture that a take begins with, all of it."""
        identity = take.picture or source_of(str(take.request.get("image")))
        if there := thumbnails.kept_picture(self.kept, identity):
            return there.read_bytes()
        data = self._bytes_of(identity, take.first_frame)
        if not identity.startswith("sha256:"):  # a chained one, known by its clip
            identity = f"sha256:{hashlib.sha256(data).hexdigest()}"
        return thumbnails.picture(self.kept, identity, data).read_bytes()

    def reference(self, reference: ReferenceRecord) -> bytes:
        """A picture that a take refers to."""
        if there := thumbnails.kept_picture(self.kept, reference.identity):
            return there.read_bytes()
        data = self._bytes_of(reference.identity, reference.path)
        return thumbnails.picture(self.kept, reference.identity, data).read_bytes()

    def made(self, take: TakeRecord) -> bytes:
        """A first frame that a model made."""
        data = read_bytes(self.folder / (take.clip or ""))
        return thumbnails.picture(self.kept, f"sha256:{take.sha256}", data).read_bytes()

    def sent(self, take: TakeRecord) -> bytes:
        """What was sent of the picture that a take begins with."""
        data = read_bytes(self.folder / (take.sent or ""))
        identity = f"sha256:{hashlib.sha256(data).hexdigest()}"
        return thumbnails.picture(self.kept, identity, data).read_bytes()

    def _bytes_of(self, identity: str, path: str | None) -> bytes:
        if path:
            return read_bytes(self.folder / path)
        uris = (
            picture.url for picture in (self.media or {}).values() if picture.identity == identity
        )
        uri = next((url for url in uris if url and url.startswith("data:")), None)
        if uri is None:
            raise BadPicture(tr("is in no file"))
        return decode_data_uri(uri)


def write(
    manifest: Manifest, source: PictureSource, executor: Executor, target: Path
) -> tuple[Message, ...]:
    """Write the page at ``target``; which pictures are missing from it.

    Raises OSError where it cannot be written.
    """
    # Slow to import, and only those who write a page need it.
    from wanx_render.reports.storyboard import page

    gallery, missing = gather(manifest, source, executor)
    mark = "" if missing else _mark(manifest)
    text = page(manifest, gallery, _base(source.folder, target), mark=mark)
    data = text.encode("utf-8", "replace")
    write_atomically(target, data + _ending(data), durable=False)
    return missing


def _ending(page: bytes) -> bytes:
    """What is written behind a page, so that one which changed on disk is written again."""
    return _ENDING + f"{hashlib.sha256(page).hexdigest()} -->\n".encode()


def _mark(manifest: Manifest) -> str:
    """By what a page differs from that of another manifest, or of another program."""
    # What a run spent changes nothing of the film: a run that did nothing leaves the page as it is.
    text = replace(manifest, finished_at="", cost_run="").text()
    names = ("storyboard.html", "storyboard.css", "bilingual.js")
    looks = [(_LOOKS / name).read_bytes() for name in names]
    parts = [language().encode(), text.encode("utf-8", "replace"), *looks]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def is_current(manifest: Manifest, target: Path) -> bool:
    """Whether the page at ``target`` is the one that would be written."""
    try:
        data = target.read_bytes()
    except OSError:
        return False
    whole = data.rpartition(_ENDING)[0]
    return _mark(manifest).encode() in whole[:_HEAD] and data == whole + _ending(whole)


def _base(folder: Path, target: Path) -> str:
    """What leads from the page to the render folder. Raises OSError where nothing does."""
    try:
        near = os.path.relpath(folder.resolve(), target.resolve().parent)
    except ValueError:
        raise OSError(errno.EXDEV, "the page must be on the drive of its files", target) from None
    return "" if near == "." else f"{Path(near).as_posix()}/"


def gather(
    manifest: Manifest, source: PictureSource, executor: Executor
) -> tuple[Gallery, tuple[Message, ...]]:
    """Every picture of the page, made where it is not kept, and what could not be had."""
    from wanx_render.reports.storyboard import Gallery

    takes = manifest.takes
    clips = {t.sha256: t for t in takes if t.sha256 and t.clip and t.frames}
    firsts = {
        image: t
        for t in takes
        if (image := source_of(str(t.request.get("image")))).startswith("sha256:") or t.first_frame
    }
    of_pictures = (t for picture in manifest.pictures for t in picture.takes)
    made = {t.sha256: t for t in of_pictures if t.sha256 and t.clip}
    prepared = {t.sent: t for t in takes if t.sent}
    own = {shot.footage.clip: shot.footage for shot in manifest.shots if shot.footage}
    films = {deliverable.sha256: deliverable for deliverable in manifest.deliverables}
    missing: list[Message] = []
    return Gallery(
        frames={
            **_each(executor, source.frames, clips, missing),
            **_each(executor, source.footage, own, missing),
        },
        pictures=_each(executor, source.picture, firsts, missing),
        references=_each(executor, source.reference, _references(takes), missing),
        sent=_each(executor, source.sent, prepared, missing),
        made=_each(executor, source.made, made, missing),
        posters=_each(executor, source.poster, films, missing),
    ), tuple(missing)


def _references(takes: Iterable[TakeRecord]) -> dict[str, ReferenceRecord]:
    """The pictures that takes refer to and that are here, by identity."""
    every = (reference for take in takes for reference in take.references)
    return {
        reference.identity: reference
        for reference in every
        if reference.kind == "image" and reference.identity.startswith("sha256:")
    }


def _each(
    executor: Executor, make: Callable[[R], P], records: Mapping[str, R], missing: list[Message]
) -> dict[str, P]:
    """What ``make`` makes of each record, by its key; what it cannot is named in ``missing``."""
    results: dict[str, P] = {}
    work = {key: executor.submit(make, record) for key, record in records.items()}
    for key, future in work.items():
        try:
            results[key] = future.result()
        except (FfmpegError, BadPicture, OSError, ValueError) as error:
            text = tr(
                "no picture of {name}: {reason}", name=_name(records[key]), reason=_reason(error)
            )
            missing.append(text)
    return results


def _reason(error: Exception) -> Message:
    return error.sentence if isinstance(error, WanxError) else verbatim(str(error))


def _name(record: TakeRecord | DeliverableRecord | FootageRecord | ReferenceRecord) -> str:
    match record:
        case ReferenceRecord():
            return record.path or record.called
        case FootageRecord():
            return record.source
        case DeliverableRecord():
            return record.path
        case TakeRecord():
            return record.clip or record.first_frame or tr("the first frame")
