"""What a page shows: its texts and attributes, and whether a script is its own."""

import re
from html.parser import HTMLParser

from wanx_render.reports.bilingual import SCRIPT, script_source

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


def only_its_own_script(text: str) -> None:
    """The page runs the script of the program, known by its hash; its other one holds data."""
    (data, _), (attributes, script) = Page(text).scripts
    assert data == {"type": "application/json", "id": "words"}
    assert attributes == {}
    assert script == SCRIPT.read_text(encoding="utf-8")
    policy = re.search(r'script-src ([^;"]*)', text)
    assert policy
    assert policy[1] == script_source()
