"""A draft: the texts of its files, and the media that its folder must hold.

The same timeline gives the same bytes. Drafts of version 5.9 are written, the last that were not
encrypted; newer programs open them and save them in their own way.
"""

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pyJianYingDraft import assets

from wanx_render.language import Message
from wanx_render.timelines.jianying.microseconds import SECOND
from wanx_render.timelines.jianying.notes import NOTICE, notes_of, notice
from wanx_render.timelines.jianying.programs import Program
from wanx_render.timelines.jianying.shelf import Material, MaterialShelf
from wanx_render.timelines.jianying.tracks import script_of
from wanx_render.timelines.timeline import Timeline

# What the programs put in place of the folder of the draft, the same in all of them.
_HERE = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
# Windows reads the first of them, macOS the second, and versions from 6 on may read either.
CONTENTS = ("draft_content.json", "draft_info.json")
REGISTRY = "draft_meta_info.json"


@dataclass(frozen=True, slots=True)
class Draft:
    """What the folder ``name`` holds, and what of the film it does not."""

    name: str
    texts: Mapping[str, str]  # by file name
    materials: tuple[Material, ...]
    notes: tuple[Message, ...]


def draft_of(
    timeline: Timeline, name: str, *, program: Program, finished: datetime, drafts: str = ""
) -> Draft:
    """The draft of a timeline, as ``program`` opens it from a folder ``name``.

    ``drafts`` is the program's folder of drafts on the machine where it will be opened; without it
    the draft may lie anywhere. ``finished`` is when the film was made.
    """
    drafts = drafts.replace("\\", "/").rstrip("/")
    shelf = MaterialShelf(f"{drafts}/{name}" if drafts else _HERE)
    content = json.loads(script_of(timeline, shelf).dumps())
    content["name"] = name
    _written_for(program, content)
    _count_in_utf16(content)
    _drop_dangling(content)
    entries = [_registered(kind, item) for kind, item in _media(content)]
    content = _with_stable_ids(content)
    content["id"] = _identity(name, content)
    registry = _registry(content, entries, finished, drafts)
    notes = tuple(notes_of(timeline))
    texts = dict.fromkeys(CONTENTS, _text(content))
    texts |= {REGISTRY: _text(registry), NOTICE: notice(program, name, notes)}
    return Draft(name, texts, shelf.materials, notes)


def _text(record: object) -> str:
    return json.dumps(record, ensure_ascii=False, indent=1) + "\n"


def _written_for(program: Program, content: dict[str, Any]) -> None:
    """The draft as that program would sign it."""
    if program.platform:
        content["platform"] = content["last_modified_platform"] = dict(program.platform)
    content["new_version"] = program.version or content["new_version"]
    for transition in content["materials"]["transitions"]:
        if not program.own_numbers:
            transition["effect_id"] = transition["resource_id"]


def _count_in_utf16(content: dict[str, Any]) -> None:
    """A style's range counts as JavaScript does, in which an emoji is two; the library counts
    characters, and the end of a caption with emoji would have no style."""
    for material in content["materials"]["texts"]:
        words = json.loads(material["content"])
        for style in words["styles"]:
            style["range"] = [0, len(words["text"].encode("utf-16-le")) // 2]
        material["content"] = json.dumps(words, ensure_ascii=False)


def _drop_dangling(content: dict[str, Any]) -> None:
    """The library has each text refer to a speed that it writes for clips and sounds only."""
    known = set(_identities(content["materials"]))
    for track in content["tracks"]:
        for segment in track["segments"]:
            refs = segment["extra_material_refs"]
            segment["extra_material_refs"] = [ref for ref in refs if ref in known]


def _media(content: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The files of the draft, with what the list of imported media calls their kinds."""
    for item in content["materials"]["videos"]:
        yield item["type"], item
    for item in content["materials"]["audios"]:
        yield "music", item


def _registered(kind: str, item: dict[str, Any]) -> dict[str, Any]:
    """The entry of a file in the list of imported media, which the file then refers to.

    Newer programs call a file missing that is not in the list (CapCut 9.1, Jianying 11.2), or
    whose ``local_material_id`` is not that of its entry (CapCut 9.3, Jianying 5.9).
    """
    name = PurePosixPath(item["path"]).name
    identity = str(uuid.uuid5(uuid.NAMESPACE_URL, f"imported {item['path']}"))
    item["local_material_id"] = identity
    return {
        "create_time": 0,
        "duration": 5 * SECOND if kind == "photo" else item["duration"],
        "extra_info": name,
        "file_Path": item["path"],
        "height": item.get("height", 0),
        "id": identity,
        "import_time": 0,
        "import_time_ms": 0,
        "item_source": 1,
        "md5": "",
        "metetype": kind,
        "roughcut_time_range": {"duration": -1, "start": -1},
        "sub_time_range": {"duration": -1, "start": -1},
        "type": 0,
        "width": item.get("width", 0),
    }


def _identities(value: object) -> Iterator[str]:
    """Those of everything in ``value`` that has one, from the outside in."""
    if isinstance(value, dict):
        if "id" in value:
            yield value["id"]
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _identities(item)


def _replaced(value: Any, known: Mapping[str, str]) -> Any:
    """``value`` with the texts in it that ``known`` has others for."""
    if isinstance(value, dict):
        return {key: _replaced(item, known) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, known) for item in value]
    return known.get(value, value) if isinstance(value, str) else value


def _with_stable_ids(content: dict[str, Any]) -> dict[str, Any]:
    """The library's random identities as values that are the same each time."""
    inner = {key: content[key] for key in ("tracks", "materials")}
    known = {
        identity: uuid.uuid5(uuid.NAMESPACE_OID, str(number)).hex
        for number, identity in enumerate(dict.fromkeys(_identities(inner)))
    }
    return content | {key: _replaced(value, known) for key, value in inner.items()}


def _identity(name: str, content: dict[str, Any]) -> str:
    """Another for each other film: the programs know a draft by it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, name + _text(content))).upper()


def _registry(
    content: dict[str, Any], entries: list[dict[str, Any]], finished: datetime, drafts: str
) -> dict[str, Any]:
    path = Path(assets.get_asset_path("DRAFT_META_TEMPLATE"))
    registry: dict[str, Any] = json.loads(path.read_bytes())
    for group in registry["draft_materials"]:
        if group["type"] == 0:
            group["value"] = entries
    made = int(finished.timestamp()) * SECOND
    return registry | {
        "draft_id": content["id"],
        "draft_name": content["name"],
        "draft_fold_path": f"{drafts}/{content['name']}" if drafts else "",
        "draft_root_path": drafts,
        "tm_draft_create": made,
        "tm_draft_modified": made,
        "tm_duration": content["duration"],
    }
