"""The only module that starts processes: finds an ffmpeg and runs it.

Argument lists only, never a shell; every path goes in behind ``file:``; nothing is judged by the
exit code alone.
"""

import ctypes
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic, listed
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.language import NOTHING, Message, tr, verbatim

# What every run may come to use. What only some lists need is in ``needs``.
ENCODERS = ("libx264", "aac", "pcm_s16le", "rawvideo", "wrapped_avframe", "png", "mjpeg", "ppm")
FILTERS = (
    "drawtext", "tpad", "adelay", "afade", "aformat", "alimiter", "aloop", "amix", "amultiply",
    "anullsrc", "apad", "aresample", "asdr", "asetpts", "asplit", "astats", "atrim", "blend",
    "boxblur", "bwdif", "color", "concat", "crop", "drawbox", "ebur128", "extractplanes", "fade",
    "format", "fps", "loop", "lutrgb", "lutyuv", "overlay", "pad", "pan", "scale", "select",
    "setparams", "setpts", "setsar", "silencedetect", "split", "tonemap", "trim", "volume",
    "volumedetect", "xfade", "zscale",
)  # fmt: skip
# Options, formats and bitstream filters of every run, each with an output that uses it, of two
# inputs: a picture and a sound. In one run they take 0.05 s.
_OUTPUTS: Mapping[str, tuple[str, ...]] = {
    "-fps_mode": ("-map", "0:v", "-fps_mode", "passthrough", "-f", "null", "-"),
    "setts": (
        "-map", "0:v", "-c:v", "libx264", "-bsf:v", "setts=pts=PTS:dts=DTS", "-f", "null", "-",
    ),
    "framehash": ("-map", "0:v", "-f", "framehash", "-hash", "md5", "pipe:1"),
    "tee": (
        "-map", "0:v", "-c:v", "libx264", "-flags", "+global_header", "-f", "tee",
        "[f=null:bsfs/v=filter_units=remove_types=7-8]-",
    ),
    "framecrc": ("-map", "0:v", "-flush_packets", "0", "-f", "framecrc", "pipe:2"),
    "mov": (
        "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-c:a", "pcm_s16le",
        "-movflags", "+frag_keyframe+empty_moov", "-f", "mov", "pipe:1",
    ),
    "avi": (
        "-map", "0:v", "-map", "1:a", "-c:v", "rawvideo", "-c:a", "pcm_s16le",
        "-f", "avi", "pipe:1",
    ),
    "-aac_coder": ("-map", "1:a", "-c:a", "aac", "-aac_coder", "fast", "-f", "null", "-"),
    "alimiter=latency": (
        "-map", "1:a", "-af", "alimiter=limit=0.9:level=0:latency=1", "-f", "null", "-",
    ),
    "amix=normalize": (
        "-filter_complex", "[1:a]asplit[a][b];[a][b]amix=inputs=2:normalize=0", "-f", "null", "-",
    ),
    "ebur128=framelog": (
        "-map", "1:a", "-af", "ebur128=framelog=verbose:peak=true", "-f", "null", "-",
    ),
}  # fmt: skip
_INPUTS = (
    "-v", "error", "-xerror", "-filter_threads", "1", "-filter_complex_threads", "1",
    "-max_pixels", "65536", "-f", "lavfi", "-i", "color=s=64x64:r=30:d=0.1,format=yuv420p",
    "-f", "lavfi", "-i", "anullsrc=r=48000:cl=stereo,atrim=end=0.1",
)  # fmt: skip
OLDEST = "5.1"

# Media from outside: no protocol but files, no container but mp4/mov (a playlist may name any
# file), and any damage is an error, which ffmpeg by itself passes over with exit code 0.
WHITELIST = ("-protocol_whitelist", "file", "-f", "mov")
# Containers that hold sound and cannot name other files, as a playlist could.
SOUND_FORMATS = "wav,w64,mp3,aac,flac,ogg,aiff,mov,matroska"
# What every picture here is, for the filter setparams, which tags without converting.
BT709 = {"range": "tv", "colorspace": "bt709", "color_primaries": "bt709", "color_trc": "bt709"}

STRICT = ("-xerror", "-err_detect", "explode")
# A few bytes may claim a picture that fills the memory: none larger than 8192 pixels square.
BOUNDED = ("-max_pixels", str(8192 * 8192))


@dataclass(frozen=True, slots=True)
class Ffmpeg:
    """A usable ffmpeg: where it is, what it calls itself, and its libavutil for comparing age.

    ``stamp`` of its file changes when another one is installed in its place.
    """

    path: Path
    version: str
    library: tuple[int, int, int]
    origin: str
    stamp: tuple[int, ...] = ()


