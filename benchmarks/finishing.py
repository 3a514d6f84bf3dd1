"""What finishing costs: `uv run python benchmarks/finishing.py [ROUNDS]`.

Three shots (24 and 30 fps, sound and silence) into three deliverables (crop 9:16 at 1080x1920, crop
3:4, blur 9:16), beside others on the same clips with the same x264 settings:
  floor    the already conformed raw frames, encoded with one thread each, and nothing else
  needed   the floor; each clip decoded once; the scaling; packets hashed, key frames decoded
  twice    what was needed until issue 24: as needed, but each finished frame decoded
  naive    the usual script: each clip scaled and encoded, the results joined and encoded again
  MoviePy  the same by MoviePy 2, in an environment of its own
Processor time is that of all child processes; ratios are of medians, taken turn by turn. Also what
is left to do when the last clip lands, or one caption of a hundred shots is changed; the memory of
that; where beeps are after a hundred joins, and how loud the whole is.
"""

import asyncio
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import cast

from rows import Row, in_turn

from wanx_render.errors import Broken
from wanx_render.finishing.codecs import ENCODERS, Encoder, encoding
from wanx_render.finishing.jobs import JoinCall, SegmentCall, make_segments
from wanx_render.finishing.join import Encoding, join_list, sound_arguments
from wanx_render.finishing.mix import NO_MIX, Level
from wanx_render.finishing.segment import ClipMedia, Segment, pieces_arguments
from wanx_render.frame import Codec, Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import decoding, ffmpeg
from wanx_render.timing import Cut

FRAMES = (
    Frame(Size(1080, 1920), Fraction(30), "crop", "black"),
    Frame(Size(810, 1080), Fraction(30), "crop", "black"),
    Frame(Size(828, 1472), Fraction(30), "blur", "black"),
)
SHOTS = ((24, Size(816, 1104), True), (30, Size(816, 1104), False), (30, Size(1104, 816), True))
SECONDS = 2
SETTINGS = {"veryfast": ("veryfast", 18), "medium": ("medium", 20)}
TAGS = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
MOVIEPY = ("uv", "run", "--isolated", "--no-project", "--quiet", "--with", "moviepy==2.2.1")


@dataclass(frozen=True)
class Studio:
    """An ffmpeg, clips, and a folder to work in."""

    program: ffmpeg.Ffmpeg
    takes: tuple[ClipMedia, ...]
    folder: Path

    def run(self, *arguments: str) -> None:
        ffmpeg.run(self.program, arguments)

    def segment(self, f: int, t: int) -> Path:
        return self.folder / f"seg{f}-{t}.mov"


@contextmanager
def settings(name: str) -> Iterator[None]:
    """Let quality ``standard`` mean a preset and a factor for a while."""
    encoders = cast("dict[Codec, Encoder]", ENCODERS)
    before = encoders["h264"]
    preset, crf = SETTINGS[name]
    encoders["h264"] = replace(
        before, qualities={**before.qualities, "standard": {"preset": preset, "crf": crf}}
    )
    try:
        yield
    finally:
        encoders["h264"] = before


def make_clips(program: ffmpeg.Ffmpeg, folder: Path) -> tuple[ClipMedia, ...]:
    made = []
    for number, (rate, size, sound) in enumerate(SHOTS):
        path = folder / f"clip{number}.mp4"
        picture = f"mandelbrot=s={size}:r={rate}:start_scale=0.4,noise=alls=6:allf=t"
        heard = ("-f", "lavfi", "-i", "sine=r=48000") if sound else ()
        ffmpeg.run(
            program,
            ("-f", "lavfi", "-i", picture, *heard, "-t", str(SECONDS), "-c:v", "libx264",
             "-crf", "20", "-pix_fmt", "yuv420p", "-c:a", "aac", "-y", str(path)),
        )  # fmt: skip
        made.append(ClipMedia(path, str(number), size, Fraction(rate), rate * SECONDS, sound))
    return tuple(made)


