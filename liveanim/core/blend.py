"""Which keyframes are on the stage and how much of each: the cadence blend as a value.

A keyframe that comes while the last fade still runs starts from the mix then on screen, so nothing pops.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import Keyframe, Layer
from .space import bounded
from .travel import Travel

FAINT = 1 / 256  # a layer below this is not worth drawing
MOST_LAYERS = 4


@dataclass(frozen=True, slots=True)
class Fade:
    """`newest` fades in over `length` seconds from `start`, over `below`: (keyframe, share), shares summing to 1."""

    below: tuple[tuple[Keyframe, float], ...] = ()
    newest: Keyframe | None = None
    start: float = 0.0
    length: float = 0.0


@dataclass(frozen=True, slots=True)
class Dissolve:
    """What was on stage when a new scene's picture came, fading out for `length` seconds from `start`: the scene's
    own pictures go on above it. It holds at most two keyframes, so that the new ones have room."""

    below: tuple[tuple[Keyframe, float], ...]
    start: float
    length: float

    @classmethod
    def of(cls, seen: tuple[tuple[Keyframe, float], ...], start: float, length: float) -> Dissolve:
        """The dissolve that leaves what is `seen` (keyframe, weight) at `start`."""
        return cls(_strongest(_two(seen)), start, length)

    def over(self, now: float) -> bool:
        return now - self.start >= self.length

    def under(self, new: tuple[tuple[Keyframe, float], ...], now: float) -> tuple[tuple[Keyframe, float], ...]:
        """The shares of both together; `new` are those of the scene that comes."""
        mix = ease((now - self.start) / self.length, 1.0)
        below = [(keyframe, share * (1 - mix)) for keyframe, share in self.below]
        above = [(keyframe, share * mix) for keyframe, share in _strongest(_two(new))]
        return _strongest([*below, *above])


def _two(seen: tuple[tuple[Keyframe, float], ...]) -> list[tuple[Keyframe, float]]:
    return sorted(seen, key=lambda pair: pair[1])[-MOST_LAYERS // 2 :]


def ease(x: float, curve: float) -> float:
    """0..1 -> 0..1: even for curve 0, a smoothstep for curve 1, between them a mix."""
    x = min(1.0, max(0.0, x))
    return x + curve * (x * x * (3 - 2 * x) - x)


def shares(fade: Fade, now: float, curve: float) -> tuple[tuple[Keyframe, float], ...]:
    """(keyframe, weight) oldest first; weights sum to 1. Empty before the first keyframe."""
    if fade.newest is None:
        return ()
    if not fade.below:
        return ((fade.newest, 1.0),)
    mix = ease((now - fade.start) / fade.length if fade.length > 0 else 1.0, curve)
    seen = [(keyframe, share * (1 - mix)) for keyframe, share in fade.below] + [(fade.newest, mix)]
    return _strongest(seen)


def arrive(fade: Fade, keyframe: Keyframe, now: float, length: float, curve: float, early: float = 0.0) -> Fade:
    """The fade after `keyframe` came at `now`: from what is on screen to it, over `length` seconds.

    `early`: seconds of the way that it has already gone when it begins.
    """
    return Fade(shares(fade, now, curve), keyframe, now - early, length)


def layers(seen: tuple[tuple[Keyframe, float], ...], now: float, travel: Travel) -> tuple[Layer, ...]:
    """The layers to draw at `now`, each carried by the camera's move since its keyframe's time."""
    carried = []
    for keyframe, weight in seen:
        homography, move = travel.between(keyframe.time, now)
        carried.append(Layer(keyframe, weight, homography, bounded(move)))
    return tuple(carried)


def _strongest(seen: list[tuple[Keyframe, float]]) -> tuple[tuple[Keyframe, float], ...]:
    kept = [pair for pair in seen[-MOST_LAYERS:] if pair[1] >= FAINT] or seen[-1:]
    total = sum(weight for _, weight in kept)
    return tuple((keyframe, weight / total) for keyframe, weight in kept) if total > 0 else ((seen[-1][0], 1.0),)
