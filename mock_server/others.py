"""Tasks that another program sent with the same account: a fault plan puts them into lists."""

from collections.abc import Sequence
from dataclasses import replace

from wanx_render.backends.base import TaskState
from wanx_render.backends.simulator import Simulator, Task
from wanx_render.catalog.capabilities import Catalog
from wanx_render.task import Media, TaskRequest

OTHERS = "others"
_MOST = 1000


def add_others(
    simulator: Simulator,
    catalog: Catalog,
    region: str,
    ours: Sequence[tuple[Task, TaskState]],
    count: int,
) -> None:
    """Submit ``count`` tasks to the simulator of others, as like our newest one as can be."""
    like = ours[0][0].request if ours else _any_request(catalog, region)
    already = len(simulator.tasks())
    for number in range(already + 1, min(already + count, _MOST) + 1):
        prompt = f"a task of another program, number {number}"
        simulator.submit(OTHERS, replace(like, prompt=prompt, seed=number))


def _any_request(catalog: Catalog, region: str) -> TaskRequest:
    model = next(m for m in catalog.models.values() if region in m.region_names.value)
    return TaskRequest(
        model=model.name,
        region=region,
        image=Media("url:of-another"),
        last_image=None,
        prompt="",
        negative_prompt="",
        template=None,
        resolution=model.tiers.value[0],
        duration=model.durations.value[0],
        sound="none",
        sound_file=None,
        prompt_extend=True,
        watermark=False,
        seed=0,
    )
