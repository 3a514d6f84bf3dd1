"""All faults that show in a clip alone, as records; what was asked for decides which count."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from wanx_render.manifest import MarkRecord
from wanx_render.marks.picture import FrameRun, borders, cuts, flickers, stills
from wanx_render.marks.samples import Samples
from wanx_render.marks.sound import clipped, silent

SILENT_SECONDS = 2.0  # the shortest silence that is a fault
JUMP_LU = 8  # between neighbouring shots


def faults_of(samples: Samples) -> tuple[MarkRecord, ...]:
    """Frozen stretches, cuts, flicker, black borders, silence and clipped sound of a clip.

    A clip without a sound stream is silent as a whole. Takes some 50 ms for five seconds.
    """
    return (*_of_picture(samples), *_of_sound(samples))


def measured(samples: Samples) -> dict[str, Any]:
    """What is measured of a clip, as the journal keeps it: ``faults``, and ``loudness`` in LUFS."""
    loudness = None if samples.loudness is None else str(samples.loudness)
    return {"faults": written(faults_of(samples)), "loudness": loudness}


def _of_picture(samples: Samples) -> Iterator[MarkRecord]:
    for run in stills(samples):
        yield _stretch("frozen", samples, run)
    for run in cuts(samples):
        yield MarkRecord("cut", start=_seconds(samples.at(run.start)), frame=run.start)
    for run in flickers(samples):
        yield _stretch("flicker", samples, run)
    for side, share in borders(samples.frames).items():
        yield MarkRecord("border", value=f"{100 * share:.0f}", about=side)


def _stretch(kind: str, samples: Samples, run: FrameRun) -> MarkRecord:
    return MarkRecord(
        kind,
        start=_seconds(samples.at(run.start)),
        seconds=_seconds(samples.at(run.frames)),
        frame=run.start,
        value=f"{run.strength:.1f}",
    )


def _of_sound(samples: Samples) -> Iterator[MarkRecord]:
    if not samples.sound:
        yield MarkRecord("silent")
        return
    for start, end in silent(samples, min(SILENT_SECONDS, samples.seconds / 2)):
        yield MarkRecord("silent", start=_seconds(start), seconds=_seconds(end - start))
    if stretch := clipped(samples):
        yield MarkRecord(
            "clipped",
            start=_seconds(stretch.start),
            seconds=_seconds(stretch.end - stretch.start),
            value=str(stretch.runs),
        )


def jump_marks(before: Decimal, after: Decimal, shot: str) -> tuple[MarkRecord, ...]:
    """The mark of a shot that is much louder or quieter than ``shot``, the one before it.

    ``before`` and ``after`` are in LUFS, each of the whole clip with the gain of its shot.
    """
    difference = after - before
    if abs(difference) < JUMP_LU:
        return ()
    return (MarkRecord("jump", value=f"{difference:.1f}", about=shot),)


def _seconds(value: float) -> str:
    return f"{value:.2f}"


def written(marks: Sequence[MarkRecord]) -> list[dict[str, Any]]:
    """Marks as the journal keeps them."""
    return [{k: v for k, v in asdict(mark).items() if v is not None} for mark in marks]


def read(records: Sequence[Mapping[str, Any]]) -> tuple[MarkRecord, ...]:
    """Marks that the journal kept; what a later version adds to them is passed over."""
    known = {field.name for field in fields(MarkRecord)}
    return tuple(MarkRecord(**{k: v for k, v in r.items() if k in known}) for r in records)


def marks_in(facts: Mapping[str, Any] | None) -> tuple[MarkRecord, ...]:
    """The marks of a take and those of its judge, in the facts of its clip."""
    facts = facts or {}
    judged = facts.get("judge") or {}
    return read([*facts.get("marks", ()), *judged.get("marks", ())])
