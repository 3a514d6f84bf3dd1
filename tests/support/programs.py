"""The ffmpegs that are at hand."""

import os
from pathlib import Path

from wanx_render.media import ffmpeg


def _programs() -> dict[str, ffmpeg.Ffmpeg]:
    """The wheel's ffmpeg, and the system's where there is one: graphs must be right on both."""
    import imageio_ffmpeg

    found = {
        "wheel": ffmpeg.find({"WANX_FFMPEG": imageio_ffmpeg.get_ffmpeg_exe()}),
    }
    system = Path(os.environ.get("WANX_SECOND_FFMPEG", "/usr/bin/ffmpeg"))
    if system.exists():
        found["system"] = ffmpeg.find({"WANX_FFMPEG": str(system)})
    return found


PROGRAMS = _programs()
