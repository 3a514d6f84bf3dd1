"""Tasks that another program sent with the same account: a fault plan puts them into lists."""

from dataclasses import replace

from wanx_render.backends.simulator import Simulator
from wanx_render.catalog.capabilities import Catalog
from wanx_render.task import InputMedia, TaskRequest

FOREIGN = "others"  # the account they are sent with
_MOST = 1000


def add_foreign_tasks(simulator: Simulator, pattern: TaskRequest, count: int) -> None:
    """Submit ``count`` tasks that differ from ``pattern`` in prompt and seed alone."""
    first = len(simulator.tasks()) + 1
    for number in range(first, min(first + count, _MOST + 1)):
        prompt = f"a task of another program, number {number}"
        simulator.submit(FOREIGN, replace(pattern, prompt=prompt, seed=number))


def any_request(catalog: Catalog, region: str) -> TaskRequest:
    """A request that the service takes, where there is none to go by."""
    model = next(
        model
        for model in catalog.models.values()
        if region in model.region_names.value and model.accepts(("first_frame",))
    )
    return TaskRequest(
        model=model.name,
        region=region,
        image=InputMedia("url:of-another"),
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
