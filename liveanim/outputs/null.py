"""A sink that shows nothing and counts: for tests, benchmarks and shows nobody watches."""

from __future__ import annotations

from liveanim.core.model import Blend


class NullSink:
    """Counts frames and keeps the last blend."""

    def __init__(self) -> None:
        self.frames = 0
        self.last: Blend | None = None
        self.closed = False

    def write(self, blend: Blend, now: float) -> None:
        self.frames += 1
        self.last = blend

    def close(self) -> None:
        self.closed = True
