"""Changes of values in, the text with exactly these changed out; the rest of it stays as it is.

Comments, order, blank lines, quotation marks, brackets, anchors and line breaks are kept, because
only the places that change are written. The new text is read again: it must hold the values that
were wished for and no other change, else it is refused.
"""

import difflib
import errno
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.errors import BadInput
from wanx_render.files import sha256_of, write_atomically
from wanx_render.language import tr
from wanx_render.source.changes import Change, DesiredChange
from wanx_render.source.editing import Editor, edited
from wanx_render.source.writing import Unwritable, same
from wanx_render.source.yaml_source import Source, bytes_of, parse


def patched(source: Source, changes: Iterable[Change]) -> Source:
    """The source with these changes of values. No two of them may be of the same value, or one
    within another. Raises BadInput where the text cannot be changed so."""
    wish = DesiredChange()
    for change in changes:
        wish.add(change)
    expected = wish.of(source.value)
    text = source.text
    try:
        edits = Editor(text).edits(source.value, expected, wish)
        after = parse(edited(text, edits), source.file)
    except Unwritable as problem:
        message = tr("YAML cannot hold the text {text!r}", text=str(problem)[:40])
        raise BadInput(Diagnostic("patch-refused", message)) from None
    except (BadInput, UnicodeEncodeError):
        raise _refused(source) from None
    if not same(after.value, expected):
        raise _refused(source)
    return after


def unified(before: str, after: str, name: str) -> str:
    """The difference, as ``patch -p0`` and ``git apply -p0`` take it."""
    if before == after:
        return ""
    name = f"{name}\t" if re.search(r"\s", name) else name
    lines = difflib.unified_diff(_lines(before), _lines(after), name, name, lineterm="\n")
    # A line without a line break is the last of its file.
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """The lines that such programs see: ``str.splitlines`` divides at other signs too."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _refused(source: Source) -> BadInput:
    if re.search(r"(?:^|[\s\[{,])[&*]\w", source.text):
        message = tr("this value is shared by an anchor (&) and its aliases (*)")
    else:
        message = tr("this part of the file cannot be changed without changing others")
    return BadInput(Diagnostic("patch-refused", message, hint=tr("change the file by hand")))


_BOM = "\ufeff"


@dataclass(frozen=True)
class FilePatch:
    """What a file is to hold instead of what it held when it was read."""

    file: Path
    name: str
    before: bytes
    after: Source

    @property
    def data(self) -> bytes:
        """The file's new content; a byte order mark stays."""
        bom = _BOM if self.before.startswith(_BOM.encode()) else ""
        return (bom + self.after.text).encode()

    @property
    def diff(self) -> str:
        """The change as ``patch -p0`` takes it; nothing where there is none."""
        return unified(self.before.decode(), self.data.decode(), self.name)

    @property
    def token(self) -> str:
        """What names this very change of this very file."""
        return sha256_of(self.before + b"\0" + self.data)[:32]

    def save(self) -> None:
        """Write the file, unless it is another than was read. Raises BadInput."""
        if bytes_of(self.file, self.name) != self.before:
            message = tr("{file} was changed by another program", file=self.name)
            hint = tr("look at the change again, then save it")
            raise BadInput(Diagnostic("list-changed", message, Span(self.name), hint))
        try:
            target = self.file.resolve()
            mode = stat.S_IMODE(target.stat().st_mode)
            if not mode & stat.S_IWUSR:  # another file can take its place all the same
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            write_atomically(target, self.data, mode=mode)
        except OSError as error:
            message = tr("cannot write {file}: {reason}", file=self.name, reason=error.strerror)
            raise BadInput(Diagnostic("list-unwritable", message)) from None
