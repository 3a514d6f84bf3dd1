"""A run that does not make a film keeps the last one, and says why it is stale."""

from pathlib import Path

import pytest

from tests.run.test_orchestrator import LIST, Studio, studio
from wanx_render.manifest import DeliverableRecord, Manifest, read
from wanx_render.run.table_manifest import write_table_manifest
from wanx_render.timelines.edl import text_of as edl
from wanx_render.timelines.reading import timeline_of

__all__ = ["studio"]  # a fixture
FAILS = "'[[mock: fail=InternalError]] x'"
ONE_MORE = LIST.replace(
    "deliverables:", f"  - {{id: three, image: a.png, prompt: {FAILS}}}\ndeliverables:"
)


def the_film(manifest: Manifest) -> DeliverableRecord:
    (film,) = manifest.deliverables
    return film


def test_the_last_film_stays_with_why_it_is_stale_and_what_it_is_made_of(studio: Studio) -> None:
    first = studio.run()
    studio.write(ONE_MORE)
    second = studio.run()
    assert not second.complete
    assert second.made == ()
    film = the_film(second)
    assert film.sha256 == the_film(first).sha256
    assert film.parts == the_film(first).parts
    assert film.stale == ("three is to be made, 0.72 CNY (failed before: InternalError)",)
    assert film.kept_from == first.finished_at
    assert film.shots == first.shots
    assert read(studio.folder / "out" / "manifest.json") == second


def test_a_film_that_several_runs_did_not_make_says_when_it_was_made(studio: Studio) -> None:
    first = studio.run()
    studio.write(ONE_MORE)
    studio.run()
    studio.write(LIST.replace("prompt: first", f"prompt: {FAILS}"))
    film = the_film(studio.run())
    assert film.stale == ("one is to be made, 0.72 CNY (failed before: InternalError)",)
    assert film.kept_from == first.finished_at
    assert film.shots == first.shots


def test_a_timeline_uses_the_clips_that_the_film_was_made_of(studio: Studio) -> None:
    first = studio.run()
    clip = str(first.shots[0].takes[0].clip)
    studio.write(LIST.replace("prompt: first", f"prompt: {FAILS}"))
    second = studio.run()
    assert second.shots[0].takes[0].clip is None
    text = edl(timeline_of(second, the_film(second)), str)
    assert clip in text
    assert text == edl(timeline_of(first, the_film(first)), str)


def test_what_is_not_asked_for_now_is_to_be_made_at_its_price(studio: Studio) -> None:
    studio.run()
    studio.write(LIST.replace("prompt: second", "prompt: another"))
    film = the_film(studio.run(only=frozenset({"one"})))
    assert film.stale == ("two is to be made, 0.72 CNY (changed: prompt)",)


@pytest.mark.proof
def test_a_run_that_makes_it_again_removes_the_mark(studio: Studio) -> None:
    first = studio.run()
    studio.write(ONE_MORE)
    studio.run()
    studio.write(LIST)
    assert studio.run().deliverables == first.deliverables
    studio.write(ONE_MORE)
    studio.run()
    studio.write(ONE_MORE.replace(FAILS, "third"))
    film = the_film(studio.run())
    assert (film.stale, film.kept_from, film.shots) == ((), "", ())
    assert film.frames == 270


@pytest.mark.parametrize("what", ["renamed", "gone", "changed"])
def test_a_film_that_is_not_wanted_or_not_there_is_not_kept(studio: Studio, what: str) -> None:
    studio.run()
    path = studio.folder / "out" / "9x16.mp4"
    text = ONE_MORE
    if what == "renamed":
        text = ONE_MORE.replace("{aspect: 9:16", "{name: other, aspect: 9:16")
    elif what == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes() + b"\0")
    studio.write(text)
    assert studio.run().deliverables == ()


def test_a_tables_manifest_leads_to_the_clips_of_a_rows_old_film(
    studio: Studio, tmp_path: Path
) -> None:
    studio.run()
    studio.write(LIST.replace("prompt: first", f"prompt: {FAILS}"))
    old = the_film(studio.run())
    rows = [("red", studio.folder / "out")]
    whole = {"project": "shop", "complete": False, "cost": ""}
    write_table_manifest(tmp_path, rows, whole)
    film = the_film(read(tmp_path / "manifest.json"))
    assert [shot.id for shot in film.shots] == ["red/one", "red/two"]
    assert film.shots[0].takes[0].clip == f"red/{old.shots[0].takes[0].clip}"
