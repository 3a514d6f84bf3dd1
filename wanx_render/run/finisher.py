"""Clips to deliverables: segments as soon as a clip lands, then join, verify, and put in place.

Segments are named by what they depend on, so that a second run, or another order, finds them again.
All ffmpeg work is done at a bench given from outside, as calls on plain data.
"""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

from wanx_render.captions.ass import Script
from wanx_render.captions.ass_layout import fitted
from wanx_render.captions.drawing import Captions, style_of, write_srt
from wanx_render.captions.fonts import Font, chinese, named
from wanx_render.errors import Broken, Damaged, FfmpegError, WanxError
from wanx_render.events import Emit, Event
from wanx_render.finishing import ingest
from wanx_render.finishing.av_sync import Mark, mark
from wanx_render.finishing.decode_record import Wish
from wanx_render.finishing.jobs import JoinCall, Joined, SegmentCall, SoundCall, digest
from wanx_render.finishing.join import SOUND_VERSION
from wanx_render.finishing.mix import Mix, Music, Track
from wanx_render.finishing.segment import Piece, Seam, Segment, Take, sound_key, sources
from wanx_render.finishing.timeline import Body, Part, frames_of
from wanx_render.finishing.timeline import Seam as Joint
from wanx_render.finishing.visible_label import DrawnLabel, shown
from wanx_render.frame import Frame
from wanx_render.geometry import Size, crop_told, enlargement
from wanx_render.manifest import DeliverableRecord, LabelRecord, PartRecord, StillRecord
from wanx_render.media.ai_labels import Merged, Provenance, provenance_notices, with_own
from wanx_render.media.audio_files import BadSoundtrack, inspect, provenance
from wanx_render.planning.plan import Plan, PlannedShot
from wanx_render.run.layout import Layout, Layouts, file_of, stills_of, subtitles_of
from wanx_render.run.results import sounds_of
from wanx_render.shotlist.model import Deliverable, gaze_at
from wanx_render.timing import SAMPLE_RATE, frames_in, nearest, samples_in
from wanx_render.workers.base import Bench

T = TypeVar("T")

JOIN_VERSION = 4
_HEALINGS = 2  # of one deliverable; what is damaged once more has another cause than an old outage
DAMAGED = (
    "pieces in .cache/segments were damaged, or made by an earlier version; "
    "they are made again, nothing is paid"
)
TOGETHER = 4  # encoders in one call at most: each holds some hundred pictures in memory
_QUIET = -20  # dB; a beep that was made softer is not looked for


def _join_key(keys: list[str], call: JoinCall) -> str:
    """What a deliverable and its pictures depend on: segments, sound, frames, labels."""
    stills = asdict(call.stills) if call.stills else {}
    parts = [str(JOIN_VERSION), *keys, json.dumps(stills, sort_keys=True, default=str)]
    labels = [*call.label.tags, ("", call.pictured)]
    if any(text for _, text in labels):  # else the key stays what earlier versions gave
        parts.append(json.dumps(labels))
    return hashlib.sha256(" ".join(parts).encode()).hexdigest()


def _heard(mix: Mix) -> dict[str, Provenance]:
    """What music and voices say of their origin, by the names of their files."""
    music = [mix.music.path] if mix.music else []
    paths = dict.fromkeys([*music, *(voice.path for voice in mix.voices)])
    return {path.name: provenance(path) for path in paths}


