"""Every picture, sound and subtitle file of a list, looked at once for all rows of a table."""

import os
import warnings
from collections import deque
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.files import sha256
from wanx_render.language import NOTHING, plural, tr, verbatim
from wanx_render.media import audio_files, decoding, ffmpeg, images
from wanx_render.media.audio_files import BadSoundtrack, Soundtrack
from wanx_render.media.images import BadPicture, Picture
from wanx_render.shotlist import paths
from wanx_render.shotlist.model import (
    AnyShot,
    ClipShot,
    Deliverable,
    GeneratedShot,
    ShotList,
    Sound,
)
from wanx_render.shotlist.problems import Problems
from wanx_render.shotlist.references import references_of
from wanx_render.shotlist.values import sentence_of
from wanx_render.source import yaml_source
from wanx_render.task import Footage, InputMedia
from wanx_render.timing import SAMPLE_RATE, nearest
from wanx_render.validation import context
from wanx_render.validation.own_footage import FootageReader

if TYPE_CHECKING:
    from wanx_render.captions.cues import BadSubtitles, Notice
    from wanx_render.captions.subtitles import Subtitles
    from wanx_render.effects.cubes import BadCube
    from wanx_render.finishing.mix import Mix

_MANY = 8  # pictures; fewer are not worth threads
# The largest picture that is taken is 270 MB decoded; a machine's cores may be many.
_THREADS = min(os.cpu_count() or 1, 4)
_AT_ONCE = 1000  # that wait for a thread
MOST_NOTICES = 20  # of one subtitle file; more only hide the other problems of a list


