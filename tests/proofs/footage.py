"""Footage as unlike as the world's, and what a decoder nobody here wrote finds in a film of it.

Clips come at 24 to 60 fps, 23.976 and variable rates, with colours tagged BT.601, full range or not
at all, mono to 5.1, late sound, late picture, none. Each flashes as it beeps, carries a chart, and
hums, so that a hard cut would click. PyAV, numpy and pyloudnorm judge.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pyloudnorm
from PIL import Image
from scipy.signal import resample_poly

from wanx_render.backends.slate import ClipCall
from wanx_render.media import ffmpeg

RATE = 48000
BANDS = {"skin": (224, 172, 138), "grey": (128, 128, 128), "magenta": (200, 40, 200),
         "dark": (48, 48, 48)}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of footage: its rate, how its colours are coded and tagged, its sound."""

    name: str
    rate: str = "24"
    matrix: str = "bt709"
    span: str = "tv"
    tag: str | None = "bt709"  # primaries and matrix; None leaves all tags out
    channels: str = "stereo"
    sound_rate: int = 48000
    late_sound: float = 0
    late_picture: float = 0
    thinned: bool = False  # every tenth frame is missing


KINDS = (
    Kind("as the service sends it"),
    Kind("BT.601", matrix="bt601", tag="smpte170m"),
    Kind("full range, 30 fps", rate="30", span="pc"),
    Kind("25 fps, mono at 16 kHz", rate="25", channels="mono", sound_rate=16000),
    Kind("29.97 fps, 5.1", rate="30000/1001", channels="5.1"),
    Kind("no sound", channels="none"),
    Kind("sound 0.4 s late", rate="30", late_sound=0.4),
    Kind("picture 0.6 s late", rate="25", late_picture=0.6),
    Kind("60 fps", rate="60"),
    Kind("variable rate, about 30", rate="30", thinned=True),
    Kind("23.976 fps, BT.601 untagged", rate="24000/1001", matrix="bt601", tag=None),
)


def kind_of(call: ClipCall) -> Kind:
    return KINDS[int(call.request.prompt.split()[-1]) % len(KINDS)]


def make_clip(program: ffmpeg.Ffmpeg, call: ClipCall) -> Path:
    """A clip of the kind that the prompt's number asks for, in the size the model would give."""
    kind, seconds = kind_of(call), call.request.duration
    chart = call.folder / "chart.png"
    paint(chart, call.size.width, call.size.height)
    rate = Fraction(kind.rate)
    steps = round(rate)
    flash = f"eq(mod(n,{steps}),{steps // 2})+eq(mod(n,{steps}),{steps // 2 + 1})"
    width, height = call.size.width, call.size.height
    box = f"{width * 3 // 10}:{height * 3 // 10}:{width * 4 // 10}:{height * 4 // 10}"
    picture = [
        f"drawbox={box}:white:fill:enable='{flash}'",
        f"scale=out_color_matrix={kind.matrix}:out_range={kind.span}:flags=accurate_rnd",
        "format=yuv420p",
    ]
    if kind.thinned:
        picture.append("select='mod(n+1,10)'")
    if kind.late_picture:
        picture.append(f"trim=start={kind.late_picture}")
    tags = [
        f"-color_range {kind.span} -colorspace {kind.tag} -color_primaries {kind.tag}"
        f" -color_trc {kind.tag}"
    ] if kind.tag else []  # fmt: skip
    if kind.tag:
        picture.append(f"setparams=range={kind.span}:colorspace={kind.tag}"
                       f":color_primaries={kind.tag}:color_trc={kind.tag}")  # fmt: skip
    else:
        picture.append("setparams=range=unknown:colorspace=unknown"
                       ":color_primaries=unknown:color_trc=unknown")  # fmt: skip
    sound: list[str] = []
    if kind.channels != "none":
        # ffmpeg lets every input begin at zero; the offset puts a late one back to its place.
        sound = [
            "-itsoffset",
            str(kind.late_sound),
            "-f",
            "lavfi",
            "-i",
            beeps(kind, rate, seconds),
        ]
    ffmpeg.run(
        program,
        ("-loop", "1", "-framerate", kind.rate, "-t", str(seconds), "-i", str(chart), *sound,
         "-vf", ",".join(picture), "-fps_mode", "passthrough", "-c:v", "libx264", "-preset",
         "ultrafast", "-qp", "6", *" ".join(tags).split(), "-c:a", "aac", "-b:a", "256k",
         "-video_track_timescale", "90000", "-f", "mp4", "-y", str(call.target)),
    )  # fmt: skip
    return call.target


