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

import jinja2
from markupsafe import Markup, escape

from wanx_render.language import TAGS, Language, Message, language, plural, shown, tr
from wanx_render.languages import LANGUAGES
from wanx_render.reports.wording import plain

SCRIPT = Path(__file__).parent / "bilingual.js"


# By %: a page has dozens of these for each shot, and Markup.format takes three times as long.
_NUMBERED = Markup('<span data-t="%s">%s</span>')


class PageTexts:
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
        return _NUMBERED % (number, own)

    def title(self, message: Message) -> Markup:
        """The title of the page."""
        own, number = self._numbered(message)
        other = "" if number is None else Markup(' data-t="{}"').format(number)
        return Markup("<title{}>{}</title>").format(other, own)

    def attribute(self, name: str, message: str) -> Markup:
        """An attribute that people see or hear: ``alt``, ``title`` or ``aria-label``."""
        own, number = self._numbered(message)
        other = "" if number is None else Markup(' data-%s="%s"') % (name, number)
        return Markup('%s="%s"%s') % (name, own, other)

    def _numbered(self, message: str) -> tuple[str, int | None]:
        own, other = (_in(message, tongue) for tongue in (self._own, self._other))
        if own == other:
            return own, None
        return own, self._numbers.setdefault(other, len(self._numbers))

    def script(self) -> Markup:
        """The other language's texts and the script, to stand at the end of the page."""
        texts = json.dumps(list(self._numbers), ensure_ascii=False).replace("<", "\\u003c")
        data = Markup('<script type="application/json" id="words">{}</script>')
        return data.format(Markup(texts)) + Markup(f"<script>{script_text()}</script>")  # noqa: S704


def environment(folder: Path) -> jinja2.Environment:
    """Where the templates of pages are; each is rendered with its ``PageTexts`` as ``texts``."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_finalized,
    )  # fmt: skip
    templates.filters["attribute"] = _attribute
    templates.globals |= {"tr": tr, "plural": plural}
    return templates


@jinja2.pass_context
def _finalized(context: jinja2.runtime.Context, value: object) -> object:
    """What a template writes: messages with their other language, all else as it is."""
    if isinstance(value, Message):
        return context["texts"].text(value)
    return plain(value)


@jinja2.pass_context
def _attribute(context: jinja2.runtime.Context, message: Message, name: str) -> Markup:
    markup: Markup = context["texts"].attribute(name, message)
    return markup


def style_source(style: str) -> str:
    """What the content policy of a page says of its style sheet."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


def both(message: str) -> str | tuple[str, str]:
    """A text for a page's own script: English and Chinese, or what is the same in both."""
    english, chinese = (_in(message, tongue) for tongue in LANGUAGES)
    return english if english == chinese else (english, chinese)


def _in(message: str, tongue: Language) -> str:
    return str(plain(shown(message, tongue)))


@cache
def script_text(path: Path = SCRIPT) -> str:
    """A script that stands in a page."""
    return path.read_text(encoding="utf-8")


@cache
def script_source(path: Path = SCRIPT) -> Markup:
    """What the content policy of a page says of a script in it."""
    digest = hashlib.sha256(script_text(path).encode()).digest()
    return Markup("'sha256-{}'").format(base64.b64encode(digest).decode())


SWITCH = Markup('<button type="button" id="language" class="language" hidden></button>')
