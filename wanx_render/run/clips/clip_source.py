"""Where the clip of each take comes from: it is here, another list has it, or a task makes it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from wanx_render.errors import Broken
from wanx_render.events import Kind
from wanx_render.finishing.segment import ClipMedia
from wanx_render.language import NOTHING, Message, plural, tr, verbatim
from wanx_render.marks.faults import marks_in
from wanx_render.marks.words import sentence
from wanx_render.media import probe
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.origins import Origins, pixels_of
from wanx_render.planning.planned import Take
from wanx_render.run.clips.clip_media import current_facts, media_of
from wanx_render.run.clips.take_marks import TakeMarker
from wanx_render.run.clips.task_runner import TaskRunner
from wanx_render.run.context import RunContext
from wanx_render.run.results import TakeClip, TakePicture, TakeResult
from wanx_render.tasks.clip_store import is_whole, set_aside, share, store_for
from wanx_render.tasks.download import picture_facts, video_facts
from wanx_render.tasks.outcome import TakeFailure
from wanx_render.tasks.reporter import TakeReporter


class ClipSource:
    """The clips of one list's takes."""

    def __init__(self, context: RunContext, tasks: TaskRunner, reporter: TakeReporter) -> None:
        self._context = context
        self._tasks = tasks
        self._reporter = reporter
        self._marker = TakeMarker(context.tools.program, context.clips, context.judge)

    async def if_here(self, take: Take) -> TakeResult:
        """The clip of ``take`` where it is here; nothing is asked for."""
        key = take.request.key(self._context.plan.backend)
        if clip := await self._stored(take, key):
            self._note_asked(take, key)
            self._report(clip, "cached")
            return clip
        return TakeFailure(take, "skipped", "", tr("not requested"))

    async def of(self, take: Take) -> TakeResult:
        """The clip of ``take``: from the store, from a task that still runs, or from a new one."""
        context = self._context
        key = take.request.key(context.plan.backend)
        # Two takes that ask for the very same thing are one request, asked for and paid once.
        async with context.account.lock(key):
            self._note_asked(take, key)
            await self._note_pixels(take)
            if clip := await self._stored(take, key):
                self._report(clip, "cached")
                return clip
            store, is_new = store_for(key, context.store, context.other_stores), False
            if store is context.store or not store.journal.clip_for(key):
                failure = await self._tasks.fetch(take, key, store)
                if failure:
                    return failure
                is_new = store is context.store
            if store is not context.store:
                share(key, store, context.store)
            clip = await self._stored(take, key, is_new=is_new)
        if clip is None:
            raise Broken(tr("the clip of {take} disappeared after it was stored", take=take.label))
        self._report(clip, "clip")
        return clip

    def _note_asked(self, take: Take, key: str) -> None:
        """Which take asks for this: should deliverables change, it keeps what it has.

        Of its own row that is known by the attempt; another row's clip may serve it too, also
        where its list says only later that pictures are fitted.
        """
        journal = self._context.journal
        last = journal.last_at(key)
        is_shared = last is not None and last.label != take.label
        if is_shared or (last is None and take.preparing and take.preparing.matches):
            journal.asked(take.label, key)

    async def _note_pixels(self, take: Take) -> None:
        """What the pictures of a request show, so that they are known in other bytes too."""
        journal = self._context.journal
        for media in take.request.pictures:
            if media.identity.startswith("sha256:"):
                if journal.pixels_known(media.identity):
                    continue
                value = await self._context.tools.work(pixels_of, media)
                if value:
                    journal.picture(media.identity, value)

    async def _stored(
        self, take: Take, key: str, *, is_new: bool = False
    ) -> TakeClip | TakePicture | None:
        """The clip that the store has for ``key``; one that is damaged is set aside.

        ``is_new``: its bytes were hashed and given their name a moment ago.
        """
        context = self._context
        attempt = context.journal.clip_for(key)
        if attempt is None or attempt.clip_name is None or attempt.clip_sha256 is None:
            return None
        path = context.clips / "clips" / attempt.clip_name
        is_kept = is_new and path.is_file()
        if not (is_kept or await context.tools.work(is_whole, path, attempt.clip_sha256)):
            aside = await context.tools.work(set_aside, path, context.clips)
            self._reporter.report(take, "warning", _lost(attempt.clip_name, aside))
            context.journal.forget_clip(attempt.clip_sha256)
            return None
        if take.request.is_picture:
            return await self._picture(take, attempt, path)
        facts, media = await self._facts(take, attempt, path)
        return TakeClip(take, replace(attempt, clip_facts=facts), media)

    async def _picture(self, take: Take, attempt: Attempt, path: Path) -> TakePicture:
        """The picture that a model made; looked at again where nothing is noted of it."""
        if attempt.clip_facts is None:
            facts = await self._context.tools.work(picture_facts, path.read_bytes())
            self._context.journal.probed(attempt.clip_sha256 or "", facts)
            attempt = replace(attempt, clip_facts=facts)
        origins = Origins(self._context.journal, self._context.clips)
        return TakePicture(take, attempt, origins.made_picture(attempt))

    async def _facts(
        self, take: Take, attempt: Attempt, path: Path
    ) -> tuple[dict[str, Any], ClipMedia]:
        """What the clip is, with its marks; probed once, and again where its size is not what it
        was."""
        tools, sha256 = self._context.tools, attempt.clip_sha256 or ""
        before = current_facts(attempt, path)
        facts = before or video_facts(await tools.work(probe.probe, tools.program, path))
        media = media_of(facts, path, sha256)
        facts, failure = await tools.work(self._marker.facts, take, media, facts)
        if failure:
            text = tr("the judge failed: {reason}", reason=failure)
            self._reporter.report(take, "warning", text)
        if facts is not before:
            self._context.journal.probed(sha256, facts)
        return facts, media

    def _report(self, clip: TakeClip | TakePicture, kind: Kind) -> None:
        if isinstance(clip, TakePicture):
            self._report_picture(clip, kind)
            return
        media = clip.media
        text = plural(
            "{size}, {rate} fps, {n} frame",
            "{size}, {rate} fps, {n} frames",
            media.frames, size=media.size, rate=media.rate,
        )  # fmt: skip
        self._reporter.report(clip.take, kind, text)
        if kind == "clip" and (difference := _difference(clip.take, media)):
            self._reporter.report(clip.take, "warning", difference)
        for mark in marks_in(clip.attempt.clip_facts) if kind == "clip" else ():
            self._reporter.report(clip.take, "warning", sentence(mark))

    def _report_picture(self, made: TakePicture, kind: Kind) -> None:
        size, expected = made.picture.size, made.take.size
        self._reporter.report(made.take, kind, tr("picture of {size}", size=size))
        if kind == "clip" and size != expected:
            text = tr(
                "expected a picture of {expected}, got {actual}", expected=expected, actual=size
            )
            self._reporter.report(made.take, "warning", text)


def _lost(name: str, aside: str) -> Message:
    """A stored clip cannot be used; ``aside`` is where it is now, empty where it is gone."""
    if aside:
        return tr("clip {file} is damaged; it is kept as {place}", file=name, place=aside)
    return tr("clip {file} is missing", file=name)


def _difference(take: Take, media: ClipMedia) -> Message:
    """What of a clip is not as predicted, or nothing; deliverables are exact all the same."""
    actual, expected = verbatim(str(media.size)), verbatim(str(take.size or media.size))
    if media.rate != take.rate:
        actual = tr("{size} at {rate} fps", size=media.size, rate=media.rate)
        expected = tr("{size} at {rate} fps", size=take.size or media.size, rate=take.rate)
    if actual == expected:
        return NOTHING
    return tr("expected a clip of {expected}, got {actual}", expected=expected, actual=actual)
