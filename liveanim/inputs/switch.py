"""The sound of a show that can be taken from somewhere else while it runs."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

import numpy as np

from ..core.errors import UserError
from .audio import LiveInput
from .sources import AudioSource, Samples, fitted

log = logging.getLogger(__name__)

START = ""
"""What the show began with: an input, a file, the built-in track."""
PATIENCE = 5.0  # s that a device which is being opened is waited for at the end

Maker = Callable[[str, int | None], AudioSource]
"""(name, rate) -> the input of that name (or START) with that many samples a second; None: as many as it has itself.
UserError where it cannot be had."""


class Switch:
    """An `AudioSource` in whose place another comes when it is asked for. Rate and channels stay those of the first.

    What is asked for is opened in a thread of its own while the old one goes on. Only where it cannot be had beside the
    old one that is closed and `look` looks again at what is plugged in: sound systems do that while nothing is open.
    What cannot be had then either is said, and the old one comes back.

    names   of the inputs there are, as far as it was looked
    UserError when there is nothing to begin with.
    """

    def __init__(self, make: Maker, look: Callable[[], None], names: Callable[[], Sequence[str]]) -> None:
        self._make, self._look, self._names = make, look, names
        first = make(START, None)
        self.rate, self.channels, self.heard = first.rate, first.channels, first.heard
        self.chosen, self.inputs = START, tuple(names())
        self._source: AudioSource | None = first
        self._wanted: str | None = None
        self._trouble = ""
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def choose(self, name: str) -> None:
        """Hear the input called `name`, as `devices.choose_input` takes it, or what the show began with (START). The
        one that is heard: open it anew. Never blocks or raises."""
        with self._lock:
            self._wanted = name.strip()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._change, name="sound input", daemon=True)
                self._thread.start()

    def read(self, now: float) -> Samples:
        source = self._source
        if source is None:
            return np.zeros((0, self.channels), np.float32)
        samples = source.read(now)
        self.heard = source.heard
        return fitted(samples, self.channels)

    def status(self) -> str:
        source = self._source
        return "opening the sound" if source is None else source.status()

    def problem(self) -> str:
        """One line while what was asked for cannot be had, or what is heard is gone; else ''."""
        return self._trouble or (self._source.problem() if isinstance(self._source, LiveInput) else "")

    def close(self) -> None:
        with self._lock:
            self._closed, self._wanted = True, None
            thread = self._thread
        if thread is not None:
            thread.join(PATIENCE)
        self._put(None)

    def _change(self) -> None:
        """Thread 'sound input': opens what is wanted until nothing more is."""
        while True:
            with self._lock:
                wanted, self._wanted = self._wanted, None
                if wanted is None:
                    self._thread = None
                    return
            try:
                self._turn_to(wanted)
            except Exception as error:  # top of the thread: whatever a driver does, the show goes on
                log.exception("the sound input could not be changed")
                self._trouble = f"sound: {error}"

    def _turn_to(self, name: str) -> None:
        if name != self.chosen and (beside := self._made(name)) is not None:
            self._put(beside)
        else:
            self._put(None)
            self._look()
            found = self._made(name)
            trouble = self._trouble
            if found is None:
                name, found = self.chosen, self._made(self.chosen)
            self._put(found)
            if found is not None:
                self._trouble = trouble and f"{trouble}; {found.status()} goes on"
        self.chosen, self.inputs = name, tuple(self._names())

    def _made(self, name: str) -> AudioSource | None:
        """None where it cannot be had, which is said."""
        try:
            made = self._make(name, self.rate)
        except UserError as error:
            self._trouble = f"sound: {error}"
            return None
        self._trouble = ""
        return made

    def _put(self, source: AudioSource | None) -> None:
        old, self._source = self._source, source
        if old is not None:
            old.close()
