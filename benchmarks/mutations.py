"""What each check catches: `uv run python benchmarks/mutations.py [--old FOLDER]`.

A segment is made, and a film of it and another one, with one fault at one place: in the file right
behind the encoder, in the packets as the encoder gives them, in the cache, in the joined file. For
each fault the table says what noticed it, and where nothing did, whether the film is another than
without it. FOLDER is a clone of an earlier version with its own environment (`uv sync`); its column
is before ours.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from rows import Row

from tests.support import damage
from tests.support.places import ROOT
from wanx_render import integrity
from wanx_render.errors import WanxError
from wanx_render.finishing import jobs
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.segment import ClipMedia, Segment
from wanx_render.frame import Frame
from wanx_render.geometry import Focus, Size
from wanx_render.media import ffmpeg
from wanx_render.timing import Cut

FRAME = Frame(Size(90, 160), Fraction(30), "crop", "black")
MASTER = Frame(Size(90, 160), Fraction(30), "crop", "black", "master")
FRAMES = 60


@dataclass(frozen=True)
class Fault:
    """Where something goes wrong, and how."""

    where: str
    what: str
    change: damage.Damage | None = None
    packets: str = ""  # a bitstream filter behind the encoder
    frame: Frame = FRAME


def _sealed_again(change: damage.Damage) -> damage.Damage:
    """As if the file had been sealed with the fault in it."""

    def work(path: Path) -> None:
        path.write_bytes(path.read_bytes()[: -integrity.SEAL])
        change(path)
        integrity.seal(path, path.name)

    return work


def _other(path: Path) -> None:
    shutil.copyfile(path.with_name("one.mov"), path)


def _in_record(path: Path) -> None:
    damage.flip(path, path.read_bytes().rindex(b'"packets"') + 30)


PICTURES: dict[str, damage.Damage] = {
    "a bit of the head": damage.in_head,
    "a bit of a key frame, early": damage.in_packet(0, 0.1),
    "a bit of a key frame, late": damage.in_packet(0, 0.95),
    "a bit of frame 31, early": damage.in_packet(31, 0.1),
    "a bit of frame 31, late": damage.in_packet(31, 0.95),
    "two packets swapped": damage.rewritten(damage.swapped),
    "a packet repeated": damage.rewritten(damage.repeated),
    "a packet dropped": damage.rewritten(damage.dropped),
    "a bit of the sound": damage.in_sound,
    "cut off": damage.cut_off,
}
NOISE = "noise=amount=if(eq(n\\,{})\\,{}\\,0)"


def faults(clean: Path, film: Path) -> Iterator[Fault]:
    """All of them; boxes are those of the two files as they are without a fault."""
    for what, change in PICTURES.items():
        yield Fault("file behind the encoder", what, change)
    for what, change in _boxes(clean):
        yield Fault("file behind the encoder", what, change)
    for frame, name in ((FRAME, ""), (MASTER, ", master")):
        for number in (0, 31):
            for amount in (40, 300):
                noise = NOISE.format(number, amount)
                what = f"packet {number}, a byte in {amount} wrong{name}"
                yield Fault("packets from the encoder", what, packets=noise, frame=frame)
    yield Fault("packets from the encoder", "packet 31 dropped",
                packets="noise=amount=0:drop=eq(n\\,31)")  # fmt: skip
    cached = {**PICTURES, "a bit of the record": _in_record}
    for what, change in {**cached, "a segment of another list": _other}.items():
        yield Fault("segment in the cache", what, change)
    for what in ("a bit of the head", "a bit of frame 31, late", "a bit of a key frame, late"):
        yield Fault("segment in the cache, sealed again", what, _sealed_again(PICTURES[what]))
    for what, change in PICTURES.items():
        yield Fault("joined file", what, change)
    for what, change in _boxes(film):
        yield Fault("joined file", what, change)


def _boxes(path: Path) -> Iterator[tuple[str, damage.Damage]]:
    """A bit in the middle of each box but the one with the packets."""
    counts: dict[str, int] = {}
    for name, start, end in damage.boxes(path.read_bytes()):
        count = counts.get(name, 0)
        counts[name] = count + 1
        if name not in ("mdat", "skip", "free", "wide") and end > start:
            place = -((end - start) // 2) - 1 if end - start > 1 else -1
            yield f"a bit of {name} {count + 1}", damage.in_box(name, place, count)


class Wire:
    """Replaces ffmpeg and the reading of a film, and spoils what they are given."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.folder = Path()
        # Versions before this one read a short film when they verified it.
        self._is_earlier = not hasattr(jobs, "_read")
        self._name = "verify" if self._is_earlier else "_read"
        self._run, self._read = ffmpeg.run, vars(jobs)[self._name]
        ffmpeg.run = self.run  # type: ignore[assignment]
        vars(jobs)[self._name] = self.read

    def run(self, program: ffmpeg.Ffmpeg, arguments: Sequence[str], **more: float) -> str:
        words, fault = list(arguments), self.fault
        encodes = "libx264" in words
        if fault and encodes and fault.packets:
            at = words.index("libx264") + 1
            words[at:at] = ["-bsf:v", fault.packets]
        answer: str = self._run(program, words, **more)  # type: ignore[arg-type]
        if fault and fault.change and encodes and fault.where == "file behind the encoder":
            # Others are next to the file that is being written, with longer names.
            beside = [path for path in self.folder.iterdir() if path.name.startswith(".two")]
            fault.change(min(beside, key=lambda path: len(path.name)))
        return answer

    def read(self, *arguments: Any) -> object:
        if self.fault and self.fault.change and self.fault.where == "joined file":
            self.fault.change(arguments[1] if self._is_earlier else arguments[2].part)
        return self._read(*arguments)


