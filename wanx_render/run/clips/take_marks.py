"""Marks of a take: the faults of its clip that are faults of what was asked for, and its judge's.

What can be seen in the clip alone was measured when it came. A mark is a notice: whatever goes
wrong here, the take is used all the same.
"""

import io
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from wanx_render.errors import Broken, FfmpegError
from wanx_render.finishing.segment import ClipMedia
from wanx_render.language import NOTHING, Message
from wanx_render.manifest import MarkRecord
from wanx_render.marks import faults
from wanx_render.marks.picture import borders
from wanx_render.marks.samples import SIDE, samples_of
from wanx_render.media import decoding, images, thumbnails
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.media.images import BadPicture
from wanx_render.planning.origins import bytes_of
from wanx_render.planning.planned import Take
from wanx_render.planning.sending import sent_pictures
from wanx_render.run.clips.judge import JudgeCommand
from wanx_render.task import InputMedia, TaskRequest
from wanx_render.tasks.likeness.comparison import compare
from wanx_render.tasks.likeness.glance import is_plainly

Facts = dict[str, Any]
MULTI = "multi"  # the shot type that asks the model to cut
OF_SOUND = ("silent", "clipped")  # the kinds that count only where sound was asked for


@dataclass(frozen=True)
class TakeMarker:
    """Marks the takes of one list."""

    program: Ffmpeg
    folder: Path  # of the clips and their pictures
    judge: JudgeCommand | None

    def facts(self, take: Take, media: ClipMedia, facts: Facts) -> tuple[Facts, Message]:
        """The facts of a clip with its marks, for the journal, and why the judge failed.

        They are ``facts`` itself where it has them.
        """
        result, failure = dict(facts), NOTHING
        if "faults" not in result:
            result |= self._measured(media)
        if "marks" not in result:
            result["marks"] = faults.written(tuple(self._marks(take, media, result)))
        if self.judge and result.get("judge", {}).get("by") != self.judge.name:
            try:
                marks = self.judge.marks(media.path, take.request.record())
                result["judge"] = {"by": self.judge.name, "marks": faults.written(marks)}
            except Broken as error:
                failure = error.sentence
        return (facts if result == facts else result), failure

    def _measured(self, media: ClipMedia) -> Facts:
        """Of a clip that came before clips were measured."""
        try:
            return faults.measured(samples_of(self.program, media.path, media.rate))
        except (FfmpegError, OSError, ValueError):
            return {"faults": [], "loudness": None}

    def _marks(self, take: Take, media: ClipMedia, facts: Facts) -> Iterator[MarkRecord]:
        request = take.request
        first = self._sent(request.image) if request.image else None
        last = self._sent(request.last_image) if request.last_image else None
        if first and (reason := self._unlike(first, media, "first")):
            yield MarkRecord("unlike", start="0.00", frame=0, about=str(reason))
        if last and (reason := self._unlike(last, media, "last")):
            yield MarkRecord("unlike-last", frame=media.frames - 1, about=str(reason))
        own = borders([small(first)]) if first else {}
        for mark in faults.read(facts["faults"]):
            if counts(mark, request) and mark.about not in own:
                yield mark

    def _sent(self, picture: InputMedia) -> Image.Image | None:
        """The picture as it was sent; None where its bytes are not here."""
        with suppress(BadPicture, OSError):
            if picture.preparation:
                path = picture.prepared or sent_pictures.kept(picture, self.folder)
                return images.upright(path.read_bytes()) if path else None
            data = bytes_of(picture)
            if data and picture.identity.startswith("sha256:"):  # it is made for reports anyway
                return _opened(thumbnails.picture(self.folder, picture.identity, data))
            return images.upright(data) if data else None
        return None

    def _unlike(self, sent: Image.Image, media: ClipMedia, position: str) -> str:
        """Why a frame is surely not the picture that was sent for it; empty where it may be."""
        with suppress(FfmpegError, OSError):
            pictures = thumbnails.make(
                self.program, self.folder, media.path, media.sha256, media.frames
            )
            shown = _opened(pictures[thumbnails.WHICH.index(position)])
            if is_plainly(sent, shown, media.size):
                return ""
            if position == "first":
                shown = decoding.first_frame(self.program, media.path)
            likeness = compare(sent, shown)
            return likeness.reason if likeness.verdict == "other" else ""
        return ""


def _opened(path: Path) -> Image.Image:
    with Image.open(io.BytesIO(path.read_bytes()), formats=("JPEG",)) as picture:
        return picture.convert("RGB")


def small(picture: Image.Image) -> Image.Image:
    """A picture as the frames of a clip are measured."""
    return picture.convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)


def counts(mark: MarkRecord, request: TaskRequest) -> bool:
    """Whether a fault of a clip is one of what was asked for."""
    if mark.start is not None and Fraction(mark.start) < request.lead:
        return False  # in the clip that it goes on from
    if mark.kind == "cut":
        return request.shot_type != MULTI
    if mark.kind == "silent" and request.sound == "file":
        return mark.start is None  # pauses are the file's own
    return mark.kind not in OF_SOUND or request.sound in ("auto", "file")
