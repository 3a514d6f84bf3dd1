"""Where encoding runs, as it is written: ``local``, ``local:4``, ``dask:tcp://host:8786``."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from wanx_render.catalog.result_hosts import is_loopback
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.language import tr

FORMS = tr("local, local:4, dask:tcp://HOST:PORT or dask:tls://HOST:PORT")


@dataclass(frozen=True, slots=True)
class Local:
    """Threads of this program, each waiting for one ffmpeg; None: as many as cores."""

    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Dask scheduler and whatever workers it has."""

    address: str

    @property
    def open_to_all(self) -> bool:
        """Whether anybody who reaches it may run code there: not encrypted, not on loopback."""
        parts = urlsplit(self.address)
        return parts.scheme == "tcp" and not is_loopback(parts.hostname or "")


Choice = Local | Cluster


def choice(text: str) -> Choice:
    """What ``text`` chooses. Raises BadInput."""
    if match := re.fullmatch(r"local(?::([1-9]\d{0,3}))?", text):
        return Local(int(match[1]) if match[1] else None)
    if text.startswith("dask:"):
        address = text.removeprefix("dask:")
        try:
            parts = urlsplit(address)
            good = parts.scheme in ("tcp", "tls") and parts.hostname and parts.port
        except ValueError:
            good = None
        if good and address == f"{parts.scheme}://{parts.netloc}" and "@" not in parts.netloc:
            return Cluster(address)
    raise BadInput(
        Diagnostic(
            "executor-wrong",
            tr("--executor {text} is not valid", text=text),
            hint=tr("use {forms}", forms=FORMS),
        )
    )
