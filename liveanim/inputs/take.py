"""Takes: everything a performance was made of, kept so that it can be rendered again.

A take is a folder:

    take.toml      what was playing: version, preset (name and text), model, size, seed, fps, date
    events.jsonl   one ControlEvent a line: {"time": s, "target": "...", "value": number | text | null, "source": "..."}
    audio.flac     what the ears heard, 24 bit; sample k belongs to show time k / rate

After a crash or a kill the folder is readable up to about the last half second.
"""

from __future__ import annotations

import json
import logging
import math
import os
import queue
import threading
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from ..core.errors import UserError
from ..core.model import ControlEvent
from .fakes import Script
from .sources import Samples

log = logging.getLogger(__name__)

META, EVENTS, AUDIO = "take.toml", "events.jsonl", "audio.flac"
_MAX_META, _MAX_EVENTS = 4_000_000, 400_000_000  # bytes: what is larger was not written here
_QUEUE = 2000  # blocks and events waiting for the disk: about half a minute
_PIECE = 0.5  # seconds of sound collected before they are encoded


@dataclass(frozen=True, slots=True)
class TakeInfo:
    """What a take says of itself. `size` is (width, height) of the painted picture; `fps` 0 when it was played live."""

    version: str
    preset: str = ""
    preset_text: str = ""
    model: str = ""
    size: tuple[int, int] = (512, 512)
    seed: int = 0
    fps: float = 0.0
    date: str = ""


class TakeWriter:
    """Writes a take while the show goes on; the disk is waited for in a thread of its own.

    UserError when `folder` is there and not empty, or cannot be written.
    Later trouble (disk full) ends the take, is logged, and told by `problem`; the show goes on.
    """

    def __init__(self, folder: Path, info: TakeInfo) -> None:
        self.problem = ""
        _make_folder(folder)
        try:
            _write_whole(folder / META, to_toml(info))
            self._events = (folder / EVENTS).open("w", encoding="utf-8", buffering=1)
        except OSError as error:
            raise UserError(f"{folder}: cannot write a take there ({error.strerror or error})") from None
        self._sound = _SoundFile(folder / AUDIO)
        self._queue: queue.Queue[ControlEvent | tuple[Samples, int] | None] = queue.Queue(_QUEUE)
        self._owed = 0  # samples the queue had no room for; written as silence, so that times stay true
        self._thread = threading.Thread(target=self._run, name="take", daemon=True)
        self._thread.start()

    def event(self, event: ControlEvent) -> None:
        """Keep `event`. Never blocks."""
        self._put(event)

    def sound(self, samples: Samples, rate: int, time: float = 0.0) -> None:
        """Keep (n, channels) samples, not to be changed afterwards; give this to `Ears.add_tap`. Never blocks."""
        if self._owed:
            samples = np.concatenate([np.zeros((self._owed, samples.shape[1]), dtype=np.float32), samples])
        self._owed = 0 if self._put((samples, rate)) else len(samples)

    def close(self) -> None:
        """Write what is still waiting and finish the files. Waits at most ten seconds for the disk."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(10.0)

    def _put(self, item: ControlEvent | tuple[Samples, int]) -> bool:
        if self.problem:
            return True
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            log.warning("take: the disk is too slow, something was left out")
            return False
        return True

    def _run(self) -> None:
        try:
            while (item := self._queue.get()) is not None:
                if isinstance(item, ControlEvent):
                    self._events.write(json.dumps(asdict(item)) + "\n")
                else:
                    self._sound.write(*item)
            self._sound.close()
        except Exception as error:  # noqa: BLE001  top of the thread: whatever it is, the show goes on
            self.problem = f"take ended early: {error}"
            log.warning(self.problem)
        finally:
            self._events.close()


class _SoundFile:
    """A FLAC file opened with the first samples and grown piece by piece, so that a kill loses little."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: Any = None
        self._pending: list[Samples] = []

    def write(self, samples: Samples, rate: int) -> None:
        import soundfile

        if self._file is None:
            channels = samples.shape[1]
            self._file = soundfile.SoundFile(self._path, "w", rate, channels, "PCM_24", format="FLAC")
        self._pending.append(samples)
        if sum(map(len, self._pending)) >= _PIECE * rate:
            self._flush()

    def _flush(self) -> None:
        if self._pending:
            self._file.write(np.clip(np.concatenate(self._pending), -1.0, 1.0))
            self._file.flush()
            self._pending.clear()

    def close(self) -> None:
        if self._file is not None:
            self._flush()
            self._file.close()


