"""The loop. One thread owns a Show and its state; everything else hands it values."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from .clock import Clock
from .core import step
from .core.album import Album
from .core.blend import Fade, arrive, layers
from .core.cadence import SLACK, Cadence
from .core.errors import UserError, near
from .core.model import (
    Blend,
    ControlEvent,
    Features,
    Keyframe,
    Layer,
    Prompt,
    RenderRequest,
    RenderStatus,
    Shots,
    Status,
    frozen_map,
)
from .core.modulation import Panel
from .core.params import PARAMS, PROMPT_SLOTS, Table, spec
from .core.preset import Preset
from .core.tempo import BeatClock
from .core.travel import Travel
from .core.wording import Words

log = logging.getLogger(__name__)

SHORTEST_FADE, LONGEST_FADE = 1 / 60, 2.0  # s; a look's own cadence may make it longer
WARNING_SECONDS = 8.0
MOST_CONTROLS = 2000  # cc and osc values kept for expressions
IMPULSES = ("onset", "kick", "snare", "hat")
LONGEST_STEP = 0.25  # s the camera moves at most in one tick: after a stall it goes on rather than leaps


class Source(Protocol):
    """Keys, a take, OSC ..."""

    def read(self, now: float) -> Sequence[ControlEvent]:
        """Events stamped up to `now` that were not read before. Never blocks, never raises."""


class Ears(Protocol):
    """Sound as features."""

    def read(self, now: float) -> Sequence[Features]:
        """One for every analysis hop that has arrived up to `now`, in order. Never blocks, never raises."""

    def set_gain(self, db: float) -> None:
        """Input gain in decibels."""

    def status(self) -> str:
        """One short line about the input."""


class Media(Protocol):
    """Videos, masks and pictures from outside."""

    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        """What there is for a keyframe of show time `now`. Never raises; live, never blocks."""


class NoMedia:
    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        return Shots()


class Render(Protocol):
    """Where pictures are painted (render.worker)."""

    def submit(self, request: RenderRequest) -> None: ...

    def taken(self) -> RenderRequest | None: ...

    def poll(self) -> Keyframe | None: ...

    def status(self) -> RenderStatus: ...


class Sink(Protocol):
    """Where display frames go."""

    def write(self, blend: Blend, now: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Settings:
    """What stays the same during a show. size: (width, height) of keyframes; fps and frames: for `f` and `max_f`;
    table: the parameters of this show."""

    size: tuple[int, int]
    fps: float = 60.0
    frames: int = 0
    overrides: Mapping[str, float] = field(default_factory=dict)
    table: Table = field(default_factory=lambda: PARAMS)


class Show:
    """Owns the state of one performance. Only the thread that calls `tick` may touch it."""

    def __init__(
        self,
        sources: Sequence[Source],
        ears: Ears,
        render: Render,
        presets: Sequence[Preset],
        settings: Settings,
        start: Preset | None = None,
        problems: Sequence[Callable[[], str]] = (),
        media: Media | None = None,
    ) -> None:
        """`presets` are what keys and events choose from; the show begins with `start`, by default the first.

        Each of `problems` says one line for the HUD, or '' when all is well.
        """
        self._sources, self._ears, self._render, self._settings = sources, ears, render, settings
        self._presets = tuple(presets)
        self._panel, self._texts = Panel(table=settings.table), step.Texts()
        self._words = Words()
        self._clock = BeatClock()
        self._path, self._fade, self._rate, self._cadence = Travel(), Fade(), _Rate(), Cadence()
        self._album, self._media = Album(), media or NoMedia()
        self._actions = self._table()
        self._problems = tuple(problems)
        self._heard: Mapping[str, float] = {}
        self._sound = Features(0.0)
        self._controls: dict[str, float] = {}
        self._now: float | None = None
        self._fresh = False
        self._warning, self._warned_at = "", -WARNING_SECONDS
        self.finished = False
        self._take_look(start or presets[0])

    def tick(self, now: float) -> Blend:
        """One display frame at show time `now` (never earlier than the one before)."""
        dt = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = now
        for event in sorted((e for source in self._sources for e in source.read(now)), key=lambda e: e.time):
            self._apply(event)
        self._hear(self._ears.read(now))
        signals = self._signals(now)
        env = self._env(now, dt, signals)
        values = self._panel.evaluate(env)
        prompts = self._words.prompts(self._texts, now, values, env)
        self._ears.set_gain(values["audio.gain"])
        width, height = self._settings.size
        frames = None if self._look.clock is None else self._look.clock.fps
        self._path = self._path.moved(now, values, min(dt, LONGEST_STEP), width / height, frames)
        curve = values["picture.blend_curve"]
        self._ask(now, values, signals, prompts)
        self._receive(now, values, curve)
        shown = layers(self._fade, now, curve, self._path)
        self._forget(now, shown)
        return Blend(
            time=now,
            layers=shown,
            stage=frozen_map({name[6:]: value for name, value in values.items() if name.startswith("stage.")}),
            signals=frozen_map(signals),
            values=frozen_map(values),
            knobs=frozen_map(self._panel.knobs()),
            holders=frozen_map(self._panel.holders()),
            drivers=self._panel.drivers(),
            blackout=values["out.blackout"] > 0.5,
            freeze=values["out.freeze"] > 0.5,
            status=self._status(now, signals, prompts),
            wave=self._sound.wave,
            fft=self._sound.fft,
            chain=self._look.chain,
        )

    def _hear(self, hops: Sequence[Features]) -> None:
        """Keep the newest values; of the impulses the highest since the last frame, so that no hit is lost."""
        for hop in hops:
            self._clock.observe(hop)
        if hops:
            peaks = {name: max(hop.values.get(name, 0.0) for hop in hops) for name in IMPULSES}
            self._heard, self._sound = {**hops[-1].values, **peaks}, hops[-1]

    def _apply(self, event: ControlEvent) -> None:
        """One event; a wrong one is said once on the HUD and changes nothing."""
        try:
            kind, _, rest = event.target.partition(".")
            if kind == "do":
                self._do(event)
            elif kind in ("cc", "osc"):
                self._control(f"{kind}:{rest}", _number(event))
            elif kind == "add":
                self._panel.move(rest, add=_number(event), holder=event.source)
            elif kind == "scale":
                self._panel.move(rest, factor=_number(event), holder=event.source)
            elif kind == "expr":
                self._panel.drive(rest, None if event.value is None else str(event.value))
            elif event.target == "prompt.negative":
                self._texts = replace(self._texts, negative=str(event.value or ""))
            elif (slot := event.target.removeprefix("prompt.")).isdecimal() and 1 <= int(slot) <= PROMPT_SLOTS:
                self._texts = self._texts.with_slot(int(slot), str(event.value or ""))
            else:
                self._panel.turn(event.target, event.value, event.source)
        except UserError as error:
            self._warn(str(error), event.time)

    def _control(self, name: str, value: float) -> None:
        """A controller's value, for `cc` and `osc` in expressions."""
        if name in self._controls or len(self._controls) < MOST_CONTROLS:
            self._controls[name] = value

    def _do(self, event: ControlEvent) -> None:
        name = event.target.removeprefix("do.")
        if name not in self._actions:
            raise UserError(f"unknown action {name!r}{near(name, self._actions)}")
        self._actions[name](event)

    def _table(self) -> dict[str, Callable[[ControlEvent], None]]:
        """What a 'do.*' event does, by name."""
        clock = self._clock
        return {
            "quit": lambda event: self._end(),
            "reset": lambda event: self._begin_afresh(),
            "release": lambda event: self._panel.release(),
            "panic": lambda event: self._panic(),
            "preset": lambda event: self._take_look(self._find(event.value)),
            "tap": lambda event: clock.tap(event.time),
            "resync": lambda event: clock.resync(event.time),
            "nudge": lambda event: clock.nudge(_number(event)),
            "bpm": lambda event: clock.set_bpm(_number(event), event.time),
            "double": lambda event: clock.scale(2.0),
            "halve": lambda event: clock.scale(0.5),
            "lock": lambda event: clock.lock(not clock.locked),
            "follow": lambda event: clock.release(),
        }

    def _end(self) -> None:
        self.finished = True

    def _begin_afresh(self) -> None:
        self._fresh = True

    def _panic(self) -> None:
        """The look as it was loaded, moving, on a fresh picture. A blackout stays."""
        self._take_look(self._look)
        self._panel.turn("out.freeze", None)
        self._begin_afresh()

    def _find(self, which: float | str | None) -> Preset:
        names = [preset.name for preset in self._presets]
        if isinstance(which, (int, float)) and 1 <= which <= len(names):
            return self._presets[int(which) - 1]
        if which in names:
            return self._presets[names.index(str(which))]
        raise UserError(f"there is no preset {which!r}{near(str(which), names)}")

    def _take_look(self, preset: Preset) -> None:
        self._look = preset
        self._texts = step.Texts(preset.prompts, preset.negative, preset.journey, preset.clock)
        drivers = {**preset.drivers, **self._settings.overrides}
        seed = drivers.get("picture.seed")
        self._seed = float(seed) if isinstance(seed, (int, float)) else spec("picture.seed").default
        self._panel.load(drivers)

    def _warn(self, message: str, now: float) -> None:
        log.warning("%s", message)
        self._warning, self._warned_at = message, now

    def _signals(self, now: float) -> dict[str, float]:
        beat = self._clock.at(now)
        return {
            **self._heard,
            "beat": beat.beat,
            "bar": beat.bar,
            "phase": beat.phase,
            "bpm": beat.bpm,
            "confidence": beat.confidence,
        }

    def _env(self, now: float, dt: float, signals: Mapping[str, float]) -> dict[str, float]:
        settings = self._settings
        return {
            **self._controls,
            **signals,
            "t": now,
            "now": now,
            "dt": dt,
            "f": float(int(now * settings.fps + SLACK)),
            "fps": settings.fps,
            "max_f": float(max(0, settings.frames - 1)),
            "s": self._seed,
            "seed": self._seed,
        }

    def _ask(
        self, now: float, values: Mapping[str, float], signals: Mapping[str, float], prompts: tuple[Prompt, ...]
    ) -> None:
        begun = self._render.taken()
        if begun is not None and begun.fresh:
            self._fresh = False
        self._album = self._album.begun(begun)
        ahead = self._rate.delay * signals["bpm"] / 60.0  # beats: so that the picture lands on the beat
        if not self._cadence.due(begun, now, signals["beat"] + ahead, values):
            return
        motion, move = self._path.between(now if begun is None else begun.time, now)
        words = prompts, self._texts.negative
        request = step.next_request(begun, now, self._settings.size, *words, values, motion, signals)
        request = replace(request, move=move, fresh=self._fresh or begun is None)
        self._render.submit(self._album.asked(request, begun, self._media.at(now, values)))

    def _receive(self, now: float, values: Mapping[str, float], curve: float) -> None:
        keyframe = self._render.poll()
        if keyframe is None:
            return
        self._rate = self._rate.after(now, now - keyframe.time)
        self._album = self._album.seen(keyframe)
        wished = 0.0 if values["picture.beats"] > 0 else values["picture.cadence"]
        length = max(wished, self._rate.interval) * values["picture.fade"]
        # Deforum's fades have gone their first frame's way when the new picture comes.
        early = 0.0 if self._look.clock is None else 1.0 / self._look.clock.fps
        self._fade = arrive(self._fade, keyframe, now, max(SHORTEST_FADE, length), curve, early)

    def _forget(self, now: float, shown: Sequence[Layer]) -> None:
        begun = self._render.taken()
        needed = [layer.keyframe.time for layer in shown]
        self._path = self._path.since(min([*needed, now if begun is None else begun.time]))

    def _status(self, now: float, signals: Mapping[str, float], prompts: Sequence[Prompt]) -> Status:
        render = self._render.status()
        warnings = [self._warning] if now - self._warned_at < WARNING_SECONDS else []
        warnings += [line for problem in (*self._problems, self._words.trouble) if (line := problem())]
        return Status(
            preset=self._look.name,
            model=render.model,
            audio=self._ears.status(),
            keyframe_rate=1.0 / self._rate.interval if self._rate.interval > 0 else 0.0,
            keyframe_delay=self._rate.delay,
            bpm=signals["bpm"],
            taken_over=self._panel.taken_over(),
            warnings=tuple([*warnings, *([render.message] if render.message else [])]),
            prompt=max(prompts, key=lambda p: p.weight).text if prompts else "",
            prompts=self._texts.prompts,
            negative=self._texts.negative,
        )


@dataclass(frozen=True, slots=True)
class _Rate:
    """Time between keyframes and their delay, smoothed over about five of them (s)."""

    last: float | None = None
    interval: float = 0.0
    delay: float = 0.0

    def after(self, now: float, delay: float) -> _Rate:
        if self.last is None:
            return _Rate(now, 0.0, delay)
        gap = min(now - self.last, LONGEST_FADE)
        share = 0.2 if self.interval else 1.0
        return _Rate(now, self.interval + share * (gap - self.interval), self.delay + 0.2 * (delay - self.delay))


def _number(event: ControlEvent) -> float:
    if isinstance(event.value, (int, float)) and math.isfinite(event.value):
        return float(event.value)
    raise UserError(f"{event.target}: expected a number, got {event.value!r}")


def run(show: Show, clock: Clock, sinks: Sequence[Sink]) -> None:
    """Play until the clock ends or somebody quits."""
    for now in clock.frames():
        blend = show.tick(now)
        for sink in sinks:
            sink.write(blend, now)
        if show.finished:
            return
