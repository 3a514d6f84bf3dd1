"""Tables and many lists into a bucket: where their files stand, what fails, what comes back."""

import json
import posixpath
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from urllib.parse import unquote

import pytest
from PIL import Image

from tests.support.cluster import BUCKET, Bucket, bucket
from wanx_render.actions.plan import PlanOptions, plan
from wanx_render.errors import BadInput
from wanx_render.session.destination import Destination
from wanx_render.session.environment import Environment
from wanx_render.session.folder import opened
from wanx_render.session.render import render
from wanx_render.session.restore import restore
from wanx_render.session.selection import RenderOptions
from wanx_render.workers.store import at

TABLE = """\
version: 1
project: shop
matrix: {from: products.csv}
defaults: {model: wanx2.1-i2v-turbo, resolution: 480P, duration: 3, image: a.png}
shots:
  - {id: intro, prompt: The logo}
  - {id: one, prompt: "${name}", caption: "${name}"}
deliverables: [{aspect: 9:16, size: 90x160, captions: both}]
"""
ROW = {"9x16.mp4", "9x16.poster.jpg", "9x16.sheet.jpg", "9x16.srt"} | {
    "manifest.json", "storyboard.html"
}  # fmt: skip


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket() as made:
        yield made


@dataclass
class Office:
    """A folder with lists, and what the bucket is asked."""

    folder: Path
    s3: Bucket

    def run(self, *lists: str, at: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr of one run."""
        out, err = StringIO(), StringIO()
        self.s3.faults.seen.clear()
        files = tuple(self.folder / line for line in lists)
        options = RenderOptions(files, store=f"s3://{BUCKET}/{at}")
        code = render(options, Environment(self.s3.environment, out, err))
        return code, out.getvalue(), err.getvalue()

    def keys(self, at: str) -> set[str]:
        """What people find in the bucket below ``at``."""
        found = (key.removeprefix(f"{at}/") for key in self.s3.objects() if key.startswith(at))
        return {key for key in found if not key.startswith(".cache")}

    def asked(self, method: str) -> list[str]:
        return [line.split()[1] for line in self.s3.faults.seen if line.startswith(f"{method} ")]

    def leads_to(self, page: str) -> set[str]:
        """The names in the bucket to which a page there leads."""
        text = self.s3.objects()[page].decode()
        base = posixpath.dirname(page)
        links = re.findall(r"(?:href|src)=\"([^\"]+)\"", text)
        return {posixpath.normpath(posixpath.join(base, unquote(link))) for link in links}


@pytest.fixture
def office(tmp_path: Path, s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Office:
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    Image.new("RGB", (480, 640), "#884422").save(tmp_path / "a.png")
    (tmp_path / "list.yaml").write_text(TABLE, encoding="utf-8")
    (tmp_path / "products.csv").write_text("name\nRed Cup\nHat\n", encoding="utf-8")
    plain = TABLE.replace("matrix: {from: products.csv}\n", "").replace("${name}", "plain")
    text = plain.replace("project: shop", "project: other")
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    return Office(tmp_path, s3)


@pytest.mark.proof
def test_a_table_goes_into_the_bucket_row_by_row_and_once(office: Office) -> None:
    code, out, err = office.run("list.yaml", at="table")
    assert code == 0, err
    rows = ("Hat", "Red-Cup")
    assert out.split() == [f"s3://{BUCKET}/table/{row}/9x16.mp4" for row in reversed(rows)]
    keys = office.keys("table")
    clips = {key for key in keys if key.startswith("clips/")}
    assert len(clips) == 3
    below = {f"{row}/{name}" for row in rows for name in ROW}
    assert keys - clips == {"index.html", "manifest.json", *below}
    led = office.leads_to("table/index.html")
    wanted = ("9x16.mp4", "9x16.poster.jpg", "storyboard.html")
    assert led == {f"table/{row}/{name}" for row in rows for name in wanted}
    whole = json.loads(office.s3.objects()["table/manifest.json"])
    assert {deliverable["path"] for deliverable in whole["deliverables"]} == {
        f"{r}/9x16.mp4" for r in rows
    }
    assert len(office.asked("PUT")) == len(keys) + 1, "each file once, and the probe"

    code, again, err = office.run("list.yaml", at="table")
    assert (code, again) == (0, out)
    assert "2 finished, 0 takes to generate" in err
    assert office.asked("PUT") == []
    assert len(office.s3.faults.seen) == 1, "one listing, whatever the number of rows"

    shutil.rmtree(office.folder / "renders" / "shop" / "Hat")
    office.s3.faults.seen.clear()
    code, _, err = office.run("list.yaml", at="elsewhere")
    assert (code, office.keys("elsewhere")) == (0, keys)
    assert "0 takes to generate" in err


@pytest.mark.proof
def test_several_lists_have_folders_of_their_own_and_one_that_fails_fails_alone(
    office: Office,
) -> None:
    office.s3.faults.add("PUT", "both/shop/Hat/9x16.mp4", "500", 10_000)
    code, _, err = office.run("list.yaml", "other.yaml", at="both")
    office.s3.faults.rules.clear()
    assert code == 1
    assert f"shop/Hat: failed, s3://{BUCKET}/both/shop/Hat/9x16.mp4: " in err, err
    assert "1 of 3 lists failed: shop/Hat" in err
    keys = office.keys("both")
    assert {"index.html", "shop/manifest.json", "shop/Red-Cup/9x16.mp4"} <= keys
    assert {f"other/{name}" for name in ROW} <= keys
    assert "shop/Hat/9x16.mp4" not in keys
    assert "other/index.html" not in keys

    code, _, err = office.run("list.yaml", "other.yaml", at="both")
    assert code == 0, err
    assert "2 finished, 0 takes to generate" in err
    put = {line.removeprefix(f"/{BUCKET}/both/") for line in office.asked("PUT")}
    changed = {"shop/Hat/manifest.json", "shop/manifest.json", "index.html", ".cache/probe"}
    assert put == {"shop/Hat/9x16.mp4", *changed}
    assert office.leads_to("both/index.html") <= {f"both/{key}" for key in office.keys("both")}


def test_lists_of_one_project_would_overwrite_each_other_in_the_bucket(office: Office) -> None:
    (office.folder / "b").mkdir()
    for name in ("other.yaml", "a.png"):
        shutil.copy(office.folder / name, office.folder / "b" / name)
    with pytest.raises(BadInput, match=f"would both go to s3://{BUCKET}/twice/other"):
        office.run("other.yaml", "b/other.yaml", at="twice")


@pytest.mark.proof
def test_a_paid_clip_that_is_gone_comes_back_from_the_bucket_if_it_is_the_one(
    office: Office,
) -> None:
    assert office.run("other.yaml", at="lost")[0] == 0
    clips = office.folder / "renders" / "other" / "clips"
    made = {path.name: path.read_bytes() for path in clips.iterdir()}
    for name in made:
        (clips / name).unlink()
    output = StringIO()
    plan(
        PlanOptions((office.folder / "other.yaml",), as_json=True),
        Environment({}, output, StringIO()),
    )
    whys = {take["reason"] for take in json.loads(output.getvalue())["takes"]}
    back = f"`render --out s3://{BUCKET}/lost` restores it for free"
    assert whys == {f"its clip is missing from the folder; {back}"}
    with opened(clips.parent) as journal:
        lost = [*journal.clips_of("intro take 1"), *journal.clips_of("one take 1")]
        where = f"s3://{BUCKET}/lost"
        assert restore(lost, Destination.of(None, None, {}).place(clips.parent)) == [
            f"2 missing paid clips are in {where}: `render --out {where}` restores them for free"
        ]
    code, _, err = office.run("other.yaml", at="lost")
    assert code == 0, err
    assert "2 takes, 0 to generate" in err
    gone = f"2 missing paid clips were restored from s3://{BUCKET}/lost/clips"
    assert err.count(gone) == 1
    assert {path.name: path.read_bytes() for path in clips.iterdir()} == made

    damaged = sorted(made)[0]
    (clips / damaged).write_bytes(b"no clip")
    at(f"s3://{BUCKET}/lost", office.s3.environment).put(clips / damaged, f"clips/{damaged}")
    (clips / damaged).unlink()
    code, _, err = office.run("other.yaml", at="lost")
    assert f"s3://{BUCKET}/lost/clips/{damaged} is damaged" in err
    assert "2 takes, 1 to generate" in err


@pytest.mark.proof
def test_the_clips_of_a_table_come_back_too(office: Office) -> None:
    assert office.run("list.yaml", at="rows")[0] == 0
    clips = office.folder / "renders" / "shop" / "clips"
    for path in clips.iterdir():
        path.unlink()
    code, _, err = office.run("list.yaml", at="rows")
    assert code == 0, err
    assert "0 takes to generate" in err
    assert "3 missing paid clips were restored" in err
    assert len(list(clips.iterdir())) == 3
