"""Build the guide as a web site in both languages: `uv run --group site python docs/site/build.py`.

Writes to dist/site, or to the folder that is given. Look at it with
`python -m http.server --directory dist/site`. It loads nothing from other hosts.
"""

import logging
import sys
from pathlib import Path

from mkdocs.commands.build import build
from mkdocs.config import load_config

HERE = Path(__file__).resolve().parent
DEFAULT = HERE.parent.parent / "dist" / "site"


def main(arguments: list[str]) -> int:
    """Build the English site into the folder and the Chinese one into ``zh/`` of it."""
    out = Path(arguments[0] if arguments else DEFAULT).resolve()
    logging.basicConfig(level=logging.WARNING)
    for language, folder in (("en", out), ("zh", out / "zh")):
        config = load_config(str(HERE / f"{language}.yml"), site_dir=str(folder))
        config.plugins.on_startup(command="build", dirty=False)
        build(config)
        config.plugins.on_shutdown()
    sys.stdout.write(f"{out / 'index.html'}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
