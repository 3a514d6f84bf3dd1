"""``doctor``: what this machine has and lacks, as findings; no value of a secret is ever in one."""

import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from wanx_render.backends import addresses, network
from wanx_render.backends.addresses import AddressWish
from wanx_render.backends.reach import Reach
from wanx_render.captions import fonts
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.language import NOTHING, Message, joined, recorded, tr, verbatim
from wanx_render.media import ffmpeg
from wanx_render.validation.needs import OPTIONAL, usable

KEY = "DASHSCOPE_API_KEY"
ENOUGH_BYTES = 2 * 1024**3
_PORTS = {"http": 80, "https": 443}


State = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    text: Message
    hint: Message = NOTHING


def examine(
    environ: Mapping[str, str], folder: Path, now: datetime, catalog: Catalog, reach: Reach
) -> tuple[Finding, ...]:
    """Look at everything a run needs, for a run in ``folder``, and try it."""
    wish = addresses.wish_of(settings(environ, folder), region="")
    return (
        Finding("python", "ok", _python()),
        *_ffmpeg(environ),
        _font(),
        _shaping(),
        _key(environ, folder),
        *_workspace(wish),
        *_endpoints(environ, catalog, wish, reach),
        _disk(folder),
        _writable(folder),
        _clock(now),
        *_proxies(environ, reach),
        *_certificates(environ),
    )


def _python() -> Message:
    return tr(
        "Python {version} on {system}", version=platform.python_version(), system=sys.platform
    )


def _ffmpeg(environ: Mapping[str, str]) -> Iterator[Finding]:
    try:
        program = ffmpeg.find(environ)
    except BadInput as error:
        yield Finding("ffmpeg", "error", error.sentence, error.diagnostics[0].hint)
        return
    about = tr(
        "ffmpeg {version} from {origin}: {path}",
        version=program.version, origin=program.origin, path=program.path,
    )  # fmt: skip
    fault = ffmpeg.trial(program)
    if fault:
        hint = tr("set WANX_FFMPEG to a full build of ffmpeg; check that its folder is writable")
        text = tr("{program} cannot make a video: {reason}", program=about, reason=recorded(fault))
        yield Finding("ffmpeg", "error", text, hint)
        return
    text = tr("{program} made one second of H.264 and AAC", program=about)
    yield Finding("ffmpeg", "ok", text)
    codecs = tr("{names} work here", names=joined(usable(program), tr(", ")))
    yield Finding("codecs", "ok", codecs)
    lacking = [
        purpose for name, purpose in OPTIONAL.items() if not ffmpeg.has_filter(program, name)
    ]
    if lacking:
        hint = tr("set WANX_FFMPEG to a full build of ffmpeg if you need them")
        text = tr("this ffmpeg lacks: {names}", names=joined(map(recorded, lacking), tr(", ")))
        yield Finding("filters", "warning", text, hint)


def _font() -> Finding:
    """Whether a Chinese character comes out as one, and not as the box for what is missing."""
    hint = tr("install noto-cjk-sans-otc again")
    try:
        font = fonts.chinese()
        mask, box = (bytes(font.at(32).getmask(text)) for text in ("猫", "\U0010ffff"))
    except OSError:
        return Finding("font", "error", tr("the Chinese font is missing"), hint)
    if not any(mask) or mask == box:
        text = tr("{font} does not draw Chinese", font=font.path.name)
        return Finding("font", "error", text, hint)
    return Finding("font", "ok", tr("{font} draws Chinese", font=font.path.name))


def _shaping() -> Finding:
    """Whether scripts that join their letters can be drawn."""
    if fonts.shapes():
        return Finding("shaping", "ok", tr("Pillow has Raqm, which shapes every script"))
    hint = tr("install a Pillow wheel with Raqm, or FriBiDi where Pillow looks for it")
    text = tr("Pillow lacks Raqm: captions in Arabic, Hebrew, Thai and Indic scripts are refused")
    return Finding("shaping", "warning", text, hint)


def _key(environ: Mapping[str, str], folder: Path) -> Finding:
    """Whether there is a key and whether it can be one; never what it is."""
    where, value = tr("the environment"), environ.get(KEY)
    if value is None:
        where, value = verbatim(".env"), dotenv(folder).get(KEY)
    if value is None:
        return Finding("key", "ok", tr("no {variable}: the mock needs no key", variable=KEY))
    if value.split() != [value] or not value.isascii():
        hint = tr("set it again, without spaces or line breaks")
        text = tr("{variable} in {place} is not a valid key", variable=KEY, place=where)
        return Finding("key", "warning", text, hint)
    return Finding("key", "ok", tr("{variable} is set in {place}", variable=KEY, place=where))


