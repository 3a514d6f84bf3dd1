import dataclasses
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from wanx_render.capabilities import Catalog
from wanx_render.doctor import Finding, examine

NOW = datetime(2026, 11, 23, tzinfo=UTC)
CANARY = "sk-canary-0123456789abcdef"


def look(catalog: Catalog, folder: Path, **environ: str) -> dict[str, Finding]:
    findings = examine({"PATH": "", **environ}, folder, NOW, catalog)
    return {each.name: each for each in findings}


def test_the_key_is_in_no_finding_wherever_it_was_put(catalog: Catalog, tmp_path: Path) -> None:
    """People paste keys into the wrong variable too."""
    (tmp_path / ".env").write_text(f"DASHSCOPE_API_KEY={CANARY}\n")
    found = look(
        catalog,
        tmp_path,
        DASHSCOPE_API_KEY=f"{CANARY}\n",
        DASHSCOPE_HTTP_BASE_URL=f"https://{CANARY}@dashscope.example/api/v1?key={CANARY}",
        HTTPS_PROXY=f"http://me:{CANARY}@proxy.example:3128/{CANARY}",
    )
    assert "canary" not in repr(found)
    assert not any("canary" in str(dataclasses.astuple(each)) for each in found.values())
    assert found["key"].state == "warning"


def test_the_environment_comes_before_the_file(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"# DASHSCOPE_API_KEY=old\nDASHSCOPE_API_KEY='{CANARY}'\n")
    assert look(catalog, tmp_path)["key"].text.endswith("is set in .env")
    told = look(catalog, tmp_path, DASHSCOPE_API_KEY=CANARY)["key"]
    assert told.text.endswith("is set in the environment")


def test_without_a_base_url_the_regions_of_the_catalog_are_named(
    catalog: Catalog, tmp_path: Path
) -> None:
    text = look(catalog, tmp_path)["endpoint"].text
    assert all(region in text for region in catalog.service.regions)


def test_ffmpeg_is_named_with_its_version_origin_and_path(catalog: Catalog, tmp_path: Path) -> None:
    text = look(catalog, tmp_path)["ffmpeg"].text
    assert all(word in text for word in ("wheel", "libx264", "drawtext", "/"))


def test_a_folder_that_is_still_to_be_made_is_judged_by_its_parent(
    catalog: Catalog, tmp_path: Path
) -> None:
    found = look(catalog, tmp_path / "not" / "yet")
    assert (found["folder"].state, found["disk"].state == "error") == ("ok", False)
    assert not (tmp_path / "not").exists()


def test_a_file_in_place_of_the_folder_is_an_error_with_a_hint(
    catalog: Catalog, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    told = look(catalog, tmp_path / "file")["folder"]
    assert (told.state, bool(told.hint)) == ("error", True)


def test_nothing_is_left_in_the_folder(catalog: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    look(catalog, folder)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(("year", "state"), [(1970, "error"), (2024, "error"), (2025, "ok")])
def test_a_clock_before_2025_is_wrong(
    year: int, state: str, catalog: Catalog, tmp_path: Path
) -> None:
    findings = examine({"PATH": ""}, tmp_path, datetime(year, 6, 1, tzinfo=UTC), catalog)
    assert [each.state for each in findings if each.name == "clock"] == [state]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
def test_a_proxy_is_found_in_capitals_and_small_letters(
    name: str, catalog: Catalog, tmp_path: Path
) -> None:
    told = look(catalog, tmp_path, **{name: "socks5://proxy.example:1080"})["proxy"]
    assert "socks5://proxy.example" in told.text


def test_without_a_proxy_none_is_spoken_of(catalog: Catalog, tmp_path: Path) -> None:
    assert "proxy" not in look(catalog, tmp_path)


@pytest.mark.parametrize("blank", ["\n", "\t", " ", "\r"])
def test_a_blank_inside_the_key_is_a_warning(blank: str, catalog: Catalog, tmp_path: Path) -> None:
    broken = CANARY[:12] + blank + CANARY[12:]
    assert look(catalog, tmp_path, DASHSCOPE_API_KEY=broken)["key"].state == "warning"


def test_a_key_file_saved_with_a_byte_order_mark_is_read(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"DASHSCOPE_API_KEY={CANARY}\n", encoding="utf-8-sig")
    assert look(catalog, tmp_path)["key"].text.endswith("is set in .env")


@pytest.mark.parametrize("password", ["pa/ss", "p#ss", "p?ss", "p://ss", "p@ss"])
def test_no_password_makes_the_user_look_like_the_host(
    password: str, catalog: Catalog, tmp_path: Path
) -> None:
    text = look(catalog, tmp_path, HTTPS_PROXY=f"http://myself:{password}@h:1")["proxy"].text
    assert "myself" not in text
    assert "ss" not in text.removeprefix("HTTPS_PROXY: ").replace("address", "")


def test_an_address_without_a_host_is_said_to_be_unreadable(
    catalog: Catalog, tmp_path: Path
) -> None:
    assert "cannot be read" in look(catalog, tmp_path, HTTPS_PROXY="http:///x")["proxy"].text


def test_a_missing_font_is_an_error(tmp_path: Path) -> None:
    """Asked of a fresh Python that meets an empty font package first."""
    package = tmp_path / "noto_cjk_sans_otc"
    package.mkdir()
    (package / "__init__.py").write_text("")
    script = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from wanx_render.doctor import _font\nprint(_font().state)"
    )
    # Pillow looks for a missing file among the system's fonts; here it shall find none.
    environ = {**os.environ, "XDG_DATA_DIRS": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert done.stdout.strip() == "error"
