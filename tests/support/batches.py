"""Tables rendered in virtual time against the emulator in this process, as the program does it."""

import random
from collections import Counter
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from mock_server.faults.reading import read_line
from tests.support import person
from tests.support.emulator import Twin
from tests.support.programs import PROGRAMS
from tests.support.virtual import Counted, Time
from wanx_render import files
from wanx_render.backends.dashscope import DashScope
from wanx_render.backends.line import Access
from wanx_render.backends.uploads import KnownUploads
from wanx_render.catalog.capabilities import packaged
from wanx_render.events import Event
from wanx_render.finishing.jobs import JoinCall, Joined, SegmentCall, SoundCall
from wanx_render.finishing.stills import PosterAndSheet
from wanx_render.geometry import Size
from wanx_render.session.approval import check_budgets
from wanx_render.session.carry_out import Means, Run
from wanx_render.session.connection import Service
from wanx_render.session.folder import opened, writable
from wanx_render.session.selection import RenderOptions, Selection
from wanx_render.session.survey import Survey
from wanx_render.workers.base import LocalWorkers

CATALOG = packaged()
MODELS = ("wanx2.1-i2v-turbo", "wan2.2-i2v-flash")
LIST = """\
version: 1
project: {project}
backend: dashscope
matrix: {{from: {project}.csv, name: "${{sku}}"}}
defaults: {{resolution: 480P, image: a.png}}
shots:
  - {{id: intro, model: wanx2.1-i2v-turbo, duration: 3, prompt: The logo}}
  - {{id: hero, model: "${{model}}", prompt: "A mug, ${{colour}}"}}
  - {{id: detail, model: wanx2.1-i2v-turbo, duration: 3, prompt: "${{sku}}"}}
deliverables: [{{aspect: 9:16, size: 90x160}}]
"""

FAULTS = (
    "on=create every=17 effect=reset stage=after",
    "on=create every=23 status=502 stage=after",
    "on=create every=11 status=429",
    "on=create every=29 effect=reset stage=before",
    "on=query every=13 status=500",
    "on=list every=7 status=500",
    "on=result every=31 effect=wrong-length",
)


def table(folder: Path, rows: int, project: str = "shop", first: int = 0) -> Path:
    """A list of ``rows`` rows: one shot that all share, one that some share, one of its own."""
    (folder / f"{project}.yaml").write_text(LIST.format(project=project), encoding="utf-8")
    lines = [
        f"p{n},colour {n % max(rows // 4, 1)},{MODELS[n % 2]}" for n in range(first, first + rows)
    ]
    text = "\n".join(["sku,colour,model", *lines, ""])
    (folder / f"{project}.csv").write_text(text, encoding="utf-8")
    if not (folder / "a.png").exists():
        Image.new("RGB", (400, 400), "#335577").save(folder / "a.png")
    return folder / f"{project}.yaml"


def distinct(rows: int, first: int = 0) -> int:
    """How many requests such a table makes that differ."""
    numbers = range(first, first + rows)
    return 1 + rows + len({(n % max(rows // 4, 1), n % 2) for n in numbers})


class Paper(LocalWorkers):
    """A bench on which nothing is encoded: names of files, as plain text."""

    async def segments(self, calls: tuple[SegmentCall, ...]) -> None:
        for call in calls:
            call.target.write_text("a segment")

    async def sound(self, call: SoundCall) -> None:
        call.target.write_text("a sound")

    async def deliverable(self, call: JoinCall) -> Joined:
        call.target.write_text("\n".join(path.name for path in call.segments))
        pictures = PosterAndSheet(b"poster", b"sheet", Size(16, 16))
        seconds = Fraction(call.frames) / call.frame.rate
        return Joined(files.sha256(call.target), seconds, None, (), pictures=pictures)


class Day:
    """A folder, an emulator and virtual time that pass from one run to the next."""

    def __init__(self, folder: Path, clip: Path, seed: int = 1, workers: int = 2) -> None:
        self.folder = folder
        self.pool = Counted(workers)
        self.time = Time(self.pool)
        self.twin = Twin.in_time(self.time.now, seed=seed)
        self.twin.service.request_log.entries = type(self.twin.service.request_log.entries)(
            maxlen=None
        )

        async def of(_: Any, _number: int = 1) -> Path:
            return clip

        self.twin.service.clips.of = of  # type: ignore[method-assign]
        self.events: list[Event] = []

    def faults(self, *lines: str) -> None:
        self.twin.service.set_faults(read_line(line) for line in lines)

    def run(self, *lists: Path, transport: Any = None, **options: Any) -> Run:
        """One run over the lists, as ``render`` does it once nothing is in its way."""
        asked = RenderOptions(lists, out=self.folder / "out", **options)
        selection = Selection.of(asked)
        with ExitStack() as stack:
            journals = {}
            for home in selection.homes:
                writable(home)
                journals[home] = stack.enter_context(opened(home))
            surveyed = Survey(selection, journals).result()
            check_budgets(surveyed)
            surveyed.note_retakes()
            surveyed.note_rows()
            program = PROGRAMS["wheel"]
            means = Means(
                self._service(transport), program, self.pool,
                lambda home: Paper(program, self.pool, home),
            )  # fmt: skip
            run = Run(surveyed, means, self.events.append, storyboards=False)
            self.time.run(run.carry_out())
        return run

    def _service(self, transport: Any) -> Service:
        access = Access("http://127.0.0.1/api/v1", "sk-mock-a", own_hosts=True)
        uploads = KnownUploads(self.folder / "uploads.json")
        backend = DashScope(
            access, CATALOG, self.time, random.Random(1), uploads=uploads,
            transport=transport or self.twin.transport,
        )  # fmt: skip
        return Service(backend, self.time)

    def settle(self) -> int:
        """What a person does about lost answers: look into the ledger. How many there were."""
        settled = 0
        for path in (self.folder / "out").rglob("journal.sqlite"):
            with opened(path.parent) as journal:
                settled += person.settle(journal, self.twin.ledger()["submissions"])
        return settled

    def paid(self) -> Counter[str]:
        """How often each request was accepted and not failed."""
        rows = self.twin.ledger()["submissions"]
        alive = [row for row in rows if row["status"] not in ("FAILED", "CANCELED")]
        return Counter(f"{row['prompt']} {row['model']}" for row in alive)

    def sent(self, operation: str = "create") -> int:
        return sum(e.operation == operation for e in self.twin.service.request_log.entries)

    def close(self) -> None:
        self.twin.service.close()
        self.pool.shutdown()
