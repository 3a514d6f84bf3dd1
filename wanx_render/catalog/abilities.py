"""What one model can do: a row of the capability matrix, each figure with its source."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from wanx_render.catalog.figures import Data, Figure, Prose, Rate
from wanx_render.catalog.request_forms import is_legal
from wanx_render.preparation import Limits
from wanx_render.task import PICTURE_ROLES

Sound = Literal["none", "always", "switchable"]
# The shape of the usage that its answers hold.
Usage = Literal["2.1", "2.2", "2.2-kf2v", "2.5-t2v", "2.6", "2.6-flash", "2.6-sized", "2.7", "3.0"]


class SoundFile(Data):
    """What a custom soundtrack may be."""

    formats: tuple[str, ...]
    seconds: tuple[int, int]
    bytes: int


# What references of each kind are called in a prompt; {n} stands for the number of one.
ReferenceWords = dict[Literal["image", "video", "sound"], str]


class MediaFile(Data):
    """What a video or sound that goes with a request may be."""

    formats: tuple[str, ...]
    seconds: tuple[int, int]
    bytes: int
    sides: tuple[int, int] | None = None  # pixels, of a video
    together: int | None = None  # seconds of all of them


@dataclass(frozen=True, slots=True)
class OfPictures:
    """What a model accepts of the file of a picture."""

    sides: Figure[tuple[int, int]]  # pixels
    bytes: Figure[int]
    formats: Figure[tuple[str, ...]]


class Model(Data):
    """One row of the capability matrix. Lists of allowed values begin with the default."""

    name: str
    title: Prose
    base: str = ""  # the model that it is a snapshot of (``snapshot_of`` in its file)
    request_form: Figure[str]
    region_names: Figure[dict[str, str]]
    aliases: tuple[str, ...] = ()
    launched: Figure[date] | None = None
    retires: Figure[date | None] | None = None  # None in it: nobody official names a day
    combinations: Figure[tuple[tuple[str, ...], ...]]  # of roles; one with ? may be absent
    counts: Figure[dict[str, tuple[int, int]]] | None = None  # by role; references: of all kinds
    parameters: Figure[tuple[str, ...]] | None = None  # instead of the form's
    tiers: Figure[Annotated[tuple[str, ...], Field(min_length=1)]]
    durations: Figure[Annotated[tuple[int, ...], Field(min_length=1)]]
    adaptive_duration: Figure[bool] | None = None  # whether -1 lets the service choose
    seed_range: Figure[tuple[int, int]] | None = None  # instead of the service's; -1: any seed
    ratios: Figure[tuple[str, ...]] | None = None  # that may be asked for outright
    sizes: Figure[dict[str, tuple[str, ...]]] | None = None  # the same, as WxH by tier
    reference_words: Figure[ReferenceWords] | None = None
    shot_types: Figure[tuple[str, ...]] | None = None
    fps: Figure[Rate]
    sound: Figure[Sound]
    sound_precedence: Figure[Literal["file", "switch"]] | None = None
    sound_file: Figure[SoundFile] | None = None
    clip_file: Figure[MediaFile] | None = None  # that is continued
    reference_video_file: Figure[MediaFile] | None = None
    reference_sound_file: Figure[MediaFile] | None = None
    templates: Figure[tuple[str, ...]] | None = None
    template_regions: Figure[tuple[str, ...]] | None = None
    prompt_characters: Figure[int]
    negative_prompt_characters: Figure[int]  # 0: it takes none
    watermark_default: Figure[bool] | None = None
    image_sides: Figure[tuple[int, int]] | None = None  # None: it takes no picture
    image_aspect: Figure[Rate] | None = None  # the long side to the short one, at most
    image_bytes: Figure[int] | None = None
    image_formats: Figure[tuple[str, ...]] | None = None
    creates_per_second: Figure[int]
    running_at_once: Figure[int]
    task_seconds: Figure[tuple[int, int]]
    returns_actual_prompt: Figure[bool]
    billed_seconds: Figure[Literal["output", "input_and_output"]] | None = None
    input_seconds_cap: Figure[int] | None = None  # of the input seconds that are billed
    usage: Figure[Usage]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        picture = (self.image_sides, self.image_bytes, self.image_formats)
        if any(role in PICTURE_ROLES for role in self.roles) and None in picture:
            raise ValueError("image_sides, image_bytes and image_formats are required")
        return self

    @cached_property
    def roles(self) -> frozenset[str]:
        """Everything that may go with a request to it."""
        every = (role for combination in self.combinations.value for role in combination)
        return frozenset(role.removesuffix("?") for role in every)

    def accepts(self, roles: Iterable[str]) -> bool:
        """Whether a request with exactly these roles is legal."""
        return is_legal(frozenset(roles), self.combinations.value)

    def allowed(self, role: str) -> tuple[int, int]:
        """The least and most of one role, where it is there at all."""
        counts = self.counts.value if self.counts else {}
        return counts.get(role, (0, 1))

    @property
    def takes_last_image(self) -> bool:
        return "last_frame" in self.roles

    @property
    def takes_words_alone(self) -> bool:
        """Whether it makes a clip of words, without any picture."""
        return self.accepts(()) and not self.counts_of_references[0]

    @property
    def words_for_references(self) -> ReferenceWords:
        """What references of each kind are called in a prompt, as far as a document says."""
        return self.reference_words.value if self.reference_words else {}

    @property
    def counts_of_references(self) -> tuple[int, int | None]:
        """The least and most references of all kinds together; None where nothing limits them."""
        counts = self.counts.value if self.counts else {}
        return counts.get("references", (0, None))

    @property
    def takes_pictures(self) -> bool:
        return any(role in self.roles for role in PICTURE_ROLES)

    @property
    def of_pictures(self) -> "OfPictures":
        """What it accepts of a picture; LookupError where it takes none."""
        sides, size, formats = self.image_sides, self.image_bytes, self.image_formats
        if sides is None or size is None or formats is None:
            raise LookupError(f"{self.name} takes no picture")
        return OfPictures(sides, size, formats)

    @cached_property
    def limits(self) -> Limits:
        """What it accepts of a picture's sides; anything where it takes none."""
        shortest, longest = self.image_sides.value if self.image_sides else _ANY_SIDES
        return Limits(shortest, longest, self.image_aspect.value if self.image_aspect else None)


_ANY_SIDES = (1, 1_000_000)


class PictureArea(Data):
    """The sizes that a picture model can be asked for: any within an area, sides by steps."""

    area: tuple[int, int]  # pixels
    multiple: int = 1
    sides: tuple[int, int] | None = None


class PictureModel(Data):
    """A model that makes pictures of words, for first frames."""

    name: str
    title: Prose
    base: str = ""
    request_form: Figure[str]
    region_names: Figure[dict[str, str]]
    launched: Figure[date] | None = None
    retires: Figure[date | None] | None = None  # None in it: nobody official names a day
    parameters: Figure[tuple[str, ...]] | None = None
    sizes: Figure[PictureArea | tuple[str, ...]]  # or exactly these, as WxH
    prompt_characters: Figure[int]
    negative_prompt_characters: Figure[int]
    creates_per_second: Figure[int]
    running_at_once: Figure[int]
    task_seconds: Figure[tuple[int, int]]
