"""Media of a request: found, kept by content, and checked against the model's limits.

Nothing is ever fetched: what an http(s) address leads to counts as fine.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from mock_server.service.uploads import Shelf, Upload
from mock_server.wire.errors import URL_ERROR, ErrorAnswer, Flaw
from mock_server.wire.provenance import ERRORS, FAMILIES, OFFICIAL, QUOTA, SWEEP, UPLOADS, rests_on
from wanx_render import files
from wanx_render.catalog.abilities import MediaFile, Model, OfPictures, PictureModel, SoundFile
from wanx_render.catalog.figures import Figure
from wanx_render.errors import FfmpegError
from wanx_render.geometry import Size
from wanx_render.media import audio_files, images, probe
from wanx_render.media.ffmpeg import Ffmpeg
from wanx_render.task import Footage, InputMedia, Role

FindUpload = Callable[[str], Upload | None]
_NOT_FETCHED = "Unable to download the media resource during the data inspection process."
_NOT_FOUND = "Failed to find the requested media resource during the data inspection process."
_VIDEOS, _SOUNDS = ("first_clip", "reference_video"), ("soundtrack", "reference_sound")
_SUFFIXES = (".mp4", ".mov")
_ASSUMED_SECONDS = 5  # of a video that nobody can look at here


@dataclass(frozen=True, slots=True)
class MediaFinder:
    """Finds what one request names; ``uploads`` finds the account's own that are not too old."""

    model: Model | PictureModel
    shelf: Shelf
    program: Ffmpeg | None  # without one, videos are looked at less closely
    uploads: FindUpload
    resolves: bool  # whether the request has the header that lets it use uploads
    lenient: bool = False  # whether limits that only documents have are noted alone
    taken: list[Flaw] = field(default_factory=list)  # for which the request is not refused
    lengths: dict[Role, Fraction] = field(default_factory=dict)  # of all of a role together

    @rests_on("official text", OFFICIAL, "Pictures come as http(s), oss:// or data:image/…;base64")
    @rests_on("guess", "no network here", "What stands behind an http(s) address is not looked at")
    @rests_on(
        "guess", "no network here", "A video behind an http(s) address is 5 s, a first clip 2 s"
    )
    @rests_on("official text", ERRORS, "Any other address is InvalidParameter: url error")
    def __call__(self, url: str, roles: tuple[Role, ...]) -> tuple[Role, InputMedia]:
        """What is at ``url``, and which of ``roles`` it fits. Raises Flaw, or ErrorAnswer."""
        scheme = url.partition(":")[0].lower()
        if scheme in ("http", "https"):
            role = _role(roles, url.partition("?")[0])
            digest = hashlib.sha256(url.encode("utf-8", "replace")).hexdigest()
            footage = self._assumed(role) if role in _VIDEOS else None
            return role, InputMedia(f"url:{digest}", url=url, footage=footage)
        if scheme == "oss":
            return self._uploaded(url, roles)
        if scheme == "data":
            return self._data(url, _role(roles, ""))
        return self._bare(url, _role(roles, ""))

    @rests_on("guess", "nobody tried it", "Base64 without data: is refused; --lenient takes it")
    def _bare(self, url: str, role: Role) -> tuple[Role, InputMedia]:
        """What is no address; perhaps a picture in Base64, as one public client sends it."""
        self._within(_not_an_address)
        try:
            data = base64.b64decode(url, validate=True)
        except ValueError:
            raise Flaw("InvalidParameter", URL_ERROR) from None
        return role, self._picture(data)

    def _within(self, check: Callable[..., None], *values: Any) -> None:
        """Let a check refuse; where the checks are lenient, only for what was seen."""
        try:
            check(*values)
        except Flaw as flaw:
            if flaw.seen or not self.lenient:
                raise
            self.taken.append(flaw)

    def _assumed(self, role: Role) -> Footage:
        limits = self._limits(role)
        low, high = limits.seconds if limits else (0, 60)
        # A longer first clip would refuse requests that are fine: their duration includes it.
        seconds = low if role == "first_clip" else min(max(_ASSUMED_SECONDS, low), high)
        return Footage(Size(1280, 720), Fraction(30), Fraction(seconds))

    @rests_on("third party", "seen in user reports", "Uploads without the resolve header are 400")
    @rests_on("captured", SWEEP, "What is not there is 400 at the create call, in these words")
    @rests_on("official text", UPLOADS, "Uploads belong to an account and a model, for 48 hours")
    def _uploaded(self, url: str, roles: tuple[Role, ...]) -> tuple[Role, InputMedia]:
        if not self.resolves:
            raise ErrorAnswer(400, "InvalidParameter.DataInspection", _NOT_FETCHED)
        upload = self.uploads(url.removeprefix("oss://"))
        if upload is None:
            raise ErrorAnswer(400, "InvalidParameter.DataInspection", _NOT_FOUND)
        role = _role(roles, upload.key)
        if role in _VIDEOS:
            return role, self._video(upload, role)
        if role in _SOUNDS:
            return role, self._sound(upload, role)
        return role, self._picture(upload.path.read_bytes())

    @rests_on("official text", OFFICIAL, "A soundtrack is an address, never Base64")
    @rests_on("official text", FAMILIES, "Neither is a video")
    def _data(self, url: str, role: Role) -> tuple[Role, InputMedia]:
        if role in _SOUNDS:
            raise Flaw("InvalidURL", f"audio_url is not a valid address: {url[:20]}...")
        if role in _VIDEOS:
            raise Flaw("InvalidURL", f"the video is not a valid address: {url[:20]}...")
        return role, self._picture(_decode(url))

    @rests_on("official text", OFFICIAL, "Sides, bytes and format of a picture have limits")
    def _picture(self, data: bytes) -> InputMedia:
        try:
            picture = images.inspect(data)
        except images.BadPicture as error:
            raise Flaw("InvalidParameter", f"The image {error}.") from None
        if isinstance(self.model, Model):
            self._within(_check_picture, picture, self.model)
        path = self.shelf.keep(data)
        return InputMedia(f"sha256:{picture.sha256}", path=path, size=picture.size)

    @rests_on("official text", OFFICIAL, "A soundtrack is wav or mp3, 3 to 30 s, up to 15 MB")
    def _sound(self, upload: Upload, role: Role) -> InputMedia:
        try:
            track = audio_files.inspect(upload.path)
        except audio_files.BadSoundtrack as error:
            raise Flaw("InvalidFile.Openerror", f"The audio {error}.") from None
        limits = self._limits(role)
        if limits:
            self._within(_check_file, upload, track.bytes, limits)
            self._within(self._check_length, "audio", Fraction(track.seconds), role, limits)
        return InputMedia(f"sha256:{files.sha256(upload.path)}", path=upload.path)

    @rests_on("third party", "rate cards read in September 2026", "So have videos, also together")
    @rests_on("guess", "no ffmpeg here", "The light package looks at the length of a video alone")
    def _video(self, upload: Upload, role: Role) -> InputMedia:
        try:
            seen = _footage(self.program, upload.path) if self.program else None
            footage = seen or replace(self._assumed(role), seconds=_length(upload.path))
        except (FfmpegError, audio_files.BadSoundtrack):
            raise Flaw("InvalidFile.Openerror", "The video cannot be opened.") from None
        limits = self._limits(role)
        if limits:
            self._within(_check_file, upload, upload.path.stat().st_size, limits)
            self._within(self._check_length, "video", footage.seconds, role, limits)
            self._within(_check_sides, footage.size, limits)
        digest = files.sha256(upload.path)
        return InputMedia(f"sha256:{digest}", path=upload.path, footage=footage)

    def _limits(self, role: Role) -> SoundFile | MediaFile | None:
        if not isinstance(self.model, Model):
            return None
        figure: Figure[SoundFile] | Figure[MediaFile] | None = {
            "soundtrack": self.model.sound_file,
            "first_clip": self.model.clip_file,
            "reference_video": self.model.reference_video_file,
            "reference_sound": self.model.reference_sound_file,
        }.get(role)
        return figure.value if figure else None

    def _check_length(
        self, name: str, seconds: Fraction, role: Role, limits: SoundFile | MediaFile
    ) -> None:
        low, high = limits.seconds
        if not low - _ROUNDING <= seconds <= high + _ROUNDING:
            raise Flaw("InvalidFile.Duration", f"The {name} must last {low} to {high} seconds.")
        together = limits.together if isinstance(limits, MediaFile) else None
        total = self.lengths[role] = self.lengths.get(role, Fraction(0)) + seconds
        if together and total > together + _ROUNDING:
            message = f"Together, each {name} must last at most {together} seconds."
            raise Flaw("InvalidFile.Duration", message)


