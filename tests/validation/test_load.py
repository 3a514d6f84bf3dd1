import base64
import io
import re
import time
from pathlib import Path

import pytest
from PIL import Image

from tests.support.places import BROKEN, SPECS
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic, concise, full
from wanx_render.errors import BadInput
from wanx_render.validation.load import load
from wanx_render.validation.rows.lists import Loaded

LISTS = sorted(BROKEN.glob("*.yaml"))
EXPECTED = re.compile(r"# (error|warning)\[([a-z-]+)\]")

MINIMAL = """\
version: 1
project: small
shots:
  - id: a
    model: wan2.5-i2v-preview
    resolution: 1080P
    image: {image}
deliverables:
  - 9:16
"""


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_every_problem_of_a_broken_list_is_named_at_its_line(path: Path, catalog: Catalog) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    marks = {
        (severity, number, code)
        for number, line in enumerate(lines, start=1)
        for severity, code in EXPECTED.findall(line)
    }
    assert marks, "the file must say what is wrong with it"
    expected = {(number, code) for _, number, code in marks}
    diagnostics = problems_of(path, catalog)
    errors = [d for d in diagnostics if d.severity == "error"]
    warnings = [d for d in diagnostics if d.severity == "warning"]
    refused = {(d.span.line, d.code) for d in errors if d.span}
    warned = {(d.span.line, d.code) for d in warnings if d.span}
    assert refused | (warned & expected) == expected
    assert len(errors) <= len(expected)
    if not any(severity == "error" for severity, _, _ in marks):
        assert warned == expected


def problems_of(path: Path, catalog: Catalog) -> tuple[Diagnostic, ...]:
    """What is said of a list: its errors and warnings, or its warnings where it can be run."""
    try:
        return load(path, catalog).warnings
    except BadInput as error:
        return error.diagnostics


def test_a_list_with_warnings_only_can_be_run(catalog: Catalog) -> None:
    loaded = load(BROKEN / "warnings-only.yaml", catalog)
    assert {problem.severity for problem in loaded.warnings} == {"warning"}
    assert loaded.shots.shots


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_is_without_errors(path: Path, catalog: Catalog) -> None:
    assert load(path, catalog).shots.shots


def small(tmp_path: Path, catalog: Catalog, image: str, extra: str = "") -> Loaded:
    file = tmp_path / "list.yaml"
    file.write_text(MINIMAL.format(image=image) + extra)
    return load(file, catalog)


def test_shorthand_defaults_and_exif_are_understood(tmp_path: Path, catalog: Catalog) -> None:
    image = Image.new("RGB", (800, 600), "navy")
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    loaded = small(tmp_path, catalog, "turned.jpg", "  - 3:4\n")
    assert [d.name for d in loaded.shots.deliverables] == ["9x16", "3x4"]
    assert str(loaded.media["turned.jpg"].size) == "600x800"


