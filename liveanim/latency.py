"""`liveanim latency`: how late sound is heard and pictures are drawn on this machine. The show makes up for both.

Sound: clicks are played on the default output and listened for at the input, through a cable, in the room, or by the
monitor of the sound server. The ears hear what was played too, so that only the way between the two counts.
Picture: a show with clicks fed in, and a look at when each of its frames was drawn.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import takewhile

import numpy as np

from . import calibration
from .calibration import EARLIEST, LATEST, Calibration
from .clock import Clock, FrameClock, WallClock
from .core.errors import UserError
from .core.model import Blend
from .core.preset import preset_from
from .inputs.analysis import Analyser
from .inputs.audio import LiveInput
from .inputs.ears import Ears
from .inputs.fakes import burst
from .inputs.playback import aloud
from .inputs.sources import AudioSource, Loop, Steady
from .options import LatencyOptions
from .outputs.headless import Headless
from .outputs.window import Window
from .render.paint import PaintRenderer
from .render.worker import ThreadRender
from .show import Settings, Show, run

RATE = 48000
CLICKS = 12
GAPS = (0.45, 0.75)  # s between clicks: uneven, so that a click is not taken for its neighbour
FIRST = 1.5  # s
LOOKS = 250.0  # Hz: how often the input is asked
NEAR = 0.004  # s within which delays agree
SIZE, PAINTED = (1280, 720), (128, 72)
LOOK = {"prompt": {"text": ["a"]}, "stage": {"exposure": "-2 + 2*onset"}}


@dataclass(frozen=True, slots=True)
class Spread:
    """Many measurements of one thing, s."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    def __str__(self) -> str:
        most = float(np.percentile(self.values, 95))
        return f"{1e3 * self.median:.1f} ms (95 % within {1e3 * most:.1f} ms)"


@dataclass(frozen=True, slots=True)
class Sound:
    """Of each click that was heard: its way from the output to the input, and how long until it was known as an onset.

    name   of the input
    """

    name: str
    delays: Spread
    events: Spread


@dataclass(frozen=True, slots=True)
class Picture:
    """drawn: from the moment that a frame is for until it was drawn; clicks: from a click that is fed in until then."""

    where: str
    drawn: Spread
    clicks: Spread


def click_times(count: int = CLICKS, seed: int = 1) -> list[float]:
    """When clicks are played, s."""
    dice, times = random.Random(seed), [FIRST]
    while len(times) < count:
        times.append(times[-1] + dice.uniform(*GAPS))
    return times


def piece(times: Sequence[float]) -> Loop:
    """Clicks at those times, and nothing after the last."""
    out = np.zeros((round((times[-1] + LATEST) * RATE), 2), dtype=np.float32)
    sound = 0.8 * burst(RATE)[:, None]
    for time in times:
        start = round(time * RATE)
        out[start : start + len(sound)] = sound
    return Loop("clicks", out, RATE, loop=False)


def agreeing(played: Sequence[float], heard: Sequence[float]) -> list[tuple[int, float]]:
    """(number of the heard one, delay) of every click that came by the usual way; none when too few did.

    Of all delays between what was played and what was heard the one counts that most others agree with: in a room
    other things are heard too.
    """
    gaps = [(n, there - here) for here in played for n, there in enumerate(heard) if EARLIEST < there - here < LATEST]
    agree = [[other for other in gaps if abs(other[1] - gap) < NEAR] for _, gap in gaps]
    best = max(agree, key=len, default=[])
    return best if len(best) >= max(3, len(played) / 2) else []


def measure_sound(played: Ears, heard: Ears, clock: Clock, end: float, name: str) -> Sound:
    """Both are read until `end`, s of the clock. UserError when what was played is not heard."""
    out: list[float] = []
    there: list[float] = []
    known: list[float] = []
    for now in takewhile(lambda now: now < end, clock.frames()):
        out += [time for hop in played.read(now) for time in hop.onsets]
        onsets = [time for hop in heard.read(now) for time in hop.onsets]
        there += onsets
        known += [clock.now()] * len(onsets)
    found = agreeing(out, there)
    if not found:
        raise UserError(
            f"the clicks are not heard at {name!r} ({len(out)} played, {len(there)} sounds heard): connect the output "
            "to it, hold a microphone to a loudspeaker, or take --input loopback"
        )
    delays = tuple(delay for _, delay in found)
    return Sound(name, Spread(delays), Spread(tuple(known[n] - there[n] + delay for n, delay in found)))


