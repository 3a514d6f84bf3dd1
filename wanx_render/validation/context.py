"""What rules look at: a list that is well-formed, its pictures and sounds, and the catalog."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.diagnostics import Span
from wanx_render.geometry import Size, predicted_size
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media.audio_files import Soundtrack
from wanx_render.media.images import Picture
from wanx_render.preparation import Preparation
from wanx_render.shotlist.inputs import FitImage, MadePicture
from wanx_render.shotlist.model import (
    NO_LOOK,
    AnyShot,
    ClipShot,
    Deliverable,
    GeneratedShot,
    Overlay,
    Sound,
    StillShot,
    own_name,
    picture_of,
)
from wanx_render.shotlist.picture_sizes import size_of
from wanx_render.shotlist.preparing import Aims, Preparing, aims_of, preparing_of
from wanx_render.shotlist.references import Reference, references_of
from wanx_render.shotlist.values import sentence_of
from wanx_render.source import yaml_source
from wanx_render.task import Footage

if TYPE_CHECKING:
    from wanx_render.captions.subtitles import Subtitles
    from wanx_render.captions.typesetting import Sheet

Place = Callable[[tuple[str | int, ...]], Span]


@dataclass(frozen=True)
class Begins:
    """Seconds at which the shots begin, by their ids, and at which the last one ends."""

    of: Mapping[str, Fraction]
    end: Fraction


@dataclass(frozen=True, slots=True)
class KnownClip:
    """What is known of the clip of a shot: a still has no rate of its own."""

    size: Size | None
    seconds: Fraction
    rate: Fraction | None


@dataclass(frozen=True, slots=True)
class Sent:
    """A picture of a shot, and what is sent of it; or why it cannot be.

    ``path`` is where the list names it.
    """

    path: yaml_source.Path
    name: str
    picture: Picture
    model: Model
    wish: FitImage | None
    preparation: Preparation | None = None  # None: it is sent as it is
    problem: Message = NOTHING


@dataclass(frozen=True, slots=True)
class Shared:
    """What the rows of a table that are alike have in common, once a rule has asked for it."""

    # What the words of a deliverable are set on, by its index.
    sheets: "dict[int, Sheet | None]" = field(default_factory=dict)
    # How the pictures of a shot are prepared, by its index.
    preparings: dict[int, Preparing] = field(default_factory=dict)


@dataclass(frozen=True)
class Scene:
    """Everything a rule may look at."""

    shots: Mapping[int, AnyShot]  # by index; only those that are well-formed
    deliverables: Mapping[int, Deliverable]
    region: str
    ids: tuple[str, ...]  # of all shots, also of those that are not well-formed
    catalog: Catalog
    folder: Path
    pictures: Mapping[str, Picture]  # by the words the list uses; only those that could be read
    sounds: Mapping[str, Soundtrack]
    footage: Mapping[str, Footage]
    subtitles: "Mapping[str, Subtitles]"
    place: Place
    backend: str
    # The highest sample in dBFS of a sound file, from a second on, for so many seconds.
    highest: Callable[[str, Fraction, Fraction], float | None]
    # The LUFS of a deliverable's music and voices alone, where those it wants are out of reach.
    loudest: Callable[[Sound, Mapping[str, Fraction], Fraction], Decimal | None]
    figures_hints: bool = True  # whether hints say by figures what they would change
    shared: Shared = field(default_factory=Shared)

    @cached_property
    def generated(self) -> dict[int, GeneratedShot]:
        """The shots that a model makes, by index."""
        return {i: shot for i, shot in self.shots.items() if isinstance(shot, GeneratedShot)}

    @cached_property
    def models(self) -> list[tuple[int, GeneratedShot, Model]]:
        """Each shot with its model, where there is such a model."""
        pairs = (
            (index, shot, self.catalog.model(shot.model)) for index, shot in self.generated.items()
        )
        return [(index, shot, model) for index, shot, model in pairs if model]

    @cached_property
    def references(self) -> dict[int, tuple[Reference, ...]]:
        """The references of each shot that has any, by its index."""
        by_shot = {index: references_of(shot) for index, shot in self.generated.items()}
        return {index: references for index, references in by_shot.items() if references}

    def looks(self) -> Iterator[tuple[yaml_source.Path, str, Picture]]:
        """Each picture of each shot that has a model: its path, and what it is called."""
        for index, shot, _ in self.models:
            for path, name in pictures_of(shot):
                if name in self.pictures:
                    title = tr("the data URI") if name.startswith("data:") else name
                    yield ("shots", index, *path), title, self.pictures[name]

    @cached_property
    def sent(self) -> "tuple[Sent, ...]":
        """Each picture of each shot, with what is sent of it."""
        return tuple(self._sent())

    def _sent(self) -> "Iterator[Sent]":
        for index, shot, model in self.models:
            tier = shot.resolution or model.tiers.value[0]
            if tier not in self.catalog.service.tier_areas or not model.takes_pictures:
                continue
            named = [(path, name) for path, name in pictures_of(shot) if name in self.pictures]
            first = self.pictures.get(shot.image) if isinstance(shot.image, str) else None
            if not named:
                continue
            if index not in self.shared.preparings:
                self.shared.preparings[index] = self.preparing(shot, model)
            of_frames = self.shared.preparings[index]
            for path, name in named:
                picture = self.pictures[name]
                title = tr("the data URI") if name.startswith("data:") else name
                sent = Sent(("shots", index, *path), title, picture, model, shot.fit_image)
                preparing = of_frames.of_references if path[0] == "references" else of_frames
                try:
                    aspect = preparing.aspect((first or picture).size)
                    preparation = preparing.of(
                        picture.size, aspect, transparent=picture.transparent
                    )
                except ValueError as problem:
                    yield replace(sent, problem=sentence_of(problem))
                else:
                    yield replace(sent, preparation=preparation) if preparation else sent

    def _size(self, shot: GeneratedShot, model: Model) -> Size | None:
        """The clip the shot will give, where its first frame is known, or it has none."""
        picture = self.pictures.get(shot.image) if isinstance(shot.image, str) else None
        tier = shot.resolution or model.tiers.value[0]
        if isinstance(shot.image, MadePicture) and tier in model.tiers.value:
            return self._size_made(shot.image, self.preparing(shot, model))
        if tier not in model.tiers.value:
            return None
        preparing = self.preparing(shot, model)
        if picture is None:
            return preparing.shape.clip if preparing.shape else None
        try:
            aspect = preparing.aspect(picture.size)
            preparation = preparing.of(picture.size, aspect, transparent=picture.transparent)
        except ValueError:  # said by a rule of its own
            return None
        return predicted_size(preparation.sent if preparation else picture.size, preparing.area)

    def _size_made(self, picture: MadePicture, preparing: Preparing) -> Size | None:
        """The clip of a shot whose first frame a model makes."""
        model = self.catalog.picture_model(picture.model)
        films = self.deliverables.values()
        size = size_of(picture, model.sizes.value, preparing, films) if model else None
        return predicted_size(size, preparing.area) if size else None

    @cached_property
    def made_pictures(self) -> dict[int, str]:
        """The names of first frames that models make, by the index of their shots."""
        names = ((index, picture_of(shot)) for index, shot in self.shots.items())
        return {index: name for index, name in names if name}

    @cached_property
    def matched_sizes(self) -> dict[str, Size]:
        """By shot, the clip that ``fit_image: match`` would give where the list prepares nothing.

        None of pictures that only the service has, and of late rows of a long table.
        """
        sizes: dict[str, Size] = {}
        wish = FitImage(aspect="match")
        for _, shot, model in self.models if self.figures_hints else ():
            picture = self.pictures.get(shot.image) if isinstance(shot.image, str) else None
            tier = shot.resolution or model.tiers.value[0]
            if shot.fit_image or picture is None or tier not in model.tiers.value:
                continue
            preparing = replace(self.preparing(shot, model), wish=wish)
            with suppress(ValueError):
                sent = preparing.of(
                    picture.size, preparing.aspect(picture.size), transparent=picture.transparent
                )
                sizes[shot.id] = predicted_size(sent.sent if sent else picture.size, preparing.area)
        return sizes

    def preparing(self, shot: GeneratedShot, model: Model) -> Preparing:
        """How the pictures of a shot are prepared; KeyError for an unknown tier."""
        return preparing_of(shot, model, self._aims, self.catalog)

    @cached_property
    def _aims(self) -> Aims:
        return aims_of(self.deliverables.values())

    @cached_property
    def sources(self) -> list[tuple[int, AnyShot, KnownClip]]:
        """Each shot with what is known of its clip; not those of an unknown model or file."""
        pairs = ((index, shot, self._source(shot)) for index, shot in self.shots.items())
        return [(index, shot, source) for index, shot, source in pairs if source]

    def _source(self, shot: AnyShot) -> KnownClip | None:
        match shot:
            case GeneratedShot():
                if (model := self.catalog.model(shot.model)) is None:
                    return None
                seconds = Fraction(shot.duration or model.durations.value[0])
                return KnownClip(self._size(shot, model), seconds, model.fps.value)
            case ClipShot():
                head = self.footage.get(shot.clip)
                return KnownClip(head.size, head.seconds, head.rate) if head else None
            case StillShot():
                picture = self.pictures.get(shot.still)
                return KnownClip(picture.size, shot.duration, None) if picture else None

    @cached_property
    def clips(self) -> list[tuple[AnyShot, Size]]:
        """The shots whose clip's size is known beforehand."""
        return [(shot, source.size) for _, shot, source in self.sources if source.size]

    @cached_property
    def begins(self) -> Begins:
        of, at, overlap = {}, Fraction(0), Fraction(0)
        for _, shot, source in self.sources:
            of[shot.id] = at - overlap
            at = of[shot.id] + used(shot, source.seconds)
            overlap = shot.transition.seconds
        return Begins(of, at)

    @property
    def seconds(self) -> Fraction | None:
        """The seconds that the whole lasts; None where no shot has a known model."""
        return self.begins.end or None

    def at(self, index: int, *path: str | int) -> Span:
        """Where a part of a shot is in the list."""
        return self.place(("shots", index, *path))


