"""One picture in other bytes is one picture: known by its origin first, and then by its pixels.

A chained first frame is its clip and "last". A file is its bytes, and before something like it
would be paid for again also its pixels. Journals of older programs named a last frame by the bytes
of a PNG that they wrote: what it comes of is found out here, and noted.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from wanx_render import files
from wanx_render import manifest as manifests
from wanx_render.geometry import Size
from wanx_render.media.images import BadPicture, decode_data_uri, pixels
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.planning.planned import Take
from wanx_render.planning.sending.kept_clips import KeptClips
from wanx_render.task import InputMedia, is_of_picture

# Whether a clip (the second) begins as another (the first) ends, by what is seen.
GoesOn = Callable[[Path, Path], bool]


def last_frame_path(folder: Path, sha256: str) -> Path:
    """Where the last frame of the clip with these bytes is kept."""
    return folder / ".cache" / "frames" / f"{sha256[:32]}-last.png"


def footage_frame_path(folder: Path, identity: str, read_as: str = "") -> Path:
    """Where the frame of own footage with this identity is kept, by how its colours are read."""
    name = f"{identity} {read_as}" if read_as else identity
    return last_frame_path(folder, files.sha256_of(name.encode()))


def last_frame_of(sha256: str) -> str:
    """The identity of the last frame of the clip with these bytes."""
    return f"clip:{sha256}:last"


@dataclass(frozen=True)
class Origins:
    """What is known of the pictures of one render folder."""

    journal: Journal
    folder: Path
    goes_on: GoesOn | None = None

    def known_as(self, media: Mapping[str, InputMedia]) -> dict[str, InputMedia]:
        """The pictures, each with the identity that it counts as."""
        firsts = self.journal.same_pictures()
        return {
            name: replace(picture, counts_as=firsts.get(picture.identity, ""))
            for name, picture in media.items()
        }

    def recognise(self, media: Iterable[InputMedia]) -> bool:
        """Look at pictures that nothing was asked with: whether one is known in other bytes.

        Costs a decoding of each, so it is for those that would be paid for.
        """
        identities, is_known = self.journal.pictures_asked(), False
        for picture in media:
            if picture.identity in identities or self.journal.pixels_known(picture.identity):
                continue
            value = pixels_of(picture)
            if value:  # noted also where it is new: the next plan need not look again
                is_known |= self.journal.picture(picture.identity, value) != picture.identity
        return is_known

    def first_frame(
        self, take: Take, clip: Attempt, backend: str, expected: Size | None = None
    ) -> InputMedia:
        """The last frame of ``clip`` as first frame of ``take``, under the name it was paid by.

        ``expected`` is the size of a clip that was not looked at yet, as it was asked for.
        """
        identity = last_frame_of(clip.clip_sha256 or "")
        path = last_frame_path(self.folder, clip.clip_sha256 or "")
        frame = InputMedia(
            identity,
            path=path,
            counts_as=self.journal.same_pictures().get(identity, ""),
            size=_size(clip)
            or expected
            or (take.request.image.size if take.request.image else None),
        )
        as_now = self.following(take, frame, backend).request.key(backend)
        if frame.counts_as or self.journal.last_at(as_now):
            return frame
        for older in self._as_before(take, backend):
            if self._is_last_frame(older, clip, path):
                self.journal.same_picture(identity, str(older.request["image"]))
                return replace(frame, counts_as=str(older.request["image"]))
        return frame

    def made_picture(self, clip: Attempt) -> InputMedia:
        """The picture that ``clip`` left, as a first frame: known by its bytes, as any file."""
        facts, identity = clip.clip_facts or {}, f"sha256:{clip.clip_sha256}"
        return InputMedia(
            identity,
            path=self.folder / "clips" / (clip.clip_name or ""),
            size=_size(clip),
            counts_as=self.journal.same_pictures().get(identity, ""),
            repaired=bool(facts.get("repaired")),
            transparent=bool(facts.get("transparent")),
        )

    def source(
        self, take: Take, clip: Attempt, backend: str, expected: Size | None = None
    ) -> InputMedia:
        """What ``take`` begins with of ``clip``: its last frame, or the part that it continues."""
        if is_of_picture(clip.request):
            return self.made_picture(clip)
        waited = take.request.first_clip
        if waited is None or waited.part is None:
            return self.first_frame(take, clip, backend, expected)
        identity = waited.part.identity(clip.clip_sha256 or "")
        return replace(waited, identity=identity, size=_size(clip) or expected or waited.size)

    def following(self, take: Take, source: InputMedia, backend: str) -> Take:
        """``take`` with what it begins with, prepared as now or as what is kept of it was."""
        return KeptClips(self.journal, backend).take(take.beginning_with(source))

    def _as_before(self, take: Take, backend: str) -> Iterable[Attempt]:
        """The attempts of older programs that differ from the take in their first frame alone."""
        for attempt in self.journal.with_clip_at(take.request.model, take.request.prompt):
            image = str(attempt.request["image"])
            if not image.startswith("sha256:"):
                continue
            as_then = take.with_first_frame(InputMedia(image)).request
            if as_then.key(backend) == attempt.key:
                yield attempt

    def _is_last_frame(self, attempt: Attempt, clip: Attempt, path: Path) -> bool:
        """Whether ``attempt`` was made with the last frame of ``clip``.

        By the file that was sent, where it is still here, then by what a manifest says, and last by
        what the clips show.
        """
        image, sha256 = str(attempt.request["image"]), clip.clip_sha256 or ""
        if path.is_file() and files.sha256(path) == image[7:]:
            return True
        if digits := self._recorded(image):
            return sha256.startswith(digits)
        return self._goes_on(clip, attempt) and not any(
            self._goes_on(rival, attempt) for rival in self._other_takes(clip)
        )

    def _recorded(self, image: str) -> str:
        """The first digits of the clip whose last frame a picture is, as a manifest has it."""
        for manifest in manifests.all_in(self.folder):
            for take in manifest.takes:
                match = re.search(r"([0-9a-f]{32})-last\.png$", take.first_frame or "")
                if match and take.request.get("image") == image:
                    return match[1]
        return ""

    def _other_takes(self, clip: Attempt) -> Iterable[Attempt]:
        """The clips of other takes of the same shot, which may end much alike."""
        shot = clip.take.shot_label
        for attempt in self.journal.every("succeeded"):
            if attempt.take.shot_label == shot and attempt.clip_sha256 not in (
                None,
                clip.clip_sha256,
            ):
                yield attempt

    def _goes_on(self, clip: Attempt, after: Attempt) -> bool:
        clips = self.folder / "clips"
        first, second = (clips / (attempt.clip_name or "") for attempt in (clip, after))
        if self.goes_on is None or not (first.is_file() and second.is_file()):
            return False
        return self.goes_on(first, second)


def _size(clip: Attempt) -> Size | None:
    facts = clip.clip_facts
    return Size(facts["width"], facts["height"]) if facts else None


def pixels_of(picture: InputMedia) -> str:
    """What names the pixels of a picture; empty where they cannot be seen, or are others by now."""
    try:
        data = bytes_of(picture)
        is_other = picture.identity != f"sha256:{files.sha256_of(data)}"
        return "" if is_other else pixels(data)
    except (BadPicture, OSError):
        return ""


def bytes_of(picture: InputMedia) -> bytes:
    """Those of a picture that is here; of an address none. Raises BadPicture or OSError."""
    if picture.path:
        return picture.path.read_bytes()
    if picture.url and picture.url.startswith("data:"):
        return decode_data_uri(picture.url)
    return b""
