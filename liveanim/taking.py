"""Takes that begin and end while a show plays: the disk is waited for in threads, the show never."""

from __future__ import annotations

import logging
import math
import threading
import tomllib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from . import home
from .core.errors import UserError
from .core.model import ControlEvent, Keyframe
from .core.pacing import Samples
from .core.preset import Preset
from .keeping import file_name
from .takes.edit import LEAD
from .takes.format import KEEP_EVERY, META
from .takes.reader import is_take
from .takes.writer import TakeWriter

log = logging.getLogger(__name__)

_MOST_EARLY = 5000  # things kept while a take's folder is being made
_MOST_LISTED = 200
Make = Callable[[Path, Preset, Sequence[Preset], float, float], TakeWriter]
"""Makes the take of a show that stands as the preset says, with those that may be chosen, at a show time (s), with
sound from another on. May wait for the disk, UserError."""
Tell = Callable[[TakeWriter], None]


class _Before:
    """The last seconds of a show: what a take that begins now has to know of them."""

    def __init__(self) -> None:
        self._sound: deque[tuple[float, Tell]] = deque()
        self._painted: deque[tuple[float, Tell]] = deque()
        self._next_picture = -math.inf

    def begun(self, index: int, time: float) -> None:
        _remember(self._painted, time, lambda writer: writer.begun(index, time))

    def keyframe(self, keyframe: Keyframe) -> None:
        if keyframe.time >= self._next_picture:
            self._next_picture = keyframe.time + KEEP_EVERY
            _remember(self._painted, keyframe.time, lambda writer: writer.keyframe(keyframe))

    def sound(self, samples: Samples, rate: int, time: float) -> None:
        _remember(self._sound, time, lambda writer: writer.sound(samples, rate, time))

    def since(self, now: float) -> float:
        """Show time (s) from which on there is sound."""
        return max(0.0, self._sound[0][0]) if self._sound else now

    def all(self) -> list[Tell]:
        return [tell for _, tell in (*self._sound, *self._painted)]


def _remember(kept: deque[tuple[float, Tell]], time: float, tell: Tell) -> None:
    kept.append((time, tell))
    while kept[0][0] < time - LEAD:
        kept.popleft()


class Takes:
    """What a live show keeps of itself. `begun`, `event`, `keyframe` and `sound` are told all the time; nothing blocks.

    make     makes a take; home: the folder for those that have no place of their own
    writer   the take called `name` that runs from the start; None: none does
    """

    def __init__(self, make: Make, home: Path, writer: TakeWriter | None = None, name: str = "") -> None:
        self._make, self.home = make, home
        self._lock = threading.Lock()
        self._writer = writer
        self._early: list[Tell] | None = None  # while the folder is made
        self._before = _Before()
        self._problem = ""
        self._threads: list[threading.Thread] = []
        self.name = name

    def take(
        self, name: str, state: Preset, presets: Sequence[Preset], now: float, stands: Sequence[ControlEvent]
    ) -> str:
        """Begin a take called `name` ('' is named by the date) at show time `now`, or end the one that runs; a line
        about it. `presets` may be chosen. `stands`: the events that it begins with."""
        if self.name:
            return self._end()
        folder = free(self.home / called(name, datetime.now()))
        self.name, self._early, self._problem = folder.name, self._before.all(), ""
        for event in stands:
            self.event(event)
        since = self._before.since(now)
        self._spawn(lambda: self._begin(folder, state, presets, now, since))
        return f"take {folder.name} begins: {folder}"

    def _begin(self, folder: Path, state: Preset, presets: Sequence[Preset], now: float, since: float) -> None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            writer = self._make(folder, state, presets, now, since)
        except (UserError, OSError) as error:
            log.warning("take: %s", error)
            with self._lock:
                self._problem, self._early, self.name = f"no take: {error}", None, ""
            return
        with self._lock:
            early, self._early = self._early or [], None
            for tell in early:
                tell(writer)
            ended = not self.name
            self._writer = None if ended else writer
        if ended:
            writer.close()

    def _end(self) -> str:
        with self._lock:
            writer, self._writer, name, self.name = self._writer, None, self.name, ""
        if writer is not None:
            self._spawn(writer.close)
        return f"take {name} ended"

    def event(self, event: ControlEvent) -> None:
        self._tell(lambda writer: writer.event(event))

    def begun(self, index: int, time: float) -> None:
        self._before.begun(index, time)
        self._tell(lambda writer: writer.begun(index, time))

    def keyframe(self, keyframe: Keyframe) -> None:
        self._before.keyframe(keyframe)
        self._tell(lambda writer: writer.keyframe(keyframe))

    def sound(self, samples: Samples, rate: int, time: float) -> None:
        """For `Ears.add_tap`."""
        self._before.sound(samples, rate, time)
        self._tell(lambda writer: writer.sound(samples, rate, time))

    def _tell(self, tell: Tell) -> None:
        if not self.name:
            return
        with self._lock:
            if self._writer is not None:
                tell(self._writer)
            elif self._early is not None and len(self._early) < _MOST_EARLY:
                self._early.append(tell)

    def status(self) -> str:
        """One line for the HUD: '' while all is well."""
        writer = self._writer
        return self._problem or (writer.status() if writer is not None else "")

    def rows(self) -> Sequence[Mapping[str, Any]]:
        """The takes there are, for JSON, the newest first. Looks at the disk; any thread may ask."""
        folders = [path for path in self.home.glob("*") if is_take(path)] if self.home.is_dir() else []
        rows = [{"name": path.name, "folder": str(path), "date": _date(path)} for path in folders]
        return sorted(rows, key=lambda row: row["date"], reverse=True)[:_MOST_LISTED]

    def _spawn(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name="takes")
        self._threads = [one for one in self._threads if one.is_alive()] + [thread]
        thread.start()

    def close(self) -> None:
        """End the take that runs, and wait for the disk, ten seconds at most."""
        if self.name:
            self._end()
        for thread in self._threads:
            thread.join(10.0)


def takes_dir() -> Path:
    """Where takes lie that were given no place."""
    return home.videos() / "takes"


def called(name: str, today: datetime) -> str:
    """What a file called `name` may be called; '' is named by the date and time."""
    return file_name(name) if name.strip() else today.strftime("%Y-%m-%d %H-%M-%S")


def free(path: Path, taken: Callable[[Path], bool] = Path.exists, ending: str = "") -> Path:
    """`path`, or with a number behind its name (but before its `ending`) where that one is `taken`."""
    made, count = path, 2
    while taken(made):
        made, count = path.with_name(f"{path.name.removesuffix(ending)}-{count}{ending}"), count + 1
    return made


def _date(take: Path) -> str:
    """When a take was begun, as it says itself; '' when it cannot be read."""
    try:
        return str(tomllib.loads((take / META).read_text(encoding="utf-8")).get("date", ""))
    except (OSError, ValueError):
        return ""
