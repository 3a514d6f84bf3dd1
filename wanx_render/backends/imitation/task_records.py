"""Requests as plain JSON data and back: what a service keeps of its tasks outlives it."""

from dataclasses import asdict, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from wanx_render.geometry import Size
from wanx_render.media.picture.prepared_record import read, written
from wanx_render.task import Footage, InputMedia, Reference, TaskRequest

_FIELDS = tuple(field for field in fields(TaskRequest) if field.init)
_MEDIA = ("image", "last_image", "sound_file", "first_clip")


def plain_request(request: TaskRequest) -> dict[str, Any]:
    """The request as JSON data."""
    media = {name: _plain(getattr(request, name)) for name in _MEDIA}
    references = [{"kind": r.kind, "media": _plain(r.media)} for r in request.references]
    plain = {field.name: getattr(request, field.name) for field in _FIELDS}
    size = asdict(request.size) if request.size else None
    return {**plain, **media, "references": references, "size": size}


def request_of(record: dict[str, Any]) -> TaskRequest:
    """The request of such data, also of earlier versions'.

    Raises KeyError, TypeError or ValueError.
    """
    media = {name: _media(record.get(name)) for name in _MEDIA}
    references = tuple(
        Reference(entry["kind"], _required(entry["media"]))
        for entry in record.get("references", ())
    )
    size = Size(**record["size"]) if record.get("size") else None
    return TaskRequest(**{**record, **media, "references": references, "size": size})


def _plain(media: InputMedia | None) -> dict[str, Any] | None:
    if media is None:
        return None
    return {
        **asdict(media),
        "path": media.path and str(media.path),
        "prepared": media.prepared and str(media.prepared),
        "preparation": media.preparation and written(media.preparation),
        "footage": media.footage and _plain_footage(media.footage),
        "part": None,  # of what was sent, its file is all that is left
    }


def _plain_footage(footage: Footage) -> dict[str, Any]:
    rate, seconds = str(footage.rate), str(footage.seconds)
    return {"size": asdict(footage.size), "rate": rate, "seconds": seconds}


def _required(record: dict[str, Any]) -> InputMedia:
    media = _media(record)
    if media is None:
        raise ValueError("a reference has no medium")
    return media


def _media(record: dict[str, Any] | None) -> InputMedia | None:
    if record is None:
        return None
    path, size = record["path"], record["size"]
    preparation, prepared = record.get("preparation"), record.get("prepared")
    footage = record.get("footage")
    return InputMedia(
        record["identity"],
        path and Path(path),
        record["url"],
        Size(**size) if size else None,
        footage=_footage(footage) if footage else None,
        preparation=read(preparation) if preparation else None,
        prepared=Path(prepared) if prepared else None,
    )


def _footage(record: dict[str, Any]) -> Footage:
    return Footage(Size(**record["size"]), Fraction(record["rate"]), Fraction(record["seconds"]))
