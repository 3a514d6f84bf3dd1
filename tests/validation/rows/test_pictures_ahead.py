"""Pictures of a long table are looked at side by side; what is said of them stays as it was."""

import warnings
from pathlib import Path

from PIL import Image

from wanx_render.catalog.capabilities import Catalog
from wanx_render.validation.load import load_all

LIST = """\
version: 1
project: shop
matrix: {from: rows.csv}
shots:
  - {id: a, image: "${image}", model: wan2.5-i2v-preview, prompt: p}
deliverables: [3:4]
"""


def test_each_bad_picture_of_many_is_named_in_its_cell(tmp_path: Path, catalog: Catalog) -> None:
    for number in range(12):
        Image.new("RGB", (750, 1000), (number, 0, 0)).save(tmp_path / f"{number}.jpg")
    whole = (tmp_path / "3.jpg").read_bytes()
    (tmp_path / "3.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "7.jpg").unlink()
    names = "".join(f"row-{number},{number}.jpg\n" for number in range(12))
    (tmp_path / "rows.csv").write_text(f"name,image\n{names}", encoding="utf-8")
    (tmp_path / "list.yaml").write_text(LIST, encoding="utf-8")
    filters = list(warnings.filters)
    batch = load_all(tmp_path / "list.yaml", catalog, keep_going=True)
    assert warnings.filters == filters
    places = [(p.code, p.span.line, p.span.column) for p in batch.errors if p.span]
    assert places == [("image-unreadable", 5, 7), ("image-missing", 9, 7)]
    assert [loaded.row.name for loaded in batch.lists if loaded.row] == [
        f"row-{number}" for number in range(12) if number not in (3, 7)
    ]
    sizes = {str(media.size) for loaded in batch.lists for media in loaded.media.values()}
    assert sizes == {"750x1000"}
