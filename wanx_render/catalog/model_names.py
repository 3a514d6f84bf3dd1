"""Which models a name may mean that is none: part of one, another spelling, the name in Chinese."""

import re
import unicodedata
from collections.abc import Container, Iterable, Mapping
from difflib import get_close_matches
from itertools import takewhile

from wanx_render.diagnostics import did_you_mean, listed
from wanx_render.language import Message, tr

# What people write for parts of names, longest first.
_WORDS = {
    "通义万相": "wan", "通義萬相": "wan", "万相": "wan", "萬相": "wan", "wanxiang": "wan",
    "wanx": "wan", "tongyi": "", "imagetovideo": "i2v", "img2video": "i2v", "img2vid": "i2v",
    "图生视频": "i2v", "圖生視頻": "i2v", "keyframetovideo": "kf2v", "首尾帧": "kf2v",
    "首尾幀": "kf2v", "文生视频": "t2v", "文生視頻": "t2v", "texttovideo": "t2v",
    "参考生视频": "r2v", "參考生視頻": "r2v", "referencetovideo": "r2v",
    "快乐小马": "happyhorse", "快乐马": "happyhorse", "欢乐马": "happyhorse",
}  # fmt: skip
_PIECE = re.compile(r"wan|[a-z]{1,3}2[a-z]|\d+|[a-z]+")
_KIND = re.compile(r"[a-z]{1,3}2[a-z]")


def meant(text: str, names: Iterable[str]) -> tuple[str, ...]:
    """The models that ``text`` may mean, in the order of ``names``; none where nothing fits."""
    pieces_of = {name: _pieces(name) for name in names}
    parts = _pieces(text)
    words = set(parts) - {"wan"}
    matches = tuple(name for name, pieces in pieces_of.items() if pieces == parts)
    if matches or not words:
        return matches
    vocabulary = {piece for pieces in pieces_of.values() for piece in pieces}
    parts = tuple(f"{piece}0" if _is_round(piece, vocabulary) else piece for piece in parts)
    words = set(parts) - {"wan"}
    version = next((piece for piece in parts if piece.isdigit()), "")
    fitting = tuple(name for name, pieces in pieces_of.items() if words <= set(pieces))
    if fitting:
        return _plainest(fitting, pieces_of)
    longer = tuple(name for name, pieces in pieces_of.items() if pieces == parts[: len(pieces)])
    if longer:  # the name of one, and more: a date, a remark
        return longer
    kinds = {piece for piece in words if _KIND.fullmatch(piece)}
    if (version and version not in vocabulary) or not kinds <= vocabulary:
        return ()
    in_every_way = tuple(n for n, p in pieces_of.items() if version in p and _makes_all(p))
    if kinds and in_every_way:
        return _plainest(in_every_way, pieces_of)
    candidates = {
        "".join(pieces): name
        for name, pieces in pieces_of.items()
        if (not version or version in pieces) and kinds <= set(pieces)
    }
    close = get_close_matches("".join(parts), candidates, n=1, cutoff=0.75)
    return tuple(candidates[word] for word in close)


_FEW = 4


def _plainest(names: tuple[str, ...], pieces_of: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Of many names the shortest: snapshots and variants of a model have more in theirs."""
    if len(names) <= _FEW:
        return names
    least = min(len(pieces_of[name]) for name in names)
    return tuple(name for name in names if len(pieces_of[name]) == least)


def _is_round(piece: str, known: Container[str]) -> bool:
    """Whether this is a version without its zero: 3 for 3.0."""
    return piece.isdigit() and piece not in known and f"{piece}0" in known


def _makes_all(pieces: Iterable[str]) -> bool:
    """Whether a name says no kind: such a model makes clips in every way."""
    return "video" in pieces and not any(map(_KIND.fullmatch, pieces))


def hint(text: str, names: Iterable[str]) -> Message:
    """What to write instead of ``text``, which is not a model."""
    candidates = list(names)
    fitting = meant(text, candidates)
    if len(fitting) > 1:
        return tr("did you mean one of {names}?", names=listed(fitting))
    if fitting:
        return did_you_mean(fitting[0], fitting)
    nearest = sorted(candidates, key=lambda name: -begin_alike(name, text.strip().casefold()))
    return tr("`wanx-render models` lists the models, such as {names}", names=listed(nearest))


def begin_alike(one: str, other: str) -> int:
    """How many characters two names have in common at their beginning."""
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def _pieces(name: str) -> tuple[str, ...]:
    """``wan2.5-i2v-preview`` as wan, 25, i2v, preview."""
    plain = unicodedata.normalize("NFKC", name[:100]).casefold()
    plain = re.sub(r"(?<=\d)[\s._-]+(?=\d)", "", plain)
    plain = re.sub(r"\s+to\s+|-to-|_to_", "to", plain)
    plain = re.sub(r"(image|text|keyframe|reference)to\s*video", r"\1tovideo", plain)
    for word, short in _WORDS.items():
        plain = plain.replace(word, short)
    return tuple(_PIECE.findall(plain))
