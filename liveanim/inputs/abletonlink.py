"""Ableton Link: the tempo and the bar that the programs of a network share."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from ..core.errors import UserError
from ..core.model import Blend, ControlEvent
from ..core.params import METER
from ..core.tempo import heard

EVERY = 0.1  # s between two words to the beat clock
SOURCE = "link"
_SHOWN = 8.0  # s that a change of the company is on the HUD
_SAME_BPM, _SAME_PHASE = 0.02, 0.03  # our own tempo is not told again for less than that


class Session(Protocol):
    """Link as this module uses it. Phases are beats into a bar of `meter` beats, its quantum."""

    @property
    def peers(self) -> int: ...
    def place(self, meter: int) -> tuple[float, float]:
        """(tempo, phase) now."""

    def lead(self, bpm: float, phase: float, meter: int) -> None:
        """It is `phase` now, at `bpm`."""

    def close(self) -> None: ...


class LinkSession:
    """`Session` over LinkPython. UserError when it is not installed."""

    def __init__(self, bpm: float = 120.0) -> None:
        try:
            import link
        except ImportError:
            raise UserError("Ableton Link needs a package more: `pip install LinkPython-extern`") from None
        self._link: Any = link.Link(bpm)
        self._link.enabled = True
        self._clock = self._link.clock()

    @property
    def peers(self) -> int:
        return int(self._link.numPeers())

    def place(self, meter: int) -> tuple[float, float]:
        state = self._link.captureAppSessionState()
        return float(state.tempo()), float(state.phaseAtTime(self._clock.micros(), meter))

    def lead(self, bpm: float, phase: float, meter: int) -> None:
        now = self._clock.micros()
        state = self._link.captureAppSessionState()
        state.setTempo(bpm, now)
        state.forceBeatAtTime(phase, now, meter)
        self._link.commitAppSessionState(state)

    def close(self) -> None:
        self._link.enabled = False


def company(seconds: float, session: Session | None = None) -> tuple[int, float]:
    """(how many others are in the session, its tempo), after having been in it for so long. UserError as above."""
    session = session or LinkSession()
    try:
        time.sleep(seconds)
        return session.peers, session.place(METER)[0]
    finally:
        session.close()


class LinkClock:
    """A `Source` that says where the session is, and a sink that offers our beat as long as nobody else is there."""

    def __init__(self, clock: Callable[[], float], session: Session | None = None) -> None:
        self._clock, self._session = clock, session or LinkSession()
        self._due = 0.0
        self._peers = 0
        self._meter = METER  # of the last frame
        self._changed = -_SHOWN

    def read(self, now: float) -> Sequence[ControlEvent]:
        """Ten times a second, while there is company, the tempo and the place in the bar."""
        if now < self._due:
            return []
        self._due = now + EVERY
        peers = self._session.peers
        if peers != self._peers:
            self._peers, self._changed = peers, now
        if not peers:
            return []
        bpm, phase = self._session.place(self._meter)
        return [ControlEvent(self._clock(), "clock.link", f"{bpm:.4f} {phase:.4f}", SOURCE)]

    def write(self, blend: Blend, now: float) -> None:
        """Whoever joins finds the tempo that is played."""
        beat = heard(blend)
        meter = self._meter = beat.meter
        if self._peers or beat.bpm <= 0 or self._session.peers:
            return
        bpm, phase = self._session.place(meter)
        off = (phase - beat.place + meter / 2) % meter - meter / 2
        if abs(bpm - beat.bpm) > _SAME_BPM or abs(off) > _SAME_PHASE:
            self._session.lead(beat.bpm, beat.place, meter)

    def problem(self) -> str:
        """A line when somebody joined or left."""
        if self._clock() - self._changed > _SHOWN:
            return ""
        return f"Link: {self._peers} other{'s' * (self._peers != 1)}" if self._peers else "Link: nobody else"

    def close(self) -> None:
        """Leave the session."""
        self._session.close()
