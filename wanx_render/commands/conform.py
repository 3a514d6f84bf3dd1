"""``conform``: the post-processor alone, on any video."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from wanx_render.commands.options import FILE, JSON

if TYPE_CHECKING:
    from pathlib import Path


@click.command("conform")
@click.argument("clip", type=FILE)
@click.option("--aspect", required=True, metavar="W:H", help="The exact ratio, such as 9:16.")
@click.option("--fit", type=click.Choice(["crop", "pad", "blur"]), default="crop",
              show_default=True)  # fmt: skip
@click.option("--size", metavar="WxH", help="Exact pixels [the largest that enlarges nothing].")
@click.option("--fps", metavar="RATE", help="Frames a second [the clip's own].")
@click.option("--motion", type=click.Choice(["repeat", "blend", "flow"]),
              help="How frames between its own are made [repeat].")  # fmt: skip
@click.option("--focus", nargs=2, metavar="X Y",
              help="What a crop keeps in view, from 0 to 1.")  # fmt: skip
@click.option("--focus-to", nargs=2, metavar="X Y",
              help="Where the focus moves to, from --focus.")  # fmt: skip
@click.option("--start", metavar="SECONDS", help="Where the used part begins.")
@click.option("--end", metavar="SECONDS", help="Where the used part ends.")
@click.option("--speed", metavar="TIMES", help="How fast it is played, 0.5 to 2.")
@click.option("--hold", metavar="SECONDS", help="How long the last frame stands.")
@click.option("--background", metavar="COLOUR", help="The colour of bars [black].")
@click.option("--colours", metavar="NAME",
              help="The clip's colours, such as bt601 [as tagged].")  # fmt: skip
@click.option("--alpha", type=click.Choice(["straight", "premultiplied"]),
              help="How a transparent clip holds its colours [straight].")  # fmt: skip
@click.option("--hdr", type=click.Choice(["map", "refuse"]), help="What to do with HDR [map].")
@click.option("--loudness", metavar="LUFS", help="How loud, such as -14.")
@click.option("--quality", type=click.Choice(["draft", "standard", "master"]), help="[standard]")
@click.option("--codec", metavar="NAME", help="h264 [the default], h265, av1 or another.")
@click.option("--label", metavar="WORDS", help="A label of AI-generated content, such as AI生成.")
@click.option("--label-at", type=click.Choice(["start", "always"]), help="When it is seen [start].")
@click.option("--label-corner", metavar="CORNER", help="Such as bottom-right [top-left].")
@click.option("-o", "--out", required=True, type=FILE, help="The file to make: .mp4 or .mov.")
@JSON
def command(clip: Path, out: Path, as_json: bool, **options: Any) -> int:
    """Make a video or picture exact: crop, pad or blur CLIP to an aspect, verify it, write OUT."""
    from wanx_render.actions.conform import conform
    from wanx_render.actions.conform import options as options_of
    from wanx_render.session.environment import Environment

    return conform(options_of(clip, out, options, as_json=as_json), Environment.real())
