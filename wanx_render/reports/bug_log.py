"""A bug of ours: its sentence and its log, with no key and no token in either."""

import tempfile
import traceback

from wanx_render.diagnostics import without_secrets
from wanx_render.language import Message, tr


def report_of(error: BaseException, key: str) -> tuple[Message, Message]:
    """One line that names the bug, and where its log is; where none can be written, the log."""
    first: BaseException = error
    while isinstance(first, BaseExceptionGroup):  # as text, it is a frame around the others
        first = first.exceptions[0]
    last = "".join(traceback.format_exception_only(first)).strip()
    log = _without(key, "".join(traceback.format_exception(error)))
    head = tr("a bug in wanx-render, not in your files: {error}", error=_without(key, last))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="wanx-render-", suffix=".log", delete=False, encoding="utf-8",
            errors="backslashreplace",
        ) as file:  # fmt: skip
            file.write(log)
    except OSError as reason:
        return head, tr("cannot write a log: {reason}\n{log}", reason=reason.strerror, log=log)
    return head, tr("log: {file}", file=file.name)


def _without(key: str, text: str) -> str:
    return without_secrets(text.replace(key, "***") if len(key) > 4 else text)
