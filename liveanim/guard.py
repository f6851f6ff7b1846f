"""What keeps a live show going past errors that nobody foresaw: the last picture stays, and it is said.

Offline nothing is guarded: there an error ends the run.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace

from .core.errors import UserError, brief
from .core.model import Blend
from .hands import SHOWN
from .show import Show, Sink

log = logging.getLogger(__name__)

DROPPED_AFTER = 100  # failures in a row of a sink that is not the stage
ENDED_AFTER = 600  # failures in a row of the show or its stage: 10 s at 60 Hz without a new picture


class Guard:
    """A live show and its sinks, as `run` takes them. `sinks`: the stage first, which is never dropped."""

    def __init__(self, show: Show, sinks: Sequence[Sink]) -> None:
        self._show, self._tick, self._last = show, _Trial("the show"), Blend(0.0)
        self.sinks = tuple(_Guarded(sink, stage=sink is sinks[0]) for sink in sinks)

    @property
    def finished(self) -> bool:
        return self._show.finished

    def finish(self) -> None:
        self._show.finish()

    def tick(self, now: float) -> Blend:
        """The display frame of the show; where there is none the last one again, and why.

        UserError after `ENDED_AFTER` failures in a row: then there is no show any more.
        """

        def tick() -> None:
            self._last = self._show.tick(now)

        self._tick(tick, now)
        for trial in (self._tick, self.sinks[0].trial):
            if trial.in_a_row >= ENDED_AFTER:
                raise UserError(f"{trial.line}, again and again: `liveanim play --resume` takes up what was played")
        lines = tuple(line for line in (self._tick.said(now), *(sink.said(now) for sink in self.sinks)) if line)
        if not lines:
            return self._last
        status = self._last.status
        return replace(self._last, time=now, status=replace(status, warnings=lines + status.warnings))


class _Trial:
    """Does something once a frame. An error in it is logged, once for each place, and goes no further.

    in_a_row   how often it has failed since it last went well; line: what to say about the last time
    """

    def __init__(self, name: str) -> None:
        self.name, self.in_a_row, self.line = name, 0, ""
        self._failed = -SHOWN
        self._logged: set[tuple[str, int]] = set()

    def __call__(self, work: Callable[[], None], now: float) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 (the main loop's: whatever it is, the show goes on)
            self.in_a_row, self._failed = self.in_a_row + 1, now
            self._note(error)
        else:
            self.in_a_row = 0

    def said(self, now: float) -> str:
        """One line when it has failed lately, else ''."""
        return self.line if now - self._failed < SHOWN else ""

    def _note(self, error: Exception) -> None:
        self.line = f"{self.name} failed ({brief(error, kind=True)})"
        *_, (frame, line) = traceback.walk_tb(error.__traceback__)
        place = frame.f_code.co_filename, line
        if place not in self._logged:
            self._logged.add(place)
            log.error("%s", self.line, exc_info=error)


class _Guarded:
    """A sink that may fail, and is dropped when it does nothing else, unless it is the `stage`."""

    def __init__(self, sink: Sink, stage: bool) -> None:
        self._sink, self._stage = sink, stage
        self.trial = _Trial("the stage" if stage else type(sink).__name__)
        self._dropped = ""

    def write(self, blend: Blend, now: float) -> None:
        if self._dropped:
            return
        self.trial(lambda: self._sink.write(blend, now), now)
        if self.trial.in_a_row >= DROPPED_AFTER and not self._stage:
            self._dropped = f"{self.trial.line} {DROPPED_AFTER} times: it is left out from now on"
            log.error("%s", self._dropped)

    def said(self, now: float) -> str:
        return self._dropped or self.trial.said(now)
