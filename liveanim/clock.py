"""Where show time comes from. Seconds since the show began, as float."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Protocol

LONGEST_REST = 0.2  # s


def unix_time() -> float:
    """Seconds since 1970: what the time tags of other machines are told in."""
    return time.time()


class Clock(Protocol):
    """What the loop asks for time."""

    def now(self) -> float:
        """Show time of this instant, in seconds."""

    def frames(self) -> Iterator[float]:
        """Yield the show time of each picture to draw; ends when the show ends."""


class WallClock:
    """Real time since it was made or, if it `waits`, since its first frame was out: until then it stands at 0.

    A clock that waits may be handed round while devices are opened and shaders loaded, however long that takes.
    The pace comes from the sink (vsync), and `max_fps` where there is no vsync to wait for. `seconds` ends the show by
    itself; `stop` ends it after the frame in hand. `rest` is asked after each frame which share (0..0.9) of the time to
    leave to others: where the processors draw, nothing else gets on while frames follow one another at once.
    """

    def __init__(
        self,
        max_fps: float | None = None,
        seconds: float | None = None,
        *,
        waits: bool = False,
        rest: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._start = None if waits else time.perf_counter()
        self._period = 1.0 / max_fps if max_fps else 0.0
        self._seconds, self._rest = seconds, rest
        self._stopped = False

    def now(self) -> float:
        return 0.0 if self._start is None else time.perf_counter() - self._start

    def stop(self) -> None:
        self._stopped = True

    def frames(self) -> Iterator[float]:
        due = self.now()
        while not self._stopped:
            now = self.now()
            if now < due:
                time.sleep(due - now)
                now = self.now()
            if self._seconds is not None and now >= self._seconds:
                return
            yield now
            if self._start is None:
                self._start = time.perf_counter()
            # The next frame is due one period on; after a stall start afresh rather than rush to catch up.
            due = max(due + self._period, self.now() - self._period)
            if (rest := min(0.9, self._rest())) > 0:
                due = max(due, self.now() + min(LONGEST_REST, (self.now() - now) * rest / (1 - rest)))


class FrameClock:
    """Virtual time for offline rendering: frame n is at n / fps, however long it takes. Frames `first` to `frame_count`
    (not with it) are yielded."""

    def __init__(self, fps: float, frame_count: int, first: int = 0) -> None:
        self.fps, self.frame_count, self.first = fps, frame_count, first
        self._now = first / fps

    def now(self) -> float:
        return self._now

    def frames(self) -> Iterator[float]:
        for n in range(self.first, self.frame_count):
            self._now = n / self.fps
            yield self._now
