"""``conform``: the post-processor alone, on any video."""

import json
import tempfile
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

from pydantic import ValidationError

from wanx_render import ffmpeg, intake
from wanx_render.commands.base import World
from wanx_render.commands.folder import pool
from wanx_render.conform import Segment
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.geometry import Focus, crop_box, enlargement
from wanx_render.making import JoinCall, Joined, make_deliverable, make_segment
from wanx_render.mix import Mix
from wanx_render.plan import frame_of
from wanx_render.shotlist import Deliverable, Shot
from wanx_render.timing import cut_of


@dataclass(frozen=True)
class ConformOptions:
    """What ``conform`` was asked for; texts as they stand in a shot list."""

    clip: Path
    out: Path
    aspect: str
    fit: str = "crop"
    size: str | None = None
    fps: str | None = None
    focus: tuple[str, str] | None = None
    background: str = "black"
    loudness: str | None = None
    as_json: bool = False


def conform(options: ConformOptions, world: World) -> int:
    """Make one video exact; the exit code. Raises BadInput, FfmpegError or Broken."""
    wanted, focus = _wanted(options)
    program = ffmpeg.find(world.environ)
    try:
        take = intake.look(program, options.clip)
    except FfmpegError as error:
        raise BadInput(Diagnostic("clip-unreadable", str(error))) from None
    if options.out.exists() and options.out.samefile(options.clip):
        raise _wrong("the output would take the place of the clip", "give -o another name")
    try:
        frame = frame_of(wanted, {"clip": take.size}, (take.rate,))
    except ValueError as error:
        raise _wrong(str(error), "the picture is too small for this aspect") from None
    seconds = Fraction(take.frames) / take.rate
    segment = Segment.whole(take, cut_of(None, None, seconds, take.rate), focus, frame)
    with tempfile.TemporaryDirectory(prefix="wanx-conform-") as folder:
        piece = Path(folder) / "piece.mov"
        mix = Mix(loudness=wanted.audio.loudness)
        with pool() as executor:  # so that Ctrl-C is heard while ffmpeg works
            executor.submit(make_segment, program, segment, piece).result()
            call = JoinCall("clip", (piece,), frame, segment.frames, options.out, mix)
            joined = executor.submit(make_deliverable, program, call).result()
    _tell(options, segment, joined, world)
    return 0


def _wanted(options: ConformOptions) -> tuple[Deliverable, Focus]:
    """The options as a deliverable of a shot list would have them: one language, one check."""
    written = {
        "name": "clip", "aspect": options.aspect, "fit": options.fit,
        "background": options.background,
    }  # fmt: skip
    given = {"size": options.size, "fps": options.fps}
    sound = {"loudness": options.loudness} if options.loudness else {}
    try:
        kept = {name: value for name, value in given.items() if value is not None}
        wanted = Deliverable.model_validate({**written, **kept, "audio": sound})
        focus = Shot.model_fields["focus"].get_default()
        if options.focus:
            x, y = (Fraction(text) for text in options.focus)
            focus = Focus(x, y)
            if not (0 <= x <= 1 and 0 <= y <= 1):
                raise _wrong("a focus is two numbers from 0 to 1", "such as --focus 0.5 0.3")
    except ValidationError as error:
        first = error.errors()[0]
        hint = str(first.get("ctx", {}).get("hint", ""))
        raise _wrong(f"{'.'.join(map(str, first['loc']))}: {first['msg']}", hint) from None
    except (ValueError, ZeroDivisionError):
        raise _wrong("a focus is two numbers from 0 to 1", "such as --focus 0.5 0.3") from None
    return wanted, focus


def _wrong(told: str, hint: str) -> BadInput:
    return BadInput(Diagnostic("option-wrong", told, hint=hint))


def _tell(options: ConformOptions, segment: Segment, joined: Joined, world: World) -> None:
    frame, size = segment.frame, segment.take.size
    box = crop_box(size, frame.aspect, segment.focus) if frame.fit == "crop" else None
    grown = float(enlargement(size, frame.size, frame.aspect, frame.fit))
    if options.as_json:
        record = {
            "version": 1, "path": str(options.out), "source": str(size),
            "width": frame.size.width, "height": frame.size.height, "aspect": str(frame.aspect),
            "fit": frame.fit, "fps": str(frame.rate), "frames": segment.frames,
            "crop": str(box) if box else None, "enlarged": f"{grown:.3f}",
            "sha256": joined.sha256, "loudness": joined.loudness,
            "checks": [asdict(check) for check in joined.checks],
        }  # fmt: skip
        world.stdout.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")
        return
    world.stdout.write(f"{options.out}\n")
    cut = f"crop {box} of {size}" if box else f"{frame.fit}, the whole {size}"
    world.tell(f"{frame.size}, {frame.aspect}, {frame.rate} fps, {segment.frames} frames; {cut}")
    if grown > 1:
        world.tell(f"warning: enlarged {grown:.2f} times; leave --size out for the largest exact")
