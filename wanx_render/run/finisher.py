"""Clips to deliverables: pieces as soon as a clip lands, then join, verify, and put in place.

All ffmpeg work is done by workers given from outside, as calls on plain data.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wanx_render import files
from wanx_render.errors import Broken, FfmpegError, Unjoinable, WanxError
from wanx_render.events import Emit, Event
from wanx_render.finishing import ingest
from wanx_render.finishing.jobs import JoinCall, Joined
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.segment import ClipMedia
from wanx_render.finishing.timeline import frames_of
from wanx_render.language import Message, joined, plural, recorded, tr
from wanx_render.manifest import DeliverableRecord, StemsRecord
from wanx_render.media.ai_labels import Provenance, provenance_notices
from wanx_render.planning.plan import Plan
from wanx_render.planning.planned import AnyPlanned
from wanx_render.planning.uses import wish_of
from wanx_render.run.early_join import EarlyJoin
from wanx_render.run.effects import Effects, drawn_label, fades
from wanx_render.run.layout import Layout, Layouts
from wanx_render.run.piece_maker import PieceMaker
from wanx_render.run.pieces import PieceJob, Pieces, deliverable_path
from wanx_render.run.record import join_key, merged_label, parts_of, record_of
from wanx_render.run.results import sounds_of
from wanx_render.run.sound import marks_of, mix_of, provenance_of_sounds, sound_call
from wanx_render.run.sound_parts import SoundJob, SoundParts
from wanx_render.run.stems import record_of_stems, stand, stems_call, stems_key, stems_of
from wanx_render.run.words import DeliverableTexts, style_record
from wanx_render.shotlist.model import Deliverable
from wanx_render.workers.base import Workers


class Finisher:
    """Makes the deliverables of one plan, beginning with whatever clip comes first."""

    def __init__(self, plan: Plan, workers: Workers, folder: Path, emit: Emit) -> None:
        self._plan = plan
        self._workers = workers
        self._folder = folder
        self._emit = emit
        self._layouts = Layouts(plan)
        self._words = DeliverableTexts(plan)
        self._pieces = Pieces(plan, self._layouts, self._words, workers)
        self._maker = PieceMaker(workers, emit)
        self._sound_parts = SoundParts(plan, self._pieces, workers)
        self._early = EarlyJoin(self._layouts, self._pieces, self._sound_parts, self._maker, folder)
        self._unreadable: dict[str, Message] = {}  # why a shot's colours cannot be read
        self._notices: set[str] = set()  # that were given

    def clip_landed(self, shot: AnyPlanned, take: ClipMedia) -> None:
        """The shot's picked clip is there: start on its segments."""
        try:
            take = ingest.in_colours(take, shot.shot)
        except FfmpegError as error:
            self._unreadable[shot.shot.id] = error.sentence
            return
        self._notice(shot, take)
        self._layouts.clip_landed(shot, take)
        jobs: dict[str, list[PieceJob]] = {}
        sounds: list[SoundJob] = []
        for deliverable in self._plan.deliverables:
            if layout := self._layouts.of(deliverable):
                own = self._pieces.jobs_of_shot(deliverable, layout, shot.shot.id)
                jobs[deliverable.name] = own
                self._sound_parts.note(own)
                sounds += self._sound_parts.ready(deliverable, layout, shot.shot.id)
        self._maker.begin(job for own in jobs.values() for job in own)
        self._maker.begin_sounds(sounds)
        for deliverable in self._plan.deliverables:
            self._early.follow(deliverable, jobs.get(deliverable.name, ()), sounds)

    def clip_is_awaited(self) -> None:
        """The service has been asked for a clip: what is there is joined meanwhile."""
        self._early.clip_is_awaited()

    def _notice(self, shot: AnyPlanned, take: ClipMedia) -> None:
        """What should be known of a clip's colours; the same of many clips once."""
        for notice in ingest.notices(take, shot.shot, "{}:"):
            if notice not in self._notices:
                self._notices.add(notice)
                self._emit(Event("warning", recorded(notice), shot=shot.shot.id))

    async def settle(self) -> None:
        """Let the segments that were begun come to an end, for the next run to find."""
        await self._maker.settle()
        await self.let_go()
        self._workers.note(self._maker.used)

    async def let_go(self) -> None:
        """Drop what was begun of deliverables and not used."""
        for deliverable in self._plan.deliverables:
            await self._early.drop(deliverable)

    async def finish(
        self, earlier: Mapping[str, DeliverableRecord]
    ) -> tuple[DeliverableRecord | Broken, ...]:
        """Every deliverable, once all picked clips have landed; those that fail as errors."""
        deliverables = self._plan.deliverables
        results = await asyncio.gather(
            *(self._deliver(wish, earlier.get(wish.name)) for wish in deliverables),
            return_exceptions=True,
        )
        records: list[DeliverableRecord | Broken] = []
        for deliverable, result in zip(deliverables, results, strict=True):
            if isinstance(result, WanxError):
                text = tr("{subject}: {text}", subject=deliverable.name, text=result.sentence)
                records.append(Broken(text))
            elif isinstance(result, BaseException):
                raise result
            else:
                records.append(result)
        await self._workers.sweep(self._maker.used)
        return tuple(records)

    async def _deliver(
        self, deliverable: Deliverable, earlier: DeliverableRecord | None
    ) -> DeliverableRecord:
        layout = self._layout(deliverable)
        if deliverable.captions in ("sidecar", "both"):
            self._words.write(deliverable, layout, self._folder)
        jobs = self._pieces.jobs(deliverable, layout, layout.parts)
        await self._maker.make(jobs)
        mix = mix_of(self._plan, deliverable, layout)
        whole = SoundJob(sound_call(jobs, mix, layout, self._workers), jobs)
        sounds = self._sounds(deliverable, layout, whole)
        await self._maker.sounds(sounds)
        await self._early.hand_over(deliverable)
        call = self._call(deliverable, layout, jobs, mix, sounds)
        key = join_key([*(job.key for job in jobs), whole.call.target.name], call)
        heard = sounds_of(mix, self._folder)
        stems = await self._stems(deliverable, whole, earlier)
        if earlier and earlier.key == key and await self._is_unchanged(call.target, earlier):
            self._emit(Event("deliverable", tr("unchanged"), deliverable=deliverable.name))
            facts = {"sounds": heard, "stems": stems, **self._facts(deliverable, layout)}
            return replace(earlier, **facts, stale=(), kept_from="", shots=())
        try:
            output = await self._join(call, jobs, sounds)
        except Unjoinable:
            await self._maker.sounds([whole])
            output = await self._join(replace(call, sounds=(whole.call.target,)), jobs, [whole])
        notices = (
            *provenance_notices({**self._clips(), **provenance_of_sounds(mix)}, call.label),
            *Effects(self._plan).enlarged(deliverable, layout.frame),
        )
        for notice in (*output.warnings, *notices):
            self._emit(Event("warning", recorded(notice), deliverable=deliverable.name))
        parts = parts_of(self._plan, self._layouts, deliverable, layout, self._folder)
        record = record_of(call, key, output, parts)
        facts = {"sounds": heard, "stems": stems, **self._facts(deliverable, layout)}
        return replace(record, notices=(*record.notices, *notices), **facts)

    def _facts(self, deliverable: Deliverable, layout: Layout) -> dict[str, Any]:
        """What is recorded of a deliverable that its list says, whenever it was made."""
        ends = fades(deliverable, layout)
        return {
            "wish": wish_of(deliverable),
            "fade_through": (ends.begin_through, ends.end_through),
            "captions": self._words.records(deliverable, layout),
            "caption_style": style_record(deliverable),
        }

    async def _stems(
        self, deliverable: Deliverable, whole: SoundJob, earlier: DeliverableRecord | None
    ) -> StemsRecord | None:
        """The stems of a deliverable, made where they are not there. Raises WanxError."""
        sound, landed = whole.call, self._layouts.landed
        stems = stems_of(self._plan, landed, deliverable, sound.mix) if deliverable.stems else ()
        if not stems:
            return None
        call = stems_call(sound, deliverable_path(self._folder, deliverable), stems)
        key, before = stems_key(call, sound.target.stem), earlier.stems if earlier else None
        if before and before.key == key and await stand(before, self._folder, self._workers):
            return before
        names = joined((stem.kind for stem in stems), tr(", "))
        text = tr("stems: {names}", names=names)
        self._emit(Event("joining", text, deliverable=deliverable.name))
        return record_of_stems(call, key, await self._maker.stems(call, whole.pieces))

    def _sounds(
        self, deliverable: Deliverable, layout: Layout, whole: SoundJob
    ) -> tuple[SoundJob, ...]:
        """What the sound is joined from: the whole, where it is there or short, or its parts."""
        if self._workers.has(whole.call.target):
            return (whole,)
        return self._sound_parts.all(deliverable, layout, whole.pieces) or (whole,)

    def _layout(self, deliverable: Deliverable) -> Layout:
        """Where everything stands, with every clip there. Raises Broken."""
        if self._unreadable:
            shot, reason = next(iter(self._unreadable.items()))
            raise Broken(tr("cannot use the clip of {shot}: {reason}", shot=shot, reason=reason))
        layout = self._layouts.of(deliverable)
        if layout is None:
            raise Broken(tr("some clips are missing"))
        return layout

    def _call(
        self,
        deliverable: Deliverable,
        layout: Layout,
        jobs: Sequence[PieceJob],
        mix: Mix,
        sounds: Sequence[SoundJob],
    ) -> JoinCall:
        """What joins these pieces and verifies the result."""
        clips, mixed = self._clips().values(), provenance_of_sounds(mix).values()
        ends = fades(deliverable, layout)
        return JoinCall(
            name=deliverable.name,
            segments=tuple(job.path for job in jobs),
            frame=layout.frame,
            frames=frames_of(layout.parts),
            target=deliverable_path(self._folder, deliverable),
            mix=Mix(loudness=mix.loudness),  # the rest is in the sound
            sounds=tuple(job.call.target for job in sounds),
            # Whether clips have sound differs; music and voices must be heard.
            sounding=bool(mix.music or mix.voices),
            marks=marks_of(self._plan, self._layouts, deliverable, mix, layout),
            stills=layout.stills,
            label=merged_label(deliverable, (*clips, *mixed)),
            pictured=merged_label(deliverable, clips).value,
            drawn=drawn_label(deliverable, layout),
            overlays=Effects(self._plan).over_film(deliverable, layout),
            faded=(ends.begin, ends.end),
        )

    def _clips(self) -> dict[str, Provenance]:
        """What the clips of the deliverables say of their origin, by shot."""
        ids = (shot.shot.id for shot in self._plan.shots)
        return {name: self._layouts.landed[name].provenance for name in ids}

    async def _is_unchanged(self, target: Path, earlier: DeliverableRecord) -> bool:
        """Whether the deliverable and its pictures are there as they were made."""
        for still in (earlier.poster, earlier.sheet):
            path = self._folder / still.path if still else None
            if not still or not path or not path.is_file() or files.sha256(path) != still.sha256:
                return False
        return await self._workers.stands(target, earlier.sha256)

    async def _join(
        self, call: JoinCall, jobs: Sequence[PieceJob], sounds: Sequence[SoundJob]
    ) -> Joined:
        parts = plural("{n} part", "{n} parts", len(jobs))
        self._emit(Event("joining", parts, deliverable=call.name))
        output = await self._maker.deliverable(call, jobs, sounds)
        frame = call.frame
        text = plural(
            "{size}, {aspect}, {rate} fps, {n} frame",
            "{size}, {aspect}, {rate} fps, {n} frames",
            call.frames, size=frame.size, aspect=frame.aspect, rate=frame.rate,
        )  # fmt: skip
        self._emit(Event("deliverable", text, deliverable=call.name))
        return output
