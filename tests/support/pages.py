"""What a page shows: its texts and attributes, and whether a script is its own."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser
from pathlib import Path

from wanx_render.reports.bilingual import SCRIPT, script_source

# What is the same in every language: names of the program, of formats and of the service's states.
SAME = {
    "AI", "API", "CNY", "English", "FAILED", "LUFS", "MOCK", "Shift",
    "PENDING", "RUNNING", "SUCCEEDED",
    "UTC", "beijing", "mock", "fps", "ffmpeg", "wan", "wanx", "wanx-render",
}  # fmt: skip
_CODE = re.compile(
    r"[\w-]*\d[\w.-]*|[\w-]+\.(?:mp4|yaml|json|html)|[A-Z][a-z]+[A-Z]\w*|\S*[=/]\S*|sk-\S+"
)
_WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
SPOKEN = ("alt", "title", "aria-label")


class Page(HTMLParser):
    """The texts that people see or hear of a page; scripts and styles are set apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.language = ""
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        attributes = dict(attrs)
        if tag == "html":
            self.language = attributes["lang"] or ""
        if tag == "script":
            self.scripts.append((attributes, ""))
        self.texts += [value for name in SPOKEN if (value := attributes.get(name))]

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            attributes, before = self.scripts[-1]
            self.scripts[-1] = attributes, before + data
        elif self._inside != "style" and data.strip():
            self.texts.append(data)


def only_its_own_script(text: str, *further: Path) -> None:
    """The page runs scripts of the program, known by their hashes; its other ones hold data."""
    scripts = Page(text).scripts
    kinds = [attributes.get("type") for attributes, _ in scripts]
    assert all(kind == "application/json" for kind in kinds if kind)
    code = [script for attributes, script in scripts if not attributes]
    assert len(code) == sum(kind is None for kind in kinds)
    own = (SCRIPT, *further)
    assert code == [path.read_text(encoding="utf-8") for path in own]
    policy = re.search(r'script-src ([^;"]*)', text)
    assert policy
    assert policy[1] == " ".join(map(script_source, own))


def english(text: str, own: Iterable[str] = ()) -> list[str]:
    """The English words of a Chinese page; ``own`` are texts of the list and of the service."""
    for part in sorted(own, key=len, reverse=True):
        text = text.replace(part, " ")
    return [word for word in _WORD.findall(_CODE.sub(" ", text)) if word not in SAME]


def chinese(text: str, own: Iterable[str] = ()) -> list[str]:
    """The Chinese of an English page."""
    for part in sorted(own, key=len, reverse=True):
        text = text.replace(part, " ")
    return re.findall("[\u4e00-\u9fff]+", text)
