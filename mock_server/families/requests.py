"""Bodies of create calls to families: what is required, and the request that is made of them."""

from collections.abc import Iterator
from typing import Any

from mock_server.families.family import Family
from mock_server.wire.body_fields import DOCUMENTS, BodyFields
from mock_server.wire.body_media import Resolve, resolved
from mock_server.wire.create_body import CreateCall, fate_of
from mock_server.wire.notes import Checks
from mock_server.wire.picture_body import picture_request
from mock_server.wire.provenance import rests_on
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.task import InputMedia, Reference, Role, TaskRequest

_ROLES: dict[str, Role] = {"picture": "first_frame", "video": "reference_video",
                           "sound": "soundtrack"}  # fmt: skip
_TYPES: dict[str, Role] = {"video": "reference_video", "reference_image": "reference_image"}
_TYPE_OF = {"text": str, "list": list}
_NAME_OF = {"text": "string", "list": "list"}


class FamilyBody:
    """The body of one create call to a family."""

    def __init__(self, family: Family, body: dict[str, Any], checks: Checks) -> None:
        self._family = family
        self._fields = BodyFields(body, checks)
        self._media: list[tuple[Role, InputMedia]] = []

    @rests_on("guess", "nobody says", "What a family requires is checked after acceptance")
    def read(
        self, entry: Model | PictureModel, catalog: Catalog, region: str, resolve: Resolve
    ) -> CreateCall:
        """The request in it, and what is wrong with it."""
        fields, results = self._fields, 1
        self._check_fields(resolve)
        if self._family.media:
            self._check_media(resolve)
        self._check_parameters()
        if isinstance(entry, PictureModel):
            request, results = picture_request(fields, entry, catalog, region, resolve)
        else:
            request = self._clip(entry, region, catalog)
        return CreateCall(request, fate_of(fields), results, tuple(fields.notes))

    def _check_fields(self, resolve: Resolve) -> None:
        family, fields = self._family, self._fields
        for name, kind in family.requires.items():
            value = fields.input.get(name)
            if value in (None, "", []):
                fields.invalid(f"input.{name}", f"Field required: input.{name}")
            else:
                self._check_value(name, kind, value, resolve)
        known = {*family.requires, *family.takes, "prompt", "negative_prompt"}
        known |= {"media"} if family.media else set()
        for name in [name for name in fields.input if name not in known][:20]:
            message = f"{name[:40]} is in no document of the model."
            fields.passed_over(f"input.{name[:40]}", message, DOCUMENTS)

    def _check_value(self, name: str, kind: Any, value: Any, resolve: Resolve) -> None:
        """A field that holds a medium, one of several words, or anything of a type."""
        fields = self._fields
        if isinstance(kind, list | tuple):
            if value not in kind:
                fields.invalid(f"input.{name}", f"{name} {str(value)[:40]} is not supported.")
        elif kind in _ROLES:
            self._media += resolved(fields, (_ROLES[kind],), name, value, resolve)
        elif not isinstance(value, _TYPE_OF[kind]):
            fields.invalid(f"input.{name}", f"{name} must be a {_NAME_OF[kind]}.")

    def _check_media(self, resolve: Resolve) -> None:
        fields, counts = self._fields, dict.fromkeys(self._family.media, 0)
        for kind, url in self._entries():
            if not isinstance(kind, str) or kind not in counts:
                message = f"media has an entry of an unknown type: {str(kind)[:40]}."
                fields.invalid("input.media", message)
                continue
            counts[kind] += 1
            self._media += resolved(fields, (_TYPES[kind],), f"media {kind}", url, resolve)
        for kind, (low, high) in self._family.media.items():
            if not low <= counts[kind] <= high:
                message = f"the number of {kind} must be between {low} and {high}."
                fields.invalid("input.media", message)

    def _entries(self) -> Iterator[tuple[Any, Any]]:
        media = self._fields.input.get("media")
        if media is not None and not isinstance(media, list):
            self._fields.invalid("input.media", "media must be a list.")
        for entry in media if isinstance(media, list) else ():
            is_object = isinstance(entry, dict)
            yield (entry.get("type"), entry.get("url")) if is_object else (None, None)

    def _check_parameters(self) -> None:
        family, fields = self._family, self._fields
        for name in family.required_parameters:
            if name not in fields.parameters:
                fields.invalid(f"parameters.{name}", f"Field required: parameters.{name}")
        for name, words in family.parameters.items():
            value = fields.parameters.get(name)
            if isinstance(words, list | tuple) and value is not None and value not in words:
                message = f"{name} {str(value)[:40]} is not supported."
                fields.invalid(f"parameters.{name}", message)

    def _clip(self, entry: Model, region: str, catalog: Catalog) -> TaskRequest:
        """A clip of the tier that is asked for, as long as the video that goes with it."""
        fields, roles = self._fields, dict(self._media)
        tier = fields.parameters.get("resolution")
        picture = roles.get("first_frame")
        references = {"reference_image": "image", "reference_video": "video"}
        kinds: Any = references
        return TaskRequest(
            model=entry.name, region=region, image=picture, last_image=None,
            prompt=fields.text("prompt"), negative_prompt=fields.text("negative_prompt"),
            template=None, resolution=tier if tier in entry.tiers.value else entry.tiers.value[0],
            duration=self._seconds(entry, roles.get("reference_video")), sound="auto",
            sound_file=None, prompt_extend=fields.parameter("prompt_extend", bool, True),
            watermark=fields.parameter("watermark", bool, False),
            seed=fields.seed(
                picture.identity if picture else "", catalog.service.seed_range.value
            ),
            references=tuple(
                Reference(kinds[role], medium) for role, medium in self._media if role in kinds
            ),
        )  # fmt: skip

    @rests_on("guess", "no network here", "The clip of a family is as long as its video, else 5 s")
    def _seconds(self, entry: Model, video: InputMedia | None) -> int:
        asked = self._fields.parameter("duration", int, 0)
        length = round(video.footage.seconds) if video and video.footage else 0
        seconds: int = asked or length
        return seconds if seconds in entry.durations.value else entry.durations.value[0]
