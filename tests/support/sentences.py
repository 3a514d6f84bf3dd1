"""The sentences of a room, each with values in it, for tests of their Chinese."""

import re
from collections.abc import Iterator
from string import Formatter

from babel.messages.extract import extract_from_dir

from tests.support.places import ROOT
from tests.translations import KEYWORDS, METHODS
from wanx_render.language import Message, plural, recorded, shown, tr

# Commands are the same in every language.
_COMMAND = re.compile(r"(?:wanx-render|pip|dask|openssl)(?: [\w'\[\]{}-]+)*")
_WORDS = re.compile(r"\b[A-Za-z][a-z']+(?: [a-z][a-z']*){2,}")


def sentences(room: str) -> Iterator[Message]:
    """Every sentence of ``wanx_render/ROOM``, with a Chinese character or a number as values."""
    folder = ROOT / "wanx_render" / room
    for _, _, text, _, _ in extract_from_dir(folder, METHODS, keywords=KEYWORDS):
        if isinstance(text, tuple):
            one, many = text[:2]
            yield plural(one, many, 2, **_values(many))
        else:
            yield tr(text, **_values(text))


def _values(template: str) -> dict[str, object]:
    parts = (part for part in Formatter().parse(template) if part[1] is not None)
    values: dict[str, object] = {str(name): 2.5 if form else "甲" for _, name, form, _ in parts}
    return values | ({"n": 2} if "n" in values else {})


def english_in(message: Message) -> list[str]:
    """The English that its Chinese text still holds: three words in a row."""
    return _WORDS.findall(_COMMAND.sub("", shown(message, "zh")))


def kept_english(room: str) -> dict[str, list[str]]:
    """The sentences of a room whose Chinese still holds English, and what of it."""
    return {text: words for text in sentences(room) if (words := english_in(text))}


def lost_in_files(room: str) -> list[str]:
    """The sentences of a room that are not Chinese again when they come out of a file."""
    written = {str(text): shown(text, "zh") for text in sentences(room) if _has_words(text)}
    assert len(written) > 10
    return [text for text, chinese in written.items() if shown(recorded(text), "zh") != chinese]


def _has_words(message: Message) -> bool:
    """Whether it has words beside its values by which it is found again in a file."""
    words = "".join(literal for literal, *_ in Formatter().parse(message.template))
    starts = re.match("[A-Za-z]{3}", message.template)
    return bool(starts) or sum(map(str.isalpha, words)) >= 6
