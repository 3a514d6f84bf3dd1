"""Pages that open offline carry both languages: the reader's browser chooses, and a switch.

A page is written in the language of the process that makes it. Beside each text that differs is a
number; a list in the page has the text of the other language under it. Without its script a page
stays as it was written. Pictures are most of a page, so the second language costs little.
"""

import base64
import hashlib
import json
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from wanx_render.language import TAGS, Message, language, shown
from wanx_render.reports.wording import plain

SCRIPT = Path(__file__).parent / "bilingual.js"


class Words:
    """The texts of one page, in the order in which they are first used."""

    def __init__(self) -> None:
        self._own = language()
        self._other = next(known for known in TAGS if known != self._own)
        self._numbers: dict[str, int] = {}

    @property
    def tag(self) -> str:
        """The language that the page is written in."""
        return TAGS[self._own]

    def text(self, message: str) -> Markup:
        """A text between tags."""
        own, number = self._numbered(message)
        if number is None:
            return escape(own)
        return Markup('<span data-t="{}">{}</span>').format(number, own)

    def title(self, message: Message) -> Markup:
        """The title of the page."""
        own, number = self._numbered(message)
        other = "" if number is None else Markup(' data-t="{}"').format(number)
        return Markup("<title{}>{}</title>").format(other, own)

    def attribute(self, name: str, message: str) -> Markup:
        """An attribute that people see or hear: ``alt``, ``title`` or ``aria-label``."""
        own, number = self._numbered(message)
        other = "" if number is None else Markup(' data-{}="{}"').format(name, number)
        return Markup('{}="{}"{}').format(name, own, other)

    def _numbered(self, message: str) -> tuple[str, int | None]:
        own, other = (str(plain(shown(message, tongue))) for tongue in (self._own, self._other))
        if own == other:
            return own, None
        return own, self._numbers.setdefault(other, len(self._numbers))

    def script(self) -> Markup:
        """The other language's texts and the script, to stand at the end of the page."""
        texts = json.dumps(list(self._numbers), ensure_ascii=False).replace("<", "\\u003c")
        data = Markup('<script type="application/json" id="words">{}</script>')
        return data.format(Markup(texts)) + Markup(f"<script>{_script()}</script>")  # noqa: S704


@cache
def _script() -> str:
    return SCRIPT.read_text(encoding="utf-8")


@cache
def script_source() -> Markup:
    """What the content policy of a page says of its script."""
    digest = hashlib.sha256(_script().encode()).digest()
    return Markup("'sha256-{}'").format(base64.b64encode(digest).decode())


SWITCH = Markup('<button type="button" id="language" class="language" hidden></button>')
