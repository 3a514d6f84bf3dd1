"""What rules look at: a list that is well-formed, its pictures and sounds, and the catalog."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.catalog.capabilities import Catalog, Model
from wanx_render.diagnostics import Span
from wanx_render.geometry import Size, predicted_size
from wanx_render.language import Message, joined, tr
from wanx_render.media.audio_files import Soundtrack
from wanx_render.media.images import Picture
from wanx_render.shotlist.model import NO_LOOK, Deliverable, Overlay, Shot, Sound
from wanx_render.source import yaml_source

if TYPE_CHECKING:
    from wanx_render.captions.subtitles import Subtitles

Place = Callable[[tuple[str | int, ...]], Span]


@dataclass(frozen=True)
class Begins:
    """Seconds at which the shots begin, by their ids, and at which the last one ends."""

    of: Mapping[str, Fraction]
    end: Fraction


@dataclass(frozen=True)
class Scene:
    """Everything a rule may look at."""

    shots: Mapping[int, Shot]  # by index; only those that are well-formed
    deliverables: Mapping[int, Deliverable]
    region: str
    ids: tuple[str, ...]  # of all shots, also of those that are not well-formed
    catalog: Catalog
    folder: Path
    pictures: Mapping[str, Picture]  # by the words the list uses; only those that could be read
    sounds: Mapping[str, Soundtrack]
    subtitles: "Mapping[str, Subtitles]"
    place: Place
    backend: str
    # The highest sample in dBFS of a sound file, from a second on, for so many seconds.
    highest: Callable[[str, Fraction, Fraction], float | None]
    # The LUFS of a deliverable's music and voices alone, where those it wants are out of reach.
    loudest: Callable[[Sound, Mapping[str, Fraction], Fraction], Decimal | None]

    @cached_property
    def models(self) -> list[tuple[int, Shot, Model]]:
        """Each shot with its model, where there is such a model."""
        pairs = (
            (index, shot, self.catalog.model(shot.model)) for index, shot in self.shots.items()
        )
        return [(index, shot, model) for index, shot, model in pairs if model]

    def looks(self) -> Iterator[tuple[Span, str, Picture, Model]]:
        """Each picture of each shot: its place, what it is called, and the model it is for."""
        for index, shot, model in self.models:
            for key in ("image", "last_image"):
                name = getattr(shot, key)
                if isinstance(name, str) and name in self.pictures:
                    title = tr("the data URI") if name.startswith("data:") else name
                    yield self.at(index, key), title, self.pictures[name], model

    def size(self, shot: Shot, model: Model) -> Size | None:
        """The clip the shot will give, where its first frame is known."""
        picture = self.pictures.get(shot.image) if isinstance(shot.image, str) else None
        tier = shot.resolution or model.tiers.value[0]
        if picture is None or tier not in model.tiers.value:
            return None
        return predicted_size(picture.size, self.catalog.tier_area(tier))

    @cached_property
    def clips(self) -> list[tuple[Shot, Size]]:
        """The shots whose clip's size is known beforehand."""
        pairs = ((shot, self.size(shot, model)) for _, shot, model in self.models)
        return [(shot, size) for shot, size in pairs if size]

    @cached_property
    def begins(self) -> Begins:
        of, at, overlap = {}, Fraction(0), Fraction(0)
        for _, shot, model in self.models:
            of[shot.id] = at - overlap
            at = of[shot.id] + used(shot, model)
            overlap = shot.transition.seconds
        return Begins(of, at)

    @property
    def seconds(self) -> Fraction | None:
        """The seconds that the whole lasts; None where no shot has a known model."""
        return self.begins.end or None

    def at(self, index: int, key: str) -> Span:
        return self.place(("shots", index, key))


def used(shot: Shot, model: Model) -> Fraction:
    """The seconds for which the shot is seen."""
    seconds = Fraction(shot.duration or model.durations.value[0])
    end = seconds if shot.trim.end is None else min(shot.trim.end, seconds)
    return max(end - shot.trim.start, Fraction(0)) / shot.speed + shot.hold


def sound_path(shot: Shot) -> str | None:
    """The custom soundtrack a shot names, or None for ``silent``, ``auto`` and nothing."""
    return shot.audio if shot.audio not in (None, "silent", "auto") else None


def overlays_in(
    shots: Mapping[int, Shot], deliverables: Mapping[int, Deliverable]
) -> Iterator[tuple[yaml_source.Path, Overlay]]:
    """Every overlay, and its path in the list."""
    for group, items in (("shots", shots), ("deliverables", deliverables)):
        for index, item in items.items():
            for number, overlay in enumerate(item.overlay):
                yield (group, index, "overlay", number), overlay


def looks_in(
    shots: Mapping[int, Shot], deliverables: Mapping[int, Deliverable]
) -> Iterator[tuple[yaml_source.Path, str]]:
    """Every look that is named, and the path of its key."""
    for group, items in (("shots", shots), ("deliverables", deliverables)):
        for index, item in items.items():
            if item.look and item.look != NO_LOOK:
                yield (group, index, "look"), item.look


def is_url(named: str) -> bool:
    """Whether a picture or sound is named by an address that the service can fetch."""
    return named.lower().startswith(("http://", "https://"))


def is_file(path: Path) -> bool:
    """Whether there is such a file; a name that no file can have is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def either(words: Iterable[str]) -> Message:
    """``a, b or c``."""
    items = list(words)
    if len(items) < 2:
        return joined(items)
    return joined((joined(items[:-1], tr(", ")), items[-1]), tr(" or "))


def mib(size: int) -> str:
    """A number of bytes in MiB."""
    return f"{size / 1024 / 1024:.0f}" if size % 1048576 == 0 else f"{size / 1024 / 1024:.1f}"
