"""The bundle as one file, HTML or zip, that is never larger than asked for."""

import io
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from wanx_render.bundle.budget import RUNGS, ProxyEncoding, least_room, show_size, target_for
from wanx_render.bundle.content import BundleContent, BundledFilm, BundledShot
from wanx_render.bundle.page import Looks, page
from wanx_render.bundle.proxies import ProxyMaker
from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput, FfmpegError
from wanx_render.files import write_atomically
from wanx_render.language import Message, plural, tr
from wanx_render.manifest import FootageRecord, TakeRecord
from wanx_render.media.ai_labels import TAG, labelled_jpeg
from wanx_render.media.images import BadPicture, read_bytes, upright
from wanx_render.reports.storyboard_files import PictureSource
from wanx_render.reports.wording import data_uri
from wanx_render.timing import show_duration

_DATE = (1980, 1, 1, 0, 0, 0)  # of the files in a zip: the same content is the same bytes
_GOOD = 700_000  # bits a second, from which on a constant quality is tried first
_POSTER = 720  # pixels of the longer side of a film's poster: about 50 kB
_LESS = Fraction(97, 100)

Form = Callable[[BundleContent, Looks, ProxyEncoding, Sequence[bytes]], bytes]


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """A bundle that was written: its bytes, how its videos are encoded, what it lacks."""

    size: int
    encoding: ProxyEncoding
    missing: tuple[Message, ...]


@dataclass(frozen=True)
class Bundler:
    """Writes bundles of ``content``, whose videos and pictures come from ``source``."""

    content: BundleContent
    source: PictureSource
    executor: Executor
    limit: int  # bytes of the whole file

    def write(self, target: Path) -> WrittenBundle:
        """Write the bundle at ``target``; its suffix is one of ``FORMS``.

        Raises BadInput where it cannot be within the limit, FfmpegError, OSError.
        """
        form = FORMS[target.suffix.lower()]
        looks, missing = self._looks()
        for encoding, proxies in self._attempts(form, looks):
            data = form(self.content, looks, encoding, proxies)
            if len(data) <= self.limit:
                write_atomically(target, data, durable=False)
                return WrittenBundle(len(data), encoding, missing)
        raise self._too_small(form, looks)

    def _attempts(self, form: Form, looks: Looks) -> Iterator[tuple[ProxyEncoding, list[bytes]]]:
        """The proxies of all media, each time with fewer bytes, as long as they are worth it."""
        room = self._room(form, looks)
        encoding = target_for(room, self._seconds)
        best = ProxyEncoding(RUNGS[0])
        if not self.content.media or (encoding and (encoding.rate or 0) >= _GOOD):
            yield best, self._proxies(best)
        while encoding := target_for(room, self._seconds):
            proxies = self._proxies(encoding)
            yield encoding, proxies
            taken = sum(map(len, proxies))
            room = int(min(room * room / max(taken, room), room) * _LESS)

    @property
    def _seconds(self) -> list[Fraction]:
        return [media.seconds for media in self.content.media]

    def _proxies(self, encoding: ProxyEncoding) -> list[bytes]:
        maker = ProxyMaker(self.source.program, self.source.folder, self.source.kept)
        return maker.all(self.content.media, [encoding] * len(self._seconds), self.executor)

    def _room(self, form: Form, looks: Looks) -> int:
        """Bytes that all proxies may have together."""
        return int((self.limit - self._bare(form, looks)) / _GROWTH[form])

    def _bare(self, form: Form, looks: Looks) -> int:
        """Bytes of the bundle without its videos; base64 fills each up to three bytes."""
        count = len(self.content.media)
        return len(form(self.content, looks, ProxyEncoding(RUNGS[0]), [b""] * count)) + 4 * count

    def _too_small(self, form: Form, looks: Looks) -> BadInput:
        least = self._bare(form, looks) + least_room(self._seconds) * _GROWTH[form]
        total = show_duration(sum(self._seconds, Fraction(0)))
        message = plural(
            "the bundle needs {least}, for {n} video of {length} in total; --max-size is {limit}",
            "the bundle needs {least}, for {n} videos of {length} in total; --max-size is {limit}",
            len(self._seconds), least=show_size(int(least) + 1), length=total,
            limit=show_size(self.limit),
        )  # fmt: skip
        size = str(show_size(int(least) + 1)).replace(" ", "")
        hint = tr("use --max-size {size}, or choose one film with --deliverable", size=size)
        return BadInput(Diagnostic("bundle-too-large", message, hint=hint))

    # -- pictures ----------------------------------------------------------------------------------

    def _looks(self) -> tuple[Looks, tuple[Message, ...]]:
        """The posters of films and a picture of each shot; what could not be had is named."""
        films = {film.name: self.executor.submit(self._poster, film) for film in self.content.films}
        shots = {
            shot.id: self.executor.submit(self._picture, shot)
            for shot in self.content.shots
            if shot.clip
        }
        missing: list[Message] = []
        return Looks(_had(films, missing), _had(shots, missing)), tuple(missing)

    def _poster(self, film: BundledFilm) -> bytes:
        value = dict(film.media.tags).get(TAG, "")
        return _labelled(self._sharp(film) or self.source.poster(film.record), value)

    def _sharp(self, film: BundledFilm) -> bytes | None:
        """The film's own poster at the size of a phone's screen; None where it has none."""
        if film.record.poster is None:
            return None
        with suppress(OSError, BadPicture):
            image = upright(read_bytes(self.source.folder / film.record.poster.path))
            image.thumbnail((_POSTER, _POSTER))
            stream = io.BytesIO()
            image.save(stream, "JPEG", quality=75, optimize=True)
            return stream.getvalue()
        return None

    def _picture(self, shot: BundledShot) -> bytes:
        """The middle of the clip that was picked."""
        match shot.picked:
            case FootageRecord() as footage:
                frames = self.source.footage(footage)
            case TakeRecord() as take:
                frames = self.source.frames(take)
            case None:
                raise BadPicture(tr("no clip came"))
        return _labelled(frames[1], shot.label)