def usage() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Processor seconds of all processes that ``work`` starts, and seconds by the wall."""
    before, began = usage(), time.monotonic()
    work()
    return usage() - before, time.monotonic() - began


# -- the reference list ----------------------------------------------------------------------------


def pieces(studio: Studio, t: int) -> list[tuple[Segment, Path]]:
    """What is made of one clip."""
    take = studio.takes[t]
    return [
        (Segment.whole(take, Cut(0, take.frames), Focus(), frame), studio.segment(f, t))
        for f, frame in enumerate(FRAMES)
    ]


def call(studio: Studio, f: int) -> JoinCall:
    shots = range(len(studio.takes))
    frames = sum(pieces(studio, t)[f][0].frames for t in shots)
    segments = tuple(studio.segment(f, t) for t in shots)
    return JoinCall(f"out{f}", segments, FRAMES[f], frames, studio.folder / f"out{f}.mp4")


def in_pool(work: Callable[[int], object], numbers: range) -> None:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, numbers))


def ours(studio: Studio) -> None:
    """Everything a run does, with every check, posters and contact sheets; from nothing."""
    shutil.rmtree(studio.folder / "run", ignore_errors=True)
    reference(studio).finish(last_alone=False)


def unchecked(studio: Studio) -> None:
    """The same files, and nothing of them decoded."""
    in_pool(lambda t: studio.run(*pieces_arguments(pieces(studio, t))), range(len(studio.takes)))
    in_pool(lambda f: joined(studio, f), range(len(FRAMES)))


def joined(studio: Studio, f: int) -> None:
    wanted = call(studio, f)
    listing = studio.folder / f"list{f}.ffconcat"
    listing.write_bytes(join_list(wanted.segments))
    sound = studio.folder / f"sound{f}.mov"
    beside = Encoding(sound, sound.with_suffix(".wav"))
    studio.run(*sound_arguments(listing, beside, NO_MIX, wanted.samples, Level()))
    studio.run(
        "-f", "concat", "-safe", "0", "-i", str(listing), "-i", str(sound), "-map", "0:v",
        "-map", "1:a", "-c", "copy", "-movflags", "+faststart", "-y", str(wanted.target),
    )  # fmt: skip


def raw(studio: Studio, f: int, t: int) -> Path:
    return studio.folder / f"raw{f}-{t}.yuv"


def make_raw(studio: Studio) -> None:
    """The frames as the encoder is given them."""
    for t in range(len(studio.takes)):
        for f, (piece, target) in enumerate(pieces(studio, t)):
            arguments = pieces_arguments([(piece, target)])
            at = arguments.index("-filter_complex")
            graph, label = arguments[: at + 2], arguments[at + 3]
            studio.run(
                *silent(graph), "-map", label, "-f", "rawvideo", "-y", str(raw(studio, f, t))
            )


def silent(arguments: list[str]) -> list[str]:
    """The same graph without its sound."""
    *head, graph = arguments
    kept = [part for part in graph.split(";") if not re.search(r"\[\d+:a\]|aresample|atrim", part)]
    kept = [part for part in kept if not re.search(r"aformat|apad|asetpts|afade|asplit", part)]
    return [*head, ";".join(kept)]


def floor(studio: Studio) -> None:
    def encode(number: int) -> None:
        f, t = divmod(number, len(studio.takes))
        frame = FRAMES[f]
        options = [
            word
            for name, value in encoding(frame).items()
            if name not in ("c:a", "map_metadata", "f")
            for word in (f"-{name}", str(value))
        ]
        source = raw(studio, f, t)
        studio.run(
            "-f", "rawvideo", "-s", str(frame.size), "-r", str(frame.rate), "-i", str(source),
            *options, "-f", "mov", "-y", str(source.with_suffix(".mov")),
        )  # fmt: skip

    in_pool(encode, range(len(FRAMES) * len(studio.takes)))


def needed(studio: Studio) -> None:
    """What no arrangement can save beside the floor: decoding, scaling, and a look at the result.

    That is a hash of its packets, and its key frames decoded.
    """
    checked(studio, lambda path: (
        ("-i", path, "-map", "0:v", "-c", "copy", "-f", "hash", "-"),
        ("-skip_frame", "nokey", "-threads", "1", "-i", path, "-map", "0:v", "-f", "null", "-"),
    ))  # fmt: skip


def twice(studio: Studio) -> None:
    """What was needed while every finished frame was decoded."""
    checked(studio, lambda path: (
        ("-threads", "1", "-i", path, "-map", "0:v", "-f", "null", "-"),
    ))  # fmt: skip


def checked(studio: Studio, looks: Callable[[str], tuple[tuple[str, ...], ...]]) -> None:
    """Decode and scale each clip, and look at each of its segments."""

    def shot(t: int) -> None:
        arguments = pieces_arguments(pieces(studio, t))
        at = arguments.index("-filter_complex")
        graph, rest = silent(arguments[: at + 2]), arguments[at + 2 :]
        labels = [rest[n + 1] for n, word in enumerate(rest) if word == "-map"][::2]
        outputs = [word for label in labels for word in ("-map", label, "-f", "null", "-")]
        studio.run(*graph, *outputs)
        for f in range(len(FRAMES)):
            for look in looks(str(studio.segment(f, t))):
                studio.run(*look)

    in_pool(shot, range(len(studio.takes)))


def naive_fit(frame: Frame) -> str:
    size = frame.size
    fit = f"scale={size.width}:{size.height}:force_original_aspect_ratio=increase,"
    return fit + f"crop={size.width}:{size.height},setsar=1,fps=30,format=yuv420p"


def naive(studio: Studio, setting: str) -> None:
    preset, crf = SETTINGS[setting]
    video = ("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-c:a", "aac")
    for f, frame in enumerate(FRAMES):
        names = []
        for t, take in enumerate(studio.takes):
            names.append(studio.folder / f"naive{f}-{t}.mp4")
            heard = () if take.has_sound else ("-f", "lavfi", "-i", "anullsrc=r=48000")
            studio.run(
                "-i", str(take.path), *heard, "-vf", naive_fit(frame), *video, "-ac", "2",
                "-shortest", "-y", str(names[-1]),
            )  # fmt: skip
        listing = studio.folder / f"naive{f}.txt"
        listing.write_text("".join(f"file '{name.name}'\n" for name in names))
        out = str(studio.folder / f"naive{f}.mp4")
        studio.run("-f", "concat", "-i", str(listing), *video, "-y", out)


def moviepy(studio: Studio, setting: str) -> None:
    preset, crf = SETTINGS[setting]
    settings = {
        "clips": [str(take.path) for take in studio.takes],
        "preset": preset,
        "crf": crf,
        "frames": [
            {
                "size": [frame.size.width, frame.size.height],
                "fit": frame.fit,
                "fps": int(frame.rate),
                "target": str(studio.folder / f"moviepy{f}.mp4"),
            }
            for f, frame in enumerate(FRAMES)
        ],
    }
    script = Path(__file__).with_name("beside_moviepy.py")
    given = {**os.environ, "FFMPEG_BINARY": str(studio.program.path)}
    subprocess.run(
        (*MOVIEPY, "python", str(script)),
        input=json.dumps(settings), text=True, check=True, env=given, stdout=subprocess.DEVNULL,
    )  # fmt: skip


# -- quality ---------------------------------------------------------------------------------------


def quality(studio: Studio, made: Path, source: tuple[str, ...], fit: str) -> str:
    """SSIM and VMAF of the first shot against its frames by the same filters, never encoded."""
    frames = int(SECONDS * 30)
    alike = f"{TAGS},setpts=N/30/TB,trim=end_frame={frames},format=yuv420p,split"
    graph = (
        f"[0:v]{alike}[a][b];[1:v]{fit}{alike}[c][d];[a][c]ssim[x];"
        "[b][d]libvmaf=n_subsample=3:n_threads=1[y]"
    )
    done = subprocess.run(
        (str(studio.program.path), "-hide_banner", "-nostdin", "-i", str(made), *source,
         "-filter_complex", graph, "-map", "[x]", "-f", "null", "-", "-map", "[y]",
         "-f", "null", "-"),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ssim = re.search(r"SSIM Y:([\d.]+)", done.stderr)
    vmaf = re.search(r"VMAF score: ([\d.]+)", done.stderr)
    size = made.stat().st_size / 1e6
    return f"SSIM {ssim[1] if ssim else '?'}   VMAF {vmaf[1] if vmaf else '?'}   {size:.2f} MB"


def qualities(studio: Studio) -> None:
    size = str(FRAMES[0].size)
    given = ("-f", "rawvideo", "-s", size, "-r", "30", "-i", str(raw(studio, 0, 0)))
    print("  ours     " + quality(studio, studio.folder / "run" / "out0.mp4", given, ""))
    clip = ("-i", str(studio.takes[0].path))
    fit = naive_fit(FRAMES[0]) + ","
    print("  naive    " + quality(studio, studio.folder / "naive0.mp4", clip, fit))


def medians(studio: Studio, setting: str, rounds: int) -> tuple[dict[str, float], ...]:
    """Processor seconds and seconds by the wall of each way, taken turn by turn."""
    works: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(studio),
        "unchecked": lambda: unchecked(studio),
        "floor": lambda: floor(studio),
        "needed": lambda: needed(studio),
        "twice": lambda: twice(studio),
    }
    if setting == "veryfast":
        works["naive"] = lambda: naive(studio, setting)
        works["MoviePy"] = lambda: moviepy(studio, setting)
    taken = in_turn({name: partial(measured, work) for name, work in works.items()}, rounds)
    cpu = {name: statistics.median(c for c, _ in row) for name, row in taken.items()}
    wall = {name: statistics.median(w for _, w in row) for name, row in taken.items()}
    for name in ("needed", "twice"):
        cpu[name] += cpu["floor"]
    return cpu, wall


def table(studio: Studio, setting: str, rounds: int) -> None:
    cpu, wall = medians(studio, setting, rounds)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"\n{setting}: three shots of {SECONDS} s into three deliverables, load {load:.1f}")
    for name in cpu:
        print(
            f"  {name:10} cpu {cpu[name]:7.2f} s   ours/{name} {cpu['ours'] / cpu[name]:5.3f}"
            f"   unchecked/{name} {cpu['unchecked'] / cpu[name]:5.3f}"
            + ("" if name in ("needed", "twice") else f"   wall/cpu {wall[name] / cpu[name]:5.2f}")
        )


MEANINGS = {
    "floor": "ours / the finished frames encoded and nothing else",
    "needed": "ours / clip decode, scale, encode, packets hashed, key frames decoded",
    "twice": "ours / the same with every finished frame decoded, as needed until issue 24",
    "naive": "ours / each clip encoded, then the whole once more, by ffmpeg alone",
    "MoviePy": "ours / MoviePy 2 with the same encoder settings",
}


def rows(whole: bool) -> Iterator[Row]:
    """Processor time of three shots in three deliverables as ratios, in one run."""
    program = ffmpeg.find(dict(os.environ))
    subprocess.run((*MOVIEPY, "python", "-c", "import moviepy"), check=True)
    with tempfile.TemporaryDirectory() as name:
        studio = Studio(program, make_clips(program, Path(name)), Path(name))
        make_raw(studio)
        for setting in SETTINGS if whole else ("veryfast",):
            with settings(setting):
                cpu, _ = medians(studio, setting, 3 if whole else 1)
            for way, meaning in MEANINGS.items():
                if way in cpu:
                    label = f"finishing/{way} {setting}"
                    yield Row(label, cpu["ours"] / cpu[way], "", meaning)
    if whole:
        yield from caption_change(program)


def caption_change(program: ffmpeg.Ffmpeg) -> Iterator[Row]:
    """What one changed caption of a hundred shots costs, as a share of all."""
    with tempfile.TemporaryDirectory() as name:
        first = many(program, Path(name), 100).finish(last_alone=False)
        again = many(program, Path(name), 100, caption="another word").finish(last_alone=False)
        cost, all_of_it = (sum(cpu for cpu, _ in both) for both in (again, first))
    yield Row("finishing/caption", cost / all_of_it, "", "one caption of 100 shots changed / all")


# -- lists of shots -------------------------------------------------------------------------------

HEAD = """\
version: 1
project: many
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
deliverables:
"""
SMALL = """\
  - {aspect: 9:16, size: 180x320, fps: 30}
  - {aspect: 3:4, size: 180x240, fps: 30}
  - {name: blur, aspect: 9:16, size: 180x320, fps: 30, fit: blur}
