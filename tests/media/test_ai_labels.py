"""Labels of AI-generated content: what clips carry is kept, as PyAV and Pillow see it."""

import io
import json
import sqlite3
import struct
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from tests.run.test_orchestrator import Studio, studio  # noqa: F401  # a fixture
from wanx_render.actions.conform import conform, options
from wanx_render.backends.base import Succeeded
from wanx_render.finishing import ingest
from wanx_render.finishing.jobs import JoinCall, make_deliverable, make_segment
from wanx_render.finishing.join import template_arguments
from wanx_render.finishing.segment import Segment
from wanx_render.finishing.verify import Promise, verify
from wanx_render.frame import Frame
from wanx_render.geometry import CENTRE, Size
from wanx_render.media import ai_labels, container, ffmpeg, image_labels
from wanx_render.media.ai_labels import SOURCES, Label, merge
from wanx_render.session.environment import Environment
from wanx_render.timing import Cut

ONE = {
    "Label": "1",
    "ContentProducer": "001191110000",
    "ProduceID": "a=1;b#2\\3",
    "ReservedCode1": "",
}
TWO = {"Label": "2", "ContentProducer": "Studio 乙", "ProduceID": "二-2", "PropagateID": "p"}


def text(record: dict[str, Any], *, wrapped: bool = False) -> str:
    return json.dumps({"AIGC": record} if wrapped else record, ensure_ascii=False)


def labelled(*values: tuple[str, str]) -> ai_labels.Merged:
    return merge(Label(tag, value) for tag, value in values)


def test_one_label_is_kept_letter_by_letter() -> None:
    odd = '{"Label": "1",  "ProduceID":"x"}'
    assert labelled(("AIGC", odd), ("AIGC", odd)).tags == (("AIGC", odd),)
    wrapped = text(ONE, wrapped=True)
    assert labelled(("AIGC", wrapped)).value == wrapped
    in_words = labelled(("comment", f"made by us AIGC={odd}"))
    assert in_words.tags == (("AIGC", odd), ("comment", f"AIGC={odd}"))


def test_labels_that_differ_become_one_and_stay_beside_it() -> None:
    made = labelled(("AIGC", text(TWO)), ("AIGC", text(ONE, wrapped=True)))
    assert json.loads(made.value) == {
        "Label": "1",
        "ContentProducer": "Studio 乙;001191110000",
        "ProduceID": "二-2;a=1;b#2\\3",
        "ReservedCode1": "",
        "PropagateID": "p",
    }
    sources = json.loads(dict(made.tags)[SOURCES])
    assert sources == [text(TWO), text(ONE, wrapped=True)]


@pytest.mark.parametrize(
    ("labels", "strongest"),
    [
        (("3", "2"), "2"),
        (("2", "1", "3"), "1"),
        ((2, 3), 2),
        (("AIGC", "3"), "3"),
        (("", "3"), "3"),
    ],
)
def test_the_strongest_label_wins(labels: tuple[Any, ...], strongest: Any) -> None:
    values = [text({"Label": value, "ProduceID": str(n)}) for n, value in enumerate(labels)]
    assert json.loads(labelled(*(("AIGC", value) for value in values)).value)["Label"] == strongest


@pytest.mark.parametrize("broken", ["{Label: 1", '["1"]', "yes", "1", '{"Label":"1"' * 9000])
def test_a_label_that_is_no_json_is_kept_as_it_is(broken: str) -> None:
    provenance = ai_labels.provenance_of([("AIGC", broken)])
    if len(broken) > ai_labels.LONGEST:
        assert provenance.too_long
        assert "left out" in ai_labels.provenance_notices({"a": provenance}, merge(()))[0]
        return
    made = merge(provenance.labels)
    assert made.tags == (("AIGC", broken),)
    (notice,) = ai_labels.provenance_notices({"wake": provenance}, made)
    assert notice == "the AI label of wake is not valid JSON; it is kept"
    with_valid = labelled(("AIGC", broken), ("AIGC", text(ONE)))
    assert json.loads(with_valid.value)["ProduceID"] == ONE["ProduceID"]
    assert json.loads(dict(with_valid.tags)[SOURCES]) == [broken, text(ONE)]


XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
    'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
    'xmlns:T="http://www.tc260.org.cn/ns/AIGC/1.0/"{} </rdf:RDF></x:xmpmeta>'
)


@pytest.mark.parametrize(
    ("tags", "kept"),
    [
        ([("aigc", "x")], ["x"]),
        ([("comment", "an ordinary comment"), ("title", '{"a": 1}')], []),
        ([("comment", 'AIGC={"Label":"1"}')], ['AIGC={"Label":"1"}']),
        ([("description", '{"AIGC": {"Label": "1"}}')], ['{"AIGC": {"Label": "1"}}']),
        ([("AIGC", "x"), ("AIGC", "x"), ("AIGC", " ")], ["x"]),
        ([("xmp", XMP.format('><T:AIGC>{"a":1}</T:AIGC></rdf:Description>'))], ['{"a":1}']),
        ([("xmp", XMP.format(" T:AIGC='x' />"))], ["x"]),
        ([("xmp", XMP.format("><T:AIGC>"))], []),
        ([("xmp", "<!DOCTYPE a [<!ENTITY b 'c'>]>" + XMP.format("T:AIGC='&b;' />"))], []),
    ],
)
def test_where_labels_are_found(tags: list[tuple[str, str]], kept: list[str]) -> None:
    assert [label.text for label in ai_labels.provenance_of(tags).labels] == kept


_NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1)
_VALUE = st.text(st.characters(codec="utf-8", exclude_characters="\0\r", exclude_categories=["Cs"]))


@given(st.lists(st.tuples(_NAME, _VALUE), max_size=4))
def test_tags_come_back_as_they_were_written(tags: list[tuple[str, str]]) -> None:
    assert list(container.read_tags(container.write_tags(tags))) == tags


def clip(program: ffmpeg.Ffmpeg, path: Path, *tags: str, more: bytes = b"") -> Path:
    metadata = [word for tag in tags for word in ("-metadata", tag)]
    movflags = ("-movflags", "use_metadata_tags") if path.suffix == ".mp4" else ()
    ffmpeg.run(
        program,
        ("-f", "lavfi", "-i", "testsrc2=s=96x128:r=10:d=0.5", *movflags, *metadata,
         "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-y", str(path)),
    )  # fmt: skip
    with path.open("ab") as stream:
        stream.write(more)
    return path


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


C2PA = box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + b"\0" * 40)
XMP_BOX = box(
    b"uuid",
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    + XMP.format('><T:AIGC>{"Label":"1"}</T:AIGC></rdf:Description>').encode(),
)
LONG = {**ONE, "ReservedCode1": "签" * 900, "note": "two\nlines"}


def conformed(
    program: ffmpeg.Ffmpeg, source: Path, name: str = "out.mp4", **more: str
) -> tuple[Path, dict[str, Any], str]:
    """What ``conform`` makes of ``source``: the file, its JSON, and what it says."""
    out = source.with_name(name)
    environment = Environment({"WANX_FFMPEG": str(program.path)}, io.StringIO(), io.StringIO())
    wanted = {"aspect": "9:16", "quality": "draft", **more}
    assert conform(options(source, out, wanted, as_json=True), environment) == 0
    return out, json.loads(environment.stdout.getvalue()), environment.stderr.getvalue()


