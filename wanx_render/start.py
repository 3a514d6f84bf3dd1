"""The first module: it prints what is ready, or imports the program and runs it.

A help page takes a bare Python's time and a little, or five times that where click makes it.
"""

from __future__ import annotations

import os
import sys

from wanx_render.ready import pages
from wanx_render.reports import streams


def main() -> None:
    """Run the command line of this process and exit with its code."""
    words = sys.argv[1:]
    page = pages.page(words, os.environ)
    if page is not None:
        streams.prepare()
        (sys.stdout if words else sys.stderr).write(page)
        if not any(streams.faults()):
            sys.exit(0 if words else 2)
    # Pydantic would look for plugins in every package that is installed; nothing here has any.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from wanx_render import cli  # it says why a page could not be written

    cli.main(words)
