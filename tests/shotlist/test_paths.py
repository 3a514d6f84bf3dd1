"""Ways to write a path: what is expanded, what is taken for a file, and what is offered."""

import re
import unicodedata
from pathlib import Path

import pytest

from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.shotlist.paths import expanded, hint, nearest
from wanx_render.validation.load import load
from wanx_render.validation.rows.lists import Loaded

LIST = """\
version: 1
project: p
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3}
shots:
  - {id: a, image: IMAGE, prompt: hi}
deliverables: [3:4]
"""


@pytest.fixture
def folder(tmp_path: Path, picture, monkeypatch: pytest.MonkeyPatch) -> Path:  # type: ignore[no-untyped-def]
    """A list's folder with pictures in it and in its subfolder, and a home with one."""
    home = tmp_path / "my home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    folder = tmp_path / "list"
    (folder / "Frames").mkdir(parents=True)
    made = picture("made.png", (300, 400))
    for name in ("a.png", "照片（一）.png", "Frames/Wake up.jpeg", ".secret.png"):
        (folder / name).write_bytes(made.read_bytes())
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    (home / "holiday.png").write_bytes(made.read_bytes())
    return folder


def loaded(folder: Path, image: str, catalog: Catalog) -> Loaded:
    file = folder / "list.yaml"
    file.write_text(LIST.replace("IMAGE", image), encoding="utf-8")
    return load(file, catalog)


def refused(folder: Path, image: str, catalog: Catalog) -> Diagnostic:
    with pytest.raises(BadInput) as caught:
        loaded(folder, image, catalog)
    (problem,) = caught.value.diagnostics
    return problem


@pytest.mark.parametrize(
    "image",
    [
        "~/holiday.png",
        "$HOME/holiday.png",
        "'file://HOME/holiday.png'",
        "'%USERPROFILE%/holiday.png'",
    ],
)
def test_a_path_in_the_home_is_expanded(folder: Path, image: str, catalog: Catalog) -> None:
    home = folder.parent / "my home"
    image = image.replace("//HOME", f"//{str(home).replace(' ', '%20')}")
    shots = loaded(folder, image, catalog).shots.shots
    assert shots[0].image == str(home / "holiday.png")


def test_only_forms_of_paths_are_expanded() -> None:
    for text in ("a~/b", "~", "$HOMER/a", "http://a/~/b", "data:x", "file.png", "silent", "${x}"):
        assert expanded(text) == text
    assert expanded("file:///C:/a.png") == "C:/a.png"
    assert expanded("file://localhost/a%20b.png") == "/a b.png"


def test_the_same_name_in_another_form_is_taken(folder: Path, catalog: Catalog) -> None:
    composed, decomposed = "café がく.png", unicodedata.normalize("NFD", "café がく.png")
    assert composed != decomposed
    (folder / decomposed).write_bytes((folder / "a.png").read_bytes())
    shot = loaded(folder, composed, catalog).shots.shots[0]
    assert shot.image == decomposed
    assert loaded(folder, r"'Frames\Wake up.jpeg'", catalog).shots.shots[0].image == (
        "Frames/Wake up.jpeg"
    )


@pytest.mark.parametrize(
    ("image", "offered"),
    [
        ("A.PNG", "a.png"),
        ("'a.png '", "a.png"),
        ("a.jpg", "a.png"),
        ("ａ.png", "a.png"),
        ("照片(一).PNG", "照片（一）.png"),
        ("frames/wake-up.jpeg", "Frames/Wake up.jpeg"),
        ("frames/wake up.jpg", "Frames/Wake up.jpeg"),
        ("./Frame/Wake up.jpeg", "Frames/Wake up.jpeg"),
        ("../list/A.png", "../list/a.png"),
        (r"'C:\Users\me\a.png'", "a.png"),
        ("/nowhere/a.png", "a.png"),
        ("~/a.png", "a.png"),
        ("$OTHER/a.png", "a.png"),
    ],
)
def test_the_nearest_name_is_offered(
    folder: Path, image: str, offered: str, catalog: Catalog
) -> None:
    problem = refused(folder, image, catalog)
    assert (problem.code, problem.hint) == ("image-missing", f"did you mean {offered!r}?")


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (r"'D:\b.jpg'", "this is a Windows path"),
        (r'"C:\new\u0007.jpg"', "escape; use single quotes"),
        ("$OTHER/b.jpg", "variables of the system are not read"),
        ("~root/b.jpg", "instead of ~root"),
        ("file:b.jpg", "without file:"),
        ("' b.jpg '", "remove the blanks"),
        ("none/b.jpg", "the folder 'none' does not exist"),
        ("zzz.jpg", "relative to the shot list's folder"),
        ("secret.gif", "relative to the shot list's folder"),
    ],
)
def test_what_leads_nowhere_is_named(
    folder: Path, image: str, words: str, catalog: Catalog
) -> None:
    problem = refused(folder, image, catalog)
    assert problem.code == "image-missing"
    assert words in problem.hint


def test_nothing_but_a_file_is_offered(folder: Path) -> None:
    assert nearest(folder, "Frame") == nearest(folder, "") == nearest(folder, "\0") == ""
    assert nearest(folder, "a.png/b") == nearest(folder, "x" * 300) == ""


def test_sounds_subtitles_fonts_and_tables_have_the_same_hints(
    folder: Path, catalog: Catalog
) -> None:
    (folder / "song.mp3").write_bytes(b"x")
    (folder / "words.srt").write_text("x")
    (folder / "letters.ttf").write_bytes(b"x")
    (folder / "rows.csv").write_text("a\nb\n")
    text = LIST.replace("IMAGE", "a.png").replace(
        "[3:4]",
        "[{aspect: 3:4, audio: {music: Song.mp3}, subtitles: words.SRT, font: letter.ttf}]",
    )
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(folder / "list.yaml", catalog)
    hints = {problem.code: problem.hint for problem in caught.value.diagnostics}
    assert hints["mix-file-missing"] == "did you mean 'song.mp3'?"
    assert hints["subtitles-unreadable"] == "did you mean 'words.srt'?"
    assert hints["font-unreadable"] == "did you mean 'letters.ttf'?"
    (folder / "list.yaml").write_text(LIST + "matrix: row.csv\n", encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        load(folder / "list.yaml", catalog)
    assert caught.value.diagnostics[0].hint == "did you mean 'rows.csv'?"


def test_a_variable_of_the_system_in_braces_is_named(folder: Path, catalog: Catalog) -> None:
    problem = refused(folder, '"${HOME}/a.png"', catalog)
    assert problem.code == "variable-unknown"
    assert "begin a path in your home with ~/" in problem.hint


def test_a_long_path_or_an_odd_one_ends_in_words(folder: Path) -> None:
    for name in ("a" * 5000, "\ud800.png", "a\0b", "/" * 500, "..\\..\\..", "~" * 50 + "/"):
        assert re.search("[a-z]", hint(folder, name))


@pytest.mark.parametrize("name", ["list.yml", "LIST.yaml", "lst.yaml", "."])
def test_the_list_beside_it_is_offered(
    name: str, folder: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "list.picks.yaml").write_text("")
    monkeypatch.chdir(folder)
    with pytest.raises(BadInput) as caught:
        load(Path(name), catalog)
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.hint) == ("file-unreadable", "did you mean 'list.yaml'?")
    with pytest.raises(BadInput) as caught:
        load(Path("zzzzzz.yaml"), catalog)
    assert caught.value.diagnostics[0].hint == ""
