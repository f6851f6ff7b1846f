"""A live show put together from the program's own parts, with inputs that know when they spoke and an eye on the stage.

Everything runs as it does in `liveanim play`: one loop on the wall clock, a render thread, a stage with the real
compositor. Only the sound source, the events and the eye at the end are the benchmark's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from liveanim.app import SWITCH_INTERVAL
from liveanim.clock import WallClock
from liveanim.core.model import Blend, ControlEvent, Image, Keyframe, RenderRequest, frozen_image
from liveanim.inputs.analysis import Analyser
from liveanim.inputs.ears import Ears, FeatureMaker
from liveanim.inputs.fakes import Script, burst
from liveanim.inputs.sources import AudioSource, Samples, Steady, open_supply
from liveanim.latency import finish
from liveanim.library import parse_preset
from liveanim.outputs.headless import Headless
from liveanim.outputs.video import VideoWriter
from liveanim.outputs.window import Window
from liveanim.priority import give_way
from liveanim.render.paint import PaintRenderer
from liveanim.render.worker import Renderer, ThreadRender
from liveanim.show import Settings, Show, Sink, run

from .stats import Frames

FPS = 60.0
HD = (1280, 720)
PAINTED = (448, 256)
"""What `liveanim play` lets ember paint for a 16:9 picture."""
BLOCK = 256
RATE = 48000
FIRST_MODEL_PICTURE = 60.0
"""Seconds after which a model that has painted nothing is given up."""


class Clicks:
    """Sound that arrives by the wall clock in blocks of 256 samples: 3 ms bursts at known show times in faint noise.

    A sample exists from the end of its block on, as with a sound card whose driver adds nothing.
    """

    channels = 1
    rate = RATE

    def __init__(self, times: Sequence[float]) -> None:
        self.times = tuple(times)
        self._count = 0
        self._burst = (0.8 * burst(RATE)).astype(np.float32)
        self._noise = np.random.default_rng(1)

    @property
    def heard(self) -> float:
        return self._count / self.rate

    def read(self, now: float) -> Samples:
        until = max(self._count, int(now * self.rate) // BLOCK * BLOCK)
        first, self._count = self._count, until
        out = self._noise.standard_normal(until - first).astype(np.float32) * np.float32(1e-4)
        for time in self.times:
            start = round(time * self.rate) - first
            if -len(self._burst) < start < len(out):
                a, b = max(0, start), min(len(out), start + len(self._burst))
                out[a:b] += self._burst[a - start : b - start]
        return out[:, None]

    def status(self) -> str:
        return "clicks"

    def close(self) -> None:
        pass


class Marked:
    """A renderer that really paints, then hands out white instead when `when(request)` says so.

    It keeps its own previous picture, so that a mark leaves no trace in what is painted next.
    """

    def __init__(self, inner: Renderer, when: Callable[[RenderRequest], bool]) -> None:
        self._inner, self._when = inner, when
        self._own: Image | None = None
        self.name, self.message, self.vram = inner.name, "", inner.vram

    def render(self, request: RenderRequest, previous: Image | None) -> Keyframe:
        keyframe = self._inner.render(request, previous if self._own is None or request.fresh else self._own)
        self._own = frozen_image(keyframe.image)
        if not self._when(request):
            return keyframe
        return replace(keyframe, image=frozen_image(np.full_like(keyframe.image, 255)))

    def close(self) -> None:
        self._inner.close()


@dataclass
class Eye:
    """A sink after the stage: notes when each picture was there, how bright it was, and which keyframe was newest.

    It ends the show `seconds` after the first keyframe of `model` and `settle` seconds more to settle.
    patience   seconds of show after which a model that has painted nothing is given up: RuntimeError
    needed     False: it is then not waited for any longer instead
    look   False: only wait until the picture is drawn, do not read it back (levels are 0)
    """

    clock: WallClock
    stage: Headless | Window
    model: str
    seconds: float
    settle: float
    look: bool
    patience: float = FIRST_MODEL_PICTURE
    needed: bool = True
    begun: list[float] = field(default_factory=list)
    drawn: list[float] = field(default_factory=list)
    levels: list[float] = field(default_factory=list)
    keyframes: dict[int, Keyframe] = field(default_factory=dict)
    since: float | None = None

    def write(self, blend: Blend, now: float) -> None:
        if self.look:
            picture = self.stage.read_picture() if isinstance(self.stage, Window) else self.stage.read()
        else:
            finish(self.stage)
        drawn = self.clock.now()
        newest = blend.layers[-1].keyframe if blend.layers else None
        if self.since is None:
            if newest is not None and newest.model == self.model:
                self.since = drawn + self.settle
            elif drawn > self.patience and not self.needed:
                self.since = drawn
            elif drawn > self.patience:
                raise RuntimeError(f"{self.model} painted nothing in {drawn:.0f} s: {' '.join(blend.status.warnings)}")
            return
        if drawn < self.since:
            return
        self.begun.append(now)
        self.drawn.append(drawn)
        self.levels.append(float(picture[::8, ::8].mean()) if self.look else 0.0)
        if newest is not None:
            self.keyframes.setdefault(newest.index, replace(newest, image=_NO_PICTURE))
        if drawn >= self.since + self.seconds:
            self.clock.stop()

    @property
    def frames(self) -> Frames:
        return Frames(self.begun, self.drawn, self.levels)

    @property
    def keyframe_rate(self) -> float:
        """Keyframes painted per second (also those that were too many to be shown)."""
        if len(self.keyframes) < 2:
            return float("nan")
        first, last = (self.keyframes[pick(self.keyframes)] for pick in (min, max))
        return (last.index - first.index) / (last.time - first.time)


_NO_PICTURE = frozen_image(np.zeros((1, 1, 3), dtype=np.uint8))


@dataclass(frozen=True, slots=True)
class Plan:
    """What to play.

    preset      TOML
    load        makes the renderer, before the show begins; None: paint
    source      sound by show time; None: the built-in track
    events      control events by show time
    window      on a window (needs a display) instead of off screen
    record      a video to record meanwhile
    look        read every picture back (for brightness)
    analyser    makes what listens, for a sample rate
    patience, needed    see `Eye`
    """

    preset: str
    load: Callable[[], Renderer] | None = None
    model: str = "ember"
    source: AudioSource | None = None
    events: Sequence[ControlEvent] = ()
    size: tuple[int, int] = HD
    painted: tuple[int, int] = PAINTED
    seconds: float = 10.0
    settle: float = 2.0
    window: bool = False
    record: Path | None = None
    look: bool = False
    analyser: Callable[[int], FeatureMaker] = Analyser
    patience: float = FIRST_MODEL_PICTURE
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Played:
    """What came of it. dropped: pictures the recorder could not take."""

    eye: Eye
    dropped: int = 0


def load_ember(size: tuple[int, int], engine: str = "auto", live: bool = True) -> Renderer:
    """Ember with its engine for `size` ready; not `live`, it takes all cores and not what is fit beside a show."""
    from liveanim.render.load import Options, load

    return load("ember", size, Options(engine=engine, background=live))


def beforehand(load: Callable[[], Renderer]) -> Renderer:
    """What `load` returns, made at full priority, or a busy machine would keep us waiting for minutes.

    The threads that it left behind are then as far below ours as they are in a show, where they inherit it.
    """
    before = _threads()
    made = load()
    for thread in _threads() - before:
        give_way(thread=thread)
    return made


def _threads() -> set[int]:
    """This process's threads, as the system numbers them; none where it cannot be asked."""
    tasks = Path("/proc/self/task")
    return {int(task.name) for task in tasks.iterdir()} if tasks.is_dir() else set()