def paint(path: Path, width: int, height: int) -> None:
    chart = Image.new("RGB", (width, height))
    for number, colour in enumerate(BANDS.values()):
        top = height * number // len(BANDS)
        chart.paste(colour, (0, top, width, height))
    chart.save(path)


def beeps(kind: Kind, rate: Fraction, seconds: Fraction | int) -> str:
    """A beep of 80 ms at 1 kHz at each flash, its edges soft, over a hum that a cut would break."""
    steps = round(rate)
    period, first = float(steps / rate), float(steps // 2 / rate)
    since = f"mod(t-{first}+{period},{period})"
    edge = f"min(1,min({since}/0.004,(0.08-{since})/0.004))"
    beep = f"0.25*sin(2*PI*1000*t)*lt({since},0.08)*{edge}"
    hum = "0.1*sin(2*PI*(90*t+0.13))"
    one = f"{beep}+{hum}"
    count = {"mono": 1, "stereo": 2, "5.1": 6}[kind.channels]
    layout = f":c={kind.channels}"
    source = f"aevalsrc='{'|'.join([one] * count)}':s={kind.sound_rate}:d={seconds}{layout}"
    return source + (f",atrim=start={kind.late_sound}" if kind.late_sound else "")


@dataclass(frozen=True)
class Film:
    """What a decoder nobody here wrote makes of the film."""

    flashes: list[float]  # seconds
    seconds: float
    colours: dict[float, dict[str, tuple[float, float, float]]]
    sound: "np.ndarray[Any, Any]"  # samples x channels


def decoded(path: Path) -> Film:
    flashes: list[float] = []
    colours: dict[float, dict[str, tuple[float, float, float]]] = {}
    lit, end = False, 0.0
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            moment = float(frame.pts * frame.time_base)
            end = moment
            planes = frame.to_ndarray(format="yuv420p")
            height, width = frame.height, frame.width
            white = planes[
                height * 45 // 100 : height * 55 // 100, width * 45 // 100 : width * 55 // 100
            ]
            bright = float(white.mean()) > 190
            if bright and not lit:
                flashes.append(moment)
            lit = bright
            if round(moment * 30) % 15 == 0:
                colours[moment] = bands(frame)
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "stereo", RATE)
        parts = [part.to_ndarray() for frame in container.decode(audio=0)
                 for part in resampler.resample(frame)]  # fmt: skip
    return Film(flashes, end, colours, np.concatenate(parts, axis=1).T)