def results() -> Iterator[tuple[str, str, str]]:
    """Where, what, and what came of it."""
    program, wire = ffmpeg.find(dict(os.environ)), Wire()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        clean = home / "clean"
        takes = [_clip(program, home / f"{n}.mp4", n) for n in ("one", "two")]
        films = {frame: _film(program, clean / frame.quality, takes, frame, None)
                 for frame in (FRAME, MASTER)}  # fmt: skip
        for number, fault in enumerate(faults(clean / "standard/two.mov", films[FRAME])):
            wire.fault, wire.folder = fault, home / str(number)
            try:
                film = _film(program, wire.folder, takes, fault.frame, fault)
            except WanxError as error:
                yield fault.where, fault.what, _short(str(error))
            else:
                same = film.read_bytes() == films[fault.frame].read_bytes()
                result = "harmless: the film is the same" if same else "NOTHING; another film"
                yield fault.where, fault.what, result
            wire.fault = None
            shutil.rmtree(wire.folder)


def _film(
    program: ffmpeg.Ffmpeg,
    folder: Path,
    takes: Sequence[ClipMedia],
    frame: Frame,
    fault: Fault | None,
) -> Path:
    """A film of two segments, of which the second has the fault if it is one of a segment."""
    folder.mkdir(parents=True)
    paths = [folder / f"{name}.mov" for name in ("one", "two")]
    whole = [Segment.whole(take, Cut(0, FRAMES), Focus(), frame) for take in takes]
    if fault:
        shutil.copyfile(folder.parent / "clean" / frame.quality / "one.mov", paths[0])
    else:
        make_segment(program, whole[0], paths[0])
    make_segment(program, whole[1], paths[1])
    if fault and fault.change and fault.where.startswith("segment"):
        fault.change(paths[1])
    call = JoinCall("film", tuple(paths), frame, 2 * FRAMES, folder / "film.mp4")
    make_deliverable(program, call)
    return call.target


def _clip(program: ffmpeg.Ffmpeg, path: Path, name: str) -> ClipMedia:
    source = "testsrc2" if name == "one" else "mandelbrot"
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", f"{source}=s=90x160:r=30", "-f", "lavfi", "-i", "sine=r=48000", "-t",
         "2", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mp4", "-y",
         str(path)),
    )  # fmt: skip
    return ClipMedia(path, name, FRAME.size, FRAME.rate, FRAMES, has_sound=True)


_CAUSES = {
    "failed its checks": "the film's checks",
    "changed in the cache": "the seal",
    "pictures in the file are not": "packets against the encoder's",
    "sound in the file is not": "sound against the encoder's",
    "is decoded as another picture": "decoded against encoded",
    "can be decoded": "frames that are missing",
    "ffmpeg failed": "decoder or demuxer",
}


def _short(message: str) -> str:
    cause = next((text for words, text in _CAUSES.items() if words in message), "")
    checks = message.partition("failed its checks: ")[2].split("; ")
    names = ", ".join(dict.fromkeys(check.partition(":")[0] for check in checks if check))
    return f"{cause}: {names}" if names else cause or message[:60]


def rows(whole: bool) -> Iterator[Row]:
    """By place: how many faults make another film that nothing notices."""
    del whole
    counts: dict[str, list[bool]] = {}
    for where, what, result in results():
        is_missed = "NOTHING" in result
        counts.setdefault(where, []).append(is_missed)
        if is_missed:
            print(f"not noticed: {where}, {what}", file=sys.stderr)
    for where, missed in counts.items():
        meaning = f"of {len(missed)} faults in the {where}, not noticed in a film that is another"
        yield Row(f"mutations/{where}", sum(missed), "", meaning)


def table(columns: Sequence[Sequence[tuple[str, str, str]]], names: Sequence[str]) -> str:
    """The results of versions beside each other."""
    head = ["where", "fault", *names]
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    for rows in zip(*columns, strict=True):
        (where, what, _), results = rows[0], [row[2] for row in rows]
        lines.append(f"| {where} | {what} | {' | '.join(results)} |")
    return "\n".join(lines)


def earlier(folder: Path) -> list[tuple[str, str, str]]:
    """The results of an earlier version, by this script and our faults."""
    with tempfile.TemporaryDirectory() as name:
        for room in (folder / "wanx_render", ROOT / "tests"):
            (Path(name) / room.name).symlink_to(room.resolve())
        answer = subprocess.run(
            (str(folder / ".venv/bin/python"), str(Path(__file__).resolve()), "--rows"),
            env={**os.environ, "PYTHONPATH": name}, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    return [(where, what, result) for where, what, result in json.loads(answer.stdout)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--old", type=Path, help="a clone of an earlier version")
    parser.add_argument("--rows", action="store_true", help="print results as JSON, nothing else")
    options = parser.parse_args()
    if options.rows:
        print(json.dumps(list(results())))
        return
    columns, names = [list(results())], ["now"]
    if options.old:
        columns.insert(0, earlier(options.old))
        names.insert(0, "before")
    print(table(columns, names))
    for name, rows in zip(names, columns, strict=True):
        missed = sum("NOTHING" in result for _, _, result in rows)
        print(f"\n{name}: {len(rows)} faults, {missed} not noticed in a film that is another")


if __name__ == "__main__":
    main()
