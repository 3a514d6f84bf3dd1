"""The orchestrator: a plan in, clips and deliverables out, each shot on its own way.

It knows the backend protocol, never a vendor. A take goes: stored, or asked for, awaited, fetched;
its segments begin the moment it lands. One take that fails leaves the others alone.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from wanx_render.errors import (
    Broken,
    Refused,
    Throttled,
    UnknownHost,
    Unreachable,
    WanxError,
)
from wanx_render.events import Event
from wanx_render.files import write_atomically
from wanx_render.finishing.segment import ClipMedia
from wanx_render.language import joined, plural, recorded, tr
from wanx_render.manifest import DeliverableRecord, Manifest, last_in
from wanx_render.media import decoding
from wanx_render.planning.origins import Origins, last_frame_path
from wanx_render.planning.plan import PlannedFootage, PlannedShot, Take
from wanx_render.planning.take_status import kept
from wanx_render.run.clips.clip_source import ClipSource
from wanx_render.run.clips.footage import FootageMaker
from wanx_render.run.clips.task_runner import TaskRunner
from wanx_render.run.context import RunContext
from wanx_render.run.finisher import Finisher
from wanx_render.run.last_films import with_last_films
from wanx_render.run.results import FootageFailure, Results, TakeClip, TakeResult, manifest_of
from wanx_render.task import InputMedia
from wanx_render.tasks.outcome import TakeFailure, permission, waiting, words
from wanx_render.tasks.reporter import TakeReporter


async def render(context: RunContext, program_version: str) -> Manifest:
    """Run the plan to its end and write the manifest."""
    finisher = Finisher(context.plan, context.workers, context.folder, context.emit)
    reporter = TakeReporter(lambda _, event: context.emit(event), context.store.limit)
    tasks = TaskRunner(context, reporter)
    takes = _Takes(context, finisher, ClipSource(context, tasks, reporter), reporter)
    results = await takes.run()
    earlier = last_in(context.folder / "manifest.json")
    made = await _finish(context, finisher, results, earlier)
    films = await with_last_films(context, made, earlier)
    manifest = manifest_of(context, results, films, program=program_version, spent=tasks.spent)
    write_atomically(context.folder / "manifest.json", manifest.text())
    if takes.bugs:  # the others went on, and what they brought is kept
        raise takes.bugs[0]
    return manifest


async def _finish(
    context: RunContext, finisher: Finisher, results: Results, earlier: Manifest | None
) -> tuple[DeliverableRecord | Broken, ...]:
    """The deliverables, where every shot has its clip; those that fail as errors."""
    missing = [shot.shot.id for shot in context.plan.shots if not results.has_clip(shot)]
    if missing:
        await finisher.settle()
        names = joined(missing, tr(", "))
        text = plural(
            "no deliverable was made: {shots} has no clip",
            "no deliverable was made: {shots} have no clip",
            len(missing),
            shots=names,
        )
        context.emit(Event("warning", text))
        return ()
    last_films = earlier.deliverables if earlier else ()
    deliverables = await finisher.finish({film.name: film for film in last_films})
    for deliverable in deliverables:
        if isinstance(deliverable, Broken):
            context.emit(Event("broken", deliverable.sentence))
    return deliverables


class _Takes:
    """The takes of one run, all at work at once."""

    def __init__(
        self, context: RunContext, finisher: Finisher, clips: ClipSource, reporter: TakeReporter
    ) -> None:
        self.context = context
        self.finisher = finisher
        self.clips = clips
        self.reporter = reporter
        self.origins = Origins(context.journal, context.clips)
        self.tasks: dict[tuple[str, int], asyncio.Task[TakeResult]] = {}
        self.maker = FootageMaker(context.tools.program, context.clips)
        self.footage: dict[str, ClipMedia | FootageFailure] = {}
        self.bugs: list[Exception] = []

    async def run(self) -> Results:
        context = self.context
        for footage in context.plan.footage:
            self.footage[footage.shot.id] = await self._footage(footage)
        async with asyncio.TaskGroup() as group:
            for shot in context.plan.generated:
                is_asked = not context.only or shot.shot.id in context.only
                work = self.clips.of if is_asked and context.submits else self.clips.if_here
                for take in shot.takes:
                    self.tasks[(shot.shot.id, take.number)] = group.create_task(
                        self._take(shot, take, work)
                    )
        return Results({name: task.result() for name, task in self.tasks.items()}, self.footage)

    async def _footage(self, footage: PlannedFootage) -> ClipMedia | FootageFailure:
        """The clip of own footage; it is there before anything is paid for."""
        try:
            media = await self.context.tools.work(self.maker.clip, footage)
        except Broken as error:
            text = tr("{shot}: {reason}", shot=footage.shot.id, reason=error.sentence)
            self.context.emit(Event("warning", text, shot=footage.shot.id))
            return FootageFailure(footage, error.sentence)
        self.finisher.clip_landed(footage, media)
        return media

    async def _take(
        self, shot: PlannedShot, take: Take, work: Callable[[Take], Awaitable[TakeResult]]
    ) -> TakeResult:
        """One take from beginning to end; what goes wrong with it stays with it."""
        try:
            result = await work(await self._ready(take))
            if isinstance(result, TakeClip) and take.number == shot.shot.pick:
                self.finisher.clip_landed(shot, result.media)
        except Exception as error:  # noqa: BLE001  # one take's failure stays its own
            result = self._failure(take, error)
        if isinstance(result, TakeFailure) and result.state != "skipped":
            text = tr("{code}: {message}", code=result.code, message=recorded(result.message))
            if result.advice:
                text = tr("{text} ({hint})", text=text, hint=recorded(result.advice))
            self.reporter.report(take, "failed", text)
            key = result.take.request.key(self.context.plan.backend)
            return replace(result, attempt=self.context.journal.last_at(key))
        return result

    async def _ready(self, take: Take) -> Take:
        """The take with what it begins with, waiting for the shot that this comes from."""
        if take.waits_for is None:
            return take
        context, plan = self.context, self.context.plan
        if not context.cascade:
            before = kept(take, context.journal, context.clips, plan.backend)
            if before:
                return before
        for footage in plan.footage:
            if footage.shot.id == take.waits_for:
                beginning = await context.tools.work(self.maker.beginning, take, footage)
                return self.origins.following(take, beginning, plan.backend)
        source = next(shot for shot in plan.generated if shot.shot.id == take.waits_for)
        continues = take.request.first_clip is not None
        reason = (
            tr("for the clip of {shot}", shot=take.waits_for)
            if continues
            else tr("for the last frame of {shot}", shot=take.waits_for)
        )
        self.reporter.report(take, "waiting", reason)
        result = await asyncio.shield(self.tasks[(take.waits_for, source.shot.pick)])
        if isinstance(result, TakeFailure):
            raise Broken(
                tr("it continues {shot}, which has no clip", shot=take.waits_for)
                if continues
                else tr("its first frame comes from {shot}, which has no clip", shot=take.waits_for)
            )
        if continues:
            clip = self.origins.source(take, result.attempt, plan.backend)
            whole = replace(clip, path=result.media.path, size=result.media.size)
            return self.origins.following(take, whole, plan.backend)
        frame = await self._last_frame(take, result)
        return self.origins.following(take, frame, plan.backend)

    async def _last_frame(self, take: Take, source: TakeClip) -> InputMedia:
        """The last frame of a clip as the first one of ``take``, as a file that can be sent."""
        context, media = self.context, source.media
        frame = self.origins.first_frame(take, source.attempt, context.plan.backend)
        path = last_frame_path(context.clips, media.sha256)
        was_damaged = await context.tools.work(
            decoding.last_frame, context.tools.program, media.path, media.frames, media.size, path
        )
        if was_damaged:
            message = tr(
                "the last frame of {file} was damaged in .cache/frames; it is made again",
                file=media.path.name,
            )
            context.emit(Event("warning", message))
        return replace(frame, path=path, size=media.size)

    # -- what went wrong with a take -----------------------------------------------------------

    def _failure(self, take: Take, error: Exception) -> TakeFailure:
        if isinstance(error, UnknownHost):
            self.context.account.halt(error)
            return self._unknown_host(take, error)
        if isinstance(error, WanxError):
            return self._refusal(take, error)
        if isinstance(error, OSError):  # a full disk, a folder that became read-only
            message = tr(
                "cannot write {file}: {reason}",
                file=error.filename or take.label, reason=error.strerror or error,
            )  # fmt: skip
            # Nothing more is paid for that could not be kept.
            self.context.account.halt(Unreachable("CannotWrite", message))
            return TakeFailure(take, "failed", "CannotWrite", message)
        self.bugs.append(error)
        return TakeFailure(take, "failed", "Bug", f"{type(error).__name__}: {error}")

    def _refusal(self, take: Take, error: WanxError) -> TakeFailure:
        code, advice = getattr(error, "code", type(error).__name__), ""
        if isinstance(error, Refused | Throttled):
            advice = self.context.tools.catalog.meaning(error.code, error.message).advice
        return TakeFailure(take, "failed", code, words(error), advice=advice)

    def _unknown_host(self, take: Take, error: UnknownHost) -> TakeFailure:
        """A clip that is paid and waits where nobody permitted to fetch it from."""
        attempt = self.context.journal.last_at(take.request.key(self.context.plan.backend))
        expires = attempt.expires_at if attempt else None
        where = waiting(error, expires, self.context.tools.wall.now())
        return TakeFailure(
            take, "unresolved", error.code, where,
            attempt.task_id if attempt else None, permission(error), host=error.host,
        )  # fmt: skip
