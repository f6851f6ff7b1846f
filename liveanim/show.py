"""The loop. One thread owns a Show and its state; everything else hands it values."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from .archive import Archive
from .clock import Clock
from .core import step
from .core.album import Album
from .core.blend import Dissolve, Fade, arrive, layers, shares
from .core.cadence import SLACK, Cadence
from .core.dimmer import Dimmer
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
from .core.params import PARAMS, Table
from .core.performance import Performance
from .core.preset import Preset
from .core.scenes import Drivers, Scene
from .core.tempo import BeatClock
from .core.travel import Travel
from .hands import Hands

log = logging.getLogger(__name__)

SHORTEST_FADE, LONGEST_FADE = 1 / 60, 2.0  # s; a look's own cadence may make it longer
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

    def tune(self, values: Mapping[str, float]) -> None:
        """The values of the parameters, of which `audio.*` say how to listen from now on."""

    def choose(self, name: str) -> None:
        """Hear the input of that name, '' for what the show began with. Never blocks, never raises."""

    def inputs(self) -> tuple[str, ...]:
        """The names of those there are; none where nothing can be chosen."""

    def status(self) -> str:
        """One short line about the input."""


class Media(Protocol):
    """Videos, masks and pictures from outside."""

    def look(self, media: Mapping[str, str], scene: Scene | None, again: int = 0) -> bool:
        """The files that the look which plays names, by what they are for, and its scene, whose own go first. Whether
        they are there; until then those before stay."""

    def at(self, now: float, values: Mapping[str, float]) -> Shots:
        """What there is for a keyframe of show time `now`. Never raises; live, never blocks."""


class NoMedia:
    def look(self, media: Mapping[str, str], scene: Scene | None, again: int = 0) -> bool:
        return True  # there is nothing to open

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
    table: the parameters of this show; painting: by which model a preset is painted, and how large, None: by whoever
    there is, at `size`."""

    size: tuple[int, int]
    fps: float = 60.0
    frames: int = 0
    overrides: Drivers = field(default_factory=dict)
    table: Table = field(default_factory=lambda: PARAMS)
    painting: Callable[[Preset], tuple[str, tuple[int, int]]] | None = None


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
        archive: Archive | None = None,
    ) -> None:
        """`presets` are what keys and events choose from; the show begins with `start`, by default the first.

        Each of `problems` says one line for the HUD, or '' when all is well.
        """
        self._sources, self._ears, self._render, self._settings = sources, ears, render, settings
        self._play = Performance(start or presets[0], settings.overrides, settings.table)
        self._clock = BeatClock()
        self._hands = Hands(self._play, self._clock, presets, settings.table, archive or Archive())
        self._path, self._fade, self._rate, self._cadence = Travel(), Fade(), _Rate(), Cadence()
        self._album, self._media = Album(), media or NoMedia()
        self._dimmer = Dimmer()
        self._problems = tuple(problems)
        self._heard: Mapping[str, float] = {}
        self._sound = Features(0.0)
        self._beat = self._clock.at(0.0)  # the one that is shown
        self._bar = self._ahead = 0.0  # its bar, and by how many beats it is ahead of the beat heard
        self._values: Mapping[str, float] = {}
        self._now: float | None = None
        self._afresh: float | None = None  # since when a fresh picture is wished for
        self._dissolve: Dissolve | None = None
        self._wish: tuple[float, float] | None = None  # when a picture that dissolves in was wished for, its length

    @property
    def finished(self) -> bool:
        """Whether somebody quit."""
        return self._hands.finished

    def finish(self) -> None:
        """As if somebody quit."""
        self._hands.finished = True

    def tick(self, now: float) -> Blend:
        """One display frame at show time `now` (never earlier than the one before)."""
        dt = 0.0 if self._now is None else max(0.0, now - self._now)
        self._now = now
        for event in sorted((e for source in self._sources for e in source.read(now)), key=lambda e: e.time):
            self._hands.apply(event)
        if self._hands.input is not None:
            self._ears.choose(self._hands.input)
            self._hands.input = None
        self._hear(self._ears.read(now))
        signals = self._signals(now)
        self._hands.conduct(now, self._beat, signals, self._values)
        play, env = self._play, self._env(now, dt, signals)
        values = self._values = play.evaluate(env, now)
        self._clock.set_meter(int(values["play.meter"]), self._beat.beat)
        prompts = play.prompts(now, env)
        self._wish_for(now)
        self._ears.tune(values)
        self._dimmer = self._dimmer.after(dt, values)
        _, (width, height) = self._painting()
        frames = None if play.preset.clock is None else play.preset.clock.fps
        self._path = self._path.moved(now, values, min(dt, LONGEST_STEP), width / height, frames)
        curve = values["picture.blend_curve"]
        self._ask(now, values, signals, prompts)
        self._receive(now, values, curve)
        shown = layers(self._seen(now, curve), now, self._path)
        self._forget(now, shown)
        return Blend(
            time=now,
            layers=shown,
            stage=frozen_map({name[6:]: value for name, value in values.items() if name.startswith("stage.")}),
            signals=frozen_map(signals),
            ahead=self._ahead,
            values=frozen_map(values),
            knobs=frozen_map(play.panel.knobs()),
            holders=frozen_map(play.panel.holders()),
            drivers=play.panel.drivers(),
            hints=frozen_map(self._hands.hints),
            modulators=frozen_map(play.modulators),
            blackout=values["out.blackout"] > 0.5,
            freeze=values["out.freeze"] > 0.5,
            level=self._dimmer.level(values),
            status=self._status(now, signals, prompts),
            wave=self._sound.wave,
            fft=self._sound.fft,
            chain=play.preset.chain,
            midi=play.preset.midi,
        )

    def _hear(self, hops: Sequence[Features]) -> None:
        """Keep the newest values; of the impulses the highest since the last frame, so that no hit is lost."""
        for hop in hops:
            self._clock.observe(hop)
        if hops:
            peaks = {name: max(hop.values.get(name, 0.0) for hop in hops) for name in IMPULSES}
            self._heard, self._sound = {**hops[-1].values, **peaks}, hops[-1]

    def _signals(self, now: float) -> dict[str, float]:
        heard = self._clock.at(now)
        ahead = self._values.get("play.ahead", 0.0) / 1000.0 * heard.bpm / 60.0
        beat = self._beat = heard.at_beat(max(self._beat.beat, heard.beat + ahead))  # it lingers, but never runs back
        self._bar, self._ahead = max(self._bar, beat.bar), beat.beat - heard.beat
        return {
            **self._heard,
            "beat": beat.beat,
            "bar": self._bar,
            "phase": beat.phase,
            "bpm": beat.bpm,
            "meter": float(beat.meter),
            "confidence": beat.confidence,
        }

    def _env(self, now: float, dt: float, signals: Mapping[str, float]) -> dict[str, float]:
        settings = self._settings
        return {
            **self._hands.controls,
            **signals,
            "t": now,
            "now": now,
            "dt": dt,
            "f": float(int(now * settings.fps + SLACK)),
            "fps": settings.fps,
            "max_f": float(max(0, settings.frames - 1)),
            "s": self._play.seed,
            "seed": self._play.seed,
        }

    def _ask(
        self, now: float, values: Mapping[str, float], signals: Mapping[str, float], prompts: tuple[Prompt, ...]
    ) -> None:
        begun = self._render.taken()
        if self._hands.fresh:
            self._hands.fresh, self._afresh = False, now
        if self._afresh is not None and begun is not None and begun.fresh and begun.time >= self._afresh:
            self._afresh = None
        self._album = self._album.begun(begun)
        ahead = self._rate.delay * signals["bpm"] / 60.0  # beats: so that the picture lands on the beat
        if not self._cadence.due(begun, now, signals["beat"] + ahead, values):
            return
        motion, move = self._path.between(now if begun is None else begun.time, now)
        words = prompts, self._play.negative_text()
        model, size = self._painting()
        request = step.next_request(begun, now, size, *words, values, motion, signals)
        fresh, mask_words = self._afresh is not None or begun is None, self._play.preset.mask_words
        request = replace(request, move=move, fresh=fresh, mask_words=mask_words, model=model)
        self._render.submit(self._album.asked(request, begun, self._media.at(now, values)))

    def _painting(self) -> tuple[str, tuple[int, int]]:
        """The model that paints what plays, and the size of its pictures."""
        painting = self._settings.painting
        return ("", self._settings.size) if painting is None else painting(self._play.preset)

    def _wish_for(self, now: float) -> None:
        """A scene that fades or cuts in wants a fresh picture, once its files are there."""
        ready = self._media.look(self._play.preset.media, self._play.scene, self._play.again)
        if ready and self._play.dissolve is not None:
            self._wish, self._play.dissolve, self._hands.fresh = (now, self._play.dissolve), None, True

    def _seen(self, now: float, curve: float) -> tuple[tuple[Keyframe, float], ...]:
        """The keyframes on stage and how much of each."""
        seen = shares(self._fade, now, curve)
        if self._dissolve is not None and self._dissolve.over(now):
            self._dissolve = None
        return seen if self._dissolve is None else self._dissolve.under(seen, now)

    def _receive(self, now: float, values: Mapping[str, float], curve: float) -> None:
        keyframe = self._render.poll()
        if keyframe is None:
            return
        self._rate = self._rate.after(now, now - keyframe.time)
        self._album = self._album.seen(keyframe)
        if self._wish is not None and keyframe.time >= self._wish[0]:
            length, self._wish = self._wish[1], None
            seen = self._seen(now, curve)
            self._dissolve = Dissolve.of(seen, now, length) if length > 0 and seen else None
            self._fade = Fade((), keyframe)
            return
        wished = 0.0 if values["picture.beats"] > 0 else values["picture.cadence"]
        length = max(wished, self._rate.interval) * values["picture.fade"]
        length = max(SHORTEST_FADE, length) if values["picture.fade"] > 0 else 0.0  # none: it is seen at once
        # Deforum's fades have gone their first frame's way when the new picture comes.
        clock = self._play.preset.clock
        early = 0.0 if clock is None else 1.0 / clock.fps
        self._fade = arrive(self._fade, keyframe, now, length, curve, early)

    def _forget(self, now: float, shown: Sequence[Layer]) -> None:
        begun = self._render.taken()
        needed = [layer.keyframe.time for layer in shown]
        self._path = self._path.since(min([*needed, now if begun is None else begun.time]))

    def _status(self, now: float, signals: Mapping[str, float], prompts: Sequence[Prompt]) -> Status:
        render = self._render.status()
        play, hands = self._play, self._hands
        warnings = hands.warnings(now) + [line for say in (*self._problems, play.trouble) if (line := say())]
        return Status(
            preset=play.preset.name,
            model=render.model,
            audio=self._ears.status(),
            inputs=self._ears.inputs(),
            keyframe_rate=1.0 / self._rate.interval if self._rate.interval > 0 else 0.0,
            keyframe_delay=self._rate.delay,
            bpm=signals["bpm"],
            tempo=self._clock.holder,
            taken_over=play.panel.taken_over(),
            warnings=tuple([*warnings, *([render.message] if render.message else [])]),
            prompt=max(prompts, key=lambda p: p.weight).text if prompts else "",
            prompts=play.texts.prompts,
            negative=play.texts.negative,
            presets=tuple(preset.name for preset in hands.presets),
            set_list=hands.set_list,
            left_out=hands.left_out,
            scenes=tuple(one.name for one in play.preset.scenes),
            scene=play.scene.name if play.scene else "",
            arriving=play.arriving(now),
            waiting=hands.waiting(),
            learning=hands.learning,
            taking=hands.taking,
            filming=hands.filming,
            notice=hands.notice(now),
            undo=play.history.undos,
            redo=play.history.redos,
            broken_off=hands.broken_off,
            vram=render.vram,
            macros=play.macros(),
            loop=hands.looping,
            looped=tuple(play.panel.loops()),
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


class Played(Protocol):
    """What is run: a show, or one that is guarded (guard.Guard)."""

    @property
    def finished(self) -> bool: ...

    def finish(self) -> None: ...

    def tick(self, now: float) -> Blend: ...


def run(show: Played, clock: Clock, sinks: Sequence[Sink]) -> None:
    """Play until the clock ends or somebody quits."""
    for now in clock.frames():
        blend = show.tick(now)
        for sink in sinks:
            sink.write(blend, now)
        if show.finished:
            return
