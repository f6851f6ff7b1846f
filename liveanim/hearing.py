"""Builds what `liveanim listen` needs and runs it: the small sister of `app`, without a picture."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from .clock import WallClock
from .core.errors import UserError
from .inputs import playback
from .inputs.analysis import Analyser
from .inputs.audio import LiveInput
from .inputs.ears import Ears
from .inputs.levels import LevelMeter
from .inputs.sources import AudioSource, open_supply
from .listen import RATE, Heard, summary, watch
from .options import ListenOptions
from .plot_sound import SoundLog, draw

LONGEST_PLOT = 3 * 3600.0  # s of sound that one picture can hold


def listen(options: ListenOptions) -> str:
    """Shows or draws what is heard; returns the summary. UserError when the source or the picture is no good."""
    if options.plot is not None and options.source is not None:
        return _plot(options.source, options.plot, options.seconds)
    clock = WallClock(RATE, options.seconds, waits=True)
    with ExitStack() as stack:
        source = _source(options, clock)
        stack.callback(source.close)
        ears, level = Ears(source, Analyser(source.rate)), LevelMeter()
        ears.add_tap(level)
        return summary(watch(ears, level, clock, sys.stdout, options.meter))


def _source(options: ListenOptions, clock: WallClock) -> AudioSource:
    if options.source is None:
        return LiveInput(options.input, clock.now)
    return playback.play(open_supply(options.source, loop=False), clock.now)


def _plot(name: str, path: Path, seconds: float | None) -> str:
    supply = open_supply(name)
    try:
        lengths = [length for length in (supply.duration, seconds) if length is not None]
        if not lengths or min(lengths) > LONGEST_PLOT:
            raise UserError(f"{name}: a picture holds three hours of sound; say how much with --seconds N")
        log, heard = SoundLog(supply.rate), Heard()
        analyser = Analyser(supply.rate)
        left = round(min(lengths) * supply.rate)
        while left > 0:
            mono = supply.take(min(left, supply.rate)).mean(axis=1, dtype="float32")
            left -= len(mono)
            log.sound(mono)
            hops = analyser.feed(mono)
            heard.take(hops)
            log.take(hops)
        draw(log, path, f"{supply.name}: {summary(heard)}")
        return f"{path}: {summary(heard)}"
    finally:
        supply.close()
