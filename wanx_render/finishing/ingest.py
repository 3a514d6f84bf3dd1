"""Any video as a clip: what of it must be put right before it can be conformed.

A clip of the service is mp4, upright, of constant rate and BT.709. Other people's videos are turned
by metadata, have oblong pixels, other colours, a varying rate, or are no video at all.
"""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from wanx_render import files
from wanx_render.errors import FfmpegError
from wanx_render.finishing.segment import ClipMedia, Quirks
from wanx_render.geometry import Size, nearest_even
from wanx_render.language import Message, joined, tr
from wanx_render.media import colour_tags, ffmpeg, probe
from wanx_render.media.colour_graph import even
from wanx_render.media.stereo import channels_of
from wanx_render.shotlist.model import Shot
from wanx_render.task import Footage
from wanx_render.timing import FASTEST_RATE, commonest_rate, frames_in, mean_rate

# Containers that hold a video and cannot name other files, as a playlist could.
CONTAINERS = "mov,matroska,avi,mpegts,mpeg,flv,ogg,asf,mxf"
LONGEST = 4 * 3600

_STREAM = re.compile(r"Stream #0:\d+.*?: Video: (?P<line>.+)")


def look(program: ffmpeg.Ffmpeg, path: Path) -> ClipMedia:
    """The video at ``path`` as a take. Raises FfmpegError with what to do where it cannot be one.

    Its whole sound and picture are decoded once, strictly, so that damage is found before and not
    in what is made of it.
    """
    survey = _survey(program, path)
    stream, tags = _STREAM.search(survey.log), probe.tags_of(survey.log)
    decoder = _decoder(survey.log)
    if stream is None or tags is None or not survey.times:
        raise FfmpegError(
            tr("{file} has no picture that can be read: is it a video?", file=path.name)
        )
    native = commonest_rate(survey.times)
    seconds = survey.times.span + 1 / native
    if not 0 < seconds <= LONGEST:
        message = tr(
            "{file} lasts {seconds:g} s; the maximum is four hours",
            file=path.name,
            seconds=float(seconds),
        )
        raise FfmpegError(message)
    rate = min(native, Fraction(FASTEST_RATE))
    return ClipMedia(
        path=path,
        sha256=files.sha256(path),
        size=_square(survey.size, survey.sample_aspect),
        rate=rate,
        frames=max(frames_in(seconds, rate), 1),
        has_sound=survey.has_sound,
        quirks=replace(
            _quirks(stream["line"], survey), decoder=decoder, native=mean_rate(survey.times, rate)
        ),
        provenance=survey.provenance,
        picture_start=survey.start,
        sound_start=survey.sound_start,
        channels=channels_of(survey.layout),
        tags=replace(tags, pixels="yuva420p") if decoder else tags,
    )


def head(program: ffmpeg.Ffmpeg, path: Path) -> Footage:
    """What the video at ``path`` will be as a clip, without decoding it; the clip itself decides.

    Raises FfmpegError with what to do where it cannot be one.
    """
    _insist_on_bytes(path)
    try:
        result = probe.head(program, path, CONTAINERS)
    except FfmpegError as error:
        raise FfmpegError(_why(path.name, error)) from None
    rate = min(commonest_rate(result.times), Fraction(FASTEST_RATE))
    return Footage(_square(result.size, result.sample_aspect), rate, result.seconds)


def _survey(program: ffmpeg.Ffmpeg, path: Path) -> probe.VideoSurvey:
    """All of a file, decoded. Raises FfmpegError in our own words."""
    _insist_on_bytes(path)
    try:
        return probe.survey(program, path, CONTAINERS)
    except FfmpegError as error:
        raise FfmpegError(_why(path.name, error)) from None


def _insist_on_bytes(path: Path) -> None:
    if not path.is_file():
        raise FfmpegError(tr("{file} does not exist", file=str(path)))
    if path.stat().st_size == 0:
        raise FfmpegError(tr("{file} is empty", file=path.name))