def tags_of(path: Path) -> dict[str, str]:
    with av.open(str(path)) as film:
        return dict(film.metadata)


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
def test_conform_keeps_the_label_of_its_input(
    program: ffmpeg.Ffmpeg, tmp_path: Path, name: str
) -> None:
    value = text(LONG, wrapped=True)
    source = clip(program, tmp_path / name, f"AIGC={value}", "comment=AIGC=" + value)
    out, record, said = conformed(program, source)
    tags = tags_of(out)
    assert (tags["AIGC"], tags["comment"]) == (value, "AIGC=" + value)
    assert record["labels"] == [
        {"tag": "AIGC", "text": value},
        {"tag": "comment", "text": "AIGC=" + value},
    ]
    assert {
        "name": "label",
        "expected": "AIGC, comment",
        "found": "AIGC, comment",
        "holds": True,
    } in (record["checks"])
    assert "label" not in said
    frame = Frame(Size(record["width"], record["height"]), Fraction(record["fps"]), "crop", "black")
    for wrong in ((("AIGC", value + " "),), (("other", value),)):
        checks = verify(program, out, Promise(frame, record["frames"], tags=wrong)).checks
        (label,) = (check for check in checks if not check.holds)
        assert (label.name, label.found) == ("label", f"no {wrong[0][0]}")


@pytest.mark.parametrize(
    "odd", ['{\r\n "Label": "1"}', "x\\", "a\\\nb", "#;=\\", "\n[STREAM]\nAIGC=y"]
)
def test_odd_values_arrive_as_they_are(program: ffmpeg.Ffmpeg, tmp_path: Path, odd: str) -> None:
    """ffmpeg's own text format cannot hold them all."""
    source = clip(program, tmp_path / "odd.mp4", f"AIGC={odd}")
    piece, film = tmp_path / "piece.mov", tmp_path / "film.mp4"
    take = ingest.look(program, source)
    frame = Frame(Size(90, 120), Fraction(10), "crop", "black", "draft")
    segment = Segment.whole(take, Cut(0, take.frames), CENTRE, frame)
    assert segment.key(program) == replace(
        segment, take=replace(take, provenance=ai_labels.NO_PROVENANCE)
    ).key(program)
    make_segment(program, segment, piece)
    label = merge(take.provenance.labels)
    make_deliverable(program, JoinCall("odd", (piece,), frame, segment.frames, film, label=label))
    assert tags_of(film)["AIGC"] == odd


def jpeg_with(**more: Any) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (90, 120), "teal").save(made, "JPEG", **more)
    return made.getvalue()


def png_with(key: str, value: str) -> bytes:
    made, texts = io.BytesIO(), PngImagePlugin.PngInfo()
    texts.add_itxt(key, value)
    Image.new("RGB", (90, 120), "teal").save(made, "PNG", pnginfo=texts)
    return made.getvalue()


def exif_with(comment: bytes) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = comment
    return exif


VALUE = text({**ONE, "ContentProducer": "某公司<&>"})
PACKET = ai_labels.xmp(VALUE)


@pytest.mark.parametrize(
    "data",
    [
        ai_labels.labelled_jpeg(jpeg_with(), VALUE),
        jpeg_with(xmp=PACKET.encode()),
        jpeg_with(exif=exif_with(b"UNICODE\0" + f"AIGC={VALUE}".encode("utf-16"))),
        jpeg_with(exif=exif_with(b"\0" * 8 + f"AIGC={VALUE}".encode())),
        png_with("XML:com.adobe.xmp", PACKET),
        png_with("AIGC", VALUE),
    ],
)
def test_labels_of_pictures_are_read(data: bytes) -> None:
    read = image_labels.provenance(data)
    assert [label.payload for label in read.labels] == [VALUE]
    assert not read.credentials
    assert image_labels.provenance(data + b"....jumb....c2pa").credentials
    assert image_labels.provenance(data[:30]).labels == ()


