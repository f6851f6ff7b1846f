"""Which files a performance is played with: what its presets and the command line name."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .core.preset import Preset
from .isf import library as shaders
from .options import Outside
from .takes.files import LARGEST, Used

SHOWN_BY = {
    "video": (r"picture\.mode|hybrid\.(motion|composite)|match\.to|control\.source\d", '[picture] mode = "video"'),
    "mask": (r"mask\.source", '[mask] source = "file"'),
    "match": (r"match\.to", '[match] space = "lab", to = "image"'),
}
"""Files that are seen only where a look says so: the parameters that say it (not 0), and one way to."""
LARGEST_OF_OTHERS = 16_000_000  # bytes of a file of a preset that may never be chosen


def used_by(first: Preset, choice: Sequence[Preset], outside: Outside) -> list[Used]:
    """The files of the preset a show begins with, of those that may be chosen, and of the command line."""
    others = [look for look in choice if look.text != first.text]
    found = [*_asked(outside), *_of_look(first, LARGEST)]
    return found + [each for look in others for each in _of_look(look, LARGEST_OF_OTHERS)]


def unseen(look: Preset, files: Mapping[str, str]) -> Iterator[str]:
    """A line for each of the command line's `files` that `look` makes nothing of."""
    drivers = {**look.drivers, **look.knobs}, *(scene.drivers for scene in look.scenes)
    said = {name for each in drivers for name, value in each.items() if value != 0}
    for key in [key for key in SHOWN_BY if key in files]:
        names, way = SHOWN_BY[key]
        if not any(re.fullmatch(names, name) for name in said):
            yield f"{look.name} makes nothing of --{key}; a preset with {way} does (docs/modes.md)"


def whole_paths(outside: Outside) -> Outside:
    """`outside` with the whole paths of what lies on this machine; cameras, addresses and names stay."""
    return replace(
        outside,
        files={key: _whole(name) for key, name in outside.files.items()},
        depth=outside.depth and _whole(outside.depth),
        loras=tuple(map(_whole, outside.loras)),
        controls=tuple(map(_whole, outside.controls)),
        words=outside.words and _whole(outside.words),
    )


def _whole(name: str) -> str:
    return str(Path(name).resolve()) if Path(name).exists() else name


def _asked(outside: Outside) -> Iterator[Used]:
    for name in (*outside.files.values(), *outside.loras):
        if Path(name).exists():
            yield Used("", name, Path(name), {})


def _of_look(look: Preset, largest: int) -> Iterator[Used]:
    stage, chain = _table(look.written.get("stage")), look.chain
    filters: str | list[str] = stage.get("filters", [])
    names = [filters] if isinstance(filters, str) else list(filters)
    pairs = [*zip(names, chain.filters, strict=False)]
    pairs += [(stage[key], getattr(chain, key)) for key in ("generator", "transition") if stage.get(key)]
    for name, file in pairs:
        yield Used(look.name, name, Path(file), shaders.beside(shaders.read(Path(file))))
    if stage.get("lut"):
        yield Used(look.name, stage["lut"], Path(chain.lut), {}, largest)
    rows = [look.written, *look.written.get("scene", [])]
    for row, media in zip(rows, [look.media, *(scene.media for scene in look.scenes)], strict=True):
        for key, name in _table(row.get("media")).items():
            if os.path.exists(file := os.path.expanduser(media[key])):
                yield Used(look.name, name, Path(file).resolve(), {}, largest)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
