"""Questions as calls: which models they are about, and what is sent."""

import base64
import json
import random
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from wanx_render.backends.raw import RawCall
from wanx_render.catalog.abilities import Model
from wanx_render.catalog.capabilities import Catalog
from wanx_render.conformance.probe import Noise, Question
from wanx_render.task import Role

UNKNOWN_MODEL = "wanx-render-no-such-model"
WRONG_KEY = "sk-wanx-render-no-such-key"
_NOWHERE = "/services/aigc/nowhere/video-synthesis"
_SHOWN_CHARACTERS = 100  # of a text of a body that is kept


def targets(question: Question, catalog: Catalog, region: str) -> tuple[Model | None, ...]:
    """The models that a question is about; one None where it is about none.

    Empty where the region has no such model.
    """
    here = [m for m in catalog.models.values() if region in m.region_names.value]
    match question.models:
        case "" | "unknown":
            return (None,)
        case "every":
            return tuple(here)
        case "frames":
            return tuple(model for model in here if "first_frame" in model.roles)
        case "elsewhere":
            others = (model for model in catalog.models.values() if model not in here)
            return tuple(model for model in others if "first_frame" in model.roles)
        case "cheapest":
            return cheapest(question.form, question.role, catalog, region)


def cheapest(form: str, role: Role, catalog: Catalog, region: str) -> tuple[Model, ...]:
    """The model of a region with the least price a second that takes ``role`` in ``form``."""
    fitting = [
        model
        for model in catalog.models.values()
        if region in model.region_names.value
        and model.request_form.value == form
        and role in model.roles
    ]
    return tuple(sorted(fitting, key=lambda m: _least_price(m, catalog, region))[:1])


def _least_price(model: Model, catalog: Catalog, region: str) -> Decimal:
    prices = (catalog.price_per_second(model.name, region, tier) for tier in model.tiers.value)
    return min((price[0] for price in prices if price), default=Decimal("Infinity"))


def name_at(model: Model, region: str) -> str:
    """What a region calls a model, or would: what another one calls it."""
    names = model.region_names.value
    return names.get(region) or next(iter(names.values()), model.name)


def call_of(
    question: Question, model: Model | None, catalog: Catalog, region: str, key: str
) -> RawCall:
    """What is sent for a question about ``model``."""
    name = name_at(model, region) if model else ""
    sent_key = {"own": key, "wrong": WRONG_KEY, "none": None}[question.key]
    match question.call:
        case "query":
            path = f"/tasks/{question.task}"
            return RawCall("GET", path, headers=question.headers, key=sent_key)
        case "list":
            return RawCall("GET", "/tasks", {"page_no": "1", "page_size": "100"}, key=sent_key)
        case "cancel":
            return RawCall("POST", f"/tasks/{question.task}/cancel", key=sent_key)
        case "policy":
            return RawCall("GET", "/uploads", {"action": "getPolicy", "model": name}, key=sent_key)
        case "create" | "nowhere":
            form = catalog.form(model) if model else catalog.forms["img_url"]
            path = _NOWHERE if question.call == "nowhere" else form.path
            headers = {"X-DashScope-Async": "enable"} if question.is_async else {}
            body = json.dumps(body_of(question, name)).encode()
            return RawCall("POST", path, headers=headers, body=body, key=sent_key)


def body_of(question: Question, name: str) -> dict[str, Any]:
    """The body of a create call of the model called ``name`` at the service."""
    if question.models == "unknown":
        name = UNKNOWN_MODEL
    fields = _written(dict(question.fields))
    return {"model": name, **fields} if name else dict(fields)


def _written(value: Any) -> Any:
    """``value`` with its noise as text."""
    if isinstance(value, Noise):
        data = random.Random(0).randbytes(round(value.megabytes * 1_000_000))  # noqa: S311
        return value.prefix + base64.b64encode(data).decode()
    if isinstance(value, Mapping):
        return {name: _written(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_written(item) for item in value]
    return value


def shortened(value: Any) -> Any:
    """A body for people: long texts by their beginning and their length."""
    if isinstance(value, str) and len(value) > _SHOWN_CHARACTERS:
        return f"{value[:40]}... ({len(value)} characters)"
    if isinstance(value, dict):
        return {name: shortened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value]
    return value
