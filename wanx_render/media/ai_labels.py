"""Labels of AI-generated content: read from a file's tags, merged, and written as tags or XMP.

China's standard GB 45438-2025 puts a JSON object into the tag ``AIGC`` of a video, and into XMP of
a picture (TC260-PG-20258A, namespace ``http://www.tc260.org.cn/ns/AIGC/1.0/``). Two shapes are
seen: the object itself and ``{"AIGC": {...}}``; some tools write ``AIGC=`` and the object into a
comment. What is read here is kept as it is, also where it is no valid JSON. How labels of several
clips become one is explained in docs/decisions/0022-labels-of-ai-content.md.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wanx_render.diagnostics import listed
from wanx_render.language import Message, tr

FIELDS = (
    "Label", "ContentProducer", "ProduceID", "ReservedCode1",
    "ContentPropagator", "PropagateID", "ReservedCode2",
)  # fmt: skip
TAG = "AIGC"
SOURCES = "AIGC_sources"  # where the labels that were merged stand, each as it was
LONGEST = 64 * 1024  # bytes of a label; a longer one is not kept, and this is said
_TC260 = "http://www.tc260.org.cn/ns/AIGC/1.0/"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_PREFIX = re.compile(r"\bAIGC\s*=\s*(?=\S)")
# What the values of Label mean, the strongest first: it is generated, may be, is suspected to be.
_STRENGTH = ("1", "2", "3")


@dataclass(frozen=True, slots=True)
class Label:
    """One label as a file carries it: the tag it stands in, and the value of that tag."""

    tag: str
    text: str

    @property
    def payload(self) -> str:
        """The value without the words before it, which a comment may have."""
        own = self.tag.lower() == TAG.lower()
        prefix = _PREFIX.match(self.text) if own else _PREFIX.search(self.text)
        return self.text[prefix.end() :] if prefix else self.text

    @property
    def fields(self) -> dict[str, Any] | None:
        """The fields, of either shape; None where the value is not a JSON object."""
        value = _json(self.payload)
        inner = value.get(TAG) if value else None
        return inner if isinstance(inner, dict) else value

    @property
    def wrapped(self) -> bool:
        """Whether it has the shape ``{"AIGC": {...}}``."""
        return isinstance((_json(self.payload) or {}).get(TAG), dict)

    @property
    def known(self) -> bool:
        """Whether the value itself shows that it is a label, whatever its tag is called."""
        fields = _json(self.text) or {}
        return self.wrapped or ("Label" in fields and any(name in fields for name in FIELDS[1:]))


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a file says of its own origin."""

    labels: tuple[Label, ...] = ()
    credentials: bool = False  # whether it holds C2PA content credentials
    too_long: bool = False  # whether a label was longer than LONGEST

    def record(self) -> dict[str, Any]:
        """As JSON knows it; ``recorded`` reads it."""
        return {
            "labels": [[label.tag, label.text] for label in self.labels],
            "credentials": self.credentials,
            "too_long": self.too_long,
        }


NO_PROVENANCE = Provenance()


def recorded(record: Mapping[str, Any]) -> Provenance:
    """What ``Provenance.record`` gave."""
    labels = tuple(Label(tag, text) for tag, text in record["labels"])
    return Provenance(labels, record["credentials"], record["too_long"])


@dataclass(frozen=True, slots=True)
class Merged:
    """The label of a file that is made of labelled ones.

    ``tags`` are written into its container, in this order; none where nothing was labelled.
    """

    value: str = ""
    tags: tuple[tuple[str, str], ...] = ()


UNLABELLED = Merged()


