"""What became of each take of a run, and the manifest that is made of it."""

from dataclasses import dataclass
from decimal import Decimal

from wanx_render.conform import Take as Media
from wanx_render.errors import Broken, ServiceError, WanxError
from wanx_render.geometry import Size
from wanx_render.journal import Attempt
from wanx_render.manifest import DeliverableRecord, Manifest, ShotRecord, TakeRecord
from wanx_render.plan import Plan, PlannedShot, Take


@dataclass(frozen=True, slots=True)
class Clip:
    """A take that has its clip on the disk, probed."""

    take: Take
    attempt: Attempt
    media: Media


@dataclass(frozen=True, slots=True)
class Fault:
    """A take that has none, and why."""

    take: Take
    state: str
    code: str
    message: str
    task_id: str | None = None
    advice: str = ""


Result = Clip | Fault


def words(error: WanxError) -> str:
    """What a service said, with the request id that its support asks for."""
    if not isinstance(error, ServiceError):
        return str(error)
    return error.message + (f" (request {error.request_id})" if error.request_id else "")


def has_clip(shot: PlannedShot, results: dict[tuple[str, int], Result]) -> bool:
    """Whether the take of ``shot`` that goes into the deliverables is there."""
    return isinstance(results[(shot.shot.id, shot.shot.pick)], Clip)


def manifest_of(
    plan: Plan,
    results: dict[tuple[str, int], Result],
    delivered: tuple[DeliverableRecord | Broken, ...],
    *,
    program: str,
    ffmpeg: str,
    finished_at: str,
) -> Manifest:
    """The record of a run; ``program`` and ``ffmpeg`` name their versions."""
    records = tuple(each for each in delivered if isinstance(each, DeliverableRecord))
    return Manifest(
        project=plan.project,
        backend=plan.world,
        region=plan.region,
        program=program,
        ffmpeg=ffmpeg,
        finished_at=finished_at,
        complete=len(records) == len(plan.deliverables)
        and all(isinstance(result, Clip) for result in results.values()),
        cost=_spent(results, plan.currency),
        shots=tuple(_shot_record(shot, results) for shot in plan.shots),
        deliverables=records,
    )


def _spent(results: dict[tuple[str, int], Result], currency: str) -> str:
    """What the clips of this list cost, whenever they were paid."""
    clips = {r.attempt.id: r.attempt for r in results.values() if isinstance(r, Clip)}
    amount = sum((Decimal(attempt.amount or 0) for attempt in clips.values()), Decimal(0))
    return f"{amount:.2f} {currency}"


def _shot_record(shot: PlannedShot, results: dict[tuple[str, int], Result]) -> ShotRecord:
    takes = (_take_record(results[(take.shot, take.number)]) for take in shot.takes)
    return ShotRecord(shot.shot.id, shot.shot.pick, tuple(takes))


def _take_record(result: Result) -> TakeRecord:
    take = result.take
    predicted = _text(take.size)
    if isinstance(result, Fault):
        return TakeRecord(
            take=take.number,
            state=result.state,
            request=take.request.record(),
            task_id=result.task_id,
            code=result.code or None,
            message=result.message,
            predicted=predicted,
        )
    attempt, media = result.attempt, result.media
    return TakeRecord(
        take=take.number,
        state="succeeded",
        request=take.request.record(),
        task_id=attempt.task_id,
        actual_prompt=attempt.actual_prompt,
        usage=attempt.usage,
        cost=f"{attempt.amount} {attempt.currency}" if attempt.amount else None,
        clip=f"clips/{attempt.clip_name}",
        sha256=media.sha256,
        width=media.size.width,
        height=media.size.height,
        predicted=predicted,
        fps=str(media.rate),
        frames=media.frames,
        sound=media.has_sound,
    )


def _text(size: Size | None) -> str | None:
    return str(size) if size else None
