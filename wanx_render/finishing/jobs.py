"""The calls that make files: segment, sound, deliverable. What the finisher gives its executor.

Each is a function of plain data that can be pickled, and gives back the same; it shares nothing
with any other call, so that a thread, a process or another machine with the same folder may run it.
"""

import shutil
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryDirectory

from wanx_render import files, integrity
from wanx_render.captions import drawing
from wanx_render.effects import cubes, overlays
from wanx_render.effects.cubes import BadCube
from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.errors import Broken, Damaged, FfmpegError, Unjoinable
from wanx_render.finishing import alignment, av_sync, decode_record, mastering, visible_label
from wanx_render.finishing.av_sync import Mark
from wanx_render.finishing.codecs import ENCODERS, decoded_whole
from wanx_render.finishing.decode_record import Hearing
from wanx_render.finishing.film import proof
from wanx_render.finishing.film.assembly import Assembly
from wanx_render.finishing.film.damage import insist_on
from wanx_render.finishing.film.proof import Reading
from wanx_render.finishing.film.writing import head_space
from wanx_render.finishing.join import ContainerTags, join_list, template_arguments
from wanx_render.finishing.mix import NO_MIX, Mix
from wanx_render.finishing.segment import Piece, pieces_arguments, sides
from wanx_render.finishing.sound import parts as sound_parts
from wanx_render.finishing.sound.parts import SoundPart
from wanx_render.finishing.sound.whole import combined
from wanx_render.finishing.stills import (
    Known,
    PosterAndSheet,
    Stills,
    discard,
    missing_arguments,
    numbers_of,
    pictures_of,
)
from wanx_render.finishing.verify import Check, Promise, verify
from wanx_render.finishing.visible_label import DrawnLabel
from wanx_render.frame import Frame
from wanx_render.language import joined, plural, tr
from wanx_render.manifest import CheckRecord, LevelRecord, MixLevels
from wanx_render.media import container, decoding, ffmpeg
from wanx_render.media.ai_labels import UNLABELLED, Merged
from wanx_render.media.images import BadPicture
from wanx_render.media.mp4.head import HeadTemplate
from wanx_render.shotlist.values import sentence_of
from wanx_render.timing import samples_in


@dataclass(frozen=True, slots=True)
class SegmentCall:
    """All that is needed to make one segment, as plain data."""

    piece: Piece
    target: Path
    # Frames of it that contact sheet and poster show.
    wish: decode_record.WantedFrames = decode_record.NO_FRAMES


def make_segments(program: ffmpeg.Ffmpeg, calls: tuple[SegmentCall, ...]) -> None:
    """Encode all pieces, each at its target; a name stands only for a whole file.

    Each is checked at once, and keeps what that showed for the deliverables it goes into.
    What several of them are made of is decoded once; the bytes are those of each made alone.
    """
    with ExitStack() as stack:
        parts = [(call.piece, stack.enter_context(files.part_of(call.target))) for call in calls]
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="wanx-taps-")))
        taken = taps(calls, folder)
        with _drawn(parts):
            ffmpeg.run(program, pieces_arguments(parts, taken))
        paths = [part for _, part in parts]
        wishes = [call.wish for call in calls]
        records = (
            decode_record.confirm(program, paths, taken)
            if taken
            else decode_record.examine(program, paths, wishes)
        )
        for call, (piece, part), record in zip(calls, parts, records, strict=True):
            record = replace(record, apart=alignment.apart(program, piece, part))
            decode_record.keep(part, record, call.target.name)
            integrity.place(part, call.target)


SAMPLED = 16  # one of so many segments is decoded whole
# While a still is waited for, frames that come from no clip gather in memory: so many at most. A
# later one is taken from the finished file.
_AHEAD = 30


