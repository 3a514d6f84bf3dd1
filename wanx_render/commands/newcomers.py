"""``init``, ``schema`` and ``doctor``: for those who begin, and for their editors."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from wanx_render.capabilities import packaged, with_user_file
from wanx_render.commands.base import World
from wanx_render.doctor import examine
from wanx_render.reach import reach
from wanx_render.scaffold import write_example
from wanx_render.schema import json_schema


def schema(catalog: Path | None, world: World) -> int:
    """Print the JSON Schema of the shot list."""
    made = json_schema(with_user_file(packaged(), catalog))
    world.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    return 0


def init(folder: Path, world: World) -> int:
    """Write a runnable example into ``folder``."""
    for path in write_example(folder, packaged()):
        world.stdout.write(f"{path}\n")
    world.tell(f"now run: wanx-render {folder / 'shots.yaml'}")
    return 0


def doctor(as_json: bool, folder: Path, world: World) -> int:
    """Print what the machine has; 1 where something that every run needs is missing."""
    findings = examine(world.environ, folder, datetime.now(UTC), packaged(), reach)
    if as_json:
        records = [asdict(each) for each in findings]
        world.stdout.write(json.dumps(records, ensure_ascii=False, indent=2) + "\n")
    else:
        for each in findings:
            hint = f" ({each.hint})" if each.hint else ""
            world.stdout.write(f"{each.state:8} {each.name:9} {each.text}{hint}\n")
    return 1 if any(each.state == "error" for each in findings) else 0
