"""Options and commands that other programs have and this one has not, and what is meant here.

A word is answered by its meaning, by a slip of one or two letters, or by nothing.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

import click

from wanx_render.diagnostics import listed
from wanx_render.language import NOTHING, Message, joined, tr


@dataclass(frozen=True)
class Meant:
    """Words of one meaning: options or a command for it, of which the first fits, and a note."""

    words: tuple[str, ...]
    targets: tuple[str, ...] = ()
    note: Message = NOTHING


_IN_LIST = tr("write it into the shot list; see wanx-render schema")
_KEY = tr("set DASHSCOPE_API_KEY; a key is never an option")
_AGAIN = tr("run the same command again to resume")
_KEPT = tr("no command deletes; delete the render folder by hand, but its clips were paid for")

OPTIONS = (
    Meant(("--budget", "--max-price", "--limit", "--cost", "--max-spend", "--price"),
          ("--max-cost",)),
    Meant(("--dry-run", "--dryrun", "--simulate", "--preview", "--what-if", "-n"), ("plan",),
          tr("it sends nothing")),
    Meant(("--force", "--overwrite", "--regenerate", "--redo", "--rerun", "--again"), ("--retake",),
          tr("finished clips are kept; --retake ID requests one more take")),
    Meant(("--verbose", "--debug", "--log", "--log-level", "-v"), (),
          tr("every step is shown already; --json prints each as an event")),
    Meant(("--quiet", "--silent", "-q"), (),
          tr("results are on stdout; add 2>/dev/null to hide the rest")),
    Meant(("--output", "--outdir", "--out-dir", "--output-dir", "--dest", "--destination", "-o"),
          ("--out", "--folder")),
    Meant(("--dir", "--directory", "--work-dir", "-d"), ("--folder",)),
    Meant(("--confirm", "--assume-yes", "--no-confirm", "--auto-approve", "--approve", "-y"),
          ("--yes",)),
    Meant(("--key", "--api-key", "--apikey", "--api_key", "--token"), (), _KEY),
    Meant(("--model", "--prompt", "--image", "--duration", "--seed", "--resolution", "--takes",
           "--project", "--audio", "--template"), (), _IN_LIST),
    Meant(("--size", "--aspect", "--fit", "--fps", "--ratio"), (), _IN_LIST),
    Meant(("--region",), (), _IN_LIST),
    Meant(("--resume", "--continue", "--retry"), (), _AGAIN),
    Meant(("--mock", "--offline", "--test", "--real", "--live", "--dashscope"), ("--backend",),
          tr("mock or dashscope")),
    Meant(("--input", "--file", "--config", "--list", "-i", "-c"), (),
          tr("give the shot list without an option: wanx-render FILE")),
    Meant(("--workers", "--jobs", "--threads", "--parallel", "--concurrency", "-j"),
          ("--executor",), tr("such as local:4")),
    Meant(("--shot", "--shots", "--id", "--filter", "--select", "--row"), ("--only",)),
    Meant(("--endpoint", "--url", "--server", "--host", "--emulator"), ("--base-url",)),
    Meant(("--lang", "--language", "--locale"), (), tr("set WANX_LANG to en or zh")),
    Meant(("--proxy",), (), tr("set HTTPS_PROXY")),
    Meant(("--usage", "-?"), ("--help",)),
    Meant(("--json",), ("--format",), tr("--format json prints JSON")),
)  # fmt: skip

VERBS = (
    Meant(("clean", "clear", "purge", "prune", "gc", "rm", "remove", "delete", "reset"), (), _KEPT),
    Meant(("run", "start", "make", "build", "go", "generate", "exec", "execute"), ("render",)),
    Meant(("resume", "continue", "retry"), ("render",), _AGAIN),
    Meant(("check", "lint", "verify", "test"), ("validate",)),
    Meant(("dry-run", "dryrun", "preview", "estimate", "price", "cost", "quote"), ("plan",)),
    Meant(("new", "create", "template", "example", "scaffold", "quickstart"), ("init",)),
    Meant(("download", "fetch", "recover", "pull", "restore"), ("rescue",)),
    Meant(("adopt", "release", "settle", "unlock"), ("resolve",)),
    Meant(("list", "ls", "jobs", "queue", "cancel"), ("tasks",)),
    Meant(("info", "state", "progress", "history", "log", "logs"), ("status",)),
    Meant(("web", "ui", "gui", "view", "open", "watch", "dashboard"), ("board",)),
    Meant(("serve", "server", "mock", "emulator"), (),
          tr("start the emulator with wanx-mock-server")),
    Meant(("crop", "resize", "convert", "fit", "pad", "reframe"), ("conform",)),
    Meant(("storyboard", "html", "page", "csv"), ("report",)),
    Meant(("edl", "otio", "fcpxml", "xml", "timeline"), ("export",)),
    Meant(("env", "diagnose", "health"), ("doctor",)),
    Meant(("model", "matrix", "capabilities", "prices"), ("models",)),
    Meant(("json-schema",), ("schema",)),
    Meant(("login", "auth", "key", "configure", "config"), (), _KEY),
    Meant(("help",), ("--help",)),
    Meant(("version",), ("--version",)),
)  # fmt: skip


def hint(error: click.UsageError, commands: Mapping[str, Callable[[], click.Command]]) -> Message:
    """What to write instead of an option or command that is none; nothing where nothing fits.

    ``commands`` are those of the command line by name.
    """
    if isinstance(error, click.NoSuchOption) and error.ctx:
        return _option(error.option_name, error.ctx.command, commands)
    if isinstance(error, click.exceptions.NoSuchCommand):
        return _command(error.command_name, commands)
    return NOTHING


def _option(
    word: str, command: click.Command, commands: Mapping[str, Callable[[], click.Command]]
) -> Message:
    own = options_of(command)
    if meant := _find(word, OPTIONS):
        verb = next((target for target in meant.targets if target in commands), "")
        name = verb or next((target for target in meant.targets if target in own), "")
        if name or not meant.targets:
            return _said(name, meant.note, is_command=bool(verb))
        return _elsewhere(word, commands) or _elsewhere(meant.targets[0], commands)
    longer = [name for name in own if len(word) > 4 and name.startswith(word)]
    close = longer[:1] or get_close_matches(word, own, n=1, cutoff=0.8)
    return tr("did you mean {name}?", name=close[0]) if close else _elsewhere(word, commands)


def _command(word: str, commands: Mapping[str, Callable[[], click.Command]]) -> Message:
    for suffix in (".yaml", ".yml"):
        if os.path.isfile(word + suffix):  # noqa: PTH113  # no pathlib in the command line
            return tr("did you mean the shot list {name}?", name=word + suffix)
    if meant := _find(word.lower(), VERBS):
        return _said("".join(meant.targets), meant.note, is_command=True)
    close = get_close_matches(word.lower(), commands, n=1, cutoff=0.7)
    return tr("did you mean {name}?", name=close[0]) if close else NOTHING


def _find(word: str, table: Iterable[Meant]) -> Meant | None:
    return next((meant for meant in table if word in meant.words), None)


def _said(target: str, note: Message, *, is_command: bool) -> Message:
    if not target:
        return note
    use = tr("use {target}", target=f"wanx-render {target}" if is_command else target)
    return joined((use, note), tr("; ")) if note else use


def _elsewhere(option: str, commands: Mapping[str, Callable[[], click.Command]]) -> Message:
    """Which commands have an option that this one has not."""
    names = [name for name, command in commands.items() if option in options_of(command())]
    if not names:
        return NOTHING
    return tr("{option} is an option of {commands}", option=option, commands=listed(names))


def options_of(command: click.Command) -> list[str]:
    """Every option that a command's help shows, as it is written."""
    options = [
        name
        for param in command.params
        for name in (*param.opts, *param.secondary_opts)
        # --out for the render folder is still taken, and no longer shown.
        if name.startswith("-") and not (name == "--out" and "--folder" in param.opts)
    ]
    return [*options, "--help"]