def test_conform_keeps_the_label_of_a_picture(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    source = tmp_path / "still.png"
    source.write_bytes(png_with("AIGC", VALUE))
    where = {"label": "2026", "label_at": "always", "label_corner": "bottom-left"}
    out, record, _ = conformed(program, source, "out.mov", hold="0.2", **where)
    assert tags_of(out)["AIGC"] == VALUE
    assert "2026 for 6 frames" in [check["found"] for check in record["checks"]]


def test_conform_says_what_it_cannot_keep(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    source = clip(program, tmp_path / "a b.mp4", "AIGC={broken", more=C2PA + XMP_BOX)
    out, record, said = conformed(program, source)
    assert record["credentials"]
    tags = tags_of(out)
    assert json.loads(tags["AIGC"]) == {"Label": "1"}
    assert json.loads(tags[SOURCES]) == ["{broken", '{"Label":"1"}']
    assert [line for line in said.splitlines() if "label" in line or "C2PA" in line] == [
        "warning: content credentials (C2PA) of a b.mp4 are lost in encoding",
        f"warning: the AI label of a b.mp4 is not valid JSON; it is kept, see {SOURCES}",
    ]


class Tagging:
    """A mock whose clips carry labels, each its own."""

    def __init__(self, backend: Any, tags: Callable[[str], tuple[str, ...]], rest: bytes) -> None:
        self._backend, self._tags, self._rest = backend, tags, rest

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    async def download(self, task: Succeeded, target: Path) -> Any:
        answer = await self._backend.download(task, target)
        plain = target.with_name(f"{target.name}.plain")
        target.rename(plain)
        tags = [word for tag in self._tags(task.task_id) for word in ("-metadata", tag)]
        ffmpeg.run(
            self._backend._program,
            ("-f", "mov", "-i", str(plain), "-c", "copy",
             "-movflags", "+faststart+use_metadata_tags", *tags, "-f", "mp4", str(target)),
        )  # fmt: skip
        with target.open("ab") as stream:
            stream.write(self._rest)
        plain.unlink()
        return answer


def test_a_film_carries_the_labels_of_its_clips(studio: Studio) -> None:  # noqa: F811
    ids: list[str] = []

    def tags(task_id: str) -> tuple[str, ...]:
        ids.append(task_id)
        record = {**ONE, "Label": str(len(ids)), "ProduceID": task_id}
        return (f"AIGC={text(record)}",)

    studio.backend = lambda backend: Tagging(backend, tags, C2PA)
    manifest = studio.run()
    (made,) = manifest.deliverables
    takes = [shot.takes[0] for shot in manifest.shots]
    for take in takes:
        (label,) = take.labels
        assert json.loads(label.text)["ProduceID"] == take.task_id
        assert take.credentials
    folder = studio.folder / "out"
    value = json.loads(tags_of(folder / "9x16.mp4")["AIGC"])
    assert (value["Label"], value["ContentProducer"]) == ("1", ONE["ContentProducer"])
    assert value["ProduceID"] == ";".join(str(take.task_id) for take in takes)
    for name in ("9x16.poster.jpg", "9x16.sheet.jpg"):
        with Image.open(folder / name) as picture:
            picture.load()
            packet = ElementTree.fromstring(picture.info["xmp"])  # noqa: S314
        said = {element.tag.split("}")[1]: element.text for element in packet.iter()}
        assert json.loads(str(said["AIGC"])) == value
        assert str(said["DigitalSourceType"]).endswith("/trainedAlgorithmicMedia")
    warnings = [event.text for event in studio.events if event.kind == "warning"]
    assert warnings == list(made.notices)[-1:]
    assert "C2PA" in warnings[0]
    studio.run()
    assert set(studio.kinds()) == {"cached", "deliverable"}


def test_facts_of_clips_from_earlier_versions_are_completed(studio: Studio) -> None:  # noqa: F811
    """They were probed before labels were read; nothing is encoded for those without any."""
    studio.run()
    journal = sqlite3.connect(studio.folder / "out" / "journal.sqlite")
    with journal:
        ((facts,),) = journal.execute("SELECT facts FROM clip LIMIT 1").fetchall()
        old = {name: value for name, value in json.loads(facts).items() if name != "provenance"}
        journal.execute("UPDATE clip SET facts = ?", (json.dumps(old),))
    journal.close()
    studio.run()
    assert set(studio.kinds()) == {"cached", "deliverable"}


def test_an_unlabelled_film_stays_as_it_was(program: ffmpeg.Ffmpeg, tmp_path: Path) -> None:
    listing, sound, out = (tmp_path / name for name in ("list", "sound", "out"))
    plain = template_arguments(listing, sound, out, Fraction(30))
    assert "-map_metadata -1" in " ".join(plain)
    assert "use_metadata_tags" not in " ".join(plain)
