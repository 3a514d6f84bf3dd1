"""Pictures, sounds and videos of a create body, found where the form has its places for them."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from mock_server.wire.body_fields import BodyFields
from mock_server.wire.errors import Flaw
from mock_server.wire.provenance import FAMILIES, FRAMES_27, SDK, rests_on
from wanx_render.catalog.request_forms import BodyPlace, Form
from wanx_render.task import InputMedia, Reference, Role

# Finds what is at a URL and which of the roles it fits; raises Flaw where the service could not
# use it.
Resolve = Callable[[str, tuple[Role, ...]], tuple[Role, InputMedia]]

_AT_MOST_ONCE = frozenset(("first_frame", "last_frame", "soundtrack", "first_clip"))
_DOCUMENTS = ("file", "link")  # of models that take references of every kind
_OLDER_NAMES = {"reference_urls": ("reference_video_urls",)}
_KINDS: dict[Role, Any] = {
    "reference_image": "image",
    "reference_video": "video",
    "reference_sound": "sound",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a body names: what it can be, what it is called there, and its address."""

    roles: tuple[Role, ...]
    name: str
    url: Any

    @property
    def field(self) -> str:
        """The field of ``input`` that it stands in."""
        return self.name.partition(" ")[0]


@rests_on("captured", SDK, "Frames stand in img_url, first_frame_url or media, as the model has it")
@rests_on("official text", FRAMES_27, "Types of media that are unknown, or there twice, are errors")
def media_of(
    fields: BodyFields, form: Form, roles: frozenset[str], resolve: Resolve
) -> list[tuple[Role, InputMedia]]:
    """Everything a body names in the places of its form, in its order.

    Fields for what the model (``roles``) does not take are passed over, as unknown ones are; types
    in a list are not.
    """
    media: list[tuple[Role, InputMedia]] = []
    for entry in _entries(fields, form, roles):
        role, medium = _resolved(fields, entry, resolve)
        if role in _AT_MOST_ONCE and any(role == other for other, _ in media):
            fields.invalid(f"input.{entry.field}", f"{entry.name} is there more than once.")
        else:
            media.append((role, medium))
    return media


def references_in(media: list[tuple[Role, InputMedia]]) -> tuple[Reference, ...]:
    """Those of ``media`` that are references."""
    return tuple(Reference(_KINDS[role], medium) for role, medium in media if role in _KINDS)


@rests_on("official text", FAMILIES, "reference_video_urls is another name of reference_urls")
def _entries(fields: BodyFields, form: Form, roles: frozenset[str]) -> Iterator[Entry]:
    places: dict[str, list[tuple[Role, BodyPlace]]] = {}
    for role, place in form.fields.items():
        places.setdefault(place.field, []).append((role, place))
    for field, its_roles in places.items():
        match its_roles[0][1].kind:
            case "address":
                role = its_roles[0][0]
                if role in roles and fields.input.get(field) not in (None, ""):
                    yield Entry((role,), field, fields.input[field])
            case "list":
                possible = tuple(role for role, _ in its_roles if role in roles)
                for name in (field, *_OLDER_NAMES.get(field, ())) if possible else ():
                    for url in _list(fields, name):
                        yield Entry(possible, name, url)
            case "typed":
                yield from _typed(fields, field, its_roles, roles)


@rests_on("official text", FAMILIES, "wan3.0 takes a file or a link too; what it says is not used")
def _typed(
    fields: BodyFields, field: str, roles: list[tuple[Role, BodyPlace]], takes: frozenset[str]
) -> Iterator[Entry]:
    """The entries of a list by type; what else stands in one, such as a voice, is passed over."""
    types = {place.type: role for role, place in roles}
    for entry in _list(fields, field):
        kind = entry.get("type") if isinstance(entry, dict) else None
        if kind in _DOCUMENTS and "reference_sound" in takes:
            continue
        if not isinstance(kind, str) or kind not in types:
            message = f"{field} has an entry of an unknown type: {str(kind)[:40]}."
            fields.invalid(f"input.{field}", message)
            continue
        yield Entry((types[kind],), f"{field} {kind}", entry.get("url"))


def _list(fields: BodyFields, field: str) -> list[Any]:
    """A list in the input; SDK 1.25.8 puts ``media`` into the parameters."""
    value = fields.input.get(field)
    value = fields.parameters.get(field) if value is None else value
    if value is None or isinstance(value, list):
        return value or []
    fields.invalid(f"input.{field}", f"{field} must be a list.")
    return []


def resolved(
    fields: BodyFields, roles: tuple[Role, ...], name: str, url: Any, resolve: Resolve
) -> list[tuple[Role, InputMedia]]:
    """What a field called ``name`` names, which can be any of ``roles``."""
    return [_resolved(fields, Entry(roles, name, url), resolve)]


def _resolved(fields: BodyFields, entry: Entry, resolve: Resolve) -> tuple[Role, InputMedia]:
    """What an entry names; something of no use where it cannot be used."""
    field = f"input.{entry.field}"
    try:
        if isinstance(entry.url, str) and entry.url:
            return resolve(entry.url, entry.roles)
        fields.invalid(field, f"{entry.name} must be a string.")
    except Flaw as flaw:
        fields.media_refused(field, flaw)
    digest = hashlib.sha256(repr(entry.url)[:4096].encode()).hexdigest()
    return entry.roles[0], InputMedia(f"unusable:{digest}")
