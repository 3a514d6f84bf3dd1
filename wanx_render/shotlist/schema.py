"""The JSON Schema of the shot list, for editors: made from the models, worded for hover help.

In the subset that yaml-language-server reads (draft 7): ``definitions``, no tuples by position.
"""

import warnings
from typing import Any

from pydantic.json_schema import PydanticJsonSchemaWarning

from wanx_render.catalog import platform_sizes
from wanx_render.catalog.capabilities import Catalog
from wanx_render.shotlist import transitions
from wanx_render.shotlist.model import Matrix, ShotList

DESCRIPTIONS = {
    "version": "The version of the language: 1",
    "project": "Names the render folder; letters and digits of any script, -, _ and .",
    "backend": "Where tasks run: mock needs no key and no money",
    "region": "Each region has its own endpoint and its own key",
    "budget": "A run never submits past it",
    "max_cost": "An amount with its currency, such as 20 CNY",
    "defaults": "Any field of a shot, for all shots; a shot overrides it",
    "vars": "Values by name; ${name} stands for one of them in any string of the list",
    "matrix": "A table; the list is made once for each of its rows, in a folder of its own",
    "from": "The table: CSV with a header, a JSON list of objects, or JSON lines",
    "rows": "The table's rows, written here",
    "shots": "The shots, in the order in which they are joined",
    "deliverables": "The finished files; an aspect alone, such as 3:4, means an exact crop",
    "id": "The shot's name, unique in the list",
    "model": "A model of the catalog; `wanx-render models` shows them",
    "image": "The first frame: a path, a URL, a data URI, or {shot: ID, frame: last}",
    "last_image": "The picture the clip ends on; only some models take one",
    "prompt": "What happens in the shot",
    "negative_prompt": "What shall not be seen",
    "template": "An effect template; the service then ignores the prompt",
    "resolution": "A tier of the model: a number of pixels, not a frame size",
    "duration": "Seconds. For a shot: each model has its own choice. For a transition: its length",
    "audio": "For a shot: silent, auto, or a sound file. For a deliverable: music and loudness",
    "prompt_extend": "Let the service rewrite the prompt (its default)",
    "watermark": "Let the service stamp the clip",
    "seed": "The first take's seed; the others are derived from it",
    "takes": "How many to generate, each with its own seed",
    "pick": "The take that goes into the deliverables",
    "trim": "The part of the clip that is used, in seconds",
    "start": "Where the used part begins, in seconds",
    "end": "Where the used part ends, in seconds",
    "focus": "What a crop keeps in view, as fractions of width and height; {from, to} to move. "
    "For a deliverable: by the shot's id, instead of the shot's own",
    "speed": "How many times as fast the clip is played, from 0.5 to 2; the pitch is kept",
    "colours": "The colours of the clip, where its tags are missing or wrong; else as it is tagged",
    "hdr": "What becomes of a clip in HDR: map its tones to SDR, or refuse it",
    "alpha": "How a transparent clip holds its colours: straight, or multiplied by its alpha",
    "hold": "Seconds for which the last frame stands at the end, in silence",
    "transition": "How the shot goes over into the next",
    "type": "The kind of transition",
    "through": f"What a {transitions.with_key('through')} goes through",
    "direction": f"Where a {transitions.with_key('direction')} moves to",
    "shot": "The shot whose picked take gives the frame",
    "frame": "Which frame: the last",
    "name": "The file's name without .mp4; derived from the aspect where it is left out",
    "aspect": "The exact ratio of width to height, such as 9:16",
    "size": "Exact pixels, such as 1080x1920, or a platform's name, such as douyin; without it the "
    "largest that enlarges no clip. "
    "For captions: the height of a character, as a fraction of the frame's shorter side",
    "fit": "crop cuts, pad adds bars, blur sets the picture on a blurred copy of itself",
    "motion": "How frames that a clip lacks are made, where rates differ or its speed is changed: "
    "repeat, blend (mixed of two), flow (along what moves; slow)",
    "background": "The colour of the bars for pad: a name or #RRGGBB",
    "fps": "Frames a second; without it the highest among the shots",
    "music": "A sound file laid under the whole; or {file, gain, start, fade_in, fade_out}",
    "file": "The sound file",
    "gain": "How much louder, in decibels; mute for not at all",
    "fade_in": "Seconds over which the music comes in",
    "fade_out": "Seconds over which the music goes out at the end",
    "voices": "Sound files laid over the whole, each from a shot's beginning or a time on",
    "at": "For a voice: seconds after the beginning of the shot, or of the whole where no shot is "
    "named. For a label: start shows it for three seconds, always to the end",
    "label": "The label of AI-generated content: words over the finished film and a tag in its "
    "metadata; none where it is made elsewhere",
    "visible": "The words of the label; none for no words",
    "corner": "Where the words of the label stand",
    "metadata": "Whether the tag AIGC is written; tags that clips carry are kept in any case",
    "producer": "The tag's ContentProducer",
    "produce_id": "The tag's ProduceID",
    "propagator": "The tag's ContentPropagator",
    "propagate_id": "The tag's PropagateID",
    "caption": "Words that are seen over the shot",
    "caption_style": "How captions look: {size, colour, outline, position, box}",
    "colour": "The colour of the letters: a name, #RRGGBB or #RRGGBBAA",
    "outline": "The colour of the edge around the letters, or none",
    "position": "Where captions are: bottom, middle or top",
    "box": "The colour of a box behind the captions, or none; #RRGGBBAA says how dense it is",
    "safe_area": "The platform whose buttons and texts captions and label stay clear of",
    "lang": "The language of captions, such as zh-Hant or ja: forms of characters, line breaks",
    "quality": "draft to look at quickly, standard, master for further editing",
    "codec": "h264 is what every player knows; the others where this machine's ffmpeg has them",
    "poster": "The second whose frame becomes the poster; else one of the first shot",
    "captions": "Whether captions are burnt in, written as an SRT file beside the video, or both",
    "subtitles": "An SRT, WebVTT, ASS or LRC file for the whole, beside the shots' captions",
    "font": "A font file for captions; without it one that has Chinese and Japanese",
    "sound": "The clip's own sound in the deliverables: keep, mute, or decibels",
    "duck": "Lower the music under speech",
    "loudness": "The target in LUFS, such as -14",
}


