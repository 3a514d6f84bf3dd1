"""What must never be in a cassette: keys, signatures, policies, cookies and account numbers.

Three rules, each enough by itself for most secrets: what has the name of a secret is removed, what
looks like one is removed, and what was once seen as one (the key of an ``Authorization`` header)
is removed wherever it appears, however it is written there.
"""

import base64
import binascii
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

REMOVED = "{removed}"
IN_QUERY = "removed"  # an address may hold no braces

_SHORTEST = 6  # characters of a secret that is searched for; a shorter text is in ordinary words
_MOST = 200  # secrets that are remembered
_WITHIN = (
    "signature", "accesskey", "apikey", "secret", "password", "passwd", "authorization",
    "credential", "cookie", "securitytoken", "sessiontoken", "accesstoken", "authtoken",
    "stringtosign", "calleruid", "callerparentid", "accountid", "aliyunuid", "workspace",
)  # fmt: skip
_WHOLE = frozenset(("token", "policy", "sig", "uid", "userid", "euid", "xmocktoken"))
_ONLY_IN_QUERIES = frozenset(("expires", "key", "auth", "code", "sign"))
_NAMES = r"[\w.-]{0,40}"
_LOOKS = re.compile(
    r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{6,}|LTAI[A-Za-z0-9-]{4,}|STS\.[\w.+/=-]{6,}"
    r"|AKIA[A-Z0-9]{12,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]+|llm-[a-z0-9]{6,})"
)
SCHEMES = frozenset((
    "bearer", "basic", "digest", "negotiate", "oss", "oss4-hmac-sha256", "acs3-hmac-sha256",
))  # fmt: skip
_SCHEME = re.compile(r"(?i)\b(bearer|basic)(\s+)[^\s\"'<>,;]{6,}")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}:\\?/\\?/[^\s\"'<>]+")
_USER = re.compile(r"^([^/]*:\\?/\\?/)[^/?#@\s]*@")
_PAIR = re.compile(rf"(?<![\w.-])({_NAMES})(=)([^&\s\"'<>;,]+)")
_QUOTED = re.compile(rf"(\\{{0,40}}[\"'])({_NAMES})\1\s{{0,9}}:\s{{0,9}}(\\{{0,40}}[\"'])")
_ESCAPED = re.compile(r"\\{1,8}u00([0-9a-fA-F]{2})")
_LONGEST = 20_000  # characters of a quoted secret: a policy is the longest
_ELEMENT = re.compile(rf"<({_NAMES})>([^<]*)</\1>")


