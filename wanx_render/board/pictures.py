"""Small pictures for the page: of clips, of first frames, and of own footage."""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from wanx_render.board.holding import Holding
from wanx_render.errors import FfmpegError
from wanx_render.files import sha256_of
from wanx_render.finishing.ingest import CONTAINERS
from wanx_render.media import ffmpeg, thumbnails
from wanx_render.media.images import BadPicture, decode_data_uri
from wanx_render.media.thumbnails import OF_SERVICE, DecodingOptions
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.planned import PlannedFootage
from wanx_render.shotlist.model import StillShot
from wanx_render.task import InputMedia

T = TypeVar("T")
_SURELY = Fraction(
    9, 10
)  # of the frames of own footage: their number is not known before it is decoded


@dataclass(frozen=True)
class BoardPictures:
    """Pictures of one list, made where they are not kept; ``clip_of`` knows clips by file."""

    holding: Holding
    executor: Executor
    clip_of: Callable[[str], Attempt]

    async def of(self, kind: str, name: str) -> Path | None:
        """The picture of a clip, a film, a shot's first frame, one of its references, or own
        footage, if there is one."""
        kinds: dict[str, Callable[[str], Awaitable[Path | None]]] = {
            "clip": self._of_clip, "frame": self._of_first_frame, "own": self._of_footage,
            "film": self._of_film, "made": self._of_made, "reference": self._of_reference,
        }  # fmt: skip
        if kind not in kinds:
            return None
        try:
            return await kinds[kind](name)
        except (FfmpegError, BadPicture, LookupError, OSError, ValueError):
            return None

    async def _of_clip(self, name: str) -> Path | None:
        """The middle of a clip: kept since it was fetched, or made now."""
        attempt, folder = self.clip_of(name), self.holding.folder
        sha256, facts = attempt.clip_sha256 or "", attempt.clip_facts
        pictures = thumbnails.kept(folder, sha256)
        if not pictures and facts:
            clip = folder / "clips" / name
            pictures = await self._work(self._frames, clip, sha256, facts["frames"])
        return pictures[1] if pictures else None

    async def _of_first_frame(self, name: str) -> Path | None:
        image = self.holding.generated(name).shot.image
        loaded_media = self.holding.selection.lists[0].loaded.media
        media = loaded_media[image] if isinstance(image, str) else None
        if media is None or media.size is None:
            return None
        return await self._work(self._small, media)

    async def _of_reference(self, name: str) -> Path | None:
        """The picture of ``shot:number``, one of the references of a shot."""
        shot, _, number = name.rpartition(":")
        media = self.holding.generated(shot).picked.request.references[int(number)].media
        return await self._work(self._small, media) if media.size else None

    async def _of_made(self, name: str) -> Path | None:
        """A picture that a model made, by the name of its file."""
        attempt = self.clip_of(name)
        media = InputMedia(f"sha256:{attempt.clip_sha256}", self.holding.folder / "clips" / name)
        return await self._work(self._small, media)

    async def _of_footage(self, name: str) -> Path | None:
        planned = self.holding.any_planned(name)
        if not isinstance(planned, PlannedFootage) or planned.file.path is None:
            return None
        if isinstance(planned.shot, StillShot):
            return await self._work(self._small, planned.file)
        frames = max(1, int(planned.seconds * planned.rate * _SURELY))
        key = sha256_of(f"{planned.sha256} {frames} board 2".encode())
        reading = DecodingOptions.own(CONTAINERS, planned.size)
        pictures = await self._work(self._frames, planned.file.path, key, frames, reading)
        return pictures[1] if pictures else None

    async def _of_film(self, name: str) -> Path | None:
        """The poster of a film: its first frame may be black, where it fades in."""
        records = self.holding.manifest.deliverables if self.holding.manifest else ()
        poster = next((record.poster for record in records if record.name == name), None)
        return self.holding.results / poster.path if poster else None

    def _frames(
        self, clip: Path, key: str, frames: int, reading: DecodingOptions = OF_SERVICE
    ) -> tuple[Path, ...]:
        program = ffmpeg.find(self.holding.environment.environ)
        return thumbnails.make(program, self.holding.folder, clip, key, frames, reading)

    def _small(self, media: InputMedia) -> Path:
        data = media.path.read_bytes() if media.path else decode_data_uri(media.url or "")
        return thumbnails.picture(self.holding.folder, media.identity, data)

    async def _work(self, call: Callable[..., T], *given: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.executor, call, *given)
