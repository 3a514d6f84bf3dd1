"""Addresses in answers: results and uploads go through the recorder, and later to the replay.

``https://HOST/PATH?QUERY`` becomes ``ORIGIN/_link/TAG/https/HOST/PATH?QUERY``. On a cassette the
address stands as the service gave it, without the values of its query.
"""

import json
import re
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

LINKS = "/_link/"
_MOST = 20_000
_HTTP = re.compile(r"https?://[^\s/?#@\\]+(?:[/?][^\s#]*)?", re.IGNORECASE)
_LOCAL = re.compile(r"/_link/([\w-]{1,40})/(https?)/([^/?#]+)(/[^?#]*)?")
_TAG = re.compile(r"[?&]OSSAccessKeyId=replay-(\w{1,20})", re.IGNORECASE)
# Texts of people and sentences; all other texts that are an address are links to files.
PROSE = frozenset(("orig_prompt", "actual_prompt", "prompt", "message", "code", "request_id"))
_NAMED = re.compile(rb'("(?:[^"\\]|\\.)*")(\s*:\s*)?')


def local_link(origin: str, tag: str, address: str) -> str:
    """Where a client reaches ``address``."""
    scheme, _, rest = address.partition("://")
    host, slash, path = _after_host(rest)
    return f"{origin}{LINKS}{tag}/{scheme.lower()}/{host}{slash}{path}"


def _after_host(rest: str) -> tuple[str, str, str]:
    match = re.match(r"([^/?]*)(/?)(.*)", rest, re.DOTALL)
    assert match is not None  # noqa: S101  # it matches anything
    return match[1], match[2], match[3]


def address_of(target: str) -> tuple[str, str]:
    """The tag of a local link, and the address it is for; without a tag ``target`` itself."""
    path, mark, query = target.partition("?")
    match = _LOCAL.fullmatch(path)
    if match is None:
        return "", target
    return match[1], f"{match[2]}://{match[3]}{match[4] or ''}{mark}{query}"


def tag_of(target: str) -> str:
    """The tag that a link of a replay carries, in its path or in its query."""
    in_query = _TAG.search(target)
    return address_of(target)[0] or (in_query[1] if in_query else "")


def is_link(name: str, value: Any) -> bool:
    """Whether a text of an answer, called ``name``, is the address of a file."""
    return isinstance(value, str) and name not in PROSE and _HTTP.fullmatch(value) is not None


def rewritten(body: bytes, change: Callable[[str], str]) -> bytes:
    """A JSON body with its links changed, and every other byte as it was."""
    name = ""
    pieces, position = [], 0
    for match in _NAMED.finditer(body):
        try:
            text = json.loads(match[1])
        except ValueError:
            continue
        if match[2]:
            name = text
        elif is_link(name, text):
            pieces += [body[position : match.start()], json.dumps(change(text)).encode()]
            position = match.end()
    return b"".join([*pieces, body[position:]])


class KnownLinks:
    """The addresses that answers held: no other can be fetched through the recorder."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._whole: OrderedDict[str, str] = OrderedDict()

    def localised(self, address: str) -> str:
        """The link by which a client fetches ``address`` here; it is known from now on."""
        self.learn(address)
        return local_link(self._origin, "0", address)

    def learn(self, address: str) -> str:
        """``address`` itself, known from now on."""
        self._whole[_key(address)] = address
        self._whole[_key(address.partition("?")[0])] = address
        while len(self._whole) > _MOST:
            self._whole.popitem(last=False)
        return address

    def whole(self, address: str) -> str | None:
        """A known address with its signature; the newest of its path where the query is another."""
        return self._whole.get(_key(address)) or self._whole.get(_key(address.partition("?")[0]))


def _key(address: str) -> str:
    """Host, path and query: http or https says nothing about what is there."""
    return address.partition("://")[2].rstrip("/")
