"""The examples of the page on errors: the bad one has the problem, the good one has not."""

import re
import shutil
from pathlib import Path

import pytest

from tests.docs.errors_page import registry
from tests.docs.pages import furnish
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.validation.load import load

EXAMPLES = {
    entry["code"]: entry["yaml"]
    for group in registry()["groups"]
    for entry in group["codes"]
    if "yaml" in entry
}
# Where the lines of an example stand in a list. Those of other codes need files of their own.
PLACES = {
    "list": (
        "list-empty money-invalid caption-size-invalid language-invalid variable-unknown"
        " matrix-source label-undrawable label-too-long"
    ),
    "shot": (
        "duplicate-key yaml-alias yaml-key yaml-merge yaml-quotes yaml-sign yaml-syntax yaml-tab"
        " yaml-tag yaml-value type-wrong unknown-key value-out-of-range seconds-invalid"
        " gain-invalid caption-undrawable model-unknown duration-unsupported image-missing"
        " speed-invalid sound-missing sound-unsupported pick-outside-takes shot-unknown trim-empty"
        " trim-outside transition-too-long last-image-unsupported resolution-unsupported"
        " template-unsupported model-not-in-region silence-unsupported"
        " continue-invalid continue-unsupported continue-seconds continue-duration"
        " picture-model-unknown picture-size picture-prompt picture-key-unsent"
    ),
    "item of shots": "missing-key",
    "deliverable": (
        "value-unknown value-invalid name-invalid mix-file-missing duck-without-music"
        " focus-without-shot poster-outside colour-unknown fps-invalid size-invalid fps-below-clip"
    ),
    "item of deliverables": (
        "aspect-invalid deliverable-twice aspect-impossible crop-loses-much deliverable-enlarges"
    ),
}
MODELS = {
    "resolution-unsupported": "wan2.2-i2v-plus",
    "template-unsupported": "wanx2.1-i2v-turbo",
    "model-not-in-region": "wanx2.1-i2v-turbo",
    "silence-unsupported": "wan2.6-i2v",
}
CASES = [(code, place) for place, codes in PLACES.items() for code in codes.split()]
SHOTS = """shots:
  - {id: wake, image: rooftop.jpg, prompt: A cat}
  - {id: rooftop, image: rooftop.jpg, prompt: It leaps}
"""


def bad_and_good(example: str) -> tuple[str, str]:
    """The two halves of an example: by an empty line between them, or line by line."""
    halves = re.split(r"\n\s*\n", example.strip())
    if len(halves) == 2:
        return f"{halves[0]}\n", f"{halves[1]}\n"
    lines = example.splitlines(keepends=True)
    bad = [line for line in lines if not re.search(r"#\s*good", line)]
    good = [line for line in lines if not re.search(r"#\s*(bad|warning)", line)]
    return "".join(bad), "".join(good)


def list_with(lines: str, place: str, code: str) -> str:
    """A whole list that holds the lines of an example at their place."""
    given = set(re.findall(r"^([a-z_]+):", lines, re.MULTILINE))
    region = "singapore" if code == "model-not-in-region" else "beijing"
    parts = {
        "version": "version: 1\n",
        "project": "project: page\n",
        "region": f"region: {region}\n",
        "defaults": f"defaults: {{model: {MODELS.get(code, 'wan2.2-i2v-flash')}}}\n",
        "shots": SHOTS,
        "deliverables": "deliverables: [9:16]\n",
    }
    if place == "list":
        return "".join(text for key, text in parts.items() if key not in given) + lines
    if place == "shot":
        own = {"id": "wake", "image": "rooftop.jpg", "prompt": "A cat"}
        own = {key: value for key, value in own.items() if (key, "continue" in given) != _BEGINS}
        body = "".join(f"{key}: {value}\n" for key, value in own.items() if key not in given)
        other = "  - {id: rooftop, image: rooftop.jpg, prompt: It leaps}\n"
        parts["shots"] = f"shots:\n  -\n{indented(body + lines, 4)}{other}"
    elif place == "deliverable":
        body = "" if "aspect" in given else "aspect: 9:16\n"
        parts["deliverables"] = f"deliverables:\n  -\n{indented(body + lines, 4)}"
    else:
        key = place.removeprefix("item of ")
        parts[key] = f"{key}:\n{indented(lines, 2)}"
    return "".join(parts.values())


_BEGINS = ("image", True)  # what a clip that continues another one has not


def indented(lines: str, by: int) -> str:
    return "".join(" " * by + line for line in lines.splitlines(keepends=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("errors")
    furnish(folder)
    (folder / "sounds").mkdir()
    for name in ("sounds/bgm.mp3", "voice.mp3"):
        shutil.copy(folder / "bgm.mp3", folder / name)
    for name in ("rooftop.jpg", "end.png"):
        shutil.copy(folder / "frames" / "rooftop.jpg", folder / name)
    return folder


def codes_of(text: str, folder: Path, catalog: Catalog) -> set[str]:
    file = folder / "list.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        return {warning.code for warning in load(file, catalog).warnings}
    except BadInput as problems:
        return {problem.code for problem in problems.diagnostics}


@pytest.mark.parametrize(("code", "place"), CASES)
def test_the_bad_example_has_the_problem_and_the_good_one_has_not(
    code: str, place: str, folder: Path, catalog: Catalog
) -> None:
    bad, good = bad_and_good(EXAMPLES[code])
    assert code in codes_of(list_with(bad, place, code), folder, catalog)
    assert code not in codes_of(list_with(good, place, code), folder, catalog)


def test_more_than_half_of_the_examples_are_tried() -> None:
    assert len({code for code, _ in CASES}) == len(CASES) > len(EXAMPLES) / 2