def _decoder(log: str) -> str:
    """The decoder that shows the transparency of WebM, which ffmpeg's own ones pass over."""
    if not re.search(r"^\s+alpha_mode\s*: 1$", log, re.MULTILINE):
        return ""
    codec = re.search(r"Video: (vp[89])\b", log)
    return {"vp8": "libvpx", "vp9": "libvpx-vp9"}[codec[1]] if codec else ""


def in_colours(take: ClipMedia, shot: Shot) -> ClipMedia:
    """The take as its tags and the shot say that its colours are to be read.

    Raises FfmpegError where they cannot be converted, or are HDR that the shot refuses.
    """
    try:
        colours = colour_tags.read(take.tags, take.size, shot.colours)
    except ValueError as error:
        reason = error.args[0]
        raise FfmpegError(tr("{file}: {reason}", file=take.path.name, reason=reason)) from None
    if colours.hdr and shot.hdr == "refuse":
        values = {"file": take.path.name, "kind": colours.hdr}
        raise FfmpegError(tr("{file} is HDR ({kind}), and hdr is refuse", **values))
    # How they came to be known makes no difference to any picture.
    colours_read = replace(colours, guessed=False)
    alpha = shot.alpha if take.tags.alpha and not colours_read.hdr else None
    size = take.size if colours_read.plain and not alpha else even(take.size)
    quirks = replace(take.quirks, colours=colours_read, alpha=alpha)
    return replace(take, size=size, quirks=quirks)


def notices(take: ClipMedia, shot: Shot, spelling: str) -> tuple[Message, ...]:
    """What a person should know of how the frames and colours of ``take`` are read.

    ``spelling`` is how the shot's settings are written, such as ``--{}`` or ``{}:``.
    """
    colours = colour_tags.read(take.tags, take.size, shot.colours)
    lines = [_read_rate(take, take.quirks.native)] if take.quirks.native else []
    if colours.guessed:
        lines.append(
            tr(
                "no colour tags: read as {colours}, as usual for {size}; use {option} to override",
                colours=colours.title, size=str(take.size), option=spelling.format("colours"),
            )
        )  # fmt: skip
    if colours.hdr:
        values = {"kind": colours.hdr, "option": spelling.format("hdr")}
        text = tr("HDR ({kind}) is mapped to SDR; use {option} refuse to stop instead", **values)
        lines.append(text)
    if take.tags.alpha:
        options = joined((spelling.format("alpha"), spelling.format("background")), tr(", "))
        lines.append(
            tr(
                "transparent ({kind} alpha): drawn over the background; use {options} to override",
                kind=shot.alpha, options=options,
            )
        )  # fmt: skip
    return tuple(lines)


def _read_rate(take: ClipMedia, native: Fraction) -> Message:
    """At which constant rate frames of a varying one are read."""
    rates = {"native": float(native), "rate": float(take.rate)}
    if native > FASTEST_RATE:
        return tr("average {native:.4g} fps: read as {rate:.5g} fps, the highest rate", **rates)
    return tr("average {native:.4g} fps: read as {rate:.5g} fps, its most common interval", **rates)


def _why(file: str, error: FfmpegError) -> Message:
    """What ffmpeg's own words mean for the owner of the file."""
    values = {"file": file, "reason": error.sentence}
    if "max pixel count" in str(error):
        return tr("{file} is larger than 8192x8192 pixels: make it smaller ({reason})", **values)
    if "matches no streams" in str(error):
        return tr("{file} has sound but no picture: is it a video? ({reason})", **values)
    return tr("{file} is damaged, cut off, or not a video ({reason})", **values)


def _square(size: Size, aspect: Fraction) -> Size:
    """The picture with square pixels, as large as it is in its longer direction."""
    if aspect in (0, 1):
        return size
    if aspect > 1:
        return Size(nearest_even(size.width * aspect), size.height)
    return Size(size.width, nearest_even(size.height / aspect))


def _quirks(line: str, survey: probe.VideoSurvey) -> Quirks:
    return Quirks(
        containers=CONTAINERS,
        interlaced=any(word in line for word in ("top first", "bottom first")),
        oblong=survey.sample_aspect not in (0, 1),
    )