class TakeReader:
    """A take read back: a `Source` of its events, the path of its sound, and what it says of itself.

    `warnings` holds a line for whatever was left out. UserError when the folder is no take or misses a part.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise UserError(f"{folder}: no such take (expected a folder with {META}, {EVENTS} and {AUDIO})")
        for name in (META, EVENTS, AUDIO):
            if not (folder / name).is_file():
                raise UserError(f"{folder}: not a take, {name} is missing")
        self.warnings: list[str] = []
        self.info = from_toml(_text(folder / META, _MAX_META), str(folder / META))
        self.events = self._events(folder / EVENTS)
        self.audio = folder / AUDIO
        self._script = Script(self.events)

    def read(self, now: float) -> Sequence[ControlEvent]:
        """Events up to show time `now`, each once."""
        return self._script.read(now)

    def _events(self, path: Path) -> tuple[ControlEvent, ...]:
        lines = _text(path, _MAX_EVENTS).split("\n")
        events = []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                events.append(parse_event(line))
            except ValueError as error:
                if number < len(lines):
                    raise UserError(f"{path}, line {number}: {error}") from None
                self.warnings.append(f"{path}: the last line is cut off and was left out")
        return tuple(events)


def is_take(path: Path) -> bool:
    """Whether `path` is a folder that holds a take."""
    return (path / META).is_file()


def parse_event(line: str) -> ControlEvent:
    """One line of events.jsonl. ValueError says what was expected."""
    try:
        row = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("not valid JSON") from None
    if not isinstance(row, dict):
        raise ValueError("expected an object with time, target, value and source")
    time, target, value, source = (row.get(key) for key in ("time", "target", "value", "source"))
    if not _is_number(time):
        raise ValueError("expected a number of seconds as 'time'")
    if not isinstance(target, str) or not target:
        raise ValueError("expected the name of a parameter as 'target'")
    if value is not None and not isinstance(value, str) and not _is_number(value):
        raise ValueError("expected a number, a text or null as 'value'")
    number = value if value is None or isinstance(value, str) else float(value)
    return ControlEvent(float(time), target, number, source if isinstance(source, str) else "")


def _is_number(value: object) -> TypeGuard[float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e300 if isinstance(value, int) else math.isfinite(value)


def to_toml(info: TakeInfo) -> str:
    """`info` as TOML text; `from_toml` reads it back."""
    lines = ["# a take of liveanim: `liveanim render FOLDER -o OUT.mp4` plays it again"]
    for field in fields(info):
        value = getattr(info, field.name)
        if isinstance(value, str):
            lines.append(f"{field.name} = {_toml_string(value)}")
        else:
            lines.append(f"{field.name} = {list(value) if isinstance(value, tuple) else value}")
    return "\n".join(lines) + "\n"


def _toml_string(text: str) -> str:
    readable = all(char.isprintable() or char in "\n\t" for char in text)
    if "\n" in text and readable and "'''" not in text and not text.endswith("'"):
        return f"'''\n{text}'''"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def from_toml(text: str, where: str = META) -> TakeInfo:
    """The text of a take.toml as a value. UserError names `where`, the key and what was expected."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{where}: not valid TOML: {error}") from None
    values: dict[str, Any] = {}
    for field, kind in _KINDS.items():
        if field in table:
            values[field] = _checked(table[field], kind, f"{where}: {field}")
    if "version" not in values:
        raise UserError(f"{where}: 'version' is missing, so this is not a take")
    if "size" in values:
        values["size"] = tuple(values["size"])
    return TakeInfo(**values)


_KINDS = {
    "version": "a text",
    "preset": "a text",
    "preset_text": "a text",
    "model": "a text",
    "date": "a text",
    "size": "[width, height] in pixels, 8 to 16384",
    "seed": "a whole number from 0 to 4294967295",
    "fps": "a number from 0 to 1000",
}


def _checked(value: Any, kind: str, where: str) -> Any:
    if kind == "a text":
        good = isinstance(value, str)
    elif kind.startswith("a whole"):
        good = type(value) is int and 0 <= value <= 4294967295
    elif kind.startswith("a number"):
        good = _is_number(value) and 0 <= value <= 1000
    else:
        good = isinstance(value, list) and len(value) == 2 and all(type(n) is int and 8 <= n <= 16384 for n in value)
    if not good:
        raise UserError(f"{where}: expected {kind}")
    return value


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        used = any(folder.iterdir())
    except OSError as error:
        raise UserError(f"{folder}: cannot make a folder for the take ({error.strerror or error})") from None
    if used:
        raise UserError(f"{folder}: is not empty; name a new folder for the take")


def _write_whole(path: Path, text: str) -> None:
    """Write `text` under another name first, so that `path` never holds half of it."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(text, encoding="utf-8", newline="\n")
    os.replace(partial, path)


def _text(path: Path, limit: int) -> str:
    try:
        if path.stat().st_size > limit:
            raise UserError(f"{path}: too large to be part of a take ({path.stat().st_size // 1_000_000} MB)")
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
