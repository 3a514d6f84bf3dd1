"""Plain English: words that are not used, and sentences that are not too long."""

import re
from pathlib import Path

import pytest

from tests.docs.sentences import ninth_decile, sentences, words
from tests.support.places import ROOT

HARD = re.compile(
    r"(?<![a-z])(?:told|tells|tell of|anew|reckon(?:s|ed|ing)?|mend(?:s|ed|ing)?|whoever"
    r"|held against|looked into|under way|for each in)(?![a-z])",
    re.IGNORECASE,
)
TEXT = (".py", ".md", ".html", ".js", ".css", ".yaml", ".yml", ".sql", ".svg", ".txt", ".toml")
# What a measure or this test searches for has to be written out in it.
SEARCHES = {
    "benchmarks/house.py",
    "tests/docs/test_language.py",
    "tests/project/test_house.py",
}
LONGEST = 28  # words that nine of ten sentences of a page may have
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")})
ENGLISH = [page for page in PAGES if "zh" not in page.parts and ".zh-" not in page.name]


def files(room: str) -> list[Path]:
    place = ROOT / room
    paths = [place] if place.is_file() else place.rglob("*")
    return sorted(path for path in paths if path.is_file() and path.suffix in TEXT)


def hits(path: Path) -> list[str]:
    """The words of the hard list in a file: text, comments, names and literals alike."""
    name = str(path.relative_to(ROOT))
    if name in SEARCHES:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [
        f"{name}:{number}: {match[0]}"
        for number, line in enumerate(lines, start=1)
        for match in HARD.finditer(line)
    ]


def rooms() -> list[str]:
    """Everything that is checked: the docs, and the program room by room."""
    houses = [
        str(path.relative_to(ROOT))
        for house in ("wanx_render", "mock_server")
        for path in sorted((ROOT / house).iterdir())
        if path.is_dir() or path.suffix in TEXT
    ]
    return [
        "docs",
        "benchmarks",
        "specs",
        ".ci",
        "tests",
        *(page.name for page in ROOT.glob("*.md")),
        *houses,
    ]


@pytest.mark.parametrize("room", rooms())
def test_no_word_of_the_hard_list_is_used(room: str) -> None:
    words_used = [hit for path in files(room) for hit in hits(path)]
    assert not words_used, "\n".join(words_used)


@pytest.mark.parametrize("word", ["told", "tells", "anew", "mended", "whoever", "tells_prompt"])
def test_the_search_finds_a_word_in_names_and_sentences(word: str) -> None:
    assert HARD.search(f"a {word}, once") and HARD.search(word.upper())


@pytest.mark.parametrize("word", ["recommend", "amended", "tell(", "reckoner", "foretold"])
def test_the_search_passes_over_other_words(word: str) -> None:
    assert not HARD.search(f"a {word}")


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: str(page.relative_to(ROOT)))
def test_nine_of_ten_sentences_of_a_page_are_short(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    longest = sorted(sentences(text), key=words, reverse=True)[:3]
    assert ninth_decile(text) <= LONGEST, longest


def test_sentences_are_found_where_they_end() -> None:
    page = "# No. 1.\n\nOne two. Three `a. b` [four. five](x.md)? Six\nseven\n\n- Eight.\n- Nine!\n"
    table = "\n| a. | b. |\n\n```sh\nten. eleven.\n```\n"
    expected = ["One two.", "Three code four.", "five?", "Six seven", "Eight.", "Nine!"]
    assert [part.strip() for part in sentences(page + table)] == expected
    assert ninth_decile("One. " * 9 + "One two three.") == 1
    assert ninth_decile("One. " * 8 + "One two three. " * 2) == 3
