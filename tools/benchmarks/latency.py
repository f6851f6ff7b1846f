"""From a click at the input, or a knob, to the picture that shows it, while ember paints as fast as it can.

The sound arrives by the wall clock in blocks of 256 samples. The time of a click is that of its first sample, the time
of a frame is when its finished picture had been read back. What a sound card adds before it and a screen after it is
not counted.
"""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from liveanim.core.model import ControlEvent, Features, RenderRequest
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.meters import Tuning
from liveanim.render.worker import Renderer

from .rig import BLOCK, PAINTED, RATE, Clicks, Marked, Plan, load_ember, play
from .stats import Frames, Rise, percentile, rises, spread

FIRST = 5.0
"""Show time (s) of the first cause: by then the model paints and the analysis has settled."""
EVERY, HELD, WITHIN = 1.6, 0.7, 1.0
"""Seconds from one cause to the next, for which a knob stays up, and in which a cause must show."""
SLOWLY = 2.5
"""How many times as long all that is where keyframes are waited for."""
QUICKLY = 0.6
"""The same for a knob of the stage."""
LEAST = 10.0
"""Levels by which the mean of a picture must rise."""
FOLLOWS_ONSET = '"-2.5 + 4*onset"'
SMALL = (640, 360)
"""A stage so small that drawing takes little of the time, even without a graphics card."""
LOOK = """
[prompt]
text = ["a neon tunnel, glowing, dark background"]
[picture]
cadence = 0
steps = 2
strength = 0.85
noise = 0
[stage]
vignette = 0
exposure = {exposure}
"""


def run_sound(quick: bool) -> dict[str, float]:
    """sound -> stage (exposure follows the onset) and sound -> keyframe (a picture painted after it is white)."""
    times = moments(_clicks(quick), seed=1)
    frames = _frames(_plan(times, FOLLOWS_ONSET, lambda: load_ember(PAINTED), source=Clicks(times)))
    figures = _figures("sound_to_stage", frames, times, WITHIN, 0.5)
    times = moments(_clicks(quick), seed=5)
    frames = _frames(_plan(times, FOLLOWS_ONSET, lambda: load_ember(PAINTED), source=Clicks(times), size=SMALL))
    figures |= _figures("sound_to_stage_360p", frames, times, WITHIN, 0.5)
    times = moments(_clicks(quick), seed=2, slowly=SLOWLY)
    frames = _frames(_plan(times, "-1", lambda: Marked(load_ember(PAINTED), onset_mark()), source=Clicks(times)))
    figures |= _figures("sound_to_keyframe", frames, times, SLOWLY * WITHIN, 0.1)
    return figures | _figures("sound_to_keyframe_half", frames, times, SLOWLY * WITHIN, 0.5)


def _clicks(quick: bool) -> int:
    """So few that all three parts of `run_sound` take little over a minute."""
    return 4 if quick else 10


@dataclass(frozen=True, slots=True)
class Fed:
    """Sound that was analysed at a stretch: its end in show time (s), and the seconds and processor seconds it took."""

    end: float
    took: float
    computed: float


class Listener:
    """An analyser that notes when (s, of `time.perf_counter`) each hop was known, and how long those that came together
    took: `known` holds (end of the hop in show time, when it was known)."""

    def __init__(self, rate: int) -> None:
        self._inner = Analyser(rate)
        self.known: list[tuple[float, float]] = []
        self.fed: list[Fed] = []

    def feed(self, mono: NDArray[np.float32]) -> list[Features]:
        since, computed = time.perf_counter(), time.thread_time()
        found = self._inner.feed(mono)
        now, computed = time.perf_counter(), time.thread_time() - computed
        self.known += [(hop.time, now) for hop in found]
        if found:
            self.fed.append(Fed(found[-1].time, now - since, computed))
        return found

    def tune(self, tuning: Tuning) -> None:
        self._inner.tune(tuning)


