"""What a clip is made of, as users write it: first frames, references, a clip that is continued.

Files and pictures that a model makes, and how pictures are prepared before they are sent.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from wanx_render.geometry import CENTRE, Fit
from wanx_render.language import tr
from wanx_render.shotlist.names import Name
from wanx_render.shotlist.paths import FileText, Kind, kind_by_name
from wanx_render.shotlist.values import (
    MAX_SEED,
    MAX_TAKES,
    AspectText,
    FittedAspect,
    FocusPoint,
    SizeText,
    SolidColour,
    Written,
    fail,
)


class LastFrame(Written):
    """A first frame taken from another shot: the last frame of its picked take."""

    shot: Name
    frame: Literal["last"] = "last"


class MadePicture(Written):
    """A first frame that a picture model makes of words, before the clip is asked for.

    It has takes of its own. Without ``aspect`` and ``size`` its size follows from the deliverables.
    """

    model: str
    prompt: str
    negative_prompt: str = ""
    aspect: AspectText | None = None
    size: SizeText | None = None
    prompt_extend: bool = Field(default=True, strict=True)
    seed: int | None = Field(default=None, ge=0, le=MAX_SEED, strict=True)
    takes: int = Field(default=1, ge=1, le=MAX_TAKES, strict=True)
    pick: int = Field(default=1, ge=1, strict=True)

    @property
    def follows(self) -> bool:
        """Whether its size follows from the deliverables."""
        return self.aspect is None and self.size is None


# What pydantic calls the kinds of first frame in its error paths.
PATH_TAG, CHAIN_TAG, MADE_TAG = "<path>", "<chain>", "<made>"


def _kind_of_frame(value: Any) -> str:
    """Which kind of first frame is written; a mapping without a model or prompt is a chain."""
    if isinstance(value, MadePicture):
        return MADE_TAG
    if isinstance(value, dict):
        is_chain = "shot" in value or not {"model", "prompt"} & value.keys()
        return CHAIN_TAG if is_chain else MADE_TAG
    return CHAIN_TAG if isinstance(value, LastFrame) else PATH_TAG


FirstFrame = Annotated[
    Annotated[FileText, Tag(PATH_TAG)]
    | Annotated[LastFrame, Tag(CHAIN_TAG)]
    | Annotated[MadePicture, Tag(MADE_TAG)],
    Discriminator(_kind_of_frame),
]


class ReferenceFile(Written):
    """Who or what a clip shows, or what it sounds like: a file of one of three kinds."""

    image: FileText | None = None
    video: FileText | None = None
    sound: FileText | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """A file alone is of the kind that its name says."""
        return {kind_by_name(value): value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if [self.image, self.video, self.sound].count(None) != 2:
            message = tr("a reference is one file")
            raise fail("reference-invalid", message, tr("use one of image, video or sound"))
        return self

    @property
    def kind(self) -> Kind:
        if self.image is not None:
            return "image"
        return "sound" if self.video is None else "video"

    @property
    def file(self) -> str:
        """The file, as the list names it."""
        return self.image or self.video or self.sound or ""


# What pydantic calls the two ways to write references in its error paths.
LIST_TAG, NAMED_TAG = "<list>", "<named>"

References = Annotated[
    Annotated[tuple[ReferenceFile, ...], Tag(LIST_TAG)]
    | Annotated[Mapping[Name, ReferenceFile], Tag(NAMED_TAG)],
    Discriminator(lambda value: NAMED_TAG if isinstance(value, Mapping) else LIST_TAG),
]


class Continued(Written):
    """What a clip goes on from: the end of another shot's clip, or of an own video.

    ``seconds`` of it are shown to the model; None: the least that it accepts.
    """

    shot: Name | None = None
    clip: FileText | None = None
    seconds: int | None = Field(default=None, ge=1, le=60, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``continue: footage.mp4`` means the end of this file."""
        return {"clip": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.shot is None) == (self.clip is None):
            message = tr("continue needs either shot or clip")
            raise fail("continue-invalid", message, tr("write continue: {{shot: ID}}"))
        return self


class FitImage(Written):
    """How a first or last frame is prepared before it is sent; without an aspect it keeps its own.

    ``background`` is the colour of bars, and what is seen through a transparent picture.
    """

    aspect: FittedAspect = None
    fit: Fit = "crop"
    focus: FocusPoint = CENTRE
    background: SolidColour | None = None

    @model_validator(mode="before")
    @classmethod
    def _shorthand(cls, value: Any) -> Any:
        """``fit_image: match`` or ``fit_image: 9:16`` means a crop around the centre."""
        return {"aspect": value} if isinstance(value, str | bool | int | float) else value


def _unless_off(value: Any) -> Any:
    return None if value is False or value in ("off", "", "none") else value


FitImageOrOff = Annotated[FitImage | None, BeforeValidator(_unless_off)]