"""


def small_clip(program: ffmpeg.Ffmpeg, clip: Path) -> None:
    """A clip with sound that costs something to encode."""
    picture, sound = f"testsrc2=s=240x320:r=30:d={SECONDS}", "anoisesrc=c=pink:a=0.2:r=48000"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, "-shortest", "-c:v", "libx264",
         "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", "-y", str(clip)),
    )  # fmt: skip


def many(program: ffmpeg.Ffmpeg, folder: Path, shots: int, caption: str = "") -> "Listed":
    """A list of many shots, all of one small clip that counts as another each time."""
    clip = folder / "clip.mp4"
    if not clip.exists():
        small_clip(program, clip)
    takes = [
        ClipMedia(clip, f"{n:064x}", Size(240, 320), Fraction(30), 30 * SECONDS, True)
        for n in range(shots)
    ]
    return Listed(program, folder, SMALL, takes, caption)


def reference(studio: Studio) -> "Listed":
    """The three shots and deliverables that the others make too."""
    folder = studio.folder / "run"
    folder.mkdir()
    deliverables = "".join(
        f"  - {{name: out{n}, aspect: {frame.size.width}:{frame.size.height}, size: {frame.size}, "
        f"fps: 30, fit: {frame.fit}}}\n"
        for n, frame in enumerate(FRAMES)
    )
    return Listed(studio.program, folder, deliverables, list(studio.takes), "")


class Listed:
    """A list whose clips are there already: what finishing it costs."""

    def __init__(
        self,
        program: ffmpeg.Ffmpeg,
        folder: Path,
        frames: str,
        takes: list[ClipMedia],
        caption: str,
    ) -> None:
        from wanx_render.catalog.capabilities import packaged
        from wanx_render.planning import plan
        from wanx_render.validation.load import load
        from wanx_render.workers.base import LocalWorkers

        self.folder, self.program, self.takes, self.bench = folder, program, takes, LocalWorkers
        picture = str(folder / "a.png")
        ffmpeg.run(
            program, ("-f", "lavfi", "-i", "color=s=300x400", "-frames:v", "1", "-y", picture)
        )
        text = HEAD + frames + "shots:\n" + "".join(
            f"  - {{id: s{n}, image: a.png, prompt: p{n}, trim: {{end: {SECONDS}}}"
            + (f", caption: {caption}" if caption and n == len(takes) // 2 else "") + "}\n"
            for n in range(len(takes))
        )  # fmt: skip
        (folder / "list.yaml").write_text(text)
        loaded = load(folder / "list.yaml", packaged())
        self.plan = plan.make(loaded.shots, "mock", loaded.media, packaged())

    def finish(self, last_alone: bool) -> tuple[tuple[float, float], tuple[float, float]]:
        """Cost of everything before the last clip lands, and from then on."""
        from wanx_render.run.finisher import Finisher

        costs = []

        async def work() -> None:
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                bench = self.bench(self.program, pool, self.folder)
                finisher = Finisher(self.plan, bench, self.folder, lambda _: None)
                before, began = usage(), time.monotonic()
                pairs = list(zip(self.plan.shots, self.takes, strict=True))
                for pair in pairs[:-1]:
                    finisher.clip_landed(*pair)
                if last_alone:
                    await finisher.settle()
                costs.append((usage() - before, time.monotonic() - began))
                before, began = usage(), time.monotonic()
                finisher.clip_landed(*pairs[-1])
                broken = [x for x in await finisher.finish({}) if isinstance(x, Broken)]
                if broken:
                    raise SystemExit(str(broken[0]))
                costs.append((usage() - before, time.monotonic() - began))

        asyncio.run(work())
        return costs[0], costs[1]

    def last_conform(self) -> tuple[float, float]:
        """Cost of one clip's own segments."""
        spare = self.folder / "spare"
        spare.mkdir(exist_ok=True)
        take = self.takes[-1]
        calls = tuple(
            SegmentCall(Segment.whole(take, Cut(0, take.frames), Focus(),
                                      Frame(target.size, Fraction(30), target.fit, "black")),
                        spare / f"{n}.mov")
            for n, target in enumerate(self.plan.deliverables) if target.size
        )  # fmt: skip
        return measured(lambda: make_segments(self.program, calls))


