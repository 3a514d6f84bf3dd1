from pathlib import Path

import pytest

from tests.support.places import SPECS
from wanx_render.catalog.capabilities import Catalog
from wanx_render.errors import BadInput
from wanx_render.language import using
from wanx_render.languages import LANGUAGES
from wanx_render.shotlist.scaffold import write_example
from wanx_render.validation.load import load


def test_the_first_two_lines_tell_editors_where_the_schema_is(
    catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    write_example(folder, catalog)
    lines = (folder / "shots.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == [
        "# yaml-language-server: $schema=./shotlist.schema.json",
        "# $schema: ./shotlist.schema.json",
    ]
    assert (folder / "shotlist.schema.json").is_file()


def test_the_example_is_the_same_list_in_both_languages(catalog: Catalog, tmp_path: Path) -> None:
    lists = {}
    for chosen in LANGUAGES:
        with using(chosen):
            write_example(tmp_path / chosen, catalog)
        lists[chosen] = load(tmp_path / chosen / "shots.yaml", catalog).shots
    prompts = {chosen: [shot.prompt for shot in shots.shots] for chosen, shots in lists.items()}
    assert all(any("\u4e00" <= c <= "\u9fff" for c in prompt or "") for prompt in prompts["zh"])
    without = [
        shots.model_dump(exclude={"shots": {"__all__": {"prompt"}}}) for shots in lists.values()
    ]
    assert without[0] == without[1]


def test_every_written_file_is_returned(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    written = write_example(folder, catalog)
    assert sorted(written) == sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_pictures_are_those_of_the_examples(catalog: Catalog, tmp_path: Path) -> None:
    write_example(tmp_path / "new", catalog)
    for path in (tmp_path / "new" / "frames").iterdir():
        assert path.read_bytes() == (SPECS / "frames" / path.name).read_bytes()


def test_results_and_keys_are_kept_out_of_git(catalog: Catalog, tmp_path: Path) -> None:
    write_example(tmp_path / "new", catalog)
    ignored = (tmp_path / "new" / ".gitignore").read_text().splitlines()
    assert {"renders/", ".env"} <= set(ignored)


@pytest.mark.parametrize("name", ["shots.yaml", "frames/harbour.jpg"])
def test_one_file_that_is_there_stops_everything(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "new"
    mine = folder / name
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    with pytest.raises(BadInput) as caught:
        write_example(folder, catalog)
    problem = caught.value.diagnostics[0]
    assert (problem.code, bool(problem.hint)) == ("file-exists", True)
    assert [path for path in folder.rglob("*") if path.is_file()] == [mine]
    assert mine.read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_bad_input(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput) as caught:
        write_example(tmp_path / "file" / "new", catalog)
    assert caught.value.diagnostics[0].code == "folder-unwritable"


def test_a_name_too_long_for_the_disk_is_bad_input(catalog: Catalog, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        write_example(tmp_path / ("a" * 300), catalog)
    assert caught.value.diagnostics[0].code == "folder-unwritable"


def test_a_link_that_leads_nowhere_is_not_written_through(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "new"
    folder.mkdir()
    (folder / ".gitignore").symlink_to("nowhere")
    with pytest.raises(BadInput) as caught:
        write_example(folder, catalog)
    assert caught.value.diagnostics[0].code == "file-exists"
    assert [path.name for path in folder.iterdir()] == [".gitignore"]
