"""Clips with a planted fault, and their twins without: a camera that moves over a drawn scene."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter

from wanx_render.media import ffmpeg

SIZE = (240, 320)
RATE, FRAMES = 24, 72
NOISE = "aevalsrc=exprs='0.2*sin(2*PI*220*t)+0.05*(random(0)*2-1)':s=48000:c=mono:d=3"


def scene(seed: int) -> Image.Image:
    """A picture with large and small shapes and some texture, larger than a clip."""
    chance = random.Random(seed)
    sides = SIZE[0] + 80, SIZE[1] + 80
    grain = chance.randbytes(sides[0] * sides[1])
    image = Image.frombytes("L", sides, grain).filter(ImageFilter.GaussianBlur(2)).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, side = chance.randrange(300), chance.randrange(380), chance.randrange(10, 90)
        colour = tuple(chance.randrange(30, 230) for _ in range(3))
        shape = chance.choice((draw.ellipse, draw.rectangle))
        shape((x, y, x + side, y + side * 2 // 3), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(1))


def first_frame(seed: int) -> Image.Image:
    return scene(seed).crop((0, 0, *SIZE))


@dataclass(frozen=True)
class Cutter:
    """Makes clips in one folder."""

    program: ffmpeg.Ffmpeg
    folder: Path

    def clip(
        self,
        name: str,
        *,
        seed: int = 1,
        graph: str = "null",
        sound: str | None = None,
        second: int | None = None,
    ) -> Path:
        """A clip of three seconds that moves over a scene; ``graph`` changes its frames.

        ``second``: another scene, of which it is the second input. ``sound``: a source of ffmpeg.
        """
        target = self.folder / f"{name}.mp4"
        inputs: list[str] = []
        for number in (seed, seed if second is None else second):
            picture = self.folder / f"scene{number}.png"
            if not picture.is_file():
                scene(number).save(picture)
            inputs += ["-loop", "1", "-framerate", str(RATE), "-i", str(picture)]
        move = f"crop={SIZE[0]}:{SIZE[1]}:n:n/2,format=yuv420p,trim=end_frame={FRAMES}"
        graphs = f"[0:v]{move}[a];[1:v]{move}[b];{graph if second is not None else f'[a]{graph}'}"
        graphs += "[v]" if second is not None else "[v];[b]nullsink"
        streams = ["-map", "[v]"]
        if sound:
            inputs += ["-f", "lavfi", "-i", sound]
            streams += ["-map", "2:a", "-c:a", "aac", "-b:a", "128k"]
        ffmpeg.run(
            self.program,
            (
                *inputs, "-filter_complex", graphs, *streams, "-frames:v", str(FRAMES),
                "-c:v", "libx264", "-preset", "veryfast", "-crf", "23", "-pix_fmt", "yuv420p",
                "-y", str(target),
            ),
        )  # fmt: skip
        return target


# What is done to the frames, or the sound, of a clip: by the kind of the mark it must get.
FREEZE = "trim=end_frame=30,loop=loop=41:size=1:start=29,setpts=N/24/TB"
GRAINY_FREEZE = f"{FREEZE},noise=alls=3:allf=t"
FLICKER = "eq=brightness='0.06*(2*mod(n,2)-1)':eval=frame"
SLOW_FLICKER = "eq=brightness='0.08*sin(2*PI*n/5)':eval=frame"
BARS = "drawbox=0:0:iw:24:black:fill,drawbox=0:ih-24:iw:24:black:fill"
SLIVER = "drawbox=0:0:8:ih:black:fill"
CUT = "[a]trim=end_frame=40,setpts=N/24/TB[x];[b]trim=start_frame=40,setpts=N/24/TB[y];[x][y]concat"
DISSOLVE = (
    "[a]trim=end_frame=48,setpts=N/24/TB,settb=1/24,fps=24[x];[b]settb=1/24,fps=24[y];"
    "[x][y]xfade=duration=1:offset=1"
)
FLASH = "eq=brightness='0.5*between(n,30,31)':eval=frame"
# A limit of the encoder keeps a lone tone below full scale.
CHORD = "2*sin(2*PI*220*t)+1.2*sin(2*PI*330*t+1)+1.2*sin(2*PI*1234*t)+0.4*(random(0)*2-1)"
CLIPPED = f"aevalsrc=exprs='clip({CHORD},-1,1)':s=48000:c=mono:d=3"
LOUD = f"aevalsrc=exprs='0.19*({CHORD})':s=48000:c=mono:d=3"
QUIET = NOISE.replace("0.2*", "0.01*").replace("0.05*", "0.002*")
GAP = (
    NOISE.replace(":s=48000", ":s=48000")
    .replace("'0.2", "'lt(t,0.4)*(0.2")
    .replace("-1)'", "-1))'")
)

Change = Callable[[Cutter], Path]
