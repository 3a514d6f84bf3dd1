"""Request forms: where each thing that is asked for stands in a create call's body, as data."""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator

from wanx_render.catalog.figures import Data, Prose
from wanx_render.language import NOTHING
from wanx_render.task import Role

_PLACE = re.compile(r"([a-z_]+)(?:\[([a-z_]*)\])?")


@dataclass(frozen=True, slots=True)
class BodyPlace:
    """A field of a body's ``input``: one address, a list of addresses, or a list by type."""

    field: str
    kind: Literal["address", "list", "typed"]
    type: str = ""  # of an entry in a list by type


def place_of(text: str) -> BodyPlace:
    """``img_url`` is one address, ``urls[]`` a list of them, ``media[first_frame]`` one by type.

    Raises ValueError.
    """
    parts = _PLACE.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a place such as img_url, urls[] or media[first_frame]")
    if parts[2] is None:
        return BodyPlace(text, "address")
    return BodyPlace(parts[1], "typed", parts[2]) if parts[2] else BodyPlace(parts[1], "list")


def _is_place(text: str) -> str:
    place_of(text)
    return text


class Form(Data):
    """One way of asking: the address of the call, and where each thing goes in its body."""

    title: Prose
    path: str  # after the base URL
    makes: Literal["video", "picture"] = "video"
    prompt: Literal["prompt", "messages"] = "prompt"
    places: dict[Role, Annotated[str, AfterValidator(_is_place)]]
    parameters: tuple[str, ...]
    source: str
    note: Prose = NOTHING

    @cached_property
    def fields(self) -> dict[Role, BodyPlace]:
        """Where each role's addresses go, in the order in which they are written."""
        return {role: place_of(text) for role, text in self.places.items()}


@lru_cache(4096)
def is_legal(roles: frozenset[str], combinations: tuple[tuple[str, ...], ...]) -> bool:
    """Whether a request with exactly these roles fits one of ``combinations``.

    A role with ``?`` may be absent.
    """
    return any(_fits(roles, combination) for combination in combinations)


def _fits(roles: frozenset[str], combination: tuple[str, ...]) -> bool:
    required = {role for role in combination if not role.endswith("?")}
    return required <= roles <= {role.removesuffix("?") for role in combination}
