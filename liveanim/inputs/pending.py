"""Control events that wait for the next display frame."""

from __future__ import annotations

import threading
from dataclasses import replace

from ..core.model import ControlEvent


class Pending:
    """Between a listener's thread and the loop. Of a value that is set only the newest stays, turns of the same knob
    add up; what must not be merged (triggers, toggles) is queued, `most` of them at most. Nothing blocks for long."""

    def __init__(self, most: int = 1000) -> None:
        self._lock = threading.Lock()
        self._most = most
        self._values: dict[str, tuple[int, ControlEvent]] = {}
        self._queue: list[tuple[int, ControlEvent]] = []
        self._count = 0
        self.dropped = 0

    def put(self, event: ControlEvent) -> None:
        """Keep `event` for the next `take`. An older value than the one that is kept changes nothing."""
        with self._lock:
            self._count += 1
            if event.value == "toggle" or event.target.startswith(("do.", "scale.")):
                if len(self._queue) < self._most:
                    self._queue.append((self._count, event))
                else:
                    self.dropped += 1
                return
            kept = self._values.pop(event.target, None)
            if event.target.startswith("add."):
                event = _added(None if kept is None else kept[1], event)
            else:
                self._values.pop(f"add.{event.target}", None)
                if kept is not None and kept[1].time > event.time:
                    event = kept[1]
            self._values[event.target] = self._count, event

    def take(self) -> list[ControlEvent]:
        """Everything that waits, in order of time; what came in the same instant in the order it came."""
        with self._lock:
            if not self._values and not self._queue:
                return []
            rows = [*self._values.values(), *self._queue]
            self._values, self._queue = {}, []
        return [event for _, event in sorted(rows, key=lambda row: (row[1].time, row[0]))]


def _added(kept: ControlEvent | None, event: ControlEvent) -> ControlEvent:
    if kept is None or not isinstance(kept.value, float) or not isinstance(event.value, float):
        return event
    return replace(event, value=kept.value + event.value)
