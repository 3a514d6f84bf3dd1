"""The process environment of a command: variables and standard streams, as one argument."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from wanx_render.diagnostics import clean
from wanx_render.language import Message, shown


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

    def write_json(self, record: object) -> None:
        """Write a result to stdout."""
        self.stdout.write(json.dumps(record, ensure_ascii=False, indent=2) + "\n")

    def say(self, message: Message) -> None:
        """Write to stderr, in the language of the process; results go to stdout."""
        self.stderr.write(clean(shown(message)) + "\n")
        self.stderr.flush()
