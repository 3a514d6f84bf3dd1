"""The one truth about shots and films, in every state that a list can come into."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from PIL import Image

from tests.run.test_orchestrator import Studio
from wanx_render.catalog.capabilities import Catalog
from wanx_render.manifest import last_in
from wanx_render.media import ffmpeg
from wanx_render.planning import plan
from wanx_render.planning.journal import Journal
from wanx_render.planning.origins import Origins
from wanx_render.planning.take_status import take_statuses
from wanx_render.planning.truth import ShotTruth, Truth, truth_of
from wanx_render.validation.load import load

LIST = """\
version: 1
project: small
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, trim: {end: 0.5}}
shots:
  - {id: one, image: a.png, prompt: first, takes: 2}
  - {id: two, image: {shot: one, frame: last}, prompt: second}
  - {id: three, image: {shot: two, frame: last}, prompt: third}
  - {id: other, image: a.png, prompt: fourth}
deliverables:
  - {name: tall, aspect: 9:16, size: 90x160}
  - {name: wide, aspect: 16:9, size: 160x90}
"""


@dataclass
class Scene(Studio):
    """A studio in which one asks what is true."""

    text: str = LIST
    picks: dict[str, int] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def truth(self) -> Truth:
        self.write(self.text)
        loaded = load(self.folder / "list.yaml", self.catalog)
        made = plan.make(loaded.shots, "mock", loaded.media, self.catalog, picks=self.picks)
        journal = Journal(self.out / "journal.sqlite")
        try:
            statuses = take_statuses(made, Origins(journal, self.out), catalog=self.catalog)
        finally:
            journal.close()
        return truth_of(
            made, statuses, self.catalog, last_in(self.out / "manifest.json"),
            lambda film: (self.out / film.path).is_file(),
        )  # fmt: skip

    def shots(self) -> Mapping[str, ShotTruth]:
        return {shot.shot: shot for shot in self.truth().shots}

    def states(self) -> list[str]:
        return [shot.state for shot in self.truth().shots]

    def films(self) -> list[tuple[str, list[str]]]:
        return [(film.state, list(map(str, film.why))) for film in self.truth().films]

    def clip(self, shot: str, take: int = 1) -> Path:
        manifest = last_in(self.out / "manifest.json")
        assert manifest
        record = next(record for record in manifest.shots if record.id == shot)
        return self.out / str(record.takes[take - 1].clip)


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, catalog: Catalog, program: ffmpeg.Ffmpeg
) -> Iterator[Scene]:
    """The list rendered whole, which nobody changes."""
    folder = tmp_path_factory.mktemp("finished")
    Image.new("RGB", (300, 400), "#884422").save(folder / "a.png")
    with ThreadPoolExecutor(2) as pool:
        scene = Scene(folder, catalog, program, pool)
        scene.write(LIST)
        assert scene.run().complete
        yield scene


@pytest.fixture
def scene(finished: Scene, tmp_path: Path) -> Scene:
    """A copy of the finished list."""
    shutil.copytree(finished.folder, tmp_path, dirs_exist_ok=True)
    return replace(finished, folder=tmp_path, text=LIST, picks={})


def test_what_was_just_rendered_is_current(scene: Scene) -> None:
    truth = scene.truth()
    assert {(shot.state, str(shot.sentence)) for shot in truth.shots} == {("current", "")}
    assert scene.films() == [("current", []), ("current", [])]


def test_before_a_run_all_is_missing_with_the_price_of_its_chain(scene: Scene) -> None:
    for path in scene.out.iterdir():
        if path.is_file():
            path.unlink()
    shots = scene.shots()
    assert scene.states() == ["missing"] * 4
    assert str(shots["one"].sentence) == "one is to be made, 2.88 CNY with two, three"
    assert str(shots["two"].sentence) == "two is to be made, 1.44 CNY with three (" + (
        "starts from the last frame of one)"
    )
    assert str(shots["other"].sentence) == "other is to be made, 0.72 CNY"
    assert [state for state, _ in scene.films()] == ["missing", "missing"]


def test_another_pick_makes_the_chain_stale_and_says_of_which_take_it_begins(scene: Scene) -> None:
    scene.picks = {"one": 2}
    shots = scene.shots()
    assert scene.states() == ["current", "stale", "stale", "current"]
    assert shots["two"].chain == ("three",)
    two = (
        "two is to be made, 1.44 CNY with three "
        "(it begins with the last frame of take 1 of one, and take 2 is picked)"
    )
    three = "three is to be made, 0.72 CNY (its first frame changes with two)"
    assert str(shots["two"].sentence) == two
    assert str(shots["three"].sentence) == three
    assert shots["two"].sha256  # its clip is here
    reasons = ["it shows take 1 of one, and take 2 is picked", two, three]
    assert scene.films() == [("stale", reasons), ("stale", reasons)]


def test_another_prompt_makes_a_shot_stale_and_what_depends_on_it(scene: Scene) -> None:
    scene.text = LIST.replace("prompt: second", "prompt: another")
    shots = scene.shots()
    assert scene.states() == ["current", "stale", "stale", "current"]
    assert "changed: prompt" in shots["two"].sentence
    scene.text = LIST.replace("prompt: fourth", "prompt: another")
    assert scene.states() == ["current", "current", "current", "stale"]


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (Path.unlink, "its clip is missing from the folder"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), "its clip is damaged"),
    ],
)
def test_a_clip_that_is_gone_or_cut_short_is_missing(
    scene: Scene, harm: Callable[[Path], object], why: str
) -> None:
    harm(scene.clip("other"))
    shots = scene.shots()
    assert scene.states() == ["current", "current", "current", "missing"]
    sentence = f"other is to be made, 0.72 CNY ({why})"
    assert str(shots["other"].sentence) == sentence
    assert scene.films() == [("stale", [sentence]), ("stale", [sentence])]


def test_a_source_without_its_clip_makes_the_chain_stale(scene: Scene) -> None:
    scene.clip("one").unlink()
    assert scene.states() == ["missing", "stale", "stale", "current"]
    assert scene.shots()["one"].chain == ("two", "three")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("takes: 2", "takes: 2, focus: [0.1, 0.1]", "one changed: focus"),
        ("prompt: fourth", "prompt: fourth, caption: Hello", "other changed: caption"),
        ("prompt: fourth", "prompt: fourth, trim: {end: 0.4}", "other changed: trim"),
        ("prompt: fourth", "prompt: fourth, speed: 2, sound: mute", "other changed: sound, speed"),
    ],
)
def test_finishing_that_changed_makes_films_stale_and_no_shot(
    scene: Scene, before: str, after: str, why: str
) -> None:
    scene.text = LIST.replace(before, after)
    assert scene.states() == ["current"] * 4
    assert scene.films() == [("stale", [why]), ("stale", [why])]


def test_a_deliverable_that_changed_is_stale_alone(scene: Scene) -> None:
    scene.text = LIST.replace("size: 90x160", "size: 90x160, fit: pad")
    assert scene.films() == [("stale", ["tall changed: fit"]), ("current", [])]


def test_a_film_that_is_gone_or_new_is_missing(scene: Scene) -> None:
    (scene.out / "tall.mp4").unlink()
    assert scene.films() == [("missing", []), ("current", [])]
    scene.text = LIST.replace("name: wide", "name: broad")
    assert scene.films() == [("missing", []), ("missing", [])]


def test_shots_that_came_went_or_moved_are_named(scene: Scene) -> None:
    first, rest = LIST.split("  - {id: other", 1)
    moved = first.replace("shots:\n", "shots:\n  - {id: other, image: a.png, prompt: fourth}\n")
    scene.text = moved + "deliverables:" + rest.split("deliverables:")[1]
    assert scene.films()[0] == ("stale", ["the order of the shots changed"])
    scene.text = first + "deliverables:" + rest.split("deliverables:")[1]
    assert scene.films()[0] == ("stale", ["other is no longer in the list"])
    again = "  - {id: again, image: a.png, prompt: fourth}\n"
    scene.text = LIST.replace("deliverables:", f"{again}deliverables:")
    assert scene.films()[0] == ("stale", ["again is not in it"])


def test_a_failed_shot_has_its_code_and_advice(scene: Scene) -> None:
    scene.text = LIST.replace("prompt: fourth", "prompt: '[[mock: fail=InternalError]] x'")
    scene.write(scene.text)
    scene.run()
    other = scene.shots()["other"]
    assert (other.state, other.code) == ("failed", "InternalError")
    assert "run again" in other.advice
    assert [state for state, _ in scene.films()] == ["stale", "stale"]


def test_refused_content_is_blocked_until_a_person_changes_it(scene: Scene) -> None:
    scene.text = LIST.replace("prompt: fourth", "prompt: '[[mock: fail=DataInspectionFailed]] x'")
    scene.write(scene.text)
    scene.run()
    other = scene.shots()["other"]
    assert (other.state, other.code) == ("blocked", "DataInspectionFailed")
    assert other.sentence.startswith("other needs your decision: DataInspectionFailed")
    scene.text = LIST.replace("prompt: fourth", "prompt: kinder words")
    assert scene.shots()["other"].state == "stale"


@pytest.mark.proof
def test_a_film_made_of_stale_clips_on_purpose_says_so(scene: Scene) -> None:
    scene.text = LIST.replace("takes: 2", "takes: 2, pick: 2")
    scene.write(scene.text)
    manifest = scene.run(cascade=False)
    assert manifest.complete
    reasons = scene.films()[0][1]
    assert [reason.split(" ")[0] for reason in reasons] == ["two", "three"]
    assert list(manifest.deliverables[0].stale) == reasons
    assert manifest.deliverables[0].kept_from == ""
    scene.run()
    assert scene.films() == [("current", []), ("current", [])]