def taps(calls: Sequence[SegmentCall], folder: Path) -> list[decode_record.Tap]:
    """What is written beside the pieces while they are encoded.

    None where what one of their encoders gives cannot be compared with its file.
    """
    forms = [ENCODERS[call.piece.frame.codec].form for call in calls]
    return [
        decode_record.Tap(
            base=folder / str(number),
            rate=call.piece.frame.rate,
            form=form.written,
            wish=call.wish.before(call.piece.moving + _AHEAD),
            whole=_decoded_whole(call),
        )
        for number, (call, form) in enumerate(zip(calls, forms, strict=True))
        if form and all(forms)
    ]


def _decoded_whole(call: SegmentCall) -> bool:
    """Whether all of a segment is decoded: where its frame asks for it, and else some by key."""
    number = int(files.sha256_of(call.target.name.encode())[:8], 16)
    return decoded_whole(call.piece.frame) or number % SAMPLED == 0


@contextmanager
def _drawn(parts: Sequence[tuple[Piece, Path]]) -> Iterator[None]:
    """What is laid over the pieces, as pictures beside their parts."""
    drawn_paths: list[Path] = []
    try:
        for piece, part in parts:
            if piece.captions:
                drawn_paths += drawing.save(piece.captions, piece.frame.size, part)
            if piece.label:
                drawn_paths += visible_label.save(piece.label, part)
            drawn_paths += _effects_of(piece, part)
        yield
    finally:
        drawing.discard(drawn_paths)


def _effects_of(piece: Piece, part: Path) -> Iterator[Path]:
    """The files of overlays and looks, written beside ``part``. Raises Broken."""
    over = list(zip(piece.overlays, overlays.paths_over(piece.overlays, part), strict=True))
    for segment, base in sides(piece, part):
        paths = overlays.paths_in_shot(segment.shot_overlays, base)
        over += zip(segment.shot_overlays, paths, strict=True)
        if segment.look:
            yield cubes.path_for(base)
            with _unchanged(segment.look.path):
                cubes.save(segment.look, cubes.path_for(base))
    for overlay, path in over:
        yield path
        with _unchanged(overlay.path):
            overlays.save(overlay, path)


@contextmanager
def _unchanged(file: Path) -> Iterator[None]:
    """A file that cannot be read any more, though it was checked, fails what needs it."""
    try:
        yield
    except (BadPicture, BadCube, FileNotFoundError) as problem:
        reason = sentence_of(problem)
        raise Broken(tr("cannot read {file}: {reason}", file=file.name, reason=reason)) from None


def make_segment(program: ffmpeg.Ffmpeg, piece: Piece, target: Path) -> None:
    """Encode ``piece`` alone."""
    make_segments(program, (SegmentCall(piece, target),))


@dataclass(frozen=True, slots=True)
class SoundCall:
    """All that is needed to make the finished sound of a deliverable, as plain data."""

    segments: tuple[Path, ...]
    samples: int  # of all of it
    mix: Mix
    target: Path
    part: SoundPart | None = None  # where only this much of it is made, of the clips it needs


def make_sound(program: ffmpeg.Ffmpeg, call: SoundCall) -> None:
    """Mix and encode the sound of the segments; it is decoded at once, as they are.

    Raises Damaged where a segment is not what was made: nothing after this would notice it.
    """
    insist_on(call.segments)
    with files.part_of(call.target) as part:
        with listed(call.segments) as listing:
            work = mastering.MixOfSegments(program, listing, call.mix, call.samples)
            if call.part:
                hearing = sound_parts.encode(work, call.part, part)
            else:
                hearing = mastering.encode(work, part)
        decode_record.keep(part, hearing, call.target.name)
        integrity.place(part, call.target)


@contextmanager
def listed(segments: Sequence[Path]) -> Iterator[Path]:
    """A list of the segments beside them, for ffmpeg to read them one after the other."""
    with files.part_of(segments[0].with_name("join.ffconcat")) as listing:
        listing.write_bytes(join_list(segments))
        yield listing


