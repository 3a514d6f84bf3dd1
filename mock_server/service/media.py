"""Pictures and sounds of a request: found, kept by content, and checked against the model's limits.

Nothing is ever fetched: what an http(s) address leads to counts as fine.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mock_server.service.uploads import Shelf, Upload
from mock_server.wire.errors import ErrorAnswer, Flaw
from mock_server.wire.provenance import ERRORS, OFFICIAL, UPLOADS, rests_on
from wanx_render import files
from wanx_render.catalog.abilities import Model, SoundFile
from wanx_render.media import audio_files, images
from wanx_render.task import InputMedia

FindUpload = Callable[[str], Upload | None]
_NOT_FETCHED = "Unable to download the media resource during the data inspection process."


@dataclass(frozen=True, slots=True)
class MediaFinder:
    """Finds what one request names; ``uploads`` finds the account's own that are not too old."""

    model: Model
    shelf: Shelf
    uploads: FindUpload
    resolves: bool  # whether the request has the header that lets it use uploads

    @rests_on("official text", OFFICIAL, "Pictures come as http(s), oss:// or data:image/…;base64")
    @rests_on("guess", "no network here", "What stands behind an http(s) address is not looked at")
    @rests_on("official text", ERRORS, "Any other address is InvalidParameter: url error")
    def __call__(self, url: str, kind: Literal["image", "sound"]) -> InputMedia:
        """The picture or sound at ``url``. Raises Flaw, or ErrorAnswer."""
        scheme = url.partition(":")[0].lower()
        if scheme in ("http", "https"):
            digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
            return InputMedia(f"url:{digest}", url=url)
        if scheme == "oss":
            return self._uploaded(url, kind)
        if scheme == "data":
            return self._picture(_decode(url)) if kind == "image" else self._sound_data(url)
        raise Flaw("InvalidParameter", "url error, please check url！")

    @rests_on("third party", "seen in user reports", "Uploads without the resolve header are 400")
    @rests_on("official text", UPLOADS, "Uploads belong to an account and a model, for 48 hours")
    def _uploaded(self, url: str, kind: Literal["image", "sound"]) -> InputMedia:
        if not self.resolves:
            raise ErrorAnswer(400, "InvalidParameter.DataInspection", _NOT_FETCHED)
        upload = self.uploads(url.removeprefix("oss://"))
        if upload is None:
            raise Flaw("InvalidParameter.DataInspection", _NOT_FETCHED)
        return self._picture(upload.path.read_bytes()) if kind == "image" else self._sound(upload)

    @rests_on("official text", OFFICIAL, "Sides, bytes and format of a picture have limits")
    def _picture(self, data: bytes) -> InputMedia:
        try:
            picture = images.inspect(data)
        except images.BadPicture as error:
            raise Flaw("InvalidParameter", f"The image {error}.") from None
        _check_picture(picture, self.model)
        path = self.shelf.keep(data)
        return InputMedia(f"sha256:{picture.sha256}", path=path, size=picture.size)

    @rests_on("official text", OFFICIAL, "A soundtrack is an address, never Base64")
    def _sound_data(self, url: str) -> InputMedia:
        raise Flaw("InvalidURL", f"audio_url is not a valid address: {url[:20]}...")

    @rests_on("official text", OFFICIAL, "A soundtrack is wav or mp3, 3 to 30 s, up to 15 MB")
    def _sound(self, upload: Upload) -> InputMedia:
        try:
            track = audio_files.inspect(upload.path)
        except audio_files.BadSoundtrack as error:
            raise Flaw("InvalidFile.Openerror", f"The audio {error}.") from None
        if self.model.sound_file:
            suffix = Path(upload.key).suffix.lower().lstrip(".")
            _check_track(track, suffix, self.model.sound_file.value)
        digest = files.sha256(upload.path)
        return InputMedia(f"sha256:{digest}", path=upload.path)


def _check_picture(picture: images.Picture, model: Model) -> None:
    low, high = model.of_pictures.sides.value
    sides = picture.size.width, picture.size.height
    if min(sides) < low or max(sides) > high:
        raise Flaw(
            "InvalidImage.ImageSize",
            f"The image is {picture.size}; sides must be between {low} and {high} pixels.",
        )
    if picture.format not in model.of_pictures.formats.value:
        raise Flaw("InvalidImage.FileFormat", f"{picture.format} is not supported.")
    if picture.bytes > model.of_pictures.bytes.value:
        raise Flaw("InvalidParameter", "The image file is too large.")
    if model.image_aspect and max(sides) > min(sides) * model.image_aspect.value:
        raise Flaw("InvalidParameter", "The image is too long for its other side.")


def _check_track(track: audio_files.Soundtrack, suffix: str, limits: SoundFile) -> None:
    if suffix not in limits.formats:
        formats = ", ".join(f".{name}" for name in limits.formats)
        raise Flaw("InvalidURL", f"File type is not supported. Allowed types are: {formats}.")
    if track.bytes > limits.bytes:
        megabytes = limits.bytes // 1024 // 1024
        raise Flaw("InvalidURL", f"File size is larger than {megabytes}MB.")
    low, high = limits.seconds
    if not low <= track.seconds <= high:
        raise Flaw("InvalidFile.Duration", f"The audio must last {low} to {high} seconds.")


def _decode(url: str) -> bytes:
    try:
        return images.decode_data_uri(url)
    except images.BadPicture as error:
        raise Flaw("InvalidParameter", f"The image {error}.") from None
