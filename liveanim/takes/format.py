"""What a take is: everything a performance was made of, kept so that it can be rendered again.

A take is a folder:

    take.toml        what was playing: version, preset (name and text), model, sizes, seed, fps, date
    presets/         every preset that could be chosen, in the order of the keys: 01-name.toml ...
    events.jsonl     one ControlEvent a line: {"time": s, "target": "...", "value": number | text | null, "source": ""}
    audio.flac       what the ears heard, 24 bit; sample k belongs to show time `sound_from` + k / rate
    keyframes.jsonl  one painted picture a line, from when it was begun: {"index": n, "time": s}
    keyframes/       a small JPEG of a painted picture every two seconds, by its index
    files.jsonl      where the files lie that the presets and the command line name (`files`)
    files/           these files

After a crash or a kill the folder is readable up to about the last half second.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeGuard

from ..core.errors import UserError, told_as
from ..core.model import ControlEvent
from ..core.toml import read_toml
from ..data import write_whole
from .files import safe

META, EVENTS, AUDIO, KEYFRAMES, PRESETS = "take.toml", "events.jsonl", "audio.flac", "keyframes.jsonl", "presets"
PICTURES = "keyframes"
KEEP_EVERY = 2.0  # s between the pictures kept
LARGEST_PICTURE = 512  # pixels of the longer side of a kept picture


@dataclass(frozen=True, slots=True)
class TakeInfo:
    """What a take says of itself.

    size        (width, height) of the painted pictures; `picture` of what was shown, (0, 0) if not known
    fps         0 when it was played live
    overrides   parameters that the command line set, whatever the preset said: numbers, or texts of expressions
    begin       show time (s) at which it begins to be worth seeing: after a trim what came before is only heard
    sound_from  show time (s) of the first sample of the sound
    versions    what it was played with
    media       files that the command line named, by what they are for (video, mask, init, match)
    model       the one it begins with; `asked`: the one that was to paint all of it, '': each preset says it itself;
                `default`: of presets that name none, '': of a version in which model and size stayed as they began
    loras       LoRA files; `controls` folders of ControlNets; `depth` a depth model, `words` one for masks ('': none)
    """

    version: str
    preset: str = ""
    preset_text: str = ""
    model: str = ""
    size: tuple[int, int] = (512, 512)
    seed: int = 0
    fps: float = 0.0
    date: str = ""
    picture: tuple[int, int] = (0, 0)
    begin: float = 0.0
    sound_from: float = 0.0
    versions: str = ""
    overrides: Mapping[str, float | str] = field(default_factory=dict)
    media: Mapping[str, str] = field(default_factory=dict)
    loras: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    depth: str = ""
    words: str = ""
    asked: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A painted picture of a performance: its number, and the show time (s) it belongs to."""

    index: int
    time: float

    @property
    def file(self) -> str:
        """The name it has in PICTURES if it was kept."""
        return f"{self.index:08d}.jpg"


def event_line(event: ControlEvent) -> str:
    """`event` as a line of events.jsonl, with its newline. Fields that later versions add to events are kept."""
    return json.dumps({row.name: getattr(event, row.name) for row in fields(event)}) + "\n"


def parse_event(line: str) -> ControlEvent:
    """One line of events.jsonl. ValueError says what was expected."""
    row = _row(line, "time, target, value and source")
    time, target, value, source = (row.get(key) for key in ("time", "target", "value", "source"))
    if not _is_number(time):
        raise ValueError("expected a number of seconds as 'time'")
    if not isinstance(target, str) or not target:
        raise ValueError("expected the name of a parameter as 'target'")
    if value is not None and not isinstance(value, str) and not _is_number(value):
        raise ValueError("expected a number, a text or null as 'value'")
    number = value if value is None or isinstance(value, str) else float(value)
    return ControlEvent(float(time), target, number, source if isinstance(source, str) else "")


def moment_line(moment: Moment) -> str:
    """`moment` as a line of keyframes.jsonl, with its newline."""
    return json.dumps({"index": moment.index, "time": moment.time}) + "\n"


