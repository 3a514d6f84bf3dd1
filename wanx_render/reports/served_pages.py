"""Served pages in the reader's language: which it is, their HTML, and the texts of their scripts.

A page is a jinja template with ``tr`` and ``plural``; its scripts import the functions of the same
names from the module that ``script`` makes. What a switch chose is in a cookie, which holds for
every port.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from wanx_render.diagnostics import Diagnostic, clean, concise, without_secrets
from wanx_render.language import (
    TAGS,
    Language,
    Message,
    language,
    looked_up,
    preferred,
    shown,
    tr,
    using,
)
from wanx_render.languages import LANGUAGES

QUERY = "lang"
_COOKIE = "wanx-language"
_NAMES: dict[Language, str] = {"en": "English", "zh": "中文"}
_RUNTIME = Path(__file__).parent / "served_pages.js"
_TEXT = r'"(?:[^"\\\n]|\\.)*"'
_CALL = re.compile(rf"\b(?:tr|plural)\(\s*({_TEXT})(?:\s*,\s*({_TEXT}))?")


def reader_language(
    query: Mapping[str, str], cookies: Mapping[str, str], accept_language: str
) -> Language:
    """The language of who asks for a page: by the switch, else as the browser wants it."""
    for known in LANGUAGES:
        if query.get(QUERY) == known:
            return known
    for known in LANGUAGES:
        if cookies.get(_COOKIE) == known:
            return known
    return preferred(accept_language) or language()


def cookie(query: Mapping[str, str]) -> str | None:
    """The header that remembers what the switch chose."""
    chosen = query.get(QUERY)
    if chosen not in LANGUAGES:
        return None
    return f"{_COOKIE}={chosen}; Path=/; Max-Age=31536000; SameSite=Strict"


def html(template: str, chosen: Language) -> str:
    """The page in the reader's language."""
    other = next(known for known in LANGUAGES if known != chosen)

    def translated(text: str) -> str:
        return shown(tr(text), chosen)

    names = {"other": other, "other_name": _NAMES[other], "other_tag": TAGS[other]}
    text: str = _compiled(template).render(tr=translated, tag=TAGS[chosen], **names)
    return text


@cache
def _compiled(template: str) -> Any:
    import jinja2  # slow to import, and only served pages need it here

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return environment.from_string(template)


def script(sources: Iterable[str], chosen: Language) -> str:
    """The module that gives scripts their texts: those that ``sources`` use, in ``chosen``."""
    texts = {
        text: looked_up(text, chosen, one=one) for source in sources for text, one in _used(source)
    }
    needed = {text: other for text, other in texts.items() if text != other}
    data = json.dumps(needed, ensure_ascii=False)
    return f"const TEXTS = {data};\n{_RUNTIME.read_text(encoding='utf-8')}"


def _used(source: str) -> Iterator[tuple[str, str]]:
    """The texts of a script; of those with a number also the text for one."""
    for first, second in _CALL.findall(source):
        texts = [json.loads(text) for text in (first, second) if text]
        yield texts[-1], texts[0] if second else ""


def for_reader(record: Any, chosen: Language) -> Any:
    """A JSON-ready record whose sentences are in the reader's language, without secrets."""
    if isinstance(record, Message):
        return clean(without_secrets(shown(record, chosen)))
    if isinstance(record, Diagnostic):
        with using(chosen):
            return concise(record)
    if isinstance(record, Mapping):
        return {name: for_reader(value, chosen) for name, value in record.items()}
    if isinstance(record, (list, tuple)):
        return [for_reader(value, chosen) for value in record]
    return record