@contextmanager
def watched() -> Iterator[Callable[[], str]]:
    """The most memory that this process and the largest ffmpeg below it have taken, in MiB."""
    stop, largest = threading.Event(), [0]

    def look() -> None:
        while not stop.wait(0.02):
            for task in Path("/proc").glob("[0-9]*"):
                with suppress(OSError):
                    status = (task / "status").read_text()
                    found = re.search(r"VmHWM:\s+(\d+)", status)
                    if found and status.startswith("Name:\tffmpeg"):
                        largest[0] = max(largest[0], int(found[1]))

    def highest() -> str:
        mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return f"this process {mine // 1024} MiB, the largest ffmpeg {largest[0] // 1024} MiB"

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield highest
    finally:
        stop.set()
        looking.join()


def after_last(program: ffmpeg.Ffmpeg, shots: int) -> None:
    with tempfile.TemporaryDirectory() as name, watched() as memory:
        some = many(program, Path(name), shots)
        before, last = some.finish(last_alone=True)
        conform = some.last_conform()
        print(
            f"  {shots:3} shots of {SECONDS} s: after the last clip {last[1]:5.2f} s wall, "
            f"{last[0]:5.2f} s cpu; its conform {conform[1]:5.2f} s wall, {conform[0]:5.2f} s cpu; "
            f"all before {before[0]:6.2f} s cpu"
        )
        print(f"      most memory: {memory()}")
        if shots != 100:
            return
        changed = many(program, Path(name), shots, caption="another word")
        again = changed.finish(last_alone=False)
        cost, whole = sum(c for c, _ in again), before[0] + last[0]
        print(f"  one caption of {shots} changed: {cost:.2f} s cpu, {cost / whole:.3f} of all")


