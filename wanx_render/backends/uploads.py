"""Which files of a request are uploaded, and which the service already holds.

An upload is good for two days and is kept between runs by account, model and content; without the
account's key the addresses are of no use.
"""

import asyncio
import base64
import json
import logging
import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from wanx_render.backends import addresses
from wanx_render.backends.line import AccountLine
from wanx_render.catalog import result_hosts
from wanx_render.catalog.result_hosts import BadAddress
from wanx_render.errors import Broken, Refused, Unreachable
from wanx_render.files import sha256_of, write_atomically
from wanx_render.language import tr
from wanx_render.media import images
from wanx_render.media.images import BadPicture
from wanx_render.task import InputMedia, TaskRequest

# Characters of all data URIs that go within one request. The gateway takes 20 MiB each, an error
# message says 10 MiB, and 16 MiB is the limit of a whole body when it is decoded.
MOST_INLINE = 7 * 1024 * 1024
TRIES = 3
KEPT = timedelta(hours=47)

log = logging.getLogger("wanx.render")


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


# -- where they are put ----------------------------------------------------------------------------


class Uploader:
    """Puts files where only this account and one model can use them, for two days."""

    def __init__(self, line: AccountLine, known: KnownUploads) -> None:
        self._line = line
        self._known = known
        shared = line.shared_url
        self._shared = line.at(shared) if shared else None
        self._asks_shared = False  # the host of the workspace has no uploads
        self._takes_none = False  # nor has any other of its region

    def at(self, line: AccountLine) -> "Uploader":
        """The same uploads, for the same account at another address."""
        return Uploader(line, self._known)

    def forget(self, urls: frozenset[str]) -> None:
        """The service did not take these."""
        self._known.forget(urls)

    async def prepare(self, request: TaskRequest, model: str) -> None:
        """Upload what the service does not hold; ``model`` is what it calls the model.

        Raises Refused, Unreachable or Broken.
        """
        files = self._unsent(request)
        try:
            for media in () if self._takes_none else files:
                url, until = await self._upload(media, model), self._line.now() + KEPT
                self._known.keep(self._account, request.model, upload_name(media), url, until)
        except (Refused, Unreachable) as error:
            if not addresses.is_nowhere(error) or not self._line.is_alone:
                raise
            log.debug("no uploads in this region (%s): pictures go within requests", error)
            self._takes_none = True
        if self._takes_none:
            await self._inlined(files)

    async def addresses(self, request: TaskRequest) -> dict[str, str]:
        """Where the service finds each medium of a request, by its name as an upload.

        Raises Refused.
        """
        urls = {
            upload_name(media): self._kept(media, request.model) or media.url or ""
            for _, media in request.media
        }
        if self._takes_none:
            urls |= await self._inlined(self._unsent(request))
        return urls

    @cached_property
    def _account(self) -> str:
        """Who can use an upload: this account, at any address of its region."""
        name, _, digits = self._line.recipient.scope.partition(" ")
        return f"{name} {self._line.realm} {digits}"

    def _kept(self, media: InputMedia, model: str) -> str | None:
        return self._known.find(self._account, model, upload_name(media), self._line.now())

    def _unsent(self, request: TaskRequest) -> tuple[InputMedia, ...]:
        """The files of a request that the service does not hold."""
        files = to_upload(media for _, media in request.media)
        return tuple(media for media in files if not self._kept(media, request.model))

    async def _upload(self, media: InputMedia, model: str) -> str:
        """Put a file there; its address."""
        name, content = await asyncio.to_thread(sent_file, media)
        for number in range(TRIES):
            if number:
                await self._line.breathe(number)
            host, form = await self._place_for(name, model)
            problem = await self._line.put(name, content, host, form)
            if problem is None:
                return f"oss://{form['key']}"
        message = tr("cannot upload {file}: {reason}", file=name, reason=problem)
        raise Unreachable("UploadFailed", message)

    async def _place_for(self, name: str, model: str) -> tuple[str, dict[str, str]]:
        """Where a file may be put, another place each time, and the form that allows it."""
        body = await self._policy(model)
        data = body.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("upload_dir"), str):
            raise Unreachable("NoPolicy", tr("the service gave no address for the upload"))
        host = self._upload_host(data.get("upload_host"))
        return host, {
            "OSSAccessKeyId": str(data.get("oss_access_key_id")),
            "Signature": str(data.get("signature")),
            "policy": str(data.get("policy")),
            "key": f"{data['upload_dir']}/{name}",
            "x-oss-object-acl": str(data.get("x_oss_object_acl")),
            "x-oss-forbid-overwrite": str(data.get("x_oss_forbid_overwrite")),
            "success_action_status": "200",
        }

    async def _policy(self, model: str) -> dict[str, Any]:
        """The answer that allows an upload: of this address, or of the region's shared one.

        Whether hosts of workspaces serve uploads is not known; asking costs nothing.
        """
        query = {"action": "getPolicy", "model": model}
        if self._shared is None:
            return await self._line.read("/uploads", query)
        if self._asks_shared:
            return await self._shared.read("/uploads", query)
        try:
            return await self._line.read("/uploads", query, tries=2)
        except (Refused, Unreachable) as error:
            log.debug("no uploads at %s: %s", urlsplit(self._line.access.base_url).hostname, error)
            try:
                body = await self._shared.read("/uploads", query)
            except (Refused, Unreachable):
                raise error from None
        self._asks_shared = True
        return body

    async def _inlined(self, files: Iterable[InputMedia]) -> dict[str, str]:
        """Files as they go within the request, where the service takes no uploads.

        Raises Refused where they cannot.
        """
        uris: dict[str, str] = {}
        for media in files:
            name, content = await asyncio.to_thread(sent_file, media)
            uri = data_uri(name, content)
            left = MOST_INLINE - sum(map(len, uris.values()))
            if uri is None or len(uri) > left:
                message = tr("{file} cannot be uploaded here: use an http(s) address", file=name)
                raise Refused("NoUploads", message)
            uris[upload_name(media)] = uri
        return uris

    def _upload_host(self, url: Any) -> str:
        """Where to upload to: the vendor's own hosts, or the emulator's."""
        try:
            address = result_hosts.parse(url if isinstance(url, str) else "")
        except BadAddress as error:
            message = tr(
                "the service's upload address is not valid: {reason}", reason=error.sentence
            )
            raise Unreachable("NoPolicy", message) from None
        vendor = address.scheme == "https" and addresses.is_vendor(address.url)
        access = self._line.access
        own = access.own_hosts and access.own_host == address.host
        if not vendor and not own:
            message = tr(
                "the service's upload address is at an unknown host: {host}", host=address.host
            )
            raise Unreachable("NoPolicy", message)
        return address.url
