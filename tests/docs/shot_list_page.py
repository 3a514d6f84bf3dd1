"""docs/guide/shot-list.md, made from the JSON Schema of the shot list (`wanx-render schema`).

In Chinese too: sentences come from the catalogue, the words of the page itself from ``WORDS``.
"""

import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from babel.messages.pofile import read_po

from tests.docs.pages import GENERATED, anchor_of
from tests.translations import CATALOGUE, parts
from wanx_render.catalog.capabilities import packaged
from wanx_render.language import Message
from wanx_render.shotlist.schema import json_schema

# The parts in the order in which one meets them, in English and in Chinese; "" is the list itself.
PARTS = {
    "": ("The list", "分镜表"),
    "Shot": ("A shot", "镜头"),
    "Deliverable": ("A deliverable", "成片"),
    "LastFrame": ("`image`: the last frame of another shot", "`image`：另一个镜头的尾帧"),
    "Continued": ("`continue`: the clip that is continued", "`continue`：被续接的片段"),
    "MadePicture": ("`image`: a picture that a model makes", "`image`：由模型生成的图片"),
    "FitImage": ("`fit_image`", "`fit_image`"),
    "ReferenceFile": ("An item of `references`", "`references` 的每一项"),
    "Zoom": ("`move` of a still", "静止图片的 `move`"),
    "Trim": ("`trim`", "`trim`"),
    "Transition": ("`transition`", "`transition`"),
    "Sound": ("`audio` of a deliverable", "成片的 `audio`"),
    "Music": ("`music`", "`music`"),
    "Voice": ("An item of `voices`", "`voices` 的一项"),
    "Overlay": ("An item of `overlay`", "`overlay` 的一项"),
    "Fade": ("`fade_in` and `fade_out`", "`fade_in` 和 `fade_out`"),
    "CaptionStyle": ("`caption_style`", "`caption_style`"),
    "AiLabel": ("`label`", "`label`"),
    "Budget": ("`budget`", "`budget`"),
    "Matrix": ("`matrix`", "`matrix`"),
}
# A shot's fields by another name, and no part of their own in the page.
SAME_AS_A_SHOT = {"Defaults"}
HEADS = (
    """Every key of a shot list. `wanx-render schema` prints the same as a JSON Schema.
[Editors](../editors.md) can use it to complete keys and to check a list while you type.

The file is YAML 1.2 in UTF-8. Relative paths start at the file. Unknown and duplicate keys are
errors. Any value may contain `${name}`, a variable of `vars` or a column of the
[table](many-videos.md). A `*` marks a required key.
""",
    "[English](../../guide/shot-list.md) · 简体中文 · [指南目录](index.md)\n\n"
    "分镜表的全部键。`wanx-render schema` 以 JSON Schema 输出同样的内容，"
    "[编辑器](../../editors.md)可以用它补全键名，并在输入时检查分镜表。\n\n"
    "文件为 UTF-8 编码的 YAML 1.2。相对路径以文件所在文件夹为起点。未知的键和重复的键都是错误。"
    "任何值都可以包含 `${name}`，即 `vars` 中的变量或[表格](many-videos.md)的列。"
    "`*` 表示必需的键。\n",
)
WORDS = {
    "title": ("Shot list reference", "分镜表参考"),
    "example": ("Example", "示例"),
    "header": ("| key | value | meaning |", "| 键 | 值 | 含义 |"),
    "mapping": ("mapping", "映射"),
    "list": ("list of {items}", "列表，每项为{items}"),
    "boolean": ("`true`, `false`", "`true`、`false`"),
    "string": ("text", "文本"),
    "integer": ("whole number", "整数"),
    "number": ("number", "数"),
    "range": (" from {low} to {high}", "（{low} 到 {high}）"),
    "least": (", at least {low}", "（不小于 {low}）"),
    "such as": (", such as {examples}", "，例如 {examples}"),
    "or": (" or ", "或"),
    "comma": (", ", "、"),
}
PROMPTS = (
    ("A cat wakes on a tiled roof at dusk", "黄昏时分，一只猫在瓦屋顶上醒来"),
    ("It leaps to the next roof", "它跃向下一个屋顶"),
)
EXAMPLE = """
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


def english() -> str:
    """The page as it is in docs/guide/."""
    return _page(0, str)


def chinese() -> str:
    """The page as it is in docs/zh/guide/."""
    return _page(1, _in_chinese)


def _page(column: int, translate: Callable[[str], str]) -> str:
    schema = json_schema(packaged())
    parts = {"": schema, **schema["definitions"]}
    missing = set(parts) - set(PARTS) - SAME_AS_A_SHOT
    assert not missing, f"PARTS says where these are shown: {sorted(missing)}"
    table = _Tables(column, translate)
    tables = "".join(table.of(titles[column], parts[name]) for name, titles in PARTS.items())
    head = f"# {table.word('title')}\n\n{GENERATED}\n\n{HEADS[column]}"
    example = EXAMPLE
    for prompt in PROMPTS:
        example = example.replace(prompt[0], prompt[column])
    return f"{head}\n## {table.word('example')}\n{example}{tables}"


@cache
def _catalogue() -> dict[object, str]:
    """The Chinese of every sentence, as tests/translations.py keeps it."""
    chinese: dict[object, str] = {}
    for path in (CATALOGUE, *parts()):
        if path.exists():
            with path.open("rb") as stream:
                for entry in read_po(stream):
                    if isinstance(entry.string, str) and entry.string:
                        chinese[entry.id] = entry.string
    return chinese


def _in_chinese(text: str) -> str:
    assert isinstance(text, Message), text
    values = {
        name: _in_chinese(value) if isinstance(value, Message) else value
        for name, value in text.values.items()
    }
    has_words = re.search("[a-z]", re.sub("{.*?}", "", text.template))
    template = _catalogue()[text.template] if has_words else text.template
    return template.format(**values)


class _Tables:
    """The tables of a page in one language."""

    def __init__(self, column: int, translate: Callable[[str], str]) -> None:
        self.column, self.translate = column, translate

    def word(self, name: str, **values: object) -> str:
        return WORDS[name][self.column].format(**values)

    def of(self, title: str, part: dict[str, Any]) -> str:
        required = part.get("required", ())
        rows = [
            f"| `{key}`{'*' if key in required else ''} | {self._values(field)} | "
            f"{self.translate(field['description'])} |"
            for key, field in part["properties"].items()
        ]
        return "\n".join([f"\n## {title}\n", self.word("header"), "|---|---|---|", *rows, ""])

    def _values(self, field: dict[str, Any]) -> str:
        """What a field may be, in one cell."""
        kinds = self.word("or").join(dict.fromkeys(self._kinds(field))).replace("或`", "或 `")
        examples = self.word("comma").join(f"`{value}`" for value in field.get("examples", ()))
        return kinds + (self.word("such as", examples=examples) if examples else "")

    def _kinds(self, field: dict[str, Any]) -> Iterator[str]:
        options = field.get("anyOf") or field.get("oneOf") or field.get("allOf")
        if options:
            for option in options:
                yield from self._kinds(option)
        elif "$ref" in field:
            yield self._link(field["$ref"].rsplit("/", 1)[1])
        elif "enum" in field:
            yield self.word("comma").join(f"`{value}`" for value in field["enum"])
        elif "const" in field:
            yield f"`{field['const']}`"
        elif field.get("pattern") != r"\$\{[^{}]+\}":
            yield from self._plain_kinds(field)

    def _plain_kinds(self, field: dict[str, Any]) -> Iterator[str]:
        kinds = field["type"] if isinstance(field["type"], list) else [field["type"]]
        for kind in kinds:
            if kind == "array":
                items = self.word("or").join(dict.fromkeys(self._kinds(field["items"])))
                yield self.word("list", items=items)
            elif kind == "object":
                yield self.word("mapping")
            elif kind != "null":
                yield f"{self.word(kind)}{self._range(field)}"

    def _range(self, field: dict[str, Any]) -> str:
        low, high = field.get("minimum"), field.get("maximum")
        if low is not None and high is not None:
            return self.word("range", low=f"{low:.10g}", high=f"{high:.10g}")
        return self.word("least", low=low) if low is not None else ""

    def _link(self, name: str) -> str:
        title = PARTS["Shot" if name in SAME_AS_A_SHOT else name][self.column]
        return f"[{self.word('mapping')}](#{anchor_of(title)})"