def _samples(seconds: Fraction) -> int:
    return nearest(seconds * SAMPLE_RATE)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A piece that some deliverable needs, by the name its bytes give it."""

    piece: Piece
    key: str
    path: Path
    shot: str
    deliverable: str
    wish: Wish

    @property
    def call(self) -> SegmentCall:
        return SegmentCall(self.piece, self.path, self.wish)


def _groups(wanted: Iterable[_Wanted]) -> Iterator[tuple[_Wanted, ...]]:
    """The pieces, each once; together those that are made of the same clips, in one call."""
    groups: dict[tuple[str, ...], dict[str, _Wanted]] = {}
    for piece in wanted:
        clips = tuple(take.sha256 for take in sources(piece.piece))
        groups.setdefault(clips, {})[piece.key] = piece
    for group in groups.values():
        every = tuple(group.values())
        for at in range(0, len(every), TOGETHER):
            yield every[at : at + TOGETHER]


def _channels(path: Path) -> int:
    try:
        return inspect(path).channels
    except BadSoundtrack:
        return 2  # ffmpeg says what is wrong with it


class Finisher:
    """Makes the deliverables of one plan, beginning with whatever clip comes first."""

    def __init__(self, plan: Plan, bench: Bench, folder: Path, emit: Emit) -> None:
        self._plan = plan
        self._bench = bench
        self._folder = folder
        self._emit = emit
        self._scripts: dict[str, Script | None] = {}
        self._layouts = Layouts(plan)
        self._known: dict[str, tuple[Layout, dict[int, _Wanted]]] = {}  # by where they start
        self._work: dict[str, asyncio.Future[None]] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._damaged = False  # whether any piece was found so
        self._unreadable: dict[str, str] = {}  # why a shot's colours cannot be read
        self._noticed: set[str] = set()

    def clip_landed(self, shot: PlannedShot, take: Take) -> None:
        """The shot's picked clip is there: start on its segments."""
        try:
            take = ingest.in_colours(take, shot.shot)
        except FfmpegError as error:
            self._unreadable[shot.shot.id] = str(error)
            return
        self._notice(shot, take)
        self._layouts.clip_landed(shot, take)
        wanted: list[_Wanted] = []
        for deliverable in self._plan.deliverables:
            if layout := self._layouts.of(deliverable):
                mine = layout.of[shot.shot.id]
                for part in mine:
                    self._known_in(deliverable, layout).pop(part.start, None)
                wanted += self._wanted(deliverable, layout, mine)
        self._begin(wanted)

    def _notice(self, shot: PlannedShot, take: Take) -> None:
        """What should be known of a clip's colours; the same of many clips once."""
        for notice in ingest.notices(take, shot.shot, "{}:"):
            if notice not in self._noticed:
                self._noticed.add(notice)
                self._emit(Event("warning", notice, shot=shot.shot.id))

    async def settle(self) -> None:
        """Let the segments that were begun come to an end, for the next run to find."""
        await asyncio.gather(*self._work.values(), return_exceptions=True)
        self._bench.note(self._used())

    async def finish(
        self, earlier: Mapping[str, DeliverableRecord]
    ) -> tuple[DeliverableRecord | Broken, ...]:
        """Every deliverable, once all picked clips have landed; those that fail as errors."""
        results = await asyncio.gather(
            *(self._deliver(each, earlier.get(each.name)) for each in self._plan.deliverables),
            return_exceptions=True,
        )
        done: list[DeliverableRecord | Broken] = []
        for deliverable, result in zip(self._plan.deliverables, results, strict=True):
            if isinstance(result, WanxError):
                done.append(Broken(f"{deliverable.name}: {result}"))
            elif isinstance(result, BaseException):
                raise result
            else:
                done.append(result)
        await self._bench.sweep(self._used())
        return tuple(done)

    def _used(self) -> set[str]:
        return {self._path(key).name for key in self._work}

    def _script(self, deliverable: Deliverable, size: Size) -> Script | None:
        """The ASS subtitles of the whole, clean, in known typefaces, and broken for the frame."""
        if deliverable.captions == "none" or not deliverable.subtitles:
            return None
        name = f"{deliverable.name} {size}"
        if name not in self._scripts:
            font, _ = self._font(deliverable)
            script = subtitles_of(self._plan, deliverable.subtitles, font.family).script
            language = deliverable.lang or ""
            self._scripts[name] = fitted(script, size, font, language) if script else None
        return self._scripts[name]

    def _font(self, deliverable: Deliverable) -> tuple[Font, str]:
        """The font words are drawn in, and what names its bytes."""
        if deliverable.font is None:
            return chinese(), "packaged"
        path, digest = file_of(self._plan, deliverable.font)
        return named(path), digest

    def _captions(self, deliverable: Deliverable, part: Part, layout: Layout) -> Captions | None:
        """How words are burnt into a part, where there are any to be."""
        if deliverable.captions == "sidecar":
            return None
        mine, rate = layout.cues_at(part), layout.frame.rate
        script = self._script(deliverable, layout.frame.size)
        seen = script and script.within(part.start / rate, (part.start + part.frames) / rate)
        style = style_of(deliverable, layout.language)
        if seen and seen.lines:
            font = self._font(deliverable)
            return Captions(mine, *font, seen.text(), part.start, style)
        return Captions(mine, *self._font(deliverable), style=style) if mine else None

    def _piece(self, deliverable: Deliverable, part: Part, layout: Layout) -> Piece | None:
        """What is to be encoded for a part; None where a clip has not landed yet."""
        frame = layout.frame
        captions = self._captions(deliverable, part, layout)
        drawn = self._drawn(deliverable, layout)
        label = drawn.within(part.start, part.frames) if drawn else None
        first = self._segment(deliverable, part.shot, part.skip, part.frames, frame)
        if isinstance(part, Body):
            return replace(first, captions=captions, label=label) if first else None
        second = self._segment(deliverable, part.shot + 1, 0, part.frames, frame)
        if not first or not second:
            return None
        return Seam(first, second, part.transition, captions, label)

    def _segment(
        self, deliverable: Deliverable, number: int, skip: int, frames: int, frame: Frame
    ) -> Segment | None:
        shot = self._plan.shots[number]
        take = self._layouts.landed.get(shot.shot.id)
        if take is None:
            return None
        gaze = gaze_at(shot.shot, deliverable)
        cut = shot.cut_at(take.rate)
        return Segment(take, cut, gaze, frame, skip, frames, shot.shot.sound)

    def _known_in(self, deliverable: Deliverable, layout: Layout) -> "dict[int, _Wanted]":
        """The pieces of a layout that were reckoned before, by where they start."""
        earlier = self._known.get(deliverable.name)
        if earlier is None or earlier[0] is not layout:
            earlier = self._known[deliverable.name] = layout, {}
        return earlier[1]

    def _wanted(
        self, deliverable: Deliverable, layout: Layout, parts: Iterable[Part]
    ) -> "list[_Wanted]":
        """The pieces that stand for ``parts``, but those whose clips have not all landed."""
        found = []
        every = self._known_in(deliverable, layout)
        for part in parts:
            known = every.get(part.start)
            if known is None and (piece := self._piece(deliverable, part, layout)):
                shot = self._plan.shots[part.shot].shot.id
                key = piece.key(self._bench.program)
                shown = layout.wish_at(part)
                known = _Wanted(piece, key, self._path(key), shot, deliverable.name, shown)
                every[part.start] = known
            if known:
                found.append(known)
        return found

    def _begin(self, wanted: "Iterable[_Wanted]") -> None:
        """Start on pieces, each once; those made of the same clips in one call."""
        for some in _groups(piece for piece in wanted if piece.key not in self._work):
            work = asyncio.ensure_future(self._conform(some))
            self._work.update((piece.key, work) for piece in some)

    def _path(self, key: str) -> Path:
        return self._bench.pieces / f"{key[:32]}.mov"

    async def _conform(self, wanted: "tuple[_Wanted, ...]") -> None:
        missing = [each for each in wanted if not self._bench.has(each.path)]
        if not missing:
            return
        await self._bench.segments(tuple(each.call for each in missing))
        for each in missing:
            told = f"{each.piece.frames} frames of {each.piece.frame.size}"
            self._emit(Event("segment", told, shot=each.shot, deliverable=each.deliverable))

    async def _deliver(
        self, deliverable: Deliverable, earlier: DeliverableRecord | None
    ) -> DeliverableRecord:
        if self._unreadable:
            shot, why = next(iter(self._unreadable.items()))
            raise Broken(f"the clip of {shot} cannot be used: {why}")
        layout = self._layouts.of(deliverable)
        if layout is None:
            raise Broken("not every clip has landed")
        frame = layout.frame
        if deliverable.captions in ("sidecar", "both"):
            self._write_words(deliverable, layout)
        wanted = self._wanted(deliverable, layout, layout.parts)
        self._begin(wanted)
        keys = [each.key for each in wanted]
        await asyncio.gather(*(self._work[key] for key in keys))
        mix = self._mix(deliverable, layout)
        sound = self._sound_call(wanted, mix, layout)
        await self._sound(sound, wanted)
        call = self._call(deliverable, layout, wanted, (mix, sound.target))
        key = _join_key([*keys, sound.target.name], call)
        same = earlier is not None and earlier.key == key
        if earlier and same and await self._stands(call.target, earlier):
            self._emit(Event("deliverable", "unchanged", deliverable=deliverable.name))
            return replace(earlier, sounds=sounds_of(mix, self._folder))
        self._emit(Event("joining", f"{len(keys)} parts", deliverable=deliverable.name))
        joined = await self._healed(lambda: self._bench.deliverable(call), wanted, sound)
        self._emit(
            Event(
                "deliverable",
                f"{frame.size}, {frame.aspect}, {frame.rate} fps, {call.frames} frames",
                deliverable=deliverable.name,
            )
        )
        notices = provenance_notices({**self._picked(), **_heard(mix)}, call.label)
        for notice in (*joined.warnings, *notices):
            self._emit(Event("warning", notice, deliverable=deliverable.name))
        record = self._record(call, key, joined, self._parts(deliverable, layout))
        sounds = sounds_of(mix, self._folder)
        return replace(record, sounds=sounds, notices=(*record.notices, *notices))

    def _call(
        self,
        deliverable: Deliverable,
        layout: Layout,
        wanted: "Sequence[_Wanted]",
        heard: tuple[Mix, Path],
    ) -> JoinCall:
        """What joins these pieces and verifies the result; ``heard`` is the mix and its file."""
        mix, sound = heard
        return JoinCall(
            name=deliverable.name,
            segments=tuple(each.path for each in wanted),
            frame=layout.frame,
            frames=frames_of(layout.parts),
            target=self._folder / f"{deliverable.name}.mp4",
            mix=Mix(loudness=mix.loudness),  # the rest is in the sound
            sound=sound,
            sounding=self._sounds(mix),
            marks=self._marks(mix, layout),
            stills=stills_of(self._plan, deliverable, layout),
            label=self._label(deliverable, _heard(mix)),
            pictured=self._label(deliverable).value,
            drawn=self._drawn(deliverable, layout),
        )

    def _picked(self) -> dict[str, Provenance]:
        """What the clips of the deliverables say of their origin, by shot."""
        ids = (shot.shot.id for shot in self._plan.shots)
        return {name: self._layouts.landed[name].provenance for name in ids}

    def _label(
        self, deliverable: Deliverable, sounds: Mapping[str, Provenance] | None = None
    ) -> Merged:
        """The label of AI-generated content in the metadata of a deliverable with these sounds."""
        own = deliverable.label.fields if deliverable.label else {}
        sources = (*self._picked().values(), *(sounds or {}).values())
        return with_own((label for each in sources for label in each.labels), own)

    def _drawn(self, deliverable: Deliverable, layout: Layout) -> DrawnLabel | None:
        """The label of AI-generated content that is seen in a deliverable. Raises Broken."""
        label, frame = deliverable.label, layout.frame
        if label is None or not label.words:
            return None
        drawn = shown(deliverable, frame.size, frame.rate, frames_of(layout.parts))
        if drawn is None:
            raise Broken(f"the label {label.words} does not fit into {frame.size}")
        return drawn

    def _sound_call(self, wanted: "Sequence[_Wanted]", mix: Mix, layout: Layout) -> SoundCall:
        """What makes the finished sound of these pieces, by the name its bytes give it."""
        samples = samples_in(frames_of(layout.parts), layout.frame.rate)
        program, version = self._bench.program, SOUND_VERSION
        pieces = [one.piece for one in wanted]
        key = sound_key(pieces, program, mix=mix, samples=samples, version=version)
        return SoundCall(tuple(one.path for one in wanted), samples, mix, self._path(key))

    async def _sound(self, call: SoundCall, wanted: "Sequence[_Wanted]") -> None:
        """The finished sound, made once for all deliverables in which the same is heard."""
        name = call.target.stem
        if name not in self._work:
            self._work[name] = asyncio.ensure_future(self._encode(call, wanted))
        await self._work[name]

    async def _encode(self, call: SoundCall, wanted: "Sequence[_Wanted]") -> None:
        async with self._turns[call.target.name]:  # several may find it damaged at once
            if not self._bench.has(call.target):
                await self._healed(lambda: self._bench.sound(call), wanted)

    async def _healed(
        self,
        work: Callable[[], Awaitable[T]],
        wanted: "Sequence[_Wanted]",
        sound: SoundCall | None = None,
    ) -> T:
        """What ``work`` gives. Pieces it found damaged, which are gone then, are made again for it.

        Raises WanxError, also where they are damaged time after time.
        """
        for _ in range(_HEALINGS):
            try:
                return await work()
            except Damaged:
                self._say_damaged()
            async with self._turns["segments"]:
                lost = (piece for piece in wanted if not self._bench.has(piece.path))
                await asyncio.gather(*(self._conform(some) for some in _groups(lost)))
            if sound:
                await self._encode(sound, wanted)
        return await work()

    def _say_damaged(self) -> None:
        """Say it once for all pieces of a list."""
        if not self._damaged:
            self._emit(Event("warning", DAMAGED))
        self._damaged = True

    async def _stands(self, target: Path, earlier: DeliverableRecord) -> bool:
        """Whether the deliverable and its pictures are there as they were made."""
        for still in (earlier.poster, earlier.sheet):
            path = self._folder / still.path if still else None
            if not still or not path or not path.is_file() or digest(path) != still.sha256:
                return False
        return await self._bench.stands(target, earlier.sha256)

    def _picture(self, name: str, data: bytes, size: Size) -> StillRecord:
        self._write(name, data)
        return StillRecord(name, size.width, size.height, hashlib.sha256(data).hexdigest())

    def _write_words(self, deliverable: Deliverable, layout: Layout) -> None:
        """The words as files beside the deliverable: ASS where they are, and SRT.

        One of an earlier run, in the other format, is removed: players load what has the name.
        """
        script = self._script(deliverable, layout.frame.size)
        if script:
            whole = frames_of(layout.parts) / layout.frame.rate
            seen = script.within(Fraction(0), whole)
            self._write(f"{deliverable.name}.ass", seen.text().encode())
        else:
            self._remove(f"{deliverable.name}.ass")
        if layout.cues or not script:
            text = write_srt(layout.cues, layout.frame.rate)
            self._write(f"{deliverable.name}.srt", text.encode())
        else:
            self._remove(f"{deliverable.name}.srt")

    def _remove(self, name: str) -> None:
        with suppress(OSError):  # a folder of that name, or one that is read only
            (self._folder / name).unlink(missing_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        """Put a small file beside the deliverables, whole or not at all. Raises Broken.

        Without fsync: words are written at every run, pictures are compared by their hash.
        """
        path = self._folder / name
        part = path.with_name(f".{name}.part")
        try:
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            raise Broken(f"cannot write {path}: {error.strerror}") from None
        finally:
            part.unlink(missing_ok=True)

    def _record(
        self, call: JoinCall, key: str, joined: Joined, parts: tuple[PartRecord, ...]
    ) -> DeliverableRecord:
        pictures = joined.pictures
        if pictures is None:
            raise Broken(f"{call.name}: no pictures were made of it")
        return DeliverableRecord(
            name=call.name,
            path=call.target.name,
            width=call.frame.size.width,
            height=call.frame.size.height,
            aspect=str(call.frame.aspect),
            fit=call.frame.fit,
            fps=str(call.frame.rate),
            frames=call.frames,
            duration=f"{float(joined.duration):.6f}",
            sha256=joined.sha256,
            loudness=joined.loudness,
            key=key,
            parts=parts,
            checks=joined.checks,
            notices=joined.notices,
            poster=self._picture(f"{call.name}.poster.jpg", pictures.poster, call.frame.size),
            sheet=self._picture(f"{call.name}.sheet.jpg", pictures.sheet, pictures.sheet_size),
            labels=tuple(LabelRecord(tag, text) for tag, text in call.label.tags),
        )

    def _mix(self, deliverable: Deliverable, layout: Layout) -> Mix:
        """What is heard besides the clips, in samples of this deliverable."""
        sound, music = deliverable.audio, deliverable.audio.music
        voices = []
        for voice in (each for each in sound.voices if each.gain.is_finite()):
            start = _samples(voice.at)
            if voice.shot:
                start += samples_in(layout.of[voice.shot][0].start, layout.frame.rate)
            path, digest = file_of(self._plan, voice.file)
            voices.append(Track(path, digest, start, voice.gain, _channels(path)))
        bed = None
        if music and music.gain.is_finite():
            fades = _samples(music.fade_in), _samples(music.fade_out)
            path, digest = file_of(self._plan, music.file)
            channels = _channels(path)
            bed = Music(path, digest, _samples(music.start), music.gain, *fades, channels)
        return Mix(bed, sound.duck, tuple(voices), sound.loudness)

    def _sounds(self, mix: Mix) -> bool:
        """Whether something must be heard: simulated clips and the service's have sound or not."""
        return bool(mix.music or mix.voices)

    def _marks(self, mix: Mix, layout: Layout) -> tuple[Mark, ...]:
        """The first and the last simulated shot whose flash and beep are there, and alone."""
        if self._plan.world != "mock" or mix.music or mix.voices:
            return ()
        found = []
        for part in layout.parts:
            shot = self._plan.shots[part.shot]
            take, gain = self._layouts.landed[shot.shot.id], shot.shot.sound
            heard = take.has_sound and shot.picked.request.sound == "auto" and gain >= _QUIET
            if isinstance(part, Body) and heard:
                found.append(mark(part, shot.cut_at(take.rate), take.rate, layout.frame.rate))
        marks = [each for each in found if each]
        return tuple(dict.fromkeys((marks[0], marks[-1]))) if marks else ()

    def _parts(self, deliverable: Deliverable, layout: Layout) -> tuple[PartRecord, ...]:
        """Where each shot is seen, and what was done to it; shots may share frames."""
        frame = layout.frame
        records: list[PartRecord] = []
        for number, planned in enumerate(self._plan.shots):
            take, gaze = self._layouts.landed[planned.shot.id], gaze_at(planned.shot, deliverable)
            cut = planned.cut_at(take.rate)
            mine = layout.of[planned.shot.id]
            crop = crop_told(take.size, frame.aspect, gaze) if frame.fit == "crop" else None
            grown = enlargement(take.size, frame.size, frame.aspect, frame.fit)
            records.append(
                PartRecord(
                    shot=planned.shot.id,
                    start=mine[0].start,
                    frames=sum(part.frames for part in mine),
                    crop=crop,
                    enlarged=f"{float(grown):.3f}",
                    held=max(cut.start + cut.frames - take.whole, 0),
                    shared=sum(p.frames for p in mine if isinstance(p, Joint) and p.shot == number),
                    speed=str(cut.speed),
                    stood=frames_in(cut.hold, frame.rate),
                    colours=str(take.quirks.colours),
                )
            )
        return tuple(records)
