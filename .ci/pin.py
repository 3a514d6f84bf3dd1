"""Pin every dependency to its newest: `python .ci/pin.py` writes .ci/constraints.txt and [tool.uv].

Pip reads the file, uv the list in pyproject.toml; a test holds the two together. uv's own lock file
is not committed, because it records the address of the registry it was made with.
"""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONSTRAINTS = ROOT / ".ci" / "constraints.txt"
PROJECT = ROOT / "pyproject.toml"
BLOCK = re.compile(r"\n\[tool\.uv\]\n# Made by .*?\n\]\n", re.DOTALL)

# Elsewhere the newest wheel of these may be an older one.
LINUX_ONLY = {"imageio-ffmpeg": "sys_platform == 'linux' and platform_machine == 'x86_64'"}


def compiled() -> list[str]:
    command = "uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate"
    done = subprocess.run(
        [*command.split(), "--all-extras", "--group", "dev", "--group", "site", str(PROJECT)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    pins = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return [
        f"{pin} ; {mark}" if (mark := LINUX_ONLY.get(pin.split("==")[0])) else pin for pin in pins
    ]


def main() -> None:
    text = BLOCK.sub("", PROJECT.read_text(encoding="utf-8"))
    PROJECT.write_text(text, encoding="utf-8")
    pins = compiled()
    CONSTRAINTS.write_text("\n".join(pins) + "\n", encoding="utf-8")
    listed = "".join(f'    "{pin}",\n' for pin in pins)
    block = f"\n[tool.uv]\n# Made by .ci/pin.py\nconstraint-dependencies = [\n{listed}]\n"
    PROJECT.write_text(text.rstrip("\n") + "\n" + block, encoding="utf-8")


main()
