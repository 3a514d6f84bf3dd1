"""Each measure of benchmarks/house.py counts what it says, on small trees written for it."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.places import ROOT


@pytest.fixture(scope="module")
def house() -> ModuleType:
    path = ROOT / "benchmarks" / "house.py"
    spec = importlib.util.spec_from_file_location("house_measures", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def measure(house: ModuleType, tmp_path: Path):  # type: ignore[no-untyped-def]
    """Measure a tree that is given as path and text: the figure and the sites."""

    def of(name: str, files: dict[str, str]) -> tuple[str, list[str]]:
        for path, text in files.items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        tree, kind = house.House(tmp_path), house.MEASURES[name]
        sites = kind.sites(tree)
        return kind.figure(tree, sites), [str(site) for site in sites]

    return of


def test_modules_of_a_folder_are_counted_without_init_and_verbs_apart(measure) -> None:
    verbs = {f"wanx_render/commands/verb{n}.py": "" for n in range(5)}
    files = {"wanx_render/__init__.py": "", "wanx_render/a.py": "", "wanx_render/b.py": ""}
    figure, sites = measure("folders", files | verbs | {"mock_server/c.py": ""})
    assert figure == "2 (wanx_render)"
    assert sites == ["wanx_render:2: 2 modules", "mock_server:1: 1 modules"]
    assert measure("test-folders", {"tests/test_a.py": ""})[0] == "1 (tests)"


LAYERS = 'FLOORS = (("errors",), ("files", "clock"), ("cli",))\n'


def test_an_import_from_above_or_from_the_same_row_is_upward(measure) -> None:
    files = {
        "tests/project/test_layers.py": LAYERS,
        "wanx_render/errors.py": "from wanx_render import files\n",
        "wanx_render/files.py": "def f():\n    from wanx_render.clock import x\n",
        "wanx_render/clock.py": "import wanx_render.errors\n",
        "wanx_render/cli.py": "",
    }
    assert measure("rows", files)[0] == "3"
    assert measure("upward", {})[1] == [
        "wanx_render/errors.py:1: wanx_render.errors imports wanx_render.files",
        "wanx_render/files.py:2: wanx_render.files imports wanx_render.clock",
    ]


def test_rows_of_packages_are_read_from_the_top_too(measure) -> None:
    rows = 'ROWS = [("cli",), ("tasks", "reports"), ("ground",)]\n'
    files = {
        "tests/house/test_layers.py": rows,
        "wanx_render/cli.py": "from wanx_render.tasks import submit\n",
        "wanx_render/errors.py": "from wanx_render.reports import live\n",
        "wanx_render/tasks/submit.py": "from wanx_render import errors\n"
        "from wanx_render.tasks import lanes\nfrom wanx_render.reports import live\n",
        "wanx_render/tasks/lanes.py": "",
        "wanx_render/reports/live.py": "",
    }
    assert measure("upward", files)[1] == [
        "wanx_render/errors.py:1: wanx_render.errors imports wanx_render.reports.live",
        "wanx_render/tasks/submit.py:3: wanx_render.tasks.submit imports wanx_render.reports.live",
    ]


def test_a_circle_of_three_is_one_cycle_and_a_type_is_no_import(measure) -> None:
    files = {
        "wanx_render/a.py": "from wanx_render import b\n",
        "wanx_render/b.py": "def f():\n    import wanx_render.c\n",
        "wanx_render/c.py": "from wanx_render.a import x\n",
        "wanx_render/d.py": "if TYPE_CHECKING:\n    from wanx_render import e\n",
        "wanx_render/e.py": "from wanx_render import d\n",
    }
    assert measure("cycles", files)[1] == [
        "wanx_render.a:1: wanx_render.a wanx_render.b wanx_render.c"
    ]


def test_a_body_is_its_lines_of_code(measure) -> None:
    text = '''
def long(
    one,
):
    """Two lines
    of docstring."""
    # a comment

    text = """
    three
    """
    return (
        text
    )


def short(): return 1
'''
    figure, sites = measure("functions", {"wanx_render/a.py": text})
    assert figure == "3.5 / 6 / 6"
    assert sites == ["wanx_render/a.py:2: 6 lines in long", "wanx_render/a.py:17: 1 lines in short"]


def test_parameters_are_counted_without_self_and_options(measure) -> None:
    seven = "a, b, c, d, e, f, g"
    text = f"class C:\n    def m(self, {seven}): ...\n    def n(self, a, *, b, c, d, e, f): ...\n"
    text += f"@group.command()\ndef render({seven}): ...\n"
    assert measure("parameters", {"wanx_render/a.py": text})[1] == [
        "wanx_render/a.py:2: m: 7 parameters"
    ]


def test_broad_excepts_ignored_types_and_silent_cases(measure) -> None:
    text = """
try:
    f()  # type: ignore[call-arg]
except (OSError, ValueError):
    g("type: ignore")
except (KeyError, Exception):
    pass
match x:
    case 1:
        pass
    case _:
        pass
match x:
    case _:
        raise ValueError
match x:
    case _:
        assert_never(x)