class AssetReader:
    """Looks at files, whose paths start at ``folder``, and remembers what it saw."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pictures: dict[str, Picture] = {}
        self.sounds: dict[str, Soundtrack] = {}
        self.subtitles: dict[str, Subtitles] = {}
        self.texts: dict[str, str] = {}  # of subtitle files with notices, by the name shown
        self._own = FootageReader(folder)
        self._bad: dict[str, BadPicture] = {}
        self._bad_sounds: dict[str, BadSoundtrack] = {}
        self._bad_subtitles: dict[str, BadSubtitles] = {}
        self._looks: dict[str, BadCube | None] = {}
        self._media: dict[str, InputMedia] = {}
        self._measured: set[Hashable] = set()

    def see_ahead(self, names: Iterable[str]) -> None:
        """Look at many pictures side by side, before anybody asks: decoding leaves Python free."""
        wanted = list(dict.fromkeys(name for name in names if name and _is_local(name)))
        if len(wanted) < _MANY:
            return
        from concurrent.futures import ThreadPoolExecutor  # no other start pays for it

        # Pillow's warnings are held back one picture at a time, which threads would undo for each
        # other; around all of them nothing is left to be undone.
        with warnings.catch_warnings(), ThreadPoolExecutor(_THREADS) as pool:
            warnings.simplefilter("ignore")
            for start in range(0, len(wanted), _AT_ONCE):
                deque(pool.map(self._see, wanted[start : start + _AT_ONCE]), maxlen=0)

    @property
    def footage(self) -> Mapping[str, Footage]:
        """What the heads of own footage say, by its name in the list."""
        return self._own.heads

    def look(self, shots: Mapping[int, AnyShot], problems: Problems) -> None:
        """Look at every picture that is a file or a data URI, and at all own footage."""
        ids = {shot.id for shot in shots.values()}
        for index, shot in shots.items():
            if isinstance(shot, ClipShot):
                self._own.look(shot.clip, ("shots", index, "clip"), problems)
            elif isinstance(shot, GeneratedShot) and shot.continues and shot.continues.clip:
                self._own.look(shot.continues.clip, ("shots", index, "continue"), problems, ids)
            for key, name in context.videos_of(shot):
                self._own.look(name, ("shots", index, "references", key), problems)
            for path, name in context.pictures_of(shot):
                if name not in self.pictures and name not in self._bad:
                    self._see(name)
                if name in self._bad:
                    self._refuse_picture(name, ("shots", index, *path), problems)

    def look_over(
        self,
        shots: Mapping[int, AnyShot],
        deliverables: Mapping[int, Deliverable],
        problems: Problems,
    ) -> None:
        """Look at every picture of an overlay, and read every look."""
        for path, overlay in context.overlays_in(shots, deliverables):
            name = overlay.image
            if not name.startswith("data:") and not context.is_url(name):
                if name not in self.pictures and name not in self._bad:
                    self._see(name)
                if name in self._bad:
                    self._refuse_picture(name, (*path, "image"), problems)
        for path, name in context.looks_in(shots, deliverables):
            if name not in self._looks:
                self._looks[name] = self._unusable_look(name)
            if problem := self._looks[name]:
                self._refuse_look(name, problem, path, problems)

    def _unusable_look(self, name: str) -> "BadCube | None":
        """What is wrong with a .cube file, or None."""
        from wanx_render.effects import cubes

        try:
            if context.is_url(name) or name.startswith("data:"):
                return cubes.BadCube(tr("a look must be a local file"), 0, tr("download it first"))
            cubes.read_file(self.folder / name)
        except cubes.BadCube as problem:
            return problem
        except FileNotFoundError:
            return cubes.BadCube(tr("the file does not exist"), hint=paths.hint(self.folder, name))
        except OSError as problem:
            return cubes.BadCube(tr("cannot read the file: {reason}", reason=problem.strerror))
        except ValueError:
            return cubes.BadCube(tr("this cannot be the name of a file"))
        return None

    def _refuse_look(
        self, name: str, problem: "BadCube", path: yaml_source.Path, problems: Problems
    ) -> None:
        if problem.line:
            message = tr(
                "cannot use {file}: {reason} (line {line})",
                file=name[:100], reason=problem.sentence, line=problem.line,
            )  # fmt: skip
        else:
            message = tr("cannot use {file}: {reason}", file=name[:100], reason=problem.sentence)
        problems.error("look-unusable", message, path, problem.hint)

    def _refuse_picture(self, name: str, path: yaml_source.Path, problems: Problems) -> None:
        problem = self._bad[name]
        reason, hint = sentence_of(problem), verbatim(problem.hint)
        if name.startswith("data:"):
            message = tr("the data URI {reason}", reason=reason)
            problems.error("image-unreadable", message, path, hint)
        elif "does not exist" in str(problem):
            message = tr("the picture {file!r} does not exist", file=name[:100])
            is_quoted = name.startswith("{") and name.endswith("}")
            near = tr("remove the quotation marks") if is_quoted else NOTHING
            problems.error("image-missing", message, path, near or paths.hint(self.folder, name))
        else:
            message = tr("the picture {file!r} {reason}", file=name[:100], reason=reason)
            if path[-1:] == ("still",) and "is a video" in str(problem):
                hint = tr("a still is a picture; use clip: for a video")
            problems.error("image-unreadable", message, path, hint)

    def _see(self, name: str) -> None:
        try:
            if name.startswith("data:"):
                raw = images.decode_data_uri(name)
            else:
                raw = images.read_bytes(self.folder / name)
            self.pictures[name] = images.inspect(raw)
        except BadPicture as problem:
            self._bad[name] = problem

    def listen(
        self,
        shots: Mapping[int, AnyShot],
        deliverables: Mapping[int, Deliverable],
        problems: Problems,
    ) -> None:
        """Look at every sound file that is there."""
        for name, path in _sound_names(shots, deliverables):
            if not name or context.is_url(name) or not context.is_file(self.folder / name):
                continue
            if name not in self.sounds and name not in self._bad_sounds:
                self._hear(name)
            if problem := self._bad_sounds.get(name):
                message = tr("cannot use {file}: {reason}", file=name, reason=sentence_of(problem))
                problems.error("sound-unreadable", message, path)

    def _hear(self, name: str) -> None:
        try:
            self.sounds[name] = audio_files.inspect(self.folder / name)
        except BadSoundtrack as problem:
            self._bad_sounds[name] = problem

    def highest(self, name: str, start: Fraction, seconds: Fraction) -> float | None:
        """The highest sample in dBFS of a part of a sound file; None where it is not known."""
        if not self._may_measure((name, start, seconds)):
            return None
        try:
            path = self.folder / name
            state = path.stat()
            return _highest(path, (state.st_mtime_ns, state.st_size), start, seconds)
        except (BadInput, FfmpegError, OSError):
            return None  # said elsewhere: of the file, or of this ffmpeg

    def read(self, deliverables: Mapping[int, Deliverable], problems: Problems) -> None:
        """Read every subtitle file; what is doubtful in one is a warning."""
        for index, deliverable in deliverables.items():
            name = deliverable.subtitles
            if not name:
                continue
            if name not in self.subtitles and name not in self._bad_subtitles:
                self._read(name)
            path = ("deliverables", index, "subtitles")
            if problem := self._bad_subtitles.get(name):
                message = tr(
                    "cannot use {file}: {reason}", file=name[:100], reason=sentence_of(problem)
                )
                problems.error("subtitles-unreadable", message, path, verbatim(problem.hint))
            elif notices := self.subtitles[name].notices:
                span = problems.places.of(path)
                list_file = (span.via or span).file  # the span may be in a table
                file = str(Path(list_file).parent / name)
                self.texts[file] = self.subtitles[name].text
                problems.extend(_noticed(notices, name, file, span))

    def _read(self, name: str) -> None:
        # Drawing and its libraries take a tenth of a start; lists without subtitles do without.
        from wanx_render.captions import subtitles
        from wanx_render.captions.cues import BadSubtitles

        try:
            if context.is_url(name):
                message = tr("subtitles must be a local file, not a URL")
                raise BadSubtitles(message, tr("download it first"))
            self.subtitles[name] = subtitles.read(self.folder / name)
        except BadSubtitles as problem:
            self._bad_subtitles[name] = problem
        except (OSError, ValueError) as problem:
            self._bad_subtitles[name] = self._unreadable(name, problem)

    def _unreadable(self, name: str, problem: OSError | ValueError) -> "BadSubtitles":
        from wanx_render.captions.cues import BadSubtitles

        if isinstance(problem, FileNotFoundError):
            return BadSubtitles(tr("the file does not exist"), paths.hint(self.folder, name))
        if reason := getattr(problem, "strerror", None):
            return BadSubtitles(tr("cannot read the file: {reason}", reason=reason))
        return BadSubtitles(tr("this cannot be the name of a file"))

    def loudest(
        self, audio: Sound, starts: Mapping[str, Fraction], seconds: Fraction
    ) -> Decimal | None:
        """The LUFS that music and voices reach by themselves where those wanted are out of reach.

        None where they are not, and where that is not known. ``starts``: of shots, in seconds.
        """
        readable = all(name in self.sounds for name in audio.files)
        if not readable or not self._may_measure((audio, tuple(starts.items()), seconds)):
            return None
        try:
            program = ffmpeg.find(os.environ)
            return _loudest(program, self._mix(audio, starts), nearest(seconds * SAMPLE_RATE))
        except (BadInput, FfmpegError, OSError):
            return None  # said elsewhere: of the file, or of this ffmpeg

    def _may_measure(self, sound: Hashable) -> bool:
        """Whether a sound may be measured: a table of thousands would take minutes."""
        if len(self._measured) < _MOST_MEASURED:
            self._measured.add(sound)
        return sound in self._measured

    def _mix(self, audio: Sound, starts: Mapping[str, Fraction]) -> "Mix":
        from wanx_render.finishing.mix import Mix, MusicTrack, Track

        def samples(value: Fraction) -> int:
            return nearest(value * SAMPLE_RATE)

        voices = []
        for voice in audio.voices:
            if not voice.gain.is_finite():
                continue
            start = voice.at + (starts.get(voice.shot, Fraction(0)) if voice.shot else 0)
            channels = self.sounds[voice.file].channels
            path = self.folder / voice.file
            voices.append(Track(path, "", samples(start), voice.gain, channels))
        bed = None
        if (music := audio.music) and music.gain.is_finite():
            fades = samples(music.fade_in), samples(music.fade_out)
            path, channels = self.folder / music.file, self.sounds[music.file].channels
            bed = MusicTrack(path, "", samples(music.start), music.gain, *fades, channels)
        return Mix(bed, voices=tuple(voices), loudness=audio.loudness)

    def media(self, shots: ShotList) -> dict[str, InputMedia]:
        """Every picture and sound of a checked list, by the words it is named with."""
        names = [name for shot in shots.shots for name in context.files_of(shot)]
        for deliverable in shots.deliverables:
            files = (*deliverable.audio.files, deliverable.subtitles, deliverable.font)
            names += (name for name in files if name)
        items = (dict(enumerate(shots.shots)), dict(enumerate(shots.deliverables)))
        names += (overlay.image for _, overlay in context.overlays_in(*items))
        names += (name for _, name in context.looks_in(*items))
        return {name: self._known(name) for name in dict.fromkeys(names)}

    def _known(self, name: str) -> InputMedia:
        if name not in self._media:
            self._media[name] = self._identified(name)
        return self._media[name]

    def _identified(self, name: str) -> InputMedia:
        if context.is_url(name):
            return InputMedia(f"url:{name}", url=name)
        picture = self.pictures.get(name)
        if picture is None:
            digest, footage = sha256(self.folder / name), self.footage.get(name)
            return InputMedia(f"sha256:{digest}", path=self.folder / name, footage=footage)
        media = InputMedia(
            f"sha256:{picture.sha256}",
            size=picture.size,
            repaired=bool(picture.repairs),
            transparent=picture.transparent,
        )
        if name.startswith("data:"):
            return replace(media, url=name)
        return replace(media, path=self.folder / name)


def _is_local(name: str) -> bool:
    """Whether a picture is named by a path."""
    return not (name.startswith("data:") or context.is_url(name))


_MOST_MEASURED = 200  # sounds of one table: beyond that only the notices of its films say it
_EASY = 3  # dB into the limiter, which it takes without much loss


def _loudest(program: ffmpeg.Ffmpeg, mix: "Mix", samples: int) -> Decimal | None:
    # What makes graphs takes a tenth of a start; lists without a loudness do without it.
    from wanx_render.finishing.mix import DEEPEST, PEAK, Level, bare_arguments

    def measured(level: Level) -> decoding.Loudness:
        return decoding.metered(program, bare_arguments(mix, samples, level))

    plain = measured(Level())
    if mix.loudness is None or plain.integrated is None or plain.peak is None:
        return None
    if plain.peak + mix.loudness - plain.integrated - PEAK <= _EASY:
        return None
    highest = measured(Level(PEAK - plain.peak + DEEPEST, limited=True)).integrated
    return highest if highest is not None and highest < mix.loudness - 1 else None


@lru_cache(maxsize=256)
def _highest(
    path: Path, _state: tuple[int, int], start: Fraction, seconds: Fraction
) -> float | None:
    """Measured once for each state of a file, for every row and every save."""
    return decoding.highest(ffmpeg.find(os.environ), path, start, seconds)


def _sound_names(
    shots: Mapping[int, AnyShot], deliverables: Mapping[int, Deliverable]
) -> Iterator[tuple[str | None, yaml_source.Path]]:
    """Every sound that is named, and the path of its key."""
    for index, shot in shots.items():
        if isinstance(shot, GeneratedShot):
            yield context.sound_path(shot), ("shots", index, "audio")
            for reference in references_of(shot):
                if reference.kind == "sound":
                    yield reference.file, ("shots", index, "references", reference.key)
    for index, deliverable in deliverables.items():
        for name in deliverable.audio.files:
            yield name, ("deliverables", index, "audio")


def _noticed(
    notices: "tuple[Notice, ...]", name: str, file: str, span: Span
) -> Iterator[Diagnostic]:
    """The notices of a subtitle file as warnings, in its own lines; ``span`` is where it is named.

    Those of the whole file come first, because they explain the others.
    """
    by_line = sorted(notices, key=lambda notice: notice.line)
    for notice in by_line[:MOST_NOTICES]:
        place = Span(file, notice.line, 1, via=span) if notice.line else span
        message = verbatim(notice.message)
        if not notice.line:
            message = tr("{file}: {message}", file=name[:100], message=message)
        yield Diagnostic(notice.code, message, place, verbatim(notice.hint), "warning")
    if (rest := len(by_line) - MOST_NOTICES) > 0:
        message = plural(
            "{file}: {n} more warning is not shown", "{file}: {n} more warnings are not shown",
            rest, file=name[:100],
        )  # fmt: skip
        yield Diagnostic("cue-doubtful", message, span, severity="warning")
