"""Where the files that travel with the package lie (presets/ and shaders/, in a checkout and in an installed wheel),
and whether a file has been written since."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

Stamp = tuple[tuple[int, int] | None, ...]
_PACKAGE = Path(__file__).resolve().parent


def data_dir(name: str) -> Path:
    """The folder `name` ('shaders', 'presets'): beside the package in a checkout, else inside the installed package."""
    beside = _PACKAGE.parent / name
    # pyproject.toml beside the package tells a checkout from a site-packages that happens to hold such a folder.
    if beside.is_dir() and (_PACKAGE.parent / "pyproject.toml").is_file():
        return beside
    return _PACKAGE / "_data" / name


def stamp(files: Iterable[Path]) -> Stamp:
    """What changes when one of `files` is written; None for one that is not there."""
    found: list[tuple[int, int] | None] = []
    for file in files:
        try:
            state = file.stat()
            found.append((state.st_mtime_ns, state.st_size))
        except OSError:
            found.append(None)
    return tuple(found)
