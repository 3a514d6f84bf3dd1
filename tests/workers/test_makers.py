"""Who may work: what a machine makes files with, and one that changes while it is up."""

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.programs import PROGRAMS
from wanx_render.errors import FfmpegError, StoreError, StoreRefused, Unfit
from wanx_render.finishing.jobs import SegmentCall
from wanx_render.language import verbatim
from wanx_render.media import ffmpeg
from wanx_render.workers import remote_jobs, store
from wanx_render.workers.cache import Cache
from wanx_render.workers.makers import Makers, makers_with

OWN = Makers("1", (("Pillow", "13.0"), ("icu4py", "1.2")), "9.0", "words", "film")


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (replace(OWN, program="2"), "it has wanx-render 2, this run 1"),
        (
            replace(OWN, packages=(("Pillow", "12.0"), ("icu4py", "1.2"))),
            "it has Pillow 12.0, this run 13.0; run pip install 'Pillow==13.0' there",
        ),
        (replace(OWN, ffmpeg="5.1", film="x"), "it has ffmpeg 5.1, this run 9.0; set WANX_FFMPEG"),
        (replace(OWN, words="x", film="x"), "it draws words differently"),
        (replace(OWN, film="x"), "its test film differs"),
    ],
)
def test_the_first_thing_to_put_right_is_named(other: Makers, says: str) -> None:
    assert OWN.differs(OWN) == ""
    assert OWN.differs(other).startswith(says)


def test_the_test_film_is_the_same_each_time() -> None:
    own = makers_with(PROGRAMS["wheel"])
    makers_with.cache_clear()
    assert makers_with(PROGRAMS["wheel"]) == own


def test_an_ffmpeg_that_scales_otherwise_makes_another_film(tmp_path: Path) -> None:
    real = PROGRAMS["wheel"]
    script = tmp_path / "ffmpeg"
    script.write_text(f"#!/bin/sh\nexec '{real.path}' -cpuflags sse2 \"$@\"\n")
    script.chmod(0o755)
    other = makers_with(ffmpeg.find({"WANX_FFMPEG": str(script)}))
    assert other == replace(makers_with(real), film=other.film)
    assert makers_with(real).differs(other).startswith("its test film differs")


def test_an_ffmpeg_that_is_replaced_is_noticed(tmp_path: Path) -> None:
    script, real = tmp_path / "ffmpeg", PROGRAMS["wheel"].path
    for version in ("8.8", "9.9"):
        part = tmp_path / version
        says = f"sed 's/^ffmpeg version [^ ]*/ffmpeg version {version}/'"
        part.write_text(
            f'#!/bin/sh\ncase "$*" in *-version*) \'{real}\' "$@" | {says};;'
            f" *) exec '{real}' \"$@\";; esac\n"
        )
        part.chmod(0o755)
        part.rename(script)
        assert ffmpeg.find({"WANX_FFMPEG": str(script)}).version == version


def test_a_call_for_other_makers_is_for_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANX_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WANX_FFMPEG", str(PROGRAMS["wheel"].path))
    own = makers_with(ffmpeg.find(os.environ))
    order = remote_jobs.Order(store.SharedFolder(tmp_path), replace(own, words="other"))
    with pytest.raises(Unfit, match="it draws words differently"):
        remote_jobs.segments(order, (SegmentCall,), ("a.mov",), (None,))  # type: ignore[arg-type]
    assert remote_jobs.trouble(order, "probe").startswith("it draws words differently")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "its disk is full"),
        (FfmpegError(verbatim("ffmpeg: a.mov: No space left on device")), "its disk is full"),
        (StoreError(verbatim("s3://b/a: [Errno 28] No space left on device")), "its disk is full"),
        (StoreRefused(verbatim("s3://b/a: Access Denied")), "s3://b/a: Access Denied"),
    ],
)
def test_trouble_that_every_call_would_have_is_the_machines(
    error: Exception, says: str, tmp_path: Path
) -> None:
    cache = Cache(tmp_path, 1)
    with pytest.raises(Unfit, match=says), remote_jobs._fitness_shown(cache):
        raise error


def test_other_trouble_is_the_calls(tmp_path: Path) -> None:
    error = StoreError(verbatim("s3://b/a: the file does not exist"))
    with pytest.raises(StoreError) as caught, remote_jobs._fitness_shown(Cache(tmp_path, 1)):
        raise error
    assert caught.value is error


def test_a_script_is_drawn_with_the_packaged_font_alone(tmp_path: Path) -> None:
    """The film reads no font of the machine: a copy of ffmpeg elsewhere makes the same."""
    copy = tmp_path / "ffmpeg"
    shutil.copy(PROGRAMS["wheel"].path, copy)
    own = makers_with(ffmpeg.find({"WANX_FFMPEG": str(copy)}))
    assert own == makers_with(PROGRAMS["wheel"])
