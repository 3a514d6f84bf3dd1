"""Help pages as click made them, and scripts of shells, each in a file of ``texts``.

``python -m tests.commands.ready`` writes them; ``tests/commands/test_ready.py`` compares.
"""

from __future__ import annotations

import os

from wanx_render.languages import language_of

TYPE_CHECKING = False  # the one of ``typing`` takes a third of a bare start to import
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SHELLS = ("bash", "zsh", "fish")

_TEXTS = os.path.join(os.path.dirname(__file__), "texts")  # noqa: PTH118, PTH120  # no pathlib here
_HELP = ("-h", "--help")
_CLICK = "_WANX_RENDER_COMPLETE"  # by which a shell asks click for completions
_COLUMNS = 80  # click's pages are no wider


def page(words: Sequence[str], environ: Mapping[str, str]) -> str | None:
    """What a command line prints, where that is ready; None where the program has to run.

    Help pages are for terminals of 80 columns or more, or for no terminal.
    """
    if _CLICK in environ:
        return None
    if len(words) == 2 and words[0] == "completion" and words[1] in SHELLS:
        return completion(words[1], environ)
    names = words[:-1]
    asks = not words or words[-1] in _HELP
    # In small letters: some file systems would find a page by any others too.
    is_plain = all(name.isalpha() and name.islower() for name in names)
    if asks and is_plain and _columns(environ) >= _COLUMNS:
        try:
            return _text("-".join(("help", *names)), environ)
        except OSError:  # no such command
            return None
    return None


def completion(shell: str, environ: Mapping[str, str]) -> str:
    """The script that completes words in ``shell``; what it describes is in the reader's language.

    Raises OSError where its file is missing.
    """
    return _text(shell, environ)


def _text(name: str, environ: Mapping[str, str]) -> str:
    path = os.path.join(_TEXTS, f"{name}.{language_of(environ)}")  # noqa: PTH118
    with open(path, encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def _columns(environ: Mapping[str, str]) -> int:
    """How wide the terminal is, by the rules of ``shutil.get_terminal_size``."""
    try:
        columns = int(environ.get("COLUMNS", ""))
    except ValueError:
        columns = 0
    if columns <= 0:
        try:
            columns = os.get_terminal_size(1).columns
        except OSError:
            return _COLUMNS
    return columns or _COLUMNS
