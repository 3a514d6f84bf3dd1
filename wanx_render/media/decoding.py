"""What decoding a media file shows: whether it is whole, its frames, and its sound.

Each function decodes with ffmpeg, every damage an error, and reads what it printed.
"""

import io
import os
import re
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from wanx_render import files, integrity
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Box, Size
from wanx_render.language import tr
from wanx_render.media import ffmpeg
from wanx_render.media.ffmpeg import BOUNDED, SOUND_FORMATS, STRICT, WHITELIST, Ffmpeg, file_url
from wanx_render.media.probe import HASHED, LISTED, Probe, ProbeOutputs, header, packets_of, probe

Stretch = tuple[float, float]  # from one second to another


@dataclass(frozen=True, slots=True)
class Decoded:
    """What came out of decoding a whole file, every error fatal."""

    frames: int
    samples: int
    digest: tuple[str, ...]  # a checksum of each decoded frame


def decode(program: Ffmpeg, path: Path) -> Decoded:
    """Decode all of ``path`` strictly. Raises FfmpegError on the first damage.

    A truncated file with its index in front opens and plays with exit code 0; only this shows it.
    """
    out, _ = ffmpeg.ask(program, ("-v", "error", *_decoding(path)), timeout=900)
    return _decoded(out)


@dataclass(frozen=True, slots=True)
class Examined:
    """What one reading of a file shows; where only decoding went well there is nothing else."""

    decoded: Decoded
    probe: Probe | None = None
    log: str = ""  # what ffmpeg said of it and of further outputs


def examine(program: Ffmpeg, path: Path, *, also: Sequence[str] = ()) -> Examined:
    """Decode all of ``path`` strictly and probe it: one reading of the file, by one process.

    ``also`` are outputs that ffmpeg shall write of the same decoding. Decoding alone decides
    whether the file is good: where something else went wrong there is no probe. Raises FfmpegError.
    """
    with ProbeOutputs.beside() as outputs:
        arguments = ("-nostats", *_decoding(path), *also, *outputs.arguments)
        try:
            out, log = ffmpeg.ask(program, arguments, timeout=900)
            return Examined(_decoded(out), outputs.read(log, path), log)
        except (FfmpegError, ValueError):
            return Examined(decode(program, path))


def _decoding(path: Path) -> tuple[str, ...]:
    """Arguments to decode all of a video, each frame with its checksum."""
    return (
        *STRICT, *BOUNDED, *WHITELIST, "-i", file_url(path),
        "-map", "0:v:0", "-map", "0:a:0?", "-fps_mode", "passthrough", *LISTED,
    )  # fmt: skip


def _decoded(out: bytes) -> Decoded:
    listing = out.decode("utf-8", "replace")
    frames = re.findall(r"^0, .*, (0x[0-9a-f]{8})", listing, re.MULTILINE)
    samples = sum(duration for _, duration in packets_of(listing, 1))
    return Decoded(len(frames), samples, tuple(frames))


@dataclass(frozen=True, slots=True)
class Loudness:
    """What EBU R128 says of a sound; None where nothing is loud enough to be measured."""

    integrated: Decimal | None  # LUFS
    peak: Decimal | None  # dBTP

    @property
    def peak_is_low(self) -> bool:
        """Whether nothing at all is heard; a short sound is, though it has no loudness yet."""
        return self.peak is None or self.peak < -70


@dataclass(frozen=True, slots=True)
class Heard:
    """What decoding all of a sound shows."""

    packets: str  # the list of its packets, with their hashes
    loudness: Loudness
    silent: tuple[Stretch, ...]
    fidelity: float | None = None  # dB of signal to distortion below 4 kHz, where compared
    blocks: tuple[float, ...] = ()  # LUFS of the last 0.4 s, after each 0.1 s; of windows alone
    marks: tuple[str, ...] = ()  # hashes of stretches of what it was encoded from


COMPARED_RATE = 8000  # samples a second in which a sound is compared with what it was made of
_SILENCE = "silencedetect=n=-60dB:d=1"


