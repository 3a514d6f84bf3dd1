"""``python -m wanx_render``."""

from wanx_render.cli import main

main()
