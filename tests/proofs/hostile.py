"""Bad media, case by case: `uv run python -m tests.proofs.hostile` prints what becomes of each.

Every case is a file that someone may really have, or that someone may make to do harm. It is either
made exact, or refused with a sentence; nothing is left under a final name where it is refused. Then
what goes with clips in a list: music, fonts, words. What is wrong there is found before anything is
spent.
"""

import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from tests.support.programs import PROGRAMS
from wanx_render.actions.conform import conform, options
from wanx_render.errors import WanxError
from wanx_render.media import ffmpeg
from wanx_render.media import probe as probing
from wanx_render.session.environment import Environment

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
    Case("no video at all", content("words.mp4", lambda *_: b"hello"), "", "not a video"),
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
        "not a video",
    ),
    Case(
        "a join list dressed as mp4",
        content("join.mp4", lambda _, p: f"ffconcat version 1.0\nfile '{p}'\n".encode()),
        "",
        "not a video",
    ),
    Case(
        "a page of an error",
        content("page.mp4", lambda *_: b"<html><body>403 Forbidden</body></html>"),
        "",
        "is a web page",
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
    Case("HDR", video("hdr.mkv", HDR, "-c:v", "libx264"), "90x90"),
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
    environment = Environment({"WANX_FFMPEG": str(program.path)}, io.StringIO(), io.StringIO())
    try:
        conform(wanted, environment)
    except WanxError as error:
        assert not out.exists(), f"{case.name}: a file was left"
        return "", str(error).split(" (ffmpeg failed")[0]
    probe = probing.probe(program, out)
    assert probe.picture.uniform
    assert probe.sound
    assert abs(probe.sound.duration - probe.picture.duration) <= Fraction(1, 10)
    return str(probe.picture.size), "exact, verified"


LIST = """\
version: 1
project: bad
backend: mock
defaults: {{model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {{end: 1}}}}
shots:
  - {{id: one, image: a.png, prompt: one{shot}}}
deliverables:
  - {{aspect: 1:1, size: 96x96, quality: draft{wish}}}
"""


@dataclass(frozen=True)
class Companion:
    """What goes with a list: more of its shot or deliverable, and a file; what becomes of it."""

    name: str
    wish: str = ""
    shot: str = ""
    file: str = ""
    content: bytes | tuple[str, ...] = b""  # or what ffmpeg makes it of
    refused: str = ""  # part of the first message


TONE = ("-f", "lavfi", "-i", "sine=d=0.2")
SRT = b"1\n00:00:00,500 --> 00:00:09,000\nto the end, and on\n"
COMPANIONS = (
    Companion("music shorter than the video", ", audio: {music: m.wav}", "", "m.wav", TONE),
    Companion("music that is no sound", ", audio: {music: m.wav}", "", "m.wav", b"la la", "m.wav"),
    Companion("music that is not there", ", audio: {music: m.wav}", refused="does not exist"),
    Companion(
        "a playlist as music",
        ", audio: {music: m.wav}",
        "",
        "m.wav",
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
        "m.wav",
    ),
    Companion(
        "a font that is not there", ", font: f.ttf", ", caption: hi", refused="does not exist"
    ),
    Companion("a font that is none", ", font: f.ttf", ", caption: hi", "f.ttf", b"no", "f.ttf"),
    Companion("words the font lacks", "", ", caption: ok 🎉", refused="U+1F389"),
    Companion(
        "words of quotes, percents, colons, a new line",
        "",
        ', caption: "it\'s 100%: [a];b\\\\ \\n%{pts} 你好"',
    ),
    Companion("subtitles longer than the video", ", subtitles: s.srt", "", "s.srt", SRT),
    Companion("subtitles that are none", ", subtitles: s.srt", "", "s.srt", b"hello", "s.srt"),
)


def companion(case: Companion, program: ffmpeg.Ffmpeg, folder: Path) -> tuple[str, str]:
    """What became of the list: exact or nothing, and the sentence; nothing is asked for if so."""
    still = ("-f", "lavfi", "-i", "color=c=teal:s=400x400", "-frames:v", "1", "-pix_fmt", "rgb24")
    ffmpeg.run(program, (*still, str(folder / "a.png")))
    if isinstance(case.content, tuple):
        ffmpeg.run(program, (*case.content, str(folder / case.file)))
    elif case.file:
        (folder / case.file).write_bytes(case.content)
    text = LIST.format(shot=case.shot, wish=case.wish)
    (folder / "bad.yaml").write_text(text, encoding="utf-8")
    done = subprocess.run(
        (sys.executable, "-m", "wanx_render", "bad.yaml"),
        cwd=folder, capture_output=True, text=True, check=False,
        env={**os.environ, "WANX_FFMPEG": str(program.path)},
    )  # fmt: skip
    made = folder / "renders" / "bad" / "1x1.mp4"
    assert done.returncode == (0 if made.exists() else 2), done.stderr
    if not made.exists():
        assert not (folder / "renders").exists(), f"{case.name}: something was begun"
        return "", done.stderr.splitlines()[0]
    return str(probing.probe(program, made).picture.size), "exact, verified"


def main() -> None:
    wide = max(len(case.name) for case in (*CASES, *COMPANIONS))
    bad = 0
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            made, sentence = judged(case, PROGRAMS["wheel"], Path(folder))
        right = made == case.becomes and case.refused in sentence
        bad += not right
        mark = "" if right else "  WRONG"
        print(f"{case.name:{wide}}  {made or 'refused':8}  {sentence[:110]}{mark}")
    for other in COMPANIONS:
        with tempfile.TemporaryDirectory() as folder:
            made, sentence = companion(other, PROGRAMS["wheel"], Path(folder))
        right = bool(made) != bool(other.refused) and other.refused in sentence
        bad += not right
        mark = "" if right else "  WRONG"
        print(f"{other.name:{wide}}  {made or 'refused':8}  {sentence[:150]}{mark}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
