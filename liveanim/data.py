"""Where the files that travel with the package lie: presets/ and shaders/, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """The folder `name` ('shaders', 'presets'): beside the package in a checkout, else inside the installed package."""
    beside = _PACKAGE.parent / name
    # pyproject.toml beside the package tells a checkout from a site-packages that happens to hold such a folder.
    if beside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    return _PACKAGE / "_data" / name
