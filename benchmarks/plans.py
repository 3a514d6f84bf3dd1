"""What checking and planning long tables costs: `uv run python benchmarks/plans.py [--whole]`.

Bare reading is what no program can do without: ``csv.DictReader`` over the table, PyYAML's C loader
over the list, and the bytes of every picture. Snakemake's dry run and dbt's parse get as many nodes
as the table has rows, in environments of their own. All take turns; times are processor time.
"""

from __future__ import annotations

import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from shutil import which

from PIL import Image
from rows import Cost, Row, cost, in_turn, ratio, show

FRAME = Path(__file__).parent.parent / "specs" / "frames" / "rooftop.jpg"
PROGRAM = str(Path(sys.executable).with_name("wanx-render"))
OTHERS = {"snakemake": ("snakemake==9.27.1",), "dbt": ("dbt-core==1.10.*", "dbt-duckdb==1.10.*")}

LIST = """\
version: 1
project: shop
matrix: {from: rows.csv}
vars: {brand: Acme}
defaults: {model: wan2.5-i2v-preview, resolution: 720P}
shots:
  - id: intro
    image: ${image}
    prompt: "${title} of ${brand} turns on a table"
    seed: ${seed}
    caption: "${title} for ${price}"
deliverables: [9:16, 3:4]
"""
BARE = """\
import csv, pathlib, sys, yaml
folder = pathlib.Path(sys.argv[1])
yaml.load((folder / "list.yaml").read_text(), Loader=yaml.CSafeLoader)
if (folder / "rows.csv").exists():
    with (folder / "rows.csv").open(newline="") as table:
        pictures = {row["image"] for row in csv.DictReader(table)}
    for picture in pictures:
        (folder / picture).read_bytes()
"""


def table(folder: Path, rows: int, *, pictures: bool = False) -> Path:
    """A shop's list with so many rows; ``pictures``: each has one of its own, else all the same."""
    folder.mkdir()
    (folder / "list.yaml").write_text(LIST, encoding="utf-8")
    noise, frame = random.Random(1), Image.open(FRAME).convert("RGB")
    frame.save(folder / "frame.jpg")
    with (folder / "rows.csv").open("w", encoding="utf-8") as stream:
        stream.write("sku,title,image,price,seed\n")
        for number in range(rows):
            image = f"{number}.jpg" if pictures else "frame.jpg"
            stream.write(f"sku-{number},Product {number},{image},{number % 100}.90,{number}\n")
            if pictures:
                frame.paste(tuple(noise.randbytes(3)), (0, 0, 64, 64))
                frame.save(folder / image, quality=90)
    return folder


def one_list(folder: Path, shots: int) -> Path:
    """A list without a table, of so many shots."""
    folder.mkdir()
    body = "".join(
        f"  - {{id: shot-{n}, image: {FRAME}, prompt: 'A cat, number {n}, walks', seed: {n}}}\n"
        for n in range(shots)
    )
    head = "version: 1\nproject: long\ndefaults: {model: wan2.5-i2v-preview, resolution: 720P}\n"
    text = f"{head}shots:\n{body}deliverables: [9:16, 3:4]\n"
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    return folder


def ours(folder: Path) -> Cost:
    return cost((PROGRAM, "plan", str(folder / "list.yaml")))


def bare(folder: Path) -> Cost:
    return cost((sys.executable, "-c", BARE, str(folder)))


def seconds(costs: Sequence[Cost]) -> list[float]:
    return [one.cpu for one in costs]


def beside_bare(name: str, folder: Path, rounds: int, goal: str = "") -> Iterator[Row]:
    """The seconds of a plan, and how often bare reading fits into them."""
    taken = in_turn({"ours": partial(ours, folder), "bare": partial(bare, folder)}, rounds)
    cpu = {who: seconds(costs) for who, costs in taken.items()}
    yield Row(f"plans/{name}", statistics.median(cpu["ours"]), "s", f"plan of {name}", goal)
    meaning = f"plan of {name} / bare reading of the same files"
    yield Row(f"plans/{name} by bare", ratio(cpu["ours"], cpu["bare"]), "", meaning, "at most 10")
    peak = max(one.peak_mib for one in taken["ours"])
    yield Row(f"plans/{name} memory", peak, "MiB", f"the most memory that plan of {name} took")


