"""The resources of an FCPXML file: formats, files and effects, each once."""

from collections.abc import Callable
from fractions import Fraction

from wanx_render.geometry import Size
from wanx_render.shotlist.transitions import Effect
from wanx_render.timelines.fcpxml.elements import Element, child, element, name_of, seconds
from wanx_render.timelines.timeline import (
    Clip,
    Link,
    OverlayPicture,
    SoundFormat,
    SoundStretch,
    Timeline,
    seconds_of,
)

AUDIO_CROSSFADE = Effect("Audio Crossfade", "FFAudioTransition")
BASIC_TITLE = Effect(
    "Basic Title",
    ".../Titles.localized/Bumper:Opener.localized/Basic Title.localized/Basic Title.moti",
)
_REC709 = "1-1-1 (Rec. 709)"
_NO_RATE = "FFVideoFormatRateUndefined"  # of pictures that stand still


class Resources:
    """What a timeline names, in the order in which it does."""

    def __init__(self, timeline: Timeline, link: Link) -> None:
        self.element = Element("resources")
        self._link = link
        self._known: dict[object, str] = {}
        self.format(timeline.size, timeline.rate)

    def format(self, size: Size, rate: Fraction) -> str:
        """The format of moving pictures."""
        return self._named(
            (size, rate),
            lambda: element(
                "format", frameDuration=seconds(1 / rate), width=str(size.width),
                height=str(size.height), colorSpace=_REC709,
            ),
        )  # fmt: skip

    def clip(self, clip: Clip) -> str:
        """The file of a shot: its picture, and its sound as it is."""
        shape = self.format(clip.size, clip.rate)
        facts = {"hasVideo": "1", "videoSources": "1", "format": shape}
        facts |= _sound(clip.format) if clip.sound else {}
        return self._asset(clip.media, clip.available / clip.rate, facts)

    def sound(self, sound: SoundStretch) -> str:
        """The file of a sound, exactly as long as it is."""
        known = sound.format
        length = Fraction(known.samples, known.rate) if known else seconds_of(sound.available)
        return self._asset(sound.media, length, _sound(known))

    def picture(self, overlay: OverlayPicture) -> str:
        """The file of a picture, which has no length."""
        shape = self._named(("picture", overlay.size), lambda: _still_format(overlay.size))
        facts = {"hasVideo": "1", "videoSources": "1", "format": shape}
        return self._asset(overlay.media, Fraction(0), facts)

    def effect(self, effect: Effect) -> str:
        """A transition or a title of Final Cut Pro."""
        return self._named(effect, lambda: element("effect", name=effect.name, uid=effect.uid))

    def _asset(self, media: str, length: Fraction, facts: dict[str, str]) -> str:
        def asset() -> Element:
            facts_of_all = {"name": name_of(media), "start": "0s", "duration": seconds(length)}
            result = element("asset", **facts_of_all, **facts)
            child(result, "media-rep", kind="original-media", src=self._link(media))
            return result

        return self._named(media, asset)

    def _named(self, key: object, make: Callable[[], Element]) -> str:
        """The id of what ``key`` stands for; made where it is not there yet."""
        if key not in self._known:
            resource = make()
            name = self._known[key] = f"r{len(self._known) + 1}"
            resource.set("id", name)
            self.element.append(resource)
        return self._known[key]


def _sound(known: SoundFormat | None) -> dict[str, str]:
    """What a file says of its sound; of one that was not read, that it has some."""
    facts = {"hasAudio": "1", "audioSources": "1"}
    if known:
        facts |= {"audioChannels": str(known.channels), "audioRate": str(known.rate)}
    return facts


def _still_format(size: Size | None) -> Element:
    if size is None:
        return element("format", name=_NO_RATE)
    return element("format", name=_NO_RATE, width=str(size.width), height=str(size.height))
