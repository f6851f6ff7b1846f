"""Presets on disk: the ones that travel with the package, and any .toml file by its path."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

from .core.errors import UserError, near
from .core.preset import Preset, preset_from
from .data import data_dir
from .isf import library as shaders

LARGEST = 1_000_000  # bytes of a preset file


def read_preset(path: Path) -> Preset:
    """The preset in a .toml file; UserError names file, line or key, and what was expected."""
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path}: a preset is at most {LARGEST // 1_000_000} MB of text")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not a text: {error}") from None
    return parse_preset(text, path.stem, str(path))


def parse_preset(text: str, name: str, where: str | None = None) -> Preset:
    """The preset called `name` in TOML `text`; `where` appears in messages."""
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise UserError(f"{where or name}: not valid TOML: {error}") from None
    return replace(preset_from(data, where or name, name), text=text)


def shipped() -> tuple[Path, ...]:
    """The files of the presets that travel with the package, in the order of the keys 1 to 9."""
    return tuple(sorted(data_dir("presets").glob("*.toml")))


def find_preset(name: str) -> Preset:
    """The preset called `name`, numbered `name` (1-based), or in the file `name`. UserError lists the near ones."""
    files = shipped()
    if name.isdecimal() and 1 <= int(name) <= len(files):
        return read_preset(files[int(name) - 1])
    for path in files:
        if name.lower() in (path.stem.lower(), path.stem.lower().lstrip("0123456789-")):
            return read_preset(path)
    if name.endswith(".toml") or "/" in name:
        return read_preset(Path(name))
    raise UserError(
        f"there is no preset {name!r}{near(name, [path.stem for path in files])}; liveanim presets lists them"
    )
