"""When was sample n heard? Learned from when blocks arrived, which is always a little late and never early."""

from __future__ import annotations

import numpy as np

from .sources import Samples

_WINDOW = 0.5  # seconds over which the least late block is looked for
_LOST = 0.03  # seconds by which every block of a window must be late to mean that samples were lost
_SLEW = 0.001  # seconds a window that the line may be moved for the drift of a clock


class Timeline:
    """A line through the least late arrivals: time = offset + samples / rate, kept up with slow drift and losses."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._offset = 0.0
        self._known = False
        self._window_end = 0.0
        self._least = 0.0

    @property
    def known(self) -> bool:
        """Whether any block has arrived."""
        return self._known

    def block(self, end: int, time: float) -> None:
        """The block that ends before sample `end` arrived at `time`."""
        error = time - end / self._rate - self._offset
        if not self._known or error < 0:
            self._offset += error
            error = 0.0
            if not self._known:
                self._known = True
                self._window_end, self._least = time + _WINDOW, _LOST
        self._least = min(self._least, error) if self._window_end > time else self._least
        if time >= self._window_end:
            self._offset += self._least if self._least > _LOST else min(self._least, _SLEW)
            self._window_end, self._least = time + _WINDOW, float("inf")

    def time_of(self, count: int) -> float:
        """Show time at which `count` samples had been heard."""
        return self._offset + count / self._rate

    def count_at(self, time: float) -> int:
        """How many samples had been heard at `time`."""
        return int((time - self._offset) * self._rate)


class Ring:
    """The newest samples of an endless stream, in memory that is there from the start. One thread may write."""

    def __init__(self, capacity: int, channels: int) -> None:
        self.capacity, self.written = capacity, 0
        self._data = np.zeros((capacity, channels), dtype=np.float32)

    def write(self, block: Samples) -> None:
        """Append at most `capacity` samples. Allocates nothing but views; safe in a driver's callback."""
        start = self.written % self.capacity
        first = min(len(block), self.capacity - start)
        self._data[start : start + first] = block[:first]
        if first < len(block):
            self._data[: len(block) - first] = block[first:]
        self.written += len(block)

    def copy(self, begin: int, end: int) -> Samples:
        """A copy of samples begin..end, which must lie within the newest `capacity`."""
        out = np.empty((end - begin, self._data.shape[1]), dtype=np.float32)
        self.copy_to(out, begin)
        return out

    def copy_to(self, out: Samples, begin: int) -> None:
        """Fill `out` with the samples from `begin` on. Safe in a driver's callback."""
        start = begin % self.capacity
        first = min(len(out), self.capacity - start)
        out[:first] = self._data[start : start + first]
        if first < len(out):
            out[first:] = self._data[: len(out) - first]


class Stamps:
    """The newest (sample count, time) pairs that a callback noted, in memory that is there from the start."""

    _SIZE = 1024

    def __init__(self) -> None:
        self.count = 0
        self._seen = 0
        self._ends = np.zeros(self._SIZE, dtype=np.int64)
        self._times = np.zeros(self._SIZE, dtype=np.float64)

    def note(self, end: int, time: float) -> None:
        """In the callback: a block that ends before sample `end` is done at `time`."""
        at = self.count % self._SIZE
        self._ends[at] = end
        self._times[at] = time
        self.count += 1

    def tell(self, timeline: Timeline) -> None:
        """In the reader: hand every stamp not yet handed on to `timeline`."""
        newest = self.count
        for at in range(max(self._seen, newest - self._SIZE // 2), newest):
            timeline.block(int(self._ends[at % self._SIZE]), float(self._times[at % self._SIZE]))
        self._seen = newest
