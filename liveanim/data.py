"""Files: where those lie that travel with the package (presets/ and shaders/, in a checkout and in an installed wheel),
whether one has been written since, and writing one whole."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write in place of `path`, which it becomes at the end: so `path` never holds half of it.

    After an error `path` is as it was, and nothing else is left. Two programs may write the same `path` at once.
    """
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield part
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def write_whole(path: Path, text: str) -> None:
    """`text` as `path`, whole or not at all, in a folder that is made if need be. May raise OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
