"""Ten minutes of 66 mixed shots, finished and judged: `python -m tests.proofs.programme [SHOTS]`.

The whole program finishes them, as it would after paying: only what makes the mock's clips is
replaced, by the footage of tests/proofs/footage.py. Then its judges say where beeps and flashes
are, how loud the film is, whether cuts click, and which colours came out.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from tests.proofs.footage import KINDS, Kind, clicks, colour, decoded, loudness, make_clip, sync
from tests.support.places import ROOT
from wanx_render.backends import mock
from wanx_render.cli import main as command_line
from wanx_render.media import ffmpeg

SHOTS = 66
# Of the shots of one kind, in turn. A slower beep would be two for the judge: silence is slowed.
MOTIONS = {4: ({}, {"speed": 2}, {"hold": 1}), 5: ({}, {"speed": 0.5})}


def write_list(folder: Path, shots: int) -> Path:
    Image.new("RGB", (720, 1280), (90, 120, 200)).save(folder / "a.png")
    music = "+".join(f"0.05*sin(2*PI*{note}*t)" for note in (110, 165, 220))
    program = ffmpeg.find(dict(os.environ))
    ffmpeg.run(program, ("-f", "lavfi", "-i", f"aevalsrc='{music}|{music}':s=44100:d=17.3",
                         "-y", str(folder / "music.wav")))  # fmt: skip
    lines = ["version: 1", "project: programme", "budget: {max_cost: 100000 CNY}",
             "defaults: {model: wan2.5-i2v-preview, resolution: 480P}", "shots:"]  # fmt: skip
    for number in range(shots):
        seconds = 5 if number % 6 == 5 else 10
        fields: dict[str, Any] = {"id": f"s{number:02}", "image": "a.png", "duration": seconds,
                                  "prompt": f"programme {number}"}  # fmt: skip
        motions = MOTIONS.get(number % len(KINDS), ({},))
        fields |= motions[number // len(KINDS) % len(motions)]
        if number % 7 == 3 and number + 1 < shots:
            fields["transition"] = {"type": "dissolve", "duration": 0.4}
        lines.append(f"  - {json.dumps(fields)}")
    audio = "{music: {file: music.wav, gain: -6}, loudness: -16}"
    film = "name: film, aspect: 9:16, size: 270x480, fps: 30, quality: draft"
    lines += ["deliverables:", f"  - {{{film}, audio: {audio}}}"]
    path = folder / "list.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def judge(folder: Path, kinds: list[Kind]) -> None:
    manifest = json.loads((folder / "renders/programme/manifest.json").read_text(encoding="utf-8"))
    film = manifest["deliverables"][0]
    parts = film["parts"]
    result = decoded(folder / "renders/programme" / film["path"])
    starts = [part["start"] / 30 for part in parts]
    print(f"{len(parts)} shots, {film['duration']} s, {film['frames']} frames; checks all hold: "
          f"{all(check['holds'] for check in film['checks'])}")  # fmt: skip
    for notice in film["notices"]:
        print(f"  notice: {notice}")
    sync(result, starts, kinds)
    level, peak = loudness(result)
    print(f"loudness {level:.2f} LUFS (asked -16), true peak {peak:.2f} dBTP")
    soft = [part["shared"] for part in parts]
    cuts = [start for n, start in enumerate(starts[1:], 1) if not soft[n - 1]]
    loud = clicks(result.sound, cuts)
    print(f"{len(cuts)} hard cuts: above 8 kHz the worst stands {max(loud):+.1f} dB over the "
          "loudest beside it")  # fmt: skip
    worst = sorted(zip(loud, cuts, strict=True), reverse=True)[:3]
    print("  " + ", ".join(f"{db:+.1f} dB at {cut:.3f} s" for db, cut in worst))
    colour(result, starts, kinds)


def render(folder: Path) -> None:
    """Run the list of ``folder`` by this file's other half, in a process of its own."""
    with (folder / "log.txt").open("wb") as log:
        subprocess.run(
            (sys.executable, "-m", "tests.proofs.programme", "in", str(folder)),
            check=True, stdout=log, stderr=log,
            env={**os.environ, "PYTHONPATH": str(ROOT), "WANX_CLOCK_PACE": "1000"},
        )  # fmt: skip


def run(folder: Path) -> None:
    """The command line, in a process of its own, with other clips."""
    mock.make_clip = make_clip
    os.chdir(folder)
    sys.argv = ["wanx-render", "list.yaml", "--yes"]
    command_line()


def main(shots: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(os.environ.get("PROGRAMME_FOLDER", name))
        write_list(folder, shots)
        begun = time.monotonic()
        render(folder)
        print(f"rendered in {time.monotonic() - begun:.0f} s, clips made among it")
        judge(folder, [KINDS[n % len(KINDS)] for n in range(shots)])


if __name__ == "__main__":
    if sys.argv[1:2] == ["in"]:
        run(Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SHOTS)
