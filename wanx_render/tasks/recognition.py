"""The judge of a search: a task's clip is fetched and held against the picture that was sent.

What is doubtful is kept in the folder ``doubtful`` of the render folder, for a person to look at;
it never takes the place of a clip.
"""

import asyncio
import re
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from PIL import Image

from wanx_render import files
from wanx_render.backends.base import Backend, Succeeded
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken, FfmpegError, UnknownHost
from wanx_render.geometry import Size, predicted_size
from wanx_render.media import ffmpeg, images, probe
from wanx_render.media.images import BadPicture
from wanx_render.planning.journal import Attempt, Journal
from wanx_render.planning.origins import last_frame_path
from wanx_render.task import InputMedia
from wanx_render.tasks import likeness
from wanx_render.tasks.reconcile import Judgement

FOLDER = "doubtful"
# How exactly the service keeps the size rule was never measured: what differs by more is another
# request's.
_ASPECT_OFF, _AREA_OFF = 0.05, 0.15
_SECONDS_OFF = Fraction(1, 2)

Pictures = Callable[[str], bytes | None]  # by identity; None where the bytes are not here


@dataclass(frozen=True)
class ClipJudge:
    """Everything a clip is judged with."""

    backend: Backend
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    executor: Executor
    folder: Path
    pictures: Pictures

    async def clip(self, attempt: Attempt, task: Succeeded, doubt: str = "") -> Judgement:
        aside = self.folder / FOLDER / f"{task.task_id}.mp4"
        if aside.is_file():
            return Judgement("doubtful", doubt or f"its clip was in doubt before: {aside.name}")
        aside.parent.mkdir(exist_ok=True)
        try:
            with files.part_of(aside) as part:
                await self.backend.download(task, part)
                judgement = await self._judged(attempt, part, doubt)
                if judgement.verdict != "doubtful":
                    return judgement
                files.place(part, aside)
            return Judgement("doubtful", f"{judgement.reason}; see {FOLDER}/{aside.name}")
        except (UnknownHost, Broken) as error:
            return Judgement("doubtful", str(error))

    async def _judged(self, attempt: Attempt, clip: Path, doubt: str) -> Judgement:
        loop = asyncio.get_running_loop()
        try:
            seen = await loop.run_in_executor(self.executor, self._compared, attempt, clip)
        except (FfmpegError, Broken, BadPicture, OSError) as error:
            return Judgement("doubtful", f"its clip cannot be compared: {error}")
        if seen.verdict == "same" and doubt:
            return Judgement("doubtful", doubt)
        return seen

    def _compared(self, attempt: Attempt, clip: Path) -> Judgement:
        picture = probe.probe(self.program, clip).picture
        seconds = Fraction(picture.frames) / picture.rate
        if abs(seconds - int(attempt.request["duration"])) > _SECONDS_OFF:
            return Judgement("other", f"{float(seconds):.1f} s long")
        sent = self._sent(attempt)
        if sent is None:
            return Judgement("doubtful", "the picture that was sent is not here to compare")
        if wrong := self._other_size(attempt, sent, picture.size):
            return Judgement("other", wrong)
        shown = probe.first_frame(self.program, clip)
        compared = likeness.compare(sent, shown)
        return Judgement(compared.verdict, compared.reason)

    def _sent(self, attempt: Attempt) -> Image.Image | None:
        data = self.pictures(str(attempt.request["image"]))
        return images.upright(data) if data is not None else None

    def _other_size(self, attempt: Attempt, sent: Image.Image, size: Size) -> str:
        """What is wrong with the clip's size for this picture and tier; mostly nothing."""
        try:
            area = self.catalog.tier_area(str(attempt.request["resolution"]))
        except KeyError:
            return ""
        expected = predicted_size(Size(*sent.size), area)
        aspect = (size.width * expected.height) / (size.height * expected.width)
        grown = (size.width * size.height) / (expected.width * expected.height)
        if abs(aspect - 1) <= _ASPECT_OFF and abs(grown - 1) <= _AREA_OFF:
            return ""
        return f"{size} instead of {expected}"


def pictures_by_identity(media: Iterable[InputMedia], journal: Journal, folder: Path) -> Pictures:
    """Finds the bytes of a picture that was sent: one of the list, or the last frame of a clip."""
    here: dict[str, InputMedia] = {}
    for picture in media:
        here[picture.key] = here[picture.identity] = picture

    def find(identity: str) -> bytes | None:
        same = (name for name, known in journal.same_pictures().items() if known == identity)
        for name in (identity, *same):
            if (picture := here.get(name)) and (data := _bytes_of(picture)):
                return data
            if match := re.fullmatch(r"clip:([0-9a-f]{64}):last", name):
                path = last_frame_path(folder, match[1])
                if path.is_file():
                    return path.read_bytes()
        return None

    return find


def _bytes_of(picture: InputMedia) -> bytes | None:
    try:
        if picture.path:
            return picture.path.read_bytes()
        if picture.url and picture.url.startswith("data:"):
            return images.decode_data_uri(picture.url)
    except (OSError, BadPicture):
        pass
    return None
