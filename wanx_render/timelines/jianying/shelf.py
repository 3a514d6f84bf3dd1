"""The media of a draft, each once, as the folder holds them and as the library knows them."""

import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import PurePosixPath
from typing import Any

from pyJianYingDraft import AudioMaterial, CropSettings, VideoMaterial

from wanx_render.geometry import Size
from wanx_render.timelines.jianying.microseconds import moment
from wanx_render.timelines.timeline import Clip, SoundStretch, seconds_of

FOLDER = "materials"
# A picture has no end; this is what the programs write instead: three hours.
_ENDLESS = 10_800_000_000


@dataclass(frozen=True, slots=True)
class FramePicture:
    """One frame of a clip, counted from 0, and what is needed to read it."""

    frame: int
    rate: Fraction
    size: Size
    own: bool  # whether the clip is the user's own footage


@dataclass(frozen=True, slots=True)
class Material:
    """A file that the folder holds: ``name`` in ``materials``, made of ``media``."""

    name: str
    media: str  # from the render folder
    picture: FramePicture | None = None  # of it; else the file itself


class MaterialShelf:
    """What a draft shows and plays. ``root`` is how paths in the draft begin."""

    def __init__(self, root: str) -> None:
        self._root = root
        self._known: dict[tuple[Any, str, FramePicture | None], tuple[Material, Any]] = {}
        self._names: set[str] = set()

    @property
    def materials(self) -> tuple[Material, ...]:
        return tuple(material for material, _ in self._known.values())

    def clip(self, clip: Clip) -> Any:
        """The clip as the library's video."""
        seconds = Fraction(clip.available) / clip.rate
        return self._seen(clip.media, None, clip.size, "video", moment(seconds))

    def frame(self, clip: Clip, number: int) -> Any:
        """One frame of the clip as the library's picture."""
        picture = FramePicture(number, clip.rate, clip.size, own=not clip.take)
        return self._seen(clip.media, picture, clip.size, "photo", _ENDLESS)

    def picture(self, media: str, size: Size) -> Any:
        """A picture file as the library's picture."""
        return self._seen(media, None, size, "photo", _ENDLESS)

    def sound(self, sound: SoundStretch) -> Any:
        """A sound file as the library's sound."""
        if known := self._known.get((AudioMaterial, sound.media, None)):
            return known[1]
        material = Material(self._name(sound.media, None), sound.media)
        facts = {"duration": moment(seconds_of(sound.available))}
        return self._add(material, AudioMaterial, facts)

    def _seen(
        self, media: str, picture: FramePicture | None, size: Size, kind: str, duration: int
    ) -> Any:
        if known := self._known.get((VideoMaterial, media, picture)):
            return known[1]
        material = Material(self._name(media, picture), media, picture)
        facts = {
            "duration": duration,
            "width": size.width,
            "height": size.height,
            "crop_settings": CropSettings(),
            "material_type": kind,
        }
        return self._add(material, VideoMaterial, facts)

    def _add(self, material: Material, kind: Any, facts: Mapping[str, object]) -> Any:
        """Without the library's own look at the file, which takes MediaInfo and gives only
        milliseconds: everything is known already, and exactly."""
        item = kind.__new__(kind)
        vars(item).update(
            facts,
            material_id=uuid.uuid5(uuid.NAMESPACE_URL, material.name).hex,
            local_material_id="",
            material_name=material.name,
            path=f"{self._root}/{FOLDER}/{material.name}",
        )
        self._known[kind, material.media, material.picture] = material, item
        return item

    def _name(self, media: str, picture: FramePicture | None) -> str:
        """A name that no other file has, on disks that know no large letters either."""
        path = PurePosixPath(media)
        stem, suffix = path.stem, path.suffix
        if picture:
            stem, suffix = f"{stem}-frame-{picture.frame}", ".png"
        names = (f"{stem}{number}{suffix}" for number in ("", *(f"-{n}" for n in range(2, 10_000))))
        name = next(name for name in names if _key(name) not in self._names)
        self._names.add(_key(name))
        return name


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
