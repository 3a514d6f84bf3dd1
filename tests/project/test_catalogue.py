"""The Chinese of every text: complete, with the same placeholders, and typeset as Chinese is."""

import re
from collections.abc import Iterator
from io import BytesIO
from string import Formatter

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests import translations

HAN = re.compile(r"[\u3400-\u9fff]")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return translations.translated()


def english(entry: Message) -> tuple[str, ...]:
    return tuple(entry.id) if isinstance(entry.id, (list, tuple)) else (entry.id,)


def chinese(entry: Message) -> tuple[str, ...]:
    return entry.string if isinstance(entry.string, tuple) else (entry.string,)


def texts(catalogue: Catalog) -> Iterator[Message]:
    return (entry for entry in catalogue if entry.id)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def bare(text: str) -> str:
    """Without placeholders, and without what is quoted: labels and keys as they must be typed."""
    return re.sub(r"\{[^}]*\}|“[^”]*”|`[^`]*`|label: \S+", "", text)


def test_every_text_has_chinese(catalogue: Catalog) -> None:
    assert [english(entry)[0] for entry in translations.untranslated(catalogue)] == []


def test_both_languages_have_the_same_placeholders(catalogue: Catalog) -> None:
    wrong = []
    for entry in texts(catalogue):
        if "click" in {name for name, _ in entry.locations} or "%" in english(entry)[0]:
            continue
        names = set().union(*map(placeholders, english(entry)))
        wrong += [text for text in chinese(entry) if placeholders(text) - names]
        missing = names - set().union(*map(placeholders, chinese(entry)))
        wrong += [english(entry)[0]] if missing else []
    assert wrong == []


def test_chinese_has_its_own_signs(catalogue: Catalog) -> None:
    """Full-width signs after Chinese, a blank between Chinese and Latin words."""
    narrow_sign = re.compile(r"[\u3400-\u9fff][,;:?!](?!\S*://)")
    no_blank = re.compile(r"[\u3400-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u3400-\u9fff]")
    wrong = [
        text
        for entry in texts(catalogue)
        for text in chinese(entry)
        if narrow_sign.search(own := bare(text)) or no_blank.search(own)
    ]
    assert wrong == []


def test_what_says_mock_says_so_in_chinese_too(catalogue: Catalog) -> None:
    silent = [
        text
        for entry in texts(catalogue)
        for text in chinese(entry)
        if "MOCK" in english(entry)[0] and "MOCK" not in text
    ]
    assert silent == []


def test_no_sentence_was_left_in_english(catalogue: Catalog) -> None:
    words = re.compile(r"[A-Za-z]{2,}")
    left = [
        text
        for entry in texts(catalogue)
        for text in chinese(entry)
        if not HAN.search(text) and len(words.findall(re.sub(r"\{[^}]*\}", "", text))) > 2
    ]
    assert left == []


def test_the_files_are_those_that_the_program_makes(catalogue: Catalog) -> None:
    """`uv run python -m tests.translations` writes them."""
    with translations.CATALOGUE.open("rb") as stream:
        kept = {translations._key(entry): entry.string for entry in read_po(stream) if entry.id}
    assert kept == {translations._key(entry): entry.string for entry in texts(catalogue)}
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    assert translations.COMPILED.read_bytes() == compiled.getvalue()
    assert translations.parts() == []
