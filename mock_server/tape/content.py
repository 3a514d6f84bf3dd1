"""Bodies as a cassette has them: without secrets, and with pictures as files."""

import base64
import binascii
import json
import re
import zlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from mock_server.tape.cassette import TapedContent, TapeFolder
from mock_server.tape.secrets import REMOVED, SecretRemover, is_secret_name
from wanx_render.files import sha256_of

_DATA_URI = re.compile(r"(data:[\w.+/-]{1,60}(?:;[\w=-]{1,40})*;base64,)(.*)", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_\r\n-]+={0,2}\s*")
_PICTURE_TEXT = 400  # characters from which on Base64 without a beginning is a file
_LONGEST_TEXT = 1024 * 1024
_LARGEST_PLAIN = 64 * 1024 * 1024
_KEPT = re.compile(r"\{file:([0-9a-f]{64}(?:\.[a-z0-9]{1,8})?)\}")
_SUFFIXES = (
    (re.compile(rb"....ftyp", re.DOTALL), ".mp4"),
    (re.compile(rb"\x89PNG"), ".png"),
    (re.compile(rb"\xff\xd8\xff"), ".jpg"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), ".webp"),
    (re.compile(rb"RIFF....WAVE", re.DOTALL), ".wav"),
    (re.compile(rb"GIF8"), ".gif"),
    (re.compile(rb"BM"), ".bmp"),
    (re.compile(rb"ID3|\xff[\xf2\xf3\xfb]"), ".mp3"),
)


@dataclass(frozen=True, slots=True)
class BodyTaper:
    """Makes taped content of bodies; files go into ``folder``, or nowhere without one."""

    remover: SecretRemover
    folder: TapeFolder | None = None

    def content(self, data: bytes, content_type: str = "") -> TapedContent:
        """A body that is no form. Raises OSError."""
        if not data:
            return TapedContent()
        if content_type.lower().startswith("multipart/"):
            return _unread(data)
        if (value := _json(data, content_type)) is not None:
            try:
                self.remover.learn_from(value)
                return TapedContent("json", self.remover.value(self._without_pictures(value)))
            except RecursionError:
                pass
        text = _text(data)
        if text is not None:
            if "x-www-form-urlencoded" in content_type.lower():
                self.remover.learn_pairs(text)
            return TapedContent("text", self.remover.text(text))
        return self.file(data)

    async def form(self, data: bytes, headers: Mapping[str, str]) -> TapedContent:
        """A form with a file; another body where it is none. Raises OSError."""
        content_type = headers.get("content-type", "")
        plain = _decompressed(data, headers.get("content-encoding", ""))
        if plain is None:
            return _unread(data)
        data = plain
        if not content_type.lower().startswith("multipart/form-data"):
            return self.content(data, content_type)
        parser = MultiPartParser(Headers(dict(headers)), _pieces(data), max_files=4)
        try:
            fields = await parser.parse()
        except (MultiPartException, KeyError, ValueError, AssertionError):
            return _unread(data)
        try:
            parts = fields.multi_items()
            return TapedContent(
                "form", {name: await self._part(name, part) for name, part in parts}
            )
        finally:
            await fields.close()

    async def _part(self, name: str, part: UploadFile | str) -> Any:
        """One field of a form: its text, or its file."""
        if isinstance(part, UploadFile):
            file = self.file(await part.read())
            return {"name": self.remover.text(part.filename or ""), **file.record()}
        if is_secret_name(name, in_query=name.lower() == "expires"):
            self.remover.learn(part)
            return REMOVED
        return self.remover.text(part)

    def file(self, data: bytes) -> TapedContent:
        """Bytes as a file of the folder, or why they are not there. Raises OSError."""
        if not data:
            return TapedContent()
        is_media = bool(_suffix(data))
        if self.remover.holds(data) or (not is_media and self.remover.would_change(data)):
            return omitted("it holds a secret", len(data))
        if self.folder and len(data) > self.folder.largest:
            return omitted("it is too large", len(data), sha256_of(data))
        return TapedContent("file", self._name(data))

    def _name(self, data: bytes) -> str:
        suffix = _suffix(data)
        if self.folder is None:
            return sha256_of(data) + suffix
        return self.folder.keep(data, suffix)

    def _without_pictures(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._without_pictures(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._without_pictures(item) for item in value]
        return self._as_file(value) if isinstance(value, str) else value

    def _as_file(self, text: str) -> str:
        """A text that is Base64, as the name of a file; others as they are."""
        beginning, base64_text = "", text
        if text[:5].lower() == "data:" and (match := _DATA_URI.match(text)):
            beginning, base64_text = match.groups()
        elif len(text) < _PICTURE_TEXT or not _BASE64.fullmatch(text):
            return text
        data = _decoded(base64_text)
        if data is None:
            return (
                beginning + f"{{not Base64: {len(base64_text)} characters}}" if beginning else text
            )
        content = self.file(data)
        place = f"{{file:{content.value}}}" if content.kind == "file" else REMOVED
        return beginning + place


def omitted(why: str, size: int, digest: str = "") -> TapedContent:
    """A body that is not on the cassette."""
    return TapedContent("omitted", {"why": why, "bytes": size, "sha256": digest})


def body_bytes(content: TapedContent, folder: TapeFolder) -> bytes:
    """A body to send again; pictures are in it as they were. Raises BadCassette or OSError."""
    match content.kind:
        case "json":
            return json.dumps(with_pictures(content.value, folder), ensure_ascii=False).encode(
                "utf-8", "replace"
            )
        case "text":
            return str(content.value).encode("utf-8", "replace")
        case "file":
            return folder.file(content.value).read_bytes()
        case "nothing" | "form" | "omitted":
            return b""


def with_pictures(value: Any, folder: TapeFolder) -> Any:
    """JSON data with the files in it as Base64. Raises BadCassette or OSError."""
    if isinstance(value, dict):
        return {key: with_pictures(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [with_pictures(item, folder) for item in value]
    if not isinstance(value, str) or "{file:" not in value:
        return value
    return _KEPT.sub(
        lambda match: base64.b64encode(folder.file(match[1]).read_bytes()).decode(), value
    )


def _json(data: bytes, content_type: str) -> Any:
    """An object or a list; None where the body is none."""
    if "json" not in content_type.lower() and data.lstrip()[:1] not in (b"{", b"["):
        return None
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def _suffix(data: bytes) -> str:
    """How the name of a file of pictures, sound or video ends; empty for other bytes."""
    return next((suffix for magic, suffix in _SUFFIXES if magic.match(data)), "")


def _unread(data: bytes) -> TapedContent:
    """A body that may hold any secret."""
    return omitted("it cannot be read", len(data), sha256_of(data))


def _decompressed(data: bytes, coding: str) -> bytes | None:
    """A body without its content encoding; None where that is another one, or it is too large."""
    if coding.lower() in ("", "identity"):
        return data
    if coding.lower() not in ("gzip", "deflate"):
        return None
    engine = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        plain = engine.decompress(data, _LARGEST_PLAIN)
    except zlib.error:
        return None
    return plain if engine.eof else None


def _text(data: bytes) -> str | None:
    if len(data) > _LONGEST_TEXT or b"\0" in data:
        return None
    try:
        return data.decode()
    except UnicodeDecodeError:
        return None


def _decoded(base64_text: str) -> bytes | None:
    plain = re.sub(r"\s", "", base64_text).translate(str.maketrans("-_", "+/"))
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


async def _pieces(data: bytes) -> AsyncGenerator[bytes, None]:
    yield data
    yield b""
