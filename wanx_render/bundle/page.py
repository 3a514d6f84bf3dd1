"""The page of a bundle as HTML: a function of its content, pictures and the videos' addresses.

It loads nothing from a network. Without its scripts it is still a page with players. All that
people wrote is escaped, and a content policy protects the page even if that failed.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from wanx_render.bundle.comments import FORMAT, LONGEST_NAME, LONGEST_TEXT, VERSION
from wanx_render.bundle.content import BundleContent, BundledFilm, Media
from wanx_render.geometry import Size
from wanx_render.language import Message, plural, tr
from wanx_render.reports import wording
from wanx_render.reports.bilingual import (
    SWITCH,
    PageTexts,
    both,
    environment,
    script_source,
    script_text,
    style_source,
)
from wanx_render.timing import show_duration

HERE = Path(__file__).parent
SCRIPT = HERE / "bundle.js"

# What the page's script says.
_TEXTS: dict[str, Message] = {
    "comment-at": tr("Comment at {time}", time="{time}"),
    "at": tr("at {time}", time="{time}"),
    "on-film": tr("On the whole film"),
    "earlier": tr("Earlier"),
    "later": tr("Later"),
    "edit": tr("Edit"),
    "remove": tr("Delete"),
    "add": tr("Add comment"),
    "change": tr("Save changes"),
    "none": tr("No comments yet"),
    "count-one": tr("1 comment"),
    "count": tr("{n} comments", n="{n}"),
    "unsent": tr("not sent yet"),
    "sent": tr("saved"),
    "name-missing": tr("Write your name, so that it is known who says this."),
    "text-missing": tr("Write a comment first."),
    "shared": tr("Passed on. Send this file to the person who sent you the page."),
    "saved": tr(
        "Saved as {file}. Send this file to the person who sent you the page.", file="{file}"
    ),
    "copied": tr("Copied. Paste it into a message to the person who sent you the page."),
    "copy-by-hand": tr("Select all of the text below and copy it."),
    "not-kept": tr("This browser keeps nothing. Save your comments before you close the page."),
    "unplayable": tr("This browser cannot play the video. Open the page in another browser."),
    "play": tr("Play {shot}", shot="{shot}"),
    "share-title": tr("Comments on {project}", project="{project}"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looks:
    """The pictures of a page, as the bytes of JPEG files; what is missing is left out."""

    posters: Mapping[str, bytes] = field(default_factory=dict)  # by a deliverable's name
    shots: Mapping[str, bytes] = field(default_factory=dict)  # by a shot's id


@dataclass(frozen=True, slots=True)
class Screen:
    """A video of the page: a film, or a shot that no film shows."""

    number: int
    name: str
    size: Size
    address: Markup | str
    seconds: Fraction
    film: BundledFilm | None
    poster: bytes | None


def page(
    content: BundleContent, looks: Looks, addresses: Sequence[Markup | str], sizes: Sequence[Size]
) -> str:
    """The whole page. ``addresses`` and ``sizes`` are those of the proxies of ``content.media``.

    An address is relative to the page, or a data URI.
    """
    style = (HERE / "bundle.css").read_text(encoding="utf-8")
    screens = _screens(content, looks, addresses, sizes)
    return _template().render(
        content=content, looks=looks, screens=screens, style=Markup(style),  # noqa: S704  # our own
        style_source=Markup(style_source(style)),  # noqa: S704
        sources=Markup(" ").join((script_source(), script_source(SCRIPT))),
        texts=PageTexts(), switch=SWITCH, script=Markup(script_text(SCRIPT)),  # noqa: S704
        data=_data(content, screens),
        longest_text=LONGEST_TEXT, longest_name=LONGEST_NAME,
    )  # fmt: skip


@cache
def _template() -> jinja2.Template:
    templates = environment(HERE)
    templates.filters |= {
        "visible": wording.visible,
        "language": wording.language,
        "jpeg": wording.data_uri,
        "duration": _length,
    }
    templates.globals |= {"plural": plural}
    return templates.get_template("bundle.html")


def _length(seconds: Fraction) -> str:
    return show_duration(seconds, tenths=seconds < 10)


def _screens(
    content: BundleContent, looks: Looks, addresses: Sequence[Markup | str], sizes: Sequence[Size]
) -> list[Screen]:
    of_media: list[tuple[str, Media, BundledFilm | None, bytes | None]] = [
        (film.name, film.media, film, looks.posters.get(film.name)) for film in content.films
    ]
    of_media += [
        (shot.id, shot.media, None, looks.shots.get(shot.id))
        for shot in content.shots
        if shot.media
    ]
    return [
        Screen(number, name, size, address, media.seconds, film, poster)
        for number, ((name, media, film, poster), address, size) in enumerate(
            zip(of_media, addresses, sizes, strict=True)
        )
    ]


def _data(content: BundleContent, screens: Sequence[Screen]) -> Markup:
    """What the page's script knows, as JSON that can stand in a page."""
    numbers = {screen.name: screen.number for screen in screens if not screen.film}
    record = {
        "format": FORMAT,
        "version": VERSION,
        "project": wording.plain(content.project),
        "row": wording.plain(content.row),
        "bundle": content.id,
        "films": [_film(screen, screen.film) for screen in screens if screen.film],
        "shots": [
            {
                "id": wording.plain(shot.id), "clip": shot.clip, "take": shot.take,
                "from": _ms(shot.clip_start), "length": _ms(shot.seconds),
                "screen": numbers.get(shot.id) if shot.media else None,
            }
            for shot in content.shots
        ],
        "texts": {name: both(text) for name, text in _TEXTS.items()},
    }  # fmt: skip
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))  # noqa: S704


def _film(screen: Screen, film: BundledFilm) -> dict[str, Any]:
    return {
        "screen": screen.number,
        "name": wording.plain(screen.name),
        "length": _ms(screen.seconds),
        "parts": [
            {
                "shot": wording.plain(part.shot), "clip": part.clip, "take": part.take,
                "start": _ms(part.start), "length": _ms(part.seconds),
                "from": _ms(part.clip_start), "speed": float(part.speed),
            }
            for part in film.stretches
        ],
    }  # fmt: skip


def _ms(seconds: Fraction) -> int:
    return round(seconds * 1000)
