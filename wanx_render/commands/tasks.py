"""``tasks``: the service's own list, one task of it, its link, and cancelling what still waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from wanx_render.commands.options import BASE_URL, JSON, OUT, REGION

if TYPE_CHECKING:
    from pathlib import Path


@click.group("tasks")
def command() -> None:
    """The service's own tasks: list, show, cancel."""


@command.command("list")
@REGION
@BASE_URL
@JSON
def tasks_list(region: str, base_url: str | None, as_json: bool) -> int:
    """The account's tasks of the last 24 hours."""
    from wanx_render.actions.tasks import TaskOptions, listed
    from wanx_render.session.environment import Environment

    return listed(TaskOptions(region, base_url, as_json), Environment.real())


@command.command("show")
@click.argument("task_id")
@REGION
@BASE_URL
def tasks_show(task_id: str, region: str, base_url: str | None) -> int:
    """One task as the service reports it, as JSON."""
    from wanx_render.actions.tasks import TaskOptions, show
    from wanx_render.session.environment import Environment

    return show(task_id, TaskOptions(region, base_url), Environment.real())


@command.command("link")
@click.argument("task_id")
@REGION
@BASE_URL
@OUT
def tasks_link(task_id: str, region: str, base_url: str | None, out: Path | None) -> int:
    """Print the whole link to a task's result. Who has it can fetch the clip."""
    from wanx_render.actions.tasks import TaskOptions, link
    from wanx_render.session.environment import Environment

    return link(task_id, TaskOptions(region, base_url), out, Environment.real())


@command.command("cancel")
@click.argument("task_id")
@REGION
@BASE_URL
def tasks_cancel(task_id: str, region: str, base_url: str | None) -> int:
    """Cancel a task that still waits; one that runs can no longer be stopped."""
    from wanx_render.actions.tasks import TaskOptions, cancel
    from wanx_render.session.environment import Environment

    return cancel(task_id, TaskOptions(region, base_url), Environment.real())
