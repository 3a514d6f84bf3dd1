"""Files that clients uploaded, kept by the hash of their bytes."""

import hashlib
from pathlib import Path


class Shelf:
    """A folder of files by their content."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, data: bytes, suffix: str = "") -> Path:
        path = self.folder / f"{hashlib.sha256(data).hexdigest()}{suffix}"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_bytes(data)
            part.replace(path)
        return path
