"""Where a request differs from what documents allow, whether it is refused for it or not."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestNote:
    """One difference: the field, what documents say of it, and which ones."""

    field: str  # ``parameters.seed``, ``input.img_url``, ``headers.content-type``
    message: str
    rests_on: str  # ``official text: official image-to-video reference, November 2025``
