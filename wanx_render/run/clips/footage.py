"""Own footage and stills as clips: looked at strictly once, a picture made a video once.

What was seen of a file is kept in ``.cache/footage``; the video of a picture stands in ``footage``,
because editing programs need it.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from wanx_render import files, integrity
from wanx_render.errors import Broken, FfmpegError
from wanx_render.finishing import ingest
from wanx_render.finishing.segment import ClipMedia, frame_arguments
from wanx_render.geometry import Move
from wanx_render.language import recorded, tr
from wanx_render.media import animation, decoding, images
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.media.image_labels import provenance
from wanx_render.media.images import BadPicture
from wanx_render.planning.origins import footage_frame_path
from wanx_render.planning.planned import PlannedFootage, Take, of_footage
from wanx_render.shotlist.model import StillShot
from wanx_render.task import InputMedia
from wanx_render.timing import frames_in

FOLDER = "footage"
_VERSION = 1  # of what is seen in a file; raised when it is read otherwise


@dataclass(frozen=True)
class FootageMaker:
    """Makes clips of the own files of one render folder."""

    program: Ffmpeg
    folder: Path

    def clip(self, planned: PlannedFootage) -> ClipMedia:
        """The clip of a shot. Raises Broken with what is wrong with its file."""
        name = planned.file.path.name if planned.file.path else ""
        try:
            if isinstance(planned.shot, StillShot):
                return self._of_picture(planned, self._still_wish(planned, planned.shot))
            if animation.is_picture(_path(planned.file)):
                return self._of_picture(
                    planned, animation.StillSettings(Fraction(0), None, "black")
                )
            return self.look(planned.file)
        except FfmpegError as error:
            raise Broken(error.sentence) from None
        except BadPicture as problem:
            text = recorded(str(problem))
            raise Broken(tr("{file} {problem}", file=name, problem=text)) from None

    def check(self, file: InputMedia) -> None:
        """Decode all of a video, where that was not done before. Raises Broken.

        An animated picture was decoded when the list was checked.
        """
        if not animation.is_picture(_path(file)):
            self.look(file)

    def is_known(self, file: InputMedia) -> bool:
        """Whether the file was decoded before, or when the list was checked."""
        return animation.is_picture(_path(file)) or self._record(_digits(file)).is_file()

    def look(self, file: InputMedia) -> ClipMedia:
        """What a video is; all of it is decoded once. Raises Broken."""
        path, sha256 = _path(file), _digits(file)
        try:
            return self._known(path, sha256, sha256)
        except FfmpegError as error:
            raise Broken(error.sentence) from None

    def beginning(self, take: Take, planned: PlannedFootage) -> InputMedia:
        """What ``take`` begins with of own footage, as a file. Raises Broken or FfmpegError."""
        if take.request.first_clip is None:
            return self.last_frame(planned)
        media = self.clip(planned)
        return replace(of_footage(take, planned), path=media.path, size=media.size)

    def last_frame(self, planned: PlannedFootage) -> InputMedia:
        """The frame that a chained shot begins with, as a file. Raises Broken or FfmpegError."""
        frame = planned.last_frame
        if isinstance(planned.shot, StillShot):
            return frame
        media = self.clip(planned)
        end = planned.shot.trim.end
        count = media.frames
        if end is not None:
            count = min(max(frames_in(end, media.rate) - media.lead, 1), media.frames)
        target = footage_frame_path(self.folder, frame.identity, frame.read_as)
        media = ingest.in_colours(media, planned.shot)

        def arguments(part: Path) -> list[str]:
            return frame_arguments(media, count - 1, part)

        decoding.keep_frame(self.program, arguments, media.size, target)
        return replace(frame, path=target, size=media.size)

    def _still_wish(self, planned: PlannedFootage, shot: StillShot) -> animation.StillSettings:
        gaze, move = shot.focus, shot.move
        first, last = (gaze.start, gaze.end) if isinstance(gaze, Move) else (gaze, gaze)
        approach = animation.Approach(move.start, move.end, first, last) if move else None
        wish = animation.StillSettings(shot.duration, planned.rate, shot.background, approach)
        return replace(wish, animated=False)

    def _of_picture(self, planned: PlannedFootage, wish: animation.StillSettings) -> ClipMedia:
        """The video of a picture, by what it is made of and not by its bytes."""
        digits = files.sha256_of(f"{planned.sha256} {wish.name}".encode())
        path = _path(planned.file)
        video = self.folder / FOLDER / f"{path.stem[:60]}-{digits[:8]}.mp4"
        if not integrity.is_whole(video):
            with integrity.sealed(video) as part:
                animation.make_clip(self.program, path, wish, part)
        media = self._known(video, digits, files.sha256(video))
        return replace(media, provenance=provenance(images.read_bytes(path)))

    def _known(self, path: Path, sha256: str, digits: str) -> ClipMedia:
        """What is known of the video at ``path``; ``sha256`` is what its clip goes by."""
        beside = self._record(digits)
        media = _read(beside)
        if media is None:
            media = ingest.look(self.program, path)
            integrity.folder(beside.parent)
            files.write_atomically(beside, _adapter().dump_json(media), durable=False)
        return replace(media, path=path, sha256=sha256)

    def _record(self, digits: str) -> Path:
        """Where it is kept what was seen of the video with this hash."""
        version = files.sha256_of(f"{_VERSION} {self.program.version}".encode())[:8]
        return self.folder / ".cache" / FOLDER / f"{digits[:32]}-{version}.json"


def _digits(file: InputMedia) -> str:
    return file.identity.removeprefix("sha256:")


def _path(file: InputMedia) -> Path:
    if file.path is None:
        raise Broken(tr("{file} is not a local file", file=file.identity[:100]))
    return file.path


def _read(path: Path) -> ClipMedia | None:
    try:
        return _adapter().validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


@cache
def _adapter() -> TypeAdapter[ClipMedia]:
    return TypeAdapter(ClipMedia)