def find(environ: Mapping[str, str]) -> Ffmpeg:
    """The ffmpeg to use: ``WANX_FFMPEG``, else the newer of PATH's and the wheel's.

    Raises BadInput where the chosen one does not run or lacks what every run may come to use.
    """
    choice = environ.get("WANX_FFMPEG")
    if choice:
        return _checked(_identify(Path(choice), "WANX_FFMPEG"))
    candidates = []
    on_path = shutil.which("ffmpeg", path=environ.get("PATH"))
    if on_path:
        candidates.append(_maybe(Path(on_path), "PATH"))
    candidates.append(_of_wheel())
    usable = [candidate for candidate in candidates if candidate]
    if not usable:
        raise _unusable(
            tr("no ffmpeg was found on PATH or in the imageio-ffmpeg package"),
            tr("install ffmpeg, or set WANX_FFMPEG to its path"),
        )
    # Where both are of one age, PATH comes first: sorting keeps the order of equals.
    usable.sort(key=lambda candidate: candidate.library, reverse=True)
    fit = next((candidate for candidate in usable if not _lacking(candidate)), usable[0])
    return _checked(fit)


def _of_wheel() -> Ffmpeg | None:
    try:
        import imageio_ffmpeg
    except ImportError:  # the emulator is also installed without it
        return None
    return _maybe(Path(imageio_ffmpeg.get_ffmpeg_exe()), "wheel")


def _maybe(path: Path, origin: str) -> Ffmpeg | None:
    try:
        return _identify(path, origin)
    except BadInput:
        return None


def _identify(path: Path, origin: str) -> Ffmpeg:
    try:
        status = path.stat()
    except OSError:
        return _identified(path, origin, ())  # which says what is wrong
    return _identified(path, origin, (status.st_ino, status.st_size, status.st_mtime_ns))


@cache
def _identified(path: Path, origin: str, stamp: tuple[int, ...]) -> Ffmpeg:
    try:
        text = _talk(path, "-version")
    except (OSError, subprocess.SubprocessError) as error:
        reason = getattr(error, "strerror", None) or tr("it does not answer to -version")
        message = tr(
            "cannot run the ffmpeg of {origin}, {path}: {reason}",
            origin=origin, path=str(path), reason=reason,
        )  # fmt: skip
        raise _unusable(message) from None
    first = re.match(r"ffmpeg version (\S+)", text)
    library = re.search(r"libavutil\s+(\d+)\.\s*(\d+)\.\s*(\d+)", text)
    if not first or not library:
        raise _unusable(tr("{path} of {origin} is not ffmpeg", path=str(path), origin=origin))
    numbers = (int(library[1]), int(library[2]), int(library[3]))
    return Ffmpeg(path, first[1], numbers, origin, stamp)


def _checked(program: Ffmpeg) -> Ffmpeg:
    lacking = _lacking(program)
    if not lacking:
        return program
    message = tr(
        "ffmpeg {version} of {origin}, {path}, lacks {features}",
        version=program.version, origin=program.origin, path=str(program.path),
        features=listed(lacking),
    )  # fmt: skip
    hint = tr("set WANX_FFMPEG to a full build of ffmpeg {version} or later", version=OLDEST)
    if program.origin == "WANX_FFMPEG":
        hint = tr(
            "set WANX_FFMPEG to a full build of ffmpeg {version} or later, "
            "or unset it to use the one of this program",
            version=OLDEST,
        )
    raise _unusable(message, hint)


@cache
def _lacking(program: Ffmpeg) -> tuple[Message, ...]:
    """What this ffmpeg lacks of what every run may come to use."""
    encoders, filters = (_listed(program, kind) for kind in ("encoder", "filter"))
    names = [tr("encoder {name}", name=name) for name in ENCODERS if name not in encoders]
    names += [tr("filter {name}", name=name) for name in FILTERS if name not in filters]
    if not names and _works(program, [word for output in _OUTPUTS.values() for word in output]):
        return ()
    # Where each works alone nothing is lacking: the machine was too busy, or ended the trial.
    names += [verbatim(name) for name, output in _OUTPUTS.items() if not _works(program, output)]
    return tuple(names)


def trial(program: Ffmpeg) -> Message:
    """Why a second of video with sound cannot be made, or nothing."""
    source = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=30:d=1,format=yuv420p")
    sound = ("-f", "lavfi", "-i", "sine=r=48000:d=1")
    with tempfile.TemporaryDirectory(prefix="wanx-trial-") as folder:
        target = Path(folder) / "trial.mp4"
        try:
            run(
                program,
                (*source, *sound, "-c:v", "libx264", "-c:a", "aac", file_url(target)),
                timeout=60,
            )
        except FfmpegError as error:
            return error.sentence
        except OSError as error:
            return verbatim(str(error))
        is_made = target.is_file() and target.stat().st_size > 1000
        return NOTHING if is_made else tr("it wrote nothing")


def _works(program: Ffmpeg, outputs: Sequence[str]) -> bool:
    try:
        ask(program, (*_INPUTS, *outputs), timeout=60)
    except (FfmpegError, OSError):
        return False
    return True


