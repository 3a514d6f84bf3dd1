"""What people may write about a fault: where it strikes, when, and the details of its effect.

Each field is checked alone here; how they go together is the business of ``fault``, which knows
the table of effects.
"""

import re
from functools import lru_cache
from typing import Any, Literal

import re2
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mock_server.wire.errors import ErrorForm
from mock_server.wire.operations import Operation
from wanx_render.language import tr

Stage = Literal["before", "after", "headers", "body"]
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_HEADER_TEXT = re.compile(r"[\x20-\x7e\xa0-\xff]{0,8000}")
NAME_LENGTH = 200


class FaultFields(BaseModel):
    """One line of the plan. It strikes where every condition fits."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, defer_build=True
    )

    on: Literal["any", Operation] = "any"
    account: str | None = None
    model: str | None = Field(None, max_length=NAME_LENGTH, description="a name, or like wan2.5-*")
    prompt: str | None = Field(None, max_length=1000, description="an expression of RE2")
    nth: tuple[int, ...] = Field((), description="the first fitting request is 1")
    every: int | None = Field(None, ge=1)
    times: int | None = Field(None, ge=1, description="strikes so often, then no more")
    chance: float = Field(1, ge=0, le=1)
    stage: Stage = "before"
    effect: str = "error"
    status: int | None = Field(None, ge=200, le=599, description="of an error: 503")
    code: str = ""
    message: str = ""
    form: ErrorForm | None = Field(None, description="how an error is written")
    retry_after: float | None = Field(None, ge=0)
    seconds: float = Field(5, ge=0, le=86_400)
    location: str = "https://example.invalid/"
    count: int = Field(3, ge=1, le=1000, description="how many foreign tasks")
    megabytes: int = Field(256, ge=1, le=1024, description="after so many, all ends by itself")
    set: dict[str, Any] = Field({}, description="values by their path, such as output.task_id")
    rename: dict[str, str] = Field({}, description="another last key, by the path it is for")
    drop: tuple[str, ...] = Field((), description="paths that are taken out")
    headers: dict[str, str] = Field({}, description="put in place; an empty one is taken out")
    body: str | None = Field(None, description="text in place of the whole body")
    host: str = Field("", description="where results are said to be; any text before the path")

    @field_validator("headers")
    @classmethod
    def _fit_for_a_header(cls, value: dict[str, str]) -> dict[str, str]:
        for name, text in value.items():
            if not _HEADER.fullmatch(name) or not _HEADER_TEXT.fullmatch(text):
                raise ValueError(tr("a header must have a name and printable Latin-1 text"))
        return value

    @field_validator("drop", mode="before")
    @classmethod
    def _paths(cls, value: Any) -> Any:
        return tuple(value.split("+")) if isinstance(value, str) else value

    @field_validator("nth", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, int | str) else value


@lru_cache(1024)
def compile_prompt(text: str) -> Any:
    """``text`` compiled by RE2, whose time grows with the prompt's length alone.

    It has no look-ahead and no back-references. Raises ValueError.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode() if isinstance(error, re2.error) else "lone surrogate"
        raise ValueError(
            tr("prompt is not a valid RE2 expression: {reason}", reason=reason)
        ) from None
