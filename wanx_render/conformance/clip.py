"""What one paid clip shows: how its task was reported, where its link leads, and its picture."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from urllib.parse import urlsplit

from wanx_render.backends.cleaning import parsed
from wanx_render.backends.raw import RawAnswer
from wanx_render.backends.wire import moment, stated_end
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.figures import Figure, Variant
from wanx_render.catalog.pricing import USAGE_SECONDS
from wanx_render.conformance.answers import notation, output_of
from wanx_render.conformance.probe import Expected, ProbeFinding
from wanx_render.conformance.table import ASSUMED, FUNCTION, TASKS
from wanx_render.geometry import Size, predicted_size
from wanx_render.language import NOTHING, Message, tr
from wanx_render.task import TaskRequest

PICTURE = Size(750, 1000)  # the official example's
# The names in the usage of an answer, by its shape in the catalogue.
USAGE_NAMES = {
    "2.1": ("video_count", "video_duration", "video_ratio"),
    "2.2": ("SR", "duration", "video_count"),
    "2.2-kf2v": ("SR", "video_count", "video_duration"),
    "2.5-t2v": ("video_count", "video_duration", "video_ratio"),
    "2.6": ("SR", "duration", "input_video_duration", "output_video_duration", "video_count"),
}
USAGE_NAMES |= {
    "2.6-flash": ("SR", "audio", *USAGE_NAMES["2.6"][1:]),
    "2.6-sized": tuple(sorted((*USAGE_NAMES["2.6"], "size"))),
    "2.7": tuple(sorted((*USAGE_NAMES["2.6"], "ratio"))),
    "3.0": tuple(sorted((*USAGE_NAMES["2.6"], "fps", "ratio"))),
}


@dataclass(frozen=True, kw_only=True)
class ClipSeen:
    """A clip that was bought, its task as the service reports it, and the beginning of its file."""

    request: TaskRequest
    task: RawAnswer
    part: RawAnswer | None  # the answer to a call for the first byte
    url: str
    size: Size
    rate: Fraction
    own_host: bool  # whether results come from the address that was asked: an emulator

    @property
    def usage(self) -> Mapping[str, Any]:
        usage = parsed(self.task.content).get("usage")
        return usage if isinstance(usage, dict) else {}

    @property
    def usage_names(self) -> tuple[str, ...]:
        return tuple(sorted(self.usage))

    @property
    def has_actual_prompt(self) -> bool:
        return bool(output_of(self.task).get("actual_prompt"))

    def time(self, name: str) -> datetime | None:
        return moment(output_of(self.task).get(name))

    @property
    def run_seconds(self) -> float | None:
        """How long the task ran, by the service's own times."""
        start, end = self.time("scheduled_time"), self.time("end_time")
        return (end - start).total_seconds() if start and end else None

    @property
    def link_hours(self) -> float | None:
        """How long the link lives after the task's end, by its signature."""
        stated, end = stated_end(self.url), self.time("end_time")
        return (stated - end) / timedelta(hours=1) if stated and end else None


@dataclass(frozen=True)
class _Judge:
    """Compares a clip with what the catalogue says of its model."""

    clip: ClipSeen
    catalog: Catalog
    model: Model

    def finding(
        self,
        aspect: str,
        title: Message,
        expected: tuple[Expected, ...],
        seen: str,
        reason: Message = NOTHING,
    ) -> ProbeFinding:
        reason = reason or (NOTHING if seen else tr("the answers do not show it"))
        return ProbeFinding(
            "clip", title, aspect, expected, seen, model=self.model.name, reason=reason
        )

    def of(self, figure: Figure[Any], write: Any = str) -> tuple[Expected, ...]:
        """A figure of the catalogue with its variants, each as ``write`` has it."""
        entries: tuple[Figure[Any] | Variant[Any], ...] = (figure, *figure.variants)
        rows = ((write(entry.value), self.catalog.sources[entry.source]) for entry in entries)
        return tuple(Expected(answer, evidence) for answer, evidence in rows)


def clip_findings(clip: ClipSeen, catalog: Catalog) -> Iterator[ProbeFinding]:
    """Everything that a paid clip settles."""
    judge = _Judge(clip, catalog, catalog.models[clip.request.model])
    yield from _of_picture(judge)
    yield from _of_task(judge)
    yield from _of_link(judge)


