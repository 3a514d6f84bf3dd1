"""Every picture, sound and subtitle file of a list, looked at once for all rows of a table."""

import os
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.files import sha256
from wanx_render.media import audio_files, ffmpeg, images, probe
from wanx_render.media.audio_files import BadSoundtrack, Soundtrack
from wanx_render.media.images import BadPicture, Picture
from wanx_render.shotlist.model import Deliverable, Shot, ShotList, Sound
from wanx_render.shotlist.problems import Places
from wanx_render.task import InputMedia
from wanx_render.timing import SAMPLE_RATE, nearest
from wanx_render.validation import context

if TYPE_CHECKING:
    from wanx_render.captions.cues import BadSubtitles, Notice
    from wanx_render.captions.subtitles import Subtitles
    from wanx_render.finishing.mix import Mix

MOST_NOTICES = 20  # of one subtitle file; more only hide the other problems of a list


class AssetReader:
    """Looks at files, whose paths start at ``folder``, and remembers what it saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: dict[str, Picture] = {}
        self.sounds: dict[str, Soundtrack] = {}
        self.subtitles: dict[str, Subtitles] = {}
        self.texts: dict[str, str] = {}  # of subtitle files with notices, by the name shown
        self._bad: dict[str, BadPicture] = {}
        self._bad_sounds: dict[str, BadSoundtrack] = {}
        self._bad_subtitles: dict[str, BadSubtitles] = {}
        self._media: dict[str, InputMedia] = {}
        self._measured: set[Hashable] = set()

    def look(self, shots: Mapping[int, Shot], places: Places) -> list[Diagnostic]:
        """What is wrong with any first or last frame that is a file or a data URI."""
        problems: list[Diagnostic] = []
        for index, shot in shots.items():
            for key in ("image", "last_image"):
                named = getattr(shot, key)
                if not isinstance(named, str) or context.is_url(named):
                    continue
                if named not in self.pictures and named not in self._bad:
                    self._see(named)
                if named in self._bad:
                    span = places.of(("shots", index, key))
                    problems.append(_bad_picture(named, self._bad[named], span))
        return problems

    def _see(self, named: str) -> None:
        try:
            if named.startswith("data:"):
                raw = images.decode_data_uri(named)
            else:
                raw = images.read_bytes(self.folder / named)
            self.pictures[named] = images.inspect(raw)
        except BadPicture as problem:
            self._bad[named] = problem

    def listen(
        self, shots: Mapping[int, Shot], deliverables: Mapping[int, Deliverable], places: Places
    ) -> list[Diagnostic]:
        """What is wrong with any sound file that is there."""
        problems: list[Diagnostic] = []
        heard = [
            *(
                (context.sound_path(shot), ("shots", index, "audio"))
                for index, shot in shots.items()
            ),
            *(
                (named, ("deliverables", index, "audio"))
                for index, deliverable in deliverables.items()
                for named in deliverable.audio.files
            ),
        ]
        for named, place in heard:
            if not named or context.is_url(named) or not context.is_file(self.folder / named):
                continue
            if named not in self.sounds and named not in self._bad_sounds:
                self._hear(named)
            if problem := self._bad_sounds.get(named):
                told = f"the sound file {named} {problem}"
                problems.append(Diagnostic("sound-unreadable", told, places.of(place)))
        return problems

    def _hear(self, named: str) -> None:
        try:
            self.sounds[named] = audio_files.inspect(self.folder / named)
        except BadSoundtrack as problem:
            self._bad_sounds[named] = problem

    def highest(self, named: str, start: Fraction, seconds: Fraction) -> float | None:
        """The highest sample in dBFS of a part of a sound file; None where it cannot be told."""
        if not self._may_measure((named, start, seconds)):
            return None
        try:
            path = self.folder / named
            state = path.stat()
            return _highest(path, (state.st_mtime_ns, state.st_size), start, seconds)
        except (BadInput, FfmpegError, OSError):
            return None  # said elsewhere: of the file, or of this ffmpeg

    def read(self, deliverables: Mapping[int, Deliverable], places: Places) -> list[Diagnostic]:
        """What is wrong or doubtful in the subtitle files."""
        problems: list[Diagnostic] = []
        for index, deliverable in deliverables.items():
            named = deliverable.subtitles
            if not named:
                continue
            if named not in self.subtitles and named not in self._bad_subtitles:
                self._read(named)
            span = places.of(("deliverables", index, "subtitles"))
            if problem := self._bad_subtitles.get(named):
                message = f"{named[:100]}: {problem}"
                problems.append(Diagnostic("subtitles-unreadable", message, span, problem.hint))
            elif notices := self.subtitles[named].notices:
                shown = str(
                    Path((span.via or span).file).parent / named
                )  # a span may be in a table
                self.texts[shown] = self.subtitles[named].text
                problems += _noticed(notices, named, shown, span)
        return problems

    def _read(self, named: str) -> None:
        # Drawing and its libraries take a tenth of a start; lists without subtitles do without.
        from wanx_render.captions import subtitles
        from wanx_render.captions.cues import BadSubtitles

        try:
            if context.is_url(named):
                raise BadSubtitles("subtitles must be a file here, not a URL", "download it first")
            self.subtitles[named] = subtitles.read(self.folder / named)
        except BadSubtitles as problem:
            self._bad_subtitles[named] = problem
        except (OSError, ValueError) as problem:
            self._bad_subtitles[named] = _unreadable(problem)

    def loudest(
        self, audio: Sound, starts: Mapping[str, Fraction], seconds: Fraction
    ) -> Decimal | None:
        """The LUFS that music and voices reach by themselves where those wanted are out of reach.

        None where they are not, and where it cannot be told. ``starts``: of shots, in seconds.
        """
        known = all(named in self.sounds for named in audio.files)
        if not known or not self._may_measure((audio, tuple(starts.items()), seconds)):
            return None
        try:
            program = ffmpeg.find(os.environ)
            return _loudest(program, self._mix(audio, starts), nearest(seconds * SAMPLE_RATE))
        except (BadInput, FfmpegError, OSError):
            return None  # said elsewhere: of the file, or of this ffmpeg

    def _may_measure(self, what: Hashable) -> bool:
        """Whether a sound may be measured: a table of thousands would take minutes."""
        if len(self._measured) < _MOST_MEASURED:
            self._measured.add(what)
        return what in self._measured

    def _mix(self, audio: Sound, starts: Mapping[str, Fraction]) -> "Mix":
        from wanx_render.finishing.mix import Mix, Music, Track

        def samples(value: Fraction) -> int:
            return nearest(value * SAMPLE_RATE)

        voices = []
        for voice in (each for each in audio.voices if each.gain.is_finite()):
            start = voice.at + (starts.get(voice.shot, Fraction(0)) if voice.shot else 0)
            channels = self.sounds[voice.file].channels
            path = self.folder / voice.file
            voices.append(Track(path, "", samples(start), voice.gain, channels))
        bed = None
        if (music := audio.music) and music.gain.is_finite():
            fades = samples(music.fade_in), samples(music.fade_out)
            path, channels = self.folder / music.file, self.sounds[music.file].channels
            bed = Music(path, "", samples(music.start), music.gain, *fades, channels)
        return Mix(bed, voices=tuple(voices), loudness=audio.loudness)

    def media(self, shots: ShotList) -> dict[str, InputMedia]:
        """Every picture and sound of a checked list, by the words it is named with."""
        named: dict[str, None] = {}
        for shot in shots.shots:
            for each in (shot.image, shot.last_image, context.sound_path(shot)):
                if isinstance(each, str) and each:
                    named[each] = None
        for deliverable in shots.deliverables:
            files = (*deliverable.audio.files, deliverable.subtitles, deliverable.font)
            named |= dict.fromkeys(each for each in files if each)
        return {each: self._known(each) for each in named}

    def _known(self, named: str) -> InputMedia:
        if named not in self._media:
            self._media[named] = self._identified(named)
        return self._media[named]

    def _identified(self, named: str) -> InputMedia:
        if context.is_url(named):
            return InputMedia(f"url:{named}", url=named)
        picture = self.pictures.get(named)
        if picture is None:
            digest = sha256(self.folder / named)
            return InputMedia(f"sha256:{digest}", path=self.folder / named)
        media = InputMedia(
            f"sha256:{picture.sha256}", size=picture.size, repaired=bool(picture.repairs)
        )
        if named.startswith("data:"):
            return replace(media, url=named)
        return replace(media, path=self.folder / named)


_MOST_MEASURED = 200  # sounds of one table: beyond that only the notices of its films tell
_EASY = 3  # dB into the limiter, which it takes without much loss


def _loudest(program: ffmpeg.Ffmpeg, mix: "Mix", samples: int) -> Decimal | None:
    # What makes graphs takes a tenth of a start; lists without a loudness do without it.
    from wanx_render.finishing.mix import DEEPEST, PEAK, Level, bare_arguments

    def measured(level: Level) -> probe.Loudness:
        return probe.metered(program, bare_arguments(mix, samples, level))

    plain = measured(Level())
    if mix.loudness is None or plain.integrated is None or plain.peak is None:
        return None
    if plain.peak + mix.loudness - plain.integrated - PEAK <= _EASY:
        return None
    found = measured(Level(PEAK - plain.peak + DEEPEST, limited=True)).integrated
    return found if found is not None and found < mix.loudness - 1 else None


@lru_cache(maxsize=256)
def _highest(
    path: Path, _state: tuple[int, int], start: Fraction, seconds: Fraction
) -> float | None:
    """Measured once for each state of a file, for every row and every save."""
    return probe.highest(ffmpeg.find(os.environ), path, start, seconds)


def _bad_picture(named: str, problem: BadPicture, span: Span) -> Diagnostic:
    shown = "the data URI" if named.startswith("data:") else f"the picture {named[:100]}"
    missing = "does not exist" in str(problem)
    return Diagnostic(
        "image-missing" if missing else "image-unreadable",
        f"{shown} {problem}",
        span,
        "paths start at the shot list's folder" if missing else problem.hint,
    )


def _unreadable(problem: OSError | ValueError) -> "BadSubtitles":
    from wanx_render.captions.cues import BadSubtitles

    if isinstance(problem, FileNotFoundError):
        return BadSubtitles("the file does not exist", "paths start at the shot list's folder")
    reason = getattr(problem, "strerror", None) or "it is not the name of a file"
    return BadSubtitles(f"the file cannot be read: {reason}")


def _noticed(
    notices: "tuple[Notice, ...]", named: str, shown: str, span: Span
) -> Iterator[Diagnostic]:
    """The notices of a subtitle file as warnings, in its own lines; ``span`` is where it is named.

    Those of the whole file come first, because they explain the others.
    """
    ordered = sorted(notices, key=lambda notice: notice.line)
    for notice in ordered[:MOST_NOTICES]:
        place = Span(shown, notice.line, 1, via=span) if notice.line else span
        message = notice.message if notice.line else f"{named[:100]}: {notice.message}"
        yield Diagnostic(notice.code, message, place, notice.hint, "warning")
    if (more := len(ordered) - MOST_NOTICES) > 0:
        message = f"{named[:100]}: {more} more warnings are not shown"
        yield Diagnostic("cue-doubtful", message, span, severity="warning")
