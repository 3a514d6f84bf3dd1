"""Which language the environment asks for. Every start pays for what is imported here: nothing."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # the one of ``typing`` takes a third of a bare start to import
if TYPE_CHECKING:
    from collections.abc import Mapping

    from wanx_render.language import Language

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def language_of(environ: Mapping[str, str]) -> Language:
    """``WANX_LANG``, then what the locale says; English where neither names one that is there."""
    for name in ("WANX_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return named(environ[name]) or "en"
    return _of_windows() if sys.platform == "win32" else "en"


def named(tag: str) -> Language | None:
    """The language of a tag such as ``zh-CN`` or ``zh_CN.UTF-8``; None where it is not there."""
    for language in LANGUAGES:
        start, rest = tag[: len(language)].lower(), tag[len(language) :].lower()
        if start == language and not "a" <= rest[:1] <= "z":
            return language
    return None


def _of_windows() -> Language:
    import locale

    return "zh" if (locale.getlocale()[0] or "").startswith("Chinese") else "en"
