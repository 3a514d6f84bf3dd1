"""One entry of a scenario file: which tasks it is about, and what becomes of them."""

import math
import re
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from mock_server.faults.fields import NAME_LENGTH, compile_prompt
from mock_server.scenarios.spans import Span, span_of
from wanx_render.backends.simulator import Fate
from wanx_render.geometry import Size
from wanx_render.language import tr
from wanx_render.task import InputMedia, TaskRequest

Outcome = Literal["succeeded", "failed", "stuck"]
_SEARCHED = 20_000  # characters of a prompt in which patterns are searched
_HASH = re.compile(r"(sha256:)?[0-9a-f]{8,64}")
_SIZE = re.compile(r"([1-9]\d{1,3})[x*]([1-9]\d{1,3})")
_LARGEST, _SMALLEST = 4096, 64
_DEFAULT_CODE = "InternalError.Algo"


class Scenario(BaseModel):
    """What becomes of the tasks that fit every condition."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    account: str | None = Field(None, max_length=NAME_LENGTH)
    prompt: str | None = Field(None, max_length=1000, description="an expression of RE2")
    words: str | None = Field(None, max_length=1000, description="a prompt, or like 'a cat*'")
    model: str | None = Field(None, max_length=NAME_LENGTH, description="a name, or like wan2.5-*")
    picture: str | None = Field(None, max_length=1000, description="a SHA-256, or an address")
    resolution: Literal["480P", "720P", "1080P"] | None = None
    queue: Annotated[Span, BeforeValidator(span_of)] | None = Field(None, description="seconds")
    run: Annotated[Span, BeforeValidator(span_of)] | None = Field(None, description="seconds")
    answer: Annotated[Span, BeforeValidator(span_of)] | None = Field(
        None, description="seconds of real time until calls about the task are answered"
    )
    outcome: Outcome | None = None
    code: str = Field("", max_length=NAME_LENGTH)
    message: str = Field("", max_length=2000)
    usage: dict[str, Any] = Field({}, description="fields of the answer's usage")
    size: str | None = Field(None, description="of the clip, such as 1280x720")
    note: str = Field("", description="for people")

    @field_validator("usage", mode="before")
    @classmethod
    def _plain(cls, value: Any) -> Any:
        return _json_data(value)

    @field_validator("size")
    @classmethod
    def _even(cls, value: str | None) -> str | None:
        if value is None:
            return None
        match = _SIZE.fullmatch(value)
        sides = [int(side) for side in match.groups()] if match else []
        if not sides or any(n % 2 or not _SMALLEST <= n <= _LARGEST for n in sides):
            raise ValueError(tr("size must be two even numbers from 64 to 4096, such as 1280x720"))
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> "Scenario":
        if (self.code or self.message) and self.outcome != "failed":
            raise ValueError(tr("code and message require outcome: failed"))
        if self.prompt is not None:
            compile_prompt(self.prompt)
        if not self.model_dump(include=_EFFECTS, exclude_defaults=True):
            raise ValueError(tr("nothing is said of what becomes of a task"))
        return self

    def record(self) -> dict[str, Any]:
        """All that is set, as JSON data that ``read_scenarios`` takes back."""
        return self.model_dump(mode="json", exclude_defaults=True)

    def fits(self, request: TaskRequest, name: str, account: str) -> bool:
        """Whether it is about this task; ``name`` is the model's at the service."""
        prompt = request.prompt[:_SEARCHED]
        return (
            self.account in (None, account)
            and (self.model is None or fnmatchcase(name, self.model))
            and self.resolution in (None, request.resolution)
            and (self.words is None or bool(_like(self.words).fullmatch(prompt)))
            and (self.prompt is None or bool(compile_prompt(self.prompt).search(prompt)))
            and (self.picture is None or any(map(self._is_picture, request.pictures)))
        )

    def _is_picture(self, picture: InputMedia) -> bool:
        pattern = self.picture or ""
        if _HASH.fullmatch(pattern):
            return picture.identity.startswith(f"sha256:{pattern.removeprefix('sha256:')}")
        return bool(_like(pattern).fullmatch(picture.url or ""))

    @property
    def fate(self) -> Fate | None:
        """How the task ends, where it does not simply succeed."""
        match self.outcome:
            case "failed":
                return Fate("fail", self.code or _DEFAULT_CODE, self.message)
            case "stuck":
                return Fate("stuck")
            case "succeeded" | None:
                return None

    @property
    def clip_size(self) -> Size | None:
        """The size that its clip has instead of the usual one."""
        match = _SIZE.fullmatch(self.size or "")
        return Size(int(match[1]), int(match[2])) if match else None


def _json_data(value: Any) -> Any:
    """JSON data, where YAML has decimal numbers. Raises ValueError for a number of no JSON."""
    if isinstance(value, dict):
        return {name: _json_data(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_json_data(item) for item in value]
    number = float(value) if isinstance(value, Decimal) else value
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(tr("usage must have finite numbers"))
    return number


_EFFECTS = {"queue", "run", "answer", "outcome", "usage", "size"}


@lru_cache(1024)
def _like(text: str) -> Any:
    """A pattern with ``*`` and ``?`` compiled by RE2, whose time grows with the text alone."""
    parts = {"*": ".*", "?": "."}
    return compile_prompt("(?s)" + "".join(parts.get(sign) or re.escape(sign) for sign in text))