def dotenv(folder: Path) -> dict[str, str]:
    """The names and values of a folder's ``.env``; empty where there is none."""
    try:
        lines = (folder / ".env").read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.removeprefix("export ").partition("=") for line in lines if "=" in line)
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def settings(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """What the environment sets, and else a folder's ``.env``."""
    return {**dotenv(folder), **environ}


def _workspace(wish: AddressWish) -> Iterator[Finding]:
    """The workspace that is set, by its first characters alone; without one there is no finding."""
    if wish.workspace:
        beginning = addresses.shown_workspace(wish.workspace)
        yield Finding("workspace", "ok", tr("requests go to {workspace}", workspace=beginning))


def _endpoints(
    environ: Mapping[str, str], catalog: Catalog, wish: AddressWish, reach: Reach
) -> Iterator[Finding]:
    """Whether the service's address, or each region's, can be reached; the key is not sent."""
    base_url = environ.get("DASHSCOPE_HTTP_BASE_URL")
    names = ["DASHSCOPE_HTTP_BASE_URL"] if base_url else list(catalog.service.regions)

    def look(name: str) -> Finding:
        if base_url:
            return _endpoint(environ, Target(name, base_url), reach)
        try:
            url = addresses.base_url(catalog, replace(wish, region=name))
        except BadInput as error:
            state: State = "warning" if wish.kind or wish.workspace else "ok"
            return Finding("endpoint", state, error.sentence, error.diagnostics[0].hint)
        return _endpoint(environ, Target(name, url, wish.workspace), reach)

    with ThreadPoolExecutor(len(names)) as pool:
        yield from dict.fromkeys(pool.map(look, names))


@dataclass(frozen=True, slots=True)
class Target:
    """An address to look at."""

    name: str
    url: str
    workspace: str = ""  # what of it is not shown whole

    @property
    def host(self) -> str:
        """Scheme and host alone, of a workspace's id the beginning."""
        host = _host(self.url)
        if not self.workspace:
            return host
        beginning = addresses.shown_workspace(self.workspace)
        return re.sub(r"//[^.]+\.(?=[^.]+\.maas\.)", f"//{beginning}.", host)


def _endpoint(environ: Mapping[str, str], target: Target, reach: Reach) -> Finding:
    url, parts, port = target.url, urlsplit(""), None
    place = tr("{name} {host}", name=target.name, host=target.host)
    with suppress(ValueError):
        parts = urlsplit(url.strip().rstrip("/"))
        port = parts.port or _PORTS.get(parts.scheme)
    if not parts.hostname or not port or parts.username:
        example = "https://dashscope.aliyuncs.com/api/v1"
        hint = tr("use an address such as {example}", example=example)
        text = tr("{address} is not a valid address", address=place)
        return Finding("endpoint", "warning", text, hint)
    if not parts.path.endswith("/api/v1"):
        text = tr("{address} does not end in /api/v1", address=place)
        return Finding("endpoint", "warning", text)
    try:
        proxy = network.proxy_for(environ, url)
        tls = network.certificates(environ) if parts.scheme == "https" else None
    except (BadInput, OSError, ValueError):
        text = tr("{address} was not tried: see proxy and certificates", address=place)
        return Finding("endpoint", "warning", text)
    if proxy:
        place = tr("{address} through {proxy}", address=place, proxy=proxy)
    if fault := reach(parts.hostname, port, tls, proxy):
        hint = tr("only a run on dashscope needs it; the mock works offline")
        text = tr("{address} does not answer: {reason}", address=place, reason=recorded(fault))
        return Finding("endpoint", "warning", text, hint)
    return Finding("endpoint", "ok", tr("{address} answers", address=place))


def _host(url: str) -> str:
    """Scheme and host alone: user names and passwords are private."""
    unread = tr("an unreadable address")
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
    text = tr("{n:.1f} GiB free", n=free / 1024**3)
    if free < ENOUGH_BYTES:
        return Finding("disk", "warning", text, tr("a run of many clips needs more"))
    return Finding("disk", "ok", text)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())


def _writable(folder: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=_existing(folder)):
            return Finding("folder", "ok", tr("{folder} is writable", folder=folder))
    except OSError as error:
        text = tr("cannot write to {folder}: {reason}", folder=folder, reason=error.strerror)
        return Finding("folder", "error", text, tr("use another --folder"))


def _clock(now: datetime) -> Finding:
    text = now.isoformat(timespec="seconds")
    if now.year < 2025:
        hint = tr("set the clock: signatures and expiry depend on it")
        return Finding("clock", "error", tr("{time} cannot be right", time=text), hint)
    return Finding("clock", "ok", verbatim(text))


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
            hint = tr("run {command}", command="pip install 'httpx[socks]'")
            text = tr("{proxy} needs the package socksio", proxy=proxy)
            yield Finding("proxy", "error", text, hint)
        elif fault := reach(proxy.host, proxy.port, None, None):
            hint = tr("start it, or unset {variable}", variable=proxy.variable)
            text = tr("{address} does not answer: {reason}", address=proxy, reason=recorded(fault))
            yield Finding("proxy", "warning", text, hint)
        else:
            yield Finding("proxy", "ok", tr("{address} answers", address=proxy))


def _certificates(environ: Mapping[str, str]) -> Iterator[Finding]:
    """The certificates that a variable names; without one there is no finding."""
    if fault := network.certificate_fault(environ):
        hint = tr("correct {variable}, or unset it", variable=fault.partition("=")[0])
        yield Finding("certs", "error", recorded(fault), hint)
    elif name := next((v for v in ("SSL_CERT_FILE", "SSL_CERT_DIR") if environ.get(v)), None):
        text = tr("{variable}={value} is loaded", variable=name, value=environ[name])
        yield Finding("certs", "ok", text)
