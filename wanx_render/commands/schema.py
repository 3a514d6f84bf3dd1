"""``schema``: the JSON Schema of the shot list, for editors."""

import json
from pathlib import Path

from wanx_render.catalog.capabilities import packaged, with_user_file
from wanx_render.session.environment import Environment
from wanx_render.shotlist.schema import json_schema


def schema(catalog: Path | None, environment: Environment) -> int:
    """Print the JSON Schema of the shot list."""
    made = json_schema(with_user_file(packaged(), catalog))
    environment.stdout.write(json.dumps(made, indent=2, ensure_ascii=False) + "\n")
    return 0
