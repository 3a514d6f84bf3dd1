"""The judge of a search: a task's clip is fetched and compared with the picture that was sent.

What is doubtful is kept in the folder ``doubtful`` of the render folder, for a person to look at;
it never takes the place of a clip.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from wanx_render import files
from wanx_render.backends.base import Succeeded
from wanx_render.catalog import shapes
from wanx_render.errors import Broken, FfmpegError, UnknownHost, WanxError
from wanx_render.geometry import Size, predicted_size
from wanx_render.language import NOTHING, Message, joined, tr, verbatim
from wanx_render.media import decoding, images, probe
from wanx_render.media.images import BadPicture
from wanx_render.media.picture import prepared_record
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import bytes_of, footage_frame_path, last_frame_path
from wanx_render.planning.sending.sent_clips import sent_earlier
from wanx_render.task import InputMedia, is_of_picture, source_of
from wanx_render.tasks.likeness.comparison import compare
from wanx_render.tasks.reconcile import Judgement
from wanx_render.tasks.tools import Tools

FOLDER = "doubtful"
# How exactly the service keeps the size rule was never measured: what differs by more is another
# request's.
_ASPECT_OFF, _AREA_OFF = 0.05, 0.15
_SECONDS_OFF = Fraction(1, 2)
_NO_SIZE = tr("its size is unknown")

Pictures = Callable[[str], bytes | None]  # by identity; None where the bytes are not here


@dataclass(frozen=True, kw_only=True)
class ClipJudge:
    """Everything a clip is judged with."""

    tools: Tools
    folder: Path
    pictures: Pictures

    async def clip(self, attempt: Attempt, task: Succeeded, doubt: Message = NOTHING) -> Judgement:
        is_picture = is_of_picture(attempt.request)
        aside = self.folder / FOLDER / f"{task.task_id}{'.png' if is_picture else '.mp4'}"
        task = replace(task, picture=is_picture)
        if aside.is_file():
            before = tr("its clip was already kept as {file}", file=f"{FOLDER}/{aside.name}")
            return Judgement("doubtful", doubt or before)
        aside.parent.mkdir(exist_ok=True)
        try:
            with files.part_of(aside) as part:
                await self.tools.at(attempt.recipient).backend.download(task, part)
                judgement = await self._judged(attempt, part, doubt)
                if judgement.verdict != "doubtful":
                    return judgement
                files.place(part, aside)
            file = f"{FOLDER}/{aside.name}"
            return Judgement(
                "doubtful",
                tr("{reason}; its clip is kept as {file}", reason=judgement.reason, file=file),
            )
        except (UnknownHost, Broken) as error:
            return Judgement("doubtful", error.sentence)

    async def _judged(self, attempt: Attempt, clip: Path, doubt: Message) -> Judgement:
        try:
            compare = _compare_picture if is_of_picture(attempt.request) else self._compare
            judgement = await self.tools.work(compare, attempt, clip)
        except (FfmpegError, Broken, BadPicture, OSError) as error:
            return Judgement(
                "doubtful", tr("cannot compare its clip: {reason}", reason=_why(error))
            )
        doubt = doubt or _unseen(attempt.request)
        if judgement.verdict == "same" and doubt:
            return Judgement("doubtful", doubt)
        return judgement

    def _compare(self, attempt: Attempt, clip: Path) -> Judgement:
        picture = probe.probe(self.tools.program, clip).picture
        seconds = Fraction(picture.frames) / picture.rate
        if abs(seconds - int(attempt.request["duration"])) > _SECONDS_OFF:
            return Judgement("other", tr("it is {seconds:.1f} s long", seconds=float(seconds)))
        if not attempt.request.get("image") and not attempt.request.get("first_clip"):
            return self._of_words(attempt, picture.size)
        image = self._image(attempt)
        if image is None:
            return Judgement("doubtful", tr("the picture that was sent is missing here"))
        if difference := self._other_size(attempt, image, picture.size):
            return Judgement("other", difference)
        frame = decoding.first_frame(self.tools.program, clip)
        comparison = compare(image, frame)
        return Judgement(comparison.verdict, comparison.reason)

    def _of_words(self, attempt: Attempt, size: Size) -> Judgement:
        """A clip without a first frame: its shape is compared; its prompt was already."""
        expected = self._shape(attempt)
        if expected and (difference := _difference(size, expected)):
            return Judgement("other", difference)
        return Judgement("same") if expected else Judgement("doubtful", _NO_SIZE)

    def _shape(self, attempt: Attempt) -> Size | None:
        """The clip of what was asked for outright; None where no figure says."""
        request, model = attempt.request, self.tools.catalog.model(attempt.model)
        tier = str(request["resolution"])
        try:
            area = self.tools.catalog.tier_area(tier)
        except KeyError:
            return None
        choices = shapes.shapes_of(model, tier, area) if model else ()
        size = shapes.size_of(request["size"]) if request.get("size") else None
        return shapes.clip_of(size, request.get("ratio") or "", choices, area)

    def _image(self, attempt: Attempt) -> Image.Image | None:
        """The first frame as it was sent then, whatever would be sent of it today."""
        if clip := attempt.request.get("first_clip"):
            path = sent_earlier(str(clip), self.folder)
            return decoding.first_frame(self.tools.program, path) if path else None
        data = self.pictures(source_of(str(attempt.request["image"])))
        if data is None:
            return None
        preparation = prepared_record.of_frame(attempt.prepared, "image")
        if preparation:
            model = self.tools.catalog.model(attempt.model)
            most = model.of_pictures.bytes.value if model else images.REPAIRED_BYTES
            data = images.prepared(data, preparation, most)
        return images.upright(data)

    def _other_size(self, attempt: Attempt, image: Image.Image, size: Size) -> Message:
        """What is wrong with the clip's size for this picture and tier; mostly nothing."""
        try:
            area = self.tools.catalog.tier_area(str(attempt.request["resolution"]))
        except KeyError:
            return NOTHING
        return _difference(size, predicted_size(Size(*image.size), area))


