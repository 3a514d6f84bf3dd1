"""``tasks``: the service's own list, one task of it, its link, and cancelling what still waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import BASE_URL, FOLDER, JSON, REGION
from wanx_render.language import tr

if TYPE_CHECKING:
    from pathlib import Path


@click.group("tasks", help=tr("List, show or cancel the service's own tasks."))
def command() -> None:
    """Work with the service's tasks."""


@command.command("list", help=tr("List the account's tasks of the last 24 hours."))
@REGION
@BASE_URL
@JSON
def tasks_list(region: str, base_url: str | None, as_json: bool) -> int:
    """List tasks."""
    from wanx_render.actions.tasks import TaskOptions, listed
    from wanx_render.session.environment import Environment

    return listed(TaskOptions(region, base_url, as_json), Environment.real())


@command.command("show", help=tr("Print one task as the service reports it, as JSON."))
@click.argument("task_id")
@REGION
@BASE_URL
def tasks_show(task_id: str, region: str, base_url: str | None) -> int:
    """Show a task."""
    from wanx_render.actions.tasks import TaskOptions, show
    from wanx_render.session.environment import Environment

    return show(task_id, TaskOptions(region, base_url), Environment.real())


@command.command(
    "link",
    help=tr("Print the full link to a task's result. Anyone who has it can download the clip."),
)
@click.argument("task_id")
@REGION
@BASE_URL
@FOLDER
def tasks_link(task_id: str, region: str, base_url: str | None, out: Path | None) -> int:
    """Print a link."""
    from wanx_render.actions.tasks import TaskOptions, link
    from wanx_render.session.environment import Environment

    return link(task_id, TaskOptions(region, base_url), out, Environment.real())


@command.command(
    "cancel", help=tr("Cancel a task that is still queued. A running task cannot be stopped.")
)
@click.argument("task_id")
@REGION
@BASE_URL
def tasks_cancel(task_id: str, region: str, base_url: str | None) -> int:
    """Cancel a task."""
    from wanx_render.actions.tasks import TaskOptions, cancel
    from wanx_render.session.environment import Environment

    return cancel(task_id, TaskOptions(region, base_url), Environment.real())