def played_and_heard(wanted: str | None, times: Sequence[float]) -> Sound:
    """By the devices of this machine. UserError where there is none, or it hears nothing."""
    clock = WallClock(LOOKS)
    with ExitStack() as stack:
        source = LiveInput(wanted, clock.now)
        stack.callback(source.close)
        played = aloud(piece(times), clock.now)
        stack.callback(played.close)
        end = clock.now() + times[-1] + 2 * LATEST
        return measure_sound(_ears(played), _ears(source), clock, end, source.name)


def fed_in(times: Sequence[float]) -> Sound:
    """Without devices: what the ears alone take."""
    end = times[-1] + LATEST
    played, heard = _ears(Steady(piece(times))), _ears(Steady(piece(times)))
    return measure_sound(played, heard, FrameClock(LOOKS, round(end * LOOKS)), end, "clicks fed in")


def _ears(source: AudioSource) -> Ears:
    return Ears(source, Analyser(source.rate))


@dataclass(slots=True)
class Drawn:
    """A sink after the stage: how long each frame took, and when the first that shows each onset was there."""

    stage: Headless | Window
    now: Callable[[], float]
    took: list[float] = field(default_factory=list)
    onsets: list[float] = field(default_factory=list)
    count: float = 0.0

    def write(self, blend: Blend, now: float) -> None:
        finish(self.stage)
        drawn = self.now()
        if now > FIRST / 2:  # the first frames load shaders
            self.took.append(drawn - now)
        if blend.signals.get("onset_count", 0.0) > self.count:
            self.count = blend.signals["onset_count"]
            self.onsets.append(drawn)


def finish(stage: Headless | Window) -> None:
    """Wait until what was asked of the graphics card is drawn."""
    context = stage.compositor.framebuffer.ctx
    with context:
        context.finish()


def measure_picture(headless: bool, times: Sequence[float]) -> Picture:
    """On the screen of this machine, if it has one."""
    with ExitStack() as stack:
        stage, where = _stage(headless)
        stack.callback(stage.close)
        port = ThreadRender(None, PaintRenderer())
        stack.callback(port.close)
        show = Show([], _ears(Steady(piece(times))), port, [preset_from(LOOK, "latency", "latency")], Settings(PAINTED))
        clock = WallClock(stage.max_fps, times[-1] + LATEST, waits=True)
        eye = Drawn(stage, clock.now)
        run(show, clock, [stage, eye])
    return Picture(where, Spread(tuple(eye.took)), Spread(tuple(answers(times, eye.onsets))))


def answers(times: Sequence[float], onsets: Sequence[float]) -> list[float]:
    """How long after each of `times` the next onset was shown, where one was."""
    after = [min((onset - time for onset in onsets if onset >= time), default=LATEST) for time in times]
    return [delay for delay in after if delay < LATEST]


def _stage(headless: bool) -> tuple[Headless | Window, str]:
    if not headless:
        try:
            window = Window(SIZE)
        except UserError:
            pass
        else:
            window.hud_shown = False
            return window, "in a window"
    return Headless(SIZE), "without a screen"


def latency(options: LatencyOptions, say: Callable[[str], None]) -> None:
    """Measures, says what it finds, keeps it. UserError when an input that was asked for does not hear the clicks."""
    if options.forget:
        say(f"{calibration.forget()}: forgotten, nothing is made up for")
        return
    before = calibration.read()
    sound = _sound(options, say)
    inputs = dict(before.inputs)
    if sound is not None:
        inputs[sound.name] = sound.delays.median
        say(f"sound -> input {sound.name!r}: {sound.delays}, {len(sound.delays.values)} of {CLICKS} clicks")
        say(f"sound -> event: {sound.events}")
    else:
        say(f"sound -> event, of the ears alone: {fed_in(click_times()).events}")
    picture = measure_picture(options.headless, click_times())
    say(f"event -> picture drawn, {picture.where}: {picture.drawn}")
    if picture.clicks.values:
        say(f"click fed in -> picture drawn: {picture.clicks}")
    display = picture.drawn.median + options.screen / 1e3
    if display > LATEST:
        say(f"nothing is kept: more than {1e3 * LATEST:.0f} ms; this machine is too busy, measure again when it is not")
        return
    path = calibration.write(Calibration(display, inputs))
    say(f"kept in {path}: the beat is shown {1e3 * display:.0f} ms ahead (play.ahead), what inputs hear is dated back")
    if not options.screen:
        say("A screen or projector adds 10 to 60 ms that no program can see: tell it with --screen MS.")


def _sound(options: LatencyOptions, say: Callable[[str], None]) -> Sound | None:
    if options.inject:
        return None
    say(f"{CLICKS} clicks are played on the default output")
    try:
        return played_and_heard(options.input, click_times())
    except UserError as error:
        if options.input is not None:
            raise
        say(str(error))
        return None
