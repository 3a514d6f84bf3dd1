"""A font is the file that is named, or none."""

import shutil
from pathlib import Path

import pytest

from wanx_render.captions.fonts import latin, named


@pytest.mark.parametrize("content", [None, b"no font"])
def test_a_font_of_the_system_with_the_same_name_is_not_taken(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fonts").mkdir()
    shutil.copy(latin().path, tmp_path / "fonts" / "mine.ttf")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    path = tmp_path / "mine.ttf"
    if content:
        path.write_bytes(content)
    with pytest.raises(OSError, match="mine"):
        named(path)
