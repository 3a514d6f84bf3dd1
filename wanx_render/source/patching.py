"""Changes of values in, the text with exactly these changed out; the rest of it stays as it is.

Comments, order, blank lines, quotation marks, brackets, anchors and line breaks are kept, because
only the places that change are written. The new text is read again: it must hold the values that
were wished for and no other change, else it is refused.
"""

import difflib
import re
from collections.abc import Iterable

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr
from wanx_render.source.changes import Change, Wish
from wanx_render.source.editing import Editor, edited
from wanx_render.source.writing import Unwritable, same
from wanx_render.source.yaml_source import Source, parse


def patched(source: Source, changes: Iterable[Change]) -> Source:
    """The source with these changes of values. No two of them may be of the same value, or one
    within another. Raises BadInput where the text cannot be changed so."""
    wish = Wish()
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