def listen(
    program: Ffmpeg, path: Path, *, peaks: bool, mix: Path | None = None, window: int | None = None
) -> Heard:
    """Decode all of the sound of ``path``. Raises FfmpegError on the first damage.

    ``peaks``: also between the samples, which costs as much as all the rest. ``mix``: a WAV at
    ``COMPARED_RATE`` of what it was encoded from, to compare it with. ``window``: samples after
    which listening begins, of a sound that is a part of another; a multiple of six.
    """
    meter = f"{_SILENCE},ebur128=framelog=verbose:peak={'true' if peaks else 'sample'}"
    skip, low_skip = "", ""
    if window is not None:
        skip = f"atrim=start_sample={window},"
        low_skip = f"atrim=start_sample={window * COMPARED_RATE // 48_000},"
        meter += f":metadata=1,ametadata=mode=print:key={_MOMENT}:file=pipe\\\\:2"
    reference: tuple[str, ...] = ()
    filters: tuple[str, ...] = ("-map", "0:a:0", "-af", f"{skip}{meter}", "-f", "null", "-")
    if mix:
        reference = ("-protocol_whitelist", "file", "-f", "wav", "-i", file_url(mix))
        parts = f"[0:a:0]asplit[a][b];[a]{skip}{meter}[heard]"
        comparison = f"[b]aresample={COMPARED_RATE}[low];[1:a][low]asdr[compared]"
        if low_skip:
            comparison = (
                f"[b]aresample={COMPARED_RATE},{low_skip}asetpts=N/SR/TB[low];"
                f"[1:a]{low_skip}asetpts=N/SR/TB[original];[original][low]asdr[compared]"
            )
        filters = (
            "-filter_complex_threads", "1", "-filter_complex", f"{parts};{comparison}",
            "-map", "[heard]", "-f", "null", "-", "-map", "[compared]", "-f", "null", "-",
        )  # fmt: skip
    out, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-threads", "1", *WHITELIST, "-i", file_url(path), *reference,
            "-map", "0:a:0", "-c", "copy", *HASHED, *filters,
        ),
        timeout=900,
    )  # fmt: skip
    listing = out.decode("utf-8", "replace")
    end = sum(duration for start, duration in packets_of(listing, 0) if start >= 0)
    seconds = float(end * header(listing, "tb 0"))
    silences = silences_of_log(log, seconds)
    return Heard(listing, loudness_of_log(log), silences, _fidelity(log), _blocks(log))


