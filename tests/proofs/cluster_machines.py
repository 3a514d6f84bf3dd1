"""What happens to machines while a run works with them."""

import hashlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import imageio_ffmpeg

from tests.proofs.cluster_runs import ClusterRuns, Ran
from tests.support.cluster import BUCKET, kill, relay, until


class MachineRows(ClusterRuns):
    """Workers and schedulers are killed, stand still, hang, are full, or have other programs."""

    def calm(self) -> Ran:
        """Nothing at all: the same bytes as on one machine."""
        ran = self.end(self.away("calm"))
        assert ran.code == 0, ran.said
        self.same("calm")
        self.clean()
        return ran

    def liar(self) -> Ran:
        """A worker with another ffmpeg gets no work, and a sentence says why."""
        liar = self.rig.calling_itself("5.1.8-liar")
        machine = self.rig.stranger("liar", WANX_FFMPEG=str(liar))
        ran = self.end(self.away("liar"))
        machine.kill()
        assert ran.code == 0, ran.said
        assert "is not used: it has ffmpeg 5.1.8-liar, this run" in ran.said, ran.said
        assert not (machine.folder / "cache" / "calls").exists()
        self.same("liar")
        return ran

    def one_worker(self) -> Ran:
        """kill -9 of a worker whose part file exists; its nanny starts another."""
        run = self.away("one")
        victim = self.someone_at_work()
        kill(victim.worker())
        ran = self.end(run)
        assert ran.code == 0, ran.said
        self.same("one")
        self.clean()
        return ran

    def every_worker(self) -> Ran:
        """kill -9 of all workers and nannies; a new machine comes."""
        run = self.away("every")
        self.someone_at_work()
        self.kill_all()
        self.replace()
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "on this machine" not in ran.said
        self.same("every")
        self.clean()
        return ran

    def nobody_comes(self) -> Ran:
        """kill -9 of all workers, and none ever comes: the run goes on where it is."""
        run = self.away("nobody", WANX_EXECUTOR_PATIENCE="3")
        self.someone_at_work()
        self.kill_all()
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "no worker came: the rest is encoded on this machine" in ran.said
        self.same("nobody")
        self.clean()
        return ran

    def scheduler(self) -> Ran:
        """kill -9 of the scheduler: the run goes on where it is. The rig is of no use after it."""
        run = self.away("scheduler")
        self.someone_at_work()
        assert self.rig.scheduler
        kill(self.rig.scheduler.pid)
        ran = self.end(run)
        assert ran.code == 0, ran.said
        assert "the scheduler is gone: the rest is encoded on this machine" in ran.said
        self.same("scheduler")
        return ran

    def poisoned(self) -> Ran:
        """A call that kills every worker fails with a sentence; the others finish; then all do."""
        folder = self.fresh("poison")
        self.rig.poison.write_text(".wav")  # the music of one deliverable
        ran = self.end(self.away("poison", folder))
        self.rig.poison.unlink()
        assert ran.code == 1, ran.said
        assert "9x16: every worker that tried it was killed, even alone" in ran.said, ran.said
        self.same("poison", {"1x1.mp4": self.expected["1x1.mp4"]})
        again = self.end(self.away("poison", folder))
        assert again.code == 0, again.said
        assert "1x1: delivered, unchanged" in again.said
        self.same("poison")
        self.clean()
        return ran

    def killed_table(self) -> Ran:
        """kill -9 of a run over a table: the next puts what is missing, and pays for nothing."""
        rows = [f"row-{number}" for number in range(6)]
        folder = self.table("table", rows)
        run = self.away("table", folder)
        first = f"PUT /{BUCKET}/table/row-"
        until(lambda: any(first in request for request in self.bucket.faults.seen), "the first row")
        kill(run.pid)
        run.communicate(timeout=60)
        before = self.rows_of("table")
        assert len(before) < len(rows), "killed too late"
        ran = self.end(self.away("table", folder))
        assert ran.code == 0, ran.said
        assert " 0 takes to generate" in ran.said, ran.said
        after = self.rows_of("table")
        here = self.table("table-here", rows)
        assert self.end(self.begin(here)).code == 0
        made = {row: here / "renders" / "shop" / row / "9x16.mp4" for row in rows}
        found = {row: hashlib.sha256(path.read_bytes()).hexdigest() for row, path in made.items()}
        assert after == found
        assert all(after[row] == before[row] for row in before)
        self.clean()
        return ran

    def strangers(self) -> Ran:
        """Workers without a font, with another font, ffmpeg or processor get no work, and why."""
        workers = [
            (self.rig.add(name, **environment), reason)
            for name, (environment, reason) in self._odd_machines().items()
        ]
        for machine, _ in workers:
            log = machine.folder / "worker.log"
            until(lambda: b"Registered to" in log.read_bytes(), machine.folder.name, 180)  # noqa: B023
        ran = self.end(self.away("strangers"))
        for machine, reason in workers:
            machine.kill()
            assert reason in ran.said, (machine.folder.name, ran.said)
            assert not machine.scratch.exists(), machine.folder.name
        assert ran.said.count("is not used: ") == len(workers), ran.said
        assert ran.code == 0, ran.said
        self.same("strangers")
        return ran

    def _odd_machines(self) -> dict[str, tuple[dict[str, str], str]]:
        """The environment of each, and what is said of it."""
        from wanx_render.captions.fonts import chinese, latin

        rig, odd = self.rig, self.folder / "odd"
        without = _font_package(odd / "without", None)
        other = _font_package(odd / "other", latin().path)
        newer = _font_package(odd / "newer", chinese().path, "0.0.2")
        poor = rig.script("poor-ffmpeg", "-encoders", "grep -v ' libx264 '")
        old = rig.folder / "old-ffmpeg"
        real = imageio_ffmpeg.get_ffmpeg_exe()
        old.write_text(f"#!/bin/sh\nexec '{real}' -cpuflags sse2 \"$@\"\n")
        old.chmod(0o755)
        machines = {
            "no-font": ({"PYTHONPATH": without}, "the package noto-cjk-sans-otc is missing"),
            "other-font": ({"PYTHONPATH": other}, "it draws words differently"),
            "newer-font": ({"PYTHONPATH": newer}, "pip install 'noto-cjk-sans-otc==0.0.1'"),
            "no-codec": ({"WANX_FFMPEG": str(poor)}, "lacks encoder libx264"),
            "old-processor": ({"WANX_FFMPEG": str(old)}, "its test film differs"),
        }
        second = os.environ.get("WANX_SECOND_FFMPEG", "/usr/bin/ffmpeg")
        if Path(second).exists():
            reason = "set WANX_FFMPEG there to the same ffmpeg"
            machines["second-ffmpeg"] = ({"WANX_FFMPEG": second}, reason)
        if uv := shutil.which("uv"):
            target = str(odd / "pillow")
            install = [uv, "pip", "install", "-q", "--no-config", "--no-deps", "--target", target]
            subprocess.run([*install, "pillow==12.0.0"], check=True, timeout=120)
            machines["old-pillow"] = ({"PYTHONPATH": target}, "it has Pillow 12.0.0, this run")
        return machines

    def latecomer(self) -> Ran:
        """A worker with another ffmpeg comes late: no work, a sentence, and others go on."""
        run = self.away("late")
        self.someone_at_work()
        self.kill_all()
        liar = self.rig.calling_itself("4.9-late")
        late = self.rig.stranger("late", WANX_FFMPEG=str(liar))
        self.replace()
        ran = self.end(run)
        late.kill()
        assert ran.code == 0, ran.said
        assert "is not used: it has ffmpeg 4.9-late, this run" in ran.said, ran.said
        assert not late.scratch.exists()
        self.same("late")
        self.clean()
        return ran

    def upgraded(self) -> Ran:
        """A worker's ffmpeg is replaced while it encodes: what it makes is not kept."""
        run = self.away("upgraded")
        machine = self.someone_at_work()
        self.rig.calling_itself("6.0-upgraded").rename(machine.folder / "ffmpeg")
        ran = self.end(run)
        self.replace(machine)
        assert ran.code == 0, ran.said
        assert "is not used: it has ffmpeg 6.0-upgraded, this run" in ran.said, ran.said
        self.same("upgraded")
        self.clean()
        return ran

    def frozen(self) -> Ran:
        """A worker stands still while it encodes: another repeats its call; it wakes, late."""
        run = self.away("frozen")
        victim = self.someone_at_work().worker()
        os.kill(victim, signal.SIGSTOP)
        try:
            ran = self.end(run)
        finally:
            with suppress(ProcessLookupError):  # its nanny may have ended it by then
                os.kill(victim, signal.SIGCONT)
        assert ran.code == 0, ran.said
        self.same("frozen")
        self.clean()
        self.same("frozen")
        return ran

    def mute(self) -> Ran:
        """A worker that does not answer when a run begins is left out after a minute."""
        machine = self.rig.stranger("mute")
        victim = machine.worker()
        os.kill(victim, signal.SIGSTOP)
        try:
            ran = self.end(self.away("mute"))
        finally:
            machine.kill()
        assert ran.code == 0, ran.said
        assert "is not used: it does not answer" in ran.said, ran.said
        self.same("mute")
        return ran

    def full_disk(self) -> Ran:
        """A worker's disk is full: it gets no more calls, and others do them."""
        cache = self.rig.folder / "full" / "cache"
        cache.mkdir(parents=True)
        with _small_disk(cache, "300k"):
            self.kill_all()
            machine = self.rig.stranger("full")
            run = self.away("full")
            until(machine.scratch.exists, "a call")
            self.replace()
            ran = self.end(run)
            machine.kill()
        assert ran.code == 0, ran.said
        assert "is not used: its disk is full" in ran.said, ran.said
        self.same("full")
        self.clean()
        return ran

    def two_runs(self) -> Ran:
        """Two runs of one list, with one cluster and one bucket, at the same time."""
        folders = [self.fresh("two-a"), self.fresh("two-b")]
        runs = [self.away("two", folder) for folder in folders]
        ended = [self.end(run) for run in runs]
        assert [ran.code for ran in ended] == [0, 0], ended
        self.same("two")
        self.clean()
        return ended[0]

    def silent_scheduler(self) -> Ran:
        """The network to the scheduler hangs and refuses nothing: the run goes on where it is."""
        with relay(self.rig.address) as way:
            address = f"tcp://127.0.0.1:{way.port}"
            run = self.away("silent", scheduler=address, WANX_EXECUTOR_PATIENCE="10")
            self.someone_at_work()
            way.hang()
            ran = self.end(run)
        assert ran.code == 0, ran.said
        message = "the scheduler does not answer: the rest is encoded on this machine"
        assert message in ran.said, ran.said
        self.same("silent")
        return ran

    def cut_off(self) -> Ran:
        """The network between a worker and the scheduler hangs: others repeat its call."""
        with relay(self.rig.address) as way:
            address = f"tcp://127.0.0.1:{way.port}"
            self.kill_all()
            machine = self.rig.stranger("cut-off", address=address)
            run = self.away("cut-off")
            self.someone_at_work()
            way.hang()
            self.replace()
            ran = self.end(run)
            machine.kill()
        assert ran.code == 0, ran.said
        self.same("cut-off")
        self.clean()
        return ran


def _font_package(folder: Path, font: Path | None, version: str = "") -> str:
    """A package in the place of the Chinese font's, for PYTHONPATH."""
    package = folder / "noto_cjk_sans_otc"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    if font:
        shutil.copy(font, package / "NotoSansCJK-Regular.ttc")
    if version:
        about = folder / f"noto_cjk_sans_otc-{version}.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Name: noto-cjk-sans-otc\nVersion: {version}\n")
    return str(folder)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[None]:
    """A disk of its own for a folder; only root can have one."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    unmount = ["umount", "-l", str(folder)]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(unmount, check=True)