def play(plan: Plan, sinks: Sequence[Sink] = ()) -> Played:
    """Play `plan` for its seconds, counted from when its model paints; `sinks` come after the stage and its eye."""
    sys.setswitchinterval(SWITCH_INTERVAL)
    with _open(plan) as (show, eye, recorder):
        run(show, eye.clock, [eye.stage, eye, *sinks])
        return Played(eye, recorder.dropped if recorder is not None else 0)


@contextmanager
def _open(plan: Plan) -> Iterator[tuple[Show, Eye, VideoWriter | None]]:
    with ExitStack() as stack:
        stage = Window(plan.size) if plan.window else Headless(plan.size, live=True)
        stack.callback(stage.close)
        renderer = None if plan.load is None else beforehand(plan.load)
        port = ThreadRender(None if renderer is None else lambda: renderer, PaintRenderer())
        stack.callback(port.close)
        source = plan.source or Steady(open_supply("builtin"))
        ears = Ears(source, plan.analyser(source.rate))
        recorder = None
        if plan.record is not None:
            recorder = VideoWriter(plan.record, plan.size, FPS, audio_rate=ears.rate, channels=ears.channels, live=True)
            stage.add_tap(recorder, whole=True)
            ears.add_tap(recorder.audio)
        preset = parse_preset(plan.preset, "bench")
        show = Show([Script(plan.events)], ears, port, [preset], Settings(plan.painted, FPS))
        clock = WallClock(FPS)
        eye = Eye(clock, stage, plan.model, plan.seconds, plan.settle, plan.look, plan.patience, plan.needed)
        yield show, eye, recorder
