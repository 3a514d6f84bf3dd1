"""Marks of takes in a run: planted faults are marked, their twins are not, and ``pick: auto``."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests.marks import planted
from tests.marks.planted import Cutter
from tests.support.contexts import run_context
from tests.support.virtual import ManualClock
from wanx_render.backends.base import Succeeded
from wanx_render.backends.mock import MockBackend
from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import Broken
from wanx_render.events import Event
from wanx_render.manifest import Manifest, MarkRecord, TakeRecord
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.retakes import picked_automatically
from wanx_render.run.clips.judge import JudgeCommand, marks_of
from wanx_render.run.clips.take_marks import counts
from wanx_render.run.orchestrator import render
from wanx_render.task import ClipPart, InputMedia, TaskRequest
from wanx_render.validation.load import load


class Planted(MockBackend):
    """The mock, whose clips were made before: by the prompt, or by prompt and take."""

    clips: Mapping[str, Path]

    async def download(self, task: Succeeded, target: Path) -> None:
        accepted = self._simulator.task("local", task.task_id)
        assert accepted
        number = self._labels[task.task_id].rpartition(" ")[2]
        prompt = accepted.request.prompt
        shutil.copyfile(self.clips.get(f"{prompt} {number}") or self.clips[prompt], target)


@dataclass
class Bench:
    """A folder with a list, and runs of it with clips that were made before."""

    folder: Path
    catalog: Catalog
    program: ffmpeg.Ffmpeg
    pool: ThreadPoolExecutor
    clips: dict[str, Path] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    clock: ManualClock = field(default_factory=ManualClock)

    @property
    def cutter(self) -> Cutter:
        return Cutter(self.program, self.folder)

    def write(self, shots: str, defaults: str = "") -> None:
        planted.first_frame(1).save(self.folder / "one.png")
        planted.first_frame(2).save(self.folder / "two.png")
        head = "version: 1\nproject: marked\n"
        words = f"defaults: {{model: wan2.5-i2v-preview, image: one.png, duration: 5{defaults}}}\n"
        text = f"{head}{words}shots:\n{shots}deliverables: [9:16]\n"
        (self.folder / "list.yaml").write_text(text)

    def run(
        self, judge: JudgeCommand | None = None, rejected: Mapping[str, Any] | None = None
    ) -> Manifest:
        self.events.clear()
        loaded = load(self.folder / "list.yaml", self.catalog)
        target = self.folder / "out"
        target.mkdir(exist_ok=True)
        journal = Journal(target / "journal.sqlite")
        simulator = Simulator(self.catalog, self.clock.now, seed=journal.attempts())
        backend = Planted(simulator, self.catalog, self.program, self.pool, target / "service.json")
        backend.clips = self.clips
        made = plan.make(loaded.shots, "mock", loaded.media, self.catalog)
        made = picked_automatically(made, Origins(journal, target), rejected or {}, cascade=True)
        context = run_context(
            plan=replace(made, deliverables=()), backend=backend, journal=journal,
            catalog=self.catalog, program=self.program, executor=self.pool, clock=self.clock,
            wall=self.clock, folder=target, emit=self.events.append,
        )  # fmt: skip
        try:
            return asyncio.run(render(replace(context, judge=judge), "test"))
        finally:
            journal.close()

    @property
    def warnings(self) -> list[str]:
        return [f"{e.shot} {e.text}" for e in self.events if e.kind == "warning"]


@pytest.fixture
def bench(tmp_path: Path, catalog: Catalog, program: ffmpeg.Ffmpeg) -> Iterator[Bench]:
    with ThreadPoolExecutor(2) as pool:
        yield Bench(tmp_path, catalog, program, pool)


def takes(manifest: Manifest) -> dict[str, TakeRecord]:
    return {shot.id: shot.takes[0] for shot in manifest.shots}


# Each planted fault: the kind of its mark, how its clip is made, and what its shot asks for.
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "other": ("unlike", {"seed": 2}, ""),
    "still": ("frozen", {"graph": planted.FREEZE}, ""),
    "grainy": ("frozen", {"graph": planted.GRAINY_FREEZE}, ""),
    "hard": ("cut", {"graph": planted.CUT, "second": 2}, ""),
    "fast": ("flicker", {"graph": planted.FLICKER}, ""),
    "slow": ("flicker", {"graph": planted.SLOW_FLICKER}, ""),
    "bars": ("border", {"graph": planted.BARS}, ""),
    "sliver": ("border", {"graph": planted.SLIVER}, ""),
    "mute": ("silent", {}, "audio: auto, "),
    "gap": ("silent", {"sound": planted.GAP}, "audio: auto, "),
    "cropped": ("clipped", {"sound": planted.CLIPPED}, "audio: auto, "),
}
CLEAN: dict[str, tuple[dict[str, Any], str]] = {
    "calm": ({}, "audio: silent, "),
    "dissolve": ({"graph": planted.DISSOLVE, "second": 2}, ""),
    "flash": ({"graph": planted.FLASH}, ""),
    "heard": ({"sound": planted.NOISE}, "audio: auto, "),
    "loud": ({"sound": planted.LOUD}, "audio: auto, "),
    "unheard": ({"sound": planted.CLIPPED}, "audio: silent, "),
}


@pytest.mark.proof
def test_a_list_with_planted_faults_has_each_of_them_marked_and_no_clean_twin(
    bench: Bench,
) -> None:
    asked = {name: words for name, (_, _, words) in FAULTS.items()}
    asked |= {name: words for name, (_, words) in CLEAN.items()}
    recipes = {name: recipe for name, (_, recipe, _) in FAULTS.items()}
    recipes |= {name: recipe for name, (recipe, _) in CLEAN.items()}
    bench.clips = {name: bench.cutter.clip(name, **recipe) for name, recipe in recipes.items()}
    bench.write(
        "".join(f"  - {{id: {n}, {words}prompt: {n}}}\n" for n, words in asked.items()),
        ", audio: silent",
    )
    manifest = bench.run()
    kinds = {name: {mark.kind for mark in take.marks} for name, take in takes(manifest).items()}
    assert {name: kinds[name] for name in FAULTS} == {n: {f[0]} for n, f in FAULTS.items()}
    assert {name: kinds[name] for name in CLEAN} == {name: set() for name in CLEAN}
    said = "\n".join(bench.warnings)
    assert re.search(r"^still frozen 1\.[5-9] s from 1\.[2-4] s$", said, re.MULTILINE)
    assert "hard hard cut at 1.7 s (frame 40)" in said
    assert "mute no sound, though sound was requested" in said


def test_a_mark_is_kept_said_once_and_stops_nothing(bench: Bench) -> None:
    bench.clips = {"still": bench.cutter.clip("still", graph=planted.FREEZE)}
    bench.write("  - {id: still, prompt: still}\n", ", audio: silent")
    first = bench.run()
    assert [mark.kind for mark in takes(first)["still"].marks] == ["frozen"]
    assert [word for word in bench.warnings if "frozen" in word]
    again = bench.run()
    assert takes(again)["still"].marks == takes(first)["still"].marks
    assert not [word for word in bench.warnings if "frozen" in word]


def test_pick_auto_takes_the_first_take_without_marks_and_keeps_it(bench: Bench) -> None:
    bench.clips = {
        "wake 1": bench.cutter.clip("a", graph=planted.FREEZE),
        "wake 2": bench.cutter.clip("b"),
        "wake 3": bench.cutter.clip("c", graph="hflip,hflip"),
    }
    bench.write("  - {id: wake, prompt: wake, takes: 3, pick: auto}\n", ", audio: silent")
    (shot,) = bench.run().shots
    assert shot.picked == 2
    (shot,) = bench.run().shots
    assert shot.picked == 2
    # A take that was rejected on the board is passed over, though it was recorded.
    (shot,) = bench.run(rejected={"wake": (2,)}).shots
    assert shot.picked == 3


JUDGE = """\
import json, sys
request, clip = json.load(sys.stdin), sys.argv[-1]
assert clip.endswith(".mp4")
print(json.dumps({"marks": [{"text": request["prompt"] + "\\nis sad", "start": 1}]}))
"""


def test_a_judge_of_ones_own_is_asked_once_and_its_failure_is_a_warning(bench: Bench) -> None:
    bench.clips = {"cat": bench.cutter.clip("cat")}
    bench.write("  - {id: cat, prompt: cat}\n", ", audio: silent")
    program = bench.folder / "judge.py"
    program.write_text("raise SystemExit(3)")
    judge = JudgeCommand((sys.executable, str(program)))
    manifest = bench.run(judge)
    assert (manifest.shots[0].takes[0].state, takes(manifest)["cat"].marks) == ("succeeded", ())
    assert any("the judge failed: it ended with code 3" in word for word in bench.warnings)
    program.write_text(JUDGE)
    (mark,) = takes(bench.run(judge))["cat"].marks
    assert (mark.kind, mark.start, mark.about) == ("judge", "1.00", "cat is sad")
    program.write_text("raise SystemExit(3)")
    assert takes(bench.run(judge))["cat"].marks == (mark,)
    record = json.loads((bench.folder / "out" / "manifest.json").read_text())
    assert record["shots"][0]["takes"][0]["marks"][0]["about"] == "cat is sad"
    # Without the option its marks stay: they were about this clip.
    assert takes(bench.run())["cat"].marks == (mark,)


def test_shots_that_are_much_louder_than_the_one_before_are_marked(bench: Bench) -> None:
    bench.clips = {
        "low": bench.cutter.clip("low", sound=planted.QUIET),
        "high": bench.cutter.clip("high", sound=planted.NOISE),
    }
    bench.write("  - {id: low, prompt: low}\n  - {id: high, prompt: high}\n", ", audio: auto")
    low, high = bench.run().shots
    assert low.marks == ()
    assert [(mark.kind, mark.about) for mark in high.marks] == [("jump", "low")]
    assert float(high.marks[0].value or 0) > 15


REQUEST = TaskRequest(
    model="m", region="beijing", image=None, last_image=None, prompt="", negative_prompt="",
    template=None, resolution="720P", duration=5, sound="silent", sound_file=None,
    prompt_extend=True, watermark=False, seed=1,
)  # fmt: skip
PART = ClipPart(2, Fraction(24))


@pytest.mark.parametrize(
    ("kind", "start", "asked", "expected"),
    [
        ("cut", "1.50", {}, True),
        ("cut", "1.50", {"shot_type": "multi"}, False),
        ("silent", None, {}, False),
        ("silent", None, {"sound": "auto"}, True),
        ("silent", "1.00", {"sound": "auto"}, True),
        ("silent", None, {"sound": "file"}, True),
        ("silent", "1.00", {"sound": "file"}, False),  # its own pause
        ("clipped", "1.00", {"sound": "none"}, False),
        ("clipped", "1.00", {"sound": "file"}, True),
        ("frozen", "1.50", {"first_clip": InputMedia("clip:a:last:2s", part=PART)}, False),
        ("frozen", "2.50", {"first_clip": InputMedia("clip:a:last:2s", part=PART)}, True),
    ],
)
def test_what_was_asked_for_decides_what_is_a_fault(
    kind: str, start: str | None, asked: dict[str, Any], *, expected: bool
) -> None:
    assert counts(MarkRecord(kind, start=start), replace(REQUEST, **asked)) is expected


@pytest.mark.parametrize(
    "answer",
    [b"", b"[]", b'{"marks": 3}', b'{"marks": [{}]}', b'{"marks": [{"text": 1, "start": "x"}]}'],
)
def test_an_answer_of_a_judge_that_is_none_is_broken(answer: bytes) -> None:
    with pytest.raises(Broken, match="its answer is not"):
        marks_of(answer)


def test_an_answer_of_a_judge_is_bounded() -> None:
    long = {"marks": [{"text": "a " * 500}] * 100}
    marks = marks_of(json.dumps(long).encode())
    assert (len(marks), {len(mark.about or "") for mark in marks}) == (20, {200})