def run_ears(quick: bool) -> dict[str, float]:
    """From a block of sound that is complete to its signals, while ember paints and the stage draws: the analysis of
    what a frame finds, and the same with the wait for that frame.

    Ember paints with torch: nothing has to be compiled first, and its many small steps in Python are the worst
    neighbour.
    Where it gets no processor at all it is not waited for: `block_to_signal_keyframes` is how many a second it painted.
    """
    listeners: list[Listener] = []

    def listener(rate: int) -> Listener:
        listeners.append(Listener(rate))
        return listeners[-1]

    seconds = 5.0 if quick else 20.0
    plan = Plan(
        LOOK.format(exposure='"-1"'),
        lambda: load_ember(PAINTED, "torch"),
        source=Clicks(moments(int(seconds), seed=6)),
        size=SMALL,
        seconds=seconds,
        settle=1.0,
        analyser=listener,
        patience=10.0,
        needed=False,
    )
    eye = play(plan).eye
    begun = time.perf_counter() - eye.clock.now()
    fed = [one for one in listeners[0].fed if one.end >= FIRST]
    found = {"block_to_signal_keyframes": eye.keyframe_rate if len(eye.keyframes) > 1 else 0.0}
    for name, values in {
        "block_to_signal_analysis": [one.took for one in fed],
        "block_to_signal_analysis_cpu": [one.computed for one in fed],
        "block_to_signal": waits(listeners[0].known, begun, RATE),
    }.items():
        milliseconds = [1e3 * seconds for seconds in values]
        found |= {**spread(name, milliseconds, "ms"), f"{name}_p99_ms": percentile(milliseconds, 99)}
    return found


def waits(known: Sequence[tuple[float, float]], begun: float, rate: int) -> list[float]:
    """Seconds after the block that completed it at which each hop from FIRST on was known; `begun`: show time 0."""
    blocks = ((end, math.ceil(round(end * rate) / BLOCK) * BLOCK / rate, at - begun) for end, at in known)
    return [at - there for end, there, at in blocks if end >= FIRST]


def run_control(quick: bool) -> dict[str, float]:
    """A knob of the stage, and one that waits for the next keyframe, in milliseconds and in display frames."""
    times = moments(5 if quick else 20, seed=3, slowly=QUICKLY)
    events = _presses(times, "stage.exposure", 1.5, QUICKLY * HELD)
    frames = _frames(_plan(times, "-2.5", lambda: load_ember(PAINTED), events=events))
    figures = _figures("control_to_stage", frames, times, QUICKLY * WITHIN, 0.5)
    times = moments(5 if quick else 12, seed=4, slowly=SLOWLY)
    events = _presses(times, "picture.noise", 0.3, SLOWLY * HELD)
    frames = _frames(_plan(times, "-1", lambda: Marked(load_ember(PAINTED), noise_mark), events=events))
    return figures | _figures("control_to_keyframe", frames, times, SLOWLY * WITHIN, 0.1)


def moments(count: int, seed: int, slowly: float = 1.0) -> list[float]:
    """Show times (s) of causes, about EVERY seconds apart and in no step with the display or with blocks of sound."""
    dice = random.Random(seed)
    return [FIRST + n * EVERY * slowly + dice.uniform(0, 0.3) for n in range(count)]


def onset_mark() -> Callable[[RenderRequest], bool]:
    """Whether a request carries an onset that came since the last one, or came less than SLOWLY * HELD seconds ago."""
    seen, until = 0.0, -1.0

    def when(request: RenderRequest) -> bool:
        nonlocal seen, until
        count = request.signals.get("onset_count", 0.0)
        if count > seen:
            seen, until = count, request.time + SLOWLY * HELD
        return request.time <= until

    return when


def noise_mark(request: RenderRequest) -> bool:
    """Whether the knob of the keyframe parameter is up in this request."""
    return request.noise > 0.15


def _presses(times: Sequence[float], name: str, up: float, held: float) -> list[ControlEvent]:
    """The knob goes up at each time and is released `held` seconds later."""
    return [event for t in times for event in (ControlEvent(t, name, up), ControlEvent(t + held, name, None))]


def _plan(times: Sequence[float], exposure: str, load: Callable[[], Renderer], **more: object) -> Plan:
    settings: dict[str, object] = {"window": bool(os.environ.get("DISPLAY")), **more}
    return Plan(
        LOOK.format(exposure=exposure),
        load,
        seconds=times[-1] + 1.0,  # counted from a little later: the last one is well inside
        settle=1.0,
        look=True,
        **settings,  # type: ignore[arg-type]
    )


def _frames(plan: Plan) -> Frames:
    return play(plan).eye.frames


def _figures(name: str, frames: Frames, times: Sequence[float], within: float, share: float) -> dict[str, float]:
    found: list[Rise] = rises(frames, times, within, LEAST, share)
    return {
        **spread(name, [1e3 * rise.seconds for rise in found], "ms"),
        **spread(name, [float(rise.frames) for rise in found], "frames"),
        f"{name}_missed": float(len(times) - len(found)),
    }