def _labelled(jpeg: bytes, value: str) -> bytes:
    """A picture keeps the label of AI-generated content that its video carries."""
    return labelled_jpeg(jpeg, value) if value else jpeg


def _had(pictures: Mapping[str, Future[bytes]], missing: list[Message]) -> dict[str, bytes]:
    results: dict[str, bytes] = {}
    for name, picture in pictures.items():
        try:
            results[name] = picture.result()
        except (FfmpegError, BadPicture, OSError, ValueError) as error:
            reason = error.sentence if isinstance(error, (FfmpegError, BadPicture)) else str(error)
            missing.append(tr("no picture of {name}: {reason}", name=name, reason=reason))
    return results


# -- the two forms ---------------------------------------------------------------------------------


def _html(
    content: BundleContent, looks: Looks, encoding: ProxyEncoding, proxies: Sequence[bytes]
) -> bytes:
    """One page with everything in it."""
    addresses = [data_uri(proxy, "video/mp4") for proxy in proxies]
    sizes = [encoding.rung.size(media.size) for media in content.media]
    return page(content, looks, addresses, sizes).encode("utf-8", "replace")


def _zip(
    content: BundleContent, looks: Looks, encoding: ProxyEncoding, proxies: Sequence[bytes]
) -> bytes:
    """A page with its videos beside it. Names are ASCII: old unpackers garble all others."""
    names = [f"videos/{number}.mp4" for number, _ in enumerate(content.media, start=1)]
    sizes = [encoding.rung.size(media.size) for media in content.media]
    text = page(content, looks, names, sizes).encode("utf-8", "replace")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        _put(archive, "index.html", text, zipfile.ZIP_DEFLATED)
        for name, proxy in zip(names, proxies, strict=True):
            _put(archive, name, proxy, zipfile.ZIP_STORED)
    return stream.getvalue()


def _put(archive: zipfile.ZipFile, name: str, data: bytes, how: int) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.external_attr = 0o644 << 16
    entry.compress_type = how
    archive.writestr(entry, data)


FORMS: Mapping[str, Form] = {".html": _html, ".zip": _zip}
_GROWTH: Mapping[Form, Fraction] = {_html: Fraction(4, 3), _zip: Fraction(1)}  # of a video's bytes
