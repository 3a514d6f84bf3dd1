"""The pages on diagnostic codes, made of docs/site/errors.yaml.

`uv run python -m tests.docs.errors_page` writes them: docs/guide/errors.md and its Chinese.
"""

import hashlib
import re
from collections.abc import Callable
from functools import cache
from typing import Any

import yaml

from tests.support.places import ROOT
from wanx_render.language import Language

_NOTE = "<!-- made from docs/site/errors.yaml by `python -m tests.docs.errors_page` -->"
_KINDS = ("yaml", "sh", "text")  # of examples
_COMMENT = re.compile(r"(?:(?<=\s)|^)# (.*)$", re.MULTILINE)


@cache
def registry() -> dict[str, Any]:
    """Every code with its explanation in both languages and its example."""
    text = (ROOT / "docs" / "site" / "errors.yaml").read_text(encoding="utf-8")
    record: dict[str, Any] = yaml.load(text, Loader=yaml.CSafeLoader)
    return record


def english() -> str:
    return _page(registry(), "en")


def chinese() -> str:
    """The Chinese page; it names the state of the English one, as the others do."""
    text = "\n".join(line.rstrip() for line in english().splitlines()).strip()
    state = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"---\noriginal: {state}\n---\n{_page(registry(), 'zh')}"


def _page(record: dict[str, Any], to: Language) -> str:
    head = record[to]
    parts = [f"# {head['title']}\n\n{_NOTE}\n", head["head"]]
    for group in record["groups"]:
        parts.append(f"## {group[to]}\n")
        if "intro" in group:
            parts.append(group["intro"][to])
        parts += [_section(entry, to, record["comments"]) for entry in group["codes"]]
    return "\n".join(parts)


def _section(entry: dict[str, Any], to: Language, comments: dict[str, str]) -> str:
    text = f"### `{entry['code']}`\n\n{entry[to]}"
    for kind in _KINDS:
        if kind in entry:
            text += f"\n```{kind}\n{_example(entry[kind], to, comments)}```\n"
    return text


def _example(text: str, to: Language, comments: dict[str, str]) -> str:
    """An example with its comments in the page's language. KeyError where one has no Chinese."""
    return text if to == "en" else _COMMENT.sub(lambda found: f"# {comments[found[1]]}", text)


PAGES: dict[str, Callable[[], str]] = {
    "docs/guide/errors.md": english,
    "docs/zh/guide/errors.md": chinese,
}


def main() -> None:
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
