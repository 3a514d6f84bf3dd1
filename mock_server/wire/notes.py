"""Where a request differs from what documents allow, whether it is refused for it or not."""

from dataclasses import dataclass
from typing import Literal

# What is refused: all that documents forbid, what the service is thought to refuse, or nothing that
# rests on documents alone. What is not refused is noted.
Checks = Literal["strict", "usual", "lenient"]
DEFAULT_CHECKS: Checks = "usual"


@dataclass(frozen=True, slots=True)
class RequestNote:
    """One difference: the field, what documents say of it, and which ones."""

    field: str  # ``parameters.seed``, ``input.img_url``, ``headers.content-type``
    message: str
    rests_on: str  # ``official text: official image-to-video reference, November 2025``
