"""The set list: a file in which performers name their presets in the order of the keys."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import home
from .core.errors import UserError, near
from .core.preset import Preset
from .core.setlist import NO_SET, SetList
from .core.toml import key_line, read_toml
from .library import choice, is_file_name, own, read_text, shipped

log = logging.getLogger(__name__)

NONE = "none"  # asked for in place of a file: there is no set list
_KEYS = ("presets", "only")


@dataclass(frozen=True, slots=True)
class SetFile:
    """A set list as a file has it.

    path      where it is, or would be written; None: nowhere
    files     the presets that it names by their paths
    entries   what it says for a preset, by the preset's name
    problems  a line for everything that is left out
    """

    path: Path | None
    listed: SetList = NO_SET
    files: tuple[Path, ...] = ()
    entries: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def own_set() -> Path:
    """Where the user's set list is, if there is one."""
    return home.config() / "set.toml"


def open_set(asked: str | None) -> SetFile:
    """The set list in the file that was `asked` for (None: the user's own), as a show begins with it.

    What it leaves out is said. UserError where the file was asked for and is no good; one's own is then left out.
    """
    if asked == NONE:
        return SetFile(None)
    path = Path(asked).absolute() if asked else own_set()
    if asked is None and not path.exists():
        return SetFile(path)
    try:
        found = read_set(path, library_names())
    except UserError as error:
        if asked is not None:
            raise
        log.warning("%s; the presets are in their own order", error)
        return SetFile(path)
    for line in found.problems:
        log.warning("%s", line)
    return found


def library_names() -> list[str]:
    """The names of the presets of the package and of the user."""
    return [path.stem for path in (*shipped(), *own())]


def read_set(path: Path, known: Iterable[str]) -> SetFile:
    """The set list in a file, of presets `known` by name or lying where it says. UserError: file, line, reason."""
    text = read_text(path)
    data = _parsed(text, path)
    names = {name.lower(): name for name in known}
    entries: dict[str, str] = {}
    files, problems = [], []
    for entry in data.get("presets", []):
        place = path.parent / Path(entry).expanduser()
        name = place.stem if is_file_name(entry) else names.get(entry.lower())
        lines = _lines(text, entry)
        if name is None:
            problems.append(f"{path}: line {lines[0]}: there is no preset {entry!r}{near(entry, names.values())}")
        elif name in entries:
            problems.append(f"{path}: line {lines[-1]}: {entry!r} is there already: a preset has one number")
        elif is_file_name(entry) and not place.is_file():
            problems.append(f"{path}: line {lines[0]}: {place} is not there")
        else:
            entries[name] = entry
            files += [place] if is_file_name(entry) else []
    return SetFile(path, SetList(tuple(entries), data.get("only", False)), tuple(files), entries, tuple(problems))


def _parsed(text: str, path: Path) -> dict[str, Any]:
    data = read_toml(text, str(path))
    for key, value in data.items():
        where = f"{path}: line {key_line(text, key)}"
        if key not in _KEYS:
            raise UserError(f"{where}: a set list has no {key!r}{near(key, _KEYS)}")
        if key == "only" and not isinstance(value, bool):
            raise UserError(f"{where}: only: expected true or false")
        if key == "presets" and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
            raise UserError(f'{where}: presets: expected a list of names, like ["my-intro", "looks/storm.toml"]')
    return data


def _lines(text: str, word: str) -> list[int]:
    """The lines (from 1) that have `word`."""
    return [n for n, line in enumerate(text.splitlines(), 1) if word in line] or [1]


def in_order(
    found: SetFile, bad: Callable[[Path, UserError], None]
) -> tuple[Sequence[tuple[Path, Preset]], Sequence[tuple[Path, Preset]]]:
    """The presets of a show with that set list, with their files: those that have numbers, by these from 1, and those
    that have none. `bad` is told of those that cannot be read."""
    known = {preset.name: (path, preset) for path, preset in choice(bad, found.files)}
    numbered = found.listed.numbered(list(known))
    return [known[name] for name in numbered], [one for name, one in known.items() if name not in numbered]


def rewritten(path: Path, listed: SetList) -> str:
    """The text of the set list in a file when it says `listed`: presets as they are named there, remarks kept.
    UserError where what is there cannot be read."""
    import tomlkit

    there = path.exists()
    entries = read_set(path, listed.names).entries if there else {}
    document = tomlkit.parse(read_text(path) if there else "# the presets by their numbers: docs/presets.md\n")
    names = tomlkit.array().multiline(True)
    names.extend(entries.get(name, name) for name in listed.names)
    document["presets"] = names
    if listed.only or "only" in document:
        document["only"] = listed.only
    return tomlkit.dumps(document)
