"""``doctor``: what this machine has and lacks, as findings; no value of a secret is ever in one."""

import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from wanx_render import ffmpeg, fonts
from wanx_render.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.needs import OPTIONAL, usable

KEY = "DASHSCOPE_API_KEY"
ENOUGH_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "error"]
    text: str
    hint: str = ""


def examine(
    environ: Mapping[str, str], folder: Path, now: datetime, catalog: Catalog
) -> tuple[Finding, ...]:
    """Look at everything a run needs, for a run in ``folder``."""
    return (
        Finding("python", "ok", f"{platform.python_version()} on {sys.platform}"),
        *_ffmpeg(environ),
        _font(),
        _key(environ, folder),
        _endpoint(environ, catalog),
        _disk(folder),
        _writable(folder),
        _clock(now),
        *_proxies(environ),
    )


def _ffmpeg(environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        found = ffmpeg.find(environ)
    except BadInput as error:
        yield Finding("ffmpeg", "error", str(error), error.diagnostics[0].hint)
        return
    has = ", ".join((*ffmpeg.ENCODERS, *ffmpeg.FILTERS))
    yield Finding("ffmpeg", "ok", f"{found.version} from {found.origin}, with {has}: {found.path}")
    yield Finding("codecs", "ok", f"{', '.join(usable(found))} can be made here")
    lacking = [what for name, what in OPTIONAL.items() if not ffmpeg.has_filter(found, name)]
    if lacking:
        hint = "set WANX_FFMPEG to a full build of ffmpeg where they are wanted"
        yield Finding("filters", "warning", f"this ffmpeg cannot do {', '.join(lacking)}", hint)


def _font() -> Finding:
    try:
        font = fonts.chinese()
        font.at(16)  # chinese() names the file without opening it
        return Finding("font", "ok", f"Chinese from {font.path.name}")
    except OSError:
        return Finding(
            "font", "error", "the Chinese font is missing", "install noto-cjk-sans-otc again"
        )


def _key(environ: Mapping[str, str], folder: Path) -> Finding:
    """Whether there is a key and whether it can be one; never what it is."""
    where, value = "the environment", environ.get(KEY)
    if value is None:
        where, value = ".env", dotenv(folder).get(KEY)
    if value is None:
        return Finding("key", "ok", f"no {KEY}: the mock needs none")
    if value.split() != [value] or not value.isascii():
        hint = "set it again, without blanks or line ends"
        return Finding("key", "warning", f"{KEY} in {where} is not a key", hint)
    return Finding("key", "ok", f"{KEY} is set in {where}")


def dotenv(folder: Path) -> dict[str, str]:
    """The names and values of a folder's ``.env``; empty where there is none."""
    try:
        lines = (folder / ".env").read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def _endpoint(environ: Mapping[str, str], catalog: Catalog) -> Finding:
    chosen = environ.get("DASHSCOPE_HTTP_BASE_URL")
    if chosen:
        return Finding("endpoint", "ok", f"DASHSCOPE_HTTP_BASE_URL: {_host(chosen)}")
    known = ", ".join(f"{n} {_host(r.base_url)}" for n, r in catalog.service.regions.items())
    return Finding("endpoint", "ok", known)


def _host(url: str) -> str:
    """Scheme and host alone: user names and passwords are nobody's business."""
    unread = "an address that cannot be read"
    try:
        parts = urlsplit(url if "://" in url else f"//{url}")
    except ValueError:
        return unread
    # An @ so late means a "/" or "#" in the password: what looks like the host is not it.
    if not parts.hostname or "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return unread
    return f"{parts.scheme}://{parts.hostname}" if parts.scheme else parts.hostname


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free
    text = f"{free / 1024**3:.1f} GiB free"
    if free < ENOUGH_BYTES:
        return Finding("disk", "warning", text, "a run of many clips needs more")
    return Finding("disk", "ok", text)


def _existing(folder: Path) -> Path:
    return next(each for each in (folder.resolve(), *folder.resolve().parents) if each.exists())


def _writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Finding("folder", "ok", f"{folder} can be written")
    except OSError as error:
        return Finding(
            "folder", "error", f"{folder} cannot be written: {error.strerror}", "use --out"
        )


def _clock(now: datetime) -> Finding:
    told = now.isoformat(timespec="seconds")
    if now.year < 2025:
        hint = "set it: signatures and expiry depend on it"
        return Finding("clock", "error", f"{told} cannot be right", hint)
    return Finding("clock", "ok", told)


def _proxies(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
        value = environ.get(name) or environ.get(name.lower())
        if value:
            yield Finding("proxy", "ok", f"{name}: {_host(value)}")
