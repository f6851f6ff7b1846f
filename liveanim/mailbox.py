"""One-slot hand-over between two threads: the newest value wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """A slot that holds the newest value put into it.

    `put` never blocks; a value not yet taken is replaced and counted in `dropped`.
    Put immutable values only: the slot hands over the object itself, not a copy.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None
        self.dropped = 0

    def put(self, value: T) -> None:
        with self._changed:
            self.dropped += self._value is not None
            self._value = value
            self._changed.notify()

    def take(self, timeout: float | None = 0.0) -> T | None:
        """Remove and return the value; None if none came within `timeout` seconds (None: wait for ever)."""
        with self._changed:
            self._changed.wait_for(lambda: self._value is not None, timeout)
            value, self._value = self._value, None
            return value
