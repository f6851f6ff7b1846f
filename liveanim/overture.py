"""What is seen while a show still opens its devices: the look itself, played to silence.

It fades into the show when that has something to show.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Generic, TypeVar

from .clock import WallClock
from .core.model import Blend, ControlEvent, Features, Layer, RenderRequest
from .core.preset import Preset
from .inputs.fakes import Script
from .render.paint import PaintRenderer
from .render.worker import ThreadRender
from .show import Settings, Show, Sink, Source

BEFORE = -3600.0  # s: the stage's time when an overture begins, long before the show's, so that nothing follows on
FADE = 0.6  # s
BLANK = 0.5  # s that the first painted picture is waited for before a frame is shown without one
RATE = 60.0  # Hz
PATIENCE = 2.0  # s a thread that opens devices is waited for when a show does not come about

Opened = TypeVar("Opened")


class _Silence:
    """Ears of a show that nobody plays to yet."""

    def read(self, now: float) -> Sequence[Features]:
        return ()

    def tune(self, values: Mapping[str, float]) -> None:
        """There is nothing to listen to."""

    def choose(self, name: str) -> None:
        """The show does, when it begins."""

    def inputs(self) -> tuple[str, ...]:
        return ()

    def status(self) -> str:
        return "opening the sound"


class _Keys:
    """What is pressed meanwhile: the overture obeys it, and the show from its beginning."""

    def __init__(self, keys: Sequence[Source]) -> None:
        self._keys = keys
        self.events: list[ControlEvent] = []

    def read(self, now: float) -> Sequence[ControlEvent]:
        found = [event for source in self._keys for event in source.read(BEFORE + now)]
        self.events += [replace(event, time=0.0) for event in found]
        return found


class Left(Exception):
    """Somebody quit before the show began."""


class Overture:
    """Plays `look` on `stage`, and is then the show's sink in its place. Use it from the stage's thread.

    rest    share 0..0.9 of the time that is left to what is being opened meanwhile
    keys    what is pressed: blackout, freeze, another preset and the like
    presets what can be chosen; listed: the event that says which of them have numbers, if any
    """

    def __init__(
        self,
        stage: Sink,
        look: Preset,
        settings: Settings,
        rest: float = 0.0,
        keys: Sequence[Source] = (),
        presets: Sequence[Preset] = (),
        listed: Sequence[ControlEvent] = (),
    ) -> None:
        self._stage, self._keys = stage, _Keys(keys)
        self._port = ThreadRender(None, PaintRenderer())
        sources: list[Source] = [Script(listed), self._keys]
        self._show = Show(sources, _Silence(), self._port, presets or [look], settings, look)
        self._clock = WallClock(RATE, waits=True, rest=lambda: rest)
        self._frames = self._clock.frames()
        self._last: tuple[Layer, ...] = ()
        self._since: float | None = None  # show time from which the show itself is seen

    @property
    def painted(self) -> bool:
        """Whether there is more to see than a glow."""
        return bool(self._last)

    @property
    def asked(self) -> RenderRequest | None:
        """What was painted last, or is being painted."""
        return self._port.taken()

    @property
    def pressed(self) -> Sequence[ControlEvent]:
        """What was pressed so far, for the show to begin with."""
        return self._keys.events

    def play(self, enough: Callable[[], bool], most: float = math.inf) -> None:
        """Draw frames until `enough`, one at least; at most until `most` seconds after the first.

        Left when somebody quits.
        """
        for now in self._frames:
            blend = self._ticked(now)
            if blend.layers or now > BLANK:
                self._stage.write(replace(blend, time=BEFORE + now), BEFORE + now)
            if self._show.finished:
                raise Left
            if enough() or now >= most:
                return

    def write(self, blend: Blend, now: float) -> None:
        """A frame of the show: over what was played before, as long as that is still seen."""
        if self._since is None and blend.layers:
            self._since = now
            self.close()
        share = 0.0 if self._since is None else (now - self._since) / FADE
        if self._last and share < 1.0:
            before = self._ticked(self._clock.now()).layers if self._since is None else self._last
            blend = replace(blend, layers=mixed(before, blend.layers, share))
        else:
            self._last = ()
        self._stage.write(blend, now)

    def close(self) -> None:
        """Nothing more is painted."""
        self._port.close(0.0)

    def _ticked(self, now: float) -> Blend:
        blend = self._show.tick(now)
        self._last = blend.layers
        return blend


def mixed(before: Sequence[Layer], after: Sequence[Layer], share: float) -> tuple[Layer, ...]:
    """Layers on the way from `before` (share 0) to `after` (share 1)."""
    share = share * share * (3 - 2 * share)
    return (
        *(replace(layer, weight=layer.weight * (1 - share)) for layer in before),
        *(replace(layer, weight=layer.weight * share) for layer in after),
    )


class Opening(Generic[Opened]):
    """Has `work` open things in a thread of its own; it puts what is to be closed on the stack that it is given."""

    def __init__(self, work: Callable[[ExitStack], Opened]) -> None:
        self._work, self._stack = work, ExitStack()
        self._found: list[Opened] = []
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="opening", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._work(self._stack))
        except BaseException as error:  # noqa: BLE001  top of the thread: whoever asks for the result gets it
            self._problem = error

    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Opened:
        """What was opened, or the error instead. Waits for it."""
        self._thread.join()
        if self._problem is not None:
            raise self._problem
        return self._found[0]

    def close(self) -> None:
        """Close what was opened; what is still being opened after a while is left behind."""
        self._thread.join(PATIENCE)
        if self.done():
            self._stack.close()
