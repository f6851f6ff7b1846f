"""The autopilot: plays scenes, presets and prompts by itself, from the energy, the bars and the drops of the music."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .expr.maths import rand
from .model import ControlEvent
from .preset import Preset
from .scenes import Scene

SOURCE = "autopilot"
STAY, LONGEST = 8, 32  # bars that a scene plays at least, and at most
PRESET = 96  # bars after which another preset comes
PHRASE = 4  # bars: changes fall on lines of this many
APART = 0.12  # the energy must be this much nearer to another scene to go there
ENERGY = 4.0  # s over which energy is followed
LOW, LEAST = 600.0, 0.2  # s in which the quietest that was heard is forgotten; it is at least so far below the loudest
QUIET = 12.0  # s of silence after which the calmest scene plays


@dataclass(frozen=True, slots=True)
class Heard:
    """What the autopilot goes by: show time, beats and bars since the start, energy and silence 0..1, a drop."""

    now: float
    dt: float
    bar: float
    energy: float
    silence: float
    drop: bool


class Autopilot:
    """Give it every frame of a show; it says what to do. The same music brings the same choices."""

    def __init__(self) -> None:
        self._energy: float | None = None
        self._lowest = 1.0
        self._scene_bar = self._preset_bar = self._prompt_bar = 0
        self._bar = -1
        self._count = 0
        self._quiet = 0.0
        self._preset: str = ""

    def step(self, heard: Heard, preset: Preset, scene: str, presets: Sequence[str]) -> list[ControlEvent]:
        """What to do in this frame; `presets` are the names to choose from."""
        self._follow(heard, preset.name)
        bar = math.floor(heard.bar)
        new_bar, self._bar = bar != self._bar, bar
        done: list[str] = []
        events: list[ControlEvent] = []
        if heard.drop and preset.scenes:
            events += self._go(wildest(preset.scenes), scene, bar, heard.now)
        elif self._quiet >= QUIET and preset.scenes:
            events += self._go(calmest(preset.scenes), scene, bar, heard.now)
        elif new_bar and bar % PHRASE == 0:
            if bar - self._preset_bar >= PRESET and len(presets) > 1:
                others = [name for name in presets if name != preset.name]
                self._preset_bar = self._scene_bar = self._prompt_bar = bar
                done.append(others[self._pick(len(others))])
            elif preset.scenes:
                events += self._scenes(preset.scenes, scene, bar, heard.now)
        events += [ControlEvent(heard.now, "do.preset", name, SOURCE) for name in done]
        texts = [text for text in preset.wander.prompts if (text,) != preset.prompts[:1]]
        if new_bar and texts and not done and bar - self._prompt_bar >= preset.wander.bars:
            self._prompt_bar = bar
            events.append(ControlEvent(heard.now, "prompt.1", texts[self._pick(len(texts))], SOURCE))
        return events

    def _follow(self, heard: Heard, preset: str) -> None:
        if preset != self._preset:
            self._preset = preset
            self._preset_bar = self._scene_bar = self._prompt_bar = math.floor(heard.bar)
        share = 1.0 - math.exp(-heard.dt / ENERGY) if self._energy is not None else 1.0
        self._energy = (self._energy or 0.0) + (heard.energy - (self._energy or 0.0)) * share
        self._lowest += (1.0 - self._lowest) * (1.0 - math.exp(-heard.dt / LOW))
        self._lowest = min(self._lowest, self._energy)
        self._quiet = self._quiet + heard.dt if heard.silence > 0.5 else 0.0

    def _wildness(self) -> float:
        """Where the music stands between the quietest and the loudest that it has lately been: pressed music is never
        far below its loudest, and its breaks are breaks all the same."""
        return max(0.0, 1.0 - (1.0 - (self._energy or 0.0)) / max(LEAST, 1.0 - self._lowest))

    def _scenes(self, scenes: Sequence[Scene], scene: str, bar: int, now: float) -> list[ControlEvent]:
        """The scene that fits the energy, once the present one has had its time; another one when it has had enough."""
        stayed = bar - self._scene_bar
        if stayed < STAY:
            return []
        levels = energies(scenes)
        energy = self._wildness()
        best = min(levels, key=lambda name: abs(levels[name] - energy))
        here = levels.get(scene, math.inf)
        if abs(here - energy) - abs(levels[best] - energy) > APART:
            return self._go(best, scene, bar, now)
        if stayed >= LONGEST:
            others = sorted((name for name in levels if name != scene), key=lambda name: abs(levels[name] - energy))[:2]
            return self._go(others[self._pick(len(others))], scene, bar, now) if others else []
        return []

    def _go(self, name: str, scene: str, bar: int, now: float) -> list[ControlEvent]:
        if name == scene:
            return []
        self._scene_bar = bar
        return [ControlEvent(now, "do.scene", name, SOURCE)]

    def _pick(self, count: int) -> int:
        self._count += 1
        return min(count - 1, int(rand(float(self._count), 97.0) * count))


def energies(scenes: Sequence[Scene]) -> Mapping[str, float]:
    """How wild each scene is, 0..1: what it says itself, or its place among them."""
    last = max(1, len(scenes) - 1)
    return {s.name: n / last if s.energy is None else s.energy for n, s in enumerate(scenes)}


def wildest(scenes: Sequence[Scene]) -> str:
    levels = energies(scenes)
    return max(levels, key=lambda name: levels[name])


def calmest(scenes: Sequence[Scene]) -> str:
    levels = energies(scenes)
    return min(levels, key=lambda name: levels[name])
