"""Clips of words and of references, from the list to the film: on the mock, and over the wire."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from mock_server.testing import MockAccount
from tests.support.emulator import account_in_environment
from tests.support.media import facts
from tests.support.places import SPECS
from tests.support.programs import PROGRAMS
from wanx_render.cli import main
from wanx_render.media import ffmpeg

PACE = 600
LIST = f"""\
version: 1
project: words
defaults: {{resolution: 720P, duration: 2}}
shots:
  - {{id: sea, model: wan2.6-t2v, prompt: A ship at sea, shot_type: multi}}
  - id: crew
    model: wan3.0-video
    prompt: "{{ship}} carries {{amy}}, who speaks as {{voice}}"
    references:
      amy: {SPECS}/frames/rooftop.jpg
      voice: voice.wav
      ship: ship.mp4
  - {{id: arrive, model: wan2.7-t2v, prompt: The harbour, aspect: 16:9}}
deliverables: [{{aspect: 9:16, size: 90x160}}]
"""
SIZES = [(720, 1280), None, (1280, 720)]  # wan3.0 has no table of sizes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = ("-f", "lavfi", "-i", "testsrc2=s=640x480:r=30:d=2", "-c:v", "libx264")
    ffmpeg.run(PROGRAMS["wheel"], (*source, "-pix_fmt", "yuv420p", str(tmp_path / "ship.mp4")))
    sound = ("-f", "lavfi", "-i", "sine=300:d=2")
    ffmpeg.run(PROGRAMS["wheel"], (*sound, str(tmp_path / "voice.wav")))
    (tmp_path / "list.yaml").write_text(LIST)
    return tmp_path


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[MockAccount]:
    with account_in_environment(monkeypatch, "words", PACE) as account:
        yield account


def run(folder: Path, *words: str) -> int:
    words = (words[0], str(folder / "list.yaml"), *words[1:])
    with pytest.raises(SystemExit) as ended:
        main(list(words))
    return int(ended.value.code or 0)


def home_of(folder: Path) -> Path:
    return folder / "renders" / "words"


def check_film(folder: Path) -> dict[str, Any]:
    """The manifest of a film that is what the list says, as PyAV sees it too."""
    home = home_of(folder)
    manifest: dict[str, Any] = json.loads((home / "manifest.json").read_text())
    assert manifest["complete"]
    film = facts(home / manifest["deliverables"][0]["path"])
    assert (film.width, film.height, film.frames) == (90, 160, 30 * 6)
    assert film.steps == {Fraction(1, 30)}
    for shot, size in zip(manifest["shots"], SIZES, strict=True):
        take = shot["takes"][0]
        clip = facts(home / take["clip"])
        assert take["predicted"] == f"{clip.width}x{clip.height}"
        assert size is None or (clip.width, clip.height) == size
    return manifest


@pytest.mark.proof
def test_the_mock_makes_its_film(folder: Path) -> None:
    assert run(folder, "render") == 0
    assert check_film(folder)["backend"] == "mock"


@pytest.mark.proof
def test_the_client_sends_words_and_references_and_pays_each_once(
    folder: Path, account: MockAccount
) -> None:
    assert run(folder, "render", "--backend", "dashscope", "--yes") == 0
    assert run(folder, "render", "--backend", "dashscope", "--yes") == 0
    assert check_film(folder)["backend"] == "dashscope"
    creates = [e.body for e in account.requests if e.operation == "create"]
    by_model = {body["model"]: body for body in creates}
    assert len(creates) == len(by_model)
    sea, crew, arrive = (by_model[name] for name in ("wan2.6-t2v", "wan3.0-video", "wan2.7-t2v"))
    assert sea["input"] == {"prompt": "A ship at sea"}
    assert sea["parameters"]["size"] == "720*1280"
    assert sea["parameters"]["shot_type"] == "multi"
    assert arrive["parameters"]["ratio"] == "16:9"
    assert crew["input"]["prompt"] == "Video 1 carries Image 1, who speaks as Audio 1"
    kinds = [entry["type"] for entry in crew["input"]["media"]]
    assert kinds == ["reference_video", "reference_image", "reference_audio"]
    names = [entry["url"].rpartition("/")[2] for entry in crew["input"]["media"]]
    assert [name.rpartition(".")[2] for name in names] == ["mp4", "jpg", "wav"]
    assert all(entry["url"].startswith("oss://") for entry in crew["input"]["media"])
    paid = account.ledger["totals"]["amounts"]["CNY"]
    assert f"{paid} CNY" == json.loads((home_of(folder) / "manifest.json").read_text())["cost"]


@pytest.mark.proof
def test_a_clip_of_words_whose_answer_was_lost_is_known_by_words_and_size(
    folder: Path, account: MockAccount
) -> None:
    sea = LIST[: LIST.index("  - id: crew")].replace(", shot_type: multi", "")
    (folder / "list.yaml").write_text(f"{sea}deliverables: [{{aspect: 9:16, size: 90x160}}]\n")
    account.faults("on=create nth=1 effect=reset stage=after")
    assert run(folder, "render", "--backend", "dashscope", "--yes") == 0
    assert account.ledger["totals"]["amounts"]["CNY"] == "1.20"
    manifest = json.loads((home_of(folder) / "manifest.json").read_text())
    assert (manifest["complete"], manifest["cost"]) == (True, "1.20 CNY")
