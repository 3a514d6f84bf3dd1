"""Rules about overlays and fades: files, places, times and sizes."""

from collections.abc import Iterator
from fractions import Fraction

from wanx_render.diagnostics import Diagnostic, Span
from wanx_render.geometry import Size, largest_exact
from wanx_render.language import tr
from wanx_render.shotlist.model import Deliverable, Overlay
from wanx_render.validation.context import Scene, is_url, overlays_in, used


def overlay_not_local(scene: Scene) -> Iterator[Diagnostic]:
    for path, overlay in overlays_in(scene.shots, scene.deliverables):
        if is_url(overlay.image) or overlay.image.startswith("data:"):
            message = tr("an overlay must be a local file")
            place = scene.place((*path, "image"))
            yield Diagnostic("overlay-not-local", message, place, tr("download it first"))


def overlay_outside(scene: Scene) -> Iterator[Diagnostic]:
    """An overlay that would begin when its shot or film is over."""
    lengths = {index: used(shot, source.seconds) for index, shot, source in scene.sources}
    for path, overlay in overlays_in(scene.shots, scene.deliverables):
        end = lengths.get(int(path[1])) if path[0] == "shots" else _seconds(scene)
        if end is not None and overlay.start >= end:
            message = tr(
                "the overlay from {start:g} s is after the end at {end:g} s",
                start=float(overlay.start), end=float(end),
            )  # fmt: skip
            yield Diagnostic("overlay-outside", message, scene.place((*path, "from")))


def overlay_size(scene: Scene) -> Iterator[Diagnostic]:
    """Overlays that have no room in a deliverable, and those that it would enlarge."""
    for path, overlay in overlays_in(scene.shots, scene.deliverables):
        picture = scene.pictures.get(overlay.image)
        for index, deliverable in scene.deliverables.items():
            is_meant = path[0] == "shots" or path[1] == index
            if picture and is_meant:
                place = scene.place((*path, "width"))
                yield from _sized(scene, deliverable, overlay, picture.size, place)


def _sized(
    scene: Scene, deliverable: Deliverable, overlay: Overlay, picture: Size, place: Span
) -> Iterator[Diagnostic]:
    # What draws takes a tenth of a start; lists without overlays do without it.
    from wanx_render.effects import overlays

    frame, platform = _frame(scene, deliverable), deliverable.safe_area or ""
    size, room = overlays.drawn_size(overlay, picture, frame), overlays.room_in(frame, platform)
    names = {"name": deliverable.name, "file": overlay.image[:100]}
    if overlays.placed(overlay, picture, frame, platform) is None:
        most = min(Fraction(room.width), Fraction(room.height * picture.width, picture.height))
        part = int(most / frame.width * 100) / 100
        message = tr("{name}: the overlay {file} does not fit", **names)
        if platform:
            message = tr("{name}: the overlay {file} does not fit into the safe area", **names)
        hint = tr("use width: {part:g} or less", part=part)
        yield Diagnostic("overlay-too-large", message, place, hint)
    elif _is_known(scene, deliverable) and size.width > picture.width:
        message = tr(
            "{name} enlarges the overlay {file} {times:.2f}×",
            times=size.width / picture.width, **names,
        )  # fmt: skip
        hint = tr("use a picture of at least {n} pixels in width", n=size.width)
        yield Diagnostic("overlay-enlarged", message, place, hint, "warning")


def _is_known(scene: Scene, deliverable: Deliverable) -> bool:
    return bool(deliverable.size or scene.clips)


_NOMINAL = 1080  # pixels of the shorter side; whether a picture fits depends on the aspect alone


def _frame(scene: Scene, deliverable: Deliverable) -> Size:
    """The size of a deliverable; a frame of its shape where no clip's size is known."""
    if deliverable.size:
        return deliverable.size
    clips = tuple(dict.fromkeys(clip for _, clip in scene.clips))
    try:
        return largest_exact(clips, deliverable.aspect, deliverable.fit)
    except ValueError:
        short = min(deliverable.aspect.width, deliverable.aspect.height)
        return deliverable.aspect.size(max(2 * round(_NOMINAL / 2 / short), 2))


def fade_too_long(scene: Scene) -> Iterator[Diagnostic]:
    whole = _seconds(scene)
    for index, deliverable in scene.deliverables.items():
        fades = {"fade_in": deliverable.fade_in, "fade_out": deliverable.fade_out}
        lengths = {key: fade.duration for key, fade in fades.items() if fade}
        seconds = sum(lengths.values(), Fraction(0))
        if whole is not None and seconds > whole:
            yield Diagnostic(
                "fade-too-long",
                tr(
                    "{name}: fades of {seconds:g} s do not fit into {whole:g} s",
                    name=deliverable.name, seconds=float(seconds), whole=float(whole),
                ),
                scene.place(("deliverables", index, max(lengths, key=lambda key: lengths[key]))),
                tr("shorten them"),
            )  # fmt: skip


def _seconds(scene: Scene) -> Fraction | None:
    """How long the film is; None where it is not known of every shot."""
    return scene.seconds if len(scene.sources) == len(scene.ids) else None
