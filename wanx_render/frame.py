"""What every frame of a finished file is: its size, rate and codec, and how clips are fitted."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from wanx_render.geometry import Aspect, Fit, Size

Quality = Literal["draft", "standard", "master"]
Codec = Literal[
    "h264", "h265", "av1",
    "h264_nvenc", "h265_nvenc", "av1_nvenc", "h264_qsv", "h265_qsv", "av1_qsv",
    "h264_amf", "h265_amf", "av1_amf", "h264_videotoolbox", "h265_videotoolbox",
]  # fmt: skip
Motion = Literal["repeat", "blend", "flow"]


@dataclass(frozen=True, slots=True)
class Frame:
    """What every frame of a deliverable is: size in pixels, rate, and how clips are fitted."""

    size: Size
    rate: Fraction
    fit: Fit
    background: str
    quality: Quality = "standard"
    codec: Codec = "h264"
    motion: Motion = "repeat"

    @property
    def aspect(self) -> Aspect:
        return Aspect.of(self.size.width, self.size.height)
