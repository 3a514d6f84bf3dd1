"""The clips of tasks that succeeded: made on a few threads, once for equal requests."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from mock_server.light.distribution import NAME
from mock_server.tiny import clip as tiny
from mock_server.wire.provenance import rests_on
from wanx_render import files
from wanx_render.backends.imitation.picture import make_picture
from wanx_render.catalog.capabilities import Catalog
from wanx_render.media import ffmpeg
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.task import TaskRequest

_THREADS = 2
TINY = Path("tiny")  # in place of a folder: tiny clips, which are made in milliseconds
_DRAWING = ("ffmpeg", "fontpkg_noto_sans", "noto_cjk_sans_otc")


def find_program(environ: Mapping[str, str]) -> Ffmpeg | None:
    """The ffmpeg that makes full clips; None in the light package without its extra ``clips``.

    Raises BadInput where the ffmpeg that is there cannot be used.
    """
    if any(find_spec(library) is None for library in _DRAWING):
        return None
    return ffmpeg.find(environ)


class Clips:
    """A cache of clips by their request, in a ``folder`` that other servers may use too."""

    def __init__(self, catalog: Catalog, program: Ffmpeg | None, folder: Path) -> None:
        """Without a ``program`` clips are tiny. Raises OSError where the folder cannot be made."""
        folder.mkdir(parents=True, exist_ok=True)
        self._catalog = catalog
        self._program = program
        self._folder = folder
        # Another ffmpeg, or another version of ours, makes other bytes.
        versions = f"{program.version} {version(NAME)}" if program else f"tiny {tiny.VERSION}"
        self._version = hashlib.sha256(versions.encode()).hexdigest()[:8]
        self._pool = ThreadPoolExecutor(_THREADS, "clips")
        self._jobs: dict[str, Future[Path]] = {}

    async def of(self, request: TaskRequest, number: int = 1) -> Path:
        """The clip of ``request``, or its picture ``number``. Raises FfmpegError."""
        # A client that waits may go away; others wait for the same clip.
        return await asyncio.shield(asyncio.wrap_future(self._job(request, number)))

    def expect(self, request: TaskRequest) -> None:
        """Begin with a clip that will be fetched soon, where that costs little."""
        if self._program is None:
            self._job(request, 1)

    def _job(self, request: TaskRequest, number: int) -> Future[Path]:
        key = request.key("emulator") + (f"-{number}" if number > 1 else "")
        job = self._jobs.get(key)
        if job is None or job.cancelled() or (job.done() and job.exception()):
            job = self._jobs[key] = self._pool.submit(self._make, request, key, number)
        return job

    def is_made(self, key: str) -> bool:
        """Whether the clip of the request with this key is here, and costs no time to fetch."""
        job = self._jobs.get(key)
        return job is not None and job.done() and not job.cancelled() and not job.exception()

    def _make(self, request: TaskRequest, key: str, number: int) -> Path:
        suffix = ".png" if request.is_picture else ".mp4"
        path = self._folder / f"clip-{key}-{self._version}{suffix}"
        if path.exists():
            return path
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            target, label = folder / path.name, f"request {key[:8]}"
            if self._program is None:
                target.write_bytes(self._tiny_one(request, number))
            elif request.is_picture:
                target.write_bytes(make_picture(request, label, number))
            else:
                self._draw(self._program, request, label, target)
            files.place(target, path, durable=False)
            return path
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @rests_on("guess", "the emulator's own", "Tiny clips have size, rate and length; none moves")
    def _tiny_one(self, request: TaskRequest, number: int) -> bytes:
        if request.is_picture:
            return tiny.tiny_picture(request, number)
        return tiny.tiny_clip(request, self._catalog)

    def _draw(self, program: Ffmpeg, request: TaskRequest, label: str, target: Path) -> None:
        """Make a clip. Raises FfmpegError."""
        # Here, so that the emulator starts where nothing that draws clips is installed.
        from wanx_render.backends.slate import clip_call, make_clip

        folder = target.parent
        call = clip_call(self._catalog, request, label=label, folder=folder, target=target)
        make_clip(program, call)

    def close(self) -> None:
        """Wait for the clip being made, and make no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)
