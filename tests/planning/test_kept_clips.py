"""A changed deliverable never makes a paid clip stale: it is kept as it was made."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from wanx_render.catalog.capabilities import packaged
from wanx_render.geometry import Size
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.plan import Plan, make
from wanx_render.planning.retakes import retaken
from wanx_render.planning.sending.kept_clips import KeptClips
from wanx_render.planning.take_status import TakeStatus, take_statuses
from wanx_render.shotlist.model import ShotList
from wanx_render.task import InputMedia

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MEDIA = {
    "tall.png": InputMedia("sha256:" + "a" * 64, path=Path("tall.png"), size=Size(750, 1000)),
    "nine.png": InputMedia("sha256:" + "c" * 64, path=Path("nine.png"), size=Size(720, 1280)),
    "wide.png": InputMedia("sha256:" + "b" * 64, path=Path("wide.png"), size=Size(1600, 900)),
}
SHOTS: list[dict[str, Any]] = [
    {"id": "one", "image": "tall.png", "prompt": "first", "takes": 2},
    {"id": "two", "image": {"shot": "one", "frame": "last"}, "prompt": "second"},
    {"id": "three", "image": "wide.png", "prompt": "third", "seed": 5},
    {"id": "twin", "image": "wide.png", "prompt": "third", "seed": 5},
]
Wanted = tuple[str, str]  # aspect and fit


@dataclass
class Folder:
    """A render folder without a service: what would be asked for gets its clip at once."""

    path: Path
    journal: Journal
    shots: list[dict[str, Any]] = field(default_factory=lambda: [dict(shot) for shot in SHOTS])
    fit: Any = "match"
    row: str = ""
    looks: bool = True  # whether clips are looked at when they come

    def plan(self, wanted: Sequence[Wanted], retake: Sequence[str] = ()) -> Plan:
        shots = ShotList.model_validate(
            {
                "version": 1,
                "project": "kept",
                "shots": [
                    {"model": "wan2.2-i2v-flash", "fit_image": self.fit, **shot}
                    for shot in self.shots
                ],
                "deliverables": [
                    {"name": f"d{n}", "aspect": aspect, "fit": fit}
                    for n, (aspect, fit) in enumerate(wanted)
                ],
            }
        )
        origins = Origins(self.journal, self.path)
        kept = KeptClips(self.journal, "mock")

        def with_retakes(counts: Any) -> Plan:
            plan = make(shots, "mock", MEDIA, packaged(), counts, row=self.row)
            return kept.plan(plan)

        plan, counts = retaken(with_retakes, retake, origins)
        for basis, takes in counts.items():
            self.journal.retake(basis, takes)
        return plan

    def statuses(self, wanted: Sequence[Wanted], retake: Sequence[str] = ()) -> list[TakeStatus]:
        return list(take_statuses(self.plan(wanted, retake), Origins(self.journal, self.path)))

    def run(self, wanted: Sequence[Wanted], retake: Sequence[str] = ()) -> int:
        """Have what is new made, chains too; how many requests that took."""
        asked, plan = 0, self.plan(wanted, retake)
        while new := [s for s in take_statuses(plan, Origins(self.journal, self.path))
                      if s.state == "new" and s.complete]:  # fmt: skip
            self._make(new[0])
            asked += 1
        for status in take_statuses(plan, Origins(self.journal, self.path)):
            self.journal.asked(status.take.label, status.take.request.key("mock"))
        return asked

    def _make(self, status: TakeStatus) -> None:
        take, size = status.take, status.take.size
        assert size
        key = take.request.key("mock")
        attempt = self.journal.intend(key, take.label, take.request, NOW)
        self.journal.submitted(attempt, f"task-{attempt}", "")
        name, sha256 = f"{attempt}.mp4", f"{attempt:064}"
        (self.path / "clips").mkdir(exist_ok=True)
        (self.path / "clips" / name).write_bytes(b"clip")
        self.journal.stored(attempt, sha256, name, 4)
        if self.looks:
            self.journal.probed(sha256, {"width": size.width, "height": size.height})


@contextmanager
def folder() -> Iterator[Folder]:
    with tempfile.TemporaryDirectory() as name:
        journal = Journal(Path(name) / "journal.sqlite")
        try:
            yield Folder(Path(name), journal)
        finally:
            journal.close()


ASPECTS = st.sampled_from(["9:16", "3:4", "1:1", "16:9", "4:5", "2.39:1"])
WANTED = st.lists(
    st.tuples(ASPECTS, st.sampled_from(["crop", "crop", "pad", "blur"])), min_size=1, max_size=4
)


@settings(max_examples=25, deadline=None)
@given(first=WANTED, then=st.lists(WANTED, min_size=1, max_size=4))
def test_however_deliverables_change_nothing_is_asked_for_again(
    first: list[Wanted], then: list[list[Wanted]]
) -> None:
    with folder() as here:
        assert here.run(first) == 4  # the twins are one request
        for wanted in then:
            assert {status.state for status in here.statuses(wanted)} == {"cached"}
        assert here.run(then[-1]) == 0


def test_a_kept_clip_says_what_it_was_made_for_and_a_retake_is_made_for_the_new_aspect() -> None:
    with folder() as here:
        here.run([("9:16", "crop")])
        kept = next(s for s in here.statuses([("16:9", "crop")]) if s.take.shot == "three")
        assert "--retake three" in kept.reason
        assert kept.take.size and kept.take.size.width < kept.take.size.height
        assert here.run([("16:9", "crop")], retake=["three"]) == 1
        first, second = [
            s.take for s in here.statuses([("16:9", "crop")]) if s.take.shot == "three"
        ]
        assert first.size == kept.take.size
        assert second.size and second.size.width > second.size.height
        # Back again: each take stays what it is.
        assert {s.state for s in here.statuses([("9:16", "crop")])} == {"cached"}


def test_a_request_on_its_way_is_resumed_and_one_in_doubt_is_not_sent_again() -> None:
    with folder() as here:
        one, *_, three = here.plan([("9:16", "crop")]).takes
        for take, task in ((one, "task"), (three, "")):
            attempt = here.journal.intend(take.request.key("mock"), take.label, take.request, NOW)
            here.journal.sending(attempt, NOW)
            if task:
                here.journal.submitted(attempt, task, "")
            else:
                here.journal.uncertain(attempt, NOW)
        states = {(s.take.shot, s.take.number): s.state for s in here.statuses([("1:1", "crop")])}
        assert states[("one", 1)] == "resumed"
        assert states[("twin", 1)] == "blocked"
        assert states[("one", 2)] == "new"  # nothing was asked for it: it follows the deliverables


def test_what_was_refused_is_asked_for_as_the_deliverables_want_it_now() -> None:
    with folder() as here:
        take = here.plan([("9:16", "crop")]).takes[0]
        attempt = here.journal.intend(take.request.key("mock"), take.label, take.request, NOW)
        here.journal.ended(attempt, "refused", "InvalidParameter", "no")
        now = here.plan([("16:9", "crop")]).takes[0]
        assert now.instead is None
        assert now.size and now.size.width > now.size.height


def test_an_aspect_that_is_written_is_meant() -> None:
    with folder() as here:
        here.fit = "9:16"
        here.run([("9:16", "crop")])
        assert {s.state for s in here.statuses([("1:1", "crop")])} == {"cached"}
        here.fit = "1:1"
        assert {s.state for s in here.statuses([("1:1", "crop")])} == {"new"}


def test_an_aspect_and_the_match_that_chooses_it_are_one_request() -> None:
    with folder() as here:
        matched = here.plan([("16:9", "crop")]).takes[2].request
        aspect = matched.image.preparation and matched.image.preparation.aspect
        here.fit = str(aspect or "16:9")
        assert here.plan([("1:1", "crop")]).takes[2].request.key("mock") == matched.key("mock")


def test_another_focus_or_colour_is_another_picture() -> None:
    with folder() as here:
        here.fit = {"aspect": "match", "focus": [0, 0]}
        here.run([("9:16", "crop")])
        here.fit = {"aspect": "match", "focus": [1, 1]}
        states = {s.take.shot: s.state for s in here.statuses([("9:16", "crop")])}
        assert states["three"] == "new"


def test_rows_that_share_a_clip_keep_it_together_and_a_new_row_gets_its_own() -> None:
    with folder() as here:
        for row in ("en", "zh"):
            here.row = row
            here.run([("9:16", "crop")])
        for row, states in (("en", {"cached"}), ("zh", {"cached"}), ("wide", {"new"})):
            here.row = row
            assert {s.state for s in here.statuses([("16:9", "crop")])} == states


def test_a_renamed_shot_keeps_its_clip_too() -> None:
    with folder() as here:
        here.run([("9:16", "crop")])
        here.shots[2]["id"] = "renamed"
        assert {s.state for s in here.statuses([("1:1", "crop")])} == {"cached"}


KEYFRAMES = {"prompt": "x", "model": "wan2.2-kf2v-flash", "last_image": "wide.png"}


def test_a_first_frame_that_was_sent_whole_is_kept_with_its_prepared_last_frame() -> None:
    with folder() as here:
        here.shots = [{"id": "a", "image": "nine.png", **KEYFRAMES}]
        assert here.run([("9:16", "crop")]) == 1
        for aspect in ("1:1", "16:9", "9:16"):
            assert {s.state for s in here.statuses([(aspect, "crop")])} == {"cached"}
        here.fit = {"aspect": "match", "focus": [0, 0]}  # of the last frame that is another part
        assert {s.state for s in here.statuses([("9:16", "crop")])} == {"new"}


def test_without_cascade_a_chained_clip_is_kept_with_its_prepared_last_frame() -> None:
    with folder() as here:
        here.shots = [
            {"id": "one", "image": "wide.png", "prompt": "x"},
            {"id": "on", "image": {"shot": "one", "frame": "last"}, **KEYFRAMES},
        ]
        assert here.run([("9:16", "crop")]) == 2
        plan, origins = here.plan([("1:1", "crop")], ["one"]), Origins(here.journal, here.path)
        states = {s.take.label: s.state for s in take_statuses(plan, origins, cascade=False)}
        assert states == {"one take 1": "cached", "one take 2": "new", "on take 1": "cached"}


def test_takes_of_before_match_was_written_stay_and_a_retake_is_a_new_one() -> None:
    with folder() as here:
        here.shots, here.fit = [{"id": "a", "image": "wide.png", "prompt": "x"}], "off"
        assert here.run([("9:16", "crop")]) + here.run([("9:16", "crop")], ["a"]) == 2
        here.fit = "match"
        (shot,) = here.plan([("9:16", "crop")]).generated
        assert (len(shot.takes), shot.shot.pick) == (2, 2)
        assert here.run([("9:16", "crop")], ["a"]) == 1
        here.fit = "off"
        assert {s.state for s in here.statuses([("9:16", "crop")])} == {"cached"}


def test_a_chain_is_kept_whose_clips_were_not_looked_at_yet() -> None:
    with folder() as here:
        here.looks = False  # as in a journal that was rebuilt
        here.shots = [
            {"id": "one", "image": "wide.png", "prompt": "x"},
            {"id": "two", "image": {"shot": "one", "frame": "last"}, "prompt": "y"},
            {"id": "end", "image": {"shot": "two", "frame": "last"}, **KEYFRAMES},
        ]
        assert here.run([("9:16", "crop")]) == 3
        assert {s.state for s in here.statuses([("1:1", "crop")])} == {"cached"}