_SEEN_SIDE = 240
_ROUNDING = Fraction(1, 10)  # the last frame or packet of a file may end a little later


def _role(roles: tuple[Role, ...], name: str) -> Role:
    """Which of ``roles`` the file called ``name`` is for, where several share a place."""
    is_video = name.lower().endswith(_SUFFIXES)
    return next((role for role in roles if (role in _VIDEOS) == is_video), roles[0])


@lru_cache(256)
def _footage(program: Ffmpeg, path: Path) -> Footage:
    """Size, rate and length of an uploaded video; its name is its content's. Raises FfmpegError."""
    head = probe.head(program, path, "mov")
    return Footage(head.size, Fraction(len(head.times)) / head.seconds, head.seconds)


def _length(path: Path) -> Fraction:
    """How long an mp4 says that it is. Raises BadSoundtrack where it is none."""
    return audio_files.inspect(path).seconds


@rests_on("captured", QUOTA, "A side below 240 pixels is refused, in these words")
@rests_on("official text", FAMILIES, "Where documents differ, the widest limits of pictures hold")
def _check_picture(picture: images.Picture, model: Model) -> None:
    limits = model.of_pictures
    low, high = _widest(limits)
    sides = picture.size.width, picture.size.height
    if min(sides) < low:
        message = f"Image height or width is too small than {low}"
        raise Flaw("InvalidImage.ImageSize", message, seen=low == _SEEN_SIDE)
    if max(sides) > high:
        message = f"The image is {picture.size}; sides must be at most {high} pixels."
        raise Flaw("InvalidImage.ImageSize", message)
    if picture.format not in limits.formats.value:
        raise Flaw("InvalidImage.FileFormat", f"{picture.format} is not supported.")
    largest = max(limits.bytes.value, *(variant.value for variant in limits.bytes.variants), 0)
    if picture.bytes > largest:
        raise Flaw("InvalidParameter", "The image file is too large.")
    if model.image_aspect and max(sides) > min(sides) * model.image_aspect.value:
        raise Flaw("InvalidParameter", "The image is too long for its other side.")


