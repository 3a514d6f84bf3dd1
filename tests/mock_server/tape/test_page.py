"""The guide page about recordings: its commands do what it says, in both languages."""

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import CHINESE, GUIDE, Block, blocks_of
from tests.support.places import ROOT

PORTS = ("8765", "8766", "8767")
PROGRAM = "from mock_server.serve import main; main()"


class RecordingReader:
    """Somebody who types the page's commands into one shell, in order."""

    def __init__(self, folder: Path, language: str) -> None:
        self.folder = folder
        self.jobs: list[subprocess.Popen[str]] = []
        self.printed = ""
        self.ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        programs = folder / "bin"
        programs.mkdir()
        for name, words in (("wanx-mock-server", ["-c", PROGRAM]), ("python", [])):
            line = " ".join(f"'{word}'" for word in (sys.executable, *words))
            (programs / name).write_text(f'#!/bin/sh\nexec {line} "$@"\n')
            (programs / name).chmod(0o755)
        self.environment = {
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1", "WANX_LANG": language,
        }  # fmt: skip

    def take(self, block: Block) -> None:
        if block.title:
            (self.folder / block.title).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            self.printed = "".join(map(self.run, self.with_ports(block.text).splitlines()))
        elif block.kind == "text":
            for line in self.with_ports(block.text).splitlines():
                pattern = ".*".join(map(re.escape, re.split(r"\s*\.\.\.\s*", line.strip())))
                assert re.search(pattern, self.printed), f"not printed: {line}\n{self.printed}"

    def run(self, line: str) -> str:
        words, _, comment = line.partition("  #")
        if words.startswith("kill %"):
            job = self.jobs[int(words[6:]) - 1]
            job.send_signal(signal.SIGTERM)
            job.wait(20)
            return ""
        if words.endswith(" &"):
            return self.start(words[:-2])
        number = re.search(r"exits: (\d+)", comment)
        ran = subprocess.run(
            ["/bin/sh", "-c", words], cwd=self.folder, env=self.environment, capture_output=True,
            text=True, timeout=120,
        )  # fmt: skip
        assert ran.returncode == (int(number[1]) if number else 0), ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    def start(self, words: str) -> str:
        job = subprocess.Popen(
            ["/bin/sh", "-c", f"exec {words}"], cwd=self.folder, env=self.environment, text=True,
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self.jobs.append(job)
        assert job.stdout
        return job.stdout.readline()

    def with_ports(self, text: str) -> str:
        for port, free in self.ports.items():
            text = text.replace(port, free)
        return text

    def close(self) -> None:
        for job in self.jobs:
            job.terminate()
            job.wait(20)
            if job.stdout:
                job.stdout.close()


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


# .ci/run walks through one page: both have the same commands. .ci/proofs walks through both.
LANGUAGES = [(GUIDE, "en"), (CHINESE, "zh")]
WALKED = LANGUAGES if os.environ.get("WALKS") == "whole" else LANGUAGES[1:]


@pytest.mark.proof
@pytest.mark.parametrize(("folder", "language"), WALKED)
def test_the_session_of_the_page_is_as_it_shows(
    folder: Path, language: str, tmp_path: Path
) -> None:
    reader = RecordingReader(tmp_path, language)
    try:
        for block in blocks_of(folder / "recordings.md"):
            reader.take(block)
    finally:
        reader.close()
    assert len(reader.jobs) == 3


def test_both_pages_have_the_same_examples() -> None:
    english, chinese = (blocks_of(folder / "recordings.md") for folder in (GUIDE, CHINESE))
    assert [(block.kind, block.title) for block in english] == [
        (block.kind, block.title) for block in chinese
    ]
    commands = [block.text for block in english if block.kind == "sh"]
    assert commands == [block.text for block in chinese if block.kind == "sh"]
    assert len(commands) >= 6
