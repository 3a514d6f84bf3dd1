"""Golden files: texts that a person looked at once.

`uv run python -m tests.regenerate` writes them again.
A test that compares with one carries the mark ``golden``.
"""

import os

from tests.support.places import GOLDEN

# Set by tests/regenerate.py: what is given is written instead of compared.
REGENERATE = "WANX_REGENERATE"


def is_golden(name: str, text: str) -> bool:
    """Whether ``text`` is the golden file ``name``, byte for byte."""
    path = GOLDEN / name
    if os.environ.get(REGENERATE):
        path.write_bytes(text.encode())
    return path.is_file() and path.read_bytes() == text.encode()
