"""The reference list by MoviePy 2, for benchmarks/finishing.py: a JSON record of it on stdin.

Run in an environment of its own; nothing of this project is imported.
"""

import json
import sys

from moviepy import CompositeVideoClip, VideoFileClip, concatenate_videoclips, vfx


def fitted(clip, frame):
    """One clip in the frame: cropped to its shape, or whole over a blurred copy of itself."""
    width, height = frame["size"]
    shape = min(clip.w / width, clip.h / height)
    around = clip.cropped(
        x_center=clip.w / 2, y_center=clip.h / 2, width=width * shape, height=height * shape
    )
    if frame["fit"] == "crop":
        return around.resized((width, height))
    small = around.resized((width // 8, height // 8))
    behind = small.resized((width, height)).with_effects([vfx.MultiplyColor(0.62)])
    front = clip.resized(min(width / clip.w, height / clip.h)).with_position("center")
    return CompositeVideoClip([behind, front], size=(width, height))


def main():
    order = json.load(sys.stdin)
    for frame in order["frames"]:
        clips = [VideoFileClip(path) for path in order["clips"]]
        whole = concatenate_videoclips([fitted(clip, frame) for clip in clips])
        whole.write_videofile(
            frame["target"], fps=frame["fps"], codec="libx264", preset=order["preset"],
            audio_codec="aac", threads=1, logger=None,
            ffmpeg_params=["-crf", str(order["crf"]), "-pix_fmt", "yuv420p"],
        )  # fmt: skip
        for clip in clips:
            clip.close()


if __name__ == "__main__":
    main()
