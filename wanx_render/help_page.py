"""Help in the language of the process, with lines that are measured in cells.

Click counts characters; a Chinese character takes two cells, and has no blank after it to break at.
"""

from __future__ import annotations

import gettext
import re
from copy import copy
from typing import TYPE_CHECKING

import click

from wanx_render import language
from wanx_render.diagnostics import display_width
from wanx_render.language import looked_up
from wanx_render.languages import language_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, MutableMapping

_WIDE = "\u2e80-\uffef"
# What stays on one line: blanks, a wide character, or a word; each with the signs that close it.
_CHUNKS = re.compile(rf"\s+|[（“《\[]*(?:[{_WIDE}]|[^\s{_WIDE}]+)[，。、；：？！）”》\]]*")


def wrapped(text: str, width: int) -> Iterator[str]:
    """The lines of one paragraph."""
    line = ""
    for chunk in _CHUNKS.findall(text):
        if line and display_width(line + chunk.rstrip()) > width:
            yield line.rstrip()
            line = ""
        if line or not chunk.isspace():
            line += chunk
    if line:
        yield line.rstrip()


class CellFormatter(click.HelpFormatter):
    """Click's help page, with widths in cells."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        """Write the line of usage."""
        start = f"{looked_up('Usage:') if prefix is None else prefix}{prog} "
        indent = " " * display_width(start)
        lines = wrapped(args, self.width - len(indent))
        self.write(start + f"\n{indent}".join(lines) + "\n")

    def write_heading(self, heading: str) -> None:
        """Write the name of a section."""
        self.write(f"{' ' * self.current_indent}{heading}：\n")

    def write_text(self, text: str) -> None:
        """Write paragraphs."""
        indent = " " * self.current_indent
        paragraphs = (
            f"\n{indent}".join(wrapped(paragraph.replace("\n", " "), self.width - len(indent)))
            for paragraph in text.split("\n\n")
        )
        self.write("\n\n".join(indent + paragraph for paragraph in paragraphs) + "\n")

    def write_dl(
        self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2
    ) -> None:
        """Write names and what they mean, in two columns."""
        table = list(rows)
        first = min(max(display_width(name) for name, _ in table), col_max) + col_spacing
        margin, left = " " * self.current_indent, " " * (self.current_indent + first)
        for name, meaning in table:
            lines = list(wrapped(meaning, self.width - len(left)))
            gap = first - display_width(name)
            start = (
                f"{margin}{name}{' ' * gap}" if gap >= col_spacing else f"{margin}{name}\n{left}"
            )
            self.write((start + f"\n{left}".join(lines)).rstrip() + "\n")


class _CellContext(click.Context):
    formatter_class = CellFormatter


def in_language_of(environ: MutableMapping[str, str], command: click.Command) -> click.Command:
    """``command`` in the language that ``environ`` asks for, which becomes that of the process."""
    language.use(language_of(environ))
    if language.language() == "en":
        return command
    # Click looks its own words up in the catalogue of this domain.
    gettext.bindtextdomain(language.DOMAIN, language.LOCALES)
    gettext.textdomain(language.DOMAIN)
    environ["LANGUAGE"] = language.LOCALE_NAMES[language.language()]
    return translated(command)


def translated(command: click.Command) -> click.Command:
    """The command with its help in the language of the process."""
    command = copy(command)
    command.context_class = _CellContext
    vars(command)["_help_option"] = None  # click keeps it, in the language it was first shown in
    command.help = looked_up(command.help or "")
    command.short_help = looked_up(command.short_help or "") or None
    command.epilog = looked_up(command.epilog or "") or None
    command.params = [copy(parameter) for parameter in command.params]
    for option in command.params:
        if isinstance(option, click.Option) and option.help:
            option.help = looked_up(option.help)
    if isinstance(command, click.Group):
        command.commands = {name: translated(verb) for name, verb in command.commands.items()}
    return command