def bands(frame: "av.VideoFrame") -> dict[str, tuple[float, float, float]]:
    """The mean RGB of each band's left part, by BT.709's formula for limited range."""
    planes = []
    for plane in frame.planes:
        flat = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        planes.append(flat[:, : plane.width].astype(float))
    colours = {}
    for number, name in enumerate(BANDS):
        means = []
        for values in planes:
            height, width = values.shape
            top, tall = height * number // len(BANDS), height // len(BANDS)
            means.append(
                values[top + tall // 4 : top + tall * 3 // 4, width // 20 : width // 5].mean()
            )
        luma, blue, red = (means[0] - 16) / 219, (means[1] - 128) / 224, (means[2] - 128) / 224
        r, b = luma + 1.5748 * red, luma + 1.8556 * blue
        colours[name] = tuple(255 * v for v in (r, (luma - 0.2126 * r - 0.0722 * b) / 0.7152, b))
    return colours


def beeps_in(sound: "np.ndarray[Any, Any]") -> list[float]:
    """When 1 kHz begins, in seconds: half of its envelope's height, by windows of 4 ms."""
    mono = sound.mean(axis=1)
    turning = mono * np.exp(-2j * np.pi * 1000 * np.arange(len(mono)) / RATE)
    window = 192
    sums = np.cumsum(np.concatenate([[0], turning]))
    envelope = np.abs(sums[window:] - sums[:-window]) / window
    half = np.percentile(envelope, 99) / 2
    over = envelope > half
    starts = np.flatnonzero(over[1:] & ~over[:-1]) + 1
    return [float(start + window / 2) / RATE for start in starts]


def clicks(sound: "np.ndarray[Any, Any]", cuts: list[float]) -> list[float]:
    """How far each cut stands out above 8 kHz, in dB.

    The loudest millisecond within four of it, over the loudest of the 30 before and after.
    """
    mono = sound.mean(axis=1)
    count = len(mono) // 48
    spectrum = np.abs(np.fft.rfft(mono[: count * 48].reshape(count, 48) * np.hanning(48), axis=1))
    high = (spectrum[:, 9:] ** 2).sum(axis=1) + 1e-7  # what nobody hears is no click
    over = []
    for cut in cuts:
        at = int(cut * 1000)
        around = np.concatenate([high[max(at - 34, 0) : at - 4], high[at + 5 : at + 35]])
        loudest = high[at - 4 : at + 5].max(initial=1e-7)
        over.append(10 * float(np.log10(loudest / around.max(initial=1e-7))))
    return over


def loudness(film: Film) -> tuple[float, float]:
    """Integrated loudness in LUFS, and the true peak in dBTP, oversampled eight times."""
    meter = pyloudnorm.Meter(RATE)
    pieces = (film.sound[at : at + RATE * 20] for at in range(0, len(film.sound), RATE * 20))
    peak = max(np.abs(resample_poly(piece, 8, 1, axis=0)).max() for piece in pieces)
    return float(meter.integrated_loudness(film.sound)), float(20 * np.log10(peak))


def sync(film: Film, starts: list[float], kinds: list[Kind]) -> None:
    """Print how far beeps are from their flashes.

    Those of a shot's first 0.7 s are left out: there a late picture has none, and a dissolve dims.
    """
    offsets: dict[str, list[float]] = {}
    alone = 0
    beeps = beeps_in(film.sound)
    for beep in beeps:
        near = min(film.flashes, key=lambda flash: abs(flash - beep))
        number = sum(start <= beep for start in starts) - 1
        if beep < starts[number] + 0.7:
            continue
        if abs(near - beep) > 0.25:
            alone += 1
        else:
            offsets.setdefault(kinds[number].name, []).append(1000 * (beep - near))
    every = [offset for some in offsets.values() for offset in some]
    print(f"sync: {len(beeps)} beeps, {alone} without a flash; beep after flash, ms: mean "
          f"{np.mean(every):+.1f}, from {min(every):+.1f} to {max(every):+.1f}")  # fmt: skip
    for name, some in offsets.items():
        print(f"  {name:28} {len(some):4} from {min(some):+6.1f} to {max(some):+6.1f}")


def colour(film: Film, starts: list[float], kinds: list[Kind]) -> None:
    print("colours: mean difference of each band's R, G, B, of 255")
    by_kind: dict[str, dict[str, list[tuple[float, ...]]]] = {}
    for moment, seen in film.colours.items():
        number = sum(start <= moment + 1e-6 for start in starts) - 1
        ends = [*starts[1:], film.seconds]
        if not starts[number] + 0.6 < moment < ends[number] - 0.6:
            continue
        for band, value in seen.items():
            wrong = tuple(v - w for v, w in zip(value, BANDS[band], strict=True))
            by_kind.setdefault(kinds[number].name, {}).setdefault(band, []).append(wrong)
    for name, values in by_kind.items():
        means = {band: np.mean(wrong, axis=0) for band, wrong in values.items()}
        words = "  ".join(
            f"{band} " + " ".join(f"{v:+.1f}" for v in mean) for band, mean in means.items()
        )
        print(f"  {name:28} {words}")
