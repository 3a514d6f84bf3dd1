"""The process environment of a command: variables and standard streams, as one argument."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from wanx_render.diagnostics import clean


@dataclass(frozen=True)
class Environment:
    """Variables and standard streams."""

    environ: Mapping[str, str]
    stdout: TextIO
    stderr: TextIO
    stdin: TextIO | None = None

    @classmethod
    def real(cls) -> "Environment":
        return cls(os.environ, sys.stdout, sys.stderr, sys.stdin)

    def say(self, text: str) -> None:
        """Messages go to stderr; results go to stdout."""
        self.stderr.write(clean(text) + "\n")
        self.stderr.flush()