def used(shot: AnyShot, seconds: Fraction) -> Fraction:
    """The seconds for which the shot is seen, whose clip lasts ``seconds``."""
    if shot.trim.end is None and not shot.trim.start and shot.speed == 1:
        return seconds + shot.hold
    end = seconds if shot.trim.end is None else min(shot.trim.end, seconds)
    return max(end - shot.trim.start, Fraction(0)) / shot.speed + shot.hold


def pictures_of(shot: AnyShot) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The pictures of a shot that are not addresses: where each is in the shot, and its name."""
    match shot:
        case StillShot():
            yield ("still",), shot.still
        case GeneratedShot():
            for key, name in (("image", shot.image), ("last_image", shot.last_image)):
                if isinstance(name, str) and not is_url(name):
                    yield (key,), name
            for reference in references_of(shot):
                if reference.kind == "image" and not is_url(reference.file):
                    yield ("references", reference.key), reference.file
        case ClipShot():
            pass


def videos_of(shot: AnyShot) -> Iterator[tuple[str | int, str]]:
    """The local videos among the references of a shot: the key of each, and its name."""
    for reference in references_of(shot) if isinstance(shot, GeneratedShot) else ():
        is_local = not (is_url(reference.file) or reference.file.startswith("data:"))
        if reference.kind == "video" and is_local:
            yield reference.key, reference.file


def files_of(shot: AnyShot) -> Iterator[str]:
    """Every picture, sound and video that a shot names."""
    if isinstance(shot, GeneratedShot):
        references = (reference.file for reference in references_of(shot))
        own = shot.continues.clip if shot.continues else None
        names = (shot.image, shot.last_image, own, sound_path(shot), *references)
        yield from (name for name in names if isinstance(name, str) and name)
    elif name := own_name(shot):
        yield name


def sound_path(shot: GeneratedShot) -> str | None:
    """The custom soundtrack a shot names, or None for ``silent``, ``auto`` and nothing."""
    return shot.audio if shot.audio not in (None, "silent", "auto") else None


def overlays_in(
    shots: Mapping[int, AnyShot], deliverables: Mapping[int, Deliverable]
) -> Iterator[tuple[yaml_source.Path, Overlay]]:
    """Every overlay, and its path in the list."""
    for group, items in (("shots", shots), ("deliverables", deliverables)):
        for index, item in items.items():
            for number, overlay in enumerate(item.overlay):
                yield (group, index, "overlay", number), overlay


def looks_in(
    shots: Mapping[int, AnyShot], deliverables: Mapping[int, Deliverable]
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


_FEW = 6


def lengths(seconds: Sequence[int]) -> Message:
    """``5 or 10``; of many without a gap only the ends."""
    if len(seconds) > _FEW and seconds[-1] - seconds[0] == len(seconds) - 1:
        return tr("{low} to {high}", low=seconds[0], high=seconds[-1])
    return either(map(str, seconds))


def mib(size: int) -> str:
    """A number of bytes in MiB."""
    return f"{size / 1024 / 1024:.0f}" if size % 1048576 == 0 else f"{size / 1024 / 1024:.1f}"
