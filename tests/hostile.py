"""Bad media, case by case: `uv run python tests/hostile.py` prints what becomes of each.

Every case is a file that someone may really have, or that someone may make to do harm. It is either
made exact, or refused with a sentence; nothing is left under a final name where it is refused.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from conftest import PROGRAMS

from wanx_render import ffmpeg
from wanx_render.commands.base import World
from wanx_render.commands.conform import conform, options
from wanx_render.errors import WanxError

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@dataclass(frozen=True)
class Case:
    """A file, and what must become of it: a size where it is handled, words where it is not."""

    name: str
    make: Callable[[ffmpeg.Ffmpeg, Path], Path]
    becomes: str  # WIDTHxHEIGHT for --aspect 1:1
    refused: str = ""  # part of the sentence


def video(name: str, source: str, *more: str) -> Callable[[ffmpeg.Ffmpeg, Path], Path]:
    def make(program: ffmpeg.Ffmpeg, folder: Path) -> Path:
        path = folder / name
        ffmpeg.run(program, ("-f", "lavfi", "-i", source, *(more or X264), "-y", f"file:{path}"))
        return path

    return make


def content(
    name: str, data: Callable[[bytes, Path], bytes]
) -> Callable[[ffmpeg.Ffmpeg, Path], Path]:
    """A file made of the bytes of a whole video, or of none of them."""

    def make(program: ffmpeg.Ffmpeg, folder: Path) -> Path:
        whole = folder / "whole.mp4"
        if not whole.exists():
            source = "testsrc2=s=320x180:r=25:d=1"
            ffmpeg.run(
                program,
                ("-f", "lavfi", "-i", source, *X264, "-movflags", "+faststart", "-y", str(whole)),
            )
        (folder / name).write_bytes(data(whole.read_bytes(), whole))
        return folder / name

    return make


def turned(program: ffmpeg.Ffmpeg, folder: Path) -> Path:
    flat = video("flat.mp4", "testsrc2=s=320x180:r=25:d=0.4")(program, folder)
    path = folder / "turned.mp4"
    ffmpeg.run(program, ("-display_rotation", "90", "-i", str(flat), "-c", "copy", "-y", str(path)))
    return path


def hurt(whole: bytes, _: Path) -> bytes:
    middle = len(whole) // 2
    return whole[:middle] + bytes(4096) + whole[middle + 4096 :]


def surround(program: ffmpeg.Ffmpeg, folder: Path) -> Path:
    path = folder / "six.mkv"
    sound = "sine=d=0.4,pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "testsrc2=s=160x90:d=0.4", "-f", "lavfi", "-i", sound, *X264,
         "-c:a", "flac", "-y", str(path)),
    )  # fmt: skip
    return path


HDR = "testsrc2=s=160x90:d=0.4,format=yuv420p10le,setparams=color_trc=smpte2084"
VARYING = "testsrc2=s=160x90:r=30:d=1,select=not(mod(n*n\\,3))"
CASES = (
    Case("a plain video", video("plain.mp4", "testsrc2=s=160x90:d=0.4"), "90x90"),
    Case("no video at all", content("words.mp4", lambda *_: b"hello"), "", "no video"),
    Case("zero length", content("empty.mp4", lambda *_: b""), "", "is empty"),
    Case(
        "truncated, index in front",
        content("cut.mp4", lambda w, _: w[: len(w) // 2]),
        "",
        "damaged",
    ),
    Case("a hole in the middle", content("hole.mp4", hurt), "", "damaged"),
    Case("an index and nothing else", content("head.mp4", lambda w, _: w[:1200]), "", "damaged"),
    Case(
        "a playlist dressed as mp4",
        content(
            "list.mp4", lambda _, p: f"#EXTM3U\n#EXTINF:1,\nfile://{p}\n#EXT-X-ENDLIST\n".encode()
        ),
        "",
        "no video",
    ),
    Case(
        "a join list dressed as mp4",
        content("join.mp4", lambda _, p: f"ffconcat version 1.0\nfile '{p}'\n".encode()),
        "",
        "no video",
    ),
    Case(
        "a page of an error",
        content("page.mp4", lambda *_: b"<html><body>403 Forbidden</body></html>"),
        "",
        "no video",
    ),
    Case("sound only", video("sound.mp4", "sine=d=0.4", "-c:a", "aac"), "", "no picture"),
    Case(
        "a picture of 81 million pixels",
        video("huge.mkv", "color=s=9000x9000:d=0.04:r=25", "-c:v", "ffv1", "-pix_fmt", "gray"),
        "",
        "larger than 8192",
    ),
    Case("one frame", video("one.mp4", "testsrc2=s=160x90:r=25:d=0.04"), "90x90"),
    Case("varying rate", video("vfr.mkv", VARYING, *X264, "-fps_mode", "vfr"), "90x90"),
    Case("odd sizes", video("odd.mkv", "testsrc2=s=161x91:d=0.4", "-c:v", "ffv1"), "90x90"),
    Case("oblong pixels", video("oblong.mkv", "testsrc2=s=72x90:d=0.4,setsar=16/9"), "90x90"),
    Case("turned by metadata", turned, "180x180"),
    Case(
        "interlaced",
        video("tff.mkv", "testsrc2=s=160x96:d=0.4,setfield=tff", *X264, "-flags", "+ildct"),
        "96x96",
    ),
    Case("HDR", video("hdr.mkv", HDR, "-c:v", "libx264"), "", "HDR"),
    Case(
        "10 bit",
        video("ten.mkv", "testsrc2=s=160x90:d=0.4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"),
        "90x90",
    ),
    Case(
        "full range RGB", video("rgb.mkv", "testsrc2=s=160x90:d=0.4", "-c:v", "libx264rgb"), "90x90"
    ),
    Case("5.1 sound", surround, "90x90"),
    Case(
        "another container", video("old.avi", "testsrc2=s=160x90:d=0.4", "-c:v", "mpeg4"), "90x90"
    ),
    Case(
        "a name of quotes, colons, emoji",
        video("it's 50% [a]: b;c 🎉.mp4", "testsrc2=s=160x90:d=0.4"),
        "90x90",
    ),
    Case("a name that looks like an option", video("-y.mp4", "testsrc2=s=160x90:d=0.4"), "90x90"),
    Case(
        "smaller than any exact frame",
        video("tiny.mkv", "color=s=2x2:d=0.2", "-c:v", "ffv1"),
        "2x2",
    ),
)


def judged(case: Case, program: ffmpeg.Ffmpeg, folder: Path) -> tuple[str, str]:
    """What became of the file: the size it was made, or nothing and the sentence."""
    clip = case.make(program, folder)
    out = folder / "out.mp4"
    out.unlink(missing_ok=True)
    wanted = options(clip, out, {"aspect": "1:1", "quality": "draft"})
    world = World({"WANX_FFMPEG": str(program.path)}, io.StringIO(), io.StringIO())
    try:
        conform(wanted, world)
    except WanxError as error:
        assert not out.exists(), f"{case.name}: a file was left"
        return "", str(error).split(" (ffmpeg failed")[0]
    probe = ffmpeg.probe(program, out)
    assert probe.picture.uniform
    assert probe.sound
    assert abs(probe.sound.duration - probe.picture.duration) <= Fraction(1, 10)
    return str(probe.picture.size), "exact, verified"


def main() -> None:
    wide = max(len(case.name) for case in CASES)
    bad = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            made, told = judged(case, PROGRAMS["wheel"], Path(folder))
        right = made == case.becomes and case.refused in told
        bad += not right
        print(
            f"{case.name:{wide}}  {made or 'refused':8}  {told[:110]}{'' if right else '  WRONG'}"
        )
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
