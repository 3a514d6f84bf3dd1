"""``conform``: the post-processor alone, on any video."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wanx_render import files
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.finishing import ingest, visible_label
from wanx_render.finishing.jobs import JoinCall, Joined, make_deliverable, make_segment
from wanx_render.finishing.mix import Mix
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.finishing.visible_label import DrawnLabel
from wanx_render.geometry import crop_text, enlargement, is_enlarged
from wanx_render.language import Message, plural, recorded, tr
from wanx_render.media import animation, ffmpeg, paint
from wanx_render.media.ai_labels import Merged, Provenance, provenance_notices, with_own
from wanx_render.media.images import BadPicture
from wanx_render.media.paint import BadColour
from wanx_render.planning.plan import frame_of
from wanx_render.session.environment import Environment
from wanx_render.session.folder import pool, scratch, writable_file
from wanx_render.shotlist.model import Deliverable, Shot
from wanx_render.timing import Cut, cut_of
from wanx_render.validation.needs import insist


@dataclass(frozen=True)
class ConformOptions:
    """What ``conform`` was asked for; the texts that a shot list would have, by its own keys."""

    clip: Path
    out: Path
    shot: Mapping[str, Any]
    deliverable: Mapping[str, Any]
    as_json: bool = False


_OF_THE_LABEL = {"label": "visible", "label_at": "at", "label_corner": "corner"}
# What of the command's options is a shot's; the rest is the deliverable's.
_OF_THE_SHOT = ("speed", "hold", "colours", "hdr", "alpha")


def options(
    clip: Path, out: Path, texts_by_name: Mapping[str, Any], *, as_json: bool = False
) -> ConformOptions:
    """The options of the command line, by the keys of a shot list; those not given left out."""
    texts = {name: value for name, value in texts_by_name.items() if value is not None}
    label = {key: texts.pop(name) for name, key in _OF_THE_LABEL.items() if name in texts}
    values = {name: _number(value) for name, value in texts.items()}
    focus, to = values.pop("focus", None), values.pop("focus_to", None)
    trim = {name: values.pop(name) for name in ("start", "end") if name in values}
    loudness = values.pop("loudness", None)
    shot = {name: values.pop(name) for name in _OF_THE_SHOT if name in values}
    if to:
        focus = {"from": focus or (Decimal("0.5"), Decimal("0.5")), "to": to}
    shot |= {"trim": trim} | ({"focus": focus} if focus else {})
    sound = {"audio": {"loudness": loudness}} if loudness is not None else {}
    label_settings = {"label": "none" if label.get("visible") == "none" else label} if label else {}
    return ConformOptions(clip, out, shot, {**values, **sound, **label_settings}, as_json)


def _number(value: Any) -> Any:
    """Texts as YAML would read them; what is no number stays a text, for the checks to name."""
    if isinstance(value, tuple):
        return tuple(_number(item) for item in value)
    try:
        return Decimal(value) if isinstance(value, str) else value
    except InvalidOperation:
        return value


def conform(options: ConformOptions, environment: Environment) -> int:
    """Make one video exact; the exit code. Raises BadInput, FfmpegError or Broken."""
    shot, deliverable = _wanted(options)
    _check_name(options, deliverable)
    program = ffmpeg.find(environment.environ)
    insist(program, (shot,), (deliverable,))
    writable_file(options.out)
    with scratch(options.out.parent) as folder:
        clip, shot, picture = _as_clip(program, options, (shot, deliverable), folder)
        take = _take(program, clip, shot, options.clip.name)
        take = replace(take, provenance=picture or take.provenance)
        segment, label = _planned(take, shot, deliverable)
        film = folder / f"film{options.out.suffix.lower()}"
        result = _made(program, segment, film, deliverable, label)
        files.place(film, options.out)
    origins = {options.clip.name: take.provenance}
    labels, reading_notices = provenance_notices(origins, label), ingest.notices(take, shot, "--{}")
    for notice in (*labels, *reading_notices, *_repeats(segment, deliverable), *result.warnings):
        environment.say(tr("warning: {message}", message=recorded(notice)))
    if options.as_json:
        record = _record(segment, options.out, result, label)
        environment.write_json(record)
    else:
        _show(segment, options.out, environment)
    return 0


_SUFFIXES = (".mp4", ".mov")


def _check_name(options: ConformOptions, deliverable: Deliverable) -> None:
    """Raises BadInput where the output's name promises what is not written, or is the clip's."""
    suffix = options.out.suffix.lower()
    if suffix not in _SUFFIXES:
        raise _wrong(
            tr("cannot write {file}: its name does not end in .mp4 or .mov", file=options.out),
            tr("use a name that ends in .mp4 or .mov"),
        )
    if suffix == ".mov" and deliverable.codec.startswith("av1"):
        raise _wrong(
            tr("{codec} cannot be written to .mov", codec=deliverable.codec),
            tr("use a name that ends in .mp4"),
        )
    if options.out.exists() and options.clip.exists() and options.out.samefile(options.clip):
        raise _wrong(tr("the output would overwrite the clip"), tr("give -o another name"))


def _as_clip(
    program: ffmpeg.Ffmpeg, options: ConformOptions, items: tuple[Shot, Deliverable], folder: Path
) -> tuple[Path, Shot, Provenance | None]:
    """The file as a video, what is left to be done with it, and what a picture says of its origin.

    A picture is made a video first.
    """
    shot, deliverable = items
    if not options.clip.is_file():
        return options.clip, shot, None
    if not animation.is_picture(options.clip):
        kind, advice = animation.other_kind(options.clip)
        if kind:
            message = tr(
                "{file} is {kind}; conform takes videos and pictures",
                file=options.clip.name, kind=recorded(kind),
            )  # fmt: skip
            raise BadInput(Diagnostic("clip-unreadable", message, hint=recorded(advice)))
        return options.clip, shot, None
    wish = animation.StillSettings(shot.hold, deliverable.fps, deliverable.background)
    try:
        video = animation.make_clip(program, options.clip, wish, folder / "picture.mp4")
    except BadPicture as problem:
        message = tr("{file} {problem}", file=options.clip.name, problem=recorded(str(problem)))
        hint = recorded(problem.hint)
        raise BadInput(Diagnostic("clip-unreadable", message, hint=hint)) from None
    still = shot.model_copy(update={"hold": Fraction(0)})
    return video.path, shot if video.moves else still, video.provenance


def _take(program: ffmpeg.Ffmpeg, clip: Path, shot: Shot, name: str) -> ClipMedia:
    """Raises BadInput."""
    try:
        return ingest.in_colours(ingest.look(program, clip), shot)
    except FfmpegError as error:
        message = recorded(str(error).replace(clip.name, name))
        raise BadInput(Diagnostic("clip-unreadable", message)) from None


def _planned(take: ClipMedia, shot: Shot, deliverable: Deliverable) -> tuple[Segment, Merged]:
    """What is made, and the labels in its metadata. Raises BadInput."""
    try:
        frame = frame_of(deliverable, {"clip": take.size}, (take.rate,))
    except ValueError as error:
        hint = tr("use a larger video, or a simpler aspect")
        raise _wrong(recorded(str(error)), hint) from None
    segment = Segment.whole(take, _cut(shot, take), shot.focus, frame)
    segment = replace(segment, label=_drawn(deliverable, segment))
    own = deliverable.label.fields if deliverable.label else {}
    return segment, with_own(take.provenance.labels, own)


def _repeats(segment: Segment, deliverable: Deliverable) -> tuple[Message, ...]:
    """That frames are repeated unevenly, where no option says how missing ones are made."""
    own, rate = segment.take.rate * segment.cut.speed, segment.frame.rate
    if deliverable.motion or own * 201 >= rate * 200 or not rate % own:
        return ()
    notice = tr(
        "frames are repeated to go from {own:.5g} to {rate:.5g} fps; "
        "--motion blend or flow makes new ones",
        own=float(own),
        rate=float(rate),
    )
    return (notice,)


def _made(
    program: ffmpeg.Ffmpeg, segment: Segment, film: Path, deliverable: Deliverable, label: Merged
) -> Joined:
    piece = film.with_name("piece.mov")
    mix = Mix(loudness=deliverable.audio.loudness)
    with pool() as executor:  # so that Ctrl-C is heard while ffmpeg works
        executor.submit(make_segment, program, segment, piece).result()
        call = JoinCall(
            "clip", (piece,), segment.frame, segment.frames, film, mix,
            label=label, drawn=segment.label,
        )  # fmt: skip
        return executor.submit(make_deliverable, program, call).result()


def _cut(shot: Shot, take: ClipMedia) -> Cut:
    seconds = Fraction(take.whole) / take.rate
    if shot.trim.start >= seconds:
        message = tr("--start is after the end of the clip ({seconds:g} s)", seconds=float(seconds))
        raise _wrong(message, tr("start before its end"))
    cut = cut_of(shot.trim.start, shot.trim.end, seconds, take.rate)
    return replace(cut, speed=shot.speed, hold=shot.hold)


def _drawn(deliverable: Deliverable, segment: Segment) -> DrawnLabel | None:
    """The label that shall be seen. Raises BadInput where it cannot be drawn or does not fit."""
    label, frame = deliverable.label, segment.frame
    if label is None or not label.words:
        return None
    if problem := visible_label.problem_with(label.words):
        message = tr("the label cannot be shown: {problem}", problem=problem)
        raise _wrong(message, tr("use other words"))
    label_picture = visible_label.shown(deliverable, frame.size, frame.rate, segment.frames)
    if label_picture is None:
        message = tr(
            "the label {words!r} does not fit into {size}", words=label.words, size=frame.size
        )
        raise _wrong(message, tr("shorten it"))
    return label_picture


def _wanted(options: ConformOptions) -> tuple[Shot, Deliverable]:
    """The options as a shot list would have them: one language, one check."""
    try:
        shot = Shot.model_validate({"id": "clip", **options.shot})
        deliverable = Deliverable.model_validate({"name": "clip", **options.deliverable})
        paint.read(deliverable.background)
        return shot, deliverable
    except BadColour as error:
        message = tr("{key}: {problem}", key="background", problem=error.sentence)
        raise _wrong(message, error.hint) from None
    except ValidationError as error:
        first = error.errors()[0]
        hint = recorded(str(first.get("ctx", {}).get("hint", "")))
        reason = recorded(str(first["msg"]).replace("Input should be", "it must be"))
        key = ".".join(map(str, first["loc"]))
        message = tr("{key}: {problem}", key=key, problem=reason) if key else reason
        raise _wrong(message, hint) from None


def _wrong(message: Message, hint: Message) -> BadInput:
    return BadInput(Diagnostic("option-wrong", message, hint=hint))


def _show(segment: Segment, out: Path, environment: Environment) -> None:
    frame, size = segment.frame, segment.take.size
    environment.stdout.write(f"{out}\n")
    crop = _crop(segment)
    cut = (
        tr("crop {crop} of {size}", crop=crop, size=size)
        if crop
        else tr("{fit}, the whole {size}", fit=frame.fit, size=size)
    )
    environment.say(
        plural(
            "{size}, {aspect}, {rate} fps, {n} frame; {cut}",
            "{size}, {aspect}, {rate} fps, {n} frames; {cut}",
            segment.frames, size=frame.size, aspect=frame.aspect, rate=frame.rate, cut=cut,
        )
    )  # fmt: skip
    colours = segment.take.quirks.colours
    if not colours.plain:
        environment.say(tr("colours: {colours}, converted to BT.709", colours=colours))
    factor = enlargement(size, frame.size, frame.aspect, frame.fit)
    if is_enlarged(factor, frame.fit):
        environment.say(
            tr(
                "warning: enlarged {factor:.2f} times; without --size nothing is enlarged",
                factor=float(factor),
            )
        )


def _record(segment: Segment, out: Path, result: Joined, label: Merged) -> dict[str, Any]:
    frame, size = segment.frame, segment.take.size
    factor = enlargement(size, frame.size, frame.aspect, frame.fit)
    return {
        "version": 1, "path": str(out), "source": str(size),
        "width": frame.size.width, "height": frame.size.height, "aspect": str(frame.aspect),
        "fit": frame.fit, "fps": str(frame.rate), "frames": segment.frames,
        "crop": _crop(segment), "enlarged": f"{float(factor):.3f}",
        "colours": str(segment.take.quirks.colours),
        "sha256": result.sha256, "loudness": result.loudness,
        "labels": [{"tag": tag, "text": text} for tag, text in label.tags],
        "credentials": segment.take.provenance.credentials,
        "checks": [asdict(check) for check in result.checks],
        "notices": list(result.notices),
    }  # fmt: skip


def _crop(segment: Segment) -> str | None:
    frame = segment.frame
    if frame.fit != "crop":
        return None
    return crop_text(segment.take.size, frame.aspect, segment.focus)