def _difference(size: Size, expected: Size) -> Message:
    """In what a clip's size is another request's; nothing where it may be this one's."""
    aspect = (size.width * expected.height) / (size.height * expected.width)
    growth = (size.width * size.height) / (expected.width * expected.height)
    if abs(aspect - 1) <= _ASPECT_OFF and abs(growth - 1) <= _AREA_OFF:
        return NOTHING
    return tr("it is {size} instead of {expected}", size=size, expected=expected)


def _unseen(request: Mapping[str, Any]) -> Message:
    """What was asked for that neither the answer nor the result shows; mostly nothing.

    Where a first frame was sent, the words against it and the sound are small beside that.
    """
    names = ["references", "shot_type"]
    if not request.get("image") and not request.get("first_clip"):
        names += ["negative_prompt", "sound_file"]
    keys = [{"sound_file": "audio"}.get(name, name) for name in names if request.get(name)]
    return tr("the task does not show its {keys}", keys=joined(keys, tr(", "))) if keys else NOTHING


def _compare_picture(attempt: Attempt, picture: Path) -> Judgement:
    """A picture that a model made: its size is all that can be compared; words are elsewhere."""
    size, asked = images.inspect(picture.read_bytes()).size, attempt.request.get("size")
    expected = shapes.size_of(str(asked)) if asked else None
    if expected is None:
        return Judgement("doubtful", _NO_SIZE)
    if size == expected:
        return Judgement("same")
    difference = tr("it is {size} instead of {expected}", size=size, expected=expected)
    return Judgement("other" if _difference(size, expected) else "doubtful", difference)


def _why(error: Exception) -> Message:
    if isinstance(error, WanxError):
        return error.sentence
    if isinstance(error, BadPicture):
        problem = error.sentence
        return tr("{file} {problem}", file=tr("the picture that was sent"), problem=problem)
    return verbatim(str(error))


def pictures_by_identity(media: Iterable[InputMedia], journal: Journal, folder: Path) -> Pictures:
    """Finds the bytes of a picture that was sent: one of the list, or the last frame of a clip."""
    here: dict[str, InputMedia] = {}
    for picture in media:
        here[picture.source] = here[picture.identity] = picture

    def find(identity: str) -> bytes | None:
        copies = (name for name, first in journal.same_pictures().items() if first == identity)
        for name in (identity, *copies):
            with suppress(OSError, BadPicture):
                if (picture := here.get(name)) and (data := bytes_of(picture)):
                    return data
            if match := re.fullmatch(r"clip:([0-9a-f]{64}):(last|until:.*)", name):
                paths = footage_frame_path(folder, name), last_frame_path(folder, match[1])
                if path := next((path for path in paths if path.is_file()), None):
                    return path.read_bytes()
        if made := journal.clip_with(identity.removeprefix("sha256:")):
            with suppress(OSError):
                return (folder / "clips" / made).read_bytes()
        return None

    return find
