"""One request to the service, as a value, and the key that says whether it was already paid for."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from wanx_render.files import sha256_of
from wanx_render.geometry import Size
from wanx_render.preparation import Preparation

# What a picture, sound or video is for. References may come several times.
Role = Literal[
    "first_frame", "last_frame", "soundtrack", "first_clip",
    "reference_image", "reference_video", "reference_sound",
]  # fmt: skip
PICTURE_ROLES: tuple[Role, ...] = ("first_frame", "last_frame", "reference_image")
_ROLES: Mapping[Literal["image", "video", "sound"], Role] = {
    "image": "reference_image",
    "video": "reference_video",
    "sound": "reference_sound",
}


def role_of(kind: Literal["image", "video", "sound"]) -> Role:
    """The role of a reference of this kind."""
    return _ROLES[kind]


# none: the model is silent; silent: it was asked to be; auto: its own sound; file: ours.
SoundMode = Literal["none", "silent", "auto", "file"]


@dataclass(frozen=True, slots=True)
class Footage:
    """What the head of a video says of it: its upright size, frames a second, and its length."""

    size: Size
    rate: Fraction
    seconds: Fraction


@dataclass(frozen=True, slots=True)
class ClipPart:
    """The end of a video that a clip goes on from: so many whole seconds.

    ``until``: the second at which the part ends; None: the end of the video. ``rate`` is that of
    what is sent, in frames a second, so that the joint falls between two frames.
    """

    seconds: int
    rate: Fraction
    until: Fraction | None = None

    def identity(self, sha256: str) -> str:
        """What names this part of the video with these bytes; in which frames it is sent is no
        other part."""
        where = "last" if self.until is None else f"until:{self.until}"
        return f"clip:{sha256}:{where}:{self.seconds}s"


def part_seconds(identity: str) -> int:
    """How many seconds the part with this identity lasts; 0 where it is none."""
    last = identity.rpartition(":")[2]
    digits = last.removesuffix("s")
    return int(digits) if last.endswith("s") and digits.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class InputMedia:
    """A file that a list names: a picture or sound that goes with a request, or own footage.

    ``identity`` is where it comes from: the hash of the bytes, the URL where the bytes are not
    ours, or the clip whose last frame it is. ``counts_as`` is the identity of the same picture in
    other bytes, where one was asked for earlier. ``path`` holds the bytes of a local file, ``size``
    a picture's upright size. ``repaired``: what is sent is ``images.sendable`` of these bytes.
    ``preparation`` says which part of a picture is sent; ``prepared`` is the file of what is sent
    then, once it is made. ``read_as``: how the colours of the own footage that it is a frame of are
    read, where the list says so; a fault of its tags is no other picture. ``part``: what is sent of
    a video that a clip goes on from.
    """

    identity: str
    path: Path | None = None
    url: str | None = None
    size: Size | None = None
    counts_as: str = ""
    repaired: bool = False
    footage: Footage | None = None  # of own footage
    transparent: bool = False
    preparation: Preparation | None = None
    prepared: Path | None = None
    read_as: str = ""
    part: ClipPart | None = None

    @property
    def source(self) -> str:
        """The identity of the picture as it is, however much of it is sent."""
        return self.counts_as or self.identity

    @property
    def key(self) -> str:
        """What the cache key sees: the source and, where not all of it is sent, the preparation."""
        name = self.preparation.name if self.preparation else ""
        return f"{self.source} {name}" if name else self.source

    @property
    def sent_size(self) -> Size | None:
        """The size of the picture that the service sees."""
        return self.preparation.sent if self.preparation else self.size


def source_of(key: str) -> str:
    """The source of a picture, by what a cache key sees of it."""
    return key.partition(" ")[0] if key.startswith(("sha256:", "clip:")) else key


@dataclass(frozen=True, slots=True)
class Reference:
    """Who or what a clip shows, or what it sounds like: given beside the words."""

    kind: Literal["image", "video", "sound"]
    media: InputMedia


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """Everything the service is asked for in one create call.

    ``image`` is the first frame. ``size`` or ``ratio`` is asked for outright where no picture
    decides it.
    """

    model: str
    region: str
    image: InputMedia | None
    last_image: InputMedia | None
    prompt: str
    negative_prompt: str
    template: str | None
    resolution: str
    duration: int
    sound: SoundMode
    sound_file: InputMedia | None
    prompt_extend: bool
    watermark: bool
    seed: int
    first_clip: InputMedia | None = None  # that goes on in this one
    references: tuple[Reference, ...] = ()
    size: Size | None = None
    ratio: str = ""
    shot_type: str = ""
    # Its key in a world, once that was asked for.
    _known_key: tuple[str, str] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_picture(self) -> bool:
        """Whether a picture is asked for, which has no length."""
        return self.duration == 0

    @property
    def media(self) -> tuple[tuple[Role, InputMedia], ...]:
        """Everything that goes with it, by its role, in the order in which it is written."""
        named: tuple[tuple[Role, InputMedia | None], ...] = (
            ("first_frame", self.image),
            ("last_frame", self.last_image),
            ("soundtrack", self.sound_file),
            ("first_clip", self.first_clip),
        )
        references = ((role_of(entry.kind), entry.media) for entry in self.references)
        return (*((role, medium) for role, medium in named if medium), *references)

    @property
    def lead(self) -> int:
        """The seconds at the beginning of its clip that are those of the one it goes on from."""
        part = self.first_clip.part if self.first_clip else None
        return part.seconds if part else 0

    @property
    def roles(self) -> frozenset[Role]:
        """What kinds of media go with it."""
        return frozenset(role for role, _ in self.media)

    @property
    def pictures(self) -> tuple[InputMedia, ...]:
        """The pictures that go with it."""
        return tuple(medium for role, medium in self.media if role in PICTURE_ROLES)

    def record(self) -> dict[str, Any]:
        """The request as plain data; media by identity, so that paths never matter."""
        return {
            "model": self.model,
            "region": self.region,
            "image": self.image.key if self.image else None,
            "last_image": self.last_image.key if self.last_image else None,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "template": self.template,
            "resolution": self.resolution,
            "duration": self.duration,
            "sound": self.sound,
            "sound_file": self.sound_file.key if self.sound_file else None,
            "prompt_extend": self.prompt_extend,
            "watermark": self.watermark,
            "seed": self.seed,
            **self._newer(),
        }

    def _newer(self) -> dict[str, Any]:
        """Fields that requests did not always have: only where they say something, so that the
        keys of what was paid for before stay as they are."""
        fields = {
            "first_clip": self.first_clip.key if self.first_clip else None,
            "references": [[entry.kind, entry.media.key] for entry in self.references],
            "size": str(self.size) if self.size else None,
            "ratio": self.ratio,
            "shot_type": self.shot_type,
        }
        return {name: value for name, value in fields.items() if value}

    def key(self, backend: str) -> str:
        """The cache key: ``backend`` keeps clips of the mock apart from paid ones."""
        if self._known_key is None or self._known_key[0] != backend:
            known = backend, key_of(self.record(), backend)
            object.__setattr__(self, "_known_key", known)
            return known[1]
        return self._known_key[1]

    def with_seed_for(self, take: int, own_seed: int | None) -> "TaskRequest":
        """The request of take ``take`` (from 1): its seed is the written one, or derived.

        Derived from what is asked and the take's number, never from the shot's name or order, so
        that renaming and reordering leave every request as it was.
        """
        if own_seed is not None and take == 1:
            return replace(self, seed=own_seed)
        basis = {**self.record(), "seed": own_seed, "take": take}
        return replace(self, seed=int(_digest(basis)[:8], 16) % 2_147_483_648)


def is_of_picture(record: Mapping[str, Any]) -> bool:
    """Whether the ``record`` of a request asks for a picture."""
    return record.get("duration") == 0


def key_of(record: dict[str, Any], backend: str) -> str:
    """The cache key of a request, by its ``record``."""
    return _digest({"world": backend, **record})


def _digest(record: dict[str, Any]) -> str:
    return sha256_of(_WRITER.encode(record).encode("utf-8", "surrogatepass"))


# Making one costs as much as using it, and a long table has a hundred thousand requests.
_WRITER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))