@dataclass(frozen=True, slots=True)
class BeginCall:
    """The first segments of a deliverable, and the first parts of its sound."""

    target: Path
    frames: int  # of all of it
    rate: Fraction
    segments: tuple[Path, ...]
    sounds: tuple[Path, ...] = ()
    size: int = 0  # bytes that it will have at most
    reserve: int = 0  # bytes that must be left for clips that are awaited, and their segments

    @property
    def has_room(self) -> bool:
        """Whether the disk has what the film and the awaited clips need."""
        return not self.reserve or free_beside(self.target) >= self.size + self.reserve

    @property
    def is_long(self) -> bool:
        """Whether anything of it is written before all of it is there."""
        return head_space(self.frames, self.rate) > 0

    def assembly(self) -> Assembly:
        """A deliverable of which nothing is written yet."""
        return Assembly(self.target, self.frames, self.rate)

    def continues(self, begun: Assembly) -> bool:
        """Whether what was ``begun`` is a beginning of this."""
        is_same = (begun.target, begun.frames, begun.rate) == (self.target, self.frames, self.rate)
        return is_same and begun.continues(self.segments, self.sounds)


def free_beside(path: Path) -> int:
    """Free bytes of the disk with this file, and with its part."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return 0


def go_on(program: ffmpeg.Ffmpeg, call: BeginCall, begun: Assembly) -> None:
    """Write what more is there of a deliverable, and check its joins. Raises WanxError, OSError."""
    begun.take(call.segments, call.sounds)
    begun.insist_on_joins(program)


@dataclass(frozen=True, slots=True)
class JoinCall:
    """All that is needed to make and verify one deliverable, as plain data."""

    name: str
    segments: tuple[Path, ...]
    frame: Frame
    frames: int
    target: Path
    mix: Mix = NO_MIX
    sounds: tuple[Path, ...] = ()  # the mix or its parts, where they were made for others too
    sounding: bool = False  # whether something is mixed to the clips' own sound
    marks: tuple[Mark, ...] = ()  # flashes that must be seen with their beeps
    stills: Stills | None = None
    label: Merged = UNLABELLED  # of AI-generated content, written into the file
    pictured: str = ""  # and the one in its pictures, which know no sound
    drawn: DrawnLabel | None = None  # and the one that must be seen
    overlays: tuple[DrawnOverlay, ...] = ()  # that must be seen too
    faded: tuple[int, int] = (0, 0)  # frames that fade in and out

    @property
    def promise(self) -> Promise:
        loudness, tags = self.mix.loudness, self.label.tags
        return Promise(self.frame, self.frames, loudness, self.sounding, tags, self.faded)

    @property
    def beginning(self) -> BeginCall:
        """All that a deliverable can be begun with."""
        return BeginCall(self.target, self.frames, self.frame.rate, self.segments, self.sounds)

    @property
    def samples(self) -> int:
        return samples_in(self.frames, self.frame.rate)


@dataclass(frozen=True, slots=True)
class Joined:
    """A finished, verified file."""

    sha256: str
    duration: Fraction
    loudness: str | None
    checks: tuple[CheckRecord, ...]
    notices: tuple[str, ...] = ()
    pictures: PosterAndSheet | None = None
    warnings: tuple[str, ...] = ()  # those of the notices that a person should see at once
    levels: MixLevels | None = None  # how its sound was levelled, where it was


def make_deliverable(
    program: ffmpeg.Ffmpeg, call: JoinCall, begun: Assembly | None = None
) -> Joined:
    """Join the segments, hold the result against its promise, and put it in place.

    ``begun``: what was joined of them already; it is gone afterwards. Raises Damaged where a
    segment or the sound is not what was made, and Broken where the promise does not hold; what
    stood there before is left.
    """
    if begun:
        try:
            return _made(program, call, begun)
        except (Damaged, Unjoinable):
            raise
        except (Broken, FfmpegError):
            pass  # hours may lie between its writing and its reading: it is written once more
    return _made(program, call, call.beginning.assembly())


def _made(program: ffmpeg.Ffmpeg, call: JoinCall, assembly: Assembly) -> Joined:
    """The deliverable of what was begun in ``assembly``, which is gone afterwards."""
    part = assembly.part
    own = part.with_name(f"{part.name}.sound")
    try:
        result = _joined(program, call, assembly, own)
        _put(part, call.target)
    finally:
        discard(part)
        own.unlink(missing_ok=True)
        assembly.discard()
    return result


def _joined(program: ffmpeg.Ffmpeg, call: JoinCall, assembly: Assembly, own: Path) -> Joined:
    """Join and verify; ``own`` is where the sound is made, if it is not yet."""
    part, sounds = assembly.part, call.sounds or (own,)
    if sounds == (own,):
        make_sound(program, SoundCall(call.segments, call.samples, call.mix, own))
    payload = _written(program, call, sounds, assembly)
    assembly.insist_on_joins(program)
    hearing = combined(assembly.hearings)
    reading = _read(program, call, assembly, hearing, payload)
    pieces = assembly.pieces
    finding = verify(program, part, call.promise, pieces, hearing, reading)
    checks = (
        *finding.checks,
        *av_sync.checks(program, part, call.marks, call.frame.rate),
        *_seen(program, part, call),
        *_shown(program, part, call),
    )
    if failures := [check for check in checks if not check.holds]:
        insist_on([*call.segments, *sounds])  # or they changed while they were read
        differences = joined((check.difference for check in failures), tr("; "))
        raise Broken(tr("{name} failed its checks: {checks}", name=call.name, checks=differences))
    return Joined(
        sha256=reading.sha256 or files.sha256(part),
        duration=finding.probed.picture.duration,
        loudness=finding.loudness,
        checks=tuple(CheckRecord(c.name, c.expected, c.found, c.holds) for c in checks),
        notices=finding.notices,
        warnings=finding.warnings,
        levels=_levels(hearing),
        pictures=_pictures(program, call, part, pieces),
    )


def _levels(hearing: Hearing) -> MixLevels | None:
    """How the sound was levelled, as it is recorded; None where it is as it was mixed."""
    if not (hearing.ducking or hearing.limited or Decimal(hearing.gain)):
        return None
    ducking = tuple(LevelRecord(at, gain) for at, gain in hearing.ducking)
    return MixLevels(hearing.gain, hearing.limited, ducking)


def _written(
    program: ffmpeg.Ffmpeg, call: JoinCall, sounds: Sequence[Path], assembly: Assembly
) -> str:
    """Write the film to its end; the SHA-256 of its packets, of a long one.

    Raises Damaged, FfmpegError, Broken where it cannot be written.
    """
    film = assembly.film
    is_long = bool(film.space)
    try:
        assembly.take(call.segments, sounds)
        payload = film.close(_template(program, call, sounds[0], assembly.part))
    except (FfmpegError, OSError) as error:
        insist_on([*call.segments, *sounds])
        if isinstance(error, FfmpegError):
            raise
        raise _unwritable(call.target, error) from None
    return payload if is_long else ""


def _read(
    program: ffmpeg.Ffmpeg, call: JoinCall, assembly: Assembly, hearing: Hearing, payload: str
) -> Reading:
    """The film as it is read again."""
    film, pieces = assembly.film, assembly.pieces
    if not payload:
        return proof.whole(program, assembly.part, pieces, hearing, film.tracks)
    reading = proof.read(
        program, assembly.part, pieces, hearing, tracks=film.tracks, payload=payload
    )
    changed = tuple(n for n, path in enumerate(call.segments) if path in film.changed)
    is_other = reading.sound_changed or not film.changed.isdisjoint(film.sounds)
    return replace(reading, changed=changed or reading.changed, sound_changed=is_other)


def _unwritable(target: Path, error: OSError) -> Broken:
    text = tr("cannot write {file}: {reason}", file=str(target), reason=error.strerror)
    return Broken(text)


def _seen(program: ffmpeg.Ffmpeg, part: Path, call: JoinCall) -> Iterator[Check]:
    """Whether the label is seen at the beginning, in the middle and at the end of its time."""
    label, rate = call.drawn, call.frame.rate
    if label is None:
        return
    promise = plural(
        "{label} for {n} frame", "{label} for {n} frames", label.frames, label=label.text
    )
    for frame in visible_label.looked_at(label):
        # A little before the frame, or its neighbour may be taken for it.
        at = (frame - Fraction(1, 4)) / rate if frame else Fraction(0)
        if not visible_label.is_seen(label, decoding.luma(program, part, at, label.box)):
            missing = tr("not visible in frame {frame}", frame=frame)
            yield Check(tr("visible label"), promise, missing)
            return
    yield Check(tr("visible label"), promise, promise)


def _shown(program: ffmpeg.Ffmpeg, part: Path, call: JoinCall) -> Iterator[Check]:
    """Whether the overlays are seen, each in the middle of its time."""
    boxes = [overlay.canvas for overlay in call.overlays]
    label = [call.drawn.box] if call.drawn else []
    for number, overlay in enumerate(call.overlays):
        above = (*boxes[number + 1 :], *label)
        frame = overlays.looked_at(overlay, above, call.frames, call.faded)
        if frame is None:
            continue
        at = max((frame - Fraction(1, 4)) / call.frame.rate, Fraction(0))
        luma = decoding.luma(program, part, at, overlay.canvas)
        # By number: on another machine its file has another name.
        name, promise = tr("overlay {n}", n=number + 1), tr("visible")
        missing = tr("not visible in frame {frame}", frame=frame)
        yield Check(name, promise, promise if overlays.is_seen(overlay, luma) else missing)


def _put(part: Path, target: Path) -> None:
    """A deliverable in place of the last one, so that a power loss leaves one of the two.

    Raises Broken where its name cannot be had: what stands there is not ours to remove.
    """
    try:
        integrity.place(part, target, durable=True)
    except OSError as error:
        raise _unwritable(target, error) from None


def _pictures(
    program: ffmpeg.Ffmpeg,
    call: JoinCall,
    part: Path,
    records: Sequence[decode_record.DecodeRecord],
) -> PosterAndSheet | None:
    """Poster and contact sheet, for the most part of pictures kept when they were encoded."""
    if call.stills is None:
        return None
    starts = list(accumulate((len(piece.looks) for piece in records), initial=0))

    def kept(number: int, *, whole: bool = False) -> bytes | None:
        index = bisect_right(starts, number) - 1
        return decode_record.picture(records[index], number - starts[index], whole=whole)

    cells = {number: kept(number) for number in numbers_of(call.stills)}
    ready = Known(
        kept(call.stills.poster, whole=True),
        {number: picture for number, picture in cells.items() if picture},
    )
    if missing := missing_arguments(call.stills, call.frame, part, ready):
        ffmpeg.run(program, missing)
    pictures = pictures_of(call.stills, call.frame, part, ready)
    return pictures.labelled(call.pictured) if call.pictured else pictures


def _template(program: ffmpeg.Ffmpeg, call: JoinCall, sound: Path, part: Path) -> HeadTemplate:
    """How a film of these describes itself, as ffmpeg writes it. Raises FfmpegError."""
    file = part.with_name(f"{part.name}.head")
    container_name = "mov" if call.target.suffix == ".mov" else "mp4"
    try:
        with listed(call.segments[:1]) as listing, _tags(call.label, part) as tags:
            rate = call.frame.rate
            arguments = template_arguments(listing, sound, file, rate, tags, container_name)
            ffmpeg.run(program, arguments)
        return HeadTemplate.of(file)
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def _tags(label: Merged, part: Path) -> Iterator[ContainerTags | None]:
    """The tags of a label for ffmpeg, in a file beside ``part``; None where there is no label."""
    if not label.tags:
        yield None
        return
    file = part.with_suffix(".tags")
    try:
        plain = [tag for tag in label.tags if container.readable(tag[1])]
        file.write_bytes(container.write_tags(plain).encode())
        yield ContainerTags(file, tuple(tag for tag in label.tags if tag not in plain))
    finally:
        file.unlink(missing_ok=True)
