"""Headers: which are passed on, and which of them a cassette has with their values."""

from collections.abc import Iterable

from mock_server.tape.secrets import REMOVED, SCHEMES, SecretRemover, is_secret_name

Pairs = list[tuple[str, str]]

_OF_ONE_CONNECTION = frozenset((
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade", "expect",
))  # fmt: skip
# Of other headers a cassette has the names alone: nobody knows what is in them.
_WITH_VALUES = frozenset((
    "accept", "accept-encoding", "accept-ranges", "content-type", "content-encoding",
    "content-range", "content-md5", "date", "etag", "expires", "if-match", "if-none-match",
    "if-range", "last-modified", "location", "range", "retry-after", "server", "user-agent", "vary",
    "x-dashscope-async", "x-dashscope-ossresourceresolve", "x-dashscope-datainspection",
    "x-dashscope-wait-timeout", "x-dashscope-call-gateway", "x-dashscope-sse", "x-request-id",
    "req-cost-time", "req-arrive-time", "resp-start-time", "x-envoy-upstream-service-time",
    "x-oss-request-id", "x-oss-object-type", "x-oss-storage-class", "x-oss-server-time",
    "x-wanx-mock-clock", "x-oss-hash-crc64ecma", "access-control-allow-origin",
    "transfer-encoding", "content-length",
))  # fmt: skip


def passed_on(raw: Iterable[tuple[bytes, bytes]], *without: str) -> Pairs:
    """Headers that go on to the next connection."""
    left_out = _OF_ONE_CONNECTION.union(without)
    pairs = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in raw)
    return [(name, value) for name, value in pairs if name.lower() not in left_out]


def taped_headers(raw: Iterable[tuple[bytes, bytes]], remover: SecretRemover) -> dict[str, str]:
    """Headers as a cassette has them, in small letters."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in raw:
        name = remover.text(raw_name.decode("latin-1").lower())
        value = raw_value.decode("latin-1")
        if name == "authorization":
            scheme = value.partition(" ")[0]
            headers[name] = f"{scheme} {REMOVED}" if scheme.lower() in SCHEMES else REMOVED
        elif name in _WITH_VALUES and not is_secret_name(name):
            headers[name] = _plain(remover.text(_without_boundary(name, value)))
        elif name not in ("host", "connection", "keep-alive"):
            headers[name] = REMOVED
    return headers


def learn_from_headers(raw: Iterable[tuple[bytes, bytes]], remover: SecretRemover) -> None:
    """Remember the keys and tokens that are in headers; cookies are other ones at each answer."""
    for raw_name, raw_value in raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in ("authorization", "proxy-authorization"):
            remover.learn_header(value)
        elif is_secret_name(name) and "cookie" not in name:
            remover.learn(value)


def byte_pairs(pairs: Pairs) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def _without_boundary(name: str, value: str) -> str:
    if name == "content-type" and value.lower().startswith("multipart/"):
        return value.partition(";")[0]
    return value


def _plain(value: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in value)
