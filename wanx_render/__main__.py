"""``python -m wanx_render``."""

from wanx_render.start import main

main()