"""
    files = {"wanx_render/a.py": text}
    assert measure("excepts", files)[1] == ["wanx_render/a.py:6: except (KeyError, Exception):"]
    assert measure("ignores", {})[1] == ["wanx_render/a.py:3: # type: ignore[call-arg]"]
    assert measure("cases", {})[1] == ["wanx_render/a.py:11: case _: pass"]


def test_words_are_counted_outside_messages_and_with_them(measure) -> None:
    text = (
        '"""Nobody is told."""\n\n\ndef _told():  # it tells\n    return f"told {told}", "tell"\n'
    )
    files = {
        "wanx_render/a.py": text,
        "README.md": "Told, retold, untold, foretells, file.tell().\n",
    }
    outside, everywhere = measure("told", files), measure("told-all", {})
    assert (len(outside[1]), len(everywhere[1])) in ((4, 7), (5, 7))  # 3.11 reads f-strings whole
    assert everywhere[0] == f"{1000 * 7 / 6:.2f}"
    figure, sites = measure("each", {"wanx_render/b.py": "for each in x: pass\n'for each in'\n"})
    assert sites == ["wanx_render/b.py:1: for each in x: pass"]
    assert figure == f"{1000 / 7:.2f}"


def test_participles_and_pronouns_are_counted_once_a_function(measure) -> None:
    text = """
made = 1
def f(seen):
    told = seed = speed = 1
    told = 2
    for each, path in []:
        with x as parsed_path, y as parsed:
            pass
    def g():
        mine = [message for message in others]
"""
    figure, sites = measure("locals", {"wanx_render/a.py": text})
    names = [site.split(": ")[1] for site in sites]
    assert names == ["told in f", "each in f", "parsed in f", "mine in g"]
    assert figure == f"{100 * 4 / 9:.1f} %"
    assert measure("parameter-names", {})[1] == ["wanx_render/a.py:3: seen of f"]


def test_a_class_name_counts_once_however_many_modules_define_it(measure) -> None:
    one = "class Run: ...\nclass Own: ...\n"
    files = {"wanx_render/a.py": one, "wanx_render/b.py": "class Run: ...\n"}
    figure, sites = measure("classes", files | {"mock_server/c.py": "class Run: ...\n"})
    assert figure == "1"
    assert sites == ["wanx_render/a.py:1: Run, also wanx_render/b.py, mock_server/c.py"]


def test_twins_by_number_and_shared_runs_are_mirrors(measure) -> None:
    run = "".join(f"{letter} = {number}\n" for number, letter in enumerate("abcdef"))
    files = {
        "wanx_render/commands/plan.py": "class PlanOptions:\n    one = 1\n",
        "wanx_render/commands/plans.py": "# more\ntwo = 2\n",
        "wanx_render/commands/render.py": "def render(): ...\ndef command(): ...\n",
        "wanx_render/session/batch.py": f"def render_many(): ...\n{run}",
        "wanx_render/session/other.py": f"def _own(): ...\ndef command(): ...\n{run}",
        "wanx_render/session/render.py": "def lonely(): ...\n",
    }
    figure, sites = measure("mirror", files)
    counts = {path: sum(site.startswith(f"{path}:") for site in sites) for path in files}
    assert list(counts.values()) == [2, 1, 1, 7, 6, 0]
    assert figure == "17"


def test_renames_and_hash_loops_outside_files(measure) -> None:
    text = """
def save(path, part, name, rows):
    part.replace(path)
    os.replace(part, path)
    name.replace("a", "b")
    replace(record, key=1)
    digest = hashlib.sha256()
    for row in rows:
        digest.update(row)
def fast(file):
    return hashlib.file_digest(file, "sha256")
def short(text):
    return hashlib.sha256(text)
"""
    files = {"wanx_render/a.py": text, "wanx_render/files.py": text}
    assert [s.split(": ")[1] for s in measure("renames", files)[1]] == [
        "part.replace(path)",
        "os.replace(part, path)",
    ]
    assert [s.split(": ")[1] for s in measure("hashes", {})[1]] == ["save", "fast"]


def test_size_and_pictures(measure) -> None:
    text = '"""Doc."""\n\n# comment\nx = 1\n'
    files = {"wanx_render/a.py": text, "mock_server/b.py": "y = 1\n"}
    assert measure("size", files | {"tests/test_a.py": text})[0] == "2 / 5"
    assert measure("files", {})[0] == "4 (wanx_render/a.py)"
    readme = {"README.md": "![a](b.png)\n[c](d.png)\n<img src=e.png>\n"}
    assert measure("pictures", readme)[0] == "2"


def test_the_table_has_a_row_for_each_measure(house: ModuleType) -> None:
    figures = dict.fromkeys(house.MEASURES, "1")
    lines = house.table({}, figures).splitlines()
    assert len(lines) == 2 + len(house.MEASURES)
    assert lines[2] == "| modules in the fullest folder (`commands/` apart) | - | 1 | 16 |"


def test_offenders_are_listed_by_path(house: ModuleType, tmp_path: Path) -> None:
    for path in ("wanx_render/a/x.py", "wanx_render/b/y.py"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("def f():\n    told = 1\n")
    sites = house.listed(house.House(tmp_path), "locals", ["wanx_render/b"])
    assert [str(site) for site in sites] == ["wanx_render/b/y.py:2: told in f"]
