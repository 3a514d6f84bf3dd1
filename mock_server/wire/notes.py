"""Where a request differs from what documents allow, whether it is refused for it or not."""

from dataclasses import dataclass
from typing import Literal

# What is refused: all that documents forbid, what the service is thought to refuse, or nothing that
# rests on documents alone. What is not refused is noted.
Checks = Literal["strict", "usual", "lenient"]
DEFAULT_CHECKS: Checks = "usual"

# What is known of a difference: the service was seen to refuse it, documents alone forbid it, or
# they do and the service is thought to take it.
Standing = Literal["seen", "documented", "taken"]


@dataclass(frozen=True, slots=True)
class RequestNote:
    """One difference: the field, what documents say of it, and which ones."""

    field: str  # ``parameters.seed``, ``input.img_url``, ``headers.content-type``
    message: str
    rests_on: str  # ``official text: official image-to-video reference, November 2025``


def is_refused(standing: Standing, checks: Checks) -> bool:
    """Whether a request is refused for such a difference."""
    match checks:
        case "strict":
            return True
        case "usual":
            return standing != "taken"
        case "lenient":
            return standing == "seen"
