"""Presets and the set list that are edited while they play: a file that is saved is read again, as an event that a
take keeps too."""

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
from .library import own, parse_preset, preset_text, shipped
from .setlist import SetFile, read_set

log = logging.getLogger(__name__)

LOOK_EVERY = 0.5  # s
SOURCE = "file"


class PresetFiles:
    """A source of 'look.NAME' events, the text of a file that has changed since the show began, or is new, and of
    'do.set' events.

    first  the file of the preset the show begins with, where it is one of neither the package nor the user; `files`
           says which else there are
    found  the set list the show begins with
    """

    def __init__(
        self,
        first: Path | None,
        files: Callable[[], Sequence[Path]] = lambda: (*shipped(), *own()),
        found: SetFile | None = None,
    ) -> None:
        self._first, self._all = first, files
        self._set = found or SetFile(None)
        self._events: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._problems: Mapping[Path, str] = {Path(): "", **self._wrong_in(self._set)}
        self.files: Mapping[str, Path] = self._found()
        self._stamps = {path: stamp([path]) for path in self.files.values()}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presets", daemon=True)
        self._thread.start()

    def read(self, now: float) -> Sequence[ControlEvent]:
        """What was saved since the last call, stamped `now`."""
        events = []
        while not self._events.empty():
            events.append(ControlEvent(now, *self._events.get(), SOURCE))
        return events

    def parsed(self, name: str, text: str) -> Preset:
        """The preset `name` in `text`, where its file lies. UserError: file, line or field, reason."""
        return parse_preset(text, name, str(self.files.get(name, name)))

    def problem(self) -> str:
        """One line when a file cannot be read; else ''."""
        return next(filter(None, self._problems.values()), "")

    def look(self) -> None:
        """Look at the files now."""
        before, self._set = self._set.listed, self._set_now()
        self.files = self._found()
        for name, path in self.files.items():
            found = stamp([path])
            if found == (None,) or found == self._stamps.get(path):
                continue
            self._stamps[path] = found
            try:
                self._events.put((f"look.{name}", preset_text(path)))
                self._note({path: ""})
            except UserError as error:
                self._note({path: str(error)})
        if self._set.listed != before:
            self._events.put(("do.set", self._set.listed.as_text()))
        self._note({Path(): ""})

    def close(self) -> None:
        self._stop.set()
        self._thread.join(2.0)

    def _found(self) -> dict[str, Path]:
        """Files by the names of their presets; of two the later one counts."""
        first = [self._first] if self._first is not None else []
        return {path.stem: path for path in (*self._all(), *self._set.files, *first)}

    def _set_now(self) -> SetFile:
        """The set list as it is now: presets that it names may have come or gone. A file that is gone changes
        nothing."""
        if self._set.path is None or not self._set.path.exists():
            return self._set
        try:
            found = read_set(self._set.path, [path.stem for path in self._all()])
        except UserError as error:
            self._note({self._set.path: str(error)})
            return self._set
        self._note(self._wrong_in(found))
        return found

    def _wrong_in(self, found: SetFile) -> Mapping[Path, str]:
        return {} if found.path is None else {found.path: next(iter(found.problems), "")}

    def _note(self, problems: Mapping[Path, str]) -> None:
        """What is wrong with files: said when it is news."""
        for path, line in problems.items():
            if line and line != self._problems.get(path):
                log.warning("%s", line)
        self._problems = {**self._problems, **problems}

    def _run(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001  top of the thread: the show goes on with what it has
                self._note({Path(): f"presets are not read again: {error}"})