def _json(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def provenance_of(tags: Iterable[tuple[str, str]], *, credentials: bool = False) -> Provenance:
    """The labels among the tags of a file, each once, in their order."""
    labels = dict.fromkeys(label for label in _labels(tags) if label.text.strip())
    short = tuple(label for label in labels if len(label.text.encode()) <= LONGEST)
    return Provenance(short, credentials, len(short) < len(labels))


def _labels(tags: Iterable[tuple[str, str]]) -> Iterator[Label]:
    for tag, text in tags:
        label = Label(tag, text)
        if tag.lower() == "xmp":
            yield from (Label("xmp", value) for value in _in_xmp(text))
        elif tag.lower() == TAG.lower() or _PREFIX.search(text) or label.known:
            yield label


def _in_xmp(text: str) -> Iterator[str]:
    """The values of ``TC260:AIGC`` in an XMP packet, as an element or an attribute."""
    if _TC260 not in text or "<!DOCTYPE" in text or "<!ENTITY" in text:
        return
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(text.strip("\0 \r\n\t"))  # noqa: S314  # no entities, above
    except ElementTree.ParseError:
        return
    name = f"{{{_TC260}}}{TAG}"
    for element in root.iter():
        if element.tag == name and element.text:
            yield element.text
        if name in element.attrib:
            yield element.attrib[name]


def merge(labels: Iterable[Label]) -> Merged:
    """One label for all: as it is where they agree, else their fields together.

    ``Label`` is the strongest; of any other field all values that differ are kept, in order, with a
    semicolon between. Where labels differ, each stands as it was in the tag ``AIGC_sources``.
    """
    all_labels = tuple(labels)
    if not all_labels:
        return UNLABELLED
    distinct = list(_distinct(all_labels).values())
    value = distinct[0].payload if len(distinct) == 1 else _together(distinct)
    tags = [(TAG, value)]
    places = dict.fromkeys(label.tag.lower() for label in all_labels)
    tags += [(tag, f"{TAG}={value}") for tag in ("comment", "description") if tag in places]
    if len(distinct) > 1:
        sources = [label.payload for label in distinct]
        tags.append((SOURCES, json.dumps(sources, ensure_ascii=False)))
    return Merged(value, tuple(tags))


def with_own(labels: Iterable[Label], own: Mapping[str, str]) -> Merged:
    """The labels of clips and the ``own`` fields of the list as one; the list may give none.

    Where the clips' labels already say what the list says, they stay as they are.
    """
    all_labels = tuple(labels)
    present = merge(all_labels)
    if not own:
        return present
    filled_in = {name: value for name, value in own.items() if value}
    present_fields = Label(TAG, present.value).fields or {}
    if all_labels and all(
        value in str(present_fields.get(name, "")).split(";") for name, value in filled_in.items()
    ):
        return present
    fields = filled_in if all_labels else own
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return merge((*all_labels, Label(TAG, text)))


def _distinct(labels: Iterable[Label]) -> dict[str, Label]:
    """The labels that say different things; white space and shape do not count."""
    distinct: dict[str, Label] = {}
    for label in labels:
        fields = label.fields
        says = label.payload if fields is None else json.dumps(fields, sort_keys=True)
        distinct.setdefault(says, label)
    return distinct


def _together(labels: Sequence[Label]) -> str:
    """The fields of several labels as one; those that are not JSON can only stand beside them."""
    valid = [(label, fields) for label in labels if (fields := label.fields) is not None]
    if not valid:
        return labels[0].payload
    names = dict.fromkeys(name for _, fields in valid for name in fields)
    order = [name for name in FIELDS if name in names]
    order += [name for name in names if name not in FIELDS]
    label_fields = {name: _field(name, [fields for _, fields in valid]) for name in order}
    document = {TAG: label_fields} if all(label.wrapped for label, _ in valid) else label_fields
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _field(name: str, records: Iterable[Mapping[str, Any]]) -> Any:
    values = [record[name] for record in records if record.get(name) not in (None, "")]
    if name == "Label":
        return min(values, key=_weakness, default="")
    distinct = list({json.dumps(value, sort_keys=True): value for value in values}.values())
    if len(distinct) > 1 and all(isinstance(value, str) for value in distinct):
        return ";".join(distinct)
    return distinct if len(distinct) > 1 else next(iter(distinct), "")


def _weakness(label: Any) -> int:
    text = str(label)
    return _STRENGTH.index(text) if text in _STRENGTH else len(_STRENGTH)


def provenance_notices(clips: Mapping[str, Provenance], label: Merged) -> tuple[Message, ...]:
    """What cannot be kept as it is of what clips say of their origin, one sentence for each kind.

    ``clips``: by the name to call them.
    """
    with_credentials = [name for name, clip in clips.items() if clip.credentials]
    long = [name for name, clip in clips.items() if clip.too_long]
    invalid = [
        name for name, clip in clips.items() if any(label.fields is None for label in clip.labels)
    ]
    notices = []
    if with_credentials:
        clip_names = listed(with_credentials)
        notices.append(
            tr("content credentials (C2PA) of {clips} are lost in encoding", clips=clip_names)
        )
    if invalid:
        values = {"clips": listed(invalid), "tag": SOURCES}
        if any(tag == SOURCES for tag, _ in label.tags):
            notices.append(
                tr("the AI label of {clips} is not valid JSON; it is kept, see {tag}", **values)
            )
        else:
            notices.append(tr("the AI label of {clips} is not valid JSON; it is kept", **values))
    if long:
        notices.append(
            tr("the AI label of {clips} is longer than 64 KiB and is left out", clips=listed(long))
        )
    return tuple(notices)


def xmp(value: str) -> str:
    """An XMP packet that holds the label ``value``.

    IPTC's DigitalSourceType says the same to readers elsewhere; it is written where the label says
    that the content is generated (Label 1), and not where it only may be.
    """
    from xml.sax.saxutils import escape

    fields = Label(TAG, value).fields or {}
    is_generated = str(fields.get("Label")) == "1"
    source = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    kind = f"<i:DigitalSourceType>{source}</i:DigitalSourceType>" if is_generated else ""
    return (
        '<?xpacket begin="\N{ZERO WIDTH NO-BREAK SPACE}" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about="" xmlns:TC260="{_TC260}" xmlns:i="{_IPTC}">'
        f"<TC260:{TAG}>{escape(value)}</TC260:{TAG}>{kind}"
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


_XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"


def labelled_jpeg(jpeg: bytes, value: str) -> bytes:
    """``jpeg`` with the label ``value`` in an XMP segment; the picture's own bytes stay.

    A segment holds at most 65533 bytes: a longer label leaves only its ``Label`` there.
    """
    packet = _XMP_IN_JPEG + xmp(value).encode()
    if len(packet) > 65_533:
        fields = Label(TAG, value).fields or {}
        short = json.dumps({"Label": fields.get("Label", "1")})
        packet = _XMP_IN_JPEG + xmp(short).encode()
    segment = b"\xff\xe1" + (len(packet) + 2).to_bytes(2, "big") + packet
    at = _behind_head(jpeg)
    return jpeg[:at] + segment + jpeg[at:]


def _behind_head(jpeg: bytes) -> int:
    """Where a further segment may stand: behind the first marker and the JFIF segment."""
    if jpeg[2:4] == b"\xff\xe0":
        return 4 + int.from_bytes(jpeg[4:6], "big")
    return 2
