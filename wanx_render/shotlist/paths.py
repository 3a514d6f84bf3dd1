"""Paths of a list as people write them: forms that are expanded, and the nearest file there is.

``~/``, ``$HOME/``, ``%USERPROFILE%`` and ``file://`` are expanded. A name in another Unicode form,
or with backslashes where they are no separators, is taken for the file that is meant. Anything
else that leads to no file is named with what to write instead.
"""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, ValidationInfo

from wanx_render.language import NOTHING, Message, tr

_HOME = re.compile(r"(?:~|\$HOME|%USERPROFILE%|%HOME%)[/\\](?=.)")
_FILE_URL = re.compile(r"file://(?:localhost)?(/.*)", re.IGNORECASE)
_WINDOWS = re.compile(r"/?[A-Za-z]:[\\/]|\\\\")
_MOST_NAMES = 10_000  # of one folder that is searched
_IS_WINDOWS = os.name == "nt"


def expanded(text: str) -> str:
    """``text`` with a path in place of ``~/``, ``$HOME/`` and ``file://``."""
    if url := _FILE_URL.fullmatch(text):
        path = unquote(url[1])
        return path[1:] if re.match("/[A-Za-z]:", path) else path
    if home := _HOME.match(text):
        return str(Path.home() / text[home.end() :])
    return text


def _read(text: str, info: ValidationInfo) -> str:
    path = expanded(text)
    folder = (info.context or {}).get("folder")
    return _meant(folder, path) if folder else path


FileText = Annotated[str, AfterValidator(_read)]


Kind = Literal["image", "video", "sound"]
_BY_SUFFIX: Mapping[Kind, tuple[str, ...]] = {
    "video": (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"),
    "sound": (".wav", ".mp3", ".m4a", ".aac", ".flac", ".ogg"),
}


def kind_by_name(name: str) -> Kind:
    """What a file is by its name, address or data URI: a picture where nothing else is said."""
    text = name.lower()
    if text.startswith("data:"):
        return "video" if text[5:11] == "video/" else "sound" if text[5:11] == "audio/" else "image"
    if text.startswith(("http://", "https://")):
        text = re.split("[?#]", text, maxsplit=1)[0]
    return next((kind for kind, ends in _BY_SUFFIX.items() if text.endswith(ends)), "image")


def _meant(folder: Path, path: str) -> str:
    """The same file by the name that it has here, where ``path`` itself leads to none."""
    is_plain = path.isascii() and "\\" not in path
    if is_plain or path.startswith(("http:", "https:", "data:")) or _exists(folder / path):
        return path
    candidates = [unicodedata.normalize(form, path) for form in ("NFC", "NFD")]
    if not _IS_WINDOWS:
        candidates.append(path.replace("\\", "/"))
    return next((name for name in candidates if _exists(folder / name)), path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def hint(folder: Path, name: str) -> Message:
    """What to write instead of ``name``, which leads to no file from the list's ``folder`` on."""
    near = nearest(folder, name) or nearest(folder, _last(name))
    if near:
        return tr("did you mean {name!r}?", name=near)
    if not name.isprintable():
        return tr("'\\' in double quotes begins an escape; use single quotes, or / in paths")
    if name.lower().startswith("file:"):
        return tr("write the path itself, without file:")
    if _WINDOWS.match(name) and not _IS_WINDOWS:
        return tr("this is a Windows path; write a path of this machine")
    if re.match(r"\$\w+|%\w+%", name):
        return tr("variables of the system are not read; write the path itself")
    if re.match(r"~[^/\\]*[/\\]", name):
        return tr("write the whole path instead of {user}", user=re.split(r"[/\\]", name)[0])
    if name != name.strip():
        return tr("remove the blanks at the beginning and the end")
    if not _exists((folder / name).parent):
        return tr("the folder {folder!r} does not exist", folder=str(Path(name).parent)[:100])
    return tr("paths are relative to the shot list's folder")


def _last(name: str) -> str:
    """The name of the file alone where a path is absolute or of another machine; else nothing."""
    if name.startswith(("/", "~", "$", "%", "file:")) or _WINDOWS.match(name):
        return re.split(r"[/\\]", name)[-1]
    return ""


def list_hint(file: Path) -> Message:
    """What to write instead of ``file``, which is no file: the shot list that may be meant."""
    folder = file if file.is_dir() else file.parent
    lists = [
        name
        for name in _names(folder)
        if name.lower().endswith((".yaml", ".yml")) and not name.endswith(".picks.yaml")
    ]
    near = (sorted(lists) or [""])[0] if file.is_dir() else _like(file.name, lists, is_file=True)
    return tr("did you mean {name!r}?", name=str(folder / near)) if near else NOTHING


def nearest(folder: Path, name: str) -> str:
    """The file whose path is most like ``name``, written as ``name`` is; nothing where none is."""
    if not name.strip():
        return ""
    path = name.replace("\\", "/").strip().strip("“”‘’\"'")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    at = Path("/") if path.startswith("/") else folder
    chosen: list[str] = []
    for number, part in enumerate(parts, start=1):
        real = (
            part
            if part == ".." or _exists(at / part)
            else _like(part, _names(at), is_file=number == len(parts))
        )
        if not real:
            return ""
        chosen.append(real)
        at /= real
    with suppress(OSError, ValueError):
        if chosen and at.is_file():
            return ("/" if path.startswith("/") else "") + "/".join(chosen)
    return ""


def _names(folder: Path) -> list[str]:
    """What is in a folder, without what is hidden."""
    with suppress(OSError, ValueError), os.scandir(folder) as entries:
        return [
            entry.name
            for entry, _ in zip(entries, range(_MOST_NAMES), strict=False)
            if not entry.name.startswith(".")
        ]
    return []


def _like(name: str, names: Iterable[str], *, is_file: bool) -> str:
    """The one of ``names`` that is most like ``name``."""
    by_looks: dict[str, str] = {}
    by_stem: dict[str, str] = {}
    for candidate in sorted(names):
        by_looks.setdefault(_looks(candidate), candidate)
        by_stem.setdefault(_looks(Path(candidate).stem), candidate)
    looks = _looks(name)
    if looks in by_looks:
        return by_looks[looks]
    stem = _looks(Path(name).stem)
    if is_file and Path(name).suffix and stem in by_stem:
        return by_stem[stem]
    close = get_close_matches(looks, by_looks, n=1, cutoff=0.75)
    return by_looks[close[0]] if close else ""


def _looks(name: str) -> str:
    """What is the same for names that differ in case, width, composition and blanks."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return re.sub(r"[\s\u200b-\u200d\ufeff]+", "", plain)
