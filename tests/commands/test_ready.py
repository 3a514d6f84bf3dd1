"""What is ready before the program is imported is what the program would print."""

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands import ready
from tests.commands.test_help import EVERY, Page, page
from wanx_render.ready import pages

__all__ = ["page"]  # a fixture

PROGRAM = (sys.executable, "-m", "wanx_render")
WIDE = {"COLUMNS": "80"}


def test_every_text_is_as_the_commands_make_it() -> None:
    written = {path.name: path.read_text("utf-8") for path in ready.TEXTS.iterdir()}
    wanted = ready.texts()
    stale = {n for n in wanted.keys() | written.keys() if wanted.get(n) != written.get(n)}
    assert not stale, "run: uv run python -m tests.commands.ready"


@pytest.mark.parametrize("tag", ["en", "zh"])
def test_a_ready_page_is_the_one_that_click_makes(tag: str, page: Page) -> None:
    for words in EVERY:
        made = page(tag, *words, "--help")
        for asks in ("--help", "-h"):
            assert pages.page([*words, asks], {"WANX_LANG": tag, **WIDE}) == made, words


@pytest.mark.parametrize(
    "words",
    [
        ("render",),
        ("render", "list.yaml", "--help"),
        ("--help", "render"),
        ("nonsense", "--help"),
        ("RENDER", "--help"),
        ("../texts/help", "--help"),
        ("list", "tasks", "--help"),
        ("render", "--json", "--help"),
        ("completion", "../bash"),
        ("completion",),
    ],
    ids=" ".join,
)
def test_what_is_no_plain_request_for_help_is_left_to_click(words: tuple[str, ...]) -> None:
    assert pages.page(words, WIDE) is None


@pytest.mark.parametrize(
    ("columns", "is_ready"),
    [("79", False), ("80", True), ("200", True), ("50", False), ("0", True), ("wide", True)],
)
def test_a_narrow_terminal_gets_the_page_that_click_makes_for_it(
    columns: str, is_ready: bool
) -> None:
    assert (pages.page(["--help"], {"COLUMNS": columns}) is not None) is is_ready
    out = {
        name: subprocess.run(
            (sys.executable, "-c", f"from wanx_render.{name} import main; main()", "--help"),
            env={**os.environ, "COLUMNS": columns}, capture_output=True, text=True, check=True,
        ).stdout
        for name in ("start", "cli")
    }  # fmt: skip
    assert out["start"] == out["cli"] != ""


def test_help_imports_next_to_nothing() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "from wanx_render.start import main\n"
        "try: main()\nexcept SystemExit as end: assert end.code == 0\n"
        "print(*set(sys.modules) - before, file=sys.stderr)"
    )
    for words in (("--help",), ("tasks", "list", "-h"), ("completion", "zsh")):
        done = subprocess.run(
            (sys.executable, "-c", code, *words), capture_output=True, text=True, check=True
        )
        assert len(done.stderr.split()) < 12, done.stderr
        assert "click" not in done.stderr


def test_without_words_the_page_goes_to_stderr_as_a_mistake() -> None:
    done = subprocess.run(PROGRAM, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: wanx-render")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full here")
