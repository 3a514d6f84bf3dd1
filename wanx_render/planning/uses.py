"""What a list says of finishing, in a form that shows later which keys have changed.

A film's record keeps it: of each key that is not at its default a digest of the value, so that
neither texts nor paths get into a manifest.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from wanx_render.files import sha256_of
from wanx_render.shotlist.model import Deliverable, Shot

# What is sent to the service, and which clip is used: a film shows that by its clips.
REQUESTED = frozenset({
    "id", "model", "image", "last_image", "prompt", "negative_prompt", "template", "resolution",
    "duration", "audio", "prompt_extend", "watermark", "seed", "takes", "pick", "fit_image",
})  # fmt: skip
_DIGITS = 12


def uses_of(shot: Shot) -> dict[str, str]:
    """How the clip of a shot is used."""
    return _digests(shot, REQUESTED)


def wish_of(deliverable: Deliverable) -> dict[str, str]:
    """What is wanted of a deliverable."""
    return _digests(deliverable, frozenset({"name"}))


def changes(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The keys whose values differ."""
    return sorted(key for key in {*then, *now} if then.get(key) != now.get(key))


def _digests(record: BaseModel, without: frozenset[str]) -> dict[str, str]:
    own = {key: value for key, value in _own(record).items() if key not in without}
    return {key: sha256_of(_text(value).encode())[:_DIGITS] for key, value in own.items()}


def _own(record: BaseModel) -> dict[str, Any]:
    """The keys that are not at their defaults."""
    return {
        key: value
        for key, field in type(record).model_fields.items()
        if (value := getattr(record, key)) != field.default
    }


def _text(value: Any) -> str:
    """A value as text, the same for equal values."""
    if isinstance(value, BaseModel):
        return _text(_own(value))
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_text(item)}' for key, item in sorted(value.items()))}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_text, value))}]"
    return str(value)
