"""A sound card for tests: opened like a real one, but its blocks come when the test says so."""

from __future__ import annotations

from typing import Any

import numpy as np

from liveanim.core.errors import UserError
from liveanim.inputs.devices import SoundDevice
from liveanim.inputs.portaudio import Callback, Stream, StreamSpec
from liveanim.inputs.sources import Samples


class Clock:
    """Show time that moves when told to."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


class CardStream:
    """One opening of a `Card`."""

    latency = 0.02

    def __init__(self, name: str, rate: int, callback: Callback) -> None:
        self.name, self.rate, self.callback = name, rate, callback
        self.active = True
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Card:
    """Stands in for PortAudio: give `open` as the opener. `plugged` False makes openings fail."""

    def __init__(self, rate: int = 16000, channels: int = 2) -> None:
        self.device = SoundDevice(3, "Fake Card", "ALSA", channels, rate)
        self.rate = rate
        self.plugged = True
        self.refused = 0
        self.specs: list[StreamSpec] = []
        self.streams: list[CardStream] = []

    def open(self, spec: StreamSpec, callback: Callback) -> Stream:
        if not self.plugged:
            self.refused += 1
            raise UserError("sound input 'Fake Card' cannot be opened: gone")
        self.specs.append(spec)
        self.streams.append(CardStream("Fake Card", self.rate, callback))
        return self.streams[-1]

    def play(self, samples: Samples) -> None:
        """The card heard `samples` (n, channels)."""
        self.streams[-1].callback(samples, len(samples), None, None)

    def ask(self, frames: int) -> Samples:
        """The card wants `frames` samples to play."""
        out: Any = np.full((frames, self.specs[-1].channels), np.nan, dtype=np.float32)
        self.streams[-1].callback(out, frames, None, None)
        return np.asarray(out)