def _of_picture(judge: _Judge) -> Iterator[ProbeFinding]:
    clip = judge.clip
    area = judge.catalog.service.tier_areas[clip.request.resolution]
    sizes = judge.of(area, lambda pixels: str(predicted_size(PICTURE, pixels)))
    title = tr("size at {tier} of {size}", tier=clip.request.resolution, size=PICTURE)
    yield judge.finding("frame", title, sizes, str(clip.size))
    title = tr("frames a second")
    yield judge.finding("fps", title, judge.of(judge.model.fps), str(clip.rate))


def _of_task(judge: _Judge) -> Iterator[ProbeFinding]:
    clip, model = judge.clip, judge.model
    names = judge.of(model.usage, lambda shape: ", ".join(sorted(USAGE_NAMES[shape])))
    yield judge.finding("usage", tr("fields of usage"), names, ", ".join(clip.usage_names))
    length = next((clip.usage[name] for name in USAGE_SECONDS if name in clip.usage), None)
    expectations = (
        Expected(f"{clip.request.duration} s", judge.catalog.sources[model.usage.source]),
    )
    seconds = f"{length:g} s" if isinstance(length, int | float) else ""
    yield judge.finding("seconds", tr("billed seconds"), expectations, seconds)
    promised = judge.of(model.returns_actual_prompt, lambda is_there: _there(there=is_there))
    prompt = _there(there=clip.has_actual_prompt)
    yield judge.finding(
        "actual_prompt", tr("actual_prompt of an extended prompt"), promised, prompt
    )
    ran = clip.run_seconds
    bounds = judge.of(model.task_seconds, lambda span: f"{span[0]}..{span[1]} s")
    yield judge.finding("run", tr("run time"), bounds, "" if ran is None else f"{ran:.0f} s")


def _of_link(judge: _Judge) -> Iterator[ProbeFinding]:
    clip, service = judge.clip, judge.catalog.service
    reason = tr("results come from the address that was asked") if clip.own_host else NOTHING
    parts = urlsplit(clip.url)
    yield host_finding(judge.model.name, parts.hostname or "", judge.catalog, reason)
    https = (Expected("https", FUNCTION),)
    yield judge.finding("scheme", tr("scheme of the link"), https, parts.scheme, reason)
    hours = clip.link_hours
    lives = judge.of(service.result_hours, lambda n: f"{n} h")
    text = "" if hours is None else f"{hours:.0f} h"
    yield judge.finding("hours", tr("life of the link"), lives, text)
    part = clip.part
    ranged = (Expected("206", ASSUMED),)
    title = tr("status of a part of the file")
    yield judge.finding("range", title, ranged, str(part.status) if part and part.status else "")
    sized = (Expected("present", ASSUMED),)
    length = _there(there="content-length" in part.headers) if part and part.status else ""
    yield judge.finding("length", tr("Content-Length of the file"), sized, length)


def host_finding(
    model: str, host: str, catalog: Catalog, reason: Message = NOTHING
) -> ProbeFinding:
    """Where the result of a task is, against the form of names of the vendor's storage."""
    evidence = catalog.sources[catalog.service.result_hosts.source]
    rule = (Expected("dashscope-*.oss-*.aliyuncs.com", evidence),)
    title = tr("host of the result")
    return ProbeFinding("clip", title, "host", rule, host, model=model, reason=reason)


def _there(*, there: bool) -> str:
    return "present" if there else "absent"


# -- a twin that is cancelled, and the day after -------------------------------------------------


def twin_findings(model: str, cancelled: RawAnswer, task: RawAnswer) -> Iterator[ProbeFinding]:
    """What cancelling a task shows that was just created."""
    answer, state = notation(cancelled), notation(task)
    ran = tr("it ran before the cancel came") if answer.startswith("400 ") else NOTHING
    usage = _there(there=bool(parsed(task.content).get("usage")))
    for aspect, title, expected, seen in (
        ("cancel", tr("cancel a task that waits"), "200 done", answer),
        ("state", tr("its state afterwards"), "200 CANCELED", state),
        ("usage", tr("usage of a cancelled task"), "absent", usage),
    ):
        rows = (Expected(expected, TASKS),)
        yield ProbeFinding("twin", title, aspect, rows, seen, model=model, reason=ran)


def day_findings(model: str, task: RawAnswer, part: RawAnswer) -> Iterator[ProbeFinding]:
    """What is left of a task and its link after their 24 hours."""
    for aspect, title, expected, seen in (
        ("task", tr("a task after a day"), Expected("200 UNKNOWN", TASKS), notation(task)),
        ("link", tr("a link after a day"), Expected("403", ASSUMED), str(part.status)),
    ):
        yield ProbeFinding("day-after", title, aspect, (expected,), seen, model=model)
