"""A deliverable as it comes together: segments and sound in, a part of its file out.

It is given what is there, in order, as often as more of it is there; what it was given stays given.
"""

from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from wanx_render import files
from wanx_render.finishing import decode_record
from wanx_render.finishing.decode_record import DecodeRecord, Hearing
from wanx_render.finishing.film.damage import damaged
from wanx_render.finishing.film.sources import PacketSource, of_pictures, of_sound
from wanx_render.finishing.film.writing import FilmFile, head_space
from wanx_render.finishing.sound import joins
from wanx_render.media import ffmpeg


class Assembly:
    """The file that becomes ``target``, of ``frames`` frames at ``rate``."""

    def __init__(self, target: Path, frames: int, rate: Fraction) -> None:
        self.target = target
        self.frames = frames
        self.rate = rate
        self.part = files.part_name(target)
        self.film = FilmFile(self.part, rate, head_space(frames, rate))
        self.pieces: list[DecodeRecord] = []  # of the segments, as they follow each other
        self.hearings: list[Hearing] = []  # of the parts of the sound
        self._joined = 0  # parts of the sound that were found to fit to the one before
        self._known: dict[Path, tuple[DecodeRecord, PacketSource]] = {}

    def continues(self, segments: Sequence[Path], sounds: Sequence[Path]) -> bool:
        """Whether a film of these may go on with what there is already, and it is still there."""
        pictures, heard = self.film.pictures, self.film.sounds
        if not self.film.stands:
            return False
        return tuple(segments[: len(pictures)]) == pictures and tuple(sounds[: len(heard)]) == heard

    def take(self, segments: Sequence[Path], sounds: Sequence[Path]) -> None:
        """Go on with what of ``segments`` and ``sounds`` was not given yet, and write what can be.

        Raises Damaged where something is not whole any more, FfmpegError where it has no tables or
        others than its record, OSError.
        """
        pictures = segments[len(self.film.pictures) :]
        records = {path: decode_record.kept(path) for path in pictures if path not in self._known}
        heard = sounds[len(self.film.sounds) :]
        hearings = {path: decode_record.kept_sound(path) for path in heard}
        if lost := [path for path, record in {**records, **hearings}.items() if record is None]:
            raise damaged(lost)
        for path, record in records.items():
            if record:
                self._known[path] = record, of_pictures(path, record, self.rate)
        for path in pictures:
            record, source = self._known[path]
            self.pieces.append(record)
            self.film.add_pictures(source)
        for path, hearing in hearings.items():
            if hearing:
                self.hearings.append(hearing)
                self.film.add_sound(of_sound(path, hearing))
        self.film.write()

    def insist_on_joins(self, program: ffmpeg.Ffmpeg) -> None:
        """Raises Unjoinable where parts of the sound do not fit, FfmpegError, OSError.

        Each join is listened to once.
        """
        parts = list(zip(self.film.sounds, self.hearings, strict=True))
        joins.insist_on(program, parts[self._joined :])
        self._joined = max(len(parts) - 1, 0)

    def discard(self) -> None:
        """Remove what was written; what cannot be removed is a part that a later run sweeps."""
        with suppress(OSError):
            self.part.unlink(missing_ok=True)
