"""Rules about the pictures that are sent: limits of the models, repairs, and how they are prepared.

They know the catalog's figures, never a model's name.
"""

from collections.abc import Iterator

from wanx_render.diagnostics import Diagnostic
from wanx_render.language import NOTHING, Message, joined, tr
from wanx_render.media.images import Picture, Repair
from wanx_render.validation.context import Scene, Sent, either, is_url, mib, pictures_of


def image_not_here(scene: Scene) -> Iterator[Diagnostic]:
    """What only the service can fetch cannot be prepared."""
    for index, shot, _ in scene.models:
        for key in ("image", "last_image"):
            name = getattr(shot, key)
            if shot.fit_image and isinstance(name, str) and is_url(name):
                yield Diagnostic(
                    "fit-image-url",
                    tr("fit_image cannot prepare a picture at a URL"),
                    scene.at(index, key),
                    tr("download it and use the local file, or set fit_image: off"),
                )


def image_outside_limits(scene: Scene) -> Iterator[Diagnostic]:
    """Documents disagree by date: outside all of them is an error, outside one a warning."""
    for sent in scene.sent:
        if sent.problem:
            yield Diagnostic("fit-image-impossible", sent.problem, scene.place(sent.path))
        if sent.problem or sent.preparation:
            continue
        yield from _sides_outside(scene, sent)
        yield from _file_outside(scene, sent)


def _file_outside(scene: Scene, sent: Sent) -> Iterator[Diagnostic]:
    """What is not accepted of a file that is sent as it is."""
    name, picture, model = sent.name, sent.picture, sent.model
    limit, larger = model.of_pictures.bytes.value, model.of_pictures.bytes.variants
    if picture.bytes > limit:
        yield Diagnostic(
            "image-bytes",
            tr(
                "{name} has {size} MiB; {model} accepts at most {limit} MiB",
                name=name, size=mib(picture.bytes), model=model.name, limit=mib(limit),
            ),
            scene.place(sent.path),
            tr("save it smaller, or as JPEG"),
            "warning" if any(picture.bytes <= v.value for v in larger) else "error",
        )  # fmt: skip
    if picture.sent_as not in model.of_pictures.formats.value:
        yield Diagnostic(
            "image-format",
            tr(
                "{name} is {format}; {model} accepts {formats}",
                name=name, format=picture.sent_as, model=model.name,
                formats=either(model.of_pictures.formats.value),
            ),
            scene.place(sent.path),
        )  # fmt: skip


def _sides_outside(scene: Scene, sent: Sent) -> Iterator[Diagnostic]:
    picture, model = sent.picture, sent.model
    sides = (picture.size.width, picture.size.height)
    figure = model.of_pictures.sides
    (low, high), variants = figure.value, figure.variants
    if low <= min(sides) and max(sides) <= high:
        return
    fits_elsewhere = any(v.value[0] <= min(sides) and max(sides) <= v.value[1] for v in variants)
    yield Diagnostic(
        "image-sides",
        tr(
            "{name} is {size}; {model} accepts sides of {low} to {high} pixels",
            name=sent.name, size=str(picture.size), model=model.name, low=low, high=high,
        ),
        scene.place(sent.path),
        _how_to_scale(sent),
        "warning" if fits_elsewhere else "error",
    )  # fmt: skip


def _how_to_scale(sent: Sent) -> Message:
    """What another document says of the sides, or which word of the user scales the picture."""
    variants = sent.model.of_pictures.sides.variants
    limits = [
        tr("{low} to {high} ({source})", low=v.value[0], high=v.value[1], source=v.source)
        for v in variants
    ]
    scale = tr("fit_image: match scales it to what the model accepts")
    if not limits:
        return scale
    documents = tr("another document says {limits}", limits=joined(limits, tr(", ")))
    return joined((documents, scale), tr("; "))


def image_shape(scene: Scene) -> Iterator[Diagnostic]:
    for sent in scene.sent:
        picture, model = sent.picture, sent.model
        long = max(picture.size.width, picture.size.height)
        short = min(picture.size.width, picture.size.height)
        is_sent_whole = not sent.preparation and not sent.problem
        if is_sent_whole and model.image_aspect and long > model.image_aspect.value * short:
            limit = model.image_aspect.value
            yield Diagnostic(
                "image-aspect",
                tr(
                    "{name} is {size}; {model} accepts shapes of 1:{limit} to {limit}:1",
                    name=sent.name, size=str(picture.size), model=model.name, limit=limit,
                ),
                scene.place(sent.path),
                tr("fit_image: match cuts it to a shape that the model accepts"),
            )  # fmt: skip
        if sent.wish is None:
            yield from _unasked(scene, sent)


