"""What MkDocs does beside its configuration: one language for each build, notes on old pages.

A Chinese page takes the place of its English original; where there is none, the original is shown.
The guide is at the root of the site.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from translations import CHINESE, is_stale

NOTE = (
    '!!! warning "本页可能已过时"\n'
    '    英文原文在本页翻译之后有改动，请以<a href="{original}">英文原文</a>为准。\n\n'
)
SECTIONS = {"More": "更多", "Development": "开发"}
# Chinese lines are joined without a blank; a browser would show one for the line break.
_SOFT_BREAK = re.compile(
    r"(?<=[\u3001-\u9fff\uff00-\uffef])\n(?=[\u3001-\u9fff\uff00-\uffef]|`(?!``))"
)
# Where a page leads on a code host; the site has its own switch of languages and menu.
_SWITCH = re.compile(r"^\[English\]\([^)]*\) · 简体中文.*\n+", re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()([^):#\s]+\.md)(#[^)\s]*)?")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """The Chinese site has the same pages in its menu."""
    if config.theme["language"] == "zh":
        config.nav = [_entry(entry, config.docs_dir) for entry in config.nav or ()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Keep the files of this build's language, at addresses without ``zh/`` and ``guide/``."""
    chinese = config.theme["language"] == "zh"
    kept = []
    for file in files:
        if file.src_uri.startswith(CHINESE) and not chinese:
            continue
        if chinese and file.is_documentation_page() and _translated(file.src_uri, config.docs_dir):
            continue
        kept.append(_moved(file))
    return Files(kept)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Links of originals lead to translations; a page that is older than its original says so."""
    del files  # MkDocs passes it by name
    if config.theme["language"] != "zh":
        return markdown
    source = page.file.src_uri
    if not source.startswith(CHINESE):
        page.meta = {"search": {"boost": 0.5}, **page.meta}
        return _LINK.sub(lambda link: _to_translation(link, source, config.docs_dir), markdown)
    markdown = _SOFT_BREAK.sub("", _SWITCH.sub("", markdown, count=1))
    if is_stale(Path(config.docs_dir) / source):
        address = _in_languages(page, chinese=True)["en"]
        heading, _, rest = markdown.partition("\n")
        return f"{heading}\n\n{NOTE.format(original=address)}{rest}"
    return markdown


def on_page_context(
    context: dict[str, Any], page: Page, config: MkDocsConfig, nav: Any
) -> dict[str, Any]:
    """The switch of languages leads to the same page."""
    del nav  # MkDocs passes it by name
    links = _in_languages(page, chinese=config.theme["language"] == "zh")
    for entry in config.extra["alternate"]:
        entry["link"] = links[entry["lang"]]
    return context


def _in_languages(page: Page, *, chinese: bool) -> dict[str, str]:
    """The addresses of a page in each language, seen from it."""
    up = posixpath.relpath(".", page.url or ".")  # to the root of this language
    return {
        "en": posixpath.join(up, ".." if chinese else "", page.url),
        "zh": posixpath.join(up, "" if chinese else "zh", page.url),
    }


def _entry(entry: Any, docs: str) -> Any:
    if isinstance(entry, dict):
        ((title, inner),) = entry.items()
        return {SECTIONS[title]: [_entry(item, docs) for item in inner]}
    return CHINESE + entry if _translated(entry, docs) else entry


def _translated(source: str, docs: str) -> bool:
    return not source.startswith(CHINESE) and (Path(docs) / CHINESE / source).is_file()


def _address(source: str) -> str:
    return source.removeprefix(CHINESE).removeprefix("guide/")


def _moved(file: File) -> File:
    """The file at its address in the site."""
    if not file.is_documentation_page():
        return file
    address = _address(file.src_uri)
    like = File(address, file.src_dir or "", file.dest_dir, file.use_directory_urls)
    return File(
        file.src_uri, file.src_dir or "", file.dest_dir, file.use_directory_urls,
        dest_uri=like.dest_uri, inclusion=file.inclusion,
    )  # fmt: skip


def _to_translation(link: re.Match[str], source: str, docs: str) -> str:
    """The address of the translation; its headings are called otherwise."""
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), link[1]))
    if not _translated(target, docs):
        return link[0]
    return posixpath.relpath(posixpath.join(CHINESE, target), posixpath.dirname(source) or ".")
