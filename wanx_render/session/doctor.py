"""``doctor``: what this machine has and lacks, as findings; no value of a secret is ever in one."""

import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from wanx_render.backends import network
from wanx_render.backends.reach import Reach
from wanx_render.captions import fonts
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.media import ffmpeg
from wanx_render.validation.needs import OPTIONAL, usable

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
    environ: Mapping[str, str], folder: Path, now: datetime, catalog: Catalog, reach: Reach
) -> tuple[Finding, ...]:
    """Look at everything a run needs, for a run in ``folder``, and try it."""
    return (
        Finding("python", "ok", f"{platform.python_version()} on {sys.platform}"),
        *_ffmpeg(environ),
        _font(),
        _shaping(),
        _key(environ, folder),
        *_endpoints(environ, catalog, reach),
        _disk(folder),
        _writable(folder),
        _clock(now),
        *_proxies(environ, reach),
        *_certificates(environ),
    )


def _ffmpeg(environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        program = ffmpeg.find(environ)
    except BadInput as error:
        yield Finding("ffmpeg", "error", str(error), error.diagnostics[0].hint)
        return
    about = f"{program.version} from {program.origin}: {program.path}"
    fault = ffmpeg.trial(program)
    if fault:
        hint = "set WANX_FFMPEG to a full build of ffmpeg, and see that its folder can be written"
        yield Finding("ffmpeg", "error", f"{about} cannot make a video: {fault}", hint)
        return
    yield Finding("ffmpeg", "ok", f"{about} made a second of H.264 and AAC")
    yield Finding("codecs", "ok", f"{', '.join(usable(program))} can be made here")
    lacking = [
        purpose for name, purpose in OPTIONAL.items() if not ffmpeg.has_filter(program, name)
    ]
    if lacking:
        hint = "set WANX_FFMPEG to a full build of ffmpeg where they are wanted"
        yield Finding("filters", "warning", f"this ffmpeg cannot do {', '.join(lacking)}", hint)


def _font() -> Finding:
    """Whether a Chinese character comes out as one, and not as the box for what is missing."""
    hint = "install noto-cjk-sans-otc again"
    try:
        font = fonts.chinese()
        mask, box = (bytes(font.at(32).getmask(text)) for text in ("猫", "\U0010ffff"))
    except OSError:
        return Finding("font", "error", "the Chinese font is missing", hint)
    if not any(mask) or mask == box:
        return Finding("font", "error", f"{font.path.name} does not draw Chinese", hint)
    return Finding("font", "ok", f"{font.path.name} draws Chinese")


def _shaping() -> Finding:
    """Whether scripts that join their letters can be drawn."""
    if fonts.shapes():
        return Finding("shaping", "ok", "Pillow has Raqm, which joins the letters of every script")
    hint = "install a Pillow wheel that has it, or FriBiDi where Pillow looks for it"
    text = "Pillow has no Raqm: captions in Arabic, Hebrew, Thai and Indic scripts are refused"
    return Finding("shaping", "warning", text, hint)


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


def _endpoints(environ: Mapping[str, str], catalog: Catalog, reach: Reach) -> Iterator[Finding]:
    """Whether the service's address, or each region's, can be reached; the key is not sent."""
    base_url = environ.get("DASHSCOPE_HTTP_BASE_URL")
    urls = {name: region.base_url for name, region in catalog.service.regions.items()}
    if base_url:
        urls = {"DASHSCOPE_HTTP_BASE_URL": base_url}
    with ThreadPoolExecutor(len(urls)) as pool:
        tries = [pool.submit(_endpoint, environ, name, url, reach) for name, url in urls.items()]
        yield from (attempt.result() for attempt in tries)


def _endpoint(environ: Mapping[str, str], name: str, url: str, reach: Reach) -> Finding:
    text, parts = f"{name} {_host(url)}", urlsplit("")
    with suppress(ValueError):
        parts = urlsplit(url.strip().rstrip("/"))
    if not parts.hostname or parts.scheme not in ("http", "https") or parts.username:
        hint = "such as https://dashscope.aliyuncs.com/api/v1"
        return Finding("endpoint", "warning", f"{text} is not a valid address", hint)
    if not parts.path.endswith("/api/v1"):
        return Finding("endpoint", "warning", f"{text} should end in /api/v1")
    try:
        proxy = network.proxy_for(environ, url)
        tls = network.certificates(environ) if parts.scheme == "https" else None
        port = parts.port or (443 if tls else 80)
    except (BadInput, OSError, ValueError):
        return Finding("endpoint", "warning", f"{text} was not tried: see proxy and certificates")
    through = f", through {proxy}" if proxy else ""
    if fault := reach(parts.hostname, port, tls, proxy):
        hint = "only a run on dashscope needs it; the mock works offline"
        return Finding("endpoint", "warning", f"{text} cannot be reached{through}: {fault}", hint)
    return Finding("endpoint", "ok", f"{text} answers{through}")


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
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())


def _writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Finding("folder", "ok", f"{folder} can be written")
    except OSError as error:
        return Finding(
            "folder", "error", f"{folder} cannot be written: {error.strerror}", "use --out"
        )


def _clock(now: datetime) -> Finding:
    text = now.isoformat(timespec="seconds")
    if now.year < 2025:
        hint = "set it: signatures and expiry depend on it"
        return Finding("clock", "error", f"{text} cannot be right", hint)
    return Finding("clock", "ok", text)


def _proxies(environ: Mapping[str, str], reach: Reach) -> Iterator[Finding]:
    """Each proxy that a variable names, and whether somebody answers there."""
    try:
        proxies = network.proxies(environ)
    except BadInput as error:
        for problem in error.diagnostics:
            yield Finding("proxy", "error", problem.message, problem.hint)
        return
    for proxy in proxies.values():
        if proxy.scheme.startswith("socks") and find_spec("socksio") is None:
            hint = "pip install 'httpx[socks]'"
            yield Finding("proxy", "error", f"{proxy} needs the package socksio", hint)
        elif fault := reach(proxy.host, proxy.port, None, None):
            hint = f"start it, or unset {proxy.variable}"
            yield Finding("proxy", "warning", f"{proxy} does not answer: {fault}", hint)
        else:
            yield Finding("proxy", "ok", f"{proxy} answers")


def _certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The certificates that a variable names; without one nothing is said."""
    if fault := network.certificate_fault(environ):
        hint = f"correct {fault.partition('=')[0]}, or unset it"
        yield Finding("certs", "error", fault, hint)
    elif name := next((v for v in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(v)), None):
        yield Finding("certs", "ok", f"{name}={environ[name]} was loaded")