def json_schema(catalog: Catalog) -> dict[str, Any]:
    """The schema as plain data; models and tiers of ``catalog`` are offered as examples."""
    with warnings.catch_warnings():
        # Exact values (fractions) as defaults have no JSON form; defaults are left out anyway.
        warnings.simplefilter("ignore", PydanticJsonSchemaWarning)
        raw = ShotList.model_json_schema(ref_template="#/definitions/{model}")
    definitions = {name: _worded(part) for name, part in raw.pop("$defs").items()}
    _complete_shots(definitions, catalog)
    definitions["Deliverable"]["required"] = ["aspect"]
    names = [platform.name for platform in platform_sizes.every()]
    definitions["Deliverable"]["properties"]["size"]["examples"] = ["1080x1920", *names]
    whole = _worded(raw)
    _complete_list(whole["properties"], definitions)
    for part, name in (
        (whole["properties"], "label"),
        (definitions["Deliverable"]["properties"], "label"),
        (definitions["Sound"]["properties"], "music"),
    ):
        part[name] = _or_text(part[name])
    for part in (definitions["Shot"], definitions["Defaults"], definitions["Deliverable"]):
        part["properties"] = {name: _or_filled(field) for name, field in part["properties"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "wanx-render shot list",
        **whole,
        "definitions": definitions,
    }


def _complete_shots(definitions: dict[str, Any], catalog: Catalog) -> None:
    """What a shot needs and may be offered; ``defaults`` may hold the same, but for an id."""
    shot = definitions["Shot"]
    shot["required"] = ["id"]
    shot["properties"]["model"]["examples"] = list(catalog.models)
    shot["properties"]["resolution"]["examples"] = list(catalog.service.tier_areas)
    shot["properties"]["audio"]["examples"] = ["silent", "auto"]
    fields = {name: part for name, part in shot["properties"].items() if name != "id"}
    definitions["Defaults"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": fields,
    }


def _complete_list(properties: dict[str, Any], definitions: dict[str, Any]) -> None:
    """The keys of a list that are merged into others before it becomes a ``ShotList``."""
    properties["vars"] = _described("vars", {"type": "object", "additionalProperties": _SCALAR})
    definitions["Matrix"] = _matrix()
    matrix = {"anyOf": [{"type": "string"}, {"$ref": "#/definitions/Matrix"}]}
    properties["matrix"] = _described("matrix", matrix)
    properties["defaults"] = _described("defaults", {"$ref": "#/definitions/Defaults"})
    aspect = definitions["Deliverable"]["properties"]["aspect"]
    properties["deliverables"]["items"] = {"anyOf": [aspect, {"$ref": "#/definitions/Deliverable"}]}


def _or_text(field: dict[str, Any]) -> dict[str, Any]:
    """A mapping that may also be written as one text."""
    return {**field, "anyOf": [*field["anyOf"], {"type": "string"}]}


_FILLED: dict[str, Any] = {"type": "string", "pattern": r"\$\{[^{}]+\}"}
_SCALAR = {"type": ["string", "number", "boolean", "null"]}


def _matrix() -> dict[str, Any]:
    """``from`` or ``rows``, and what names a row."""
    part = _worded(Matrix.model_json_schema(by_alias=True))
    row = {"type": "object", "additionalProperties": _SCALAR}
    part["properties"]["rows"] = _described("rows", {"type": "array", "items": row, "minItems": 1})
    part["properties"]["from"] = _described("from", {"type": "string"})
    part["properties"]["name"] = {
        "description": "The name of a row's folder, with columns, such as ${sku}",
        "type": "string",
    }
    return part


def _items_filled(schema: dict[str, Any]) -> dict[str, Any]:
    """The items of a list of numbers may be filled in too."""
    result = dict(schema)
    if isinstance(items := result.get("items"), dict) and "type" in items:
        result["items"] = {"anyOf": [items, _FILLED]}
    if "anyOf" in result:
        result["anyOf"] = [_items_filled(option) for option in result["anyOf"]]
    return result


def _or_filled(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may also be filled in from a variable; plain text may hold one anyway."""
    head: dict[str, Any] = {key: field[key] for key in ("description", "examples") if key in field}
    rest = {key: value for key, value in field.items() if key not in head}
    rest = _items_filled(rest)
    if rest == {"type": "string"}:
        return field
    return {**head, "anyOf": [rest, _FILLED]}


def _worded(part: dict[str, Any]) -> dict[str, Any]:
    """A model's schema without titles and defaults, each key with its description."""
    properties = {
        name: _described(name, _plain(field)) for name, field in part["properties"].items()
    }
    rest = {key: value for key, value in part.items() if key in ("type", "required")}
    return {**rest, "additionalProperties": False, "properties": properties}


def _plain(field: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in field.items() if key not in ("title", "default")}


def _described(name: str, field: dict[str, Any]) -> dict[str, Any]:
    """Draft 7 passes over what stands beside a ``$ref``, so a reference goes into ``allOf``."""
    if "$ref" in field:
        field = {"allOf": [{"$ref": field["$ref"]}]}
    return {"description": DESCRIPTIONS[name], **field}
