"""Parts of a show that tests plug in: everything by numbers, nothing waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from liveanim.core.model import (
    Blend,
    Features,
    Image,
    Keyframe,
    RenderRequest,
    RenderStatus,
    frozen_image,
)
from liveanim.core.tempo import Bars, Beat


class Hears:
    """Ears with prepared features."""

    def __init__(self, *hops: Features) -> None:
        self._hops = list(hops)
        self.gain = 0.0
        self.chosen: list[str] = []

    def read(self, now: float) -> Sequence[Features]:
        due = [hop for hop in self._hops if hop.time <= now]
        self._hops = [hop for hop in self._hops if hop.time > now]
        return due

    def tune(self, values: Mapping[str, float]) -> None:
        self.gain = values["audio.gain"]

    def choose(self, name: str) -> None:
        self.chosen.append(name)

    def inputs(self) -> tuple[str, ...]:
        return ("Microphone", "USB Mixer")

    def status(self) -> str:
        return "script"


def grey(level: int, size: tuple[int, int] = (16, 8)) -> Image:
    return frozen_image(np.full((size[1], size[0], 3), level, dtype=np.uint8))


def counted(beat: float, bars: Bars | None = None) -> Beat:
    """A beat at 120 BPM, in bars of four unless said."""
    return Beat(beat, bars or Bars(), 120.0, 1.0, "tapped")


@dataclass
class Desk:
    """A render port under the test's hand: `finish` is when the painter gets round to things."""

    requests: list[RenderRequest] = field(default_factory=list)
    waiting: RenderRequest | None = None
    begun: RenderRequest | None = None
    done: Keyframe | None = None

    def submit(self, request: RenderRequest) -> None:
        self.waiting = request
        self.requests.append(request)

    def begin(self) -> None:
        self.begun, self.waiting = self.waiting, None

    def finish(self) -> None:
        assert self.begun is not None
        self.done = Keyframe(self.begun.index, self.begun.time, grey(10 * self.begun.index % 256))

    def taken(self) -> RenderRequest | None:
        return self.begun

    def poll(self) -> Keyframe | None:
        done, self.done = self.done, None
        return done

    def status(self) -> RenderStatus:
        return RenderStatus("desk")


class AtOnce(Desk):
    """A render port that paints inside `submit`."""

    def submit(self, request: RenderRequest) -> None:
        super().submit(request)
        self.begin()
        self.finish()


class Tape:
    """A sink that keeps every blend."""

    def __init__(self) -> None:
        self.blends: list[Blend] = []

    def write(self, blend: Blend, now: float) -> None:
        self.blends.append(blend)