def test_a_page_that_cannot_be_written_is_said() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run((*PROGRAM, "--help"), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr == "error: cannot write the output: No space left on device\n"


def test_click_still_answers_shells_that_ask_it() -> None:
    asks = {"_WANX_RENDER_COMPLETE": "bash_complete", "COMP_WORDS": "wanx-render va"}
    environ = {**os.environ, **asks, "COMP_CWORD": "1"}
    done = subprocess.run(PROGRAM, env=environ, capture_output=True, text=True)
    assert done.stdout == "plain,validate\n"


# -- completion ------------------------------------------------------------------------------------

FILES = ("film.yaml", "my film.yml", "notes.txt", "renders/a.json")
MODELS = {"wan2.6-t2v", "wan2.6-t2v-us"}
OFFERED = {
    "va": {"validate"},
    "f": {"film.yaml"},
    "tasks ": {"cancel", "link", "list", "show"},
    "tasks list --r": {"--region"},
    "validate --format ": {"full", "concise", "json", "github"},
    "models wan2.6-t": MODELS,
    "models --st": {"--stale"},
    "completion ": {"bash", "zsh", "fish"},
    "render ": {"film.yaml", "my film.yml", "renders/"},
    "render --back": {"--backend"},
    "film.yaml --wat": {"--watch"},
    "film.yaml --folder ": {"renders/"},
    "film.yaml --only ": set(),
    "film.yaml --plan n": {"notes.txt"},
    "conform n": {"notes.txt"},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / "lists" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "lists"


def test_the_command_prints_the_script_in_the_language_of_its_reader() -> None:
    for tag, about in (("en", "Check FILES and report"), ("zh", "检查")):
        for words in (("completion", "zsh"), ("completion", "--", "zsh")):
            environ = {**os.environ, "WANX_LANG": tag}
            done = subprocess.run(
                (*PROGRAM, *words), env=environ, capture_output=True, text=True, check=True
            )
            assert about in done.stdout
            assert done.stdout == (ready.TEXTS / f"zsh.{tag}").read_text("utf-8")


@pytest.mark.parametrize("tag", ["en", "zh"])
def test_bash_offers_commands_options_files_and_models(folder: Path, tag: str) -> None:
    lines = [f"source {ready.TEXTS}/bash.{tag}", "compopt() { :; }"]
    for typed in OFFERED:
        words = ["wanx-render", *typed.split(" ")]
        quoted = " ".join(f"'{word}'" for word in words)
        lines += [f"COMP_WORDS=({quoted}) COMP_CWORD={len(words) - 1}", "_wanx_render"]
        lines += ['printf "%s\\n" "${COMPREPLY[@]}"', "echo ---"]
    bash = ("bash", "--norc", "-c", "\n".join(lines))
    done = subprocess.run(bash, cwd=folder, capture_output=True, text=True, check=True)
    offered = [set(block.split("\n")) - {""} for block in done.stdout.split("---\n")]
    wanted = [{name.rstrip("/") for name in names} for names in OFFERED.values()]
    assert offered[:-1] == wanted  # readline itself adds the stroke of a folder
    assert done.stderr == ""


@pytest.mark.skipif(not shutil.which("fish"), reason="no fish here")
@pytest.mark.parametrize("tag", ["en", "zh"])
def test_fish_offers_commands_options_files_and_models(folder: Path, tag: str) -> None:
    lines = [f"source {ready.TEXTS}/fish.{tag}"]
    for typed in OFFERED:
        lines += [f"complete -C 'wanx-render {typed}'", "echo ---"]
    fish = ("fish", "--no-config", "-c", "\n".join(lines))
    environ = {**os.environ, "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(fish, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    offered = [
        {line.partition("\t")[0] for line in block.split("\n")} - {""}
        for block in done.stdout.split("---\n")
    ]
    assert offered[:-1] == list(OFFERED.values())


class Typist:
    """A shell that believes somebody sits at it."""

    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"}
        self.screen = ""
        self.pid, self.line = pty.fork()
        if not self.pid:
            os.chdir(folder)
            environ |= {"PS1": "> ", "LC_ALL": "C.UTF-8"}
            os.execvpe(command[0], command, environ)  # noqa: S606

    def type(self, keys: str, until: str) -> None:
        """Type, and read until the screen has a text; that is half a minute at most."""
        os.write(self.line, keys.encode())
        self.screen, end = "", time.monotonic() + 30
        while until not in self.screen:
            assert time.monotonic() < end, self.screen
            if select.select([self.line], [], [], 1)[0]:
                self.screen += os.read(self.line, 65536).decode("utf-8", "replace")

    def close(self) -> None:
        os.close(self.line)
        os.waitpid(self.pid, 0)


SHELLS = {
    "bash": (("bash", "--norc", "--noprofile", "-i"), ()),
    "zsh": (("zsh", "-f", "-i"), ("autoload -U compinit", "compinit -u -D", "PS1='> '")),
    "fish": (("fish", "--private", "--no-config", "-i"), ()),
}


@pytest.mark.proof
@pytest.mark.parametrize("shell", SHELLS)
def test_a_person_at_a_shell_gets_words_by_the_tab_key(shell: str, folder: Path) -> None:
    command, lines = SHELLS[shell]
    if not shutil.which(command[0]):
        pytest.skip(f"no {shell} here")
    typist = Typist(command, folder)
    for line in (*lines, f"source {ready.TEXTS}/{shell}.en"):
        os.write(typist.line, f"{line}\n".encode())
    typist.type("echo set''tled\n", until="settled")
    for keys, completed in (
        ("wanx-render val\t", "idate "),
        ("my\t", "\\ film.yml "),
        ("--form\tgith\t", "github "),
        ("\x15wanx-render models wan2.6-r2v-f\t", "lash "),
    ):
        typist.type(keys, until=completed)
    typist.close()