JOINS = 100
AS_IT_IS = "  - {name: plain, aspect: 9:16, size: 90x160, fps: 30}\n"
LEVELLED = "  - {name: levelled, aspect: 9:16, size: 90x160, fps: 30, audio: {loudness: -16}}\n"


def sound(program: ffmpeg.Ffmpeg) -> None:
    """Where a beep of the first, middle and last of many shots is heard; loudness before, after."""
    with tempfile.TemporaryDirectory() as name:
        folder, frames = Path(name), 30 * SECONDS
        beep = "aevalsrc=0.2*sin(2*PI*1000*t)*between(t\\,1\\,1.2)+0.002*random(0):s=48000"
        for rate, clip in ((30, folder / "30.mp4"), (24, folder / "24.mp4")):
            ffmpeg.run(
                program,
                ("-f", "lavfi", "-i", f"testsrc2=s=240x320:r={rate}", "-f", "lavfi", "-i", beep,
                 "-t", str(SECONDS), "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac",
                 str(clip)),
            )  # fmt: skip
        takes = [
            ClipMedia(folder / f"{rate}.mp4", f"{n:064x}", Size(240, 320), Fraction(rate),
                 rate * SECONDS, True)
            for n in range(JOINS) for rate in ((30, 24)[n % 2],)
        ]  # fmt: skip
        Listed(program, folder, AS_IT_IS + LEVELLED, takes, "").finish(last_alone=False)
        plain, levelled = folder / "plain.mp4", folder / "levelled.mp4"
        late = []
        for shot in (0, JOINS // 2, JOINS - 1):
            start = Fraction(shot * frames, 30) + 1 - Fraction(1, 20)
            heard = decoding.samples(program, plain, start, Fraction(1, 5))
            first = next(n for n, sample in enumerate(heard) if abs(sample) > 2000)
            late.append(f"{first / 48 - 50:+.2f} ms")
        before, after = (decoding.loudness(program, path) for path in (plain, levelled))
        print(f"\nsound: {JOINS} shots of 30 and 24 fps in turn, joined")
        print(
            f"  a beep of the first, the {JOINS // 2 + 1}st, the last is off by " + ", ".join(late)
        )
        print(f"  loudness {before.integrated} LUFS, peak {before.peak} dBTP; levelled to -16: "
              f"{after.integrated} LUFS, peak {after.peak} dBTP")  # fmt: skip


def main(rounds: int) -> None:
    program = ffmpeg.find(dict(os.environ))
    print(f"ffmpeg {program.version}, {os.cpu_count()} cores, medians of {rounds}")
    print("\nsmall deliverables (180x320, 180x240, blur), with sound")
    for shots in (3, 100, 300):
        after_last(program, shots)
    sound(program)
    subprocess.run((*MOVIEPY, "python", "-c", "import moviepy"), check=True)
    with tempfile.TemporaryDirectory() as name:
        studio = Studio(program, make_clips(program, Path(name)), Path(name))
        make_raw(studio)
        for setting in SETTINGS:
            with settings(setting):
                table(studio, setting, rounds)
                if setting == "veryfast":
                    print("quality of the first shot at 1080x1920, against its own frames")
                    qualities(studio)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
