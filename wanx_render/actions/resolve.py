"""``resolve``: requests whose outcome only a person can know."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from wanx_render.diagnostics import Diagnostic, one_line
from wanx_render.errors import BadInput
from wanx_render.language import Message, recorded, shown, tr
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
            raise _wrong(tr("--adopt and --release exclude each other"))
        if decision.adopt:
            if decision.adopt in journal.task_ids():
                raise _wrong(tr("task {id} already belongs to another request", id=decision.adopt))
            journal.adopted(attempt.id, decision.adopt)
            environment.say(
                tr(
                    "{take} is task {id}; render or rescue downloads it",
                    take=attempt.label,
                    id=decision.adopt,
                )
            )
        elif decision.release:
            journal.ended(attempt.id, "released", "Released", tr("given up by a person"))
            environment.say(
                tr("{take} is released; the next render pays for it again", take=attempt.label)
            )
            if attempt.task_id:
                environment.say(
                    tr("task {id} is given up; it may be paid already", id=attempt.task_id)
                )
        else:
            raise _wrong(tr("--adopt TASK or --release is required"))
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
            environment.stdout.write(f"{attempt.id:>4}  {attempt.label}, {attempt.model}, {at}\n")
            prompt = one_line(str(attempt.request.get("prompt")))
            environment.stdout.write(f"      {shown(tr('prompt: {text}', text=prompt))}\n")
            environment.stdout.write(f"      {one_line(shown(recorded(attempt.message or '')))}\n")
    if waiting:
        environment.say(
            tr(
                "The outcome of these requests is unknown. See `wanx-render tasks list`, then:\n"
                "  wanx-render resolve {file} NUMBER --adopt TASK   it became this task\n"
                "  wanx-render resolve {file} NUMBER --release      it was never accepted",
                file=options.file,
            )
        )
        return 4
    environment.say(tr("No request needs your decision."))
    return 0


def _open_attempt(journal: Journal, decision: Decision) -> Attempt:
    """The attempt that is decided on. One that is not settled can always be given up.

    Of an attempt whose account is gone, no run will ever find out more.
    """
    attempt = journal.attempt(decision.attempt or 0)
    may = ("unresolved", "uncertain", "submitting", "submitted", "succeeded", "lost")
    states = may if decision.release else ("unresolved", "uncertain", "refused")
    if attempt is None or attempt.state not in states or attempt.clip_name:
        raise _wrong(tr("request {n} does not wait for a decision", n=decision.attempt))
    return attempt


def _wrong(message: Message) -> BadInput:
    hint = tr("run `wanx-render resolve FILE` to list the requests")
    return BadInput(Diagnostic("resolve-wrong", message, hint=hint))
