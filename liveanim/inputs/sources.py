"""What a source of sound is: samples by show time (`AudioSource`), or as fast as one asks (`Supply`)."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
"""(n, channels), -1..1."""


class AudioSource(Protocol):
    """Sound as it arrives. Nothing here blocks, and once it is open nothing raises.

    rate, channels   stay the same for the life of the source
    heard            show time at which the last sample handed out was heard (a file: samples so far / rate)
    """

    @property
    def rate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def heard(self) -> float: ...
    def read(self, now: float) -> Samples:
        """(n, channels): what has arrived up to show time `now`, each sample once. Empty while a device is away."""
        ...

    def status(self) -> str:
        """One short line for the HUD."""
        ...

    def close(self) -> None: ...


def fitted(samples: Samples, channels: int) -> Samples:
    """(n, m) as (n, channels): where there are fewer the last is repeated, as one all are mixed."""
    have = samples.shape[1]
    if channels == 1 < have:
        return samples.mean(axis=1, keepdims=True, dtype=np.float32)
    return samples if have == channels else samples[:, [min(k, have - 1) for k in range(channels)]]


class Supply(Protocol):
    """Sound that can be had as fast as one asks: a file, the built-in track, a tone.

    duration   seconds; None when it does not end or does not say
    problem    one line when it broke off before its end, else ''
    """

    @property
    def name(self) -> str: ...
    @property
    def rate(self) -> int: ...
    @property
    def channels(self) -> int: ...
    @property
    def duration(self) -> float | None: ...
    @property
    def problem(self) -> str: ...
    def take(self, count: int) -> Samples:
        """The next (count, channels) samples; silence after the end."""
        ...

    def close(self) -> None: ...


class Loop:
    """A whole piece held in memory; after its end it starts again (`loop`) or is followed by silence.

    An `endless` one is a sound without beginning or end, of which one turn is held.
    """

    problem = ""

    def __init__(self, name: str, samples: Samples, rate: int, *, loop: bool = True, endless: bool = False) -> None:
        self.name, self.rate, self.channels = name, rate, samples.shape[1]
        self._samples, self._loop, self._at = samples, loop, 0
        self.duration = None if endless else len(samples) / rate

    def take(self, count: int) -> Samples:
        places = np.arange(self._at, self._at + count)
        self._at += count
        if self._loop:
            return self._samples[places % len(self._samples)]
        out = np.zeros((count, self.channels), dtype=np.float32)
        within = places[places < len(self._samples)]
        out[: len(within)] = self._samples[within]
        return out

    def close(self) -> None:
        pass


class Steady:
    """A supply played in show time, unheard: sample n belongs to start + n / rate. For offline and silent shows."""

    def __init__(self, supply: Supply, start: float = 0.0) -> None:
        self._supply, self._start, self._count = supply, start, 0
        self.rate, self.channels = supply.rate, supply.channels

    @property
    def duration(self) -> float | None:
        return self._supply.duration

    @property
    def heard(self) -> float:
        return self._start + self._count / self.rate

    def read(self, now: float) -> Samples:
        count = max(0, round((now - self._start) * self.rate) - self._count)
        self._count += count
        return self._supply.take(count)

    def status(self) -> str:
        return self._supply.problem or self._supply.name

    def close(self) -> None:
        self._supply.close()


def open_supply(name: str, *, loop: bool = False) -> Supply:
    """The supply that a command line names: builtin, tone:440, click:120, silence, or an audio file.

    Only files listen to `loop`; the others never end. UserError says in one line why a file cannot be played.
    """
    from .audiofile import FileSupply
    from .fakes import named_fake

    return named_fake(name) or FileSupply(Path(name), loop=loop)
