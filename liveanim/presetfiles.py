"""Presets that are edited while they play: a file that is saved is read again, as an event that a take keeps too."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from .core.errors import UserError
from .core.model import ControlEvent
from .core.preset import Preset
from .data import stamp
from .library import own, parse_preset, read_text, shipped

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # s
SOURCE = "file"


class PresetFiles:
    """A source of 'look.NAME' events: the text of a file that has changed since the show began, or is new.

    first  the file of the preset the show begins with, where it is one of neither the package nor the user; `files`
           says which else there are
    """

    def __init__(self, first: Path | None, files: Callable[[], Sequence[Path]] = lambda: (*shipped(), *own())) -> None:
        self._first, self._all = first, files
        self._texts: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._problem = ""
        self.files: Mapping[str, Path] = self._found()
        self._stamps = {path: stamp([path]) for path in self.files.values()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presets", daemon=True)
        self._thread.start()

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What was saved since the last call, stamped `now`."""
        events = []
        while not self._texts.empty():
            name, text = self._texts.get()
            events.append(ControlEvent(now, f"look.{name}", text, SOURCE))
        return events

    def parsed(self, name: str, text: str) -> Preset:
        """The preset `name` in `text`, where its file lies. UserError: file, line or field, reason."""
        return parse_preset(text, name, str(self.files.get(name, name)))

    def problem(self) -> str:
        """One line when a file cannot be read; else ''."""
        return self._problem

    def look(self) -> None:
        """Look at the files now."""
        self.files = self._found()
        self._problem = ""
        for name, path in self.files.items():
            found = stamp([path])
            if found == (None,) or found == self._stamps.get(path):
                continue
            self._stamps[path] = found
            try:
                self._texts.put((name, read_text(path)))
            except UserError as error:
                self._problem = str(error)
                log.warning("%s", error)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2.0)

    def _found(self) -> dict[str, Path]:
        """Files by the names of their presets; of two the later one counts."""
        first = [self._first] if self._first is not None else []
        return {path.stem: path for path in (*self._all(), *first)}

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  top of the thread: the show goes on with what it has
                if not self._problem:
                    log.warning("presets are not read again: %s", error)
                self._problem = f"presets are not read again: {error}"
