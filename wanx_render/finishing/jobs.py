"""The calls that make files: segment, sound, deliverable. What the finisher gives its executor.

Each is a function of plain data that can be pickled, and gives back the same; it shares nothing
with any other call, so that a thread, a process or another machine with the same folder may run it.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from wanx_render import files, integrity
from wanx_render.captions import drawing
from wanx_render.diagnostics import listed
from wanx_render.effects import cubes, overlays
from wanx_render.effects.cubes import BadCube
from wanx_render.effects.overlays import DrawnOverlay
from wanx_render.errors import Broken, Damaged, FfmpegError
from wanx_render.finishing import alignment, av_sync, decode_record, mastering, visible_label
from wanx_render.finishing.av_sync import Mark
from wanx_render.finishing.join import ContainerTags, join_arguments, join_list
from wanx_render.finishing.mix import NO_MIX, Mix
from wanx_render.finishing.segment import Piece, pieces_arguments, sides
from wanx_render.finishing.sound import parts as sound_parts
from wanx_render.finishing.sound.parts import SoundPart
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
from wanx_render.manifest import CheckRecord
from wanx_render.media import container, decoding, ffmpeg
from wanx_render.media.ai_labels import UNLABELLED, Merged
from wanx_render.media.images import BadPicture
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

    Each is decoded at once, and keeps what that showed for the deliverables it goes into.
    What several of them are made of is decoded once; the bytes are those of each made alone.
    """
    with ExitStack() as stack:
        parts = [(call.piece, stack.enter_context(files.part_of(call.target))) for call in calls]
        with _drawn(parts):
            ffmpeg.run(program, pieces_arguments(parts))
        records = decode_record.examine(
            program, [part for _, part in parts], [call.wish for call in calls]
        )
        for call, (piece, part), record in zip(calls, parts, records, strict=True):
            record = replace(record, apart=alignment.apart(program, piece, part))
            decode_record.keep(part, record, call.target.name)
            integrity.place(part, call.target)


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
    samples: int
    mix: Mix
    target: Path
    part: SoundPart | None = None  # where only this much of it is made, of clips alone


def make_sound(program: ffmpeg.Ffmpeg, call: SoundCall) -> None:
    """Mix and encode the sound of the segments; it is decoded at once, as they are.

    Raises Damaged where a segment is not what was made: nothing after this would notice it.
    """
    _insist_on(call.segments)
    with files.part_of(call.target) as part:
        with _listed(call.segments) as listing:
            if call.part:
                hearing = sound_parts.encode(program, listing, call.part, part)
            else:
                work = mastering.MixOfSegments(program, listing, call.mix, call.samples)
                hearing = mastering.encode(work, part)
        decode_record.keep(part, hearing, call.target.name)
        integrity.place(part, call.target)


@contextmanager
def _listed(segments: Sequence[Path]) -> Iterator[Path]:
    """A list of the segments beside them, for ffmpeg to read them one after the other."""
    with files.part_of(segments[0].with_name("join.ffconcat")) as listing:
        listing.write_bytes(join_list(segments))
        yield listing


@dataclass(frozen=True, slots=True)
class JoinCall:
    """All that is needed to make and verify one deliverable, as plain data."""

    name: str
    segments: tuple[Path, ...]
    frame: Frame
    frames: int
    target: Path
    mix: Mix = NO_MIX
    sound: Path | None = None  # the mix, where it was made for others too
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


def make_deliverable(program: ffmpeg.Ffmpeg, call: JoinCall) -> Joined:
    """Join the segments, hold the result against its promise, and put it in place.

    Raises Damaged where a segment or the sound is not what was made, and Broken where the promise
    does not hold; what stood there before is left.
    """
    with files.part_of(call.target) as part:
        own = part.with_name(f"{part.name}.sound")
        try:
            result = _joined(program, call, part, own)
        finally:
            discard(part)
            own.unlink(missing_ok=True)
        _put(part, call.target)
    return result


def _joined(program: ffmpeg.Ffmpeg, call: JoinCall, part: Path, own: Path) -> Joined:
    """Join as ``part`` and verify that; ``own`` is where the sound is made, if it is not yet."""
    sound = call.sound or own
    if sound == own:
        make_sound(program, SoundCall(call.segments, call.samples, call.mix, own))
    pieces, hearing = _kept(call.segments, sound)
    _join(program, call, sound, part)
    finding = verify(program, part, call.promise, pieces, hearing)
    checks = (
        *finding.checks,
        *av_sync.checks(program, part, call.marks, call.frame.rate),
        *_seen(program, part, call),
        *_shown(program, part, call),
    )
    if failures := [check for check in checks if not check.holds]:
        _insist_on([*call.segments, sound])  # or they changed while they were read
        differences = joined((check.difference for check in failures), tr("; "))
        raise Broken(tr("{name} failed its checks: {checks}", name=call.name, checks=differences))
    return Joined(
        sha256=files.sha256(part),
        duration=finding.probed.picture.duration,
        loudness=finding.loudness,
        checks=tuple(CheckRecord(c.name, c.expected, c.found, c.holds) for c in checks),
        notices=finding.notices,
        warnings=finding.warnings,
        pictures=_pictures(program, call, part, pieces),
    )


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
        raise Broken(
            tr("cannot write {file}: {reason}", file=str(target), reason=error.strerror)
        ) from None


def _pictures(
    program: ffmpeg.Ffmpeg,
    call: JoinCall,
    part: Path,
    records: Sequence[decode_record.DecodeRecord],
) -> PosterAndSheet | None:
    """Poster and contact sheet, for the most part of pictures kept when they were decoded."""
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


def _kept(
    segments: Sequence[Path], sound: Path
) -> tuple[list[decode_record.DecodeRecord], decode_record.Hearing]:
    """What decoding each segment and the sound showed when they were made. Raises Damaged."""
    records = {path: decode_record.kept(path) for path in segments}
    hearing = decode_record.kept_sound(sound)
    whole = [record for path in segments if (record := records[path])]
    if hearing is None or len(whole) < len(segments):
        raise _damaged(
            [path for path, record in {**records, sound: hearing}.items() if record is None]
        )
    return whole, hearing


def _join(program: ffmpeg.Ffmpeg, call: JoinCall, sound: Path, part: Path) -> None:
    """Join segments and sound as ``part``. Raises Damaged or FfmpegError."""
    try:
        with _listed(call.segments) as listing, _tags(call.label, part) as tags:
            container = "mov" if call.target.suffix == ".mov" else "mp4"
            rate = call.frame.rate
            ffmpeg.run(program, join_arguments(listing, sound, part, rate, tags, container))
    except FfmpegError:
        _insist_on([*call.segments, sound])
        raise


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


def _insist_on(pieces: Iterable[Path]) -> None:
    """Drop what is not whole. Raises Damaged where anything is not."""
    if broken_paths := [path for path in dict.fromkeys(pieces) if not integrity.is_whole(path)]:
        raise _damaged(broken_paths)


def _damaged(pieces: Sequence[Path]) -> Broken:
    """Damaged, that says which pieces are; they are gone, so that they are made again.

    Broken where they could not be removed.
    """
    for path in pieces:
        try:
            integrity.drop(path)
        except OSError as error:
            message = tr(
                "{file} is damaged and cannot be removed: {reason}",
                file=str(path), reason=error.strerror,
            )  # fmt: skip
            return Broken(message)
    files_named = listed((path.name for path in pieces), 1)
    return Damaged(tr("changed in the cache after it was made: {files}", files=files_named))
