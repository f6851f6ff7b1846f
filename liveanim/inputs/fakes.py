"""Pretend inputs with exact answers: tones, clicks, silence, scripted events, a device that vanishes.

They ship with the program: `liveanim play --audio click:120` tests a rig without music.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from ..core.errors import UserError
from ..core.model import ControlEvent
from .sources import AudioSource, Loop, Samples, Steady, Supply

RATE = 44100
SILENCE = "silence"
_KINDS = ("builtin", "tone", "click", SILENCE)


def tone(hz: float = 440.0, *, level: float = 0.5, rate: int = RATE, channels: int = 2) -> Loop:
    """A sine of amplitude `level` without end; the frequency is rounded to a whole number of hertz / 10."""
    count = rate * 10
    wave = level * np.sin(2 * np.pi * round(hz * 10) * np.arange(count) / count)
    return Loop(f"tone {hz:g} Hz", np.repeat(wave[:, None], channels, axis=1).astype(np.float32), rate, endless=True)


def burst(rate: int, hz: float = 2000.0) -> NDArray[np.float64]:
    """(n,) one click: 3 ms of a tone that dies away, from its peak of 1 on."""
    t = np.arange(max(1, round(0.003 * rate))) / rate
    return np.asarray(np.cos(2 * np.pi * hz * t) * np.exp(-t / 0.0012))


def click(bpm: float = 120.0, *, level: float = 0.8, rate: int = RATE, channels: int = 2) -> Loop:
    """A metronome without end: a 3 ms burst of 2 kHz on each beat from time 0, higher on the first of four.

    Beat n starts at sample round(n * 60 / bpm * rate) of every turn of four bars.
    """
    beats = 16
    out = np.zeros((round(beats * 60 / bpm * rate), channels), dtype=np.float32)
    for n in range(beats):
        sound = level * burst(rate, 3000.0 if n % 4 == 0 else 2000.0)
        start = round(n * 60 / bpm * rate)
        out[start : start + len(sound)] = sound[: len(out) - start, None]
    return Loop(f"click {bpm:g} BPM", out, rate, endless=True)


def silence(*, rate: int = RATE, channels: int = 2) -> Loop:
    """Nothing, for ever."""
    return Loop(SILENCE, np.zeros((rate, channels), dtype=np.float32), rate, endless=True)


def named_fake(name: str) -> Supply | None:
    """The supply called 'builtin', 'tone:440', 'click:120' or 'silence'; None when `name` is none of these.

    UserError when the name is known but its number is not a number in range.
    """
    kind, _, argument = name.partition(":")
    if kind not in _KINDS or ("/" in name or "\\" in name):
        return None
    if kind == "builtin":
        from .track import supply

        return supply()
    if kind == "tone":
        return tone(_number(name, argument, 440.0, 10.0, 20000.0))
    if kind == "click":
        return click(_number(name, argument, 120.0, 20.0, 400.0))
    return silence()


def _number(name: str, text: str, default: float, low: float, high: float) -> float:
    try:
        value = float(text) if text else default
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise UserError(f"{name!r}: expected a number from {low:g} to {high:g} after the colon")
    return value


class Script:
    """A `Source` of prepared events, each given out once when its time has come."""

    def __init__(self, events: Iterable[ControlEvent]) -> None:
        self._events = sorted(events, key=lambda event: event.time)
        self._next = 0

    def read(self, now: float) -> Sequence[ControlEvent]:
        first = self._next
        while self._next < len(self._events) and self._events[self._next].time <= now:
            self._next += 1
        return self._events[first : self._next]


class Vanishing:
    """A source that is away between the (from, to) show times in `gaps`: no samples, and a status that says so."""

    def __init__(self, supply: Supply, gaps: Sequence[tuple[float, float]]) -> None:
        self._steady: AudioSource = Steady(supply)
        self._name, self._gaps = supply.name, tuple(gaps)
        self.rate, self.channels = supply.rate, supply.channels
        self._away = False
        self._heard = 0.0

    @property
    def heard(self) -> float:
        return self._heard

    def read(self, now: float) -> Samples:
        samples = self._steady.read(now)
        self._away = any(start <= now < end for start, end in self._gaps)
        if self._away:
            return samples[:0]
        self._heard = self._steady.heard
        lost = max((end for start, end in self._gaps if end <= now), default=0.0)
        return samples[max(0, len(samples) - max(0, round((self._heard - lost) * self.rate))) :]

    def status(self) -> str:
        return f"gone: {self._name}, retrying" if self._away else self._name

    def close(self) -> None:
        self._steady.close()
