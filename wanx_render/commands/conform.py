"""``conform``: the post-processor alone, on any video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import FILE, JSON
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.command(
    "conform",
    help=tr("Crop, pad or blur CLIP to an exact aspect, verify the result and write OUT."),
)
@click.argument("clip", type=FILE)
@click.option(
    "--aspect", required=True, metavar="W:H", help=tr("Make this exact ratio, such as 9:16.")
)
@click.option("--fit", type=click.Choice(["crop", "pad", "blur"]), default="crop",
              show_default=True,
              help=tr("Crop, add bars, or fill bars with a blurred copy."))  # fmt: skip
@click.option(
    "--size", metavar="WxH", help=tr("Make exactly this size [the largest without enlarging].")
)
@click.option("--fps", metavar="RATE", help=tr("Set frames per second [the clip's own]."))
@click.option("--motion", type=click.Choice(["repeat", "blend", "flow"]),
              help=tr("Fill in missing frames this way [repeat]."))  # fmt: skip
@click.option("--focus", nargs=2, metavar="X Y",
              help=tr("Keep this point in view when cropping, from 0 to 1."))  # fmt: skip
@click.option("--focus-to", nargs=2, metavar="X Y",
              help=tr("Move the focus from --focus to this point."))  # fmt: skip
@click.option("--start", metavar="SECONDS", help=tr("Start here in the clip."))
@click.option("--end", metavar="SECONDS", help=tr("End here in the clip."))
@click.option("--speed", metavar="TIMES", help=tr("Play this many times as fast, 0.5 to 2."))
@click.option("--hold", metavar="SECONDS", help=tr("Hold the last frame this long."))
@click.option("--background", metavar="COLOUR", help=tr("Fill bars with this colour [black]."))
@click.option("--colours", metavar="NAME",
              help=tr("Read colours as this standard, such as bt601 [as tagged]."))  # fmt: skip
@click.option("--alpha", type=click.Choice(["straight", "premultiplied"]),
              help=tr("Read the alpha of a transparent clip this way [straight]."))  # fmt: skip
@click.option(
    "--hdr",
    type=click.Choice(["map", "refuse"]),
    help=tr("Convert HDR to SDR, or refuse it [map]."),
)
@click.option("--loudness", metavar="LUFS", help=tr("Set the loudness, such as -14."))
@click.option(
    "--quality",
    type=click.Choice(["draft", "standard", "master"]),
    help=tr("Trade speed for quality [standard]."),
)
@click.option(
    "--codec", metavar="NAME", help=tr("Encode with h264, h265, av1 or another codec [h264].")
)
@click.option(
    "--label", metavar="WORDS", help=tr("Label the content as AI-generated, such as AI生成.")
)
@click.option(
    "--label-at",
    type=click.Choice(["start", "always"]),
    help=tr("Show the label at the start or always [start]."),
)
@click.option(
    "--label-corner",
    metavar="CORNER",
    help=tr("Put the label here, such as bottom-right [top-left]."),
)
@click.option("-o", "--out", required=True, type=FILE, help=tr("Write this file: .mp4 or .mov."))
@JSON
def command(clip: Path, out: Path, as_json: bool, **options: Any) -> int:
    """Make one video or picture exact."""
    from wanx_render.actions.conform import conform
    from wanx_render.actions.conform import options as options_of
    from wanx_render.session.environment import Environment

    return conform(options_of(clip, out, options, as_json=as_json), Environment.real())