@cache
def _listed(program: Ffmpeg, kind: str) -> frozenset[str]:
    """The names of what an ffmpeg has of a kind: encoder, filter."""
    return frozenset(re.findall(r"^ \S+ (\S+)", _talk(program.path, f"-{kind}s"), re.MULTILINE))


def has_filter(program: Ffmpeg, name: str) -> bool:
    """Whether the filter was built into this ffmpeg."""
    return name in _listed(program, "filter")


@cache
def trouble_with(program: Ffmpeg, encoder: str, *options: str) -> Message:
    """Why the encoder cannot be used here, or nothing. One that is listed may lack its hardware."""
    if encoder not in _listed(program, "encoder"):
        return tr("this ffmpeg has no encoder {name}", name=encoder)
    source = "color=s=256x256:r=30:d=0.2,format=yuv420p"
    try:
        run(
            program,
            ("-f", "lavfi", "-i", source, "-c:v", encoder, *options, "-f", "null", "-"),
            timeout=30,
        )
    except FfmpegError as error:
        return error.sentence
    return NOTHING


def _talk(path: Path, question: str) -> str:
    process = subprocess.run(  # argument list, no shell
        [str(path), "-hide_banner", question],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=30,
        text=True,
        errors="replace",
    )
    return process.stdout


def _unusable(message: Message, hint: Message = NOTHING) -> BadInput:
    hint = hint or tr("set WANX_FFMPEG to a full build of ffmpeg, or unset it")
    return BadInput(Diagnostic("ffmpeg-unusable", message, hint=hint))


def file_url(path: Path) -> str:
    """``path`` as ffmpeg must be given it: a bare name may look like a protocol or an option."""
    return f"file:{path}"


def run(
    program: Ffmpeg, arguments: Sequence[str], *, timeout: float = 900, stdin: bytes | None = None
) -> str:
    """Run ffmpeg to its end and return its standard output; its log is kept for errors.

    Raises FfmpegError with ffmpeg's last words where it fails or takes longer than ``timeout``
    seconds.
    """
    return ask(program, ("-v", "error", *arguments), timeout, stdin)[0].decode("utf-8", "replace")


def ask(
    program: Ffmpeg, arguments: Sequence[str], timeout: float, stdin: bytes | None = None
) -> tuple[bytes, str]:
    """Run ffmpeg to its end: what it wrote on its standard output, and its log."""
    command = [*_mortal(), str(program.path), "-hide_banner", "-nostdin", *arguments]
    if stdin is not None:
        command.remove("-nostdin")
    try:
        process = subprocess.run(
            command,
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
            timeout=timeout,
            preexec_fn=None if _mortal() else _die_with_parent(),
        )
    except subprocess.TimeoutExpired:
        message = tr("ffmpeg took longer than {seconds:.0f} s and was stopped", seconds=timeout)
        raise FfmpegError(message) from None
    log = process.stderr.decode("utf-8", "replace")
    if process.returncode != 0:
        reason = _last_words(log, process.returncode)
        raise FfmpegError(tr("ffmpeg failed: {reason}", reason=reason))
    return process.stdout, log


@cache
def _mortal() -> tuple[str, ...]:
    """What to start ffmpeg with on Linux so that it dies with its parent.

    A tenth of the cost of doing it in Python, which must copy the whole process for it.
    """
    tool = shutil.which("setpriv") if sys.platform == "linux" else None
    if tool is None:
        return ()
    start = (tool, "--pdeathsig", "KILL")
    try:
        trial = subprocess.run((*start, tool, "--version"), capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return ()
    return start if trial.returncode == 0 else ()


@cache
def _die_with_parent() -> Callable[[], Any] | None:
    """On Linux a killed parent takes its ffmpeg along; elsewhere the part files are swept."""
    if sys.platform != "linux":
        return None
    set_death_signal = ctypes.CDLL(None).prctl
    return lambda: set_death_signal(1, signal.SIGKILL)


# What newer versions say of their own threads after they have said what is wrong.
_ECHOES = (
    "Task finished with", "Terminating thread", "Nothing was written into", "Error sending",
    "Error opening output file", "Error parsing options for output", "To ignore this, add",
)  # fmt: skip


_ORIGIN = re.compile(r"^(\[[^\]]* @ 0x[0-9a-f]+\] ?)+")  # which part of ffmpeg speaks


def _last_words(log: str, code: int) -> Message:
    lines = [_ORIGIN.sub("", line.strip()) for line in log.splitlines() if line.strip()]
    lines = [line for line in lines if not any(echo in line for echo in _ECHOES)] or lines
    causes = [line for line in lines if "max pixel count" in line][:1]  # said long before the end
    words = " / ".join(dict.fromkeys([*causes, *lines[-3:]]))
    return verbatim(words) if words else tr("it ended with code {code} without a word", code=code)
