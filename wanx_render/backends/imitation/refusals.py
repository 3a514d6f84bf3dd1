"""What the service refuses: requests that the model of the catalog cannot take, and its words."""

from collections.abc import Iterator
from dataclasses import dataclass

from wanx_render.backends.imitation.outcome import input_seconds
from wanx_render.catalog.abilities import Model, PictureArea, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.catalog.request_forms import Form
from wanx_render.geometry import Size
from wanx_render.task import TaskRequest

AT_ONCE = 0.1  # seconds from acceptance to FAILED, as a third party saw it
SIZE_CHECKED = 16.0  # the same for a size that the model does not have


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is refused, and how long the service takes to notice.

    ``field`` is where the fault is; ``seen``: somebody saw the service refuse so.
    """

    code: str
    message: str
    seconds: float = AT_ONCE
    field: str = "input"
    seen: bool = False


UNKNOWN_MODEL = Refusal("InvalidParameter", "Model not exist.", field="model", seen=True)
NO_WORDS = Refusal("InvalidParameter", "prompt must contain words", field="input.prompt", seen=True)


def refusal_of(request: TaskRequest, catalog: Catalog) -> Refusal | None:
    """Why the service would refuse; None for a request that it takes."""
    return next(refusals_of(request, catalog), None)


def refusals_of(request: TaskRequest, catalog: Catalog) -> Iterator[Refusal]:
    """Everything for which the service would refuse; the first is what it says."""
    entry = catalog.models.get(request.model) or catalog.pictures.get(request.model)
    if entry is None or request.region not in entry.region_names.value:
        yield UNKNOWN_MODEL
        return
    if isinstance(entry, PictureModel):
        refusals = [_refusal_of_picture(request, entry)]
    else:
        refusals = [
            _refusal_of_media(request, entry, catalog.form(entry)),
            *_refusals_of_values(request, entry),
            _refusal_of_shape(request, entry),
        ]
    yield from filter(None, refusals)


def invalid(message: str, field: str = "input", *, seen: bool = False) -> Refusal:
    """The commonest refusal: a parameter that cannot be."""
    return Refusal("InvalidParameter", message, field=field, seen=seen)


def _refusal_of_media(request: TaskRequest, model: Model, form: Form) -> Refusal | None:
    media = request.media
    roles = frozenset(role for role, _ in media)
    if not roles and not (model.accepts(()) and _least(model) == 0):
        return invalid(missing(form), seen=True)
    is_of_words = roles <= {"soundtrack"} and model.accepts(roles)
    if is_of_words and not request.prompt.strip() and not request.template:
        return NO_WORDS
    if not model.accepts(roles):
        names = " + ".join(form.places.get(role, role) for role, _ in media)
        return invalid(f"the combination {names} is not supported.")
    return _refusal_of_counts(request, model) if request.references or model.counts else None


def _refusal_of_counts(request: TaskRequest, model: Model) -> Refusal | None:
    counted: dict[str, int] = {"references": len(request.references)}
    for role, _ in request.media:
        counted[role] = counted.get(role, 0) + 1
    for name, count in counted.items():
        low, high = _references(model) if name == "references" else model.allowed(name)
        if not low <= count <= high:
            return invalid(f"the number of {name} must be between {low} and {high}.")
    return None


def _least(model: Model) -> int:
    return _references(model)[0]


def _references(model: Model) -> tuple[int, int]:
    counts = model.counts.value if model.counts else {}
    return counts.get("references", (0, 1000))


def missing(form: Form) -> str:
    """What the service says where nothing is there that a clip could begin with.

    The first two were seen; lists of addresses are assumed to be named as the media list is.
    """
    if "last_frame" in form.places and form.fields["last_frame"].kind == "address":
        return "video frames must be set"
    place = next(iter(form.fields.values()))
    if place.kind == "address":
        return f"{place.field} must be set for image to video method"
    return f"Field required: input.{place.field}"


def _refusals_of_values(request: TaskRequest, model: Model) -> Iterator[Refusal]:
    if request.duration not in model.durations.value:
        yield _unsupported("duration", request.duration)
    elif request.first_clip and input_seconds(request) >= request.duration:
        yield invalid("duration must be longer than the first clip.", "parameters.duration")
    if request.template and not _takes_template(request, model):
        yield invalid(f"template {request.template} is not supported.", "input.template")
    shot_types = model.shot_types.value if model.shot_types else ()
    if request.shot_type and request.shot_type not in shot_types:
        yield _unsupported("shot_type", request.shot_type)
    ratios = model.ratios.value if model.ratios else ()
    if request.ratio and request.ratio not in ratios:
        yield _unsupported("ratio", request.ratio)


def _unsupported(name: str, value: object) -> Refusal:
    return invalid(f"{name} {value} is not supported.", f"parameters.{name}")


def _takes_template(request: TaskRequest, model: Model) -> bool:
    templates = model.templates.value if model.templates else ()
    regions = model.template_regions.value if model.template_regions else (request.region,)
    return request.template in templates and request.region in regions


def _refusal_of_shape(request: TaskRequest, model: Model) -> Refusal | None:
    if request.size:
        sizes = model.sizes.value.get(request.resolution, ()) if model.sizes else ()
        if str(request.size) not in sizes:
            return wrong_size(request.size)
    if request.resolution not in model.tiers.value:
        return _unsupported("resolution", request.resolution)
    return None


def wrong_size(size: Size) -> Refusal:
    """A size that a video model does not have: noticed late."""
    message = f"The size is not match {str(size).replace('x', '*')}"
    return Refusal("InvalidParameter", message, SIZE_CHECKED, "parameters.size", seen=True)


def _refusal_of_picture(request: TaskRequest, model: PictureModel) -> Refusal | None:
    if not request.prompt.strip():
        return invalid("input.prompt should not be null", "input.prompt", seen=True)
    size, sizes = request.size, model.sizes.value
    if size is None:
        return None
    wrong = _wrong_size_of_picture(size, sizes)
    return invalid(wrong, "parameters.size", seen=True) if wrong else None


def _wrong_size_of_picture(size: Size, sizes: tuple[str, ...] | PictureArea) -> str:
    """What is said of a size that a picture model does not have; empty where it has it."""
    if isinstance(sizes, tuple):
        allowed = ", ".join(sizes).replace("x", "*")
        return "" if str(size) in sizes else f"The size does not match the allowed size {allowed}."
    low, high = sizes.area
    if not low <= size.area <= high:
        return f"Image area must be between {low} and {high} pixels."
    return "" if _fits(size, sizes) else "The size is not supported."


def _fits(size: Size, area: PictureArea) -> bool:
    low, high = area.sides or (1, 100_000)
    sides = (size.width, size.height)
    return all(low <= side <= high and side % area.multiple == 0 for side in sides)
