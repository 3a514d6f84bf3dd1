"""Collect the texts for people and compile their Chinese: `uv run python -m tests.translations`.

Texts are what ``tr(...)`` and ``plural(...)`` hold in Python, JavaScript and HTML, and what people
see of the model catalogue's YAML files. Their
Chinese is kept in ``wanx_render/locales/zh_CN/LC_MESSAGES/wanx_render.po``; what has none there yet
is named at the end. A file in ``locales/zh_CN/parts`` overrides it and is folded in by ``--fold``.
"""

import errno
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from tests.support.places import ROOT
from wanx_render.source import yaml_source

CHINESE = ROOT / "wanx_render" / "locales" / "zh_CN"
CATALOGUE = CHINESE / "LC_MESSAGES" / "wanx_render.po"
COMPILED = CATALOGUE.with_suffix(".mo")
KEYWORDS = {"tr": None, "plural": (1, 2)}
WRITTEN = datetime(2026, 11, 26, tzinfo=UTC)  # the same texts are the same bytes
METHODS = [
    ("**.py", "python"),
    ("**/page/**.js", "javascript"),
    ("**.html", "jinja2.ext:babel_extract"),
]


def extracted() -> Catalog:
    """The English texts of the program, each with the files it stands in."""
    catalogue = Catalog(
        locale="zh_CN", project="wanx-render", version="1", charset="utf-8", fuzzy=False,
        creation_date=WRITTEN, revision_date=WRITTEN, last_translator="wanx-render",
        language_team="wanx-render", msgid_bugs_address="wanx-render",
    )  # fmt: skip
    for package in ("wanx_render", "mock_server"):
        texts = extract_from_dir(
            ROOT / package, METHODS, keywords=KEYWORDS, comment_tags=("Translators:",),
            strip_comment_tags=True,
        )  # fmt: skip
        for name, _line, text, comments, context in texts:
            place = [(f"{package}/{Path(name).as_posix()}", 0)]
            catalogue.add(text, locations=place, auto_comments=comments, context=context)
    for path, text in _data():
        catalogue.add(text, locations=[(path, 0)])
    for text in _click():
        catalogue.add(text, locations=[("click", 0)])
    for code in SYSTEM_REASONS:
        catalogue.add(os.strerror(code), locations=[("the operating system", 0)])
    return catalogue


SYSTEM_REASONS = (
    errno.EACCES, errno.EADDRINUSE, errno.EADDRNOTAVAIL, errno.EBUSY, errno.ECONNREFUSED,
    errno.ECONNRESET, errno.EEXIST, errno.EFBIG, errno.EINVAL, errno.EIO, errno.EISDIR,
    errno.ELOOP, errno.EMFILE, errno.ENAMETOOLONG, errno.ENFILE, errno.ENODEV, errno.ENOENT,
    errno.ENOSPC, errno.ENOTDIR, errno.ENOTEMPTY, errno.EPERM, errno.EPIPE, errno.EROFS,
    errno.ETIMEDOUT, errno.EXDEV,
)  # fmt: skip


_SHOWN_KEYS = ("title", "note", "advice")  # of the model catalogue's files
_SHOWN_FILES = (
    "models/*.yaml",
    "pictures/*.yaml",
    "codes.yaml",
    "forms.yaml",
    "prices.yaml",
    "service.yaml",
    "sources.yaml",
)


def _data() -> Iterator[tuple[str, str]]:
    """What people see of the model catalogue: the file and the text."""
    folder = ROOT / "wanx_render" / "catalog"
    for path in sorted(path for pattern in _SHOWN_FILES for path in folder.glob(pattern)):
        value = yaml_source.parse(path.read_text(encoding="utf-8"), path.name).value
        for text in _texts(value):
            yield path.relative_to(ROOT).as_posix(), text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _texts(item)
    if isinstance(value, dict):
        for key, item in value.items():
            if key in _SHOWN_KEYS and isinstance(item, str):
                yield item
            else:
                yield from _texts(item)


def _click() -> Iterator[str | tuple[str, ...]]:
    """The texts of click, which looks them up in our catalogue (``cli.py``)."""
    folder = Path(click.__file__).parent
    texts = extract_from_dir(
        folder, [("**.py", "python")], keywords={"_": None, "ngettext": (1, 2)}
    )
    for name, _line, text, _comments, _context in texts:
        if Path(name).stem in ("core", "decorators", "exceptions", "formatting", "parser", "types"):
            yield text


def parts() -> list[Path]:
    return sorted((CHINESE / "parts").glob("*.po"))


def translated() -> Catalog:
    """The texts of now with the Chinese that the catalogue and its parts have for them."""
    catalogue = extracted()
    known: dict[object, Message] = {}
    for path in (CATALOGUE, *parts()):
        if path.exists():
            with path.open("rb") as stream:
                known |= {_key(entry): entry for entry in read_po(stream) if entry.string}
    for entry in catalogue:
        if entry.id and (before := known.get(_key(entry))):
            entry.string = before.string
            entry.user_comments = before.user_comments
    return catalogue


def _key(entry: Message) -> object:
    return tuple(entry.id) if isinstance(entry.id, (list, tuple)) else entry.id


def untranslated(catalogue: Catalog) -> Iterator[Message]:
    """Texts without Chinese."""
    for entry in catalogue:
        texts = entry.string if isinstance(entry.string, (list, tuple)) else (entry.string,)
        if entry.id and not all(texts):
            yield entry


def write(catalogue: Catalog) -> None:
    """Write catalogue and compiled form, the same bytes for the same texts."""
    catalogue.header_comment = "# What wanx-render says, in Chinese."
    catalogue._messages = dict(sorted(catalogue._messages.items(), key=lambda item: str(item[0])))
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as stream:
        write_po(stream, catalogue, width=100, include_lineno=False, sort_by_file=True)
    with COMPILED.open("wb") as stream:
        write_mo(stream, catalogue)


def main(arguments: list[str]) -> int:
    catalogue = translated()
    write(catalogue)
    missing = list(untranslated(catalogue))
    for entry in missing:
        places = ", ".join(sorted({name for name, _ in entry.locations}))
        print(f"no Chinese: {_key(entry)!r} ({places})")
    print(f"{sum(1 for entry in catalogue if entry.id)} texts, {len(missing)} without Chinese")
    if "--fold" in arguments:
        for path in parts():
            path.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
