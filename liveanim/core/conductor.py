"""What happens by itself: scenes that bring on the next one, events that wait for the beat, the autopilot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from .autopilot import Autopilot, Heard
from .drops import Drops
from .expr.maths import rand
from .model import ControlEvent
from .preset import Preset
from .quantise import QUANTISED, STEPS, Waiting, unwrapped
from .scenes import Scene
from .tempo import Beat

SOURCE = "scene"


class Conductor:
    """Owned by the show: `waits` for every event that comes, then `step` once a frame."""

    def __init__(self) -> None:
        self._waiting, self._drops, self._pilot = Waiting(), Drops(), Autopilot()
        self._playing: tuple[str, str] = "", ""
        self._since, self._since_bar = 0.0, 0.0
        self._count = 0
        self._now = 0.0

    def waits(self, event: ControlEvent, at: Beat, quantise: float) -> ControlEvent | None:
        """The event to apply now, its prefix taken off; None when it waits for a beat or a bar."""
        event, lines = unwrapped(event)
        if lines is None and event.target in QUANTISED and event.source not in (SOURCE, "autopilot"):
            lines = STEPS[int(quantise)]
        return None if self._waiting.put(event, at, lines) else event

    def lines(self) -> tuple[str, ...]:
        """What waits."""
        return self._waiting.lines()

    def step(
        self,
        now: float,
        signals: Mapping[str, float],
        preset: Preset,
        scene: Scene | None,
        autopilot: bool,
        presets: Sequence[str],
    ) -> list[ControlEvent]:
        """What is to be done in this frame."""
        dt, self._now = now - self._now, now
        bar = signals.get("bar", 0.0)
        drop = self._drops.step(signals.get("bass_energy", 0.0), dt)
        events = self._waiting.due(signals)
        playing = preset.name, scene.name if scene else ""
        if playing != self._playing:
            self._playing, self._since, self._since_bar = playing, now, bar
        if autopilot:
            heard = Heard(now, dt, bar, signals.get("energy", 0.0), signals.get("silence", 0.0), drop)
            return events + self._pilot.step(heard, preset, playing[1], presets)
        if scene is not None and self._is_over(scene, now, bar, drop):
            self._since, self._since_bar = now, bar
            return [*events, self._following(scene, preset, now)]
        return events

    def _is_over(self, scene: Scene, now: float, bar: float, drop: bool) -> bool:
        if scene.advance == "timer":
            return now - self._since >= scene.every - 1e-6
        if scene.advance in ("bars", "random"):
            # On a bar line: a scene that came in the middle of a bar is counted from the line nearest to it.
            return math.floor(bar + 1e-6) - round(self._since_bar) >= scene.every
        return scene.advance == "drop" and drop

    def _following(self, scene: Scene, preset: Preset, now: float) -> ControlEvent:
        others = [one.name for one in preset.scenes if one.name != scene.name]
        if scene.advance != "random" or not others:
            return ControlEvent(now, "do.next", None, SOURCE)
        self._count += 1
        index = int(rand(float(self._count), 13.0) * len(others))
        return ControlEvent(now, "do.scene", others[min(index, len(others) - 1)], SOURCE)
