"""The files that a performance is played with, kept in its take: shaders, colour tables, pictures, videos, LoRAs.

files.jsonl   a line for each: {"look": preset or "", "name": as it is written there, "file": "files/03/film.cube"}
files/        the files, each in a folder of its own with what belongs to it (a shader's .vs and pictures)
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core.errors import brief

log = logging.getLogger(__name__)

INDEX, FOLDER = "files.jsonl", "files"
LARGEST = 500_000_000  # bytes of a file that is copied; what is larger stays where it is


@dataclass(frozen=True, slots=True)
class Used:
    """A file or folder of pictures at `path`, called `name` in the preset `look` ('': on the command line).

    beside    what belongs to it, by the name it has in its folder
    largest   bytes: a larger one is not copied
    """

    look: str
    name: str
    path: Path
    beside: Mapping[str, Path]
    largest: int = LARGEST


def safe(name: str) -> str:
    """`name` as part of a file's name on every system."""
    return "".join(char if char.isprintable() and char not in '<>:"/\\|?*' else "_" for char in name)


def keep(folder: Path, used: Iterable[Used]) -> Iterator[str]:
    """Copy what is `used` into the take in `folder`; a line for whatever could not be."""
    places: dict[Path, str] = {}
    with (folder / INDEX).open("w", encoding="utf-8", buffering=1) as index:
        for each in used:
            where = places.get(each.path)
            try:
                if where is None:
                    if (size := _size(each.path)) > each.largest:
                        yield f"{each.path}: stays where it is, {size // 1_000_000} MB are not copied into the take"
                        continue
                    where = places[each.path] = f"{FOLDER}/{len(places) + 1:02d}/{safe(each.path.name)}"
                    _copy(each, folder / where)
            except OSError as error:
                yield f"{each.path}: is not in the take ({brief(error)})"
                continue
            index.write(json.dumps({"look": safe(each.look), "name": each.name, "file": where}) + "\n")


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir() if file.is_file())
    return path.stat().st_size


def _copy(each: Used, target: Path) -> None:
    target.parent.mkdir(parents=True)
    if each.path.is_dir():
        target.mkdir()
        for file in sorted(each.path.iterdir()):
            if file.is_file():
                shutil.copyfile(file, target / file.name)
        return
    shutil.copyfile(each.path, target)
    for name, path in each.beside.items():
        place = target.parent / name
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def kept(folder: Path, text: str) -> dict[str, dict[str, str]]:
    """{look: {name: path}} of the files in the take in `folder`, whose index is `text`. Bad lines are left out: a take
    that was cut off may end in half of one, and one from elsewhere must not name files outside of itself."""
    found: dict[str, dict[str, str]] = {}
    root = (folder / FOLDER).resolve()
    for line in text.splitlines():
        try:
            row = json.loads(line)
            look, name, file = (str(row[key]) for key in ("look", "name", "file"))
            path = (folder / file).resolve()
            if path.is_relative_to(root) and path.exists():
                found.setdefault(look, {})[name] = str(path)
        except (ValueError, TypeError, KeyError, RecursionError, OSError):
            log.warning("%s: a line that cannot be understood was left out", folder / INDEX)
    return found
