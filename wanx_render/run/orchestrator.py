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
from wanx_render.language import Message, joined, plural, recorded, tr
from wanx_render.manifest import DeliverableRecord, Manifest, last_in
from wanx_render.marks.faults import marks_in
from wanx_render.marks.words import sentence
from wanx_render.media import decoding
from wanx_render.planning.origins import Origins, last_frame_path
from wanx_render.planning.planned import Asked, PlannedFootage, PlannedPicture, PlannedShot, Take
from wanx_render.planning.take_status import kept
from wanx_render.run.clips.clip_source import ClipSource
from wanx_render.run.clips.footage import FootageMaker
from wanx_render.run.clips.task_runner import TaskRunner
from wanx_render.run.context import RunContext
from wanx_render.run.finisher import Finisher
from wanx_render.run.last_films import with_last_films
from wanx_render.run.results import (
    FootageFailure,
    Results,
    TakeClip,
    TakePicture,
    TakeResult,
    manifest_of,
)
from wanx_render.task import InputMedia
from wanx_render.tasks.outcome import TakeFailure, permission, waiting, words
from wanx_render.tasks.reporter import TakeReporter

# What is said of a take whose clip is not here yet.
_AWAITS = frozenset(("waiting", "submitted", "resumed", "pending", "running", "polled"))


async def render(context: RunContext, program_version: str) -> Manifest:
    """Run the plan to its end and write the manifest."""
    finisher = Finisher(context.plan, context.workers, context.folder, context.emit)

    def emit(_: Take, event: Event) -> None:
        if event.kind in _AWAITS:
            finisher.clip_is_awaited()
        context.emit(event)

    reporter = TakeReporter(emit, context.store.limit)
    tasks = TaskRunner(context, reporter)
    takes = _Takes(context, finisher, ClipSource(context, tasks, reporter), reporter)
    try:
        results = await takes.run()
        context = replace(context, plan=takes.plan)
        earlier = last_in(context.folder / "manifest.json")
        made = await _finish(context, finisher, results, earlier)
    finally:
        await finisher.let_go()
    films = await with_last_films(context, made, earlier)
    manifest = manifest_of(context, results, films, program=program_version, spent=tasks.spent)
    write_atomically(context.folder / "manifest.json", manifest.text())
    _report_marks(context, manifest, earlier)
    if takes.bugs:  # the others went on, and what they brought is kept
        raise takes.bugs[0]
    return manifest


def _report_marks(context: RunContext, manifest: Manifest, earlier: Manifest | None) -> None:
    """Say how shots do not go together, where the run before did not say it."""
    known = {(shot.id, mark) for shot in (earlier.shots if earlier else ()) for mark in shot.marks}
    for shot in manifest.shots:
        for mark in shot.marks:
            if (shot.id, mark) not in known:
                context.emit(Event("warning", sentence(mark), shot=shot.id))


async def _finish(
    context: RunContext, finisher: Finisher, results: Results, earlier: Manifest | None
) -> tuple[DeliverableRecord | Broken, ...]:
    """The deliverables, where every shot has its clip; those that fail as errors."""
    missing = [shot.shot.id for shot in context.plan.shots if not results.has_clip(shot)]
    if missing:
        await finisher.settle()
        if _only_pictures(context):
            return ()
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


def _only_pictures(context: RunContext) -> bool:
    """Whether this run is about first frames alone: then nobody expects a film."""
    names = {picture.shot.id for picture in context.plan.pictures}
    return bool(context.only) and context.only <= names


def _waiting(take: Take, source: Asked) -> Message:
    """What a take waits for."""
    if isinstance(source, PlannedPicture):
        return tr("for the picture {name}", name=source.shot.id)
    if take.request.first_clip:
        return tr("for the clip of {shot}", shot=source.shot.id)
    return tr("for the last frame of {shot}", shot=source.shot.id)


