"""Live sound: a card's blocks go into a ring, the loop takes them out, and an unplugged card does not end the show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .devices import Choice, choose_input
from .portaudio import (
    HIGHEST_RATE,
    LOWEST_RATE,
    USUAL_RATE,
    Callback,
    Keeper,
    Stream,
    StreamSpec,
    best_rate,
    open_stream,
    refresh,
    sound_devices,
)
from .rates import RateMatch
from .sources import Samples, fitted
from .timeline import Ring, Stamps, Timeline

_RING = 4.0  # seconds of sound that wait while the loop is busy

Opener = Callable[[StreamSpec, Callback], Stream]
Chooser = Callable[[bool], Choice]
"""Finds the wanted device; the argument says whether to look again at what is plugged in."""


class _Session:
    """One opening of the device: what its callback writes and the loop reads. `running` comes before any read."""

    def __init__(self, choice: Choice, now: Callable[[], float]) -> None:
        self._now = now
        self.wide = max(choice.columns) + 1
        self._columns = list(choice.columns)
        self._ring = Ring(int(_RING * max(48000, best_rate(choice.device))), self.wide)
        self._stamps = Stamps()
        self._read = 0
        self.xruns = 0

    def running(self, rate: int, rate_out: int, channels: int) -> None:
        """The stream was opened at `rate`; `channels` are to be had at `rate_out`."""
        self._timeline, self._channels = Timeline(rate), channels
        self._match = RateMatch(rate, rate_out, channels) if rate != rate_out else None

    @property
    def blocks(self) -> int:
        return self._stamps.count

    def callback(self, indata: Samples, frames: int, info: Any, status: Any) -> None:
        """In the driver's thread: copy and stamp, nothing else."""
        self._ring.write(indata)
        self._stamps.note(self._ring.written, self._now())
        if status:
            self.xruns += 1

    def read(self) -> tuple[Samples, float]:
        """(n, channels) samples not yet read, and the show time at which the last of them was heard."""
        self._stamps.tell(self._timeline)
        end = self._ring.written
        # Half of the ring is kept clear of the reader, so that the callback does not write where it reads.
        begin = max(self._read, end - self._ring.capacity // 2)
        self._read = end
        samples, heard = self._ring.copy(begin, end)[:, self._columns], self._timeline.time_of(end)
        samples = fitted(samples, self._channels)
        if self._match is None:
            return samples, heard
        return self._match.convert(samples), heard - self._match.pending


class LiveInput:
    """An `AudioSource` from a sound input.

    wanted   device and channels as `devices.choose_input` takes them; None: the default input
    now      show time of this instant; called in the driver's thread
    delays   by name of a device, how long sound takes from its socket to us (s): it was heard that much earlier
    watched  False: nobody looks after the device until someone calls `keeper.step`
    rate     what is to be handed out, whatever the device runs at; None: as it does when it is opened first
    UserError when there is no such input at the start. Later trouble is told by `status`, and the input comes back by
    itself under the same name; `rate` stays what it was, also if the device then runs at another. A device that runs at
    a rate the ears are not made for (16 to 192 kHz) is heard at 48 kHz.
    """

    def __init__(
        self,
        wanted: str | None,
        now: Callable[[], float],
        *,
        opener: Opener = open_stream,
        chooser: Chooser | None = None,
        delays: Mapping[str, float] | None = None,
        watched: bool = True,
        rate: int | None = None,
    ) -> None:
        self._now, self._opener, self._delays = now, opener, delays or {}
        self._choose = chooser or _by_name(wanted)
        self._first = True
        self.rate = rate or 0
        self.heard = 0.0
        self.keeper = Keeper(self._open, lambda: self._session.blocks)
        if watched:
            self.keeper.start()

    def _open(self) -> Stream:
        """Find and open the device. Called here first, later in the keeper's thread."""
        choice = self._choose(not self._first)
        session = _Session(choice, self._now)
        spec = StreamSpec(choice.device, session.wide, self.rate or None, monitor=choice.monitor)
        stream = self._opener(spec, session.callback)
        if self._first:
            self.rate = self.rate or (stream.rate if LOWEST_RATE <= stream.rate <= HIGHEST_RATE else USUAL_RATE)
            self.channels, self.name = len(choice.columns), stream.name
            self._first = False
        session.running(stream.rate, self.rate, self.channels)
        self.latency = stream.latency
        self._session = session  # from here on the loop reads the new one
        return stream

    def read(self, now: float) -> Samples:
        samples, heard = self._session.read()
        if len(samples):
            self.heard = heard - self._delays.get(self.name, 0.0)
        return samples

    def status(self) -> str:
        if self.keeper.state == "gone":
            return f"gone: {self.name}, retrying"
        if self.keeper.state == "silent":
            return f"no sound from {self.name}, waiting"
        count = self._session.xruns
        xruns = f", {count} xrun{'s' * (count > 1)}" if count else ""
        return f"{self.name} {self.rate / 1000:g} kHz{xruns}"

    def problem(self) -> str:
        """One line while the device is gone; else ''."""
        return f"sound: {self.name} is gone, retrying" if self.keeper.state == "gone" else ""

    def close(self) -> None:
        self.keeper.close()


def _by_name(wanted: str | None) -> Chooser:
    def choose(again: bool) -> Choice:
        if again:
            refresh()
        inputs, outputs = sound_devices()
        if not inputs and not again:
            # PortAudio may have been started before the sound server was.
            refresh()
            inputs, outputs = sound_devices()
        return choose_input(inputs, wanted, outputs)

    return choose
