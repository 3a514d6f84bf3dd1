"""What the light package requires, and what is optional in it, as pyproject.toml states it."""

import re
from collections.abc import Mapping
from typing import Any

# The packages on PyPI by what is imported of them, where the names differ.
_PACKAGES = {
    "PIL": "pillow",
    "ffmpeg": "ffmpeg-python",
    "fontpkg_noto_sans": "fontpkg-noto-sans",
    "imageio_ffmpeg": "imageio-ffmpeg",
    "noto_cjk_sans_otc": "noto-cjk-sans-otc",
    "pillow_heif": "pillow-heif",
    "re2": "google-re2",
    "yaml": "pyyaml",
}
# What a package imports only where it is used.
_BROUGHT_ALONG = {"starlette": ("python-multipart",)}
_CLIPS = ("ffmpeg-python", "fontpkg-noto-sans", "imageio-ffmpeg", "noto-cjk-sans-otc")
_OPTIONAL = {
    **dict.fromkeys(_CLIPS, "clips"),  # full test clips; without it they are tiny
    "pillow-heif": "heic",
    "trustme": "tls",
    "cryptography": "tls",
}
# Libraries of those who import these modules.
_OF_THE_USER = {"httpx": {"mock_server.inprocess"}, "pytest": {"mock_server.pytest_plugin"}}


class UnknownLibrary(ValueError):
    """The emulator imports what no requirement of the project provides; the text names it."""


def requirements(
    libraries: Mapping[str, set[str]], project: Mapping[str, Any]
) -> tuple[list[str], dict[str, list[str]]]:
    """The requirements of the light package, and those of each extra. Raises UnknownLibrary.

    ``libraries`` are named as they are imported, with the modules that import them.
    """
    packages = {
        _PACKAGES.get(library, library)
        for library, modules in libraries.items()
        if not modules <= _OF_THE_USER.get(library, set())
    }
    packages |= {other for package in packages for other in _BROUGHT_ALONG.get(package, ())}
    stated = _stated(project)
    if unknown := packages - stated.keys():
        raise UnknownLibrary(f"no requirement of the project provides {', '.join(sorted(unknown))}")
    core = [stated[package] for package in sorted(packages - _OPTIONAL.keys())]
    extras: dict[str, list[str]] = {}
    for package in sorted(packages & _OPTIONAL.keys()):
        extras.setdefault(_OPTIONAL[package], []).append(stated[package])
    return core, extras


def _stated(project: Mapping[str, Any]) -> dict[str, str]:
    """The requirements of the project, by the names of the packages."""
    extras = project["optional-dependencies"].values()
    texts = [*project["dependencies"], *(text for extra in extras for text in extra)]
    return {re.split(r"[\[<>=!~ ;]", text, maxsplit=1)[0]: text for text in texts}
