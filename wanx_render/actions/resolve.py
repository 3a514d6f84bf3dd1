"""``resolve``: requests whose outcome only a person can know."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from wanx_render.diagnostics import Diagnostic
from wanx_render.errors import BadInput
from wanx_render.planning.attempt import Attempt
from wanx_render.planning.journal import Journal
from wanx_render.session.environment import Environment
from wanx_render.session.folder import held, opened
from wanx_render.session.folder_tasks import FolderOptions, record_of, rendered_folder


@dataclass(frozen=True)
class Decision:
    """What a person says of one unresolved attempt."""

    attempt: int | None = None
    adopt: str | None = None
    release: bool = False


def resolve(options: FolderOptions, decision: Decision, environment: Environment) -> int:
    """Show what only a person can settle, or settle one of them. Raises BadInput."""
    folder = rendered_folder(options).path
    with held(folder), opened(folder) as journal:
        if decision.attempt is None:
            return _show(options, journal, environment)
        attempt = _open_attempt(journal, decision)
        if decision.adopt and decision.release:
            raise _wrong("say one of --adopt and --release")
        if decision.adopt:
            if decision.adopt in journal.task_ids():
                raise _wrong(f"task {decision.adopt} already belongs to another attempt")
            journal.adopted(attempt.id, decision.adopt)
            environment.say(
                f"{attempt.label} is task {decision.adopt}; render or rescue fetches it"
            )
        elif decision.release:
            journal.ended(attempt.id, "released", "Released", "given up by a person")
            environment.say(f"{attempt.label} will be asked for again by the next render, and paid")
            if attempt.task_id:
                environment.say(f"task {attempt.task_id}, which may be paid already, is given up")
        else:
            raise _wrong("say --adopt TASK or --release")
    return 0


def _show(options: FolderOptions, journal: Journal, environment: Environment) -> int:
    waiting = journal.every("unresolved", "lost")
    if options.as_json:
        now = datetime.now(UTC)
        records = [record_of(attempt, now) for attempt in waiting]
        environment.stdout.write(json.dumps({"unresolved": records}, ensure_ascii=False) + "\n")
    else:
        for attempt in waiting:
            at = attempt.asked_at.isoformat(sep=" ", timespec="seconds")
            environment.stdout.write(
                f"{attempt.id:>4}  {attempt.label}, {attempt.model}, asked {at}\n"
            )
            environment.stdout.write(f"      prompt: {attempt.request.get('prompt')}\n")
            environment.stdout.write(f"      {attempt.message}\n")
    if waiting:
        environment.say(
            "nobody but you can tell what became of these. Look at `wanx-render tasks list`, then\n"
            f"  wanx-render resolve {options.file} NUMBER --adopt TASK   it is this task\n"
            f"  wanx-render resolve {options.file} NUMBER --release      it was never accepted"
        )
        return 4
    environment.say("nothing waits for a person")
    return 0


def _open_attempt(journal: Journal, decision: Decision) -> Attempt:
    """The attempt that is decided on. One that is not settled can always be given up.

    Of an attempt whose account is gone, no run will ever find out more.
    """
    attempt = journal.attempt(decision.attempt or 0)
    may = ("unresolved", "uncertain", "submitting", "submitted", "succeeded", "lost")
    states = may if decision.release else ("unresolved", "uncertain", "refused")
    if attempt is None or attempt.state not in states or attempt.clip_name:
        raise _wrong(f"attempt {decision.attempt} is not one that waits for a person")
    return attempt


def _wrong(message: str) -> BadInput:
    return BadInput(
        Diagnostic("resolve-wrong", message, hint="`wanx-render resolve FILE` shows all")
    )
