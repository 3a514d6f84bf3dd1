"""Which files of a request are uploaded, and which the service already holds.

An upload is good for two days and is kept between runs by account, model and content; without the
account's key the addresses are of no use.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from wanx_render.errors import Broken, Refused
from wanx_render.files import sha256_of, write_atomically
from wanx_render.language import tr
from wanx_render.media import images
from wanx_render.media.images import BadPicture
from wanx_render.task import InputMedia

# Characters of all data URIs that go within one request. The gateway takes 20 MiB each, an error
# message says 10 MiB, and 16 MiB is the limit of a whole body when it is decoded.
MOST_INLINE = 7 * 1024 * 1024


class KnownUploads:
    """Addresses of uploads; in ``file``, or only in memory where none is given."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known = _read(file) if file else {}

    def find(self, scope: str, model: str, identity: str, now: datetime) -> str | None:
        """The address of what was uploaded, while it can be used."""
        url, until = self._known.get(_name(scope, model, identity), ("", ""))
        return url if until and now < datetime.fromisoformat(until) else None

    def keep(self, scope: str, model: str, identity: str, url: str, until: datetime) -> None:
        self._known[_name(scope, model, identity)] = (url, until.isoformat())
        self._write()

    def forget(self, urls: frozenset[str]) -> None:
        """The service did not take these: the next run uploads them again."""
        left = {name: entry for name, entry in self._known.items() if entry[0] not in urls}
        if len(left) < len(self._known):
            self._known = left
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(exist_ok=True)
        # Readable by their owner only: they say where the pictures are.
        write_atomically(self._file, json.dumps(self._known), mode=0o600, durable=False)


def _name(*parts: str) -> str:
    return "\n".join(parts)


def _read(file: Path) -> dict[str, tuple[str, str]]:
    """What an earlier run kept; nothing where the file is not one of ours."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        entries = {str(name): (str(url), str(until)) for name, (url, until) in record.items()}
        for _, until in entries.values():
            datetime.fromisoformat(until)
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
    return entries


# -- what of a request is uploaded -----------------------------------------------------------------


def to_upload(media: Iterable[InputMedia]) -> Iterator[InputMedia]:
    """Those whose bytes are uploaded; the others go as an address or within the request."""
    left = MOST_INLINE
    for medium in media:
        is_file = medium.path is not None or medium.prepared is not None or medium.repaired
        written = medium.url if medium.url and medium.url.startswith("data:") else ""
        if is_file or len(written) > left:
            yield medium
        else:
            left -= len(written)


def upload_name(media: InputMedia) -> str:
    """What an upload is kept as: a repaired or prepared picture is another file than its source."""
    if media.prepared:
        return media.prepared.name
    words = (media.identity, media.read_as, "repaired" if media.repaired else "")
    return " ".join(filter(None, words))


def sent_file(media: InputMedia) -> tuple[str, bytes]:
    """Name and bytes of the file that is uploaded.

    Raises Refused where it cannot be used, and Broken where it is not what the list was read with.
    """
    path = media.path or Path("picture")
    try:
        if media.prepared:
            content = media.prepared.read_bytes()
            return _plain_name(path.with_suffix(media.prepared.suffix)), content
        data = media.path.read_bytes() if media.path else images.decode_data_uri(media.url or "")
        if media.identity.startswith("sha256:") and media.identity[7:] != sha256_of(data):
            raise Broken(tr("{file} changed since the list was read; run it again", file=path.name))
        data = images.sendable(data) if media.repaired else data
    except BadPicture as problem:
        message = tr("{file} {problem}", file=path.name, problem=problem.sentence)
        raise Refused("PictureUnusable", message) from None
    # By content: the service may go by the suffix, and pictures are often named for another format.
    suffixes = images.suffixes(data)
    suffix_fits = not suffixes or path.suffix.lower() in suffixes
    return _plain_name(path if suffix_fits else path.with_suffix(suffixes[0])), data


def _plain_name(path: Path) -> str:
    """A name for the upload that any storage takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", path.name)[-80:] or "file"


def data_uri(name: str, content: bytes) -> str | None:
    """A picture as it goes within a request; None where it is no picture or too large for that."""
    kind = _PICTURES.get(Path(name).suffix.lower())
    if kind is None or len(content) * 4 > MOST_INLINE * 3:
        return None
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


_PICTURES = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png", ".webp": "webp", ".bmp": "bmp"}
