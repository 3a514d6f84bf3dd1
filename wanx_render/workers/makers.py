"""What a machine makes files with: equal makers make equal bytes.

Versions say what is installed, and a test film what comes of it: codecs that ffmpeg loads, fonts
that somebody replaced and processors with other instructions change pixels, but no version.
"""

import tempfile
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import PIL

from wanx_render import files
from wanx_render.captions.drawing import Captions, Cue
from wanx_render.captions.fonts import chinese
from wanx_render.captions.typesetting import DRAWING_VERSION, Sheet, draw
from wanx_render.errors import Unfit, WanxError
from wanx_render.finishing.jobs import JoinCall, SegmentCall, make_deliverable, make_segments
from wanx_render.finishing.segment import GRAPH_VERSION, ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.language import NOTHING, Message, tr
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

_PACKAGES = ("icu4py", "fontpkg-noto-sans", "noto-cjk-sans-otc")
_RATE = Fraction(30)
_FRAMES = 6
_CLIP, _FILM = Size(136, 184), Frame(Size(90, 160), _RATE, "blur", "black")
_WORDS = (Cue("你好, Wörld", 0, _FRAMES),)
_SCRIPT = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 90
PlayResY: 160
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BorderStyle, Outline, Alignment
Style: Default,Noto Sans CJK SC,16,&H00FFFFFF,&H00000000,1,1,2
[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:09.00,Default,你好
"""


@dataclass(frozen=True, slots=True)
class Makers:
    """Versions, and digests of words that were drawn and of a film that was made."""

    program: str
    packages: tuple[tuple[str, str], ...]
    ffmpeg: str
    words: str
    film: str

    def differs(self, own: "Makers") -> Message:
        """How ``own`` of a worker differs from these of the run and what to do, or nothing."""
        if own.program != self.program:
            return tr(
                "it has wanx-render {own}, this run {wanted}; install the same on both",
                own=own.program, wanted=self.program,
            )  # fmt: skip
        for (name, here), (_, wanted) in zip(own.packages, self.packages, strict=True):
            if here != wanted:
                return tr(
                    "it has {name} {own}, this run {wanted}; run {command} there",
                    name=name, own=here, wanted=wanted,
                    command=f"pip install '{name}=={wanted}'",
                )  # fmt: skip
        if own.ffmpeg != self.ffmpeg:
            return tr(
                "it has ffmpeg {own}, this run {wanted}; set WANX_FFMPEG there to the same ffmpeg",
                own=own.ffmpeg, wanted=self.ffmpeg,
            )  # fmt: skip
        if own.words != self.words:
            return tr(
                "it draws words differently; install the same fonts and the same build of Pillow"
            )
        if own.film != self.film:
            return tr(
                "its test film differs; use the same build of ffmpeg and its codecs, "
                "and processors of one kind"
            )
        return NOTHING


@cache
def makers_with(program: ffmpeg.Ffmpeg) -> Makers:
    """What this machine makes files with, 0.6 s the first time. Raises Unfit where it cannot."""
    try:
        packages = [(name, version(name)) for name in _PACKAGES]
        own = f"{version('wanx-render')}.{GRAPH_VERSION}.{DRAWING_VERSION}"
        chinese().at(16)
    except PackageNotFoundError as error:
        raise _without(error.name or "wanx-render") from None
    except ImportError as error:
        raise _without(str(error.name).replace("_", "-")) from None
    except OSError:
        raise _without("noto-cjk-sans-otc") from None
    try:
        with tempfile.TemporaryDirectory(prefix="wanx-film-") as folder:
            words, film = _drawn(), _film(program, Path(folder))
    except (WanxError, OSError) as error:
        raise Unfit(tr("it cannot make the test film: {reason}", reason=error)) from None
    return Makers(own, (("Pillow", PIL.__version__), *packages), program.version, words, film)


def _without(package: str) -> Unfit:
    command = f"pip install {package}"
    return Unfit(
        tr("the package {name} is missing; run {command} there", name=package, command=command)
    )


def _drawn() -> str:
    """The digest of words as pixels."""
    picture = draw(_WORDS[0].text, Sheet(Size(360, 640), chinese()))
    return sha256(picture.tobytes()).hexdigest()[:16]


def _film(program: ffmpeg.Ffmpeg, folder: Path) -> str:
    """The digest of a short deliverable with sound and words, made as all are, and of a script."""
    clip, piece, target = folder / "clip.mp4", folder / "piece.mov", folder / "film.mp4"
    picture = f"testsrc2=s={_CLIP}:r={_RATE}:d=0.2,format=yuv420p"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=440:r=44100:d=0.2",
         "-c:v", "libx264", "-threads", "1", "-c:a", "aac", ffmpeg.file_url(clip)),
    )  # fmt: skip
    take = ClipMedia(clip, "", _CLIP, _RATE, _FRAMES, has_sound=True)
    plain = Segment.whole(take, Cut(0, _FRAMES), Focus(), _FILM)
    words = Captions(_WORDS, chinese(), "")
    make_segments(program, (SegmentCall(replace(plain, captions=words), piece),))
    make_deliverable(program, JoinCall("film", (piece,), _FILM, _FRAMES, target))
    return files.sha256_of(target.read_bytes() + _scripted(program, folder))[:16]


def _scripted(program: ffmpeg.Ffmpeg, folder: Path) -> bytes:
    """What libass draws of a script. Over a plain colour: a whole graph varies on ffmpeg 5.1."""
    if not ffmpeg.has_filter(program, "subtitles"):
        return b""
    script, pixels, fonts = folder / "script.ass", folder / "pixels", folder / "fonts"
    script.write_text(_SCRIPT, encoding="utf-8")
    fonts.mkdir()
    files.link(chinese().path, fonts / chinese().path.name)
    drawn = f"color=red:s={_FILM.size}:r={_RATE},subtitles=filename={script}:fontsdir={fonts}"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", drawn, "-frames:v", "1", "-f", "rawvideo", ffmpeg.file_url(pixels)),
    )
    return pixels.read_bytes()
