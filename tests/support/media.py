"""The judge: what a media file really holds, read by PyAV and never by the code under test."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av


@dataclass(frozen=True)
class Facts:
    """What decoding every frame and sample of a file shows."""

    width: int
    height: int
    sample_aspect: Fraction
    times: tuple[Fraction, ...]
    luma: tuple[float, ...]  # the mean brightness of each frame
    samples: tuple[int, ...]  # mono, signed 16 bit
    sample_rate: int
    first_sample: Fraction
    codec: str
    profile: str
    colours: tuple[int, int, int]

    @property
    def frames(self) -> int:
        return len(self.times)

    @property
    def steps(self) -> set[Fraction]:
        return {b - a for a, b in pairwise(self.times)}

    @property
    def sound_seconds(self) -> Fraction:
        return Fraction(len(self.samples), self.sample_rate or 1)


def facts(path: Path) -> Facts:
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        times, luma = [], []
        for frame in container.decode(video):
            times.append(frame.pts * frame.time_base)
            luma.append(_mean(frame))
        context = video.codec_context
        sound, rate, first = _sound(path)
        return Facts(
            width=context.width,
            height=context.height,
            sample_aspect=Fraction(context.sample_aspect_ratio or 1),
            times=tuple(times),
            luma=tuple(luma),
            samples=sound,
            sample_rate=rate,
            first_sample=first,
            codec=context.name,
            profile=str(context.profile),
            colours=(context.color_primaries, context.color_trc, context.colorspace),
        )


def _mean(frame: av.VideoFrame) -> float:
    plane = frame.planes[0]
    rows = memoryview(plane)
    some = [
        bytes(rows[y * plane.line_size : y * plane.line_size + frame.width])
        for y in range(0, frame.height, 8)
    ]
    return sum(map(sum, some)) / sum(map(len, some))


def _sound(path: Path) -> tuple[tuple[int, ...], int, Fraction]:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return (), 0, Fraction(0)
        stream = container.streams.audio[0]
        resampler = av.AudioResampler(format="s16", layout="mono")
        values: list[int] = []
        first: Fraction | None = None
        for frame in container.decode(stream):
            if first is None:
                first = frame.pts * frame.time_base
            for part in resampler.resample(frame):
                data = bytes(part.planes[0])[: part.samples * 2]
                values.extend(memoryview(data).cast("h"))
        return tuple(values), stream.rate, first or Fraction(0)


def pixels(path: Path, number: int) -> av.VideoFrame:
    """The decoded frame ``number`` of a file."""
    return next(frame for index, frame in enumerate(frames(path)) if index == number)


def frames(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(path)) as container:
        yield from container.decode(container.streams.video[0])


def yuv(frame: av.VideoFrame, x: int, y: int) -> tuple[int, int, int]:
    """The stored values of one pixel of a yuv420p frame."""
    planes = frame.planes
    return (
        memoryview(planes[0])[y * planes[0].line_size + x],
        memoryview(planes[1])[(y // 2) * planes[1].line_size + x // 2],
        memoryview(planes[2])[(y // 2) * planes[2].line_size + x // 2],
    )


def flashes(seen: Facts) -> list[Fraction]:
    """When the picture becomes brighter for a few frames, in seconds; a cut stays as it is."""
    found: list[int] = []
    for index in range(1, seen.frames):
        # Where frames are mixed, the first one of a flash is half as bright.
        before, now, after = seen.luma[max(index - 2, 0)], seen.luma[index], seen.luma[index:][:6]
        is_new = not found or index - found[-1] > 2
        if is_new and now - before > 25 and now - min(after) > 25:
            found.append(index)
    return [seen.times[index] for index in found]


def beeps(seen: Facts, loud: int = 2000) -> list[Fraction]:
    """When sound begins after at least a fifth of a second of silence, in seconds."""
    found, last = [], -seen.sample_rate
    for index, value in enumerate(seen.samples):
        if abs(value) >= loud:
            if index - last > seen.sample_rate // 5:
                found.append(seen.first_sample + Fraction(index, seen.sample_rate))
            last = index
    return found
