"""All scenarios of a server: of each kind of effect, the first fitting entry that has it counts."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from mock_server.scenarios.captured_times import captured
from mock_server.scenarios.scenario import Scenario
from mock_server.wire.provenance import rests_on
from wanx_render.backends.base import Succeeded
from wanx_render.backends.imitation.outcome import usage
from wanx_render.backends.simulator import DrawTimes, Fate, Task, TaskTimes, documented_times
from wanx_render.catalog.abilities import Model, PictureModel
from wanx_render.catalog.capabilities import Catalog
from wanx_render.task import TaskRequest


@dataclass
class ScenarioBook:
    """What becomes of which tasks."""

    catalog: Catalog
    scenarios: Sequence[Scenario] = ()
    as_captured: bool = False  # whether times are as captured, where no scenario says more

    def _fitting(self, request: TaskRequest, account: str) -> Iterator[Scenario]:
        entry = self.catalog.entry(request.model)
        name = entry.region_names.value.get(request.region, entry.name)
        return (scenario for scenario in self.scenarios if scenario.fits(request, name, account))

    def fate(self, request: TaskRequest, account: str) -> Fate | None:
        """How a task ends, where a scenario says so."""
        outcomes = (entry for entry in self._fitting(request, account) if entry.outcome)
        scenario = next(outcomes, None)
        return scenario.fate if scenario else None

    @rests_on("captured", "public answers of 2025-04 to 2026-09",
              "With --times captured, tasks wait and run as those that were captured")  # fmt: skip
    @rests_on("guess", "one capture a model", "Captured times spread, and grow with the clip")
    def times_of(self, account: str) -> DrawTimes:
        """What draws how long the tasks of an account wait and run."""
        return partial(self._times, account)

    def _times(
        self,
        account: str,
        chance: random.Random,
        model: Model | PictureModel,
        request: TaskRequest,
    ) -> TaskTimes:
        """How long a task waits and runs: by its scenarios, captures, else the documents."""
        drawn = documented_times(chance, model, request)
        if not self.scenarios and not self.as_captured:
            return drawn
        length = request.duration if isinstance(model, Model) else 0
        fitting = [*self._fitting(request, account), *self._captures(request)]
        waits = next((entry.queue for entry in fitting if entry.queue), None)
        runs = next((entry.run for entry in fitting if entry.run), None)
        return TaskTimes(
            waits.draw(chance, 0) if waits else drawn.waits,
            runs.draw(chance, length) if runs else drawn.runs,
        )

    def answer_seconds(self, task: Task, number: int) -> float:
        """How long the answer to call ``number`` of the server waits, which is about ``task``."""
        fitting = self._fitting(task.request, task.account)
        answers = next((entry.answer for entry in fitting if entry.answer), None)
        chance = random.Random(f"{task.task_id} {number}")  # noqa: S311  # a simulation
        return answers.draw(chance, 0) if answers else 0

    def _captures(self, request: TaskRequest) -> Iterator[Scenario]:
        if self.as_captured:
            yield from (entry for entry in captured() if entry.fits(request, request.model, ""))

    def sized(self, request: TaskRequest, account: str) -> TaskRequest:
        """The request with the size that its clip has."""
        sizes = (scenario.clip_size for scenario in self._fitting(request, account))
        size = next(filter(None, sizes), None)
        return replace(request, size=size) if size else request

    def shown(self, task: Task, state: Succeeded) -> Succeeded:
        """What the answer says of a task that succeeded. The ledger stays as it is."""
        if not self.scenarios:
            return state
        request = self.sized(task.request, task.account)
        counts = usage(request, self.catalog, task.results)
        fields: dict[str, Any] = {}
        for scenario in self._fitting(task.request, task.account):
            fields = {**scenario.usage, **fields}
        changed = {name: value for name, value in {**counts, **fields}.items() if value is not None}
        return replace(state, usage=changed)
