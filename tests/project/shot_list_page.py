"""docs/guide/shot-list.md, made from the JSON Schema of the shot list (`wanx-render schema`)."""

from collections.abc import Callable, Iterator
from typing import Any

from wanx_render.catalog.capabilities import packaged
from wanx_render.shotlist.schema import json_schema

# The parts in the order in which one meets them; "" is the list itself.
PARTS = {
    "": "The list",
    "Shot": "A shot",
    "Deliverable": "A deliverable",
    "LastFrame": "`image`: the last frame of another shot",
    "Trim": "`trim`",
    "Transition": "`transition`",
    "Sound": "`audio` of a deliverable",
    "Music": "`music`",
    "Voice": "An item of `voices`",
    "CaptionStyle": "`caption_style`",
    "AiLabel": "`label`",
    "Budget": "`budget`",
    "Matrix": "`matrix`",
}
# A shot's fields by another name, and no part of their own in the page.
SAME_AS_A_SHOT = {"Defaults"}
HEAD = """# Shot list reference

Every key of a shot list. `wanx-render schema` prints the same as a JSON Schema.
[Editors](../editors.md) can use it to complete keys and to check a list while you type.

The file is YAML 1.2 in UTF-8. Relative paths start at the file. Unknown and duplicate keys are
errors. Any value may contain `${name}`, a variable of `vars` or a column of the
[table](many-videos.md). A `*` marks a required key.
"""
EXAMPLE = """
## Example

```yaml title="shots.yaml"
version: 1
project: rooftop-chase
budget: {max_cost: 20 CNY}
defaults: {model: wan2.5-i2v-preview, resolution: 720P, duration: 5}
shots:
  - id: wake
    image: frames/rooftop.jpg
    prompt: A cat wakes on a tiled roof at dusk
    takes: 2
    pick: 2
    trim: {start: 0.2, end: 4.6}
    focus: [0.5, 0.3]
    transition: {type: dissolve, duration: 0.5}
  - id: leap
    image: {shot: wake, frame: last}
    prompt: It leaps to the next roof
deliverables:
  - {name: vertical, aspect: 9:16, size: 1080x1920, fps: 24}
  - 3:4
```
"""


def page(translate: Callable[[str], str] = lambda text: text) -> str:
    """The page; ``translate`` is given every sentence that comes from the schema."""
    schema = json_schema(packaged())
    parts = {"": schema, **schema["definitions"]}
    missing = set(parts) - set(PARTS) - SAME_AS_A_SHOT
    assert not missing, f"PARTS says where these are shown: {sorted(missing)}"
    tables = (_table(title, parts[name], translate) for name, title in PARTS.items())
    title, _, text = HEAD.partition("\n")
    note = "<!-- made by `uv run python -m tests.regenerate`; do not edit -->"
    return f"{title}\n\n{note}\n{text}{EXAMPLE}{''.join(tables)}"


def _table(title: str, part: dict[str, Any], translate: Callable[[str], str]) -> str:
    required = part.get("required", ())
    rows = [
        f"| `{key}`{'*' if key in required else ''} | {_values(field)} | "
        f"{_cell(translate(field['description']))} |"
        for key, field in part["properties"].items()
    ]
    return "\n".join([f"\n## {title}\n", "| key | value | meaning |", "|---|---|---|", *rows, ""])


def _values(field: dict[str, Any]) -> str:
    """What a field may be, in one cell."""
    kinds = list(dict.fromkeys(_kinds(field)))
    examples = [f"`{value}`" for value in field.get("examples", ())]
    return " or ".join(kinds) + (f", such as {', '.join(examples)}" if examples else "")


def _kinds(field: dict[str, Any]) -> Iterator[str]:
    options = field.get("anyOf") or field.get("oneOf") or field.get("allOf")
    if options:
        for option in options:
            yield from _kinds(option)
    elif "$ref" in field:
        yield _link(field["$ref"].rsplit("/", 1)[1])
    elif "enum" in field:
        yield ", ".join(f"`{value}`" for value in field["enum"])
    elif "const" in field:
        yield f"`{field['const']}`"
    elif field.get("pattern") != r"\$\{[^{}]+\}":
        yield from _plain_kinds(field)


def _plain_kinds(field: dict[str, Any]) -> Iterator[str]:
    names = {"boolean": "`true`, `false`", "string": "text", "integer": "whole number"}
    kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
    for kind in kinds:
        if kind == "null":
            continue
        if kind == "array":
            yield f"list of {' or '.join(dict.fromkeys(_kinds(field['items'])))}"
        elif kind == "object":
            yield "mapping"
        else:
            yield f"{names.get(kind, kind)}{_range(field)}"


def _range(field: dict[str, Any]) -> str:
    low, high = field.get("minimum"), field.get("maximum")
    if low is not None and high is not None:
        return f" from {low:.10g} to {high:.10g}"
    return f", at least {low}" if low is not None else ""


def _link(name: str) -> str:
    if name in SAME_AS_A_SHOT:
        name = "Shot"
    anchor = "".join(c for c in PARTS[name].lower() if c.isalnum() or c in " _-").replace(" ", "-")
    return f"[mapping](#{anchor})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