def hash_of(mix: Path, begin: int, end: int) -> str:
    """A hash of a stretch of a ``mix`` as ``listen`` has it: floats of two channels.

    ``begin`` and ``end``: in samples of 48 kHz, multiples of six; empty where nothing is there.
    """
    if begin < 0:
        return ""
    step = 48_000 // COMPARED_RATE
    with mix.open("rb") as stream:
        start = stream.read(256).index(b"data") + 8
        stream.seek(start + 8 * (begin // step))
        data = stream.read(8 * ((end - begin) // step))
    return files.sha256_of(data)[:32] if data else ""


_MOMENT = "lavfi.r128.M"  # where ebur128 leaves its momentary loudness


def _blocks(log: str) -> tuple[float, ...]:
    """What it printed of each tenth of a second; ``-inf`` and ``nan`` as silence."""
    values = re.findall(rf"^{re.escape(_MOMENT)}=(\S+)\r?$", log, re.MULTILINE)
    return tuple(max(_SILENT_BLOCK, float(value)) for value in values)


_SILENT_BLOCK = -120.0  # LUFS; far below what is counted


def _fidelity(log: str) -> float | None:
    """The worse channel's ratio of signal to distortion; None where nothing was compared."""
    ratios = [float(ratio) for ratio in re.findall(r"SDR ch\d+: (-?(?:[\d.]+|inf)) dB", log)]
    return min(ratios, default=None)


def silences_of_log(log: str, end: float) -> tuple[Stretch, ...]:
    """What silencedetect found; it may name the beginning alone of what lasts to the end."""
    starts = [max(float(at), 0.0) for at in re.findall(r"silence_start: (-?[\d.]+)", log)]
    ends = [float(at) for at in re.findall(r"silence_end: ([\d.]+)", log)]
    return tuple(zip_longest(starts, ends, fillvalue=end))


def highest(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> float | None:
    """The highest sample of a sound file in dBFS, of ``seconds`` from ``start`` on.

    The file begins again where it ends. None where nothing is in that part. Raises FfmpegError.
    """
    part = f"atrim=start={float(start):.6f}:end={float(start + seconds):.6f}"
    _, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-protocol_whitelist", "file", "-format_whitelist", SOUND_FORMATS,
            "-stream_loop", "-1", "-i", file_url(path), "-map", "0:a:0",
            "-af", f"{part},volumedetect", "-f", "null", "-",
        ),
        timeout=120,
    )  # fmt: skip
    match = re.search(r"max_volume: (-?[\d.]+) dB", log)
    return float(match[1]) if match else None


def length(program: Ffmpeg, path: Path, rate: int) -> int:
    """How many samples at ``rate`` all of a sound file has. Raises FfmpegError."""
    _, log = ffmpeg.ask(
        program,
        (
            *STRICT, "-protocol_whitelist", "file", "-format_whitelist", SOUND_FORMATS,
            "-i", file_url(path), "-map", "0:a:0",
            "-af", f"aresample={rate},aformat=channel_layouts=mono,volumedetect", "-f", "null", "-",
        ),
        timeout=120,
    )  # fmt: skip
    # A graph may be made twice before anything goes through it.
    return max(map(int, re.findall(r"n_samples: (\d+)", log)), default=0)


def loudness(program: Ffmpeg, path: Path) -> Loudness:
    """How loud the file at ``path`` is."""
    return metered(
        program,
        (
            *WHITELIST, "-i", file_url(path), "-map", "0:a:0",
            "-af", "ebur128=framelog=verbose:peak=true", "-f", "null", "-",
        ),
    )  # fmt: skip


def metered(program: Ffmpeg, arguments: Sequence[str]) -> Loudness:
    """What the loudness meter says that ``arguments`` end in."""
    _, log = ffmpeg.ask(program, arguments, timeout=600)
    return loudness_of_log(log)


def loudness_of_log(log: str) -> Loudness:
    """What ffmpeg's meter wrote at its end."""
    loud = re.findall(r"^\s+I:\s+(-?[\d.]+) LUFS", log, re.MULTILINE)
    peaks = re.findall(r"^\s+Peak:\s+(-?[\d.]+) dBFS", log, re.MULTILINE)
    # -70 is the gate: nothing louder was heard.
    loudness = Decimal(loud[-1]) if loud and float(loud[-1]) > -70 else None
    return Loudness(loudness, Decimal(peaks[-1]) if peaks else None)


def brightness(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> list[float]:
    """The mean luma of each frame from ``start`` seconds on, 0 to 255."""
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, *_part(start, seconds), "-i", file_url(path), "-map", "0:v:0",
            "-vf", f"scale={_SMALL}:{_SMALL}:flags=area,format=gray", "-f", "rawvideo", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return _means(out)


def timed(
    program: Ffmpeg, path: Path, containers: str, rate: Fraction, end: Fraction
) -> tuple[list[float], memoryview]:
    """Mean luma at ``rate`` and mono sound at 48 kHz of a video, by its own timestamps.

    Both count from the file's beginning, up to ``end`` seconds. Raises FfmpegError.
    """
    with TemporaryDirectory(prefix="wanx-timed-") as name:
        luma, sound = Path(name) / "luma", Path(name) / "sound"
        ffmpeg.run(
            program,
            (
                *STRICT, *BOUNDED, "-protocol_whitelist", "file", "-format_whitelist", containers,
                "-t", f"{float(end):.6f}", "-i", file_url(path),
                "-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-vf",
                f"fps={rate}:start_time=0,scale={_SMALL}:{_SMALL}:flags=area,format=gray",
                file_url(luma),
                "-map", "0:a:0", "-af", "aresample=48000:async=1:first_pts=0",
                "-ac", "1", "-ar", "48000", "-f", "s16le", file_url(sound),
            ),
        )  # fmt: skip
        return _means(luma.read_bytes()), shorts(sound.read_bytes())


_SMALL = 16


def _means(luma: bytes) -> list[float]:
    size = _SMALL * _SMALL
    return [sum(luma[at : at + size]) / size for at in range(0, len(luma) - size + 1, size)]


def shorts(data: bytes) -> memoryview:
    """Signed samples of 16 bits."""
    return memoryview(data[: len(data) // 2 * 2]).cast("h")


def luma(program: Ffmpeg, path: Path, start: Fraction, box: Box) -> bytes:
    """The luma, 0 to 255, of the first frame from ``start`` seconds on, within ``box``.

    Of a finished film, so in limited range. The plane is taken as it is: ffmpeg's own conversion
    to grey calculates some pixels of a strong colour by another matrix.
    """
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, "-ss", f"{float(start):.6f}", "-i", file_url(path),
            "-map", "0:v:0", "-frames:v", "1",
            "-vf", f"crop={box.width}:{box.height}:{box.x}:{box.y},format=yuv420p,extractplanes=y",
            "-f", "rawvideo", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return out.translate(_FULL_RANGE)


_FULL_RANGE = bytes(min(max(round((value - 16) * 255 / 219), 0), 255) for value in range(256))


def samples(program: Ffmpeg, path: Path, start: Fraction, seconds: Fraction) -> memoryview:
    """The sound from ``start`` seconds on, mono at 48 kHz, signed 16 bit."""
    out, _ = ffmpeg.ask(
        program,
        (
            *STRICT, *WHITELIST, *_part(start, seconds), "-i", file_url(path), "-map", "0:a:0",
            "-ac", "1", "-ar", "48000", "-f", "s16le", "-",
        ),
        timeout=120,
    )  # fmt: skip
    return shorts(out)


def _part(start: Fraction, seconds: Fraction) -> tuple[str, ...]:
    return "-ss", f"{float(start):.6f}", "-t", f"{float(seconds):.6f}"


def last_frame(program: Ffmpeg, clip: Path, frames: int, size: Size, target: Path) -> bool:
    """Have the last of the ``frames`` frames of ``clip`` as the PNG ``target``, ``size`` in pixels.

    It is made where there is none that is whole; the answer is whether a damaged one was replaced.
    Raises FfmpegError where the clip cannot be decoded, OSError where nothing can be written.
    """

    def arguments(part: Path) -> Sequence[str]:
        # Counted from the start, not sought: a seek lands on a guess.
        return (
            *STRICT, *WHITELIST, "-i", file_url(clip), "-map", "0:v:0",
            "-vf", f"select=eq(n\\,{frames - 1})", "-frames:v", "1",
            "-f", "image2", "-c:v", "png", "-update", "1", "-y", file_url(part),
        )  # fmt: skip

    return keep_frame(program, arguments, size, target)


def keep_frame(
    program: Ffmpeg, arguments: Callable[[Path], Sequence[str]], size: Size, target: Path
) -> bool:
    """Have a frame as the PNG ``target``; ``arguments`` are what makes ffmpeg write it.

    As ``last_frame``, for whatever video.
    """
    if kept_frame(target, size):
        return False
    was_damaged = target.exists()
    integrity.folder(target.parent)
    with files.part_of(target) as part:
        ffmpeg.run(program, arguments(part))
        value = _value(part.read_bytes())
        # Durable, for the bytes name what a chained shot is paid for.
        integrity.place(part, target, durable=True)
    with files.part_of(_value_beside(target)) as part:
        part.write_bytes(value)
        integrity.place(part, _value_beside(target), durable=True)
    return was_damaged


def kept_frame(path: Path, size: Size | None) -> bool:
    """Whether the PNG at ``path`` is the one that ``last_frame`` wrote; no clip is decoded.

    Its own checksums must be right and its hash the one beside it. Earlier versions wrote no hash:
    then the checksums decide. ``size``: in pixels, where it is known.
    """
    beside = _value_beside(path)
    try:
        data = path.read_bytes()
        value = beside.read_bytes() if os.path.lexists(beside) else None
    except OSError:
        return False
    is_same = value is None or value == _value(data)
    return is_same and _is_png(data, size)


def _value(data: bytes) -> bytes:
    return f"{files.sha256_of(data)}\n".encode()


def _value_beside(path: Path) -> Path:
    """Where the hash of a last frame is. Not in the PNG: its bytes are what a request is known by,
    and must stay what earlier versions wrote."""
    return path.with_suffix(".sha256")


_PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"  # what every PNG begins with


def _is_png(data: bytes, size: Size | None) -> bool:
    """Whether ``data`` is one PNG and nothing else, every checksum right. A bit breaks it."""
    at, kind = 8, b""
    while data.startswith(_PNG) and at + 12 <= len(data) and kind != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 8 + length
        if data[end : end + 4] != struct.pack(">I", zlib.crc32(data[at + 4 : end])):
            return False
        at = end + 4
    if kind != b"IEND" or at != len(data):
        return False
    return size is None or struct.unpack_from(">II", data, 16) == (size.width, size.height)


def first_frame(program: Ffmpeg, clip: Path) -> Image.Image:
    """The first frame of ``clip`` as sRGB, in square pixels and upright.

    A clip without a colour tag is read as BT.709. Raises FfmpegError where the clip has no picture
    or its first frame is damaged.
    """
    matrix = "bt709" if probe(program, clip).picture.colour == "unknown" else "auto"
    out, _ = ffmpeg.ask(
        program,
        (
            "-v", "error", "-threads", "1", *STRICT, *BOUNDED, *WHITELIST, "-i", file_url(clip),
            "-map", "0:v:0", "-vf", f"{_SQUARE_RGB}:in_color_matrix={matrix},format=rgb24",
            "-frames:v", "1", "-f", "image2pipe", "-c:v", "ppm", "-",
        ),
        timeout=120,
    )  # fmt: skip
    try:
        with Image.open(io.BytesIO(out), formats=("PPM",)) as frame:
            return frame.convert("RGB")
    except (OSError, ValueError) as error:
        message = tr(
            "cannot read the first frame of {file}: {reason}", file=clip.name, reason=str(error)
        )
        raise FfmpegError(message) from None


_SQUARE_RGB = "scale=w=trunc(iw*sar+0.5):h=ih:flags=bicubic+accurate_rnd+full_chroma_int"