# -- beside others ---------------------------------------------------------------------------------


def environment(folder: Path, packages: Sequence[str]) -> Path:
    """The programs of an environment with these packages."""
    uv, python = which("uv") or "uv", folder / "bin" / "python"
    subprocess.run((uv, "venv", "-q", "-p", sys.executable, str(folder)), check=True)
    # Without --no-config the constraints of our own pyproject.toml would hold for them too.
    install = (uv, "pip", "install", "-q", "--no-config", "-p", str(python))
    subprocess.run((*install, *packages), check=True)
    return folder / "bin"


def snakemake(programs: Path, folder: Path, nodes: int) -> Callable[[], Cost]:
    """A dry run of a workflow with so many jobs."""
    folder.mkdir()
    (folder / "Snakefile").write_text(
        f"rule all:\n    input: expand('out/{{n}}.txt', n=range({nodes}))\n"
        "rule one:\n    output: 'out/{n}.txt'\n    shell: 'touch {output}'\n"
    )
    command = (str(programs / "snakemake"), "-n", "-q", "all", "-d", str(folder))
    return partial(cost, (*command, "-s", str(folder / "Snakefile")))


def dbt(programs: Path, folder: Path, nodes: int) -> Callable[[], Cost]:
    """The parse of a project with so many models."""
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: shop\nversion: '1.0.0'\nprofile: shop\nmodel-paths: [models]\n"
    )
    (folder / "profiles.yml").write_text(
        "shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb}}}\n"
    )
    for number in range(nodes):
        (folder / "models" / f"m{number}.sql").write_text(f"select {number} as id\n")
    command = (str(programs / "dbt"), "-q", "parse", "--no-partial-parse")
    return partial(cost, (*command, "--project-dir", str(folder), "--profiles-dir", str(folder)))


def beside_others(folder: Path, nodes: int, rounds: int) -> Iterator[Row]:
    """A plan beside what Snakemake and dbt do before they run anything."""
    programs = {name: environment(folder / name, wanted) for name, wanted in OTHERS.items()}
    list_folder = table(folder / "nodes", nodes)
    works: Mapping[str, Callable[[], Cost]] = {
        "ours": partial(ours, list_folder),
        "snakemake -n": snakemake(programs["snakemake"], folder / "workflow", nodes),
        "dbt parse": dbt(programs["dbt"], folder / "project", nodes),
    }
    cpu = {name: seconds(costs) for name, costs in in_turn(works, rounds).items()}
    for name in ("snakemake -n", "dbt parse"):
        meaning = f"plan / {name}, over {nodes:,} nodes"
        yield Row(f"plans/by {name}", ratio(cpu["ours"], cpu[name]), "", meaning)


def rows(whole: bool) -> Iterator[Row]:
    rounds = 3 if whole else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        few = table(folder / "few", 1_000)
        many = table(folder / "many", 10_000)
        yield from beside_bare("10000 rows", many, rounds, "at most 4")
        taken = in_turn({"few": partial(ours, few), "many": partial(ours, many)}, rounds)
        growth = ratio(seconds(taken["many"]), seconds(taken["few"]))
        yield Row("plans/growth", growth, "", "10,000 rows / 1,000 rows", "at most 10")
        pictures = table(folder / "pictures", 1_000, pictures=True)
        yield from beside_bare("1000 rows with pictures", pictures, rounds, "at most 8")
        yield from beside_bare("10000 shots", one_list(folder / "shots", 10_000), rounds)
        if whole:
            huge = table(folder / "huge", 100_000)
            yield from beside_bare("100000 rows", huge, 1, "at most 45, and 500 MiB")
        yield from beside_others(folder, 10_000 if whole else 1_000, rounds)


if __name__ == "__main__":
    show(rows("--whole" in sys.argv))