def test_data_uris_and_urls_are_first_frames_too(tmp_path: Path, catalog: Catalog) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 600), "navy").save(buffer, "PNG")
    uri = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    assert str(small(tmp_path, catalog, uri).media[uri].size) == "400x600"
    url = "https://example.com/a.png"
    assert small(tmp_path, catalog, url).media[url].identity == f"url:{url}"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("empty.png", b"", "is empty"),
        ("text.png", b"<html>", "is a web page; expected JPEG, PNG, BMP, WEBP"),
        ("cut.png", None, "is damaged"),
    ],
)
def test_a_picture_that_cannot_be_used_is_reported_in_one_line(
    tmp_path: Path, catalog: Catalog, name: str, data: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if data is None:
        Image.effect_noise((300, 300), 50).save(path)
        path.write_bytes(path.read_bytes()[:-20000])
    else:
        path.write_bytes(data)
    with pytest.raises(BadInput) as caught:
        small(tmp_path, catalog, name)
    (problem,) = caught.value.diagnostics
    assert problem.code == "image-unreadable"
    assert reason in concise(problem)


def test_a_decompression_bomb_is_refused_before_it_is_decoded(
    tmp_path: Path, catalog: Catalog
) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(BadInput, match="million pixels"):
        small(tmp_path, catalog, "bomb.png")


def test_a_device_is_no_picture(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(BadInput, match="is a device"):
        small(tmp_path, catalog, "/dev/zero")


def test_a_problem_is_shown_with_its_line_a_caret_and_a_hint(catalog: Catalog) -> None:
    path = BROKEN / "duration-unsupported.yaml"
    with pytest.raises(BadInput) as caught:
        load(path, catalog)
    shown = full(caught.value.diagnostics[0], caught.value.texts).splitlines()
    assert shown[0].endswith(
        "duration-unsupported.yaml:7:15: error[duration-unsupported]: "
        "duration 10 is not supported by wan2.2-i2v-flash"
    )
    assert shown[2].startswith("  7 |     duration: 10")
    assert shown[3].index("^") == shown[2].index("10")
    assert shown[4].startswith("  hint: use 5, or a model with 10 s: wan2.5-i2v-preview, ")


def test_what_looks_like_a_key_is_never_echoed(tmp_path: Path, catalog: Catalog) -> None:
    secret = "sk-0123456789abcdef0123456789abcdef"
    file = tmp_path / "list.yaml"
    file.write_text(f"version: {secret}\nproject: {secret} x\nregion: {secret}\nshots: {secret}\n")
    with pytest.raises(BadInput) as caught:
        load(file, catalog)
    assert not any(secret in concise(diagnostic) for diagnostic in caught.value.diagnostics)


def test_a_name_cannot_write_to_the_terminal_or_begin_a_line(
    tmp_path: Path, catalog: Catalog
) -> None:
    with pytest.raises(BadInput) as caught:
        small(tmp_path, catalog, '"x\\n::error::y\\e[31m.png"')
    for problem in caught.value.diagnostics:
        assert "\n" not in concise(problem)
        assert "\x1b" not in full(problem, caught.value.texts)


def test_a_thousand_chained_shots_are_checked_at_once(tmp_path: Path, catalog: Catalog) -> None:
    Image.new("RGB", (600, 900)).save(tmp_path / "a.png")
    chain = "".join(
        f"  - {{id: s{n}, model: wan2.5-i2v-preview, resolution: 480P, "
        f"image: {{shot: s{(n + 1) % 2000}}}}}\n"
        for n in range(2000)
    )
    began = time.process_time()
    with pytest.raises(BadInput) as caught:
        small(tmp_path, catalog, f"a.png\n{chain}".rstrip("\n"))
    assert len(caught.value.diagnostics) == 2000
    assert time.process_time() - began < 3


@pytest.mark.parametrize(("word", "gain"), [("mute", "-Infinity"), ("keep", "0"), ("-6", "-6")])
def test_the_sound_of_a_shot_is_kept_muted_or_so_many_decibels(
    word: str, gain: str, tmp_path: Path, catalog: Catalog
) -> None:
    picture = SPECS / "frames" / "rooftop.jpg"
    shots = MINIMAL.format(image=f"{picture}\n    sound: {word}")
    (tmp_path / "list.yaml").write_text(shots)
    (shot,) = load(tmp_path / "list.yaml", catalog).shots.shots
    assert str(shot.sound) == gain


def test_what_a_list_says_of_captions_is_for_all_deliverables(
    tmp_path: Path, catalog: Catalog
) -> None:
    Image.new("RGB", (480, 640), "navy").save(tmp_path / "a.png")
    extra = (
        "  - {aspect: 3:4, safe_area: reels, caption_style: {position: top, outline: none}}\n"
        "caption_style: {size: 0.1, colour: Yellow, outline: '#102030'}\n"
        "safe_area: douyin\n"
        "lang: ja\n"
    )
    first, second = small(tmp_path, catalog, "a.png", extra).shots.deliverables
    assert (first.safe_area, second.safe_area, second.lang) == ("douyin", "reels", "ja")
    assert (first.name, first.caption_style.outline) == ("9x16", "#102030")
    style = second.caption_style.model_dump()
    assert style == {
        "size": "1/10", "colour": "yellow", "outline": "none", "position": "top",
        "box": "none",
    }  # fmt: skip
