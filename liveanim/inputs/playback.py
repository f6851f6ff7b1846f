"""A supply played through the speakers: the ears get what is heard at that moment, and the music leads the show."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..core.errors import UserError
from .audiofile import Converted
from .devices import SoundDevice, find
from .fakes import SILENCE
from .portaudio import Callback, Keeper, Stream, StreamSpec, close_stream, open_stream, refresh, sound_devices
from .sources import AudioSource, Samples, Steady, Supply
from .timeline import Ring, Stamps, Timeline

log = logging.getLogger(__name__)

_RING = 4.0  # seconds of music kept: what is to come and what was just played
_AHEAD = 1.0  # seconds read ahead of the speakers

Opener = Callable[[StreamSpec, Callback], Stream]
Chooser = Callable[[bool], SoundDevice]


class _Session:
    """One opening of the speakers. Only its callback moves `at` while it is open."""

    def __init__(self, ring: Ring, at: int, now: Callable[[], float]) -> None:
        self._ring, self._now = ring, now
        self.at = at  # the next sample to play
        self.stamps = Stamps()
        self.blocks = self.missed = 0

    def callback(self, outdata: Samples, frames: int, info: Any, status: Any) -> None:
        """In the driver's thread: copy, stamp. Where the music is not there in time, silence, and no step forward; so
        too as long as show time stands at 0."""
        begin, now = self.at, self._now()
        self.blocks += 1
        if now <= 0.0:
            outdata.fill(0.0)
            return
        if begin + frames <= self._ring.written:
            self._ring.copy_to(outdata, begin)
            self.at = begin + frames
        else:
            outdata.fill(0.0)
            self.missed += 1
        self.stamps.note(begin, now)


class WrongRate(UserError):
    """The speakers play at `rate` only."""

    def __init__(self, name: str, rate: int, wanted: int) -> None:
        super().__init__(f"sound output {name!r} plays {rate} Hz only, not {wanted} Hz")
        self.rate = rate


class Heard:
    """An `AudioSource` of what the speakers play. UserError when there are none, WrongRate when theirs is another.

    watched False: nobody reads ahead or looks after the speakers until someone calls `fill` and `keeper.step`.
    When the speakers go away the music goes on unheard in show time, and is heard again when they come back.
    """

    def __init__(
        self,
        supply: Supply,
        now: Callable[[], float],
        *,
        opener: Opener = open_stream,
        chooser: Chooser | None = None,
        watched: bool = True,
    ) -> None:
        self.rate, self.channels = supply.rate, supply.channels
        self._supply, self._now, self._opener = supply, now, opener
        self._choose = chooser or _default_output
        self._ring = Ring(int(_RING * self.rate), self.channels)
        self._count, self._last, self.heard = 0, now(), now()
        self._session = _Session(self._ring, 0, now)
        self._timeline = Timeline(self.rate)
        self._again = False
        self._stop = threading.Event()
        self.keeper = Keeper(self._open, lambda: self._session.blocks)
        self._feeder = threading.Thread(target=self._feed, name="music", daemon=True)
        self.fill()
        if watched:
            self.keeper.start()
            self._feeder.start()

    @property
    def duration(self) -> float | None:
        return self._supply.duration

    def _open(self) -> Stream:
        device = self._choose(self._again)
        self._again = True
        session = _Session(self._ring, self._count, self._now)
        stream = self._opener(StreamSpec(device, self.channels, self.rate, output=True), session.callback)
        if stream.rate != self.rate:
            close_stream(stream)
            raise WrongRate(device.name, stream.rate, self.rate)
        self.name, self._latency = stream.name, stream.latency
        self._timeline, self._session = Timeline(self.rate), session
        return stream

    def _feed(self) -> None:
        try:
            while not self._stop.wait(0.05):
                self.fill()
        except Exception as error:  # noqa: BLE001  top of the thread: the show goes on in silence
            log.warning("music: %s", error)

    def fill(self) -> None:
        """Read ahead of the speakers."""
        at = max(self._session.at, self._count)
        while self._ring.written < at + _AHEAD * self.rate:
            self._ring.write(self._supply.take(4096))

    def read(self, now: float) -> Samples:
        end = min(self._place(now), self._ring.written)
        self._last = now
        begin = max(self._count, end - self._ring.capacity // 2)
        if end <= begin:
            return np.zeros((0, self.channels), dtype=np.float32)
        self._count = end
        return self._ring.copy(begin, end)

    def _place(self, now: float) -> int:
        """The sample that is heard at `now`; the show's own time leads while the speakers do not."""
        session = self._session
        if self.keeper.state == "open":
            session.stamps.tell(self._timeline)
            if not self._timeline.known:
                self.heard = now
                return self._count
            place = min(session.at, self._timeline.count_at(now - self._latency))
            self.heard = self._timeline.time_of(place) + self._latency
            return place
        self.heard = now
        session.at = max(session.at, self._count)
        return self._count + max(0, round((now - self._last) * self.rate))

    def status(self) -> str:
        if self._supply.problem:
            return self._supply.problem
        away = "" if self.keeper.state == "open" else f" (unheard: {self.name} is {self.keeper.state}, retrying)"
        return f"{self._supply.name}{away}"

    def close(self) -> None:
        self._stop.set()
        self.keeper.close()
        if self._feeder.is_alive():
            self._feeder.join(2.0)
        self._supply.close()


def aloud(supply: Supply, now: Callable[[], float]) -> Heard:
    """`supply` through the speakers, at their rate. UserError where there are none."""
    try:
        return Heard(supply, now)
    except WrongRate as wrong:
        return Heard(Converted(supply, wrong.rate), now)


def play(supply: Supply, now: Callable[[], float]) -> AudioSource:
    """`supply` through the speakers where there are any, else in silence, in show time from now on."""
    if supply.name == SILENCE:
        return Steady(supply, now())  # it needs no speakers
    try:
        return aloud(supply, now)
    except UserError as error:
        log.warning("the music is not heard: %s", error)
        return Steady(supply, now())


def _default_output(again: bool) -> SoundDevice:
    if again:
        refresh()
    _, outputs = sound_devices()
    if not outputs and not again:
        refresh()
        _, outputs = sound_devices()
    if not outputs:
        raise UserError("no sound output found")
    return next((device for device in outputs if device.default), find(outputs, "default") or outputs[0])