def _without_beginning(take: Take, source: Asked) -> Message:
    """Why a take cannot be asked for: what it begins with did not come."""
    if isinstance(source, PlannedPicture):
        return tr("its first frame is {name}, which was not made", name=source.shot.id)
    if take.request.first_clip:
        return tr("it continues {shot}, which has no clip", shot=source.shot.id)
    return tr("its first frame comes from {shot}, which has no clip", shot=source.shot.id)


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
        self.choices: dict[str, asyncio.Task[int]] = {}  # of shots whose pick is still open
        self.plan = context.plan  # with what was chosen since

    async def run(self) -> Results:
        context = self.context
        for footage in context.plan.footage:
            self.footage[footage.shot.id] = await self._footage(footage)
        async with asyncio.TaskGroup() as group:
            for shot in context.plan.asked:
                work = self.clips.of if self._may_ask(shot.shot.id) else self.clips.if_here
                for take in shot.takes:
                    self.tasks[(shot.shot.id, take.number)] = group.create_task(
                        self._take(shot, take, work)
                    )
            for shot in context.plan.generated:
                if shot.candidates:
                    self.choices[shot.shot.id] = group.create_task(self._choose(shot))
        return Results({name: task.result() for name, task in self.tasks.items()}, self.footage)

    def _may_ask(self, shot: str) -> bool:
        """Whether the service may be asked for a shot or picture in this run."""
        context = self.context
        return context.submits and (not context.only or shot in context.only)

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
        self, shot: Asked, take: Take, work: Callable[[Take], Awaitable[TakeResult]]
    ) -> TakeResult:
        """One take from beginning to end; what goes wrong with it stays with it."""
        try:
            ready = await self._ready(take)
            result = ready if isinstance(ready, TakeFailure) else await work(ready)
            if isinstance(result, TakeClip) and isinstance(shot, PlannedShot):
                self._landed(shot, result)
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

    def _landed(self, shot: PlannedShot, clip: TakeClip) -> None:
        """A clip of a shot is here: the deliverables use the picked one."""
        if not shot.candidates and clip.take.number == shot.shot.pick:
            self.finisher.clip_landed(shot, clip.media)

    async def _choose(self, shot: PlannedShot) -> int:
        """Pick the first take without marks; where there is none, the first that came.

        It is recorded once no clip that comes later could change it.
        """
        clips: list[TakeClip] = []
        is_final = True
        for number in shot.candidates:
            result = await asyncio.shield(self.tasks[(shot.shot.id, number)])
            if not isinstance(result, TakeClip):
                is_final = False
                continue
            clips.append(result)
            if not marks_in(result.attempt.clip_facts):
                clips, is_final = [result], True
                break
        if not clips:
            return shot.shot.pick
        chosen, picked = shot.picking(clips[0].take.number), clips[0]
        self.plan = self.plan.having(chosen)
        if is_final:
            self.context.journal.choose(shot.basis, chosen.shot.pick, len(shot.takes))
        self.finisher.clip_landed(chosen, picked.media)
        return chosen.shot.pick

    async def _pick_of(self, source: Asked) -> int:
        """The take that others go on from, once it is known."""
        choice = self.choices.get(source.shot.id)
        return await asyncio.shield(choice) if choice else source.shot.pick

    async def _ready(self, take: Take) -> Take | TakeFailure:
        """The take with what it begins with, waiting for the shot that this comes from.

        One that this run does not ask for is left where that is not there either.
        """
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
        source = next(shot for shot in plan.asked if shot.shot.id == take.waits_for)
        if self._may_ask(take.shot):
            self.reporter.report(take, "waiting", _waiting(take, source))
        pick = await self._pick_of(source)
        result = await asyncio.shield(self.tasks[(take.waits_for, pick)])
        match result:
            case TakeClip():
                beginning = await self._of_clip(take, result)
            case TakePicture():
                beginning = result.picture
            case TakeFailure(state="skipped") if not self._may_ask(take.shot):
                return replace(result, take=take)
            case TakeFailure():
                raise Broken(_without_beginning(take, source))
        return self.origins.following(take, beginning, plan.backend)

    async def _of_clip(self, take: Take, source: TakeClip) -> InputMedia:
        """What ``take`` begins with of the clip of another shot."""
        if take.request.first_clip is None:
            return await self._last_frame(take, source)
        clip = self.origins.source(take, source.attempt, self.context.plan.backend)
        return replace(clip, path=source.media.path, size=source.media.size)

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
