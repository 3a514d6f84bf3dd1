import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.places import SPECS
from tests.validation.test_doctor import online
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.session.doctor import examine
from wanx_render.shotlist.scaffold import write_example
from wanx_render.shotlist.schema import DESCRIPTIONS, json_schema
from wanx_render.source import yaml_source
from wanx_render.validation.load import load

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CANARY = "sk-canary0123456789abcdef0123456789"


def plain(value: Any) -> Any:
    """What an editor's YAML reader makes of a value."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


@pytest.fixture
def check(catalog: Catalog) -> Callable[[str], list[str]]:
    schema = json_schema(catalog)
    jsonschema.Draft7Validator.check_schema(schema)

    def errors(text: str) -> list[str]:
        value = plain(yaml_source.parse(text, "a.yaml").value)
        return [str(e.message) for e in jsonschema.Draft7Validator(schema).iter_errors(value)]

    return errors


@pytest.mark.parametrize("path", sorted(SPECS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_example_fits_the_schema(path: Path, check: Callable[[str], list[str]]) -> None:
    assert check(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("duration: 5", "duratoin: 5"),
        ("aspect: 9:16", "aspect: tall"),
        ("fit: blur", "fit: stretch"),
        ("takes: 2", "takes: many"),
        ("version: 1", "version: 2"),
    ],
)
def test_the_schema_knows_what_is_wrong(
    good: str, bad: str, check: Callable[[str], list[str]]
) -> None:
    text = (
        "version: 1\nproject: a\ndefaults: {model: m}\nshots:\n"
        "  - id: a\n    image: a.png\n    duration: 5\n    takes: 2\n"
        "deliverables:\n  - aspect: 9:16\n    fit: blur\n  - 3:4\n"
    )
    assert check(text) == []
    assert check(text.replace(good, bad))


def test_every_key_has_a_description_and_none_is_left_over(catalog: Catalog) -> None:
    schema = json_schema(catalog)
    groups = [schema, *schema["definitions"].values()]
    used: set[str] = set()
    for group in groups:
        for name, field in group["properties"].items():
            assert field["description"], name
            used.add(field["description"])
    assert used == set(DESCRIPTIONS.values())
    assert "$defs" not in json.dumps(schema)


def test_the_example_is_complete_and_without_a_fault(catalog: Catalog, tmp_path: Path) -> None:
    written = write_example(tmp_path / "new", catalog)
    assert {path.name for path in written} >= {"shots.yaml", "shotlist.schema.json", "rooftop.jpg"}
    loaded = load(tmp_path / "new" / "shots.yaml", catalog)
    assert [d.name for d in loaded.shots.deliverables] == ["9x16", "feed"]


def test_nothing_is_overwritten(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("mine\n")
    with pytest.raises(BadInput, match="already exists"):
        write_example(tmp_path, catalog)
    assert [path.name for path in tmp_path.iterdir()] == [".gitignore"]


def found(catalog: Catalog, folder: Path, **environ: str) -> dict[str, tuple[str, str]]:
    findings = examine({"PATH": "", **environ}, folder, NOW, catalog, online)
    return {finding.name: (finding.state, f"{finding!r}") for finding in findings}


def test_a_machine_that_has_everything_has_no_error(catalog: Catalog, tmp_path: Path) -> None:
    findings = found(catalog, tmp_path)
    assert {name for name, (state, _) in findings.items() if state == "error"} == set()
    assert "the mock needs no key" in findings["key"][1]
    assert "from wheel" in findings["ffmpeg"][1]


@pytest.mark.parametrize("value", [CANARY, f"{CANARY}\n", f" {CANARY}", f"'{CANARY}"])
def test_the_key_is_seen_and_never_shown(catalog: Catalog, tmp_path: Path, value: str) -> None:
    findings = found(catalog, tmp_path, DASHSCOPE_API_KEY=value)
    (tmp_path / ".env").write_text(f"export DASHSCOPE_API_KEY={value}\n")
    from_file = found(catalog, tmp_path)
    for finding in (findings, from_file):
        assert "DASHSCOPE_API_KEY" in finding["key"][1]
        assert not any("canary" in text for _, text in finding.values())
    assert (findings["key"][0] == "warning") is (value != value.strip())


def test_proxies_are_named_without_their_passwords(catalog: Catalog, tmp_path: Path) -> None:
    findings = found(catalog, tmp_path, HTTPS_PROXY="http://me:secret@proxy.example:3128")
    assert "http://proxy.example" in findings["proxy"][1]
    assert "secret" not in findings["proxy"][1]


def test_what_is_missing_is_an_error_with_a_hint(catalog: Catalog, tmp_path: Path) -> None:
    findings = found(catalog, tmp_path, WANX_FFMPEG=sys.executable)
    assert findings["ffmpeg"][0] == "error"
    early = examine({"PATH": ""}, tmp_path, datetime(1970, 1, 1, tzinfo=UTC), catalog, online)
    assert [finding.state for finding in early if finding.name == "clock"] == ["error"]


def test_init_makes_an_example_that_holds(tmp_path: Path) -> None:
    program = (sys.executable, "-m", "wanx_render")
    for words in (("init", "film"), ("validate", "film/shots.yaml")):
        ran = subprocess.run([*program, *words], cwd=tmp_path, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr


def test_the_schema_is_printed_for_editors() -> None:
    command = (sys.executable, "-m", "wanx_render", "schema")
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    jsonschema.Draft7Validator.check_schema(json.loads(ran.stdout))


def test_words_are_completed_and_nothing_else_is_said() -> None:
    words = {"COMP_WORDS": "wanx-render re", "COMP_CWORD": "1"}
    ran = subprocess.run(
        [sys.executable, "-m", "wanx_render"],
        env={**os.environ, **words, "_WANX_RENDER_COMPLETE": "zsh_complete"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split("\n")[1::3] == ["render", "report", "rescue", "resolve"]