def _unasked(scene: Scene, sent: Sent) -> Iterator[Diagnostic]:
    """What is not repaired without a word of the user, because one sees the difference."""
    if sent.picture.transparent:
        yield Diagnostic(
            "image-transparent",
            tr(
                "{name} has transparency; {model} accepts none",
                name=sent.name, model=sent.model.name,
            ),
            scene.place(sent.path),
            tr("use fit_image: {{background: white}}, or save it without transparency"),
        )  # fmt: skip
    if "gif" in sent.picture.wishes:
        yield Diagnostic(
            "image-gif",
            tr("{name} is a GIF picture, of which only one picture can be sent", name=sent.name),
            scene.place(sent.path),
            tr("use fit_image: match to send the first, or save the one you want as PNG"),
        )


def image_scaled(scene: Scene) -> Iterator[Diagnostic]:
    """A picture that the model would refuse is sent larger or smaller: said once for each.

    Not where ``fit_image`` makes it smaller: the plan shows what is sent.
    """
    names: set[str] = set()
    for sent in scene.sent:
        preparation, size = sent.preparation, sent.picture.size
        if preparation is None or preparation.enlargement == 1 or sent.name in names:
            continue
        if sent.wish is not None and preparation.enlargement < 1:
            continue
        names.add(sent.name)
        times = float(preparation.enlargement)
        yield Diagnostic(
            "image-scaled",
            tr(
                "{name} is {size}; it is sent as {sent}, scaled {times:.2f}×",
                name=sent.name, size=str(size), sent=str(preparation.sent), times=times,
            ),
            scene.place(sent.path),
            tr("use a larger picture") if times > 1 else NOTHING,
            "warning",
        )  # fmt: skip


def image_repaired(scene: Scene) -> Iterator[Diagnostic]:
    """What is sent of a picture is not always its file: said once for each picture."""
    fitted = (shot for shot in scene.generated.values() if shot.fit_image)
    prepared = {name for shot in fitted for _, name in pictures_of(shot)}
    names: set[str] = set()
    for path, name, picture in scene.looks():
        if name in names or picture.wishes:
            continue
        names.add(name)
        for code, message, hint in _repairs(name, picture):
            if not (name in prepared and code in _PREPARING):
                yield Diagnostic(code, message, scene.place(path), hint, "warning")


_PREPARING = ("image-turned", "image-converted")  # what fit_image asks for anyway


def _repairs(name: str, picture: Picture) -> Iterator[tuple[str, Message, Message]]:
    """For each thing that is put right in a picture: code, message and hint."""
    for repair in picture.repairs:
        match repair:
            case "animated":
                message = tr("{name} is animated: only its first picture is sent", name=name)
                yield "image-animated", message, tr("save the picture you want as its own file")
            case "several":
                message = tr("{name} holds several pictures: only the first is sent", name=name)
                hint = tr("to use another picture, save it as its own file")
                yield "image-converted", message, hint
            case "metadata":
                message = tr("{name} has damaged metadata, which is not sent", name=name)
                yield "image-exif", message, tr("to be sure of its colours, save it again")
            case "exif":
                message = tr("{name} has damaged EXIF data, which is not sent", name=name)
                hint = tr("if the picture appears turned, save it upright")
                yield "image-exif", message, hint
            case "turned":
                message = tr(
                    "{name} is turned by its EXIF data: an upright copy is sent", name=name
                )
                hint = tr("to choose its quality yourself, save it upright")
                yield "image-turned", message, hint
            case "depth" | "palette" | "cmyk" | "opaque" | "format":
                pass  # named together, below
    reasons = [_CONVERTED[name] for name in picture.repairs if name in _CONVERTED]
    if reasons and "animated" not in picture.repairs:
        yield "image-converted", *_conversion(name, picture, reasons)


def _conversion(name: str, picture: Picture, reasons: list[Message]) -> tuple[Message, Message]:
    """What is said where another file than the picture's own is sent, and the hint."""
    message = tr(
        "{name} is converted to 8-bit sRGB and sent as {format}; the file has: {reasons}",
        name=name, format=picture.sent_as, reasons=joined(reasons, tr(", ")),
    )  # fmt: skip
    hint = tr(
        "to convert it yourself, save it as {format} in RGB with 8 bits per channel",
        format=picture.sent_as,
    )
    return message, hint


_CONVERTED: dict[Repair, Message] = {
    "depth": tr("more than 8 bits per channel"),
    "palette": tr("a palette"),
    "cmyk": tr("CMYK colours"),
    "opaque": tr("an opaque alpha channel"),
    "format": tr("a format that models do not accept"),
}
