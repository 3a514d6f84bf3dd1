"""A person's own judge of clips: a command that is given a clip and says what is wrong with it.

No model comes with the program; people who have one write a few lines around it. The command is the
person's: it comes from an option or the environment, never from a shot list, which may be a
stranger's.
"""

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wanx_render import files
from wanx_render.errors import Broken
from wanx_render.language import plural, tr
from wanx_render.manifest import MarkRecord

SECONDS = 300  # that a judge may take for one clip
LONGEST_ANSWER = 1_000_000  # bytes
MOST_MARKS = 20  # of one clip
LONGEST_TEXT = 200  # characters of a mark


@dataclass(frozen=True, slots=True)
class JudgeCommand:
    """A command with its arguments; a clip's path is added to them. No shell reads it."""

    command: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> "JudgeCommand":
        """The judge that a person wrote as on a command line. Raises ValueError."""
        command = tuple(shlex.split(text))
        if not command:
            raise ValueError("no command")
        return cls(command)

    @property
    def name(self) -> str:
        """What its marks are kept by: another command judges the clip again."""
        return files.sha256_of(json.dumps(self.command).encode())[:16]

    def marks(self, clip: Path, request: dict[str, Any]) -> tuple[MarkRecord, ...]:
        """What it says of a clip; ``request`` goes to its standard input as JSON.

        Raises Broken where it says nothing that can be read.
        """
        try:
            process = subprocess.run(  # argument list, no shell
                [*self.command, str(clip)],
                input=json.dumps(request, ensure_ascii=False).encode(),
                stdout=subprocess.PIPE, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            message = plural(
                "it took longer than {n} second", "it took longer than {n} seconds", SECONDS
            )
            raise Broken(message) from None
        except OSError as error:
            raise Broken(
                tr("it cannot be started: {reason}", reason=error.strerror or error)
            ) from None
        if process.returncode != 0:
            raise Broken(tr("it ended with code {code}", code=process.returncode))
        return marks_of(process.stdout)


def marks_of(answer: bytes) -> tuple[MarkRecord, ...]:
    """The marks in a judge's answer: ``{"marks": [{"text": "...", "start": 1.5}]}``.

    Raises Broken where it is anything else.
    """
    try:
        document = json.loads(answer[:LONGEST_ANSWER])
        return tuple(_mark(entry) for entry in document["marks"][:MOST_MARKS])
    except (ValueError, TypeError, LookupError, RecursionError):
        raise Broken(
            tr("its answer is not {example}", example='{"marks": [{"text": "..."}]}')
        ) from None


def _mark(entry: Any) -> MarkRecord:
    text = " ".join(str(entry["text"]).split())[:LONGEST_TEXT]
    start = entry.get("start")
    return MarkRecord("judge", start=None if start is None else f"{float(start):.2f}", about=text)