@lru_cache(4096)
def is_secret_name(name: str, *, in_query: bool = False) -> bool:
    """Whether what is called so is a secret: ``x-oss-signature``, ``api_key``, ``policy``."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if plain in _WHOLE or (in_query and plain in _ONLY_IN_QUERIES):
        return True
    return plain.endswith("token") or any(part in plain for part in _WITHIN)


class SecretRemover:
    """Removes secrets from what is written; it remembers those it was shown."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: dict[str, None] = {}
        self._spellings: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Remove these from now on, wherever they appear and however they are written."""
        for secret in secrets:
            if len(secret) >= _SHORTEST and secret not in self._known:
                self._known[secret] = None
                self._spellings = None
        while len(self._known) > _MOST:
            del self._known[next(iter(self._known))]

    def learn_header(self, value: str) -> None:
        """Remember the secret in the value of an ``Authorization`` header."""
        words = value.split()
        scheme = words[0].lower() if len(words) > 1 else ""
        self.learn(*(words[1:] if scheme in SCHEMES else words))
        if scheme == "basic":
            self.learn(*_basic(words[-1]))

    def learn_pairs(self, text: str) -> None:
        """Remember what is called like a secret in a query, or in a form of such pairs."""
        for match in _PAIR.finditer(text):
            if is_secret_name(match[1]):
                self.learn(unquote_plus(match[3]))

    def learn_from(self, value: Any, name: str = "") -> None:
        """Remember what is called like a secret in JSON data."""
        if isinstance(value, dict):
            for key, item in value.items():
                self.learn_from(item, key)
        elif isinstance(value, list):
            for item in value:
                self.learn_from(item, name)
        elif isinstance(value, str) and is_secret_name(name) and value != REMOVED:
            self.learn(value)

    def value(self, value: Any, name: str = "") -> Any:
        """JSON data without secrets; numbers and lists stay numbers and lists."""
        if name and is_secret_name(name):
            return _emptied(value)
        if isinstance(value, dict):
            return {self.text(key): self.value(item, key) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item) for item in value]
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        """A text without secrets: those in addresses, pairs, elements and sentences."""
        text = self._without_known(text)
        if "=" in text or "@" in text:
            text = _ADDRESS.sub(lambda match: _address(match[0]), text)
            text = _PAIR.sub(_pair, text)
        if ":" in text:
            text = _without_quoted(text)
        if "</" in text:
            text = _ELEMENT.sub(_element, text)
        text = _SCHEME.sub(rf"\1\2{REMOVED}", text)
        return _LOOKS.sub(REMOVED, text)

    def holds(self, data: bytes) -> bool:
        """Whether bytes hold a secret that is known, in any of its spellings."""
        pattern = self._pattern()
        return pattern is not None and pattern.search(data.decode("latin-1")) is not None

    def would_change(self, data: bytes) -> bool:
        """Whether bytes that no reader knows hold what is a secret in a text."""
        text = data.decode("latin-1")
        return self.text(text) != text

    def _without_known(self, text: str) -> str:
        pattern = self._pattern()
        if pattern is None:
            return text
        text = pattern.sub(REMOVED, text)
        if "%" in text or "\\u00" in text:  # any letter of a secret can be written as its number
            plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), unquote(text))
            return pattern.sub(REMOVED, plain) if pattern.search(plain) else text
        return text

    def _pattern(self) -> re.Pattern[str] | None:
        if self._spellings is None and self._known:
            spellings = {form for secret in self._known for form in _spellings(secret)}
            longest_first = sorted(spellings, key=len, reverse=True)
            self._spellings = re.compile("|".join(map(re.escape, longest_first)), re.IGNORECASE)
        return self._spellings


def _emptied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _emptied(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_emptied(item) for item in value]
    if isinstance(value, bool) or value is None:
        return value
    return 0 if isinstance(value, int | float) else REMOVED


def _spellings(secret: str) -> Iterator[str]:
    """A secret as it can be written: plain, in addresses, JSON and HTML, hexadecimal, Base64."""
    data = secret.encode("utf-8", "replace")
    yield from (secret, quote(secret, safe=""), quote(secret), quote_plus(secret), unquote(secret))
    yield from (json.dumps(secret)[1:-1], json.dumps(secret)[1:-1].replace("/", "\\/"))
    yield from (escape(secret), data.hex(), data.decode("latin-1"))
    if len(data) < 2 * _SHORTEST:
        return
    for before in range(3):  # Base64 of a text around it, by where in a group of three it begins
        base64_text = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        middle = base64_text[(0, 2, 3)[before] : -2]
        yield from (middle, middle.replace("+", "-").replace("/", "_"))


def _basic(coded: str) -> tuple[str, ...]:
    try:
        text = base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, ValueError):
        return ()
    return (text, *text.split(":", 1))


def _address(text: str) -> str:
    """An address without its user, and with the names alone of its query and its fragment."""
    text = _USER.sub(r"\1", text)
    at = min((place for sign in "?#" if (place := text.find(sign)) >= 0), default=-1)
    if at < 0:
        return text
    tail = re.sub(r"=[^&#;=]*(?:=[^&#;]*)?", f"={IN_QUERY}", text[at:])
    return text[:at] + tail


def _pair(match: re.Match[str]) -> str:
    name, sign, value = match.groups()
    if value == IN_QUERY or not is_secret_name(name, in_query=True):
        return match[0]
    return name + sign + IN_QUERY


def _without_quoted(text: str) -> str:
    """Without what is in quotes after the name of a secret: JSON as text, and JSON within it."""
    pieces, position = [], 0
    for match in _QUOTED.finditer(text):
        if match.start() < position or not is_secret_name(match[2]):
            continue
        end = text.find(match[3], match.end(), match.end() + _LONGEST)
        pieces += [text[position : match.end()], REMOVED]
        position = end if end >= 0 else min(match.end() + _LONGEST, len(text))
    return "".join([*pieces, text[position:]])


def _element(match: re.Match[str]) -> str:
    name = match[1]
    return f"<{name}>{REMOVED}</{name}>" if is_secret_name(name) else match[0]
