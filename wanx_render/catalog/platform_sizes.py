"""Sizes by the names of platforms: dated data in ``platform_sizes.yaml`` beside this module."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from wanx_render.geometry import Aspect, Size
from wanx_render.source import yaml_source


@dataclass(frozen=True, slots=True)
class PlatformSize:
    """The usual size of videos for a platform."""

    name: str
    title: str  # what the platform calls itself
    size: Size
    doubt: str = ""  # where opinions differ

    @property
    def aspect(self) -> Aspect:
        return Aspect.of(self.size.width, self.size.height)


def find(text: str) -> PlatformSize | None:
    """The platform called ``text``, by its name or its title in any case; None where unknown."""
    word = text.strip().casefold().replace(" ", "-").replace("_", "-")
    for platform in every():
        if word in (platform.name, platform.title.casefold().replace(" ", "-")):
            return platform
    return None


def fitting(aspect: Aspect) -> tuple[str, ...]:
    """The names of the platforms whose size has this aspect."""
    return tuple(platform.name for platform in every() if platform.aspect == aspect)


@cache
def every() -> tuple[PlatformSize, ...]:
    """All platforms, in the order of the data."""
    return tuple(_read(name, about) for name, about in _data()["platforms"].items())


def _read(name: str, about: dict[str, Any]) -> PlatformSize:
    width, height = map(int, about["size"].split("x"))
    return PlatformSize(name, about["title"], Size(width, height), about.get("doubt", ""))


@cache
def _data() -> Any:
    return yaml_source.packaged(Path(__file__).with_name("platform_sizes.yaml"))