def _widest(limits: OfPictures) -> tuple[int, int]:
    """The shortest and longest side that some document allows."""
    ranges = (limits.sides.value, *(variant.value for variant in limits.sides.variants))
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _not_an_address() -> None:
    raise Flaw("InvalidParameter", URL_ERROR)


def _check_file(upload: Upload, size: int, limits: SoundFile | MediaFile) -> None:
    if Path(upload.key).suffix.lower().lstrip(".") not in limits.formats:
        formats = ", ".join(f".{name}" for name in limits.formats)
        raise Flaw("InvalidURL", f"File type is not supported. Allowed types are: {formats}.")
    if size > limits.bytes:
        megabytes = limits.bytes // 1024 // 1024
        raise Flaw("InvalidURL", f"File size is larger than {megabytes}MB.")


def _check_sides(size: Size, limits: SoundFile | MediaFile) -> None:
    sides = limits.sides if isinstance(limits, MediaFile) else None
    if sides and not (sides[0] <= min(size.width, size.height) <= max(size.width, size.height)
                      <= sides[1]):  # fmt: skip
        raise Flaw("InvalidFile.Resolution", f"The video is {size}; sides: {sides[0]}-{sides[1]}.")


def _decode(url: str) -> bytes:
    try:
        return images.decode_data_uri(url)
    except images.BadPicture as error:
        raise Flaw("InvalidParameter", f"The image {error}.") from None