def parse_moment(line: str) -> Moment:
    """One line of keyframes.jsonl. ValueError says what was expected."""
    row = _row(line, "index and time")
    index, time = row.get("index"), row.get("time")
    if type(index) is not int or index < 0:
        raise ValueError("expected a whole number as 'index'")
    if not _is_number(time):
        raise ValueError("expected a number of seconds as 'time'")
    return Moment(index, float(time))


def _row(line: str, keys: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("not valid JSON") from None
    if not isinstance(row, dict):
        raise ValueError(f"expected an object with {keys}")
    return row


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 if isinstance(value, int) else math.isfinite(value)


def to_toml(info: TakeInfo) -> str:
    """`info` as TOML text; `from_toml` reads it back."""
    lines = ["# a take of liveanim: `liveanim render FOLDER -o OUT.mp4` plays it again"]
    for row in fields(info):
        value = getattr(info, row.name)
        if not isinstance(value, Mapping):
            lines.append(f"{row.name} = {_toml(value)}")
    for name in ("overrides", "media"):
        table = getattr(info, name)
        lines += ["", f"[{name}]", *(f"{_toml_string(key)} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, str):
        return _toml_string(value)
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, tuple) else str(value)


def _toml_string(text: str) -> str:
    readable = all(char.isprintable() or char in "\n\t" for char in text)
    if "\n" in text and readable and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def from_toml(text: str, where: str = META) -> TakeInfo:
    """The text of a take.toml as a value. UserError names `where`, the key and what was expected."""
    table = read_toml(text, where)
    values: dict[str, Any] = {}
    for name, (expected, good) in _KINDS.items():
        if name in table:
            if not good(table[name]):
                raise UserError(f"{where}: {name}: expected {expected}")
            values[name] = table[name]
    if "version" not in values:
        raise UserError(f"{where}: 'version' is missing, so this is not a take")
    for name, value in values.items():
        values[name] = tuple(value) if isinstance(value, list) else value
    return TakeInfo(**values)


_Kind = tuple[str, Callable[[Any], bool]]
"""What is expected, in words, and whether a value is that."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_whole(value: Any, most: int) -> bool:
    return type(value) is int and 0 <= value <= most


def _up_to(most: float) -> Callable[[Any], bool]:
    return lambda value: _is_number(value) and 0 <= value <= most


def _list_of(good: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(map(good, value))


def _table_of(good: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(good, value.values()))


def _is_size(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(_is_whole(number, 16384) for number in value)


_TEXT: _Kind = "a text", _is_text
_TEXTS: _Kind = "a list of texts", _list_of(_is_text)
_SIZE: _Kind = "[width, height] in pixels, up to 16384", _is_size
_SECONDS: _Kind = "a number of seconds from 0 to 1000000", _up_to(1000000)
_KINDS: dict[str, _Kind] = {
    "version": _TEXT,
    "preset": _TEXT,
    "preset_text": _TEXT,
    "model": _TEXT,
    "date": _TEXT,
    "versions": _TEXT,
    "size": _SIZE,
    "picture": _SIZE,
    "seed": ("a whole number from 0 to 4294967295", lambda value: _is_whole(value, 4294967295)),
    "fps": ("a number from 0 to 1000", _up_to(1000)),
    "begin": _SECONDS,
    "sound_from": _SECONDS,
    "overrides": ("a table of numbers and texts", _table_of(lambda value: _is_text(value) or _is_number(value))),
    "media": ("a table of texts", _table_of(_is_text)),
    "loras": _TEXTS,
    "controls": _TEXTS,
    "depth": _TEXT,
    "words": _TEXT,
    "asked": _TEXT,
    "default": _TEXT,
}


def make_folder(folder: Path) -> None:
    """An empty `folder` for a take. UserError when it holds something, or cannot be made."""
    with told_as(f"{folder}: cannot make a folder for the take"):
        folder.mkdir(parents=True, exist_ok=True)
        used = any(folder.iterdir())
    if used:
        raise UserError(f"{folder}: is not empty; name a new folder for the take")


def write_looks(folder: Path, looks: Mapping[str, str]) -> None:
    """Keep the texts of the presets that can be chosen, by name, in their order."""
    if looks:
        (folder / PRESETS).mkdir()
    digits = max(2, len(str(len(looks))))
    for number, (name, text) in enumerate(looks.items(), 1):
        write_whole(folder / PRESETS / f"{number:0{digits}d}-{safe(name)}.toml", text)
