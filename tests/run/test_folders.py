"""A run works in a folder of any name; where it cannot, it is refused before anything is bought."""

import json
import os
import shutil
import wave
from pathlib import Path

import pytest

from tests.support.media import facts
from tests.support.process import project, wanx
from tests.tiers import sample

LIST = """\
version: 1
project: film
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: one, image: PICTURE, prompt: a, transition: {type: dissolve, duration: 0.5}}
  - {id: two, image: {shot: one, frame: last}, prompt: b, transition: {type: slide, duration: 1}}
  - {id: three, image: PICTURE, prompt: c, takes: 2}
deliverables:
  - name: drawn
    aspect: 9:16
    size: 90x160
    fit: blur
    subtitles: words.srt
    captions: both
    audio: {music: bgm.wav, loudness: -14}
  - name: styled
    aspect: 3:4
    size: 120x160
    subtitles: words.ass
    captions: burn
"""
ASS = """\
[Script Info]
ScriptType: v4.00+
PlayResX: 90
PlayResY: 160

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour
Style: Default,Noto Sans CJK SC,20,&H00FFFFFF

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:01.00,0:00:03.00,Default,一只猫
"""
SRT = "1\n00:00:01,000 --> 00:00:03,000\n一只猫\n"
NAMES = [
    "a#1 b?c=d",
    "100%20 %d %03d %%",
    'it\'s "q" & b;c|d[e]{f}<g>',
    "猫🎉 $HOME `x` *!~^",
    "-y,x=1:y=2\\n",
    "file:pipe:0",
]


def fill(folder: Path, picture: str = "a.png") -> Path:
    project(folder)
    (folder / "list.yaml").write_text(
        LIST.replace("PICTURE", json.dumps(picture, ensure_ascii=False)), encoding="utf-8"
    )
    (folder / "words.srt").write_text(SRT, encoding="utf-8")
    (folder / "words.ass").write_text(ASS, encoding="utf-8")
    with wave.open(str(folder / "bgm.wav"), "wb") as sound:
        sound.setparams((1, 2, 48000, 0, "NONE", ""))
        sound.writeframes(bytes(range(256)) * 48000)
    return folder


@pytest.mark.proof
@pytest.mark.parametrize("name", sample(1, NAMES))
def test_everything_is_made_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    folder = fill(tmp_path / name, f"{name}.png")
    (folder / "a.png").rename(folder / f"{name}.png")
    scratch = folder / "tmp"
    scratch.mkdir()
    done = wanx(folder, "list.yaml", TMPDIR=str(scratch))
    assert done.code == 0, done.text
    made = folder / "renders" / "film"
    assert facts(made / "drawn.mp4").frames == facts(made / "styled.mp4").frames == 225
    assert {path.name for path in made.iterdir()} >= {"storyboard.html", "drawn.srt"}
    assert not [path for path in folder.rglob("*") if path.name.endswith((".part", ".ffconcat"))]
    # The post-processor alone, from such a name to such a name.
    clip = Path("renders/film/drawn.mp4")
    shutil.copy(folder / clip, folder / f"{name}.mp4")
    target = f"./{name} out.mp4"
    done = wanx(folder, "conform", f"./{name}.mp4", "--aspect", "1:1", "-o", target)
    assert done.code == 0, done.text
    assert (folder / f"{name} out.mp4").is_file()


@pytest.mark.parametrize("name", sample(1, ["a\nb", "a\rb", "a\x01b"]))
def test_a_control_character_in_the_folder_is_refused_before_anything_is_bought(
    name: str, tmp_path: Path
) -> None:
    project(tmp_path)
    done = wanx(tmp_path, "list.yaml", "--out", name)
    assert done.code == 2
    assert "folder-unwritable" in done.text
    assert "control character" in done.text
    assert not (tmp_path / name).exists()


def test_a_folder_whose_name_is_no_text_is_refused_too(tmp_path: Path) -> None:
    project(tmp_path)
    done = wanx(tmp_path, "list.yaml", "--out", os.fsdecode(b"caf\xe9"))
    assert (done.code, "folder-unwritable" in done.text) == (2, True), done.text
    assert "not valid text" in done.text


def as_user(folder: Path) -> bool:
    """Whether permissions hold for who runs this."""
    (folder / "probe").mkdir(mode=0o500)
    try:
        (folder / "probe" / "x").touch()
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    "out",
    sample(3, ["file", "file/below", "x" * 300, "loop", "loop/x", "dangling/x", "/proc/nothing"]),
)
@pytest.mark.parametrize("lists", [("list.yaml",), ("list.yaml", "other.yaml")])
def test_a_folder_that_cannot_be_is_a_sentence(
    out: str, lists: tuple[str, ...], tmp_path: Path
) -> None:
    project(tmp_path)
    other = (tmp_path / "list.yaml").read_text(encoding="utf-8").replace("small", "other")
    (tmp_path / "other.yaml").write_text(other, encoding="utf-8")
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("/proc/nothing")
    done = wanx(tmp_path, *lists, "--out", out)
    assert done.code == 2, done.text
    assert "--folder" in done.text or "Invalid value for '--out'" in done.text


@pytest.mark.proof
@pytest.mark.parametrize("out", ["file/x", "none/x", ".", "x" * 300, "loop"])
def test_no_command_calls_a_wrong_name_a_bug(out: str, tmp_path: Path) -> None:
    project(tmp_path)
    assert wanx(tmp_path, "list.yaml").code == 0
    (tmp_path / "file").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    for command in (
        ("report", "list.yaml", "--out", out),
        ("export", "list.yaml", "--format", "edl", "--out", out),
        ("plan", "list.yaml", "--out", out),
        ("conform", "renders/small/film.mp4", "--aspect", "1:1", "-o", out),
        ("status", "list.yaml", "--out", out),
        ("validate", out),
    ):
        done = wanx(tmp_path, *command)
        assert done.code == 2, (command, done.text)
        assert out == "." or out in done.text, command
    left = [path.name for path in tmp_path.iterdir() if path.name.endswith(".part")]
    assert left == []


def test_a_folder_without_permission_is_a_sentence(tmp_path: Path) -> None:
    if not as_user(tmp_path):
        pytest.skip("permissions do not hold for root")
    project(tmp_path)
    (tmp_path / "closed").mkdir(mode=0o500)
    done = wanx(tmp_path, "list.yaml", "--out", "closed")
    assert (done.code, "folder-unwritable" in done.text) == (2, True)


@pytest.mark.proof
def test_a_folder_in_the_place_of_a_file_is_a_sentence(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "renders" / "small" / "manifest.json").mkdir(parents=True)
    done = wanx(tmp_path, "list.yaml", "--yes")
    assert done.code == 1
    assert f"{tmp_path / 'renders/small/manifest.json'}: Is a directory\n" in done.text
